"""Orders' way to the broker: each once, none dropped, and what is not known is asked for."""

import asyncio
import threading
from contextlib import asynccontextmanager
from dataclasses import replace
from decimal import Decimal

import pytest

from engine.commands import HaltTrading, ReportAmendReject, ReportLost, ReportMargin, ReportReject
from engine.events import OrderCancel, OrderIntent
from tests.trading.broker_fake import FakeBroker
from tests.trading.live_desk import (
    PRICE,
    QUICK,
    Clock,
    Desk,
    StubEngine,
    amend,
    cancel,
    entry,
    exit_,
    stop,
)
from trading.brokers.dispatcher import Dispatcher
from trading.brokers.words import Words

E, X, S = "acc-20240612-001-E", "acc-20240612-001-X", "acc-20240612-001-S"


class Bench:
    """A dispatcher between a desk and an exchange."""

    def __init__(self, desk, broker, rules):
        self.desk, self.broker, self.clock = desk, broker, Clock()
        self.looks, self.escalations, self.ready = 0, [], ""
        self.dispatcher = Dispatcher(
            broker, desk.around(), rules, Words("d", lambda: 7),
            ready=lambda: self.ready, look=self.look, escalate=self.escalations.append,
            clock=self.clock,
        )  # fmt: skip
        self.dispatcher.armed = True

    def look(self):
        self.looks += 1

    def send(self, *orders):
        for order in orders:
            self.dispatcher.send(order)

    async def done(self):
        """Until nothing waits. What waits for a while waits no longer: the clock goes on."""
        await self.desk.until(self._nothing_waits)

    def _nothing_waits(self):
        self.clock.now += 0.001
        self.dispatcher.queue.changed.set()
        return not self.dispatcher.queue.waiting


@asynccontextmanager
async def bench(*faults, held=0, rules=QUICK, **words):
    desk = Desk(engine=StubEngine(held=held))
    broker = FakeBroker(slow=True, **words)
    broker.faults.extend(faults)
    made = Bench(desk, broker, rules)
    broker.report = desk.report
    task = asyncio.create_task(made.dispatcher.run(desk.report))
    try:
        yield made
    finally:
        task.cancel()


def failing():
    raise OSError("the disk is gone")


def ids(broker):
    return [order.id for order in broker.placed]


async def test_an_order_leaves_after_the_journal_is_on_disk():
    order = []
    async with bench() as b:
        b.desk.sync = lambda: order.append(list(ids(b.broker)))
        b.send(entry())
        await b.done()
        assert order == [[]]
        assert ids(b.broker) == [E]
        assert "order_sent" in b.desk.noted()
        assert "order_taken" in b.desk.noted()


async def test_an_order_is_timed_from_its_tick_to_the_broker_and_to_its_answer():
    async with bench("drop") as b:
        b.dispatcher.around = replace(b.dispatcher.around, acting_ns=lambda: 2_000_000)
        b.send(entry())
        await b.done()
        times = b.dispatcher.outcomes
        assert times.sent.count == 1  # how long it took to try again is not counted
        assert times.sent.total >= 2_000_000
        assert times.answered.count == 1


async def test_exits_and_cancellations_go_before_changes_and_these_before_entries():
    async with bench(held=1) as b:
        b.broker.faults.append("refuse")
        b.send(stop(), entry("acc-20240612-002"), amend(), exit_())
        await b.done()
        sent = [note["order"] for kind, note in b.desk.notes if kind == "order_sent"]
        assert sent == [X, S, "acc-20240612-002-E"]


async def test_the_stop_and_target_of_a_bracket_are_the_brokers_and_not_sent():
    async with bench(held=1) as b:
        b.send(stop())
        await b.done()
        assert b.broker.placed == []


async def test_what_did_not_arrive_is_sent_again():
    async with bench("drop", "drop") as b:
        b.send(entry())
        await b.done()
        assert ids(b.broker) == [E]
        assert not [word for word in b.desk.words if isinstance(word, ReportLost)]


async def test_an_entry_that_never_arrives_is_lost_and_halts_trading():
    async with bench("drop", "drop", "drop") as b:
        b.send(entry())
        await b.done()
        lost, halt = b.desk.words
        assert isinstance(lost, ReportLost)
        assert isinstance(halt, HaltTrading)
        assert lost.order_id == E
        assert "could not be sent" in halt.reason


async def test_an_entry_that_is_too_old_is_not_sent_any_more():
    async with bench() as b:
        b.desk.sync = lambda: setattr(b.clock, "now", b.clock.now + 6)
        b.send(entry())
        await b.done()
        assert b.broker.placed == []
        assert b.desk.kinds() == ["ReportLost", "HaltTrading"]
        assert "too old" in b.desk.words[0].reason


@pytest.mark.parametrize("fault", ["lose", "hang"])
async def test_an_order_whose_answer_is_lost_is_asked_for_and_never_sent_again(fault):
    async with bench(fault) as b:
        b.send(entry())
        await b.done()
        assert ids(b.broker) == [E]
        assert b.broker.asked == [E]
        assert b.desk.kinds() == ["ReportWorking", "ReportWorking"]


