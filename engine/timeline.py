"""Time and its moments, and what our side does at them.

Rules:

- Before a tick is taken, time advances through every moment that is due by then: bar end, session
  open, end of entries, flatten, close, day end, time stop, stale feed; in order of time, and of
  equal times in the order of `_next_moment`.
- What the market is at those moments is for a subclass to say: `engine.engine` makes it of ticks,
  `engine.account_run` reads it from a day that was analysed before. So there is one set of rules
  for both, and they cannot differ.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import Final, Literal

from engine.config import EngineConfig
from engine.desk import Desk
from engine.errors import EngineError
from engine.events import Carry, DayStarted, Event, Level, SessionChanged, Signal
from engine.footprint import ALWAYS, FAR, TIME_BARS, ScanState
from engine.names import ExitReason, Halt
from engine.risk import ENDS_WITH_DAY
from engine.rules import bar_length
from engine.schedule import Schedule, TradingDay
from engine.ticks import MAX_TS, NS

NOTHING: Final[Sequence[Event]] = ()
Phase = Literal["open", "entries_closed", "flatten", "closed", "end"]


class Timeline(ABC):
    """Of `_state` this reads the open bar's `trades` (0: none is open) and `bar_end`, and the last
    tick's time; what our side does about the market is `_desk`'s."""

    def __init__(
        self,
        config: EngineConfig,
        schedule: Schedule,
        carry: Carry,
        state: ScanState,
        *,
        simulated: bool = True,
        quiet: bool = True,
    ) -> None:
        self.config = config
        self.warming = False
        self._schedule = schedule
        self._quiet = quiet
        self._state = state
        self._state.kind, self._state.length = bar_length(config.bars)
        self._desk = Desk(config, carry, self._state, simulated, not quiet)
        self._stale_ns = config.risk.stale_s * NS
        self._day: TradingDay | None = None
        self._moments: list[tuple[int, Phase]] = []
        self._phase = "closed"
        self._ended = False

    # -- the market, as a subclass knows it ----------------------------------------------------

    @property
    @abstractmethod
    def levels(self) -> tuple[Level, ...]:
        """The levels that live, in the order in which they were made."""

    @abstractmethod
    def _remembered(self) -> tuple[tuple[int, int], ...]:
        """Unfinished levels, oldest first."""

    @abstractmethod
    def _begin_day(self, day: TradingDay) -> None:
        """A trading day starts."""

    @abstractmethod
    def _close_bar(self) -> None:
        """The open bar ends, at `state.bar_end`."""

    @abstractmethod
    def _change_session(self, phase: Phase) -> None:
        """The session has come to a phase."""

    @abstractmethod
    def _forget_levels(self) -> None:
        """The levels are of a contract that is not traded any more."""

    @abstractmethod
    def _sweep_over(self, before: int) -> Callable[[], None] | None:
        """What ends the open sweep, if it takes no trades any more at a time before this."""

    @abstractmethod
    def _arm(self) -> None:
        """Something may have happened: look anew at what to wait for."""

    # -- inputs ------------------------------------------------------------------------------

    def roll(self) -> Sequence[Event]:
        """The next tick is the first of a trading day, and of another contract: levels at the old
        one's prices are gone."""
        if self._day is not None:
            end = self._day.end
            self._advance(end)  # first, for the last bar's levels are the old contract's
            self._state.clock = end
        self._forget_levels()
        self._arm()
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

    def carry(self) -> Carry:
        """What the next trading day would start from."""
        account = self._desk.account
        return Carry(
            balance=account.balance,
            peak=account.peak,
            streak=account.streak,
            tier=account.tier.name,
            halts=tuple(halt for halt in account.halts if halt not in ENDS_WITH_DAY),
            unfinished=self._remembered(),
            levels=self.levels,
        )

    # -- time --------------------------------------------------------------------------------

    @property
    def _clock(self) -> int:
        clock: int = self._state.clock
        return clock

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
        return self._sweep_over(min(best, ts)) or happen

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

    def _come_to(self, ts: int) -> None:
        """A good tick comes at `ts`, which is not before the clock: time is there first."""
        self._advance(ts)
        if self._day is None:
            self._start_day(ts)

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
        self._state.day_start, self._state.day_end = day.start, day.end
        self._begin_day(day)
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
        elif phase == "flatten":
            self._desk.flatten(ts, ExitReason.FLATTEN, "the session's flatten time")
        else:
            self._change_session(phase)

    def _time_stop(self) -> None:
        at = self._desk.time_stop_at()  # past when a broker's fill or reject was late
        self._desk.time_stop(max(at, self._clock))

    def _watch(self) -> None:
        """Say in the state what our side waits for: a time, prices, an order's arrival."""
        state = self._state
        moment = self._moments[0][0] if self._moments else ALWAYS
        state.moment = min(moment, self._desk.time_stop_at(), MAX_TS)
        state.watch_low, state.watch_high, state.order_at = self._desk.watch()

    # -- our side ----------------------------------------------------------------------------

    def _meet(self, ts: int, price: int) -> None:
        """A trade, at a time that has come, meets our side."""
        if Halt.STALE_FEED in self._desk.account.halts:
            self._desk.lift(Halt.STALE_FEED, ts, "ticks again")
        self._desk.trade(ts, price)

    def _decide(self, ts: int, approved: Callable[[], list[Signal]]) -> None:
        """The bar that ended at `ts` had approved signals; they are asked for if they matter."""
        day = self._day
        if day is None:
            raise EngineError("a bar was closed outside a trading day")
        rule, reason = self._desk.objection(ts, day, self._stopped())
        if not (rule and self._quiet):
            self._desk.decide(ts, approved(), day, rule, reason)

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
