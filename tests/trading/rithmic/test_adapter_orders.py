"""Orders that are taken: brackets, their changes and ends, as the engine hears of them."""

from dataclasses import replace

import pytest

from engine.commands import (
    ReportAmendReject,
    ReportCancelled,
    ReportDifference,
    ReportReject,
    ReportWorking,
)
from engine.events import OrderIntent
from tests.servers.rithmic import RithmicServer
from tests.trading.rithmic.conftest import until
from tests.trading.rithmic.desk import QUICK, TRADE, desk_at, sent
from trading.brokers.adapter import NotSent, Refused


@pytest.fixture
async def desk(server: RithmicServer):
    async with desk_at(server) as made:
        yield made


async def test_an_entry_is_one_bracket_at_the_server(server, desk):
    await desk.enter()
    await desk.filled("E")
    (order,) = sent(server, 312, 330)
    assert (order.template, order.tag, order.symbol, order.size) == (330, f"{TRADE}-E", "MESZ6", 2)
    entry = server.exchange.orders[order.basket or "1000000001"]
    assert (entry.bracket.stop, entry.bracket.target) == (16, 24)
    assert entry.bracket.market_on_reject
    assert entry.kind == "market"


async def test_the_engine_hears_of_a_whole_trade_under_its_own_ids(server, desk):
    await desk.entered()
    server.trade("MESZ6", "5006.25")
    await desk.filled("T")
    await until(lambda: desk.of(ReportCancelled))
    assert desk.fills() == [("E", 2, 20000), ("T", 2, 20024)]
    working = [word.order_id for word in desk.of(ReportWorking)]
    assert working == [f"{TRADE}-E", f"{TRADE}-S", f"{TRADE}-T"]
    assert [word.order_id for word in desk.of(ReportCancelled)] == [f"{TRADE}-S"]
    assert desk.position == 0


async def test_a_stop_that_fills_is_the_stops_fill(server, desk):
    await desk.entered()
    server.trade("MESZ6", "4995.75")
    await desk.filled("S")
    assert desk.fills("S") == [("S", 2, 19983)]
    assert desk.position == 0


async def test_a_short_has_its_bracket_the_other_way(server, desk):
    await desk.enter(side=-1)
    await desk.legs()
    (stop,) = desk.adapter.book.working(f"{TRADE}-S")
    (target,) = desk.adapter.book.working(f"{TRADE}-T")
    assert (stop.price, target.price) == (5004, 4994)
    assert server.exchange.position("SIM-1", "MESZ6").net == -2


@pytest.mark.parametrize("tagged", [False, True])
@pytest.mark.parametrize("children", ["each", "one"])
async def test_partial_fills_are_one_stop_and_one_target_to_the_engine(tagged, children):
    async with RithmicServer(children=children, tagged_children=tagged) as server:
        server.trade("MESZ6", "5000")
        server.trouble("split", on="entry", sizes=(1, 2))
        async with desk_at(server) as desk:
            await desk.enter(3)
            server.trade("MESZ6", "5000.50")
            await until(lambda: len(desk.fills("E")) == 2)
            server.trade("MESZ6", "4990")
            await until(lambda: desk.position == 0)
            assert desk.fills("E") == [("E", 1, 20000), ("E", 2, 20002)]
            assert sum(size for _, size, _ in desk.fills("S")) == 3
            await until(lambda: desk.of(ReportCancelled))
            ended = [word.order_id for word in desk.of(ReportCancelled)]
            assert ended == [f"{TRADE}-T"]  # once, when the last of them was over


async def test_equal_fills_are_two_and_one_told_twice_is_one(server, desk):
    server.trouble("split", on="entry", sizes=(1, 1))
    server.trouble("duplicate_fill", on="fill", times=2)
    await desk.enter()
    server.trade("MESZ6", "5000")
    await until(lambda: desk.position == 2)
    await desk.legs(4)
    assert desk.fills() == [("E", 1, 20000), ("E", 1, 20000)]
    assert not desk.of(ReportDifference)


# Changes


async def test_a_stop_is_moved_by_the_price_of_the_order_that_it_is(server, desk):
    """Once the entry filled, Rithmic knows the bracket's levels no more."""
    await desk.entered()
    await desk.amend(20010)
    (stop,) = desk.adapter.book.working(f"{TRADE}-S")
    await until(lambda: stop.price == desk.adapter.book.get(stop.basket).price == 5002.5)
    assert [each.template for each in sent(server, 314, 332, 334)] == [314]
    assert server.exchange.orders[stop.basket].trigger == 20010
    server.trade("MESZ6", "5002.25")
    await desk.filled("S")


