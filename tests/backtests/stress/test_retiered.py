"""Paths with the sizes that their own balances would have had, against the engine's own runs."""

from dataclasses import replace
from datetime import date
from decimal import Decimal
from functools import cache
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Any

import pytest

from backtests.outcome import DayDone, Outcome, TradeDone
from backtests.plan import Plan
from backtests.runner import run
from backtests.stress.kernel import Column
from backtests.stress.ledger import Ledger
from backtests.stress.monte_carlo import MonteCarlo, monte_carlo
from backtests.stress.retiered import replay_of, retiered, through
from engine.account_rules import RiskRules
from engine.config import engine_config
from engine.money import to_units
from engine.names import ExitReason
from engine.risk import Account, size_entry, tier_of
from marketdata.feeds.simulator import Simulator
from marketdata.store import TickStore
from marketdata.store.simulating import days_until, store_simulated
from tests.backtests.outcomes import by_ticks, outcome

RUIN = to_units(Decimal(40))


@cache
def simulated(balance: int, *, loose: bool = False, **risk: int) -> Outcome:
    """What the engine makes of five simulated days; `loose`: no limit is ever reached."""
    with TemporaryDirectory() as folder:
        store, simulator = TickStore(Path(folder)), Simulator("ES", 3, 40_000)
        days = days_until(simulator, date(2025, 6, 20), 5)
        store_simulated(store, simulator, days)
        config = engine_config("ES")
        config = replace(
            config,
            account=replace(config.account, balance=Decimal(balance)),
            risk=without_limits(config.risk) if loose else replace(config.risk, **risk),
        )
        return run(Plan(symbol="ES", days=tuple(days), config=config), store=store)


def without_limits(risk: RiskRules) -> RiskRules:
    far = Decimal(90_000)
    return replace(
        risk, max_drawdown=far, loss_limit=far, profit_target=far,
        tiers=tuple(replace(tier, loss_limit=far) for tier in risk.tiers),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("balance", "risk"),
    [
        (2500, {}),
        (3700, {}),
        (20_000, {"max_drawdown": Decimal(9000), "loss_limit": Decimal(5000)}),
        (20_000, {"trail_ticks": 8, "time_stop_s": 600, "max_drawdown": Decimal(9000)}),
    ],
)
def test_a_run_of_the_engine_replays_to_the_cent(balance: int, risk: dict[str, Any]) -> None:
    found = simulated(balance, **risk)
    assert found.trades
    replay, difference = replay_of(Ledger.of(found))
    assert difference == ""
    assert len(replay.agreed) == len(found.trades)


def test_another_balance_gives_what_the_engine_itself_gives_at_that_balance() -> None:
    """The trades of a large account, entered by a small one in another tier, are its own run."""
    large, small = simulated(20_000, loose=True), simulated(6_000, loose=True)
    assert [t.trade.entry_ts for t in large.trades] == [t.trade.entry_ts for t in small.trades]
    assert {done.tier for done in large.trades}.isdisjoint(done.tier for done in small.trades)
    assert large.opening - large.closing != small.opening - small.closing
    replay, difference = replay_of(Ledger.of(large))
    assert difference == ""
    moved = replace(
        replay, ledger=replace(replay.ledger, opening=small.opening, peak=small.opening)
    )
    net, _ = through(moved, moved.account(), list(range(len(large.days))), RUIN)
    assert net.tolist() == [done.net for done in small.trades]


# -- an account of our own, after the engine's rules ----------------------------------------------


def by_rules(balance: int, days: int, seed: int) -> Outcome:
    """A run whose sizes are the rules', with random results: wins more than it loses."""
    base = outcome(days=days, trades=days * 4, seed=seed, balance=balance, limits=False)
    config, luck = base.plan.config, Random(seed)
    account = Account(
        rules=config.risk, feed=config.instrument, balance=base.opening, peak=base.opening,
        streak=0, tier=tier_of(config.risk, base.opening),
    )  # fmt: skip
    found = []
    for day in base.days:
        account.day_pnl, opening = 0, account.balance
        account.halts.clear()
        trades: list[TradeDone] = []
        for done in day.trades:
            if account.halts:
                break
            trades.append(_entered(account, done, luck, config))
        found.append(_closed(day, trades, opening, account))
    return replace(base, days=tuple(found))


