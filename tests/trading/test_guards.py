"""The last look at an order before it leaves."""

from dataclasses import replace
from decimal import Decimal

import pytest

from tests.trading.live_desk import PRICE, Clock, amend, cancel, entry, exit_
from trading.brokers.guards import Guards, Sight
from trading.brokers.rules import Rules, lots_by_symbol, rules
from trading.errors import OptionError

SIGHT = Sight(
    symbols=frozenset({"MES"}), held=0, last_price=PRICE, tick_age_s=0.5, armed=True
)  # fmt: skip
RULES = Rules(max_size={"MES": 2}, max_position={"MES": 3}, per_second=2, per_minute=3, per_day=4)
COLLAR = PRICE // 100


def no(order, rules=RULES, **sight):
    return Guards(rules, Clock()).objection(order, replace(SIGHT, **sight))


def test_an_order_within_all_limits_may_leave():
    assert no(entry(size=2)) == ""
    assert no(exit_(size=2), held=2) == ""
    assert no(amend()) == ""
    assert no(cancel()) == ""


@pytest.mark.parametrize(
    ("order", "sight", "says"),
    [
        (entry(size=3), {}, "above the largest order, 2"),
        (entry(size=0), {}, "is no size"),
        (entry(size=2), {"held": 2}, "above the largest position, 3"),
        (entry(symbol="ES"), {}, "ES is not traded in this session (MES)"),
        (entry(), {"tick_age_s": 11.0}, "the last trade is 11 s old"),
        (entry(), {"tick_age_s": None}, "no trade has been seen"),
        (entry(), {"armed": False}, "not armed"),
        (entry(stop_ticks=0), {}, "no bracket"),
        (entry(target_ticks=0), {}, "no bracket"),
        (entry(stop_ticks=COLLAR + 1), {}, "1.00 % from the last trade"),
        (entry(target_ticks=COLLAR + 1), {}, "the collar is 1 %"),
        (exit_(size=2), {"held": 1}, "closes 2 lots of 1 held"),
        (exit_(size=0), {"held": 1}, "closes 0 lots"),
        (amend(price=PRICE + COLLAR + 1), {}, "the collar is 1 %"),
        (amend(price=0), {}, "no price"),
        (amend(), {"last_price": None}, "no trade has been seen"),
        (exit_(role="stop"), {"held": 1}, "the broker's own"),
    ],
)
def test_a_guard_says_no(order, sight, says):
    assert says in no(order, **sight)


def test_a_position_is_closed_whatever_the_market_and_the_rate():
    guards = Guards(RULES, Clock())
    for _ in range(10):
        guards.rate.count()
    blind = replace(SIGHT, held=2, tick_age_s=None, last_price=None, armed=False)
    assert guards.objection(exit_(size=2), blind) == ""
    assert guards.objection(cancel(), blind) == ""


def test_entries_are_counted_by_second_minute_and_day_and_so_are_exits():
    clock = Clock()
    guards = Guards(RULES, clock)

    def next_entry(number):
        return guards.objection(entry(f"acc-20240612-{number:03d}"), SIGHT)

    guards.rate.count()
    guards.rate.count()
    assert "2 orders within a second" in next_entry(1)
    assert guards.rate.second_full()
    clock.now += 1
    assert next_entry(1) == ""
    guards.rate.count()
    clock.now += 1
    assert "3 orders within a minute" in next_entry(2)
    clock.now += 60
    guards.rate.count()
    clock.now += 60
    assert "4 orders within a day" in next_entry(3)
    guards.new_day()
    assert next_entry(3) == ""


def test_a_symbol_without_a_limit_is_not_ordered():
    assert "above the largest order, 0" in no(entry(), rules=Rules(max_size={"ES": 1}))


def test_limits_of_sizes_are_numbers_for_all_symbols_or_for_one(settings):
    assert lots_by_symbol("LIVE_MAX_POSITION", ["3", "ES:1"]) == {"*": 3, "ES": 1}
    settings.LIVE_MAX_ORDER_SIZE = ["ES:2"]
    assert rules().size_limit("ES") == 2
    assert rules().size_limit("MES") == 0
    assert rules().collar == Decimal(1)


@pytest.mark.parametrize("word", ["many", "-1", "NOSUCH:1", "ES:", "1.5"])
def test_nonsense_as_a_limit_is_refused(word):
    with pytest.raises(OptionError, match="LIVE_MAX_ORDER_SIZE"):
        lots_by_symbol("LIVE_MAX_ORDER_SIZE", [word])
