"""What a frame for the page says, whoever sends it: the running pipeline, or a replay.

Bars, signals, trades, notices and the tape are said once: `Frames` gathers them until the next
frame takes them. The rest of a frame is how the engine stands when it is made.
`docs/live-socket.md` is the contract.
"""

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Literal

from engine import events as said
from engine.events import Event
from engine.instruments import Instrument
from engine.money import to_decimal
from engine.names import ExitReason
from engine.text import price_text
from engine.ticks import TickColumns
from trading import wire
from trading.pipeline.core import Engine
from trading.pipeline.levels import Levels
from trading.pipeline.prints import Excursion, Prints
from trading.pipeline.stops import Stops
from trading.pipeline.working import WorkingOrders
from trading.pipeline.writer import WriterStats

if TYPE_CHECKING:
    from engine.status import Status

MOST_BARS: Final = 50
MOST: Final = 500
"""Bars, and signals, trades or notices of one frame; a page that lacks more asks the database."""

FeedState = Literal["waiting", "warming", "live", "lost", "stale", "ended", "stopped"]


@dataclass(slots=True)
class Facts:
    """What frames say that the engine does not know. The supervisor changes `feed` and `status`."""

    spec: Instrument
    account: str
    mode: str
    source: str
    synthetic: bool
    inferred: bool
    speed: str
    stale_s: int
    feed: FeedState = "waiting"
    reconnects: int = 0  # how often a feed that was lost was heard again
    status: str = "running"
    account_now: wire.Json = field(default_factory=dict)  # what changed after the engine ended
    feed_dropped: Callable[[], Mapping[str, int]] = dict
    inputs: Callable[[], int] = int  # wait for the engine
    backlog: Callable[[], int] = int  # rows wait for the database
    writer: WriterStats = field(default_factory=WriterStats)
    broker: Callable[[], wire.Json | None] = lambda: None  # its line and books; None: paper


class Frames:
    """Gathers what happens and makes frames of it."""

    def __init__(self, facts: Facts) -> None:
        self.facts = facts
        self._bars: deque[said.Bar] = deque(maxlen=MOST_BARS)
        self._signals: deque[said.Signal] = deque(maxlen=MOST)
        self._trades: deque[said.Trade] = deque(maxlen=MOST)
        self._notices: deque[wire.Json] = deque(maxlen=MOST)
        self._large: deque[said.LargeTrade] = deque(maxlen=MOST)
        self._sweeps: deque[said.Sweep] = deque(maxlen=MOST)
        self._levels = Levels()
        self._prints = Prints()
        self._excursion = Excursion()
        self._orders = WorkingOrders()
        self._stops = Stops()
        self._last_bar: int | None = None
        self._seq = 0

    @property
    def levels_changed(self) -> bool:
        """Since they were told last."""
        return self._levels.changed

    @property
    def quiet(self) -> bool:
        """Nothing happened since the last frame that a frame would say once."""
        return not (self._bars or self._signals or self._trades or self._notices)

    def saw(self, ticks: TickColumns) -> None:
        """A block that the engine took, before `take` is told what it said of it."""
        self._prints.take(ticks)
        self._excursion.take(ticks)

    def take(self, events: Sequence[Event]) -> None:
        self._orders.see(events)
        self._stops.see(events)
        self._excursion.see(events)
        for event in events:
            match event:
                case said.TickDropped(position=position):
                    self._prints.dropped(position)
                case said.BarClosed(bar=bar):
                    self._bars.append(bar)
                    self._last_bar = wire.millis(bar.start)
                case said.SignalDetected(signal=signal):
                    self._signals.append(signal)
                case said.TradeClosed(trade=trade):
                    self._trades.append(trade)
                case said.LargeTrade():
                    self._large.append(event)
                case said.Sweep():
                    self._sweeps.append(event)
                case said.LevelMade() | said.LevelTouched() | said.LevelGone():
                    self._levels.see(event)
                case _:
                    notice = notice_of(event, self.facts.spec)
                    if notice is not None:
                        self._notices.append(notice)

    def forget(self) -> None:
        """What would be said once has been said in another way."""
        for said_once in (self._bars, self._signals, self._trades, self._notices):
            said_once.clear()

    def say(self, notice: wire.Json) -> None:
        """A notice that is not the engine's."""
        self._notices.append(notice)

    def frame(self, engine: Engine, status: "Status", feed: wire.Json, now_ms: int) -> wire.Json:
        """The next frame. `feed` is its part about the feed, `now_ms` its clock."""
        facts, spec = self.facts, self.facts.spec
        self._seq += 1
        forming = engine.forming()
        position = status.position
        frame = {
            "type": "frame",
            "seq": self._seq,
            "now": now_ms,
            "account_name": facts.account,
            "bars": [wire.bar_to_wire(bar, spec) for bar in self._bars],
            "last_bar": self._last_bar,
            "forming": None if forming is None else wire.bar_to_wire(forming, spec),
            "signals": [wire.signal_to_wire(signal) for signal in self._signals],
            "trades": [wire.trade_to_wire(trade) for trade in self._trades],
            "position": position
            and wire.position_to_wire(
                position,
                status.open_pnl,
                self._excursion.ticks(),
                self._stops.to_wire(position.trade_id),
            ),
            "orders": self._orders.to_wire(status),
            "waiting": wire.waiting_to_wire(status.waiting),
            "account": wire.account_to_wire(status) | facts.account_now,
            "feed": feed,
            "regime": wire.reading_to_wire(status.reading),
            "session": {
                "day": status.day.day.isoformat() if status.day else None,
                "phase": status.phase,
                "mode": facts.mode,
                "status": facts.status,
                "ts": wire.millis(status.ts),
                "times": wire.times_to_wire(status.day),
            },
            "output": {
                "written": facts.writer.rows,
                "waiting": facts.backlog(),
                "inputs": facts.inputs(),
                "failing": facts.writer.failing,
            },
            "broker": facts.broker(),
            "notices": list(self._notices),
        }
        self.forget()
        return frame

    def feed(
        self,
        status: "Status",
        state: str,
        *,
        age_ms: int | None = None,
        tps: float = 0.0,
        latency_us: wire.Json | None = None,
    ) -> wire.Json:
        """A frame's part about the feed."""
        facts = self.facts
        return {
            "source": facts.source,
            "synthetic": facts.synthetic,
            "inferred": facts.inferred,
            "state": state,
            "last_tick": wire.millis(status.last_tick_ts),
            "age_ms": age_ms,
            "ticks": status.ticks,
            "tps": tps,
            "dropped": {**facts.feed_dropped(), **status.dropped},
            "speed": facts.speed,
            "latency_us": latency_us,
        }

    def tape(self) -> list[wire.Json]:
        """The message with the tape since the last, or none."""
        if not (self._large or self._sweeps):
            return []
        message = {
            "type": "tape",
            "account_name": self.facts.account,
            "large": [wire.large_trade_to_wire(large) for large in self._large],
            "sweeps": [wire.sweep_to_wire(sweep) for sweep in self._sweeps],
        }
        self._large.clear()
        self._sweeps.clear()
        return [message]

    def prints(self) -> list[wire.Json]:
        """The message with the trades since the last, or none."""
        return self._prints.message(self.facts.account)

    def levels(self, engine: Engine) -> wire.Json:
        """The message with all levels that live, and the last that ended."""
        self._levels.changed = False
        levels = self._levels.to_wire(engine.levels)
        return {"type": "levels", "account_name": self.facts.account, **levels}


