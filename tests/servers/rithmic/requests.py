"""What changes something: new orders (312, 330), changes (314, 332, 334), cancellations (316, 346)
and 3504. Each takes the request and answers its messages; a `Mistake` becomes a refusal.
"""

from typing import Any

from tests.servers.rithmic.book import KINDS, STOPS, Bracket, Mistake, Order
from tests.servers.rithmic.exchange import Exchange
from tests.servers.rithmic.messages import BUY, make, stamp
from tests.servers.rithmic.trouble import Trouble

GOOD = ["0"]
WITH_STOP = (1, 3, 4, 6)
WITH_TARGET = (2, 3, 5, 6)
"""By bracket type. Fields have no presence: what was not sent is 0."""


def side_of(request: Any) -> int:
    """The protocol's transaction type as a sign."""
    return 1 if request.transaction_type == BUY else -1


def new_order(exchange: Exchange, request: Any, trouble: Trouble | None) -> list[Any]:
    """312: one acknowledgement."""
    order = exchange.submit(_order(exchange, request), trouble)
    return [
        make(
            "ResponseNewOrder", user_msg=request.user_msg, user_tag=order.tag, rp_code=GOOD,
            basket_id=order.basket, **stamp(order.received),
        )
    ]  # fmt: skip


def bracket_order(exchange: Exchange, request: Any, trouble: Trouble | None) -> list[Any]:
    """330: acknowledged in two messages, the first with the basket."""
    order = _order(exchange, request)
    order.bracket = Bracket(
        stop=request.stop_ticks if request.bracket_type in WITH_STOP else None,
        target=request.target_ticks if request.bracket_type in WITH_TARGET else None,
        market_on_reject=request.stop_market_on_reject,
        kind=request.bracket_type,
    )
    for name, ticks in (("stop", order.bracket.stop), ("target", order.bracket.target)):
        if ticks is not None and ticks <= 0:
            raise Mistake(f"{name}_ticks {ticks} is not positive")
    exchange.submit(order, trouble)
    return [
        make(
            "ResponseBracketOrder", user_msg=request.user_msg, user_tag=order.tag,
            rq_handler_rp_code=GOOD, basket_id=order.basket, **stamp(order.received),
        ),
        make("ResponseBracketOrder", user_msg=request.user_msg, rp_code=GOOD),
    ]  # fmt: skip


def modify_order(exchange: Exchange, request: Any, trouble: Trouble | None) -> list[Any]:
    """314."""
    order = owned(exchange, request)
    contract = exchange.contracts[order.symbol]
    if trouble is not None and trouble.what == "reject":
        exchange.refuse(order.basket, "not_modified", trouble.text or "Modify rejected")
    else:
        exchange.modify(
            order.basket,
            size=request.quantity or order.size,
            kind=KINDS[request.price_type] or order.kind,
            price=contract.ticks(request.price) if request.price else None,
            trigger=contract.ticks(request.trigger_price) if request.trigger_price else None,
        )
    return [
        make(
            "ResponseModifyOrder", user_msg=request.user_msg, rp_code=GOOD, basket_id=order.basket,
            **stamp(exchange.clock()),
        )
    ]  # fmt: skip


def stop_level(exchange: Exchange, request: Any, trouble: Trouble | None) -> list[Any]:
    """334."""
    _level(exchange, request, trouble, stop=request.stop_ticks)
    return [make("ResponseUpdateStopBracketLevel", user_msg=request.user_msg, rp_code=GOOD)]


def target_level(exchange: Exchange, request: Any, trouble: Trouble | None) -> list[Any]:
    """332."""
    _level(exchange, request, trouble, target=request.target_ticks)
    return [make("ResponseUpdateTargetBracketLevel", user_msg=request.user_msg, rp_code=GOOD)]


