"""A backtest in two stages says what one quiet engine says, event for event."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.account_rules import Tier
from engine.account_run import AccountRun, first_touch
from engine.config import BarRules, EngineConfig
from engine.day_analysis import DayAnalysis, Judge, analysis_settings
from engine.day_bars import DayBars, DayScan, bars_settings
from engine.engine import Engine
from engine.errors import InputError
from engine.events import Event, Halted, SignalDetected, TickDropped, TradeClosed
from engine.names import Halt, Pattern, Regime
from engine.schedule import Schedule, TradingDay
from engine.ticks import NS, TickArray, columns
from tests.engine.drive import BAR, at, easy, of
from tests.engine.markets import random_market
from tests.engine.strategies import busy, options, spoil
from tests.oracle.days import ALL_DAY, DAY, HOUR, Days
from tests.oracle.ladder import ladder, tick_array

FIRST = 1_719_792_000 * NS  # midnight of 2024-07-01, a Monday


@st.composite
def wild(draw: st.DrawFn) -> EngineConfig:
    """Everything that may reach over a day, or make the two stages differ."""
    bars = st.sampled_from([
        BarRules(60), BarRules(300), BarRules(900, row_ticks=3), BarRules(kind="tick", size=9),
        BarRules(kind="tick", size=1), BarRules(kind="volume", size=60),
        BarRules(kind="range", size=4, row_ticks=2), BarRules(kind="delta", size=20),
    ])  # fmt: skip
    config: EngineConfig = draw(
        st.builds(
            busy,
            **options,
            target_ticks=st.sampled_from([5, 12]),
            stop_ticks=st.sampled_from([4, 9]),
            symbol=st.sampled_from(["ES", "MES", "BTCUSDT"]),
            profile=st.sampled_from(["honest", "ideal"]),
            bars=bars,
            cooldown_bars=st.integers(0, 2),
            stale_s=st.sampled_from([1, 4, 10, 30, 3600]),
            loss_limit=st.sampled_from([Decimal(60), Decimal(300), Decimal(5000)]),
            profit_target=st.sampled_from([Decimal(100), Decimal(5000)]),
            max_drawdown=st.sampled_from([Decimal(150), Decimal(5000)]),
        )
    )
    if draw(st.booleans()):
        tiers = [
            Tier(f"from {floor}", Decimal(floor), "", low, low + 1, Decimal(limit))
            for floor, low, limit in [(0, 1, 40), (9950, 2, 90), (10_000, 1, 2000)]
        ]
        config = replace(config, risk=replace(config.risk, tiers=tuple(tiers)))
        config = replace(config, account=replace(config.account, balance=Decimal(10_000)))
    news = draw(st.sampled_from([(), ((FIRST + 8 * HOUR, FIRST + 30 * HOUR),)]))
    memory = draw(st.sampled_from([1, 2, 4, 50]))
    return replace(
        config,
        regime=replace(config.regime, news=news),
        patterns=replace(config.patterns, unfinished_memory=memory),
    )


@st.composite
def weeks(draw: st.DrawFn) -> list[TickArray]:
    """Days of a market, each of its own: some empty, of one tick, at another level, with silences,
    bad and late ticks, or with a price that is quoted anew."""
    seed = draw(st.integers(0, 10_000))
    rng = np.random.default_rng(seed)
    days = []
    price = 20_000
    for number in range(draw(st.integers(1, 4))):
        count = draw(st.sampled_from([0, 1, 2, 300, 700]))
        hours = draw(st.sampled_from([1, 6, 21.9]))
        begins = draw(st.sampled_from([0, NS // 2, HOUR, 2 * HOUR]))
        ticks = random_market(
            seed + number, count, hours, FIRST + number * DAY + begins, price=price
        )
        if count > 100:
            if draw(st.booleans()):
                spoil(ticks[3:], seed)
            if draw(st.booleans()):
                silent = np.sort(rng.integers(0, count, 2))
                ticks = np.delete(ticks, slice(*silent))
            if draw(st.booleans()):
                ticks["price"][int(rng.integers(0, len(ticks))) :] += 4000
            price = max(int(ticks["price"][-1]), 5000) + draw(st.sampled_from([0, 3, -900]))
        days.append(ticks)
    return days


MORNING = Days(0, HOUR, 2 * HOUR, 20 * HOUR, 21 * HOUR, 22 * HOUR)
trading_days = st.sampled_from(
    [MORNING, Days(0, 0, 0, DAY, DAY, DAY), Days(0, HOUR, HOUR, 3 * HOUR, 3 * HOUR, 23 * HOUR)]
)


def analysed(
    config: EngineConfig, days: Schedule, ticks: TickArray, cuts: Sequence[int] = ()
) -> DayAnalysis:
    """A day's analysis, of ticks in these pieces."""
    bars = measured(config, days, ticks, cuts)
    return DayAnalysis(Judge(config).judge(bars, hours(days, ticks)).words.copy())


