"""Backtests in two stages: the same, whatever was cached and however many processes there are."""

import multiprocessing
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from backtests import pool
from backtests.analysing import Analyst
from backtests.cache import AnalysisCache
from backtests.days import find_days
from backtests.errors import DayFailed
from backtests.outcome import Outcome, Progress
from backtests.plan import Plan
from backtests.runner import account_days, analyse_day, run, run_single
from engine.config import EngineConfig, engine_config
from engine.ticks import TickColumns
from marketdata.errors import StoreError
from marketdata.feeds import stored
from marketdata.feeds.simulator import Simulator
from marketdata.store import StoredDay, TickStore
from marketdata.store.simulating import days_until, store_simulated
from tests.marketdata.store.days import info

LAST = date(2025, 11, 26)
DAYS = 6
NOW = 1 << 61
SYMBOL = "MES"


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> TickStore:
    """A few lively days, in two contracts; the third has bad and late ticks."""
    store = TickStore(tmp_path_factory.mktemp("ticks"))
    simulator = Simulator(SYMBOL, 5, 20_000)
    days = days_until(simulator, LAST, DAYS)
    store_simulated(store, simulator, days)
    for number, day in enumerate(days):
        ticks = simulator.day(day)
        if number == 2:
            ticks = spoiled(ticks)
        contract = "MESZ5" if number < 4 else "MESH6"
        store.write(info(SYMBOL, day, contract=contract), [stored(ticks)], replace=True)
    return store


def spoiled(ticks: TickColumns) -> TickColumns:
    """Some prices far away, some times a little late, some much too late."""
    ts, price = ticks.ts.copy(), ticks.price.copy()
    price[500::3000] *= 2
    ts[1000::700] -= 400_000_000
    ts[1500::2500] -= 5_000_000_000
    ts[:] = np.maximum(ts, ticks.ts[0])
    return ticks._replace(ts=ts, price=price)


@pytest.fixture
def cache(tmp_path: Path) -> AnalysisCache:
    return AnalysisCache(tmp_path / "backtests")


def config(**risk: Any) -> EngineConfig:
    """Rules under which a good deal happens."""
    base = engine_config(SYMBOL)
    return replace(
        base,
        bars=replace(base.bars, seconds=120),
        patterns=replace(base.patterns, min_volume=3, min_absorption=12),
        risk=replace(base.risk, **{"stop_ticks": 8, "target_ticks": 10, **risk}),
    )


def plan_of(store: TickStore, rules: EngineConfig | None = None, **more: Any) -> Plan:
    found = find_days(store, SYMBOL, now=NOW)
    return Plan(SYMBOL, found.days, rules or config(), missing=found.missing, **more)


@pytest.fixture(scope="module")
def plan(store: TickStore) -> Plan:
    return plan_of(store)


@pytest.fixture(scope="module")
def reference(plan: Plan, store: TickStore) -> Outcome:
    outcome = run_single(plan, store)
    assert len(outcome.days) == DAYS
    assert len(outcome.trades) > 20
    assert outcome.days[2].dropped > 0
    return outcome


def test_two_stages_give_what_one_engine_gives(
    plan: Plan, store: TickStore, cache: AnalysisCache, reference: Outcome
) -> None:
    assert run(plan, store=store, cache=cache) == reference


def test_what_was_cached_changes_nothing(
    plan: Plan, store: TickStore, cache: AnalysisCache, reference: Outcome
) -> None:
    told: list[int] = []
    for _ in range(2):
        assert (
            run(plan, store=store, cache=cache, progress=lambda p: told.append(p.kept)) == reference
        )
    assert told[DAYS - 1] == 0
    assert told[-1] == DAYS
    assert run(plan, store=store, cache=AnalysisCache(None)) == reference


