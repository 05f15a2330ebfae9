"""Trading in the admin. Accounts and tiers are edited, commands are given, history is looked at.

Lists ask a fixed number of queries, however long they are.
"""

from typing import Any

from django.contrib import admin
from django.db import transaction
from django.db.models import Model
from django.forms import ModelForm
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.http import urlencode
from django.utils.safestring import SafeString
from unfold.admin import ModelAdmin, TabularInline
from unfold.decorators import display

from engine.names import ExitReason, Pattern, Regime
from marketdata.admin import ReadOnlyAdmin, digits, names_filter, price, stamp
from trading import admin_configuration as admin_configuration  # registers its page
from trading import admin_export as admin_export  # registers its page
from trading import admin_heartbeat as admin_heartbeat  # registers its page
from trading import admin_libraries as admin_libraries  # registers the libraries' own pages
from trading import admin_notices as admin_notices  # registers their pages
from trading import admin_preflight as admin_preflight  # registers its page
from trading import admin_schedule as admin_schedule  # registers its pages
from trading import admin_tokens as admin_tokens  # registers its page
from trading.commands import nudge
from trading.configuration.stored import find
from trading.models import (
    Account,
    AuditEvent,
    Command,
    Configuration,
    Fill,
    Order,
    Session,
    Signal,
    Tier,
    Trade,
)
from trading.real_money.accounts import of_row

admin.site.site_title = "tradebot"
admin.site.site_header = "tradebot"
admin.site.index_title = "Operations"

DIRECTION = display(description="Direction", label={"long": "success", "short": "danger"})
SIDE = display(description="Side", label={"buy": "success", "sell": "danger"})
ORDER_COLOURS = {
    "sent": "info", "working": "info", "partial": "warning", "filled": "success",
    "rejected": "danger", "abandoned": "danger",
}  # fmt: skip
TRADE_COLOURS = {
    "waiting": "info", "open": "warning", "closed": "success", "abandoned": "danger",
}  # fmt: skip
SESSION_COLOURS = {
    "running": "success", "stopped": "info", "failed": "danger",
}  # fmt: skip
COMMAND_COLOURS = {
    "pending": "info", "executing": "warning", "done": "success", "refused": "danger",
    "expired": "danger", "unknown": "danger",
}  # fmt: skip


def link(model: type[Model], pk: object, text: str = "") -> SafeString:
    """A link to a row's own page; a dash when there is no row."""
    if not pk:
        return SafeString("-")
    url = reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_change", args=[pk])
    return format_html(
        '<a class="underline whitespace-nowrap" href="{}">{}</a>', url, text or str(pk)
    )


def one_line(text: str) -> SafeString:
    return format_html('<span class="whitespace-nowrap">{}</span>', text)


def list_link(model: type[Model], text: str, **only: object) -> SafeString:
    """A link to a list that shows only some rows."""
    url = reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")
    values = {name: str(value) for name, value in only.items()}
    return format_html(
        '<a class="underline whitespace-nowrap" href="{}?{}">{}</a>', url, urlencode(values), text
    )


@admin.register(Account)
class AccountAdmin(ModelAdmin):  # type: ignore[misc]
    list_display = (
        "name", "mode_", "balance_", "peak_", "streak", "tier", "halts_", "enabled", "sessions_",
    )  # fmt: skip
    list_filter = ("mode", "enabled", "currency")
    search_fields = ("name",)
    # A live account is made by its first live start, which binds it to the broker's.
    readonly_fields = ("mode", "broker", "broker_account", "streak", "tier", "halts", "created_at")

    def get_readonly_fields(self, request: HttpRequest, obj: Model | None = None) -> Any:
        return (*self.readonly_fields, "name", "currency") if obj else self.readonly_fields

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    @display(description="Mode", ordering="mode", label={"paper": "info", "real money": "danger"})
    def mode_(self, row: Account) -> tuple[str, str]:
        bound = of_row(row)
        if bound is None:
            return row.mode, row.mode
        return ("test broker" if bound.test else "real money"), str(bound)

    @display(description="Balance", ordering="balance")
    def balance_(self, row: Account) -> str:
        return f"{digits(row.balance)} {row.currency}"

    @display(description="Peak", ordering="peak")
    def peak_(self, row: Account) -> str:
        return digits(row.peak)

    @display(description="Halts")
    def halts_(self, row: Account) -> str:
        return ", ".join(row.halts) or "-"

    @display(description="History")
    def sessions_(self, row: Account) -> SafeString:
        return list_link(Session, "sessions", account__id__exact=row.pk)


