"""Decision, size, fills and limits, on a few trades each.

ES: a tick is 12.50, the fee 2.25 a side. Honest fills: 50 ms, one tick of slippage, targets only
when traded through. The stop is 16 ticks away, the target 24.
"""

from dataclasses import replace
from decimal import Decimal

import pytest

from engine.config import EngineConfig, engine_config, fill_profile
from engine.instruments import instrument
from engine.money import UNITS
from engine.names import PATTERN_DIRECTION, ExitReason, Halt, Pattern, Regime
from engine.ticks import NS
from tests.oracle.bars import Bar
from tests.oracle.days import DAY, HOUR, MINUTE, Days
from tests.oracle.router import Signal
from tests.oracle.test_regime import bar
from tests.oracle.trading import MS, Trader

BUY, SELL = Pattern.BUY_IMBALANCE, Pattern.SELL_IMBALANCE
DAYS = Days(0, HOUR, HOUR, 20 * HOUR, 21 * HOUR, 22 * HOUR)
T = 10 * HOUR
"""A bar's end within entry hours."""


def config(profile: str = "honest", symbol: str = "ES", **risk: object) -> EngineConfig:
    made = engine_config(symbol, fills=fill_profile(profile))
    return replace(made, risk=replace(made.risk, **risk))


def trader(settings: EngineConfig | None = None) -> Trader:
    made = Trader(settings or config())
    made.start_day(DAYS.at(0))
    return made


def signal(
    pattern: Pattern = BUY, strength: float = 0.5, regime: Regime = Regime.RANGING
) -> Signal:
    return Signal(
        T,
        T - 1,
        pattern,
        int(PATTERN_DIRECTION[pattern]),
        4800,
        strength,
        {},
        regime,
        0.6,
        True,
        "",
    )


def decide(
    made: Trader, *signals: Signal, end: int = T, last_tick: int | None = None
) -> tuple[str, int, str]:
    """Action, size and rule of the decision on these signals; a buy imbalance by default."""
    closed: Bar = bar(end=end)
    made.decide(closed, list(signals) or [signal()], end - 1 if last_tick is None else last_tick)
    decision = made.decisions[-1]
    return decision.action, decision.size, decision.rule


def trade_through(
    *prices: int, settings: EngineConfig | None = None, pattern: Pattern = BUY, start: int = T
) -> Trader:
    """Enter at T, then these trades, one a second; the first fills the entry."""
    made = trader(settings)
    decide(made, signal(pattern))
    made.take([(start + (i + 1) * NS, price, 1, 0) for i, price in enumerate(prices)])
    return made


def closed(made: Trader) -> tuple[int, int, ExitReason, int]:
    """Entry price, exit price, reason, and the second of the exit after T of the only trade."""
    (trade,) = made.trades
    return trade.entry_price, trade.exit_price, trade.reason, (trade.exit_ts - T) // NS


# Entry


def test_entry_fills_at_the_first_trade_after_the_latency_with_slippage() -> None:
    made = trader()
    decide(made)
    made.take([(T, 4800, 1, 1), (T + 50 * MS - 1, 4805, 1, 1), (T + 50 * MS, 4810, 1, 1)])
    assert (made.position.ts, made.position.price) == (T + 50 * MS, 4811)


def test_short_entry_slips_down() -> None:
    assert trade_through(4800, pattern=SELL).position.price == 4799


def test_ideal_entry_fills_at_the_trade_that_ended_the_bar() -> None:
    made = trader(config("ideal"))
    decide(made)
    made.take([(T, 4800, 1, 1)])
    assert (made.position.ts, made.position.price) == (T, 4800)


# Exits


