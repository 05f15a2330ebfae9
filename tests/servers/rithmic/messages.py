"""Rithmic's messages, built with the classes that async_rithmic ships: frames, what is told of
orders (351, 352, 353), positions and money (450, 451).

Which fields and texts are the real ones and which we assume: the package's docstring.
"""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from async_rithmic.plants.base import TEMPLATE_ID_BY_NAME, TEMPLATES_MAP
from async_rithmic.protocol_buffers import base_pb2

from tests.servers.rithmic.book import KINDS, Fill, Order
from tests.servers.rithmic.exchange import Exchange, Notice

NS = 1_000_000_000
FCM, IB = "TestFCM", "TestIB"
BUY, SELL = 1, 2
AUTO = 2
STOP_MARKET = 4

EXCHANGE_WORDS = {
    "received": (1, "status"),
    "open": (1, "status"),
    "modified": (2, "modify"),
    "cancelled": (3, "cancel"),
    "triggered": (4, "trigger"),
    "fill": (5, "fill"),
    "rejected": (6, "reject"),
    "not_modified": (7, "not modified"),
    "not_cancelled": (8, "not cancelled"),
}
"""352's notify_type and report_type by notice."""


def make(name: str, **fields: Any) -> Any:
    """A message by its class's name, with its template id."""
    number = TEMPLATE_ID_BY_NAME[name]
    return TEMPLATES_MAP[number](template_id=number, **fields)


def frame(message: Any) -> bytes:
    """The bytes on the wire."""
    body = message.SerializeToString()
    return len(body).to_bytes(4, "big") + body


def unknown(template: int) -> bytes:
    """A frame of a template that the client does not know."""
    return frame(base_pb2.Base(template_id=template))


