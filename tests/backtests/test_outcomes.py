"""The outcomes that tests are made with hold together as those of real runs do."""

from itertools import pairwise

from hypothesis import given

from backtests.outcome import Outcome
from engine.names import Halt
from marketdata.calendars import schedule
from tests.backtests.outcomes import by_ticks, outcome, outcomes


@given(run=outcomes())
def test_balances_chain_from_trade_to_trade_and_day_to_day(run: Outcome) -> None:
    balance = run.opening
    for day in run.days:
        assert day.opening == balance
        for done in day.trades:
            assert done.balance_before == balance
            balance += done.net
            assert done.trade.balance == balance
        assert day.closing == balance
        assert day.peak >= balance


@given(run=outcomes())
def test_a_trades_gross_is_what_its_prices_give_and_its_excursions_cover_it(run: Outcome) -> None:
    for done in run.trades:
        trade = done.trade
        moved = trade.direction * (trade.exit_notional - trade.entry_notional)
        assert trade.pnl_gross == moved * done.instrument.tick_units
        assert trade.mfe * trade.size >= moved
        assert trade.mae * trade.size >= -moved


@given(run=outcomes())
def test_trades_lie_one_after_another_within_their_day(run: Outcome) -> None:
    assert all(a.trade.exit_ts <= b.trade.entry_ts for a, b in pairwise(run.trades))
    calendar = schedule(run.plan.config.instrument, "rth")
    for done in run.trades:
        assert calendar.at(done.trade.entry_ts).day == done.day
        assert done.trade.entry_ts < done.trade.exit_ts


def test_an_outcome_is_the_same_every_time_and_another_with_another_seed() -> None:
    assert outcome(seed=3) == outcome(seed=3)
    assert outcome(seed=3).trades != outcome(seed=4).trades


def test_without_limits_as_many_trades_are_made_as_were_asked_for() -> None:
    assert len(outcome(days=30, trades=300, seed=1, limits=False).trades) == 300


def test_limits_and_tiers_are_among_what_happens() -> None:
    run = outcome(days=198, trades=800, seed=1, balance=2500, edge=0.1)
    reached = {halt for day in run.days for _, halt, _ in day.halts}
    assert reached == {Halt.LOSS_LIMIT, Halt.PROFIT_TARGET}
    assert len({done.tier for done in run.trades}) > 1
    assert {done.trade.symbol for done in run.trades} == {"MES", "ES"}


def test_sessions_that_are_missing_are_named_and_not_run() -> None:
    run = outcome(days=20, trades=10, missing=3)
    assert len(run.plan.days) == len(run.days) == 20
    assert len(run.plan.missing) == 3
    assert not set(run.plan.missing) & set(run.plan.days)


def test_hand_made_results_are_worth_their_ticks() -> None:
    run = by_ticks([[24, -16], [], [-16]])
    assert [done.net for done in run.trades] == [30_00000000, -20_00000000, -20_00000000]
    assert [day.net for day in run.days] == [10_00000000, 0, -20_00000000]
