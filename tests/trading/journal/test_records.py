"""What is kept of an input gives the same input again."""

from dataclasses import fields
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine import commands
from engine.events import Fill
from engine.ticks import TickColumns
from trading.errors import JournalError
from trading.journal.records import COMMANDS, Note, Reference, decode, encode
from trading.pipeline.core import Beat, Finish, Roll, WarmUp

TIMES = st.integers(0, 2**62)
VALUES = {"str": st.text(max_size=40), "int": st.integers(-(2**60), 2**60), "bool": st.booleans()}


def made(kind: Any) -> st.SearchStrategy[Any]:
    return st.builds(kind, **{field.name: VALUES[str(getattr(field.type, "__name__", field.type))]
                              for field in fields(kind)})  # fmt: skip


EVERY_COMMAND = st.one_of([made(kind) for name, kind in COMMANDS.items() if name != "Command"])


@given(EVERY_COMMAND)
def test_every_command_comes_back_as_it_was(command: commands.Command) -> None:
    assert decode(encode(command)) == command


def test_every_command_of_the_engine_can_be_kept() -> None:
    assert {"HaltTrading", "Kill", "ReportWorking", "ReportLink", "ReportMargin"} <= set(COMMANDS)


@given(
    st.one_of(
        st.builds(Reference, st.integers(1, 2**32 - 1), TIMES),
        st.builds(Beat, TIMES),
        st.builds(WarmUp, st.booleans(), st.booleans()),
        st.sampled_from([Roll(), Finish()]),
        made(Fill),
        st.builds(Note, st.text(), st.dictionaries(st.text(), st.integers())),
    )
)
def test_other_inputs_come_back_too(item: Any) -> None:
    if isinstance(item, Note) and "note" in item.details:
        return
    assert decode(encode(item)) == item


def test_ticks_in_full_come_back() -> None:
    ticks = TickColumns(
        np.array([5, 2**60]), np.array([4, 2], np.int32), np.array([1, 9], np.int32),
        np.array([1, -1], np.int8),
    )  # fmt: skip
    again = decode(encode(ticks))
    assert isinstance(again, TickColumns)
    for column, before in zip(again, ticks, strict=True):
        assert (column.dtype, column.tolist()) == (before.dtype, before.tolist())


def test_a_price_that_numpy_counted_is_kept_as_a_number() -> None:
    fill = Fill(id="f", order_id="o", ts=int(np.int64(7)), price=np.int64(22_000), size=1)  # type: ignore[arg-type]
    assert decode(encode(fill)) == fill


@pytest.mark.parametrize(
    ("record", "message"),
    [
        (b"Zx", "is of kind b'Z', which this version does not know"),
        (b'C{"command":"Dance","id":"1","ts":2}', "a Dance, which this version does not know"),
        (b'C{"command":"Kill","id":"1","ts":2,"how":3}', "cannot be read"),
        (b"B12", "cannot be read"),
        (b"Rabc", "no whole ticks"),
        (b'F{"id":1', "cannot be read"),
    ],
)
def test_what_this_version_does_not_know_is_refused(record: bytes, message: str) -> None:
    with pytest.raises(JournalError, match=message):
        decode(record)
