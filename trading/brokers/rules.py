"""What a live broker's tasks keep to: limits of orders, and how long they wait for what.

Sizes are lots, times seconds. The limits are a second opinion, apart from the engine's sizing: an
error there must not reach the market. `docs/reconciliation.md` lists them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Final

from django.conf import settings

from engine.instruments import INSTRUMENTS
from trading.errors import OptionError

ALL: Final = "*"


@dataclass(frozen=True, kw_only=True)
class Rules:
    """All that can be set. `max_size` and `max_position` by symbol, "*" for every other."""

    max_size: Mapping[str, int] = field(default_factory=lambda: {ALL: 3})
    max_position: Mapping[str, int] = field(default_factory=lambda: {ALL: 3})
    collar: Decimal = Decimal(1)  # per cent of the last trade
    stale_tick_s: float = 10.0  # no entry on an older last trade
    per_second: int = 5
    per_minute: int = 60
    per_day: int = 500
    entry_age_s: float = 5.0  # an entry is not sent any more when it is older
    entry_tries: int = 3
    answer_s: float = 5.0  # the broker's answer to an order or a question
    state_s: float = 10.0  # its answer to everything at once
    sync_s: float = 2.0  # the journal's way to the disk
    first_wait_s: float = 0.2
    longest_wait_s: float = 5.0
    settle_s: float = 2.0  # after this an order that was sent can be found if it arrived
    escalate_s: float = 15.0  # an exit that is not at the broker by then is a person's matter too
    flat_s: float = 10.0  # a position is gone so long after its exit
    look_s: float = 60.0  # between two reconciliations
    again_s: float = 2.0  # between a difference and the second look at it
    drain_s: float = 20.0  # for what waits when the session ends
    blind_looks: int = 3  # so many failed looks in a row end the entries
    balance_tolerance: Decimal = Decimal(25)

    def size_limit(self, symbol: str) -> int:
        return limit_of(self.max_size, symbol)

    def position_limit(self, symbol: str) -> int:
        return limit_of(self.max_position, symbol)


def limit_of(limits: Mapping[str, int], symbol: str) -> int:
    """A symbol's limit in lots; 0 (nothing may be ordered) when none is set for it."""
    return limits.get(symbol, limits.get(ALL, 0))


def rules() -> Rules:
    """As the settings have them; OptionError for what cannot be meant."""
    return Rules(
        max_size=lots_by_symbol("LIVE_MAX_ORDER_SIZE", settings.LIVE_MAX_ORDER_SIZE),
        max_position=lots_by_symbol("LIVE_MAX_POSITION", settings.LIVE_MAX_POSITION),
        collar=settings.LIVE_PRICE_COLLAR_PERCENT,
        stale_tick_s=settings.LIVE_STALE_TICK_S,
        per_second=settings.LIVE_ORDERS_PER_SECOND,
        per_minute=settings.LIVE_ORDERS_PER_MINUTE,
        per_day=settings.LIVE_ORDERS_PER_DAY,
        entry_age_s=settings.LIVE_ENTRY_AGE_S,
        flat_s=settings.LIVE_FLAT_WITHIN_S,
        look_s=settings.LIVE_RECONCILE_S,
        balance_tolerance=settings.LIVE_BALANCE_TOLERANCE,
    )


def lots_by_symbol(name: str, words: Sequence[str]) -> dict[str, int]:
    """`3` for every symbol, `ES:2` for one."""
    limits = {}
    for word in words:
        symbol, _, number = word.rpartition(":")
        symbol = symbol or ALL
        if not number.isdecimal() or symbol not in (ALL, *INSTRUMENTS):
            raise OptionError(
                f"{name}: {word!r} is not a limit; write a number of lots for every symbol, or "
                "one as ES:2, separated by commas"
            )
        limits[symbol] = int(number)
    return limits