@pytest.mark.slow
def test_the_number_of_processes_changes_nothing(
    plan: Plan, store: TickStore, cache: AnalysisCache, reference: Outcome
) -> None:
    told: list[Progress] = []
    outcome = run(plan, store=store, cache=cache, workers=2, progress=lambda p: told.append(p))
    assert outcome == reference
    assert told[-1].done == DAYS
    assert told[-1].kept == 0
    again = run(plan, store=store, cache=cache, workers=2, progress=lambda p: told.append(p))
    assert again == reference
    assert told[-1].kept == DAYS


RULES = st.fixed_dictionaries(
    {
        "stop_ticks": st.integers(2, 20),
        "target_ticks": st.integers(2, 30),
        "cooldown_bars": st.integers(0, 5),
        "break_even_after_ticks": st.sampled_from([0, 5]),
        "trail_ticks": st.sampled_from([0, 4]),
        "time_stop_s": st.sampled_from([0, 90, 600]),
        "stale_s": st.sampled_from([3, 30, 120]),
    }
)


@settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rules=RULES, session=st.sampled_from(["rth", "all"]))
def test_whatever_the_risk_rules_a_warm_cache_gives_what_one_engine_gives(
    store: TickStore, warm: AnalysisCache, rules: dict[str, Any], session: str
) -> None:
    plan = plan_of(store, config(**rules), session=session)
    assert run(plan, store=store, cache=warm) == run_single(plan, store)


@pytest.fixture(scope="module")
def warm(tmp_path_factory: pytest.TempPathFactory) -> AnalysisCache:
    return AnalysisCache(tmp_path_factory.mktemp("warm"))


def test_other_risk_rules_find_the_days_analysed_and_other_patterns_do_not(
    plan: Plan, store: TickStore, cache: AnalysisCache
) -> None:
    run(plan, store=store, cache=cache)
    analyst = Analyst(plan_of(store, config(stop_ticks=5)), store, cache)
    assert [analyst.day(day).kept for day in plan.days] == [True] * DAYS
    rules = config()
    rules = replace(rules, patterns=replace(rules.patterns, ratio=4.0))
    other = Analyst(plan_of(store, rules), store, cache)
    assert [other.day(day).kept for day in plan.days] == [False] * DAYS
    around = Analyst(plan_of(store, session="all"), store, cache)
    assert not around.day(plan.days[0]).kept


def test_a_day_is_analysed_once(plan: Plan, store: TickStore, cache: AnalysisCache) -> None:
    assert not analyse_day(plan, plan.days[3], store=store, cache=cache)
    assert analyse_day(plan, plan.days[3], store=store, cache=cache)


def test_the_account_needs_nobody_to_have_analysed(
    plan: Plan, store: TickStore, cache: AnalysisCache, reference: Outcome
) -> None:
    assert tuple(account_days(plan, store=store, cache=cache)) == reference.days


def test_other_patterns_are_looked_for_in_the_bars_that_are_kept(
    plan: Plan, store: TickStore, cache: AnalysisCache, monkeypatch: pytest.MonkeyPatch
) -> None:
    rules = config()
    other = plan_of(store, replace(rules, patterns=replace(rules.patterns, ratio=2.0)))
    expected = run_single(other, store)
    run(plan, store=store, cache=cache)

    def refused(*_: object) -> None:
        raise AssertionError("ticks were decoded")

    monkeypatch.setattr(StoredDay, "columns", refused)
    assert run(other, store=store, cache=cache) == expected


def test_damaged_bars_are_measured_anew(plan: Plan, store: TickStore, cache: AnalysisCache) -> None:
    rules = config()
    other = plan_of(store, replace(rules, patterns=replace(rules.patterns, ratio=2.0)))
    run(plan, store=store, cache=cache)
    assert cache.root is not None
    for path in cache.root.glob("bars/*/*"):
        path.write_bytes(path.read_bytes()[:-8])
    assert run(other, store=store, cache=cache) == run_single(other, store)


