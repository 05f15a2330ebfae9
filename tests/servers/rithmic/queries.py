"""What only asks: accounts, routes, limits, lists of orders, brackets and fills, positions and
contracts.

Each answers rows that belong to the request and, last, the message with `rp_code`: 0, or 7 (no
data) when there was nothing.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from async_rithmic.plants.base import TEMPLATES_MAP

from tests.servers.rithmic.book import Contract, Fill, Mistake, Order
from tests.servers.rithmic.exchange import Exchange
from tests.servers.rithmic.messages import (
    FCM,
    IB,
    NS,
    account_update,
    dated,
    fill_notice,
    make,
    position_update,
    snapshot,
    source,
    stamp,
)
from tests.servers.rithmic.requests import known

CHICAGO = ZoneInfo("America/Chicago")
GOOD = ["0"]
NO_DATA = ["7", "no data"]
TRADER = 3


def trade_date(ts: int) -> str:
    """The trading day of a time: it ends at 17:00 in Chicago."""
    moment = datetime.fromtimestamp(ts / NS, CHICAGO) + timedelta(hours=7)
    return moment.strftime("%Y%m%d")


def ended(request: Any, rows: list[Any]) -> list[Any]:
    """The rows and the end."""
    name = TEMPLATES_MAP[request.template_id + 1].__name__
    code = GOOD if rows else NO_DATA
    return [*rows, make(name, user_msg=request.user_msg, rp_code=code)]


def row(request: Any, **fields: Any) -> Any:
    """One of the answer's rows."""
    name = TEMPLATES_MAP[request.template_id + 1].__name__
    return make(name, user_msg=request.user_msg, rq_handler_rp_code=GOOD, **fields)


def single(request: Any, **fields: Any) -> list[Any]:
    """An answer of one message."""
    name = TEMPLATES_MAP[request.template_id + 1].__name__
    return [make(name, user_msg=request.user_msg, rp_code=GOOD, **fields)]


def login_info(_: Exchange, request: Any) -> list[Any]:
    return single(request, fcm_id=FCM, ib_id=IB, user_type=TRADER)


def account_list(exchange: Exchange, request: Any) -> list[Any]:
    rows = [
        row(
            request, fcm_id=FCM, ib_id=IB, account_id=name, account_name=name,
            account_currency="USD", account_auto_liquidate="enabled",
        )
        for name in exchange.accounts
    ]  # fmt: skip
    return ended(request, rows)


def trade_routes(exchange: Exchange, request: Any) -> list[Any]:
    rows = [
        row(
            request, fcm_id=FCM, ib_id=IB, exchange=name, trade_route="simulator", status="UP",
            is_default=True,
        )
        for name in sorted({each.exchange for each in exchange.contracts.values()})
    ]  # fmt: skip
    return ended(request, rows)


def account_rms(exchange: Exchange, request: Any) -> list[Any]:
    rows = [
        row(
            request, fcm_id=FCM, ib_id=IB, account_id=name, currency="USD", status="active",
            algorithm="Max Loss", buy_limit=100, sell_limit=100, max_order_quantity=50,
        )
        for name in exchange.accounts
    ]  # fmt: skip
    return ended(request, rows)


def product_rms(exchange: Exchange, request: Any) -> list[Any]:
    known(exchange, request)
    fees = {each.product: each.commission for each in exchange.contracts.values()}
    rows = [
        row(
            request, fcm_id=FCM, ib_id=IB, account_id=request.account_id, product_code=product,
            buy_margin_rate=float(rate), sell_margin_rate=float(rate), buy_limit=100,
            sell_limit=100, max_order_quantity=50, commission_fill_rate=float(fees[product]),
            presence_bits=127 - 1,  # all but the loss limit
        )
        for product, rate in exchange.margins.items()
    ]  # fmt: skip
    return ended(request, rows)


def show_orders(exchange: Exchange, request: Any) -> list[Any]:
    """320: what works, as 352 snapshots."""
    known(exchange, request)
    mine = [each for each in exchange.working.values() if each.account == request.account_id]
    return _snapshots(exchange, request, mine)


def order_history(exchange: Exchange, request: Any) -> list[Any]:
    """324: every order of a trading day, as 352 snapshots."""
    known(exchange, request)
    mine = [
        each
        for each in exchange.orders.values()
        if each.account == request.account_id and trade_date(each.received) == request.date
    ]
    return _snapshots(exchange, request, mine)


def _snapshots(exchange: Exchange, request: Any, orders: list[Order]) -> list[Any]:
    return ended(request, [snapshot(exchange, each) for each in orders])


def history_dates(exchange: Exchange, request: Any) -> list[Any]:
    days = sorted({trade_date(each.received) for each in exchange.orders.values()})
    return ended(request, [row(request, date=days)] if days else [])


