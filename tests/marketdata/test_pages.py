"""Columns that are decoded page by page are those that pyarrow reads, or it is asked."""

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from marketdata.pages import PageReader

Column = npt.NDArray[Any]
SCHEMA = pa.schema(
    [
        pa.field("ts", pa.int64(), nullable=False),
        pa.field("price", pa.int32(), nullable=False),
        pa.field("size", pa.int32(), nullable=False),
        pa.field("side", pa.int8(), nullable=False),
    ]
)
NAMES, KINDS = SCHEMA.names, [np.dtype(field.type.to_pandas_dtype()) for field in SCHEMA]
ENCODINGS = {"ts": "DELTA_BINARY_PACKED", "price": "DELTA_BINARY_PACKED"}


def write(path: Path, columns: list[Column], **options: Any) -> None:
    """As the tick store writes it, with other options for what is given."""
    ours: dict[str, Any] = {
        "compression": "zstd", "use_dictionary": ["size", "side"], "column_encoding": ENCODINGS,
        "write_statistics": ["ts"], "write_page_checksum": True, "row_group_size": 1 << 18,
    }  # fmt: skip
    table = pa.Table.from_arrays([pa.array(column) for column in columns], schema=SCHEMA)
    pq.write_table(table, path, **{**ours, **options})


def read(path: Path, group: int = 0) -> list[Column] | None:
    source = pa.OSFile(str(path))
    return PageReader(source, pq.ParquetFile(source).metadata).columns(group, NAMES, KINDS)


def same(found: list[Column] | None, columns: list[Column]) -> bool:
    return found is not None and all(
        a.dtype == b.dtype and np.array_equal(a, b) and a.flags.writeable
        for a, b in zip(found, columns, strict=True)
    )


@st.composite
def ticks(draw: st.DrawFn) -> list[Column]:
    """Columns of any numbers, smooth or wild, with long and short runs."""
    count = draw(st.integers(1, 3000))
    rng = np.random.default_rng(draw(st.integers(0, 10_000)))

    def numbers(kind: Any) -> Column:
        limits = np.iinfo(kind)
        how = draw(st.sampled_from(["steps", "any", "same", "few", "runs"]))
        if how == "any":
            return rng.integers(limits.min, limits.max, count, dtype=kind, endpoint=True)
        if how == "steps":
            width = draw(st.integers(0, 20))
            return np.cumsum(rng.integers(-(1 << width), 1 << width, count, endpoint=True)).astype(
                kind
            )
        few = rng.integers(limits.min, limits.max, draw(st.sampled_from([1, 2, 3, 40, 300])), kind)
        picked = rng.choice(few, 1 if how == "same" else count)
        if how == "runs":
            picked = np.repeat(picked, rng.integers(1, 40, count))
        return np.resize(picked, count).astype(kind)

    return [numbers(kind) for kind in KINDS]


@given(ticks(), st.sampled_from([64, 1000, 1 << 20]), st.sampled_from([700, 1 << 18]))
def test_columns_are_those_that_were_written(
    tmp_path_factory: pytest.TempPathFactory, columns: list[Column], page: int, group: int
) -> None:
    path = tmp_path_factory.mktemp("pages") / "ticks.parquet"
    write(path, columns, data_page_size=page, row_group_size=group, write_batch_size=64)
    count = len(columns[0])
    for number, start in enumerate(range(0, count, group)):
        expected = [column[start : start + group] for column in columns]
        found = read(path, number)
        assert found is None or same(found, expected)


def market(count: int = 50_000) -> list[Column]:
    """Ticks as they are: what must not be left to pyarrow."""
    rng = np.random.default_rng(1)
    return [
        (1_763_000_000_000_000_000 + np.cumsum(rng.integers(0, 2 << 30, count))).astype(np.int64),
        (26_000 + np.cumsum(rng.integers(-1, 2, count))).astype(np.int32),
        rng.geometric(0.02, count).astype(np.int32),
        np.repeat(rng.integers(-1, 2, count), 3)[:count].astype(np.int8),
    ]


@pytest.mark.parametrize("page", [256, 20_000, 1 << 20])
def test_ticks_are_decoded_here(tmp_path: Path, page: int) -> None:
    write(tmp_path / "a", market(), data_page_size=page)
    assert same(read(tmp_path / "a"), market())


@pytest.mark.parametrize("count", [1, 2, 31, 32, 33, 127, 128, 129, 130, 257])
def test_the_ends_of_blocks_are_met(tmp_path: Path, count: int) -> None:
    write(tmp_path / "a", market(count))
    assert same(read(tmp_path / "a"), market(count))


@pytest.mark.parametrize("values", [1, 2, 255, 256, 257, 5000])
def test_dictionaries_of_all_widths_are_looked_up(tmp_path: Path, values: int) -> None:
    columns = market()
    columns[2] = np.random.default_rng(2).integers(0, values, len(columns[2])).astype(np.int32)
    columns[2][1000:2000] = values - 1
    write(tmp_path / "a", columns)
    assert same(read(tmp_path / "a"), columns)


@pytest.mark.parametrize(
    "options",
    [
        {"compression": "snappy"}, {"compression": "none"}, {"write_page_checksum": False},
        {"data_page_version": "2.0"}, {"use_dictionary": False},
        {"dictionary_pagesize_limit": 64},
        {"column_encoding": {"ts": "BYTE_STREAM_SPLIT", "price": "DELTA_BINARY_PACKED"}},
    ],
    ids=str,
)  # fmt: skip
def test_what_others_write_is_left_to_pyarrow(tmp_path: Path, options: dict[str, Any]) -> None:
    write(tmp_path / "a", market(), **options)
    assert read(tmp_path / "a") is None


def test_columns_that_may_be_empty_are_left_to_pyarrow(tmp_path: Path) -> None:
    table = pa.table({name: pa.array(each) for name, each in zip(NAMES, market(), strict=True)})
    pq.write_table(
        table, tmp_path / "a", compression="zstd", use_dictionary=["size", "side"],
        column_encoding=ENCODINGS, write_page_checksum=True,
    )  # fmt: skip
    assert read(tmp_path / "a") is None


def test_no_damage_of_the_pages_goes_unseen(tmp_path: Path) -> None:
    """Each byte is in a checksum, in a header that must fit, or changes nothing."""
    path, columns = tmp_path / "a", market(1500)
    write(path, columns, data_page_size=512, write_batch_size=64)
    whole = path.read_bytes()
    source = pa.BufferReader(whole)
    metadata = pq.ParquetFile(source).metadata
    last = metadata.row_group(0).column(3)
    unseen = 0
    for at in range(4, last.data_page_offset + last.total_compressed_size - 1, 3):
        damaged = whole[:at] + bytes([whole[at] ^ (1 << at % 8)]) + whole[at + 1 :]
        found = PageReader(pa.BufferReader(damaged), metadata).columns(0, NAMES, KINDS)
        assert found is None or same(found, columns), f"byte {at}"
        unseen += found is not None
    assert unseen < last.data_page_offset // 10
    cut = whole[: last.data_page_offset]
    assert PageReader(pa.BufferReader(cut), metadata).columns(0, NAMES, KINDS) is None
