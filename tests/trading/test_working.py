"""Working orders on the page are those that the engine's brackets have."""

from engine import events as said_
from engine.config import engine_config
from engine.engine import Engine
from engine.instruments import instrument
from marketdata.calendars import schedule
from tests.trading.days import ticks
from trading.pipeline.stream import part
from trading.pipeline.working import WorkingOrders


def engine():
    return Engine(engine_config("MES"), schedule(instrument("MES"), "rth"))


def intent(role, name, kind, side, price=None):
    return said_.OrderIntent(
        ts=5_000_000, id=name, trade_id="b", symbol="MES", role=role, type=kind, side=side,
        size=2, price=price,
    )  # fmt: skip


class Held:
    """A status with a position."""

    position = object()
    waiting = None


class Flat:
    position = None
    waiting = None


def test_an_order_works_from_its_intent_to_its_end():
    orders = WorkingOrders()
    orders.see(
        [intent("stop", "b-S", "stop", -1, 1990), intent("target", "b-T", "limit", -1, 2030)]
    )
    stop, target = orders.to_wire(Held)
    assert stop == {
        "id": "b-S", "trade": "b", "symbol": "MES", "role": "stop", "kind": "stop", "side": -1,
        "size": 2, "filled": 0, "price": 1990, "t": 5,
    }  # fmt: skip
    assert target["kind"] == "limit"
    moved = said_.OrderAmend(
        ts=6, id="b-S", trade_id="b", price=2001, size=3, reason="break_even"
    )  # fmt: skip
    part_filled = said_.OrderUpdate(ts=7, id="b-T", status="partial", filled=1)
    orders.see([moved, part_filled])
    stop, target = orders.to_wire(Held)
    assert (stop["price"], stop["size"]) == (2001, 3)
    assert target["filled"] == 1
    orders.see([said_.OrderUpdate(ts=8, id="b-T", status="filled", filled=2)])
    assert [order["id"] for order in orders.to_wire(Held)] == ["b-S"]
    orders.see([said_.OrderUpdate(ts=8, id="b-S", status="cancelled")])
    assert orders.to_wire(Held) == []


def test_a_rejected_order_works_no_more_and_an_unknown_one_is_none():
    orders = WorkingOrders()
    orders.see([intent("exit", "b-X", "market", -1)])
    orders.see([said_.OrderUpdate(ts=8, id="other", status="partial", filled=1)])
    assert [order["price"] for order in orders.to_wire(Held)] == [None]
    orders.see([said_.OrderUpdate(ts=8, id="b-X", status="rejected", reason="margin")])
    assert orders.to_wire(Held) == []


def test_where_the_engine_holds_nothing_nothing_works():
    orders = WorkingOrders()
    orders.see([intent("exit", "b-X", "market", -1)])
    assert orders.to_wire(Flat) == []


def test_over_a_day_a_waiting_entry_or_stop_and_target_work_and_nothing_else():
    one, orders, seen = engine(), WorkingOrders(), set()
    for start in range(0, len(ticks().ts), 10):
        orders.see(one.push_columns(part(ticks(), start, start + 10)))
        status = one.status()
        roles = tuple(sorted(order["role"] for order in orders.to_wire(status)))
        seen.add(roles)
        if status.position is None:
            assert roles == (() if status.waiting is None else ("entry",))
        else:
            assert roles in (("stop", "target"), ("exit", "stop", "target"))
            (stop,) = [o for o in orders.to_wire(status) if o["role"] == "stop"]
            assert (stop["price"], stop["size"]) == (status.position.stop, status.position.size)
            assert stop["side"] == -status.position.direction
    assert {(), ("stop", "target")} <= seen
