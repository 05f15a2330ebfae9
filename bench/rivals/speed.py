"""How fast the rivals are on the same day of trades, in turns with our engine.

All of them build five-minute footprints, which must equal ours before anything is timed. Times are
the CPU time of the one thread that works: on a shared machine a run of seconds is interrupted and
one of a millisecond is not, and wall time would count that in our favour.

Ours runs twice: as configured, and as `imbalances_alone`, which enters by the rule of nautilus's
strategy and so has as many brackets to live through. Brackets cost us more than ticks do.
"""

import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from bench.rivals.process import RivalError, Rivals, hand_over
from engine.config import EngineConfig, RegimeRules, RouterRules, Tier
from engine.engine import Engine
from engine.events import BarClosed, TradeClosed
from engine.names import Pattern, Regime
from engine.schedule import Schedule
from engine.ticks import TickColumns
from marketdata.calendars import schedule

WITH_BRACKETS: Final = "nautilus_trader, brackets"
RUNS: Final[dict[str, tuple[str, dict[str, Any]]]] = {
    "nautilus_trader, empty": ("nautilus_speed", {"strategy": "empty"}),
    WITH_BRACKETS: ("nautilus_speed", {"strategy": "footprints"}),
    "hftbacktest, 1 ms steps": ("hft_speed", {"step_ns": 1_000_000}),
    "hftbacktest, 100 ms steps": ("hft_speed", {"step_ns": 100_000_000}),
}
"""Those that leave footprints come last of their module: it is the last run's that are compared."""


@dataclass(frozen=True)
class Measured:
    """Seconds of each round and trades closed: ours as configured, ours by imbalances alone, and
    each rival."""

    ours: list[float]
    trades: int
    imbalances: list[float]
    imbalance_trades: int
    rivals: dict[str, list[float]]
    nautilus_trades: int


def measure(ticks: TickColumns, config: EngineConfig, days: Schedule, rounds: int) -> Measured:
    """Turns of our quiet engine and each rival, after one round that is not counted.

    RivalError when a rival is missing, fails, or builds other footprints than ours.
    """
    with tempfile.TemporaryDirectory() as folder, Rivals() as rivals:
        path = Path(folder) / "ticks.npz"
        hand_over(path, [ticks])
        modules = sorted({module for module, _ in RUNS.values()})
        for module in modules:
            rivals.ask(f"{module}:prepare", path=str(path))
        often, always = imbalances_alone(config), schedule(config.instrument, "all")
        own: list[float] = []
        own_often: list[float] = []
        spent: dict[str, list[float]] = {name: [] for name in RUNS}
        closed = 0
        for turn in range(rounds + 1):
            if turn == 1:
                expected = our_footprints(ticks, config, days)
                for module in modules:
                    _require_equal(rivals, module, Path(folder) / f"{module}.npy", expected)
            seconds = cpu_seconds(lambda: run(ticks, config, days))
            seconds_often = cpu_seconds(lambda: run(ticks, often, always))
            if turn:
                own.append(seconds)
                own_often.append(seconds_often)
            for name, (module, arguments) in RUNS.items():
                answer = rivals.ask(f"{module}:run", **arguments)
                closed = max(closed, answer.get("closed", 0))
                if turn:
                    spent[name].append(answer["seconds"])
    trades, trades_often = run(ticks, config, days), run(ticks, often, always)
    return Measured(own, trades, own_often, trades_often, spent, closed)


def imbalances_alone(config: EngineConfig) -> EngineConfig:
    """Single imbalances enter at one lot whenever flat, in any regime and without limits."""
    endless = Decimal(10**7)
    regimes = (
        Regime.TRENDING_UP, Regime.TRENDING_DOWN, Regime.RANGING, Regime.VOLATILE,
    )  # fmt: skip
    return replace(
        config,
        regime=RegimeRules(min_bars=1, after_open_s=0, before_close_s=0, min_volume_ratio=0),
        router=RouterRules(
            matrix=dict.fromkeys((Pattern.BUY_IMBALANCE, Pattern.SELL_IMBALANCE), regimes),
            bias=dict.fromkeys(regimes, 0),
            min_strength=0,
            min_confidence=0,
        ),
        risk=replace(
            config.risk,
            stale_s=86_400,
            profit_target=endless,
            loss_limit=endless,
            max_drawdown=endless,
            tiers=(Tier("1", Decimal(0), "", 1, 1, endless),),
        ),
        account=replace(config.account, balance=endless),
    )


def run(ticks: TickColumns, config: EngineConfig, days: Schedule) -> int:
    """Ticks in memory through a new engine; how many trades."""
    engine = Engine(config, days, quiet=True)
    events = [*engine.push_columns(ticks), *engine.finish()]
    return sum(isinstance(event, TradeClosed) for event in events)


def cpu_seconds(work: Callable[[], object]) -> float:
    """This thread's, of one call."""
    start = time.thread_time()
    work()
    return time.thread_time() - start


def our_footprints(
    ticks: TickColumns, config: EngineConfig, days: Schedule
) -> npt.NDArray[np.int64]:
    """Rows of start, price, bid, unknown and ask volume, sorted, from the engine's own bars."""
    engine = Engine(config, days)
    events = [*engine.push_columns(ticks), *engine.finish()]
    bars = [event.bar for event in events if isinstance(event, BarClosed)]
    starts = np.concatenate([np.full(len(bar.levels), bar.start) for bar in bars])
    levels = np.concatenate([bar.levels for bar in bars])
    return np.column_stack([starts, levels[:, [0, 1, 3, 2]]])


def _require_equal(
    rivals: Rivals, module: str, path: Path, expected: npt.NDArray[np.int64]
) -> None:
    rivals.ask(f"{module}:save_footprints", path=str(path))
    if not np.array_equal(np.load(path), expected):
        raise RivalError(f"{module}: its footprints differ from ours")
