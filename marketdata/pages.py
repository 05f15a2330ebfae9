"""Columns of Parquet files that are encoded as ours are, decoded in half of pyarrow's time.

pyarrow makes a new zstd context for each page, which costs as much as unpacking it, and puts
dictionary values into columns one by one. Here one context serves all pages, and compiled code
turns a page into its part of the column.

This knows what our writers write and no more: REQUIRED columns of INT32 and INT64, zstd, first
version data pages with checksums, encoded as DELTA_BINARY_PACKED or RLE_DICTIONARY. Whatever else
it meets, and every doubt (a checksum, a length, a count that does not fit), makes it answer None:
then pyarrow reads the columns, and says what is wrong with them. Format:
https://parquet.apache.org/docs/file-format/data-pages/encodings/
"""

import zlib
from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from engine.compiled import inner, njit

Bytes = npt.NDArray[np.uint8]
Column = npt.NDArray[Any]

DATA, DICTIONARY = 0, 2  # kinds of pages
PLAIN, DELTA, DICTIONARY_INDICES = 0, 5, 8  # encodings
KIND, UNPACKED, PACKED, CHECKSUM, VALUES, ENCODING, START = range(7)
"""What is known of a page: a row of `find_pages`."""
WIDEST_INDEX: Final = 16
DEEPEST: Final = 8
TYPES: Final[dict[str, np.dtype[Any]]] = {"INT32": np.dtype("<i4"), "INT64": np.dtype("<i8")}


class PageReader:
    """Columns of an open file."""

    def __init__(self, source: pa.NativeFile, metadata: pq.FileMetaData) -> None:
        import zstandard

        self._source, self._metadata = source, metadata
        self._places = {
            metadata.schema.column(number).name: number for number in range(metadata.num_columns)
        }
        self._unpack = zstandard.ZstdDecompressor().decompress
        self._unpacking_error: type[Exception] = zstandard.ZstdError

    def columns(
        self, group: int, names: Sequence[str], kinds: Sequence[np.dtype[Any]]
    ) -> list[Column] | None:
        """These columns of a row group, as numbers of these kinds; None: let pyarrow read them."""
        found = []
        for name, kind in zip(names, kinds, strict=True):
            column = self._column(group, self._places[name], kind)
            if column is None:
                return None
            found.append(column)
        return found

    def _column(self, group: int, place: int, kind: np.dtype[Any]) -> Column | None:
        schema = self._metadata.schema.column(place)
        chunk = self._metadata.row_group(group).column(place)
        stored = TYPES.get(schema.physical_type)
        plain = schema.max_definition_level == schema.max_repetition_level == 0
        if stored is None or not plain or chunk.compression != "ZSTD":
            return None
        start = chunk.dictionary_page_offset or chunk.data_page_offset
        try:
            data = self._source.read_at(chunk.total_compressed_size, start)
        except OSError:
            return None
        column = _room(chunk.num_values, kind)
        return column if self._fill(column, data, stored) else None

    def _fill(self, column: Column, data: bytes, stored: np.dtype[Any]) -> bool:
        """Decode all pages of a column; whether all is well."""
        pages = find_pages(np.frombuffer(data, np.uint8))
        values = np.zeros(0, np.int64)
        taken = 0
        view = memoryview(data)
        for kind, unpacked, packed, checksum, count, encoding, start in pages.tolist():
            page = self._page(view[start : start + packed], unpacked, checksum)
            if page is None:
                return False
            if kind == DICTIONARY and encoding == PLAIN and len(page) == count * stored.itemsize:
                values = page.view(stored).astype(np.int64)
                continue
            part = column[taken : taken + count]
            if kind != DATA or len(part) != count or not _decode(page, encoding, values, part):
                return False
            taken += count
        return taken == len(column)

    def _page(self, packed: memoryview, unpacked: int, checksum: int) -> Bytes | None:
        if zlib.crc32(packed) != checksum:
            return None
        try:
            page = self._unpack(packed, unpacked)
        except self._unpacking_error:
            return None
        return np.frombuffer(page, np.uint8) if len(page) == unpacked else None


