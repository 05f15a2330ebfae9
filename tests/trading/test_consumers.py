"""The live page's socket: who may, what they are told, and what nonsense is answered with."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from asgiref.testing import ApplicationCommunicator
from channels.layers import get_channel_layer
from django.conf import settings
from django.contrib.auth.models import AnonymousUser, User
from django.db import OperationalError
from django.test import Client
from django.utils import timezone

from engine.events import Halted, SessionChanged, TierChanged
from engine.instruments import instrument
from engine.names import Halt
from marketdata.models import NS, Bar, Instrument, moment
from tests.trading.said_frames import frame, levels, other_bars
from tests.trading.socket_schema import checked, told_at
from trading import consumers, selectors, watching
from trading.bar_views import REQUESTS, BarView, group
from trading.consumers import GROUP, NOT_LOGGED_IN, LiveConsumer
from trading.models import Account, Session, Signal, Trade
from trading.page_messages import LONGEST_MESSAGE
from trading.pipeline.frames import notice_of
from trading.pipeline.recent import Recent
from trading.pipeline.recorder import Recorder
from trading.selectors import live_snapshot

pytestmark = pytest.mark.django_db(transaction=True)

DAY = date(2026, 11, 19)
OPEN = int(datetime(2026, 11, 19, 14, 30, tzinfo=UTC).timestamp()) * NS
MS = 1_000_000
TICK = Decimal("0.25")
ANSWER_WITHIN_S = 20


@pytest.fixture
def user() -> User:
    return User.objects.create_user("trader", password="long enough")


@pytest.fixture
def session() -> Session:
    instrument, _ = Instrument.objects.get_or_create(
        symbol="ES",
        defaults={
            "name": "E-mini S&P 500",
            "tick": TICK,
            "tick_value": Decimal("12.5"),
            "calendar": "CME_Equity",
        },
    )
    account = Account.objects.create(name="paper-ES", balance=10_000, peak=10_000)
    return Session.objects.create(
        account=account,
        day=DAY,
        instrument=instrument,
        timeframe=300,
        source="simulator",
        synthetic=True,
        started_at=moment(OPEN),
        last_tick_ns=OPEN + 3600 * NS,
    )


def start_ms(index: int) -> int:
    return (OPEN + index * 300 * NS) // MS


def add_bars(session: Session, first: int, last: int) -> None:
    price = {name: Decimal(5000) for name in ("open", "high", "low", "close", "poc", "vah", "val")}
    Bar.objects.bulk_create(
        Bar(
            instrument=session.instrument,
            source=session.source,
            timeframe=session.timeframe,
            day=session.day,
            index=index,
            start_ns=OPEN + index * 300 * NS,
            end_ns=OPEN + (index + 1) * 300 * NS,
            start=moment(OPEN + index * 300 * NS),
            volume=30,
            buy_volume=20,
            sell_volume=10,
            delta=10,
            min_delta=-3,
            max_delta=12,
            cum_delta=10 * (index + 1),
            trades=7,
            vwap=Decimal(5000),
            session_vwap=Decimal(5000),
            notional=600_000,
            session_notional=600_000,
            session_volume=30,
            levels=[[20000, 10, 20, 0]],
            **price,
        )
        for index in range(first, last + 1)
    )


def add_signal(session: Session, index: int) -> None:
    at = OPEN + (index + 1) * 300 * NS
    Signal.objects.create(
        id=f"signal-{index}",
        key=f"signal-{index}",
        session=session,
        ts_ns=at,
        ts=moment(at),
        bar_start_ns=at - 300 * NS,
        pattern="BUY_IMBALANCE",
        direction=1,
        price=Decimal(5000),
        strength=0.5,
        regime="RANGING",
        confidence=0.7,
        approved=True,
    )


class Socket(ApplicationCommunicator):  # type: ignore[misc]
    """A page's end of the socket. (`channels.testing` has one too, but wants daphne.) Whatever it
    is told must be in the schema of its address."""

    def __init__(self, application: Any, **scope: Any) -> None:
        scope = {
            "type": "websocket",
            "path": "/ws/live/",
            "headers": [],
            "subprotocols": [],
        } | scope
        self.told = told_at(scope["path"])
        super().__init__(application, scope)

    async def receive_output(self, timeout: float = 1) -> Any:
        output = await super().receive_output(timeout)
        if output["type"] == "websocket.send":
            checked(self.told, json.loads(output["text"]))
        return output

    async def open(self) -> bool:
        await self.send_input({"type": "websocket.connect"})
        answer = await self.receive_output(timeout=ANSWER_WITHIN_S)
        return bool(answer["type"] == "websocket.accept")

    async def send(self, *, text: str | None = None, data: bytes | None = None) -> None:
        await self.send_input({"type": "websocket.receive", "text": text, "bytes": data})

    async def receive(self) -> Any:
        answer = await self.receive_output(timeout=ANSWER_WITHIN_S)
        assert answer["type"] == "websocket.send"
        return json.loads(answer["text"])

    async def close(self) -> None:
        await self.send_input({"type": "websocket.disconnect", "code": 1000})
        await self.wait()


@asynccontextmanager
async def page(user: Any, **scope: Any) -> AsyncIterator[Socket]:
    socket = Socket(LiveConsumer.as_asgi(), user=user, **scope)
    assert await socket.open()
    yield socket
    await socket.close()


async def ask(socket: Socket, text: str) -> Any:
    await socket.send(text=text)
    return await socket.receive()


async def sync(socket: Socket, have: int | None) -> Any:
    return await ask(socket, json.dumps({"type": "sync", "have": have}))


async def publish(frame: dict[str, Any]) -> None:
    await get_channel_layer().group_send(GROUP, {"type": "live.frame", "frame": frame})


async def test_an_anonymous_page_is_told_so_and_gets_nothing() -> None:
    async with page(AnonymousUser()) as socket:
        assert await socket.receive_output() == {
            "type": "websocket.close",
            "code": NOT_LOGGED_IN,
        }
        await publish(frame(1))
        await socket.send(text='{"type": "sync", "have": null}')
        assert await socket.receive_nothing()


async def test_a_cookie_of_the_login_opens_the_socket_through_the_whole_application(
    user: User,
) -> None:
    from tradebot.asgi import application

    def cookie() -> str:
        client = Client()
        client.force_login(user)
        return client.cookies["sessionid"].value

    headers = [
        (b"host", b"localhost"),
        (b"origin", b"http://localhost"),
        (b"cookie", f"sessionid={await sync_to_async(cookie)()}".encode()),
    ]
    socket = Socket(application, headers=headers)
    assert await socket.open()
    assert (await sync(socket, None))["type"] == "snapshot"
    await socket.close()


async def test_another_sites_page_is_refused(user: User) -> None:
    from tradebot.asgi import application

    headers = [(b"host", b"localhost"), (b"origin", b"http://elsewhere.example")]
    socket = Socket(application, headers=headers)
    assert not await socket.open()


async def test_without_a_session_the_snapshot_is_empty(user: User) -> None:
    async with page(user) as socket:
        assert await sync(socket, None) == {
            "type": "snapshot",
            "have": None,
            "config": None,
            "frame": None,
            "bars": [],
            "signals": [],
            "trades": [],
            "notices": [],
        }


async def test_a_page_that_joins_gets_the_sessions_bars_signals_and_trades(
    user: User, session: Session
) -> None:
    def rows() -> None:
        add_bars(session, 0, 4)
        add_signal(session, 3)
        Trade.objects.create(
            id="trade-1",
            account=session.account,
            session=session,
            instrument=session.instrument,
            day=DAY,
            status=Trade.Status.CLOSED,
            direction=1,
            size=1,
            ordered_ns=OPEN,
            entry_ns=OPEN + NS,
            entry_price=Decimal("5000.25"),
            exit_ns=OPEN + 2 * NS,
            exit_price=Decimal("5001.25"),
            exit_reason="target",
            gross=Decimal(50),
            fees=Decimal("4.5"),
            net=Decimal("45.5"),
        )

    await sync_to_async(rows)()
    async with page(user) as socket:
        snapshot = await sync(socket, None)
    assert [bar["t"] for bar in snapshot["bars"]] == [start_ms(index) for index in range(5)]
    assert snapshot["bars"][0]["lv"] == [[20000, 10, 20, 0]]
    assert [one["id"] for one in snapshot["signals"]] == ["signal-3"]
    assert [(one["ep"], one["net"]) for one in snapshot["trades"]] == [("5000.25", "45.50")]
    assert snapshot["config"]["tick"] == "0.25"
    assert snapshot["config"]["session_date"] == "2026-11-19"


async def test_what_was_said_before_a_page_joined_is_told_as_the_publisher_told_it(
    user: User, session: Session
) -> None:
    halted = Halted(ts=OPEN, halt=Halt.LOSS_LIMIT, reason="-310.00 is below -300.00")
    tier = TierChanged(ts=OPEN + NS, before="A", after="B", balance=350_000_000_000)
    phase = SessionChanged(ts=OPEN + 2 * NS, phase="entries_closed")

    def rows() -> None:
        recorder = Recorder(session)
        recorder.take([halted, tier, phase])
        for row in recorder.rows():
            row.save()

    await sync_to_async(rows)()
    async with page(user) as socket:
        snapshot = await sync(socket, None)
    assert snapshot["notices"] == [
        notice_of(event, instrument("ES")) for event in (halted, tier, phase)
    ]


async def test_a_page_that_comes_back_gets_only_what_it_lacks(user: User, session: Session) -> None:
    def rows() -> None:
        add_bars(session, 0, 5)
        add_signal(session, 1)
        add_signal(session, 4)

    await sync_to_async(rows)()
    async with page(user) as socket:
        snapshot = await sync(socket, start_ms(3))
        assert snapshot["have"] == start_ms(3)
        assert [bar["i"] for bar in snapshot["bars"]] == [4, 5]
        assert [one["id"] for one in snapshot["signals"]] == ["signal-4"]
        assert (await sync(socket, start_ms(5)))["bars"] == []


async def test_a_page_that_lacks_too_much_gets_the_newest_and_is_told_to_forget(
    user: User, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(selectors, "SNAPSHOT_BARS", 3)
    await sync_to_async(add_bars)(session, 0, 9)
    async with page(user) as socket:
        exactly = await sync(socket, start_ms(6))
        assert (exactly["have"], [bar["i"] for bar in exactly["bars"]]) == (
            start_ms(6),
            [7, 8, 9],
        )
        more = await sync(socket, start_ms(5))
        assert (more["have"], [bar["i"] for bar in more["bars"]]) == (None, [7, 8, 9])


async def test_frames_arrive_in_order_and_unchanged(user: User) -> None:
    async with page(user) as socket:
        await sync(socket, None)
        frames = [frame(seq) for seq in range(1, 6)]
        for one in frames:
            await publish(one)
        assert [await socket.receive() for _ in frames] == frames


async def test_a_page_is_in_the_group_before_the_database_is_read(
    user: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is published while the snapshot is being made reaches the page."""
    from asgiref.sync import async_to_sync

    def slow_snapshot(have: int | None, **about: Any) -> dict[str, Any]:
        async_to_sync(publish)(frame(1))
        return live_snapshot(have, **about)

    monkeypatch.setattr(consumers, "live_snapshot", slow_snapshot)
    async with page(user) as socket:
        first = await sync(socket, None)
        second = await socket.receive()
    assert {first["type"], second["type"]} == {"snapshot", "frame"}


