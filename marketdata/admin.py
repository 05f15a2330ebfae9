"""Market data in the admin: looked at, not edited. What a symbol is, the engine knows."""

from datetime import UTC, datetime
from decimal import Decimal
from enum import Enum
from typing import Any

from django.contrib import admin
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.admin import ModelAdmin
from unfold.decorators import display

from engine.instruments import INSTRUMENTS
from engine.names import Regime
from marketdata.models import Bar, Contract, Instrument


def digits(value: Decimal | None, places: int = 2) -> str:
    """Thousands apart, at least `places` after the point, no trailing zeros past them."""
    if value is None:
        return "-"
    whole, _, fraction = f"{value:,f}".partition(".")
    fraction = fraction.rstrip("0").ljust(places, "0")
    return f"{whole}.{fraction}" if fraction else whole


def stamp(moment: datetime | None) -> SafeString:
    """A time in UTC, to the second, on one line."""
    if moment is None:
        return SafeString("-")
    text = f"{moment.astimezone(UTC):%Y-%m-%d %H:%M:%S}"
    return format_html('<span class="whitespace-nowrap">{}</span>', text)


def price(value: Decimal | None, symbol: str) -> str:
    """A price with the places of its instrument's tick."""
    item = INSTRUMENTS.get(symbol)
    exponent = item.tick.normalize().as_tuple().exponent if item else -2
    return digits(value, max(0, -int(exponent)))


def names_filter(title: str, field: str, names: type[Enum]) -> type[admin.SimpleListFilter]:
    """A filter over an enum's names, which are known without asking the table for its values."""

    class NamesFilter(admin.SimpleListFilter):
        parameter_name = field

        def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
            return [(item.name, item.name.replace("_", " ").lower()) for item in names]

        def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
            return queryset.filter(**{field: self.value()}) if self.value() else queryset

    NamesFilter.title = title
    return NamesFilter


class ReadOnlyAdmin(ModelAdmin):  # type: ignore[misc]
    """History: nobody adds, changes or deletes it here."""

    list_per_page = 50
    list_fullwidth = True
    show_full_result_count = False
    list_filter_submit = False

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


@admin.register(Instrument)
class InstrumentAdmin(ReadOnlyAdmin):
    list_display = ("symbol", "name", "tick_", "value_", "lot_", "fee_", "calendar", "currency")
    search_fields = ("symbol", "name")
    list_filter = ("calendar", "currency")

    @display(description="Tick", ordering="tick")
    def tick_(self, row: Instrument) -> str:
        return digits(row.tick)

    @display(description="Tick value", ordering="tick_value")
    def value_(self, row: Instrument) -> str:
        return digits(row.tick_value)

    @display(description="Lot", ordering="lot")
    def lot_(self, row: Instrument) -> str:
        return digits(row.lot, 0)

    @display(description="Fee per side")
    def fee_(self, row: Instrument) -> str:
        return f"{digits(row.fee_rate * 100)} %" if row.fee_rate else digits(row.fee)


@admin.register(Contract)
class ContractAdmin(ModelAdmin):  # type: ignore[misc]
    list_display = ("symbol", "instrument", "expires", "active")
    list_filter = ("instrument", "active")
    list_select_related = ("instrument",)
    search_fields = ("symbol", "instrument__symbol")
    date_hierarchy = "expires"


@admin.register(Bar)
class BarAdmin(ReadOnlyAdmin):
    list_display = (
        "start_", "instrument", "timeframe", "open_", "high_", "low_", "close_", "volume", "delta",
        "cum_delta", "poc_", "regime_", "warm_up", "source",
    )  # fmt: skip
    list_display_links = ("start_",)
    list_filter = ("instrument", names_filter("regime", "regime", Regime), "warm_up")
    list_select_related = ("instrument",)
    search_fields = ("instrument__symbol", "source")
    search_help_text = "Symbol or source"
    date_hierarchy = "start"
    ordering = ("-start",)

    @display(description="Start (UTC)", ordering="start")
    def start_(self, row: Bar) -> SafeString:
        return stamp(row.start)

    @display(description="Open")
    def open_(self, row: Bar) -> str:
        return price(row.open, row.instrument_id)

    @display(description="High")
    def high_(self, row: Bar) -> str:
        return price(row.high, row.instrument_id)

    @display(description="Low")
    def low_(self, row: Bar) -> str:
        return price(row.low, row.instrument_id)

    @display(description="Close")
    def close_(self, row: Bar) -> str:
        return price(row.close, row.instrument_id)

    @display(description="POC")
    def poc_(self, row: Bar) -> str:
        return price(row.poc, row.instrument_id)

    @display(description="Regime", ordering="regime")
    def regime_(self, row: Bar) -> str:
        if not row.regime:
            return "-"
        share = f" {row.confidence:.0%}" if row.confidence is not None else ""
        return row.regime.replace("_", " ").lower() + share
