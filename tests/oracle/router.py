"""Which signals may be traded in which regime, and the first rule that says no."""

from typing import NamedTuple

from engine.config import RouterRules
from engine.names import Pattern, Regime
from tests.oracle.bars import Bar
from tests.oracle.patterns import Details, Found
from tests.oracle.regime import Reading


class Signal(NamedTuple):
    """As `engine.events.Signal`; `reason` is one word, "" when approved."""

    ts: int
    bar_start: int
    pattern: Pattern
    direction: int
    price: int
    strength: float
    details: Details
    regime: Regime
    confidence: float
    approved: bool
    reason: str


def objection(found: Found, reading: Reading, rules: RouterRules) -> str:
    """The first rule that fails: "disabled", "bias", "strength" or "confidence"; or ""."""
    if reading.regime not in rules.matrix.get(found.pattern, ()):
        return "disabled"
    if rules.bias.get(reading.regime, 0) not in (0, found.direction):
        return "bias"
    if found.strength < rules.min_strength:
        return "strength"
    return "confidence" if reading.confidence < rules.min_confidence else ""


def route(bar: Bar, found: list[Found], reading: Reading, rules: RouterRules) -> list[Signal]:
    """The bar's patterns as signals, in their order."""
    signals = []
    for one in found:
        reason = objection(one, reading, rules)
        signals.append(
            Signal(bar.end, bar.start, *one, reading.regime, reading.confidence, not reason, reason)
        )
    return signals
