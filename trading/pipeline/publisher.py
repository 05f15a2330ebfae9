"""Frames for the live page: `docs/live-socket.md` is the contract.

`take` only remembers. A task of its own looks ten times a second whether there is something to say,
and says at least once a second that we are alive, whatever the tick rate. What a slow or dead
channel layer does not take within its time is dropped: the next frame stands for itself.
"""

import asyncio
import time
from collections import deque
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Literal

import structlog

from engine import events as said
from engine.events import Event
from engine.instruments import Instrument
from engine.money import to_decimal
from engine.names import ExitReason, Halt
from engine.text import price_text
from trading import wire
from trading.pipeline.core import Core, worth_saying
from trading.pipeline.writer import WriterStats

if TYPE_CHECKING:
    from engine.status import Status

log = structlog.get_logger(__name__)

GROUP: Final = "live"
SHORTEST_S: Final = 0.1
LONGEST_S: Final = 1.0
LEVELS_S: Final = 5.0
SEND_WITHIN_S: Final = 2.0
RATE_WINDOW_S: Final = 3.0
MOST_BARS: Final = 50
MOST: Final = 500
"""Bars, and signals, trades or notices of one frame; a page that lacks more asks the database."""

FeedState = Literal["waiting", "warming", "live", "stale", "ended"]


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
    status: str = "running"
    feed_dropped: Callable[[], Mapping[str, int]] = dict
    backlog: Callable[[], int] = int
    writer: WriterStats = field(default_factory=WriterStats)