async def test_an_entry_that_vanished_is_lost_when_the_broker_says_twice_that_it_has_none():
    async with bench("vanish") as b:
        b.send(entry())
        await b.done()
        assert b.broker.placed == []
        assert b.broker.asked == [E, E]
        assert b.desk.kinds() == ["ReportLost"]


async def test_an_order_is_not_given_up_before_it_has_had_time_to_arrive():
    async with bench("vanish", rules=QUICK.__class__(first_wait_s=0.001, settle_s=2)) as b:
        b.send(entry())
        await b.desk.until(lambda: b._nothing_waits() or len(b.broker.asked) > 3)
        assert b.desk.words == []
        b.clock.now += 3
        await b.done()
        assert b.desk.kinds() == ["ReportLost"]


async def test_a_broker_that_does_not_answer_is_asked_until_it_does():
    async with bench("lose", mute=True) as b:
        b.send(entry())
        await b.desk.until(lambda: b._nothing_waits() or len(b.broker.asked) > 5)
        assert b.dispatcher.queue.unknown() == [E]
        b.broker.mute = False
        await b.done()
        assert ids(b.broker) == [E]


async def test_nothing_is_entered_while_another_orders_outcome_is_not_known():
    async with bench("vanish", mute=True) as b:
        b.desk.engine.held = 1
        b.dispatcher.send(exit_())
        b.send(entry("acc-20240612-002"))
        await b.desk.until(lambda: len(b.broker.asked) > 3 or b._nothing_waits())
        assert b.broker.placed == []
        b.clock.now += 6
        await b.desk.until(lambda: b._nothing_waits() or "HaltTrading" in b.desk.kinds())
        assert b.broker.placed == []


async def test_an_exit_that_never_arrived_is_sent_again_under_its_id():
    async with bench("vanish", held=1) as b:
        b.broker.positions["MESM4"] = 1
        b.send(exit_())
        await b.done()
        assert ids(b.broker) == [X]
        assert b.broker.asked == [X, X]


async def test_exits_are_tried_for_ever_and_a_person_is_told():
    async with bench(*["drop"] * 50, held=1) as b:
        b.broker.positions["MESM4"] = 1
        b.send(exit_())
        await b.desk.until(lambda: b._nothing_waits() or len(b.broker.faults) < 30)
        b.clock.now += 20
        await b.done()
        assert ids(b.broker) == [X]
        assert len(b.escalations) == 1
        assert "order_stuck" in b.desk.noted()


async def test_a_delayed_exit_does_not_open_a_position_when_its_own_is_gone():
    async with bench("drop", held=1) as b:
        b.send(exit_())  # somebody closed it at the broker meanwhile
        await b.done()
        assert b.broker.placed == []
        assert b.desk.kinds() == ["ReportLost"]
        assert b.looks == 1


async def test_a_refused_order_is_rejected_to_the_engine():
    async with bench("refuse") as b:
        b.send(entry())
        await b.done()
        (word,) = b.desk.words
        assert isinstance(word, ReportReject)
        assert word.reason == "not today"


async def test_a_refused_change_leaves_the_stop_where_it_works():
    async with bench("refuse", held=1) as b:
        b.send(stop(price=PRICE - 16), amend(price=PRICE - 4))
        await b.done()
        (word,) = b.desk.words
        assert isinstance(word, ReportAmendReject)
        assert word.price == PRICE - 16


async def test_a_change_whose_answer_is_lost_is_looked_up_at_the_broker():
    async with bench(held=1) as b:
        b.broker.slow = False
        b.send(entry())
        await b.done()
        b.broker.faults.append("vanish")
        b.desk.words.clear()
        b.send(amend(price=PRICE - 4))
        await b.done()
        (word,) = b.desk.words
        assert isinstance(word, ReportAmendReject)
        assert word.price == PRICE - 16


async def test_a_newer_change_takes_the_place_of_one_that_has_not_left():
    async with bench(held=1) as b:
        b.send(amend(price=PRICE - 8), amend(price=PRICE - 4))
        await b.done()
        sent = [note["what"] for kind, note in b.desk.notes if kind == "order_sent"]
        assert sent == [f"change: 1 at {PRICE - 4} ticks"]


async def test_while_the_line_is_down_entries_are_lost_and_exits_wait_for_it():
    async with bench(held=1, up=False) as b:
        b.broker.positions["MESM4"] = 1
        b.send(exit_(), entry("acc-20240612-002"))
        await b.desk.until(lambda: b._nothing_waits() or b.desk.kinds() == ["ReportLost"])
        assert b.desk.words[0].order_id == "acc-20240612-002-E"
        b.broker.up = True
        await b.done()
        assert ids(b.broker) == [X]


async def test_no_entry_leaves_before_the_broker_was_compared_with_what_is_believed():
    async with bench() as b:
        b.ready = "not reconciled yet"
        b.send(entry())
        await b.done()
        assert b.desk.words[0].reason == "not reconciled yet"


