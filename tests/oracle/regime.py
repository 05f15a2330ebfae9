"""The regime at a bar's close: inputs, scores, and what they say."""

from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from engine.config import RegimeRules
from engine.names import Regime
from engine.schedule import TradingDay
from engine.ticks import NS
from tests.oracle.bars import Bar
from tests.oracle.indicators import Adx, Atr, Ema, Percentile, deviation, slope

Scores = tuple[float, float, float, float]
"""Points of TRENDING_UP, TRENDING_DOWN, RANGING, VOLATILE."""

Inputs = dict[str, float | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """As `engine.events.RegimeReading`. `reason` is one word: the rule behind NO_TRADE ("bars",
    "open", "close", "news", "volume"), "score" when nothing scored enough, else ""."""

    regime: Regime
    confidence: float
    scores: Scores
    inputs: Inputs
    reason: str = ""


class DayRegime:
    """Reads the regime bar by bar through one trading day."""

    def __init__(self, day: TradingDay, rules: RegimeRules) -> None:
        self.day = day
        self.rules = rules
        self.bars: list[Bar] = []
        self.fast, self.slow = Ema(rules.fast_ema), Ema(rules.slow_ema)
        self.atr, self.adx = Atr(rules.atr_period), Adx(rules.adx_period)
        self.percentile = Percentile(50)
        self.adx_values: list[float | None] = []
        self.slopes: list[float] = []
        self.day_volume = 0

    def read(self, bar: Bar) -> Reading:
        inputs = self.inputs(bar)
        points = scores(inputs)
        reason = no_trade(inputs, bar.end, self.day, self.rules)
        if reason:
            return Reading(
                regime=Regime.NO_TRADE, confidence=1.0, scores=points, inputs=inputs, reason=reason
            )
        regime, confidence, reason = classify(points, self.rules.winning_score)
        return Reading(
            regime=regime, confidence=confidence, scores=points, inputs=inputs, reason=reason
        )

    def inputs(self, bar: Bar) -> Inputs:
        """All figures of the bar that follows the ones seen before; None: not available yet."""
        self.bars.append(bar)
        self.day_volume += bar.volume
        bars = self.bars
        atr = self.atr.update(bar.high, bar.low, bar.close)
        adx = self.adx.update(bar.high, bar.low, bar.close)
        self.adx_values.append(adx)
        adx_before = self.adx_values[-6] if len(self.adx_values) > 5 else None
        delta_slope = delta_limit = None
        if len(bars) >= 10:
            delta_slope = slope([one.cum_delta for one in bars[-10:]])
            self.slopes.append(delta_slope)
            if len(self.slopes) >= 10:
                delta_limit = 2 * deviation(self.slopes[-50:])
        last5, last11, last20 = bars[-5:], bars[-11:], bars[-20:]
        highs, lows = [one.high for one in last5], [one.low for one in last5]
        has5 = len(last5) == 5
        return {
            "bars": len(bars),
            "adx": adx,
            "adx_slope": None if adx is None or adx_before is None else adx - adx_before,
            "atr": atr,
            "atr_percentile": self.percentile.update(atr),
            "ema_fast": self.fast.update(bar.close),
            "ema_slow": self.slow.update(bar.close),
            "vwap_distance": (
                bar.close - bar.session_notional / bar.session_volume
                if bar.session_volume
                else None
            ),
            "mean_range": sum(one.high - one.low for one in last5) / 5 if has5 else None,
            "volume_ratio": (
                bar.volume / (sum(one.volume for one in last20) / 20) if len(last20) == 20 else None
            ),
            "cum_delta": bar.cum_delta,
            "day_volume": self.day_volume,
            "delta_slope": delta_slope,
            "delta_slope_limit": delta_limit,
            "higher_highs": mostly_rising(highs) if has5 else None,
            "higher_lows": mostly_rising(lows) if has5 else None,
            "lower_highs": mostly_rising([-high for high in highs]) if has5 else None,
            "lower_lows": mostly_rising([-low for low in lows]) if has5 else None,
            "range_bound": sum(
                now.high <= before.high and now.low >= before.low
                for before, now in pairwise(last11)
            ),
            "minutes_since_open": (bar.end - self.day.open) / (60 * NS),
            "minutes_to_close": (self.day.close - bar.end) / (60 * NS),
            "news": in_news(bar.end, self.rules),
        }


def mostly_rising(values: list[int]) -> bool:
    """At least 3 of the 4 steps rise strictly."""
    return sum(now > before for before, now in pairwise(values)) >= 3


def in_news(end: int, rules: RegimeRules) -> bool:
    return any(start <= end < stop for start, stop in rules.news)


def no_trade(inputs: Inputs, end: int, day: TradingDay, rules: RegimeRules) -> str:
    """The first reason not to trade at all, or ""."""
    ratio = inputs["volume_ratio"]
    if inputs["bars"] < rules.min_bars:
        return "bars"
    if day.open <= end <= day.open + rules.after_open_s * NS:
        return "open"
    if day.close - rules.before_close_s * NS <= end <= day.close:
        return "close"
    if in_news(end, rules):
        return "news"
    return "volume" if ratio is not None and ratio < rules.min_volume_ratio else ""


def classify(points: Scores, winning: float) -> tuple[Regime, float, str]:
    """Regime, confidence and reason; of equal scores the first regime."""
    best, runner_up = sorted(points, reverse=True)[:2]
    if best < winning:
        return Regime.VOLATILE, 0.5, "score"
    return Regime(points.index(best)), 0.5 + 0.5 * (best - runner_up) / best, ""


TREND_INPUTS: Final = {1: ("higher_highs", "higher_lows"), -1: ("lower_lows", "lower_highs")}
"""By direction: the extremes that the trend makes, and the ones that it keeps on its way."""


def scores(inputs: Inputs) -> Scores:
    return trending(inputs, 1), trending(inputs, -1), ranging(inputs), volatile(inputs)


def trending(inputs: Inputs, way: int) -> float:
    """Points of TRENDING_UP (way +1) or TRENDING_DOWN (-1)."""
    points = 0.0
    adx, adx_slope = inputs["adx"], inputs["adx_slope"]
    if adx is not None:
        points += 2 if adx > 25 else 1 if adx > 20 else 0
    if adx_slope is not None and adx_slope > 0:
        points += 0.5
    fast, slow = inputs["ema_fast"], inputs["ema_slow"]
    if fast is not None and slow is not None and way * (fast - slow) > 0:
        points += 1.5
    distance = inputs["vwap_distance"]
    if distance is not None and way * distance > 0:
        points += 1
    makes, keeps = TREND_INPUTS[way]
    if inputs[makes] and inputs[keeps]:
        points += 2
    elif inputs[keeps]:
        points += 1
    if way * inputs["cum_delta"] > 0:
        delta_slope = inputs["delta_slope"]
        points += 1.5 if delta_slope is not None and way * delta_slope > 0 else 0.5
    return points


def ranging(inputs: Inputs) -> float:
    points = 0.0
    adx = inputs["adx"]
    if adx is not None:
        points += 2 if adx < 20 else 1 if adx < 25 else 0
    distance = inputs["vwap_distance"]
    if distance is not None and abs(distance) <= 2:
        points += 1
    if inputs["higher_highs"] is not None and not (inputs["higher_highs"] or inputs["lower_lows"]):
        points += 1.5
    bound = inputs["range_bound"]
    points += 2 if bound >= 3 else 1 if bound == 2 else 0
    if abs(inputs["cum_delta"]) * 20 < inputs["day_volume"]:
        points += 1
    percentile = inputs["atr_percentile"]
    if percentile is not None and percentile < 50:
        points += 1
    return points


def volatile(inputs: Inputs) -> float:
    points = 0.0
    adx, adx_slope = inputs["adx"], inputs["adx_slope"]
    if adx is not None and adx_slope is not None and 20 <= adx <= 25 and adx_slope < 0:
        points += 1
    mean_range, atr = inputs["mean_range"], inputs["atr"]
    if mean_range is not None and atr is not None and mean_range > 1.5 * atr:
        points += 1.5
    delta_slope, limit = inputs["delta_slope"], inputs["delta_slope_limit"]
    if delta_slope is not None and limit is not None and abs(delta_slope) > limit:
        points += 1
    percentile = inputs["atr_percentile"]
    if percentile is not None:
        points += 2.5 if percentile > 85 else 1.5 if percentile > 70 else 0
    ratio = inputs["volume_ratio"]
    if ratio is not None and ratio > 2:
        points += 1
    return points
