"""Tables in one array of words, and records read as plain numbers."""

import numpy as np
import pytest

from engine.analysis import Analysis
from engine.config import engine_config
from engine.patterns import FOUND
from engine.regime import READING
from engine.tables import BAR, Tables, layout, tables_of, words_of
from engine.ticks import ONE_TICK, TICK, columns


def filled() -> Tables:
    """Tables of the sizes in use, every word of them another number."""
    tables: Tables = tables_of.py_func(Analysis(engine_config("ES")).words)  # type: ignore[attr-defined]
    for number, table in enumerate(tables):
        flat = np.ascontiguousarray(table).reshape(-1).view(np.int64)
        flat[:] = np.arange(len(flat)) + 1_000_000 * number
        table[...] = flat.view(table.dtype).reshape(table.shape)
    return tables


def test_tables_come_back_from_words_as_they_were() -> None:
    tables = filled()
    for cut in (tables_of, tables_of.py_func):  # type: ignore[attr-defined]
        for name, table, again in zip(Tables._fields, tables, cut(words_of(tables)), strict=True):
            assert again.shape == table.shape, name
            assert again.tobytes() == table.tobytes(), name


def test_what_is_written_to_a_table_is_written_to_its_words() -> None:
    words = words_of(filled())
    plain, compiled = tables_of.py_func(words), tables_of(words)  # type: ignore[attr-defined]
    for name in Tables._fields:
        getattr(plain, name)[...] = np.zeros((), getattr(plain, name).dtype)
        assert not any(getattr(compiled, name).tobytes()), name


@pytest.mark.parametrize("record", [BAR, READING, FOUND])
def test_a_layout_reads_a_record_number_by_number(record: np.dtype[np.void]) -> None:
    table = np.zeros(2, record)
    for number, name in enumerate(record.names or ()):
        table[name] = number + 0.5
    flat: list[int | float] = []
    for value in table[1].item():
        flat += value.tolist() if isinstance(value, np.ndarray) else [value]
    assert list(layout(record).unpack_from(table.tobytes(), record.itemsize)) == flat
    assert layout(record).size == record.itemsize


def test_one_tick_reads_what_the_columns_hold() -> None:
    ticks = np.zeros(3, TICK)
    ticks[1] = (1 << 61, 2**31 - 1, 77, -1)
    one = ticks[1:2]
    assert ONE_TICK.unpack(one.tobytes()) == tuple(column.item() for column in columns(one))
