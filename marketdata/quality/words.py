"""A `DataQuality` row as words, for the terminal, the admin and the recap."""

from collections.abc import Iterator
from datetime import datetime

from engine.ticks import NS
from marketdata.calendars import NEW_YORK
from marketdata.models import DataQuality, moment


def figures(row: DataQuality) -> list[tuple[str, str]]:
    """What was found, name and value."""
    return [
        ("Source", row.source + (f" ({marks(row)})" if marks(row) else "")),
        ("Ticks", f"{row.ticks:,}, {row.volume:,} lots" + _span(row)),
        ("Coverage", f"{share(row.coverage)} of trading hours"),
        ("Gaps", gaps(row)),
        ("Duplicates", f"{row.duplicates:,}"),
        ("Out of order", out_of_order(row)),
        ("Bad ticks", bad(row)),
        ("Aggressor unknown", unknown(row)),
        ("Exchange's volume", exchange(row)),
        ("Latency", latency(row)),
    ]


def marks(row: DataQuality) -> str:
    """What the day is not: "" for a real, whole day with sides of the exchange."""
    names = (("synthetic", row.synthetic), ("sides inferred", row.inferred))
    said = [name for name, is_so in (*names, ("still running", not row.complete)) if is_so]
    return ", ".join(said)


def share(value: float) -> str:
    """Never 100 % for less than all."""
    text = f"{value:.2%}"
    return text if value == 1 or text != "100.00%" else "99.99%"


def gaps(row: DataQuality) -> str:
    """How many, and how long."""
    if not row.gap_count:
        return "none"
    longest, whole = seconds(row.longest_gap_ns), seconds(row.gap_ns)
    return f"{row.gap_count:,}, {whole} in all, the longest {longest}"


def gap_lines(row: DataQuality) -> Iterator[str]:
    """The gaps that were kept, New York time."""
    for start, end in row.gaps:
        yield f"{_clock(moment(start))} to {_clock(moment(end))}, {seconds(end - start)}"
    left = row.gap_count - len(row.gaps)
    if left > 0:
        yield f"and {left:,} more"


def out_of_order(row: DataQuality) -> str:
    """How many ticks, and by how much at most."""
    if not row.out_of_order:
        return "none"
    return f"{row.out_of_order:,} ticks, by up to {seconds(row.latest_ns)}"


def bad(row: DataQuality) -> str:
    """By reason."""
    if not row.bad_count:
        return "none"
    kinds = sorted(row.bad.items(), key=lambda item: -item[1])
    return f"{row.bad_count:,}: " + ", ".join(f"{name} {count:,}" for name, count in kinds)


def unknown(row: DataQuality) -> str:
    """The share of the volume."""
    if not row.unknown_volume:
        return "none"
    return f"{row.unknown_volume:,} lots, {row.unknown_volume / row.volume:.2%} of the volume"


def exchange(row: DataQuality) -> str:
    """Against ours."""
    if row.exchange_volume is None:
        return "not known"
    differs = row.volume - row.exchange_volume
    said = f"{row.exchange_volume:,} ({row.exchange_source})"
    return f"{said}, the same" if not differs else f"{said}, ours {differs:+,}"


def latency(row: DataQuality) -> str:
    """Median and tail."""
    if not row.latency_count:
        return "not known: no time of receipt"
    parts = [
        f"{name} {seconds(value)}"
        for name, value in (
            ("median", row.latency_median_ns), ("p99", row.latency_p99_ns),
            ("most", row.latency_max_ns),
        )
        if value is not None
    ]  # fmt: skip
    return ", ".join(parts)


def seconds(ns: int) -> str:
    """As short as it says something."""
    if abs(ns) < NS // 1000:
        return f"{ns / 1000:.0f} us"
    if abs(ns) < NS:
        return f"{ns * 1000 / NS:.1f} ms"
    whole = ns // NS
    if whole < 120:
        return f"{ns / NS:.1f} s"
    return f"{whole // 60:,} min" if whole < 7200 else f"{whole / 3600:.1f} h"


def _clock(at: datetime) -> str:
    return f"{at.astimezone(NEW_YORK):%m-%d %H:%M:%S}"


def _span(row: DataQuality) -> str:
    if row.first_ns is None or row.last_ns is None:
        return ""
    return f", {_clock(moment(row.first_ns))} to {_clock(moment(row.last_ns))} New York"
