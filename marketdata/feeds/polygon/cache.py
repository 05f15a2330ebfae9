"""Downloaded minute bars by symbol and day: a second replay needs no network and no key.

    ROOT/SPY/2024-11-13.parquet

Whole days as they were sent, before and after hours too. A file appears when it is complete and on
disk. One that is damaged is said and downloaded again; it is never half used.
"""

import os
from datetime import date
from pathlib import Path
from typing import Final

import numpy as np
import structlog

from marketdata.errors import FeedError
from marketdata.feeds.polygon.minutes import Minutes

log = structlog.get_logger(__name__)

LAYOUT_KEY: Final = b"tradebot.minute_bars"
LAYOUT: Final = "1"


class MinuteCache:
    """The folder `root`, which need not exist yet."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def path(self, symbol: str, day: date) -> Path:
        return self.root / symbol / f"{day}.parquet"

    def read(self, symbol: str, day: date) -> Minutes | None:
        """The day's bars, None when there are none that can be used."""
        import pyarrow as pa
        import pyarrow.parquet as pq

        path = self.path(symbol, day)
        if not path.exists():
            return None
        try:
            table = pq.read_table(path, page_checksum_verification=True)
            facts = (table.schema.metadata or {}).get(LAYOUT_KEY, b"").decode()
            if facts != _facts(symbol, day) or table.column_names != list(Minutes._fields):
                raise pa.ArrowInvalid(f"is of {facts or 'another layout'}")
            return Minutes(
                *(column.to_numpy().astype(np.int64, copy=False) for column in table.columns)
            )
        except (pa.ArrowException, OSError, ValueError) as error:
            said = " ".join(str(error).split())[:200]
            log.warning("minute_bars_damaged", path=str(path), error=said)
            return None

    def write(self, symbol: str, day: date, minutes: Minutes) -> None:
        """Keep a day; FeedError when the disk does not take it."""
        import pyarrow as pa
        import pyarrow.parquet as pq

        path = self.path(symbol, day)
        table = pa.table(dict(zip(Minutes._fields, minutes, strict=True)))
        table = table.replace_schema_metadata({LAYOUT_KEY: _facts(symbol, day)})
        unfinished = path.with_name(f".{path.name}.{os.getpid()}.part")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with unfinished.open("wb") as file:
                pq.write_table(table, file, compression="zstd", write_page_checksum=True)
                file.flush()
                os.fsync(file.fileno())
            unfinished.replace(path)
        except OSError as error:
            raise FeedError(f"{path}: cannot be written: {error.strerror or error}") from error
        finally:
            unfinished.unlink(missing_ok=True)


def _facts(symbol: str, day: date) -> str:
    return f"layout {LAYOUT}, {symbol}, {day}, not adjusted"
