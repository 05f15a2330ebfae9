"""Stopping and starting sessions in one process, and what commands do while nothing runs."""

import asyncio
import threading
from dataclasses import replace
from functools import partial

import numpy as np
import pytest
from channels.db import database_sync_to_async

from engine.events import PositionOpened
from tests.trading.days import DAY, NEXT_DAY, TickFeed, planned, said, started, ticks
from trading.commands import request_command
from trading.errors import StartError
from trading.models import Account, AuditEvent, Command, Session, Trade
from trading.pipeline import run as running
from trading.pipeline.signals import KillSwitch
from trading.pipeline.stream import part

pytestmark = pytest.mark.django_db(transaction=True)

SLOW = 2_000.0
"""Times as fast as real time: some ten seconds for the day, of which a test needs the first."""


class Steered:
    """A process that is steered by a script: `await steered.ask("stop")` gives the answered row."""

    def __init__(self, monkeypatch):
        self.messages = []
        self.arrived = asyncio.Event()
        self.stop = asyncio.Event()
        self.account = None
        monkeypatch.setattr(running, "_send", self.hear)

    async def hear(self, message):
        self.messages.append(message)
        self.arrived.set()

    async def until(self, found):
        async with asyncio.timeout(30):
            while True:
                for message in self.messages:
                    if found(message):
                        return message
                self.arrived.clear()
                await self.arrived.wait()

    async def frame(self, found):
        """The next frame like this."""
        self.messages.clear()
        return await self.until(lambda one: one["type"] == "frame" and found(one))

    async def asked(self, kind, **more):
        make = partial(request_command, self.account, kind, **more)
        return await database_sync_to_async(make)()

    async def answered(self, row):
        over = ("done", "refused", "expired")
        message = await self.until(
            lambda one: one["type"] == "command" and one["id"] == row.pk and one["status"] in over
        )
        await database_sync_to_async(row.refresh_from_db)()
        return message

    async def ask(self, kind, **more):
        return await self.answered(await self.asked(kind, **more))


def held_open(start):
    """The day's ticks to the first entry, where the market stays until `over` is set."""
    opened = next(event for event in said(start) if isinstance(event, PositionOpened))
    entered, over = int(np.searchsorted(ticks().ts, opened.ts, "right")), threading.Event()

    def blocks():
        yield part(ticks(), 0, entered)
        over.wait(60)

    return blocks(), over


def steer(monkeypatch, script, *, replan=None, days=(DAY,), speed=SLOW, hold=False):
    """Run a process with the script beside it; both end with the script. The last outcome.
    `hold`: the market stands still with a position open."""

    def plan_again():
        return replace(planned(TickFeed([ticks(day) for day in days])), speed=speed)

    plan = plan_again()
    market, start = started(plan)
    over = threading.Event()
    if hold:
        blocks, over = held_open(start)
        market, plan = replace(market, blocks=blocks), replace(plan, speed=None)
    again = partial(running._again, replan or plan_again)

    async def go():
        steered = Steered(monkeypatch)
        steered.account = start.session.account
        process = asyncio.create_task(
            running.sessions((plan, market, start), steered.stop, again, KillSwitch())
        )
        try:
            await script(steered)
        finally:
            over.set()
            steered.stop.set()
            outcome = await process
        return outcome

    return asyncio.run(go())


def in_position(frame):
    return frame["position"] is not None


def test_a_stop_ends_the_session_closes_the_position_and_goes_on_telling(monkeypatch):
    async def script(process):
        await process.frame(in_position)
        answer = await process.ask("stop", reason="enough")
        assert answer["status"] == "done"
        assert answer["result"].startswith("stopped; closed ")
        frame = await process.frame(lambda one: one["session"]["status"] == "stopped")
        assert (frame["feed"]["state"], frame["position"]) == ("stopped", None)

    steer(monkeypatch, script, hold=True)
    assert Session.objects.get().status == "stopped"
    row = Command.objects.get()
    assert (row.status, row.session) == ("done", Session.objects.get())
    assert Trade.objects.latest().exit_reason == "end_of_data"
    assert not Trade.objects.exclude(status__in=("closed", "cancelled")).exists()
    event = AuditEvent.objects.get(kind="command_done")
    assert (event.payload["kind"], event.payload["reason"]) == ("stop", "enough")