@pytest.mark.parametrize(
    ("profile", "pattern", "prices", "expected"),
    [
        # Honest, long from 4801: stop 4785, target 4825
        ("honest", BUY, (4800, 4786, 4785), (4801, 4784, ExitReason.STOP, 3)),
        ("honest", BUY, (4800, 4786, 4780), (4801, 4779, ExitReason.STOP, 3)),
        ("honest", BUY, (4800, 4825, 4826), (4801, 4825, ExitReason.TARGET, 3)),
        ("honest", BUY, (4800, 4850), (4801, 4825, ExitReason.TARGET, 2)),
        # Honest, short from 4799: stop 4815, target 4775
        ("honest", SELL, (4800, 4814, 4815), (4799, 4816, ExitReason.STOP, 3)),
        ("honest", SELL, (4800, 4820), (4799, 4821, ExitReason.STOP, 2)),
        ("honest", SELL, (4800, 4775, 4774), (4799, 4775, ExitReason.TARGET, 3)),
        # Ideal, from 4800
        ("ideal", BUY, (4800, 4785, 4780), (4800, 4784, ExitReason.STOP, 3)),
        ("ideal", BUY, (4800, 4823, 4824), (4800, 4824, ExitReason.TARGET, 3)),
        ("ideal", SELL, (4800, 4815, 4830), (4800, 4816, ExitReason.STOP, 3)),
        ("ideal", SELL, (4800, 4777, 4770), (4800, 4776, ExitReason.TARGET, 3)),
    ],
)
def test_stop_and_target(
    profile: str, pattern: Pattern, prices: tuple[int, ...], expected: tuple[object, ...]
) -> None:
    assert closed(trade_through(*prices, settings=config(profile), pattern=pattern)) == expected


def test_target_that_is_only_touched_does_not_fill() -> None:
    assert trade_through(4800, 4825).trades == []


def test_the_trade_that_fills_the_entry_does_not_trigger_its_stop() -> None:
    tight = config(stop_ticks=1)
    made = trade_through(4800, settings=tight)
    assert made.trades == []
    assert closed(trade_through(4800, 4800, settings=tight)) == (4801, 4799, ExitReason.STOP, 2)


def test_money_of_a_trade() -> None:
    made = trade_through(4800, 4850)
    (trade,) = made.trades
    assert trade.pnl_gross == 24 * Decimal("12.50") * UNITS
    assert trade.fees == 2 * Decimal("2.25") * UNITS
    assert trade.balance == 10_000 * UNITS + trade.pnl_net
    assert (trade.symbol, trade.size, trade.stop, trade.target) == ("ES", 1, 4785, 4825)


def test_fee_that_is_a_rate_is_of_each_side_s_value() -> None:
    settings = config(symbol="BTCUSDT", lots_per_unit=100)
    made = trade_through(600_000, 600_050, settings=settings)
    (trade,) = made.trades
    coin = instrument("BTCUSDT")
    assert trade.size == 100
    assert trade.fees == coin.fees(600_001, 100) + coin.fees(600_025, 100)
    assert trade.pnl_gross == 24 * 100 * coin.tick_units


def test_flatten_sends_an_exit_with_latency_and_slippage() -> None:
    flatten = DAYS.at(0).flatten_at
    made = trader()
    decide(made)
    made.take([(T + NS, 4800, 1, 0), (flatten - 1, 4801, 1, 0), (flatten, 4802, 1, 0)])
    assert made.trades == []
    made.take([(flatten + 49 * MS, 4803, 1, 0), (flatten + 50 * MS, 4804, 1, 0)])
    (trade,) = made.trades
    assert (trade.exit_price, trade.reason) == (4803, ExitReason.FLATTEN)


def test_stop_still_works_while_the_exit_is_under_way() -> None:
    flatten = DAYS.at(0).flatten_at
    made = trader()
    decide(made)
    made.take([(T + NS, 4800, 1, 0), (flatten, 4801, 1, 0), (flatten + 1, 4785, 1, 0)])
    assert made.trades[0].reason == ExitReason.STOP


def test_exit_that_has_arrived_replaces_stop_and_target() -> None:
    flatten = DAYS.at(0).flatten_at
    made = trader()
    decide(made)
    made.take([(T + NS, 4800, 1, 0), (flatten + NS, 4700, 1, 0)])
    assert (made.trades[0].reason, made.trades[0].exit_price) == (ExitReason.FLATTEN, 4699)


def test_entry_that_waits_at_the_flatten_time_is_cancelled() -> None:
    made = trader()
    decide(made)
    made.take([(DAYS.at(0).flatten_at, 4800, 1, 0), (DAYS.at(0).flatten_at + NS, 4800, 1, 0)])
    assert (made.entry, made.position, made.trades) == (None, None, [])


def test_position_without_trades_after_the_flatten_time_closes_on_the_next_day() -> None:
    made = trade_through(4800)
    made.start_day(DAYS.at(DAY))
    made.take([(DAY, 4790, 1, 0)])
    (trade,) = made.trades
    assert (trade.exit_ts, trade.exit_price, trade.reason) == (DAY, 4789, ExitReason.FLATTEN)
    assert made.realised == trade.pnl_net


