"""The writer: batches, repeats itself harmlessly, outlives a database that is away."""

import contextlib
import json
import threading

import pytest
from django.core import serializers
from django.db import OperationalError, connection
from django.test.utils import CaptureQueriesContext

from engine import events as said_
from engine.engine import Engine
from marketdata.calendars import schedule
from marketdata.models import Bar
from tests.trading.days import TickFeed, planned, said, session_row, started, ticks
from trading.models import AuditEvent, Order, Session, Signal, Trade
from trading.pipeline import store
from trading.pipeline.recorder import Recorder
from trading.pipeline.store import Flush
from trading.pipeline.stream import part
from trading.pipeline.writer import INTERVAL_S, LONGEST_WAIT_S, MOST_ROWS, Writer

TABLES = (Bar, Signal, Trade, Order, AuditEvent)


class Clock:
    def __init__(self):
        self.now = 100.0

    def __call__(self):
        return self.now


@pytest.fixture
def start(db):
    return started(planned(TickFeed([ticks()])))[1]


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def writer(start, clock):
    return Writer(Recorder(start.session), clock=clock)


@pytest.fixture
def away(monkeypatch):
    """A database that can be switched off."""
    state = {"away": True}
    real = store.transaction.atomic

    def atomic(*args, **kwargs):
        if state["away"]:
            raise OperationalError("the database is away")
        return real(*args, **kwargs)

    monkeypatch.setattr(store.transaction, "atomic", atomic)
    return state


def counts():
    return {model.__name__: model.objects.count() for model in TABLES}


def test_rows_wait_for_the_interval_and_go_together(writer, start, clock):
    events = said(start)
    writer.take(events[:5], None)
    writer.collect(0)
    assert not writer.due
    clock.now += INTERVAL_S
    assert writer.due
    writer.take(events[5:40], None)
    writer.collect(0)
    writer.flush()
    assert writer.stats.flushes == 1
    assert not writer.due
    assert Bar.objects.count() == sum(isinstance(e, said_.BarClosed) for e in events[:40])


def test_many_rows_do_not_wait(writer, start, clock):
    for _ in range(MOST_ROWS):
        writer.note("many", {})
    writer.collect(0)
    assert writer.due


def test_a_day_takes_few_statements(writer, start):
    writer.take(said(start), None)
    writer.collect(0)
    with CaptureQueriesContext(
        connection,
    ) as queries:
        writer.flush()
    rows = sum(counts().values())
    assert rows > 500
    # One statement writes many rows; SQLite takes a limited number of values in each.
    assert len(queries) < rows / 5


def test_writing_the_same_again_changes_nothing(start):
    events = said(start)
    once = Recorder(start.session)
    once.take(events)
    Flush(once).run()
    before = counts()
    values = list(Trade.objects.order_by("id").values())
    again = Recorder(start.session)
    again.take([event for event in events if not isinstance(event, said_.DayStarted)])
    again.waiting["audit"].clear()
    Flush(again).run()
    assert counts() == before
    assert list(Trade.objects.order_by("id").values()) == values


def test_a_warm_up_over_the_same_bars_keeps_what_was_decided(start):
    first = Recorder(start.session)
    first.take(said(start))
    Flush(first).run()
    entered = set(Signal.objects.filter(decision="enter").values_list("id", flat=True))
    assert entered

    engine = Engine(start.config, schedule(start.config.instrument, "rth"))
    engine.warming = True
    second = Recorder(start.session)
    second.take(engine.push_columns(ticks()))
    Flush(second).run()
    assert set(Signal.objects.filter(decision="enter").values_list("id", flat=True)) == entered
    assert Bar.objects.filter(warm_up=True).exists()


def test_while_the_database_is_away_rows_are_kept_and_then_written(writer, start, clock, away):
    before = counts()
    events = said(start)
    writer.take(events[:300], None)
    writer.collect(0)
    assert writer.flush() is False
    assert writer.stats.failing
    assert writer.stats.failures == 1
    writer.take(events[300:], None)
    clock.now += INTERVAL_S
    writer.collect(0)
    assert not writer.due, "it is not tried again at once"
    assert counts() == before
    clock.now += LONGEST_WAIT_S
    assert writer.due
    away["away"] = False
    assert writer.flush() is True
    assert not writer.stats.failing
    assert Trade.objects.count() == sum(isinstance(e, said_.TradeClosed) for e in events)
    assert start.session.trades.count() == Session.objects.get().trades_closed