async def test_a_page_that_left_is_no_longer_sent_to(user: User) -> None:
    async with page(user):
        pass
    await publish(frame(1))
    async with page(user) as socket:
        assert await socket.receive_nothing()


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("nonsense", "not JSON"),
        ("[" * 900, "not JSON"),
        ("[]", "not an object"),
        ("{}", "type is sync"),
        ('{"type": "halt"}', "type is sync"),
        ('{"type": ["sync"]}', "type is sync"),
        ('{"type": "sync", "have": "now"}', "have is"),
        ('{"type": "sync", "have": true}', "have is"),
        ('{"type": "sync", "have": 1.5}', "have is"),
        ('{"type": "sync", "have": -1}', "have is"),
        ('{"type": "sync", "have": 99999999999999999999}', "have is"),
        ('{"type": "ping", "x": "' + "x" * LONGEST_MESSAGE + '"}', "longer than"),
    ],
)
async def test_a_bad_message_is_answered_with_what_is_wrong_and_the_socket_stays(
    user: User, text: str, answer: str
) -> None:
    async with page(user) as socket:
        error = await ask(socket, text)
        assert error["type"] == "error"
        assert answer in error["message"]
        assert await ask(socket, '{"type": "ping"}') == {"type": "pong"}


async def test_bytes_are_answered_too(user: User) -> None:
    async with page(user) as socket:
        await socket.send(data=b"\x00\xff")
        assert (await socket.receive())["type"] == "error"


