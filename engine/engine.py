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
"""

from collections import Counter, OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import Any, Final, Literal

from engine.analysis import Analysis
from engine.brackets import Bracket, BracketState
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
from engine.errors import InputError
from engine.events import (
    Bar,
    BarClosed,
    Carry,
    CommandDone,
    DayStarted,
    Decision,
    Details,
    Event,
    Fill,
    Filled,
    Halted,
    InputIgnored,
    OrderUpdate,
    RegimeReading,
    Resumed,
    SessionChanged,
    Signal,
    SignalDetected,
    TickDropped,
    TierChanged,
    TradeClosed,
)
from engine.exchange import Protection, SimulatedExchange
from engine.footprint import (
    FAR,
    INF_PRICE,
    add,
    fit_ladder,
    new_ladder,
    new_state,
    open_bar,
    scan,
    scan_records,
)
from engine.money import to_units
from engine.names import ExitReason, Halt
from engine.risk import (
    ENDS_WITH_DAY,
    FLATTENING,
    OPERATOR_LIFTS,
    Account,
    limit_price,
    size_entry,
    tier_of,
)
from engine.schedule import Schedule, TradingDay
from engine.status import Position, Status
from engine.ticks import (
    MAX_JUMP,
    MAX_LADDER,
    MAX_LATE_NS,
    MAX_TS,
    NS,
    RELEVEL_AFTER,
    TICK,
    TickArray,
    TickColumns,
)

NOTHING: Final[Sequence[Event]] = ()
ALWAYS: Final = -FAR
REMEMBERED_IDS: Final = 10_000
EXIT_OF: Final = {
    Halt.LOSS_LIMIT: ExitReason.LOSS_LIMIT,
    Halt.MAX_DRAWDOWN: ExitReason.MAX_DRAWDOWN,
    Halt.KILL: ExitReason.KILL,
}
Phase = Literal["open", "entries_closed", "flatten", "closed", "end"]


class Engine:
    """One instrument's decisions. `quiet` leaves out the events of bars and rejected signals, which
    changes no decision; `simulated` False leaves fills to a broker (`on_fill`)."""

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
        self._schedule = schedule
        self._quiet = quiet
        self._carry = carry or _first_carry(config)
        self._analysis = Analysis(config, self._carry.unfinished)
        self._account = _account(config, self._carry)
        self._exchange = SimulatedExchange(config.fills) if simulated else None
        self._state = new_state()
        self._ladder = new_ladder()
        self._state["size"] = self._ladder.shape[1]
        self._state["base"] = -(1 << 40)  # no price fits: the first tick places the ladder
        self._bar_ns = config.bars.seconds * NS
        self._stale_ns = config.risk.stale_s * NS
        self._day: TradingDay | None = None
        self._moments: list[tuple[int, Phase]] = []
        self._phase = "closed"
        self._bracket: Bracket | None = None
        self._sequence = self._carry.sequence
        self._cooldown = 0
        self._ended = False
        self._reading: RegimeReading | None = None
        self._jump: tuple[int, int, int] = (0, 0, -1)  # price, jumps in a row, ticks taken then
        self._dropped: Counter[str] = Counter()
        self._seen: OrderedDict[str, None] = OrderedDict()
        self._events: list[Event] = []

    # -- inputs ------------------------------------------------------------------------------

    def push(self, ticks: TickArray) -> Sequence[Event]:
        """Take a TICK array of any length >= 0; the events it caused, in order."""
        if ticks.dtype is not TICK and ticks.dtype != TICK:
            raise InputError(f"push takes an array of dtype TICK, not {ticks.dtype}")
        taken = scan_records(ticks, 0, self._state, self._ladder)
        if taken == len(ticks):
            return NOTHING
        return self._run(ticks["ts"], ticks["price"], ticks["size"], ticks["side"], taken)

    def push_columns(self, columns: TickColumns) -> Sequence[Event]:
        """The same for contiguous columns."""
        ts, price, size, side = columns
        taken = scan(ts, price, size, side, 0, self._state, self._ladder)
        if taken == len(ts):
            return NOTHING
        return self._run(ts, price, size, side, taken)

    def beat(self, ts: int) -> Sequence[Event]:
        """Time is `ts` (UTC ns) even if nothing trades. An earlier time than seen is ignored."""
        if ts > self._clock:
            self._advance(ts)
            self._state["clock"] = ts
            self._arm()
        return self._flush()

    def on_fill(self, fill: Fill) -> Sequence[Event]:
        """An execution reported by the broker. Seen before or unknown: ignored, and said so."""
        if fill.size <= 0 or fill.price <= 0:
            raise InputError(f"fill {fill.id}: size {fill.size} and price {fill.price} must be > 0")
        bracket = self._bracket
        if fill.id in self._seen:
            self._ignore(fill.ts, "fill", "seen before", {"id": fill.id, "order": fill.order_id})
        elif bracket is None or bracket.role_of(fill.order_id) is None:
            self._ignore(fill.ts, "fill", "unknown order", {"id": fill.id, "order": fill.order_id})
        else:
            self._remember(fill.id)
            self._apply(fill)
            self._arm()
        return self._flush()

    def command(self, command: Command) -> Sequence[Event]:
        """An operator's or broker's word. A command id is executed once."""
        if command.id in self._seen:
            self._ignore(self._clock, "command", "seen before", {"id": command.id})
            return self._flush()
        self._remember(command.id)
        ts = max(command.ts, self._clock)
        self._advance(ts)
        self._state["clock"] = ts
        kind = type(command).__name__
        result = self._execute(command, ts)
        self._emit(CommandDone(ts=ts, command_id=command.id, kind=kind, ok=True, result=result))
        self._arm()
        return self._flush()

    def finish(self) -> Sequence[Event]:
        """The data ended: close what is open at the last trade, and the bar that is being built."""
        self._ended = True
        ts, bracket = self._clock, self._bracket
        if bracket is not None and bracket.state is BracketState.WAITING:
            self._cancel_entry(ts, "the data ended")
        elif bracket is not None and self._exchange is not None:
            price = int(self._state[0]["last_price"])
            bracket.exit_reason = ExitReason.END_OF_DATA
            self._emit(bracket.intent("exit", ts, "the data ended"))
            held = abs(bracket.position)
            self._apply(
                self._exchange.close_out(
                    bracket.order_id("exit"), -bracket.direction, held, ts, price
                )
            )
        if self._state[0]["trades"]:
            self._advance(int(self._state[0]["bar_end"]))
        self._arm()
        return self._flush()

    # -- views -------------------------------------------------------------------------------

    def forming(self) -> Bar | None:
        """The bar being built."""
        return self._analysis.forming(self._state, self._ladder)

    def carry(self) -> Carry:
        """What the next trading day would start from."""
        return Carry(
            balance=self._account.balance,
            peak=self._account.peak,
            streak=self._account.streak,
            tier=self._account.tier.name,
            halts=tuple(h for h in self._account.halts if h not in ENDS_WITH_DAY),
            unfinished=self._analysis.remembered,
        )

    def status(self) -> Status:
        """A snapshot."""
        state, account, bracket = self._state[0], self._account, self._bracket
        started = int(state["ticks"]) > 0
        price = int(state["last_price"])
        held = bracket if bracket is not None and bracket.position else None
        waiting = bracket if bracket is not None and not bracket.entered else None
        return Status(
            ts=self._clock if self._clock > 0 else None,
            last_tick_ts=int(state["last_ts"]) if started else None,
            last_price=price if started else None,
            day=self._day,
            phase=self._phase,
            reading=self._reading,
            balance=account.balance,
            peak=account.peak,
            streak=account.streak,
            day_pnl=account.day_pnl,
            open_pnl=held.open_pnl(price) if held else 0,
            position=_position(held) if held else None,
            waiting=waiting.intent("entry", self._clock, "") if waiting else None,
            tier=account.tier.name,
            tier_symbol=account.traded.symbol,
            loss_limit=account.loss_limit,
            profit_target=account.profit_target,
            halts=tuple(account.halts),
            ticks=int(state["ticks"]),
            bars=self._analysis.bars,
            dropped=dict(self._dropped),
        )

    # -- ticks -------------------------------------------------------------------------------

    @property
    def _clock(self) -> int:
        return int(self._state[0]["clock"])

    def _run(self, ts: Any, price: Any, size: Any, side: Any, i: int) -> Sequence[Event]:
        n = len(ts)
        while i < n:
            self._take(int(ts[i]), int(price[i]), int(size[i]), int(side[i]))
            i = scan(ts, price, size, side, i + 1, self._state, self._ladder)
        return self._flush()

    def _take(self, ts: int, price: int, size: int, side: int) -> None:
        """One tick at which something may happen."""
        reason = self._fault(ts, price, size, side)
        if reason:
            self._drop(reason, ts, price, size, side)
            return
        ts = max(ts, self._clock)
        self._advance(ts)
        if self._day is None:
            self._start_day(ts)
        state = self._state[0]
        base = state["base"]
        if not base <= price < base + state["size"]:
            wider = fit_ladder(self._state, self._ladder, price, MAX_LADDER)
            if wider is None:
                self._drop("range", ts, price, size, side)
                return
            self._ladder = wider
        if Halt.STALE_FEED in self._account.halts:
            self._lift(Halt.STALE_FEED, ts, "ticks again")
        if self._bracket is not None:
            self._meet_market(ts, price)
        if not state["trades"]:
            day = self._day
            assert day is not None
            open_bar(ts, price, self._bar_ns, day.start, day.end, self._state)
        add(ts, price, size, side, self._state, self._ladder)
        self._arm()

    def _fault(self, ts: int, price: int, size: int, side: int) -> str:
        if price <= 0:
            return "price"
        if size <= 0:
            return "size"
        if side not in (-1, 0, 1):
            return "side"
        if not 0 <= ts < MAX_TS:
            return "time"
        if ts < self._clock - MAX_LATE_NS:
            return "late"
        last = int(self._state[0]["last_price"])
        if last and self._day is not None and ts < self._day.end and _far(price, last):
            return self._jumped(price)
        return ""

    def _jumped(self, price: int) -> str:
        """A jump is a bad tick, until enough of them in a row agree on a new level."""
        before, count, ticks = self._jump
        taken = int(self._state[0]["ticks"])
        agrees = ticks == taken and not _far(price, before)
        self._jump = price, count + 1 if agrees else 1, taken
        return "" if self._jump[1] >= RELEVEL_AFTER else "jump"

    def _drop(self, reason: str, ts: int, price: int, size: int, side: int) -> None:
        self._dropped[reason] += 1
        self._emit(TickDropped(ts=ts, reason=reason, price=price, size=size, side=side))

    def _meet_market(self, ts: int, price: int) -> None:
        """A trade meets our orders, then our limits."""
        assert self._bracket is not None
        if self._exchange is not None:
            fill = self._exchange.trade(ts, price)
            if fill is not None:
                self._apply(fill)
                return
        if self._bracket.state is BracketState.OPEN:
            for halt, reason in self._account.reached(self._bracket.open_pnl(price)):
                self._halt(halt, ts, reason)

    # -- time --------------------------------------------------------------------------------

    def _advance(self, ts: int) -> None:
        """Let every moment up to `ts` happen, in order of time."""
        while True:
            due = self._next_moment(ts)
            if due is None:
                return
            due()

    def _next_moment(self, ts: int) -> Callable[[], None] | None:
        """The earliest moment that is due at `ts`; at equal times a bar's end comes first."""
        state = self._state[0]
        best = ts + 1
        action: Callable[[], None] | None = None
        if state["trades"] and state["bar_end"] < best:
            best, action = int(state["bar_end"]), self._close_bar
        if self._moments and self._moments[0][0] < best:
            best, action = self._moments[0][0], self._next_phase
        stale = self._stale_at()
        if stale < best and stale < ts:
            action = self._go_stale
        return action

    def _stale_at(self) -> int:
        """When the feed will count as stale if nothing trades; FAR outside the session."""
        day = self._day
        if day is None or Halt.STALE_FEED in self._account.halts:
            return FAR
        at = max(int(self._state[0]["last_ts"]) + self._stale_ns, day.entries_from)
        return at if at < day.flatten_at else FAR

    def _go_stale(self) -> None:
        seconds = self.config.risk.stale_s
        self._halt(Halt.STALE_FEED, self._stale_at(), f"no tick for {seconds} s in the session")

    def _start_day(self, ts: int) -> None:
        day = self._schedule.at(ts)
        if not day.start <= ts < day.end:
            raise InputError(f"schedule: {day.day} does not contain {ts}")
        self._day = day
        self._moments = [
            (day.open, "open"),
            (day.entries_to, "entries_closed"),
            (day.flatten_at, "flatten"),
            (day.close, "closed"),
            (day.end, "end"),
        ]
        self._phase = "before_open"
        for halt in [h for h in self._account.halts if h in ENDS_WITH_DAY]:
            self._lift(halt, day.start, "a new trading day")
        self._account.day_pnl = 0
        self._account.rejects.clear()
        self._cooldown = 0
        self._reading = None
        self._analysis.start_day()
        self._emit(DayStarted(ts=day.start, day=day.day, carry=self.carry()))
        self._advance(ts)

    def _next_phase(self) -> None:
        ts, phase = self._moments.pop(0)
        if phase == "end":
            self._cancel_entry(ts, "the trading day ended")
            self._day = None
            self._sequence = 0
            return
        self._phase = phase
        self._emit(SessionChanged(ts=ts, phase=phase))
        if phase == "open":
            self._analysis.anchor_session(self._state, self._ladder)
        elif phase == "flatten":
            self._flatten(ts, ExitReason.FLATTEN, "the session's flatten time")

    def _arm(self) -> None:
        """Tell the scan what to stop for."""
        state = self._state
        row = state[0]
        if row["trades"]:
            moment = self._moments[0][0] if self._moments else FAR
            state["next_time"] = min(int(row["bar_end"]), moment)
        else:
            state["next_time"] = ALWAYS
        day = self._day
        in_session = day is not None and row["bar_end"] > day.entries_from - self._stale_ns
        state["gap_ns"] = self._stale_ns if in_session else FAR
        low, high, order_at = -1, INF_PRICE, FAR
        bracket = self._bracket
        if bracket is not None:
            if self._exchange is not None:
                order_at = self._exchange.order_at
                low, high = self._exchange.watch
            if bracket.state is BracketState.OPEN:
                limit = self._limit_price(bracket)
                low, high = (
                    (max(low, limit), high) if bracket.direction > 0 else (low, min(high, limit))
                )
        state["watch_low"], state["watch_high"], state["order_at"] = low, high, order_at

    def _limit_price(self, bracket: Bracket) -> int:
        """The price at which a limit of the account is reached while the bracket is open."""
        held = bracket.entered - bracket.exited
        average = bracket.entry_notional // bracket.entered
        fees = bracket.fees + (bracket.traded.fees(average, held) if bracket.charge_fees else 0)
        return limit_price(
            bracket.direction,
            held,
            bracket.entry_notional - bracket.exit_notional,
            fees,
            bracket.traded.tick_units,
            self._account.tolerance(),
        )

    # -- bars and decisions ------------------------------------------------------------------

    def _close_bar(self) -> None:
        day = self._day
        assert day is not None
        ts = int(self._state[0]["bar_end"])
        approved = self._analysis.close(self._state, self._ladder, day)
        if self._quiet and not approved:
            return
        reading = self._reading = self._analysis.reading()
        signals = self._analysis.signals(reading)
        if not self._quiet:
            self._emit(BarClosed(ts=ts, bar=self._analysis.bar(reading, self.warming)))
            for signal in signals:
                self._emit(SignalDetected(ts=ts, signal=signal))
        if approved:
            self._decide(ts, [signal for signal in signals if signal.approved])

    def _decide(self, ts: int, approved: list[Signal]) -> None:
        best = max(approved, key=lambda signal: signal.strength)
        against = [s for s in approved if s.direction != best.direction]
        if any(s.strength == best.strength for s in against):
            rule, reason = "conflict", f"equally strong signals both ways ({best.strength:.2f})"
        else:
            rule, reason = self._objection(ts)
        terms: dict[str, int | float | str | bool] = {
            "day_pnl": self._account.day_pnl,
            "balance": self._account.balance,
            "streak": self._account.streak,
            "tier": self._account.tier.name,
            "signals_for": len(approved) - len(against),
            "signals_against": len(against),
        }
        size, trade_id = 0, ""
        if not rule:
            sizing = size_entry(
                self._account,
                len(approved) - len(against),
                best.regime,
                self.config.router.size_multiplier[best.regime],
            )
            terms |= asdict(sizing)
            size, trade_id = sizing.size, self._next_id()
        self._emit(
            Decision(
                ts=ts,
                bar_start=best.bar_start,
                action="none" if rule else "enter",
                direction=best.direction,
                size=size,
                signal_id=best.id,
                approved=tuple(signal.id for signal in approved),
                rule=rule,
                reason=reason,
                terms=terms,
                trade_id=trade_id,
            )
        )
        if not rule:
            self._enter(ts, trade_id, best, size)

    def _objection(self, ts: int) -> tuple[str, str]:
        """The first rule that forbids an entry now, and why; two empty strings if none does."""
        day = self._day
        assert day is not None
        if self._ended:
            return "end_of_data", "the data ended"
        if self.warming:
            return "warm_up", "bars from warm-up never trade"
        if self._account.halts:
            halt, reason = next(iter(self._account.halts.items()))
            return "halt", f"halted: {halt.value}: {reason}"
        if not day.entries_from <= ts < day.entries_to:
            return "hours", "outside the hours for entries"
        if self._bracket is not None:
            return "position", f"{self._bracket.id} is {self._bracket.state.value}"
        if self._analysis.bars <= self._cooldown:
            left = self._cooldown - self._analysis.bars + 1
            return "cooldown", f"cool-down after a stop, {left} bars left"
        return "", ""

    def _next_id(self) -> str:
        assert self._day is not None
        self._sequence += 1
        return f"{self.config.account.id}-{self._day.day:%Y%m%d}-{self._sequence:03d}"

    # -- orders ------------------------------------------------------------------------------

    def _enter(self, ts: int, trade_id: str, signal: Signal, size: int) -> None:
        risk = self.config.risk
        self._bracket = bracket = Bracket(
            id=trade_id,
            traded=self._account.traded,
            direction=signal.direction,
            size=size,
            stop_ticks=risk.stop_ticks,
            target_ticks=risk.target_ticks,
            signal=signal,
            charge_fees=self.config.fills.fees,
        )
        self._emit(bracket.intent("entry", ts, signal.pattern.name))
        if self._exchange is not None:
            self._exchange.send(bracket.order_id("entry"), bracket.direction, size, ts)

    def _cancel_entry(self, ts: int, reason: str) -> None:
        """Take back an entry that has not filled."""
        bracket = self._bracket
        if bracket is None or bracket.state is not BracketState.WAITING:
            return
        bracket.state = BracketState.CANCELLED
        self._bracket = None
        if self._exchange is not None:
            self._exchange.cancel()
        order = bracket.order_id("entry")
        self._emit(OrderUpdate(ts=ts, id=order, status="cancelled", reason=reason))

    def _flatten(self, ts: int, why: ExitReason, reason: str) -> str:
        """Close the position at market, or take back a waiting entry; what was done, in words."""
        bracket = self._bracket
        if bracket is None:
            return "nothing to flatten"
        if bracket.state is BracketState.WAITING:
            self._cancel_entry(ts, reason)
            return f"{bracket.id}: waiting entry cancelled"
        if bracket.state is BracketState.CLOSING:
            return f"{bracket.id}: already closing"
        bracket.state = BracketState.CLOSING
        bracket.exit_reason = why
        order = bracket.intent("exit", ts, reason)
        self._emit(order)
        if self._exchange is not None:
            self._exchange.send(order.id, order.side, order.size, ts)
        return f"{bracket.id}: closing {order.size} at market"

    def _apply(self, fill: Fill) -> None:
        """A fill of one of the bracket's orders."""
        bracket = self._bracket
        assert bracket is not None
        role = bracket.role_of(fill.order_id)
        assert role is not None
        side = bracket.direction if role == "entry" else -bracket.direction
        self._emit(
            Filled(
                ts=fill.ts,
                fill=fill,
                trade_id=bracket.id,
                role=role,
                side=side,
                fee=bracket.fee_of(fill),
            )
        )
        if role == "entry":
            self._entered(bracket, fill)
            return
        reasons = {"stop": ExitReason.STOP, "target": ExitReason.TARGET}
        reason = reasons.get(role) or bracket.exit_reason or ExitReason.OPERATOR
        closed = bracket.fill_exit(fill, reason)
        self._order_filled(fill, "filled" if closed else "partial", bracket.exited)
        if closed:
            self._close_trade(bracket, fill.ts)

    def _order_filled(self, fill: Fill, status: Literal["filled", "partial"], filled: int) -> None:
        self._emit(OrderUpdate(ts=fill.ts, id=fill.order_id, status=status, filled=filled))

    def _entered(self, bracket: Bracket, fill: Fill) -> None:
        first = bracket.fill_entry(fill)
        whole = bracket.entered >= bracket.size
        self._order_filled(fill, "filled" if whole else "partial", bracket.entered)
        if not first:
            return
        self._state["run_high"] = self._state["run_low"] = fill.price
        self._emit(bracket.opened_event(fill.ts))
        self._emit(bracket.intent("stop", fill.ts, "bracket"))
        self._emit(bracket.intent("target", fill.ts, "bracket"))
        if self._exchange is not None:
            self._exchange.protect(
                Protection(
                    bracket.order_id("stop"),
                    bracket.order_id("target"),
                    bracket.direction,
                    bracket.entered,
                    bracket.stop,
                    bracket.target,
                )
            )

    def _close_trade(self, bracket: Bracket, ts: int) -> None:
        exit_price = bracket.exit_notional // bracket.exited
        low = min(int(self._state[0]["run_low"]), exit_price)
        high = max(int(self._state[0]["run_high"]), exit_price)
        self._bracket = None
        account = self._account
        before = account.tier
        account.settle(bracket.gross() - bracket.fees)
        trade = bracket.trade(ts, low, high, account.balance)
        self._retire_orders(bracket, ts)
        self._emit(TradeClosed(ts=ts, trade=trade))
        if trade.exit_reason is ExitReason.STOP:
            self._cooldown = self._analysis.bars + self.config.risk.cooldown_bars
        if account.tier is not before:
            self._emit(
                TierChanged(
                    ts=ts, before=before.name, after=account.tier.name, balance=account.balance
                )
            )
        for halt, reason in account.reached():
            self._halt(halt, ts, reason)

    def _retire_orders(self, bracket: Bracket, ts: int) -> None:
        """The bracket's orders that did not close it no longer work."""
        closed_by = {ExitReason.STOP: "stop", ExitReason.TARGET: "target"}
        used = closed_by.get(bracket.exit_reason or ExitReason.OPERATOR)
        for role in ("stop", "target"):
            if role != used:
                order = bracket.order_id(role)
                reason = f"closed by {bracket.exit_reason}"
                self._emit(OrderUpdate(ts=ts, id=order, status="cancelled", reason=reason))

    # -- halts and commands ------------------------------------------------------------------

    def _halt(self, halt: Halt, ts: int, reason: str) -> None:
        if halt not in self._account.halts:
            self._account.halts[halt] = reason
            self._emit(Halted(ts=ts, halt=halt, reason=reason))
        if halt in FLATTENING:
            self._flatten(ts, EXIT_OF[halt], reason)

    def _lift(self, halt: Halt, ts: int, reason: str) -> None:
        del self._account.halts[halt]
        self._emit(Resumed(ts=ts, halt=halt, reason=reason))

    def _execute(self, command: Command, ts: int) -> str:
        match command:
            case HaltTrading(reason=reason):
                self._halt(Halt.OPERATOR, ts, reason)
                return "halted: no more entries"
            case ResumeTrading():
                return self._resume(ts)
            case Flatten(reason=reason):
                return self._flatten(ts, ExitReason.OPERATOR, reason)
            case Kill(reason=reason):
                done = self._flatten(ts, ExitReason.KILL, reason)
                self._halt(Halt.KILL, ts, reason)
                return f"killed: {done}"
            case ReportMargin(symbol=symbol, margin=margin):
                if self._account.margin_exceeded(symbol, margin):
                    self._halt(Halt.MARGIN, ts, f"margin of {symbol} is above its limit")
                    return "margin above the limit: halted for the day"
                return "margin within the limit"
            case ReportReject(order_id=order, reason=reason):
                return self._reject(ts, order, reason)
        raise InputError(f"unknown command {type(command).__name__}")

    def _resume(self, ts: int) -> str:
        lifted = [halt for halt in self._account.halts if halt in OPERATOR_LIFTS]
        for halt in lifted:
            self._lift(halt, ts, "the operator resumed")
        if Halt.MAX_DRAWDOWN in lifted:
            self._account.peak = self._account.balance
        self._account.rejects.clear()
        kept = ", ".join(halt.value for halt in self._account.halts)
        return f"resumed; still halted: {kept}" if kept else "resumed"

    def _reject(self, ts: int, order: str, reason: str) -> str:
        self._emit(OrderUpdate(ts=ts, id=order, status="rejected", reason=reason))
        bracket = self._bracket
        if bracket is not None and bracket.role_of(order) == "entry" and not bracket.entered:
            bracket.state = BracketState.CANCELLED
            self._bracket = None
        if self._account.rejected(ts):
            self._halt(Halt.REJECTS, ts, f"{len(self._account.rejects)} rejects in a short time")
        return "noted"

    # -- output ------------------------------------------------------------------------------

    def _remember(self, key: str) -> None:
        self._seen[key] = None
        if len(self._seen) > REMEMBERED_IDS:
            self._seen.popitem(last=False)

    def _ignore(self, ts: int, what: str, reason: str, details: Details) -> None:
        self._emit(InputIgnored(ts=ts, what=what, reason=reason, details=details))

    def _emit(self, event: Event) -> None:
        self._events.append(event)

    def _flush(self) -> Sequence[Event]:
        events, self._events = self._events, []
        return events


def _far(price: int, last: int) -> bool:
    return abs(price - last) > last // MAX_JUMP


def _first_carry(config: EngineConfig) -> Carry:
    balance = to_units(config.account.balance)
    peak = to_units(config.account.peak) if config.account.peak is not None else balance
    tier = tier_of(config.risk, balance).name
    return Carry(balance=balance, peak=max(peak, balance), streak=config.account.streak, tier=tier)


def _account(config: EngineConfig, carry: Carry) -> Account:
    return Account(
        rules=config.risk,
        feed=config.instrument,
        balance=carry.balance,
        peak=carry.peak,
        streak=carry.streak,
        tier=tier_of(config.risk, carry.balance),
        halts=dict.fromkeys(carry.halts, "carried over"),
    )


def _position(bracket: Bracket) -> Position:
    return Position(
        trade_id=bracket.id,
        symbol=bracket.traded.symbol,
        direction=bracket.direction,
        size=abs(bracket.position),
        entry_ts=bracket.entry_ts,
        entry_notional=bracket.entry_notional,
        stop=bracket.stop,
        target=bracket.target,
        pattern=bracket.signal.pattern,
        signal_id=bracket.signal.id,
    )