def cancel_order(exchange: Exchange, request: Any, trouble: Trouble | None) -> list[Any]:
    """316."""
    order = owned(exchange, request)
    if trouble is not None and trouble.what == "reject":
        exchange.refuse(order.basket, "not_cancelled", trouble.text or "Cancel rejected")
    else:
        exchange.cancel(order.basket)
    return [
        make(
            "ResponseCancelOrder", user_msg=request.user_msg, rp_code=GOOD, basket_id=order.basket,
            **stamp(exchange.clock()),
        )
    ]  # fmt: skip


def cancel_all(exchange: Exchange, request: Any, trouble: Trouble | None) -> list[Any]:
    """346."""
    known(exchange, request)
    if trouble is not None and trouble.what == "reject":
        for each in list(exchange.working.values()):
            if each.account == request.account_id:
                exchange.refuse(each.basket, "not_cancelled", trouble.text or "Cancel rejected")
    else:
        exchange.cancel_all(request.account_id)
    return [make("ResponseCancelAllOrders", user_msg=request.user_msg, rp_code=GOOD)]


def exit_position(exchange: Exchange, request: Any, trouble: Trouble | None) -> list[Any]:
    """3504: a row a contract, and the end."""
    known(exchange, request)
    symbols = exchange.exit(request.account_id, request.symbol, trouble)
    rows = [
        make(
            "ResponseExitPosition", user_msg=request.user_msg, rq_handler_rp_code=GOOD, symbol=name,
            exchange=exchange.contracts[name].exchange,
        )
        for name in symbols
    ]  # fmt: skip
    return [*rows, make("ResponseExitPosition", user_msg=request.user_msg, rp_code=GOOD)]


def known(exchange: Exchange, request: Any) -> None:
    """The request's account exists."""
    if request.account_id not in exchange.accounts:
        raise Mistake(f"no account {request.account_id!r}")


def owned(exchange: Exchange, request: Any) -> Order:
    """The order that a request is about, of its account."""
    order = exchange.orders.get(request.basket_id)
    if order is None or order.account != request.account_id:
        raise Mistake(f"account {request.account_id!r} has no basket {request.basket_id!r}")
    return order


def _level(exchange: Exchange, request: Any, trouble: Trouble | None, **ticks: int) -> None:
    order = owned(exchange, request)
    if trouble is not None and trouble.what == "reject":
        raise Mistake(trouble.text or "Atomic order operation in progress")
    exchange.levels(order.basket, **ticks)


def _order(exchange: Exchange, request: Any) -> Order:
    contract = exchange.contracts.get(request.symbol)
    if contract is None or contract.exchange != request.exchange:
        raise Mistake(f"no instrument {request.symbol!r} at {request.exchange!r}")
    kind = KINDS[request.price_type]
    priced = "limit" in kind
    triggered = kind in STOPS or kind.endswith("if_touched")
    if not kind:
        raise Mistake("no price type")
    return Order(
        basket="", account=request.account_id, symbol=request.symbol, side=side_of(request),
        size=request.quantity, kind=kind, tag=request.user_tag, duration=request.duration,
        price=contract.ticks(request.price) if priced else None,
        trigger=contract.ticks(request.trigger_price) if triggered else None,
    )  # fmt: skip


HANDLERS = {
    312: new_order,
    314: modify_order,
    316: cancel_order,
    330: bracket_order,
    332: target_level,
    334: stop_level,
    346: cancel_all,
    3504: exit_position,
}
OCCASIONS = {
    314: "modify",
    332: "modify",
    334: "modify",
    316: "cancel",
    346: "cancel",
    3504: "exit",
}


def occasion(exchange: Exchange, request: Any) -> str:
    """Which occasion for trouble a request of these is."""
    if request.template_id in OCCASIONS:
        return OCCASIONS[request.template_id]
    account = exchange.accounts.get(request.account_id)
    held = account.positions.get(request.symbol) if account is not None else None
    reduces = request.template_id == 312 and held is not None and held.net * side_of(request) < 0
    return "exit" if reduces else "entry"
