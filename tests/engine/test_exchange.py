"""The simulated exchange: when, at what price and what it fills, with each assumption."""

import pytest

from engine.config import FillRules, fill_profile
from engine.exchange import Protection, SimulatedExchange
from engine.footprint import FAR, INF_PRICE

HONEST, IDEAL = fill_profile("honest"), fill_profile("ideal")
MS = 1_000_000
TOUCH = FillRules(target="touch")
LONG = Protection("S", "T", 1, 2, stop=4785, target=4825)
SHORT = Protection("S", "T", -1, 2, stop=4815, target=4775)


def protected(protection: Protection, rules: FillRules = HONEST) -> SimulatedExchange:
    exchange = SimulatedExchange(rules)
    exchange.protect(protection)
    return exchange


def test_nothing_works_at_first() -> None:
    exchange = SimulatedExchange(HONEST)
    assert (exchange.order_at, exchange.watch, exchange.stop) == (FAR, (-1, INF_PRICE), 0)
    assert exchange.trade(5, 4800) is None


# Market orders


def test_order_arrives_after_its_latency_to_the_nanosecond() -> None:
    exchange = SimulatedExchange(HONEST)
    exchange.send("E", 1, 2, ts=1000)
    arrives = 1000 + 50 * MS
    assert exchange.order_at == arrives
    assert exchange.trade(arrives - 1, 4800) is None
    fill = exchange.trade(arrives, 4800)
    assert fill is not None
    assert (fill.id, fill.order_id, fill.ts, fill.price, fill.size) == (
        "E-1", "E", arrives, 4801, 2,
    )  # fmt: skip
    assert exchange.order_at == FAR
    assert exchange.trade(arrives + 1, 4800) is None


@pytest.mark.parametrize(
    ("rules", "side", "price"),
    [
        (HONEST, 1, 4801),
        (HONEST, -1, 4799),
        (FillRules(slippage_ticks=3), 1, 4803),
        (FillRules(slippage_ticks=3), -1, 4797),
        (IDEAL, 1, 4800),
        (IDEAL, -1, 4800),
    ],
)
def test_slippage_is_to_the_worse_side(rules: FillRules, side: int, price: int) -> None:
    exchange = SimulatedExchange(rules)
    exchange.send("E", side, 1, ts=0)
    fill = exchange.trade(10**9, 4800)
    assert fill is not None
    assert fill.price == price


def test_without_latency_the_trade_of_the_same_moment_fills() -> None:
    exchange = SimulatedExchange(IDEAL)
    exchange.send("E", 1, 1, ts=7)
    assert exchange.trade(7, 4800) is not None


# Stop and target


@pytest.mark.parametrize(
    ("rules", "protection", "price", "expected"),
    [
        # A long's stop at 4785: touch, gap; target 4825
        (HONEST, LONG, 4786, None),
        (HONEST, LONG, 4785, ("S", 4784)),
        (HONEST, LONG, 4700, ("S", 4699)),
        (HONEST, LONG, 4825, None),
        (HONEST, LONG, 4826, ("T", 4825)),
        (HONEST, LONG, 4900, ("T", 4825)),
        (TOUCH, LONG, 4824, None),
        (TOUCH, LONG, 4825, ("T", 4825)),
        # A short's stop at 4815, target 4775
        (HONEST, SHORT, 4814, None),
        (HONEST, SHORT, 4815, ("S", 4816)),
        (HONEST, SHORT, 4900, ("S", 4901)),
        (HONEST, SHORT, 4775, None),
        (HONEST, SHORT, 4774, ("T", 4775)),
        (TOUCH, SHORT, 4776, None),
        (TOUCH, SHORT, 4775, ("T", 4775)),
        # Exact: the stop's own price, whatever the gap
        (IDEAL, LONG, 4700, ("S", 4785)),
        (IDEAL, SHORT, 4900, ("S", 4815)),
        (IDEAL, LONG, 4825, ("T", 4825)),
    ],
)
def test_stop_and_target(
    rules: FillRules, protection: Protection, price: int, expected: tuple[str, int] | None
) -> None:
    fill = protected(protection, rules).trade(9, price)
    assert (None if fill is None else (fill.order_id, fill.price)) == expected
    if fill is not None:
        assert (fill.ts, fill.size, fill.id) == (9, 2, f"{fill.order_id}-1")


@pytest.mark.parametrize("rules", [HONEST, TOUCH, IDEAL])
@pytest.mark.parametrize("protection", [LONG, SHORT])
def test_watched_prices_are_those_that_fill(rules: FillRules, protection: Protection) -> None:
    low, high = protected(protection, rules).watch
    for price in range(4760, 4840):
        fills = protected(protection, rules).trade(0, price) is not None
        assert fills == (price <= low or price >= high)


def test_one_fill_ends_both() -> None:
    exchange = protected(LONG)
    assert exchange.trade(0, 4785) is not None
    assert exchange.watch == (-1, INF_PRICE)
    assert exchange.trade(1, 4826) is None


# Exit orders


def test_exit_order_replaces_stop_and_target_when_it_arrives() -> None:
    exchange = protected(LONG)
    exchange.send("X", -1, 2, ts=0)
    assert exchange.watch == (4785, 4826)
    fill = exchange.trade(50 * MS, 4700)
    assert fill is not None
    assert (fill.order_id, fill.price) == ("X", 4699)
    assert (exchange.watch, exchange.order_at) == ((-1, INF_PRICE), FAR)


