"""The market regime at a bar's close: inputs, scores, classification.

The score table below is the specification's, row by row; inputs that are not available yet are
NaN, and every comparison with NaN is false, so they score nothing.
"""

from typing import Any, Final

import numpy as np

from engine.compiled import inner
from engine.config import RegimeRules
from engine.events import RegimeReading
from engine.names import Regime

INPUTS: Final = (
    "adx", "adx_slope", "atr", "atr_percentile", "ema_fast", "ema_slow", "vwap_distance",
    "mean_range", "volume_ratio", "cum_delta", "day_volume", "delta_slope",
    "delta_slope_limit",
    "higher_highs", "higher_lows", "lower_highs", "lower_lows", "range_bound",
    "minutes_since_open", "minutes_to_close", "news",
)  # fmt: skip
READING: Final = np.dtype(
    [("regime", np.int64), ("reason", np.int64), ("confidence", np.float64)]
    + [("scores", np.float64, (4,))]
    + [(name, np.float64) for name in INPUTS]
)
REASONS: Final = (
    "",
    "fewer than {min_bars} bars",
    "within {after_open} minutes after the open",
    "within {before_close} minutes before the close",
    "news window",
    "volume below {min_volume_ratio} of its mean",
)
REGIMES: Final = tuple(Regime)
UP, DOWN, RANGING = int(Regime.TRENDING_UP), int(Regime.TRENDING_DOWN), int(Regime.RANGING)
VOLATILE, NO_TRADE = int(Regime.VOLATILE), int(Regime.NO_TRADE)
MINUTE: Final = 60_000_000_000


@inner
def _structure(history: Any, last: int, r: Any) -> None:
    """Steps of highs and lows over five bars: at least three of four."""
    r.higher_highs = r.lower_highs = r.higher_lows = r.lower_lows = np.nan
    if last < 4:
        return
    rising_highs = rising_lows = falling_highs = falling_lows = 0
    for k in range(last - 3, last + 1):
        row, before = history[k], history[k - 1]
        rising_highs += row.high > before.high
        falling_highs += row.high < before.high
        rising_lows += row.low > before.low
        falling_lows += row.low < before.low
    r.higher_highs, r.lower_highs = rising_highs >= 3, falling_highs >= 3
    r.higher_lows, r.lower_lows = rising_lows >= 3, falling_lows >= 3


@inner
def _slope_limit(history: Any, last: int) -> float:
    """Twice the population standard deviation of the last 50 delta slopes; NaN under 10."""
    total = 0.0
    count = 0
    for k in range(max(last - 49, 0), last + 1):
        if not np.isnan(history[k].delta_slope):
            total += history[k].delta_slope
            count += 1
    if count < 10:
        return np.nan
    mean = total / count
    squares = 0.0
    for k in range(max(last - 49, 0), last + 1):
        if not np.isnan(history[k].delta_slope):
            squares += (history[k].delta_slope - mean) ** 2
    return 2.0 * float(np.sqrt(squares / count))


@inner
def _atr_percentile(history: Any, last: int) -> float:
    """Share (0..100) of up to 50 earlier ATR values below this one's."""
    below = 0
    count = 0
    for k in range(max(last - 50, 0), last):
        if not np.isnan(history[k].atr):
            count += 1
            below += history[k].atr < history[last].atr
    return 100.0 * below / count if count else np.nan


@inner
def _inputs(history: Any, last: int, vwap_distance: float, r: Any) -> None:
    row = history[last]
    r.adx, r.atr = row.adx, row.atr
    r.adx_slope = row.adx - history[last - 5].adx if last >= 5 else np.nan
    r.atr_percentile = _atr_percentile(history, last)
    r.ema_fast, r.ema_slow = row.ema_fast, row.ema_slow
    r.vwap_distance = vwap_distance
    r.mean_range = r.volume_ratio = np.nan
    if last >= 4:
        ranges = 0
        for k in range(last - 4, last + 1):
            ranges += history[k].high - history[k].low
        r.mean_range = ranges / 5.0
    if last >= 19:
        volumes = 0
        for k in range(last - 19, last + 1):
            volumes += history[k].volume
        r.volume_ratio = row.volume * 20.0 / volumes
    r.cum_delta = row.cum_delta
    r.delta_slope = row.delta_slope
    r.delta_slope_limit = _slope_limit(history, last)
    _structure(history, last, r)
    inside = 0
    for k in range(max(last - 9, 0), last + 1):
        inside += history[k].inside
    r.range_bound = inside


