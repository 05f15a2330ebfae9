"""Our side of the market: decisions, the bracket and its orders, fills, halts, commands.

The engine tells the desk what the market does (a trade's price, a bar's approved signals, a new
day, the flatten time); the desk says what we do about it, as events. It holds at most one bracket,
whose orders are `engine.orders`' to carry out.
"""

from dataclasses import replace
from typing import Final

from engine.at_broker import BrokerOrders
from engine.beliefs import Beliefs
from engine.brackets import Bracket, BracketState
from engine.commands import (
    Command,
    Flatten,
    HaltTrading,
    Kill,
    ReportMargin,
    ResumeTrading,
)
from engine.config import EngineConfig
from engine.events import (
    Carry,
    CommandDone,
    Decision,
    Event,
    Fill,
    Halted,
    InputIgnored,
    Resumed,
    Signal,
    TierChanged,
    TradeClosed,
)
from engine.footprint import FAR, ScanState
from engine.hearing import Heard, hear
from engine.money import to_units
from engine.names import ExitReason, Halt
from engine.once import SEEN_BEFORE, Once
from engine.orders import Closed, SimulatedOrders, Unbooked
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

CARRIED_OVER: Final = "carried over"
"""Why a halt of an earlier day holds: the same for who saw that day and who started after it."""
EXIT_OF: Final = {
    Halt.LOSS_LIMIT: ExitReason.LOSS_LIMIT,
    Halt.MAX_DRAWDOWN: ExitReason.MAX_DRAWDOWN,
    Halt.KILL: ExitReason.KILL,
}