def show_brackets(exchange: Exchange, request: Any) -> list[Any]:
    """338: the targets."""
    rows = [
        row(
            request, basket_id=each.basket, target_ticks=str(each.bracket.target),
            target_quantity=str(each.size),
            target_quantity_released=str(each.bracket.target_released),
        )
        for each in _bracketed(exchange, request, "target") if each.bracket is not None
    ]  # fmt: skip
    return ended(request, rows)


def show_bracket_stops(exchange: Exchange, request: Any) -> list[Any]:
    """340: the stops."""
    rows = [
        row(
            request, basket_id=each.basket, stop_ticks=str(each.bracket.stop),
            stop_quantity=str(each.size), stop_quantity_released=str(each.bracket.stop_released),
        )
        for each in _bracketed(exchange, request, "stop") if each.bracket is not None
    ]  # fmt: skip
    return ended(request, rows)


def _bracketed(exchange: Exchange, request: Any, role: str) -> list[Order]:
    """Entries whose bracket is not over: they work, or a child does."""
    known(exchange, request)
    alive = {each.parent or each.basket for each in exchange.working.values()}
    return [
        each
        for each in exchange.orders.values()
        if each.account == request.account_id and each.bracket is not None
        and getattr(each.bracket, role) is not None and each.basket in alive
    ]  # fmt: skip


def _filled(exchange: Exchange, request: Any) -> list[Fill]:
    known(exchange, request)
    first, last = request.start_index, request.finish_index
    return [
        each
        for each in exchange.ledger.fills
        if each.account == request.account_id and first <= each.ts // NS <= last
    ]


def fill_history(exchange: Exchange, request: Any) -> list[Any]:
    """3512, by seconds since the epoch."""
    if request.index_format != "ssboe":
        raise Mistake(f"index_format {request.index_format!r} is not supported here: use ssboe")
    rows = []
    for fill in _filled(exchange, request):
        order, contract = exchange.orders[fill.basket], exchange.contracts[fill.symbol]
        day, time = dated(fill.ts)
        rows.append(
            row(
                request,
                fcm_id=FCM,
                ib_id=IB,
                account_id=fill.account,
                basket_id=fill.basket,
                symbol=fill.symbol,
                exchange=contract.exchange,
                trade_exchange=contract.exchange,
                trade_route="simulator",
                exchange_order_id=f"7{fill.basket}",
                instrument_type="Future",
                transaction_type="B" if fill.side > 0 else "S",
                price_type=order.kind,
                orig_price_type=order.asked,
                manual_or_auto="A",
                fill_date=day,
                fill_time=time,
                fill_id=fill.id,
                fill_price=float(contract.price(fill.price)),
                fill_size=fill.size,
                total_fill_size=order.filled,
                total_unfilled_size=order.size - order.filled,
                **stamp(fill.ts),
                **source(fill.ts),
            )
        )
    return ended(request, rows)


def replay_executions(exchange: Exchange, request: Any) -> list[Any]:
    """3506: the 352 of each fill again, marked as snapshots, and the end."""
    again = [
        fill_notice(exchange, exchange.orders[fill.basket], fill, is_snapshot=True)
        for fill in _filled(exchange, request)
    ]
    return ended(request, again)


def position_snapshot(exchange: Exchange, request: Any) -> list[Any]:
    """402: a 450 for each contract that was held today, flat ones too, and the 451."""
    known(exchange, request)
    name = request.account_id
    rows = [
        position_update(exchange, name, symbol, asked=True)
        for symbol in exchange.accounts[name].positions
    ]
    return ended(request, [*rows, account_update(exchange, name, asked=True)])


def front_month(exchange: Exchange, request: Any) -> list[Any]:
    """113."""
    for each in exchange.contracts.values():
        if each.product == request.symbol and each.exchange == request.exchange and each.front:
            return single(
                request, symbol=each.product, exchange=each.exchange, is_front_month_symbol=False,
                symbol_name=each.symbol, trading_symbol=each.symbol, trading_exchange=each.exchange,
            )  # fmt: skip
    return ended(request, [])


def reference_data(exchange: Exchange, request: Any) -> list[Any]:
    """14."""
    each: Contract | None = exchange.contracts.get(request.symbol)
    if each is None or each.exchange != request.exchange:
        return ended(request, [])
    return single(
        request, symbol=each.symbol, exchange=each.exchange, exchange_symbol=each.symbol,
        symbol_name=each.symbol, trading_symbol=each.symbol, trading_exchange=each.exchange,
        product_code=each.product, instrument_type="Future", currency="USD", is_tradable="true",
        min_qprice_change=float(each.tick), min_fprice_change=float(each.tick),
        single_point_value=float(each.tick_value / each.tick),
    )  # fmt: skip


HANDLERS: dict[int, Callable[[Exchange, Any], list[Any]]] = {
    14: reference_data,
    113: front_month,
    300: login_info,
    302: account_list,
    304: account_rms,
    306: product_rms,
    310: trade_routes,
    318: history_dates,
    320: show_orders,
    324: order_history,
    338: show_brackets,
    340: show_bracket_stops,
    402: position_snapshot,
    3506: replay_executions,
    3512: fill_history,
}
