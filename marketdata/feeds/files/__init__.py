"""Recorded trades in a file of any known format, told apart by what the file holds.

>>> feed = open_file("esh4-glbx-mdp3-20231225.mbo.dbn.zst")          # doctest: +SKIP
>>> feed.info.symbol, feed.info.contract                             # doctest: +SKIP
('ES', 'ESH4')
"""

import re
import zlib
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Final, cast
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from engine.instruments import instrument
from marketdata.errors import FeedError
from marketdata.feeds.files.reading import GZIP_MAGIC, reading
from marketdata.feeds.files.recording import Recording
from marketdata.sides import INFERENCES, Inference

ZSTD_MAGIC: Final = b"\x28\xb5\x2f\xfd"
ZIP_MAGIC: Final = b"PK\x03\x04"
SCID_MAGIC: Final = b"SCID"
HEAD_BYTES: Final = 1 << 12

FORMATS: Final = (
    "DBN (.dbn, .dbn.zst), Parquet, CSV (.csv, .csv.gz), Sierra Chart (.scid), LEAN (.zip), "
    "Binance socket (.gz)"
)

_SOCKET_LINE: Final = re.compile(rb"\s*(\d+\s+)?\{")


def open_file(
    path: str | Path,
    symbol: str | None = None,
    contract: str | None = None,
    side: str | None = None,
    timezone: str = "UTC",
    scale: Decimal = Decimal(1),
) -> Recording:
    """The feed of a file; FeedError, in one line, when it cannot be one.

    `symbol` and `contract` are found in the file where it says them. `side`, "tick-rule" or
    "quotes", infers the aggressor, which a file without sides needs. `timezone` is that of times
    that name none. `scale` multiplies the prices of a Sierra Chart file.
    """
    path = Path(path)
    if symbol is not None:
        instrument(symbol)
    if side is not None and side not in INFERENCES:
        raise FeedError(f'side {side!r} is not known; it is "tick-rule", "quotes" or left out')
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
        infer = cast(Inference | None, side)
        if head[:4] == SCID_MAGIC:
            from marketdata.feeds.files.scid import ScidFile

            return ScidFile(path, symbol, contract, infer=infer, scale=scale)
        if scale != 1:
            raise FeedError(f"{path}: only prices of Sierra Chart files (.scid) are scaled")
        return _opener(path, head)(path, symbol, contract, infer, timezone)


_Opener = Callable[[Path, str | None, str | None, Inference | None, str], Recording]


def _opener(path: Path, head: bytes) -> _Opener:
    if head[:3] == b"DBN" or head[:4] == ZSTD_MAGIC:
        return _dbn
    if head[:4] == b"PAR1":
        return _parquet
    if head[:4] == ZIP_MAGIC:
        return _lean
    packed = head[: len(GZIP_MAGIC)] == GZIP_MAGIC
    text = zlib.decompressobj(wbits=31).decompress(head, HEAD_BYTES) if packed else head
    if _SOCKET_LINE.match(text):
        return _binance
    if b"\x00" in text:
        raise FeedError(f"{path}: unknown format; known are {FORMATS}")
    return _csv


def _dbn(
    path: Path, symbol: str | None, contract: str | None, infer: Inference | None, timezone: str
) -> Recording:
    from marketdata.feeds.files.dbn import DbnFile

    return DbnFile(path, symbol, contract, infer=infer)


def _parquet(
    path: Path, symbol: str | None, contract: str | None, infer: Inference | None, timezone: str
) -> Recording:
    from marketdata.feeds.files.parquet import open_parquet

    return open_parquet(path, symbol, contract, infer=infer, timezone=timezone)


def _binance(
    path: Path, symbol: str | None, contract: str | None, infer: Inference | None, timezone: str
) -> Recording:
    from marketdata.feeds.files.binance_socket import BinanceSocketFile

    return BinanceSocketFile(path, symbol, infer=infer)


def _lean(
    path: Path, symbol: str | None, contract: str | None, infer: Inference | None, timezone: str
) -> Recording:
    from marketdata.feeds.files.lean import LeanSource
    from marketdata.feeds.files.table import TableFile

    source = LeanSource(path, timezone)
    return TableFile(source, symbol, contract, infer=infer, timezone=timezone)


def _csv(
    path: Path, symbol: str | None, contract: str | None, infer: Inference | None, timezone: str
) -> Recording:
    from marketdata.feeds.files.csv import CsvSource
    from marketdata.feeds.files.table import TableFile

    return TableFile(CsvSource(path), symbol, contract, infer=infer, timezone=timezone)
