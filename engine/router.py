"""Which found pattern may trade in which regime; a rejection names the first rule that failed."""

from functools import cache
from typing import Any, Final

from engine.compiled import inner
from engine.names import Direction, Pattern, Regime

DISABLED, BIAS, STRENGTH, CONFIDENCE = 1, 2, 3, 4
RULE_NAMES: Final = ("", "disabled", "bias", "strength", "confidence")


@inner
def rule_against(f: Any, reading: Any, matrix: Any, rules: Any) -> int:
    """The rule that rejects a found pattern; 0 if none does."""
    if not matrix[f.pattern, reading.regime]:
        return DISABLED
    if matrix[-1, reading.regime] * f.direction < 0:
        return BIAS
    if f.strength < rules.min_strength:
        return STRENGTH
    if reading.confidence < rules.min_confidence:
        return CONFIDENCE
    return 0


@inner
def route(found: Any, n: int, reading: Any, matrix: Any, rules: Any) -> int:
    """Fill `approved` and `rule` of found[:n]; how many were approved."""
    approved = 0
    for k in range(n):
        f = found[k]
        f.rule = rule_against(f, reading[0], matrix, rules)
        if f.rule == 0:
            f.approved = 1
            approved += 1
    return approved


@inner
def count_approved(found: Any, reading: Any, matrix: Any, rules: Any) -> int:
    """How many `route` would approve."""
    approved = 0
    for k in range(len(found)):
        approved += rule_against(found[k], reading, matrix, rules) == 0
    return approved


def rejection(
    rule: int, pattern: Pattern, direction: int, strength: float, regime: Regime,
    confidence: float, min_strength: float, min_confidence: float, reading_reason: str,
) -> str:  # fmt: skip
    """A rejection in words; "" for an approved signal."""
    if rule == DISABLED:
        return _disabled(pattern, regime, reading_reason)
    if rule == BIAS:
        return f"{Direction(direction).name} is against the bias of {regime.name}"
    if rule == STRENGTH:
        return f"strength {strength:.2f} is below {min_strength:.2f}"
    if rule == CONFIDENCE:
        return f"confidence {confidence:.2f} of {regime.name} is below {min_confidence:.2f}"
    return ""


@cache
def _disabled(pattern: Pattern, regime: Regime, reading_reason: str) -> str:
    """The same few texts, most signals' of a day."""
    why = f" ({reading_reason})" if reading_reason else ""
    return f"{pattern.name} is not enabled in {regime.name}{why}"
