"""The account: tiers, limits, streaks, size, and the price at which a limit is reached."""

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.config import INDEX_TIERS, RiskRules, Tier
from engine.instruments import instrument
from engine.money import UNITS, to_units
from engine.names import Halt, Regime
from engine.risk import Account, limit_price, size_entry, tier_of
from engine.ticks import NS

RULES = RiskRules(tiers=INDEX_TIERS)
UP, DOWN, RANGING, VOLATILE = list(Regime)[:4]


def account(balance: str = "10000", peak: str = "", streak: int = 0, **rules: object) -> Account:
    settings = replace(RULES, **rules)  # type: ignore[arg-type]
    units = to_units(Decimal(balance))
    return Account(
        rules=settings, feed=instrument("ES"), balance=units,
        peak=to_units(Decimal(peak or balance)), streak=streak, tier=tier_of(settings, units),
    )  # fmt: skip


# Tiers


@pytest.mark.parametrize(
    ("balance", "name", "symbol", "limit"),
    [
        ("-5", "MES 1-3", "MES", 100),
        ("0", "MES 1-3", "MES", 100),
        ("3499.99999999", "MES 1-3", "MES", 100),
        ("3500", "ES 1", "ES", 300),
        ("4999.99999999", "ES 1", "ES", 300),
        ("5000", "ES 1-2", "ES", 300),
        ("7499.99999999", "ES 1-2", "ES", 300),
        ("7500", "ES 1-3", "ES", 300),
        ("9999.99999999", "ES 1-3", "ES", 300),
        ("10000", "ES 1-3 top", "ES", 300),
    ],
)
def test_tier_of_a_balance(balance: str, name: str, symbol: str, limit: int) -> None:
    made = account(balance)
    assert (made.tier.name, made.traded.symbol) == (name, symbol)
    assert made.loss_limit == limit * UNITS  # the tighter of the session's 300 and the tier's


def test_tier_s_limit_counts_where_the_session_s_is_wider() -> None:
    assert account("10000", loss_limit=Decimal(700)).loss_limit == 500 * UNITS


def test_tier_without_a_symbol_trades_the_feed_s_instrument() -> None:
    tier = Tier("any", Decimal(0), "", 1, 3, Decimal(300))
    assert account(tiers=(tier,)).traded.symbol == "ES"


def test_below_the_lowest_tier_the_lowest_holds() -> None:
    tier = Tier("rich", Decimal(50_000), "", 1, 3, Decimal(300))
    assert account(tiers=(tier,)).tier is tier


# Settling


@pytest.mark.parametrize(
    ("nets", "streak"),
    [
        ((5,), 1), ((5, 5, 5), 3), ((-5,), -1), ((-5, -5), -2), ((5, 5, -1), -1), ((-5, -5, 1), 1),
        ((5, 5, 0), 0), ((-5, 0), 0), ((0, 1), 1),
    ],
)  # fmt: skip
def test_streak(nets: tuple[int, ...], streak: int) -> None:
    made = account()
    for net in nets:
        made.settle(net)
    assert made.streak == streak


def test_settling_books_balance_day_peak_and_tier() -> None:
    made = account("5000")
    made.settle(2500 * UNITS)
    assert (made.balance, made.peak, made.day_pnl) == (7500 * UNITS, 7500 * UNITS, 2500 * UNITS)
    assert made.tier.name == "ES 1-3"
    made.settle(-1)
    assert (made.balance, made.peak) == (7500 * UNITS - 1, 7500 * UNITS)
    assert made.tier.name == "ES 1-2"


# Limits


def halts(made: Account, open_pnl: int = 0) -> list[Halt]:
    return [halt for halt, _ in made.reached(open_pnl)]


def test_loss_limit_is_reached_at_exactly_its_amount() -> None:
    made = account()
    assert halts(made, -300 * UNITS + 1) == []
    assert halts(made, -300 * UNITS) == [Halt.LOSS_LIMIT]
    made.day_pnl = -100 * UNITS
    assert halts(made, -200 * UNITS + 1) == []
    assert halts(made, -200 * UNITS) == [Halt.LOSS_LIMIT]


