"""The replay's socket: the stored day again, at any moment, as it happened."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from channels.routing import URLRouter
from django.contrib.auth.models import AnonymousUser, User

from engine.config import engine_config
from engine.engine import Engine
from engine.events import BarClosed, TradeClosed
from engine.instruments import instrument
from engine.ticks import part
from marketdata.calendars import schedule
from marketdata.feeds.files.parquet import write_ticks
from tests.trading.days import LOSSES, Run, TickFeed, started, ticks, trade
from tests.trading.test_consumers import Socket
from trading import wire
from trading.bar_views import BarView
from trading.models import Session, Trade
from trading.pipeline.market import recorded
from trading.pipeline.options import Options, plan
from trading.pipeline.start import begin, open_account
from trading.routing import websocket_urlpatterns
from trading.selectors import session_bars, session_signals, session_trades

pytestmark = pytest.mark.django_db(transaction=True)

PATIENCE_S = 30.0
PLAYED = ("bars", "signals", "trades")


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    path = tmp_path / "mes.parquet"
    write_ticks(path, "MES", ticks(), synthetic=True)
    return path


@pytest.fixture
def run(recording: Path) -> Run:
    """A session that traded the recording to its end."""
    made = plan(Options(feed=f"file:{recording}", symbol="MES", speed="max", settings=LOSSES))
    market, start = started(made)
    return asyncio.run(trade(made, market, start))


@pytest.fixture
def user() -> User:
    return User.objects.create_user("trader", password="long enough")


class Page:
    """The page's end: what it was told, by kind, the latest."""

    def __init__(self, socket: Socket) -> None:
        self.socket = socket
        self.told: dict[str, Any] = {}
        self.said: list[dict[str, Any]] = []

    async def ask(self, **message: Any) -> None:
        await self.socket.send(text=json.dumps(message))

    async def until(self, kind: str) -> Any:
        """Listen up to a message of a kind."""
        while True:
            output = await self.socket.receive_output(PATIENCE_S)
            message = json.loads(output["text"])
            self.said.append(message)
            self.told[message["type"]] = message
            if message["type"] == kind:
                return message

    async def at(self, **message: Any) -> Any:
        """Ask, and wait until it is shown: the playhead comes last."""
        await self.ask(**message)
        return await self.until("playhead")

    @property
    def shown(self) -> dict[str, Any]:
        """The day as a snapshot tells it, without what only says when it was told."""
        snapshot = dict(self.told["snapshot"])
        frame = dict(snapshot["frame"])
        del frame["seq"]
        return snapshot | {"frame": frame}


@asynccontextmanager
async def page(user: Any, session: int, query: str = "") -> AsyncIterator[Page]:
    socket = Socket(
        URLRouter(websocket_urlpatterns),
        user=user,
        path=f"/ws/replay/{session}/",
        query_string=query.encode(),
    )
    assert await socket.open()
    yield Page(socket)
    await socket.close()


def of_rows(session: Session) -> dict[str, list[wire.Json]]:
    """What the live page would be told of the whole session."""
    spec = session.instrument.spec
    return {
        "bars": wire.bars_to_wire(session_bars(session), spec),
        "signals": [wire.signal_row_to_wire(row, spec) for row in session_signals(session)],
        "trades": [wire.trade_row_to_wire(row) for row in session_trades(session)],
    }


async def test_a_replay_begins_at_the_open_and_says_what_there_is(run: Run, user: User) -> None:
    session = run.outcome.session
    async with page(user, session.pk) as replay:
        introduction = await replay.until("replay")
        head = await replay.until("playhead")
    assert [message["type"] for message in replay.said[:2]] == ["loading", "replay"]
    assert introduction["day"] == "2024-06-12"
    assert introduction["differs"] == ""
    assert introduction["from"] <= introduction["start"] == head["t"] <= introduction["to"]
    assert (head["playing"], head["speed"], head["over"]) == (False, 1, False)
    entered = [mark for mark in introduction["marks"] if mark["kind"] == "trade"]
    assert [mark["id"] for mark in entered] == [
        event.trade.id for event in run.events if isinstance(event, TradeClosed)
    ]
    assert len(introduction["line"]["price"]) == len(introduction["line"]["volume"])
    assert sum(introduction["line"]["volume"]) <= int(ticks().size.sum())
    assert replay.told["snapshot"]["config"]["account"] == "paper-MES"


async def test_at_the_end_it_shows_what_the_pipeline_stored(run: Run, user: User) -> None:
    async with page(user, run.outcome.session.pk) as replay:
        introduction = await replay.until("replay")
        head = await replay.at(type="seek", t=introduction["to"])
        while head["t"] < introduction["to"]:
            head = await replay.until("playhead")
    assert head["over"] is True
    stored = await sync_to_async(of_rows)(run.outcome.session)
    assert len(stored["bars"]) > 20
    assert len(stored["trades"]) > 2
    for kind in PLAYED:
        assert json.loads(json.dumps(stored[kind])) == replay.shown[kind]