async def test_a_database_that_does_not_answer_is_said_and_the_socket_stays(
    user: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(have: int | None, **about: Any) -> dict[str, Any]:
        raise OperationalError("connection to secret-host refused")

    monkeypatch.setattr(consumers, "live_snapshot", broken)
    async with page(user) as socket:
        answer = await sync(socket, None)
        assert answer == {
            "type": "error",
            "message": "The database does not answer. Trying again.",
        }
        await publish(frame(1))
        assert (await socket.receive())["seq"] == 1


# Accounts, sessions and other bars


def other_account(session: Session, name: str = "paper-CL") -> Session:
    account = Account.objects.create(name=name, balance=10_000, peak=10_000)
    return Session.objects.create(
        account=account,
        day=DAY,
        instrument=session.instrument,
        timeframe=60,
        source="other",
        started_at=moment(OPEN),
        last_tick_ns=OPEN + 3600 * NS,
    )


def heard_at(session: Session, ago: timedelta, status: str = "running") -> None:
    Session.objects.filter(pk=session.pk).update(updated_at=timezone.now() - ago, status=status)


async def test_a_page_that_names_an_account_hears_of_it_alone(user: User, session: Session) -> None:
    await sync_to_async(other_account)(session)  # written last
    async with page(user, query_string=b"account=paper-ES") as socket:
        snapshot = await sync(socket, None)
        assert snapshot["config"]["account"] == "paper-ES"
        await publish(frame(1, "paper-CL"))
        await publish(levels("paper-CL"))
        await publish(frame(2, "paper-ES"))
        assert (await socket.receive())["seq"] == 2


@pytest.mark.parametrize("name", ["nobody", "%00", "x" * 200, "paper-ES%27--"])
async def test_an_account_without_a_session_is_named(
    user: User, session: Session, name: str
) -> None:
    async with page(user, query_string=f"account={name}".encode()) as socket:
        snapshot = await sync(socket, None)
        assert snapshot["config"] is None
        error = await socket.receive()
        assert "has no session" in error["message"]
        assert len(error["message"]) < 100
        assert await ask(socket, '{"type": "ping"}') == {"type": "pong"}


async def test_a_page_stays_with_its_account_while_another_is_written_too(
    user: User, session: Session
) -> None:
    async with page(user) as socket:
        assert (await sync(socket, None))["config"]["account"] == "paper-ES"
        await sync_to_async(other_account)(session)
        assert (await sync(socket, None))["config"]["account"] == "paper-ES"
        await sync_to_async(heard_at)(session, timedelta(minutes=1))
        assert (await sync(socket, None))["config"]["account"] == "paper-CL", "its own is not alive"


async def test_sessions_that_run_are_listed_first(user: User, session: Session) -> None:
    def rows() -> None:
        heard_at(session, timedelta(seconds=2))
        heard_at(other_account(session, "paper-A"), timedelta(seconds=3))
        heard_at(other_account(session, "paper-died"), timedelta(minutes=5))
        heard_at(other_account(session, "paper-over"), timedelta(seconds=1), "ended")

    await sync_to_async(rows)()
    async with page(user) as socket:
        answer = await ask(socket, '{"type": "sessions"}')
    assert (answer["type"], answer["shared"]) == ("sessions", bool(settings.REDIS_URL))
    assert [(one["account"], one["running"], one["status"]) for one in answer["sessions"]] == [
        ("paper-A", True, "running"),
        ("paper-ES", True, "running"),
        ("paper-over", False, "ended"),
        ("paper-died", False, "running"),
    ]
    first = answer["sessions"][1]
    assert (first["symbol"], first["mode"], first["net"]) == ("ES", "paper", "0.00")
    assert first["bars"] == {"kind": "time", "length": 300}


@pytest.mark.parametrize(
    ("bars", "answer"),
    [
        ("5", "bars is an object"),
        ('{"kind": "renko", "length": 5}', "'renko' are not known"),
        ('{"kind": "time", "length": 0}', "from 5 to 86400"),
    ],
)
async def test_bars_that_cannot_be_shown_are_answered_and_the_socket_stays(
    user: User, session: Session, bars: str, answer: str
) -> None:
    async with page(user) as socket:
        await sync(socket, None)
        error = await ask(socket, f'{{"type": "view", "bars": {bars}}}')
        assert (error["type"], answer in error["message"]) == ("error", True)
        assert await ask(socket, '{"type": "ping"}') == {"type": "pong"}


async def test_without_a_session_there_are_no_bars_of_another_kind(user: User) -> None:
    async with page(user) as socket:
        await sync(socket, None)
        error = await ask(socket, '{"type": "view", "bars": {"kind": "tick", "length": 100}}')
        assert "Nothing is traded yet" in error["message"]


async def test_other_bars_are_asked_of_the_pipeline_and_passed_on(
    user: User, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watching, "ASK_EVERY_S", 0.05)
    layer: Any = get_channel_layer()
    pipeline = await layer.new_channel()
    await layer.group_add(REQUESTS, pipeline)
    async with page(user) as socket:
        await sync(socket, None)
        await socket.send(text='{"type": "view", "bars": {"kind": "tick", "length": 100}}')
        request = await layer.receive(pipeline)
        assert {name: request[name] for name in ("account", "bars", "wants")} == {
            "account": "paper-ES",
            "bars": {"kind": "tick", "length": 100},
            "wants": "snapshot",
        }
        view = other_bars(BarView("tick", 100), "paper-ES")
        answer = {"type": "live.view", "key": "tick-100", "text": view.snapshot([])}
        await layer.send(request["channel"], answer)
        assert await socket.receive() == json.loads(answer["text"])
        later = answer | {"text": view.frame()}
        await layer.group_send(group("paper-ES", "tick-100"), later)
        assert await socket.receive() == json.loads(later["text"])
        assert (await layer.receive(pipeline))["wants"] == "keep"
        left = await ask(socket, '{"type": "view", "bars": null}')
        assert left == {"type": "view", "key": None, "state": "left"}
        while (request := await layer.receive(pipeline))["wants"] == "keep":
            pass
        assert request["wants"] == "leave"
        await layer.group_send(group("paper-ES", "tick-100"), later)
        await layer.send(request["channel"], answer)
        assert await socket.receive_nothing()


async def test_a_page_that_joins_asks_its_pipeline_for_what_it_did_not_hear(
    user: User, session: Session
) -> None:
    await sync_to_async(add_bars)(session, 0, 3)
    layer: Any = get_channel_layer()
    pipeline = await layer.new_channel()
    await layer.group_add(watching.RECENT, pipeline)
    for have in (None, start_ms(2)):
        async with page(user) as socket:
            await sync(socket, have)
            request = await layer.receive(pipeline)
            assert request["account"] == "paper-ES"
            recent = Recent("paper-ES").message() | {"prints": [[1, 2, 3, 1]]}
            await layer.send(request["channel"], {"type": "live.frame", "frame": recent})
            assert await socket.receive() == recent
            await sync(socket, start_ms(2))  # it heard everything since
            await sync(socket, None)  # it forgot
            assert (await layer.receive(pipeline))["account"] == "paper-ES"
    await layer.group_send(watching.RECENT, {"type": "mark"})
    assert await layer.receive(pipeline) == {"type": "mark"}, "nothing was asked before"


async def test_without_a_session_nothing_is_asked_for(user: User) -> None:
    layer: Any = get_channel_layer()
    pipeline = await layer.new_channel()
    await layer.group_add(watching.RECENT, pipeline)
    async with page(user) as socket:
        await sync(socket, None)
    await layer.group_send(watching.RECENT, {"type": "mark"})
    assert await layer.receive(pipeline) == {"type": "mark"}, "nothing was asked before"


async def test_a_page_that_goes_is_no_longer_looking(user: User, session: Session) -> None:
    layer: Any = get_channel_layer()
    pipeline = await layer.new_channel()
    await layer.group_add(REQUESTS, pipeline)
    async with page(user) as socket:
        await sync(socket, None)
        await socket.send(text='{"type": "view", "bars": {"kind": "tick", "length": 100}}')
        assert (await layer.receive(pipeline))["wants"] == "snapshot"
    assert (await layer.receive(pipeline))["wants"] == "leave"


async def test_without_a_pipeline_the_page_is_told_that_none_answers(
    user: User, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watching, "ANSWER_S", 0.02)
    async with page(user) as socket:
        await sync(socket, None)
        error = await ask(socket, '{"type": "view", "bars": {"kind": "time", "length": 60}}')
        assert (error["about"], error["key"]) == ("view", "time-60")
        assert "paper-ES" in error["message"]
