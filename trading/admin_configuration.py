"""Configurations in the admin: every save is the next version, checked while it is written.

The newest version's page is the form for the next one. Older ones are looked at; "Make current
again" opens the newest one's form with the old text, so that it is checked, compared and saved like
any other change.
"""

from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import Exists, Model, OuterRef, Q, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.template.loader import render_to_string
from django.urls import path, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.views.decorators.http import require_POST
from unfold.admin import ModelAdmin
from unfold.decorators import action, display
from unfold.widgets import UnfoldAdminTextareaWidget

from marketdata.admin import stamp
from trading.configuration import stored
from trading.configuration.compare import Difference
from trading.errors import ConfigurationError
from trading.models import Configuration, Session

START = """version: 1

# For all symbols. docs/configuration.md lists every setting.
defaults:
  risk:
    stop_ticks: 16
    target_ticks: 24

# Which symbols are traded with this, and what differs for each.
symbols:
  MES: {}
"""
EFFECT = "trading/configuration_effect.html"


if TYPE_CHECKING:
    _Form = forms.ModelForm[Configuration]
else:
    _Form = forms.ModelForm


class ConfigurationForm(_Form):
    """A version that is to be. `over` is the version that was current when the page was opened."""

    over = forms.IntegerField(required=False, widget=forms.HiddenInput)
    text = forms.CharField(
        strip=False,
        help_text="YAML. It is checked while you write.",
        widget=UnfoldAdminTextareaWidget(
            {
                "rows": 12,
                "class": "configuration-text",
                "spellcheck": "false",
                "autocapitalize": "off",
                "wrap": "off",
                "hx-trigger": "load, input changed delay:400ms",
                "hx-target": "#configuration-effect",
                "hx-include": "closest form",
            }
        ),
    )

    class Meta:
        model = Configuration
        fields = ("name", "text", "note")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.current = stored.newest(self.instance.name) if self.instance.pk else None
        self.fields["text"].widget.attrs["hx-post"] = reverse("admin:trading_configuration_effect")
        if "over" in self.fields and self.current:
            self.initial["over"] = self.current.version
        if self.current is None:
            self.initial.setdefault("text", START)

    def clean_text(self) -> str:
        return str(self.cleaned_data["text"]).replace("\r\n", "\n")

    def clean(self) -> dict[str, Any]:
        found = super().clean() or self.cleaned_data
        name, text = self.instance.name or found.get("name"), found.get("text")
        if not name or text is None:
            return found
        try:
            stored.checked(name, text)
        except ConfigurationError as error:
            for problem in error.problems:
                self.add_error("text", problem)
        current = self.current
        if current is None:
            if stored.newest(name):
                self.add_error("name", f"{name} is there already; open its newest version")
        elif found.get("over") != current.version:
            self.data = {**self.data.dict(), "over": current.version}  # type: ignore[attr-defined]
            who = current.created_by or "somebody"
            self.add_error(
                None,
                f"{who} saved version {current.version} meanwhile. Below is what your text would "
                "change in it; save again if that is what you want.",
            )
        elif current.text == text:
            self.add_error("text", f"Nothing differs from version {current.version}.")
        return found


