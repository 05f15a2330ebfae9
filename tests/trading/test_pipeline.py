"""The whole pipeline: a feed in memory, the real engine, the database, and frames for the page."""

import asyncio
from dataclasses import asdict

import pytest

from engine import events as said_
from engine.instruments import instrument
from engine.money import to_decimal
from engine.names import ExitReason, Halt
from marketdata.errors import FeedError
from marketdata.models import Bar
from tests.trading.days import (
    DAY,
    NEXT_DAY,
    TickFeed,
    planned,
    run_day,
    said,
    session_row,
    started,
    ticks,
    trade,
)
from trading.models import Account, AuditEvent, Command, Fill, Order, Session, Signal, Tier, Trade
from trading.pipeline.stream import part
from trading.wire import level_to_wire

pytestmark = pytest.mark.django_db(transaction=True)

MES = instrument("MES")


def of(kind, events):
    return [event for event in events if isinstance(event, kind)]


def test_rows_are_what_the_engine_said():
    plan = planned(TickFeed([ticks()]))
    market, start = started(plan)
    expected = said(start)
    run = asyncio.run(trade(plan, market, start))

    assert [type(event) for event in run.events] == [type(event) for event in expected]
    bars = [event.bar for event in of(said_.BarClosed, expected)]
    assert [
        (b.start_ns, MES.ticks(b.open), MES.ticks(b.close), b.delta, b.cum_delta, b.levels)
        for b in Bar.objects.order_by("start_ns")
    ] == [(b.start, b.open, b.close, b.delta, b.cum_delta, b.levels.tolist()) for b in bars]
    signals = [event.signal for event in of(said_.SignalDetected, expected)]
    assert set(Signal.objects.values_list("key", "approved", "reason")) == {
        (s.id, s.approved, s.reason) for s in signals
    }
    trades = [event.trade for event in of(said_.TradeClosed, expected)]
    assert len(trades) > 2, "the day is to have trades"
    assert [
        (t.id, t.direction, t.size, t.entry_notional, t.exit_notional, t.exit_reason, t.net)
        for t in Trade.objects.order_by("exit_ns")
    ] == [
        (
            t.id, t.direction, t.size, t.entry_notional, t.exit_notional, t.exit_reason,
            to_decimal(t.pnl_net),
        )
        for t in trades
    ]  # fmt: skip
    fills = of(said_.Filled, expected)
    assert set(Fill.objects.values_list("id", "order_id", "trade_id", "size")) == {
        (f.fill.id, f.fill.order_id, f.trade_id, f.fill.size) for f in fills
    }
    assert set(Order.objects.values_list("id", flat=True)) == {
        event.id for event in of(said_.OrderIntent, expected)
    }


def test_a_trade_points_at_its_signal_orders_and_fills():
    run_day()
    row = Trade.objects.select_related("signal").earliest("ordered_ns")
    assert row.signal.decision == "enter"
    terms = row.signal.decision_terms
    assert (terms["tier"], terms["balance"], terms["loss_left"]) == ("MES 1-3", "2500.00", "100.00")
    assert {order.role for order in row.orders.all()} >= {"entry", "stop", "target"}
    assert {fill.role for fill in row.fills.all()} > {"entry"}
    assert set(row.orders.values_list("status", flat=True)) <= {"filled", "cancelled"}


def test_session_and_account_end_with_what_the_trades_add_up_to():
    run = run_day()
    session = Session.objects.get()
    trades = list(Trade.objects.all())
    assert session.status == "ended"
    assert session.trades_closed == len(trades)
    assert session.net == sum(row.net for row in trades)
    assert session.gross - session.fees == session.net
    assert session.balance == Account.objects.get().balance == 2500 + session.net
    assert session.ticks == run.outcome.engine.ticks == len(ticks().ts)
    assert session.carry_end["balance"] == run.outcome.engine.balance
    assert AuditEvent.objects.filter(kind="ended", session=session).count() == 1


TRAILING = {"risk.trail_ticks": "6", "risk.break_even_after_ticks": "4"}


