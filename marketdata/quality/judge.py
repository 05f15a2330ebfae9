"""Good, doubtful or bad: what a day's figures mean for whoever relies on them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from engine.ticks import MAX_LATE_NS, NS
from marketdata.quality.measure import Measured

LEAST_COVERAGE: Final = 0.95
MOST_DIFFERENCE: Final = 100
"""One part in so many of the exchange's volume: 1 %."""
MOST_OFF_BOOK: Final = 20
"""One part in so many of the cleared volume, 5 %: it holds block trades and the like, which are
never in the tape."""
MOST_UNKNOWN: Final = 100
"""One part in so many of the volume without an aggressor: 1 %."""
SLOW: Final = NS


@dataclass(frozen=True, slots=True)
class Verdict:
    """`grade` is good, doubtful or bad; `reasons` say why it is not good, the worst first."""

    grade: str
    reasons: tuple[str, ...]


def judge(
    found: Measured,
    exchange_volume: int | None = None,
    warnings: Sequence[str] = (),
    *,
    cleared: bool = False,
) -> Verdict:
    """By the rules of `docs/data-quality.md`. A running day is judged as far as it has come.
    `cleared`: the exchange's volume is the cleared one, else the sum of its trades."""
    if not found.ticks:
        return Verdict("bad", ("no ticks",))
    bad: list[str] = []
    doubts: list[str] = []
    if found.coverage < LEAST_COVERAGE:
        bad.append(f"{found.coverage:.1%} of trading hours covered")
    if exchange_volume is not None:
        less = exchange_volume - found.volume
        text = f"{_many(abs(less), 'lot')} {'less' if less > 0 else 'more'} than the exchange's "
        text += f"{exchange_volume:,}" + " cleared" * cleared
        if cleared:
            doubts += [text] * (less < 0 or less * MOST_OFF_BOOK > exchange_volume)
        elif less:
            (bad if abs(less) * MOST_DIFFERENCE > exchange_volume else doubts).append(text)
    if found.gaps and found.coverage >= LEAST_COVERAGE:
        longest = max(end - start for start, end in found.gaps) // NS
        doubts.append(f"{_many(len(found.gaps), 'gap')}, the longest {longest:,} s")
    if found.duplicates:
        doubts.append(_many(found.duplicates, "duplicate"))
    if found.bad:
        kinds = ", ".join(f"{name} {count:,}" for name, count in found.bad.most_common())
        doubts.append(f"{_many(found.bad.total(), 'bad tick')}: {kinds}")
    if found.latest > MAX_LATE_NS and "late" not in found.bad:
        doubts.append(f"out of order by up to {found.latest / NS:.1f} s")
    if found.outside:
        doubts.append(f"{_many(found.outside, 'tick')} outside trading hours")
    if found.unknown_volume * MOST_UNKNOWN > found.volume:
        doubts.append(f"{found.unknown_volume / found.volume:.1%} of the volume has no aggressor")
    latency = found.latency
    if latency is not None and latency.p99 > SLOW:
        doubts.append(f"one tick in a hundred came {latency.p99 / NS:.1f} s late or later")
    if latency is not None and latency.negative:
        doubts.append(
            f"{_many(latency.negative, 'tick')} received before they happened: a clock is off"
        )
    doubts.extend(warnings)
    return Verdict("bad" if bad else "doubtful" if doubts else "good", (*bad, *doubts))


def _many(count: int, what: str) -> str:
    return f"{count:,} {what}{'s' if count != 1 else ''}"
