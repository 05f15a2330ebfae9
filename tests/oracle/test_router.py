"""The routing table and the order in which its rules are asked."""

import pytest

from engine.config import RouterRules
from engine.names import PATTERN_DIRECTION, Pattern, Regime
from tests.oracle.patterns import Found
from tests.oracle.regime import Reading
from tests.oracle.router import objection

REGIMES = (Regime.TRENDING_UP, Regime.TRENDING_DOWN, Regime.RANGING, Regime.VOLATILE)

TABLE = {  # UP, DOWN, RANGING, VOLATILE
    Pattern.BUY_IMBALANCE: "--x-",
    Pattern.SELL_IMBALANCE: "--x-",
    Pattern.STACKED_BUY_IMBALANCE: "---x",
    Pattern.STACKED_SELL_IMBALANCE: "---x",
    Pattern.BUYING_EXHAUSTION: "-xx-",
    Pattern.SELLING_EXHAUSTION: "x-x-",
    Pattern.BUYING_ABSORPTION: "x-x-",
    Pattern.SELLING_ABSORPTION: "-xx-",
    Pattern.BULLISH_DELTA_DIVERGENCE: "x---",
    Pattern.BEARISH_DELTA_DIVERGENCE: "-x--",
    Pattern.UNFINISHED_HIGH: "----",
    Pattern.UNFINISHED_LOW: "----",
    Pattern.UNFINISHED_REVISITED: "----",
}


def verdict(
    pattern: Pattern,
    regime: Regime,
    strength: float = 0.5,
    confidence: float = 0.6,
    rules: RouterRules | None = None,
) -> str:
    found = Found(pattern, int(PATTERN_DIRECTION.get(pattern, 1)), 4800, strength, {})
    reading = Reading(regime=regime, confidence=confidence, scores=(0, 0, 0, 0), inputs={})
    return objection(found, reading, rules or RouterRules())


@pytest.mark.parametrize("pattern", list(Pattern))
def test_table(pattern: Pattern) -> None:
    allowed = [verdict(pattern, regime) == "" for regime in REGIMES]
    assert allowed == [mark == "x" for mark in TABLE[pattern]]
    assert verdict(pattern, Regime.NO_TRADE) == "disabled"


def test_rules_are_asked_in_order() -> None:
    every = RouterRules(matrix=dict.fromkeys(Pattern, REGIMES))
    short, up = Pattern.SELL_IMBALANCE, Regime.TRENDING_UP
    assert verdict(short, up, 0.1, 0.1) == "disabled"
    assert verdict(short, up, 0.1, 0.1, every) == "bias"
    assert verdict(Pattern.BUY_IMBALANCE, up, 0.1, 0.1, every) == "strength"
    assert verdict(Pattern.BUY_IMBALANCE, up, 0.5, 0.1, every) == "confidence"
    assert verdict(Pattern.BUY_IMBALANCE, up, 0.5, 0.6, every) == ""
    assert verdict(Pattern.BUY_IMBALANCE, Regime.TRENDING_DOWN, 1, 1, every) == "bias"
    assert verdict(short, Regime.TRENDING_DOWN, 1, 1, every) == ""


def test_thresholds_are_enough() -> None:
    pattern = Pattern.BUY_IMBALANCE
    assert verdict(pattern, Regime.RANGING, 0.499) == "strength"
    assert verdict(pattern, Regime.RANGING, 0.5, 0.599) == "confidence"
    assert verdict(pattern, Regime.VOLATILE) == "disabled"
