"""What async_rithmic does that an adapter must live with, shown at the local Rithmic. When one of
these fails the library has changed: read "Traps of the library" in docs/rithmic.md again."""

import asyncio
import functools
import logging
import sys

import pytest
from async_rithmic import OrderType, RetrySettings, TransactionType

from tests.trading.rithmic.conftest import client_of, connected, give, leave, until


def short(client, retries=1):
    client.retry_settings = RetrySettings(max_retries=retries, timeout=0.1)
    return client


async def test_an_order_that_waits_for_the_line_is_sent_later_and_its_answer_is_lost(
    server, client
):
    client.retry_settings.timeout = 0.5
    server.refuse()
    server.cut(2)
    await until(lambda: not client.plants["order"]._reconnected_event.is_set())
    given = asyncio.create_task(give(client))
    await asyncio.sleep(0)
    server.trade("MESZ6", "5100")  # meanwhile the market has gone
    assert not given.done()
    await server.start()
    # Its own attempt asked for another reconnect: nobody reads the line it was sent on.
    with pytest.raises(asyncio.TimeoutError):
        await given
    assert server.exchange.ledger.tags() == {"A-1-E": 1}
    assert server.exchange.position("SIM-1", "MESZ6").cost == 2 * 20400
    assert server.logins[2:] == [2, 2]


async def test_an_order_that_waits_for_the_line_is_not_sent_when_its_task_is_cancelled(
    server, client
):
    server.refuse()
    server.cut(2)
    await until(lambda: not client.plants["order"]._reconnected_event.is_set())
    given = asyncio.create_task(give(client))
    await until(lambda: client.plants["order"]._disconnect_event.is_set())
    given.cancel()
    await server.start()
    await until(lambda: server.logins[2:] == [2, 2])
    await client.list_orders()
    assert server.exchange.ledger.received == []


async def test_a_new_order_is_not_tried_again_but_an_exit_is(server, client):
    await give(client)
    server.trouble("lost_ack", times=None)
    with pytest.raises(asyncio.TimeoutError):
        await give(short(client, retries=2), order_id="A-2-E")
    with pytest.raises(asyncio.TimeoutError):
        await client.exit_position(symbol="MESZ6", exchange="CME")
    received = [each.template for each in server.exchange.ledger.received]
    assert received == [312, 312, 3504, 3504]


async def test_refused_unknown_and_empty_are_all_an_empty_list(server, client):
    server.trouble("refuse", text="no")
    assert await give(client) == []
    assert await client.list_orders() == []
    assert await client.cancel_order(basket_id="none", account_id="SIM-1") == []


async def test_no_answer_tells_whether_a_bracket_level_was_moved(server, client):
    answers = []
    for refused in (False, True):
        await give(client, order_id=f"A-{refused}-E", stop_ticks=16, target_ticks=24)
        if refused:
            server.trouble("refuse", on="modify")
        entry = list(server.exchange.orders.values())[-3]
        message = {"basket_id": entry.basket, "account_id": "SIM-1", "level": 16, "stop_ticks": 8}
        plant = client.plants["order"]
        answers.append(
            await plant._send_and_collect(
                template_id=334, expected_response={"template_id": 335}, **message
            )
        )
        assert entry.bracket.stop == (16 if refused else 8)
    assert answers == [[], []]


async def test_two_questions_about_positions_at_once_mix_their_answers(server, client):
    await give(client)
    positions, accounts = await asyncio.gather(
        client.list_positions(), client.list_account_summary()
    )
    assert (len(positions), len(accounts)) == (1, 2)


async def test_the_late_answer_to_an_earlier_question_is_taken_for_the_next_ones(server, client):
    await give(client, order_type=OrderType.LIMIT, price=4990.0)
    server.trouble("slow", on="query", seconds=0.15)
    server.trouble("slow", on="query", seconds=0.15)
    with pytest.raises(asyncio.TimeoutError):
        await short(client).list_orders()
    client.retry_settings.timeout = 5
    tags = [each.user_tag for each in await client.list_orders()]
    assert tags == ["A-1-E", "A-1-E"]


