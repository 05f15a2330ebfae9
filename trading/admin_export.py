"""Exports in the admin: looked at, and sent again."""

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.decorators import action, display

from marketdata.admin import ReadOnlyAdmin, stamp
from trading.export.later import send_later
from trading.models import Export

COLOURS = {"waiting": "info", "verified": "success", "failed": "danger"}


@admin.register(Export)
class ExportAdmin(ReadOnlyAdmin):
    list_display = (
        "path_", "day_", "status_", "size_", "attempts", "verified", "target", "error",
    )  # fmt: skip
    list_filter = ("status", "target")
    search_fields = ("path", "target", "sha256", "error")
    date_hierarchy = "day"
    ordering = ("-day", "path")
    actions = ("send_again",)

    @display(description="File", ordering="path")
    def path_(self, row: Export) -> SafeString:
        return _one_line(row.path)

    @display(description="Day", ordering="day")
    def day_(self, row: Export) -> SafeString:
        return _one_line(row.day.isoformat())

    @display(description="Status", ordering="status", label=COLOURS)
    def status_(self, row: Export) -> str:
        return row.status

    @display(description="Bytes", ordering="size")
    def size_(self, row: Export) -> str:
        return f"{row.size:,}"

    @display(description="Verified (UTC)", ordering="verified_at")
    def verified(self, row: Export) -> SafeString:
        return stamp(row.verified_at)

    @action(description="Send again", permissions=["send"])
    def send_again(self, request: HttpRequest, queryset: QuerySet[Export]) -> None:
        """The days of the chosen files, in the background: what has arrived is only asked for."""
        days = sorted(set(queryset.values_list("day", flat=True)))
        queryset.update(status=Export.Status.WAITING, error="")
        send_later(days)
        said = ", ".join(map(str, days[:5])) + (", ..." if len(days) > 5 else "")
        self.message_user(request, f"Being sent again: {said}", messages.SUCCESS)

    def has_send_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("trading.change_export")


def _one_line(text: str) -> SafeString:
    return format_html('<span class="whitespace-nowrap">{}</span>', text)