ABOUT_ORDERS: Final = (
    "ReportWorking", "ReportCancelled", "ReportLost", "ReportReject", "ReportAmendReject",
)  # fmt: skip
"""A broker's words whose consequences are said by what follows them."""


def notice_of(event: Event, spec: Instrument) -> wire.Json | None:
    """The line that the page shows of an event, if it shows one. `spec` is the feed's instrument:
    what the tier trades has the same ticks."""
    match event:
        case said.Halted(ts=ts, halt=halt, reason=reason):
            return wire.notice(ts, "halted", f"Halted ({halt}): {reason}", "warning")
        case said.Resumed(ts=ts, halt=halt, reason=reason):
            return wire.notice(ts, "resumed", f"No longer halted ({halt}): {reason}")
        case said.TierChanged(ts=ts, before=before, after=after, balance=balance):
            text = f"Tier {before} -> {after} at a balance of {to_decimal(balance)}"
            return wire.notice(ts, "tier", text)
        case said.CommandDone(kind=kind) if kind in ABOUT_ORDERS:
            return None
        case said.CommandDone(ts=ts, kind=kind, ok=ok, result=result):
            return wire.notice(
                ts, "command", wire.command_words(kind, result), "info" if ok else "error"
            )
        case said.InputIgnored(ts=ts, what=what, reason=reason):
            return wire.notice(ts, "ignored", f"Ignored {what}: {reason}", "warning")
        case said.SessionChanged(ts=ts, phase=phase):
            return wire.notice(ts, "session", f"Session: {phase.replace('_', ' ')}")
        case said.DayStarted(ts=ts, day=day):
            return wire.notice(ts, "day", f"Trading day {day}")
        case said.OrderAmend(ts=ts, price=price, reason=ExitReason.BREAK_EVEN):
            return wire.notice(ts, "stop", f"Stop to {price_text(price, spec)}: break-even")
        case said.OrderAmend(ts=ts, price=price, reason=ExitReason.TRAILING_STOP):
            return wire.notice(ts, "stop", f"Stop to {price_text(price, spec)}: trailing")
        case said.OrderUpdate(ts=ts, id=name, status="rejected", reason=reason):
            return wire.notice(ts, "rejected", f"Order {name} rejected: {reason}", "error")
        case said.OrderUpdate(ts=ts, id=name, status="lost", reason=reason):
            return wire.notice(ts, "rejected", f"Order {name} lost: {reason}", "error")
        case said.AmendRejected(ts=ts, id=name, reason=reason):
            text = f"Order {name} could not be changed: {reason}"
            return wire.notice(ts, "rejected", text, "warning")
        case said.ProtectionLost(ts=ts, role="stop", reason=reason):
            return wire.notice(ts, "protection", f"The stop is gone: {reason}", "error")
        case said.ProtectionLost(ts=ts, role=role, reason=reason):
            text = f"The {role} is gone, the stop still works: {reason}"
            return wire.notice(ts, "protection", text, "warning")
        case said.FlattenFailed(ts=ts, trade_id=name, held=held, reason=reason):
            text = f"{name}: {held} held could not be closed: {reason}"
            return wire.notice(ts, "flatten_failed", text, "error")
        case _:
            return None
