"""The simulated exchange: when, at what price and what it fills, with each assumption."""

import pytest

from engine.config import FillRules, fill_profile
from engine.exchange import MS, Protection, SimulatedExchange
from engine.footprint import FAR, INF_PRICE

HONEST, IDEAL = fill_profile("honest"), fill_profile("ideal")
TOUCH = FillRules(target="touch")
LONG = Protection("S", "T", 1, 2, stop=4785, target=4825)
SHORT = Protection("S", "T", -1, 2, stop=4815, target=4775)


def protected(protection: Protection, rules: FillRules = HONEST) -> SimulatedExchange:
    exchange = SimulatedExchange(rules)
    exchange.protect(protection)
    return exchange


def test_nothing_works_at_first() -> None:
    exchange = SimulatedExchange(HONEST)
    assert (exchange.order_at, exchange.watch) == (FAR, (-1, INF_PRICE))
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
    exchange.cancel()
    assert (exchange.order_at, exchange.watch) == (FAR, (-1, INF_PRICE))


@pytest.mark.parametrize(("rules", "price"), [(HONEST, 4799), (IDEAL, 4800)])
def test_close_out_fills_at_once_less_slippage(rules: FillRules, price: int) -> None:
    exchange = protected(LONG, rules)
    exchange.send("X", -1, 2, ts=0)
    fill = exchange.close_out("X", -1, 2, ts=3, price=4800)
    assert (fill.order_id, fill.ts, fill.price, fill.size) == ("X", 3, price, 2)
    assert (exchange.order_at, exchange.watch) == (FAR, (-1, INF_PRICE))
