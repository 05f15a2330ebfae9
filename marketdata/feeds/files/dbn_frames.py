"""The frames of a DBN file, plain or zstd: its metadata, and records of one struct.

Records are mapped straight onto databento_dbn's struct layouts, as DBNStore.to_ndarray does.
Importing databento_dbn alone saves the 1.5 s that databento spends on pandas and its network
clients, and reading the frames here is how a cut-off file is noticed: DBNStore only warns.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Final

import numpy as np
import numpy.typing as npt

from marketdata.errors import FeedError
from marketdata.feeds.files.reading import reading

if TYPE_CHECKING:
    from databento_dbn import Metadata

MAGIC: Final = b"DBN"
ZSTD_MAGIC: Final = b"\x28\xb5\x2f\xfd"
PRELUDE: Final = 8  # magic, version, length of the rest of the metadata
READ_BYTES: Final = 1 << 18

Records = npt.NDArray[np.void]


class DbnFrames:
    """One file. FeedError when it is none, cut off or damaged."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._position = 0
        with reading(path), path.open("rb") as file:
            self._size = max(path.stat().st_size, 1)
            self.metadata, _ = self._head(self._bytes(file))
        self.restart()

    @property
    def progress(self) -> float:
        """Of the latest reading, by bytes of the file."""
        return self._position / self._size

    def restart(self) -> None:
        """Nothing is read yet, as far as `progress` goes."""
        self._position = 0

    def records(self, kind: np.dtype[np.void]) -> Iterator[Records]:
        """All records, which must be of this struct; a block is what one read of the file gave."""
        itemsize = kind.itemsize
        with reading(self.path), self.path.open("rb") as file:
            chunks = self._bytes(file)
            _, rest = self._head(chunks)
            while True:
                whole = len(rest) - len(rest) % itemsize
                if whole:
                    records = np.frombuffer(rest, kind, whole // itemsize)
                    if (records["length"] != itemsize // 4).any():
                        schema = self.metadata.schema
                        raise FeedError(f"{self.path}: damaged: not all records are {schema}")
                    yield records
                more = next(chunks, None)
                if more is None:
                    break
                rest = rest[whole:] + more
            if whole != len(rest):
                raise FeedError(f"{self.path}: cut off in the middle of a record; fetch it again")

    def _head(self, chunks: Iterator[bytes]) -> tuple["Metadata", bytes]:
        """The metadata, and what was read after it."""
        import databento_dbn

        head, size = b"", PRELUDE
        while len(head) < size:
            more = next(chunks, None)
            if more is None:
                raise FeedError(f"{self.path}: cut off in its metadata; fetch it again")
            head += more
            if len(head) >= PRELUDE:
                if head[:3] != MAGIC:
                    raise FeedError(f"{self.path}: not a DBN file")
                size = PRELUDE + int.from_bytes(head[4:PRELUDE], "little")
        try:
            return databento_dbn.Metadata.decode(head[:size]), head[size:]
        except (databento_dbn.DBNError, ValueError) as error:
            raise FeedError(f"{self.path}: metadata cannot be read: {error}") from None

    def _bytes(self, file: BinaryIO) -> Iterator[bytes]:
        """The file's contents, decompressed; FeedError when a zstd frame is cut off or damaged."""
        self._position = 0
        packed = file.read(len(ZSTD_MAGIC)) == ZSTD_MAGIC
        file.seek(0)
        if not packed:
            while data := file.read(READ_BYTES):
                self._position += len(data)
                yield data
            return
        import zstandard

        frame = None
        while data := file.read(READ_BYTES):
            self._position += len(data)
            while data:
                frame = frame or zstandard.ZstdDecompressor().decompressobj()
                try:
                    plain = frame.decompress(data)
                except zstandard.ZstdError:
                    raise FeedError(f"{self.path}: zstd data is damaged; fetch it again") from None
                data = b""
                if frame.eof:
                    data, frame = frame.unused_data, None
                if plain:
                    yield plain
        if frame is not None:
            raise FeedError(f"{self.path}: cut off in the middle of its zstd data; fetch it again")


def layout(struct: Any, *, ts_out: bool = False) -> np.dtype[np.void]:
    """The dtype of a databento_dbn record. Letters as bytes: comparing numbers is many times
    faster than comparing strings."""
    fields = [(name, "u1" if kind == "S1" else kind) for name, kind in struct._dtypes]
    return np.dtype(fields + [("ts_out", "u8")] * ts_out)
