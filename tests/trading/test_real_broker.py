"""A broker where money is, as the pipeline has it: the line, the looks, what each concludes."""

import asyncio
from contextlib import asynccontextmanager
from dataclasses import replace

from engine.beliefs import Beliefs
from engine.commands import (
    HaltTrading,
    ReportCancelled,
    ReportDifference,
    ReportLink,
    ReportLost,
    ReportWorking,
)
from engine.events import CommandDone, Fill
from tests.trading.broker_fake import FakeBroker
from tests.trading.live_desk import QUICK, Desk, StubEngine, cancel, entry, exit_
from tests.trading.test_reconciliation_rules import believed
from trading.brokers.adapter import BrokerError
from trading.brokers.real import RealBroker

T = "acc-20240612-001"


class Room:
    def __init__(self, desk, broker):
        self.desk, self.broker = desk, broker
        self.real = RealBroker(broker, QUICK, armed=True, now_ms=lambda: 99)
        self.real.attach(desk.around())

    def of(self, kind):
        return [word for word in self.desk.words if isinstance(word, kind)]

    async def until(self, kind):
        await self.desk.until(lambda: self.of(kind))
        return self.of(kind)[-1]

    async def ready(self):
        await self.desk.until(lambda: not self.real.not_ready())

    async def looks(self, more=3):
        """Some more looks pass."""
        looks = self.real.reconciliation.looks
        before = looks.looks

        def passed():
            self.real.look()
            return looks.looks >= before + more

        await self.desk.until(passed)


@asynccontextmanager
async def room(beliefs=None, held=0, **words):
    desk = Desk(engine=StubEngine(held=held, beliefs=beliefs or Beliefs()))
    made = Room(desk, FakeBroker(**words))
    task = asyncio.create_task(made.real.run(desk.report))
    try:
        yield made
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def links(room_):
    return [word.up for word in room_.of(ReportLink)]


async def test_the_line_is_there_for_the_engine_after_the_first_look_that_agrees():
    async with room() as r:
        await r.ready()
        await r.desk.until(lambda: links(r) == [False, True])
        facts = r.real.facts()
        assert facts == {
            "up": True, "since": 99, "reconciled": 99, "differences": 0, "unknown": 0,
            "text": "reconciled",
        }  # fmt: skip


async def test_nothing_is_entered_while_the_books_differ():
    async with room() as r:
        r.broker.foreign("MESM4", 1, 1)
        await r.until(ReportDifference)
        r.real.send(entry())
        lost = await r.until(ReportLost)
        assert "foreign_order" in lost.reason
        assert links(r) == [False]
        assert r.broker.placed == []


async def test_a_difference_is_told_once_and_said_to_be_resolved():
    async with room() as r:
        await r.ready()
        key = r.broker.foreign("MESM4", 1, 1)
        r.real.look()
        await r.until(ReportDifference)
        await r.looks(5)
        assert len(r.of(ReportDifference)) == 1
        assert r.desk.noted().count("reconciliation_difference") == 1
        assert r.real.facts()["differences"] == 1
        r.broker.orders[key] = replace(r.broker.orders[key], status="cancelled")
        await r.ready()
        assert "reconciliation_resolved" in r.desk.noted()


async def test_one_look_alone_halts_nothing():
    async with room() as r:
        await r.ready()
        states = [1, 0]  # positions that two looks see

        real = r.broker.state

        async def crossing():
            seen = await real()
            lots = states.pop(0) if states else 0
            return replace(seen, positions={"MESM4": lots} if lots else {})

        r.broker.state = crossing
        await r.looks(4)
        assert r.of(ReportDifference) == []


async def test_a_lost_fill_is_adopted():
    beliefs = Beliefs(orders=(believed("entry"),))
    async with room(beliefs, deaf=lambda word: isinstance(word, Fill)) as r:
        await r.broker.place(entry())
        r.broker.deaf = lambda word: False
        r.real.look()
        fill = await r.until(Fill)
        assert (fill.id, fill.order_id, fill.price) == ("x1", f"{T}-E", 21_000)


async def test_an_order_that_never_arrived_is_lost_only_when_the_broker_says_so():
    beliefs = Beliefs(orders=(believed("entry", state="sent"),))
    async with room(beliefs) as r:
        lost = await r.until(ReportLost)
        assert lost.order_id == f"{T}-E"
        assert r.broker.asked == [f"{T}-E"]


async def test_an_orphan_is_taken_back():
    async with room(slow=True) as r:
        await r.broker.place(entry())
        await r.until(ReportCancelled)
        await r.ready()
        assert r.broker.orders[f"{T}-E"].status == "cancelled"
        assert "reconciliation_difference" in r.desk.noted()


async def test_a_position_without_a_stop_is_said_to_the_engine_which_closes_it():
    beliefs = Beliefs(
        positions={"MES": 1}, orders=(believed("stop", price=20_984),), over=(f"{T}-E",),
        fills=("x1",),
    )  # fmt: skip
    async with room(beliefs, held=1) as r:
        await r.broker.place(entry())
        await r.broker.cancelled(f"{T}-S", "gone")
        await r.desk.until(
            lambda: [w for w in r.of(ReportCancelled) if w.reason.startswith("no stop works")]
        )