def test_stop_still_fills_before_the_exit_order_arrives_and_ends_it() -> None:
    exchange = protected(LONG)
    exchange.send("X", -1, 2, ts=0)
    fill = exchange.trade(50 * MS - 1, 4785)
    assert fill is not None
    assert fill.order_id == "S"
    assert exchange.order_at == FAR
    assert exchange.trade(50 * MS, 4785) is None


def test_cancel_forgets_everything() -> None:
    exchange = protected(LONG)
    exchange.send("X", -1, 2, ts=0)
    exchange.move_stop(4790, ts=0)
    exchange.cancel()
    assert (exchange.order_at, exchange.watch) == (FAR, (-1, INF_PRICE))
    exchange.protect(LONG)
    assert exchange.trade(50 * MS, 4790) is None


def test_recall_forgets_the_exit_order_and_leaves_stop_and_target() -> None:
    exchange = protected(LONG)
    exchange.send("X", -1, 2, ts=0)
    exchange.recall()
    assert (exchange.order_at, exchange.watch) == (FAR, (4785, 4826))


# Changes of the stop


def test_a_changed_stop_works_from_its_arrival_on() -> None:
    exchange = protected(LONG)
    exchange.move_stop(4795, ts=1000)
    arrives = 1000 + 50 * MS
    assert exchange.order_at == arrives
    assert exchange.trade(arrives - 1, 4795) is None
    assert (exchange.watch, exchange.stop) == ((4785, 4826), 4785)
    assert exchange.trade(arrives, 4796) is None
    assert (exchange.watch, exchange.stop, exchange.order_at) == ((4795, 4826), 4795, FAR)
    fill = exchange.trade(arrives + 1, 4795)
    assert fill is not None
    assert (fill.order_id, fill.price, exchange.stop) == ("S", 4794, 4795)


def test_until_then_the_old_stop_works() -> None:
    exchange = protected(LONG)
    exchange.move_stop(4795, ts=0)
    fill = exchange.trade(50 * MS - 1, 4785)
    assert fill is not None
    assert (fill.price, exchange.stop, exchange.order_at) == (4784, 4785, FAR)


@pytest.mark.parametrize(
    ("rules", "protection", "stop", "price", "filled"),
    [
        (HONEST, LONG, 4795, 4795, 4794),
        (HONEST, LONG, 4795, 4790, 4789),
        (IDEAL, LONG, 4795, 4790, 4795),
        (HONEST, SHORT, 4805, 4810, 4811),
        (IDEAL, SHORT, 4805, 4810, 4805),
    ],
)
def test_a_trade_at_or_through_the_new_stop_when_it_arrives_triggers_it(
    rules: FillRules, protection: Protection, stop: int, price: int, filled: int
) -> None:
    exchange = protected(protection, rules)
    exchange.move_stop(stop, ts=0)
    fill = exchange.trade(50 * MS, price)
    assert fill is not None
    assert (fill.order_id, fill.price) == ("S", filled)


def test_several_changes_may_be_on_their_way() -> None:
    exchange = protected(LONG)
    for ts, stop in enumerate((4790, 4791, 4792)):
        exchange.move_stop(stop, ts)
    assert exchange.order_at == 50 * MS
    assert exchange.trade(50 * MS, 4800) is None
    assert (exchange.stop, exchange.order_at) == (4790, 50 * MS + 1)
    assert exchange.trade(50 * MS + 2, 4800) is None
    assert (exchange.stop, exchange.order_at) == (4792, FAR)


def test_a_change_does_not_move_the_target() -> None:
    exchange = protected(SHORT)
    exchange.move_stop(4805, ts=0)
    fill = exchange.trade(50 * MS, 4774)
    assert fill is not None
    assert (fill.order_id, fill.price) == ("T", 4775)


@pytest.mark.parametrize(("protection", "stop"), [(LONG, 4824), (SHORT, 4776)])
def test_a_stop_one_tick_from_the_target_leaves_the_target_its_trades(
    protection: Protection, stop: int
) -> None:
    exchange = protected(protection, TOUCH)
    exchange.move_stop(stop, ts=0)
    fill = exchange.trade(50 * MS, protection.target)
    assert fill is not None
    assert (fill.order_id, fill.price) == ("T", protection.target)


@pytest.mark.parametrize(("first", "expected"), [("exit", 50 * MS), ("stop", 50 * MS)])
def test_the_earlier_of_an_exit_and_a_change_is_waited_for(first: str, expected: int) -> None:
    exchange = protected(LONG)
    exchange.send("X", -1, 2, ts=0 if first == "exit" else 9)
    exchange.move_stop(4790, ts=0 if first == "stop" else 9)
    assert exchange.order_at == expected


def test_an_exit_order_fills_before_a_changed_stop_that_arrives_with_it() -> None:
    exchange = protected(LONG)
    exchange.move_stop(4795, ts=0)
    exchange.send("X", -1, 2, ts=0)
    fill = exchange.trade(50 * MS, 4790)
    assert fill is not None
    assert (fill.order_id, exchange.stop) == ("X", 4795)


@pytest.mark.parametrize(("rules", "price"), [(HONEST, 4799), (IDEAL, 4800)])
def test_close_out_fills_at_once_less_slippage(rules: FillRules, price: int) -> None:
    exchange = protected(LONG, rules)
    exchange.send("X", -1, 2, ts=0)
    fill = exchange.close_out("X", -1, 2, ts=3, price=4800)
    assert (fill.order_id, fill.ts, fill.price, fill.size) == ("X", 3, price, 2)
    assert (exchange.order_at, exchange.watch) == (FAR, (-1, INF_PRICE))