async def test_a_margin_above_its_limit_stops_the_entry_and_the_day():
    async with bench(margins={"MES": Decimal("40.01")}) as b:
        b.send(entry())
        await b.done()
        margin, lost = b.desk.words
        assert isinstance(margin, ReportMargin)
        assert (margin.symbol, margin.margin) == ("MES", 4_001_000_000)
        assert isinstance(lost, ReportLost)
        assert "margin_above_limit" in b.desk.noted()
        assert b.broker.placed == []


async def test_the_margin_is_asked_while_the_journal_is_put_on_disk():
    async with bench(rules=replace(QUICK, sync_s=5)) as b:
        asked, answer = threading.Event(), b.broker.margin

        async def margin(symbol):
            asked.set()
            return await answer(symbol)

        b.broker.margin = margin
        b.desk.sync = lambda: asked.wait(5)
        b.send(entry())
        await b.done()
        assert ids(b.broker) == [E]


async def test_a_margin_that_is_not_answered_does_not_hold_up_what_the_disk_says():
    async with bench(rules=replace(QUICK, answer_s=60)) as b:
        b.broker.margin = lambda symbol: asyncio.Event().wait()
        b.desk.sync = failing
        b.send(entry())
        await b.done()
        assert b.broker.placed == []
        assert b.desk.kinds() == ["ReportLost", "HaltTrading"]
        assert "the journal is not on disk" in b.desk.words[0].reason


async def test_a_disk_that_fails_counts_before_a_margin_that_is_not_known():
    async with bench(margins={}) as b:
        b.desk.sync = failing
        b.send(entry())
        await b.done()
        assert b.desk.kinds() == ["ReportLost", "HaltTrading"]
        assert "the journal is not on disk" in b.desk.words[0].reason


async def test_without_a_margin_nothing_is_entered():
    async with bench(margins={}) as b:
        b.send(entry())
        await b.done()
        assert b.broker.placed == []
        assert b.desk.kinds() == ["ReportLost", "HaltTrading"]
        assert "margin is not known" in b.desk.words[0].reason


async def test_a_guards_no_is_a_reject_and_in_the_audit():
    async with bench() as b:
        b.send(entry(size=4))
        await b.done()
        (word,) = b.desk.words
        assert isinstance(word, ReportReject)
        assert word.reason.startswith("guard: 4 lots of MES are above the largest order")
        assert "order_guarded" in b.desk.noted()
        assert b.broker.placed == []


async def test_the_same_id_is_never_given_to_the_broker_twice():
    async with bench() as b:
        b.send(entry())
        await b.done()
        b.send(entry())
        await b.done()
        assert ids(b.broker) == [E]
        assert "given to the broker before" in b.desk.words[-1].reason


async def test_an_order_of_a_run_before_is_not_placed_again():
    async with bench() as b:
        b.dispatcher.known([E])
        b.send(entry())
        await b.done()
        assert b.broker.placed == []
        assert "given to the broker before" in b.desk.words[-1].reason
        assert b.dispatcher.busy() == frozenset()


async def test_without_a_journal_entries_stay_and_exits_leave():
    def full():
        raise OSError("no space left on device")

    async with bench(held=1) as b:
        b.desk.sync = full
        b.send(exit_(), entry("acc-20240612-002"))
        await b.done()
        assert ids(b.broker) == [X]
        assert "journal_behind" in b.desk.noted()
        assert b.desk.kinds()[-2:] == ["ReportLost", "HaltTrading"]
        assert "no space left" in b.desk.words[-2].reason


async def test_a_disk_that_hangs_does_not_hold_an_exit_back():
    hanging = threading.Event()
    try:
        async with bench(held=1) as b:
            b.desk.sync = lambda: hanging.wait(10)
            b.send(exit_())
            await b.done()
            b.send(entry("acc-20240612-002"))
            await b.done()
            assert ids(b.broker) == [X]
    finally:
        hanging.set()


async def test_an_entry_that_is_taken_back_before_it_left_never_leaves():
    async with bench() as b:
        b.desk.sync = lambda: b.dispatcher.send(cancel())
        b.send(entry())
        await b.done()
        assert b.broker.placed == []
        assert b.desk.words[0].reason == "taken back before it was sent"


async def test_an_order_that_works_is_taken_back_at_the_broker():
    async with bench() as b:
        b.send(entry())
        await b.done()
        b.send(cancel())
        await b.done()
        assert [type(order) for order in b.broker.placed] == [OrderIntent, OrderCancel]
        assert b.desk.kinds() == ["ReportWorking", "ReportCancelled"]


async def test_a_cancellation_that_comes_too_late_leads_to_a_look():
    async with bench() as b:
        b.send(entry())
        await b.done()
        await b.broker.fill(E, 1)
        b.send(cancel())
        await b.done()
        assert b.looks == 1
        assert "ReportLost" not in b.desk.kinds()


async def test_a_failure_of_ours_makes_the_outcome_unknown_and_not_the_dispatcher_end():
    async with bench() as b:
        real, b.broker.place = b.broker.place, None
        b.send(entry())
        await b.desk.until(lambda: b._nothing_waits() or "order_unknown" in b.desk.noted())
        b.broker.place = real
        await b.done()
        b.send(entry("acc-20240612-002"))
        await b.done()
        assert ids(b.broker) == ["acc-20240612-002-E"]