@admin.register(Tier)
class TierAdmin(ModelAdmin):  # type: ignore[misc]
    list_display = ("name", "ladder", "from_", "instrument", "min_size", "max_size", "limit_")
    list_filter = ("ladder",)
    list_select_related = ("instrument",)
    search_fields = ("name",)

    @display(description="From balance", ordering="min_balance")
    def from_(self, row: Tier) -> str:
        return digits(row.min_balance)

    @display(description="Daily loss limit", ordering="loss_limit")
    def limit_(self, row: Tier) -> str:
        return digits(row.loss_limit)


@admin.register(Session)
class SessionAdmin(ReadOnlyAdmin):
    list_display = (
        "day", "account", "instrument", "status_", "source", "trades_closed", "wins", "losses",
        "net_", "balance_", "configuration_", "updated_", "details",
    )  # fmt: skip
    list_display_links = ("day",)
    list_filter = ("account", "instrument", "mode", "status", "synthetic", "inferred")
    list_select_related = ("account", "instrument")
    search_fields = (
        "account__name", "instrument__symbol", "source", "config_name", "rules_digest",
        "config_digest",
    )  # fmt: skip
    date_hierarchy = "day"
    ordering = ("-day", "-updated_at")

    @display(description="Status", ordering="status", label=SESSION_COLOURS)
    def status_(self, row: Session) -> str:
        return row.status

    @display(description="Net", ordering="net")
    def net_(self, row: Session) -> str:
        return digits(row.net)

    @display(description="Balance", ordering="balance")
    def balance_(self, row: Session) -> str:
        return digits(row.balance)

    def get_fields(self, request: HttpRequest, obj: Model | None = None) -> Any:
        """What is long comes last; the configuration is a link."""
        long = ["config", "carry_start", "carry_end"]
        names = [name for name in super().get_fields(request, obj) if name not in long]
        return ["configured" if name == "config_name" else name for name in names] + long

    @display(description="Configuration")
    def configured(self, row: Session) -> SafeString:
        """A stored one, with options on top or not, is one click away."""
        name, comma, rest = row.config_name.partition(",")
        stored = find(name)
        if stored is None:
            return format_html("{}", row.config_name or "defaults")
        return format_html("{}{}{}", link(Configuration, stored.pk, name), comma, rest)

    @display(description="Configuration", ordering="config_name")
    def configuration_(self, row: Session) -> SafeString:
        return one_line(row.config_name or "defaults")

    @display(description="Written (UTC)", ordering="updated_at")
    def updated_(self, row: Session) -> SafeString:
        return stamp(row.updated_at)

    @display(description="Rows")
    def details(self, row: Session) -> SafeString:
        only = {"session__id__exact": row.pk}
        names: tuple[type[Model], ...] = (Signal, Order, Fill, Trade, AuditEvent)
        links = [list_link(model, str(model._meta.verbose_name_plural), **only) for model in names]
        return format_html_join(" ", "{}", ((link,) for link in links))


@admin.register(Signal)
class SignalAdmin(ReadOnlyAdmin):
    list_display = (
        "time", "session_", "pattern", "direction_", "price_", "strength_", "regime_", "approved",
        "why", "trades_",
    )  # fmt: skip
    list_display_links = ("time",)
    list_filter = (
        "approved",
        names_filter("pattern", "pattern", Pattern),
        names_filter("regime", "regime", Regime),
        "direction",
        ("session__account", admin.RelatedOnlyFieldListFilter),
    )
    list_select_related = ("session__account",)
    search_fields = ("id", "pattern", "reason", "decision_reason")
    date_hierarchy = "ts"
    ordering = ("-ts",)

    @display(description="Time (UTC)", ordering="ts")
    def time(self, row: Signal) -> SafeString:
        return stamp(row.ts)

    @display(description="Session")
    def session_(self, row: Signal) -> SafeString:
        return link(Session, row.session_id, str(row.session))

    @DIRECTION
    def direction_(self, row: Signal) -> str:
        return row.get_direction_display()

    @display(description="Price")
    def price_(self, row: Signal) -> str:
        return price(row.price, row.session.instrument_id)

    @display(description="Strength", ordering="strength")
    def strength_(self, row: Signal) -> str:
        return f"{row.strength:.2f}"

    @display(description="Regime", ordering="regime")
    def regime_(self, row: Signal) -> str:
        return f"{row.regime.replace('_', ' ').lower()} {row.confidence:.0%}"

    @display(description="Why")
    def why(self, row: Signal) -> str:
        if row.reason:
            return row.reason
        return "entered" if row.decision == "enter" else row.decision_reason or "a stronger signal"

    @display(description="Trade")
    def trades_(self, row: Signal) -> SafeString:
        if row.decision != "enter":
            return SafeString("-")
        return list_link(Trade, "trade", signal__id__exact=row.pk)


