"""Recorded trades in a file of any known format, told apart by what the file holds.

>>> feed = open_file("esh4-glbx-mdp3-20231225.mbo.dbn.zst")          # doctest: +SKIP
>>> feed.info.symbol, feed.info.contract                             # doctest: +SKIP
('ES', 'ESH4')
"""

import re
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from engine.instruments import instrument
from marketdata.errors import FeedError
from marketdata.feeds import Feed
from marketdata.feeds.files.reading import GZIP_MAGIC, reading

ZSTD_MAGIC: Final = b"\x28\xb5\x2f\xfd"
ZIP_MAGIC: Final = b"PK\x03\x04"
HEAD_BYTES: Final = 1 << 12

FORMATS: Final = "DBN (.dbn, .dbn.zst), Parquet, CSV (.csv, .csv.gz), Binance socket (.gz)"

_SOCKET_LINE: Final = re.compile(rb"\s*(\d+\s+)?\{")


def open_file(
    path: str | Path,
    symbol: str | None = None,
    contract: str | None = None,
    side: str | None = None,
    timezone: str = "UTC",
) -> Feed:
    """The feed of a file; FeedError, in one line, when it cannot be one.

    `symbol` and `contract` are found in the file where it says them. `side="tick-rule"` infers the
    aggressor, which a file without sides needs. `timezone` is that of times that name none.
    """
    path = Path(path)
    if symbol is not None:
        instrument(symbol)
    if side not in (None, "tick-rule"):
        raise FeedError(f'side {side!r} is not known; it is "tick-rule" or left out')
    try:
        ZoneInfo(timezone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise FeedError(f"unknown timezone {timezone!r}; give one like America/Chicago") from None
    if path.is_dir():
        raise FeedError(f"{path}: is a folder; name one file in it")
    with reading(path):
        with path.open("rb") as file:
            head = file.read(HEAD_BYTES)
        if not head:
            raise FeedError(f"{path}: is empty")
        return _opener(path, head)(path, symbol, contract, side == "tick-rule", timezone)


_Opener = Callable[[Path, str | None, str | None, bool, str], Feed]


def _opener(path: Path, head: bytes) -> _Opener:
    if head[:3] == b"DBN" or head[:4] == ZSTD_MAGIC:
        return _dbn
    if head[:4] == b"PAR1":
        return _parquet
    if head[:4] == ZIP_MAGIC:
        raise FeedError(f"{path}: is a zip archive; unpack it and name one file")
    packed = head[: len(GZIP_MAGIC)] == GZIP_MAGIC
    text = zlib.decompressobj(wbits=31).decompress(head, HEAD_BYTES) if packed else head
    if _SOCKET_LINE.match(text):
        return _binance
    if b"\x00" in text:
        raise FeedError(f"{path}: unknown format; known are {FORMATS}")
    return _csv


def _dbn(path: Path, symbol: str | None, contract: str | None, infer: bool, timezone: str) -> Feed:
    from marketdata.feeds.files.dbn import DbnFile

    return DbnFile(path, symbol, contract, infer=infer)


def _parquet(
    path: Path, symbol: str | None, contract: str | None, infer: bool, timezone: str
) -> Feed:
    from marketdata.feeds.files.parquet import open_parquet

    return open_parquet(path, symbol, contract, infer=infer, timezone=timezone)


def _binance(
    path: Path, symbol: str | None, contract: str | None, infer: bool, timezone: str
) -> Feed:
    from marketdata.feeds.files.binance_socket import BinanceSocketFile

    return BinanceSocketFile(path, symbol, infer=infer)


def _csv(path: Path, symbol: str | None, contract: str | None, infer: bool, timezone: str) -> Feed:
    from marketdata.feeds.files.csv import CsvSource
    from marketdata.feeds.files.table import TableFile

    return TableFile(CsvSource(path), symbol, contract, infer=infer, timezone=timezone)
