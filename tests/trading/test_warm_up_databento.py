"""The warm-up of a live start: store, history and replay, through the real clients of both."""

import asyncio
from datetime import date, time

import numpy as np
import pytest
from django.db import connection

from engine.events import BarClosed
from engine.instruments import instrument
from marketdata.calendars import new_york, schedule
from marketdata.store import DayInfo, StoredTicks, the_store
from tests.marketdata.databento.gateway import LISTED, Z5, Clock, expected, traded_from
from tests.servers.databento_gateway import KEY, Gateway
from tests.servers.databento_gateway import trades as gateway_trades
from tests.servers.databento_history import Answer, HistoryServer, trades
from tests.trading.days import LOSSES, trade
from trading.models import AuditEvent, Session, Trade
from trading.pipeline.databento import live_market
from trading.pipeline.options import Options, plan
from trading.pipeline.start import begin, open_account

pytestmark = pytest.mark.django_db(transaction=True)

NS = 10**9
MES = instrument("MES")
HOURS = schedule(MES, "all")
FRIDAY, SUNDAY, MONDAY = date(2025, 11, 14), date(2025, 11, 16), date(2025, 11, 17)
GET = "timeseries.get_range"


def at(day, hour, minute=0):
    return new_york(day, time(hour, minute))


def prices(count):
    """A walk that trends, so that there is a regime to tell."""
    steps = np.random.default_rng(3).integers(-2, 4, count)
    return (27_000 + np.cumsum(steps) // 4) * 250_000_000


def tape(start, end, every=2 * NS, sequence=1):
    """The gateway's records of Z5, a trade every so often."""
    times = range(start, end, every)
    count = len(times)
    sides = bytes(np.random.default_rng(4).choice(list(b"AB"), count).astype(np.uint8))
    numbers = range(sequence, sequence + count)
    return gateway_trades(Z5.number, times, prices(count).tolist(), [1] * count, sides, numbers)


@pytest.fixture
def clock():
    return Clock(at(MONDAY, 11))


@pytest.fixture
def gateway(clock, settings, data_dir, monkeypatch):
    with Gateway(LISTED, clock=clock) as gateway:
        traded_from(gateway, settings, monkeypatch, warm_up=3)
        yield gateway


@pytest.fixture
def history(gateway, settings):
    with HistoryServer(KEY) as server:
        settings.DATABENTO_HISTORICAL_GATEWAY = server.url
        server.add("MESZ5", Z5.number, trades(Z5.number, [], 0))
        yield server


def ends():
    """How many warm-ups are over; leaves no connection behind in a thread."""
    try:
        return AuditEvent.objects.filter(kind="warmed_up").count()
    finally:
        connection.close()


def start_and_stop(clock, **words):
    """A start of the live feed, stopped as soon as it has warmed up."""
    words = {"timeframe": "60", "session": "all"} | words
    asked = plan(Options(feed="databento", symbol="MES", settings=LOSSES, **words))
    account = open_account(asked)
    market = live_market(asked, wall=clock)
    begun = begin(asked, account, market)
    before = ends()

    async def go():
        stop = asyncio.Event()
        running = asyncio.create_task(trade(asked, market, begun, stop=stop))
        async with asyncio.timeout(30):
            while not running.done():
                if await asyncio.to_thread(ends) > before:
                    break
                await asyncio.sleep(0.05)
        stop.set()
        return await running

    return asyncio.run(go())


def warmed():
    return AuditEvent.objects.filter(kind="warmed_up").latest("recorded_at").payload


def said(run):
    return [
        notice for frame in run.frames for notice in frame["notices"]
        if notice["kind"] == "warmed_up"
    ]  # fmt: skip


def bars(run):
    """The closed bars without the last, which the stop closed."""
    return [event.bar for event in run.events if isinstance(event, BarClosed)][:-1]


def stored():
    store = the_store()
    return {day: store.read("MES", day).count for day in store.days("MES")}


def test_a_first_start_hears_the_last_hours_from_the_feed_alone(gateway, history, clock):
    gateway.publish(tape(at(MONDAY, 7), at(MONDAY, 11)))
    run = start_and_stop(clock)
    asked = [each["start"] for call in gateway.asked for each in call if each["schema"] == "trades"]
    begin = min(int(start) for start in asked if start)
    assert abs(begin - at(MONDAY, 8)) < 60 * NS
    payload = warmed()
    assert payload["ticks"] == pytest.approx(5400, abs=30)
    assert payload["regime"]
    assert payload["confidence"] > 0
    (notice,) = said(run)
    assert payload["regime"] in notice["text"]
    assert notice["level"] == "info"
    assert all(bar.warm_up for bar in bars(run)), "bars from warm-up never trade"
    assert not Trade.objects.exists()
    assert stored() == {MONDAY: payload["ticks"]}
    assert not history.calls, "nothing is asked of history that the feed says itself"


def test_a_sunday_evening_hears_friday_afternoon(gateway, history, clock):
    clock.move(at(SUNDAY, 18, 30) - clock())
    friday = tape(at(FRIDAY, 13), at(FRIDAY, 17))
    history.add("MESZ5", Z5.number, friday)
    gateway.publish(tape(at(SUNDAY, 18), at(SUNDAY, 18, 30), sequence=50_000))
    run = start_and_stop(clock)
    payload = warmed()
    late = friday[friday["ts_event"] >= at(FRIDAY, 14, 30) - 60 * NS]
    assert payload["from_history"] == pytest.approx(len(late), abs=60)
    assert payload["missing"] == []
    assert len(history.asked(GET)) == 1
    heard = bars(run)
    assert {HOURS.at(bar.start).day for bar in heard} == {FRIDAY, MONDAY}
    assert all(bar.warm_up for bar in heard)
    assert list(stored()) == [MONDAY], "what is heard of Friday is not journalled"
    assert list(Session.objects.values_list("day", flat=True).order_by("day")) == [FRIDAY, MONDAY]
    assert Session.objects.get(day=MONDAY).status == "stopped"


def test_what_the_store_has_of_friday_costs_nothing(gateway, history, clock):
    clock.move(at(SUNDAY, 18, 30) - clock())
    friday = tape(HOURS.day(FRIDAY).open, at(FRIDAY, 17))
    history.add("MESZ5", Z5.number, friday)
    info = DayInfo(
        symbol="MES", day=FRIDAY, contract="MESZ5", tick=MES.tick, lot=MES.lot,
        source="databento history", side="aggressor", synthetic=False,
    )  # fmt: skip
    rows = [np.array(column) for column in zip(*expected(friday), strict=True)]
    kinds = (np.int64, np.int64, np.int32, np.int32, np.int8, np.int64)
    ticks = StoredTicks(*(column.astype(kind) for column, kind in zip(rows, kinds, strict=True)))
    the_store().write(info, [ticks])
    gateway.publish(tape(at(SUNDAY, 18), at(SUNDAY, 18, 30), sequence=50_000))
    start_and_stop(clock)
    payload = warmed()
    assert payload["from_store"] == pytest.approx(4500, abs=60)
    assert payload["from_history"] == 0
    assert payload["missing"] == []


def test_an_account_that_traded_since_has_what_its_session_left(gateway, history, clock):
    clock.move(at(SUNDAY, 18, 30) - clock())
    history.add("MESZ5", Z5.number, tape(at(FRIDAY, 13), at(FRIDAY, 17)))
    gateway.publish(tape(at(SUNDAY, 18), at(SUNDAY, 18, 30)))
    start_and_stop(clock)
    paid = history.sent
    the_journal = the_store().journal_path("MES", MONDAY)
    the_journal.unlink()
    start_and_stop(clock)
    assert history.sent == paid
    assert warmed()["from_history"] == 0
    assert Session.objects.get(day=FRIDAY).starts == 1


@pytest.mark.parametrize(
    ("trouble", "reason"),
    [
        (lambda history, settings: history.misbehave(
            "metadata.get_dataset_range", Answer(402, "Account out of funds")), "out of funds"),
        (lambda history, settings: setattr(settings, "WARMUP_MAX_COST", 0), "WARMUP_MAX_COST is 0"),
    ],
)  # fmt: skip
def test_what_history_does_not_give_is_said_and_trading_starts(
    gateway, history, clock, settings, trouble, reason
):
    clock.move(at(SUNDAY, 18, 30) - clock())
    history.add("MESZ5", Z5.number, tape(at(FRIDAY, 13), at(FRIDAY, 17)))
    trouble(history, settings)
    gateway.publish(tape(at(SUNDAY, 18), at(SUNDAY, 18, 30)))
    run = start_and_stop(clock)
    (missing,) = warmed()["missing"]
    assert missing.startswith("2025-11-14 14:3")
    assert reason in missing
    (notice,) = said(run)
    assert notice["level"] == "warning"
    assert missing in notice["text"]
    assert history.sent == 0
    assert KEY not in str(warmed())


def test_no_hours_mean_no_warm_up(gateway, history, clock, settings):
    settings.WARMUP_HOURS = 0
    gateway.publish(tape(at(MONDAY, 7), at(MONDAY, 11)))
    asked = plan(Options(feed="databento", symbol="MES", settings=LOSSES))
    market = live_market(asked, wall=clock)
    assert list(market.blocks) == []
    assert market.first_ts == pytest.approx(clock(), abs=60 * NS)
    assert not market.warmth
    assert not history.calls
