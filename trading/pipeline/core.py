"""The one way into the engine.

Whatever may change a decision (ticks, fills, commands, beats, the end of the data) is an `Input`
and passes `Core.act`, one after the other, in one task. There it is recorded before it acts: ticks
that cannot be had again in the tick store, and every input in the input journal. What the engine
says goes to every output; an output that fails is logged and counted, and the others and the engine
go on.
"""

import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Protocol

import structlog

from engine.commands import Command
from engine.events import (
    Bar,
    BarClosed,
    Carry,
    DayStarted,
    Event,
    Fill,
    Halted,
    Level,
    Resumed,
    SessionChanged,
    TierChanged,
    TradeClosed,
)
from engine.ticks import TickColumns
from marketdata.feeds import StoredTicks
from trading.observing.tally import Tally

if TYPE_CHECKING:
    from engine.beliefs import Beliefs
    from engine.status import Status

log = structlog.get_logger(__name__)

LATENCIES: Final = 4096
ACCOUNT_CHANGES: Final = (
    DayStarted, SessionChanged, TradeClosed, Halted, Resumed, TierChanged,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Beat:
    """Event time has come to `ts`, whether or not anything traded."""

    ts: int


@dataclass(frozen=True, slots=True)
class WarmUp:
    """From here on bars only warm the engine up (`on`), or may be traded again. `gap`: they fill
    in what a feed missed in the middle of its day."""

    on: bool
    gap: bool = False


@dataclass(frozen=True, slots=True)
class Finish:
    """The data ended: close the last bar and an open position."""


@dataclass(frozen=True, slots=True)
class Roll:
    """The next tick is another contract's, on a new trading day."""


Input = TickColumns | StoredTicks | Fill | Command | Beat | WarmUp | Roll | Finish


Acted = TickColumns | Fill | Command | Beat | WarmUp | Roll | Finish
"""What the engine and who follows it get of an input: of stored ticks their columns."""


class Engine(Protocol):
    """What the pipeline uses of `engine.engine.Engine`."""

    warming: bool

    @property
    def levels(self) -> tuple[Level, ...]: ...
    def push_columns(self, columns: TickColumns) -> Sequence[Event]: ...
    def on_fill(self, fill: Fill) -> Sequence[Event]: ...
    def command(self, command: Command) -> Sequence[Event]: ...
    def beat(self, ts: int) -> Sequence[Event]: ...
    def roll(self) -> Sequence[Event]: ...
    def finish(self) -> Sequence[Event]: ...
    def forming(self) -> Bar | None: ...
    def carry(self) -> Carry: ...
    def status(self) -> "Status": ...
    def orders(self) -> "Beliefs": ...


class Output(Protocol):
    """Takes what the engine said. Must not wait and must not raise."""

    def take(self, events: Sequence[Event], status: "Status | None") -> None:
        """`status` comes with events that changed the account, else it is None."""
        ...


class Journal(Protocol):
    """Keeps ticks that cannot be had again."""

    def append(self, ticks: StoredTicks) -> None:
        """StoreError when it cannot: they must not be acted on then."""
        ...

    def sync(self) -> None:
        """Put on disk what was appended. From any thread."""
        ...


class InputJournal(Protocol):
    """Keeps every input before it is acted on."""

    def keep(self, item: Acted, stored: bool = False) -> bool:
        """Keep an input; False, and nothing is kept, when it is to be acted on in `parts`.
        `stored`: ticks that a `Journal` has. JournalError when it cannot be kept: it must not be
        acted on then, nor anything after it."""
        ...

    def parts(self, ticks: TickColumns, engine: Engine, stored: bool = False) -> Iterator[Acted]:
        """Ticks in parts, each kept before it is given, and to be acted on before the next is asked
        for. JournalError like `keep`."""
        ...

    def sync(self) -> None:
        """Put on disk what was kept. From any thread."""
        ...


class Follower(Protocol):
    """Told of every input after the engine and its outputs had it. Must not wait nor raise."""

    def follow(self, item: Acted, events: Sequence[Event]) -> None: ...


def worth_saying(count: int) -> bool:
    """Whether to log a failure that may come ten times a second: the first, second, fourth..."""
    return count & (count - 1) == 0


class Core:
    """The engine with its outputs. Used from one task only."""

    def __init__(
        self,
        engine: Engine,
        outputs: Sequence[Output] = (),
        *,
        journal: Journal | None = None,
        inputs: InputJournal | None = None,
        clock: Callable[[], int] = time.perf_counter_ns,
    ) -> None:
        self.engine = engine
        self.outputs = outputs
        self.journal = journal
        self.inputs = inputs
        self.follower: Follower | None = None
        self.clock = clock
        self.latencies: deque[int] = deque(maxlen=LATENCIES)
        self.pushes, self.bars = Tally(), Tally()
        self._warming = False
        self.began = 0  # by `clock`, when the last input was begun to act on
        self.received = 0  # by `clock`, when the last ticks came in; 0: none yet
        self.output_failures = 0
        self.saw: Callable[[TickColumns], None] | None = None
        """Sees each block right after the engine took it. Must not wait and must not raise."""
        self.finished = False

    def act(self, item: Input) -> Sequence[Event]:
        """Put one input into the engine and hand what it says to the outputs. MarketDataError or
        JournalError when it cannot be recorded: it has not acted then."""
        if self.finished:
            return ()
        self.began = self.clock()
        stored = isinstance(item, StoredTicks)
        if isinstance(item, StoredTicks):
            if self.journal is not None:
                self.journal.append(item)
            item = item.columns
        if self.inputs is None or self.inputs.keep(item, stored):
            return self._act(item)
        events: list[Event] = []
        if isinstance(item, TickColumns):
            for part in self.inputs.parts(item, self.engine, stored):
                events += self._act(part)
        return events

    def sync(self) -> None:
        """Return when everything that was acted on is on disk, ticks before what refers to them.
        For whoever is about to do what cannot be undone; from any thread but the loop's, as it
        waits for the disk."""
        if self.journal is not None:
            self.journal.sync()
        if self.inputs is not None:
            self.inputs.sync()

    def _act(self, item: Acted) -> Sequence[Event]:
        events = self._apply(item)
        if events:
            self._emit(events)
            self._time_bar(events)
        if (follower := self.follower) is not None:
            try:
                follower.follow(item, events)
            except Exception:
                # Having missed an input it would show what never was: it follows no longer.
                self.follower = None
                log.exception("follower_failed", follower=type(follower).__name__)
        return events

    def _time_bar(self, events: Sequence[Event]) -> None:
        """From the input that closed a bar to when every output had it."""
        if not self._warming and any(type(event) is BarClosed for event in events):
            self.bars.add(self.clock() - self.began)

    def forget_times(self) -> None:
        """What took so long was not trading."""
        self.latencies.clear()
        self.pushes.clear()
        self.bars.clear()

    def acting_ns(self) -> int:
        """Since the last input was begun to act on."""
        return self.clock() - self.began

    def age_ms(self) -> int | None:
        """Wall time since the last ticks came in."""
        return (self.clock() - self.received) // 1_000_000 if self.received else None

    def latency_us(self) -> dict[str, float] | None:
        """How long the last pushes took: the median, and what one in a hundred exceeds."""
        if not self.latencies:
            return None
        ordered = sorted(self.latencies)
        last = len(ordered) - 1
        return {
            "p50": round(ordered[last // 2] / 1000, 1),
            "p99": round(ordered[last * 99 // 100] / 1000, 1),
        }

    def _apply(self, item: Acted) -> Sequence[Event]:
        match item:
            case TickColumns():
                began = self.clock()
                events = self.engine.push_columns(item)
                self.received = self.clock()
                self.latencies.append(self.received - began)
                if not self._warming:
                    self.pushes.add(self.received - began)
                if self.saw is not None:
                    self.saw(item)
                return events
            case Beat(ts):
                return self.engine.beat(ts)
            case Fill():
                return self.engine.on_fill(item)
            case Command():
                return self.engine.command(item)
            case WarmUp(on):
                self.engine.warming = self._warming = on
                self.latencies.clear()
                return ()
            case Roll():
                return self.engine.roll()
            case Finish():
                self.finished = True
                return self.engine.finish()

    def _emit(self, events: Sequence[Event]) -> None:
        changed = any(isinstance(event, ACCOUNT_CHANGES) for event in events)
        status = self.engine.status() if changed else None
        for output in self.outputs:
            try:
                output.take(events, status)
            except Exception:
                self.output_failures += 1
                if worth_saying(self.output_failures):
                    name, count = type(output).__name__, self.output_failures
                    log.exception("output_failed", output=name, failures=count)