def measured(
    config: EngineConfig, days: Schedule, ticks: TickArray, cuts: Sequence[int] = ()
) -> DayBars:
    """A day's bars, of ticks in these pieces."""
    scan = DayScan(config, hours(days, ticks))
    for start, end in pairwise([0, *sorted(cuts), len(ticks)]):
        scan.push(columns(ticks[start:end]))
    return DayBars(scan.finish().words.copy())


def hours(days: Schedule, ticks: TickArray) -> TradingDay:
    return days.at(int(ticks["ts"][0]) if len(ticks) else FIRST)


def without_drops(events: Sequence[Event]) -> list[Event]:
    return [event for event in events if not isinstance(event, TickDropped)]


@given(wild(), trading_days, weeks(), st.data())
def test_two_stages_say_what_one_quiet_engine_says(
    config: EngineConfig, days: Days, week: list[TickArray], data: st.DataObject
) -> None:
    cut = st.lists(st.integers(0, 700), max_size=6)
    pieces = [[min(at, len(ticks)) for at in data.draw(cut)] for ticks in week]
    analyses = [
        analysed(config, days, ticks, cuts)
        for ticks, cuts in [*zip(week, pieces, strict=True)][::-1]
    ][::-1]
    engine, account = Engine(config, days, quiet=True), AccountRun(config, days)
    for ticks, analysis in zip(week, analyses, strict=True):
        said = engine.push(ticks)
        good = analysis.good(ticks["ts"].copy(), ticks["price"].copy())
        assert list(account.run(analysis, *good)) == without_drops(said)
        assert account.carry() == engine.carry()
        dropped = Counter(event.reason for event in of(TickDropped, said))
        assert analysis.drops == dropped
        assert len(ticks) - dropped.total() == analysis.ticks
        if data.draw(st.booleans()):
            assert account.roll() == engine.roll()
            assert account.carry() == engine.carry()
    assert account.finish() == engine.finish()
    assert account.carry() == engine.carry()


@given(wild(), trading_days, weeks())
def test_the_signals_of_a_day_are_counted_as_an_engine_that_says_them_finds_them(
    config: EngineConfig, days: Days, week: list[TickArray]
) -> None:
    loud, account = Engine(config, days), AccountRun(config, days)
    counted, events = [], list[Event]()
    for ticks in week:
        analysis = analysed(config, days, ticks)
        account.run(analysis, *analysis.good(ticks["ts"].copy(), ticks["price"].copy()))
        counted.append((account.signals, account.approved))
        events += loud.push(ticks)
        if len(ticks):  # the day's last bar ends as it would before a next day
            events += loud.beat(days.at(int(ticks["ts"].max())).end)
    said: dict[int, list[bool]] = {}
    for event in of(SignalDetected, events):
        number = (event.signal.bar_start - FIRST) // DAY
        said.setdefault(number, []).append(event.signal.approved)
    found = [said.get(number, []) for number in range(len(week))]
    assert counted == [(len(signals), sum(signals)) for signals in found]


@given(wild(), weeks(), st.lists(st.integers(0, 700), max_size=8))
def test_an_analysis_is_the_same_in_any_split(
    config: EngineConfig, week: list[TickArray], cuts: list[int]
) -> None:
    for ticks in week:
        whole = analysed(config, MORNING, ticks)
        split = analysed(config, MORNING, ticks, [min(at, len(ticks)) for at in cuts])
        assert split.words.tobytes() == whole.words.tobytes()


@given(wild(), wild(), weeks())
def test_an_analysis_knows_nothing_of_risk_fills_account_and_router(
    config: EngineConfig, other: EngineConfig, week: list[TickArray]
) -> None:
    settled = replace(
        config, fills=other.fills, account=other.account, tape=other.tape,
        risk=replace(other.risk, tiers=config.risk.tiers),
        router=replace(config.router, matrix={}, min_strength=0.9),
    )  # fmt: skip
    assert analysis_settings(settled).digest == analysis_settings(config).digest
    for ticks in week:
        first, second = (analysed(one, MORNING, ticks) for one in (config, settled))
        assert first.words.tobytes() == second.words.tobytes()


