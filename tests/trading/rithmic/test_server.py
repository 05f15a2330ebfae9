"""The local Rithmic, driven by the real client library: what it can do when nothing goes wrong."""

from decimal import Decimal

import pytest
from async_rithmic import OrderType, TransactionType

from tests.servers.rithmic import MES, Contract, RithmicServer
from tests.trading.rithmic.conftest import Heard, client_of, connected, give, leave, until

FEE = MES.commission


async def test_accounts_routes_and_login_are_known_after_connecting(server, client):
    assert [each.account_id for each in client.accounts] == ["SIM-1"]
    assert [each.exchange for each in client.plants["order"].trade_routes] == ["CME"]
    assert client.fcm_id
    assert server.logins == [2, 4]
    await until(lambda: server.heartbeats == 2)


async def test_a_bracket_is_acknowledged_in_two_messages(client):
    answer = await give(client, stop_ticks=16, target_ticks=24)
    assert [bool(each.basket_id) for each in answer] == [True, False]
    assert answer[0].user_tag == "A-1-E"


async def test_a_filled_entry_has_a_stop_and_a_target(server, client, heard):
    entry = (await give(client, stop_ticks=16, target_ticks=24))[0].basket_id
    fill = (await heard.filled(1))[0]
    assert (fill.user_tag, fill.basket_id, fill.fill_price) == ("A-1-E", entry, 5000.0)
    assert (fill.fill_size, fill.fill_id, fill.account_id) == (2, "F00000001", "SIM-1")
    stop, target = await client.list_orders()
    assert (stop.price_type, stop.trigger_price, stop.quantity) == (4, 4996.0, 2)
    assert (target.price_type, target.price, target.quantity) == (1, 5006.0, 2)
    assert {stop.transaction_type, target.transaction_type} == {TransactionType.SELL}
    assert {stop.original_basket_id, target.original_basket_id} == {entry}
    assert {stop.user_tag, target.user_tag} == {""}
    assert (stop.linked_basket_ids, target.linked_basket_ids) == (target.basket_id, stop.basket_id)


async def test_the_target_ends_the_bracket_and_the_money_is_right(server, client, heard):
    await give(client, stop_ticks=16, target_ticks=24)
    server.trade("MESZ6", "5006.25")
    fill = (await heard.filled(2))[1]
    assert (fill.fill_price, fill.fill_size, fill.user_tag) == (5006.0, 2, "")
    await until(lambda: len(heard.of(3)) == 1)  # the stop is cancelled
    assert await client.list_orders() == []
    (position,) = await client.list_positions()
    assert (position.net_quantity, position.closed_position_pnl) == (0, "60.00")
    (account,) = await client.list_account_summary()
    assert Decimal(account.account_balance) == 50000 + 60 - 4 * FEE
    assert server.exchange.ledger.unprotected_seconds("SIM-1", "MESZ6", 0) == 0


async def test_the_stop_fills_at_the_trade_that_triggers_it(server, client, heard):
    await give(client, stop_ticks=16, target_ticks=24, transaction_type=TransactionType.SELL)
    server.trade("MESZ6", "5003.75")
    server.trade("MESZ6", "5004.5")
    fill = (await heard.filled(2))[1]
    assert (fill.fill_price, fill.price_type, fill.orig_price_type) == (5004.5, 2, 4)
    assert len(heard.of(4)) == 1
    assert server.exchange.realised("SIM-1") == Decimal("-4.5") * 5 * 2


async def test_a_limit_waits_is_cancelled_and_is_gone(server, client, heard):
    answer = await give(client, order_type=OrderType.LIMIT, price=4999.0, stop_ticks=4)
    basket = answer[0].basket_id
    server.trade("MESZ6", "4999")
    (order,) = await client.list_orders()
    assert (order.user_tag, order.status, order.price) == ("A-1-E", "open", 4999.0)
    await client.cancel_order(basket_id=basket, account_id="SIM-1")
    await until(lambda: heard.of(3))
    assert await client.list_orders() == []
    assert [each.completion_reason for each in heard.orders if each.notify_type == 15] == ["C"]


async def test_positions_are_told_after_each_fill(server, client, heard):
    await give(client)
    server.trade("MESZ6", "5001")
    await give(client, order_id="A-1-X", qty=1, transaction_type=TransactionType.SELL)
    await until(lambda: len(heard.accounts) == 2)
    assert [each.net_quantity for each in heard.positions] == [2, 1]
    assert [each.avg_open_fill_price for each in heard.positions] == [5000.0, 5000.0]
    assert [each.account_balance for each in heard.accounts] == ["49998.76", "50003.14"]


async def test_the_front_month_is_the_ticker_plants(server):
    async with connected(client_of(server), 1) as client:
        assert await client.get_front_month_contract("MES", "CME") == "MESZ6"
        assert (await client.get_reference_data("MESZ6", "CME")).min_qprice_change == 0.25
        with pytest.raises(Exception, match="no front-month contract"):
            await client.get_front_month_contract("ES", "CME")


async def test_a_client_takes_its_leave(server, client):
    await client.disconnect()
    await until(lambda: not server._sessions)


async def test_a_wrong_password_is_refused(server):
    client = client_of(server, password="wrong")
    with pytest.raises(AttributeError):
        await client.connect(plants=[2])
    assert server.logins == []
    await leave(client)


async def test_a_wrong_system_is_refused(server):
    client = client_of(server, system_name="Rithmic 01")
    with pytest.raises(Exception, match="SYSTEM_NAME"):
        await client.connect(plants=[1])
    with pytest.raises(AttributeError):
        await client.connect(plants=[2])
    await leave(client)


async def test_what_other_clients_do_is_told_to_all():
    two = (MES, Contract(symbol="MNQZ6", product="MNQ", tick_value=Decimal("0.5")))
    async with RithmicServer(two, ["SIM-1", "SIM-2"]) as server:
        server.trade("MNQZ6", "20000")
        async with connected(client_of(server)) as one, connected(client_of(server)) as other:
            heard = Heard(other)
            await give(one, symbol="MNQZ6", account_id="SIM-2")
            assert [each.account_id for each in await heard.filled(1)] == ["SIM-2"]
            positions = await other.list_positions(account_id="SIM-2")
            assert [(each.symbol, each.net_quantity) for each in positions] == [("MNQZ6", 2)]
            assert await other.list_positions(account_id="SIM-1") == []
