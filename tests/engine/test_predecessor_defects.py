"""What the platform before this one got wrong in money at a broker, each under its name.

(A flatten whose result nobody looked at, and orders that nobody followed, were the same platform's;
they are the dispatcher's to get right.)
"""

from dataclasses import replace

from engine.config import Tier
from engine.engine import Engine
from engine.events import Fill, Filled, InputIgnored, OrderIntent, TierChanged
from engine.instruments import instrument
from engine.names import ExitReason
from engine.once import REMEMBERED_IDS, Once
from tests.engine.broker import cancelled, lots, three_lots
from tests.engine.drive import BAR, BUY_BAR, Driven, at, easy, entered, of

ES, MES = instrument("ES"), instrument("MES")


def falling() -> Driven:
    """An entry waits in ES; a loss of two ticks of ES leads to the tier that trades MES."""
    config = easy()
    high = config.risk.tiers[-1]
    low = replace(config.risk.tiers[0], symbol="MES")
    assert high.symbol == "ES"
    tiers: tuple[Tier, ...] = (low, replace(high, min_balance=config.account.balance))
    return entered(config=replace(config, risk=replace(config.risk, tiers=tiers)), simulated=False)


def test_fill_deduplication_is_atomic() -> None:
    """The same id twice, in one go and after other words: booked once, and said once more."""
    driven = three_lots()
    fill = Fill(id="a", order_id=f"{driven.trade_id}-E", ts=at(BAR), price=4800, size=1)
    events = [*driven.engine.on_fill(fill), *driven.engine.on_fill(fill)]
    driven.take(events)
    assert len(of(Filled, events)) == 1
    assert [event.reason for event in of(InputIgnored, events)] == ["seen before"]
    driven.take(driven.engine.on_fill(replace(fill, price=4700, size=2)))  # whatever else it says
    assert lots(driven) == 1


def test_the_tier_that_changes_while_a_position_is_open_is_not_the_position_s() -> None:
    """The entry of the first trade fills when the second one's loss has changed the tier."""
    driven = falling()
    first = driven.trade_id
    cancelled(driven, "E")
    driven.bar(BUY_BAR, 1)
    driven.beat(2 * BAR)
    driven.fill("E", 4800)
    driven.fill("S", 4784)
    cancelled(driven, "T")
    assert [event.after for event in driven.said(TierChanged)] == ["MES 1-3"]
    assert driven.engine.status().tier_symbol == "MES"
    late = Fill(id="late", order_id=f"{first}-E", ts=at(2 * BAR), price=4800, size=1)
    driven.take(driven.engine.on_fill(late))
    assert driven.engine.orders().positions == {"ES": 1}
    order = driven.said(OrderIntent)[-1]
    assert (order.role, order.symbol, order.trade_id) == ("exit", "ES", first)


def test_profit_is_counted_in_the_tick_value_of_the_entry() -> None:
    driven = falling()
    first = driven.trade_id
    cancelled(driven, "E")
    driven.bar(BUY_BAR, 1)
    driven.beat(2 * BAR)
    driven.fill("E", 4800)
    driven.fill("S", 4784)
    cancelled(driven, "T")
    for order, price in (("E", 4800), ("X", 4810)):
        fill = Fill(id=order, order_id=f"{first}-{order}", ts=at(2 * BAR), price=price, size=1)
        driven.take(driven.engine.on_fill(fill))
    trade = driven.trades[-1]
    assert trade.exit_reason is ExitReason.LATE_FILL
    assert trade.pnl_gross == 10 * ES.tick_units != 10 * MES.tick_units
    assert trade.fees == ES.fees(4800, 1) + ES.fees(4810, 1)
    assert trade.symbol == "ES"


def test_fills_at_equal_prices_and_sizes_with_different_ids_are_two_fills() -> None:
    driven = three_lots()
    driven.fill("E", 4800, fill_id="a")
    driven.fill("E", 4800, fill_id="b")
    assert lots(driven) == 2
    assert driven.engine.orders().fills == ("a", "b")


def test_the_memory_of_fills_is_bounded() -> None:
    once = Once()
    for number in range(REMEMBERED_IDS + 1):
        once.add(str(number))
    assert "0" not in once
    assert "1" in once
    assert len(list(once)) == REMEMBERED_IDS


def test_a_fill_that_was_forgotten_has_no_room_left() -> None:
    driven = three_lots()
    driven.fill("E", 4800, 3, fill_id="a")
    orders = driven.engine._desk._orders
    assert isinstance(driven.engine, Engine)
    orders._seen = Once()  # type: ignore[union-attr]
    driven.fill("E", 4800, 3, fill_id="a")
    assert lots(driven) == 3
    assert driven.said(InputIgnored)[-1].reason == "more than the 0 left"
