"""Trading days from Databento into the tick store."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import numpy as np
import pytest

from marketdata.errors import HistoryError
from marketdata.history.api import HistoryApi
from marketdata.history.download import Progress, dollars, download, plan
from marketdata.history.front import front_months
from marketdata.store import DayInfo, TickStore
from tests.marketdata.history.days import (
    FRIDAY,
    HOURS,
    MES,
    MONDAY,
    NEW,
    OLD,
    TUESDAY,
    WEDNESDAY,
    day_of_trades,
    serve_a_roll,
)
from tests.servers.databento_history import KEY, Answer, Cut, HistoryServer, Other, trades


class Place:
    """A store and the folder of its downloads."""

    def __init__(self, root):
        self.store, self.folder = TickStore(root / "ticks"), root / "downloads"

    def plan(self, api, first=FRIDAY, last=WEDNESDAY, **more):
        return plan(api, self.store, "MES", first, last, folder=self.folder, **more)

    def download(self, api, planned=None, **more):
        return download(api, self.store, planned or self.plan(api), folder=self.folder, **more)

    def ticks(self, day):
        blocks = list(self.store.read("MES", day).blocks(7))
        return [np.concatenate(column).tolist() for column in zip(*blocks, strict=True)]


class Listening(Progress):
    def __init__(self):
        self.said = []

    def say(self, day, text):
        self.said.append(f"{day.day}: {text}")


@pytest.fixture
def place(tmp_path):
    return Place(tmp_path)


def expected(records):
    """The store's columns of the server's records."""
    sides = {ord("B"): 1, ord("A"): -1, ord("N"): 0}
    return [
        records["ts_event"].tolist(),
        records["ts_recv"].tolist(),
        (records["price"] // 250_000_000).tolist(),
        records["size"].tolist(),
        [sides[letter] for letter in records["side"].tolist()],
        records["sequence"].tolist(),
    ]


def test_days_are_stored_tick_for_tick_with_each_days_front_month(server, api, place):
    serve_a_roll(server)
    done = place.download(api)
    assert done.days == place.store.days("MES") == [FRIDAY, MONDAY, TUESDAY, WEDNESDAY]
    for day, contract, number, price in (
        (FRIDAY, OLD, 101, 6500),
        (MONDAY, NEW, 202, 6560),
        (WEDNESDAY, NEW, 202, 6560),
    ):
        info = place.store.read("MES", day).info
        assert info == DayInfo(
            symbol="MES", day=day, contract=contract, tick=MES.tick, lot=MES.lot,
            source="databento history", side="aggressor", synthetic=False,
        )  # fmt: skip
        assert place.ticks(day) == expected(day_of_trades(number, day, price))


def test_a_sunday_evening_has_the_contract_of_its_monday(server, api):
    """Monday's trading day begins on Sunday, UTC and New York, when the old one still is first."""
    serve_a_roll(server)
    assert front_months(api, "MES", [FRIDAY, MONDAY]) == {FRIDAY: OLD, MONDAY: NEW}
    opened = HOURS.day(MONDAY)
    assert datetime.fromtimestamp(opened.open / 1e9, UTC).date() == date(2025, 9, 14)


def test_the_cost_is_what_databento_says_and_is_asked_a_run_of_days_at_a_time(server, api, place):
    books = serve_a_roll(server)
    planned = place.plan(api)
    old, new = day_of_trades(101, FRIDAY, 6500), books[NEW][len(day_of_trades(1, FRIDAY, 1)) :]
    assert planned.cost.records == len(old) + len(new)
    assert planned.cost.size == old.nbytes + new.nbytes
    assert planned.cost.dollars == pytest.approx(
        Decimal(planned.cost.size) / 10**9 * server.price_per_gb, rel=Decimal("1e-9")
    )
    assert len(server.asked("metadata.get_cost")) == 2, "one for each contract"
    assert not server.asked("timeseries.get_range"), "planning spends nothing"
    assert server.sent == 0


