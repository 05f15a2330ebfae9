"""The local Rithmic misbehaves as it is told to, and keeps account of what really happened."""

import asyncio

import pytest
from async_rithmic import OrderType, RetrySettings, TransactionType

from tests.servers.rithmic import RithmicServer
from tests.servers.rithmic.trouble import WHAT, Trouble
from tests.trading.rithmic.conftest import Heard, client_of, connected, give, until

SELL = TransactionType.SELL
BRACKET = {"stop_ticks": 16, "target_ticks": 24}
LIMIT = {"order_type": OrderType.LIMIT, "price": 4999.0}


def impatient(client):
    """For answers that never come."""
    client.retry_settings = RetrySettings(max_retries=1, timeout=0.05)
    return client


def tags(server):
    """The tags of orders that were taken."""
    return [each.tag for each in server.exchange.orders.values() if not each.parent]


def net(server):
    return server.exchange.position("SIM-1", "MESZ6").net


@pytest.mark.parametrize(("what", "taken"), [("drop", []), ("lost_ack", ["A-1-E"])])
async def test_no_answer_and_the_order_is_taken_or_not(server, client, heard, what, taken):
    server.trouble(what, on="entry")
    with pytest.raises(asyncio.TimeoutError):
        await give(impatient(client))
    assert tags(server) == taken
    assert server.exchange.ledger.tags() == {"A-1-E": 1}
    assert [each.taken for each in server.exchange.ledger.received] == [bool(taken)]
    if taken:
        await heard.filled(1)


@pytest.mark.parametrize(
    ("what", "taken"),
    [("empty_ack", ["A-1-E"]), ("empty_ack_not_taken", []), ("refuse", [])],
)
async def test_an_answer_without_a_basket_may_be_either(server, client, what, taken):
    server.trouble(what, on="entry", text="no more orders today")
    assert await give(client) == []
    assert tags(server) == taken


async def test_the_exchange_rejects_an_entry_that_was_acknowledged(server, client, heard):
    server.trouble("reject", on="entry", text="Insufficient funds")
    answer = await give(client, **BRACKET)
    assert answer[0].basket_id
    await until(lambda: heard.of(6))
    assert (heard.of(6)[0].text, heard.of(6)[0].user_tag) == ("Insufficient funds", "A-1-E")
    assert [e.completion_reason for e in heard.orders if e.notify_type == 15] == ["R"]
    assert net(server) == 0


@pytest.mark.parametrize("role", ["stop", "target"])
async def test_the_exchange_rejects_a_child(server, client, heard, role):
    server.trouble("reject", on=role, tag="^A-1")
    await give(client, **BRACKET)
    await until(lambda: heard.of(6))
    left = {"stop": "target", "target": "stop"}[role]
    assert [each.role for each in server.exchange.working.values()] == [left]
    assert heard.of(6)[0].original_basket_id == next(iter(server.exchange.orders))


async def test_without_its_stop_a_position_counts_as_unprotected():
    now = 1_000_000_000
    async with RithmicServer(clock=lambda: now) as server, connected(client_of(server)) as client:
        server.trade("MESZ6", "5000")
        server.trouble("reject", on="stop")
        await give(client, **BRACKET)
        now += 3_000_000_000
        assert server.report()["unprotected_seconds"] == 3
        await give(client, order_id="A-1-X", transaction_type=SELL)
        now += 5_000_000_000
        assert server.report()["unprotected"] == {"MESZ6": [(1_000_000_000, 4_000_000_000)]}


async def test_a_rejected_stop_becomes_a_market_order_if_asked_for(server, client, heard):
    server.trouble("reject", on="stop")
    await give(client, **BRACKET, stop_market_on_reject=True)
    await heard.filled(2)
    assert net(server) == 0
    assert not server.exchange.working
    assert server.report()["unprotected"] == {"MESZ6": []}


async def test_the_exchange_does_not_change_or_cancel(server, client, heard):
    basket = (await give(client, **LIMIT))[0].basket_id
    server.trouble("reject", on="modify", text="too late")
    server.trouble("reject", on="cancel")
    (order,) = await client.list_orders()
    assert await client.modify_order(order=order, price=4998.0)
    assert await client.cancel_order(basket_id=basket, account_id="SIM-1")
    await until(lambda: heard.of(7) and heard.of(8))
    assert heard.of(7)[0].text == "too late"
    assert [each.price for each in await client.list_orders()] == [4999.0]


async def test_an_exit_is_rejected(server, client, heard):
    await give(client)
    server.trouble("reject", on="exit")
    await give(client, order_id="A-1-X", transaction_type=SELL)
    await until(lambda: heard.of(6))
    assert net(server) == 2


