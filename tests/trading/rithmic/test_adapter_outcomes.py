"""An order is sent once: whatever happens to the line, it is known not to have left, or it is
asked for."""

import asyncio
import contextlib
from dataclasses import replace

import pytest

from tests.servers.rithmic import RithmicServer
from tests.trading.rithmic.conftest import until
from tests.trading.rithmic.desk import HASTY, QUICK, TRADE, desk_at, sent
from trading.brokers.adapter import BrokerError, NotSent, OutcomeUnknown, Refused
from trading.brokers.rithmic.access import Access
from trading.brokers.rithmic.keeping import Line

ENTRY = f"{TRADE}-E"


@pytest.fixture
async def desk(server: RithmicServer):
    async with desk_at(server, HASTY) as made:
        yield made


async def test_a_lost_acknowledgement_of_what_is_heard_of_is_one(server, desk):
    """The notifications have come: Rithmic has it."""
    server.trouble("lost_ack", on="entry")
    await desk.enter()
    await desk.filled("E")
    assert len(sent(server, 330)) == 1


async def test_an_order_that_vanishes_is_asked_for_and_not_sent_again(server, desk):
    server.trouble("drop", on="entry")
    with pytest.raises(OutcomeUnknown, match=r"did not answer within 0\.7 s"):
        await desk.enter()
    assert await desk.adapter.find(ENTRY) is None
    assert len(sent(server, 330)) == 1


async def test_an_empty_acknowledgement_of_what_is_heard_of_is_one(server, desk):
    server.trouble("empty_ack", on="entry")
    try:
        await desk.enter()
    except OutcomeUnknown:  # it came before the notifications did
        found = await desk.adapter.find(ENTRY)
        assert found is not None
    await desk.filled("E")
    assert len(sent(server, 330)) == 1


async def test_an_empty_acknowledgement_of_what_was_not_taken_is_unknown_until_asked(server, desk):
    server.trouble("empty_ack_not_taken", on="entry")
    with pytest.raises(OutcomeUnknown, match="acknowledged nothing"):
        await desk.enter()
    assert await desk.adapter.find(ENTRY) is None


@pytest.mark.parametrize(("trouble", "taken"), [("cut_before", False), ("cut_after", True)])
async def test_a_line_that_breaks_before_the_answer_leaves_it_to_be_asked(
    server, desk, trouble, taken
):
    server.trouble(trouble, on="entry")
    with pytest.raises(OutcomeUnknown, match="line was lost before Rithmic answered"):
        await desk.enter()
    await desk.up_again()
    found = await desk.adapter.find(ENTRY)
    assert (found is not None) is taken
    if taken:
        await desk.filled("E")
        assert desk.fills() == [("E", 2, 20000)]
    assert len(sent(server, 330)) == 1


async def test_half_an_answer_leaves_it_to_be_asked(server, desk):
    server.trouble("half_frame", on="entry")
    with pytest.raises(OutcomeUnknown):
        await desk.enter()
    await desk.up_again()
    assert (await desk.adapter.find(ENTRY)).filled == 2


async def test_without_a_line_nothing_is_sent(server, desk):
    await server.stop()
    await until(lambda: not desk.adapter.up)
    with pytest.raises(NotSent, match="not connected"):
        await desk.enter()
    with pytest.raises(NotSent):
        await desk.leave()
    with pytest.raises(NotSent):
        await desk.amend(20010)
    with pytest.raises(NotSent):
        await desk.cancel("E")
    assert not sent(server, 312, 314, 316, 330)


async def test_on_a_socket_that_is_closing_nothing_is_written(server, desk):
    """The check and the write are one step: whoever is told NotSent has sent no byte."""
    plant = desk.adapter.orders.plant
    closing = asyncio.create_task(plant.ws.close())
    await asyncio.sleep(0)  # it has begun
    assert plant.ready  # nobody has noticed yet
    with pytest.raises(NotSent, match="nothing was sent"):
        await desk.enter()
    await closing
    await desk.up_again()
    assert await desk.adapter.find(ENTRY) is None
    assert not sent(server, 330)