def stamp(ts: int) -> dict[str, int]:
    """A time (UTC ns) as the protocol has it."""
    return {"ssboe": ts // NS, "usecs": ts % NS // 1000}


def source(ts: int) -> dict[str, int]:
    """The exchange's time of something."""
    return {
        "source_ssboe": ts // NS,
        "source_usecs": ts % NS // 1000,
        "source_nsecs": ts % NS % 1000,
    }


def dated(ts: int) -> tuple[str, str]:
    """Date and time of day, UTC."""
    moment = datetime.fromtimestamp(ts // NS, UTC)
    return moment.strftime("%Y%m%d"), moment.strftime("%H:%M:%S")


def order_fields(exchange: Exchange, order: Order) -> dict[str, Any]:
    """What 351 and 352 both tell of an order."""
    contract = exchange.contracts[order.symbol]
    fields: dict[str, Any] = {
        "basket_id": order.basket,
        "fcm_id": FCM,
        "ib_id": IB,
        "account_id": order.account,
        "symbol": order.symbol,
        "exchange": contract.exchange,
        "trade_exchange": contract.exchange,
        "trade_route": "simulator",
        "exchange_order_id": f"7{order.basket}",
        "instrument_type": "Future",
        "quantity": order.size,
        "transaction_type": BUY if order.side > 0 else SELL,
        "duration": order.duration,
        "price_type": _price_type(order.kind),
        "orig_price_type": _price_type(order.asked),
        "manual_or_auto": AUTO,
        "total_fill_size": order.filled,
        "total_unfilled_size": order.size - order.filled,
        "currency": "USD",
        "status": order.status,
    }
    if order.tag:
        fields["user_tag"] = order.tag
    if order.price is not None:
        fields["price"] = float(contract.price(order.price))
    if order.trigger is not None:
        fields["trigger_price"] = float(contract.price(order.trigger))
    if order.filled:
        mean = Decimal(order.paid) / order.filled * contract.tick
        fields["avg_fill_price"] = float(mean)
    if order.parent:
        fields["original_basket_id"] = order.parent
        fields["bracket_type"] = _bracket_type(exchange, order.parent)
    if order.links:
        fields["linked_basket_ids"] = ",".join(order.links)
    if order.bracket is not None:
        fields["bracket_type"] = order.bracket.kind
    return fields


def _price_type(kind: str) -> int | None:
    number = KINDS.index(kind)
    return number if number <= STOP_MARKET else None  # notifications have no word for the others


def _bracket_type(exchange: Exchange, parent: str) -> int:
    entry = exchange.orders[parent]
    return entry.bracket.kind if entry.bracket is not None else 0


def rithmic_notice(exchange: Exchange, order: Order, number: int, **more: Any) -> Any:
    """A 351."""
    fields = order_fields(exchange, order) | stamp(exchange.clock()) | more
    return make("RithmicOrderNotification", notify_type=number, **fields)


def exchange_notice(exchange: Exchange, order: Order, what: str, **more: Any) -> Any:
    """A 352."""
    number, report = EXCHANGE_WORDS[what]
    fields = order_fields(exchange, order) | stamp(exchange.clock()) | more
    return make("ExchangeOrderNotification", notify_type=number, report_type=report, **fields)


def fill_notice(exchange: Exchange, order: Order, fill: Fill, **more: Any) -> Any:
    """The 352 of a fill."""
    day, time = dated(fill.ts)
    return exchange_notice(
        exchange, order, "fill",
        fill_id=fill.id, fill_size=fill.size, fill_date=day, fill_time=time,
        fill_price=float(exchange.contracts[fill.symbol].price(fill.price)),
        **source(fill.ts), **more,
    )  # fmt: skip


def snapshot(exchange: Exchange, order: Order) -> Any:
    """The 352 that stands for an order in lists."""
    more = {"text": order.text} if order.text else {}
    return exchange_notice(exchange, order, order.last, is_snapshot=True, **more)


def notices(exchange: Exchange, notice: Notice) -> list[Any]:
    """The 351 and 352 messages that tell a notice, in their order."""
    order, text = notice.order, {"text": notice.text} if notice.text else {}
    assert order is not None

    def own(number: int, **more: Any) -> Any:
        return rithmic_notice(exchange, order, number, **more)

    def theirs(what: str, **more: Any) -> Any:
        return exchange_notice(exchange, order, what, **text, **more)

    match notice.what:
        case "received":
            return [own(1, status="Order received from client"), own(10, status="Order sent")]
        case "open":
            waiting = order.status == "trigger pending"
            return [theirs("open", confirmed_size=order.size), own(18 if waiting else 13)]
        case "modified":
            return [theirs("modified", modified_size=order.size), own(14)]
        case "cancelled":
            return [theirs("cancelled", cancelled_size=order.size - order.filled)]
        case "fill":
            assert notice.fill is not None
            return [fill_notice(exchange, order, notice.fill)]
        case "complete":
            return [own(15, completion_reason=order.reason, **text)]
        case "not_modified":
            return [theirs(notice.what), own(16, **text)]
        case "not_cancelled":
            return [theirs(notice.what), own(17, **text)]
        case other:  # triggered, rejected
            return [theirs(other)]


def bracket_update(order: Order) -> Any:
    """A 353."""
    bracket = order.bracket
    assert bracket is not None
    return make(
        "BracketUpdates", fcm_id=FCM, ib_id=IB, account_id=order.account, basket_id=order.basket,
        stop_ticks=bracket.stop, target_ticks=bracket.target,
        stop_quantity=order.size if bracket.stop is not None else None,
        target_quantity=order.size if bracket.target is not None else None,
        stop_quantity_released=bracket.stop_released,
        target_quantity_released=bracket.target_released,
    )  # fmt: skip


def position_update(exchange: Exchange, account: str, symbol: str, *, asked: bool = False) -> Any:
    """A 450; `asked`: of a snapshot."""
    contract, held = exchange.contracts[symbol], exchange.position(account, symbol)
    closed = held.realised * contract.tick_value
    fields: dict[str, Any] = {"is_snapshot": True} if asked else {}
    if held.net:
        fields["avg_open_fill_price"] = float(Decimal(held.cost) / held.net * contract.tick)
    waiting = [
        each
        for each in exchange.working.values()
        if each.account == account and each.symbol == symbol
    ]
    buying = sum(each.open for each in waiting if each.side > 0)
    selling = sum(each.open for each in waiting if each.side < 0)
    return make(
        "InstrumentPnLPositionUpdate", fcm_id=FCM, ib_id=IB, account_id=account, symbol=symbol,
        exchange=contract.exchange, product_code=contract.product, instrument_type="Future",
        fill_buy_qty=held.bought, fill_sell_qty=held.sold,
        order_buy_qty=buying, order_sell_qty=selling,
        buy_qty=held.bought + buying, sell_qty=held.sold + selling,
        net_quantity=held.net, open_position_quantity=held.net,
        open_position_pnl=cents(exchange.unrealised(account, symbol)),
        closed_position_pnl=cents(closed), day_closed_pnl=float(closed),
        day_open_pnl=float(exchange.unrealised(account, symbol)),
        day_pnl=float(closed + exchange.unrealised(account, symbol)),
        closed_position_quantity=min(held.bought, held.sold),
        **stamp(exchange.clock()), **fields,
    )  # fmt: skip


def account_update(exchange: Exchange, account: str, *, asked: bool = False) -> Any:
    """A 451; `asked`: of a snapshot."""
    known = exchange.accounts[account]
    opened = sum((exchange.unrealised(account, name) for name in known.positions), Decimal(0))
    used = sum(
        (
            abs(held.net) * exchange.margins[exchange.contracts[name].product]
            for name, held in known.positions.items()
        ),
        Decimal(0),
    )
    balance, closed = exchange.balance(account), exchange.realised(account)
    fields: dict[str, Any] = {"is_snapshot": True} if asked else {}
    return make(
        "AccountPnLPositionUpdate", fcm_id=FCM, ib_id=IB, account_id=account,
        fill_buy_qty=sum(each.bought for each in known.positions.values()),
        fill_sell_qty=sum(each.sold for each in known.positions.values()),
        net_quantity=sum(each.net for each in known.positions.values()),
        account_balance=cents(balance), cash_on_hand=cents(balance),
        margin_balance=cents(used), available_buying_power=cents(balance + opened - used),
        used_buying_power=cents(used), rms_account_commission=cents(known.commissions),
        open_position_pnl=cents(opened), closed_position_pnl=cents(closed),
        day_open_pnl=cents(opened), day_closed_pnl=cents(closed), day_pnl=cents(opened + closed),
        **stamp(exchange.clock()), **fields,
    )  # fmt: skip


def cents(money: Decimal) -> str:
    """Money as the protocol's strings have it."""
    return str(money.quantize(Decimal("0.01")))
