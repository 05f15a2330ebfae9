"""Who was the aggressor, guessed for recordings that do not say. A side made here is always
labelled "inferred".

- The tick rule asks prices alone: an uptick is a buy, a downtick a sell, an unchanged price repeats
  the last answer. Before the first change the side is unknown.
- The quote rule asks the quotes beside a trade: nearer to the ask is a buy, nearer to the bid a
  sell; half way between, or without two quotes that are apart, the side is unknown.

Both are of Lee and Ready, "Inferring Trade Direction from Intraday Data", 1991. Theirs asks the
tick rule half way between the quotes; here nothing is guessed twice.
"""

from typing import Final, Literal

import numpy as np
import numpy.typing as npt

from engine.ticks import NONE

Inference = Literal["tick-rule", "quotes"]

INFERENCES: Final[dict[str, str]] = {
    "tick-rule": "sides are inferred by the tick rule",
    "quotes": "sides are inferred from the quotes beside the trades",
}
"""The ways to infer, and what is said of what they made."""


class TickRule:
    """Infers block after block; carries the last price and side from one to the next.

    >>> TickRule()(np.array([10, 10, 11, 11, 10], np.int32)).tolist()
    [0, 0, 1, 1, -1]
    """

    def __init__(self) -> None:
        self._price: int | None = None
        self._side = NONE

    def __call__(self, price: npt.NDArray[np.int32]) -> npt.NDArray[np.int8]:
        """The sides (+1, -1, 0) of trades at these prices."""
        if not len(price):
            return np.empty(0, np.int8)
        first = self._price if self._price is not None else int(price[0])
        steps = np.sign(np.diff(price.astype(np.int64), prepend=first)).astype(np.int8)
        # Where a zero tick's answer comes from: the latest trade that moved, or before this block.
        moved = np.maximum.accumulate(np.where(steps != 0, np.arange(len(steps)), -1))
        sides = np.where(moved >= 0, steps[moved], np.int8(self._side)).astype(np.int8)
        self._price, self._side = int(price[-1]), int(sides[-1])
        return sides


def from_quotes(
    price: npt.NDArray[np.int64], bid: npt.NDArray[np.int64], ask: npt.NDArray[np.int64]
) -> npt.NDArray[np.int8]:
    """The sides (+1, -1, 0) of trades between these quotes, all in one unit; no quote is <= 0 or
    Databento's UNDEF_PRICE.

    >>> from_quotes(*np.array([[10, 12, 11, 13, 9], [10] * 5, [12] * 5])).tolist()
    [-1, 1, 0, 1, -1]
    """
    apart = (bid > 0) & (ask > bid) & (ask < UNDEFINED)
    # Twice the distance from the middle, without a sum that could overflow.
    lean = np.sign((price - bid) - (ask - price))
    return np.where(apart, lean, 0).astype(np.int8)


UNDEFINED: Final = 2**63 - 1
