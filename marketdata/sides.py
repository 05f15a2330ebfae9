"""The tick rule: who was the aggressor, guessed from prices, for recordings that do not say.

An uptick is a buy, a downtick a sell, an unchanged price repeats the last answer (Lee and Ready,
"Inferring Trade Direction from Intraday Data", 1991, without quotes). Before the first change the
side is unknown. A side made this way is always labelled "inferred".
"""

import numpy as np
import numpy.typing as npt

from engine.ticks import NONE


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
