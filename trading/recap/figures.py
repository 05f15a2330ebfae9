"""What a set of closed trades made, exactly.

Sums are made here and not by the database: SQLite adds floats.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Final

ZERO: Final = Decimal(0)
CENT: Final = Decimal("0.01")

DEFINITIONS: Final = {
    "count": "Closed trades. A trade is a bracket from its entry to its exit.",
    "net": "Gross P&L less fees, summed over the closed trades.",
    "gross": "P&L before fees.",
    "fees": "Commissions and exchange fees of entries and exits.",
    "win_rate": "Trades with a net above zero, divided by all closed trades.",
    "profit_factor": "Sum of the nets above zero divided by the sum of those below zero, without "
    "its sign. Above 1 is a gain. Unknown without a losing trade.",
    "expectancy": "Net divided by the number of closed trades: what one trade made on average.",
    "average_win": "Mean net of the trades with a net above zero.",
    "average_loss": "Mean net of the trades with a net below zero.",
    "drawdown": "Largest fall of the summed net from its highest point, trade by trade.",
}


@dataclass(frozen=True, kw_only=True)
class Figures:
    """Sums over closed trades. What cannot be said of none is None."""

    count: int = 0
    wins: int = 0
    losses: int = 0
    gross: Decimal = ZERO
    fees: Decimal = ZERO
    won: Decimal = ZERO
    lost: Decimal = ZERO  # below zero
    drawdown: Decimal = ZERO  # zero or above

    @property
    def net(self) -> Decimal:
        return self.won + self.lost

    @property
    def win_rate(self) -> Decimal | None:
        return Decimal(self.wins) / self.count if self.count else None

    @property
    def profit_factor(self) -> Decimal | None:
        return self.won / -self.lost if self.lost else None

    @property
    def expectancy(self) -> Decimal | None:
        return _cents(self.net / self.count) if self.count else None

    @property
    def average_win(self) -> Decimal | None:
        return _cents(self.won / self.wins) if self.wins else None

    @property
    def average_loss(self) -> Decimal | None:
        return _cents(self.lost / self.losses) if self.losses else None


def figures(rows: Iterable[tuple[Decimal, Decimal, Decimal]]) -> Figures:
    """Of (gross, fees, net) of closed trades, in order of time."""
    count = wins = losses = 0
    gross = fees = won = lost = total = high = fall = ZERO
    for its_gross, its_fees, net in rows:
        count += 1
        gross += its_gross
        fees += its_fees
        total += net
        high = max(high, total)
        fall = max(fall, high - total)
        if net > 0:
            wins += 1
            won += net
        elif net < 0:
            losses += 1
            lost += net
    return Figures(
        count=count, wins=wins, losses=losses, gross=gross, fees=fees, won=won, lost=lost,
        drawdown=fall,
    )  # fmt: skip


def _cents(value: Decimal) -> Decimal:
    return value.quantize(CENT, rounding=ROUND_HALF_EVEN)
