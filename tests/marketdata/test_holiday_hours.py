"""Every holiday and early close of 2023-2027, spelled out, and every clock change around them.

The tables are CME's published Globex holiday hours, New York time. Days that are not in them are
whole: from 18:00 the evening before to 17:00.
"""

from collections import defaultdict
from datetime import date, datetime, time, timedelta
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.instruments import INSTRUMENTS, US_STOCKS, instrument
from engine.ticks import NS
from marketdata.calendars import ALWAYS_OPEN, NEW_YORK, calendar_date, new_york, schedule

FIRST, LAST = date(2023, 1, 1), date(2027, 12, 31)
MINUTE = 60 * NS
SHUT = None

# MLK, Presidents, Good Friday, Memorial, Juneteenth, July 3 and 4, Labor, Thanksgiving and the day
# after, Christmas Eve and Day, New Year.
EQUITY = {
    "2023-01-02": SHUT, "2023-01-16": "13:00", "2023-02-20": "13:00", "2023-04-07": "09:15",
    "2023-05-29": "13:00", "2023-06-19": "13:00", "2023-07-03": "13:15", "2023-07-04": "13:00",
    "2023-09-04": "13:00", "2023-11-23": "13:00", "2023-11-24": "13:15", "2023-12-25": SHUT,
    "2024-01-01": SHUT, "2024-01-15": "13:00", "2024-02-19": "13:00", "2024-03-29": SHUT,
    "2024-05-27": "13:00", "2024-06-19": "13:00", "2024-07-03": "13:15", "2024-07-04": "13:00",
    "2024-09-02": "13:00", "2024-11-28": "13:00", "2024-11-29": "13:15", "2024-12-24": "13:15",
    "2024-12-25": SHUT,
    "2025-01-01": SHUT, "2025-01-09": "09:30", "2025-01-20": "13:00", "2025-02-17": "13:00",
    "2025-04-18": SHUT, "2025-05-26": "13:00", "2025-06-19": "13:00", "2025-07-03": "13:15",
    "2025-07-04": "13:00", "2025-09-01": "13:00", "2025-11-27": "13:00", "2025-11-28": "13:15",
    "2025-12-24": "13:15", "2025-12-25": SHUT,
    "2026-01-01": SHUT, "2026-01-19": "13:00", "2026-02-16": "13:00", "2026-04-03": "09:15",
    "2026-05-25": "13:00", "2026-06-19": "13:00", "2026-07-03": "13:00", "2026-09-07": "13:00",
    "2026-11-26": "13:00", "2026-11-27": "13:15", "2026-12-24": "13:15", "2026-12-25": SHUT,
    "2027-01-01": SHUT, "2027-01-18": "13:00", "2027-02-15": "13:00", "2027-03-26": SHUT,
    "2027-05-31": "13:00", "2027-06-18": "13:00", "2027-07-05": "13:00", "2027-09-06": "13:00",
    "2027-11-25": "13:00", "2027-11-26": "13:15", "2027-12-24": SHUT,
}  # fmt: skip

ENERGY_AND_METALS = {
    "2023-01-02": SHUT, "2023-01-16": "14:30", "2023-02-20": "14:30", "2023-04-07": SHUT,
    "2023-05-29": "14:30", "2023-06-19": "14:30", "2023-07-04": "14:30", "2023-09-04": "13:00",
    "2023-11-23": "14:30", "2023-11-24": "13:45", "2023-12-25": SHUT,
    "2024-01-01": SHUT, "2024-01-15": "14:30", "2024-02-19": "14:30", "2024-03-29": SHUT,
    "2024-05-27": "14:30", "2024-06-19": "14:30", "2024-07-04": "14:30", "2024-09-02": "14:30",
    "2024-11-28": "14:30", "2024-11-29": "14:45", "2024-12-24": "13:45", "2024-12-25": SHUT,
    "2025-01-01": SHUT, "2025-01-20": "14:30", "2025-02-17": "14:30", "2025-04-18": SHUT,
    "2025-05-26": "14:30", "2025-06-19": "14:30", "2025-07-04": "13:00", "2025-09-01": "14:30",
    "2025-11-27": "14:30", "2025-11-28": "14:45", "2025-12-24": "13:45", "2025-12-25": SHUT,
    "2026-01-01": SHUT, "2026-01-19": "14:30", "2026-02-16": "14:30", "2026-04-03": SHUT,
    "2026-05-25": "14:30", "2026-06-19": "13:00", "2026-07-03": "13:00", "2026-09-07": "14:30",
    "2026-11-26": "14:30", "2026-11-27": "14:45", "2026-12-24": "13:45", "2026-12-25": SHUT,
    "2027-01-01": SHUT, "2027-01-18": "14:30", "2027-02-15": "14:30", "2027-03-26": SHUT,
    "2027-05-31": "14:30", "2027-06-18": "13:00", "2027-07-05": "14:30", "2027-09-06": "14:30",
    "2027-11-25": "14:30", "2027-11-26": "14:45", "2027-12-24": SHUT,
}  # fmt: skip

