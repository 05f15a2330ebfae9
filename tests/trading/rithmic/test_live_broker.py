"""Engine, dispatcher, reconciliation and flattening at the local Rithmic, over a real socket."""

from contextlib import asynccontextmanager

from engine.commands import Kill
from engine.events import CommandDone, TradeClosed
from tests.engine.drive import of
from tests.servers.rithmic import ACCOUNT
from tests.trading.live_room import LiveRoom
from tests.trading.rithmic.conftest import until
from tests.trading.rithmic.desk import QUICK, access_of
from trading.brokers.rithmic.adapter import RithmicAdapter
from trading.brokers.rithmic.contracts import Contracts
from trading.brokers.rules import Rules

PATIENT = Rules(
    first_wait_s=0.01, longest_wait_s=0.05, settle_s=0.05, look_s=0.3, again_s=0.05, flat_s=3,
    per_second=100,
)  # fmt: skip
ENTRY = "1200"  # 4800 ticks, as the bars have it


@asynccontextmanager
async def room_at(server):
    """An engine that has entered one lot of MES, and agrees with the broker."""
    server.trade("MESZ6", ENTRY)
    server.margin("MES", "40")
    adapter = RithmicAdapter(access_of(server, QUICK), Contracts("MESZ6"), ("MES",))
    room = LiveRoom(adapter, PATIENT)
    try:
        await until(
            lambda: any("reconciled" in done.result for done in of(CommandDone, room.events))
        )
        room.bar("buy")
        room.bar("buy")
        await until(lambda: room.engine.orders().positions == {"MES": 1})
        await agrees(room)
        yield room
    finally:
        await room.close()


async def agrees(room):
    """Wait for a look that finds nothing to do, from now on."""
    looks = room.real.reconciliation.looks
    before = looks.looks
    room.real.look()
    await until(lambda: looks.looks > before + 1 and room.real.reconciliation.clean)


async def held(room):
    return (await room.real.adapter.state()).positions


async def test_a_trade_is_entered_protected_and_closed_by_its_target(server):
    async with room_at(server) as room:
        assert await held(room) == {"MESZ6": 1}
        server.trade("MESZ6", "1206.25")
        await until(lambda: room.engine.orders().positions == {})
        await agrees(room)
        assert await held(room) == {}
        assert room.engine.orders().orders == ()
        assert not room.engine.status().halts


async def test_a_kill_is_verified(server):
    async with room_at(server) as room:
        room.command(Kill)
        await until(lambda: room.desk.answers)
        assert room.desk.answers[-1].result.endswith("flat at the broker, verified")
        assert await held(room) == {}
        await agrees(room)


async def test_what_somebody_else_closed_is_closed_for_us_too(server):
    async with room_at(server) as room:
        server.manual_order(ACCOUNT, "MESZ6", -1, 1)
        await until(lambda: room.engine.orders().positions == {})
        await agrees(room)
        (closed,) = of(TradeClosed, room.events)
        assert closed.trade.exit_reason == "external"
        assert room.engine.orders().orders == ()
        assert await held(room) == {}


async def test_what_filled_while_the_line_was_down_is_known_afterwards(server):
    async with room_at(server) as room:
        server.refuse(0.3)
        server.cut()
        await until(lambda: not room.real.adapter.up)
        server.trade("MESZ6", "1190")
        await until(lambda: room.engine.orders().positions == {})
        await agrees(room)
        assert await held(room) == {}
        assert not room.engine.status().halts