class Desk:
    """`state` is the scan's: the desk reads the last price and keeps a position's extremes in it.

    With fills simulated, `telling` is whether the events of decisions, orders and fills are made.
    `events` is the list that the engine hands out; `bars` counts the day's closed bars.
    """

    def __init__(
        self, config: EngineConfig, carry: Carry, state: ScanState, simulated: bool, telling: bool
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
        self.events: list[Event] = []
        self._config = config
        self._state = state
        self._orders: SimulatedOrders | BrokerOrders = (
            SimulatedOrders(config.fills, state, self.events, telling)
            if simulated
            else BrokerOrders(state, self.events)
        )
        self._sequence, self._carried_pnl = carry.sequence, carry.day_pnl
        self._started = False
        self._day_id = ""
        self.bars = 0
        self._cooldown = 0
        self._commands = Once()

    @property
    def bracket(self) -> Bracket | None:
        """The trade that waits, is open or is closing."""
        return self._orders.bracket

    def beliefs(self) -> Beliefs:
        """What is believed to be at the broker."""
        return self._orders.beliefs()

    @property
    def link(self) -> bool:
        """Whether orders arrive: the line to the broker is there, or there is none."""
        return self._orders.link

    # -- what the market does ----------------------------------------------------------------

    def start_day(self, day: TradingDay) -> None:
        """A new trading day: its halts and its P&L begin anew."""
        for ended in [halt for halt in self.account.halts if halt in ENDS_WITH_DAY]:
            self.lift(ended, day.start, "a new trading day")
        self.account.day_pnl, self._carried_pnl = self._carried_pnl, 0
        self.account.rejects.clear()
        self.bars = self._cooldown = 0
        self._day_id = f"{self._config.account.id}-{day.day:%Y%m%d}"
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
        self._settle(self._orders.trade(ts, price))
        if self.bracket is not None and self.bracket.state is BracketState.OPEN:
            for halt, reason in self.account.reached(self.bracket.open_pnl(price)):
                self.halt(halt, ts, reason)

    def watch(self) -> tuple[int, int, int]:
        """What the scan shall stop for: price at or below, at or above, time of an order."""
        low, high, order_at = self._orders.watch()
        bracket = self.bracket
        if bracket is not None and bracket.state is BracketState.OPEN:
            limit = self._limit_price(bracket)
            if bracket.direction > 0:
                low = max(low, limit)
            else:
                high = min(high, limit)
        return low, high, order_at

    def time_stop_at(self) -> int:
        """When the open position will have been held too long (UTC ns); FAR: never."""
        return self.bracket.time_stop_at() if self.bracket is not None else FAR

    def time_stop(self, ts: int) -> None:
        """The position was held too long: close it, once."""
        seconds = self._config.risk.time_stop_s
        self.flatten(ts, ExitReason.TIME_STOP, f"open for {seconds} s")

    def _limit_price(self, bracket: Bracket) -> int:
        """The price at which a limit of the account is reached while the bracket is open."""
        held = bracket.held
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
        size, trade_id, sizing = 0, "", None
        if not rule:
            multiplier = self._config.router.size_multiplier[best.regime]
            sizing = size_entry(self.account, agreeing, best.regime, multiplier)
            self._sequence += 1
            size = sizing.size
            trade_id = f"{self._day_id}-{self._sequence:03d}"
        if self._orders.telling:
            terms = self._standing(day)
            terms |= {"signals_for": agreeing, "signals_against": len(against)}
            terms |= sizing._asdict() if sizing else {}
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
        if not self._orders.link:
            return "broker", "the line to the broker is lost"
        if not day.entries_from <= ts < day.entries_to:
            return "hours", "outside the hours for entries"
        if self.bracket is not None:
            return "position", f"{self.bracket.id} is {self.bracket.state.value}"
        if order := self._orders.left_over():
            return "left_over", f"{order} is not known to be over at the broker"
        if self.cools_at(self.bars):
            left = self._cooldown - self.bars + 1
            return "cooldown", f"cool-down after a stop, {left} bars left"
        return "", ""

    def cools_at(self, bars: int) -> bool:
        """Whether the bar of this number (from 1) is in the cool-down after a stop."""
        return bars <= self._cooldown

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
        bracket = Bracket(
            id=trade_id,
            traded=self.account.traded,
            direction=signal.direction,
            size=size,
            rules=self._config.risk,
            signal=signal,
            charge_fees=self._config.fills.fees,
        )
        self._orders.enter(ts, bracket)

    # -- orders and fills --------------------------------------------------------------------

    def on_fill(self, fill: Fill) -> None:
        """A broker's execution. One seen before changes nothing; one that fits nothing we have is
        not booked and halts, for then the broker has other than we believe."""
        done = self._orders.on_fill(fill)
        if isinstance(done, Unbooked):
            self.halt(Halt.DIFFERENCE, max(int(self._state.clock), 0), done.reason)
        else:
            self._settle(done)

    def cancel_entry(self, ts: int, reason: str) -> None:
        """Take back an entry that has not filled. What a broker fills of it all the same is closed
        like at the session's flatten time."""
        self._orders.cancel_entry(ts, ExitReason.FLATTEN, reason)

    def end_entries(self, ts: int) -> None:
        """The hours for entries are over: one that still waits at a broker is not wanted. (A
        simulated one fills with the next trade.)"""
        if isinstance(self._orders, BrokerOrders):
            self.cancel_entry(ts, "the hours for entries are over")

    def flatten(self, ts: int, why: ExitReason, reason: str) -> str:
        """Close the position at market, or take back a waiting entry; what was done, in words."""
        bracket = self.bracket
        if bracket is None:
            return "nothing to flatten"
        if not bracket.entered:
            return f"{bracket.id}: {self._orders.cancel_entry(ts, why, reason)}"
        lots = self._orders.close(bracket, ts, why, reason)
        return (
            f"{bracket.id}: closing {lots} at market" if lots else f"{bracket.id}: already closing"
        )

    def finish(self, ts: int) -> None:
        """The data ended: take back a waiting entry, close a position at the last trade."""
        self._settle(self._orders.finish(ts, self._state.last_price))

    def _settle(self, closed: Closed | None) -> None:
        """Book a trade that was closed, and look at what the account has become."""
        if closed is None:
            return
        bracket, at = closed
        ts = bracket.exit_ts
        exit_price = bracket.exit_notional // bracket.exited
        low = min(self._state.run_low, bracket.entry_price, exit_price)
        high = max(self._state.run_high, bracket.entry_price, exit_price)
        account, before = self.account, self.account.tier
        net = bracket.gross() - bracket.fees
        account.settle(net - bracket.settled)
        bracket.settled = net
        trade = bracket.trade(ts, low, high, account.balance)
        self._orders.cancel_rest(bracket, bracket.closed_by, at, f"closed by {trade.exit_reason}")
        self.events.append(TradeClosed(ts=ts, trade=trade))
        if account.tier is not before:
            after, balance = account.tier.name, account.balance
            self.events.append(TierChanged(ts=at, before=before.name, after=after, balance=balance))
        for halt, reason in account.reached():
            self.halt(halt, at, reason)
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
        if command.id in self._commands:
            self.events.append(
                InputIgnored(ts=ts, what="command", reason=SEEN_BEFORE, details={"id": command.id})
            )
            return True
        self._commands.add(command.id)
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
        heard: Heard = hear(command, ts, self._orders, self.account, self.halt)
        self._settle(heard.closed)
        return heard.result

    def _resume(self, ts: int) -> str:
        lifted = [halt for halt in self.account.halts if halt in OPERATOR_LIFTS]
        for halt in lifted:
            self.lift(halt, ts, "the operator resumed")
        if Halt.MAX_DRAWDOWN in lifted:
            self.account.peak = self.account.balance
        self.account.rejects.clear()
        kept = ", ".join(halt.value for halt in self.account.halts)
        return f"resumed; still halted: {kept}" if kept else "resumed"


def first_carry(config: EngineConfig) -> Carry:
    """The carry of an engine that starts from its configuration alone."""
    balance = to_units(config.account.balance)
    peak = to_units(config.account.peak) if config.account.peak is not None else balance
    tier = tier_of(config.risk, balance).name
    return Carry(balance=balance, peak=max(peak, balance), streak=config.account.streak, tier=tier)
