"""Where the open position's stop was asked to be since when: a page that joins draws its way."""

from collections.abc import Sequence
from typing import Final

from engine.events import AmendRejected, Event, OrderAmend, PositionOpened
from engine.names import ExitReason
from trading import wire

MOST_MOVES: Final = 100
"""Told of one position: the first, and the latest."""
MOVES: Final = (ExitReason.BREAK_EVEN, ExitReason.TRAILING_STOP)


class Stops:
    """The moves of the stop of the position that was opened last."""

    def __init__(self) -> None:
        self._trade = ""
        self._moves: list[list[int]] = []

    def see(self, events: Sequence[Event]) -> None:
        for event in events:
            match event:
                case PositionOpened(ts=ts, trade_id=trade, stop=stop):
                    if trade != self._trade:
                        self._trade, self._moves = trade, []
                    self._add(ts, stop)
                case OrderAmend(ts=ts, trade_id=trade, price=price, reason=reason):
                    if trade == self._trade and reason in MOVES:
                        self._add(ts, price)
                case AmendRejected(ts=ts, id=order, trade_id=trade, price=price):
                    if trade == self._trade and order.endswith("-S"):
                        self._add(ts, price)

    def to_wire(self, trade: str) -> list[list[int]]:
        """`[[ms, ticks], ...]` of a trade's stop, the first at its entry; empty if unknown."""
        return list(self._moves) if trade == self._trade else []

    def _add(self, ts: int, stop: int) -> None:
        if self._moves and self._moves[-1][1] == stop:
            return
        self._moves.append([ts // wire.MS, int(stop)])
        if len(self._moves) > MOST_MOVES:
            del self._moves[1]