async def test_a_listener_that_asks_the_broker_waits_for_itself(server, client):
    ended = asyncio.Event()

    async def ask(_):
        with pytest.raises(asyncio.TimeoutError):
            await client.list_orders()
        ended.set()

    short(client)
    client.on_exchange_order_notification += ask
    server.manual_order("SIM-1", "MESZ6", 1, 1, kind="limit", price="4990")
    await ended.wait()
    client.on_exchange_order_notification -= ask


async def test_a_listener_that_fails_silences_those_after_it(server, client, heard):
    reached = []

    def fail(_):
        raise ValueError

    client.on_instrument_pnl_update += fail
    client.on_instrument_pnl_update += reached.append
    await give(client)
    await until(lambda: heard.accounts)
    assert len(heard.positions) == 1
    assert reached == []


async def test_a_listener_that_only_wraps_a_coroutine_is_never_awaited(server, client):
    class Listener:
        made = None

        async def __call__(self, message):
            raise AssertionError

    class Kept(Listener):
        def __call__(self, message):
            self.made = super().__call__(message)
            return self.made

    listener = Kept()
    client.on_instrument_pnl_update += listener
    await give(client)
    await until(lambda: listener.made is not None)
    listener.made.close()  # it would have run by now
    wrapped = functools.partial(lambda _: None)
    assert not asyncio.iscoroutinefunction(wrapped)


async def test_connected_is_told_before_orders_are_subscribed(server):
    client, seen = client_of(server), []

    def look(plant):
        if plant == "order":
            seen.append((client.accounts, [set(each.accounts) for each in server._sessions]))

    client.on_connected += look
    async with connected(client):
        assert seen == [(None, [set()])]


async def test_a_lost_line_is_not_told(server, client, heard):
    downs = []
    client.on_disconnected += downs.append
    server.cut()
    await until(lambda: len(heard.ups) == 2)
    assert downs == []


async def test_fills_of_the_time_away_are_not_told(server, client, heard):
    await give(client, stop_ticks=16)
    server.cut()
    server.trade("MESZ6", "4990")
    await until(lambda: len(heard.ups) == 2)
    assert [each.fill_id for each in heard.of(5)] in ([], ["F00000001"])
    assert server.exchange.position("SIM-1", "MESZ6").net == 0


async def test_a_refused_login_logs_the_password_and_says_none_of_it(server, caplog):
    client = client_of(server, password="very-wrong")
    logging.getLogger("rithmic").setLevel(logging.ERROR)
    with pytest.raises(AttributeError):
        await client.connect(plants=[2])
    await leave(client)
    assert "very-wrong" in caplog.text


async def test_cancelling_by_tag_may_take_a_child_for_its_entry(server, client):
    server.exchange.tagged_children = True
    await give(client, stop_ticks=16, target_ticks=24)
    await client.cancel_order(order_id="A-1-E", account_id="SIM-1")
    assert [each.role for each in server.exchange.working.values()] == ["target"]


async def test_an_answer_of_executions_has_no_end_and_gets_into_a_list_of_orders(server, client):
    await give(client, order_type=OrderType.LIMIT, price=4990.0)
    await give(client, order_id="A-2-E", transaction_type=TransactionType.SELL)
    server.trouble("slow", on="query", seconds=0.05)
    listed = asyncio.create_task(client.list_orders())
    await asyncio.sleep(0)
    await client.plants["order"]._send_request(
        template_id=3506, account_id="SIM-1", start_index=0, finish_index=2**31 - 1
    )
    assert sorted(each.user_tag for each in await listed) == ["A-1-E", "A-2-E"]


@pytest.mark.skipif(sys.version_info >= (3, 12), reason="wait_for of Python 3.11")
async def test_a_plant_that_hears_something_does_not_notice_that_it_is_to_stop(server, client):
    plant = client.plants["order"]
    (reader,) = [each for each in plant._bg_tasks if each.get_name() == "recv_loop"]
    coming: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
    asked = asyncio.Event()

    async def receive() -> bytes:
        asked.set()
        return await coming if not coming.done() else await asyncio.Event().wait()

    plant.listen_interval, plant._recv = 60, receive
    await asked.wait()
    coming.set_result(b"")
    await asyncio.sleep(0)
    reader.cancel()
    for _ in range(10):
        await asyncio.sleep(0)
    assert not reader.done()