async def test_a_jump_shows_what_playing_there_shows(run: Run, user: User) -> None:
    session = run.outcome.session.pk
    async with page(user, session) as played:
        introduction = await played.until("replay")
        await played.until("playhead")
        await played.ask(type="speed", value="max")
        await played.ask(type="play")
        head = await played.until("playhead")
        while head["t"] < introduction["to"] - 3 * 3600 * 1000:
            head = await played.until("playhead")
        await played.ask(type="pause")
        while head["playing"]:
            head = await played.until("playhead")
        await played.ask(type="sync", have=None)
        await played.until("snapshot")
        await played.until("playhead")
    async with page(user, session) as jumped:
        await jumped.until("playhead")
        await jumped.at(type="seek", t=introduction["to"])  # and back again
        landed = await jumped.at(type="seek", t=head["t"])
    assert landed["t"] == head["t"]
    assert len(played.shown["bars"]) > 10
    assert drawn(played.shown) == drawn(jumped.shown)


MINUTES = {"kind": "time", "length": 60}


async def test_other_bars_are_shown_as_they_were_at_that_moment(run: Run, user: User) -> None:
    """Played to or jumped to, from before or from behind, they are an engine's own."""
    session = run.outcome.session.pk
    async with page(user, session) as played:
        introduction = await played.until("replay")
        there = introduction["start"] + 90 * 60_000 + 30_017
        await played.until("playhead")
        await played.ask(type="view", bars=MINUTES)
        snapshot = await played.until("view_snapshot")
        assert played.told["view"] == {"type": "view", "key": "time-60", "state": "loading"}
        assert all(bar["e"] <= introduction["start"] for bar in snapshot["bars"])
        await played.ask(type="speed", value=300)
        await played.ask(type="play")
        seen = {bar["t"]: bar for bar in snapshot["bars"]}
        while played.told["playhead"]["t"] < introduction["start"] + 5 * 60_000:
            for bar in (await played.until("view_frame"))["bars"]:
                seen[bar["t"]] = bar
            await played.until("playhead")
        await played.ask(type="pause")
        for place in (introduction["to"], there):
            await played.ask(type="seek", t=place)
            while (await played.until("playhead"))["t"] != place:
                pass
        back = played.told["view_snapshot"]
    assert len(seen) > len(snapshot["bars"]) > 100, "more came while it played"
    assert back["last_bar"] <= there
    assert back["forming"]["t"] <= there
    kept = [bar for t, bar in seen.items() if t >= back["bars"][0]["t"]]
    assert [bar for bar in back["bars"] if bar["t"] in seen] == kept
    async with page(user, session, f"t={there}") as jumped:
        await jumped.until("playhead")
        await jumped.ask(type="view", bars=MINUTES)
        whole = await jumped.until("view_snapshot")
    assert whole | {"seq": 0} == back | {"seq": 0}
    day = ticks()
    config = engine_config("MES").override(LOSSES)
    engine = Engine(BarView("time", 60).applied(config), schedule(instrument("MES"), "rth"))
    engine.warming = True
    count = int((day.ts <= there * 1_000_000).sum())
    events = [*engine.push_columns(part(day, slice(0, count))), *engine.beat(there * 1_000_000)]
    own = [event.bar for event in events if isinstance(event, BarClosed)]
    assert [(bar["i"], bar["v"], bar["c"]) for bar in whole["bars"]] == [
        (bar.index, bar.volume, bar.close) for bar in own[-500:]
    ]
    assert [level["id"] for level in whole["levels"]] == [level.id for level in engine.levels]


async def test_bars_that_cannot_be_shown_are_answered_and_none_are_left(
    run: Run, user: User
) -> None:
    async with page(user, run.outcome.session.pk) as replay:
        await replay.until("playhead")
        await replay.ask(type="view", bars={"kind": "time", "length": 1})
        assert "from 5 to 86400" in (await replay.until("error"))["message"]
        await replay.ask(type="view", bars=MINUTES)
        await replay.until("view_snapshot")
        await replay.ask(type="view", bars=None)
        assert (await replay.until("view"))["state"] == "left"
        replay.said.clear()
        await replay.until("playhead")
        await replay.at(type="step", unit="bar", back=False)
        assert not [one for one in replay.said if one["type"].startswith("view_")]


def drawn(snapshot: dict[str, Any]) -> dict[str, Any]:
    """Without the speed, which only playing changes."""
    frame = snapshot["frame"]
    return snapshot | {"frame": frame | {"feed": frame["feed"] | {"speed": ""}}}


