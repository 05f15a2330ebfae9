"""What a download holds: DBN of the schema trades, which may have been cut off.

Whole records are read up to where the file ends; `Read.whole` says whether it ended as it should,
at the end of its zstd frame and of a record.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from marketdata.errors import HistoryError
from marketdata.feeds import StoredTicks
from marketdata.feeds.clean import Cleaner, Trades
from marketdata.feeds.files.dbn import SIDES, TRADE
from marketdata.feeds.files.dbn_frames import MAGIC, PRELUDE, READ_BYTES, layout

Records = npt.NDArray[np.void]


@dataclass(slots=True)
class Read:
    """What was read so far. `tail` are the bytes of the last records, `same` of them, that were
    received at one time, `last` (UTC ns; 0: no record yet). `ordered`: no record was received
    before the one in front of it."""

    count: int = 0
    last: int = 0
    tail: bytes = b""
    same: int = 0
    ordered: bool = True
    whole: bool = False


def records(path: Path, contract: str, read: Read) -> Iterator[Records]:
    """The whole records of a file; `read` is kept up to date, and complete at the end.

    HistoryError when it is damaged, or holds something else than this contract's trades.
    """
    from databento_dbn import TradeMsg

    kind = layout(TradeMsg)
    rest, numbers = b"", None
    for data in _plain(path, read):
        rest += data
        if numbers is None:
            size = _metadata_size(path, rest)
            if size is None:
                continue
            numbers, rest = _numbers(path, rest[:size], contract), rest[size:]
        whole = len(rest) - len(rest) % kind.itemsize
        if whole:
            found = np.frombuffer(rest, kind, whole // kind.itemsize)
            _check(path, found, numbers)
            _note(read, found)
            yield found
            rest = rest[whole:]
    read.whole &= numbers is not None and not rest


def scan(path: Path, contract: str) -> Read:
    """What a file holds, without keeping it."""
    read = Read()
    for _ in records(path, contract, read):
        pass
    return read


def stored(found: Records, clean: Cleaner, start: int, end: int) -> StoredTicks:
    """The valid trades that happened in [start, end), UTC ns; the others are counted, as ignored
    where they belong to another day. `clean` need not look for duplicates: history has none."""
    ts, counts = found["ts_event"].astype(np.int64), clean.counts
    wanted = (found["action"] == TRADE) & (ts >= start) & (ts < end)
    counts.read += len(found)
    if not wanted.all():
        counts.ignored += len(found) - int(np.count_nonzero(wanted))
        found, ts = found[wanted], ts[wanted]
    trades = Trades(
        ts=ts,
        price=found["price"].astype(np.int64),
        size=found["size"].astype(np.int64),
        side=SIDES[found["side"]],
        sequence=found["sequence"].astype(np.int64),
        received=found["ts_recv"].astype(np.int64),
        lots=True,
    )
    return clean.stored(trades)


def _plain(path: Path, read: Read) -> Iterator[bytes]:
    """The file's contents, decompressed as far as they go."""
    import zstandard

    frame = None
    with path.open("rb") as file:
        while data := file.read(READ_BYTES):
            while data:
                frame = frame or zstandard.ZstdDecompressor().decompressobj()
                try:
                    plain = frame.decompress(data)
                except zstandard.ZstdError:
                    raise HistoryError(f"{path}: what came is no zstd, or damaged") from None
                data = b""
                if frame.eof:
                    data, frame = frame.unused_data, None
                    read.whole = not data
                if plain:
                    yield plain
    read.whole = read.whole and frame is None


def _metadata_size(path: Path, head: bytes) -> int | None:
    """Bytes of the metadata, None while there are too few to say."""
    if len(head) < PRELUDE:
        return None
    if head[:3] != MAGIC:
        raise HistoryError(f"{path}: what came is no DBN")
    size = PRELUDE + int.from_bytes(head[4:PRELUDE], "little")
    return size if len(head) >= size else None


def _numbers(path: Path, head: bytes, contract: str) -> set[int]:
    """The instrument ids that the metadata gives the contract; HistoryError for another one."""
    import databento_dbn

    try:
        metadata = databento_dbn.Metadata.decode(head)
    except (databento_dbn.DBNError, ValueError) as error:
        raise HistoryError(f"{path}: its metadata cannot be read: {error}") from None
    if str(metadata.schema) != "trades" or set(metadata.mappings) - {contract}:
        raise HistoryError(
            f"{path}: {', '.join(metadata.mappings) or 'nothing'} of {metadata.schema} came, "
            f"not the trades of {contract}"
        )
    spans = metadata.mappings.get(contract, [])
    return {int(each["symbol"]) for each in spans if each["symbol"].isdecimal()}


def _check(path: Path, found: Records, numbers: set[int]) -> None:
    if (found["length"] != found.dtype.itemsize // 4).any():
        raise HistoryError(f"{path}: not all that came are trades")
    strange = set(np.unique(found["instrument_id"]).tolist()) - numbers
    if strange:
        raise HistoryError(f"{path}: trades of other instruments came: {sorted(strange)[:5]}")


def _note(read: Read, found: Records) -> None:
    received = found["ts_recv"]
    last = int(received[-1])
    if int(received[0]) < read.last or (received[1:] < received[:-1]).any():
        read.ordered = False
    same = found[received == last]
    begun = last == read.last
    read.tail = read.tail * begun + same.tobytes()
    read.same = read.same * begun + len(same)
    read.last = last
    read.count += len(found)
