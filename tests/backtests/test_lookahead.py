"""The check for look-ahead: the engine passes it, and whatever peeks does not."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import pytest

from backtests.lookahead import (
    MACHINES,
    Findings,
    Machine,
    Said,
    Start,
    check,
    stage_one,
    two_stages,
    whole_engine,
)
from backtests.plan import Plan
from engine.config import engine_config
from engine.engine import Engine
from engine.events import BarClosed, Carry, Decision, Event, SignalDetected, TradeClosed
from engine.ticks import TickColumns
from marketdata.feeds.simulator import Simulator
from marketdata.store import TickStore
from marketdata.store.simulating import store_simulated

DAYS = (date(2025, 3, 3), date(2025, 3, 4))


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> TickStore:
    made = TickStore(tmp_path_factory.mktemp("ticks"))
    store_simulated(made, Simulator("ES", 1, 12_000), DAYS)
    return made


@pytest.fixture(scope="module")
def plan() -> Plan:
    return Plan(symbol="ES", days=DAYS, config=engine_config("ES"))


def looked(plan: Plan, store: TickStore, machine: Machine, moments: int = 10) -> Findings:
    return check(plan, store, moments=moments, machines={"it": machine})


def test_neither_the_engine_nor_the_two_stages_look_ahead(plan: Plan, store: TickStore) -> None:
    found = check(plan, store, moments=16)
    assert found.differences == ()
    assert found.ok
    assert found.machines == ("engine", "analysis", "two stages") == tuple(MACHINES)
    assert sum(found.moments.values()) == 16
    assert found.comparisons == 144
    assert found.events > 1_000
    assert {"signal", "decision", "entry", "exit", "anywhere"} <= found.moments.keys()
    assert "no past decision moved" in found.says


def test_the_same_seed_looks_at_the_same_moments(plan: Plan, store: TickStore) -> None:
    first, again = looked(plan, store, whole_engine, 4), looked(plan, store, whole_engine, 4)
    assert first == again
    other = check(plan, store, moments=4, seed=2, machines={"it": whole_engine})
    assert first.events != other.events


def with_signal(event: SignalDetected, **changes: object) -> SignalDetected:
    return replace(event, signal=replace(event.signal, **changes))  # type: ignore[arg-type]


def knows_the_close(start: Start, ticks: TickColumns) -> tuple[Sequence[Said], Carry | None]:
    """Signals that agree with where the day ends."""
    events, carry = whole_engine(start, ticks)
    last = int(ticks.price[-1])
    return [
        with_signal(event, approved=(last > event.signal.price) == (event.signal.direction > 0))
        if isinstance(event, SignalDetected)
        else event
        for event in events
    ], carry


def knows_the_next_tick(start: Start, ticks: TickColumns) -> tuple[Sequence[Said], Carry | None]:
    """A decision that has seen one tick too many, as an index that is off by one gives it."""
    events, carry = whole_engine(start, ticks)
    found: list[Said] = []
    for event in events:
        if isinstance(event, Decision):
            at = min(int(np.searchsorted(ticks.ts, event.ts, "right")) + 1, len(ticks.ts) - 1)
            event = replace(event, terms={**event.terms, "edge": int(ticks.price[at])})
        found.append(event)
    return found, carry


def centres_its_average(start: Start, ticks: TickColumns) -> tuple[Sequence[Said], Carry | None]:
    """A bar's volume compared with that of the bars around it, the later ones too."""
    events, carry = whole_engine(start, ticks)
    bars = [event for event in events if isinstance(event, BarClosed)]
    volumes = [event.bar.volume for event in bars]
    mean = {id(event): sum(volumes[max(at - 2, 0) : at + 3]) for at, event in enumerate(bars)}
    return [
        replace(event, bar=replace(event.bar, min_delta=mean[id(event)]))
        if isinstance(event, BarClosed)
        else event
        for event in events
    ], carry