def test_what_is_stored_is_skipped_and_a_download_can_be_taken_up(server, api, place):
    serve_a_roll(server)
    server.misbehave("timeseries.get_range", None, Answer(402, "Account out of funds"))
    with pytest.raises(HistoryError, match=r"402.*out of funds.*add funds"):
        place.download(api)
    assert place.store.days("MES") == [FRIDAY]
    planned = place.plan(api)
    assert planned.stored == (FRIDAY,)
    assert [each.day for each in planned.days] == [MONDAY, TUESDAY, WEDNESDAY]
    assert planned.again == (MONDAY,)
    place.download(api, planned)
    assert len(place.store.days("MES")) == 4
    assert not list(place.folder.glob("MES/2*")), "nothing is left behind"
    assert not place.plan(api).days


def test_a_half_downloaded_day_starts_again_from_nothing(server, api, place):
    serve_a_roll(server)
    part = place.folder / "MES" / f"{FRIDAY}"
    part.mkdir(parents=True)
    (part / "1.dbn.zst").write_bytes(b"half of it")
    assert place.plan(api).again == (FRIDAY,)
    place.download(api)
    assert place.ticks(FRIDAY) == expected(day_of_trades(101, FRIDAY, 6500))


def test_a_cut_stream_within_a_run_goes_on(server, api, place):
    books = serve_a_roll(server)
    server.misbehave("timeseries.get_range", Cut(9))
    listening = Listening()
    place.download(api, progress=listening)
    assert place.ticks(FRIDAY) == expected(day_of_trades(101, FRIDAY, 6500))
    assert server.sent <= len(books[NEW]) + 1
    assert len(listening.said) == 1
    assert "going on after 9 trades" in listening.said[0]


def test_paying_a_day_again_stays_within_the_most_that_may_be_spent(server, api, place):
    books = serve_a_roll(server)
    changed = books[OLD].copy()
    changed["size"] += 1
    server.misbehave("timeseries.get_range", Cut(9), Other(OLD, changed))
    planned = place.plan(api)
    with pytest.raises(HistoryError, match=r"ask again would make it .* above --max-cost"):
        place.download(api, planned, most=planned.cost.dollars)
    assert not place.store.days("MES")


def test_days_that_are_not_over_or_not_offered_are_left_for_later(server, api, place):
    serve_a_roll(server)
    server.end = datetime(2025, 9, 16, 21, 5, tzinfo=UTC)  # five minutes after Tuesday's end
    planned = place.plan(api)
    assert [each.day for each in planned.days] == [FRIDAY, MONDAY]
    assert planned.not_yet == (TUESDAY, WEDNESDAY)


def test_the_last_trade_of_a_day_may_be_received_after_its_end(server, api, place):
    day = HOURS.day(FRIDAY)
    times = [day.open, day.end - 1, HOURS.day(MONDAY).open]
    server.add(OLD, 101, trades(101, times, 6500 * 10**9))
    place.download(api, place.plan(api, last=FRIDAY, contract=OLD))
    assert place.ticks(FRIDAY)[0] == times[:2]


def test_bad_trades_are_dropped_and_counted(server, api, place):
    records = day_of_trades(101, FRIDAY, 6500)
    records["price"][3] += 1
    records["price"][4] = 2**63 - 1
    records["size"][5] = 0
    records["action"][6] = ord("F")
    server.add(OLD, 101, records)
    done = place.download(api, place.plan(api, last=FRIDAY, contract=OLD))
    assert dict(done.dropped.dropped) == {"off_grid": 1, "price": 1, "size": 1}
    assert place.ticks(FRIDAY) == expected(np.delete(records, [3, 4, 5, 6]))


def test_a_day_without_trades_is_not_stored_and_said(server, api, place):
    server.add(OLD, 101, day_of_trades(101, MONDAY, 6500))
    listening = Listening()
    done = place.download(api, place.plan(api, last=MONDAY, contract=OLD), progress=listening)
    assert (done.empty, done.days) == ([FRIDAY], [MONDAY])
    assert listening.said == [f"{FRIDAY}: no trades; nothing is stored"]


