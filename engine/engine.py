"""The engine: ticks, fills, commands and beats go in, events come out.

    engine = Engine(engine_config("ES"), schedule)
    for event in engine.push(ticks):
        ...

Rules:

- Only inputs change anything, and time is event time: it is the latest time any input has shown.
- An input first lets time advance through every moment that is due (bar end, session open, stale
  feed, end of entries, flatten, close, day end), in order of time; so ticks in any split and beats
  anywhere in between give the same events.
- The compiled scan takes the ticks at which nothing can happen; `_take` handles every other one.
- Here is what the market does; what we do about it is the desk's.
"""

from collections.abc import Callable, Sequence
from typing import Any, Final, Literal

from engine.analysis import Analysis
from engine.beliefs import Beliefs
from engine.closing import scan_bars
from engine.commands import Command
from engine.config import EngineConfig
from engine.desk import Desk, first_carry
from engine.errors import EngineError, InputError
from engine.events import (
    Bar,
    BarClosed,
    Carry,
    DayStarted,
    Event,
    Fill,
    Level,
    RegimeReading,
    SessionChanged,
    Signal,
    SignalDetected,
)
from engine.footprint import (
    ALWAYS,
    FAR,
    TIME_BARS,
    ScanState,
    fit_ladder,
    new_ladder,
    scan_records,
    take,
)
from engine.gate import Gate
from engine.hearing import require_sane
from engine.levels import Levels
from engine.names import ExitReason, Halt
from engine.profile import Profile
from engine.risk import ENDS_WITH_DAY
from engine.rules import bar_length
from engine.schedule import Schedule, TradingDay
from engine.status import Status, position_of
from engine.tape import Tape, scan_tape, scan_tape_records
from engine.ticks import (
    MAX_LADDER,
    MAX_TS,
    NS,
    ONE_TICK,
    TICK,
    TickArray,
    TickColumns,
    columns,
)

NOTHING: Final[Sequence[Event]] = ()
NO_LADDER: Final = -(1 << 40)  # no price fits: the first tick places the ladder
Phase = Literal["open", "entries_closed", "flatten", "closed", "end"]