def test_drawdown_is_from_the_peak_open_loss_included() -> None:
    made = account("9100", peak="10000")
    assert halts(made, -100 * UNITS + 1) == []
    assert halts(made, -100 * UNITS) == [Halt.MAX_DRAWDOWN]
    assert halts(account("9000", peak="10000")) == [Halt.MAX_DRAWDOWN]


def test_limits_without_an_open_position_are_of_what_is_closed() -> None:
    made = account()
    made.day_pnl = -300 * UNITS + 1
    assert made.reached() == []
    made.day_pnl -= 1
    assert [halt for halt, _ in made.reached()] == [Halt.LOSS_LIMIT]


def test_profit_target_is_of_closed_trades_alone() -> None:
    made = account()
    made.day_pnl = 500 * UNITS - 1
    assert halts(made, 10_000 * UNITS) == []
    made.day_pnl += 1
    assert halts(made, -200 * UNITS) == [Halt.PROFIT_TARGET]
    made.day_pnl += 1
    assert halts(made) == [Halt.PROFIT_TARGET]


def test_limits_that_halt_already_are_not_said_again() -> None:
    made = account("9000", peak="10000")
    made.halts[Halt.MAX_DRAWDOWN] = ""
    assert halts(made, -300 * UNITS) == [Halt.LOSS_LIMIT]
    made.halts[Halt.LOSS_LIMIT] = ""
    assert halts(made, -300 * UNITS) == []


def test_several_limits_at_once() -> None:
    assert halts(account("9000", peak="10000"), -300 * UNITS) == [
        Halt.LOSS_LIMIT, Halt.MAX_DRAWDOWN,
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("day_pnl", "below_peak", "halting", "tolerance"),
    [
        (0, 0, (), -300 * UNITS),
        (-100, 100, (), -200 * UNITS),
        (100, 0, (), -400 * UNITS),
        (-100, 900, (), -100 * UNITS),  # of a drawdown of 1000
        (-100, 900, (Halt.MAX_DRAWDOWN,), -200 * UNITS),
        (-250, 900, (Halt.LOSS_LIMIT,), -100 * UNITS),
        (-250, 900, (Halt.LOSS_LIMIT, Halt.MAX_DRAWDOWN), -(2**62)),  # there is no limit left
    ],
)
def test_tolerance_is_what_is_left_to_the_nearest_limit(
    day_pnl: int, below_peak: int, halting: tuple[Halt, ...], tolerance: int
) -> None:
    made = account()
    made.day_pnl, made.peak = day_pnl * UNITS, made.balance + below_peak * UNITS
    made.halts = dict.fromkeys(halting, "")
    assert made.tolerance() == tolerance


def test_standing_says_what_is_left_of_each_limit() -> None:
    made = account("9800", peak="10000")
    made.day_pnl = -100 * UNITS
    terms = made.standing(-50 * UNITS)
    assert (terms["loss_left"], terms["profit_left"], terms["drawdown_left"]) == (
        150 * UNITS, 600 * UNITS, 750 * UNITS,
    )  # fmt: skip
    assert (terms["day_pnl"], terms["open_pnl"], terms["drawdown"]) == (
        -100 * UNITS, -50 * UNITS, 250 * UNITS,
    )  # fmt: skip


amounts = st.integers(-2_000 * UNITS, 2_000 * UNITS)


@given(amounts, amounts, st.sets(st.sampled_from([Halt.LOSS_LIMIT, Halt.MAX_DRAWDOWN])), amounts)
def test_tolerance_is_the_open_pnl_at_which_a_limit_is_first_reached(
    day_pnl: int, below_peak: int, halting: set[Halt], open_pnl: int
) -> None:
    made = account()
    made.day_pnl = min(day_pnl, 0)  # no profit target
    made.peak = made.balance + abs(below_peak)
    made.halts = dict.fromkeys(halting, "")
    assert bool(made.reached(open_pnl)) == (open_pnl <= made.tolerance())


