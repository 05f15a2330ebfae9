"""Notices and their deliveries in the admin: looked at, and sent again."""

from django.contrib import admin, messages
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.safestring import SafeString
from unfold.admin import TabularInline
from unfold.decorators import action, display

from marketdata.admin import ReadOnlyAdmin, stamp
from trading.models import Delivery, Notice
from trading.notify.again import send_again

LEVEL_COLOURS = {
    "info": "info", "good": "success", "warning": "warning", "error": "danger",
    "critical": "danger",
}  # fmt: skip
STATUS_COLOURS = {"waiting": "warning", "sent": "success", "grouped": "info", "refused": "danger"}


class DeliveriesOfNotice(TabularInline):  # type: ignore[misc]
    """What became of a notice."""

    model = Delivery
    extra = 0
    can_delete = False
    fields = ("channel", "status", "attempts", "error", "sent_at")

    def has_add_permission(self, request: HttpRequest, obj: Notice | None = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Notice | None = None) -> bool:
        return False


@admin.register(Notice)
class NoticeAdmin(ReadOnlyAdmin):
    list_display = ("happened", "level_", "kind", "account", "title")
    list_display_links = ("happened",)
    list_filter = ("level", "kind", "account")
    search_fields = ("title", "text", "key")
    date_hierarchy = "created_at"
    ordering = ("-created_at",)
    inlines = (DeliveriesOfNotice,)
    actions = ("again",)

    @display(description="Happened (UTC)", ordering="ts")
    def happened(self, row: Notice) -> SafeString:
        return stamp(row.ts)

    @display(description="Level", ordering="level", label=LEVEL_COLOURS)
    def level_(self, row: Notice) -> str:
        return row.level

    @action(description="Send again", permissions=["again"])
    def again(self, request: HttpRequest, rows: QuerySet[Notice]) -> None:
        _again(self, request, rows)

    def has_again_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("trading.change_delivery")


@admin.register(Delivery)
class DeliveryAdmin(ReadOnlyAdmin):
    list_display = ("written", "channel", "status_", "notice", "attempts", "error", "sent")
    list_display_links = ("written",)
    list_filter = ("status", "channel", "notice__kind")
    list_select_related = ("notice",)
    search_fields = ("notice__title", "error")
    ordering = ("-pk",)
    actions = ("again",)

    @display(description="Written (UTC)", ordering="pk")
    def written(self, row: Delivery) -> SafeString:
        return stamp(row.notice.created_at)

    @display(description="Status", ordering="status", label=STATUS_COLOURS)
    def status_(self, row: Delivery) -> str:
        return row.status

    @display(description="Sent (UTC)", ordering="sent_at")
    def sent(self, row: Delivery) -> SafeString:
        return stamp(row.sent_at)

    @action(description="Send again", permissions=["again"])
    def again(self, request: HttpRequest, rows: QuerySet[Delivery]) -> None:
        _again(self, request, Notice.objects.filter(deliveries__in=rows))

    def has_again_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("trading.change_delivery")


def _again(page: ReadOnlyAdmin, request: HttpRequest, rows: QuerySet[Notice]) -> None:
    with transaction.atomic():
        count = send_again(rows)
    if count:
        page.message_user(request, f"{count} wait to be sent.", messages.SUCCESS)
    else:
        text = "Nothing is sent: no channel is configured. Set DISCORD_WEBHOOK_URL."
        page.message_user(request, text, messages.WARNING)
