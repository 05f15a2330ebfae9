"""The walk in plain Python, written from the definitions alone: slow, and without our generator's
code. What it says is what the compiled one must say."""

from dataclasses import dataclass, field

WORD = 2**64
GAMMA = 0x9E3779B97F4A7C15


def mixed(z: int) -> int:
    """SplitMix64's finaliser, as published."""
    z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) % WORD
    z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) % WORD
    return z ^ (z >> 31)


@dataclass
class Chance:
    seed: int
    path: int

    def below(self, number: int, n: int) -> int:
        key = mixed((mixed((self.seed + GAMMA) % WORD) + self.path * 0xD1342543DE82EF95) % WORD)
        return (mixed((key + (number + 1) * GAMMA) % WORD) >> 32) * n >> 32


def drawn(
    days: list[list[int]], method: str, chance: Chance, length: int, block: int = 1
) -> list[list[int]]:
    """A path's days, each a list of P&L."""
    trades = [pnl for day in days for pnl in day]
    if method == "days":
        path = []
        for d in range(length):
            first = chance.below(d // block, len(days))
            path.append(days[(first + d % block) % len(days)])
        return path
    slots = [len(days[d % len(days)]) for d in range(length)]
    if method == "trades":
        flat = [trades[chance.below(k, len(trades))] for k in range(sum(slots))]
    else:
        flat = list(trades)
        for k in range(len(flat)):
            other = k + chance.below(k, len(flat) - k)
            flat[k], flat[other] = flat[other], flat[k]
    it = iter(flat)
    return [[next(it) for _ in range(count)] for count in slots]


@dataclass
class Path:
    """What one path comes to."""

    opening: int
    ends: list[int] = field(default_factory=list)
    balances: list[int] = field(default_factory=list)
    peaks: list[int] = field(default_factory=list)
    of_day: list[int] = field(default_factory=list)
    wins: list[int] = field(default_factory=list)

    def row(self, limits: list[tuple[int, int]], days: list[list[int]]) -> dict[str, int | float]:
        falls = [peak - at for peak, at in zip(self.peaks, self.balances, strict=True)]
        drawdown = max(falls, default=0)
        deep = max((fall / peak for fall, peak in zip(falls, self.peaks, strict=True)), default=0.0)
        return {
            "final": self.ends[-1],
            "low": min([self.opening, *self.balances]),
            "drawdown": drawdown,
            "depth": deep,
            "streak": self._streak(),
            "under_water": self._under_water(),
            "recovery": self._recovery(falls, drawdown),
            "losing_months": self._losing(21),
            "losing_quarters": self._losing(63),
            "limit_days": self._limit_days(limits, days),
        }

    def _streak(self) -> int:
        text = "".join("L" if pnl < 0 else "." for pnl in self.wins)
        return max(map(len, text.split(".")))

    def _high(self, day: int) -> int:
        return max(
            [
                self.opening,
                *(b for b, d in zip(self.balances, self.of_day, strict=True) if d <= day),
            ]
        )

    def _under_water(self) -> int:
        text = "".join("u" if end < self._high(d) else "." for d, end in enumerate(self.ends))
        return max(map(len, text.split(".")))

    def _recovery(self, falls: list[int], drawdown: int) -> int:
        if not drawdown:
            return 0
        bottom = falls.index(drawdown)
        later = range(bottom + 1, len(falls))
        back = next((i for i in later if self.balances[i] > self.peaks[bottom]), None)
        return -1 if back is None else self.of_day[back] - self.of_day[bottom]

    def _losing(self, length: int) -> int:
        ends = [self.opening, *self.ends]
        return sum(ends[end] < ends[end - length] for end in range(length, len(ends), length))

    def _limit_days(self, limits: list[tuple[int, int]], days: list[list[int]]) -> int:
        count, balance = 0, self.opening
        for day in days:
            made, hit = 0, False
            for pnl in day:
                made += pnl
                balance += pnl
                limit = [limit for start, limit in limits if start <= balance] or [limits[0][1]]
                hit = hit or made <= -limit[-1]
            count += hit
        return count


def walked(
    opening: int, days: list[list[int]], limits: list[tuple[int, int]]
) -> dict[str, int | float]:
    """The measures of a path. `limits`: from which balance on which daily loss limit holds."""
    path, balance, peak = Path(opening), opening, opening
    for number, day in enumerate(days):
        for pnl in day:
            balance += pnl
            peak = max(peak, balance)
            path.balances.append(balance)
            path.peaks.append(peak)
            path.of_day.append(number)
            path.wins.append(pnl)
        path.ends.append(balance)
    return path.row(limits, days)
