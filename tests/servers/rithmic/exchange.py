"""The exchange and the broker's back office: orders, brackets, fills, positions, money. No network.

Trades are given to it; there is no book. A market order is filled by the last trade or, with
`market="next"`, by the next one; a limit when traded through or, with `limit="touch"`, at its
price; a stop at the trade that triggers it or, with `slippage`, so many ticks worse. What happens
is told through `tell`, in order, as `Notice`s.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Literal

from tests.servers.rithmic.book import (
    STOPS,
    Account,
    Contract,
    Fill,
    Mistake,
    Order,
    Position,
)
from tests.servers.rithmic.ledger import Ledger
from tests.servers.rithmic.trouble import Trouble, Troubles

KEPT = ("accounts", "margins", "orders", "working", "last", "ledger", "_baskets", "_fills")


@dataclass(frozen=True)
class Notice:
    """Something happened to an order (received, open, triggered, modified, fill, cancelled,
    rejected, not_modified, not_cancelled, complete, bracket) or to a position."""

    what: str
    account: str
    symbol: str
    order: Order | None = None
    fill: Fill | None = None
    text: str = ""


class Exchange:
    """See above. `children` is how a bracket follows partial fills: `each` gives every fill a stop
    and a target of its own, `one` lets one pair grow, at the first fill's prices."""

    def __init__(
        self,
        contracts: Iterable[Contract],
        accounts: Iterable[Account],
        clock: Callable[[], int],
        troubles: Troubles,
        *,
        market: Literal["last", "next"] = "last",
        limit: Literal["through", "touch"] = "through",
        slippage: int = 0,
        children: Literal["each", "one"] = "each",
        tagged_children: bool = False,
        links_cancel: bool = False,
        exit_cancels: bool = True,
    ) -> None:
        self.contracts = {each.symbol: each for each in contracts}
        self.accounts = {each.id: each for each in accounts}
        self.clock = clock
        self.troubles = troubles
        self.market = market
        self.limit = limit
        self.slippage = slippage
        self.children = children
        self.tagged_children = tagged_children
        self.links_cancel = links_cancel
        self.exit_cancels = exit_cancels
        self.margins = {each.product: each.margin for each in self.contracts.values()}
        self.orders: dict[str, Order] = {}
        self.working: dict[str, Order] = {}
        self.last: dict[str, int] = {}
        self.ledger = Ledger()
        self.tell: Callable[[Notice], None] = lambda _: None
        self._baskets = 1_000_000_000
        self._fills = 0

    def state(self) -> dict[str, Any]:
        """What outlives the process: all of it in one piece, since its parts share orders."""
        return {name: getattr(self, name) for name in KEPT}

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from there."""
        vars(self).update({name: state[name] for name in KEPT})

    # Orders

    def submit(self, order: Order, trouble: Trouble | None = None) -> Order:
        """An order comes in; its basket is given here. A `reject` trouble makes the exchange
        refuse it, a `split` fills it in pieces."""
        self.contract(order.symbol)
        if order.account not in self.accounts:
            raise Mistake(f"no account {order.account!r}")
        if order.size <= 0:
            raise Mistake(f"quantity {order.size} is not positive")
        self._enter(order, trouble)
        self._note(order.account, order.symbol)
        return order

    def _enter(self, order: Order, trouble: Trouble | None = None) -> None:
        order.basket = order.basket or self._basket()
        order.received, order.asked = self.clock(), order.kind
        self.orders[order.basket] = order
        self._tell("received", order)
        if trouble is not None and trouble.what == "reject":
            self._end(order, "R", trouble.text or "Order rejected at exchange", "rejected")
            return
        if trouble is not None and trouble.what == "split":
            order.pieces = list(trouble.sizes)
        self.working[order.basket] = order
        order.status = "trigger pending" if order.kind in STOPS else "open"
        self._tell("open", order)
        last = self.last.get(order.symbol)
        if last is not None and order.kind == "market" and self.market == "last":
            self._match(order, last, order.received)

    def modify(
        self, basket: str, *, size: int, kind: str, price: int | None, trigger: int | None
    ) -> None:
        """Change a working order. None leaves what was."""
        order = self._working(basket)
        if size <= order.filled:
            raise Mistake(f"quantity {size} is not more than the {order.filled} filled")
        order.size, order.kind, order.asked = size, kind, kind
        if price is not None and kind not in ("market", "stop_market"):
            order.price = price
        if trigger is not None:
            order.trigger = trigger
        self._tell("modified", order)
        self._note(order.account, order.symbol)

    def refuse(self, basket: str, what: str, text: str) -> None:
        """The exchange does not do what was asked (not_modified, not_cancelled)."""
        self._tell(what, self.known(basket), text=text)

    def cancel(self, basket: str, text: str = "") -> None:
        """Take an order back. With `links_cancel` what it is linked to goes too."""
        order = self._working(basket)
        self._end(order, "C", text, "cancelled")
        if self.links_cancel:
            for other in order.links:
                if other in self.working:
                    self._end(self.working[other], "C", "linked order cancelled", "cancelled")
        self._note(order.account, order.symbol)

    def throw_out(self, basket: str, text: str) -> None:
        """The exchange rejects an order that worked."""
        order = self._working(basket)
        self._end(order, "R", text, "rejected")
        self._note(order.account, order.symbol)

    def cancel_all(self, account: str, symbol: str = "") -> list[Order]:
        """Take back every order of an account (and of a contract)."""
        gone = self._clear(account, symbol)
        for name in {each.symbol for each in gone}:
            self._note(account, name)
        return gone

    def _clear(self, account: str, symbol: str) -> list[Order]:
        gone = [
            each
            for each in self.working.values()
            if each.account == account and symbol in ("", each.symbol)
        ]
        for each in gone:
            self._end(each, "C", "", "cancelled")
        return gone

    def exit(self, account: str, symbol: str = "", trouble: Trouble | None = None) -> list[str]:
        """Close what is held at market; answers the contracts. With `exit_cancels` working orders
        go first."""
        positions = self.accounts[account].positions
        open_ones = [name for name, each in positions.items() if each.net and symbol in ("", name)]
        if self.exit_cancels:
            self._clear(account, symbol)
        for name in open_ones:
            net = positions[name].net
            wish = Order(
                basket="", account=account, symbol=name, side=-1 if net > 0 else 1, size=abs(net),
                kind="market", role="exit",
            )  # fmt: skip
            self.submit(wish, trouble)
        return open_ones

    def levels(self, basket: str, *, stop: int | None = None, target: int | None = None) -> None:
        """Move a bracket's children (and those to come) to other distances from their fills."""
        entry = self.known(basket)
        if entry.bracket is None:
            raise Mistake(f"basket {basket} has no bracket")
        for role, ticks in (("stop", stop), ("target", target)):
            if ticks is None:
                continue
            if getattr(entry.bracket, role) is None:
                raise Mistake(f"the bracket of basket {basket} has no {role}")
            before: int = getattr(entry.bracket, role)
            setattr(entry.bracket, role, ticks)
            for child in [each for each in self.working.values() if each.parent == basket]:
                if child.role == role:
                    move = (ticks - before) * entry.side * (1 if role == "target" else -1)
                    if role == "stop":
                        child.trigger = (child.trigger or 0) + move
                    else:
                        child.price = (child.price or 0) + move
                    self._tell("modified", child)
        self._tell("bracket", entry)

    # Trades

    def trade(self, symbol: str, price: int, ts: int) -> None:
        """A trade at a price (ticks). Orders are served in the order they came."""
        self.last[symbol] = price
        for each in list(self.working.values()):
            if each.symbol == symbol and each.open:
                self._match(each, price, ts)

    def fill(self, order: Order, size: int, price: int, ts: int) -> Fill:
        """So much of an order is done. Also for an order that is over: a late fill."""
        account, contract = self.accounts[order.account], self.contracts[order.symbol]
        self._fills += 1
        made = Fill(
            id=f"F{self._fills:08d}", basket=order.basket, tag=order.tag,
            account=order.account, symbol=order.symbol, side=order.side, size=size, price=price,
            ts=ts, role=order.role, parent=order.parent,
        )  # fmt: skip
        order.filled += size
        order.paid += size * price
        account.positions.setdefault(order.symbol, Position()).take(order.side, size, price)
        account.commissions += contract.commission * size
        self.ledger.fills.append(made)
        self._tell("fill", order, made)
        if order.status != "complete" and order.filled == order.size:
            self._end(order, "F", "", "")
        if order.bracket is not None:
            self._protect(order, made)
        self._follow(order)
        self._note(order.account, order.symbol)
        self.tell(Notice("position", order.account, order.symbol))
        return made

    def _match(self, order: Order, price: int, ts: int) -> None:
        """What a trade does to an order."""
        side = order.side
        if order.kind in STOPS or order.kind.endswith("if_touched"):
            assert order.trigger is not None
            beyond = (price - order.trigger) * (side if order.kind in STOPS else -side)
            if beyond < 0:
                return
            order.kind = "limit" if "limit" in order.kind else "market"
            order.status = "open"
            self._tell("triggered", order)
        if order.kind == "limit":
            assert order.price is not None
            better = (order.price - price) * side
            if better < 0 or (better == 0 and self.limit == "through"):
                return
            at = order.price
        else:
            at = price + self.slippage * side
        size = min(order.pieces.pop(0), order.open) if order.pieces else order.open
        self.fill(order, size, at, ts)

    def _protect(self, entry: Order, made: Fill) -> None:
        """The bracket's children for a fill of the entry."""
        bracket = entry.bracket
        assert bracket is not None
        grown = False
        if self.children == "one":
            for child in [each for each in self.working.values() if each.parent == entry.basket]:
                child.size += made.size
                grown = True
                self._tell("modified", child)
        wanted = {"stop": bracket.stop, "target": bracket.target}
        baskets = {
            role: self._basket()
            for role, ticks in wanted.items()
            if ticks is not None and not grown
        }
        instead: list[Order] = []
        for role, basket in baskets.items():
            ticks = wanted[role]
            at = made.price + ticks * entry.side * (-1 if role == "stop" else 1)
            child = Order(
                basket=basket, account=entry.account, symbol=entry.symbol, side=-entry.side,
                size=made.size, kind="stop_market" if role == "stop" else "limit",
                price=None if role == "stop" else at, trigger=at if role == "stop" else None,
                tag=entry.tag if self.tagged_children else "", role=role,
                duration=entry.duration, parent=entry.basket,
                links=[each for each in baskets.values() if each != basket],
            )  # fmt: skip
            trouble = self.troubles.take(role, entry.tag, only=("reject", "split"))
            self._enter(child, trouble)
            if child.reason == "R" and role == "stop" and bracket.market_on_reject:
                instead.append(
                    Order(
                        basket="",
                        account=entry.account,
                        symbol=entry.symbol,
                        side=-entry.side,
                        size=made.size,
                        kind="market",
                        tag=child.tag,
                        role="stop",
                        parent=entry.basket,
                        links=child.links,
                    )
                )
        for each in instead:
            self._enter(each)
        bracket.stop_released += made.size if bracket.stop is not None else 0
        bracket.target_released += made.size if bracket.target is not None else 0
        self._tell("bracket", entry)

    def _follow(self, order: Order) -> None:
        """One cancels the other: what is linked to a fill shrinks with it."""
        for basket in order.links:
            other = self.working.get(basket)
            if other is None:
                continue
            left = order.size - order.filled
            if left <= 0:
                self._end(other, "C", "linked order filled", "cancelled")
            elif other.size - other.filled > left:
                other.size = other.filled + left
                self._tell("modified", other)

    def _end(self, order: Order, reason: str, text: str, what: str) -> None:
        order.status, order.reason, order.text = "complete", reason, text
        order.over_at = self.clock()
        self.working.pop(order.basket, None)
        if what:
            self._tell(what, order, text=text)
        self._tell("complete", order, text=text)

    # What there is

    def contract(self, symbol: str) -> Contract:
        """The instrument with a name."""
        if symbol not in self.contracts:
            raise Mistake(f"no instrument {symbol!r}: there are {', '.join(self.contracts)}")
        return self.contracts[symbol]

    def position(self, account: str, symbol: str) -> Position:
        """What an account holds of a contract."""
        return self.accounts[account].positions.get(symbol, Position())

    def realised(self, account: str) -> Decimal:
        """Money made by closed contracts, before commissions."""
        held = self.accounts[account].positions
        return sum(
            (each.realised * self.contracts[name].tick_value for name, each in held.items()),
            Decimal(0),
        )

    def unrealised(self, account: str, symbol: str) -> Decimal:
        """Money that the open contracts are worth at the last trade, beyond their cost."""
        held = self.position(account, symbol)
        last = self.last.get(symbol)
        if last is None or not held.net:
            return Decimal(0)
        return (last * held.net - held.cost) * self.contracts[symbol].tick_value

    def balance(self, account: str) -> Decimal:
        """Cash, with closed contracts and commissions."""
        known = self.accounts[account]
        return known.cash + self.realised(account) - known.commissions

    def _basket(self) -> str:
        self._baskets += 1
        return str(self._baskets)

    def known(self, basket: str) -> Order:
        """The order with a basket."""
        if basket not in self.orders:
            raise Mistake(f"no order with basket {basket!r}")
        return self.orders[basket]

    def _working(self, basket: str) -> Order:
        order = self.known(basket)
        if basket not in self.working:
            raise Mistake(f"the order with basket {basket} is complete")
        return order

    def _note(self, account: str, symbol: str) -> None:
        net = self.position(account, symbol).net
        covered = sum(
            each.open
            for each in self.working.values()
            if each.account == account and each.symbol == symbol and each.protects
            and each.side * net < 0
        )  # fmt: skip
        self.ledger.note(account, symbol, self.clock(), net, max(0, abs(net) - covered))

    def _tell(self, what: str, order: Order, fill: Fill | None = None, text: str = "") -> None:
        order.last = what if what not in ("complete", "bracket") else order.last
        self.tell(Notice(what, order.account, order.symbol, order, fill, text))
