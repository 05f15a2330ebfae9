"""Defects of the system before this one, each by its name: none of them can come back."""

import asyncio

from engine.commands import ReportLost
from engine.events import CommandDone
from tests.trading.broker_fake import FakeBroker
from tests.trading.live_desk import QUICK, Desk, entry
from trading.brokers.real import RealBroker


async def at_broker(broker: FakeBroker) -> tuple[Desk, RealBroker, asyncio.Task[None]]:
    desk = Desk()
    real = RealBroker(broker, QUICK, armed=True)
    real.attach(desk.around())
    task = asyncio.create_task(real.run(desk.report))
    await desk.until(lambda: not real.not_ready())
    return desk, real, task


async def test_flatten_result_not_checked():
    """It called flatten, ignored what came of it and went home with a position."""
    broker = FakeBroker()
    desk, real, task = await at_broker(broker)
    broker.positions["MESM4"] = 1  # and the exit that the engine sent comes to nothing
    real.saw([CommandDone(ts=1, command_id="1", kind="Kill", ok=True, result="killed")])
    await desk.until(lambda: any("verified" in answer.result for answer in desk.answers))
    assert "not flat at the broker: +1 MESM4" in desk.answers[0].result
    assert desk.answers[-1].result == "killed; flat at the broker, verified"
    assert broker.flattened == 1
    assert broker.positions == {"MESM4": 0}
    task.cancel()


async def test_untracked_submissions():
    """It sent an order, lost the answer, did not know of it any more and sent another."""
    broker = FakeBroker(slow=True)
    desk, real, task = await at_broker(broker)
    broker.faults.extend(["lose"])
    broker.mute = True
    real.send(entry())
    await desk.until(lambda: real.facts()["unknown"] == 1)
    assert "order_unknown" in desk.noted()
    broker.mute = False
    await desk.until(lambda: "order_found" in desk.noted())
    assert [order.id for order in broker.placed] == ["acc-20240612-001-E"]
    assert not [word for word in desk.words if isinstance(word, ReportLost)]
    task.cancel()