def test_what_is_open_at_the_end_of_the_data_is_closed_there() -> None:
    made = trade_through(4800, 4810)
    made.finish(T + 300 * NS, 4810)
    assert closed(made) == (4801, 4809, ExitReason.END_OF_DATA, 300)


# Decisions


def test_strongest_signal_is_traded_and_of_equals_the_first() -> None:
    made = trader()
    decide(made, signal(BUY, 0.6), signal(SELL, 0.7))
    assert made.decisions[-1].direction == -1
    made = trader()
    decide(made, signal(BUY, 0.6), signal(Pattern.STACKED_BUY_IMBALANCE, 0.6))
    assert made.decisions[-1].pattern == BUY


def test_equally_strong_directions_conflict() -> None:
    both = signal(BUY, 0.6), signal(SELL, 0.6)
    assert decide(trader(), *both) == ("none", 0, "conflict")
    assert decide(trader(), *both, signal(Pattern.BUYING_ABSORPTION, 0.7))[0] == "enter"


def test_conflict_is_asked_last() -> None:
    both = signal(BUY, 0.6), signal(SELL, 0.6)
    assert decide(trader(), *both, end=HOUR - 1)[2] == "hours"
    assert decide(trade_through(4800), *both)[2] == "position"
    assert decide(trade_through(4800, 4785, settings=config(cooldown_bars=1)), *both)[2] == (
        "cooldown"
    )


def test_nothing_is_entered_when_the_data_has_ended() -> None:
    made = trader()
    decide(made)
    made.finish(T, 4800)
    assert decide(made)[:2] == ("none", 0)
    assert (made.entry, made.trades) == (None, [])


def test_signals_that_were_not_approved_are_no_decision() -> None:
    made = trader()
    made.decide(bar(end=T), [signal()._replace(approved=False)], T)
    assert made.decisions == []


@pytest.mark.parametrize(
    ("end", "rule"),
    [(HOUR - 1, "hours"), (HOUR, ""), (20 * HOUR - 1, ""), (20 * HOUR, "hours")],
)
def test_entry_hours(end: int, rule: str) -> None:
    assert decide(trader(), end=end)[2] == rule


@pytest.mark.parametrize(
    ("end", "last_tick", "rule"),
    [
        (T, T - 30 * NS, ""),  # the bar's end comes before the deadline at the same moment
        (T, T - 30 * NS - 1, "stale_feed"),
        (HOUR + 30 * NS, HOUR - MINUTE, ""),  # counts from the first entry hour
        (HOUR + 31 * NS, HOUR - MINUTE, "stale_feed"),
        (HOUR - 1, HOUR - MINUTE, "hours"),
        (20 * HOUR + MINUTE, 20 * HOUR + 29 * NS, "stale_feed"),
        (21 * HOUR, 21 * HOUR - 30 * NS, "hours"),
        (21 * HOUR + MINUTE, 21 * HOUR - 30 * NS, "hours"),
    ],
)
def test_stale_feed(end: int, last_tick: int, rule: str) -> None:
    assert decide(trader(), end=end, last_tick=last_tick)[2] == rule


def test_one_position_or_waiting_order_at_a_time() -> None:
    made = trader()
    assert [decide(made)[2], decide(made)[2]] == ["", "position"]
    made.take([(T + NS, 4800, 1, 0)])
    assert decide(made)[2] == "position"


def test_cool_down_forbids_the_next_bars_after_a_stop() -> None:
    made = trade_through(4800, 4785, settings=config(cooldown_bars=2))
    assert [decide(made)[2] for _ in range(3)] == ["cooldown", "cooldown", ""]
    made = trade_through(4800, 4850, settings=config(cooldown_bars=2))
    assert decide(made)[2] == ""
    made = trade_through(4800, 4785, settings=config(cooldown_bars=2))
    made.start_day(DAYS.at(DAY))
    assert decide(made, end=DAY + T)[2] == ""


# Size


