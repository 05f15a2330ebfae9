"""What Rithmic has: asked whole, or not at all; and everything closed."""

import asyncio
from dataclasses import replace
from decimal import Decimal

import pytest

from engine.events import Fill
from tests.servers.rithmic import MES, Contract, RithmicServer
from tests.trading.rithmic.conftest import until
from tests.trading.rithmic.desk import HASTY, QUICK, TRADE, desk_at, sent
from trading.brokers.adapter import BrokerError


@pytest.fixture
async def desk(server: RithmicServer):
    async with desk_at(server) as made:
        yield made


async def test_the_state_has_orders_fills_position_balance_and_margins(server, desk):
    await desk.entered()
    state = await desk.adapter.state()
    roles = {order.role: order for order in state.orders}
    assert set(roles) == {"entry", "stop", "target"}
    assert (roles["entry"].id, roles["entry"].status, roles["entry"].parent) == (
        f"{TRADE}-E",
        "filled",
        "",
    )
    assert (roles["stop"].id, roles["stop"].price) == (f"{TRADE}-S", Decimal(4996))
    assert (roles["target"].price, roles["target"].side) == (Decimal(5006), -1)
    assert roles["stop"].parent == roles["entry"].key
    (execution,) = state.executions
    assert (execution.order_id, execution.side, execution.size) == (f"{TRADE}-E", 1, 2)
    assert (execution.symbol, execution.price) == ("MESZ6", Decimal(5000))
    assert execution.id == desk.of(Fill)[0].id
    assert execution.ts == desk.of(Fill)[0].ts
    assert state.positions == {"MESZ6": 2}
    assert state.balance == server.exchange.balance("SIM-1")
    assert state.margins == {"MES": Decimal(2500)}


async def test_what_is_over_stays_in_the_state_of_the_day(server, desk):
    await desk.entered()
    await desk.leave()
    await desk.filled("X")
    state = await desk.adapter.state()
    assert {order.id[-1]: order.status for order in state.orders} == {
        "E": "filled", "S": "cancelled", "T": "cancelled", "X": "filled",
    }  # fmt: skip
    assert state.positions == {}


async def test_what_others_do_is_no_word_but_in_the_state(server, desk):
    basket = server.manual_order("SIM-1", "MESZ6", 1, 1, tag="by hand")
    state = await desk.adapter.state()
    (order,) = state.orders
    assert (order.id, order.key, order.role, order.status) == ("", basket, "foreign", "filled")
    assert [(each.order_id, each.size) for each in state.executions] == [("", 1)]
    assert state.positions == {"MESZ6": 1}
    assert not desk.fills()


async def test_the_other_accounts_of_the_login_are_not_ours():
    async with RithmicServer(accounts=("SIM-1", "SIM-2")) as server:
        server.trade("MESZ6", "5000")
        async with desk_at(server) as desk:
            server.manual_order("SIM-2", "MESZ6", 1, 3)
            state = await desk.adapter.state()
            assert (state.orders, state.executions, state.positions) == ((), (), {})


@pytest.mark.parametrize("trouble", ["drop", "refuse", "cut_before"])
async def test_a_state_that_cannot_be_had_whole_is_none(server, trouble):
    async with desk_at(server, HASTY) as desk:
        await until(lambda: desk.adapter.money.up)
        server.trouble(trouble, on="query")
        with pytest.raises(BrokerError):
            await desk.adapter.state()
        await until(lambda: desk.adapter.up)
        assert (await desk.adapter.state()).balance is not None


async def test_without_the_line_of_positions_there_is_no_state(server):
    async with desk_at(server, HASTY) as desk:
        await until(lambda: desk.adapter.money.up)
        server.trouble("drop", on="login", times=None)
        server.cut(4)
        await until(lambda: not desk.adapter.money.up)
        with pytest.raises(BrokerError, match="not connected"):
            await desk.adapter.state()


async def test_a_fill_in_the_middle_of_the_asking_makes_it_ask_again(server, desk, monkeypatch):
    """So that positions and fills are of one moment."""
    await desk.entered()
    money = desk.adapter.asking.money

    async def filled_before_positions():
        monkeypatch.setattr(desk.adapter.asking, "money", money)
        server.trade("MESZ6", "5006.25")
        await desk.filled("T")
        return await money()

    monkeypatch.setattr(desk.adapter.asking, "money", filled_before_positions)
    state = await desk.adapter.state()
    assert state.positions == {}
    assert len(state.executions) == 2


