"""Whether any decision looked at what had not happened yet.

At many moments of the days the future is taken away, and changed: the ticks from then on are cut
off, mirrored (prices turned over, aggressors swapped), and shuffled (steps, sizes and sides in
another order, twice as fast). Whatever was said up to the moment (bars, signals, decisions, orders,
fills, trades) must be the same to the last field each time, and nothing else may have been said
before it.

Moments are chosen by a seed: some anywhere, the others within two ticks of a signal, a decision to
enter, an entry and an exit, where looking ahead would pay. Each day begins with what the days
before it left, which the checks of those days cover.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, fields, is_dataclass
from datetime import date
from typing import Any, Final, Protocol

import numpy as np
import numpy.typing as npt

from backtests.days import trading_day
from backtests.plan import Plan
from engine.account_run import AccountRun
from engine.config import EngineConfig
from engine.day_analysis import DayAnalysis, Judge
from engine.day_bars import DayScan
from engine.engine import Engine
from engine.events import (
    Carry,
    Decision,
    Event,
    PositionOpened,
    SignalDetected,
    TradeClosed,
)
from engine.schedule import Schedule
from engine.ticks import TickColumns, joined, part
from marketdata.calendars import schedule
from marketdata.store import TickStore

Generator = np.random.Generator

MOST_DIFFERENCES: Final = 20
"""Where one is, there are many: the rest is not looked for."""
FUTURE: Final = 50_000
"""Ticks of another future: some hours of them. Whoever looks further meets its end."""
OFFSETS: Final = (0, 1, 1, 1, 2)
"""Ticks that are given from the one on at which something happened: most often that one alone."""
TEXT: Final = 300
"""Characters of an event in a report."""
ANYWHERE: Final = "anywhere"
KINDS: Final[dict[type, str]] = {
    SignalDetected: "signal", Decision: "decision", PositionOpened: "entry", TradeClosed: "exit",
}  # fmt: skip


@dataclass(frozen=True)
class Start:
    """How a trading day begins: what the days before left, and whether the contract is another."""

    config: EngineConfig
    schedule: Schedule
    carry: Carry | None
    rolled: bool


class Said(Protocol):
    """What a machine says: an event, or anything else that has a time and can be compared."""

    @property
    def ts(self) -> int: ...


class Machine(Protocol):
    """What is checked: it is given a day's ticks, or the first of them, and says what it does, and
    what it leaves to the next day."""

    def __call__(self, start: Start, ticks: TickColumns) -> tuple[Sequence[Said], Carry | None]: ...


@dataclass(frozen=True, kw_only=True)
class Difference:
    """What was said differently without the true future. `ticks` were given of the day, up to `ts`;
    `future` is what came instead; `number` counts the day's events from 0; "" is nothing."""

    machine: str
    day: date
    ts: int
    ticks: int
    near: str
    future: str
    number: int
    said: str
    instead: str

    def __str__(self) -> str:
        return (
            f"{self.machine}, {self.day}, after {self.ticks:,} ticks ({self.near}), future "
            f"{self.future}: event {self.number} is {self.said or 'nothing'}; without the true "
            f"future it is {self.instead or 'nothing'}"
        )


@dataclass(frozen=True, kw_only=True)
class Findings:
    """`moments` by what they were chosen near; `events` is how many events were compared, over all
    `comparisons`. `stopped`: somebody ended the check."""

    machines: tuple[str, ...]
    seed: int
    days: int
    ticks: int
    moments: dict[str, int]
    comparisons: int
    events: int
    differences: tuple[Difference, ...]
    stopped: bool = False

    @property
    def ok(self) -> bool:
        """Nothing moved, and something was looked at."""
        return not self.differences and self.events > 0

    @property
    def says(self) -> str:
        """One sentence."""
        count = sum(self.moments.values())
        looked = (
            f"{count:,} moments of {self.days:,} days, {self.comparisons:,} other futures of "
            f"{' and '.join(self.machines)}, {self.events:,} events compared"
        )
        if self.differences:
            return f"LOOK-AHEAD: {looked}; {len(self.differences)} differences"
        if not self.events:
            return f"Nothing to compare: {looked}"
        return f"No look-ahead found: {looked}; no past decision moved"

    def as_json(self) -> dict[str, Any]:
        content = asdict(self)
        content["differences"] = [
            {**asdict(each), "day": each.day.isoformat()} for each in self.differences
        ]
        return {**content, "ok": self.ok, "says": self.says}


@dataclass(frozen=True)
class BarAnalysed:
    """A bar that stage one has closed, with the patterns that it found in it."""

    ts: int
    bar: tuple[Any, ...]
    found: tuple[tuple[Any, ...], ...]