@pytest.mark.parametrize(
    ("streak", "regime", "count", "units"),
    [
        (0, Regime.TRENDING_UP, 1, 2),
        (0, Regime.TRENDING_DOWN, 2, 3),
        (2, Regime.TRENDING_UP, 1, 2),
        (3, Regime.TRENDING_UP, 1, 3),
        (3, Regime.TRENDING_UP, 2, 3),  # the tier's most
        (-1, Regime.TRENDING_UP, 2, 3),
        (-2, Regime.TRENDING_UP, 2, 2),
        (-9, Regime.TRENDING_UP, 1, 1),
        (0, Regime.RANGING, 1, 1),  # 0.75 of 1: at least 1
        (0, Regime.RANGING, 2, 1),  # 1.5
        (3, Regime.RANGING, 2, 2),  # 2.25
        (3, Regime.RANGING, 1, 1),  # 1.5
        (-2, Regime.RANGING, 1, 1),
        (3, Regime.VOLATILE, 2, 1),  # 1.5
    ],
)
def test_size(streak: int, regime: Regime, count: int, units: int) -> None:
    made = trader(config(lots_per_unit=5))
    made.streak = streak
    signals = [signal(regime=regime) for _ in range(count)]
    assert decide(made, *signals)[1] == units * 5


def test_only_signals_of_the_chosen_direction_add() -> None:
    up = Regime.TRENDING_UP
    assert decide(trader(), signal(BUY, 0.9, up), signal(SELL, 0.6, up))[1] == 2


def test_streak_counts_net_results() -> None:
    made = trader()
    for prices, streak in (
        ((4800, 4850), 1),
        ((4800, 4850), 2),
        ((4800, 4785), -1),
        ((4800, 4850), 1),
    ):
        made.halts.clear()
        decide(made)
        made.take([(T + (i + 1) * NS, price, 1, 0) for i, price in enumerate(prices)])
        assert made.streak == streak


def test_a_trade_that_earns_nothing_ends_either_streak() -> None:
    made = trader(config("ideal"))
    made.streak = 2
    decide(made)
    made.take([(T, 4800, 1, 0)])
    made.finish(T + NS, 4800)
    assert made.streak == 0


# Tiers


@pytest.mark.parametrize(
    ("balance", "tier"),
    [
        ("0.01", "MES 1-3"),
        ("3499.99", "MES 1-3"),
        ("3500", "ES 1"),
        ("5000", "ES 1-2"),
        ("7500", "ES 1-3"),
        ("10000", "ES 1-3 top"),
    ],
)
def test_tier_of_a_balance(balance: str, tier: str) -> None:
    settings = config()
    account = replace(settings.account, balance=Decimal(balance))
    assert Trader(replace(settings, account=account)).tier.name == tier


def test_tier_changes_when_flat_and_with_it_the_instrument() -> None:
    settings = config("ideal", "MES")
    settings = replace(settings, account=replace(settings.account, balance=Decimal(3480)))
    made = trade_through(4800, 4830, settings=settings)
    assert (made.trades[0].symbol, made.trades[0].pnl_gross) == ("MES", 30 * UNITS)
    assert made.tier.name == "ES 1"
    decide(made)
    assert made.entry.instrument.symbol == "ES"


# Limits


def limits(profile: str = "ideal", **risk: object) -> EngineConfig:
    return config(profile, stop_ticks=500, target_ticks=500, **risk)


def test_loss_limit_is_reached_by_open_losses_and_sends_an_exit() -> None:
    """300 is 24 ticks."""
    settings = limits()
    assert trade_through(4800, 4777, 4776, settings=settings).halts == {Halt.LOSS_LIMIT}
    assert trade_through(4800, 4777, settings=settings).halts == set()
    made = trade_through(4800, 4776, 4770, settings=settings)
    assert closed(made) == (4800, 4770, ExitReason.LOSS_LIMIT, 3)
    assert decide(made)[2] == "loss_limit"


def test_loss_limit_counts_the_fees_of_both_sides() -> None:
    """From 4801, 23 ticks and 4.50 are 292: not yet; 24 ticks are 304.50."""
    settings = limits("honest")
    assert trade_through(4800, 4778, settings=settings).halts == set()
    made = trade_through(4800, 4777, 4776, settings=settings)
    assert closed(made) == (4801, 4775, ExitReason.LOSS_LIMIT, 3)
    exactly = limits("honest", loss_limit=Decimal("304.50"))
    assert trade_through(4800, 4777, settings=exactly).halts == {Halt.LOSS_LIMIT}
    almost = limits("honest", loss_limit=Decimal("304.51"))
    assert trade_through(4800, 4777, settings=almost).halts == set()


def test_loss_limit_for_a_short() -> None:
    made = trade_through(4800, 4823, settings=limits(), pattern=SELL)
    assert made.halts == set()
    made = trade_through(4800, 4824, 4830, settings=limits(), pattern=SELL)
    assert closed(made) == (4800, 4830, ExitReason.LOSS_LIMIT, 3)