@pytest.mark.parametrize("kind", ["analysis", "columns"])
def test_a_damaged_cache_is_made_anew(
    plan: Plan, store: TickStore, cache: AnalysisCache, reference: Outcome, kind: str
) -> None:
    run(plan, store=store, cache=cache)
    assert cache.root is not None
    files = sorted(cache.root.glob(f"{kind}/*/*"))
    assert len(files) == DAYS
    for number, path in enumerate(files):
        content = path.read_bytes()
        half = len(content) // 2
        path.write_bytes(content[:half] + (b"" if number % 2 else b"?" * 9 + content[half + 9 :]))
    assert run(plan, store=store, cache=cache) == reference
    told: list[int] = []
    run(plan, store=store, cache=cache, progress=lambda p: told.append(p.kept))
    assert told[-1] == DAYS


def test_a_day_that_is_replaced_is_analysed_anew(
    plan: Plan, tmp_path: Path, store: TickStore, cache: AnalysisCache
) -> None:
    mine = TickStore(tmp_path / "ticks")
    simulator = Simulator(SYMBOL, 5, 20_000)
    days = days_until(simulator, LAST, 2)
    store_simulated(mine, simulator, days)
    before = run(plan_of(mine), store=mine, cache=cache)
    store_simulated(mine, Simulator(SYMBOL, 6, 20_000), days[1:], replace=True)
    after = run(plan_of(mine), store=mine, cache=cache)
    assert after == run_single(plan_of(mine), mine)
    assert after.data_digest != before.data_digest
    assert after.days[0] == before.days[0]


def test_fresh_makes_anew_what_is_cached(
    plan: Plan, store: TickStore, cache: AnalysisCache, reference: Outcome
) -> None:
    run(plan, store=store, cache=cache)
    told: list[int] = []
    outcome = run(
        plan, store=store, cache=cache, fresh=True, progress=lambda p: told.append(p.kept)
    )
    assert outcome == reference
    assert told[-1] == 0


@pytest.mark.parametrize("workers", [1, pytest.param(2, marks=pytest.mark.slow)])
def test_a_run_that_is_stopped_is_a_run_of_the_days_so_far(
    plan: Plan, store: TickStore, cache: AnalysisCache, workers: int
) -> None:
    asked: list[int] = []

    def stop() -> bool:
        asked.append(1)
        return told.done >= 2

    told = Progress(days=0)

    def progress(now: Progress) -> None:
        told.done = now.done

    outcome = run(plan, store=store, cache=cache, workers=workers, progress=progress, stop=stop)
    assert outcome.stopped
    count = len(outcome.days)
    assert 2 <= count < DAYS
    shorter = run_single(replace(plan, days=plan.days[:count]), store)
    assert outcome.days == shorter.days
    assert outcome.data_digest == shorter.data_digest
    assert outcome.plan == plan


def test_a_run_that_is_stopped_at_once_has_no_days(
    plan: Plan, store: TickStore, cache: AnalysisCache
) -> None:
    outcome = run(plan, store=store, cache=cache, stop=lambda: True)
    assert outcome.stopped
    assert outcome.days == ()


def test_progress_counts_days_and_ticks(
    plan: Plan, store: TickStore, cache: AnalysisCache, reference: Outcome
) -> None:
    told: list[tuple[int, int, date | None]] = []
    run(
        plan,
        store=store,
        cache=cache,
        progress=lambda now: told.append((now.done, now.ticks, now.day)),
    )
    assert [done for done, _, _ in told] == list(range(1, DAYS + 1))
    assert told[-1] == (DAYS, reference.ticks, plan.days[-1])


