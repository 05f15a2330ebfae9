"""Rithmic's messages as the library's classes have them, for tests without a line."""

from typing import Any

from async_rithmic.plants.base import TEMPLATE_ID_BY_NAME, TEMPLATES_MAP

BUY, SELL = 1, 2
LIMIT, MARKET, STOP_MARKET = 1, 2, 4
WORDS = {"working": 1, "modified": 2, "cancelled": 3, "fill": 5, "rejected": 6, "not_modified": 7}
BEGAN = 1_795_284_000


def make(name: str, **fields: Any) -> Any:
    """A message that went over the wire."""
    number = TEMPLATE_ID_BY_NAME[name]
    kind = TEMPLATES_MAP[number]
    return kind.FromString(kind(template_id=number, **fields).SerializeToString())


def order(basket: str, **fields: Any) -> dict[str, Any]:
    """What both notifications say of an order: by default a buy of two at market."""
    return {
        "basket_id": basket, "account_id": "SIM-1", "symbol": "MESZ6", "exchange": "CME",
        "transaction_type": BUY, "price_type": MARKET, "quantity": 2, "ssboe": BEGAN, "usecs": 5,
    } | fields  # fmt: skip


def exchange(basket: str, what: str, **fields: Any) -> Any:
    """A 352."""
    given = order(basket, **fields)
    return make("ExchangeOrderNotification", notify_type=WORDS[what], **given)


def rithmic(basket: str, number: int, **fields: Any) -> Any:
    """A 351."""
    return make("RithmicOrderNotification", notify_type=number, **order(basket, **fields))


def fill(basket: str, number: str, size: int = 2, price: float = 5000.0, **fields: Any) -> Any:
    """The 352 of a fill."""
    given = {"fill_id": number, "fill_size": size, "fill_price": price} | fields
    return exchange(basket, "fill", **given)


def leg(basket: str, what: str, part: str, **fields: Any) -> Any:
    """A 352 of a stop at 4996 or a target at 5006 of the entry with basket 1."""
    kind = (
        {"price_type": STOP_MARKET, "trigger_price": 4996.0}
        if part == "stop"
        else {"price_type": LIMIT, "price": 5006.0}
    )
    given = {"transaction_type": SELL, "original_basket_id": "1"} | kind | fields
    return exchange(basket, what, **given)
