"""What an operator may tell the engine. Each is executed once and answered by CommandDone."""

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
    """Lift the halts that an operator may lift (operator, kill, rejects, max_drawdown)."""


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
