"""Delta divergence: a new extreme of price without the aggression that made the ones before."""

from typing import Any

from engine.compiled import inner
from engine.names import Pattern
from engine.patterns.found import write

BEARISH, BULLISH = int(Pattern.BEARISH_DELTA_DIVERGENCE), int(Pattern.BULLISH_DELTA_DIVERGENCE)


@inner
def _one(history: Any, last: int, bars: int, sign: int, found: Any, n: int) -> int:
    """`sign` +1: highs and falling peaks; -1: lows and rising troughs (mirrored by the sign)."""
    newest = history[last]
    extreme = newest.high if sign > 0 else newest.low
    if sign * newest.delta >= 0:
        return n
    for k in range(last - bars + 1, last):
        before = history[k].high if sign > 0 else history[k].low
        if sign * (extreme - before) <= 0:
            return n
    peaks = 0
    peak_before = 0
    peak_last = 0
    for k in range(last - bars + 2, last + 1):
        value = sign * history[k].delta
        if value > sign * history[k - 1].delta and (
            k == last or value > sign * history[k + 1].delta
        ):
            peaks += 1
            peak_before, peak_last = peak_last, value
    if peaks >= 2 and peak_last < peak_before:
        n = write(
            found, n, BEARISH if sign > 0 else BULLISH, -sign, extreme, 0.7,
            extreme, sign * peak_before, sign * peak_last, 0.0,
        )  # fmt: skip
    return n


@inner
def divergences(history: Any, last: int, rules: Any, found: Any, n: int) -> int:
    """Bearish and bullish divergence of the bars up to `last` (rows of HISTORY)."""
    bars = rules.divergence_bars
    if last + 1 < bars:
        return n
    n = _one(history, last, bars, 1, found, n)
    return _one(history, last, bars, -1, found, n)