async def test_frames_while_it_plays_add_up_to_the_day(run: Run, user: User) -> None:
    async with page(user, run.outcome.session.pk, "speed=max&play=1&t=0") as replay:
        head = await replay.until("playhead")
        while not head["over"]:
            head = await replay.until("playhead")
    stored = await sync_to_async(of_rows)(run.outcome.session)
    for kind in PLAYED:
        told = {}
        for message in replay.said:
            if message["type"] in ("snapshot", "frame"):
                told |= {one["t" if kind == "bars" else "id"]: one for one in message[kind]}
        assert list(told.values()) == json.loads(json.dumps(stored[kind]))


async def test_steps_go_to_the_next_and_back_to_the_one_before(run: Run, user: User) -> None:
    async with page(user, run.outcome.session.pk) as replay:
        introduction = await replay.until("replay")
        start = (await replay.until("playhead"))["t"]
        marks = introduction["marks"]
        for unit in ("signal", "trade"):
            after = [mark["t"] for mark in marks if mark["kind"] == unit and mark["t"] > start]
            times = sorted(set(after))[:3]
            assert len(times) >= 2
            await replay.at(type="seek", t=start)
            heads = [(await replay.at(type="step", unit=unit))["t"] for _ in times]
            assert heads == times
            assert (await replay.at(type="step", unit=unit, back=True))["t"] == times[-2]
        assert (await replay.at(type="seek", t=start))["t"] == start
        closed = replay.shown["bars"][-1]
        forward = await replay.at(type="step", unit="bar")
        assert replay.told["frame"]["bars"][-1]["t"] > closed["t"]
        assert replay.told["frame"]["bars"][-1]["e"] == forward["t"]
        await replay.at(type="step", unit="bar", back=True)
        assert replay.shown["bars"][-1] == closed


async def test_a_tick_forward_and_back_is_where_one_was(run: Run, user: User) -> None:
    async with page(user, run.outcome.session.pk) as replay:
        await replay.until("playhead")
        await replay.at(type="step", unit="tick")
        count = replay.told["frame"]["feed"]["ticks"]
        await replay.ask(type="sync", have=None)
        await replay.until("snapshot")
        before = replay.shown
        await replay.until("playhead")
        await replay.at(type="step", unit="tick")
        assert replay.told["frame"]["feed"]["ticks"] == count + 1
        await replay.at(type="step", unit="tick", back=True)
        assert replay.shown == before


