"""OHLCV bars in a DBN file: schemas ohlcv-1s, -1m, -1h and -1d, any symbology.

- Only outrights of the symbol are taken. Spreads, which parent symbology brings, and continuous
  symbols, which name no contract, are counted as `other_contract`.
- Which contract an instrument id is, the file's metadata says; for a file without it, the
  `symbology.json` that Databento puts beside a batch download.
- A bar with a price off the grid, an impossible range, no volume, or a start that is no multiple of
  the interval is dropped and counted with its reason. Prices may be zero or below, as crude's were.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final, cast

import numpy as np
import numpy.typing as npt

from engine.instruments import INSTRUMENTS, NANO, Instrument, instrument
from engine.ticks import NS
from marketdata.bars.table import INTERVALS, PRICES, Bars, Interval, Mask, bars_of
from marketdata.errors import FeedError
from marketdata.feeds import Counts
from marketdata.feeds.clean import UNDEFINED
from marketdata.feeds.contracts import delivery, root
from marketdata.feeds.files.dbn_frames import DbnFrames, Records, layout
from marketdata.feeds.files.reading import reading

if TYPE_CHECKING:
    from databento_dbn import Metadata

SCHEMAS: Final[dict[str, Interval]] = {
    "ohlcv-1s": "1s", "ohlcv-1m": "1m", "ohlcv-1h": "1h", "ohlcv-1d": "1d",
}  # fmt: skip
SYMBOLOGY: Final = "symbology.json"
REASONS: Final = ("other_contract", "price", "off_grid", "range", "volume", "unaligned")


@dataclass(frozen=True, slots=True)
class Spell:
    """A symbol's time under an instrument id, UTC ns."""

    number: int
    symbol: str
    start: int
    end: int


