"""Named arrays in a small Parquet file: what a day's analysis is kept as.

A row an array: its name, its type and shape as JSON, its bytes, as they are: a column an array, or
compression, would take several times as long to open. The file's metadata say whose arrays they are
(`mark`), with a checksum of them all, so nothing waits for the disk: a file that is damaged, cut
off or another's is as good as none.
"""

import json
import os
import zlib
from itertools import count
from math import prod
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from marketdata.store.files import UNFINISHED
from marketdata.store.parquet import DAMAGE

Arrays = dict[str, npt.NDArray[Any]]

MARK: Final = b"tradebot.mark"
SCHEMA: Final = pa.schema(
    [
        pa.field("name", pa.string(), nullable=False),
        pa.field("kind", pa.string(), nullable=False),
        pa.field("data", pa.binary(), nullable=False),
    ]
)

_numbers = count()


def save(path: Path, arrays: Arrays, mark: str) -> int:
    """Write them, whole or not at all; the file's bytes. OSError when the disk does not take it."""
    names, kinds = list(arrays), [_kind(array) for array in arrays.values()]
    content = [array.tobytes() for array in arrays.values()]
    columns = [
        pa.array(names, pa.string()), pa.array(kinds, pa.string()), pa.array(content, pa.binary()),
    ]  # fmt: skip
    schema = SCHEMA.with_metadata({MARK: _marked(mark, names, kinds, content)})
    table = pa.Table.from_arrays(columns, schema=schema)
    unfinished = path.with_name(f".{path.name}.{os.getpid()}.{next(_numbers)}{UNFINISHED}")
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        pq.write_table(
            table, unfinished, compression="none", use_dictionary=False, write_statistics=False
        )
        size = unfinished.stat().st_size
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)
    return size


def load(path: Path, mark: str) -> Arrays | None:
    """The arrays that were saved under this mark, writable; None when there are none such."""
    try:
        file = pq.ParquetFile(pa.BufferReader(path.read_bytes()))
        said = (file.metadata.metadata or {}).get(MARK)
        if not file.schema_arrow.equals(SCHEMA, check_metadata=False):
            return None
        names, kinds, content = file.read(use_threads=False).to_pydict().values()
    except DAMAGE:  # among them that there is none
        return None
    if said != _marked(mark, names, kinds, content):
        return None
    return {
        name: _array(kind, data) for name, kind, data in zip(names, kinds, content, strict=True)
    }


def _marked(mark: str, names: list[str], kinds: list[str], content: list[bytes]) -> bytes:
    digest = zlib.crc32(json.dumps([names, kinds]).encode())
    for data in content:
        digest = zlib.crc32(data, digest)
    return f"{mark} {digest:08x}".encode()


def _kind(array: npt.NDArray[Any]) -> str:
    return json.dumps([np.lib.format.dtype_to_descr(array.dtype), list(array.shape)])


def _array(kind: str, data: bytes) -> npt.NDArray[Any]:
    described, shape = json.loads(kind)
    if not isinstance(described, str):
        described = [tuple(field) for field in described]
    dtype = np.lib.format.descr_to_dtype(described)
    array = np.frombuffer(bytearray(data), dtype, prod(shape))
    return array.reshape(shape)
