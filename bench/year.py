"""A year's backtest: stored days from Parquet to the finished report.

The days are simulated and written once, into `.venv/bench` (198 days of 750,000 ticks take 600 MB
and some minutes). The account starts with 50,000 and has no limits that would end its year, so that
it trades to the last day; a report is figures, groups, curves and the HTML, plotly.js in it. The
database is left out. One core; with `--year` fewer days.
"""

import os
import shutil
import tempfile
import time
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any, Final

from bench.files import decode_parquet
from bench.fresh import Fresh
from bench.goals import GOALS
from bench.market import SYMBOL, Unequal
from bench.setup import Setup
from bench.table import Row, compared
from bench.timing import cpu_seconds, in_turns, no_collector, quartiles, ratios
from engine.config import engine_config
from marketdata.feeds.simulator import Simulator
from marketdata.store import TickStore
from marketdata.store.parquet import ENGINE_COLUMNS
from marketdata.store.simulating import days_until, store_simulated
from tests.oracle import run as run_oracle

if TYPE_CHECKING:
    from backtests.cache import AnalysisCache
    from backtests.outcome import Outcome
    from backtests.plan import Plan

FOLDER: Final = Path(__file__).parents[1] / ".venv" / "bench"
LAST_DAY: Final = date(2025, 11, 20)
FEW, MANY = 5, 40
RISK: Final = {"risk.stop_ticks": "20"}
PATTERNS: Final = {"patterns.ratio": "3.5"}


def rows(setup: Setup) -> list[Row]:
    """First and later runs against decoding and against each other; workers; memory; others."""
    ready()
    store = the_year(setup)
    days = store.days(SYMBOL)
    ticks = sum(store.read(SYMBOL, day).count for day in days)
    with tempfile.TemporaryDirectory(prefix="tradebot-year-") as folder:
        found = _runs(setup, store, ticks, Path(folder))
    return [*found, *_workers(setup, store), *_on_celery(setup, store), *_memory(setup, store)]


def ready() -> None:
    """Templates are Django's."""
    import django

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tradebot.settings")
    django.setup()


def the_year(setup: Setup) -> TickStore:
    """The store of this many days and ticks, written unless it is there."""
    store = TickStore(FOLDER / f"{SYMBOL}-{setup.year}x{setup.ticks}")
    simulator = Simulator(SYMBOL, seed=1, ticks_per_day=setup.ticks)
    store_simulated(store, simulator, days_until(simulator, LAST_DAY, setup.year))
    return store


def plan_of(
    store: TickStore, settings: Mapping[str, str] | None = None, which: slice = slice(None)
) -> "Plan":
    """Some of the store's days, traded to the end."""
    from backtests.plan import Plan

    config = engine_config(SYMBOL).override(
        {
            "risk.max_drawdown": "1000000", "risk.loss_limit": "1000000",
            "account.balance": "50000", **(settings or {}),
        }
    )  # fmt: skip
    return Plan(SYMBOL, tuple(store.days(SYMBOL)[which]), config)


def report(outcome: "Outcome") -> str:
    """What a run ends with."""
    from backtests.metrics import figures
    from backtests.report import html

    return html(outcome, figures(outcome))


def _runs(setup: Setup, store: TickStore, ticks: int, folder: Path) -> list[Row]:
    from backtests.cache import AnalysisCache
    from backtests.runner import run

    paths = [store.path(SYMBOL, day) for day in store.days(SYMBOL)]
    plain, risk = plan_of(store), plan_of(store, RISK)
    numbers = iter(range(1000))

    def done(plan: "Plan", cache: "AnalysisCache") -> "Outcome":
        outcome = run(plan, store=store, cache=cache)
        report(outcome)
        return outcome

    def decoded() -> None:
        for path in paths:
            decode_parquet(path, ENGINE_COLUMNS)

    def kept() -> "AnalysisCache":
        cache = AnalysisCache(folder / f"{next(numbers)}", 1 << 40)
        run(plain, store=store, cache=cache)
        return cache

    nothing, cache = AnalysisCache(None), kept()
    expected = done(plain, nothing)
    if done(plain, cache).days != expected.days:
        raise Unequal("a run from the cache and one from Parquet give different days")
    spent: dict[str, list[float]] = {
        name: [] for name in ("decoding", "first", "keeping", "again", "risk", "patterns")
    }
    rounds = setup.few(3)
    with no_collector():
        for _ in range(rounds):
            spent["decoding"].append(cpu_seconds(decoded))
            spent["first"].append(cpu_seconds(lambda: done(plain, nothing)))
            fresh = AnalysisCache(folder / f"{next(numbers)}", 1 << 40)
            spent["keeping"].append(cpu_seconds(lambda: done(plain, fresh)))  # noqa: B023
            spent["again"].append(cpu_seconds(lambda: done(plain, cache)))
            spent["risk"].append(cpu_seconds(lambda: done(risk, cache)))
            other = plan_of(store, {**PATTERNS, "patterns.min_volume": f"{20 + next(numbers)}"})
            spent["patterns"].append(cpu_seconds(lambda: done(other, cache)))  # noqa: B023
            shutil.rmtree(fresh.root or folder)
    return [
        Row(what=f"trades of {len(paths)} days", value=len(expected.trades)),
        compared("decoding the year", spent["decoding"], spent["decoding"], ticks=ticks),
        compared(
            "Parquet to report / decoding", spent["first"], spent["decoding"],
            ticks=ticks, goal=GOALS["year / decoding"],
        ),
        compared(
            "kept for later, too / decoding", spent["keeping"], spent["decoding"], ticks=ticks
        ),
        compared(
            "other risk, against first", spent["risk"], spent["first"],
            ticks=ticks, faster=True, goal=GOALS["other risk"],
        ),
        compared(
            "other patterns, against first", spent["patterns"], spent["first"],
            ticks=ticks, faster=True, goal=GOALS["other patterns"],
        ),
        Row(what="first run", value=median(spent["first"]), unit=" s"),
        *_others(setup, ticks, spent["first"]),
    ]  # fmt: skip


