"""A broker's words, said by hand to a driven engine. Three lots of ES are ordered, unless said."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

from engine.beliefs import BelievedOrder
from engine.commands import (
    Command,
    Flatten,
    ReportAmendReject,
    ReportCancelled,
    ReportLink,
    ReportLost,
    ReportReject,
    ReportWorking,
)
from engine.config import RouterRules
from engine.events import CommandDone, InputIgnored, OrderAmend, OrderIntent, OrderUpdate
from engine.names import Halt
from tests.engine.drive import BAR, BUY_BAR, Driven, at, easy, entered, of, rules_said


def three_lots(**risk: Any) -> Driven:
    """Three lots wait for a broker's fills."""
    config = easy(**risk)
    router = RouterRules(
        matrix=config.router.matrix, min_strength=0, min_confidence=0,
        size_multiplier=dict.fromkeys(config.router.size_multiplier, Decimal(3)),
    )  # fmt: skip
    return entered(config=replace(config, router=router), simulated=False)


def say(driven: Driven, command: Command) -> str:
    """The answer to a command."""
    (done,) = of(CommandDone, driven.command(command))
    return str(done.result)


def _id(driven: Driven, order: str) -> dict[str, Any]:
    return {"id": f"w{len(driven.events)}", "ts": at(BAR), "order_id": f"{driven.trade_id}-{order}"}


def working(driven: Driven, order: str) -> str:
    return say(driven, ReportWorking(**_id(driven, order)))


def cancelled(driven: Driven, order: str) -> str:
    return say(driven, ReportCancelled(**_id(driven, order), reason="gone"))


def lost(driven: Driven, order: str) -> str:
    return say(driven, ReportLost(**_id(driven, order), reason="never sent"))


def rejected(driven: Driven, order: str) -> str:
    return say(driven, ReportReject(**_id(driven, order), reason="no"))


def amend_rejected(driven: Driven, order: str, price: int = 0) -> str:
    return say(driven, ReportAmendReject(**_id(driven, order), price=price, reason="no"))


def link(driven: Driven, up: bool, reason: str = "") -> str:
    word = ReportLink(id=f"w{len(driven.events)}", ts=at(BAR), up=up, reason=reason)
    return say(driven, word)


def flatten(driven: Driven, second: float = BAR) -> str:
    """What was done, in words."""
    done = say(driven, Flatten(id=f"f{len(driven.events)}", ts=at(second)))
    return done.partition(": ")[2]


def exits(driven: Driven) -> list[tuple[str, int]]:
    """The exit orders that were asked for, and their lots."""
    orders = driven.said(OrderIntent)
    return [(_short(order.id), order.size) for order in orders if order.role == "exit"]


def amends(driven: Driven) -> list[tuple[str, int, int, str]]:
    """Order, price, size and reason of each change that was asked for."""
    asked = driven.said(OrderAmend)
    return [(_short(event.id), event.price, event.size, event.reason) for event in asked]


def changes(driven: Driven) -> list[tuple[str, str, int]]:
    """Order, status and lots filled of each change that the broker said."""
    said = driven.said(OrderUpdate)
    return [(_short(update.id), update.status, update.filled) for update in said]


def ignored(driven: Driven) -> list[str]:
    return [event.reason for event in driven.said(InputIgnored)]


def lots(driven: Driven) -> int:
    held = driven.engine.status().position
    return held.direction * held.size if held else 0


def believed(driven: Driven) -> dict[str, BelievedOrder]:
    """What is believed to be at the broker, by the end of its id."""
    return {_short(order.id): order for order in driven.engine.orders().orders}


def _short(order: str) -> str:
    return order.rpartition("-")[2]


def halts(driven: Driven) -> tuple[Halt, ...]:
    return driven.engine.status().halts


def next_bar(driven: Driven, number: int = 1) -> str:
    """Another bar that would enter; the rule that forbids it."""
    driven.bar(BUY_BAR, number)
    driven.beat((number + 1) * BAR)
    return rules_said(driven)[-1]