async def test_of_seeks_that_overtake_each_other_the_last_one_counts(run: Run, user: User) -> None:
    async with page(user, run.outcome.session.pk) as replay:
        introduction = await replay.until("replay")
        await replay.until("playhead")
        length = introduction["to"] - introduction["from"]
        asked = [introduction["from"] + length * k // 40 for k in (39, 2, 30, 5, 21)]
        for t in asked:
            await replay.ask(type="seek", t=t)
        head = await replay.until("playhead")
        while head["t"] != asked[-1]:
            head = await replay.until("playhead")
        assert await replay.socket.receive_nothing()
        assert sum(message["type"] == "snapshot" for message in replay.said) <= len(asked)


async def test_an_address_says_where_to_begin(run: Run, user: User) -> None:
    trade_id = await sync_to_async(lambda: Trade.objects.filter(status="closed").first().pk)()
    async with page(user, run.outcome.session.pk, f"trade={trade_id}&speed=30") as replay:
        introduction = await replay.until("replay")
        head = await replay.until("playhead")
        mark = next(mark for mark in introduction["marks"] if mark["id"] == trade_id)
        assert mark["t"] - 20_000 < head["t"] < mark["t"]
        assert head["speed"] == 30
        assert trade_id not in [one["id"] for one in replay.shown["trades"]]
        assert (await replay.at(type="step", unit="trade"))["t"] == mark["t"]
        assert replay.told["frame"]["position"]["id"] == trade_id
    async with page(user, run.outcome.session.pk, f"t={mark['t']}") as again:
        assert (await again.until("playhead"))["t"] == mark["t"]
        assert again.shown["frame"]["position"]["id"] == trade_id


async def test_an_address_that_makes_no_sense_is_answered_and_begins_at_the_open(
    run: Run, user: User
) -> None:
    async with page(user, run.outcome.session.pk, "trade=nobody&speed=7&t=soon") as replay:
        introduction = await replay.until("replay")
        head = await replay.until("playhead")
    said = [message["message"] for message in replay.said if message["type"] == "error"]
    assert said == [
        'speed is one of 1, 2, 5, 10, 30, 60, 120, 300 or "max", not 7.',
        "t is a time in whole milliseconds UTC, not 'soon'.",
        "There is no trade nobody in this replay.",
    ]
    assert head["t"] == introduction["start"]


@pytest.mark.parametrize(
    ("asked", "answer"),
    [
        (
            {"type": "jump"},
            "type is ping, sync, play, pause, step, speed, seek or view, not 'jump'.",
        ),
        ({"type": "seek", "t": "noon"}, "t is a time in whole milliseconds UTC, not 'noon'."),
        ({"type": "seek", "t": True}, "t is a time in whole milliseconds UTC, not True."),
        ({"type": "seek", "t": -1}, "t is a time in whole milliseconds UTC, not -1."),
        ({"type": "step", "unit": "day"}, "unit is tick, bar, signal or trade, not 'day'."),
        ({"type": "step", "unit": "bar", "back": 1}, "back is true or false, not 1."),
        ({"type": "speed", "value": 3}, "speed is one of 1, 2, 5, 10, 30, 60, 120, 300 or"),
        ({"type": "speed", "value": True}, "speed is one of"),
        ([], 'The message is not an object like {"type": "play"}.'),
    ],
)
async def test_nonsense_is_answered_and_the_replay_stays(
    run: Run, user: User, asked: Any, answer: str
) -> None:
    async with page(user, run.outcome.session.pk) as replay:
        start = (await replay.until("playhead"))["t"]
        await replay.socket.send(text=json.dumps(asked))
        assert (await replay.until("error"))["message"].startswith(answer)
        assert (await replay.at(type="seek", t=start))["t"] == start


async def test_an_anonymous_page_is_told_so(run: Run) -> None:
    async with page(AnonymousUser(), run.outcome.session.pk) as replay:
        closed = await replay.socket.receive_output()
        assert closed == {"type": "websocket.close", "code": 4401}


async def refused(user: User, session: int) -> tuple[str, int]:
    async with page(user, session) as replay:
        said = await replay.until("refused")
        closed = await replay.socket.receive_output(PATIENCE_S)
        return said["message"], closed["code"]


async def test_one_replay_too_many_is_refused_until_another_closes(
    run: Run, user: User, settings: Any
) -> None:
    settings.REPLAY_PLAYERS = 1
    session = run.outcome.session.pk
    async with page(user, session) as first:
        await first.until("playhead")
        said, code = await refused(user, session)
        assert (said, code) == ("1 replays are open already. Close one and try again.", 4429)
    async with page(user, session) as second:
        await second.until("playhead")


async def test_a_session_that_cannot_be_replayed_says_why(
    run: Run, user: User, recording: Path
) -> None:
    session = run.outcome.session.pk
    assert await refused(user, session + 100) == (f"There is no session {session + 100}.", 4404)
    recording.unlink()
    await Session.objects.filter(pk=session).aupdate(ticks=1, trades_closed=99)
    assert await refused(user, session) == (
        "Its recording mes.parquet is no longer where it was.",
        4404,
    )


async def test_a_replay_that_is_not_what_happened_says_so(run: Run, user: User) -> None:
    trade_id = await sync_to_async(lambda: Trade.objects.filter(status="closed").first().pk)()
    await Trade.objects.filter(pk=trade_id).aupdate(net="1.25")
    await Session.objects.filter(pk=run.outcome.session.pk).aupdate(trades_closed=98)
    async with page(user, run.outcome.session.pk) as replay:
        differs = (await replay.until("replay"))["differs"]
    assert differs.startswith(f"This replay is not what happened then: trade {trade_id} has net")


async def test_a_day_of_two_starts_is_played_as_one(recording: Path, user: User) -> None:
    made = plan(Options(feed=f"file:{recording}", symbol="MES", speed="max", settings=LOSSES))
    whole = ticks()
    middle = len(whole.ts) // 2

    def twice() -> Session:
        asked = asyncio.Event()
        feed = TickFeed([part(whole, slice(middle))])
        first = replace(made, feed=feed)
        market, start = started(first)
        asyncio.run(trade(first, market, start, stop=asked))
        left = int(whole.ts[middle - 1])
        feed = TickFeed([whole])
        market = recorded(feed, made.origin, continued=(0, left + 1))
        second = replace(made, feed=feed)
        start = begin(second, open_account(second), market)
        return asyncio.run(trade(second, market, start)).outcome.session

    session = await sync_to_async(twice)()
    assert session.starts == 2
    async with page(user, session.pk) as replay:
        introduction = await replay.until("replay")
        await replay.at(type="seek", t=introduction["to"])
        while not replay.told["playhead"]["over"]:
            await replay.until("playhead")
    stored = await sync_to_async(of_rows)(session)
    assert len(stored["trades"]) > 1
    for kind in ("bars", "trades"):
        assert json.loads(json.dumps(stored[kind])) == replay.shown[kind]