@given(wild(), wild(), weeks())
def test_bars_know_nothing_of_patterns_and_regimes(
    config: EngineConfig, other: EngineConfig, week: list[TickArray]
) -> None:
    """So other patterns are looked for in the bars that were measured for the first ones; and what
    a judge finds in a day is not changed by the days that it judged before."""
    changed = replace(config, patterns=other.patterns, regime=other.regime)
    assert bars_settings(changed).digest == bars_settings(config).digest
    judge = Judge(changed)
    for ticks in week:
        bars = measured(config, MORNING, ticks)
        assert bars.words.tobytes() == measured(changed, MORNING, ticks).words.tobytes()
        again = judge.judge(bars, hours(MORNING, ticks))
        assert again.words.tobytes() == analysed(changed, MORNING, ticks).words.tobytes()


@given(wild(), trading_days, weeks(), st.integers(0, 4))
def test_a_run_goes_on_from_a_carry(
    config: EngineConfig, days: Days, week: list[TickArray], done: int
) -> None:
    """As an engine does, at the end of the data or of a contract."""

    def ran(account: AccountRun, part: list[TickArray]) -> list[Event]:
        events: list[Event] = []
        for ticks in part:
            analysis = analysed(config, days, ticks)
            good = analysis.good(ticks["ts"].copy(), ticks["price"].copy())
            events += account.run(analysis, *good)
        return events + list(account.finish())

    first = AccountRun(config, days)
    ran(first, week[:done])
    engine = Engine(config, days, carry=first.carry(), quiet=True)
    said = [event for ticks in week[done:] for event in engine.push(ticks)]
    expected = without_drops([*said, *engine.finish()])
    assert ran(AccountRun(config, days, first.carry()), week[done:]) == expected


def market(seed: int = 1, day: int = 0, count: int = 700, hours: float = 21.9) -> TickArray:
    return random_market(seed, count, hours, FIRST + day * DAY)


def test_the_examples_trade_halt_and_go_stale() -> None:
    """What the properties above are about does happen."""
    days, config = MORNING, busy(stale_s=30, loss_limit=Decimal(60))
    account, events = AccountRun(config, days), list[Event]()
    for number in range(3):
        ticks = market(number, number)
        analysis = analysed(config, days, ticks)
        events += account.run(analysis, *analysis.good(ticks["ts"].copy(), ticks["price"].copy()))
    halts = {event.halt for event in of(Halted, events)}
    assert len(of(TradeClosed, events)) > 5
    assert {Halt.STALE_FEED, Halt.LOSS_LIMIT} <= halts
    assert account.carry().unfinished


@pytest.mark.parametrize("memory", [1, 2, 3, 4, 5, 50])
@pytest.mark.parametrize("met", [(), (4800,), (4840,), (4820, 4860)])
@pytest.mark.parametrize("row_ticks", [1, 3])
def test_levels_that_are_carried_in_are_met_and_the_oldest_pushed_out(
    memory: int, met: tuple[int, ...], row_ticks: int
) -> None:
    """The first day leaves both sides of four prices; later ones make others and meet some."""
    config = easy()
    config = replace(
        config,
        bars=BarRules(row_ticks=row_ticks),
        patterns=replace(config.patterns, unfinished_memory=memory),
    )
    engine, account = Engine(config, ALL_DAY, quiet=True), AccountRun(config, ALL_DAY)
    week = [(4800, 4820, 4840, 4860), (4900, *met, 4920), (4840, 4900, 4700, 4701)]
    for day, bars in enumerate(week):
        trades = [
            trade
            for number, price in enumerate(bars)
            for trade in ladder(f"{price} | 40 x 40", at(number * BAR, day))
        ]
        ticks = tick_array(trades)
        analysis = analysed(config, ALL_DAY, ticks)
        engine.push(ticks)
        account.run(analysis, *analysis.good(ticks["ts"].copy(), ticks["price"].copy()))
        assert account.carry() == engine.carry()
    engine.finish()
    account.finish()
    assert account.carry() == engine.carry()
    assert 0 < len(engine.carry().unfinished) <= memory


def test_a_carried_level_is_reported_before_the_day_s_own() -> None:
    """Both are met by one bar; only the second may trade, and its id says that it is the second."""
    config = easy()
    router = replace(
        config.router,
        matrix={Pattern.UNFINISHED_REVISITED: (Regime.VOLATILE,)},
        bias={Regime.VOLATILE: 1},
    )
    config = replace(config, router=router)
    engine, account = Engine(config, ALL_DAY, quiet=True), AccountRun(config, ALL_DAY)
    low, high, both = "4800 | 0 x 40", "4810 | 40 x 0", "4810 | 1 x 1\n4800 | 1 x 1"
    events = list[Event]()
    for day, bars in enumerate([(low,), (high, both, both)]):
        trades = [
            trade
            for number, picture in enumerate(bars)
            for trade in ladder(picture, at(number * BAR, day))
        ]
        ticks = tick_array(trades)
        analysis = analysed(config, ALL_DAY, ticks)
        said = account.run(analysis, *analysis.good(ticks["ts"].copy(), ticks["price"].copy()))
        assert list(said) == list(engine.push(ticks))
        events += said
    ended = account.finish()
    assert ended == engine.finish()
    (trade,) = (event.trade for event in of(TradeClosed, [*events, *ended]))
    assert trade.signal_id == f"{at(BAR, 1)}-1"
    assert (account.signals, account.approved) == (3, 1)


