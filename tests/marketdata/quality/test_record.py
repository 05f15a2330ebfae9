"""Rows of data quality: written by the command and at the roll, shown in the admin."""

from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.test import Client

from engine.instruments import instrument
from engine.ticks import NS
from marketdata.bars.store import BarStore
from marketdata.bars.table import Bars
from marketdata.errors import StoreError
from marketdata.feeds import FeedInfo, StoredTicks
from marketdata.models import DataQuality
from marketdata.quality.record import Recorder, record
from marketdata.store import LiveJournal, TickStore
from tests.marketdata.quality.made import DAY, MINUTE, day_info, hours, steady, without

pytestmark = pytest.mark.django_db

LATER = hours().end + 10**15


@pytest.fixture
def store(data_dir: Path) -> TickStore:
    return TickStore(data_dir / "ticks")


def put(store: TickStore, day: date = DAY, ticks: StoredTicks | None = None, **more) -> None:
    ticks = steady(hours(day), 20 * NS) if ticks is None else ticks
    store.write(day_info(day, **more), [ticks], replace=True)


def test_a_row_a_day_replaced_when_it_is_measured_again(store):
    put(store)
    first = record(store, "MES", DAY, now=LATER)
    assert (first.grade, first.ticks, first.contract, first.complete) == (
        "good",
        4140,
        "MESM4",
        True,
    )
    noon = hours().open + 18 * 60 * MINUTE
    put(store, ticks=without(steady(hours(), 20 * NS), noon, noon + 60 * MINUTE))
    again = record(store, "MES", DAY, now=LATER)
    assert (again.pk, again.grade, again.gap_count) == (first.pk, "doubtful", 1)
    (row,) = DataQuality.objects.all()
    assert row.gaps == [[noon - 20 * NS, noon + 60 * MINUTE]]
    assert row.longest_gap_ns == row.gap_ns == 3620 * NS
    assert row.measured_at >= first.measured_at


def test_the_usual_pace_comes_from_earlier_whole_days_of_the_same_kind(store):
    """Half a day at a tenth of the usual pace: three earlier days say that this is no gap, and that
    a pause is one where it would have been none by the day's own pace."""
    days = [date(2024, 6, 5) + timedelta(days=i) for i in (0, 1, 2, 5)]
    for day in days:
        put(store, day, steady(hours(day), 2 * NS))
    thin = steady(hours(), 20 * NS)
    noon = hours().open + 18 * 60 * MINUTE
    put(store, ticks=without(thin, noon, noon + 5 * MINUTE))
    assert record(store, "MES", DAY, now=LATER).gap_count == 0
    for day in days[:3]:
        record(store, "MES", day, now=LATER)
    assert record(store, "MES", DAY, now=LATER).gap_count == 1
    DataQuality.objects.filter(day=days[0]).update(synthetic=True)
    assert record(store, "MES", DAY, now=LATER).gap_count == 0


def minute_bars(volume: int, contract: str = "MESM4", last: int = 0) -> Bars:
    """A lot a minute of the day but for the last minute, which has the rest."""
    start = np.arange(hours().open, hours().close - last, MINUTE)
    lots = np.ones(len(start), np.int64)
    lots[-1] = volume - len(start) + 1
    price = np.full(len(start), 20_000)
    return Bars.of(
        contract, start=start, open=price, high=price, low=price, close=price, volume=lots
    )


@pytest.mark.parametrize(("more", "grade"), [(0, "good"), (1, "doubtful"), (-100, "bad")])
def test_volume_against_the_bars_of_the_same_contract(store, data_dir, more, grade):
    put(store)
    bars = BarStore(data_dir / "bars")
    bars.write("MES", "1m", minute_bars(4140 + more), "test")
    bars.write("MES", "1m", minute_bars(9999, "MESU4"), "test")
    row = record(store, "MES", DAY, now=LATER)
    assert (row.exchange_volume, row.exchange_source, row.grade) == (
        4140 + more,
        "bars of 1m",
        grade,
    )


def test_bars_of_a_part_of_the_day_say_nothing_and_cleared_volume_comes_after_bars(store, data_dir):
    put(store)
    BarStore(data_dir / "bars").write("MES", "1m", minute_bars(4000, last=120 * MINUTE), "test")
    row = record(store, "MES", DAY, now=LATER)
    assert row.exchange_volume is None
    heard = {(DAY, "MESM4"): 4200}
    row = record(store, "MES", DAY, now=LATER, cleared=lambda *key: heard.get(key))
    assert (row.exchange_volume, row.exchange_source, row.grade) == (4200, "cleared volume", "good")


