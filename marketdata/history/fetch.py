"""The trades of a span of time: all of them, or a HistoryError.

A stream that was cut goes on after its last whole record, if that is provably right: Databento
selects and orders by the time of receipt, so the rest is asked for from the last record's time of
receipt on, and has to begin with exactly the bytes that came with that time before. If it does not,
or if records came out of order, everything is asked for again, and paid again; that is said.

A stream that ended in order, but with fewer records than Databento counts, is asked for its rest in
the same way; when nothing more comes, that is how many there are, and the difference is a warning.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

from marketdata.errors import HistoryError
from marketdata.history.api import Broken, HistoryApi, Span
from marketdata.history.records import Read, Records, records, scan

MOST_CUTS: Final = 20
MOST_IDLE: Final = 3
"""Cuts in a row after which nothing new had come."""

Tell = Callable[[str], None]


@dataclass(slots=True)
class Part:
    """One file, and how many of its first records the files before it have already."""

    path: Path
    skip: int
    read: Read


@dataclass(slots=True)
class Fetched:
    """A span's trades in files. `paid`: records that were sent, some of them perhaps twice."""

    span: Span
    parts: list[Part] = field(default_factory=list)
    paid: int = 0
    warnings: list[str] = field(default_factory=list)

    @property
    def count(self) -> int:
        """Records, each once."""
        return sum(part.read.count - part.skip for part in self.parts)

    def records(self) -> Iterator[Records]:
        """All of them, once, in order."""
        for part in self.parts:
            left = part.skip
            for found in records(part.path, self.span.contract, Read()):
                if left < len(found):
                    yield found[left:]
                left = max(0, left - len(found))


class Fetch:
    """One span into files of a folder, which exists and is empty. `again` is called before so many
    records are paid a second time; it may refuse."""

    def __init__(
        self,
        api: HistoryApi,
        span: Span,
        folder: Path,
        tell: Tell,
        again: Callable[[int], None] = lambda records: None,
    ) -> None:
        self.api = api
        self.folder = folder
        self.fetched = Fetched(span)
        self._tell = tell
        self._ask_again = again
        self._files = 0
        self._begun_again = False

    @property
    def path(self) -> Path:
        """The file that is being written, or was last."""
        return self.folder / f"{self._files}.dbn.zst"

    def run(self, expected: int) -> Fetched:
        """Fetch; `expected` records, as Databento counts them."""
        fetched, cuts, idle = self.fetched, 0, 0
        while True:
            before = fetched.count
            cut = self._attempt()
            new = fetched.count - before
            if cut is None:
                if fetched.count >= expected or self._all_there(new):
                    break
                cut = Broken(f"{fetched.count:,} of {expected:,} trades came")
            cuts, idle = cuts + 1, 0 if new > 0 else idle + 1
            if cuts > MOST_CUTS or idle >= MOST_IDLE:
                raise HistoryError(
                    f"{fetched.span.contract}: {cut}, and going on was in vain; try again later"
                )
            self._tell(f"{cut}; going on after {fetched.count:,} trades")
        if fetched.count != expected:
            fetched.warnings.append(
                f"Databento counts {expected:,} trades, and {fetched.count:,} came"
            )
        return fetched

    def _all_there(self, new: int) -> bool:
        """Whether fewer than expected are all there are: nothing more comes, or asking for more
        would prove nothing."""
        parts = self.fetched.parts
        return bool(parts) and (not new or not parts[-1].read.ordered)

    def _attempt(self) -> Broken | None:
        """Ask for what is missing; how the stream broke off, None when it ended in order."""
        fetched = self.fetched
        before = fetched.parts[-1].read if fetched.parts else None
        self._files += 1
        start = before.last if before else fetched.span.start
        cut = None
        try:
            self.api.download(replace(fetched.span, start=start), self.path)
        except Broken as error:
            cut = error
        read = scan(self.path, fetched.span.contract)
        fetched.paid += read.count
        if cut is None and not read.whole:
            cut = Broken("the stream ended early")
        part = Part(self.path, 0, read)
        if before is not None:
            begin = self._begin(len(before.tail))
            if len(begin) < len(before.tail) and cut is not None:
                return cut  # not yet as far as it was
            if begin != before.tail:
                self._again("what Databento sent before the cut came differently after it")
                return Broken("the day begins again")
            part.skip = before.same
        if cut is not None and not read.ordered:
            self._again("the trades did not come in the order of their receipt")
            return cut
        if read.count:
            fetched.parts.append(part)
        return cut

    def _begin(self, size: int) -> bytes:
        """The first bytes of the records in the newest file."""
        begin = b""
        for found in records(self.path, self.fetched.span.contract, Read()):
            begin += found.tobytes()
            if len(begin) >= size:
                break
        return begin[:size]

    def _again(self, why: str) -> None:
        if self._begun_again:
            raise HistoryError(f"{self.fetched.span.contract}: {why}, for the second time")
        self._begun_again = True
        self._ask_again(self.fetched.paid)
        self.fetched.parts.clear()
        self._tell(f"{why}: all of it is asked for again, and paid again")
