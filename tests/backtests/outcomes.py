"""Outcomes to test with: random ones that hold together as real ones do, and hand-made ones.

>>> outcome(days=60, trades=200, seed=7).closing      # the same every time
>>> by_ticks([[24, -16], [], [-16]]).trades           # one lot each, results in ticks

What holds: balances chain from trade to trade and day to day; gross is what the prices give; fees
are the instrument's where the plan's fills charge them; excursions cover the result; sizes and
symbols are the tier's; a tier changes by the balance after a trade; a day's loss limit or profit
target ends its entries and says so.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from random import Random
from typing import Any

from hypothesis import strategies as st

from backtests.outcome import DayDone, Outcome, TradeDone
from backtests.plan import Plan
from engine.account_rules import Tier
from engine.config import EngineConfig, engine_config
from engine.events import Trade
from engine.instruments import Instrument, instrument
from engine.money import to_units
from engine.names import PATTERN_DIRECTION, ExitReason, Halt, Regime
from engine.schedule import TradingDay
from engine.ticks import NS
from marketdata.calendars import Session, schedule

START = date(2025, 1, 2)
SYMBOLS = ("MES", "ES", "NQ", "CL", "BTCUSDT")
_PRICES = {"MES": 24_000, "ES": 24_000, "NQ": 84_000, "CL": 7_200, "BTCUSDT": 950_000}
_REGIMES = (Regime.TRENDING_UP, Regime.TRENDING_DOWN, Regime.RANGING, Regime.VOLATILE)
_PATTERNS = tuple(PATTERN_DIRECTION)[:10]


def outcome(
    *,
    days: int = 60,
    trades: int = 240,
    seed: int = 0,
    symbol: str = "MES",
    start: date = START,
    edge: float = 0.0,
    balance: int | None = None,
    config: EngineConfig | None = None,
    session: Session = "rth",
    missing: int = 0,
    limits: bool = True,
    code: str = "test",
    data: str = "",
) -> Outcome:
    """A random run. Of `trades` all are made that the daily limits leave room for; without
    `limits`, all.

    `edge` shifts the share of targets (0.1: ten more of a hundred trades win); `balance` is the
    opening one in whole currency; `missing` sessions are left out of the days. The same arguments
    give the same outcome, and the same `seed` the same days' luck for another `edge`.
    """
    config = config or settings(symbol, balance)
    calendar = schedule(config.instrument, session)
    found = _sessions(calendar.days(start, date(2099, 12, 31)), days + missing)
    luck = Random(f"missing {seed}")
    gaps = set(luck.sample(range(1, days + missing - 1), missing)) if missing else set()
    ran = [day for number, day in enumerate(found) if number not in gaps]
    counts = [0] * days
    for _ in range(trades):
        counts[luck.randrange(days)] += 1
    market = _Market(config, Random(seed), edge, limits)
    left = 0  # what a limit kept a day from is tried the next
    done = []
    for day, count in zip(ran, counts, strict=True):
        done.append(market.day(day, left + count))
        left += count - len(done[-1].trades)
    plan = Plan(
        symbol=symbol,
        days=tuple(day.day for day in ran),
        config=config,
        session=session,
        missing=tuple(found[number].day for number in sorted(gaps)),
    )
    return Outcome(
        plan=plan, days=tuple(done), data_digest=data or f"{symbol}-{seed}-{days}", code=code
    )


def by_ticks(
    days: Sequence[Sequence[int]],
    *,
    symbol: str = "MES",
    start: date = START,
    fees: bool = False,
    balance: int | None = None,
    size: int = 1,
) -> Outcome:
    """A hand-made run: each day's trades by their result in ticks, long, a stop 16 ticks away. No
    limits and no tiers; fees only if asked for. With MES a tick of one lot is 1.25."""
    config = settings(symbol, balance)
    config = replace(config, fills=replace(config.fills, fees=fees))
    found = _sessions(schedule(config.instrument, "rth").days(start, date(2099, 12, 31)), len(days))
    market = _Market(config, Random(0), 0.0, limits=False)
    done = tuple(market.given(day, list(its), size) for day, its in zip(found, days, strict=True))
    plan = Plan(symbol=symbol, days=tuple(day.day for day in found), config=config)
    return Outcome(plan=plan, days=done, data_digest=f"{symbol}-ticks", code="test")


def outcomes(*, max_days: int = 40, max_trades: int = 120) -> st.SearchStrategy[Outcome]:
    """Random runs, those without days or trades among them."""
    return st.builds(
        outcome,
        days=st.integers(1, max_days),
        trades=st.one_of(st.just(0), st.integers(0, max_trades)),
        seed=st.integers(0, 10_000),
        symbol=st.sampled_from(SYMBOLS),
        edge=st.sampled_from([-0.6, -0.2, 0.0, 0.2, 0.6]),
    )


def settings(symbol: str = "MES", balance: int | None = None, **risk: Any) -> EngineConfig:
    """The symbol's defaults with a drawdown limit that no test reaches by chance."""
    config = engine_config(symbol)
    account = replace(config.account, balance=Decimal(balance or 10_000))
    rules = replace(config.risk, max_drawdown=Decimal(1_000_000), **risk)
    return replace(config, account=account, risk=rules)