class _History(TabularInline):  # type: ignore[misc]
    """Rows of a trade, to look at."""

    extra = 0
    can_delete = False
    show_change_link = True
    ordering = ("ts_ns", "id")

    def has_add_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


class OrdersOfTrade(_History):
    model = Order
    fields = ("role", "type", "side", "size", "price_", "status", "filled", "reason", "ts")
    readonly_fields = ("price_",)

    @display(description="Price")
    def price_(self, row: Order) -> str:
        return price(row.price, row.instrument_id)


class FillsOfTrade(_History):
    model = Fill
    fields = ("role", "side", "size", "price", "fee", "ts")


@admin.register(Trade)
class TradeAdmin(ReadOnlyAdmin):
    list_display = (
        "id_", "status_", "instrument", "direction_", "size", "entered", "entry_", "left",
        "exit_", "exit_reason", "net_", "fees_", "pattern", "signal_", "orders_",
    )  # fmt: skip
    list_filter = (
        "status",
        "account",
        "instrument",
        "direction",
        names_filter("exit reason", "exit_reason", ExitReason),
        names_filter("pattern", "pattern", Pattern),
    )
    list_select_related = ("instrument",)
    search_fields = ("id", "pattern", "exit_reason")
    date_hierarchy = "day"
    ordering = ("-ordered_ns",)
    inlines = (OrdersOfTrade, FillsOfTrade)

    @display(description="Trade", ordering="id")
    def id_(self, row: Trade) -> SafeString:
        return one_line(row.pk)

    @display(description="Entered (UTC)", ordering="entry_ts")
    def entered(self, row: Trade) -> SafeString:
        return stamp(row.entry_ts)

    @display(description="Left (UTC)", ordering="exit_ts")
    def left(self, row: Trade) -> SafeString:
        return stamp(row.exit_ts)

    @display(description="Status", ordering="status", label=TRADE_COLOURS)
    def status_(self, row: Trade) -> str:
        return row.status

    @DIRECTION
    def direction_(self, row: Trade) -> str:
        return row.get_direction_display()

    @display(description="Entry")
    def entry_(self, row: Trade) -> str:
        return price(row.entry_price, row.instrument_id)

    @display(description="Exit")
    def exit_(self, row: Trade) -> str:
        return price(row.exit_price, row.instrument_id)

    @display(description="Net", ordering="net")
    def net_(self, row: Trade) -> str:
        return digits(row.net)

    @display(description="Fees", ordering="fees")
    def fees_(self, row: Trade) -> str:
        return digits(row.fees)

    @display(description="Signal")
    def signal_(self, row: Trade) -> SafeString:
        return link(Signal, row.signal_id, "signal")

    @display(description="Orders")
    def orders_(self, row: Trade) -> SafeString:
        return format_html(
            "{} {}",
            list_link(Order, "orders", trade__id__exact=row.pk),
            list_link(Fill, "fills", trade__id__exact=row.pk),
        )


