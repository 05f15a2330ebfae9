"""What always holds, whatever the market and however its ticks come in."""

from dataclasses import replace
from decimal import Decimal
from itertools import pairwise
from typing import Any

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from engine.commands import Flatten, HaltTrading, Kill, ReportReject
from engine.config import EngineConfig
from engine.engine import Engine
from engine.events import (
    BarClosed,
    DayStarted,
    Decision,
    Event,
    Fill,
    Filled,
    Halted,
    OrderAmend,
    OrderIntent,
    OrderUpdate,
    PositionOpened,
    TickDropped,
    TradeClosed,
)
from engine.instruments import instrument
from engine.money import to_units
from engine.names import ExitReason, Halt
from engine.ticks import NS, TickArray, columns
from tests.engine.drive import acted, of, ours
from tests.engine.markets import HOUR, random_market
from tests.engine.strategies import busy, configs, markets, options, schedules
from tests.oracle.days import ALL_DAY, Days
from tests.oracle.ticks import good_ticks


def one_push(config: EngineConfig, days: Days, ticks: TickArray, **options: Any) -> list[Event]:
    return list(Engine(config, days, **options).push(ticks))


# Splits and beats


@given(configs, schedules, markets(), st.data())
def test_any_split_gives_the_same_events(
    config: EngineConfig, days: Days, ticks: TickArray, data: st.DataObject
) -> None:
    cuts = data.draw(st.lists(st.integers(0, len(ticks)), max_size=20).map(sorted))
    whole, split = Engine(config, days), Engine(config, days)
    expected = list(whole.push(ticks))
    got: list[Event] = []
    for i, (start, end) in enumerate(pairwise([0, *cuts, len(ticks)])):
        part = ticks[start:end]
        got += split.push_columns(columns(part)) if i % 2 else split.push(part)
    assert got == expected
    assert split.status() == whole.status()
    assert split.finish() == whole.finish()


@given(configs, schedules, markets(400))
def test_one_by_one_gives_the_same_events(
    config: EngineConfig, days: Days, ticks: TickArray
) -> None:
    engine = Engine(config, days)
    got = [event for i in range(len(ticks)) for event in engine.push(ticks[i : i + 1])]
    assert got == one_push(config, days, ticks)


@given(configs, schedules, markets(), st.data())
def test_beats_between_the_ticks_change_nothing(
    config: EngineConfig, days: Days, ticks: TickArray, data: st.DataObject
) -> None:
    rng = np.random.default_rng(data.draw(st.integers(0, 1000)))
    cuts = np.flatnonzero(rng.random(len(ticks)) < 0.1).tolist()
    whole, engine = Engine(config, days), Engine(config, days)
    got: list[Event] = []
    latest = 0
    for start, end in pairwise([0, *cuts, len(ticks)]):
        got += engine.push(ticks[start:end])
        if end < len(ticks):
            upcoming = int(ticks["ts"][end:].min())  # late ticks are still to come
            for back in sorted(rng.choice([0, 1, NS, 40 * NS, HOUR], 3), reverse=True):
                latest = max(latest, upcoming - int(back))
                got += engine.beat(upcoming - int(back))
    expected = [*whole.push(ticks), *whole.beat(latest)]  # the ticks that are left may all be bad
    # A dropped tick moves nothing, not even time: what is due may be said before or after it.
    for dropped in (True, False):
        assert [e for e in got if isinstance(e, TickDropped) == dropped] == [
            e for e in expected if isinstance(e, TickDropped) == dropped
        ]


@given(configs, schedules, markets())
def test_a_quiet_engine_does_the_same(config: EngineConfig, days: Days, ticks: TickArray) -> None:
    loud, quiet = Engine(config, days), Engine(config, days, quiet=True)
    said = [*loud.push(ticks), *loud.finish()]
    told = [*quiet.push(ticks), *quiet.finish()]
    assert acted(told) == acted(said)
    assert replace(quiet.status(), reading=None) == replace(loud.status(), reading=None)


@given(configs, schedules, markets(), st.integers(0, 1499))
def test_the_future_does_not_change_the_past(
    config: EngineConfig, days: Days, ticks: TickArray, end: int
) -> None:
    past = one_push(config, days, ticks[:end])
    assert one_push(config, days, ticks)[: len(past)] == past


@given(configs, schedules, markets(), st.integers(0, 100))
def test_looking_changes_nothing(
    config: EngineConfig, days: Days, ticks: TickArray, step: int
) -> None:
    engine = Engine(config, days)
    got: list[Event] = []
    for start in range(0, len(ticks), step + 20):
        got += engine.push(ticks[start : start + step + 20])
        assert (engine.status(), engine.carry()) == (engine.status(), engine.carry())
        assert engine.forming() == engine.forming()
    assert got == one_push(config, days, ticks)


