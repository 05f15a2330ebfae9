"""A pipeline at a real broker: orders there, what is found back into audit, page and answers."""

import asyncio
import json
import threading
from dataclasses import replace

import pytest

from engine.warm import compile_engine
from tests.trading.broker_fake import FakeBroker
from tests.trading.days import TickFeed, planned, started, ticks
from tests.trading.live_desk import QUICK
from tests.trading.socket_schema import checked
from trading.brokers.real import RealBroker
from trading.commands import request_command
from trading.models import AuditEvent, Command
from trading.pipeline.run import make_engine
from trading.pipeline.stream import part
from trading.pipeline.supervisor import Pipeline

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_kill_is_verified_at_the_broker_and_its_answer_says_so():
    plan = planned(TickFeed([ticks()]))
    compile_engine(plan.config)  # as a start does: nothing is compiled while the market waits
    market, start = started(plan)
    asked = request_command(start.session.account, "kill", reason="told so")
    broker, verified = FakeBroker(), threading.Event()
    broker.positions["MESM4"] = 1
    frames = []

    def blocks():
        """The market holds its breath until the kill was verified."""
        yield part(ticks(), 0, 5_000)
        assert verified.wait(60)
        yield part(ticks(), 5_000, 6_000)

    async def send(message):
        frames.append(message)

    async def go():
        engine = make_engine(plan, start, False)
        real = RealBroker(broker, QUICK, armed=True)
        live = replace(market, blocks=blocks())
        pipeline = Pipeline(plan, live, start, engine, real, send=send)
        again = pipeline.answers.again

        def answered(event):
            again(event)
            if event.result.endswith("verified"):
                verified.set()

        pipeline.answers.again = answered
        return await pipeline.run(asyncio.Event())

    outcome = asyncio.run(go())
    assert outcome.error == ""
    asked.refresh_from_db()
    assert asked.status == Command.Status.DONE
    assert asked.result == "killed: nothing to flatten; flat at the broker, verified"
    told = [frame for frame in frames if frame["type"] == "command"]
    assert told[-1]["result"].endswith("flat at the broker, verified")
    kinds = set(AuditEvent.objects.filter(actor="broker").values_list("kind", flat=True))
    assert {"flatten_again", "flatten_all", "flatten_verified"} <= kinds
    states = [frame["broker"] for frame in frames if frame["type"] == "frame"]
    assert states[-1].keys() == {"up", "since", "reconciled", "differences", "unknown", "text"}
    for frame in frames:
        checked("live_to_page", json.loads(json.dumps(frame)))
    assert broker.flattened