async def test_the_line_breaks_before_the_order_is_taken(server, client):
    server.trouble("cut_before", on="entry")
    with pytest.raises(asyncio.TimeoutError):
        await give(impatient(client))
    assert tags(server) == []


async def test_the_line_breaks_after_the_order_is_taken(server, client, heard):
    server.trouble("cut_after", on="entry")
    with pytest.raises(asyncio.TimeoutError):
        await give(impatient(client))
    client.retry_settings.timeout = 5
    await until(lambda: heard.ups == ["order"] and server.logins == [2, 4, 2])
    assert tags(server) == ["A-1-E"]
    assert net(server) == 2
    assert heard.of(5) == []


async def test_a_fill_is_told_twice(server, client, heard):
    server.trouble("duplicate_fill")
    await give(client)
    assert [each.fill_id for each in await heard.filled(2)] == ["F00000001"] * 2
    assert net(server) == 2


async def test_a_fill_is_not_told(server, client, heard):
    server.trouble("lose_fill")
    await give(client)
    await until(lambda: any(each.notify_type == 15 for each in heard.orders))
    assert heard.of(5) == []
    assert net(server) == 2


async def test_fills_are_told_in_the_wrong_order(server, client, heard):
    server.trouble("split", on="entry", sizes=[1, 1])
    server.trouble("hold_fill")
    await give(client)
    server.trade("MESZ6", "5000.25")
    assert [each.fill_id for each in await heard.filled(2)] == ["F00000002", "F00000001"]


async def test_a_held_fill_is_told_when_the_server_calms_down(server, client, heard):
    server.trouble("hold_fill", times=None)
    await give(client)
    assert heard.of(5) == []
    server.calm()
    await heard.filled(1)


@pytest.mark.parametrize("ask", ["cancel_order", "cancel_all_orders"])
async def test_a_fill_comes_after_the_cancellation_was_confirmed(server, client, heard, ask):
    basket = (await give(client, **LIMIT, **BRACKET))[0].basket_id
    server.trouble("late_fill")
    await getattr(client, ask)(
        account_id="SIM-1", **{"basket_id": basket} if ask == "cancel_order" else {}
    )
    await heard.filled(1)
    order = [each.notify_type for each in heard.exchange if each.basket_id == basket]
    assert order.index(3) < order.index(5)
    assert net(server) == 2


async def test_a_fill_is_told_before_the_order_is_acknowledged(server, client, heard):
    server.trouble("ack_last", on="entry")
    seen = []
    client.plants["order"].logger.debug = lambda text, *_: seen.append(text)
    await give(client)
    await heard.filled(1)
    acknowledged = next(i for i, each in enumerate(seen) if each.startswith("Completed request"))
    filled = next(i for i, each in enumerate(seen) if "F00000001" in each)
    assert filled < acknowledged


async def test_an_answer_comes_late(server, client, heard):
    server.trouble("slow", on="entry", seconds=0.05)
    given = asyncio.create_task(give(client))
    await heard.filled(1)
    assert not given.done()
    assert (await given)[0].basket_id


@pytest.mark.parametrize("what", ["garbage", "unknown_template"])
async def test_frames_that_nobody_can_read_do_not_lose_the_answer(server, client, what):
    server.trouble(what, on="entry")
    server.babble(what)
    assert (await give(client))[0].basket_id


async def test_half_a_frame_and_the_line_breaks(server, client, heard):
    server.trouble("half_frame", on="entry")
    with pytest.raises(asyncio.TimeoutError):
        await give(impatient(client))
    assert tags(server) == ["A-1-E"]
    client.retry_settings.timeout = 5
    await until(lambda: heard.ups == ["order"])
    server.babble("half_frame", plant=2)
    await until(lambda: heard.ups == ["order"] * 2)


async def test_a_hanging_server_takes_requests_and_answers_nothing(server, client):
    server.hang()
    with pytest.raises(asyncio.TimeoutError):
        await impatient(client).list_orders()
    assert client.plants["order"].is_connected
    server.hang(hanging=False)
    assert await client.list_orders() == []


async def test_a_hanging_server_lets_new_connections_wait(server, client, heard):
    server.hang(handshakes=False)
    server.cut(4)
    await until(lambda: server.shaking == 1)
    assert not client.plants["pnl"].is_connected
    server.calm()
    await until(lambda: heard.ups == ["pnl"])
    server.hang(handshakes=False)
    server.cut(4)
    await until(lambda: server.shaking == 1)
    await server.stop()
    assert server.shaking == 0