@given(configs, schedules, markets(), st.integers(1, 3))
def test_the_bar_being_built_is_the_bar_that_closes(
    config: EngineConfig, days: Days, ticks: TickArray, hours: int
) -> None:
    engine = Engine(config, days)
    engine.push(ticks[: 300 * hours])
    forming = engine.forming()
    if forming is not None:
        (closed,) = of(BarClosed, engine.finish())
        parts = {name: getattr(closed.bar, name) for name in ("end", "reading")}
        same = ("session_notional", "session_volume")  # the session may open before the bar's end
        assert replace(forming, **parts, **{name: getattr(closed.bar, name) for name in same}) == (
            closed.bar
        )


# Sums


@given(configs, schedules, markets())
def test_bars_hold_every_good_tick_once(config: EngineConfig, days: Days, ticks: TickArray) -> None:
    engine = Engine(config, days)
    events = [*engine.push(ticks), *engine.finish()]
    bars = [event.bar for event in of(BarClosed, events)]
    drops = of(TickDropped, events)
    assert sum(bar.trades for bar in bars) == len(ticks) - len(drops) == engine.status().ticks
    assert engine.status().dropped == {
        reason: sum(drop.reason == reason for drop in drops) for reason in {d.reason for d in drops}
    }
    volume = int(ticks["size"].astype(np.int64).sum()) - sum(drop.size for drop in drops)
    signed = (ticks["size"].astype(np.int64) * ticks["side"]).sum()
    assert sum(bar.volume for bar in bars) == volume
    assert sum(bar.delta for bar in bars) == signed - sum(d.size * d.side for d in drops)
    for bar in bars:
        assert bar.levels[:, 1:].sum() == bar.volume
        assert (bar.levels[:, 2].sum(), bar.levels[:, 1].sum()) == (bar.buy_volume, bar.sell_volume)
        assert (bar.levels[:, 0] * bar.levels[:, 1:].sum(axis=1)).sum() == bar.notional
        assert bar.delta == bar.buy_volume - bar.sell_volume
        assert bar.min_delta <= min(0, bar.delta) <= max(0, bar.delta) <= bar.max_delta
        assert bar.low <= bar.val <= bar.poc <= bar.vah <= bar.high
        assert bar.low <= min(bar.open, bar.close) <= max(bar.open, bar.close) <= bar.high
        assert bar.start <= bar.end
    for before, after in pairwise(bars):
        assert before.end <= after.start
        assert after.index in (0, before.index + 1)


@given(configs, schedules, markets())
def test_money_adds_up_to_the_unit(config: EngineConfig, days: Days, ticks: TickArray) -> None:
    engine = Engine(config, days)
    events = [*engine.push(ticks), *engine.finish()]
    balance = to_units(config.account.balance)
    for trade in (event.trade for event in of(TradeClosed, events)):
        traded = instrument(trade.symbol)
        move = trade.direction * (trade.exit_notional - trade.entry_notional)
        assert trade.pnl_gross == move * traded.tick_units
        assert trade.pnl_net == trade.pnl_gross - trade.fees
        balance += trade.pnl_net
        assert trade.balance == balance
        fees = [event.fee for event in of(Filled, events) if event.trade_id == trade.id]
        assert trade.fees == sum(fees)
        assert (trade.fees == 0) == (not config.fills.fees)
    assert engine.status().balance == balance
    assert engine.status().position is None


# Fills


@given(configs, schedules, markets())
def test_fills_are_honest(config: EngineConfig, days: Days, ticks: TickArray) -> None:
    """Against the good ticks of the fill's time, of which at least one must explain it."""
    good, rules = good_by_time(config, days, ticks), config.fills
    engine = Engine(config, days)
    events = engine.push(ticks)
    sent = {order.id: order for order in of(OrderIntent, events)}
    asked: list[OrderAmend] = []
    for filled in events:
        if isinstance(filled, OrderAmend):
            asked.append(filled)
        if not isinstance(filled, Filled):
            continue
        order, price = sent[filled.fill.order_id], filled.fill.price
        arrived = [a for a in asked if a.ts + rules.latency_ms * 1_000_000 <= filled.ts]
        for amend in arrived:
            order = replace(order, price=amend.price) if amend.id == order.id else order
        seen = good[filled.ts]
        side = filled.side
        if filled.role in ("entry", "exit"):
            assert filled.ts >= order.ts + rules.latency_ms * 1_000_000
            assert any(price == p + side * rules.slippage_ticks for p in seen)
        elif filled.role == "target":
            through = 1 if rules.target == "through" else 0
            assert price == order.price
            assert any(-side * (p - price) >= through for p in seen)
            assert filled.ts >= order.ts
        elif rules.exact:
            assert price == order.price
            assert any(side * (p - price) >= 0 for p in seen)
        else:
            touched = [p for p in seen if side * (p - order.price) >= 0]
            assert any(price == p + side * rules.slippage_ticks for p in touched)