@given(
    st.lists(st.tuples(st.integers(0, 2), st.integers(95, 105)), min_size=1, max_size=12),
    st.integers(0, 12), st.integers(0, 12), st.integers(0, 20),
    st.integers(94, 100), st.integers(100, 106),
)  # fmt: skip
def test_the_first_touch_is_that_of_looking_at_each_tick(
    steps: list[tuple[int, int]], start: int, end: int, limit: int, low: int, high: int
) -> None:
    ts = np.cumsum([step for step, _ in steps], dtype=np.int64)
    price = np.array([price for _, price in steps], np.int32)
    end = min(end, len(steps))
    at, best, worst = start, 100, 100
    while at < end and ts[at] < limit and low < price[at] < high:
        best, worst = max(best, int(price[at])), min(worst, int(price[at]))
        at += 1
    expected = (at if start < end else end, best, worst)
    assert first_touch(ts, price, start, end, limit, low, high, 100, 100) == expected


def test_clean_days_need_no_other_columns() -> None:
    ticks = market()
    analysis = analysed(busy(), MORNING, ticks)
    ts, price = ticks["ts"].copy(), ticks["price"].copy()
    assert analysis.clean
    assert [one is other for one, other in zip(analysis.good(ts, price), (ts, price), strict=True)]
    ticks["price"][300] = 0
    ticks["ts"][400] -= (ticks["ts"][400] - ticks["ts"][399]) + NS // 4
    analysis = analysed(busy(), MORNING, ticks)
    assert not analysis.clean
    assert (analysis.drops, analysis.dropped.tolist()) == ({"price": 1}, [300])
    good, prices = analysis.good(ticks["ts"].copy(), ticks["price"].copy())
    assert (len(good), prices.min() > 0) == (699, True)
    assert good[399] == good[398] == ticks["ts"][399]


def test_ticks_of_another_day_are_refused() -> None:
    for wrong in (-1, 1):
        scan = DayScan(busy(), MORNING.at(FIRST))
        with pytest.raises(InputError, match="is not of trading day 2024-07-0"):
            scan.push(columns(market(day=wrong)))


def test_a_day_is_run_once_and_in_order() -> None:
    config, ticks = busy(), market(day=1)
    analysis = analysed(config, MORNING, ticks)
    account = AccountRun(config, MORNING)
    ts, price = ticks["ts"].copy(), ticks["price"].copy()
    account.run(analysis, ts, price)
    with pytest.raises(InputError, match="was run already"):
        account.run(analysis, ts, price)
    earlier = market(day=0)
    with pytest.raises(InputError, match="was run already"):
        account.run(
            analysed(config, MORNING, earlier), earlier["ts"].copy(), earlier["price"].copy()
        )


def test_columns_that_are_not_the_analysed_ones_are_refused() -> None:
    config, ticks = busy(), market()
    analysis = analysed(config, MORNING, ticks)
    ts, price = ticks["ts"].copy(), ticks["price"].copy()
    with pytest.raises(InputError, match="699 times and 700 prices are not the 700 ticks"):
        analysis.good(ts[1:], price)
    with pytest.raises(InputError, match="are not the 700 good ticks of the day"):
        AccountRun(config, MORNING).run(analysis, ts[1:], price[1:])
    with pytest.raises(InputError, match="trading day 2024-07-01 is from"):
        AccountRun(config, Days(roll=HOUR)).run(analysis, ts, price)


def test_words_of_something_else_are_no_analysis() -> None:
    with pytest.raises(InputError, match="no words of a day's analysis"):
        DayAnalysis(np.zeros(5, np.int64))
    words = analysed(busy(), MORNING, market()).words.copy()
    words[words[0]] += 1
    with pytest.raises(InputError, match="no words of a day's analysis, version 2"):
        DayAnalysis(words)


def test_words_of_something_else_are_no_bars() -> None:
    with pytest.raises(InputError, match="no words of a day's bars"):
        DayBars(np.zeros(5, np.int64))
    with pytest.raises(InputError, match="no words of a day's bars"):
        DayBars(analysed(busy(), MORNING, market()).words)
    words = measured(busy(), MORNING, market()).words.copy()
    words[words[0]] += 1
    with pytest.raises(InputError, match="no words of a day's bars, version 1"):
        DayBars(words)
