"""Our side of the market: decisions, the bracket and its orders, fills, halts, commands.

The engine tells the desk what the market does (a trade's price, a bar's approved signals, a new
day, the flatten time); the desk says what we do about it, as events. It holds at most one bracket.
"""

from collections import OrderedDict
from dataclasses import asdict, replace
from typing import Final, Literal

from engine.brackets import Bracket, BracketState, Role
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
    Carry,
    CommandDone,
    Decision,
    Details,
    Event,
    Fill,
    Filled,
    Halted,
    InputIgnored,
    OrderUpdate,
    Resumed,
    Signal,
    TierChanged,
    TradeClosed,
)
from engine.exchange import Protection, SimulatedExchange
from engine.footprint import FAR, INF_PRICE, ScanState
from engine.money import to_units
from engine.names import ExitReason, Halt
from engine.risk import (
    ENDS_WITH_DAY,
    FLATTENING,
    NO_RATE,
    OPERATOR_LIFTS,
    Account,
    limit_price,
    size_entry,
    tier_of,
)
from engine.schedule import TradingDay

REMEMBERED_IDS: Final = 10_000
CARRIED_OVER: Final = "carried over"
"""Why a halt of an earlier day holds: the same for who saw that day and who started after it."""
EXIT_OF: Final = {
    Halt.LOSS_LIMIT: ExitReason.LOSS_LIMIT,
    Halt.MAX_DRAWDOWN: ExitReason.MAX_DRAWDOWN,
    Halt.KILL: ExitReason.KILL,
}
EXIT_BY_ROLE: Final[dict[Role, ExitReason]] = {
    "stop": ExitReason.STOP,
    "target": ExitReason.TARGET,
}


