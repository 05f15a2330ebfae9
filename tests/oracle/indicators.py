"""EMA, ATR, ADX and the other figures of the regime, as Wilder and the definitions have them.

What runs on is a small object with `update`, which gives None until the figure exists.
"""

from collections import deque
from math import sqrt


class Ema:
    """First the simple mean of the first n values, then alpha = 2 / (n + 1)."""

    def __init__(self, period: int) -> None:
        self.period = period
        self.first: list[float] = []
        self.value: float | None = None

    def update(self, value: float) -> float | None:
        if self.value is not None:
            self.value += 2 / (self.period + 1) * (value - self.value)
        else:
            self.first.append(value)
            if len(self.first) == self.period:
                self.value = sum(self.first) / self.period
        return self.value


class WilderMean:
    """First the mean of the first n values, then ((n - 1) * previous + value) / n."""

    def __init__(self, period: int) -> None:
        self.period = period
        self.first: list[float] = []
        self.value: float | None = None

    def update(self, value: float) -> float | None:
        if self.value is not None:
            self.value = ((self.period - 1) * self.value + value) / self.period
        else:
            self.first.append(value)
            if len(self.first) == self.period:
                self.value = sum(self.first) / self.period
        return self.value


class WilderSum:
    """First the sum of the first n values, then s - s / n + value."""

    def __init__(self, period: int) -> None:
        self.period = period
        self.count = 0
        self.sum = 0.0

    def update(self, value: float) -> float | None:
        if self.count >= self.period:
            self.sum -= self.sum / self.period
        self.count += 1
        self.sum += value
        return self.sum if self.count >= self.period else None


def true_range(high: int, low: int, close_before: int) -> int:
    return max(high - low, abs(high - close_before), abs(low - close_before))


class Atr:
    """Average true range; the first on bar n + 1, because a true range needs a close before."""

    def __init__(self, period: int) -> None:
        self.mean = WilderMean(period)
        self.close: int | None = None

    def update(self, high: int, low: int, close: int) -> float | None:
        before, self.close = self.close, close
        return None if before is None else self.mean.update(true_range(high, low, before))


class Adx:
    """Average directional index, 0 to 100; the first on bar 2 n."""

    def __init__(self, period: int) -> None:
        self.up = WilderSum(period)
        self.down = WilderSum(period)
        self.ranges = WilderSum(period)
        self.mean = WilderMean(period)
        self.before: tuple[int, int, int] | None = None

    def update(self, high: int, low: int, close: int) -> float | None:
        before, self.before = self.before, (high, low, close)
        if before is None:
            return None
        rise, fall = high - before[0], before[1] - low
        up = self.up.update(rise if rise > fall and rise > 0 else 0)
        down = self.down.update(fall if fall > rise and fall > 0 else 0)
        ranges = self.ranges.update(true_range(high, low, before[2]))
        if up is None or down is None or ranges is None:
            return None
        return self.mean.update(directional_index(up, down, ranges))


def directional_index(up: float, down: float, ranges: float) -> float:
    """DX of smoothed movements and ranges; 0 when nothing moved."""
    if ranges == 0 or up + down == 0:
        return 0.0
    plus, minus = 100 * up / ranges, 100 * down / ranges
    return 100 * abs(plus - minus) / (plus + minus)


class Percentile:
    """The share (0..100) of up to `count` values before this one that are below it."""

    def __init__(self, count: int) -> None:
        self.values: deque[float] = deque(maxlen=count)

    def update(self, value: float | None) -> float | None:
        if value is None:
            return None
        below = sum(other < value for other in self.values)
        share = 100 * below / len(self.values) if self.values else None
        self.values.append(value)
        return share


def slope(values: list[int]) -> float:
    """Least-squares slope per step, from exact sums."""
    n = len(values)
    sum_x = n * (n - 1) // 2
    sum_xx = (n - 1) * n * (2 * n - 1) // 6
    sum_xy = sum(x * y for x, y in enumerate(values))
    return (n * sum_xy - sum_x * sum(values)) / (n * sum_xx - sum_x * sum_x)


def deviation(values: list[float]) -> float:
    """Population standard deviation."""
    mean = sum(values) / len(values)
    return sqrt(sum((value - mean) ** 2 for value in values) / len(values))
