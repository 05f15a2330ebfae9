"""Days on which anything goes wrong at random: every fill is told once, and nothing is sent twice.

A small dispatcher stands in for the real one: it sends again what is known not to have left, asks
for what is not known, and closes what the broker says is held.
"""

import asyncio
import random
from contextlib import suppress
from dataclasses import replace
from typing import Literal

import pytest

from engine.commands import ReportDifference, ReportLink
from engine.events import Fill, OrderAmend, OrderCancel, OrderIntent
from tests.servers.rithmic import RithmicServer
from tests.trading.rithmic.conftest import until
from tests.trading.rithmic.desk import QUICK, Desk, desk_at, sent
from trading.brokers.adapter import (
    BrokerError,
    BrokerOrder,
    BrokerState,
    NotSent,
    Order,
    OutcomeUnknown,
    Refused,
)

TIMING = replace(QUICK, answer=0.15, silence=2.0, stand_down=0.3, legs=0.3)
TROUBLES = [
    (what, on)
    for on, kinds in {
        "entry": "drop lost_ack empty_ack refuse reject cut_before cut_after garbage half_frame",
        "exit": "drop lost_ack cut_before cut_after reject garbage",
        "cancel": "drop lost_ack reject cut_after late_fill",
        "modify": "drop reject cut_after",
        "query": "drop refuse cut_after",
        "login": "drop refuse",
        "fill": "duplicate_fill lose_fill hold_fill",
        "stop": "reject",
        "target": "reject",
    }.items()
    for what in kinds.split()
]
TRADES = 4


async def put(desk: Desk, order: Order) -> None:
    """Until it is known to be there or refused."""
    while True:
        try:
            await desk.adapter.place(order)
            return
        except NotSent:
            await asyncio.sleep(0.01)
        except Refused:
            return
        except OutcomeUnknown:
            found = await known(desk, order.id)
            if found is not None or not isinstance(order, OrderIntent) or order.role == "entry":
                return


async def known(desk: Desk, order: str) -> BrokerOrder | None:
    while True:
        await until(lambda: desk.adapter.up)
        with suppress(BrokerError):
            return await desk.adapter.find(order)


async def state(desk: Desk) -> BrokerState:
    while True:
        await until(lambda: desk.adapter.up)
        with suppress(BrokerError):
            return await desk.adapter.state()


def exit_of(trade: str, number: int, position: int) -> OrderIntent:
    name = f"{trade}-X{number if number > 1 else ''}"
    return OrderIntent(
        ts=3, id=name, trade_id=trade, symbol="MES", role="exit", type="market",
        side=-1 if position > 0 else 1, size=abs(position),
    )  # fmt: skip


async def closed(desk: Desk, trade: str) -> None:
    """Close whatever the broker says is there."""
    number = 1
    while True:
        found = await state(desk)
        held = found.positions.get("MESZ6", 0)
        working = {order.id for order in found.orders if order.id and not order.over}
        if held:
            await put(desk, exit_of(trade, number, held))
            number += 1
        elif working:
            for order in working:
                await put(desk, OrderCancel(ts=3, id=order, trade_id=trade, reason="left over"))
        else:
            return


async def day(desk: Desk, chance: random.Random) -> None:
    server, price = desk.server, 20000
    server.trade("MESZ6", price)
    for number in range(1, TRADES + 1):
        trade = f"live-20261121-{number:03d}"
        side: Literal[1, -1] = chance.choice([1, -1])
        for what, on in chance.sample(TROUBLES, 3):
            server.trouble(what, on=on)
        server.trouble("split", on="entry", sizes=(1, 1, 1), probability=0.3)
        await put(
            desk,
            OrderIntent(
                ts=1, id=f"{trade}-E", trade_id=trade, symbol="MES", role="entry", type="market",
                side=side, size=chance.randint(1, 3), stop_ticks=16, target_ticks=24,
            ),
        )  # fmt: skip
        for _ in range(4):
            price += chance.randint(-8, 8)
            server.trade("MESZ6", price)
            stop = price - side * chance.randint(5, 20)
            moved = OrderAmend(
                ts=2, id=f"{trade}-S", trade_id=trade, price=stop, size=1, reason="trailing_stop"
            )
            if chance.random() < 0.3:
                await put(desk, moved)
            if chance.random() < 0.1:
                server.cut(chance.choice([0, 2, 4]))
        server.exchange.market = "last"  # what is sent to close does
        server.trade("MESZ6", price)
        await asyncio.wait_for(closed(desk, trade), 30)
        server.calm()


@pytest.mark.parametrize("seed", range(4))
async def test_whatever_goes_wrong_every_fill_is_told_once_and_no_order_sent_twice(seed):
    chance = random.Random(seed)
    async with (
        RithmicServer(
            seed=seed,
            market=chance.choice(["last", "next"]),
            children=chance.choice(["each", "one"]),
            tagged_children=chance.random() < 0.5,
            links_cancel=chance.random() < 0.5,
            exit_cancels=chance.random() < 0.5,
        ) as server,
        desk_at(server, TIMING) as desk,
    ):
        await day(desk, chance)
        await state(desk)
        fills = [(f"{each.basket}-{each.id}", each.size) for each in server.exchange.ledger.fills]
        await until(lambda: len(desk.of(Fill)) >= len(fills))
        assert sorted((fill.id, fill.size) for fill in desk.of(Fill)) == sorted(fills)
        assert fills
        tags = [each.tag for each in sent(server, 312, 330) if each.taken and each.tag]
        assert len(tags) == len(set(tags))
        said = [word.id for word in desk.words if not isinstance(word, ReportLink)]
        assert len(said) == len(set(said))
        assert not desk.of(ReportDifference)
        assert server.exchange.position("SIM-1", "MESZ6").net == 0
        assert not server.exchange.working
        assert server.troubles.happened
