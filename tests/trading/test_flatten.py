"""What was flattened is flat at the broker, or everything is closed and a person is told."""

import asyncio
from contextlib import asynccontextmanager

from engine.beliefs import Beliefs
from engine.commands import Flatten, ReportDifference
from engine.events import CommandDone, FlattenFailed, Halted, SessionChanged
from engine.names import Halt
from tests.trading.broker_fake import FakeBroker
from tests.trading.live_desk import QUICK, Desk, StubEngine, cancel, entry, exit_
from tests.trading.test_reconciliation_rules import believed
from trading.brokers.flatten import Flattening
from trading.brokers.words import Words

NEXT = "acc-20240612-002"


def killed(kind="Kill"):
    return CommandDone(ts=1, command_id="12", kind=kind, ok=True, result="killed: closing 1")


class Watch:
    def __init__(self, desk, broker):
        self.desk, self.broker = desk, broker
        self.looks, self.doubts = 0, 0
        self.flattening = Flattening(
            broker, desk.around(), QUICK, Words("f", lambda: 7), look=self.look, doubt=self.doubt
        )

    def look(self):
        self.looks += 1

    def doubt(self):
        self.doubts += 1

    def saw(self, *events):
        self.flattening.saw(events)

    async def verified(self, times=1):
        await self.desk.until(lambda: self.desk.noted().count("flatten_verified") == times)


@asynccontextmanager
async def watching(position=1, beliefs=None, **words):
    desk = Desk(engine=StubEngine(beliefs=beliefs or Beliefs()))
    broker = FakeBroker(**words)
    if position:
        broker.positions["MESM4"] = position
    watch = Watch(desk, broker)
    task = asyncio.create_task(watch.flattening.run(desk.report))
    try:
        yield watch
    finally:
        task.cancel()


async def test_an_exit_that_filled_is_verified_and_nothing_else_is_done():
    async with watching(position=0) as w:
        w.saw(exit_())
        await w.verified()
        assert w.broker.flattened == 0
        assert w.desk.words == []


async def test_a_kill_is_answered_with_what_the_broker_had_afterwards():
    async with watching(position=0) as w:
        w.saw(killed())
        await w.verified()
        (answer,) = w.desk.answers
        assert answer.command_id == "12"
        assert answer.result == "killed: closing 1; flat at the broker, verified"


async def test_what_is_not_flat_is_asked_for_again_and_then_closed_by_the_broker():
    async with watching() as w:
        w.saw(exit_(), killed("Flatten"))
        await w.verified()
        again, halt = w.desk.words
        assert isinstance(again, Flatten)
        assert "+1 MESM4" in again.reason
        assert isinstance(halt, ReportDifference)
        assert w.broker.flattened == 1
        noted = [kind for kind in w.desk.noted() if kind.startswith("flatten")]
        assert noted == ["flatten_again", "flatten_all", "flatten_verified"]
        assert w.doubts == 1
        assert w.looks
        first, last = w.desk.answers
        assert "not flat at the broker: +1 MESM4" in first.result
        assert last.result.endswith("flat at the broker, verified")


async def test_a_broker_that_will_not_flatten_is_told_again_and_again():
    async with watching(flattens=False) as w:
        w.saw(Halted(ts=1, halt=Halt.LOSS_LIMIT, reason="lost"))
        await w.desk.until(lambda: w.broker.flattened == 3)
        assert w.flattening.blocking
        assert [kind for kind, _, level in w.desk.alerts if level == "error"] == ["flatten_all"] * 3
        w.broker.flattens = True
        await w.verified()
        assert w.flattening.blocking == ""
        halts = [word for word in w.desk.words if isinstance(word, ReportDifference)]
        assert len(halts) == 1


async def test_exits_that_come_to_nothing_lead_to_the_broker_at_once():
    async with watching() as w:
        w.saw(FlattenFailed(ts=1, trade_id="acc-20240612-001", held=1, reason="too many rejects"))
        await w.verified()
        assert w.broker.flattened == 1
        assert not [word for word in w.desk.words if isinstance(word, Flatten)]
        assert w.desk.alerts[0][::2] == ("flatten_escalated", "error")


async def test_an_order_that_still_works_is_not_flat():
    async with watching(position=0, slow=True) as w:
        await w.broker.place(entry())
        w.saw(cancel())
        await w.verified()
        assert w.broker.flattened == 1
        assert w.broker.orders["acc-20240612-001-E"].status == "cancelled"


async def test_an_entry_that_is_on_its_way_may_fill_yet():
    beliefs = Beliefs(orders=(believed("entry", state="cancelling"),))
    async with watching(position=0, beliefs=beliefs) as w:
        w.saw(cancel())
        await w.desk.until(lambda: "flatten_again" in w.desk.noted())
        w.desk.engine.beliefs = Beliefs()
        await w.verified()


async def test_the_trade_after_a_flattened_one_is_left_alone():
    beliefs = Beliefs(
        positions={"MES": 1}, orders=(believed("stop", price=1, trade=NEXT),)
    )  # fmt: skip
    async with watching(beliefs=beliefs, slow=True) as w:
        await w.broker.place(entry(NEXT))
        w.saw(exit_())
        await w.verified()
        assert w.broker.flattened == 0


async def test_after_a_kill_nothing_may_be_left_in_the_account():
    async with watching(position=0) as w:
        w.broker.positions["MNQM4"] = 2
        w.saw(exit_())
        await w.verified()
        w.saw(SessionChanged(ts=1, phase="flatten"))
        await w.verified(2)
        assert w.broker.flattened == 0
        w.saw(killed())
        await w.verified(3)
        assert w.broker.flattened == 1
        assert w.broker.positions["MNQM4"] == 0


async def test_while_the_line_is_down_it_is_said_that_nothing_is_verified():
    async with watching(up=False) as w:
        w.saw(killed())
        await w.desk.until(lambda: "flatten_not_verified" in w.desk.noted())
        assert "not verified: the broker cannot be asked" in w.desk.answers[0].result
        w.broker.up = True
        await w.verified()
        assert w.broker.positions["MESM4"] == 0


async def test_a_failure_of_ours_does_not_end_the_watch():
    async with watching(position=0) as w:
        real, w.broker.state = w.broker.state, None
        w.saw(exit_())
        await w.desk.until(lambda: "flatten_watch_failed" in w.desk.noted())
        w.broker.state = real
        w.saw(exit_())
        await w.verified()
