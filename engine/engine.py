"""The engine: ticks, fills, commands and beats go in, events come out.

    engine = Engine(engine_config("ES"), schedule)
    for event in engine.push(ticks):
        ...

Rules:

- Only inputs change anything, and time is event time: it is the latest time any input has shown.
- An input first lets time advance through every moment that is due, in order of time
  (`engine.timeline`); so ticks in any split and beats anywhere in between give the same events.
- The compiled scan takes the ticks at which nothing can happen; `_take` handles every other one.
- Here is what the market does; what we do about it is the desk's.
"""

from collections.abc import Callable, Sequence
from typing import Any, Final

from engine.analysis import Analysis
from engine.beliefs import Beliefs
from engine.closing import scan_bars
from engine.commands import Command
from engine.config import EngineConfig
from engine.desk import first_carry
from engine.errors import EngineError, InputError
from engine.events import (
    Bar,
    BarClosed,
    Carry,
    Event,
    Fill,
    Level,
    RegimeReading,
    SignalDetected,
)
from engine.footprint import ALWAYS, FAR, ScanState, fit_ladder, new_ladder, scan_records, take
from engine.gate import Gate
from engine.hearing import require_sane
from engine.levels import Levels
from engine.names import Halt
from engine.profile import Profile
from engine.schedule import Schedule, TradingDay
from engine.status import Status, position_of
from engine.tape import Tape, scan_tape, scan_tape_records
from engine.ticks import MAX_LADDER, MAX_TS, ONE_TICK, TICK, TickArray, TickColumns, columns
from engine.timeline import NOTHING, Phase, Timeline

NO_LADDER: Final = -(1 << 40)  # no price fits: the first tick places the ladder


class Engine(Timeline):
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
        carry = carry or first_carry(config)
        super().__init__(config, schedule, carry, ScanState(), simulated=simulated, quiet=quiet)
        self._scan = self._state.array
        self._gate = Gate(self._state)
        self._ladder = new_ladder()
        self._state.base, self._state.size = NO_LADDER, self._ladder.shape[1]
        self._analysis = Analysis(config, carry.unfinished)
        self._tape = Tape(config.tape)
        self._levels = Levels(config, self._analysis, () if quiet else carry.levels)
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

    def _remembered(self) -> tuple[tuple[int, int], ...]:
        return self._analysis.remembered

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

    def keep_log(self) -> Analysis:
        """Log the bars of each trading day from now on, in the tables of what is returned."""
        self._analysis.keep_log()
        return self._analysis

    def orders(self) -> Beliefs:
        """What is believed to be at the broker; nothing where fills are simulated."""
        return self._desk.beliefs()

    # -- ticks -------------------------------------------------------------------------------

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
            self._desk.bars = self._analysis.bars
            self._decide(self._analysis.bar_end, self._analysis.approved_signals)
            self._arm()
        return i

    def _take(self, ts: int, price: int, size: int, side: int) -> None:
        """One tick at which something may happen."""
        reason = self._gate.fault(ts, price, size, side, self._day)
        if reason:
            self._emit(self._gate.drop(reason, ts, price, size, side))
            return
        ts = max(ts, self._clock)
        self._desk.bars = self._analysis.bars
        self._come_to(ts)
        if not self._quiet:
            self._tape.take(ts, price, size, side, self._desk.events)
        self._make_room(price)
        self._meet(ts, price)
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

    def _begin_day(self, day: TradingDay) -> None:
        self._reading = None
        self._analysis.start_day(day)
        if not self._quiet:
            self._tape.start_day()
            self._levels.start_day(day)

    def _change_session(self, phase: Phase) -> None:
        if phase == "open":
            self._analysis.anchor_session(self._state, self._ladder)
        elif phase == "closed":
            self._levels.close_session(self._desk.events)

    def _forget_levels(self) -> None:
        self._analysis.forget_levels()
        if not self._quiet:
            self._levels.roll(self._clock, self._desk.events)

    def _sweep_over(self, before: int) -> Callable[[], None] | None:
        return self._end_run if self._tape.over_at < before else None

    def _arm(self) -> None:
        """Tell the scan what to stop for."""
        self._watch()
        state = self._state
        state.next_time = min(state.bar_end, state.moment) if state.trades else ALWAYS
        in_session = self._phase in ("open", "entries_closed")
        stale = Halt.STALE_FEED in self._desk.account.halts  # the next tick lifts it
        state.gap_ns = self._stale_ns if in_session or stale else FAR
        if self._quiet:
            self._analysis.want(self._entries_from())

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
                self._decide(ts, self._analysis.approved_signals)
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
                self._decide(ts, lambda: [signal for signal in signals if signal.approved])


def _require_time(ts: int) -> None:
    if ts >= MAX_TS:
        raise InputError(f"time {ts} is after 2116; it must be UTC nanoseconds")