# The price of a limit


@pytest.mark.parametrize(
    ("direction", "size", "notional", "fees", "tolerance", "price"),
    [
        # One lot from 4800, ticks of 10 units
        (1, 1, 4800, 0, -100, 4790),
        (1, 1, 4800, 0, -101, 4789),
        (1, 1, 4800, 0, -99, 4790),
        (-1, 1, 4800, 0, -100, 4810),
        (-1, 1, 4800, 0, -101, 4811),
        (-1, 1, 4800, 0, -99, 4810),
        # Fees are lost already
        (1, 1, 4800, 30, -100, 4793),
        (-1, 1, 4800, 30, -100, 4807),
        # Two lots, at 4800 and 4801
        (1, 2, 9601, 0, -100, 4795),
        (-1, 2, 9601, 0, -100, 4806),
    ],
)
def test_limit_price_is_where_the_loss_is_the_tolerance_or_more(
    direction: int, size: int, notional: int, fees: int, tolerance: int, price: int
) -> None:
    assert limit_price(direction, size, notional, fees, 10, tolerance) == price


@pytest.mark.parametrize(
    ("direction", "tolerance", "rate", "price"),
    [
        # A tenth of 89, 90 and 91 is a fee of 9, 9 and 10
        (1, -18, "0.1", 92),
        (1, -19, "0.1", 91),
        (1, -20, "0.1", 89),
        (-1, -20, "0.1", 109),  # of 109, 110 and 111: 11, 11 and 12
        (-1, -21, "0.1", 110),
        (-1, -22, "0.1", 111),
        (-1, -23, "0.1", 111),
        (1, -20, "0.375", 129),  # 29 gained, a fee of 49
        (-1, -80, "0.375", 131),  # 31 lost, a fee of 50
    ],
)
def test_limit_price_counts_the_fee_of_closing_there_in_whole_units(
    direction: int, tolerance: int, rate: str, price: int
) -> None:
    assert limit_price(direction, 1, 100, 0, 1, tolerance, Decimal(rate)) == price


@given(
    direction=st.sampled_from([1, -1]),
    size=st.integers(1, 5),
    entry=st.integers(1, 400),
    more=st.integers(0, 4),
    fees=st.integers(0, 50),
    tick_units=st.integers(1, 7),
    tolerance=st.integers(-500, 500),
)
def test_limit_price_is_the_first_of_all_prices(
    direction: int, size: int, entry: int, more: int, fees: int, tick_units: int, tolerance: int
) -> None:
    notional = entry * size + min(more, size - 1)  # averages between prices too
    limit = limit_price(direction, size, notional, fees, tick_units, tolerance)
    for price in range(limit - 3, limit + 4):
        pnl = direction * (price * size - notional) * tick_units - fees
        assert (pnl <= tolerance) == (direction * (price - limit) <= 0)


@given(
    symbol=st.sampled_from(["BTCUSDT", "ETHUSDT", "BTCUSDT-SPOT"]),
    direction=st.sampled_from([1, -1]),
    size=st.integers(1, 10_000),
    entry=st.integers(1_000, 10_000_000),
    tolerance=st.integers(-10_000 * UNITS, 100 * UNITS),
)
def test_limit_price_with_a_fee_that_is_a_rate_is_the_first_too(
    symbol: str, direction: int, size: int, entry: int, tolerance: int
) -> None:
    coin = instrument(symbol)
    notional, paid = entry * size, coin.fees(entry, size)
    limit = limit_price(direction, size, notional, paid, coin.tick_units, tolerance, coin.fee_rate)

    def reached(price: int) -> bool:
        pnl = direction * (price * size - notional) * coin.tick_units
        return pnl - paid - coin.fees(price, size) <= tolerance

    assert not reached(limit + direction)
    assert reached(limit)


# Size


