"""Two runs side by side, as `backtests.compare` tells them apart."""

from typing import Any, Final

from backtests import storing
from backtests.compare import compare
from backtests.metrics import DEFINITIONS, Section, Unit, figure_text, value_text
from backtests.models import Backtest

WORDY: Final = (Unit.WORDS, Unit.TABLE)
SEED: Final = 1
"""Of the resampling: the same two runs always say the same."""


def shown(a: Backtest, b: Backtest) -> dict[str, Any]:
    """For the template: figures by section, tests, settings that differ, warnings."""
    found = compare(storing.load(a), storing.load(b), seed=SEED)
    lines = {
        row.name: {
            "label": DEFINITIONS[row.name].label,
            "meaning": DEFINITIONS[row.name].text,
            "a": figure_text(row.name, row.a),
            "b": figure_text(row.name, row.b),
            "difference": row.difference_text if row.difference is not None else "",
            "wordy": DEFINITIONS[row.name].unit in WORDY,
            "better": {1: "b", -1: "a", 0: ""}[row.better],
        }
        for row in found.rows
    }
    return {
        "runs": (("A", a), ("B", b)),
        "a": a,
        "b": b,
        "found": found,
        "tests": [
            {
                "label": test.label,
                "sentence": test.sentence,
                "shown": test.shown,
                "values": [value_text(value, test.unit) for value in (test.a, test.b)],
                "interval": [value_text(end, test.unit) for end in (test.low, test.high)],
                "p": None if test.p_value is None else f"{test.p_value:.3f}",
            }
            for test in found.tests
        ],
        "sections": [
            (section.value, [lines[name] for name, of in DEFINITIONS.items()
                             if of.section is section])
            for section in Section
        ],
    }  # fmt: skip
