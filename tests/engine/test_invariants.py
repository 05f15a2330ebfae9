"""What the product promises, each promise a test whose name says it.

More of them, on sums, splits and beats, are in `test_properties`; what must hold after every single
event is in `invariants`, which `test_fuzz` uses too.
"""

from decimal import Decimal
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from engine.config import BarRules, EngineConfig
from engine.engine import Engine
from engine.events import Event, Filled, OrderIntent, TradeClosed
from engine.ticks import TickArray
from tests.engine.drive import BUY_BAR, of
from tests.engine.invariants import Watched
from tests.engine.strategies import busy, configs, markets, schedules
from tests.engine.venue import Venue, brackets, mostly_live, storm_days, storms
from tests.oracle.days import Days


@given(configs, schedules, markets(), st.lists(st.integers(0, 1500), max_size=8))
def test_books_balance_after_every_event(
    config: EngineConfig, days: Days, ticks: TickArray, cuts: list[int]
) -> None:
    """Position, P&L, fees, balance, halts, orders and bars, by books that know the events alone."""
    watched = Watched(Engine(config, days), days)
    for start, end in pairwise([0, *sorted(cuts), len(ticks)]):
        watched.push(ticks[start:end])
    watched.finish()


@given(configs, schedules, markets())
def test_profit_of_all_trades_is_the_change_of_the_balance_plus_the_fees(
    config: EngineConfig, days: Days, ticks: TickArray
) -> None:
    engine = Engine(config, days)
    before = engine.status().balance
    events = [*engine.push(ticks), *engine.finish()]
    gross = sum(event.trade.pnl_gross for event in of(TradeClosed, events))
    fees = sum(event.fee for event in of(Filled, events))
    assert gross == engine.status().balance - before + fees


@given(
    st.builds(busy, bars=st.sampled_from([BarRules(60), BarRules(kind="tick", size=9)])),
    schedules, markets(),
)  # fmt: skip
def test_stops_never_fill_better_than_the_trade_that_triggered_them(
    config: EngineConfig, days: Days, ticks: TickArray
) -> None:
    """A tick worse, by the honest assumptions; and that trade is at the stop or through it."""
    events = [*Engine(config, days).push(ticks)]
    orders = {order.id: order for order in of(OrderIntent, events)}
    for filled in of(Filled, events):
        if filled.role == "stop":
            stop = orders[filled.fill.order_id].price
            assert filled.side * (filled.fill.price - filled.market) == 1
            assert filled.side * (filled.market - stop) >= 0


@given(
    st.builds(
        busy, symbol=st.sampled_from(["ES", "MES", "BTCUSDT"]),
        stop_ticks=st.sampled_from([30, 90]), target_ticks=st.just(90),
        loss_limit=st.sampled_from([Decimal(5), Decimal(60)]),
        max_drawdown=st.sampled_from([Decimal(30), Decimal(90)]),
    ),
    schedules, markets(), st.integers(1, 30),
)  # fmt: skip
def test_no_position_is_held_beyond_the_daily_loss_or_the_drawdown(
    config: EngineConfig, days: Days, ticks: TickArray, step: int
) -> None:
    """Open losses count: whenever one looks, a limit is not reached or the exit is on its way."""
    watched = Watched(Engine(config, days), days)
    for start in range(0, len(ticks), step):
        watched.push(ticks[start : start + step])


@given(configs, schedules, markets(), st.booleans(), st.booleans(), st.integers(0, 1500))
def test_nothing_looks_at_a_later_tick(
    config: EngineConfig, days: Days, ticks: TickArray, quiet: bool, simulated: bool, now: int
) -> None:
    """Cut the future off anywhere: what was said until then stays word for word."""

    def said(known: TickArray) -> list[Event]:
        return list(Engine(config, days, quiet=quiet, simulated=simulated).push(known))

    past = said(ticks[:now])
    assert said(ticks)[: len(past)] == past


@given(mostly_live, storm_days, brackets, storms)
def test_two_engines_fed_the_same_journal_are_equal_after_every_input(
    simulated: bool, days: Days, config: EngineConfig, script: list[tuple[object, ...]]
) -> None:
    """Ticks, beats, fills and commands in any order."""
    first, second = (Venue(config, days, simulated) for _ in range(2))
    for action in [("bar", BUY_BAR), *script]:
        for venue in (first, second):
            venue.play(action)
        one, other = first.watched.engine, second.watched.engine
        assert first.watched.events == second.watched.events
        assert (one.status(), one.carry()) == (other.status(), other.carry())
        assert one.forming() == other.forming()