def test_a_stopped_session_goes_on_where_it_was_left(monkeypatch):
    left = {}

    async def script(process):
        await process.frame(lambda one: one["feed"]["state"] == "live" and one["bars"])
        await process.ask("stop")
        stopped = await process.frame(lambda one: one["session"]["status"] == "stopped")
        left.update(at=stopped["feed"]["last_tick"], bar=stopped["last_bar"])
        answer = await process.ask("start")
        assert (answer["status"], answer["result"]) == ("done", "trading MES of memory")
        frame = await process.frame(lambda one: one["feed"]["state"] == "live")
        assert frame["session"]["status"] == "running"
        assert frame["feed"]["last_tick"] >= left["at"]

    steer(monkeypatch, script)
    session = Session.objects.get()
    assert session.starts == 2
    assert session.feed["warm_until"] // 1_000_000 == left["at"]
    starts = Command.objects.filter(kind="start")
    assert [row.status for row in starts] == ["done"]


def test_a_recording_of_days_goes_on_with_the_day_on_which_it_was_left(monkeypatch):
    async def script(process):
        await process.frame(lambda one: one["session"]["day"] == NEXT_DAY.isoformat())
        await process.ask("stop")
        await process.ask("start")
        # Its warm-up is over before the first tick of that day may have come.
        await process.frame(
            lambda one: (
                one["feed"]["state"] == "live" and one["session"]["day"] == NEXT_DAY.isoformat()
            )
        )

    steer(monkeypatch, script, days=(DAY, NEXT_DAY), speed=50_000.0)
    assert list(Session.objects.order_by("day").values_list("day", "starts")) == [
        (DAY, 1), (NEXT_DAY, 2),
    ]  # fmt: skip


def test_a_recording_that_ended_begins_at_its_beginning(monkeypatch):
    async def script(process):
        await process.frame(lambda one: one["session"]["status"] == "ended")
        answer = await process.ask("start")
        assert answer["status"] == "done"
        # So small a day may be over again before it is told that it runs.
        await process.frame(lambda one: one["session"]["status"] in ("running", "ended"))

    steer(monkeypatch, script, speed=None)
    session = Session.objects.get()
    assert (session.starts, session.feed["warm_until"]) == (2, 0)


def test_what_is_refused_says_why(monkeypatch):
    async def script(process):
        answer = await process.ask("start")
        assert (answer["status"], answer["result"]) == ("refused", "a session is running already")
        await process.ask("stop")
        for kind, words in (("stop", "nothing to stop"), ("flatten", "nothing is open")):
            answer = await process.ask(kind)
            assert answer["status"] == "refused"
            assert answer["result"] == f"{words}: no session is running"

    steer(monkeypatch, script)


def test_a_halt_between_sessions_holds_for_the_next_until_it_is_lifted(monkeypatch):
    async def script(process):
        await process.ask("stop")
        answer = await process.ask("kill")
        assert answer["result"] == "killed: no session is running; the next begins halted"
        await process.frame(lambda one: one["account"]["halts"] == ["kill"])
        await process.ask("start")
        frame = await process.frame(lambda one: one["session"]["status"] == "running")
        assert frame["account"]["halts"] == ["kill"]
        await process.ask("stop")
        answer = await process.ask("resume")
        assert (answer["status"], answer["result"]) == ("done", "lifted kill")
        assert (await process.ask("resume"))["result"] == "nothing to lift"

    steer(monkeypatch, script)
    assert Account.objects.get().halts == []


def test_a_start_that_cannot_be_says_why_and_leaves_the_process_waiting(monkeypatch):
    def refuses():
        raise StartError("the port is\ntaken")

    async def script(process):
        await process.ask("stop")
        answer = await process.ask("start")
        assert (answer["status"], answer["result"]) == ("refused", "the port is taken")
        assert (await process.ask("stop"))["status"] == "refused"

    steer(monkeypatch, script, replan=refuses)
    assert Session.objects.get().starts == 1


def test_each_command_is_told_as_taken_and_as_done(monkeypatch):
    async def script(process):
        row = await process.asked("halt", reason="lunch")
        await process.answered(row)
        told = [one["status"] for one in process.messages if one["type"] == "command"]
        assert told == ["executing", "done"]
        frame = await process.frame(lambda one: one["account"]["halts"])
        assert frame["account"]["halts"] == ["operator"]

    steer(monkeypatch, script)
    assert Account.objects.get().halts == ["operator"]


def test_a_process_without_a_page_does_not_stop_by_command(monkeypatch):
    plan = replace(planned(TickFeed([ticks()])), speed=SLOW)
    market, start = started(plan)

    async def go():
        process = Steered(monkeypatch)
        process.account = start.session.account
        task = asyncio.create_task(
            running.sessions((plan, market, start), process.stop, None, KillSwitch())
        )
        answer = await process.ask("stop")
        process.stop.set()
        await task
        return answer

    answer = asyncio.run(go())
    assert answer["status"] == "refused"
    assert "serves no page" in answer["result"]
