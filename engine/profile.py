"""Volume profile: point of control and value area of a bar's dense levels.

The value area is the market-profile method: pairs of prices from the POC outwards until 70 % of
the volume is in (Steidlmayer; CBOT Market Profile handbook), not the busiest prices by rank.
"""

from typing import Any

from engine.compiled import njit


@njit
def point_of_control(total: Any) -> int:
    """Index of the most volume; of equals the nearest to the middle, then the lower."""
    best = 0
    last = len(total) - 1
    for k in range(1, len(total)):
        nearer = abs(2 * k - last) < abs(2 * best - last)
        if total[k] > total[best] or (total[k] == total[best] and nearer):
            best = k
    return best


@njit
def value_area(total: Any, poc: int) -> Any:
    """Indices (low, high) of the 70 % value area around `poc`."""
    n = len(total)
    volume = total.sum()
    inside = total[poc]
    low = high = poc
    while 10 * inside < 7 * volume:
        above = 0
        below = 0
        for step in range(1, 3):
            if high + step < n:
                above += total[high + step]
            if low - step >= 0:
                below += total[low - step]
        if (above >= below and high < n - 1) or low == 0:
            inside += above
            high = min(high + 2, n - 1)
        else:
            inside += below
            low = max(low - 2, 0)
    return low, high
