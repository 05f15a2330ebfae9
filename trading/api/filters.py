"""What lists are narrowed to. A parameter that is not known, empty, given twice, or makes no sense
is refused: more than was asked for looks just like the right answer.
"""

import re
from collections.abc import Collection, Iterable
from typing import Any, Final

import django_filters
from django import forms
from django.db.models import Q, QuerySet
from django_filters.rest_framework import DjangoFilterBackend, FilterSet
from drf_spectacular.utils import extend_schema_field
from rest_framework.request import Request

from engine.names import ExitReason, Pattern, Regime
from trading.api.problems import Wrong, invalid
from trading.models import Order, Session
from trading.pages.filters import DIRECTIONS, RESULTS
from trading.pages.trades import ENTERED

NUMBER: Final = re.compile(r"[1-9][0-9]{0,17}", re.ASCII)
DAY: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)
LONGEST: Final = 100
SIDES: Final = {"buy": 1, "sell": -1}
TRUTH: Final = {"true": True, "false": False}


def refuse_unknown(request: Request, known: Collection[str]) -> None:
    """A problem with each parameter that nothing would be done with."""
    wrong: list[Wrong] = []
    for name, values in request.query_params.lists():
        if name not in known:
            words = f"use one of {', '.join(known)}" if known else "leave it out"
            wrong.append(Wrong(name[:60], "is no parameter here", words))
        elif len(values) > 1:
            wrong.append(Wrong(name, f"comes {len(values)} times", "send it once"))
        elif not values[0].strip():
            wrong.append(Wrong(name, "is empty", "leave it out, or send a value"))
    if wrong:
        raise invalid(*wrong)


class StrictFilters(DjangoFilterBackend):  # type: ignore[misc]
    """What django-filter finds wrong, in our words."""

    def filter_queryset(self, request: Any, queryset: Any, view: Any) -> Any:
        made = self.get_filterset(request, queryset, view)
        if made is None:
            return queryset
        if made.is_valid():
            return made.qs
        raise invalid(
            *(
                Wrong.of(name, f"{_shown(request, name)} {' '.join(problems)}")
                for name, problems in made.errors.items()
            )
        )


def _shown(request: Request, name: str) -> str:
    return repr(request.query_params.get(name, "")[:40])


# The kinds of parameters


class DayField(forms.DateField):
    default_error_messages = {"invalid": "is no day; write it like 2024-06-12"}

    def to_python(self, value: Any) -> Any:
        if value and not DAY.fullmatch(value):
            raise forms.ValidationError(self.error_messages["invalid"])
        return super().to_python(value)


class DayFilter(django_filters.DateFilter):  # type: ignore[misc]
    field_class = DayField


class NumberField(forms.Field):
    def to_python(self, value: Any) -> int | None:
        if not value:
            return None
        if not NUMBER.fullmatch(value):
            raise forms.ValidationError("is no number of a row; write it like 12")
        return int(value)


@extend_schema_field({"type": "integer", "minimum": 1, "maximum": 10**18 - 1})
class NumberFilter(django_filters.Filter):  # type: ignore[misc]
    field_class = NumberField


class NameFilter(django_filters.CharFilter):  # type: ignore[misc]
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, max_length=LONGEST, strip=False, **kwargs)


class OneOfField(forms.CharField):
    """One of a few words."""

    def __init__(self, *, words: Iterable[str], **kwargs: Any) -> None:
        self.words = tuple(words)
        super().__init__(strip=False, **kwargs)

    def clean(self, value: Any) -> Any:
        if value and value not in self.words:
            raise forms.ValidationError(f"is not known; it is {', '.join(self.words)}")
        return value or ""


class OneOf(django_filters.Filter):  # type: ignore[misc]
    """`meaning`: what a word stands for in the database, a value or a condition."""

    field_class = OneOfField

    def __init__(self, field: str, words: Iterable[str], meaning: Any = None, **more: Any) -> None:
        self.words, self.meaning = tuple(words), meaning or {}
        super().__init__(field_name=field, words=self.words, **more)

    def filter(self, qs: QuerySet[Any], value: str) -> QuerySet[Any]:
        if not value:
            return qs
        meant = self.meaning.get(value, value)
        return qs.filter(meant if isinstance(meant, Q) else Q(**{self.field_name: meant}))


