"""Settings: what the next start of a session uses, read and changed (`trading.control.sheet`).

Who changes something says what he saw: `If-Match` with the ETag of what he read.
"""

import hashlib
import json
from typing import Any, ClassVar, Final

from drf_spectacular.utils import OpenApiParameter, OpenApiResponse
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from trading.api.base import ApiView, checked, named_account, user_of
from trading.api.fields import Strict, Text
from trading.api.market import ACCOUNT
from trading.api.problems import Problem, Wrong, invalid
from trading.api.schema import described, example
from trading.api.serializers import NamesField
from trading.api.tokens import Scope
from trading.control import sheet as sheets
from trading.control.views import SETTINGS_PERMISSION
from trading.models import Configuration

NUMBER: Final = {"type": ["string", "integer"]}


def _named(names: tuple[str, ...], schema: dict[str, Any]) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": dict.fromkeys(names, schema),
        "additionalProperties": False,
    }


VALUES: Final = {
    "numbers": _named(sheets.NUMBERS, NUMBER),
    "multipliers": _named(sheets.REGIMES, NUMBER),
    "patterns": _named(
        sheets.PATTERNS, {"type": "array", "items": {"type": "string", "enum": [*sheets.REGIMES]}}
    ),
    "tiers": {
        "type": "object",
        "description": "By the tier's name.",
        "additionalProperties": _named(sheets.TIER_FIELDS, NUMBER),
    },
}
CHANGE: Final = {
    "type": "object",
    "required": ["values"],
    "additionalProperties": False,
    "properties": {
        "values": {"type": "object", "properties": VALUES, "additionalProperties": False},
        "note": {"type": "string", "maxLength": sheets.LONGEST_NOTE},
        "save": {"type": "boolean", "default": True, "description": "false only says the changes."},
    },
}
IF_MATCH: Final = OpenApiParameter(
    "If-Match", {"type": "string", "pattern": r'^("[0-9a-f]{32}"|\*)$'}, "header", required=True,
    description="The ETag that GET answered: 412 if it is another by now. * is anything.",
)  # fmt: skip


class ChangeSerializer(Strict):
    values = serializers.DictField()
    note = Text(required=False, allow_blank=True, max_length=sheets.LONGEST_NOTE)
    save = serializers.BooleanField(required=False, default=True)  # type: ignore[assignment]


class DifferenceSerializer(serializers.Serializer[Any]):
    setting = serializers.CharField()
    before = serializers.CharField()
    after = serializers.CharField()


class TierValuesSerializer(serializers.Serializer[Any]):
    name = serializers.CharField()
    symbol = serializers.CharField()
    min_size = serializers.IntegerField()
    max_size = serializers.CharField()
    loss_limit = serializers.CharField()

    def get_fields(self) -> dict[str, Any]:
        return super().get_fields() | {"from": serializers.CharField()}


class ValuesSerializer(serializers.Serializer[Any]):
    numbers = serializers.DictField(child=serializers.CharField())
    multipliers = serializers.DictField(child=serializers.CharField())
    patterns = serializers.DictField(child=NamesField())
    tiers = TierValuesSerializer(many=True)


class SheetSerializer(serializers.Serializer[Any]):
    """docs/control.md"""

    account = serializers.CharField()
    symbol = serializers.CharField()
    base = serializers.IntegerField(help_text="Newest version of the configuration; 0: none yet.")
    label = serializers.CharField(help_text="What the next start uses.")  # type: ignore[assignment]
    running_label = serializers.CharField()
    running = serializers.BooleanField()
    effect = serializers.CharField(help_text="When a change counts.")
    values = ValuesSerializer()
    running_values = ValuesSerializer()
    pending = DifferenceSerializer(many=True)


class ChangedSerializer(serializers.Serializer[Any]):
    changes = DifferenceSerializer(many=True)
    saved = serializers.CharField(allow_null=True, help_text="The version, if one was saved.")
    sheet = SheetSerializer()


def tag(said: dict[str, Any]) -> str:
    text = json.dumps(said, sort_keys=True)
    return f'"{hashlib.sha256(text.encode()).hexdigest()[:32]}"'


class Settings(ApiView):
    serializer_class = SheetSerializer
    queryset = Configuration.objects.none()
    scope = Scope.SETTINGS
    permissions = (SETTINGS_PERMISSION,)
    parameters = ("account",)

    errors = (404, 409)
    more_errors: ClassVar = {"PATCH": (412, 428)}

    @described("The settings of the next start", parameters=[ACCOUNT])
    def get(self, request: Request) -> Response:
        said = sheets.sheet_to_wire(sheets.sheet(named_account(request)))
        return Response(said, headers={"ETag": tag(said)})

    @described(
        "Change settings",
        "`values` needs only what is to change. Makes the next version of the account's "
        "configuration; it counts when a session starts.",
        parameters=[ACCOUNT, IF_MATCH],
        request={"application/json": CHANGE},
        responses={200: OpenApiResponse(ChangedSerializer, description="What changed.")},
        examples=[
            example(
                "A calmer day",
                {"values": {"numbers": {"risk.profit_target": "600"}}, "note": "calmer"},
                request_only=True,
            )
        ],
    )
    def patch(self, request: Request) -> Response:
        account = named_account(request)
        seen = request.headers.get("If-Match")
        sent = checked(ChangeSerializer, request.data)
        found = sheets.sheet(account)
        config = sheets.changed(found, sent["values"])  # what is refused anyway needs no ETag
        _expect(seen, tag(sheets.sheet_to_wire(found)))
        changes = sheets.changes(found.config, config)
        saved = None
        if changes and sent["save"]:
            note, user = sent.get("note", ""), user_of(request)
            saved = sheets.save(found, config, base=found.base, note=note, user=user)
        said = sheets.sheet_to_wire(sheets.sheet(account))
        answer = {
            "changes": [vars(change) for change in changes],
            "saved": None if saved is None else str(saved),
            "sheet": said,
        }
        return Response(answer, headers={"ETag": tag(said)})


def _expect(seen: str | None, now: str) -> None:
    """Nobody overwrites what he has not read."""
    if seen is None:
        raise Problem(
            428,
            "The header If-Match is missing; send the ETag that GET /api/v1/settings answered",
            Wrong("If-Match", "is missing", "send the ETag that GET answered"),
        )
    if seen != "*" and not (seen.startswith('"') and seen.endswith('"')):
        raise invalid(Wrong("If-Match", f"{seen[:40]!r} is no ETag", "send what GET answered"))
    if seen not in ("*", now):
        raise Problem(412, "Somebody changed the settings meanwhile; read them again, and repeat")
