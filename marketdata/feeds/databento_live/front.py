"""Which contract a trading day trades. The rule, all of it:

1. A trading day has one contract from its first tick to its last. It is decided once, when the day
   begins (17:00 New York) or at the first start on that day, and written down.
2. Candidates are the outrights that do not expire before the day ends.
3. The contract is the candidate with the highest volume on the trading day before; of equal ones
   the one that expires first. The volume is what we counted ourselves, if we heard all of that
   day's regular hours; else the exchange's cleared volume of that day; else what we counted.
4. It never goes back to a contract that expires before the one of the day before.
5. Where no volume is known, the contract of the day before stays, if it is a candidate; without
   one (the first day ever) it is the candidate with the highest volume that was heard of the day
   itself before the start; and without any, the candidate that expires first.
6. With a position open the contract of the day before stays for the whole of the next day, if it is
   a candidate.
"""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Final

from marketdata.errors import FeedError

KEPT_DAYS: Final = 30


@dataclass(slots=True)
class DayVolumes:
    """What was heard of a trading day: lots by outright, from when to when (UTC ns)."""

    since: int = 0
    until: int = 0
    volumes: dict[str, int] = field(default_factory=dict)
    contract: str = ""
    reason: str = ""

    def covers(self, start: int, end: int) -> bool:
        """Whether all of a time was heard."""
        return 0 < self.since <= start and self.until >= end


def front_month(
    day_end: int,
    expires: Mapping[str, int],
    *,
    volumes: Mapping[str, int],
    of: str,
    before: str = "",
    heard_today: Mapping[str, int] | None = None,
    holding: bool = False,
) -> tuple[str, str]:
    """The contract of a day that ends at `day_end`, and why; the module has the rule.

    `volumes`: of the day before, `of` says whose count that is. `before`: the day before's
    contract. FeedError when there is no candidate.
    """
    candidates = {name: end for name, end in expires.items() if end >= day_end}
    if not candidates:
        raise FeedError("the gateway names no contract that trades on this day; check the symbol")
    if holding and before in candidates:
        return before, "a position is open"
    kept = candidates
    if before in candidates:
        kept = {name: end for name, end in candidates.items() if end >= candidates[before]}
    traded = {name: volumes.get(name, 0) for name in kept}
    if any(traded.values()):
        best = _most(traded, kept)
        return best, f"volume of the day before ({of}): {_figures(traded)}"
    if before in candidates:
        return before, "no volume of the day before is known"
    today = {name: (heard_today or {}).get(name, 0) for name in kept}
    if any(today.values()):
        return _most(today, kept), f"volume of the day so far: {_figures(today)}"
    return _most({}, kept), "expires first; no volume is known"


def _most(volumes: Mapping[str, int], expires: Mapping[str, int]) -> str:
    return min(expires, key=lambda name: (-volumes.get(name, 0), expires[name], name))


def _figures(volumes: Mapping[str, int], most: int = 3) -> str:
    ordered = sorted(volumes.items(), key=lambda item: (-item[1], item[0]))[:most]
    return ", ".join(f"{name} {volume:,}" for name, volume in ordered)


class FrontFile:
    """The days' contracts and volumes of one symbol, in a file. Written whole or not at all."""

    def __init__(self, path: Path | None) -> None:
        self.path = path
        self.days: dict[date, DayVolumes] = {}
        if path is not None and path.exists():
            self._read(path)

    def day(self, day: date) -> DayVolumes:
        """A day's entry, made when it is new."""
        return self.days.setdefault(day, DayVolumes())

    def save(self, *, durable: bool = False) -> None:
        """Write it, and wait for the disk if `durable`; FeedError when that cannot be done."""
        for old in sorted(self.days)[:-KEPT_DAYS]:
            del self.days[old]
        if self.path is None:
            return
        rows = {
            day.isoformat(): {name: getattr(entry, name) for name in DayVolumes.__slots__}
            for day, entry in sorted(self.days.items())
        }
        unfinished = self.path.with_suffix(f".{os.getpid()}")
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with unfinished.open("w") as file:
                json.dump(rows, file, indent=1)
                if durable:
                    file.flush()
                    os.fsync(file.fileno())
            unfinished.replace(self.path)
        except OSError as error:
            raise FeedError(f"{self.path}: cannot be written: {error.strerror}") from None

    def _read(self, path: Path) -> None:
        try:
            for day, row in json.loads(path.read_text()).items():
                self.days[date.fromisoformat(day)] = DayVolumes(
                    since=int(row["since"]),
                    until=int(row["until"]),
                    volumes={str(name): int(lots) for name, lots in row["volumes"].items()},
                    contract=str(row["contract"]),
                    reason=str(row["reason"]),
                )
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            raise FeedError(
                f"{path}: cannot be read, so the day's contract is not known; correct it, or "
                "remove it to have the contract decided anew"
            ) from None