def good_by_time(config: EngineConfig, days: Days, ticks: TickArray) -> dict[int, list[int]]:
    """Prices of the good ticks at each time, by the oracle."""
    found: dict[int, list[int]] = {}
    for ts, price, _, _ in good_ticks(ticks.tolist(), days, config.bars, []):
        found.setdefault(ts, []).append(price)
    return found


@given(configs, schedules, markets())
def test_one_position_at_a_time_of_a_size_that_the_tier_allows(
    config: EngineConfig, days: Days, ticks: TickArray
) -> None:
    tiers = {tier.name: tier for tier in config.risk.tiers}
    alive: str = ""
    for event in one_push(config, days, ticks):
        if isinstance(event, Decision) and not event.rule:
            assert alive == ""
            alive = event.trade_id
            tier, multiplier = tiers[event.terms["tier"]], Decimal(event.terms["multiplier"])
            most = max(int(tier.max_size * multiplier), 1) * config.risk.lots_per_unit
            assert 1 <= event.size <= most
        elif isinstance(event, PositionOpened):
            assert event.trade_id == alive
        elif isinstance(event, TradeClosed):
            assert event.trade.id == alive
            alive = ""
        elif isinstance(event, OrderUpdate) and event.id.endswith("-E"):
            alive = alive if event.status == "filled" else ""


