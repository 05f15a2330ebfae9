"""A broker's words about our orders, its line and its books: what each does, and what is answered.

Where fills are simulated a broker has nothing to say: only a reject is taken, which tests the rest.
"""

from collections.abc import Callable
from typing import NamedTuple

from engine.at_broker import OVER, BrokerOrders
from engine.commands import (
    Command,
    ReportAmendReject,
    ReportCancelled,
    ReportDifference,
    ReportLink,
    ReportLost,
    ReportReject,
    ReportWorking,
)
from engine.errors import InputError
from engine.footprint import INF_PRICE
from engine.names import Halt
from engine.orders import Closed, SimulatedOrders
from engine.risk import Account

HaltIt = Callable[[Halt, int, str], None]


class Heard(NamedTuple):
    """What a word did, in words, and the bracket that it ended."""

    result: str
    closed: Closed | None = None


def require_sane(command: Command) -> None:
    """InputError when a broker names a price that none can be."""
    if isinstance(command, ReportAmendReject) and not 0 <= command.price <= INF_PRICE:
        raise InputError(f"command {command.id}: price {command.price} must be >= 0 and 32 bits")


def hear(
    word: Command, ts: int, orders: SimulatedOrders | BrokerOrders, account: Account, halt: HaltIt
) -> Heard:
    """Do what a broker's word says; InputError when it is none."""
    if isinstance(orders, BrokerOrders):
        return _at_broker(word, ts, orders, account, halt)
    if isinstance(word, ReportReject):
        orders.rejected(ts, word.order_id, word.reason)
        _count_reject(ts, account, halt)
        return Heard("noted")
    if isinstance(word, ReportWorking | ReportCancelled | ReportLost | ReportAmendReject):
        return Heard("fills are simulated: nothing changes")
    if isinstance(word, ReportLink | ReportDifference):
        return Heard("fills are simulated: nothing changes")
    raise InputError(f"unknown command {type(word).__name__}")


def _at_broker(
    word: Command, ts: int, orders: BrokerOrders, account: Account, halt: HaltIt
) -> Heard:
    match word:
        case ReportWorking(order_id=order):
            return Heard(orders.working(ts, order))
        case ReportCancelled(order_id=order, reason=reason):
            result = orders.over(ts, order, "cancelled", reason)
            return Heard(result, orders.secure(ts, f"{order} was cancelled"))
        case ReportLost(order_id=order, reason=reason):
            result = orders.over(ts, order, "lost", reason)
            return Heard(result, orders.secure(ts, f"{order} was lost"))
        case ReportReject(order_id=order, reason=reason):
            result = orders.over(ts, order, "rejected", reason)
            many = result != OVER and _count_reject(ts, account, halt)
            hopeless = "too many rejects" if many and orders.is_exit(order) else ""
            return Heard(result, orders.secure(ts, f"{order} was rejected", hopeless))
        case ReportAmendReject(order_id=order, price=price, reason=reason):
            if orders.amend_rejected(ts, order, price, reason):
                _count_reject(ts, account, halt)
            return Heard("noted", orders.secure(ts, f"{order} could not be changed"))
        case ReportLink(up=up, reason=reason):
            orders.link = up
            there = "the line to the broker is there" if up else "the line to the broker is lost"
            return Heard(f"{there}: {reason}" if reason else there)
        case ReportDifference(reason=reason):
            halt(Halt.DIFFERENCE, ts, reason)
            return Heard("halted until the operator resumes")
    raise InputError(f"unknown command {type(word).__name__}")


def _count_reject(ts: int, account: Account, halt: HaltIt) -> bool:
    """Whether there are now too many rejects, which halts."""
    many = account.rejected(ts)
    if many:
        halt(Halt.REJECTS, ts, f"{len(account.rejects)} rejects in a short time")
    return many
