"""Routing: the first rule that fails, in its order, with words for it."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from engine.config import DEFAULT_MATRIX, RouterRules, engine_config
from engine.events import Decision, Signal, SignalDetected
from engine.names import PATTERN_DIRECTION, Pattern, Regime
from engine.router import BIAS, CONFIDENCE, DISABLED, STRENGTH, rejection
from tests.engine.drive import BAR, BUY_BAR, Driven, easy, of

UP, DOWN, RANGING, VOLATILE, NO_TRADE = Regime

SPECIFIED = {
    # pattern: UP, DOWN, RANGING, VOLATILE
    Pattern.BUY_IMBALANCE: "..R.",
    Pattern.SELL_IMBALANCE: "..R.",
    Pattern.STACKED_BUY_IMBALANCE: "...V",
    Pattern.STACKED_SELL_IMBALANCE: "...V",
    Pattern.BUYING_EXHAUSTION: ".DR.",
    Pattern.SELLING_EXHAUSTION: "U.R.",
    Pattern.SELLING_ABSORPTION: ".DR.",
    Pattern.BUYING_ABSORPTION: "U.R.",
    Pattern.BEARISH_DELTA_DIVERGENCE: ".D..",
    Pattern.BULLISH_DELTA_DIVERGENCE: "U...",
    Pattern.UNFINISHED_HIGH: "....",
    Pattern.UNFINISHED_LOW: "....",
    Pattern.UNFINISHED_REVISITED: "....",
}


@pytest.mark.parametrize("pattern", list(Pattern))
def test_the_default_matrix_is_the_specified_one(pattern: Pattern) -> None:
    regimes = {"U": UP, "D": DOWN, "R": RANGING, "V": VOLATILE}
    assert set(DEFAULT_MATRIX[pattern]) == {regimes[c] for c in SPECIFIED[pattern] if c != "."}


def test_default_bias_and_multipliers() -> None:
    rules = RouterRules()
    assert rules.bias == {UP: 1, DOWN: -1, RANGING: 0, VOLATILE: 0}
    assert rules.size_multiplier == {
        UP: 1, DOWN: 1, RANGING: Decimal("0.75"), VOLATILE: Decimal("0.5"),
    }  # fmt: skip
    assert (rules.min_strength, rules.min_confidence) == (0.5, 0.6)
    assert set(PATTERN_DIRECTION) == set(Pattern) - {Pattern.UNFINISHED_REVISITED}


def routed(picture: str = BUY_BAR, **router: Any) -> Signal:
    """The buy imbalance of one bar, whose regime is VOLATILE at confidence 0.5."""
    config = easy()
    config = replace(config, router=replace(config.router, **router))
    driven = Driven(config)
    driven.bar(picture)
    driven.beat(BAR)
    found = [event.signal for event in driven.said(SignalDetected)]
    (signal,) = [one for one in found if one.pattern == Pattern.BUY_IMBALANCE]
    assert bool(of(Decision, driven.events)) == signal.approved
    return signal


def test_approved() -> None:
    signal = routed()
    assert (signal.approved, signal.reason) == (True, "")
    assert (signal.regime, signal.confidence, signal.strength) == (VOLATILE, 0.5, 1.0)


HALF = "4801 | 0 x 20\n4800 | 4 x 0"
"""Ratio 5: strength 0.5."""


@pytest.mark.parametrize(
    ("picture", "router", "reason"),
    [
        (BUY_BAR, {"matrix": {}}, "BUY_IMBALANCE is not enabled in VOLATILE"),
        (BUY_BAR, {"bias": {VOLATILE: -1}}, "LONG is against the bias of VOLATILE"),
        (BUY_BAR, {"bias": {VOLATILE: 1}}, ""),
        (HALF, {"min_strength": 0.5}, ""),
        (HALF, {"min_strength": 0.51}, "strength 0.50 is below 0.51"),
        (BUY_BAR, {"min_confidence": 0.5}, ""),
        (BUY_BAR, {"min_confidence": 0.51}, "confidence 0.50 of VOLATILE is below 0.51"),
        # The first that fails is named.
        (HALF, {"matrix": {}, "bias": {VOLATILE: -1}, "min_strength": 1, "min_confidence": 1},
         "BUY_IMBALANCE is not enabled in VOLATILE"),
        (HALF, {"bias": {VOLATILE: -1}, "min_strength": 1, "min_confidence": 1},
         "LONG is against the bias of VOLATILE"),
        (HALF, {"min_strength": 1, "min_confidence": 1}, "strength 0.50 is below 1.00"),
    ],
)  # fmt: skip
def test_rejections(picture: str, router: dict[str, Any], reason: str) -> None:
    signal = routed(picture, **router)
    assert (signal.reason, signal.approved) == (reason, not reason)


def test_no_trade_says_why_there_is_none() -> None:
    driven = Driven(engine_config("ES"))
    driven.bar(BUY_BAR)
    driven.beat(BAR)
    (signal, *_) = [event.signal for event in driven.said(SignalDetected)]
    assert signal.reason == "BUY_IMBALANCE is not enabled in NO_TRADE (fewer than 21 bars)"


@pytest.mark.parametrize(
    ("rule", "text"),
    [
        (0, ""),
        (DISABLED, "SELL_IMBALANCE is not enabled in RANGING (why)"),
        (BIAS, "SHORT is against the bias of RANGING"),
        (STRENGTH, "strength 0.30 is below 0.50"),
        (CONFIDENCE, "confidence 0.40 of RANGING is below 0.60"),
    ],
)
def test_words_of_a_rejection(rule: int, text: str) -> None:
    assert rejection(rule, Pattern.SELL_IMBALANCE, -1, 0.3, RANGING, 0.4, 0.5, 0.6, "why") == text
