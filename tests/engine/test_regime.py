"""The regime through the engine: NO_TRADE's reasons, each at its boundary, and plain markets."""

from dataclasses import replace

import pytest

from engine.config import RegimeRules, engine_config
from engine.events import Bar, RegimeReading
from engine.names import Regime
from tests.engine.drive import BAR, Driven, at
from tests.oracle.days import ALL_DAY, HOUR, Days
from tests.oracle.ladder import Tick

SESSION = Days(0, 10 * HOUR, 10 * HOUR, 14 * HOUR, 14 * HOUR, 15 * HOUR)


def bars(
    count: int, first: int = 0, volume: int = 10, last_volume: int | None = None,
    rules: RegimeRules | None = None, days: Days = ALL_DAY, drift: int = 0,
) -> list[Bar]:  # fmt: skip
    """Bars from number `first` of the day on, each a trade at either of two prices."""
    config = engine_config("ES")
    driven = Driven(replace(config, regime=rules or RegimeRules()), days)
    ticks: list[Tick] = []
    for k in range(count):
        size = last_volume if last_volume is not None and k == count - 1 else volume
        start, price = at((first + k) * BAR), 4800 + k * drift
        side = 1 if drift >= 0 else -1
        ticks += [(start, price, size - 1, side), (start + 1, price + 2, 1, -side)]
    driven.push(ticks)
    driven.finish()
    return driven.bars


def reading(bar: Bar) -> RegimeReading:
    assert bar.reading is not None
    return bar.reading


def test_twenty_one_bars_are_enough_and_twenty_are_not() -> None:
    made = bars(21, first=3)
    assert reading(made[19]).regime is Regime.NO_TRADE
    assert reading(made[19]).reason == "fewer than 21 bars"
    assert reading(made[19]).confidence == 1
    assert reading(made[20]).regime is not Regime.NO_TRADE
    assert reading(made[20]).reason == ""


@pytest.mark.parametrize(
    ("minute", "reason"),
    [
        (10 * 60 - 5, ""),
        (10 * 60, "within 5 minutes after the open"),
        (10 * 60 + 5, "within 5 minutes after the open"),
        (10 * 60 + 10, ""),
        (15 * 60 - 20, ""),
        (15 * 60 - 15, "within 15 minutes before the close"),
        (15 * 60, "within 15 minutes before the close"),
        (15 * 60 + 5, ""),
    ],
)
def test_no_trade_around_the_open_and_the_close(minute: int, reason: str) -> None:
    """`minute` is the bar's end."""
    made = bars(25, first=minute // 5 - 25, days=SESSION)
    assert made[-1].end == at(minute * 60)
    assert reading(made[-1]).reason == reason
    assert reading(made[-1]).inputs["minutes_since_open"] == minute - 600
    assert reading(made[-1]).inputs["minutes_to_close"] == 900 - minute


@pytest.mark.parametrize(
    ("offset", "news"), [(-1, False), (0, True), (BAR, True), (2 * BAR, False)]
)
def test_news_windows_hold_their_start_and_not_their_end(offset: int, news: bool) -> None:
    end = at(25 * BAR)
    start = end - offset * 10**9
    rules = RegimeRules(news=((1, 2), (start, start + 2 * BAR * 10**9)))
    made = bars(25, rules=rules)
    assert (reading(made[-1]).reason == "news window") is news
    assert reading(made[-1]).inputs["news"] == float(news)


@pytest.mark.parametrize(("last", "low"), [(5, True), (6, False)])
def test_volume_below_thirty_percent_of_its_mean(last: int, low: bool) -> None:
    """19 bars of 20 and one of 6: 6 * 20 / 386 is 31 %; of 5: 26 %."""
    made = bars(22, first=3, volume=20, last_volume=last)
    assert (reading(made[-1]).reason == "volume below 30% of its mean") is low


def test_inputs_are_missing_until_there_are_bars_for_them() -> None:
    made = bars(30, first=3)
    first_with = {
        name: next(k for k, bar in enumerate(made) if reading(bar).inputs[name] is not None)
        for name in (
            "ema_fast", "ema_slow", "atr", "atr_percentile", "adx", "delta_slope",
            "delta_slope_limit", "mean_range", "volume_ratio", "higher_highs",
        )
    }  # fmt: skip
    assert first_with == {
        "ema_fast": 8, "ema_slow": 20, "atr": 14, "atr_percentile": 15, "adx": 27,
        "delta_slope": 9, "delta_slope_limit": 18, "mean_range": 4, "volume_ratio": 19,
        "higher_highs": 4,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("drift", "regime"), [(3, Regime.TRENDING_UP), (-3, Regime.TRENDING_DOWN), (0, Regime.RANGING)]
)
def test_plain_markets(drift: int, regime: Regime) -> None:
    last = reading(bars(40, first=3, drift=drift)[-1])
    assert last.regime is regime
    assert last.scores[regime] == max(last.scores)
    best, second = sorted(last.scores)[:1:-1]
    assert last.confidence == pytest.approx(0.5 + 0.5 * (best - second) / best)


def test_a_weak_winner_is_volatile_at_half_confidence() -> None:
    last = reading(bars(25, first=3, rules=RegimeRules(winning_score=50))[-1])
    assert (last.regime, last.confidence) == (Regime.VOLATILE, 0.5)


def test_indicators_begin_anew_each_day() -> None:
    config = engine_config("ES")
    driven = Driven(config)
    for day in (0, 1):
        for k in range(22):
            driven.trade(k * BAR, 4800, 4801, day=day)
    driven.finish()
    assert reading(driven.bars[22]).reason == "fewer than 21 bars"
    assert reading(driven.bars[22]).inputs["ema_fast"] is None
    assert driven.bars[22].index == 0


def test_more_bars_than_the_table_had_room_for() -> None:
    """Bars of 10 seconds: the history grows in the middle of the day."""
    config = engine_config("ES").override({"bars.seconds": "10"})
    driven = Driven(config)
    driven.push([(at(10 * k), 4800 + k % 7, 1, 1) for k in range(1500)])
    driven.finish()
    assert [bar.index for bar in driven.bars] == list(range(1500))
    assert driven.bars[-1].cum_delta == 1500
    assert reading(driven.bars[-1]).inputs["ema_slow"] == pytest.approx(4803, abs=2)
