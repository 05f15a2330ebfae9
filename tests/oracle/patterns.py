"""Patterns at a bar's close, in the table's order.

Rules see rows of `row_ticks` prices: row r holds r*N .. r*N+N-1 and is named by its lowest price.
Closes, highs and lows stay single ticks: the close position and the divergences use them.
"""

from typing import NamedTuple

from engine.config import PatternRules
from engine.names import PATTERN_DIRECTION, Direction, Pattern
from tests.oracle.bars import Bar

Details = dict[str, int | float | str]
Unfinished = tuple[int, int]
"""A remembered unfinished level: price of its row, direction."""


class Found(NamedTuple):
    """One pattern in one bar."""

    pattern: Pattern
    direction: int
    price: int
    strength: float
    details: Details


class Row(NamedTuple):
    bid: int
    ask: int
    unknown: int


NOTHING = Row(0, 0, 0)


class Ladder:
    """A bar's rows by number; a row that did not trade is empty."""

    def __init__(self, bar: Bar, row_ticks: int) -> None:
        self.row_ticks = row_ticks
        self.rows: dict[int, Row] = {}
        for price, bid, ask, unknown in bar.levels:
            row = price // row_ticks
            old = self.rows.get(row, NOTHING)
            self.rows[row] = Row(old.bid + bid, old.ask + ask, old.unknown + unknown)
        self.low = min(self.rows)
        self.high = max(self.rows)

    def __getitem__(self, row: int) -> Row:
        return self.rows.get(row, NOTHING)

    def price(self, row: int) -> int:
        return row * self.row_ticks


class Imbalance(NamedTuple):
    row: int
    volume: int
    against: int

    @property
    def ratio(self) -> float:
        return self.volume / max(self.against, 1)


def find_patterns(
    bar: Bar, before: list[Bar], unfinished: list[Unfinished], rules: PatternRules, row_ticks: int
) -> list[Found]:
    """All patterns of a bar. Sets its imbalances, and brings `unfinished` up to date.

    `before`: the trading day's earlier bars. `unfinished`: remembered levels, oldest first.
    """
    ladder = Ladder(bar, row_ticks)
    buys, sells = imbalances(ladder, rules)
    bar.buy_imbalances = tuple(ladder.price(found.row) for found in buys)
    bar.sell_imbalances = tuple(ladder.price(found.row) for found in sells)
    window = [*before[-(rules.divergence_bars - 1) :], bar]
    return [
        *single(Pattern.BUY_IMBALANCE, buys, ladder),
        *single(Pattern.SELL_IMBALANCE, sells, ladder),
        *stacks(Pattern.STACKED_BUY_IMBALANCE, buys, ladder, rules),
        *stacks(Pattern.STACKED_SELL_IMBALANCE, sells, ladder, rules),
        *exhaustion(Pattern.BUYING_EXHAUSTION, ladder, rules),
        *exhaustion(Pattern.SELLING_EXHAUSTION, ladder, rules),
        *absorption(Pattern.SELLING_ABSORPTION, bar, ladder, rules),
        *absorption(Pattern.BUYING_ABSORPTION, bar, ladder, rules),
        *bearish_divergence(window, rules),
        *bullish_divergence(window, rules),
        *(ended := unfinished_ends(ladder, rules)),
        *revisited(ended, ladder, unfinished, rules),
    ]


def found(pattern: Pattern, price: int, strength: float, details: Details) -> Found:
    return Found(pattern, int(PATTERN_DIRECTION[pattern]), price, strength, details)


def imbalances(ladder: Ladder, rules: PatternRules) -> tuple[list[Imbalance], list[Imbalance]]:
    """Buy and sell imbalances of a bar, each from the lowest row up."""
    buys, sells = [], []
    for row in sorted(ladder.rows):
        bid, ask, _ = ladder[row]
        below, above = ladder[row - 1].bid, ladder[row + 1].ask
        if row > ladder.low and ask >= rules.min_volume and ask >= rules.ratio * max(below, 1):
            buys.append(Imbalance(row, ask, below))
        if row < ladder.high and bid >= rules.min_volume and bid >= rules.ratio * max(above, 1):
            sells.append(Imbalance(row, bid, above))
    return buys, sells


def single(pattern: Pattern, side: list[Imbalance], ladder: Ladder) -> list[Found]:
    """One signal for all of a side: the highest ratio, then the larger volume, then the lower."""
    if not side:
        return []
    best = min(side, key=lambda one: (-one.ratio, -one.volume, one.row))
    details: Details = {
        "volume": best.volume,
        "against": best.against,
        "ratio": best.ratio,
        "count": len(side),
    }
    return [found(pattern, ladder.price(best.row), min(best.ratio / 10, 1.0), details)]


def stacks(
    pattern: Pattern, side: list[Imbalance], ladder: Ladder, rules: PatternRules
) -> list[Found]:
    """One signal for each longest run of adjacent rows, from the lowest up."""
    runs: list[list[int]] = []
    for one in side:
        if runs and one.row == runs[-1][-1] + 1:
            runs[-1].append(one.row)
        else:
            runs.append([one.row])
    signals = []
    for run in runs:
        if len(run) < rules.stack_levels:
            continue
        low, high = ladder.price(run[0]), ladder.price(run[-1])
        price = low if pattern == Pattern.STACKED_BUY_IMBALANCE else high
        details: Details = {"low": low, "high": high, "count": len(run)}
        signals.append(found(pattern, price, min(len(run) / 5, 1.0), details))
    return signals