@admin.register(Configuration)
class ConfigurationAdmin(ModelAdmin):  # type: ignore[misc]
    form = ConfigurationForm
    list_display = ("version_", "current_", "symbols_", "note", "saved_", "created_by")
    list_display_links = ("version_",)
    list_filter = ("name",)
    list_select_related = ("created_by",)
    search_fields = ("name", "note", "text")
    ordering = ("name", "-version")
    actions_detail = ("make_current",)
    warn_unsaved_form = True

    class Media:
        css = {"all": ["css/configuration.css"]}

    def get_queryset(self, request: HttpRequest) -> QuerySet[Configuration]:
        rows: QuerySet[Configuration] = super().get_queryset(request)
        newer = Configuration.objects.filter(name=OuterRef("name"), version__gt=OuterRef("version"))
        return rows.annotate(current=~Exists(newer))

    def get_fieldsets(self, request: HttpRequest, obj: Configuration | None = None) -> Any:
        if obj is None:
            return [(None, {"fields": ("name", "text", "effect", "note", "over")})]
        facts = (
            ("title_", "saved_"), ("why_", "created_by"), ("digests_", "sessions_"), "changes_",
        )  # fmt: skip
        if self.has_change_permission(request, obj):
            following = {"fields": ("text", "effect", "note", "over")}
            return [(None, {"fields": facts}), ("Next version", following)]
        return [(None, {"fields": (*facts, "text_")})]

    def get_readonly_fields(self, request: HttpRequest, obj: Model | None = None) -> Any:
        return (
            "title_", "saved_", "created_by", "why_", "digests_", "sessions_", "changes_",
            "effect", "text_",
        )  # fmt: skip

    def has_change_permission(self, request: HttpRequest, obj: Configuration | None = None) -> bool:
        """The newest version alone; a form that was opened before it was overtaken is answered."""
        if not super().has_change_permission(request, obj):
            return False
        return obj is None or request.method == "POST" or obj == stored.newest(obj.name)

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def get_object(self, request: HttpRequest, object_id: str, from_field: Any = None) -> Any:
        row = super().get_object(request, object_id, from_field)
        again = request.GET.get("again", "")
        if row is not None and request.method == "GET" and again.isdecimal():
            old = Configuration.objects.filter(name=row.name, version=int(again)).first()
            if old is not None:
                row.text, row.offered_note = old.text, f"Version {old.version} again"
        return row

    def get_form(self, request: HttpRequest, obj: Any = None, **kwargs: Any) -> Any:
        made = super().get_form(request, obj, **kwargs)
        if "note" in made.base_fields and obj is not None:
            # The page's own note belongs to the version that is there, not to the next one.
            note = getattr(obj, "offered_note", "")

            class Next(made):  # type: ignore[misc,valid-type]
                def __init__(self, *args: Any, **words: Any) -> None:
                    super().__init__(*args, **words)
                    self.initial["note"] = note

            return Next
        return made

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> Any:
        only_save = {"show_save_and_continue": False, "show_save_and_add_another": False}
        return super().changeform_view(
            request, object_id, form_url, {**(extra_context or {}), **only_save}
        )

    def save_model(
        self, request: HttpRequest, obj: Configuration, form: "forms.ModelForm[Any]", change: bool
    ) -> None:
        """Make the next version; `obj` is that from here on."""
        row = stored.save_version(obj.name, obj.text, note=obj.note, user=request.user)  # type: ignore[arg-type]
        obj.__dict__.update(row.__dict__)

    def response_add(
        self, request: HttpRequest, obj: Configuration, post_url_continue: str | None = None
    ) -> HttpResponse:
        return self._saved(request, obj)

    def response_change(self, request: HttpRequest, obj: Configuration) -> HttpResponse:
        return self._saved(request, obj)

    def _saved(self, request: HttpRequest, row: Configuration) -> HttpResponseRedirect:
        messages.success(request, f"{row} is saved and current: a start with {row.name} takes it.")
        return redirect("admin:trading_configuration_change", row.pk)

    # What is checked while one writes

    def get_urls(self) -> Any:
        view = self.admin_site.admin_view(require_POST(self.effect_view))
        return [path("effect/", view, name="trading_configuration_effect"), *super().get_urls()]

    def effect_view(self, request: HttpRequest) -> HttpResponse:
        """What is wrong with the text in the form, or what saving it would change."""
        if not self.has_add_permission(request) and not self.has_change_permission(request):
            raise PermissionDenied
        name, over = request.POST.get("name", ""), request.POST.get("over", "")
        text = request.POST.get("text", "").replace("\r\n", "\n")
        current = stored.newest(name) if over else None
        try:
            document = stored.checked(name or "new", text)
        except ConfigurationError as error:
            return render(request, EFFECT, {"problems": error.problems})
        context = {
            "current": current,
            "digests": document.digests,
            "differences": stored.changed_by(current, document) if current else [],
        }
        return render(request, EFFECT, context)

    @display(description="Effect")
    def effect(self, row: Configuration) -> SafeString:
        name = (
            format_html('<input type="hidden" name="name" value="{}">', row.name) if row.pk else ""
        )
        return format_html('{}<div id="configuration-effect" aria-live="polite"></div>', name)

    # What a version was

    @display(description="Version", ordering="name")
    def version_(self, row: Configuration) -> SafeString:
        return format_html('<span class="whitespace-nowrap">{}</span>', str(row))

    @display(description="State", label={"current": "success"})
    def current_(self, row: Configuration) -> str:
        return "current" if row.current else "older"  # type: ignore[attr-defined]

    @display(description="Symbols")
    def symbols_(self, row: Configuration) -> str:
        return ", ".join(row.digests)

    @display(description="Saved (UTC)", ordering="created_at")
    def saved_(self, row: Configuration) -> SafeString:
        return stamp(row.created_at)

    @display(description="Version")
    def title_(self, row: Configuration) -> SafeString:
        newest = stored.newest(row.name)
        if newest is None or newest.version == row.version:
            return format_html("{}, the current one", str(row))
        url = reverse("admin:trading_configuration_change", args=[newest.pk])
        return format_html(
            '{}; current is <a class="underline" href="{}">{}</a>', str(row), url, str(newest)
        )

    @display(description="Note")
    def why_(self, row: Configuration) -> str:
        return Configuration.objects.values_list("note", flat=True).get(pk=row.pk) or "-"

    @display(description="Rules")
    def digests_(self, row: Configuration) -> str:
        return ", ".join(f"{symbol} {digest}" for symbol, digest in row.digests.items())

    @display(description="Sessions")
    def sessions_(self, row: Configuration) -> SafeString:
        count = Session.objects.filter(
            Q(config_name=str(row)) | Q(config_name__startswith=f"{row},")
        ).count()
        url = reverse("admin:trading_session_changelist")
        return format_html('<a class="underline" href="{}?q={}">{}</a>', url, str(row), count)

    @display(description="Changed")
    def changes_(self, row: Configuration) -> SafeString:
        """Against the version before."""
        before = (
            Configuration.objects.filter(name=row.name, version__lt=row.version)
            .order_by("-version")
            .first()
        )
        if before is None:
            return SafeString("the first version")
        kept = Configuration.objects.get(pk=row.pk)
        try:
            found: list[Difference] = stored.changed_by(before, stored.document(kept))
        except ConfigurationError as error:
            return format_html("This tradebot cannot read it any more: {}", str(error))
        return render_to_string(EFFECT, {"differences": found, "current": before, "past": True})

    @display(description="Text")
    def text_(self, row: Configuration) -> SafeString:
        return format_html('<pre class="configuration-text">{}</pre>', row.text)

    # An old version again

    def get_actions_detail(self, request: HttpRequest, object_id: Any) -> Any:
        row = Configuration.objects.filter(pk=object_id).first() if object_id else None
        if row is None or row == stored.newest(row.name) or not self.has_add_permission(request):
            return []
        return super().get_actions_detail(request, object_id)

    @action(description="Make current again")
    def make_current(self, request: HttpRequest, object_id: int) -> HttpResponse:
        """Opens the form of the next version with this one's text; nothing changes yet."""
        row = Configuration.objects.get(pk=object_id)
        newest = stored.newest(row.name) or row
        url = reverse("admin:trading_configuration_change", args=[newest.pk])
        return redirect(f"{url}?again={row.version}")
