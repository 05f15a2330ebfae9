"""The local Rithmic, driven by the real client library: partial fills, changes, exits and lists."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from async_rithmic import OrderType, TransactionType

from tests.servers.rithmic import RithmicServer
from tests.servers.rithmic.queries import trade_date
from tests.trading.rithmic.conftest import Heard, client_of, connected, give, until

SELL = TransactionType.SELL
BRACKET = {"stop_ticks": 16, "target_ticks": 24}


def working(server):
    """Working orders as (role, size left, price in ticks)."""
    return [
        (each.role, each.open, each.price or each.trigger)
        for each in server.exchange.working.values()
    ]


async def test_each_partial_fill_has_a_pair_of_its_own(server, client, heard):
    server.trouble("split", on="entry", sizes=[1, 1])
    await give(client, **BRACKET)
    server.trade("MESZ6", "5001")
    fills = await heard.filled(2)
    assert [(each.fill_size, each.fill_price) for each in fills] == [(1, 5000.0), (1, 5001.0)]
    assert [each.total_fill_size for each in fills] == [1, 2]
    assert working(server) == [
        ("stop", 1, 19984), ("target", 1, 20024), ("stop", 1, 19988), ("target", 1, 20028),
    ]  # fmt: skip
    await until(lambda: len(heard.brackets) == 2)
    assert [each.stop_quantity_released for each in heard.brackets] == [1, 2]


async def test_one_pair_grows_with_partial_fills_if_so_wanted(server, client, heard):
    server.exchange.children = "one"
    server.trouble("split", on="entry", sizes=[1, 1])
    await give(client, **BRACKET)
    server.trade("MESZ6", "5001")
    assert working(server) == [("stop", 2, 19984), ("target", 2, 20024)]
    await until(lambda: len(heard.of(2)) == 2)
    assert [each.quantity for each in heard.of(2)] == [2, 2]


async def test_what_is_left_of_a_split_order_is_filled_at_once(server, client, heard):
    server.trouble("split", on="entry", sizes=[1])
    await give(client, qty=5)
    server.trade("MESZ6", "5000.25")
    assert [each.fill_size for each in await heard.filled(2)] == [1, 4]


async def test_the_stop_shrinks_as_the_target_fills(server, client, heard):
    server.trouble("split", on="target", sizes=[1])
    await give(client, **BRACKET)
    server.trade("MESZ6", "5006.25")
    assert working(server) == [("stop", 1, 19984), ("target", 1, 20024)]
    server.trade("MESZ6", "5006.25")
    assert working(server) == []
    await heard.filled(3)


async def test_a_cancelled_entry_keeps_the_bracket_of_what_it_filled(server, client, heard):
    server.trouble("split", on="entry", sizes=[1])
    basket = (await give(client, **BRACKET))[0].basket_id
    await client.cancel_order(basket_id=basket, account_id="SIM-1")
    assert working(server) == [("stop", 1, 19984), ("target", 1, 20024)]
    await until(lambda: heard.of(3))
    assert heard.of(3)[0].cancelled_size == 1


async def test_cancelling_one_child_leaves_the_other_unless_wanted(server, client):
    await give(client, **BRACKET)
    stop, _ = await client.list_orders()
    await client.cancel_order(basket_id=stop.basket_id, account_id="SIM-1")
    assert working(server) == [("target", 2, 20024)]
    await client.cancel_all_orders()
    assert working(server) == []
    server.exchange.links_cancel = True
    await give(client, order_id="A-2-E", **BRACKET)
    stop, _ = await client.list_orders()
    await client.cancel_order(basket_id=stop.basket_id, account_id="SIM-1")
    assert working(server) == []


async def test_children_can_carry_their_parents_tag(server, client):
    server.exchange.tagged_children = True
    await give(client, **BRACKET)
    assert [each.user_tag for each in await client.list_orders()] == ["A-1-E", "A-1-E"]


async def test_a_stop_is_moved_by_its_basket(server, client, heard):
    await give(client, **BRACKET)
    stop, target = await client.list_orders()
    answer = await client.modify_order(order=stop, trigger_price=4999.0)
    assert answer[0].basket_id == stop.basket_id
    await client.modify_order(order=target, price=5010.0)
    assert working(server) == [("stop", 2, 19996), ("target", 2, 20040)]
    await until(lambda: len(heard.of(2)) == 2)


async def test_levels_move_the_children_that_work(server, client, heard):
    basket = (await give(client, **BRACKET))[0].basket_id
    assert await client.get_stop_and_target(basket, account_id="SIM-1") == (16, 24)
    entry = (await client.show_order_history_summary(date=today()))[0]
    await client.modify_order(order=entry, stop_ticks=8, target_ticks=40)
    assert working(server) == [("stop", 2, 19992), ("target", 2, 20040)]
    assert await client.get_stop_and_target(basket, account_id="SIM-1") == (8, 40)
    await until(lambda: len(heard.brackets) == 3)


async def test_an_order_that_is_over_can_neither_be_changed_nor_cancelled(server, client, heard):
    basket = (await give(client))[0].basket_id
    fill = (await heard.filled(1))[0]
    assert await client.cancel_order(basket_id=basket, account_id="SIM-1") == []
    assert await client.modify_order(order=fill, qty=3) == []
    assert heard.of(3) == []


async def test_exit_position_cancels_and_closes(server, client, heard):
    await give(client, **BRACKET)
    answer = await client.exit_position(symbol="MESZ6", exchange="CME")
    assert [each.symbol for each in answer] == ["MESZ6"]
    fill = (await heard.filled(2))[1]
    assert (fill.transaction_type, fill.fill_size, fill.user_tag) == (2, 2, "")
    assert working(server) == []
    assert server.exchange.position("SIM-1", "MESZ6").net == 0
    assert server.report()["unprotected"] == {"MESZ6": []}


async def test_a_market_order_can_wait_for_the_next_trade():
    async with RithmicServer(market="next", slippage=1) as server:
        server.trade("MESZ6", "5000")
        async with connected(client_of(server)) as client:
            heard = Heard(client)
            await give(client, **BRACKET)
            assert heard.of(5) == []
            server.trade("MESZ6", "5000.5")
            assert (await heard.filled(1))[0].fill_price == 5000.75


@pytest.mark.parametrize(("rule", "filled"), [("through", 0), ("touch", 2)])
async def test_a_limit_is_filled_when_traded_through_or_touched(rule, filled):
    async with RithmicServer(limit=rule) as server, connected(client_of(server)) as client:
        await give(client, order_type=OrderType.LIMIT, price=4999.0)
        server.trade("MESZ6", "4999")
        assert server.exchange.position("SIM-1", "MESZ6").net == filled
        server.trade("MESZ6", "4998.75")
        assert server.exchange.position("SIM-1", "MESZ6").cost == 2 * 19996


async def test_a_stop_entry_is_triggered(server, client, heard):
    await give(client, order_type=OrderType.STOP_MARKET, trigger_price=5002.0, **BRACKET)
    server.trade("MESZ6", "5001.75")
    (order,) = await client.list_orders()
    assert (order.status, order.trigger_price) == ("trigger pending", 5002.0)
    server.trade("MESZ6", "5002")
    assert (await heard.filled(1))[0].fill_price == 5002.0
    assert [name for name, *_ in working(server)] == ["stop", "target"]


async def test_a_price_off_the_grid_is_refused(server, client):
    answer = await give(client, order_type=OrderType.LIMIT, price=4999.1)
    assert answer == []
    assert server.exchange.orders == {}


async def test_history_has_orders_that_are_over_and_every_fill(server, client, heard):
    await give(client, **BRACKET)
    server.trade("MESZ6", "4995")
    await heard.filled(2)
    rows = await client.show_order_history_summary(date=today())
    assert [(each.user_tag, each.status, each.notify_type) for each in rows] == [
        ("A-1-E", "complete", 5), ("", "complete", 5), ("", "complete", 3),
    ]  # fmt: skip
    assert [each.avg_fill_price for each in rows] == [5000.0, 4995.0, 0.0]
    span = {
        "start_time": datetime.now(UTC) - timedelta(minutes=1),
        "end_time": datetime.now(UTC) + timedelta(minutes=1),
    }
    fills = await client.get_fill_history(**span)
    assert [(each.fill_id, each.fill_price, each.transaction_type) for each in fills] == [
        ("F00000001", 5000.0, "B"), ("F00000002", 4995.0, "S"),
    ]  # fmt: skip
    before = len(heard.exchange)
    await client.replay_executions(**span, account_id="SIM-1")
    await until(lambda: len(heard.exchange) == before + 2)
    again = heard.exchange[before:]
    assert [(each.fill_id, each.is_snapshot) for each in again] == [
        ("F00000001", True), ("F00000002", True),
    ]  # fmt: skip


async def test_margins_are_asked_for_and_change(server, client):
    async def rate():
        (row,) = await client.get_product_rms()
        return row.product_code, row.buy_margin_rate

    assert await rate() == ("MES", 2500.0)
    server.margin("MES", "3100.5")
    assert await rate() == ("MES", 3100.5)
    assert [each.account_id for each in await client.get_account_rms()] == ["SIM-1"]


async def test_a_hundred_and_fifty_orders_and_not_a_cent_lost(server, client, heard):
    for number in range(150):
        side = SELL if number % 2 else TransactionType.BUY
        await give(client, order_id=f"A-{number}", transaction_type=side, qty=1)
    fills = await heard.filled(150)
    assert len({each.fill_id for each in fills}) == 150
    assert server.exchange.balance("SIM-1") == 50000 - 150 * Decimal("0.62")
    assert set(server.exchange.ledger.tags().values()) == {1}


def today():
    """The trading day, which begins at 17:00 in Chicago."""
    return trade_date(int(datetime.now(UTC).timestamp()) * 10**9)
