"""The tick rule, and contract codes."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from marketdata.feeds.contracts import root
from marketdata.sides import TickRule


def test_up_is_a_buy_down_a_sell_and_unchanged_repeats():
    prices = np.array([10, 10, 11, 11, 10, 10, 12], np.int32)
    assert TickRule()(prices).tolist() == [0, 0, 1, 1, -1, -1, 1]


@given(st.lists(st.integers(1, 4), min_size=1, max_size=60), st.data())
def test_blocks_do_not_change_the_answer(prices, data):
    column = np.array(prices, np.int32)
    cut = data.draw(st.integers(0, len(prices)))
    rule = TickRule()
    parts = np.concatenate([rule(column[:cut]), rule(column[cut:])])
    assert parts.tolist() == TickRule()(column).tolist()


@given(st.lists(st.integers(1, 4), min_size=1, max_size=60))
def test_the_rule_agrees_with_its_definition(prices):
    side, expected, previous = 0, [], prices[0]
    for price in prices:
        if price != previous:
            side = 1 if price > previous else -1
        expected.append(side)
        previous = price
    assert TickRule()(np.array(prices, np.int32)).tolist() == expected


@pytest.mark.parametrize(
    ("contract", "symbol"),
    [
        ("ESH4", "ES"), ("MESZ25", "MES"), ("MCLG6", "MCL"), ("MES.c.0", "MES"),
        ("ESH4-ESM4", None), ("MCL:SA 03M J5", None), ("ES.FUT", None), ("ES", None), ("", None),
    ],
)  # fmt: skip
def test_the_symbol_of_a_contract(contract, symbol):
    assert root(contract) == symbol