def test_a_full_disk_ends_no_run(
    plan: Plan,
    store: TickStore,
    cache: AnalysisCache,
    reference: Outcome,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    notes: list[str] = []
    monkeypatch.setattr("os.posix_fallocate", lambda *_: (_ for _ in ()).throw(OSError(28, "full")))
    outcome = run(plan, store=store, cache=cache, progress=lambda now: notes.extend(now.notes))
    assert outcome == reference
    assert "the disk is full" in notes[-1]
    assert set(notes) == {notes[-1]}


def test_a_disk_that_fails_within_a_day_ends_no_run(
    plan: Plan,
    store: TickStore,
    cache: AnalysisCache,
    reference: Outcome,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    written: list[int] = []

    def pwrite(*_: object) -> int:
        written.append(1)
        raise OSError(5, "Input/output error")

    monkeypatch.setattr("os.pwrite", pwrite)
    assert run(plan, store=store, cache=cache) == reference
    assert len(written) == 1
    assert "Input/output error" in cache.trouble
    assert not list(Path(cache.root or "").rglob("*.part"))


@pytest.mark.parametrize("workers", [1, pytest.param(2, marks=pytest.mark.slow)])
def test_a_damaged_day_is_named(
    tmp_path: Path, store: TickStore, cache: AnalysisCache, workers: int
) -> None:
    mine = TickStore(tmp_path / "ticks")
    simulator = Simulator(SYMBOL, 5, 20_000)
    days = days_until(simulator, LAST, 3)
    store_simulated(mine, simulator, days)
    plan = plan_of(mine)
    path = mine.path(SYMBOL, days[1])
    content = bytearray(path.read_bytes())
    content[2000] ^= 255
    path.write_bytes(content)
    with pytest.raises(StoreError, match=rf"{days[1]}.*fetch the day again"):
        run(plan, store=mine, cache=cache, workers=workers)


@pytest.mark.slow
def test_a_worker_that_dies_loses_nothing(
    plan: Plan,
    store: TickStore,
    cache: AnalysisCache,
    reference: Outcome,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    monkeypatch.setattr(pool, "_analyse", DiesOnce(tmp_path / "died"))
    assert run(plan, store=store, cache=cache, workers=2) == reference
    assert (tmp_path / "died").exists()


@pytest.mark.slow
def test_a_day_that_kills_every_worker_is_told(
    plan: Plan,
    store: TickStore,
    cache: AnalysisCache,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(pool, "_analyse", DiesOnce(None))
    with pytest.raises(DayFailed, match=rf"died 3 times.*{plan.days[0]}.*--workers"):
        run(plan, store=store, cache=cache, workers=2)


class DiesOnce:
    """Analyses days in a worker; ends the process instead, once, or always without a file."""

    def __init__(self, once: Path | None) -> None:
        self.once = once

    def __call__(self, days: Any) -> Any:
        import os

        from backtests.pool import _analyse

        if self.once is None or not self.once.exists():
            if self.once is not None:
                self.once.touch()
            os._exit(9)
        return _analyse(days)


def test_a_worker_begins_no_day_that_nobody_waits_for(
    plan: Plan, store: TickStore, cache: AnalysisCache, monkeypatch: pytest.MonkeyPatch
) -> None:
    over = multiprocessing.get_context("spawn").Event()
    analyst = Analyst(plan, store, cache)
    monkeypatch.setattr(pool, "_mine", {"analyst": analyst, "over": over})
    assert pool._analyse(plan.days[:2]) == dict.fromkeys(plan.days[:2], False)
    over.set()
    assert pool._analyse(plan.days[:2]) == {}


def test_memory_holds_one_day_at_a_time(plan: Plan, store: TickStore, cache: AnalysisCache) -> None:
    import gc
    import weakref

    alive: list[weakref.ref[Any]] = []
    most = 0

    class Watched(Analyst):
        def day(self, day: date) -> Any:
            nonlocal most
            found = super().day(day)
            alive.append(weakref.ref(found.analysis))
            gc.collect()
            most = max(most, sum(each() is not None for each in alive))
            return found

    from backtests import runner

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(runner, "Analyst", Watched)
        run(plan, store=store, cache=cache)
    assert len(alive) == DAYS
    assert most <= 2


@pytest.fixture(autouse=True)
def nothing_left_over(tmp_path: Path) -> Iterator[None]:
    yield
    assert not list(tmp_path.rglob("*.part"))
