"""One setting's value from text and back, by its type.

>>> scalar(int).read("300"), scalar(bool).read("off"), scalar(Regime).read("RANGING")
(300, False, <Regime.RANGING: 2>)

Numbers are plain digits; a Decimal never passes through a float.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import Enum
from math import isfinite
from typing import Annotated, Any, Final

from engine.text import number_text

Window = Annotated[tuple[int, int], "UTC ns: [from, to)"]
"""A stretch of time. As settings it is `from` and `to` (`engine.times`)."""

LONGEST: Final = 100
"""Characters in a text."""

_WHOLE: Final = re.compile(r"[+-]?[0-9]{1,18}")
_EXACT: Final = re.compile(r"[+-]?[0-9]{1,18}(\.[0-9]{1,18})?")
_NUMBER: Final = re.compile(r"[+-]?([0-9]{1,30}\.?[0-9]{0,30}|\.[0-9]{1,30})([eE][+-]?[0-9]{1,3})?")
_SWITCH: Final[Mapping[str, bool]] = {
    "true": True, "on": True, "yes": True, "1": True,
    "false": False, "off": False, "no": False, "0": False,
}  # fmt: skip


@dataclass(frozen=True)
class Scalar:
    """How a type is read from text (ValueError: it is not `what` it must be) and written."""

    what: str
    read: Callable[[str], Any]
    write: Callable[[Any], str]


def decimal_text(value: Decimal) -> str:
    """One text for all equal Decimals."""
    return number_text(value or Decimal(0), 0)


def _matching(pattern: re.Pattern[str], make: Callable[[str], Any]) -> Callable[[str], Any]:
    def read(text: str) -> Any:
        if not pattern.fullmatch(text):
            raise ValueError(text)
        return make(text)

    return read


def _float(text: str) -> float:
    value = float(text)
    if not isfinite(value):
        raise ValueError(text)
    return value


def _bool(text: str) -> bool:
    if text.lower() not in _SWITCH:
        raise ValueError(text)
    return _SWITCH[text.lower()]


def _str(text: str) -> str:
    if len(text) > LONGEST or not text.isprintable():
        raise ValueError(text)
    return text


_SCALARS: Final[Mapping[object, Scalar]] = {
    int: Scalar("a whole number", _matching(_WHOLE, int), str),
    float: Scalar("a number", _matching(_NUMBER, _float), lambda value: repr(float(value))),
    Decimal: Scalar("a number in plain digits", _matching(_EXACT, Decimal), decimal_text),
    bool: Scalar("true or false", _bool, lambda value: str(value).lower()),
    str: Scalar(f"printable text of at most {LONGEST} characters", _str, str),
}


def scalar(kind: object) -> Scalar | None:
    """How values of a type are read and written; None for types that are more than one value."""
    if isinstance(kind, type) and issubclass(kind, Enum):
        names = kind.__members__

        def read(text: str) -> Enum:
            if text not in names:
                raise ValueError(text)
            return names[text]

        return Scalar(f"one of {', '.join(names)}", read, lambda value: kind(value).name)
    return _SCALARS.get(kind)