@admin.register(Order)
class OrderAdmin(ReadOnlyAdmin):
    list_display = (
        "id_", "time", "instrument", "role", "type", "side_", "size", "price_", "status_", "filled",
        "reason", "trade_",
    )  # fmt: skip
    list_filter = ("status", "role", "side", "instrument")
    list_select_related = ("instrument",)
    search_fields = ("id", "reason")
    date_hierarchy = "ts"
    ordering = ("-ts",)

    @display(description="Order", ordering="id")
    def id_(self, row: Order) -> SafeString:
        return one_line(row.pk)

    @display(description="Time (UTC)", ordering="ts")
    def time(self, row: Order) -> SafeString:
        return stamp(row.ts)

    @SIDE
    def side_(self, row: Order) -> str:
        return row.get_side_display()

    @display(description="Price")
    def price_(self, row: Order) -> str:
        return price(row.price, row.instrument_id)

    @display(description="Status", ordering="status", label=ORDER_COLOURS)
    def status_(self, row: Order) -> str:
        return row.status

    @display(description="Trade")
    def trade_(self, row: Order) -> SafeString:
        return link(Trade, row.trade_id)


@admin.register(Fill)
class FillAdmin(ReadOnlyAdmin):
    list_display = ("id_", "time", "role", "side_", "size", "price_", "fee_", "order_", "trade_")
    list_filter = ("role", "side", ("session__account", admin.RelatedOnlyFieldListFilter))
    list_select_related = ("trade",)
    search_fields = ("id",)
    date_hierarchy = "ts"
    ordering = ("-ts",)

    @display(description="Fill", ordering="id")
    def id_(self, row: Fill) -> SafeString:
        return one_line(row.pk)

    @display(description="Time (UTC)", ordering="ts")
    def time(self, row: Fill) -> SafeString:
        return stamp(row.ts)

    @SIDE
    def side_(self, row: Fill) -> str:
        return row.get_side_display()

    @display(description="Price")
    def price_(self, row: Fill) -> str:
        return price(row.price, row.trade.instrument_id)

    @display(description="Fee", ordering="fee")
    def fee_(self, row: Fill) -> str:
        return digits(row.fee)

    @display(description="Order")
    def order_(self, row: Fill) -> SafeString:
        return link(Order, row.order_id)

    @display(description="Trade")
    def trade_(self, row: Fill) -> SafeString:
        return link(Trade, row.trade_id)


@admin.register(Command)
class CommandAdmin(ModelAdmin):  # type: ignore[misc]
    """Adding one tells the account's pipeline at once."""

    list_display = (
        "asked", "account", "kind", "status_", "requested_by", "executed", "result",
    )  # fmt: skip
    list_filter = ("account", "kind", "status")
    list_select_related = ("account", "requested_by")
    search_fields = ("reason", "result")
    date_hierarchy = "created_at"
    fields = ("account", "kind", "reason")

    def get_fields(self, request: HttpRequest, obj: Model | None = None) -> Any:
        told = ("status", "requested_by", "session", "created_at", "executed_at", "result")
        return (*self.fields, *told) if obj else self.fields

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def save_model(
        self, request: HttpRequest, obj: Command, form: "ModelForm[Command]", change: bool
    ) -> None:
        obj.requested_by = request.user  # type: ignore[assignment]
        super().save_model(request, obj, form, change)
        transaction.on_commit(nudge)

    @display(description="Asked (UTC)", ordering="created_at")
    def asked(self, row: Command) -> SafeString:
        return stamp(row.created_at)

    @display(description="Executed (UTC)", ordering="executed_at")
    def executed(self, row: Command) -> SafeString:
        return stamp(row.executed_at)

    @display(description="Status", ordering="status", label=COMMAND_COLOURS)
    def status_(self, row: Command) -> str:
        return row.status


@admin.register(AuditEvent)
class AuditEventAdmin(ReadOnlyAdmin):
    list_display = ("recorded", "time", "kind", "session_", "actor", "payload_")
    list_filter = ("actor", ("session__account", admin.RelatedOnlyFieldListFilter))
    list_select_related = ("session__account",)
    search_fields = ("kind", "actor")
    date_hierarchy = "recorded_at"
    ordering = ("-recorded_at",)

    @display(description="Recorded (UTC)", ordering="recorded_at")
    def recorded(self, row: AuditEvent) -> SafeString:
        return stamp(row.recorded_at)

    @display(description="Event time (UTC)", ordering="ts")
    def time(self, row: AuditEvent) -> SafeString:
        return stamp(row.ts)

    @display(description="Session")
    def session_(self, row: AuditEvent) -> SafeString:
        return link(Session, row.session_id, str(row.session))

    @display(description="What")
    def payload_(self, row: AuditEvent) -> str:
        return ", ".join(f"{name}: {value}" for name, value in row.payload.items())[:200]
