"""Raw recordings of Binance's sockets: a line is `<local ns> <json>` or the JSON alone.

- Trades are the events `trade` or `aggTrade`; where both were recorded the kind that comes first is
  taken, the other would count each trade twice.
- `m` says that the buyer was the maker: true is a sell aggressor.
- A tick's time is `T`, the matching engine's milliseconds; `t` (or `a`) names a trade, and a trade
  seen twice is a duplicate.
- Futures trades carry `X`: MARKET is the order book's; INSURANCE_FUND, ADL and NA are settlements
  that nobody aggressed, so they are ignored and said.
- Spot events carry `M`, futures events do not: that tells BTCUSDT from BTCUSDT-SPOT.
"""

import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import numpy as np

from engine.instruments import INSTRUMENTS
from marketdata.errors import FeedError
from marketdata.feeds import FeedInfo, doubts
from marketdata.feeds.clean import Trades
from marketdata.feeds.files.numbers import nano
from marketdata.feeds.files.reading import reading, unpacked
from marketdata.feeds.files.recording import TradesFile
from marketdata.sides import Inference

KINDS: Final = {"trade": (b'"e":"trade"', "t"), "aggTrade": (b'"e":"aggTrade"', "a")}
MS: Final = 1_000_000
BATCH: Final = 1 << 14

Event = dict[str, Any]
Row = tuple[int, int, int, int, int, int, int]


class BinanceSocketFile(TradesFile):
    """The trades of one symbol in a recording."""

    unique = True

    def __init__(
        self, path: Path, symbol: str | None = None, *, infer: Inference | None = None
    ) -> None:
        super().__init__(path, infer)
        if infer == "quotes":
            raise self.no_quotes()
        self._size = max(path.stat().st_size, 1)
        self._position = 0
        self._outside: Counter[str] = Counter()
        self._other_kind = 0
        event = self._first()
        self._kind = str(event["e"])
        self._venue_symbol = str(event["s"])
        spot = "M" in event
        found = self._venue_symbol + "-SPOT" * spot
        market = "spot" if spot else "USD-M futures"
        if symbol is None and found not in INSTRUMENTS:
            raise FeedError(f"{path}: {market} {self._venue_symbol} is no known instrument")
        if symbol not in (None, found):
            raise FeedError(
                f"{path}: holds {market} {self._venue_symbol}, which is {found} and not {symbol}"
            )
        self.instrument = INSTRUMENTS[found]
        self._source = f"{path.name} (Binance {market} socket, {self._kind})"
        self._position = 0

    @property
    def info(self) -> FeedInfo:
        """What this is."""
        warnings = [f"ignored {n} trades outside the market: {x}" for x, n in self._outside.items()]
        if self._other_kind:
            warnings.append(f"took {self._kind}, ignored {self._other_kind} of the other kind")
        return FeedInfo(
            symbol=self.instrument.symbol,
            contract="",
            source=self._source,
            side=self.side,
            warnings=(*warnings, *doubts(self.counts, self.instrument.symbol)),
        )

    @property
    def progress(self) -> float:
        """By bytes of the file."""
        return min(self._position / self._size, 1.0)

    def trades(self) -> Iterator[Trades]:
        """The symbol's trades, in the order in which they were received."""
        self._outside, self._other_kind = Counter(), 0
        batch: list[Row] = []
        for number, line in self._lines():
            self.counts.read += 1
            event = self._market_trade(number, line)
            if event is None:
                continue
            try:
                batch.append(self._row(event, number, line))
            except (KeyError, ValueError, TypeError, OverflowError):
                self._unparsable(number)
            if len(batch) >= BATCH:
                yield _trades(batch)
                batch.clear()
        if batch:
            yield _trades(batch)

    def _market_trade(self, number: int, line: bytes) -> Event | None:
        if not _is_trade(line):
            self.counts.ignored += 1
            return None
        try:
            event = _event(line)
            kind, symbol, origin = event["e"], event["s"], event.get("X", "MARKET")
        except (KeyError, ValueError, TypeError):
            if not line.endswith(b"\n"):
                raise FeedError(f"{self.path}: cut off in line {number}; record it again") from None
            self._unparsable(number)
            return None
        if kind != self._kind:
            self._other_kind += 1
        elif symbol != self._venue_symbol:
            self.counts.dropped["other_contract"] += 1
            return None
        elif origin != "MARKET":
            self._outside[str(origin)] += 1
        else:
            return event
        self.counts.ignored += 1
        return None

    def _row(self, event: Event, number: int, line: bytes) -> Row:
        maker = event["m"]
        if not isinstance(maker, bool):
            raise TypeError("m must be true or false")
        return (
            int(event["T"]) * MS,
            nano(event["p"]),
            nano(event["q"]),
            -1 if maker else 1,
            int(event[KINDS[self._kind][1]]),
            number,
            _received(line),
        )

    def _unparsable(self, number: int) -> None:
        self.counts.dropped["unparsable"] += 1
        self.counts.example(number, "unparsable")

    def _first(self) -> Event:
        for _, line in self._lines():
            if _is_trade(line):
                try:
                    event = _event(line)
                except (KeyError, ValueError):
                    continue
                if {"e", "s", "p", "q", "m", "T"} <= event.keys():
                    return event
        raise FeedError(f"{self.path}: holds no trade or aggTrade events of a Binance socket")

    def _lines(self) -> Iterator[tuple[int, bytes]]:
        with reading(self.path), self.path.open("rb") as raw:
            for number, line in enumerate(unpacked(raw), 1):
                if number % 4096 == 0:
                    self._position = raw.tell()
                yield number, line
            self._position = self._size


def _is_trade(line: bytes) -> bool:
    return any(mark in line for mark, _ in KINDS.values())


def _event(line: bytes) -> Event:
    """The event of a line; ValueError when it is no JSON object."""
    found = json.loads(line[line.index(b"{") :])
    event = found.get("data", found) if isinstance(found, dict) else None
    if not isinstance(event, dict):
        raise ValueError("not an event")
    return event


def _received(line: bytes) -> int:
    """The local time before the JSON, UTC ns; 0 where there is none."""
    local = line[: line.index(b"{")].strip()
    return int(local) if local else 0


def _trades(rows: list[Row]) -> Trades:
    ts, price, size, side, sequence, lines, received = (
        np.ascontiguousarray(column) for column in np.array(rows, np.int64).T
    )
    return Trades(
        ts=ts,
        price=price,
        size=size,
        side=side.astype(np.int8),
        sequence=sequence,
        lines=lines,
        received=received,
    )