def test_a_running_day_is_measured_from_its_journal(store):
    day = hours()
    noon = day.open + 18 * 60 * MINUTE
    journal = store.appender(day_info())
    journal.append(without(steady(day, 20 * NS), noon, day.end))
    row = record(store, "MES", DAY, now=noon)
    assert (row.complete, row.grade, row.coverage) == (False, "good", 1.0)
    journal.close()


def test_a_day_that_is_not_there_or_no_day_is_refused(store):
    with pytest.raises(StoreError, match="MES 2024-06-12: is not in the tick store"):
        record(store, "MES", DAY, now=LATER)
    with pytest.raises(StoreError, match="MES 2024-06-15: is no trading day"):
        record(store, "MES", date(2024, 6, 15), now=LATER)


def test_the_command(store, capsys):
    put(store)
    noon = hours().open + 18 * 60 * MINUTE
    put(
        store,
        date(2024, 6, 13),
        without(
            steady(hours(date(2024, 6, 13)), 20 * NS),
            noon + 24 * 60 * MINUTE,
            noon + 25 * 60 * MINUTE,
        ),
    )
    call_command("ticks", "quality", "--symbol", "MES")
    assert capsys.readouterr().out.splitlines() == [
        "MES 2024-06-12: good",
        "MES 2024-06-13: doubtful: 1 gap, the longest 3,620 s",
    ]
    call_command("ticks", "quality", "--symbol", "MES", "--date", "2024-06-13")
    out = capsys.readouterr().out
    assert "Coverage             95.63% of trading hours" in out
    assert "06-13 11:59:40 to 06-13 13:00:00, 60 min" in out
    assert "Exchange's volume    not known" in out
    with pytest.raises(CommandError, match="MES 2024-06-14: no such day is in the tick store"):
        call_command("ticks", "quality", "--symbol", "MES", "--date", "2024-06-14")
    with pytest.raises(CommandError, match="--date is one day"):
        call_command("ticks", "quality", "--date", "2024-06-14", "--from", "2024-06-14")


def test_a_damaged_day_does_not_stop_the_others(store, capsys):
    put(store)
    put(store, date(2024, 6, 13))
    store.path("MES", DAY).write_bytes(b"PAR1")
    with pytest.raises(SystemExit) as stopped:
        call_command("ticks", "quality")
    assert stopped.value.code == 1
    first, second = capsys.readouterr().out.splitlines()
    assert "is cut off or damaged" in first
    assert second == "MES 2024-06-13: good"


@pytest.mark.django_db(transaction=True)
def test_a_day_is_measured_when_the_next_one_begins(store):
    spec = instrument("MES")
    info = FeedInfo(symbol="MES", contract="MESM4", source="databento live")
    journal = LiveJournal(store, spec, lambda: info, compacted=Recorder(store, lambda *_: 4139))
    journal.append(steady(hours(), 20 * NS))
    assert not DataQuality.objects.exists()
    journal.append(steady(hours(date(2024, 6, 13)), 20 * NS).part(slice(0, 1)))
    journal.close()
    (row,) = DataQuality.objects.all()
    assert (row.day, row.source, row.ticks, row.complete) == (DAY, "databento live", 4140, True)
    assert (row.exchange_volume, row.exchange_source) == (4139, "cleared volume")
    assert row.reasons == ["1 lot more than the exchange's 4,139 cleared"]


@pytest.mark.django_db(transaction=True)
def test_what_cannot_be_measured_harms_nothing_else(store):
    Recorder(store)("MES", DAY)
    assert not DataQuality.objects.exists()


def test_the_admin_lists_and_filters(store, client: Client):
    put(store)
    put(store, date(2024, 6, 13), synthetic=True, warnings=("times were guessed",))
    for day in (DAY, date(2024, 6, 13)):
        record(store, "MES", day, now=LATER)
    client.force_login(User.objects.create_superuser("boss", password="long enough"))
    listed = "/admin/marketdata/dataquality/"
    page = client.get(listed).content.decode()
    assert "times were guessed" in page
    assert "100.00%" in page
    for query, seen in {
        "grade__exact=good": 1, "grade__exact=bad": 0, "gaps=none": 2, "gaps=some": 0,
        "gaps=long": 0, "synthetic__exact=1": 1, "instrument__symbol__exact=MES": 2, "q=MESM4": 2,
        "complete__exact=0": 0,
    }.items():  # fmt: skip
        answer = client.get(f"{listed}?{query}")
        assert answer.context["cl"].result_count == seen, query
    row = DataQuality.objects.get(day=DAY)
    shown = client.get(f"{listed}{row.pk}/change/").content.decode()
    assert "4,140, 4,140 lots" in shown
    assert client.post(f"{listed}{row.pk}/delete/").status_code == 403
    assert client.get(f"{listed}add/").status_code == 403