def test_a_count_that_does_not_agree_is_a_warning_of_the_day(server, api, place):
    records = day_of_trades(101, FRIDAY, 6500)
    server.add(OLD, 101, records)
    planned = place.plan(api, last=FRIDAY, contract=OLD)
    server.counted = len(records) + 2
    done = place.download(api, planned)
    text = f"Databento counts {len(records) + 2} trades, and {len(records)} came"
    assert done.warnings == [f"{FRIDAY}: {text}"]
    assert place.store.read("MES", FRIDAY).info.warnings == (text,)


def test_two_downloads_do_not_pay_for_the_same(server, api, place):
    serve_a_roll(server)
    planned = place.plan(api)

    class Second(Progress):
        def begins(self, day, expected, fetch):
            with pytest.raises(HistoryError, match="MES is being downloaded by another process"):
                place.download(api, planned)

    place.download(api, planned, progress=Second())
    assert len(server.asked("timeseries.get_range")) == 4


@pytest.mark.parametrize(
    ("words", "text"),
    [
        ({"contract": "ESZ5"}, "ESZ5: is no outright of MES"),
        ({"contract": "MESU5-MESZ5"}, "no outright of MES"),
        ({"contract": "MES.v.0"}, "no outright of MES"),
        ({"contract": "MESH9"}, "MESH9"),
        ({"first": WEDNESDAY, "last": FRIDAY}, "is after"),
        ({"first": date(2025, 9, 13), "last": date(2025, 9, 14)}, "no trading day"),
        ({"first": date(2026, 3, 2), "last": date(2026, 3, 3)}, "knows no MES.v.0 on 2026-03-02"),
    ],
)
def test_what_cannot_be_had_is_refused_before_anything_is_spent(server, api, place, words, text):
    serve_a_roll(server)
    with pytest.raises(HistoryError, match=text):
        place.plan(api, **words)
    assert server.sent == 0


def test_a_front_month_that_is_no_outright_is_refused(server, api):
    serve_a_roll(server)
    server.add("MESU5-MESZ5", 303, day_of_trades(303, FRIDAY, 60))
    server.front("MES.v.0", [(FRIDAY, MONDAY, "MESU5-MESZ5")])
    with pytest.raises(HistoryError, match="MESU5-MESZ5 on 2025-09-12, which is no MES outright"):
        front_months(api, "MES", [FRIDAY])


def test_coins_are_not_at_databento(api, place):
    with pytest.raises(HistoryError, match="BTCUSDT is not traded at CME"):
        plan(api, place.store, "BTCUSDT", FRIDAY, FRIDAY, folder=place.folder)


def test_dollars_are_rounded_up():
    said = [dollars(Decimal(text)) for text in ("0", "0.00001", "0.12345", "1.001", "1234.5")]
    assert said == ["$0.00", "$0.0001", "$0.1235", "$1.01", "$1,234.50"]


def test_days_across_a_change_of_the_clocks_are_whole(server, api, place):
    """Trading days of 23 and 25 hours begin and end where the calendar says."""
    first, last = date(2025, 10, 31), date(2025, 11, 4)
    days = [each.day for each in HOURS.days(first, last)]
    records = np.concatenate([day_of_trades(202, day, 6800) for day in days])
    server.add(NEW, 202, records)
    place.download(api, place.plan(api, first, last, contract=NEW))
    assert [place.ticks(day) for day in days] == [
        expected(day_of_trades(202, day, 6800)) for day in days
    ]
    assert HOURS.day(date(2025, 11, 3)).open - HOURS.day(first).close == (
        timedelta(hours=50).total_seconds() * 1e9
    )


def test_the_server_is_asked_nothing_when_all_is_stored(server, api, place):
    serve_a_roll(server)
    place.download(api)
    server.calls.clear()
    assert not place.plan(HistoryApi(KEY, server.url)).days
    assert not server.calls


def test_a_stand_in_elsewhere_gets_none_of_it(api, place):
    """The gateway given is the one that is asked, for every endpoint that we use."""
    with HistoryServer() as other:
        serve_a_roll(other)
        place.download(HistoryApi(KEY, other.url))
        assert {call.name for call in other.calls} == {
            "metadata.get_dataset_range",
            "metadata.get_cost",
            "metadata.get_billable_size",
            "metadata.get_record_count",
            "symbology.resolve",
            "timeseries.get_range",
        }