async def test_a_remedy_that_does_not_help_halts():
    beliefs = Beliefs(orders=(believed("entry", state="sent"),))  # and it stays so
    async with room(beliefs) as r:
        await r.looks(8)
        halt = await r.until(ReportDifference)
        assert "ask did not help" in halt.reason
        assert "reconciliation_stuck" in r.desk.noted()


async def test_after_a_lost_line_the_books_are_compared_before_anything_is_entered():
    async with room() as r:
        await r.desk.until(lambda: links(r) == [False, True])
        await r.broker.link(False)
        assert links(r) == [False, True, False]
        assert r.real.not_ready()
        assert r.real.facts()["text"] == "the line to the broker is down"
        r.broker.mute = True
        await r.broker.link(True)
        assert links(r) == [False, True, False]
        r.broker.mute = False
        await r.desk.until(lambda: links(r) == [False, True, False, True])


async def test_a_line_that_is_new_without_one_lost_is_a_new_line():
    async with room() as r:
        await r.desk.until(lambda: links(r) == [False, True])
        await r.broker.link(True)
        await r.desk.until(lambda: links(r) == [False, True, False, True])


async def test_a_broker_that_does_not_answer_ends_the_entries():
    async with room() as r:
        await r.desk.until(lambda: links(r) == [False, True])
        r.broker.mute = True
        await r.desk.until(lambda: links(r) == [False, True, False])
        assert "reconciliation_blind" in r.desk.noted()
        assert "cannot be asked" in r.real.not_ready()
        r.broker.mute = False
        await r.desk.until(lambda: links(r) == [False, True, False, True])


async def test_a_broker_whose_clock_runs_ahead_does_not_move_event_time():
    async with room() as r:
        await r.ready()
        ahead = 2**60
        await r.broker.report(ReportWorking(id="w", ts=ahead, order_id=f"{T}-E"))
        await r.broker.report(Fill(id="f", order_id=f"{T}-E", ts=ahead, price=100, size=1))
        assert (await r.until(ReportWorking)).ts == r.desk.around().event_time()
        assert (await r.until(Fill)).ts == ahead  # when it happened is the broker's to say


async def test_a_broker_that_can_never_work_halts_trading():
    class Refusing(FakeBroker):
        async def run(self, report):
            raise BrokerError("login refused")

    desk = Desk()
    real = RealBroker(Refusing(up=False), QUICK)
    real.attach(desk.around())
    task = asyncio.create_task(real.run(desk.report))
    await desk.until(lambda: [word for word in desk.words if isinstance(word, HaltTrading)])
    assert "login refused" in desk.words[-1].reason
    assert "broker_unusable" in desk.noted()
    task.cancel()


async def test_a_session_ends_when_what_waits_has_left_and_what_was_flattened_is_flat():
    async with room() as r:
        await r.ready()
        r.broker.positions["MESM4"] = 1
        r.real.saw([CommandDone(ts=1, command_id="1", kind="Kill", ok=True, result="killed")])
        r.real.send(entry())
        await r.real.drain()
        assert r.broker.positions == {"MESM4": 0}
        assert r.desk.answers[-1].result == "killed; flat at the broker, verified"
        assert r.broker.placed == []  # nothing is entered at the end
        assert "session_ends_unsettled" not in r.desk.noted()


async def test_what_is_left_at_the_end_is_told():
    async with room() as r:
        await r.ready()
        r.broker.mute = True
        r.real.send(cancel())
        r.real.rules = replace(QUICK, drain_s=0.02)
        await r.real.drain()
        kind, text, level = r.desk.alerts[-1]
        assert (kind, level) == ("session_ends_unsettled", "error")
        assert f"{T}-E" in text


async def test_an_order_after_the_end_is_told():
    async with room() as r:
        await r.ready()
    r.real.send(cancel())
    assert r.desk.alerts[-1][0] == "order_left"


async def test_exits_of_a_run_before_are_watched():
    beliefs = Beliefs(positions={"MES": 1}, orders=(believed("exit"),))
    async with room(beliefs, held=1) as r:
        await r.desk.until(lambda: "flatten_verified" in r.desk.noted())


async def test_an_exit_before_the_books_were_compared_looks_first():
    async with room(held=1, mute=True) as r:
        r.real.send(exit_())
        await r.desk.until(lambda: "order_not_sent" in r.desk.noted())
        assert r.broker.placed == []
        r.broker.mute = False
        lost = await r.until(ReportLost)
        assert "the broker has 0" in lost.reason


async def test_an_unarmed_broker_enters_nothing():
    async with room() as r:
        r.real.dispatcher.armed = False
        await r.ready()
        r.real.send(entry())
        await r.desk.until(lambda: "ReportReject" in r.desk.kinds())
        assert r.broker.placed == []
