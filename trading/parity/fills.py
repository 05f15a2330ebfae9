"""Slippage: each trade's fills at the broker against those of the simulated exchange.

The same bracket, decided at the same moment, meets the same ticks at the simulated exchange, with
the configuration's assumptions; where the session closed it early the simulation is told to at the
same moment. Positive slippage is what the broker was worse by, ticks a contract.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal

import numpy as np

from engine.brackets import Bracket, BracketState
from engine.config import EngineConfig
from engine.events import Decision, Event, Filled, OrderIntent, Signal, Trade
from engine.footprint import ScanState
from engine.instruments import instrument
from engine.orders import Closed, SimulatedOrders
from engine.ticks import TickColumns, joined, part
from trading.journal.runs import KeptRun
from trading.parity.said import Said

CHUNK = 1 << 14
HUNDREDTH = Decimal("0.01")


@dataclass(frozen=True, kw_only=True)
class Pair:
    """One trade twice. Delays (ns) run from the decision to the first fill of the entry; prices are
    averages in ticks; slippage is of entry and exit, `cost` their sum in money units for all lots
    that the broker filled."""

    trade: Trade
    simulated: Trade
    delay: int
    simulated_delay: int

    @property
    def entry(self) -> Decimal:
        """Ticks a contract that the entry was worse by."""
        return self._worse(_entry(self.trade) - _entry(self.simulated))

    @property
    def exit(self) -> Decimal:
        """Ticks a contract that the exit was worse by; it has its reason where the ways differ."""
        return self._worse(_exit(self.simulated) - _exit(self.trade))

    @property
    def cost(self) -> int:
        """Money units that it made of the P&L before fees."""
        units = (self.entry + self.exit) * self.trade.size
        return round(units * instrument(self.trade.symbol).tick_units)

    def _worse(self, ticks: Decimal) -> Decimal:
        return (ticks * self.trade.direction).quantize(HUNDREDTH)


def _entry(trade: Trade) -> Decimal:
    return Decimal(trade.entry_notional) / trade.size


def _exit(trade: Trade) -> Decimal:
    return Decimal(trade.exit_notional) / trade.size


def pairs(run: KeptRun, traded: Said) -> list[Pair]:
    """Every trade that the session closed, beside its simulation; without those whose decision was
    on another day."""
    ticks = good_ticks(run, traded.dropped)
    decided = {each.trade_id: each for each in traded.decisions if each.trade_id}
    found = []
    for name, trade in traded.trades.items():
        decision, entry = decided.get(name), traded.entries.get(name)
        if decision is None or entry is None:
            continue
        signal = traded.signals[decision.signal_id]
        exit_order = traded.exits.get(name)
        simulated = simulate(run.config, decision, entry, signal, exit_order, trade, ticks)
        if simulated is not None:
            fills = [each for each in traded.fills if each.trade_id == name]
            found.append(
                Pair(
                    trade=trade,
                    simulated=simulated,
                    delay=_first_fill(fills) - decision.ts,
                    simulated_delay=simulated.entry_ts - decision.ts,
                )
            )
    return found


def _first_fill(fills: Sequence[Filled]) -> int:
    return min(each.ts for each in fills if each.role == "entry")


def good_ticks(run: KeptRun, dropped: Sequence[int]) -> TickColumns:
    """Those that the engine used, with the times that it gave them."""
    blocks = [item for item in run.replay.inputs if isinstance(item, TickColumns)]
    ticks = joined(blocks)
    good = np.ones(len(ticks.ts), np.bool_)
    good[list(dropped)] = False
    used = part(ticks, good)
    return used._replace(ts=np.maximum.accumulate(used.ts))


def simulate(
    config: EngineConfig, decision: Decision, entry: OrderIntent, signal: Signal,
    left: OrderIntent | None, trade: Trade, ticks: TickColumns,
) -> Trade | None:  # fmt: skip
    """The trade at the simulated exchange; None if it never ends there. `left` is the order that
    closed it early."""
    state, events = ScanState(), list[Event]()
    orders = SimulatedOrders(config.fills, state, events, telling=False)
    bracket = Bracket(
        id=decision.trade_id,
        traded=instrument(entry.symbol),
        direction=decision.direction,
        size=trade.size,
        rules=config.risk,
        signal=signal,
        charge_fees=config.fills.fees,
    )
    orders.enter(decision.ts, bracket)
    for ts, price in _looked_at(orders, state, ticks, decision.ts, left.ts if left else None):
        if left is not None and ts >= left.ts and bracket.state is BracketState.OPEN:
            orders.close(bracket, left.ts, trade.exit_reason, left.reason)
        closed = orders.trade(ts, price)
        _seen(state, price, price)
        if closed is not None:
            return _closed(closed, state, trade.balance)
    return None


def _looked_at(
    orders: SimulatedOrders, state: ScanState, ticks: TickColumns, since: int, left: int | None
) -> Iterator[tuple[int, int]]:
    """The ticks at which something may happen; the others only move the extremes."""
    at, end = int(np.searchsorted(ticks.ts, since)), len(ticks.ts)
    told = left is None
    while at < end:
        low, high, order_at = orders.watch()
        piece = slice(at, min(at + CHUNK, end))
        ts, price = ticks.ts[piece], ticks.price[piece]
        due = (price <= low) | (price >= high) | (ts >= order_at)
        if not told and left is not None:
            due |= ts >= left
        first = int(due.argmax()) if due.any() else len(ts)
        if first:
            _seen(state, int(price[:first].max()), int(price[:first].min()))
        at += first
        if first < len(ts):
            told = told or int(ts[first]) >= (left or 0)
            yield int(ts[first]), int(price[first])
            at += 1


def _seen(state: ScanState, high: int, low: int) -> None:
    state.run_high, state.run_low = max(state.run_high, high), min(state.run_low, low)


def _closed(closed: Closed, state: ScanState, balance: int) -> Trade:
    bracket = closed.bracket
    out = bracket.exit_notional // bracket.exited
    low = min(state.run_low, bracket.entry_price, out)
    high = max(state.run_high, bracket.entry_price, out)
    return bracket.trade(bracket.exit_ts, low, high, balance)