def test_waiting_grows_and_is_bounded(writer, clock, away):
    waits = []
    writer.note("x", {})
    writer.collect(0)
    for _ in range(9):
        before = clock.now
        writer.flush()
        waits.append(writer._not_before - before)
        clock.now = writer._not_before
    assert waits == sorted(waits)
    assert waits[0] < 1
    assert waits[-1] == LONGEST_WAIT_S


def test_a_session_made_in_a_transaction_that_failed_is_made_again(start, monkeypatch):
    """The id that it got there must not be kept."""
    recorder = Recorder(start.session)
    events = said(start)
    day = next(event for event in events if isinstance(event, said_.DayStarted))
    later = said_.DayStarted(ts=day.ts, day=day.day.replace(day=20), carry=day.carry)
    recorder.take([later, *events[1:200]])
    real = Flush._together
    failures = [OperationalError("connection lost")]

    def fail_once(self, model, how, rows):
        if model is Signal and failures:
            raise failures.pop()
        real(self, model, how, rows)

    monkeypatch.setattr(Flush, "_together", fail_once)
    with pytest.raises(OperationalError):
        Flush(recorder).run()
    assert recorder.session.pk is None
    Flush(recorder).run()
    assert Session.objects.get(day=later.day).signals.count() > 0


def orders_said():
    """A trade of two lots whose second fills later, and whose stop moves."""
    intent = {"ts": 1, "trade_id": "t-1", "symbol": "MES", "size": 1}
    return [
        said_.OrderIntent(id="t-1-E", role="entry", type="market", side=1, **intent | {"size": 2}),
        said_.OrderIntent(id="t-1-S", role="stop", type="stop", side=-1, price=20_000, **intent),
        said_.OrderIntent(id="t-1-T", role="target", type="limit", side=-1, price=20_040, **intent),
    ]


def test_a_changed_order_is_the_order_with_its_new_price_and_size(start):
    recorder = Recorder(start.session)
    more = {"trade_id": "t-1", "size": 2, "reason": "entry_fill"}
    recorder.take([
        *orders_said(),
        said_.OrderAmend(ts=5, id="t-1-S", price=20_000, **more),
        said_.OrderAmend(ts=5, id="t-1-T", price=20_040, **more),
        said_.OrderAmend(ts=7, id="t-1-S", price=20_016, **more | {"reason": "break_even"}),
    ])  # fmt: skip
    Flush(recorder).run()
    assert list(Order.objects.order_by("id").values_list("id", "price", "size", "updated_ns")) == [
        ("t-1-E", None, 2, 1), ("t-1-S", 5004, 2, 7), ("t-1-T", 5010, 2, 5),
    ]  # fmt: skip
    assert Trade.objects.get().last_stop == 5004


def test_a_change_of_an_order_that_is_over_or_unknown_changes_nothing(start):
    recorder = Recorder(start.session)
    change = {"trade_id": "t-1", "price": 20_016, "size": 1, "reason": "break_even"}
    recorder.take([
        *orders_said(),
        said_.OrderUpdate(ts=3, id="t-1-S", status="filled", filled=1),
        said_.OrderAmend(ts=5, id="t-1-S", **change),
        said_.OrderAmend(ts=5, id="t-9-S", **change),
    ])  # fmt: skip
    Flush(recorder).run()
    assert Order.objects.get(pk="t-1-S").price == 5000
    assert Order.objects.count() == 3


def test_a_row_that_is_refused_does_not_keep_the_others_out(start):
    recorder = Recorder(start.session)
    recorder.take(said(start))
    bars = len(recorder.waiting["bars"])
    poisoned = next(iter(recorder.waiting["bars"].values()))
    poisoned.volume = 0  # against a constraint
    flush = Flush(recorder)
    flush.run()
    assert flush.refused == 1
    assert Bar.objects.count() == bars - 1
    assert Trade.objects.exists()


