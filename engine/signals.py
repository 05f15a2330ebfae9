"""A bar's signals, as they are published: found patterns, with what the router said of each."""

from typing import Final

from engine.config import EngineConfig
from engine.events import Signal
from engine.names import Pattern
from engine.patterns import FOUND, details_of
from engine.regime import REGIMES, reasons
from engine.router import rejection
from engine.tables import layout

PATTERNS: Final = tuple(Pattern)
FOUND_NUMBERS: Final = layout(FOUND)


class SignalReader:
    """Makes signals of FOUND records."""

    def __init__(self, config: EngineConfig) -> None:
        self.reasons = reasons(config.regime)
        self._router = config.router
        self._time_bars = config.bars.kind == "time"

    def read(
        self,
        index: int,
        start: int,
        end: int,
        reading: tuple[int, int, float],
        found: memoryview,
        approved_only: bool,
    ) -> list[Signal]:
        """Those of the day's bar `index`, in the order of the pattern table; `reading` is its
        regime, reason and confidence, `found` the words of its records."""
        bar_id = str(start) if self._time_bars else f"{start}.{index}"
        number, reason, confidence = reading
        regime, router = REGIMES[number], self._router
        signals = []
        for k, record in enumerate(FOUND_NUMBERS.iter_unpack(found)):
            kind, direction, price, strength, *details, approved, rule = record
            if approved_only and not approved:
                continue
            pattern = PATTERNS[kind]
            signals.append(
                Signal(
                    id=f"{bar_id}-{k}",
                    ts=end,
                    bar_start=start,
                    pattern=pattern,
                    direction=direction,
                    price=price,
                    strength=strength,
                    details=details_of(pattern, details),
                    regime=regime,
                    confidence=confidence,
                    approved=bool(approved),
                    reason=rejection(
                        rule, pattern, direction, strength, regime, confidence,
                        router.min_strength, router.min_confidence, self.reasons[reason],
                    ),
                )
            )  # fmt: skip
        return signals
