"""What fills cost against the prices without slippage."""

from dataclasses import replace

import pytest

from backtests.slippage import slippage
from engine.account_rules import FillRules, fill_profile
from engine.events import Trade
from engine.money import UNITS
from engine.names import ExitReason, Pattern, Regime

TICK = 125 * UNITS // 100  # of one MES


def trade(
    reason: ExitReason, *, entry: int = 20_001, exit_at: int, direction: int = 1, size: int = 1
) -> Trade:
    return Trade(
        id="paper-20251120-001", symbol="MES", direction=direction, size=size,
        entry_ts=1, entry_notional=entry * size, exit_ts=2, exit_notional=exit_at * size,
        exit_reason=reason, stop=entry - 16 * direction, target=entry + 24 * direction,
        last_stop=entry - 16 * direction, pnl_gross=0, fees=0, pattern=Pattern.BUY_IMBALANCE,
        signal_id="1-0", regime=Regime.RANGING, mae=0, mfe=0, balance=0,
    )  # fmt: skip


@pytest.mark.parametrize("direction", [1, -1])
@pytest.mark.parametrize("size", [1, 3])
def test_a_target_costs_the_entry_alone(direction: int, size: int) -> None:
    done = trade(ExitReason.TARGET, exit_at=20_001 + 24 * direction, direction=direction, size=size)
    assert slippage(done, FillRules()) == TICK * size


@pytest.mark.parametrize("direction", [1, -1])
def test_a_stop_costs_all_the_way_from_where_it_worked(direction: int) -> None:
    at_once = trade(ExitReason.STOP, exit_at=20_001 - 17 * direction, direction=direction)
    assert slippage(at_once, FillRules()) == 2 * TICK
    gapped = trade(ExitReason.STOP, exit_at=20_001 - 25 * direction, direction=direction, size=2)
    assert slippage(gapped, FillRules()) == 2 * (1 + 9) * TICK


def test_a_moved_stop_is_taken_from_where_it_was_last() -> None:
    done = trade(ExitReason.TRAILING_STOP, exit_at=20_011)
    assert slippage(replace(done, last_stop=20_013), FillRules()) == (1 + 2) * TICK


@pytest.mark.parametrize(
    "reason",
    [each for each in ExitReason if each not in (
        ExitReason.TARGET, ExitReason.STOP, ExitReason.BREAK_EVEN, ExitReason.TRAILING_STOP,
    )],
)  # fmt: skip
def test_an_exit_at_market_costs_as_the_entry_does(reason: ExitReason) -> None:
    assert slippage(trade(reason, exit_at=19_999), FillRules(slippage_ticks=2)) == 4 * TICK


def test_ideal_fills_cost_nothing() -> None:
    ideal = fill_profile("ideal")
    assert slippage(trade(ExitReason.STOP, exit_at=19_985), ideal) == 0
    assert slippage(trade(ExitReason.FLATTEN, exit_at=20_004), ideal) == 0