def test_rows_follow_what_moves_the_stop_and_end_as_the_engine_says():
    plan = planned(TickFeed([ticks()]), TRAILING)
    market, start = started(plan)
    expected = said(start)
    asyncio.run(trade(plan, market, start))

    amends = of(said_.OrderAmend, expected)
    trades = [event.trade for event in of(said_.TradeClosed, expected)]
    assert {"break_even", "trailing_stop"} == {event.reason for event in amends}
    assert ExitReason.TRAILING_STOP in {t.exit_reason for t in trades}
    assert [
        (t.id, MES.ticks(t.stop), MES.ticks(t.last_stop), t.exit_reason)
        for t in Trade.objects.order_by("exit_ns")
    ] == [(t.id, t.stop, t.last_stop, t.exit_reason) for t in trades]
    asked = {event.id: (event.price, event.size) for event in amends}
    rows = Order.objects.filter(pk__in=asked)
    assert {row.id: (MES.ticks(row.price), row.size) for row in rows} == asked


def test_another_trading_day_is_another_session():
    run_day(DAY, NEXT_DAY)
    first, second = Session.objects.order_by("day")
    assert (first.day, second.day) == (DAY, NEXT_DAY)
    assert first.status == "ended"
    assert first.carry_end["balance"] == second.carry_start["balance"]
    for session in (first, second):
        assert session.net == sum(row.net for row in session.trades.all())
        assert session.signals.count() > 0


def test_a_restart_on_the_day_continues_the_session_with_new_ids():
    Tier.objects.update(loss_limit=100_000)
    limits = ("risk.profit_target", "risk.loss_limit", "risk.max_drawdown")
    settings = dict.fromkeys(limits, "100000")
    run_day(settings=settings)
    balance, trades = Account.objects.get().balance, Trade.objects.count()
    run = run_day(settings=settings)
    session = Session.objects.get()
    assert session.starts == 2
    assert Trade.objects.count() > trades
    assert run.pipeline.writer.recorder.session.pk == session.pk
    first = AuditEvent.objects.filter(kind="started").latest().payload
    assert to_decimal(first["carry"]["balance"]) == balance
    assert first["carry"]["sequence"] == trades
    earlier = Trade.objects.filter(pk__lte=f"paper-MES-20240612-{trades:03d}")
    assert to_decimal(first["carry"]["day_pnl"]) == sum(row.net for row in earlier)
    again = of(said_.TradeClosed, run.events)
    assert Trade.objects.count() == trades + len(again)
    assert again[0].trade.id == f"paper-MES-20240612-{trades + 1:03d}"
    assert session.net == sum(row.net for row in Trade.objects.all())


def test_a_restart_does_not_forget_that_the_days_limit_was_reached():
    run_day(settings={"risk.loss_limit": "30"})
    trades = Trade.objects.count()
    run = run_day(settings={"risk.loss_limit": "30"})
    assert Session.objects.get().starts == 2
    assert Trade.objects.count() == trades
    assert of(said_.Halted, run.events)[0].halt is Halt.LOSS_LIMIT


def test_what_a_dead_process_left_open_is_abandoned_and_said():
    session = session_row(status="running")
    row = Trade.objects.create(
        id="paper-MES-20240612-007", account=session.account, session=session,
        instrument_id="MES", day=DAY, status="open", direction=1, size=2, ordered_ns=1,
    )  # fmt: skip
    Order.objects.create(
        id="paper-MES-20240612-007-S", session=session, trade=row, instrument_id="MES", ts_ns=1,
        ts="2024-06-12T14:00Z", role="stop", type="stop", side=-1, size=2, status="working",
        updated_ns=1,
    )  # fmt: skip
    Command.objects.create(account=session.account, kind="halt", status="executing")
    run = run_day()
    row.refresh_from_db()
    assert row.status == "abandoned"
    assert row.orders.get().status == "abandoned"
    event = AuditEvent.objects.get(kind="trade_abandoned")
    assert event.payload == {"trade": row.pk, "reason": "lost with the process in paper mode"}
    assert of(said_.TradeClosed, run.events)[0].trade.id == "paper-MES-20240612-008"
    assert Command.objects.get().status == "unknown"