class Desk:
    """`state` is the scan's: the desk reads the last price and keeps a position's extremes in it.

    `events` is the list that the engine hands out; `bars` counts the day's closed bars.
    """

    def __init__(
        self, config: EngineConfig, carry: Carry, state: ScanState, simulated: bool
    ) -> None:
        self.account = Account(
            rules=config.risk,
            feed=config.instrument,
            balance=carry.balance,
            peak=carry.peak,
            streak=carry.streak,
            tier=tier_of(config.risk, carry.balance),
            halts=dict.fromkeys(carry.halts, CARRIED_OVER),
        )
        self.bracket: Bracket | None = None
        self.events: list[Event] = []
        self._config = config
        self._state = state
        self._exchange = SimulatedExchange(config.fills) if simulated else None
        self._sequence, self._carried_pnl = carry.sequence, carry.day_pnl
        self._started = False
        self.bars = 0
        self._cooldown = 0
        self._seen: OrderedDict[tuple[str, str], None] = OrderedDict()

    # -- what the market does ----------------------------------------------------------------

    def start_day(self, day: TradingDay) -> None:
        """A new trading day: its halts and its P&L begin anew."""
        for ended in [halt for halt in self.account.halts if halt in ENDS_WITH_DAY]:
            self.lift(ended, day.start, "a new trading day")
        self.account.day_pnl, self._carried_pnl = self._carried_pnl, 0
        self.account.rejects.clear()
        self.bars = self._cooldown = 0
        for halt, reason in self.account.reached():
            self.halt(halt, day.start, reason)
        self.account.halts = dict.fromkeys(self.account.halts, CARRIED_OVER)
        if self._started:  # the first day's number may be carried over
            self._sequence = 0
        self._started = True

    def numbered(self, carry: Carry) -> Carry:
        """A carry with what was already traded on this trading day."""
        return replace(carry, sequence=self._sequence, day_pnl=self.account.day_pnl)

    def trade(self, ts: int, price: int) -> None:
        """A trade meets our orders, then our limits."""
        if self.bracket is None:
            return
        fill = self._exchange.trade(ts, price) if self._exchange is not None else None
        if fill is not None:
            self._apply(self.bracket, fill, price)
        if self.bracket is not None and self.bracket.state is BracketState.OPEN:
            for halt, reason in self.account.reached(self.bracket.open_pnl(price)):
                self.halt(halt, ts, reason)

    def watch(self) -> tuple[int, int, int]:
        """What the scan shall stop for: price at or below, at or above, time of an order."""
        bracket = self.bracket
        if bracket is None:
            return -1, INF_PRICE, FAR
        low, high, order_at = -1, INF_PRICE, FAR
        if self._exchange is not None:
            low, high = self._exchange.watch
            order_at = self._exchange.order_at
        if bracket.state is BracketState.OPEN:
            limit = self._limit_price(bracket)
            if bracket.direction > 0:
                low = max(low, limit)
            else:
                high = min(high, limit)
        return low, high, order_at

    def _limit_price(self, bracket: Bracket) -> int:
        """The price at which a limit of the account is reached while the bracket is open."""
        held = bracket.entered - bracket.exited
        rate = bracket.traded.fee_rate if bracket.charge_fees else NO_RATE
        closing = bracket.traded.fees(0, held) if bracket.charge_fees else 0  # what no rate says
        return limit_price(
            bracket.direction,
            held,
            bracket.entry_notional - bracket.exit_notional,
            bracket.fees + closing,
            bracket.traded.tick_units,
            self.account.tolerance(),
            rate,
        )

    # -- decisions ---------------------------------------------------------------------------

    def decide(
        self, ts: int, approved: list[Signal], day: TradingDay, rule: str, reason: str
    ) -> None:
        """A bar closed with approved signals: enter, or say why not (`rule` and `reason`)."""
        best = max(approved, key=lambda signal: signal.strength)
        against = [s for s in approved if s.direction != best.direction]
        agreeing = len(approved) - len(against)
        if not rule and any(s.strength == best.strength for s in against):
            rule, reason = "conflict", f"equally strong signals both ways ({best.strength:.2f})"
        terms = self._standing(day) | {"signals_for": agreeing, "signals_against": len(against)}
        size, trade_id = 0, ""
        if not rule:
            multiplier = self._config.router.size_multiplier[best.regime]
            sizing = size_entry(self.account, agreeing, best.regime, multiplier)
            terms |= asdict(sizing)
            self._sequence += 1
            size = sizing.size
            trade_id = f"{self._config.account.id}-{day.day:%Y%m%d}-{self._sequence:03d}"
        self.events.append(
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

    def objection(self, ts: int, day: TradingDay, stopped: str) -> tuple[str, str]:
        """The first rule that forbids an entry now, and why; two empty strings if none does.

        `stopped` is "warm_up" or "end_of_data" when no entry is wanted whatever else holds.
        """
        if stopped:
            return stopped, {
                "warm_up": "bars from warm-up never trade",
                "end_of_data": "the data ended",
            }[stopped]
        if self.account.halts:
            halt, reason = next(iter(self.account.halts.items()))
            return "halt", f"halted: {halt.value}: {reason}"
        if not day.entries_from <= ts < day.entries_to:
            return "hours", "outside the hours for entries"
        if self.bracket is not None:
            return "position", f"{self.bracket.id} is {self.bracket.state.value}"
        if self.bars <= self._cooldown:
            left = self._cooldown - self.bars + 1
            return "cooldown", f"cool-down after a stop, {left} bars left"
        return "", ""

    def _standing(self, day: TradingDay) -> dict[str, int | float | str | bool]:
        """The terms of every decision, whichever rule it ends with."""
        bracket = self.bracket
        held = bracket is not None and bracket.position
        open_pnl = bracket.open_pnl(self._state.last_price) if bracket is not None and held else 0
        return self.account.standing(open_pnl) | {
            "bracket": bracket.id if bracket is not None else "",
            "cooldown_left": max(self._cooldown - self.bars + 1, 0),
            "entries_from": day.entries_from,
            "entries_to": day.entries_to,
        }

    def _enter(self, ts: int, trade_id: str, signal: Signal, size: int) -> None:
        risk = self._config.risk
        self.bracket = bracket = Bracket(
            id=trade_id,
            traded=self.account.traded,
            direction=signal.direction,
            size=size,
            stop_ticks=risk.stop_ticks,
            target_ticks=risk.target_ticks,
            signal=signal,
            charge_fees=self._config.fills.fees,
        )
        self.events.append(bracket.intent("entry", ts, signal.pattern.name))
        if self._exchange is not None:
            self._exchange.send(bracket.order_id("entry"), bracket.direction, size, ts)

    # -- orders and fills --------------------------------------------------------------------

    def on_fill(self, fill: Fill) -> None:
        """A broker's execution; one seen before or of no order of ours changes nothing."""
        if not (0 < fill.size <= INF_PRICE and 0 < fill.price <= INF_PRICE):
            raise InputError(
                f"fill {fill.id}: size {fill.size} and price {fill.price} must be > 0 and 32 bits"
            )
        bracket = self.bracket
        details: Details = {"id": fill.id, "order": fill.order_id}
        if ("fill", fill.id) in self._seen:
            self._ignore(fill.ts, "fill", "seen before", details)
        elif bracket is None or (role := bracket.role_of(fill.order_id)) is None:
            self._ignore(fill.ts, "fill", "unknown order", details)
        elif self._exchange is not None:
            self._ignore(fill.ts, "fill", "the exchange is simulated", details)
        elif fill.size > bracket.room(role):
            self._ignore(fill.ts, "fill", f"more than the {bracket.room(role)} left", details)
        else:
            self._remember("fill", fill.id)
            self._apply(bracket, fill)

    def cancel_entry(self, ts: int, reason: str) -> None:
        """Take back an entry that has not filled."""
        bracket = self.bracket
        if bracket is None or bracket.state is not BracketState.WAITING:
            return
        bracket.state = BracketState.CANCELLED
        self.bracket = None
        if self._exchange is not None:
            self._exchange.cancel()
        self._update(ts, bracket.order_id("entry"), "cancelled", reason=reason)

    def flatten(self, ts: int, why: ExitReason, reason: str) -> str:
        """Close the position at market, or take back a waiting entry; what was done, in words."""
        bracket = self.bracket
        if bracket is None:
            return "nothing to flatten"
        if bracket.state is BracketState.WAITING:
            self.cancel_entry(ts, reason)
            return f"{bracket.id}: waiting entry cancelled"
        if bracket.state is BracketState.CLOSING:
            return f"{bracket.id}: already closing"
        order = bracket.close_early(ts, why, reason)
        self.events.append(order)
        if self._exchange is not None:
            self._exchange.send(order.id, order.side, order.size, ts)
        return f"{bracket.id}: closing {order.size} at market"

    def finish(self, ts: int) -> None:
        """The data ended: take back a waiting entry, close a position at the last trade."""
        self.cancel_entry(ts, "the data ended")
        bracket = self.bracket
        if bracket is None or self._exchange is None:
            return
        closing = bracket.state is BracketState.CLOSING
        order = bracket.close_early(ts, ExitReason.END_OF_DATA, "the data ended")
        if not closing:
            self.events.append(order)
        price = self._state.last_price
        fill = self._exchange.close_out(order.id, order.side, order.size, ts, price)
        self._apply(bracket, fill, price)

    def _apply(self, bracket: Bracket, fill: Fill, market: int | None = None) -> None:
        """Book a fill; `market` is the price of the trade that gave it, where that is known."""
        role = bracket.role_of(fill.order_id)
        if role is None:
            raise InputError(f"fill {fill.id}: {fill.order_id} is no order of {bracket.id}")
        side = bracket.direction if role == "entry" else -bracket.direction
        fee = bracket.fee_of(fill)
        self.events.append(
            Filled(
                ts=fill.ts, fill=fill, trade_id=bracket.id, role=role, side=side, fee=fee,
                market=market,
            )
        )  # fmt: skip
        if role == "entry":
            self._entered(bracket, fill)
            return
        closing = bracket.state is BracketState.CLOSING
        why = EXIT_BY_ROLE.get(role) or bracket.exit_reason or ExitReason.OPERATOR
        closed = bracket.fill_exit(fill, why)
        status: Literal["filled", "partial"] = "filled" if closed else "partial"
        self._update(fill.ts, fill.order_id, status, filled=bracket.exited)
        if closed:
            self._close_trade(bracket, fill.ts, role, closing)

    def _entered(self, bracket: Bracket, fill: Fill) -> None:
        first = bracket.fill_entry(fill)
        whole = bracket.entered >= bracket.size
        self._update(
            fill.ts, fill.order_id, "filled" if whole else "partial", filled=bracket.entered
        )
        if not first:
            return
        self._state.run_high = self._state.run_low = fill.price
        self.events.append(bracket.opened_event(fill.ts))
        self.events.append(bracket.intent("stop", fill.ts, "bracket"))
        self.events.append(bracket.intent("target", fill.ts, "bracket"))
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

    def _close_trade(self, bracket: Bracket, ts: int, by: Role, closing: bool) -> None:
        """Closed `by` an order; `closing`: an exit order was on its way."""
        exit_price = bracket.exit_notional // bracket.exited
        low = min(self._state.run_low, exit_price)
        high = max(self._state.run_high, exit_price)
        self.bracket = None
        account, before = self.account, self.account.tier
        account.settle(bracket.gross() - bracket.fees)
        trade = bracket.trade(ts, low, high, account.balance)
        working: tuple[Role, ...] = ("stop", "target", "exit") if closing else ("stop", "target")
        for role in working:
            if role != by:
                closed_by = f"closed by {trade.exit_reason}"
                self._update(ts, bracket.order_id(role), "cancelled", reason=closed_by)
        self.events.append(TradeClosed(ts=ts, trade=trade))
        if account.tier is not before:
            after, balance = account.tier.name, account.balance
            self.events.append(TierChanged(ts=ts, before=before.name, after=after, balance=balance))
        for halt, reason in account.reached():
            self.halt(halt, ts, reason)
        if trade.exit_reason is ExitReason.STOP:
            self._cooldown = self.bars + self._config.risk.cooldown_bars

    # -- halts and commands ------------------------------------------------------------------

    def halt(self, halt: Halt, ts: int, reason: str) -> None:
        """No entries from now on; some halts also flatten."""
        if halt not in self.account.halts:
            self.account.halts[halt] = reason
            self.events.append(Halted(ts=ts, halt=halt, reason=reason))
        if halt in FLATTENING:
            self.flatten(ts, EXIT_OF[halt], reason)

    def lift(self, halt: Halt, ts: int, reason: str) -> None:
        """End a halt."""
        del self.account.halts[halt]
        self.events.append(Resumed(ts=ts, halt=halt, reason=reason))

    def known(self, command: Command, ts: int) -> bool:
        """Whether a command was executed before; says so if it was, remembers it if not."""
        if ("command", command.id) in self._seen:
            self._ignore(ts, "command", "seen before", {"id": command.id})
            return True
        self._remember("command", command.id)
        return False

    def execute(self, command: Command, ts: int) -> None:
        """Do what a command says, and answer it."""
        kind, result = type(command).__name__, self._execute(command, ts)
        self.events.append(
            CommandDone(ts=ts, command_id=command.id, kind=kind, ok=True, result=result)
        )

    def _execute(self, command: Command, ts: int) -> str:
        match command:
            case HaltTrading(reason=reason):
                self.halt(Halt.OPERATOR, ts, reason)
                return "halted: no more entries"
            case ResumeTrading():
                return self._resume(ts)
            case Flatten(reason=reason):
                return self.flatten(ts, ExitReason.OPERATOR, reason)
            case Kill(reason=reason):
                done = self.flatten(ts, ExitReason.KILL, reason)
                self.halt(Halt.KILL, ts, reason)
                return f"killed: {done}"
            case ReportMargin(symbol=symbol, margin=margin):
                if self.account.margin_exceeded(symbol, margin):
                    self.halt(Halt.MARGIN, ts, f"margin of {symbol} is above its limit")
                    return "margin above the limit: halted for the day"
                return "margin within the limit"
            case ReportReject(order_id=order, reason=reason):
                return self._reject(ts, order, reason)
        raise InputError(f"unknown command {type(command).__name__}")

    def _resume(self, ts: int) -> str:
        lifted = [halt for halt in self.account.halts if halt in OPERATOR_LIFTS]
        for halt in lifted:
            self.lift(halt, ts, "the operator resumed")
        if Halt.MAX_DRAWDOWN in lifted:
            self.account.peak = self.account.balance
        self.account.rejects.clear()
        kept = ", ".join(halt.value for halt in self.account.halts)
        return f"resumed; still halted: {kept}" if kept else "resumed"

    def _reject(self, ts: int, order: str, reason: str) -> str:
        self._update(ts, order, "rejected", reason=reason)
        bracket = self.bracket
        if bracket is not None and bracket.role_of(order) == "entry" and not bracket.entered:
            bracket.state = BracketState.CANCELLED
            self.bracket = None
        if self.account.rejected(ts):
            self.halt(Halt.REJECTS, ts, f"{len(self.account.rejects)} rejects in a short time")
        return "noted"

    # -- output ------------------------------------------------------------------------------

    def _remember(self, what: str, key: str) -> None:
        self._seen[what, key] = None
        if len(self._seen) > REMEMBERED_IDS:
            self._seen.popitem(last=False)

    def _ignore(self, ts: int, what: str, reason: str, details: Details) -> None:
        self.events.append(InputIgnored(ts=ts, what=what, reason=reason, details=details))

    def _update(
        self,
        ts: int,
        order: str,
        status: Literal["partial", "filled", "cancelled", "rejected"],
        *,
        filled: int = 0,
        reason: str = "",
    ) -> None:
        update = OrderUpdate(ts=ts, id=order, status=status, filled=filled, reason=reason)
        self.events.append(update)


def first_carry(config: EngineConfig) -> Carry:
    """The carry of an engine that starts from its configuration alone."""
    balance = to_units(config.account.balance)
    peak = to_units(config.account.peak) if config.account.peak is not None else balance
    tier = tier_of(config.risk, balance).name
    return Carry(balance=balance, peak=max(peak, balance), streak=config.account.streak, tier=tier)
