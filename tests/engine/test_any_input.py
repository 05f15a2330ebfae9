"""Every input at once: ticks, beats, fills and commands in any order."""

from dataclasses import replace
from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.commands import (
    Command,
    Flatten,
    HaltTrading,
    Kill,
    ReportMargin,
    ReportReject,
    ResumeTrading,
)
from engine.config import EngineConfig
from engine.engine import Engine
from engine.errors import InputError
from engine.events import Event, Fill, TradeClosed
from engine.money import to_units
from engine.ticks import MAX_TS, NS, TICK
from tests.engine.drive import of, ours
from tests.engine.markets import HOUR, START, random_market
from tests.engine.strategies import configs, schedules
from tests.oracle.days import DAY, Days


def commands(ts: st.SearchStrategy[int]) -> st.SearchStrategy[Command]:
    ids = st.integers(0, 30).map(str)
    return st.one_of(
        st.builds(HaltTrading, id=ids, ts=ts),
        st.builds(ResumeTrading, id=ids, ts=ts),
        st.builds(Flatten, id=ids, ts=ts),
        st.builds(Kill, id=ids, ts=ts),
        st.builds(
            ReportMargin, id=ids, ts=ts, symbol=st.sampled_from(["ES", "CL"]),
            margin=st.sampled_from([1, 10**12]),
        ),
        st.builds(
            ReportReject, id=ids, ts=ts, order_id=st.sampled_from(["?", "E", "X", "X2"]),
            reason=st.just("no"),
        ),
    )  # fmt: skip


Action = tuple[str, Any]


def act(engine: Engine, action: Action) -> list[Event]:
    """One input; commands and fills name the current trade's orders."""
    kind, value = action
    try:
        if kind == "ticks":
            return list(engine.push(value))
        if kind == "beat":
            return list(engine.beat(value))
        if kind == "command":
            if isinstance(value, ReportReject):
                value = replace(value, order_id=ours(engine, value.order_id))
            return list(engine.command(value))
        return list(engine.on_fill(replace(value, order_id=ours(engine, value.order_id))))
    except InputError:
        return []


def fills(prices: st.SearchStrategy[int], sizes: st.SearchStrategy[int]) -> st.SearchStrategy[Fill]:
    return st.builds(
        Fill, id=st.integers(0, 60).map(str), price=prices, size=sizes,
        order_id=st.sampled_from(["E", "E", "S", "T", "X", "X2", "?"]),
        ts=st.integers(START, START + DAY),
    )  # fmt: skip


@given(
    configs, schedules, st.integers(0, 1000), st.booleans(), st.booleans(),
    st.lists(
        st.one_of(
            st.tuples(st.just("beat"), st.integers(0, 2 * HOUR)),
            st.tuples(st.just("command"), commands(st.integers(0, 2 * HOUR))),
            st.tuples(st.just("fill"), fills(st.integers(19_990, 20_010), st.integers(1, 2))),
        ),
        max_size=30,
    ),
)  # fmt: skip
def test_two_engines_with_the_same_inputs_stay_equal(
    config: EngineConfig, days: Days, seed: int, simulated: bool, quiet: bool, script: list[Action]
) -> None:
    ticks = random_market(seed, ticks=900, hours=30)
    first, second = (Engine(config, days, simulated=simulated, quiet=quiet) for _ in range(2))
    step = len(ticks) // (len(script) + 1)
    balance = to_units(config.account.balance)
    for i, action in enumerate([*script, ("end", None)]):
        block = ticks[i * step : (i + 1) * step]
        kind, value = action
        now = int(block["ts"][-1])
        if kind == "beat":
            action = kind, now + value
        elif kind == "command":
            action = kind, replace(value, ts=now + value.ts)
        inputs = [("ticks", block), action] if kind != "end" else [("ticks", block)]
        for one in inputs:
            events = act(first, one)
            assert act(second, one) == events
            assert first.status() == second.status()
            balance += sum(event.trade.pnl_net for event in of(TradeClosed, events))
            assert first.status().balance == balance


EDGES = {
    np.int64: [-(2**63), -1, 0, 1, NS, START, MAX_TS - 1, MAX_TS, 2**63 - 1],
    np.int32: [-(2**31), -1, 0, 1, 2, 19, 20, 21, 20_000, 21_000, 2**31 - 2, 2**31 - 1],
    np.int8: [-128, -1, 0, 1, 2, 127],
}
hostile_times = st.one_of(
    st.sampled_from(EDGES[np.int64]),
    st.integers(START + 3 * HOUR, START + 5 * HOUR),
    st.integers(0, MAX_TS),
)
hostile_prices = st.one_of(
    st.sampled_from(EDGES[np.int32]), st.integers(19_900, 20_100), st.integers(1, 2**31 - 1)
)
hostile_ticks = st.lists(
    st.tuples(
        hostile_times,
        hostile_prices,
        st.one_of(st.sampled_from(EDGES[np.int32]), st.integers(1, 50)),
        st.one_of(st.sampled_from([-1, 0, 1]), st.sampled_from(EDGES[np.int8])),
    ),
    max_size=12,
).map(lambda ticks: np.array(ticks, TICK))
any_time = st.one_of(hostile_times, st.sampled_from([-(2**63) - 1, 2**63, 2**70]))
hostile_actions = st.lists(
    st.one_of(
        st.tuples(st.just("ticks"), hostile_ticks),
        st.tuples(st.just("beat"), any_time),
        st.tuples(st.just("command"), commands(any_time)),
        st.tuples(
            st.just("fill"),
            fills(
                st.one_of(hostile_prices, st.sampled_from([-(2**70), 2**31, 2**63, 2**70])),
                st.one_of(st.integers(1, 3), st.sampled_from(EDGES[np.int32])),
            ),
        ),
    ),
    min_size=5,
    max_size=25,
)


@given(configs, schedules, st.booleans(), st.booleans(), st.integers(0, 50), hostile_actions)
@settings(max_examples=2 * settings().max_examples)
def test_no_input_breaks_anything(
    config: EngineConfig, days: Days, simulated: bool, quiet: bool, seed: int, script: list[Action]
) -> None:
    config = replace(
        config,
        regime=replace(config.regime, min_bars=1, after_open_s=0, winning_score=99),
        router=replace(config.router, min_strength=0, min_confidence=0),
    )
    engine = Engine(config, days, simulated=simulated, quiet=quiet)
    balance, reached, taken = to_units(config.account.balance), -(2**63), 0
    usual = ("ticks", random_market(seed, ticks=300, hours=3))
    for action in [*([usual] if seed else []), *script, ("finish", None)]:
        events = list(engine.finish()) if action[0] == "finish" else act(engine, action)
        taken += len(action[1]) if action[0] == "ticks" else 0
        status, forming = engine.status(), engine.forming()
        balance += sum(event.trade.pnl_net for event in of(TradeClosed, events))
        assert status.balance == balance <= status.peak
        assert status.position is None or status.waiting is None
        assert status.ticks + sum(status.dropped.values()) == taken
        assert len(set(status.halts)) == len(status.halts)
        assert forming is None or forming.volume > 0
        if status.ts is not None:
            assert status.ts >= reached
            reached = status.ts
    assert engine.status().position is None or not simulated