def _room(count: int, kind: np.dtype[Any]) -> Column:
    """An array for so many numbers. Arrow's memory pool keeps what is freed for the next row group,
    where numpy's would be fetched from the system anew, page by page."""
    return np.frombuffer(pa.allocate_buffer(count * kind.itemsize), kind)


def _decode(page: Bytes, encoding: int, values: npt.NDArray[np.int64], part: Column) -> bool:
    if encoding == DELTA:
        return bool(undo_deltas(page, part))
    return encoding == DICTIONARY_INDICES and bool(look_up(page, values, part))


@inner
def _number(data: Any, at: Any) -> Any:
    """The variable-length number at `at`, and where it ends; -1 if it does not end."""
    number = np.uint64(0)
    shift = np.uint64(0)
    while at < len(data) and shift < np.uint64(64):
        byte = np.uint64(data[at])
        at += 1
        number |= (byte & np.uint64(127)) << shift
        if byte < np.uint64(128):
            return number, at
        shift += np.uint64(7)
    return number, -1


@inner
def _signed(number: Any) -> Any:
    """Of a number whose sign is its last bit."""
    return np.int64(number >> np.uint64(1)) ^ -np.int64(number & np.uint64(1))


@inner
def _read_header(data: Any, at: Any, page: Any) -> Any:
    """Fill a page's row from its header (Thrift, compact); where that ends, or -1."""
    page[:] = -1
    fields = np.zeros(DEEPEST, np.int64)  # the latest field of each structure that is open
    depth = 0
    while at < len(data):
        byte = np.int64(data[at])
        at += 1
        if byte == 0:
            if depth == 0:
                return at
            depth -= 1
            continue
        kind, skip = byte & 15, byte >> 4
        if skip == 0:
            return -1
        fields[depth] += skip
        if kind in (4, 5, 6):  # whole numbers
            number, at = _number(data, at)
            if at < 0:
                return -1
            if depth == 0 and fields[0] <= 4:
                page[fields[0] - 1] = _signed(number)
            elif depth == 1 and fields[0] in (5, 7) and fields[1] <= 2:
                page[VALUES + fields[1] - 1] = _signed(number)
        elif kind == 8:  # bytes: statistics
            number, at = _number(data, at)
            if at < 0 or number > np.uint64(len(data)):
                return -1
            at += np.int64(number)
        elif kind == 12:  # a structure
            depth += 1
            if depth == DEEPEST:
                return -1
            fields[depth] = 0
        elif kind not in (1, 2):  # true and false have no more to them
            return -1
    return -1


@njit
def find_pages(data: Any) -> Any:
    """Where the pages of a column are, [n, 7]; none if they are not as ours are."""
    found = np.empty((16, 7), np.int64)
    n = 0
    at = 0
    while at < len(data):
        if n == len(found):
            found = np.concatenate((found, np.empty_like(found)))
        page = found[n]
        at = _read_header(data, at, page)
        if at < 0 or page[CHECKSUM] == -1 or page[VALUES] < 0 or page[UNPACKED] < 0:
            return found[:0]
        if not 0 <= page[PACKED] <= len(data) - at:
            return found[:0]
        page[CHECKSUM] &= 0xFFFFFFFF
        page[START] = at
        at += page[PACKED]
        n += 1
    return found[:n]


@inner
def _byte_by_byte(data: Any, bit: Any, width: Any) -> Any:
    """The number of `width` bits at a bit, where there may be no eight bytes to read at once."""
    number = np.uint64(0)
    for k in range(width):
        at = bit + k
        one = (np.uint64(data[at >> 3]) >> np.uint64(at & 7)) & np.uint64(1)
        number |= one << np.uint64(k)
    return number


@inner
def _bits(words: Any, bit: Any) -> Any:
    """64 bits from a bit on, of little-endian words behind which is one more. (An index without
    sign: numba then need not look whether it counts from the end.)"""
    word, shift = bit >> np.uint64(6), bit & np.uint64(63)
    high = words[word + np.uint64(1)] << np.uint64(1)
    return (words[word] >> shift) | (high << (np.uint64(63) - shift))


@inner
def _mask(width: Any) -> Any:
    """So many bits."""
    return np.uint64(0) if width == 0 else ~np.uint64(0) >> np.uint64(64 - width)