@inner
def _score(r: Any, small_delta: bool, side_of_vwap: int, near_vwap: bool) -> None:
    """Points of UP, DOWN, RANGING, VOLATILE."""
    adx, rising = r.adx, r.adx_slope > 0
    trend = (2.0 if adx > 25 else 1.0 if adx > 20 else 0.0) + (0.5 if rising else 0.0)
    up = down = trend
    ranging = 2.0 if adx < 20 else 1.0 if adx < 25 else 0.0
    volatile = 1.0 if 20 <= adx <= 25 and r.adx_slope < 0 else 0.0

    up += (1.5 if r.ema_fast > r.ema_slow else 0.0) + (1.0 if side_of_vwap > 0 else 0.0)
    down += (1.5 if r.ema_fast < r.ema_slow else 0.0) + (1.0 if side_of_vwap < 0 else 0.0)
    ranging += 1.0 if near_vwap else 0.0

    higher_highs, higher_lows = r.higher_highs == 1, r.higher_lows == 1
    lower_highs, lower_lows = r.lower_highs == 1, r.lower_lows == 1
    up += 2.0 if higher_highs and higher_lows else 1.0 if higher_lows else 0.0
    down += 2.0 if lower_lows and lower_highs else 1.0 if lower_highs else 0.0
    ranging += 1.5 if r.higher_highs == 0 and r.lower_lows == 0 else 0.0
    ranging += 2.0 if r.range_bound >= 3 else 1.0 if r.range_bound == 2 else 0.0
    volatile += 1.5 if r.mean_range > 1.5 * r.atr else 0.0

    if r.cum_delta > 0:
        up += 1.5 if r.delta_slope > 0 else 0.5
    elif r.cum_delta < 0:
        down += 1.5 if r.delta_slope < 0 else 0.5
    ranging += 1.0 if small_delta else 0.0
    volatile += 1.0 if abs(r.delta_slope) > r.delta_slope_limit else 0.0

    ranging += 1.0 if r.atr_percentile < 50 else 0.0
    volatile += 2.5 if r.atr_percentile > 85 else 1.5 if r.atr_percentile > 70 else 0.0
    volatile += 1.0 if r.volume_ratio > 2 else 0.0
    r.scores[0], r.scores[1], r.scores[2], r.scores[3] = up, down, ranging, volatile


@inner
def _classify(r: Any, bars: int, rules: Any, since_open: int, to_close: int, news: bool) -> None:
    r.reason = 0
    if bars < rules.min_bars:
        r.reason = 1
    elif 0 <= since_open <= rules.after_open:
        r.reason = 2
    elif 0 <= to_close <= rules.before_close:
        r.reason = 3
    elif news:
        r.reason = 4
    elif r.volume_ratio < rules.min_volume_ratio:
        r.reason = 5
    if r.reason:
        r.regime = NO_TRADE
        r.confidence = 1.0
        return
    winner = 0
    for k in range(1, 4):
        if r.scores[k] > r.scores[winner]:
            winner = k
    best = r.scores[winner]
    if best < rules.winning_score:
        r.regime = VOLATILE
        r.confidence = 0.5
        return
    second = 0.0
    for k in range(4):
        if k != winner:
            second = max(second, r.scores[k])
    r.regime = winner
    r.confidence = 0.5 + 0.5 * (best - second) / best


@inner
def read_regime(
    history: Any, last: int, session_notional: int, session_volume: int, day_volume: int,
    since_open: int, to_close: int, news: bool, rules: Any, reading: Any,
) -> None:  # fmt: skip
    """Fill `reading` for row `last`. VWAP is compared exactly: close * volume with notional."""
    r = reading[0]
    # Nothing traded since the session's open was anchored within this bar: no VWAP yet.
    lead = history[last].close * session_volume - session_notional
    known = session_volume > 0
    _inputs(history, last, lead / session_volume if known else np.nan, r)
    r.minutes_since_open = since_open / MINUTE
    r.minutes_to_close = to_close / MINUTE
    r.news = news
    r.day_volume = day_volume
    small_delta = 20 * abs(history[last].cum_delta) < day_volume
    side = 0 if not known or lead == 0 else 1 if lead > 0 else -1
    _score(r, small_delta, side, known and abs(lead) <= 2 * session_volume)
    _classify(r, last + 1, rules, since_open, to_close, news)


def reasons(rules: RegimeRules) -> tuple[str, ...]:
    """REASONS by number, in words with the rules' figures."""
    figures = {
        "min_bars": rules.min_bars,
        "after_open": rules.after_open_s // 60,
        "before_close": rules.before_close_s // 60,
        "min_volume_ratio": f"{rules.min_volume_ratio:.0%}",
    }
    return tuple(reason.format(**figures) for reason in REASONS)


def published(values: tuple[Any, ...], reasons: tuple[str, ...]) -> RegimeReading:
    """A READING record, its numbers one by one, as an event's part with its reason in words."""
    number, reason, confidence, up, down, ranging, volatile, *inputs = values
    return RegimeReading(
        regime=REGIMES[number],
        confidence=confidence,
        scores=(up, down, ranging, volatile),
        inputs={
            name: None if value != value else value
            for name, value in zip(INPUTS, inputs, strict=True)
        },
        reason=reasons[reason],
    )