async def test_orders_are_filled_while_nobody_is_connected(server, client, heard):
    await give(client, **BRACKET)
    await heard.filled(1)
    server.refuse()
    server.cut()
    server.trade("MESZ6", "4995")
    await until(lambda: not client.plants["order"].is_connected)
    await server.start()
    await until(lambda: sorted(heard.ups) == ["order", "pnl"])
    assert [each.net_quantity for each in await client.list_positions()] == [0]
    assert len(heard.of(5)) == 1


async def test_connections_are_refused_for_a_while(server, client, heard):
    server.refuse(0.05)
    server.cut(2)
    await until(lambda: heard.ups == ["order"])
    await client.list_orders()


@pytest.mark.parametrize("end", ["hang_up", "force_logout"])
async def test_a_client_that_is_sent_away_comes_back(server, client, heard, end):
    getattr(server, end)(4)
    await until(lambda: heard.ups == ["pnl"])
    assert server.logins == [2, 4, 4]


async def test_somebody_else_trades_in_the_account(server, client, heard):
    basket = server.manual_order("SIM-1", "MESZ6", -1, 3)
    fill = (await heard.filled(1))[0]
    assert (fill.basket_id, fill.user_tag, fill.fill_size) == (basket, "", 3)
    waiting = server.manual_order("SIM-1", "MESZ6", 1, 1, kind="limit", price="4990")
    assert [each.basket_id for each in await client.list_orders()] == [waiting]
    server.cancel(waiting, "by the desk")
    await until(lambda: heard.of(3))
    assert heard.of(3)[0].text == "by the desk"
    assert net(server) == -3


async def test_a_working_order_is_thrown_out(server, client, heard):
    await give(client, **BRACKET)
    stop, _ = await client.list_orders()
    server.reject(stop.basket_id, "market closed")
    await until(lambda: heard.of(6))
    assert heard.of(6)[0].basket_id == stop.basket_id


async def test_nothing_is_forgotten_over_a_restart(server, client, heard):
    await give(client, **BRACKET)
    await heard.filled(1)
    await server.stop()
    await server.start()
    await until(lambda: sorted(heard.ups) == ["order", "pnl"])
    assert len(await client.list_orders()) == 2
    server.trade("MESZ6", "5006.25")
    assert [each.fill_id for each in await heard.filled(2)] == ["F00000001", "F00000002"]


async def test_a_state_file_takes_it_to_the_next_server(tmp_path):
    state = tmp_path / "state"
    async with RithmicServer(state=state, folder=tmp_path) as server:
        server.trade("MESZ6", "5000")
        async with connected(client_of(server)) as client:
            await give(client, **BRACKET)
        authority = server.ca.read_bytes()
    async with RithmicServer(state=state, folder=tmp_path) as server:
        assert server.ca.read_bytes() == authority
        server.trade("MESZ6", "5007")
        assert server.exchange.ledger.tags() == {"A-1-E": 1}
        assert [each.id for each in server.exchange.ledger.fills] == ["F00000001", "F00000002"]
        async with connected(client_of(server)) as client:
            heard = Heard(client)
            assert await client.list_orders() == []
            await give(client, order_id="A-2-E")
            assert (await heard.filled(1))[0].fill_id == "F00000003"


async def test_the_same_tag_twice_is_a_duplicate(server, client):
    await give(client)
    await give(client)
    await give(client, order_id="A-2-E")
    assert server.exchange.ledger.duplicates() == ["A-1-E"]


def test_a_seed_decides_which_troubles_come():
    def drawn(seed):
        server = RithmicServer(seed=seed)
        server.trouble("drop", on="entry", times=None, probability=0.3)
        return [bool(server.troubles.take("entry")) for _ in range(50)]

    assert drawn(1) == drawn(1)
    assert drawn(1) != drawn(2)
    assert 5 < sum(drawn(1)) < 25


def test_a_trouble_waits_for_its_occasion_and_its_tag():
    server = RithmicServer()
    server.trouble("drop", on="exit", tag="-X$")
    assert server.troubles.take("entry", "A-1-X") is None
    assert server.troubles.take("exit", "A-1-E") is None
    assert server.troubles.take("exit", "A-1-X") is not None
    assert server.troubles.take("exit", "A-1-X") is None
    assert server.troubles.happened == {"drop": 1}


def test_a_trouble_that_cannot_be_is_refused():
    with pytest.raises(ValueError, match="no trouble 'rain'"):
        Trouble("rain")
    with pytest.raises(ValueError, match="late_fill is on cancel, not entry"):
        Trouble("late_fill", on="entry")
    assert "slow" in WHAT
