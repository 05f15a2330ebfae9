"""Trading days tile time, roll at 17:00 New York, and keep the market's holidays."""

import subprocess
import sys
from datetime import date, datetime, time, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.instruments import INSTRUMENTS, instrument
from engine.ticks import NS
from marketdata.calendars import NEW_YORK, calendar_date, new_york, schedule
from marketdata.errors import CalendarError

FIRST, LAST = date(2023, 1, 1), date(2027, 12, 31)
SYMBOLS = ("ES", "CL", "GC", "MCL", "BTCUSDT", "SPY")

# Second Sunday of March, first Sunday of November.
DST_CHANGES = [
    date(2023, 3, 12), date(2023, 11, 5), date(2024, 3, 10), date(2024, 11, 3), date(2025, 3, 9),
    date(2025, 11, 2), date(2026, 3, 8), date(2026, 11, 1), date(2027, 3, 14), date(2027, 11, 7),
]  # fmt: skip


def clock(ts: int) -> tuple[date, time]:
    local = datetime.fromtimestamp(ts // NS, NEW_YORK)
    return local.date(), local.time()


@pytest.mark.parametrize("session", ["rth", "all"])
@pytest.mark.parametrize("symbol", SYMBOLS)
def test_five_years_of_days_tile_time_and_end_at_1700_new_york(symbol, session):
    days = list(schedule(instrument(symbol), session).days(FIRST, LAST))
    assert len(days) > 1250
    for before, day in pairwise(days):
        assert day.start == before.end
        assert clock(day.end) == (day.day, time(17))


@given(
    st.sampled_from(sorted(INSTRUMENTS)),
    st.sampled_from(["rth", "all"]),
    st.integers(new_york(FIRST, time(17)), new_york(LAST, time(17))),
)
def test_every_moment_lies_in_the_day_that_at_gives(symbol, session, ts):
    day = schedule(instrument(symbol), session).at(ts)
    assert day.start <= ts < day.end
    assert schedule(instrument(symbol), session).at(day.start) == day
    assert schedule(instrument(symbol), session).at(day.end - 1) == day
    assert schedule(instrument(symbol), session).at(day.end) != day


@given(st.integers(new_york(FIRST, time(17)), new_york(LAST, time(17))))
def test_the_answer_does_not_depend_on_what_was_asked_before(ts):
    from marketdata.calendars import CalendarSchedule

    fresh = CalendarSchedule("CME_Equity", "rth")
    assert fresh.at(ts) == schedule(instrument("ES"), "rth").at(ts)


@pytest.mark.parametrize("sunday", DST_CHANGES)
def test_the_weekend_of_a_clock_change_keeps_new_york_time(sunday):
    monday = sunday + timedelta(days=1)
    day = schedule(instrument("ES"), "all").day(monday)
    assert day is not None
    assert clock(day.start) == (sunday - timedelta(days=2), time(17))
    assert clock(day.open) == (sunday, time(18))
    assert clock(day.end) == (monday, time(17))
    hours = (day.end - day.start) / NS / 3600
    assert hours == (71 if sunday.month == 3 else 73)
    rth = schedule(instrument("ES"), "rth").day(monday)
    assert rth is not None
    assert clock(rth.open)[1] == time(9, 30)
    assert clock(rth.close)[1] == time(16)


def test_regular_hours_of_a_regular_day():
    day = schedule(instrument("ES"), "rth").day(date(2024, 6, 12))
    assert day is not None
    assert [clock(ts)[1] for ts in (day.open, day.entries_from, day.entries_to)] == [
        time(9, 30), time(9, 30), time(15, 45),
    ]  # fmt: skip
    assert clock(day.flatten_at)[1] == time(15, 55)
    assert clock(day.close)[1] == time(16)


def test_around_the_clock_a_day_runs_from_the_evening_before_to_1700():
    day = schedule(instrument("ES"), "all").day(date(2024, 6, 12))
    assert day is not None
    assert clock(day.open) == (date(2024, 6, 11), time(18))
    assert clock(day.entries_from) == (date(2024, 6, 11), time(18))
    assert clock(day.entries_to) == (date(2024, 6, 12), time(16, 45))
    assert clock(day.flatten_at) == (date(2024, 6, 12), time(16, 55))
    assert clock(day.close) == (date(2024, 6, 12), time(17))


@pytest.mark.parametrize(
    ("symbol", "day", "closes"),
    [
        ("ES", date(2023, 11, 24), time(13, 15)),
        ("ES", date(2024, 11, 29), time(13, 15)),
        ("ES", date(2024, 12, 24), time(13, 15)),
        ("CL", date(2024, 11, 29), time(14, 45)),
        ("GC", date(2023, 11, 24), time(13, 45)),
    ],
)
@pytest.mark.parametrize("session", ["rth", "all"])
def test_an_early_close_ends_entries_15_and_positions_5_minutes_before(
    symbol, day, closes, session
):
    found = schedule(instrument(symbol), session).day(day)
    assert found is not None
    assert clock(found.close)[1] == closes
    assert found.close - found.entries_to == 15 * 60 * NS
    assert found.close - found.flatten_at == 5 * 60 * NS
    assert clock(found.end) == (day, time(17))


def test_a_close_before_0930_leaves_no_regular_session():
    good_friday = schedule(instrument("ES"), "rth").day(date(2023, 4, 7))
    assert good_friday is not None
    assert clock(good_friday.close)[1] == time(9, 15)
    assert good_friday.open == good_friday.entries_to == good_friday.close


def test_the_reopening_on_christmas_evening_belongs_to_the_26th():
    es = schedule(instrument("ES"), "all")
    assert es.day(date(2023, 12, 25)) is None
    reopening = new_york(date(2023, 12, 25), time(18))
    day = es.at(reopening)
    assert day.day == date(2023, 12, 26)
    assert day.open == reopening
    assert clock(day.start) == (date(2023, 12, 22), time(17))


def test_good_friday_is_a_holiday_for_oil():
    assert schedule(instrument("CL"), "all").day(date(2024, 3, 29)) is None


def test_coins_trade_every_date():
    days = [day.day for day in schedule(instrument("BTCUSDT"), "all").days(FIRST, LAST)]
    assert len(days) == (LAST - FIRST).days + 1
    sunday = schedule(instrument("BTCUSDT"), "rth").day(date(2024, 6, 16))
    assert sunday is not None
    assert clock(sunday.open) == (date(2024, 6, 16), time(9, 30))
    everything = schedule(instrument("BTCUSDT"), "all").day(date(2024, 6, 16))
    assert everything is not None
    assert everything.open == everything.start
    assert everything.close == everything.end


def test_the_market_is_shut_in_the_halt_and_on_weekends():
    es = schedule(instrument("ES"), "all")
    assert not es.is_open(new_york(date(2024, 6, 12), time(17, 30)))
    assert not es.is_open(new_york(date(2024, 6, 15), time(12)))
    assert es.is_open(new_york(date(2024, 6, 12), time(3)))


def test_where_the_library_fails_weekdays_trade(monkeypatch):
    from pandas.errors import OutOfBoundsDatetime

    from marketdata import calendars

    class Nothing:
        def schedule(self, *_args, **_kwargs):
            raise OutOfBoundsDatetime("year 2300")

    monkeypatch.setattr(calendars, "_library_calendar", lambda _name: Nothing())
    monkeypatch.setattr(calendars, "_month", calendars._month.__wrapped__)
    far = calendars.CalendarSchedule("CME_Equity", "all")
    assert far.day(date(2200, 1, 4)) is None  # a Saturday
    monday = far.day(date(2200, 1, 6))
    assert monday is not None
    assert clock(monday.open) == (date(2200, 1, 5), time(18))


def test_the_date_of_a_moment_turns_at_1700():
    at = new_york(date(2024, 6, 12), time(17))
    assert calendar_date(at - 1) == date(2024, 6, 12)
    assert calendar_date(at) == date(2024, 6, 13)


SCRIPT = """
import sys
from pathlib import Path
from marketdata.calendars import keep_in, new_york, schedule
from datetime import date, time
from engine.instruments import instrument
keep_in(Path(sys.argv[1]))
print(schedule(instrument("ES"), "rth").at(new_york(date(2024, 11, 29), time(12))).close)
print("pandas" in sys.modules)
"""


def ask(folder) -> list[str]:
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, str(folder)], capture_output=True, text=True, check=True
    )
    return done.stdout.split()


def test_a_month_that_was_kept_needs_no_library(tmp_path):
    close = str(new_york(date(2024, 11, 29), time(13, 15)))
    assert ask(tmp_path / "calendars") == [close, "True"]
    assert ask(tmp_path / "calendars") == [close, "False"]
    (kept,) = (tmp_path / "calendars").glob("CME_Globex_Equity-2024-11-*.json")
    kept.write_text('[["2024-11-29", 17')
    assert ask(tmp_path / "calendars") == [close, "True"]


def test_a_folder_that_cannot_be_written_is_done_without(tmp_path):
    (tmp_path / "calendars").write_text("in the way")
    close, imported = ask(tmp_path / "calendars")[-2:]
    assert (close, imported) == (str(new_york(date(2024, 11, 29), time(13, 15))), "True")


def test_unknown_session_and_calendar_say_so():
    with pytest.raises(CalendarError, match='"rth" or "all"'):
        schedule(instrument("ES"), "night")  # type: ignore[arg-type]
    from marketdata.calendars import CalendarSchedule

    with pytest.raises(CalendarError, match="unknown calendar 'NOPE'"):
        CalendarSchedule("NOPE", "rth").day(date(2024, 1, 3))
