"""The bracket's options against the oracle: break-even, trailing stop and time stop.

All of them alone and together, at each latency and with each kind of fill, on random markets.
"""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.config import BarRules, EngineConfig, FillRules, fill_profile
from engine.events import TradeClosed
from engine.names import ExitReason
from engine.ticks import NS, TickArray
from tests.engine.drive import of
from tests.engine.markets import random_market
from tests.engine.strategies import busy, markets, schedules
from tests.engine.test_against_oracle import WIDE_OPEN, assert_same
from tests.oracle.days import Days
from tests.oracle.trading import MS

NONE: dict[str, int] = {}
BREAK_EVEN = {"break_even_after_ticks": 4, "break_even_plus_ticks": 1}
TRAIL = {"trail_ticks": 5, "trail_after_ticks": 2, "trail_step_ticks": 2}
TIME = {"time_stop_s": 400}
OPTIONS = {
    "none": NONE,
    "break-even": BREAK_EVEN,
    "trail": TRAIL,
    "trail from the entry": {"trail_ticks": 3},
    "time": TIME,
    "break-even and trail": BREAK_EVEN | TRAIL,
    "all": BREAK_EVEN | TRAIL | TIME,
}


def on_the_dot(ticks: TickArray, grid: int) -> None:
    """Times are multiples of `grid`: trades come at the very moment that something is due."""
    ticks["ts"] -= ticks["ts"] % grid


def trading(options: dict[str, int], bars: BarRules, fills: FillRules) -> EngineConfig:
    rules = {"stop_ticks": 8, "target_ticks": 12} | options
    return replace(busy(bars=bars, **rules), fills=fills)


@pytest.mark.parametrize("profile", ["honest", "ideal"])
@pytest.mark.parametrize("options", OPTIONS.values(), ids=OPTIONS)
def test_same_with_options(options: dict[str, int], profile: str) -> None:
    config = trading(options, BarRules(60), fill_profile(profile))
    ticks = random_market(31, ticks=20_000, hours=80)
    on_the_dot(ticks, 50 * MS)
    events = assert_same(config, WIDE_OPEN, ticks)
    reasons = {event.trade.exit_reason for event in of(TradeClosed, events)}
    assert (ExitReason.BREAK_EVEN in reasons) == ("break_even_after_ticks" in options)
    assert (ExitReason.TRAILING_STOP in reasons) == ("trail_ticks" in options)
    assert (ExitReason.TIME_STOP in reasons) == ("time_stop_s" in options)


options = st.fixed_dictionaries(
    {},
    optional={
        "trail_ticks": st.integers(1, 12),
        "trail_after_ticks": st.integers(0, 12),
        "trail_step_ticks": st.integers(1, 6),
        "time_stop_s": st.sampled_from([1, 60, 120, 3600]),
        "stop_ticks": st.integers(1, 10),
        "target_ticks": st.integers(1, 20),
    },
)
break_evens = st.integers(0, 9).flatmap(
    lambda after: st.fixed_dictionaries(
        {
            "break_even_after_ticks": st.just(after),
            "break_even_plus_ticks": st.integers(0, max(after - 1, 0)),
        }
    )
)
fill_rules = st.builds(
    FillRules,
    latency_ms=st.sampled_from([0, 1, 50, 5_000, 600_000]),
    slippage_ticks=st.integers(0, 3),
    target=st.sampled_from(["through", "touch"]),
    fees=st.booleans(),
    exact=st.booleans(),
)
bars = st.sampled_from([BarRules(60), BarRules(300), BarRules(kind="tick", size=20)])


@given(
    options, break_evens, bars, fill_rules, schedules, markets(),
    st.sampled_from([1, 50 * MS, NS, 60 * NS]),
)  # fmt: skip
def test_same_with_any_options_fills_and_markets(
    one: dict[str, int], other: dict[str, int], bars: BarRules, fills: FillRules,
    days: Days, ticks: TickArray, grid: int,
) -> None:  # fmt: skip
    on_the_dot(ticks, grid)
    assert_same(trading(one | other, bars, fills), days, ticks)