# New York's stock exchanges: closed on each holiday, and at 13:00 on half days.
STOCKS = {
    "2023-01-02": SHUT, "2023-01-16": SHUT, "2023-02-20": SHUT, "2023-04-07": SHUT,
    "2023-05-29": SHUT, "2023-06-19": SHUT, "2023-07-03": "13:00", "2023-07-04": SHUT,
    "2023-09-04": SHUT, "2023-11-23": SHUT, "2023-11-24": "13:00", "2023-12-25": SHUT,
    "2024-01-01": SHUT, "2024-01-15": SHUT, "2024-02-19": SHUT, "2024-03-29": SHUT,
    "2024-05-27": SHUT, "2024-06-19": SHUT, "2024-07-03": "13:00", "2024-07-04": SHUT,
    "2024-09-02": SHUT, "2024-11-28": SHUT, "2024-11-29": "13:00", "2024-12-24": "13:00",
    "2024-12-25": SHUT,
    "2025-01-01": SHUT, "2025-01-09": SHUT, "2025-01-20": SHUT, "2025-02-17": SHUT,
    "2025-04-18": SHUT, "2025-05-26": SHUT, "2025-06-19": SHUT, "2025-07-03": "13:00",
    "2025-07-04": SHUT, "2025-09-01": SHUT, "2025-11-27": SHUT, "2025-11-28": "13:00",
    "2025-12-24": "13:00", "2025-12-25": SHUT,
    "2026-01-01": SHUT, "2026-01-19": SHUT, "2026-02-16": SHUT, "2026-04-03": SHUT,
    "2026-05-25": SHUT, "2026-06-19": SHUT, "2026-07-03": SHUT, "2026-09-07": SHUT,
    "2026-11-26": SHUT, "2026-11-27": "13:00", "2026-12-24": "13:00", "2026-12-25": SHUT,
    "2027-01-01": SHUT, "2027-01-18": SHUT, "2027-02-15": SHUT, "2027-03-26": SHUT,
    "2027-05-31": SHUT, "2027-06-18": SHUT, "2027-07-05": SHUT, "2027-09-06": SHUT,
    "2027-11-25": SHUT, "2027-11-26": "13:00", "2027-12-24": SHUT,
}  # fmt: skip

HOURS = {
    US_STOCKS: STOCKS,
    "CME_Equity": EQUITY,
    "CMEGlobex_CL": ENERGY_AND_METALS,
    "CMEGlobex_Gold": ENERGY_AND_METALS,
    "CMEGlobex_MCL": ENERGY_AND_METALS,
}
CALENDARS = {item.calendar: item for item in INSTRUMENTS.values()}
FUTURES = sorted(set(HOURS) - {US_STOCKS})

# Second Sunday of March and first of November; last Sunday of March and of October.
AMERICAN = [
    date(2023, 3, 12), date(2023, 11, 5), date(2024, 3, 10), date(2024, 11, 3), date(2025, 3, 9),
    date(2025, 11, 2), date(2026, 3, 8), date(2026, 11, 1), date(2027, 3, 14), date(2027, 11, 7),
]  # fmt: skip
EUROPEAN = [
    date(2023, 3, 26), date(2023, 10, 29), date(2024, 3, 31), date(2024, 10, 27),
    date(2025, 3, 30), date(2025, 10, 26), date(2026, 3, 29), date(2026, 10, 25),
    date(2027, 3, 28), date(2027, 10, 31),
]  # fmt: skip