async def test_several_stops_are_found_as_one(server, desk):
    server.trouble("split", on="entry", sizes=(1, 2))
    await desk.enter(3)
    server.trade("MESZ6", "5000")
    await desk.legs(4)
    found = await desk.adapter.find(f"{TRADE}-S")
    assert (found.size, found.filled, found.status) == (3, 0, "working")
    server.trade("MESZ6", "4990")
    await until(lambda: desk.position == 0)
    found = await desk.adapter.find(f"{TRADE}-S")
    assert (found.size, found.filled, found.status) == (3, 3, "filled")


async def test_questions_at_once_do_not_take_each_others_answers(server, desk):
    """Rows of orders and positions do not say which question they answer."""
    await desk.entered()
    states_and_finds = await asyncio.gather(
        *(desk.adapter.state() for _ in range(3)),
        *(desk.adapter.find(f"{TRADE}-S") for _ in range(3)),
        *(desk.adapter.asking.working() for _ in range(3)),
    )
    assert [state.positions for state in states_and_finds[:3]] == [{"MESZ6": 2}] * 3
    assert [found.status for found in states_and_finds[3:6]] == ["working"] * 3
    assert [len(orders) for orders in states_and_finds[6:]] == [2] * 3


async def test_rows_that_come_too_late_are_not_the_next_answers(server):
    async with desk_at(server, HASTY) as desk:
        await desk.entered()
        await until(lambda: desk.adapter.money.up)
        server.trouble("slow", on="query", seconds=0.8)
        with pytest.raises(BrokerError, match="did not answer"):
            await desk.adapter.asking.money()
        await desk.leave()
        await desk.filled("X")
        assert (await desk.adapter.asking.money()).positions == {}
        assert desk.adapter.money.generation == 2


async def test_nothing_is_found_of_what_was_never_sent(desk):
    assert await desk.adapter.find("live-20261121-099-E") is None


async def test_the_margin_is_what_rithmic_demands_a_contract_now(server, desk):
    server.margin("MES", "39.50")
    assert await desk.adapter.margin("MES") == Decimal("39.5")
    with pytest.raises(BrokerError, match="Rithmic tells no margin for ES"):
        await desk.adapter.margin("ES")


async def test_a_margin_of_nothing_is_none(server, desk):
    server.margin("MES", "0")
    with pytest.raises(BrokerError, match="tells no margin for MES"):
        await desk.adapter.margin("MES")


# Everything


async def test_all_flat_takes_back_and_closes_whatever_is_there():
    contracts = [MES, Contract(symbol="ESZ6", product="ES", tick_value=MES.tick_value * 10)]
    async with RithmicServer(contracts) as server:
        for each in contracts:
            server.trade(each.symbol, "5000")
        async with desk_at(server) as desk:
            await desk.entered()
            server.manual_order("SIM-1", "ESZ6", -1, 1)
            server.manual_order("SIM-1", "ESZ6", 1, 1, kind="limit", price="4000")
            await desk.adapter.flatten_all()
            assert (await desk.adapter.state()).positions == {}
            assert not server.exchange.working


@pytest.mark.parametrize("cancels", [True, False])
async def test_all_flat_closes_even_if_the_positions_cannot_be_asked_for(cancels):
    async with RithmicServer(exit_cancels=cancels) as server:
        server.trade("MESZ6", "5000")
        async with desk_at(server, HASTY) as desk:
            await desk.entered()
            server.trouble("drop", on="login", times=None)
            server.cut(4)
            await until(lambda: not desk.adapter.money.up)
            await desk.adapter.flatten_all()
            assert server.exchange.position("SIM-1", "MESZ6").net == 0
            assert not server.exchange.working


async def test_all_flat_closes_even_if_the_orders_cannot_be_taken_back_and_says_so(server):
    async with desk_at(server, replace(QUICK, stand_down=0.05)) as desk:
        await desk.entered()
        server.trouble("refuse", on="cancel", text="not now")
        with pytest.raises(BrokerError, match="not all could be closed: Rithmic says: not now"):
            await desk.adapter.flatten_all()
        assert server.exchange.position("SIM-1", "MESZ6").net == 0
        assert len(sent(server, 3504)) == 1