def test_a_feed_that_breaks_fails_the_session_and_keeps_what_was_read():
    half = part(ticks(), 0, 15_000)
    plan = planned(TickFeed([half], fails=FeedError("memory: damaged after 15000 ticks")))
    market, start = started(plan)
    run = asyncio.run(trade(plan, market, start))
    assert run.outcome.error == "memory: damaged after 15000 ticks"
    assert Session.objects.get().status == "failed"
    assert AuditEvent.objects.get(kind="failed").payload["error"] == run.outcome.error
    assert run.outcome.engine.ticks == 15_000
    notices = [notice for frame in run.frames for notice in frame["notices"]]
    assert (notices[-1]["level"], notices[-1]["text"]) == ("error", run.outcome.error)


def test_a_stop_closes_the_simulated_position_and_the_session():
    plan = planned(TickFeed([ticks()], size=20))
    market, start = started(plan)

    stop = asyncio.Event()

    class Stopper:
        def take(self, events, status):
            if of(said_.PositionOpened, events):
                stop.set()

    run = asyncio.run(trade(plan, market, start, Stopper(), stop=stop))
    outcome, frames = run.outcome, run.frames
    assert outcome.status == "stopped"
    assert Session.objects.get().status == "stopped"
    row = Trade.objects.get()
    assert (row.status, row.exit_reason) == ("closed", ExitReason.END_OF_DATA)
    assert frames[-1]["feed"]["state"] == "stopped"
    assert frames[-1]["position"] is None


def test_an_output_that_fails_does_not_hold_up_the_others():
    plan = planned(TickFeed([ticks()]))
    market, start = started(plan)

    class Broken:
        def take(self, events, status):
            raise RuntimeError("dead")

    run = asyncio.run(trade(plan, market, start, Broken(), dead_page=True))
    outcome, pipeline = run.outcome, run.pipeline
    assert outcome.status == "ended"
    assert pipeline.core.output_failures > 3
    assert Bar.objects.count() == outcome.engine.bars


def test_frames_say_bars_signals_and_trades_once():
    run = run_day()
    for name, kind in (("signals", said_.SignalDetected), ("trades", said_.TradeClosed)):
        told = [item["id"] for frame in run.frames for item in frame[name]]
        assert len(told) == len(set(told))
        assert len(told) <= len(of(kind, run.events))
    last = run.frames[-1]
    assert last["last_bar"] == of(said_.BarClosed, run.events)[-1].bar.start // 1_000_000
    assert [frame["seq"] for frame in run.frames] == list(range(1, len(run.frames) + 1))
    assert last["feed"]["dropped"] == {"duplicate": 2}
    assert last["output"]["failing"] is False


def test_levels_cross_from_one_start_to_the_next():
    run_day(DAY)
    left = Session.objects.get().carry_end["levels"]
    assert {level["kind"] for level in left} == {"zone", "unfinished", "naked_poc"}
    run = run_day(NEXT_DAY)
    (day,) = of(said_.DayStarted, run.events)
    assert [asdict(level) for level in day.carry.levels] == left
    gone = {event.level_id for event in of(said_.LevelGone, run.events)}
    assert gone & {level["id"] for level in left}
    levels = [one for one in run.beside if one["type"] == "levels"]
    assert levels[-1]["levels"] == [level_to_wire(one) for one in run.pipeline.core.engine.levels]


def test_a_carry_of_before_there_were_levels_still_loads():
    run_day(DAY)
    session = Session.objects.get()
    del session.carry_end["levels"]
    session.save()
    (day,) = of(said_.DayStarted, run_day(NEXT_DAY).events)
    assert day.carry.levels == ()
    assert [list(level) for level in day.carry.unfinished] == session.carry_end["unfinished"]