class Publisher:
    """An output of the pipeline. `run` sends what `frame` makes."""

    def __init__(
        self,
        core: Core,
        facts: Facts,
        *,
        clock: Callable[[], float] = time.monotonic,
        now_ms: Callable[[], int] = lambda: time.time_ns() // wire.MS,
    ) -> None:
        self.core = core
        self.facts = facts
        self.sent = 0
        self.failures = 0
        self._clock = clock
        self._now_ms = now_ms
        self._bars: deque[said.Bar] = deque(maxlen=MOST_BARS)
        self._signals: deque[said.Signal] = deque(maxlen=MOST)
        self._trades: deque[said.Trade] = deque(maxlen=MOST)
        self._notices: deque[wire.Json] = deque(maxlen=MOST)
        self._large: deque[said.LargeTrade] = deque(maxlen=MOST)
        self._sweeps: deque[said.Sweep] = deque(maxlen=MOST)
        self._levels_changed = False
        self._last_levels = float("-inf")
        self._last_bar: int | None = None
        self._last_frame = float("-inf")
        self._seen: tuple[object, ...] = ()
        self._seq = 0
        self._rates: deque[tuple[float, int]] = deque()
        self._writer_failing = False
        self._state: FeedState = "waiting"

    def take(self, events: Sequence[Event], status: "Status | None") -> None:
        for event in events:
            match event:
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
                    self._levels_changed = True
                case _:
                    notice = notice_of(event, self.facts.spec)
                    if notice is not None:
                        self._notices.append(notice)

    def say(self, kind: str, text: str, level: str = "info") -> None:
        """A notice of the pipeline's own."""
        now = self._now_ms() * wire.MS
        self._notices.append(wire.notice(now, kind, text, level))

    def frame(self) -> wire.Json | None:
        """The next frame, or None when it is too early or there is nothing new to say."""
        now = self._clock()
        since = now - self._last_frame
        if since < SHORTEST_S:
            return None
        self._watch_writer()
        status = self.core.engine.status()
        seen = (status.ticks, status.ts, self.facts.feed, self.facts.status)
        quiet = not (self._bars or self._signals or self._trades or self._notices)
        if quiet and seen == self._seen and since < LONGEST_S:
            return None
        self._seen = seen
        return self._build(status, now)

    def beside(self) -> list[wire.Json]:
        """The messages beside a frame: the tape since the last, and the levels if they changed or
        a page that joined may lack them."""
        messages: list[wire.Json] = []
        common = {"account_name": self.facts.account}
        if self._large or self._sweeps:
            messages.append({
                "type": "tape",
                **common,
                "large": [wire.large_trade_to_wire(large) for large in self._large],
                "sweeps": [wire.sweep_to_wire(sweep) for sweep in self._sweeps],
            })  # fmt: skip
            self._large.clear()
            self._sweeps.clear()
        now = self._clock()
        if self._levels_changed or now - self._last_levels >= LEVELS_S:
            self._levels_changed, self._last_levels = False, now
            levels = [wire.level_to_wire(level) for level in self.core.engine.levels]
            messages.append({"type": "levels", **common, "levels": levels})
        return messages

    async def run(
        self,
        send: Callable[[wire.Json], Awaitable[None]],
        *,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        """Send frames until cancelled."""
        while True:
            try:
                await self.publish(send)
            except Exception:
                self.failures += 1
                if worth_saying(self.failures):
                    log.exception("frame_failed", failures=self.failures)
                await sleep(LONGEST_S)
            await sleep(SHORTEST_S)

    async def publish(self, send: Callable[[wire.Json], Awaitable[None]]) -> None:
        """Make and send one frame if it is due, and what belongs beside it."""
        frame = self.frame()
        if frame is not None:
            async with asyncio.timeout(SEND_WITHIN_S):
                await send(frame)
                for message in self.beside():
                    await send(message)
            self.sent += 1

    async def last_frame(self, send: Callable[[wire.Json], Awaitable[None]]) -> None:
        """Say how it ended, whether or not a frame is due."""
        try:
            async with asyncio.timeout(SEND_WITHIN_S):
                await send(self._build(self.core.engine.status(), self._clock()))
                for message in self.beside():
                    await send(message)
        except Exception:
            log.exception("last_frame_failed")

    def _build(self, status: "Status", now: float) -> wire.Json:
        facts, spec = self.facts, self.facts.spec
        self._last_frame = now
        self._seq += 1
        forming = self.core.engine.forming()
        position = status.position
        frame = {
            "type": "frame",
            "seq": self._seq,
            "now": self._now_ms(),
            "account_name": facts.account,
            "bars": [wire.bar_to_wire(bar, spec) for bar in self._bars],
            "last_bar": self._last_bar,
            "forming": None if forming is None else wire.bar_to_wire(forming, spec),
            "signals": [wire.signal_to_wire(signal) for signal in self._signals],
            "trades": [wire.trade_to_wire(trade) for trade in self._trades],
            "position": position and wire.position_to_wire(position, status.open_pnl),
            "waiting": wire.waiting_to_wire(status.waiting),
            "account": wire.account_to_wire(status),
            "feed": self._feed(status, now),
            "regime": wire.reading_to_wire(status.reading),
            "session": {
                "day": status.day.day.isoformat() if status.day else None,
                "phase": status.phase,
                "mode": facts.mode,
                "status": facts.status,
            },
            "output": {
                "written": facts.writer.rows,
                "waiting": facts.backlog(),
                "failing": facts.writer.failing,
            },
            "notices": list(self._notices),
        }
        for said_once in (self._bars, self._signals, self._trades, self._notices):
            said_once.clear()
        return frame

    def _feed(self, status: "Status", now: float) -> wire.Json:
        facts = self.facts
        age_ms = self.core.age_ms()
        state = facts.feed
        if state != self._state:
            self._state = state
            self._rates.clear()  # what a warm-up takes at once is no rate
        late = age_ms is not None and age_ms > facts.stale_s * 1000
        if state == "live" and (late or Halt.STALE_FEED in status.halts):
            state = "stale"
        return {
            "source": facts.source,
            "synthetic": facts.synthetic,
            "inferred": facts.inferred,
            "state": state,
            "last_tick": wire.millis(status.last_tick_ts),
            "age_ms": age_ms,
            "ticks": status.ticks,
            "tps": self._rate(status.ticks, now),
            "dropped": {**facts.feed_dropped(), **status.dropped},
            "speed": facts.speed,
            "latency_us": self.core.latency_us(),
        }

    def _rate(self, ticks: int, now: float) -> float:
        """Ticks per second over the last seconds."""
        self._rates.append((now, ticks))
        while now - self._rates[0][0] > RATE_WINDOW_S and len(self._rates) > 1:
            self._rates.popleft()
        began, before = self._rates[0]
        return round((ticks - before) / (now - began), 1) if now > began else 0.0

    def _watch_writer(self) -> None:
        failing = self.facts.writer.failing
        if failing != self._writer_failing:
            self._writer_failing = failing
            if failing:
                self.say("database", "The database does not answer; rows are kept.", "error")
            else:
                self.say("database", "The database answers again; all rows are stored.")


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
        case said.CommandDone(ts=ts, kind=kind, ok=ok, result=result):
            return wire.notice(ts, "command", f"{kind}: {result}", "info" if ok else "error")
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
        case _:
            return None
