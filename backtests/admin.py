"""Backtests in the admin: looked at, not edited. Their pages start, stop and delete them.

Lists ask a fixed number of queries, however long they are.
"""

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.decorators import display

from backtests.models import Backtest, BacktestDay, BacktestTrade, Study
from engine.names import ExitReason, Pattern, Regime
from marketdata.admin import ReadOnlyAdmin, digits, names_filter, price, stamp
from trading.admin import DIRECTION, list_link

COLOURS = {
    "waiting": "info", "running": "success", "done": "info", "stopped": "warning",
    "failed": "danger",
}  # fmt: skip


def page_link(run: int | None, text: str = "") -> SafeString:
    """A link to the run's own page."""
    if not run:
        return SafeString("-")
    url = reverse("backtest", args=[run])
    return format_html(
        '<a class="underline whitespace-nowrap" href="{}">{}</a>', url, text or str(run)
    )


def is_list(request: HttpRequest) -> bool:
    match = request.resolver_match
    return match is not None and str(match.url_name).endswith("_changelist")


@admin.register(Backtest)
class BacktestAdmin(ReadOnlyAdmin):
    list_display = (
        "id", "symbol", "days_", "status_", "config_name", "fill_profile", "trades_closed", "net_",
        "asked_", "note", "created_", "page_", "details",
    )  # fmt: skip
    list_display_links = ("id",)
    list_filter = ("status", "symbol", "asked_from", "fill_profile", "synthetic", "inferred")
    list_select_related = ("asked_by",)
    search_fields = ("note", "config_name", "config_digest", "data_digest", "symbol")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Backtest]:
        rows: QuerySet[Backtest] = super().get_queryset(request)
        # A plan of years is long, and no list shows it.
        return rows.defer("plan", "figures") if is_list(request) else rows

    @display(description="Days", ordering="first")
    def days_(self, row: Backtest) -> SafeString:
        return format_html(
            '<span class="whitespace-nowrap">{} to {}, {} of {}</span>',
            row.first, row.last, row.days_done, row.days_asked,
        )  # fmt: skip

    @display(description="State", ordering="status", label=COLOURS)
    def status_(self, row: Backtest) -> str:
        return row.status

    @display(description="Net", ordering="net")
    def net_(self, row: Backtest) -> str:
        return digits(row.net)

    @display(description="Asked", ordering="asked_from")
    def asked_(self, row: Backtest) -> str:
        return f"{row.asked_from}, {row.asked_by}" if row.asked_by else row.asked_from

    @display(description="Created", ordering="created_at")
    def created_(self, row: Backtest) -> SafeString:
        return stamp(row.created_at)

    @display(description="Page")
    def page_(self, row: Backtest) -> SafeString:
        return page_link(row.pk, "open")

    @display(description="Lists")
    def details(self, row: Backtest) -> SafeString:
        return format_html(
            "{} {}",
            list_link(BacktestTrade, "trades", backtest__id__exact=row.pk),
            list_link(BacktestDay, "days", backtest__id__exact=row.pk),
        )


@admin.register(BacktestDay)
class BacktestDayAdmin(ReadOnlyAdmin):
    list_display = (
        "day", "run_", "contract", "ticks", "bars", "signals", "approved", "trades_closed", "tier",
        "net_", "closing_",
    )  # fmt: skip
    list_display_links = ("day",)
    list_filter = ("synthetic", "inferred")
    search_fields = ("=backtest__id", "contract", "tier")

    @display(description="Backtest", ordering="backtest_id")
    def run_(self, row: BacktestDay) -> SafeString:
        return page_link(row.backtest_id)

    @display(description="Net", ordering="net")
    def net_(self, row: BacktestDay) -> str:
        return digits(row.net)

    @display(description="Balance", ordering="closing")
    def closing_(self, row: BacktestDay) -> str:
        return digits(row.closing)


@admin.register(BacktestTrade)
class BacktestTradeAdmin(ReadOnlyAdmin):
    list_display = (
        "name", "run_", "entry_", "direction_", "size", "symbol", "pattern", "regime", "tier",
        "entry_price_", "exit_price_", "exit_reason", "mae", "mfe", "net_", "balance_",
    )  # fmt: skip
    list_display_links = ("name",)
    list_filter = (
        names_filter("pattern", "pattern", Pattern),
        names_filter("regime", "regime", Regime),
        names_filter("exit", "exit_reason", ExitReason),
        "direction",
    )
    search_fields = ("=backtest__id", "name", "signal", "tier")

    @display(description="Backtest", ordering="backtest_id")
    def run_(self, row: BacktestTrade) -> SafeString:
        return page_link(row.backtest_id)

    @display(description="Entry", ordering="entry_ns")
    def entry_(self, row: BacktestTrade) -> SafeString:
        return stamp(row.entry_ts)

    @DIRECTION
    def direction_(self, row: BacktestTrade) -> str:
        return str(row.get_direction_display())

    @display(description="In", ordering="entry_price")
    def entry_price_(self, row: BacktestTrade) -> str:
        return price(row.entry_price, row.symbol)

    @display(description="Out", ordering="exit_price")
    def exit_price_(self, row: BacktestTrade) -> str:
        return price(row.exit_price, row.symbol)

    @display(description="Net", ordering="net")
    def net_(self, row: BacktestTrade) -> str:
        return digits(row.net)

    @display(description="Balance", ordering="balance")
    def balance_(self, row: BacktestTrade) -> str:
        return digits(row.balance)


@admin.register(Study)
class StudyAdmin(ReadOnlyAdmin):
    list_display = ("id", "kind", "status_", "run_", "done_", "asked_by", "created_", "finished_")
    list_display_links = ("id",)
    list_filter = ("kind", "status")
    list_select_related = ("asked_by",)
    search_fields = ("=backtest__id",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Study]:
        rows: QuerySet[Study] = super().get_queryset(request)
        return rows.defer("spec", "result") if is_list(request) else rows

    @display(description="State", ordering="status", label=COLOURS)
    def status_(self, row: Study) -> str:
        return row.status

    @display(description="Backtest", ordering="backtest_id")
    def run_(self, row: Study) -> SafeString:
        return page_link(row.backtest_id)

    @display(description="Done")
    def done_(self, row: Study) -> str:
        return f"{row.done} of {row.parts}"

    @display(description="Created", ordering="created_at")
    def created_(self, row: Study) -> SafeString:
        return stamp(row.created_at)

    @display(description="Finished", ordering="finished_at")
    def finished_(self, row: Study) -> SafeString:
        return stamp(row.finished_at)
