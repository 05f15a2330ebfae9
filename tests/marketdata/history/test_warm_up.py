"""The last hours of trading from store, history and live: no hole, no tick twice."""

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.instruments import instrument
from marketdata.calendars import NEW_YORK, new_york, schedule
from marketdata.errors import HistoryError
from marketdata.feeds import StoredTicks
from marketdata.history.warm_up import (
    KEEP_NS,
    NS,
    OVERLAP_NS,
    REACH_NS,
    Warm,
    trading_days,
    warm_up,
)

MES = instrument("MES")
HOURS = schedule(MES, "all")
HOUR = 3600 * NS
MONDAY = date(2025, 11, 17)


def at(day, hour, minute=0):
    return new_york(day, time(hour, minute))


# Hours of trading


@pytest.mark.parametrize(
    ("now", "since"),
    [
        ("2025-11-19 10:00", "2025-11-19 07:00"),
        ("2025-11-19 19:30", "2025-11-19 15:30"),  # an hour is closed
        ("2025-11-16 18:30", "2025-11-14 14:30"),  # Sunday evening, Friday afternoon
        ("2025-11-15 12:00", "2025-11-14 14:00"),  # Saturday
        ("2025-11-30 19:00", "2025-11-28 11:15"),  # after Thanksgiving's half day, 13:15
        ("2025-12-25 18:45", "2025-12-24 11:00"),  # Christmas: closed at 13:15 the day before
        ("2025-11-02 18:30", "2025-10-31 14:30"),  # the night the clocks went back
        ("2025-03-09 18:30", "2025-03-07 14:30"),  # and forward
    ],
)
def test_hours_are_hours_of_trading(now, since):
    def ns(text):
        return int(datetime.fromisoformat(text).replace(tzinfo=NEW_YORK).timestamp()) * NS

    found, days = trading_days(HOURS, ns(now), 3)
    assert datetime.fromtimestamp(found / NS, UTC) == datetime.fromtimestamp(ns(since) / NS, UTC)
    assert days[-1] == HOURS.at(ns(now))
    assert days[0] == HOURS.at(found)