def leaves_out_losers(start: Start, ticks: TickColumns) -> tuple[Sequence[Said], Carry | None]:
    """Entries only of trades that will win."""
    events, carry = whole_engine(start, ticks)
    lost = {
        event.trade.id
        for event in events
        if isinstance(event, TradeClosed) and event.trade.pnl_net < 0
    }
    return [
        event for event in events if not (isinstance(event, Decision) and event.trade_id in lost)
    ], carry


class PeekingEngine(Engine):
    """The real engine, given the day's ticks with prices already shifted by a second's worth of
    future: as data that was stamped when a bar closed, not when it was traded."""

    def push_columns(self, columns: TickColumns) -> Sequence[Event]:
        shift = 5
        price = np.concatenate([columns.price[shift:], columns.price[-shift:]])
        return super().push_columns(columns._replace(price=np.ascontiguousarray(price)))


def stamped_early(start: Start, ticks: TickColumns) -> tuple[Sequence[Said], Carry | None]:
    engine = PeekingEngine(start.config, start.schedule, carry=start.carry)
    return engine.push_columns(ticks), engine.carry()


def analyses_the_whole_day(start: Start, ticks: TickColumns) -> tuple[Sequence[Said], Carry | None]:
    """Stage one with a regime that is smoothed over the day, later bars included."""
    bars, carry = stage_one(start, ticks)
    return [replace(each, bar=(*each.bar, len(bars))) for each in bars], carry  # type: ignore[type-var]


def trades_a_bar_early(start: Start, ticks: TickColumns) -> tuple[Sequence[Said], Carry | None]:
    """Stage two with times that are a bar late, so that each entry is a bar early."""
    earlier = ticks._replace(ts=ticks.ts - np.int64(300_000_000_000))
    inside = earlier.ts >= start.schedule.at(int(ticks.ts[0])).start
    return two_stages(start, TickColumns(*(column[inside] for column in earlier)))


@pytest.mark.parametrize(
    "machine",
    [
        analyses_the_whole_day,
        trades_a_bar_early,
        knows_the_close,
        knows_the_next_tick,
        centres_its_average,
        leaves_out_losers,
        stamped_early,
    ],
)
def test_whatever_peeks_is_found(plan: Plan, store: TickStore, machine: Machine) -> None:
    found = looked(plan, store, machine)
    assert not found.ok
    assert found.says.startswith("LOOK-AHEAD")
    first = found.differences[0]
    assert first.said != first.instead
    assert first.day in DAYS
    assert str(first)


def test_a_difference_names_the_moment_and_both_versions(plan: Plan, store: TickStore) -> None:
    first = looked(plan, store, knows_the_close).differences[0]
    assert "approved=True" in first.said + first.instead
    assert "approved=False" in first.said + first.instead
    assert f"after {first.ticks:,} ticks" in str(first)


def test_a_machine_that_says_nothing_passes_nothing(plan: Plan, store: TickStore) -> None:
    """Where nothing was compared nothing was shown."""

    def silent(start: Start, ticks: TickColumns) -> tuple[Sequence[Said], Carry | None]:
        return [], whole_engine(start, ticks)[1]

    found = looked(plan, store, silent)
    assert not found.ok
    assert found.says.startswith("Nothing to compare")


def test_each_day_begins_with_what_the_days_before_left(plan: Plan, store: TickStore) -> None:
    given: list[Carry | None] = []

    def noted(start: Start, ticks: TickColumns) -> tuple[Sequence[Said], Carry | None]:
        given.append(start.carry)
        return whole_engine(start, ticks)

    looked(plan, store, noted, moments=2)
    assert given[0] is None
    assert given[-1] is not None


def test_it_ends_when_asked_to_and_says_so(plan: Plan, store: TickStore) -> None:
    found = check(plan, store, moments=4, stop=lambda: True)
    assert found.stopped
    assert not found.ok


def test_findings_are_json(plan: Plan, store: TickStore, tmp_path: Path) -> None:
    content = looked(plan, store, knows_the_close, moments=4).as_json()
    assert content["ok"] is False
    assert content["differences"][0]["day"] in [day.isoformat() for day in DAYS]
