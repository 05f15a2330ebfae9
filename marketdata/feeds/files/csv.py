"""CSV with named columns, plain or gzip: read as text in batches, so that nothing is rounded.

Lines with the wrong number of fields are counted as unparsable, with their numbers.
"""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, BinaryIO, Final

import numpy as np
import pyarrow as pa
from pyarrow import csv

from marketdata.errors import FeedError
from marketdata.feeds import Counts
from marketdata.feeds.files.reading import reading, unpacked

BLOCK_BYTES: Final = 4 << 20
DELIMITERS: Final = ",;\t|"


class CsvSource:
    """A CSV file as Arrow batches of text."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.kind = "CSV"
        self._size = max(path.stat().st_size, 1)
        self._position = 0
        with path.open("rb") as raw:
            header = self._header(raw)
        self._delimiter = max(DELIMITERS, key=header.count)
        self.names = [name.strip('"') for name in header.split(self._delimiter)]

    @property
    def progress(self) -> float:
        """By bytes of the file."""
        return min(self._position / self._size, 1.0)

    def batches(self, columns: list[str], counts: Counts) -> Iterator[tuple[pa.RecordBatch, Any]]:
        """Text columns with line numbers; FeedError when the file is cut off or damaged."""
        bad: list[int] = []

        def skip(row: Any) -> str:
            bad.append(row.number + 1)
            return "skip"

        line = 2
        with reading(self.path), self.path.open("rb") as raw:
            try:
                # The header is read here and not by Arrow, which would keep quotes and a byte
                # order mark.
                plain = unpacked(raw)
                plain.readline()
                for batch in rows(plain, self.names, columns, skip, self._delimiter):
                    self._position = raw.tell()
                    lines, line = numbered(line, len(batch), bad, counts)
                    yield batch, lines
            except pa.ArrowInvalid as error:
                said = " ".join(str(error).split())
                raise FeedError(f"{self.path}: cannot be read as CSV: {said}") from None
        self._position = self._size

    def _header(self, raw: BinaryIO) -> str:
        try:
            return unpacked(raw).readline(1 << 16).decode("utf-8-sig").strip()
        except UnicodeDecodeError:
            raise FeedError(f"{self.path}: not a text file with named columns") from None


def rows(
    plain: BinaryIO,
    names: list[str],
    columns: list[str],
    skip: Callable[[Any], str],
    delimiter: str = ",",
) -> Iterator[pa.RecordBatch]:
    """These columns, as text, of lines of `names` without a header."""
    try:
        return iter(
            csv.open_csv(
                plain,
                # Numbers of bad lines are only given without threads.
                csv.ReadOptions(use_threads=False, block_size=BLOCK_BYTES, column_names=names),
                csv.ParseOptions(delimiter=delimiter, invalid_row_handler=skip),
                csv.ConvertOptions(
                    column_types=dict.fromkeys(columns, pa.string()),
                    include_columns=columns,
                    strings_can_be_null=True,
                ),
            )
        )
    except pa.ArrowInvalid as error:
        # Arrow's word for a file without any line.
        if "Empty CSV file" in str(error):
            return iter(())
        raise


def numbered(first: int, good: int, bad: list[int], counts: Counts) -> tuple[Any, int]:
    """Line numbers of a batch's good rows, from line `first` on, and the next line's. The lines
    that were skipped are counted, and forgotten."""
    for number in bad:
        counts.read += 1
        counts.dropped["unparsable"] += 1
        counts.example(number, "unparsable")
    count = good + len(bad)
    lines = np.arange(first, first + count)
    if bad:
        lines = np.setdiff1d(lines, bad)[:good]
        bad.clear()
    return lines, first + count