async def test_a_target_is_moved_too(server, desk):
    await desk.entered()
    await desk.amend(20030, "T")
    (target,) = desk.adapter.book.working(f"{TRADE}-T")
    assert server.exchange.orders[target.basket].price == 20030


async def test_all_stops_of_partial_fills_go_to_the_one_price(server, desk):
    server.trouble("split", on="entry", sizes=(1, 1))
    await desk.enter()
    server.trade("MESZ6", "5001")
    await desk.legs(4)
    stops = desk.adapter.book.working(f"{TRADE}-S")
    assert [stop.price for stop in stops] == [4996, 4997]
    await desk.amend(19988)
    assert {server.exchange.orders[stop.basket].trigger for stop in stops} == {19988}
    assert len(sent(server, 314)) == 1  # the other was there already


async def test_a_change_to_where_it_is_asks_for_nothing(server, desk):
    await desk.entered()
    await desk.amend(19984)
    assert not sent(server, 314)


async def test_a_change_that_rithmic_is_too_busy_for_is_asked_again(server, desk):
    await desk.entered()
    server.trouble("refuse", on="modify", text="Atomic order operation in progress", times=2)
    await desk.amend(20010)
    assert [each.taken for each in sent(server, 314)] == [False, False, True]


async def test_a_change_that_is_refused_says_why(server, desk):
    await desk.entered()
    server.trouble("refuse", on="modify", text="price out of range")
    with pytest.raises(Refused, match="price out of range"):
        await desk.amend(20010)


async def test_a_change_that_the_exchange_refuses_is_told_once_with_where_it_works(server, desk):
    """Acknowledged, and refused in notifications: they may come before whoever waits goes on."""
    await desk.entered()
    server.trouble("reject", on="modify", text="too late")
    told = []
    try:
        await desk.amend(20010)
    except Refused as error:
        told.append(str(error))
    else:
        (word,) = await desk.has(ReportAmendReject)
        assert (word.order_id, word.price) == (f"{TRADE}-S", 19984)
        told.append(word.reason)
    assert told == ["too late"]
    assert (await desk.adapter.find(f"{TRADE}-S")).price == 4996
    assert len(desk.of(ReportAmendReject)) < 2


async def test_a_change_of_what_is_over_is_refused(server, desk):
    await desk.entered()
    server.trade("MESZ6", "5006.25")
    await until(lambda: not desk.adapter.book.working(f"{TRADE}-S"))
    with pytest.raises(Refused, match="does not work at Rithmic"):
        await desk.amend(20010)


# Cancellations


async def test_an_order_is_taken_back_by_its_id(server, desk):
    await desk.entered()
    await desk.cancel("T")
    (word,) = await desk.has(ReportCancelled)
    assert word.order_id == f"{TRADE}-T"
    await desk.legs(1)


async def test_a_late_fill_after_a_cancellation_is_a_fill(server, desk):
    await desk.entered()
    server.trouble("late_fill", on="cancel")
    await desk.cancel("T")
    await desk.filled("T")
    assert desk.position == 0
    assert desk.fills("T") == [("T", 2, 20024)]


async def test_what_is_not_there_cannot_be_taken_back(desk):
    with pytest.raises(Refused, match="is not at Rithmic"):
        await desk.cancel("E")


async def test_what_somebody_else_takes_back_is_reported(server, desk):
    await desk.entered()
    (stop,) = desk.adapter.book.working(f"{TRADE}-S")
    server.cancel(stop.basket, "taken back by the desk")
    (word,) = await desk.has(ReportCancelled)
    assert (word.order_id, word.reason) == (f"{TRADE}-S", "taken back by the desk")


# Exits


@pytest.mark.parametrize("linked", [False, True])
async def test_an_exit_stands_the_bracket_down_and_closes_what_is_held(linked):
    async with RithmicServer(links_cancel=linked) as server:
        server.trade("MESZ6", "5000")
        async with desk_at(server) as desk:
            await desk.entered()
            await desk.leave()
            await desk.filled("X")
            assert desk.position == 0
            assert server.exchange.position("SIM-1", "MESZ6").net == 0
            assert not server.exchange.working
            tags = [order.tag for order in sent(server, 312)]
            assert tags == [f"{TRADE}-X"]


async def test_an_exit_closes_only_what_the_target_left(server, desk):
    """The target fills one of two as it is taken back."""
    server.trouble("split", on="target", sizes=(1,))
    await desk.entered()
    server.trade("MESZ6", "5006.25")
    await until(lambda: desk.position == 1)
    await desk.leave()
    await desk.filled("X")
    assert desk.fills("X") == [("X", 1, 20025)]
    assert server.exchange.position("SIM-1", "MESZ6").net == 0