class OhlcvFile:
    """The bars of one symbol's outrights in a DBN file. FeedError, in one line, when it is none."""

    def __init__(self, path: Path, symbol: str | None = None) -> None:
        self.path = Path(path)
        self.counts = Counts()
        self._frames = DbnFrames(self.path)
        metadata = self._frames.metadata
        schema = str(metadata.schema)
        if schema not in SCHEMAS:
            raise FeedError(f"{path}: schema {schema} holds no bars; it is one of {_list(SCHEMAS)}")
        self.interval = SCHEMAS[schema]
        self.source = f"{self.path.name} ({metadata.dataset} {schema})"
        self._ts_out = bool(metadata.ts_out)
        spells = _spells(metadata) or _listed_beside(self.path)
        roots = sorted({found for spell in spells if (found := _outright(spell.symbol))})
        self.instrument = self._choose(roots, symbol)
        self._spells = [s for s in spells if _outright(s.symbol) == self.instrument.symbol]

    @property
    def progress(self) -> float:
        """By bytes of the file."""
        return self._frames.progress

    def tables(self) -> Iterator[Bars]:
        """The bars in the file's order, some at a time."""
        import databento_dbn

        self.counts = Counts()
        kind = layout(databento_dbn.OHLCVMsg, ts_out=self._ts_out)
        for records in self._frames.records(kind):
            table = self._table(records)
            if len(table):
                yield table

    def _table(self, records: Records) -> Bars:
        counts = self.counts
        counts.read += len(records)
        names, which = self._contracts(records)
        start, volume = (records[name].astype(np.int64) for name in ("ts_event", "volume"))
        raw = [records[name].astype(np.int64) for name in PRICES]
        step = int(self.instrument.tick * NANO)
        ticks = [nano // step for nano in raw]
        opens, highs, lows, closes = ticks
        good = np.ones(len(records), np.bool_)
        tests: dict[str, Mask] = {
            "other_contract": which >= 0,
            "price": _all([nano != UNDEFINED for nano in raw] + [_fits(each) for each in ticks]),
            "off_grid": _all([each * step == nano for each, nano in zip(ticks, raw, strict=True)]),
            "range": (lows <= opens) & (opens <= highs) & (lows <= closes) & (closes <= highs),
            "volume": volume > 0,
            "unaligned": start % INTERVALS[self.interval] == 0,
        }
        for reason in REASONS:
            lost = int(np.count_nonzero(good & ~tests[reason]))
            if lost:
                counts.dropped[reason] += lost
                good &= tests[reason]
        counts.used += int(np.count_nonzero(good))
        prices = (each.astype(np.int32) for each in ticks)
        return bars_of(names, which, start, *prices, volume).part(good)

    def _contracts(self, records: Records) -> tuple[tuple[str, ...], npt.NDArray[np.int32]]:
        """Each record's contract, -1 for what is none of ours."""
        names = tuple(dict.fromkeys(spell.symbol for spell in self._spells))
        place = {name: i for i, name in enumerate(names)}
        numbers, start = records["instrument_id"], records["ts_event"]
        which = np.full(len(records), -1, np.int32)
        present = set(np.unique(numbers).tolist())
        for spell in self._spells:
            if spell.number in present:
                during = (start >= spell.start) & (start < spell.end)
                which[(numbers == spell.number) & during] = place[spell.symbol]
        return names, which

    def _choose(self, roots: list[str], symbol: str | None) -> Instrument:
        if symbol is not None:
            if symbol not in roots:
                raise FeedError(f"{self.path}: has no outright of {symbol}; it has {_list(roots)}")
            return instrument(symbol)
        if len(roots) != 1:
            raise FeedError(
                f"{self.path}: holds outrights of {_list(roots)}; choose one with --symbol"
            )
        if roots[0] not in INSTRUMENTS:
            raise FeedError(f"{self.path}: {roots[0]} is no known instrument, so its tick is not")
        return INSTRUMENTS[roots[0]]


def _outright(symbol: str) -> str | None:
    return root(symbol) if delivery(symbol, date.max) is not None else None


def _all(tests: list[Mask]) -> Mask:
    return cast(Mask, np.logical_and.reduce(tests))


def _fits(ticks: npt.NDArray[np.int64]) -> Mask:
    return cast(Mask, ticks == ticks.astype(np.int32))


def _spells(metadata: "Metadata") -> list[Spell]:
    """What the metadata says, also when it maps ids to symbols."""
    reverse = str(metadata.stype_out) == "raw_symbol"
    found = []
    for key, intervals in metadata.mappings.items():
        for each in intervals:
            name, number = (each["symbol"], key) if reverse else (key, each["symbol"])
            if number.isdecimal():
                times = _midnight(each["start_date"]), _midnight(each["end_date"])
                found.append(Spell(int(number), name, *times))
    return found


def _listed_beside(path: Path) -> list[Spell]:
    """What a batch download's symbology.json says of the file's instruments."""
    beside = path.with_name(SYMBOLOGY)
    if not beside.exists():
        raise FeedError(
            f"{path}: does not say which contracts it holds; put Databento's {SYMBOLOGY} beside it"
        )
    return symbology(beside)


def symbology(path: Path) -> list[Spell]:
    """The contents of Databento's symbology.json; FeedError when it is none."""
    with reading(path):
        text = path.read_text()
    try:
        return [
            Spell(int(each["s"]), str(name), _day(each["d0"]), _day(each["d1"]))
            for name, spells in json.loads(text)["result"].items()
            for each in spells
        ]
    except (ValueError, KeyError, TypeError, AttributeError):
        raise FeedError(f"{path}: is no symbology of Databento's") from None


def _day(text: str) -> int:
    return _midnight(date.fromisoformat(text))


def _midnight(day: date) -> int:
    return int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp()) * NS


def _list(names: object) -> str:
    found = list(names) if isinstance(names, (list, dict)) else []
    more = f" and {len(found) - 8} more" if len(found) > 8 else ""
    return (", ".join(found[:8]) or "none") + more
