"""Where a feed goes on after a gap, and which replayed trades it had, however it was cut off."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from marketdata.feeds.databento_live.resume import OVERLAP_NS, Resume

STEP = OVERLAP_NS // 4

tapes = st.lists(
    # Few values, so that many trades share time and sequence, and many are alike in everything.
    st.tuples(st.integers(0, 2), st.integers(0, 1), st.integers(1, 2), st.integers(-1, 1)),
    min_size=1,
    max_size=60,
)


def rows(tape):
    """Columns of a tape of (packets since the last trade, price, size, side)."""
    packet = np.cumsum([row[0] for row in tape])
    price, size, side = (np.array([row[k] for row in tape], np.int64) for k in (1, 2, 3))
    return (packet * STEP + 10**18, packet + 5, price, size, side)


def part(columns, which):
    return tuple(column[which] for column in columns)


@given(tapes, st.data())
def test_whatever_was_cut_off_where_nothing_is_lost_or_doubled(tape, data):
    """Each connection replays from where it was asked to, and breaks somewhere, at the latest when
    it has said all; the last one says all."""
    columns = rows(tape)
    total = len(tape)
    resume, got, cut = Resume(), [], 0
    breaks = [*data.draw(st.lists(st.integers(0, total), max_size=5)), total]
    for index, cut in enumerate(breaks):
        start = resume.start
        if start is not None:
            resume.replay(start)
        first = 0 if start is None else int((columns[0] >= start).argmax())
        sent = np.arange(first, max(cut, first))
        size = data.draw(st.integers(1, 7), label=f"block of {index}")
        for at in range(0, len(sent), size):
            block = part(columns, sent[at : at + size])
            new = resume.new(block)
            block = block if new is None else part(block, new)
            resume.remember(block)
            got += list(zip(*(column.tolist() for column in block), strict=True))
    assert got == list(zip(*(column.tolist() for column in columns), strict=True))


@given(tapes, st.integers(0, 60))
def test_a_process_that_is_started_again_has_what_was_journalled(tape, count):
    columns = rows(tape)
    count = min(count, len(tape))
    resume = Resume()
    resume.remember(part(columns, slice(count)))
    start = resume.start
    if start is None:
        return
    resume.replay(start)
    late = columns[0] >= start
    new = resume.new(part(columns, late))
    fresh = int(late.sum()) if new is None else int(new.sum())
    assert fresh == len(tape) - count


def test_what_is_older_than_the_replay_is_no_news():
    resume = Resume()
    columns = rows([(1, 0, 1, 1)] * 20)
    resume.remember(columns)
    assert resume.start is not None
    resume.replay(resume.start)
    older = (columns[0] - 10**12, *columns[1:])
    assert not resume.new(older).any()


def test_memory_is_of_the_newest_seconds():
    resume = Resume()
    for second in range(100):
        ts = np.array([10**18 + second * 10**9], np.int64)
        resume.remember((ts, ts, ts, ts, ts))
    assert len(resume._blocks) < 10