async def test_an_order_that_was_given_up_while_it_waited_is_still_asked_for(server, desk):
    server.trouble("lost_ack", on="entry", times=1)
    server.trouble("lose_fill", on="fill")
    placing = asyncio.create_task(desk.enter())
    await until(lambda: sent(server, 330))
    placing.cancel()
    await asyncio.gather(placing, return_exceptions=True)
    found = await desk.adapter.find(ENTRY)
    assert (found.status, found.filled) == ("filled", 2)
    await desk.filled("E")  # the fill that was not told came with the answer


async def test_a_rejection_that_nobody_heard_is_found_with_its_reason(server, desk):
    server.trouble("reject", on="entry", text="market is closed")
    with contextlib.suppress(Refused):
        await desk.enter()
    found = await desk.adapter.find(ENTRY)
    assert (found.status, found.reason) == ("rejected", "market is closed")


async def test_an_order_that_may_still_arrive_is_not_said_to_be_missing(server):
    """Rithmic has none of it yet; it is too early to believe that."""
    async with desk_at(server, replace(HASTY, settle=3600.0)) as desk:
        server.trouble("drop", on="entry")
        with pytest.raises(OutcomeUnknown):
            await desk.enter()
        with pytest.raises(BrokerError, match="may still be on its way"):
            await desk.adapter.find(ENTRY)
        assert await desk.adapter.find(f"{TRADE}-X") is None  # never sent


async def test_a_broken_line_between_standing_down_and_the_exit_is_not_sent_and_goes_again(server):
    async with desk_at(server, QUICK) as desk:
        await desk.entered()
        server.trouble("cut_after", on="cancel")
        with contextlib.suppress(NotSent):
            await desk.leave()
        await desk.up_again()
        if not desk.fills("X"):
            await desk.leave()
        await desk.filled("X")
        assert desk.position == 0
        assert server.exchange.position("SIM-1", "MESZ6").net == 0
        assert len(sent(server, 312)) == 1


@pytest.mark.parametrize("trouble", ["cut_before", "cut_after"])
async def test_a_line_that_breaks_with_the_exit_is_asked_for(server, trouble):
    async with desk_at(server, QUICK) as desk:
        await desk.entered()
        server.trouble(trouble, on="exit")
        with pytest.raises(OutcomeUnknown):
            await desk.leave()
        await desk.up_again()
        found = await desk.adapter.find(f"{TRADE}-X")
        if found is None:
            await desk.leave()  # what is known to be nowhere may go again
        await desk.filled("X")
        assert desk.position == 0
        assert server.exchange.position("SIM-1", "MESZ6").net == 0


@pytest.mark.parametrize("trouble", ["lost_ack", "drop", "cut_before", "cut_after"])
async def test_a_change_that_is_not_answered_is_unknown_and_not_sent_again(server, desk, trouble):
    await desk.entered()
    server.trouble(trouble, on="modify")
    with pytest.raises(OutcomeUnknown):
        await desk.amend(20010)
    await until(lambda: desk.adapter.up)
    taken = trouble in ("lost_ack", "cut_after")
    found = await desk.adapter.find(f"{TRADE}-S")
    assert found.price == (5002.5 if taken else 4996)
    assert len(sent(server, 314)) == 1


@pytest.mark.parametrize("trouble", ["lost_ack", "drop", "cut_after"])
async def test_a_cancellation_that_is_not_answered_is_unknown(server, desk, trouble):
    await desk.entered()
    server.trouble(trouble, on="cancel")
    with pytest.raises(OutcomeUnknown):
        await desk.cancel("T")
    await until(lambda: desk.adapter.up)
    found = await desk.adapter.find(f"{TRADE}-T")
    assert found.over is (trouble != "drop")


async def test_a_line_that_is_down_says_why():
    access = Access(user="u", password="p", system="s", url="ws://127.0.0.1:1", account="a")
    line = Line(access, lambda: None, came=None, went=None)  # type: ignore[arg-type]
    with pytest.raises(BrokerError, match="Rithmic is not connected: not connected yet"):
        line.need()
