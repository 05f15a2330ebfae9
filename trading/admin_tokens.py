"""Tokens of the API in the admin: made and shown once, revoked, never edited.

Staff make tokens of their own. Of others only a superuser does: a token acts as its user.
"""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.auth.models import User
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from unfold.admin import ModelAdmin
from unfold.decorators import action, display

from marketdata.admin import stamp
from trading.api import tokens
from trading.models import ApiToken

STATE_COLOURS = {"valid": "success", "expired": "warning", "revoked": "danger"}


class TokenForm(forms.ModelForm):  # type: ignore[type-arg]
    scopes = forms.MultipleChoiceField(
        choices=[(scope.value, f"{scope}: {tokens.MEANS[scope]}") for scope in tokens.Scope],
        widget=forms.CheckboxSelectMultiple,
        initial=[tokens.Scope.READ.value],
    )
    days = forms.IntegerField(
        min_value=1,
        max_value=tokens.MOST_DAYS,
        initial=tokens.DAYS,
        help_text="How long it counts.",
    )

    class Meta:
        model = ApiToken
        fields = ("user", "name", "scopes", "days")


@admin.register(ApiToken)
class TokenAdmin(ModelAdmin):  # type: ignore[misc]
    form = TokenForm
    list_display = ("name", "user", "hint_", "scopes_", "state_", "expires_", "used_")
    list_select_related = ("user",)
    search_fields = ("name", "user__username", "hint")
    actions = ("revoke",)
    fields = ("user", "name", "scopes", "days")

    def get_queryset(self, request: HttpRequest) -> QuerySet[ApiToken]:
        rows: QuerySet[ApiToken] = super().get_queryset(request)
        return rows if request.user.is_superuser else rows.filter(user_id=request.user.pk or 0)

    def get_fields(self, request: HttpRequest, obj: Model | None = None) -> Any:
        if obj is None:
            return self.fields
        return ("user", "name", "hint_", "scopes_", "state_", "created_at", "expires_", "used_")

    def get_readonly_fields(self, request: HttpRequest, obj: Model | None = None) -> Any:
        return self.get_fields(request, obj) if obj else ()

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def formfield_for_foreignkey(self, field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if field.name == "user":
            users = User.objects.filter(is_active=True)
            mine = users if request.user.is_superuser else users.filter(pk=request.user.pk or 0)
            kwargs |= {"queryset": mine, "initial": request.user.pk}
        return super().formfield_for_foreignkey(field, request, **kwargs)

    def save_model(
        self, request: HttpRequest, obj: ApiToken, form: "forms.ModelForm[Any]", change: bool
    ) -> None:
        said = form.cleaned_data
        row, text = tokens.create(obj.user, obj.name, said["scopes"], days=said["days"])
        obj.__dict__.update(row.__dict__)
        request.shown_once = text  # type: ignore[attr-defined]

    def response_add(
        self, request: HttpRequest, obj: ApiToken, post_url_continue: str | None = None
    ) -> HttpResponse:
        """No redirect: the token would have to be kept somewhere until the next page."""
        context = self.admin_site.each_context(request) | {
            "title": f"Token {obj.name}",
            "token": request.shown_once,  # type: ignore[attr-defined]
            "row": obj,
            "opts": self.opts,
        }
        return TemplateResponse(request, "trading/token_made.html", context)

    @action(description="Revoke")
    def revoke(self, request: HttpRequest, rows: QuerySet[ApiToken]) -> None:
        count = sum(tokens.revoke(row) for row in rows)
        messages.success(request, f"Revoked: {count}. Who holds them is refused from now on.")

    @display(description="Begins with")
    def hint_(self, row: ApiToken) -> str:
        return f"{row.hint}…"

    @display(description="Scopes")
    def scopes_(self, row: ApiToken) -> str:
        return ", ".join(row.scopes)

    @display(description="State", label=STATE_COLOURS)
    def state_(self, row: ApiToken) -> str:
        return tokens.state(row)

    @display(description="Expires (UTC)", ordering="expires_at")
    def expires_(self, row: ApiToken) -> Any:
        return stamp(row.expires_at)

    @display(description="Last used (UTC)", ordering="last_used_at")
    def used_(self, row: ApiToken) -> Any:
        return stamp(row.last_used_at)