def clock(ts: int) -> datetime:
    return datetime.fromtimestamp(ts // NS, NEW_YORK).replace(tzinfo=None)


def special_days(calendar: str) -> list[date]:
    return [date.fromisoformat(text) for text in HOURS.get(calendar, {})]


def test_every_market_that_we_know_is_in_the_tables():
    assert set(CALENDARS) == {*HOURS, ALWAYS_OPEN}


@pytest.mark.parametrize("calendar", sorted(HOURS))
def test_each_weekday_of_five_years_has_the_published_hours(calendar):
    item = CALENDARS[calendar]
    everything, rth = schedule(item, "all"), schedule(item, "rth")
    for offset in range((LAST - FIRST).days + 1):
        day = FIRST + timedelta(days=offset)
        closes = HOURS[calendar].get(day.isoformat(), "16:00" if calendar == US_STOCKS else "17:00")
        found = everything.day(day)
        if day.weekday() > 4 or closes is SHUT:
            assert found is None, day
            assert rth.day(day) is None, day
            continue
        assert found is not None, day
        at = datetime.combine(day, time.fromisoformat(closes))
        evening = datetime.combine(day - timedelta(days=1), time(18))
        opens = datetime.combine(day, time(9, 30))
        assert clock(found.open) == (opens if calendar == US_STOCKS else evening), day
        assert clock(found.close) == at, day
        assert found.flatten_at == found.close - 5 * MINUTE, day
        assert found.entries_to == found.close - 15 * MINUTE, day
        regular = rth.day(day)
        assert regular is not None
        assert clock(regular.open) == min(opens, at), day
        assert clock(regular.close) == min(at, datetime.combine(day, time(16))), day
        assert clock(regular.end) == datetime.combine(day, time(17)), day
        if at > opens:
            assert regular.flatten_at == regular.close - 5 * MINUTE, day
        else:
            assert regular.open == regular.entries_to == regular.flatten_at == regular.close, day


@pytest.mark.parametrize("session", ["rth", "all"])
@pytest.mark.parametrize("calendar", sorted(CALENDARS))
def test_every_moment_around_a_special_day_belongs_to_exactly_one_day(calendar, session):
    """Each edge to the nanosecond, and each quarter of an hour for two days either side."""
    days = schedule(CALENDARS[calendar], session)
    listed = list(days.days(FIRST - timedelta(days=9), LAST + timedelta(days=9)))
    starts = np.array([day.start for day in listed])
    ends = np.array([day.end for day in listed])
    assert (starts[1:] == ends[:-1]).all()
    for special in (*special_days(calendar), *AMERICAN, *EUROPEAN):
        first = new_york(special - timedelta(days=2), time(17))
        last = new_york(special + timedelta(days=2), time(17))
        moments = list(range(first, last, 15 * MINUTE))
        edges = [day for day in listed if day.end >= first and day.start <= last]
        for day in edges:
            for edge in (day.start, day.open, day.flatten_at, day.close, day.end):
                moments += [edge - 1, edge, edge + 1]
        ts = np.array(moments)
        holding = (starts[:, None] <= ts) & (ts < ends[:, None])
        assert (holding.sum(axis=0) == 1).all()
        where = holding.argmax(axis=0).tolist()
        for moment, index in zip(moments, where, strict=True):
            day = days.at(moment)
            assert day == listed[index]
            assert day.start <= moment < day.end
            assert days.is_open(moment) == (day.open <= moment < day.close)
            assert day.day >= calendar_date(moment)
            if days.day(calendar_date(moment)) is not None:
                assert day.day == calendar_date(moment)


@pytest.mark.parametrize("sunday", AMERICAN)
@pytest.mark.parametrize("calendar", sorted(CALENDARS))
def test_where_new_yorks_clock_changes_the_day_has_an_hour_less_or_more(calendar, sunday):
    days = schedule(CALENDARS[calendar], "all")
    day = days.at(new_york(sunday, time(12)))
    before, after = days.before(day.day), days.at(day.end)
    assert before.end == day.start
    assert day.end == after.start
    hours = (day.end - day.start) // (60 * MINUTE)
    calendar_days = (clock(day.end).date() - clock(day.start).date()).days
    assert hours == 24 * calendar_days + (-1 if sunday.month == 3 else 1)
    for one in (before, day, after):
        assert clock(one.end) == datetime.combine(one.day, time(17))


@pytest.mark.parametrize("sunday", EUROPEAN)
@pytest.mark.parametrize("calendar", FUTURES)
def test_a_clock_change_in_europe_moves_nothing(calendar, sunday):
    days = schedule(CALENDARS[calendar], "all")
    friday, monday = days.before(sunday), days.at(new_york(sunday, time(19)))
    for day in (friday, monday):
        assert clock(day.open).time() == time(18)
        assert clock(day.end) == datetime.combine(day.day, time(17))


@given(
    st.sampled_from(sorted(CALENDARS)),
    st.sampled_from(["rth", "all"]),
    st.data(),
)
def test_no_position_is_left_when_a_special_day_closes(calendar, session, data):
    days = schedule(CALENDARS[calendar], session)
    near = data.draw(st.sampled_from([*special_days(calendar), *AMERICAN, *EUROPEAN]))
    ts = data.draw(
        st.integers(
            new_york(near - timedelta(days=4), time(0)), new_york(near + timedelta(days=4), time(0))
        )
    )
    day = days.at(ts)
    assert day.start <= ts < day.end
    assert day.entries_to <= day.flatten_at <= day.close <= day.end
    assert day.flatten_at < day.close or day.open == day.close
    whole = schedule(CALENDARS[calendar], "all").day(day.day)
    assert whole is not None
    assert whole.open <= day.open <= day.close <= whole.close


@pytest.mark.data
def test_micro_crude_traded_within_these_hours_and_up_to_their_end(recorded_data: Path):
    """466 trading days of real minute bars: none outside the hours, and on every one, early closes
    included, the last of them within three minutes of the close."""
    from databento import DBNStore

    days = schedule(instrument("MCL"), "all")
    minutes: defaultdict[date, set[int]] = defaultdict(set)
    for path in sorted((recorded_data / "mcl").glob("*.ohlcv-1m.dbn.zst")):
        for ts in np.unique(DBNStore.from_file(path).to_ndarray()["ts_event"]).tolist():
            day = days.at(ts)
            assert day.open <= ts < day.close, clock(ts)
            minutes[day.day].add(ts)
    first, last = date(2023, 12, 11), date(2025, 9, 30)
    assert sorted(minutes) == [day.day for day in days.days(first, last)] + [date(2025, 10, 1)]
    early = 0
    for day in days.days(first, last):
        assert day.close - max(minutes[day.day]) <= 3 * MINUTE, day.day
        assert min(minutes[day.day]) - day.open <= MINUTE, day.day
        early += clock(day.close).time() != time(17)
    assert (len(minutes) - 1, early) == (466, 15)


@pytest.mark.data
def test_the_e_mini_halted_at_1130_on_labor_day_of_2013(recorded_data: Path):
    import gzip

    day = schedule(instrument("ES"), "all").day(date(2013, 9, 2))
    assert day is not None
    assert clock(day.close) == datetime.combine(day.day, time(11, 30))
    with gzip.open(recorded_data / "es/es_20130901_500k_noside.csv.gz", "rt") as lines:
        next(lines)
        central = [datetime.fromisoformat(line.split(",")[0]) for line in lines]
    halts = [(a, b) for a, b in pairwise(central) if b - a > timedelta(minutes=25)]
    (before, after), *others = halts
    assert not others
    hour = timedelta(hours=1)  # Chicago's clock is an hour behind
    assert timedelta(0) < clock(day.close) - (before + hour) < timedelta(seconds=1)
    assert (after + hour).replace(microsecond=0) == datetime.combine(day.day, time(18))
