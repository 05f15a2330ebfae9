"""What a suite asks afterwards, as plain values: everything that happened in an account."""

from dataclasses import asdict
from decimal import Decimal
from typing import Any

from tests.servers.rithmic.book import Mistake, Order
from tests.servers.rithmic.exchange import Exchange

Plain = dict[str, Any]


def report(exchange: Exchange, account: str = "") -> Plain:
    """Orders, tags with how often they came in, fills, positions and what protected them, money.
    Of one account, or the only one. Money is Decimal, prices Decimal, times UTC ns."""
    name = account or next(iter(exchange.accounts))
    if name not in exchange.accounts:
        raise Mistake(f"no account {name!r}: there are {', '.join(exchange.accounts)}")
    ledger, now = exchange.ledger, exchange.clock()
    symbols = [symbol for owner, symbol in ledger.held if owner == name]
    return {
        "account": name,
        "received": [asdict(each) for each in ledger.received if each.account == name],
        "tags": ledger.tags(),
        "duplicates": ledger.duplicates(),
        "orders": [order(exchange, e) for e in exchange.orders.values() if e.account == name],
        "working": [order(exchange, e) for e in exchange.working.values() if e.account == name],
        "fills": [
            asdict(each) | {"price": exchange.contracts[each.symbol].price(each.price)}
            for each in ledger.fills
            if each.account == name
        ],
        "positions": {each: exchange.position(name, each).net for each in symbols},
        "held": {each: ledger.held[name, each] for each in symbols},
        "unprotected": {each: ledger.unprotected(name, each, now) for each in symbols},
        "unprotected_seconds": sum(
            ledger.unprotected_seconds(name, each, now) for each in symbols
        ),
        "realised": exchange.realised(name),
        "unrealised": sum((exchange.unrealised(name, each) for each in symbols), Decimal(0)),
        "commissions": exchange.accounts[name].commissions,
        "balance": exchange.balance(name),
        "troubles": exchange.troubles.happened,
    }  # fmt: skip


def order(exchange: Exchange, known: Order) -> Plain:
    """An order, with the times between which it worked."""
    price = exchange.contracts[known.symbol].price
    return {
        "basket": known.basket,
        "tag": known.tag,
        "role": known.role,
        "parent": known.parent,
        "symbol": known.symbol,
        "side": known.side,
        "size": known.size,
        "filled": known.filled,
        "kind": known.asked,
        "price": None if known.price is None else price(known.price),
        "trigger": None if known.trigger is None else price(known.trigger),
        "status": known.status,
        "reason": known.reason,
        "text": known.text,
        "received": known.received,
        "over": known.over_at or None,
    }