@pytest.mark.parametrize(
    ("approved", "regime", "streak", "terms"),
    [
        # confluence, trend, streak, clamped to 1-3
        (1, RANGING, 0, (0, 0, 0, 1)),
        (2, RANGING, 0, (1, 0, 0, 2)),
        (9, VOLATILE, 0, (1, 0, 0, 2)),
        (1, UP, 0, (0, 1, 0, 2)),
        (1, DOWN, 2, (0, 1, 0, 2)),
        (1, DOWN, 3, (0, 1, 1, 3)),
        (1, DOWN, 4, (0, 1, 1, 3)),
        (2, UP, 3, (1, 1, 1, 3)),
        (1, RANGING, -1, (0, 0, 0, 1)),
        (1, RANGING, -2, (0, 0, -1, 1)),
        (2, UP, -2, (1, 1, -1, 2)),
        (2, UP, -7, (1, 1, -1, 2)),
    ],
)
def test_sizing_terms(
    approved: int, regime: Regime, streak: int, terms: tuple[int, int, int, int]
) -> None:
    sizing = size_entry(account(streak=streak), approved, regime, Decimal(1))
    assert sizing.base == 1
    assert (sizing.confluence, sizing.trend, sizing.streak, sizing.clamped) == terms
    assert sizing.units == sizing.size == terms[3]


@pytest.mark.parametrize(
    ("balance", "wanted", "size"),
    [("3000", 3, 3), ("3500", 3, 1), ("5000", 3, 2), ("7500", 3, 3)],
)
def test_size_stays_in_the_tier_s_range(balance: str, wanted: int, size: int) -> None:
    sizing = size_entry(account(balance), 2, UP, Decimal(1))
    assert 1 + sizing.confluence + sizing.trend == wanted
    assert sizing.size == size


def test_tier_s_least_size_counts_too() -> None:
    tier = Tier("2-4", Decimal(0), "", 2, 4, Decimal(300))
    assert size_entry(account(tiers=(tier,), streak=-2), 1, RANGING, Decimal(1)).size == 2


@pytest.mark.parametrize(
    ("multiplier", "units"), [("1", 3), ("0.75", 2), ("0.5", 1), ("0.1", 1), ("2", 6)]
)
def test_multiplier_rounds_down_to_one_at_least(multiplier: str, units: int) -> None:
    made = account(lots_per_unit=10)
    sizing = size_entry(made, 2, UP, Decimal(multiplier))
    assert (sizing.clamped, sizing.units, sizing.size) == (3, units, 10 * units)
    assert sizing.multiplier == multiplier


# What the broker says


def test_rejects_far_apart_are_not_too_many() -> None:
    made = account()
    assert not any(made.rejected(second * NS) for second in (0, 400, 500, 900))


def test_a_further_reject_is_too_many_as_well() -> None:
    made = account()
    assert [made.rejected(second * NS) for second in range(4)] == [False, False, True, True]


def test_third_reject_within_the_window_is_too_many() -> None:
    made = account()
    assert [made.rejected(second * NS) for second in (0, 100, 299)] == [False, False, True]


def test_a_reject_leaves_the_window_after_exactly_its_length() -> None:
    made = account()
    assert [made.rejected(second * NS) for second in (0, 100, 300)] == [False, False, False]
    assert made.rejected(300 * NS + 1)
    assert made.rejects == [100 * NS, 300 * NS, 300 * NS + 1]


@pytest.mark.parametrize(
    ("symbol", "margin", "exceeded"),
    [
        ("MES", 39 * UNITS, False),
        ("MES", 40 * UNITS, False),
        ("MES", 40 * UNITS + 1, True),
        ("ES", 400 * UNITS, False),
        ("ES", 400 * UNITS + 1, True),
        ("CL", 10**6 * UNITS, False),
    ],
)
def test_margin_is_too_high_above_its_limit(symbol: str, margin: int, exceeded: bool) -> None:
    assert account().margin_exceeded(symbol, margin) is exceeded
