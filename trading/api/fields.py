"""How values are written: prices and money as text with all their digits, times as RFC 3339 in UTC
with all their nanoseconds. Read again they are the same."""

from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, ClassVar, Final

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from engine.text import number_text
from engine.ticks import NS
from marketdata.models import moment

DECIMAL: Final = {"type": "string", "format": "decimal", "pattern": r"^-?[0-9]+(\.[0-9]+)?$"}
MOMENT: Final = {"type": "string", "format": "date-time"}


def decimal_text(value: Decimal) -> str:
    """Plain digits, two places at least."""
    return number_text(value, 2)


def nano_text(ns: int) -> str:
    """`2024-06-12T13:30:00.000000001Z`"""
    whole, rest = divmod(int(ns), NS)
    return f"{moment(whole * NS):%Y-%m-%dT%H:%M:%S}.{rest:09d}Z"


def moment_text(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%S.%f}Z"


@extend_schema_field(DECIMAL | {"example": "5300.25"})
class DecimalText(serializers.Field[Any, Any, str, Any]):
    """A price or an amount."""

    def to_representation(self, value: Any) -> str:
        return decimal_text(Decimal(value))


@extend_schema_field(MOMENT | {"example": "2024-06-12T13:30:00.000000001Z"})
class NanoTime(serializers.Field[Any, Any, str, Any]):
    """A time that is kept in nanoseconds."""

    def to_representation(self, value: Any) -> str:
        return nano_text(value)


@extend_schema_field(MOMENT | {"example": "2024-06-12T13:30:00.000001Z"})
class Moment(serializers.Field[Any, Any, str, Any]):
    def to_representation(self, value: Any) -> str:
        return moment_text(value)


class Day(serializers.DateField):
    """A trading day."""

    def to_representation(self, value: date) -> str:
        return value.isoformat()


class Word(serializers.Field[Any, Any, str, Any]):
    """A number of the database under its name: 1 is long."""

    words: ClassVar[Mapping[int, str]]

    def to_representation(self, value: Any) -> str:
        return self.words[value]


class Text(serializers.CharField):
    """Text that was sent as text: a number is no reason."""

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str):
            raise serializers.ValidationError(f"is {str(data)[:40]}; send it as text")
        return str(super().to_internal_value(data))


class Strict(serializers.Serializer[Any]):
    """What may be sent; a name that is not known is refused."""

    def to_internal_value(self, data: Any) -> Any:
        unknown = sorted(set(data) - set(self.fields)) if isinstance(data, Mapping) else []
        if unknown:
            known = ", ".join(self.fields)
            raise serializers.ValidationError(
                {name[:60]: f"is not known; use {known}" for name in unknown}
            )
        return super().to_internal_value(data)