@given(
    st.builds(
        busy, symbol=st.sampled_from(["ES", "MES"]), profile=st.sampled_from(["honest", "ideal"]),
        stop_ticks=st.sampled_from([4, 30]), target_ticks=st.just(30), **options,
        loss_limit=st.sampled_from([Decimal(40), Decimal(150)]),
    ),
    schedules,
    markets(),
)  # fmt: skip
def test_a_day_loses_more_than_its_limit_only_by_one_fill(
    config: EngineConfig, days: Days, ticks: TickArray
) -> None:
    """What is lost past the limit is the way from the last trade within it to the exit's fill."""
    engine = Engine(config, days)
    events = [*engine.push(ticks), *engine.finish()]
    times = sorted(good := good_by_time(config, days, ticks))
    tiers = {tier.name: tier for tier in config.risk.tiers}
    day_pnl = limit = 0
    reached_at: int | None = None
    for event in events:
        if isinstance(event, DayStarted):
            day_pnl, reached_at = 0, None
        elif isinstance(event, Decision) and not event.rule:
            tier = tiers[event.terms["tier"]]
            limit = to_units(min(config.risk.loss_limit, tier.loss_limit))
            assert event.terms["day_pnl"] == day_pnl > -limit
        elif isinstance(event, Halted) and event.halt is Halt.LOSS_LIMIT:
            reached_at = event.ts
        elif isinstance(event, TradeClosed):
            trade = event.trade
            day_pnl += trade.pnl_net
            when = min(trade.exit_ts, reached_at or trade.exit_ts)
            before = [t for t in times if trade.entry_ts < t < when][-1:]
            within = [p for t in before for p in good[t]] + [trade.entry_notional // trade.size]
            way = max(trade.direction * (p - trade.exit_notional // trade.size) for p in within)
            worst = max(way, 0) * trade.size * instrument(trade.symbol).tick_units + trade.fees
            assert day_pnl > -limit - worst - 1


# The bracket's options


@given(configs, schedules, markets())
def test_the_stop_moves_only_in_favour_once_a_trade_and_ends_where_it_worked(
    config: EngineConfig, days: Days, ticks: TickArray
) -> None:
    engine = Engine(config, days)
    latency = config.fills.latency_ms * 1_000_000
    opened: PositionOpened | None = None
    stops: list[tuple[int, int, str]] = []
    leaving = False
    for event in [*engine.push(ticks), *engine.finish()]:
        if isinstance(event, PositionOpened):
            opened, stops, leaving = event, [(event.ts, event.stop, "stop")], False
        elif isinstance(event, OrderIntent) and event.role == "exit":
            leaving = True
        elif isinstance(event, OrderAmend):
            assert opened is not None
            assert not leaving
            better = opened.direction * (event.price - stops[-1][1])
            step = config.risk.trail_step_ticks if event.reason == "trailing_stop" else 1
            assert better >= step
            assert event.id == f"{opened.trade_id}-S"
            stops.append((event.ts, event.price, event.reason))
        elif isinstance(event, TradeClosed):
            trade = event.trade
            worked = [stop for stop in stops[1:] if stop[0] + latency <= trade.exit_ts]
            if trade.exit_reason is not ExitReason.END_OF_DATA:
                assert trade.last_stop == [*stops[:1], *worked][-1][1]
            assert trade.stop == stops[0][1]
            if trade.exit_reason in STOPPED:
                assert trade.exit_reason == [*stops[:1], *worked][-1][2]
            seconds = config.risk.time_stop_s
            if trade.exit_reason is ExitReason.TIME_STOP:
                assert trade.exit_ts >= trade.entry_ts + seconds * NS


STOPPED = (ExitReason.STOP, ExitReason.BREAK_EVEN, ExitReason.TRAILING_STOP)


@given(
    st.builds(busy, lots_per_unit=st.just(3), **options),
    st.integers(0, 50),
    st.lists(
        st.one_of(
            st.tuples(st.just("ticks"), st.integers(1, 60)),
            st.tuples(
                st.just("fill"),
                st.sampled_from(["E", "E", "E", "S", "T", "X", "X2", "X3"]),
                st.integers(1, 3),
            ),
            st.tuples(st.just("reject"), st.sampled_from(["E", "X", "X2"])),
            st.tuples(st.just("flatten")),
        ),
        max_size=60,
    ),
)
def test_a_broker_s_fills_in_any_order_never_flip_the_position(
    config: EngineConfig, seed: int, script: list[Any]
) -> None:
    """Exits are never for more than is held; stop and target are for what is held whenever they are
    set, and cover it ever after."""
    ticks = random_market(seed, ticks=4000, hours=6)
    engine = Engine(config, ALL_DAY, simulated=False)
    start = 0
    while engine.status().waiting is None and start < len(ticks):
        engine.push(ticks[start : start + 100])
        start += 100
    books = Books()
    for n, (kind, *values) in enumerate(script):
        now = int(ticks["ts"][start - 1])
        events: list[Event] = []
        if kind == "ticks":
            events = list(engine.push(ticks[start : start + values[0]]))
            start = min(start + values[0], len(ticks))
        elif kind == "fill":
            fill = Fill(
                id=f"f{n}", order_id=ours(engine, values[0]), ts=now, price=20_000, size=values[1]
            )
            events = list(engine.on_fill(fill))
        elif kind == "reject":
            order = ours(engine, values[0])
            events = list(
                engine.command(ReportReject(id=f"r{n}", ts=now, order_id=order, reason=""))
            )
        else:
            events = list(engine.command(Flatten(id=f"c{n}", ts=now)))
        for event in events:
            books.take(event)
        held = engine.status().position
        assert books.held == (held.size if held else 0)
        if held:
            assert min(books.open_size("S"), books.open_size("T")) >= books.held


class Books:
    """A broker's view of one trade after the other: what each order was for, and has filled."""

    def __init__(self) -> None:
        self.held = 0
        self.sizes: dict[str, int] = {}
        self.filled: dict[str, int] = {}

    def open_size(self, role: str) -> int:
        return self.sizes[role] - self.filled.get(role, 0)

    def take(self, event: Event) -> None:
        if isinstance(event, PositionOpened):
            self.sizes, self.filled = {}, {}
        elif isinstance(event, OrderIntent | OrderAmend):
            role = event.id.rpartition("-")[2]
            self.sizes[role] = event.size
            if role.startswith("X"):
                leaving = [self.open_size(name) for name in self.sizes if name.startswith("X")]
                assert 0 < sum(leaving) <= self.held
            elif role != "E":
                assert self.open_size(role) == self.held
        elif isinstance(event, OrderUpdate) and event.status == "rejected":
            role = event.id.rpartition("-")[2]
            self.sizes[role] = self.filled.get(role, 0)
        elif isinstance(event, Filled):
            role = event.fill.order_id.rpartition("-")[2]
            self.filled[role] = self.filled.get(role, 0) + event.fill.size
            self.held += event.fill.size if role == "E" else -event.fill.size
            assert self.held >= 0


# Starting again


@given(configs, schedules, st.integers(0, 1000), st.booleans())
def test_an_engine_started_from_a_day_s_carry_goes_on_the_same(
    config: EngineConfig, days: Days, seed: int, halted: bool
) -> None:
    ticks = random_market(seed, ticks=2500, hours=40)
    roll = days.at(int(ticks["ts"][0])).end
    cut = int(np.searchsorted(ticks["ts"], roll))
    engine = Engine(config, days)
    engine.push(ticks[:cut])
    if halted:
        engine.command(HaltTrading(id="h", ts=0, reason="lunch"))
    if engine.status().position or engine.status().waiting:
        engine.command(Kill(id="k", ts=0))
        engine.push(ticks[cut : cut + 1])
        return
    events = list(engine.push(ticks[cut:]))
    start = next(i for i, event in enumerate(events) if isinstance(event, DayStarted))
    fresh = Engine(config, days, carry=events[start].carry)
    assert list(fresh.push(ticks[cut:])) == events[start:]
    assert fresh.carry() == engine.carry()
