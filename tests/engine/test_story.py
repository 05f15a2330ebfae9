"""The story of a trade: every part of it on pictures, and the same story however ticks come.

ES, honest: 12.50 a tick, 2.25 a side, 50 ms, one tick of slippage, stop 16, target 24.
"""

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal

import numpy as np
import pytest

from engine.commands import Flatten, HaltTrading
from engine.config import EngineConfig, engine_config
from engine.engine import Engine
from engine.events import (
    Filled,
    Halted,
    OrderIntent,
    OrderUpdate,
    PositionOpened,
    RegimeReading,
    TierChanged,
    TradeClosed,
)
from engine.names import Direction, ExitReason, Halt, Pattern, Regime
from engine.story import Path, Story, Storyteller, arrival, routing, slippage, verdict
from engine.ticks import TickArray, columns, part
from tests.engine.drive import BAR, BUY_BAR, QUIET_BAR, at, easy
from tests.engine.markets import HOUR, random_market
from tests.oracle.days import ALL_DAY, Days
from tests.oracle.ladder import Tick, ladder, tick_array

TRADE = "paper-20241004-001"
WIDE_OPEN = Days(0, 0, 0, 23 * HOUR, 23 * HOUR + HOUR // 2, 24 * HOUR)


class Told:
    """An engine with a teller that listens."""

    def __init__(self, config: EngineConfig | None = None, trade: str = TRADE) -> None:
        self.config = config or easy()
        self.engine = Engine(self.config, ALL_DAY)
        self.teller = Storyteller(self.config, trade)

    def push(self, ticks: list[Tick]) -> None:
        block = columns(tick_array(ticks))
        self.teller.take(self.engine.push_columns(block), block)

    def bar(self, picture: str, number: int = 0) -> None:
        self.push(ladder(picture, at(number * BAR)))

    def trade(self, second: float, *prices: int) -> None:
        self.push([(at(second) + k, price, 1, 0) for k, price in enumerate(prices)])

    def finish(self) -> None:
        self.teller.take(self.engine.finish())

    @property
    def story(self) -> Story:
        story = self.teller.story()
        assert story is not None
        return story


def stopped(config: EngineConfig | None = None) -> Told:
    """Long from 4801 at 301 s, best at 4806, stopped out by a trade at 4784."""
    told = Told(config)
    told.bar(BUY_BAR)
    told.trade(BAR + 1, 4800, 4797, 4806)
    told.trade(BAR + 20, 4790, 4784, 4780)
    return told


def test_there_is_no_story_before_the_decision() -> None:
    told = Told()
    told.bar(BUY_BAR)
    assert told.teller.story() is None
    assert not told.teller.done


def test_bar_signals_decision_and_completion() -> None:
    story = stopped().story
    assert (story.trade_id, story.day.isoformat()) == (TRADE, "2024-10-04")
    assert story.bar.start == story.decision.bar_start == at(0)
    assert story.bar.levels.tolist() == [[4800, 1, 0, 0], [4801, 0, 40, 0]]
    assert story.signal.pattern is Pattern.BUY_IMBALANCE
    assert story.decision.trade_id == TRADE
    assert story.completion is not None
    assert (story.completion.number, story.completion.trades) == (2, 2)


def test_why_the_other_approved_signals_were_not_chosen() -> None:
    told = Told()
    told.bar("""
        4805 | 27 x  0
        4804 |  0 x  3
        4803 |  0 x 40
        4802 |  1 x 40
        4801 |  1 x 40
        4800 |  1 x  0
    """)
    told.trade(BAR + 1, 4800)
    found = {choice.signal.pattern: (choice.chosen, choice.why) for choice in told.story.choices}
    assert found == {
        Pattern.BUY_IMBALANCE: (True, "the strongest approved signal"),
        Pattern.STACKED_BUY_IMBALANCE: (False, "weaker: 0.60 against 1.00"),
    }


def test_why_a_signal_the_other_way_was_not_chosen() -> None:
    told = Told()
    told.bar("4803 | 0 x 1\n4802 | 40 x 0\n4801 | 0 x 27\n4800 | 3 x 0")
    told.trade(BAR + 1, 4800)
    buy, sell = told.story.choices
    assert (buy.chosen, buy.why) == (False, "weaker: 0.90 against 1.00, and LONG")
    assert (sell.chosen, sell.signal.direction) == (True, Direction.SHORT)


def test_an_equally_strong_signal_loses_by_the_table() -> None:
    told = Told()
    levels = "\n".join(f"{price} | 1 x 40" for price in range(4805, 4800, -1))
    told.bar(f"{levels}\n4800 | 1 x 0")
    told.trade(BAR + 1, 4800)
    assert [choice.why for choice in told.story.choices] == [
        "the strongest approved signal", "as strong (1.00), but later in the pattern table",
    ]  # fmt: skip


def test_the_rejected_signals_of_the_bar_have_their_reasons() -> None:
    told = Told()
    told.bar("4803 | 9 x 9\n4802 | 0 x 1\n4801 | 0 x 40\n4800 | 1 x 0")
    told.trade(BAR + 1, 4800)
    (rejected,) = told.story.rejected
    assert rejected.pattern is Pattern.UNFINISHED_HIGH
    assert rejected.reason == "UNFINISHED_HIGH is not enabled in VOLATILE"


def test_the_router_s_rule() -> None:
    story = stopped().story
    rule = routing(story.signal, easy())
    assert (rule.enabled_in, rule.bias) == ((Regime.VOLATILE,), 0)
    assert (rule.min_strength, rule.min_confidence, rule.size_multiplier) == (0, 0, Decimal("0.5"))
    absorption = replace(story.signal, pattern=Pattern.BUYING_ABSORPTION, regime=Regime.TRENDING_UP)
    rule = routing(absorption, engine_config("ES"))
    assert (rule.enabled_in, rule.bias) == ((Regime.TRENDING_UP, Regime.RANGING), 1)
    nothing = replace(story.signal, regime=Regime.NO_TRADE)
    assert routing(nothing, easy()).size_multiplier is None


def reading(regime: Regime, confidence: float, *scores: float, reason: str = "") -> RegimeReading:
    up, down, ranging, volatile = scores
    return RegimeReading(
        regime=regime, confidence=confidence, scores=(up, down, ranging, volatile), inputs={},
        reason=reason,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("said", "winner", "why"),
    [
        (reading(Regime.RANGING, 0.75, 1, 3, 6, 0), Regime.RANGING,
         "0.5 + 0.5 x (6 - 3) / 6 = 0.75"),
        (reading(Regime.VOLATILE, 0.5, 1, 3, 3.5, 0), None,
         "no score reached 4, so VOLATILE at 0.5"),
        (reading(Regime.NO_TRADE, 1.0, 9, 3, 3.5, 0, reason="news window"), None,
         "no trade, whatever the scores: news window"),
    ],
)  # fmt: skip
def test_how_the_confidence_came_about(
    said: RegimeReading, winner: Regime | None, why: str
) -> None:
    told = verdict(said, engine_config("ES"))
    assert (told.winner, told.why, told.needed) == (winner, why, 4)
    assert told.best == max(said.scores)


def test_the_arithmetic_of_a_verdict_is_the_engine_s() -> None:
    ticks = random_market(2)
    config = engine_config("ES")
    engine = Engine(config, WIDE_OPEN)
    readings = [e.bar.reading for e in engine.push(ticks) if hasattr(e, "bar")]
    winners = [(one, verdict(one, config)) for one in readings if one is not None]
    for said, told in winners:
        if told.winner is not None:
            assert told.winner is said.regime
            share = (told.best - told.runner_up) / told.best
            assert said.confidence == pytest.approx(0.5 + 0.5 * share)
    assert sum(told.winner is not None for _, told in winners) > 20


def test_order_fills_slippage_and_latency() -> None:
    story = stopped().story
    kinds = [type(event) for event in story.happened]
    assert kinds == [
        OrderIntent, Filled, OrderUpdate, PositionOpened, OrderIntent, OrderIntent,
        Filled, OrderUpdate, OrderUpdate, TradeClosed,
    ]  # fmt: skip
    entry, exit_ = (event for event in story.happened if isinstance(event, Filled))
    assert (entry.role, entry.market, entry.fill.price, slippage(entry)) == ("entry", 4800, 4801, 1)
    assert (exit_.role, exit_.market, exit_.fill.price, slippage(exit_)) == ("stop", 4784, 4783, 1)
    assert arrival(story.decision.ts, easy()) == at(BAR + 0.05)
    assert slippage(replace(exit_, market=None)) is None


def test_the_path_has_the_worst_and_best_price_with_their_times() -> None:
    told = stopped()
    story = told.story
    assert story.path is not None
    assert (story.path.best.price, story.path.best.ts, story.path.best.ticks) == (
        4806, at(BAR + 1) + 2, 5,
    )  # fmt: skip
    assert (story.path.worst.price, story.path.worst.ts, story.path.worst.ticks) == (
        4783, at(BAR + 20) + 1, 18,  # no trade was as low: the fill was
    )  # fmt: skip
    assert story.path.trades == 4


def test_it_ends_with_the_trade() -> None:
    told = stopped()
    assert told.teller.done
    assert told.story.trade is not None
    assert told.story.trade.exit_reason is ExitReason.STOP
    before = told.story
    told.trade(BAR + 30, 4700, 4700, 4700)
    assert told.story == before


def test_an_open_position_has_no_end_yet() -> None:
    told = Told()
    told.bar(BUY_BAR)
    told.trade(BAR + 1, 4800, 4802)
    assert (told.story.trade, told.story.path, told.teller.done) == (None, None, False)
    told.finish()
    assert told.story.trade is not None
    assert told.story.trade.exit_reason is ExitReason.END_OF_DATA
    assert told.story.path is not None
    assert (told.story.path.best.price, told.story.path.trades) == (4802, 2)


def test_halts_and_tier_changes_that_the_trade_caused() -> None:
    rich = replace(easy(), account=replace(easy().account, balance=Decimal(20_000)))
    limited = replace(rich, risk=replace(rich.risk, loss_limit=Decimal(200)))
    (halted,) = stopped(limited).story.caused
    assert isinstance(halted, Halted)
    assert halted.halt is Halt.LOSS_LIMIT
    assert [type(event) for event in stopped().story.caused] == [TierChanged]
    assert stopped(rich).story.caused == ()


def test_a_halt_of_an_operator_is_not_the_trade_s() -> None:
    told = Told(easy(loss_limit=Decimal(200)))
    told.bar(BUY_BAR)
    told.trade(BAR + 1, 4800)
    told.teller.take(told.engine.command(HaltTrading(id="1", ts=at(BAR + 2))))
    told.trade(BAR + 3, 4780)
    assert [event.halt for event in told.story.caused if isinstance(event, Halted)] == [
        Halt.LOSS_LIMIT
    ]


def test_an_exit_order_is_told_with_its_reason() -> None:
    told = Told()
    told.bar(BUY_BAR)
    told.trade(BAR + 1, 4800)
    told.teller.take(told.engine.command(Flatten(id="1", ts=at(BAR + 2), reason="lunch")))
    told.trade(BAR + 3, 4803)
    orders = [event for event in told.story.happened if isinstance(event, OrderIntent)]
    assert (orders[-1].role, orders[-1].ts, orders[-1].reason) == ("exit", at(BAR + 2), "lunch")
    assert told.story.trade is not None
    assert told.story.trade.exit_reason is ExitReason.OPERATOR


def test_an_entry_that_never_filled_is_a_story_too() -> None:
    told = Told()
    told.bar(BUY_BAR)
    told.teller.take(told.engine.beat(at(BAR)))
    told.teller.take(told.engine.command(Flatten(id="1", ts=at(BAR), reason="no")))
    assert told.teller.done
    assert isinstance(told.story.happened[-1], OrderUpdate)
    assert told.story.happened[-1].status == "cancelled"
    assert (told.story.trade, told.story.path) == (None, None)


def test_only_the_trade_that_was_asked_for() -> None:
    told = Told(trade="paper-20241004-002")
    for number in (0, 2):
        told.bar(BUY_BAR, number)
        told.bar(QUIET_BAR, number + 1)
        told.trade((number + 1) * BAR + 200, 4784)
    assert told.story.bar.start == at(2 * BAR)
    assert {event.trade_id for event in told.story.happened if isinstance(event, Filled)} == {
        "paper-20241004-002"
    }


def told_in(
    ticks: TickArray, config: EngineConfig, trade: str, sizes: Callable[[], int]
) -> Story | None:
    engine, teller = Engine(config, WIDE_OPEN), Storyteller(config, trade)
    whole, start = columns(ticks), 0
    while start < len(ticks):
        end = start + sizes()
        block = part(whole, slice(start, end))
        teller.take(engine.push_columns(block), block)
        start = end
    teller.take(engine.finish())
    return teller.story()


def traded(ticks: TickArray, config: EngineConfig) -> list[str]:
    engine = Engine(config, WIDE_OPEN)
    events = [*engine.push(ticks), *engine.finish()]
    return [event.trade.id for event in events if isinstance(event, TradeClosed)]


def test_the_same_story_in_one_push_in_any_split_and_tick_by_tick() -> None:
    config = engine_config("ES").override(
        {"bars.seconds": "60", "risk.stop_ticks": "6", "risk.target_ticks": "9"}
    )
    ticks = random_market(11, ticks=9_000, hours=6)
    rng = np.random.default_rng(1)
    ticks["size"][rng.choice(len(ticks), 40, replace=False)] = 0  # dropped
    ticks["ts"][rng.choice(len(ticks), 80, replace=False)] -= 900_000_000  # late, kept
    trades = traded(ticks, config)
    assert len(trades) > 3
    for trade in trades:
        whole = told_in(ticks, config, trade, lambda: len(ticks))
        assert whole is not None
        assert whole.trade is not None
        assert whole == told_in(ticks, config, trade, lambda: int(rng.integers(1, 900)))
        assert isinstance(whole.path, Path)
        way, size = whole.trade.direction, whole.trade.size
        entry = whole.trade.entry_notional // size
        assert whole.trade.mae == max(way * (entry - whole.path.worst.price), 0)
        assert whole.trade.mfe == max(way * (whole.path.best.price - entry), 0)
        assert whole.trade.entry_ts <= whole.path.best.ts <= whole.trade.exit_ts
    for trade in trades[:2]:
        assert told_in(ticks, config, trade, lambda: 1) == told_in(
            ticks, config, trade, lambda: len(ticks)
        )