def test_loss_limit_counts_the_day_s_closed_trades() -> None:
    made = trade_through(4800, 4784, settings=config("ideal"))  # -200
    assert made.halts == set()
    decide(made)
    made.take([(T + 9 * NS, 4800, 1, 0), (T + 10 * NS, 4793, 1, 0)])
    assert made.halts == set()
    made.take([(T + 11 * NS, 4792, 1, 0)])
    assert made.halts == {Halt.LOSS_LIMIT}


def test_tier_s_limit_holds_when_it_is_tighter() -> None:
    settings = limits(loss_limit=Decimal(700))  # the tier has 500: 40 ticks
    assert trade_through(4800, 4761, settings=settings).halts == set()
    assert trade_through(4800, 4760, settings=settings).halts == {Halt.LOSS_LIMIT}


def test_stop_at_the_exchange_comes_before_the_limit_on_the_same_trade() -> None:
    made = trade_through(4800, 4776, settings=config("ideal", stop_ticks=24))
    assert made.trades[0].reason == ExitReason.STOP
    assert made.halts == {Halt.LOSS_LIMIT}


def test_loss_limit_with_a_fee_that_is_a_rate() -> None:
    """Each tick is worth the same, each price has its own fee."""
    settings = config(
        symbol="BTCUSDT", lots_per_unit=1000, stop_ticks=50_000, loss_limit=Decimal(300)
    )
    coin = instrument("BTCUSDT")

    def worth(price: int) -> int:
        fees = coin.fees(600_001, 1000) + coin.fees(price, 1000)
        return coin.pnl(price - 600_001, 1000) - fees

    price = next(price for price in range(600_001, 500_000, -1) if worth(price) <= -300 * UNITS)
    assert trade_through(600_000, price + 1, settings=settings).halts == set()
    assert trade_through(600_000, price, settings=settings).halts == {Halt.LOSS_LIMIT}


def test_profit_target_is_of_closed_trades_and_ends_with_the_day() -> None:
    settings = config("ideal", profit_target=Decimal(300))
    made = trade_through(4800, 4823, settings=settings)
    assert made.halts == set()
    made.take([(T + 9 * NS, 4824, 1, 0)])
    assert made.halts == {Halt.PROFIT_TARGET}
    assert decide(made)[2] == "profit_target"
    made.start_day(DAYS.at(DAY))
    assert decide(made, end=DAY + T)[2] == ""


def test_loss_limit_ends_with_the_day_and_drawdown_does_not() -> None:
    settings = limits(max_drawdown=Decimal(400))
    made = trade_through(4800, 4776, 4770, settings=settings)
    made.start_day(DAYS.at(DAY))
    assert made.halts == set()
    decide(made, end=DAY + T)
    made.take([(DAY + T, 4800, 1, 0), (DAY + T + 1, 4799, 1, 0)])
    assert made.halts == set()
    made.take([(DAY + T + 2, 4798, 1, 0), (DAY + T + 3, 4790, 1, 0)])
    assert made.halts == {Halt.MAX_DRAWDOWN}
    assert made.trades[-1].reason == ExitReason.MAX_DRAWDOWN
    made.start_day(DAYS.at(2 * DAY))
    assert decide(made, end=2 * DAY + T)[2] == "max_drawdown"


def test_drawdown_is_from_the_highest_closed_balance() -> None:
    settings = limits(max_drawdown=Decimal(300), loss_limit=Decimal(400))
    made = trade_through(4800, 4830, 4806, settings=settings)
    assert made.halts == set()  # the open gain was no peak
    account = replace(settings.account, peak=Decimal(10_100))
    made = trade_through(4800, 4784, settings=replace(settings, account=account))
    assert made.halts == {Halt.MAX_DRAWDOWN}


def test_drawdown_of_exactly_the_limit_by_a_closed_trade() -> None:
    settings = config("ideal", max_drawdown=Decimal(200))
    assert trade_through(4800, 4784, settings=settings).halts == {Halt.MAX_DRAWDOWN}
    settings = config("ideal", max_drawdown=Decimal("200.01"))
    assert trade_through(4800, 4784, settings=settings).halts == set()


def test_first_of_two_limits_names_the_exit() -> None:
    settings = limits(max_drawdown=Decimal(300))
    made = trade_through(4800, 4776, 4770, settings=settings)
    assert made.halts == {Halt.LOSS_LIMIT, Halt.MAX_DRAWDOWN}
    assert made.trades[0].reason == ExitReason.LOSS_LIMIT