def _others(setup: Setup, ticks: int, first: Sequence[float]) -> list[Row]:
    """What others would take for the year, from what they take for the bench's days."""
    market = setup.market
    count = len(market.ticks.ts)
    said = f" ({len(market.days)} days)"
    records = market.ticks.records().tolist()
    (oracle,) = in_turns(
        [lambda: run_oracle(market.config, market.schedule, records)], setup.few(1)
    )
    found = [_extrapolated(f"plain Python{said}", median(oracle) * ticks / count, first)]
    nautilus = _nautilus(setup)
    if nautilus is None:
        return [*found, Row(what=f"nautilus_trader{said}", missing="not installed")]
    return [*found, _extrapolated(f"nautilus_trader{said}", nautilus * ticks / count, first)]


def _extrapolated(who: str, seconds: float, first: Sequence[float]) -> Row:
    times = [seconds / each for each in first]
    return Row(what=f"{who} / first", value=median(times), unit="x", spread=quartiles(times))


def _nautilus(setup: Setup) -> float | None:
    """Seconds for the bench's days, with footprints and brackets."""
    from bench.rivals.process import Rivals, hand_over, rivals_python
    from bench.rivals.speed import RUNS, WITH_BRACKETS

    if not rivals_python().exists():
        return None
    module, arguments = RUNS[WITH_BRACKETS]
    seconds = 0.0
    for day in setup.market.days:  # one after the other: its memory grows with the ticks
        with tempfile.TemporaryDirectory() as folder, Rivals() as rivals:
            path = Path(folder) / "ticks.npz"
            hand_over(path, [day])
            rivals.ask(f"{module}:prepare", path=str(path))
            answer: Any = rivals.ask(f"{module}:run", **arguments)
            seconds += answer["seconds"]
    return seconds


def _workers(setup: Setup, store: TickStore) -> list[Row]:
    """Halves of the year in two processes against all of it in one, which were started and had
    compiled code loaded before, as Celery's are; wall time."""
    what = "halves, two processes against one"
    if len(setup.cores) < 2:
        return [Row(what=what, missing="needs two cores")]
    plan = plan_of(store)
    days = len(plan.days)
    with (
        Fresh("bench.backtest_worker", str(store.root), str(setup.cores[-1])) as first,
        Fresh("bench.backtest_worker", str(store.root), str(setup.cores[-2])) as second,
    ):
        half = days // 2
        alone, both = [], []
        for turn in range(1 + setup.few(3)):
            a = _wall([(first, (0, days))])
            b = _wall([(first, (0, half)), (second, (half, days))])
            if turn:
                alone.append(a)
                both.append(b)
    times = ratios(alone, both)
    return [
        Row(
            what=what, value=median(times), unit="x", spread=quartiles(times),
            goal=GOALS["two workers"],
        )
    ]  # fmt: skip


def _on_celery(setup: Setup, store: TickStore) -> list[Row]:
    """The whole year, asked for and stored, on two Celery workers against one; wall time."""
    what = "on Celery, two workers against one"
    if len(setup.cores) < 2:
        return [Row(what=what, missing="needs two cores")]
    spent: dict[int, list[float]] = {1: [], 2: []}
    digests = set()
    with Fresh("bench.celery_year", str(store.root)) as celery:
        for workers, found in spent.items():
            for _ in range(setup.few(3)):
                celery.ask(workers)
                answer = celery.answer()
                found.append(answer["seconds"])
                digests.add(answer["digest"])
    if len(digests) > 1:
        raise Unequal("one worker and two give different days")
    return [
        Row(what="on Celery, one worker", value=median(spent[1]), unit=" s"),
        Row(
            what=what, value=median(spent[1]) / median(spent[2]), unit="x",
            spread=quartiles(ratios(spent[1], spent[2])), goal=GOALS["two workers"],
        ),
    ]  # fmt: skip


def _wall(asked: Sequence[tuple[Fresh, tuple[int, int]]]) -> float:
    start = time.perf_counter()
    for worker, days in asked:
        worker.ask(days)
    for worker, _ in asked:
        worker.answer()
    return time.perf_counter() - start


def _memory(setup: Setup, store: TickStore) -> list[Row]:
    few, many = min(FEW, setup.year), min(MANY, setup.year)
    peaks: dict[int, list[float]] = {few: [], many: []}
    for _ in range(setup.few(3)):
        for days, found in peaks.items():
            with Fresh("bench.backtest_worker", str(store.root)) as worker:
                worker.ask((0, days))
                found.append(worker.answer()["peak"])
    alone = Row(what=f"backtest peak, {few} days", value=median(peaks[few]) / 1e6, unit=" MB")
    if few == many:
        return [alone]
    growths = [(b / a - 1) * 100 for a, b in zip(peaks[few], peaks[many], strict=True)]
    return [
        alone,
        Row(
            what=f"backtest peak, {many} days, growth", value=median(growths), unit=" %",
            spread=quartiles(growths), goal=GOALS["memory growth, %"],
        ),
    ]  # fmt: skip