class Engine:
    """One instrument's decisions.

    `quiet` says only what became of the account: no events of bars, signals, decisions, tape and
    levels, nor of orders and fills that are simulated; it changes no decision. With `simulated`
    False fills come from a broker (`on_fill`). While `warming` is set, bars are marked and never
    trade.
    """

    def __init__(
        self,
        config: EngineConfig,
        schedule: Schedule,
        *,
        carry: Carry | None = None,
        simulated: bool = True,
        quiet: bool = False,
    ) -> None:
        self.config = config
        self.warming = False
        carry = carry or first_carry(config)
        self._schedule = schedule
        self._quiet = quiet
        self._state = ScanState()
        self._scan = self._state.array
        self._gate = Gate(self._state)
        self._ladder = new_ladder()
        self._state.base, self._state.size = NO_LADDER, self._ladder.shape[1]
        self._analysis = Analysis(config, carry.unfinished)
        self._tape = Tape(config.tape)
        self._levels = Levels(config, self._analysis, () if quiet else carry.levels)
        self._desk = Desk(config, carry, self._state, simulated, not quiet)
        self._state.kind, self._state.length = bar_length(config.bars)
        self._stale_ns = config.risk.stale_s * NS
        self._day: TradingDay | None = None
        self._moments: list[tuple[int, Phase]] = []
        self._phase = "closed"
        self._ended = False
        self._reading: RegimeReading | None = None

    # -- inputs ------------------------------------------------------------------------------

    def push(self, ticks: TickArray) -> Sequence[Event]:
        """Take a TICK array of any length >= 0; the events it caused, in order."""
        if ticks.dtype is not TICK and ticks.dtype != TICK:
            raise InputError(f"push takes an array of dtype TICK, not {ticks.dtype}")
        if self._quiet:
            taken = scan_records(ticks, 0, self._scan, self._ladder)
        else:
            taken = scan_tape_records(ticks, 0, self._scan, self._ladder, self._tape.array)
        if taken == len(ticks):
            return NOTHING
        if taken == ~len(ticks) and self._tape.drain(self._desk.events):
            return self._flush()
        if len(ticks) == 1:  # as a live feed pushes
            self._take(*ONE_TICK.unpack(ticks.tobytes()))
            return self._flush()
        return self._run(*columns(ticks), taken)

    def push_columns(self, columns: TickColumns) -> Sequence[Event]:
        """The same for contiguous columns."""
        ts, price, size, side = columns
        if not len(ts) == len(price) == len(size) == len(side):
            raise InputError(f"columns differ in length: {[len(column) for column in columns]}")
        taken = self._scan_on(ts, price, size, side, 0)
        if taken == len(ts):
            return self._flush() if self._desk.events else NOTHING
        return self._run(ts, price, size, side, taken)

    def beat(self, ts: int) -> Sequence[Event]:
        """Time is `ts` (UTC ns) even if nothing trades. An earlier time than seen is ignored."""
        _require_time(ts)
        if ts > self._clock:
            self._advance(ts)
            self._state.clock = ts
            self._arm()
        return self._flush()

    def on_fill(self, fill: Fill) -> Sequence[Event]:
        """An execution reported by the broker. Seen before or unknown: ignored, and said so."""
        self._desk.bars = self._analysis.bars
        self._desk.on_fill(fill)
        self._arm()
        return self._flush()

    def command(self, command: Command) -> Sequence[Event]:
        """An operator's or broker's word. A command id is executed once."""
        _require_time(command.ts)
        require_sane(command)
        if not self._desk.known(command, self._clock):
            ts = max(command.ts, self._clock)
            self._advance(ts)
            self._state.clock = ts
            self._desk.execute(command, ts)
            self._arm()
        return self._flush()

    def roll(self) -> Sequence[Event]:
        """The next tick is the first of a trading day, and of another contract: levels at the old
        one's prices are gone."""
        self._analysis.forget_levels()
        if not self._quiet:
            self._levels.roll(self._clock, self._desk.events)
        return self._flush()

    def finish(self) -> Sequence[Event]:
        """The data ended: close what is open at the last trade, and the bar that is being built."""
        self._ended = True
        self._desk.finish(self._state.last_ts)
        if self._state.trades:
            if self._state.kind != TIME_BARS:
                self._state.bar_end = self._clock
            self._advance(self._state.bar_end)
        self._arm()
        return self._flush()

    # -- views -------------------------------------------------------------------------------

    def forming(self) -> Bar | None:
        """The bar being built."""
        return self._analysis.forming(self._state, self._ladder)

    def profile(self, since: int = 0) -> Profile:
        """Volume by price of the trading day's bars from the one that `since` (UTC ns) falls in,
        the forming one included; `profile(since).vwap()` is the VWAP anchored there.

        EngineError in a quiet engine, which keeps no bars.
        """
        if self._quiet:
            raise EngineError("a quiet engine has no profile: it keeps no bars")
        profile, forming = self._levels.profile(since), self.forming()
        if forming is not None and forming.end > since:
            profile.add(forming.levels)
        return profile

    @property
    def levels(self) -> tuple[Level, ...]:
        """The levels that live, in the order in which they were made; none in a quiet engine."""
        return self._levels.alive

    def carry(self) -> Carry:
        """What the next trading day would start from."""
        account = self._desk.account
        return Carry(
            balance=account.balance,
            peak=account.peak,
            streak=account.streak,
            tier=account.tier.name,
            halts=tuple(halt for halt in account.halts if halt not in ENDS_WITH_DAY),
            unfinished=self._analysis.remembered,
            levels=self.levels,
        )

    def status(self) -> Status:
        """A snapshot."""
        state, account, bracket = self._state, self._desk.account, self._desk.bracket
        price = state.last_price
        held = bracket if bracket is not None and bracket.position else None
        waiting = bracket if bracket is not None and not bracket.entered else None
        return Status(
            ts=self._clock if self._clock > 0 else None,
            last_tick_ts=state.last_ts if state.ticks else None,
            last_price=price if state.ticks else None,
            day=self._day,
            phase=self._phase,
            reading=self._reading,
            balance=account.balance,
            peak=account.peak,
            streak=account.streak,
            day_pnl=account.day_pnl,
            open_pnl=held.open_pnl(price) if held else 0,
            position=position_of(held) if held else None,
            waiting=waiting.intent("entry", self._clock, "") if waiting else None,
            tier=account.tier.name,
            tier_symbol=account.traded.symbol,
            loss_limit=account.loss_limit,
            profit_target=account.profit_target,
            halts=tuple(account.halts),
            ticks=state.ticks,
            bars=self._analysis.bars,
            dropped=dict(self._gate.dropped),
        )

    def orders(self) -> Beliefs:
        """What is believed to be at the broker; nothing where fills are simulated."""
        return self._desk.beliefs()

    # -- ticks -------------------------------------------------------------------------------

    @property
    def _clock(self) -> int:
        clock: int = self._state.clock
        return clock

    def _run(self, ts: Any, price: Any, size: Any, side: Any, i: int) -> Sequence[Event]:
        n = len(ts)
        if i < 0:
            i = self._tape.tell(ts, price, size, side, ~i, self._desk.events)
        while i < n:
            self._take(int(ts[i]), int(price[i]), int(size[i]), int(side[i]))
            i = self._scan_on(ts, price, size, side, i + 1)
        return self._flush()

    def _scan_on(self, ts: Any, price: Any, size: Any, side: Any, i: int) -> int:
        """Take ticks from `i` on until one needs a look; its index, or how many there are."""
        if not self._quiet:
            tape = self._tape.array
            i = int(scan_tape(ts, price, size, side, i, self._scan, self._ladder, tape))
            return i if i >= 0 else self._tape.tell(ts, price, size, side, ~i, self._desk.events)
        words = self._analysis.words
        i = scan_bars(ts, price, size, side, i, self._scan, self._ladder, words)
        if self._analysis.approved:
            self._decide(self._analysis.bar_end, self._analysis.signals(approved_only=True))
        return i

    def _take(self, ts: int, price: int, size: int, side: int) -> None:
        """One tick at which something may happen."""
        reason = self._gate.fault(ts, price, size, side, self._day)
        if reason:
            self._emit(self._gate.drop(reason, ts, price, size, side))
            return
        ts = max(ts, self._clock)
        self._desk.bars = self._analysis.bars
        self._advance(ts)
        if self._day is None:
            self._start_day(ts)
        if not self._quiet:
            self._tape.take(ts, price, size, side, self._desk.events)
        self._make_room(price)
        if Halt.STALE_FEED in self._desk.account.halts:
            self._desk.lift(Halt.STALE_FEED, ts, "ticks again")
        self._desk.trade(ts, price)
        if take(ts, price, size, side, self._scan, self._ladder):
            self._state.bar_end = ts
            self._close_bar()
        self._arm()

    def _make_room(self, price: int) -> None:
        """Give the ladder room for a price."""
        state = self._state
        if not state.base <= price < state.base + state.size:
            self._ladder = fit_ladder(state, self._ladder, price, MAX_LADDER)

    # -- time --------------------------------------------------------------------------------

    def _advance(self, ts: int) -> None:
        """Let every moment up to `ts` happen, in order of time."""
        while (happen := self._next_moment(ts)) is not None:
            happen()

    def _next_moment(self, ts: int) -> Callable[[], None] | None:
        """The earliest moment that is due at `ts`; of equal ones in the order of this method."""
        state = self._state
        best = ts + 1
        happen: Callable[[], None] | None = None
        if state.trades and state.bar_end < best:
            best, happen = state.bar_end, self._close_bar
        if self._moments and self._moments[0][0] < best:
            best, happen = self._moments[0][0], self._next_phase
        if self._desk.time_stop_at() < best:
            best, happen = self._desk.time_stop_at(), self._time_stop
        if ts - state.last_ts > self._stale_ns and (stale_at := self._stale_at()) < min(best, ts):
            best, happen = stale_at, self._go_stale
        if self._tape.over_at < min(best, ts):
            happen = self._end_run
        return happen

    def _stale_at(self) -> int:
        """When the feed will count as stale if nothing trades; FAR outside the session."""
        day = self._day
        if day is None or self._state.last_ts < day.start:  # the day has had no tick
            return FAR
        if Halt.STALE_FEED in self._desk.account.halts:
            return FAR
        at = max(self._state.last_ts, day.entries_from) + self._stale_ns
        return at if at < day.flatten_at else FAR

    def _go_stale(self) -> None:
        seconds = self.config.risk.stale_s
        reason = f"no tick for {seconds} s in the session"
        self._desk.halt(Halt.STALE_FEED, self._stale_at(), reason)

    def _start_day(self, ts: int) -> None:
        """The first tick of a trading day begins it, with the moments that are already past."""
        self._day = day = self._schedule.at(ts)
        if not day.start <= ts < day.end:
            raise EngineError(f"schedule: the day given for {ts}, {day.day}, does not contain it")
        self._moments = [
            (day.open, "open"),
            (day.entries_to, "entries_closed"),
            (day.flatten_at, "flatten"),
            (day.close, "closed"),
            (day.end, "end"),
        ]
        self._phase = "before_open"
        self._reading = None
        self._state.day_start, self._state.day_end = day.start, day.end
        self._analysis.start_day(day)
        if not self._quiet:
            self._tape.start_day()
            self._levels.start_day(day)
        self._desk.start_day(day)
        self._emit(DayStarted(ts=day.start, day=day.day, carry=self._desk.numbered(self.carry())))
        self._advance(ts)

    def _next_phase(self) -> None:
        ts, phase = self._moments.pop(0)
        if phase == "end":
            self._desk.cancel_entry(ts, "the trading day ended")
            self._day = None
            return
        self._phase = phase
        self._emit(SessionChanged(ts=ts, phase=phase))
        if phase == "entries_closed":
            self._desk.end_entries(ts)
        elif phase == "open":
            self._analysis.anchor_session(self._state, self._ladder)
        elif phase == "closed":
            self._levels.close_session(self._desk.events)
        elif phase == "flatten":
            self._desk.flatten(ts, ExitReason.FLATTEN, "the session's flatten time")

    def _time_stop(self) -> None:
        at = self._desk.time_stop_at()  # past when a broker's fill or reject was late
        self._desk.time_stop(max(at, self._clock))

    def _arm(self) -> None:
        """Tell the scan what to stop for."""
        state = self._state
        moment = self._moments[0][0] if self._moments else ALWAYS
        state.moment = min(moment, self._desk.time_stop_at(), MAX_TS)
        state.next_time = min(state.bar_end, state.moment) if state.trades else ALWAYS
        in_session = self._phase in ("open", "entries_closed")
        stale = Halt.STALE_FEED in self._desk.account.halts  # the next tick lifts it
        state.gap_ns = self._stale_ns if in_session or stale else FAR
        if self._quiet:
            self._analysis.want(self._entries_from())
        state.watch_low, state.watch_high, state.order_at = self._desk.watch()

    # -- bars --------------------------------------------------------------------------------

    def _end_run(self) -> None:
        """The open bar ends, or the open sweep takes no trades any more."""
        self._tape.end_run(self._state.bar_end, self._desk.events)

    def _close_bar(self) -> None:
        ts = self._state.bar_end
        approved = self._analysis.close(self._state, self._ladder, telling=not self._quiet)
        self._desk.bars = self._analysis.bars
        if self._quiet:
            if approved and ts >= self._entries_from():
                self._decide(ts, self._analysis.signals(approved_only=True))
        else:
            self._end_run()
            reading = self._reading = self._analysis.reading()
            bar = self._analysis.bar(reading, self.warming)
            self._emit(BarClosed(ts=ts, bar=bar))
            signals = self._analysis.signals()
            for signal in signals:
                self._emit(SignalDetected(ts=ts, signal=signal))
            self._levels.close_bar(bar, signals, self._desk.events)
            if approved:
                self._decide(ts, [signal for signal in signals if signal.approved])

    def _decide(self, ts: int, approved: list[Signal]) -> None:
        """The bar that ended at `ts` had approved signals."""
        day = self._day
        if day is None:
            raise EngineError("a bar was closed outside a trading day")
        self._desk.bars = self._analysis.bars
        rule, reason = self._desk.objection(ts, day, self._stopped())
        if not (rule and self._quiet):
            self._desk.decide(ts, approved, day, rule, reason)
        self._arm()

    def _stopped(self) -> str:
        """Why no entry is wanted whatever the market does; "" when it is."""
        return "end_of_data" if self._ended else "warm_up" if self.warming else ""

    def _entries_from(self) -> int:
        """The first bar end at which an entry could be made as things stand; FAR: at none."""
        day, desk = self._day, self._desk
        if day is None or desk.bracket is not None or desk.account.halts or self._stopped():
            return FAR
        if not desk.link:
            return FAR
        return day.entries_from if self._phase in ("before_open", "open") else FAR

    # -- output ------------------------------------------------------------------------------

    def _emit(self, event: Event) -> None:
        self._desk.events.append(event)

    def _flush(self) -> Sequence[Event]:
        events = self._desk.events.copy()
        self._desk.events.clear()
        return events


def _require_time(ts: int) -> None:
    if ts >= MAX_TS:
        raise InputError(f"time {ts} is after 2116; it must be UTC nanoseconds")