def _entered(account: Account, done: TradeDone, luck: Random, config: Any) -> TradeDone:
    was, traded, before = done.trade, account.traded, account.balance
    multiplier = config.router.size_multiplier[was.regime]
    size = size_entry(account, luck.choice([1, 2]), was.regime, multiplier).size
    ticks = luck.choice([24, 24, -17])
    price = was.entry_notional // was.size
    left = price + was.direction * ticks
    fees = traded.fees(price, size) + traded.fees(left, size)
    gross = traded.pnl(ticks, size)
    if before and gross - fees <= account.tolerance():
        ticks = 0  # one that no limit cuts short
        left, gross = price, 0
    account.settle(gross - fees)
    account.halts.update(account.reached())
    trade = replace(
        was, symbol=traded.symbol, size=size, entry_notional=price * size,
        exit_notional=left * size, pnl_gross=gross, fees=fees, mae=max(-ticks, 0),
        exit_reason=ExitReason.TARGET if ticks > 0 else ExitReason.FLATTEN,
        balance=account.balance,
    )  # fmt: skip
    return replace(done, trade=trade, tier=account.tier.name, balance_before=before)


def _closed(day: DayDone, trades: list[TradeDone], opening: int, account: Account) -> DayDone:
    return replace(day, trades=tuple(trades), opening=opening, closing=account.balance)


def test_days_in_the_runs_own_order_are_the_run() -> None:
    found = by_rules(2500, 40, 1)
    ledger = Ledger.of(found)
    replay, difference = replay_of(ledger)
    assert difference == ""
    assert len({done.trade.symbol for done in found.trades}) == 2
    net, ends = through(replay, replay.account(), list(range(40)), RUIN)
    assert net.tolist() == ledger.net.tolist()
    assert ends.tolist() == ledger.starts[1:].tolist()


def test_the_same_seed_gives_the_same_paths_and_fewer_are_the_first_of_more() -> None:
    replay, _ = replay_of(Ledger.of(by_rules(2500, 30, 2)))
    many = retiered(replay, paths=40, seed=5, ruin=RUIN)
    few = retiered(replay, paths=10, seed=5, ruin=RUIN)
    assert (many.paths.table[:10] == few.paths.table).all()
    assert sum(many.tier.values()) == 40


def test_no_path_goes_far_below_ruin_or_the_drawdown_limit() -> None:
    found = by_ticks([[-16]] * 60, fees=True, balance=1000)
    config = replace(
        found.plan.config,
        risk=replace(found.plan.config.risk, max_drawdown=Decimal(300)),
    )
    ledger = Ledger.of(replace(found, plan=replace(found.plan, config=config)))
    replay, _ = replay_of(replace(ledger, config=config))
    replay.agreed[:] = [1] * 60
    replay.before[:] = [15] * 60
    done = retiered(replay, paths=20, seed=1, ruin=RUIN)
    assert done.limit == 20
    assert done.ruined == 0
    assert done.paths.column(Column.DRAWDOWN).max() < to_units(Decimal(300 + 25))
    assert done.paths.column(Column.DRAWDOWN).min() >= to_units(Decimal(300))
    early = retiered(replay, paths=20, seed=1, ruin=to_units(Decimal(900)))
    assert early.ruined == 20
    assert early.paths.column(Column.LOW).min() > to_units(Decimal(900 - 25))


def test_a_run_whose_sizes_are_not_the_rules_is_refused_with_the_first_difference() -> None:
    found = by_ticks([[8], [8]], size=3)
    _, difference = replay_of(Ledger.of(found))
    assert difference == "paper-20250102-001 had 3 lots, and the sizing rules give 1"
    answer = monte_carlo(Ledger.of(found), MonteCarlo(paths=10))
    assert "retiered" not in answer["ways"]
    assert any("the sizing rules give 1" in said for said in answer["sentences"])


def test_a_long_run_gets_fewer_paths_and_says_how_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("backtests.stress.retiered.MOST_TRADES", 2000)
    ledger = Ledger.of(by_rules(2500, 40, 1))
    answer = monte_carlo(ledger, MonteCarlo(paths=100))
    paths = 2000 // len(ledger.net)
    assert answer["ways"]["retiered"]["paths"] == paths
    begin = f"In {paths} resamplings with the sizes of each path's own balance"
    assert any(said.startswith(begin) for said in answer["sentences"])
