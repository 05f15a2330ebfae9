"""What every setting is checked with; a ConfigError names the setting, its value and the remedy."""

from typing import Final

from engine.errors import ConfigError
from engine.instruments import INSTRUMENTS
from engine.money import to_units

MOST: Final = 2**31 - 1
"""What compiled code and its times take; far more than any setting means."""
MOST_MONEY: Final = 10**10


def require(ok: bool, what: str) -> None:
    if not ok:
        raise ConfigError(what)


def positive(rules: object, *names: str) -> None:
    for name in names:
        value = getattr(rules, name)
        require(value > 0, f"{type(rules).__name__}.{name} is {value}; it must be above 0")
    not_negative(rules, *names)


def not_negative(rules: object, *names: str) -> None:
    for name in names:
        value = getattr(rules, name)
        require(value >= 0, f"{type(rules).__name__}.{name} is {value}; it cannot be negative")
        require(value <= MOST, f"{type(rules).__name__}.{name} is {value}; at most {MOST}")


def money(rules: object, *names: str) -> None:
    for name in names:
        value = getattr(rules, name)
        try:
            to_units(value)
        except (ValueError, OverflowError):
            raise ConfigError(
                f"{type(rules).__name__}.{name} is {value}; it must be a whole number of 1e-8"
            ) from None
        require(
            abs(value) <= MOST_MONEY,
            f"{type(rules).__name__}.{name} is {value}; at most {MOST_MONEY}",
        )


def known(what: str, symbol: str) -> None:
    require(symbol in INSTRUMENTS, f"{what} is {symbol!r}; known are {', '.join(INSTRUMENTS)}")