@njit
def undo_deltas(data: Any, part: Any) -> bool:
    """Decode a page of DELTA_BINARY_PACKED numbers; whether it held just these."""
    words = data[: len(data) // 8 * 8].view(np.uint64)
    block, at = _number(data, 0)
    minis, at = _number(data, at) if at > 0 else (block, at)
    count, at = _number(data, at) if at > 0 else (block, at)
    first, at = _number(data, at) if at > 0 else (block, at)
    if at < 0 or count != np.uint64(len(part)) or minis == 0 or block > np.uint64(1 << 20):
        return False
    pieces: Any = np.int64(minis)
    size = np.int64(block) // pieces
    if size == 0 or size % 32:
        return False
    value = _signed(first)
    n: Any = 0
    if len(part):
        part[0] = value
        n = 1
    while n < len(part):
        number, at = _number(data, at)
        if at < 0 or at + pieces > len(data):
            return False
        least = _signed(number)
        widths = at
        at += pieces
        for piece in range(pieces):
            if n >= len(part):
                break
            width = np.int64(data[widths + piece])
            end = at + size * width // 8
            if width > 64 or end > len(data):
                return False
            last = min(n + size, len(part))
            here = part[n:last]
            if (end >> 3) + 1 < len(words):
                mask, bit, step = _mask(width), np.uint64(at * 8), np.uint64(width)
                for k in range(len(here)):
                    value += least + np.int64(_bits(words, bit) & mask)
                    bit += step
                    here[k] = value
            else:
                for k in range(len(here)):
                    value += least + np.int64(_byte_by_byte(data, at * 8 + k * width, width))
                    here[k] = value
            n, at = last, end
    return True


@njit
def look_up(data: Any, values: Any, part: Any) -> bool:
    """Decode a page of RLE_DICTIONARY indices of `values`; whether it held just these.

    Runs are short, often of eight: so nothing in here is a call or a slice. Numbers that count
    places have no sign.
    """
    if not len(data) or data[0] > WIDEST_INDEX:
        return False
    words = data[: len(data) // 8 * 8].view(np.uint64)
    width, safe, eight, one = np.uint64(data[0]), len(words) * 8 - 16, np.uint64(8), np.uint64(1)
    mask = _mask(np.int64(width))
    table = np.zeros(1 << np.int64(width), part.dtype)
    known = min(len(values), len(table))
    table[:known] = values[:known]
    most: Any = np.uint64(0)
    n: Any = np.uint64(0)
    at: Any = one
    size, end = np.uint64(len(data)), np.uint64(len(part))
    while n < end:
        number, after = _number(data, np.int64(at))
        if after < 0:
            return False
        at = np.uint64(after)
        count = number >> one
        if count == 0 or count > size + end:
            return False
        if number & one:  # so many times eight, packed
            last = at + count * width
            if last > size:
                return False
            while count > 0 and n + eight <= end and np.int64(at + width) <= safe:
                bits = _bits(words, at * eight)
                for k in range(8):
                    if width > eight:
                        bits = _bits(words, at * eight + np.uint64(k) * width)
                        index = bits & mask
                    else:
                        index = (bits >> (np.uint64(k) * width)) & mask
                    most = max(most, index)
                    part[n + np.uint64(k)] = table[index]
                n += eight
                at += width
                count -= one
            bit = np.int64(at * eight)
            for _ in range(min(count * eight, end - n)):
                index = _byte_by_byte(data, bit, np.int64(width))
                most = max(most, index)
                part[n] = table[index]
                n += one
                bit += np.int64(width)
            at = last
        else:  # so many times the same
            bytes_of_index = (width + np.uint64(7)) >> np.uint64(3)
            if at + bytes_of_index > size:
                return False
            index = np.uint64(0)
            for k in range(bytes_of_index):
                index |= np.uint64(data[at + k]) << (eight * k)
            at += bytes_of_index
            most = max(most, index)
            if index >= np.uint64(len(table)):
                return False
            value = table[index]
            for _ in range(min(count, end - n)):
                part[n] = value
                n += one
    return bool(most < known)