def whole_engine(start: Start, ticks: TickColumns) -> tuple[Sequence[Said], Carry | None]:
    """The engine that trades, with all that it says, given the day in one piece."""
    engine = Engine(start.config, start.schedule, carry=start.carry)
    events: list[Event] = list(engine.roll()) if start.rolled else []
    events += engine.push_columns(ticks)
    return events, engine.carry()


def two_stages(start: Start, ticks: TickColumns) -> tuple[Sequence[Said], Carry | None]:
    """The analysis and the account that backtests run, given the day in one piece."""
    analysis = _analysed(start, ticks)
    run = AccountRun(start.config, start.schedule, start.carry)
    events: list[Event] = list(run.roll()) if start.rolled else []
    events += run.run(analysis, *analysis.good(ticks.ts, ticks.price))
    return events, run.carry()


def stage_one(start: Start, ticks: TickColumns) -> tuple[Sequence[Said], Carry | None]:
    """What is kept of a day's analysis: its bars, and the patterns in each."""
    analysis = _analysed(start, ticks)
    bars, found = analysis.bars, analysis.found
    ends = bars["found"].tolist()
    starts = [0, *ends]
    said = [
        BarAnalysed(
            int(bars["end"][at]),
            tuple(bars[at].tolist()),
            tuple(map(_plain, found[starts[at] : end])),
        )
        for at, end in enumerate(ends)
    ]
    return said, start.carry


def _plain(record: Any) -> tuple[Any, ...]:
    """A record that can be compared: inner arrays as lists."""
    return tuple(record[name].tolist() for name in record.dtype.names)


def _analysed(start: Start, ticks: TickColumns) -> DayAnalysis:
    day = start.schedule.at(int(ticks.ts[0]))
    scan = DayScan(start.config, day)
    scan.push(ticks)
    return Judge(start.config).judge(scan.finish(), day)


MACHINES: Final[Mapping[str, Machine]] = {
    "engine": whole_engine,
    "analysis": stage_one,
    "two stages": two_stages,
}
"""What is checked if nothing else is asked for. The first one's events say which moments."""