async def test_an_exit_that_meets_a_late_fill_sends_nothing_and_is_over(server, desk):
    await desk.entered()
    server.trouble("late_fill", on="cancel")
    await desk.leave()
    await until(lambda: f"{TRADE}-X" in [word.order_id for word in desk.of(ReportCancelled)])
    assert not sent(server, 312)
    assert server.exchange.position("SIM-1", "MESZ6").net == 0


async def test_a_second_exit_does_not_close_what_the_first_closes():
    async with RithmicServer(market="next") as server:
        server.trade("MESZ6", "5000")
        async with desk_at(server) as desk:
            await desk.enter()
            server.trade("MESZ6", "5000")
            await desk.legs()
            await desk.leave()
            await until(lambda: desk.adapter.book.working(f"{TRADE}-X"))
            await desk.leave(name="X2")
            server.trade("MESZ6", "5000")
            await desk.filled("X")
            assert [order.tag for order in sent(server, 312)] == [f"{TRADE}-X"]
            assert server.exchange.position("SIM-1", "MESZ6").net == 0


async def test_what_somebody_else_closed_is_not_closed_again(server, desk):
    await desk.entered()
    server.manual_order("SIM-1", "MESZ6", -1, 1)
    await until(lambda: desk.adapter.book.held(TRADE) == 1)
    await desk.leave()
    await desk.filled("X")
    assert desk.fills("X") == [("X", 1, 20000)]
    assert server.exchange.position("SIM-1", "MESZ6").net == 0


async def test_an_exit_is_not_sent_while_the_stop_cannot_be_taken_back(server):
    async with desk_at(server, replace(QUICK, stand_down=0.1)) as desk:
        await desk.entered()
        server.trouble("reject", on="cancel", times=None)
        with pytest.raises(NotSent, match=f"{TRADE}-S, {TRADE}-T could not be taken back in time"):
            await desk.leave()
        server.calm()
        assert not sent(server, 312)
        assert server.exchange.position("SIM-1", "MESZ6").net == 2
        await desk.leave()  # again, as the dispatcher does
        await desk.filled("X")
        assert desk.position == 0


async def test_an_exit_of_a_trade_that_rithmic_does_not_know_is_refused(desk):
    with pytest.raises(Refused, match="Rithmic has no order of live-20261120-007 today"):
        await desk.leave(trade="live-20261120-007")


# Refusals


async def test_an_entry_that_rithmic_does_not_take_says_why(server, desk):
    server.trouble("refuse", on="entry", text="no margin for you")
    with pytest.raises(Refused, match="no margin for you"):
        await desk.enter()
    assert not desk.of(ReportReject)  # who placed it tells it


async def test_an_entry_that_the_exchange_rejects_is_told_once_with_its_reason(server, desk):
    """Acknowledged, and rejected in notifications: the reason is there alone, more than once."""
    server.trouble("reject", on="entry", text="market is closed")
    told = []
    try:
        await desk.enter()
    except Refused as error:
        told.append(str(error))
    assert (await desk.adapter.find(f"{TRADE}-E")).status == "rejected"
    told += [word.reason for word in desk.of(ReportReject)]
    assert told == ["market is closed"]


async def test_a_working_order_that_the_exchange_throws_out_is_reported():
    async with RithmicServer(market="next") as server, desk_at(server) as desk:
        await desk.enter()
        await desk.has(ReportWorking)
        (order,) = desk.adapter.book.working(f"{TRADE}-E")
        server.reject(order.basket, "halted")
        (word,) = await desk.has(ReportReject)
        assert (word.order_id, word.reason) == (f"{TRADE}-E", "halted")


async def test_a_stop_that_the_exchange_rejects_closes_at_market_as_the_stop(server, desk):
    server.trouble("reject", on="stop", text="no stops today")
    await desk.enter()
    await desk.filled("E", "S")
    assert desk.position == 0
    (word,) = await desk.has(ReportReject)
    assert (word.order_id, word.reason) == (f"{TRADE}-S", "no stops today")


async def test_a_stop_and_a_target_are_not_sent_by_us(desk):
    order = OrderIntent(
        ts=1, id=f"{TRADE}-S", trade_id=TRADE, symbol="MES", role="stop", type="stop", side=-1,
        size=2, price=19984,
    )  # fmt: skip
    with pytest.raises(Refused, match="makes a bracket's stop and target itself"):
        await desk.adapter.place(order)


async def test_a_symbol_of_another_market_is_refused(desk):
    order = OrderIntent(
        ts=1, id=f"{TRADE}-E", trade_id=TRADE, symbol="NQ", role="entry", type="market", side=1,
        size=1, stop_ticks=16, target_ticks=24,
    )  # fmt: skip
    with pytest.raises(Refused, match=r"NQ is not what is traded \(MESZ6\)"):
        await desk.adapter.place(order)