def _sessions(found: Iterator[TradingDay], count: int) -> list[TradingDay]:
    """The first of them that have hours for entries."""
    days: list[TradingDay] = []
    while len(days) < count:
        day = next(found)
        if day.entries_to - day.entries_from >= 3600 * NS:
            days.append(day)
    return days


@dataclass
class _Drawn:
    """What chance, or a test, gives for one trade."""

    ticks: int
    direction: int
    size: int
    entry_ts: int
    held: int
    uneven: int  # lots that filled one tick further on
    reason: ExitReason


class _Market:
    """An account through its days."""

    def __init__(self, config: EngineConfig, chance: Random, edge: float, limits: bool) -> None:
        self.config = config
        self.limits = limits
        self.chance = chance
        self.edge = edge
        self.balance = self.peak = to_units(config.account.balance)
        self.price = _PRICES[config.instrument.symbol]

    def tier(self) -> Tier:
        found = [t for t in self.config.risk.tiers if t.min_balance_units <= self.balance]
        return found[-1] if found else self.config.risk.tiers[0]

    def day(self, day: TradingDay, count: int) -> DayDone:
        chance = Random(self.chance.random())
        self.price = max(self.price + chance.randint(-120, 120), 2_000)
        opened, tier = self.balance, self.tier()
        trades: list[TradeDone] = []
        halts: list[tuple[int, str, str]] = []
        tiers: list[tuple[int, str, str]] = []
        room = (day.entries_to - day.entries_from) // max(count, 1)
        for number in range(count):
            at = day.entries_from + number * room + chance.randint(1, max(room // 3, 1))
            done = self._close(day, number, tier, self._draw(chance, tier, at, room // 2))
            trades.append(done)
            after = self.tier()
            if after is not tier:
                tiers.append((done.trade.exit_ts, tier.name, after.name))
                tier = after
            limit = min(tier.loss_limit_units, self.config.risk.loss_limit_units)
            made = self.balance - opened
            if not self.limits:
                continue
            if made <= -limit:
                halts.append((done.trade.exit_ts, Halt.LOSS_LIMIT.value, "the day's loss"))
            elif made >= self.config.risk.profit_target_units:
                halts.append((done.trade.exit_ts, Halt.PROFIT_TARGET.value, "the day's profit"))
            if halts:
                break
        return self._done(day, opened, tier, chance, trades, halts, tiers)

    def given(self, day: TradingDay, results: Sequence[int], size: int) -> DayDone:
        opened, tier = self.balance, self.tier()
        room = (day.entries_to - day.entries_from) // max(len(results), 1)
        trades = []
        for number, ticks in enumerate(results):
            reason = ExitReason.TARGET if ticks > 0 else ExitReason.STOP
            at = day.entries_from + number * room
            drawn = _Drawn(ticks, 1, size, at, min(room // 2, 600 * NS), 0, reason)
            trades.append(self._close(day, number, tier, drawn, own=True))
        return self._done(day, opened, self.tier(), Random(1), trades, [], [])

    def _draw(self, chance: Random, tier: Tier, at: int, most: int) -> _Drawn:
        risk = self.config.risk
        size = chance.randint(tier.min_size, tier.max_size)
        held = chance.randint(NS, max(most, 2 * NS))
        luck = chance.random()
        win = 0.4 + self.edge
        if luck < 0.1:
            ticks = chance.randint(-risk.stop_ticks, risk.target_ticks)
            reason = chance.choice([ExitReason.FLATTEN, ExitReason.BREAK_EVEN])
        elif luck < 0.1 + 0.9 * win:
            ticks, reason = risk.target_ticks, ExitReason.TARGET
        else:
            ticks, reason = -risk.stop_ticks - chance.choice([0, 1, 1, 2]), ExitReason.STOP
        return _Drawn(ticks, chance.choice([1, -1]), size, at, held, chance.randrange(size), reason)

    def _close(
        self, day: TradingDay, number: int, tier: Tier, drawn: _Drawn, *, own: bool = False
    ) -> TradeDone:
        config, chance = self.config, Random(f"{day.day} {number} {drawn}")
        traded = config.instrument if own else instrument(tier.symbol or config.instrument.symbol)
        way, size = drawn.direction, drawn.size
        entry = self.price * size + way * drawn.uneven
        exit_ = entry + way * drawn.ticks * size
        gross = way * (exit_ - entry) * traded.tick_units
        fees = self._fees(traded, entry, exit_, size)
        stop = self.price - way * config.risk.stop_ticks
        before, self.balance = self.balance, self.balance + gross - fees
        self.peak = max(self.peak, self.balance)
        pattern = chance.choice([p for p in _PATTERNS if PATTERN_DIRECTION[p] == way])
        trade = Trade(
            id=f"paper-{day.day:%Y%m%d}-{number + 1:03d}", symbol=traded.symbol, direction=way,
            size=size, entry_ts=drawn.entry_ts, entry_notional=entry,
            exit_ts=drawn.entry_ts + drawn.held, exit_notional=exit_, exit_reason=drawn.reason,
            stop=stop, target=self.price + way * config.risk.target_ticks, last_stop=stop,
            pnl_gross=gross, fees=fees, pattern=pattern,
            signal_id=f"{day.day:%Y%m%d}-{number + 1}", regime=chance.choice(_REGIMES),
            mae=max(-drawn.ticks, 0) + chance.randint(0, 8) * (drawn.ticks > 0),
            mfe=max(drawn.ticks, 0) + chance.randint(0, 12) * (drawn.ticks <= 0),
            balance=self.balance,
        )  # fmt: skip
        slipped = 0 if own else chance.randint(0, 2) * config.fills.slippage_ticks
        return TradeDone(
            day=day.day, trade=trade, tier=tier.name, balance_before=before,
            slippage=traded.pnl(slipped, size),
        )  # fmt: skip

    def _fees(self, traded: Instrument, entry: int, exit_: int, size: int) -> int:
        if not self.config.fills.fees:
            return 0
        return traded.fees(entry // size, size) + traded.fees(exit_ // size, size)

    def _done(
        self, day: TradingDay, opened: int, tier: Tier, chance: Random,
        trades: list[TradeDone], halts: list[tuple[int, str, str]],
        tiers: list[tuple[int, str, str]],
    ) -> DayDone:  # fmt: skip
        signals = len(trades) + chance.randint(0, 40)
        market = Random(f"{self.config.instrument.symbol} {day.day}")
        return DayDone(
            day=day.day,
            contract=f"{self.config.instrument.symbol}{day.day + timedelta(days=60):%y%m}",
            ticks=market.randint(200_000, 900_000),
            dropped=market.randint(0, 3),
            bars=78,
            signals=signals,
            approved=chance.randint(len(trades), signals),
            opening=opened,
            closing=self.balance,
            peak=self.peak,
            tier=tier.name,
            synthetic=True,
            trades=tuple(trades),
            halts=tuple(halts),
            lifted=tuple((day.end, halt, "a new trading day") for _, halt, _ in halts),
            tiers=tuple(tiers),
        )
