"""What Rithmic says of an order, read into our words: the messages 351, 352 and 3513.

351 is Rithmic's own word on an order, 352 the exchange's; both tell the same life, so whoever takes
them takes the same thing twice. 3513 is a row of the fill history. Fields that do not apply come
as 0 or "": the protocol has no other way to leave them out. Prices stay as they came, decimal.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final, Literal

from engine.ticks import NS
from trading.brokers.rithmic.contracts import exact

RITHMIC, EXCHANGE, FILLED = 351, 352, 3513
"""Templates."""

What = Literal[
    "known", "working", "modified", "filled", "cancelled", "rejected",
    "not_modified", "not_cancelled", "fill",
]  # fmt: skip
Leg = Literal["stop", "target", "market", ""]

FROM_RITHMIC: Final[Mapping[int, What]] = {
    13: "working",  # OPEN
    14: "modified",
    16: "not_modified",
    17: "not_cancelled",
    18: "working",  # TRIGGER_PENDING: a stop that Rithmic holds
}
COMPLETE: Final = 15
FROM_EXCHANGE: Final[Mapping[int, What]] = {
    1: "working",  # STATUS
    2: "modified",
    3: "cancelled",
    5: "fill",
    6: "rejected",
    7: "not_modified",
    8: "not_cancelled",
}
ENDS: Final[Mapping[str, What]] = {
    "f": "filled",
    "fill": "filled",
    "filled": "filled",
    "c": "cancelled",
    "cancel": "cancelled",
    "cancelled": "cancelled",
    "canceled": "cancelled",
    "pfbc": "cancelled",
    "r": "rejected",
    "reject": "rejected",
    "rejected": "rejected",
    "fa": "rejected",
    "failed": "rejected",
    "failure": "rejected",
}
"""Reasons of a completion, and statuses of an order, that say how it ended."""
SIDES: Final = {1: 1, 2: -1, 3: -1}
"""By transaction type; 3 is a short sale."""
SIDE_WORDS: Final = {"1": 1, "b": 1, "buy": 1, "2": -1, "s": -1, "sell": -1, "3": -1, "ss": -1}
LIMITS: Final = (1, 6)
"""Price types: limit, limit if touched."""
MARKET: Final = 2
STOPS: Final = (3, 4)
STOP_LIMIT: Final = 3
STOP_ONLY: Final = (1, 4)
"""Bracket types: of the legs too, on which they say which one it is."""
TARGET_ONLY: Final = (2, 5)


@dataclass(frozen=True, slots=True, kw_only=True)
class FillNotice:
    """An execution. `id` is the exchange's, "" when the message has none."""

    id: str
    price: Decimal
    size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """What is said of one order. `size` 0 and `price` None: not said."""

    basket: str
    account: str
    what: What
    tag: str = ""
    original: str = ""  # the basket of the entry whose bracket it belongs to
    linked: tuple[str, ...] = ()
    contract: str = ""
    exchange: str = ""
    side: int = 0
    leg: Leg = ""
    price_type: int = 0
    size: int = 0
    filled: int = 0
    price: Decimal | None = None
    limit: Decimal | None = None  # of a stop limit, beside `price`, its trigger
    fill: FillNotice | None = None
    reason: str = ""
    sequence: str = ""
    ts: int = 0
    snapshot: bool = False


def read(message: Any) -> Notice:
    """A 351 or a 352."""
    fill = None
    what: What
    if message.template_id == RITHMIC:
        what = FROM_RITHMIC.get(message.notify_type, "known")
        if message.notify_type == COMPLETE:
            what = _end(message.completion_reason, message)
    else:
        what = FROM_EXCHANGE.get(message.notify_type, "known")
        if what == "fill" and message.fill_size:
            fill = FillNotice(
                id=message.fill_id.strip(), price=exact(message.fill_price), size=message.fill_size
            )
    if message.is_snapshot and fill is None and what not in ("cancelled", "rejected"):
        what = _standing(message)  # its last word was about something else
    trigger, price = _price(message.trigger_price), _price(message.price)
    stop = message.price_type in STOPS
    return Notice(
        basket=message.basket_id,
        account=message.account_id,
        what=what,
        tag=message.user_tag,
        original=message.original_basket_id,
        linked=tuple(message.linked_basket_ids.replace(",", " ").split()),
        contract=message.symbol,
        exchange=message.exchange,
        side=SIDES.get(message.transaction_type, 0),
        leg=leg(message),
        price_type=message.price_type,
        size=message.quantity or message.total_fill_size + message.total_unfilled_size,
        filled=message.total_fill_size,
        price=trigger if stop else price,
        limit=price if message.price_type == STOP_LIMIT else None,
        fill=fill,
        reason=_reason(message),
        sequence=message.sequence_number,
        ts=_time(message),
        snapshot=message.is_snapshot,
    )


def execution(row: Any) -> Notice:
    """A 3513. It says neither whose order it is nor what it belongs to: the basket does."""
    return Notice(
        basket=row.basket_id,
        account=row.account_id,
        what="fill",
        contract=row.symbol,
        exchange=row.exchange,
        side=SIDE_WORDS.get(row.transaction_type.strip().lower(), 0),
        fill=FillNotice(id=row.fill_id.strip(), price=exact(row.fill_price), size=row.fill_size),
        sequence=row.sequence_number,
        ts=_time(row),
        snapshot=True,
    )


def leg(message: Any) -> Leg:
    """Which part of a bracket an order is by its kind. A stop that was triggered, or turned into a
    market order, is still one by the kind that it had first."""
    for kind in (message.price_type, message.orig_price_type):
        if kind in STOPS:
            return "stop"
        if kind in LIMITS:
            return "target"
    if message.bracket_type in STOP_ONLY:
        return "stop"
    if message.bracket_type in TARGET_ONLY:
        return "target"
    return "market" if message.price_type == MARKET else ""


def _end(reason: str, message: Any) -> What:
    """How an order ended that is complete."""
    said = ENDS.get(reason.strip().lower())
    if said is not None:
        return said
    filled, left = message.total_fill_size, message.total_unfilled_size
    return "filled" if filled and not left else "cancelled"


def _standing(message: Any) -> What:
    """How an order stands that is told because it was asked for."""
    status = message.status.strip().lower()
    if status in ENDS:
        return ENDS[status]
    if status.startswith("complete"):
        return _end(getattr(message, "completion_reason", ""), message)
    if message.total_fill_size and not message.total_unfilled_size:
        return "filled"
    return "working"


def _reason(message: Any) -> str:
    for text in (message.text, message.report_text, message.remarks):
        if text.strip():
            return " ".join(text.split())
    return ""


def _price(price: float) -> Decimal | None:
    """A price; 0 is how the protocol says that there is none."""
    return exact(price) if price else None


def _time(message: Any) -> int:
    """UTC ns: the exchange's time if it is there, else Rithmic's."""
    if getattr(message, "source_ssboe", 0):
        return int(message.source_ssboe) * NS + int(message.source_usecs) * 1000
    return int(message.ssboe) * NS + int(message.usecs) * 1000
