"""Time and sales: the newest trades, each said once; and how far the market went in a position."""

import numpy as np

from engine import events as said_
from engine.config import engine_config
from engine.engine import Engine
from engine.instruments import instrument
from engine.ticks import TickColumns, part
from marketdata.calendars import schedule
from tests.trading.days import ticks
from trading.pipeline.prints import MOST_PRINTS, Excursion, Prints

SECOND = 1_000_000_000
NOON = 1_718_208_000 * SECOND


def trades(*prices, start=NOON, side=1):
    """A trade a second, of one lot."""
    count = len(prices)
    return TickColumns(
        start + SECOND * np.arange(count, dtype=np.int64),
        np.array(prices, np.int32),
        np.ones(count, np.int32),
        np.full(count, side, np.int8),
    )


def prices(messages):
    return [price for message in messages for _, price, _, _ in message["prints"]]


def test_each_trade_is_said_once_oldest_first():
    prints = Prints()
    prints.take(trades(100, 101))
    prints.take(trades(102))
    (first,) = prints.message("paper")
    assert first == {
        "type": "prints",
        "account_name": "paper",
        "prints": [
            [NOON // 1_000_000, 100, 1, 1],
            [NOON // 1_000_000 + 1000, 101, 1, 1],
            [NOON // 1_000_000, 102, 1, 1],
        ],
        "left_out": 0,
    }
    assert prints.message("paper") == []
    prints.take(trades(103))
    assert prices(prints.message("paper")) == [103]


def test_of_many_the_newest_are_said_and_how_many_were_not():
    for size in (1, 7, 1_000):
        prints = Prints()
        given = list(range(1, 1_001))
        for at in range(0, 1_000, size):
            prints.take(trades(*given[at : at + size]))
        (message,) = prints.message("paper")
        assert prices([message]) == given[-MOST_PRINTS:]
        assert message["left_out"] == 1_000 - MOST_PRINTS


def test_a_tick_that_the_engine_dropped_was_no_trade():
    prints = Prints()
    prints.take(trades(100, 1, 101))
    prints.dropped(1)
    prints.take(trades(102, 2))
    prints.dropped(4)
    (message,) = prints.message("paper")
    assert prices([message]) == [100, 101, 102]
    assert message["left_out"] == 0
    prints.take(trades(103, 104))  # positions go on counting
    prints.dropped(5)
    assert prices(prints.message("paper")) == [104]


def test_what_is_kept_does_not_grow_with_what_comes():
    prints = Prints()
    for price in range(1, 5_000):
        prints.take(trades(price))
    assert sum(len(block.ts) for _, block in prints._blocks) == MOST_PRINTS


def entered(ts, price, size=1, side=1):
    fill = said_.Fill(id=f"f{ts}", order_id="b-E", ts=ts, price=price, size=size)
    return said_.Filled(ts=ts, fill=fill, trade_id="b", role="entry", side=side, fee=0)


def test_excursion_counts_from_the_entry_on():
    excursion = Excursion()
    excursion.take(trades(90, 100, 97, 104))
    excursion.see([entered(NOON + SECOND, 100)])
    assert excursion.ticks() == (3, 4)
    excursion.take(trades(95, 103, start=NOON + 10 * SECOND))
    assert excursion.ticks() == (5, 4)


def test_excursion_of_a_short_is_the_other_way_round():
    excursion = Excursion()
    excursion.take(trades(100, 97, 104))
    excursion.see([entered(NOON, 100, side=-1)])
    assert excursion.ticks() == (4, 3)


def test_a_dropped_tick_is_no_excursion():
    excursion = Excursion()
    excursion.take(trades(100, 101))
    excursion.see([entered(NOON, 100)])
    excursion.take(trades(102, 1, start=NOON + 10 * SECOND))
    dropped = said_.TickDropped(ts=1, reason="jump", price=1, size=1, side=1, position=3)
    excursion.see([dropped])
    assert excursion.ticks() == (0, 2)


def test_without_a_position_there_is_no_excursion():
    assert Excursion().ticks() is None
    excursion = Excursion()
    excursion.see([entered(NOON, 100)])
    assert excursion.ticks() == (0, 0)


def test_excursions_of_a_day_are_those_that_the_engine_books():
    """The engine also counts the closing fill, which slips a tick past the trade that gave it."""
    engine = Engine(engine_config("MES"), schedule(instrument("MES"), "rth"))
    excursion, seen, closed = Excursion(), None, []
    slippage = engine.config.fills.slippage_ticks
    day = ticks()
    for at in range(len(day.ts)):
        block = part(day, slice(at, at + 1))
        events = engine.push_columns(block)
        excursion.take(block)
        closing = [event.trade for event in events if isinstance(event, said_.TradeClosed)]
        if closing:
            closed.append((excursion.ticks(), seen, closing[0]))
        excursion.see(events)
        seen = excursion.ticks()
    assert closed
    for with_last, before_last, trade in closed:
        assert before_last is not None
        assert before_last[0] <= trade.mae <= with_last[0] + slippage
        assert before_last[1] <= trade.mfe <= with_last[1]


def test_blocks_of_any_size_give_the_same_excursion():
    day = trades(100, 99, 104, 98, 103, 101)
    whole, split = Excursion(), Excursion()
    whole.take(day)
    whole.see([entered(NOON, 100)])
    for at in range(len(day.ts)):
        split.take(part(day, slice(at, at + 1)))
        if at == 0:
            split.see([entered(NOON, 100)])
    assert whole.ticks() == split.ticks() == (2, 4)