def test_past_the_limit_bars_and_rejected_signals_go_first(start):
    events = said(start)
    recorder = Recorder(start.session, limit=400)
    recorder.take(events)
    kept = {kind: len(rows) for kind, rows in recorder.waiting.items()}
    closed = sum(isinstance(event, said_.TradeClosed) for event in events)
    assert kept["bars"] == 0
    assert kept["trades"] >= closed
    assert kept["fills"] == sum(isinstance(event, said_.Filled) for event in events)
    assert recorder.let_go > 0
    assert len(recorder) <= 400
    Flush(recorder).run()
    assert Trade.objects.filter(signal__isnull=False).count() == Trade.objects.count()


@pytest.mark.django_db(transaction=True)
def test_closing_writes_what_is_left():
    start = started(planned(TickFeed([ticks()])))[1]
    events = said(start)
    writer = Writer(Recorder(start.session))
    writer.start()
    for event in events:
        writer.take([event], None)
    writer.close()
    assert writer.backlog == 0
    assert Signal.objects.count() == sum(isinstance(e, said_.SignalDetected) for e in events)
    assert not any(thread.name == "writer" for thread in threading.enumerate())


def test_what_no_database_takes_goes_into_a_file(start, tmp_path, monkeypatch, away):
    monkeypatch.setattr("trading.pipeline.writer.DRAIN_S", 0.0)
    events = said(start)
    file = tmp_path / "unsaved.jsonl"
    writer = Writer(Recorder(start.session), leftovers=file)
    writer.take(events, None)
    writer.start()
    writer.close()
    lines = file.read_text().splitlines()
    assert writer.stats.lost == len(lines) > 500
    away["away"] = False
    with contextlib.suppress(StopIteration):
        for item in serializers.deserialize("jsonl", file.open()):
            item.save()
    assert Trade.objects.count() == sum(isinstance(e, said_.TradeClosed) for e in events)
    assert {json.loads(line)["model"] for line in lines} > {"trading.fill", "marketdata.bar"}


def test_an_event_that_cannot_be_recorded_is_counted_and_the_rest_goes_on(writer, start):
    events = said(start)
    writer.take([object()], None)
    writer._jobs.put(lambda recorder: 1 / 0)
    writer.take(events, None)
    writer.collect(0)
    writer.flush()
    assert writer.stats.lost == 1
    assert Bar.objects.exists()


def test_pushing_does_not_wait_for_the_writer(start):
    """`take` appends and returns, also when nobody ever collects."""
    writer = Writer(Recorder(session_row("idle", day="2024-06-20")))
    for _ in range(10_000):
        writer.take((), None)
    assert writer.backlog == 10_000


def test_half_a_day_then_the_rest_is_the_same_as_the_whole(start):
    """Rows that change after they were stored (orders, trades) end up the same."""
    whole = said(start)
    recorder = Recorder(start.session)
    for at in range(0, len(whole), 7):
        recorder.take(whole[at : at + 7])
        Flush(recorder).run()
    in_pieces = (
        list(Trade.objects.order_by("id").values()),
        list(Order.objects.order_by("id").values()),
    )
    Order.objects.all()._raw_delete("default")
    recorder = Recorder(start.session)
    recorder.take(whole)
    recorder.waiting["fills"].clear()
    recorder.waiting["audit"].clear()
    Flush(recorder).run()
    at_once = (
        list(Trade.objects.order_by("id").values()),
        list(Order.objects.order_by("id").values()),
    )
    assert in_pieces == at_once


def test_parts_are_views():
    whole = ticks()
    assert part(whole, 3, 9).ts.base is not None


def test_what_may_wait_is_done_when_the_interval_is_over(writer, clock):
    """An order that is just leaving has the processor to itself."""
    done = []
    writer.beside(lambda recorder: done.append(recorder))
    writer.collect(timeout=0)
    assert writer._seconds_to_flush() == pytest.approx(INTERVAL_S)
    writer.catch_up()
    assert done == []
    clock.now += INTERVAL_S
    writer.catch_up()
    writer.catch_up()
    assert done == [writer.recorder]