def one_of(field: str, words: Iterable[str], meaning: Any = None, **more: Any) -> OneOf:
    made = OneOf(field, words, meaning, **more)
    return extend_schema_field({"type": "string", "enum": list(made.words)})(made)


def truth(field: str, **more: Any) -> OneOf:
    made = OneOf(field, TRUTH, TRUTH, **more)
    return extend_schema_field({"type": "boolean"})(made)


def day_range(field: str) -> dict[str, django_filters.Filter]:
    """`from` and `to`, trading days, both included."""
    return {
        "from": DayFilter(field, "gte", help_text="First trading day."),
        "to": DayFilter(field, "lte", help_text="Last trading day."),
    }


def filters(name: str, **made: django_filters.Filter) -> type[FilterSet]:
    """A set of filters by the names that stand in the address; `from` is no name in Python."""
    return type(name, (FilterSet,), dict(made))


# The lists

PATTERNS: Final = tuple(one.name for one in Pattern)
REGIMES: Final = tuple(one.name for one in Regime)


def _of_session(path: str = "session__") -> dict[str, django_filters.Filter]:
    return {
        "account": NameFilter(f"{path}account__name", help_text="Name of the account."),
        "symbol": NameFilter("instrument_id" if not path else f"{path}instrument_id"),
        **day_range(f"{path}day"),
    }


TRADES: Final[dict[str, django_filters.Filter]] = {
    "account": NameFilter("account__name", help_text="Name of the account."),
    "symbol": NameFilter("instrument_id"),
    "session": NumberFilter("session_id", help_text="Id of the session that it closed in."),
    **day_range("day"),
    "pattern": one_of("pattern", PATTERNS),
    "regime": one_of("regime", REGIMES),
    "direction": one_of("direction", DIRECTIONS, DIRECTIONS),
    "exit": one_of("exit_reason", [one.value for one in ExitReason]),
    "result": one_of("net", RESULTS, RESULTS),
}
TradeFilters = filters("TradeFilters", **TRADES, status=one_of("status", ENTERED))
StatisticsFilters = filters("StatisticsFilters", **TRADES)
PositionFilters = filters(
    "PositionFilters",
    account=NameFilter("account__name", help_text="Name of the account."),
    symbol=NameFilter("instrument_id"),
)
OrderFilters = filters(
    "OrderFilters",
    **_of_session() | {"symbol": NameFilter("instrument_id")},
    session=NumberFilter("session_id"),
    trade=NameFilter("trade_id"),
    status=one_of("status", Order.Status.values),
    role=one_of("role", ("entry", "stop", "target", "exit")),
    side=one_of("side", SIDES, SIDES),
)
SignalFilters = filters(
    "SignalFilters",
    **_of_session(),
    session=NumberFilter("session_id"),
    pattern=one_of("pattern", PATTERNS),
    regime=one_of("regime", REGIMES),
    direction=one_of("direction", DIRECTIONS, DIRECTIONS),
    approved=truth("approved", help_text="What the regime filter let through, or not."),
)
SessionFilters = filters(
    "SessionFilters",
    **_of_session("") | day_range("day") | {"account": NameFilter("account__name")},
    status=one_of("status", Session.Status.values),
    mode=one_of("mode", ("paper", "live")),
)
AccountFilters = filters(
    "AccountFilters",
    mode=one_of("mode", ("paper", "live")),
    enabled=truth("enabled"),
)
TierFilters = filters("TierFilters", ladder=one_of("ladder", ("index", "single")))
CommandFilters = filters(
    "CommandFilters",
    account=NameFilter("account__name", help_text="Name of the account."),
    kind=one_of("kind", ("start", "stop", "halt", "resume", "flatten", "kill")),
    status=one_of("status", ("pending", "executing", "done", "refused", "expired", "unknown")),
)
