"""A run that is asked for through the API: the page's form, as JSON, and never twice under one key.

Keys are kept in the cache for a day. A run has no row of its own for its key, as a command has: of
two requests at the same moment one is told that the other is on its way.
"""

import hashlib
import json
from collections.abc import Mapping
from typing import Any, Final

from django.contrib.auth.models import User
from django.core.cache import cache
from rest_framework import serializers

from backtests.asking import SESSIONS, TIERS
from backtests.models import Backtest
from backtests.pages import form
from engine.account_rules import FILL_PROFILES
from engine.instruments import INSTRUMENTS
from trading.api.fields import Day, Strict, Text
from trading.api.problems import Problem, Wrong, invalid
from trading.errors import KeyReused

KEPT_S: Final = 86_400
NAMES: Final = {"which": "from"}
"""Fields of the form that the API has under another name."""


class BacktestRequestSerializer(Strict):
    """Without days all stored ones are run. Dates are trading days, both included."""

    symbol = serializers.ChoiceField(choices=sorted(INSTRUMENTS))
    to = Day(required=False)
    last_days = serializers.IntegerField(required=False, min_value=1, max_value=form.MOST_DAYS)
    config = Text(
        required=False, max_length=120,
        help_text="NAME or NAME@VERSION; account:NAME as it trades; run:ID another run's.",
    )  # fmt: skip
    balance = Text(required=False, max_length=30, help_text="Like 2500; else the configuration's.")
    tiers = serializers.ChoiceField(choices=TIERS, required=False)
    fills = serializers.ChoiceField(choices=list(FILL_PROFILES), required=False)
    session = serializers.ChoiceField(choices=SESSIONS, required=False)
    workers = serializers.IntegerField(required=False, min_value=1, max_value=999)
    note = Text(required=False, allow_blank=True, max_length=form.NOTE)

    def get_fields(self) -> dict[str, Any]:
        return super().get_fields() | {"from": Day(required=False)}

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if "last_days" in attrs and ("from" in attrs or "to" in attrs):
            raise serializers.ValidationError(
                {"last_days": "cannot be beside from and to; leave one of them out"}
            )
        return attrs


def ask(sent: Mapping[str, Any], user: User) -> Backtest:
    """The run; Problem with each field that is wrong."""
    from backtests import control

    filled = form.read(_words(sent))
    if filled.plan is None:
        raise invalid(
            *(
                Wrong.of(NAMES.get(name, name), says.replace("“", "'").replace("”", "'"))
                for name, says in filled.problems.items()
            )
        )
    return control.ask(
        filled.plan,
        asked_from=Backtest.Asked.API,
        asked_by=user,
        note=filled.note,
        workers=filled.workers,
    )


def _words(sent: Mapping[str, Any]) -> dict[str, str]:
    """As the page's form would send it."""
    which = "range" if "from" in sent or "to" in sent else "last" if "last_days" in sent else "all"
    return {"which": which} | {name: str(value) for name, value in sent.items()}


def ask_once(sent: Mapping[str, Any], user: User, key: str) -> Backtest:
    """The same, or what was asked for under the key before."""
    if not key:
        return ask(sent, user)
    place = f"api:backtest:{user.pk}:{key}"
    named = hashlib.sha256(json.dumps(dict(sent), sort_keys=True, default=str).encode()).hexdigest()
    if not cache.add(place, (named, None), KEPT_S):
        return _before(cache.get(place), named, key)
    try:
        row = ask(sent, user)
    except BaseException:
        cache.delete(place)
        raise
    cache.set(place, (named, row.pk), KEPT_S)
    return row


def _before(kept: Any, named: str, key: str) -> Backtest:
    digest, number = kept or ("", None)
    if kept and digest != named:
        raise KeyReused(f"key {key} was used for another backtest; make a new key")
    row = Backtest.objects.filter(pk=number).first() if number else None
    if row is None:
        raise Problem(409, f"What was asked for under key {key} is on its way; ask again")
    return row