def check(
    plan: Plan,
    store: TickStore,
    *,
    moments: int,
    seed: int = 1,
    machines: Mapping[str, Machine] = MACHINES,
    told: Callable[[int], None] = lambda days: None,
    stop: Callable[[], bool] = lambda: False,
) -> Findings:
    """Check the days of a plan at about so many moments in all, at least one a day."""
    rng = np.random.default_rng(seed)
    spec = plan.config.instrument
    hours = schedule(spec, "all" if plan.session == "all" else "rth")
    each = max(1, -(-moments // len(plan.days)))
    carries: dict[str, Carry | None] = dict.fromkeys(machines)
    contract: str | None = None
    tally, found = _Tally(), list[Difference]()
    stopped = False
    for number, day in enumerate(plan.days):
        stopped = stop()
        if stopped or len(found) >= MOST_DIFFERENCES:
            break
        trading_day(spec, day, plan.session)
        stored = store.read(plan.symbol, day)
        ticks = joined(stored.columns())
        rolled = contract not in (None, stored.info.contract)
        contract = stored.info.contract
        starts = {name: Start(plan.config, hours, carry, rolled) for name, carry in carries.items()}
        carries = _check_day(day, starts, ticks, machines, each, rng, tally, found)
        told(number + 1)
    return Findings(
        machines=tuple(machines),
        seed=seed,
        days=tally.days,
        ticks=tally.ticks,
        moments=dict(tally.moments),
        comparisons=tally.comparisons,
        events=tally.events,
        differences=tuple(found[:MOST_DIFFERENCES]),
        stopped=stopped,
    )


class _Tally:
    def __init__(self) -> None:
        self.days = self.ticks = self.comparisons = self.events = 0
        self.moments: Counter[str] = Counter()


def _check_day(
    day: date, starts: Mapping[str, Start], ticks: TickColumns, machines: Mapping[str, Machine],
    moments: int, rng: Generator, tally: _Tally, found: list[Difference],
) -> dict[str, Carry | None]:  # fmt: skip
    whole = {name: machine(starts[name], ticks) for name, machine in machines.items()}
    leaves = {name: carry for name, (_, carry) in whole.items()}
    clock = np.maximum.accumulate(ticks.ts)
    tally.days += 1
    tally.ticks += len(ticks.ts)
    first, _ = next(iter(whole.values()))
    for near, count in _moments(first, clock, moments, rng):
        tally.moments[near] += 1
        # Nothing is known of a tick that has the time of one that was given.
        until = int(clock[count - 1]) + (count == len(clock) or clock[count] > clock[count - 1])
        past = {
            name: [event for event in events if event.ts < until]
            for name, (events, _) in whole.items()
        }
        for future, given in _futures(ticks, count, rng):
            for name, machine in machines.items():
                said, _ = machine(starts[name], given)
                again = [event for event in said if event.ts < until]
                tally.comparisons += 1
                tally.events += len(past[name])
                difference = _first_difference(past[name], again)
                if difference is not None:
                    at, was, instead = difference
                    found.append(
                        Difference(
                            machine=name, day=day, ts=int(clock[count - 1]), ticks=count,
                            near=near, future=future, number=at, said=was, instead=instead,
                        )
                    )  # fmt: skip
            if len(found) >= MOST_DIFFERENCES:
                return leaves
    return leaves


def _moments(
    events: Iterable[Said], clock: npt.NDArray[np.int64], wanted: int, rng: Generator
) -> list[tuple[str, int]]:
    """How many ticks are given at each moment, and what it is near; in turn of each kind that the
    day has, each moment once."""
    if len(clock) < 2:
        return []
    near: dict[str, list[int]] = {ANYWHERE: []}
    for event in events:
        kind = KINDS.get(type(event))
        if kind is not None and not (isinstance(event, Decision) and event.action != "enter"):
            near.setdefault(kind, []).append(int(np.searchsorted(clock, event.ts)))
    chosen: dict[int, str] = {}
    kinds = sorted(near)
    for turn in range(4 * wanted):
        if len(chosen) >= wanted:
            break
        kind = kinds[turn % len(kinds)]
        if kind == ANYWHERE:
            count = int(rng.integers(1, len(clock)))
        else:
            count = int(rng.choice(near[kind])) + int(rng.choice(OFFSETS))
        if 0 < count < len(clock):
            chosen.setdefault(count, kind)
    return [(kind, count) for count, kind in sorted(chosen.items())]


def _futures(ticks: TickColumns, count: int, rng: Generator) -> list[tuple[str, TickColumns]]:
    """The first `count` ticks, alone and with other ones after them."""
    past, rest = part(ticks, slice(count)), part(ticks, slice(count, count + FUTURE))
    last, clock = int(past.price[-1]), int(past.ts.max())
    mirrored = TickColumns(
        rest.ts, np.maximum(2 * last - rest.price, 1).astype(np.int32), rest.size, -rest.side
    )
    order = rng.permutation(len(rest.ts))
    steps = np.diff(rest.price, prepend=np.int32(last))[order]
    shuffled = TickColumns(
        np.maximum(clock, rest.ts) - (np.maximum(clock, rest.ts) - clock) // 2,
        np.maximum(last + np.cumsum(steps), 1).astype(np.int32),
        rest.size[order],
        rest.side[order],
    )
    # Copies: what is cut off must not lie behind the array that is given.
    return [
        ("cut off", joined([past])),
        ("mirrored", joined([past, mirrored])),
        ("shuffled", joined([past, shuffled])),
    ]


def _first_difference(past: Sequence[Said], again: Sequence[Said]) -> tuple[int, str, str] | None:
    for at, (was, instead) in enumerate(zip(past, again, strict=False)):
        if was != instead:
            return at, *_versions(was, instead)
    if len(past) == len(again):
        return None
    at = min(len(past), len(again))
    return (
        at,
        _text(past[at]) if at < len(past) else "",
        _text(again[at]) if at < len(again) else "",
    )


def _versions(was: Said, instead: Said) -> tuple[str, str]:
    """Both in words: what differs of two events of a kind, else all of them."""
    if type(was) is not type(instead):
        return _text(was), _text(instead)
    paths = list(_differing("", was, instead))
    name = f"{type(was).__name__} at {was.ts}"
    return (
        f"{name}: " + _short(", ".join(f"{path}={one!r}" for path, one, _ in paths)),
        f"{name}: " + _short(", ".join(f"{path}={other!r}" for path, _, other in paths)),
    )


def _differing(path: str, was: object, instead: object) -> Iterator[tuple[str, object, object]]:
    """The innermost fields that are not the same."""
    if is_dataclass(was) and type(was) is type(instead):
        names: Iterable[str] = (each.name for each in fields(was))
        pairs = {name: (getattr(was, name), getattr(instead, name)) for name in names}
    elif isinstance(was, dict) and isinstance(instead, dict):
        pairs = {name: (was.get(name), instead.get(name)) for name in {**was, **instead}}
    else:
        if not np.array_equal(was, instead):  # type: ignore[arg-type]
            yield path, was, instead
        return
    for name, (one, other) in pairs.items():
        yield from _differing(f"{path}.{name}" if path else name, one, other)


def _text(event: Said) -> str:
    return _short(repr(event))


def _short(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= TEXT else f"{text[:TEXT]}..."