@given(
    st.integers(at(date(2023, 1, 3), 0) // NS, at(date(2027, 6, 1), 0) // NS),
    st.integers(0, 48),
)
def test_as_much_was_traded_since_as_was_asked_for(second, hours):
    moment = second * NS
    since, days = trading_days(HOURS, moment, hours)
    traded = sum(
        max(min(day.close, moment) - max(day.open, since), 0)
        for day in HOURS.days(days[0].day, days[-1].day)
    )
    assert traded == hours * HOUR
    assert list(days) == list(HOURS.days(days[0].day, days[-1].day))


# The same ticks however they are split


def tape(recv, delays, kinds) -> StoredTicks:
    """Ticks received at these times, each so long after it happened. The kind of a tick is all else
    about it: ticks of one kind and time are alike."""
    recv, kinds = np.asarray(recv, np.int64), np.asarray(kinds, np.int64)
    return StoredTicks(
        recv - np.asarray(delays, np.int64), recv, (kinds + 24_000).astype(np.int32),
        (kinds % 2 + 1).astype(np.int32), (kinds % 3 - 1).astype(np.int8), kinds * 0 + 7,
    )  # fmt: skip


def rows(ticks) -> list[tuple[int, ...]]:
    return list(zip(*(column.tolist() for column in ticks.columns), strict=True))


def pieces(ticks: StoredTicks, size: int) -> Iterator[StoredTicks]:
    for start in range(0, len(ticks.ts_event), size):
        yield ticks.part(slice(start, start + size))


class Sources:
    """A tape, and who has which part of it. `held`: the store has ticks of each day from one index
    to before another, counted within the day."""

    def __init__(self, all_ticks, held=None, size=3):
        self.tape, self.held, self.size = all_ticks, held or {}, size
        self.asked = []

    def of_day(self, day):
        ts = self.tape.ts_event
        return self.tape.part((ts >= day.start) & (ts < day.end))

    def store(self, day):
        first, end = self.held.get(day.day, (0, 0))
        return pieces(self.of_day(day).part(slice(first, end)), self.size)

    def history(self, start, end):
        self.asked.append((start, end))
        received = self.tape.ts_recv
        yield from pieces(self.tape.part((received >= start) & (received < end)), self.size)

    def live(self, warm: Warm, now):
        """What a feed says that was told to go on from `since` and what was `had`."""
        had = Counter(row for block in warm.had for row in rows(block))
        received = self.tape.ts_recv
        new = received >= warm.since
        for i, row in enumerate(rows(self.tape)):
            if had[row] > 0 and new[i]:
                had[row] -= 1
                new[i] = False
        if warm.had:
            new &= self.tape.ts_event >= warm.since
        return self.tape.part(new & (self.tape.ts_event >= HOURS.at(now).start))


def everything(warm, live) -> list[tuple[int, ...]]:
    found = []
    for block in warm.blocks:
        columns = block.columns if isinstance(block, StoredTicks) else block
        found += list(zip(*(column.tolist() for column in columns), strict=True))
    return found + rows(live)


@given(st.data())
def test_any_split_gives_the_same_ticks(data):
    """A Monday and its Tuesday, on both sides of the hour in between."""
    monday, tuesday = HOURS.day(MONDAY), HOURS.day(MONDAY + timedelta(days=1))
    second = st.integers(0, 40)
    before = data.draw(st.lists(second, max_size=25))
    after = data.draw(st.lists(second, max_size=25))
    jitter = data.draw(st.sampled_from([0, NS // 2]))
    base = [monday.close - 60 * NS + n * NS // 2 for n in sorted(before)]
    base += [tuesday.open + NS + n * NS // 2 for n in sorted(after)]
    count = len(base)
    delays = data.draw(st.lists(st.integers(0, jitter), min_size=count, max_size=count))
    kinds = data.draw(st.lists(st.integers(0, 1), min_size=count, max_size=count))
    ticks = tape(base, delays, kinds)

    now = tuesday.open + 60 * NS
    since = data.draw(st.integers(monday.close - 70 * NS, tuesday.open + 30 * NS))
    reach = data.draw(st.integers(tuesday.start - HOUR, now))
    sources = Sources(ticks, size=data.draw(st.integers(1, 9)))
    for day in (monday, tuesday):
        some = sorted(data.draw(st.tuples(st.integers(0, 25), st.integers(0, 25))))
        sources.held[day.day] = tuple(some)

    days = (monday, tuesday) if since < tuesday.start else (tuesday,)
    warm = warm_up(now, since, days, sources.store, sources.history, reach=reach)
    heard = sources.live(warm, now)

    today = sources.of_day(tuesday)
    first, end = sources.held[tuesday.day]
    held = today.part(slice(first, end))
    if len(held.ts_event):
        expected = rows(today.part(slice(first, None)))
    else:
        begin = max(since, tuesday.start)
        expected = rows(today.part(today.ts_event >= begin))
    yesterday = sources.of_day(monday)
    wanted = rows(yesterday.part(yesterday.ts_event >= since)) + expected

    found = everything(warm, heard)
    assert not Counter(wanted) - Counter(found), "a hole"
    assert not Counter(found) - Counter(rows(ticks)), "a tick twice"
    # The replay begins a second early: what happened in that second before the begin may come, too.
    begin = int(held.ts_event[0]) if len(held.ts_event) else max(since, tuesday.start)
    extra = Counter(found) - Counter(wanted)
    assert all(abs(row[0] - begin) <= OVERLAP_NS for row in extra)
    if not jitter and not extra:
        assert found == wanted
    assert not warm.holes


# What is asked for, and what not


def a_day(day, *, every=600 * NS, number=0):
    found = HOURS.day(day)
    times = np.arange(found.open + NS, found.close, every)
    return tape(times, times * 0, np.arange(len(times)) + number)


def test_what_the_store_has_is_not_asked_for_again():
    monday = HOURS.day(MONDAY)
    now = at(MONDAY, 10)
    sources = Sources(a_day(MONDAY), {MONDAY: (0, 40)})
    since, days = trading_days(HOURS, now, 3)
    warm = warm_up(now, since, days, sources.store, sources.history)
    assert not sources.asked
    assert warm.counts == {"store": 40}
    assert warm.first_ts == monday.open + NS
    newest = monday.open + NS + 39 * 600 * NS
    assert warm.since == newest - OVERLAP_NS
    assert [block.ts_event.tolist() for block in warm.had] == [[newest]]
    assert KEEP_NS > OVERLAP_NS


def test_with_nothing_stored_the_live_feed_begins_with_the_hours_asked_for():
    now = at(MONDAY, 10)
    sources = Sources(a_day(MONDAY))
    since, days = trading_days(HOURS, now, 3)
    warm = warm_up(now, since, days, sources.store, sources.history)
    assert (warm.blocks, warm.had, warm.since) == ([], [], at(MONDAY, 7))
    assert warm.first_ts is None
    assert not sources.asked


def test_history_closes_a_gap_that_the_live_feed_cannot_and_its_ticks_are_to_be_journalled():
    """A trading day can be longer than the 24 hours that the live feed replays."""
    now = at(MONDAY, 16)
    reach = at(MONDAY, 9)
    sources = Sources(a_day(MONDAY), {MONDAY: (0, 12)})
    since, days = trading_days(HOURS, now, 3)
    warm = warm_up(now, since, days, sources.store, sources.history, reach=reach)
    kinds = [type(block).__name__ for block in warm.blocks]
    assert kinds == ["TickColumns"] * 4 + ["StoredTicks"] * (len(kinds) - 4)
    assert warm.counts["store"] == 12
    assert warm.counts["history"] > 60
    assert everything(warm, sources.live(warm, now)) == rows(sources.tape)


def test_a_friday_is_heard_on_sunday_evening():
    friday, sunday = MONDAY - timedelta(days=3), MONDAY - timedelta(days=1)
    both = [np.concatenate(c) for c in zip(a_day(friday), a_day(MONDAY, number=500), strict=True)]
    sources = Sources(StoredTicks(*both), {friday: (125, 131)})
    now = at(sunday, 18, 30)
    since, days = trading_days(HOURS, now, 3)
    warm = warm_up(now, since, days, sources.store, sources.history)
    whole = sources.tape.part(sources.tape.ts_event >= at(friday, 14, 30))
    assert everything(warm, sources.live(warm, now)) == rows(whole)
    assert warm.counts["store"], "what is stored of Friday is used"
    assert len(sources.asked) == 2, "and asked for before it and after it"


def test_what_history_does_not_give_is_a_hole_and_no_reason_not_to_start():
    def refuses(start, end):
        raise HistoryError("out of funds")

    friday, sunday = MONDAY - timedelta(days=3), MONDAY - timedelta(days=1)
    sources = Sources(a_day(MONDAY))
    now = at(sunday, 18, 30)
    since, days = trading_days(HOURS, now, 3)
    warm = warm_up(now, since, days, sources.store, refuses)
    assert [(hole.start, hole.reason) for hole in warm.holes] == [
        (at(friday, 14, 30), "out of funds")
    ]
    assert warm.since == now - REACH_NS, "Monday's trading day has begun on Friday"


def test_no_hours_mean_what_is_stored_of_the_day_alone():
    now = at(MONDAY, 10)
    since, days = trading_days(HOURS, now, 0)
    assert (since, len(days)) == (now, 1)
    sources = Sources(a_day(MONDAY), {MONDAY: (0, 40)})
    assert warm_up(now, since, days, sources.store, sources.history).counts == {"store": 40}
    sources.held.clear()
    assert warm_up(now, since, days, sources.store, sources.history).since == now
