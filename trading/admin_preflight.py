"""Preflights in the admin: looked at, never edited."""

from django.contrib import admin
from django.http import HttpRequest
from django.utils.html import format_html_join
from django.utils.safestring import SafeString
from unfold.decorators import display

from marketdata.admin import ReadOnlyAdmin, stamp
from trading.models import Preflight


@admin.register(Preflight)
class PreflightAdmin(ReadOnlyAdmin):
    list_display = ("made", "account", "day", "verdict", "instrument", "rules_digest", "actor")
    list_filter = ("passed", "mode", "account")
    list_select_related = ("instrument",)
    search_fields = ("account", "broker_account", "rules_digest", "actor")
    date_hierarchy = "created_at"
    ordering = ("-created_at",)

    def get_fields(self, request: HttpRequest, obj: object = None) -> list[str]:
        names = [name for name in super().get_fields(request, obj) if name != "results"]
        return [*names, "checks"]

    @display(description="Made (UTC)", ordering="created_at")
    def made(self, row: Preflight) -> SafeString:
        return stamp(row.created_at)

    @display(description="Verdict", label={"passed": "success", "failed": "danger"})
    def verdict(self, row: Preflight) -> str:
        return "passed" if row.passed else "failed"

    @display(description="Checks")
    def checks(self, row: Preflight) -> SafeString:
        lines = (
            (result["level"], result["name"], result["text"], result["remedy"])
            for result in row.results
        )
        return format_html_join("", "<p><b>{}</b> {}: {} <i>{}</i></p>", lines)
