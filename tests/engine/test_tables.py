"""Tables in one array of words, and records read as plain numbers."""

import numpy as np
import pytest

from engine.compiled import njit
from engine.day_analysis import JUDGED
from engine.patterns import FOUND
from engine.regime import READING
from engine.tables import BAR, Tables, cut, layout, new_words
from engine.ticks import ONE_TICK, TICK, columns


def test_tables_have_the_room_asked_for_and_nothing_in_common() -> None:
    words = new_words(bars=5, unfinished=4, news=2, levels=6, log=7)
    tables = cut(words)
    sizes = [5, 1, 4, 1, 14, 2, 1, 1, 5, 5, 7, 6, 2, 26, 6, 2]
    assert [len(table) for table in tables] == sizes
    assert tables.marks.shape == tables.marked.shape == (2, 6)
    for number, table in enumerate(tables, 1):
        table[...] = (
            np.full(table.size * table.itemsize // 8, number).view(table.dtype).reshape(table.shape)
        )
    head = len(tables) + 1
    assert words[0] == head
    assert words[head - 1] == len(words)
    sizes = [table.nbytes // 8 for table in tables]
    assert words[head:].tolist() == np.repeat(np.arange(1, head), sizes).tolist()


def test_without_a_log_there_is_no_room_for_one() -> None:
    tables = cut(new_words(bars=5, unfinished=4, news=2, levels=6))
    assert len(tables.log) == len(tables.log_ends) == len(tables.log_levels) == 0


def test_compiled_code_sees_the_same_tables() -> None:
    words = new_words(bars=2, unfinished=3, news=0, levels=4)
    words[int(words[0]) :] = np.arange(len(words) - int(words[0]))
    for name, plain, compiled in zip(Tables._fields, cut(words), njit(cut)(words), strict=True):
        assert plain.shape == compiled.shape, name
        assert plain.tobytes() == compiled.tobytes(), name


@pytest.mark.parametrize("record", [BAR, JUDGED, READING, FOUND])
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
