"""What an operator or a broker may tell the engine. Each is executed once, answered by CommandDone.

A broker's words are facts: they say what became of an order, never what may have. Fills are inputs
of their own (`engine.events.Fill`).
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """Base: `id` is the operator's (used once), `ts` when it was given (UTC ns)."""

    id: str
    ts: int


@dataclass(frozen=True, slots=True, kw_only=True)
class HaltTrading(Command):
    """No more entries until resumed. An open position keeps its bracket."""

    reason: str = "operator"


@dataclass(frozen=True, slots=True, kw_only=True)
class ResumeTrading(Command):
    """Lift the halts that an operator may lift (`engine.risk.OPERATOR_LIFTS`)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Flatten(Command):
    """Close the open position at market and cancel a waiting entry. Does not halt."""

    reason: str = "operator"


@dataclass(frozen=True, slots=True, kw_only=True)
class Kill(Command):
    """Flatten, cancel everything, and halt until a person resumes."""

    reason: str = "operator"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportMargin(Command):
    """The broker's margin per contract, money units: above the limit halts for the day."""

    symbol: str
    margin: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportReject(Command):
    """The broker refused an order."""

    order_id: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportWorking(Command):
    """The broker has the order. Said again of one that shall not work any more, it is asked back
    again."""

    order_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportCancelled(Command):
    """The order works no more: we took it back, somebody else did, or its time was over. What it
    filled stays filled."""

    order_id: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportLost(Command):
    """The order never reached the broker and never will: that is known."""

    order_id: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportAmendReject(Command):
    """The broker refused a change or a cancellation: the order works on at `price` (ticks, 0 for
    one at market)."""

    order_id: str
    price: int
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportLink(Command):
    """The line to the broker is there or lost. While it is lost nothing is entered."""

    up: bool
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportDifference(Command):
    """What the broker has is not what we believe: no entries until a person resumes."""

    reason: str
