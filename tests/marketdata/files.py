"""Small recordings, made with the libraries that real ones are made with."""

import gzip
import json
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

import databento_dbn as dbn
import zstandard

START = 1_718_000_000_000_000_000
NANO = 10**9
UNDEF = dbn.UNDEF_PRICE

SIDES = {"B": dbn.Side.BID, "A": dbn.Side.ASK, "N": dbn.Side.NONE}
ACTIONS = {
    "T": dbn.Action.TRADE, "F": dbn.Action.FILL, "A": dbn.Action.ADD, "C": dbn.Action.CANCEL,
}  # fmt: skip


class Interval(NamedTuple):
    """An instrument id and the days on which it stood for a symbol."""

    start_date: date
    end_date: date
    symbol: str


class Mapping(NamedTuple):
    raw_symbol: str
    intervals: list[Interval]


def metadata(schema: str | None, symbols: dict[str, int], **more) -> dbn.Metadata:
    mappings = [
        Mapping(symbol, [Interval(day(), day(30), str(number))])
        for symbol, number in symbols.items()
    ]
    return encode_metadata(schema, mappings, **more)


def encode_metadata(schema: str | None, mappings: list[Mapping], **more) -> dbn.Metadata:
    return dbn.Metadata(
        dataset="GLBX.MDP3",
        start=START,
        stype_in=dbn.SType.RAW_SYMBOL,
        stype_out=dbn.SType.INSTRUMENT_ID,
        schema=None if schema is None else dbn.Schema.from_str(schema),
        symbols=[mapping.raw_symbol for mapping in mappings],
        mappings=mappings,
        **more,
    )


def day(later: int = 0) -> date:
    """The date of START, or so many days later."""
    return datetime.fromtimestamp(START // NANO, UTC).date() + timedelta(days=later)


def trade(
    i: int,
    price: float | int,
    size: int = 1,
    side: str = "B",
    *,
    number: int = 1,
    sequence: int | None = None,
    nano: int | None = None,
) -> dbn.TradeMsg:
    """Trade number i, a second after the one before; `price` has few decimals."""
    return dbn.TradeMsg(
        publisher_id=1,
        instrument_id=number,
        ts_event=START + i * NANO,
        price=round(price * 10**4) * 10**5 if nano is None else nano,
        size=size,
        action=dbn.Action.TRADE,
        side=SIDES[side],
        depth=0,
        ts_recv=START + i * NANO + 1000,
        sequence=i + 1 if sequence is None else sequence,
    )


def order(i: int, price: float, size: int, action: str, side: str, number: int = 1) -> dbn.MBOMsg:
    return dbn.MBOMsg(
        publisher_id=1,
        instrument_id=number,
        ts_event=START + i * NANO,
        order_id=1000 + i,
        price=round(price * 10**4) * 10**5,
        size=size,
        channel_id=0,
        action=ACTIONS[action],
        side=SIDES[side],
        ts_recv=START + i * NANO + 1000,
        sequence=i + 1,
    )


def write_dbn(
    path: Path,
    records: Sequence[object],
    symbols: dict[str, int] | None = None,
    schema: str | None = "trades",
    **more,
) -> Path:
    """A DBN file; zstd where the name says so."""
    head = metadata(schema, {"ESM4": 1} if symbols is None else symbols, **more)
    data = head.encode() + b"".join(bytes(record) for record in records)
    if path.suffix == ".zst":
        data = zstandard.ZstdCompressor(write_checksum=True).compress(data)
    path.write_bytes(data)
    return path


def write_text(path: Path, lines: Sequence[str], end: str = "\n") -> Path:
    data = ("\n".join(lines) + end).encode()
    path.write_bytes(gzip.compress(data) if path.suffix == ".gz" else data)
    return path


def socket_trade(i: int, price: str, quantity: str, *, maker: bool = False, **more) -> str:
    """A line of a USD-M futures recording; spot has `M` and no `X`."""
    event = {
        "e": "trade", "E": 1_723_161_256_000 + i, "T": 1_723_161_256_000 + i, "s": "BTCUSDT",
        "t": 5_000 + i, "p": price, "q": quantity, "X": "MARKET", "m": maker,
    } | more  # fmt: skip
    event = {key: value for key, value in event.items() if value is not None}
    line = json.dumps({"stream": "btcusdt@trade", "data": event}, separators=(",", ":"))
    return f"{1_723_161_255_000_000_000 + i} {line}"
