"""The local Rithmic's exchange keeps exact books, whatever is done to it."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.servers.rithmic.book import Account, Bracket, Contract, Mistake, Order
from tests.servers.rithmic.exchange import Exchange
from tests.servers.rithmic.trouble import Trouble, Troubles

MES = Contract(symbol="MESZ6", product="MES")
sides = st.sampled_from([1, -1])
sizes = st.integers(1, 4)
prices = st.integers(90, 110)
deeds = st.one_of(
    st.tuples(st.just("trade"), prices),
    st.tuples(st.just("market"), sides, sizes),
    st.tuples(st.just("limit"), sides, sizes, prices),
    st.tuples(st.just("stop_market"), sides, sizes, prices),
    st.tuples(st.just("bracket"), sides, sizes, st.integers(1, 5), st.integers(1, 5)),
    st.tuples(st.just("cancel"), st.integers(0, 5)),
    st.tuples(st.just("late"), st.integers(0, 5)),
    st.tuples(st.just("exit")),
    st.tuples(st.just("split"), sizes),
)


def exchange_with(**options):
    now = iter(range(1, 10**9))
    return Exchange([MES], [Account("A")], lambda: next(now), Troubles(), **options)


def order(side, size, kind="market", **more):
    return Order(basket="", account="A", symbol="MESZ6", side=side, size=size, kind=kind, **more)


def do(exchange, deed):
    """One deed; what makes no sense is refused."""
    what, *more = deed
    match what:
        case "trade":
            exchange.trade("MESZ6", more[0], 0)
        case "market":
            exchange.submit(order(*more))
        case "limit":
            exchange.submit(order(*more[:2], "limit", price=more[2]))
        case "stop_market":
            exchange.submit(order(*more[:2], "stop_market", trigger=more[2]))
        case "bracket":
            exchange.submit(order(*more[:2], bracket=Bracket(stop=more[2], target=more[3])))
        case "cancel" if list(exchange.working)[more[0] : more[0] + 1]:
            exchange.cancel(list(exchange.working)[more[0]])
        case "late":
            gone = [e for e in exchange.orders.values() if e.reason == "C" and e.size > e.filled]
            for each in gone[more[0] : more[0] + 1]:
                exchange.fill(each, each.size - each.filled, 100, 0)
        case "exit":
            exchange.exit("A")
        case "split":
            trouble = Trouble("split", on="stop", sizes=(more[0], 1))
            exchange.troubles.waiting.append(trouble)


@given(
    st.lists(deeds, max_size=30), st.sampled_from(["last", "next"]),
    st.sampled_from(["each", "one"]),
)  # fmt: skip
def test_every_fill_is_in_the_position_and_every_cent_in_the_balance(done, market, children):
    exchange = exchange_with(market=market, children=children)
    exchange.trade("MESZ6", 100, 0)
    fills = exchange.ledger.fills
    for deed in done:
        do(exchange, deed)
        net = sum(each.side * each.size for each in fills)
        assert exchange.position("A", "MESZ6").net == net
        spent = sum(each.side * each.size * each.price for each in fills)
        worth = (net * exchange.last["MESZ6"] - spent) * MES.tick_value
        fees = sum(each.size for each in fills) * MES.commission
        balance = exchange.balance("A") + exchange.unrealised("A", "MESZ6")
        assert balance == Decimal(50000) + worth - fees
    assert len({each.id for each in fills}) == len(fills)
    assert len(exchange.orders) == len({each.basket for each in exchange.orders.values()})
    for each in exchange.orders.values():
        assert each.filled == sum(fill.size for fill in fills if fill.basket == each.basket)
        assert each.filled <= each.size


@given(
    st.lists(
        st.one_of(
            st.tuples(st.just("trade"), prices),
            st.tuples(st.just("bracket"), st.just(1), sizes, st.integers(1, 5), st.integers(1, 5)),
            st.tuples(st.just("split"), sizes),
        ),
        max_size=30,
    ),
    st.sampled_from(["each", "one"]),
)
def test_brackets_protect_all_that_is_held_and_nothing_more(done, children):
    exchange = exchange_with(children=children)
    exchange.trade("MESZ6", 100, 0)
    for deed in done:
        do(exchange, deed)
        working = list(exchange.working.values())
        net = exchange.position("A", "MESZ6").net
        assert net == sum(each.open for each in working if each.role == "stop")
        assert net == sum(each.open for each in working if each.role == "target")
    assert exchange.ledger.unprotected("A", "MESZ6", 10**9) == []


@pytest.mark.parametrize(
    ("done", "says"),
    [
        (lambda e: e.submit(order(1, 0)), "quantity 0 is not positive"),
        (lambda e: e.cancel("7"), "no order with basket '7'"),
        (lambda e: e.contract("ES"), "no instrument 'ES': there are MESZ6"),
        (lambda e: MES.ticks("5000.1"), "5000.1 is not on MESZ6's grid of 0.25"),
        (lambda e: e.levels(e.submit(order(1, 1)).basket, stop=3), "has no bracket"),
    ],
)
def test_what_makes_no_sense_is_refused(done, says):
    exchange = exchange_with()
    exchange.trade("MESZ6", 100, 0)
    with pytest.raises(Mistake, match=says):
        done(exchange)
