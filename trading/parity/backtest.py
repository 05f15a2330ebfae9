"""A session against the backtest of its recorded ticks.

The backtest gets the ticks, where the market rolled, what was warm-up, and what the operator said
and when; of beats only the last one, no fills and no words of a broker. Signals depend on ticks
alone, so they must be the same whatever the broker did. On paper every decision and every trade
must be the same, to the last figure. At a broker fills are what they were: from the first fill or
halt that the simulation has otherwise the two accounts differ, and so may what they decide. A
decision that differs *before* any such cause is a defect.
"""

from dataclasses import dataclass
from typing import Final

from engine.commands import (
    Command,
    Flatten,
    HaltTrading,
    Kill,
    ReportMargin,
    ResumeTrading,
)
from engine.engine import Engine
from engine.events import Decision, Filled, Halted, Resumed, Signal, TierChanged, Trade
from engine.schedule import TradingDay
from engine.ticks import TickColumns
from trading.journal.runs import KeptRun
from trading.parity.said import Said
from trading.pipeline.core import Beat, Finish, Roll, WarmUp
from trading.stored_session import carry_of

OPERATORS: Final = (HaltTrading, ResumeTrading, Flatten, Kill, ReportMargin)


@dataclass(frozen=True)
class Difference:
    """Something that the session and the backtest have otherwise, at `ts` (UTC ns)."""

    ts: int
    what: str
    session: str
    backtest: str

    def __str__(self) -> str:
        return f"{self.what}: the session has {self.session}, the backtest {self.backtest}"


@dataclass(frozen=True)
class Compared:
    """`defects` must not be. `cause` is what made a broker's account another one, if anything did;
    `followed` the decisions that differ from then on."""

    defects: tuple[Difference, ...]
    cause: Difference | None
    followed: tuple[Difference, ...]


def as_traded(run: KeptRun, day: TradingDay) -> Said:
    """What the session's engine said: every input once more."""
    said, engine = Said(day), run.engine()
    for item in run.replay.inputs:
        match item:
            case TickColumns():
                said.take(engine.push_columns(item))
            case Beat(ts):
                said.take(engine.beat(ts))
            case WarmUp(on):
                engine.warming = on
            case Roll():
                said.take(engine.roll())
            case Finish():
                said.take(engine.finish())
            case Command():
                said.take(engine.command(item))
            case _:
                said.take(engine.on_fill(item))
    return said


def as_backtested(run: KeptRun, day: TradingDay) -> Said:
    """What the engine says of the ticks alone, filled by the simulated exchange."""
    from trading.journal.sources import days_of

    carry = carry_of(dict(run.header.carry))
    said = Said(day)
    engine = Engine(run.config, days_of(run.header), carry=carry)
    now = 0
    for item in run.replay.inputs:
        match item:
            case TickColumns():
                said.take(engine.push_columns(item))
            case Beat(ts):
                now = max(now, ts)
            case WarmUp(on):
                engine.warming = on
            case Roll():
                said.take(engine.roll())
            case Finish():
                said.take(engine.finish())
            case Command() if isinstance(item, OPERATORS):
                said.take(engine.beat(now))  # a command is executed at the time that it found
                said.take(engine.command(item))
            case _:
                pass
    said.take(engine.beat(now))  # what ended with the day, if no tick came after it
    return said


def compare(traded: Said, backtest: Said, *, simulated: bool) -> Compared:
    """`simulated`: the session's fills were, too."""
    defects = _signals(traded, backtest)
    cause = None if simulated else _cause(traded, backtest)
    decisions = _decisions(traded, backtest, whole=simulated)
    if simulated:
        decisions += _trades(traded, backtest)
    before = [each for each in decisions if cause is None or each.ts <= cause.ts]
    after = [each for each in decisions if cause is not None and each.ts > cause.ts]
    return Compared(tuple(defects + before), cause, tuple(after))


def _signals(traded: Said, backtest: Said) -> list[Difference]:
    ids = sorted(traded.signals.keys() | backtest.signals.keys())
    found = []
    for name in ids:
        a, b = traded.signals.get(name), backtest.signals.get(name)
        if a != b:
            ts = a.ts if a is not None else b.ts if b is not None else 0
            found.append(Difference(ts, f"signal {name}", _signal(a), _signal(b)))
    return found


def _signal(signal: Signal | None) -> str:
    return "none" if signal is None else f"{signal}"


def _decisions(traded: Said, backtest: Said, *, whole: bool) -> list[Difference]:
    """`whole`: with all their terms; else what was done, and by which rule."""
    ours = {each.ts: each for each in traded.decisions}
    theirs = {each.ts: each for each in backtest.decisions}
    found = []
    for ts in sorted(ours.keys() | theirs.keys()):
        a, b = ours.get(ts), theirs.get(ts)
        if (a != b) if whole else (_done(a) != _done(b)):
            found.append(
                Difference(ts, f"decision on the bar that ended at {ts}", _said(a), _said(b))
            )
    return found


def _done(decision: Decision | None) -> tuple[object, ...]:
    if decision is None:
        return ()
    d = decision
    return d.action, d.direction, d.size, d.signal_id, d.rule


def _said(decision: Decision | None) -> str:
    if decision is None:
        return "none"
    d = decision
    if d.action == "enter":
        return f"enter {d.direction * d.size:+} for {d.signal_id} as {d.trade_id}, {dict(d.terms)}"
    return f"no entry for {d.signal_id} ({d.rule}: {d.reason}), {dict(d.terms)}"


def _trades(traded: Said, backtest: Said) -> list[Difference]:
    found = []
    for name in sorted(traded.trades.keys() | backtest.trades.keys()):
        a, b = traded.trades.get(name), backtest.trades.get(name)
        if a != b:
            found.append(
                Difference(_closed(a, b), f"trade {name}", f"{a or 'none'}", f"{b or 'none'}")
            )
    return found


def _closed(a: Trade | None, b: Trade | None) -> int:
    return min(each.exit_ts for each in (a, b) if each is not None)


def _cause(traded: Said, backtest: Said) -> Difference | None:
    """The first fill, halt or tier that the simulation has otherwise."""
    first = [
        _first([*map(_fill, traded.fills)], [*map(_fill, backtest.fills)]),
        _first([*map(_change, traded.changes)], [*map(_change, backtest.changes)]),
    ]
    found = [each for each in first if each is not None]
    return min(found, key=lambda each: each.ts) if found else None


def _fill(event: Filled) -> tuple[int, str, str]:
    text = f"{event.side * event.fill.size:+} at {event.fill.price} ({event.role})"
    return event.ts, f"fill of {event.trade_id}", text


def _change(event: Halted | Resumed | TierChanged) -> tuple[int, str, str]:
    match event:
        case Halted(halt=halt):
            return event.ts, "halt", f"halted: {halt.value}"
        case Resumed(halt=halt):
            return event.ts, "halt", f"lifted: {halt.value}"
        case TierChanged():
            return event.ts, "tier", f"{event.before} to {event.after} at {event.balance}"


def _first(
    ours: list[tuple[int, str, str]], theirs: list[tuple[int, str, str]]
) -> Difference | None:
    for k in range(max(len(ours), len(theirs))):
        a = ours[k] if k < len(ours) else None
        b = theirs[k] if k < len(theirs) else None
        if a != b:
            early = min(each for each in (a, b) if each is not None)
            return Difference(early[0], early[1], _at(a), _at(b))
    return None


def _at(what: tuple[int, str, str] | None) -> str:
    return "nothing more" if what is None else f"{what[2]} at {what[0]}"