def exhaustion(pattern: Pattern, ladder: Ladder, rules: PatternRules) -> list[Found]:
    """Volume that dries up towards the extreme. At the extreme's price."""
    if pattern == Pattern.BUYING_EXHAUSTION:
        extreme, inwards = ladder.high, -1
        volumes = {row: traded.ask for row, traded in ladder.rows.items()}
    else:
        extreme, inwards = ladder.low, 1
        volumes = {row: traded.bid for row, traded in ladder.rows.items()}
    run = [volumes[extreme]]
    if run[0] == 0:
        return []
    while len(run) < rules.exhaustion_max_levels:
        inner = volumes.get(extreme + inwards * len(run), 0)
        if inner <= run[-1]:
            break
        run.append(inner)
    last, first = run[0], run[-1]
    fall = (first - last) / first
    if len(run) < rules.exhaustion_levels or fall < rules.exhaustion_fall:
        return []
    details: Details = {"levels": len(run), "first": first, "last": last}
    return [found(pattern, ladder.price(extreme), fall, details)]


def absorption(pattern: Pattern, bar: Bar, ladder: Ladder, rules: PatternRules) -> list[Found]:
    """Aggressors that met a wall at the extreme and lost the bar. At the extreme's price."""
    position = (bar.close - bar.low) / (bar.high - bar.low) if bar.high > bar.low else 0.5
    reach = range(rules.absorption_levels)
    if pattern == Pattern.SELLING_ABSORPTION:
        extreme = ladder.high
        rows = [ladder[extreme - step] for step in reach]
        aggressive, rejected = sum(row.ask for row in rows), 1 - position
    else:
        extreme = ladder.low
        rows = [ladder[extreme + step] for step in reach]
        aggressive, rejected = sum(row.bid for row in rows), position
    volume = sum(sum(row) for row in rows)
    if volume < rules.min_absorption or rejected <= 0.5:
        return []
    share = aggressive / volume
    if share < rules.absorption_share:
        return []
    strength = min(rejected * aggressive / rules.min_absorption / 2, 1.0)
    details: Details = {"volume": volume, "share": share, "close_position": position}
    return [found(pattern, ladder.price(extreme), strength, details)]


def peaks(values: list[int]) -> list[int]:
    """Values above both neighbours; the last one if above the one before; never the first."""
    inner = [
        value
        for before, value, after in zip(values, values[1:], values[2:], strict=False)
        if before < value > after
    ]
    return [*inner, values[-1]] if values[-1] > values[-2] else inner


def bearish_divergence(window: list[Bar], rules: PatternRules) -> list[Found]:
    bar = window[-1]
    if len(window) < rules.divergence_bars or bar.delta >= 0:
        return []
    tops = peaks([one.delta for one in window])
    if bar.high <= max(one.high for one in window[:-1]) or len(tops) < 2 or tops[-1] >= tops[-2]:
        return []
    details: Details = {"extreme": bar.high, "peak_before": tops[-2], "peak_last": tops[-1]}
    return [found(Pattern.BEARISH_DELTA_DIVERGENCE, bar.high, 0.7, details)]


def bullish_divergence(window: list[Bar], rules: PatternRules) -> list[Found]:
    """The mirror: a new low, while the delta's troughs rise."""
    bar = window[-1]
    if len(window) < rules.divergence_bars or bar.delta <= 0:
        return []
    troughs = [-value for value in peaks([-one.delta for one in window])]
    if bar.low >= min(one.low for one in window[:-1]):
        return []
    if len(troughs) < 2 or troughs[-1] <= troughs[-2]:
        return []
    details: Details = {"extreme": bar.low, "peak_before": troughs[-2], "peak_last": troughs[-1]}
    return [found(Pattern.BULLISH_DELTA_DIVERGENCE, bar.low, 0.7, details)]


def unfinished_ends(ladder: Ladder, rules: PatternRules) -> list[Found]:
    """Ends of the bar at which both sides traded: sellers at the high, buyers at the low."""
    ends = []
    for pattern, row, volume in (
        (Pattern.UNFINISHED_HIGH, ladder.high, ladder[ladder.high].bid),
        (Pattern.UNFINISHED_LOW, ladder.low, ladder[ladder.low].ask),
    ):
        if volume > rules.unfinished_volume:
            ends.append(found(pattern, ladder.price(row), 0.6, {"volume": volume}))
    return ends


def revisited(
    ended: list[Found], ladder: Ladder, unfinished: list[Unfinished], rules: PatternRules
) -> list[Found]:
    """Remembered levels that traded, oldest first; then the bar's own are remembered."""
    signals, kept = [], []
    for price, direction in unfinished:
        if price // ladder.row_ticks in ladder.rows:
            side = "high" if direction == Direction.LONG else "low"
            details: Details = {"level": price, "side": side}
            signals.append(Found(Pattern.UNFINISHED_REVISITED, direction, price, 0.5, details))
        else:
            kept.append((price, direction))
    own = [(one.price, one.direction) for one in ended]
    kept = [level for level in kept if level not in own] + own
    unfinished[:] = kept[-rules.unfinished_memory :]
    return signals
