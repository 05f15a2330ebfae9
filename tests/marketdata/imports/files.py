"""Files of other programs, written as they write them, and what an import made of them."""

import struct
import zipfile
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import numpy as np

from engine.ticks import NS
from marketdata.feeds import StoredTicks
from marketdata.imports import ImportOptions, PlannedDay, plan_import, store_days
from marketdata.store import TickStore

NOW = int(datetime(2026, 1, 1, tzinfo=UTC).timestamp()) * NS
SCID_EPOCH = datetime(1899, 12, 30, tzinfo=UTC)
FIRST_SUB_TRADE, LAST_SUB_TRADE = -1.99900095e37, -1.99900197e37


def at(text: str) -> int:
    """UTC ns of an ISO time."""
    moment = datetime.fromisoformat(text)
    moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment
    return int(moment.timestamp()) * NS + moment.microsecond * 1000


def scid_record(
    ts: int,
    price: float,
    size: int = 1,
    side: int = 0,
    *,
    spread: float = 0.25,
    opened: float = 0.0,
    trades: int = 1,
    volumes: tuple[int, int] | None = None,
    bar: tuple[float, float] | None = None,
) -> bytes:
    """A trade: open 0, high the ask, low the bid, volume at bid or at ask."""
    us = ts // 1000 + 25_569 * 86_400 * 10**6
    ask, bid = (price, price - spread) if side > 0 else (price + spread, price)
    if side == 0:
        ask, bid = price + spread / 2, price - spread / 2
    if bar is not None:
        ask, bid = bar
    sold, bought = volumes or (size * (side < 0), size * (side > 0))
    return struct.pack("<q4f4I", us, opened, ask, bid, price, trades, size, sold, bought)


def write_scid(path: Path, records: Iterable[bytes], *, utc_start: int = 0, size: int = 40) -> Path:
    head = struct.pack("<4sIIHHI36s", b"SCID", 56, size, 1, 0, utc_start, b"")
    path.write_bytes(head + b"".join(records))
    return path


def write_lean(path: Path, members: dict[str, Sequence[str]]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, lines in members.items():
            archive.writestr(name, "".join(f"{line}\n" for line in lines))
    return path


def imported(store: TickStore, path: Path, **words: object) -> list[PlannedDay]:
    """Import a file; the days that were stored."""
    plan = plan_import(store, path, ImportOptions(**words), NOW)  # type: ignore[arg-type]
    return list(store_days(store, plan))


def columns(store: TickStore, symbol: str, day: date) -> dict[str, list[int]]:
    """What is stored of a day."""
    blocks = list(store.read(symbol, day).blocks())
    return {
        name: np.concatenate([getattr(block, name) for block in blocks]).tolist()
        for name in StoredTicks._fields
    }


def dollars(tick: str, prices: Iterable[int]) -> list[Decimal]:
    return [Decimal(tick) * price for price in prices]
