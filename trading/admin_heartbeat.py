"""Heartbeats in the admin: looked at, never edited."""

from django.contrib import admin
from django.utils.safestring import SafeString
from unfold.decorators import display

from marketdata.admin import ReadOnlyAdmin, stamp
from trading.models import Heartbeat

COLOURS = {"running": "success", "idle": "info", "starting": "info", "ended": "warning"}


@admin.register(Heartbeat)
class HeartbeatAdmin(ReadOnlyAdmin):
    list_display = (
        "time", "account", "state", "feed", "ticks", "bars", "trades", "pnl", "position", "halted",
        "memory",
    )  # fmt: skip
    list_display_links = ("time",)
    list_filter = ("account",)
    search_fields = ("account",)
    date_hierarchy = "ts"
    ordering = ("-ts",)

    @display(description="Time (UTC)", ordering="ts")
    def time(self, row: Heartbeat) -> SafeString:
        return stamp(row.ts)

    @display(description="State", label=COLOURS)
    def state(self, row: Heartbeat) -> str:
        return str(row.document.get("state", "-"))

    @display(description="Feed")
    def feed(self, row: Heartbeat) -> str:
        return str(row.document.get("feed_state", "-"))

    @display(description="Ticks")
    def ticks(self, row: Heartbeat) -> str:
        return f"{row.document.get('tick_count', 0):,}"

    @display(description="Bars")
    def bars(self, row: Heartbeat) -> str:
        return str(row.document.get("bar_count", "-"))

    @display(description="Trades")
    def trades(self, row: Heartbeat) -> str:
        return str(row.document.get("trade_count", "-"))

    @display(description="Day's P&L")
    def pnl(self, row: Heartbeat) -> str:
        return str(row.document.get("daily_pnl", "-"))

    @display(description="Position")
    def position(self, row: Heartbeat) -> str:
        return row.document.get("position") or "-"

    @display(description="Halts")
    def halted(self, row: Heartbeat) -> str:
        return ", ".join(row.document.get("halts", ())) or "-"

    @display(description="Memory")
    def memory(self, row: Heartbeat) -> str:
        return f"{row.document.get('memory_mb', 0):.0f} MB"
