"""Which stored days a backtest runs."""

from datetime import date, time
from decimal import Decimal
from pathlib import Path

import pytest

from backtests.days import data_digest, day_facts, find_days
from backtests.errors import NoTicks, PlanError
from engine.errors import UnknownSymbolError
from engine.instruments import instrument
from engine.ticks import NS
from marketdata.calendars import new_york, schedule
from marketdata.store import TickStore
from tests.marketdata.store.days import info, ticks

LATER = new_york(date(2026, 1, 1), time(12))
WEEK = [date(2025, 11, day) for day in (24, 25, 26, 27, 28)]  # with Thanksgiving, which trades


def start_of(day: date) -> int:
    found = schedule(instrument("MES"), "all").day(day)
    assert found is not None
    return found.start


def stored(store: TickStore, *days: date, seed: int = 1, **facts: object) -> None:
    for day in days:
        store.write(info(day=day, **facts), [ticks(50, start=start_of(day) + NS, seed=seed)])


@pytest.fixture
def store(tmp_path: Path) -> TickStore:
    return TickStore(tmp_path / "ticks")


def test_the_days_of_the_range_and_the_sessions_between_that_are_missing(store: TickStore) -> None:
    stored(store, WEEK[0], WEEK[1], WEEK[4], date(2025, 12, 1))
    found = find_days(store, "MES", WEEK[0], WEEK[4], now=LATER)
    assert found.days == (WEEK[0], WEEK[1], WEEK[4])
    assert found.missing == (WEEK[2], WEEK[3])
    assert find_days(store, "MES", now=LATER).days[-1] == date(2025, 12, 1)


def test_weekends_and_holidays_are_not_missing(store: TickStore) -> None:
    stored(store, date(2025, 12, 24), date(2025, 12, 26), date(2025, 12, 29))
    assert find_days(store, "MES", now=LATER).missing == ()


def test_the_last_so_many_of_them(store: TickStore) -> None:
    stored(store, *WEEK)
    assert find_days(store, "MES", None, WEEK[3], most=2, now=LATER).days == tuple(WEEK[2:4])
    assert find_days(store, "MES", most=99, now=LATER).days == tuple(WEEK)


def test_without_ticks_the_error_says_how_to_get_them(store: TickStore) -> None:
    with pytest.raises(
        NoTicks, match=r"nothing yet.*ticks simulate --symbol MES --days 60.*ticks download"
    ):
        find_days(store, "MES", now=LATER)
    stored(store, WEEK[0])
    with pytest.raises(
        NoTicks, match=r"ticks download --symbol MES --from 2025-10-01 --to 2025-10-02"
    ):
        find_days(store, "MES", date(2025, 10, 1), date(2025, 10, 2), now=LATER)
    with pytest.raises(NoTicks, match="of MES"):
        find_days(store, "ES", now=LATER)


def test_a_day_that_is_recorded_or_not_over_is_left_out_and_said(store: TickStore) -> None:
    stored(store, WEEK[0])
    with store.appender(info(day=WEEK[1])) as appender:
        appender.append(ticks(20, start=start_of(WEEK[1]) + NS))
        appender.sync()
        found = find_days(store, "MES", now=LATER)
        assert found.days == (WEEK[0],)
        assert found.left_out == ((WEEK[1], "is being recorded"),)
    assert find_days(store, "MES", now=LATER).days == (WEEK[0], WEEK[1])
    within = start_of(WEEK[1]) + 3600 * NS
    assert find_days(store, "MES", now=within).left_out == ((WEEK[1], "is not over"),)
    with pytest.raises(NoTicks, match="2025-11-25 is not over"):
        find_days(store, "MES", WEEK[1], now=within)


def test_damaged_days_are_named_with_the_remedy(store: TickStore) -> None:
    stored(store, *WEEK[:3])
    path = store.path("MES", WEEK[1])
    path.write_bytes(path.read_bytes()[:-40])
    with pytest.raises(PlanError, match=r"2025-11-25.*ticks repair --symbol MES"):
        find_days(store, "MES", now=LATER)
    assert find_days(store, "MES", WEEK[2], now=LATER).days == (WEEK[2],)


def test_a_day_in_other_ticks_is_refused(store: TickStore) -> None:
    stored(store, WEEK[0], tick=Decimal("0.5"))
    with pytest.raises(PlanError, match=r"in ticks of 0.5 and lots of 1, not 0.25"):
        find_days(store, "MES", now=LATER)


def test_nonsense_is_refused(store: TickStore) -> None:
    with pytest.raises(UnknownSymbolError):
        find_days(store, "XX", now=LATER)
    with pytest.raises(PlanError, match="--to 2025-11-24 is before --from 2025-11-25"):
        find_days(store, "MES", WEEK[1], WEEK[0], now=LATER)


def test_the_digest_changes_with_the_ticks_and_what_is_said_of_them(store: TickStore) -> None:
    def digest() -> str:
        return data_digest(store, "MES", WEEK[:2])

    stored(store, *WEEK[:2])
    first = digest()
    assert digest() == first
    span = ticks(50, start=start_of(WEEK[0]) + NS)
    store.write(info(day=WEEK[0]), [span], replace=True)
    assert digest() == first  # the same ticks, stored anew
    span.price[7] += 1
    store.write(info(day=WEEK[0]), [span], replace=True)
    assert digest() != first
    span.price[7] -= 1
    store.write(info(day=WEEK[0], contract="MESH6"), [span], replace=True)
    assert digest() != first


def test_the_digest_follows_a_journal_that_grows(store: TickStore) -> None:
    with store.appender(info(day=WEEK[0])) as appender:
        appender.append(ticks(20, start=start_of(WEEK[0]) + NS))
        appender.sync()
        one = day_facts(store, "MES", WEEK[0])
        appender.append(ticks(20, start=start_of(WEEK[0]) + 900 * NS))
        appender.sync()
        other = day_facts(store, "MES", WEEK[0])
    assert (one.count, other.count) == (20, 40)
    assert one.digest != other.digest
    store.compact("MES", WEEK[0])
    assert day_facts(store, "MES", WEEK[0]).count == 40


def test_what_was_said_of_a_stored_day_is_found(store: TickStore) -> None:
    stored(store, WEEK[0])
    stored(store, WEEK[1], warnings=("partial: ends early",))
    assert find_days(store, "MES", now=LATER).remarks == ((WEEK[1], "partial: ends early"),)
