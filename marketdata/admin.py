"""Market data in the admin: looked at, not edited. What a symbol is, the engine knows."""

from datetime import UTC, datetime
from decimal import Decimal
from enum import Enum
from typing import Any

from django.contrib import admin
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from unfold.admin import ModelAdmin
from unfold.decorators import display

from engine.instruments import INSTRUMENTS
from engine.names import Regime
from engine.ticks import NS
from marketdata.models import Bar, Contract, DataQuality, Instrument
from marketdata.quality import words


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


class GapFilter(admin.SimpleListFilter):
    """Whether something is missing within trading hours."""

    title = "gaps"
    parameter_name = "gaps"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("none", "none"), ("some", "some"), ("long", "over five minutes")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        wanted = {
            "none": {"gap_count": 0},
            "some": {"gap_count__gt": 0},
            "long": {"longest_gap_ns__gt": 300 * NS},
        }
        return queryset.filter(**wanted.get(self.value() or "", {}))


@admin.register(DataQuality)
class DataQualityAdmin(ReadOnlyAdmin):
    list_display = (
        "day_", "instrument", "contract", "grade_", "reasons_", "ticks_", "coverage_", "gaps_",
        "bad_", "exchange_", "latency_", "marks_",
    )  # fmt: skip
    list_display_links = ("day_",)
    list_filter = ("instrument", "grade", GapFilter, "complete", "synthetic", "inferred")
    list_select_related = ("instrument",)
    search_fields = ("instrument__symbol", "contract", "source")
    search_help_text = "Symbol, contract or source"
    date_hierarchy = "day"
    ordering = ("-day", "instrument")
    fieldsets = (
        (None, {"fields": ("instrument", "day", "contract", "grade", "reasons_", "measured_at")}),
        ("Found", {"fields": ("found_",)}),
        ("Gaps, New York time", {"fields": ("gap_list",)}),
    )
    readonly_fields = ("reasons_", "found_", "gap_list", "measured_at")

    @display(description="Day", ordering="day")
    def day_(self, row: DataQuality) -> SafeString:
        return format_html('<span class="whitespace-nowrap">{}</span>', row.day.isoformat())

    @display(
        description="Grade",
        ordering="grade",
        label={"good": "success", "doubtful": "warning", "bad": "danger"},
    )
    def grade_(self, row: DataQuality) -> tuple[str, str]:
        return row.grade, row.get_grade_display()

    @display(description="Why")
    def reasons_(self, row: DataQuality) -> str:
        return "; ".join(row.reasons) or "-"

    @display(description="Ticks", ordering="ticks")
    def ticks_(self, row: DataQuality) -> str:
        return f"{row.ticks:,}"

    @display(description="Coverage", ordering="coverage")
    def coverage_(self, row: DataQuality) -> str:
        return words.share(row.coverage)

    @display(description="Gaps", ordering="gap_ns")
    def gaps_(self, row: DataQuality) -> str:
        longest = f", up to {words.seconds(row.longest_gap_ns)}" if row.gap_count else ""
        return f"{row.gap_count:,}{longest}"

    @display(description="Bad", ordering="bad_count")
    def bad_(self, row: DataQuality) -> str:
        return f"{row.bad_count:,}"

    @display(description="To exchange")
    def exchange_(self, row: DataQuality) -> str:
        return "-" if row.exchange_volume is None else f"{row.volume - row.exchange_volume:+,}"

    @display(description="p99", ordering="latency_p99_ns")
    def latency_(self, row: DataQuality) -> str:
        return "-" if row.latency_p99_ns is None else words.seconds(row.latency_p99_ns)

    @display(description="Marks")
    def marks_(self, row: DataQuality) -> str:
        return words.marks(row) or "-"

    @display(description="Found")
    def found_(self, row: DataQuality) -> SafeString:
        return format_html_join("", "<div><b>{}</b>: {}</div>", words.figures(row))

    @display(description="From, to, length")
    def gap_list(self, row: DataQuality) -> SafeString:
        lines = [(line,) for line in words.gap_lines(row)]
        return format_html_join("", "<div>{}</div>", lines) or SafeString("none")
