"""A backtest by one engine over all days, as live trading would have run them: the reference that
the fast way (`backtests.runner`) must equal, bit for bit."""

from collections import Counter
from collections.abc import Sequence
from datetime import date

from backtests.days import check_grid, data_digest, session_hours, trading_day
from backtests.ledger import DayRun, Ledger
from backtests.outcome import DayDone, Outcome
from backtests.plan import Plan
from backtests.versions import code_version
from engine.desk import first_carry
from engine.engine import Engine
from engine.events import BarClosed, Event, SignalDetected
from marketdata.store import TickStore


def run_single(plan: Plan, store: TickStore) -> Outcome:
    """All days of the plan, one after the other. StoreError when one cannot be read."""
    spec = plan.config.instrument
    engine = Engine(plan.config, session_hours(spec, plan.session))
    tally, events, contract = _Tally(), dict[date, list[Event]](), None
    about: dict[date, tuple[str, int, int, bool, bool]] = {}
    for day in plan.days:
        hours, stored = trading_day(spec, day, plan.session), store.read(plan.symbol, day)
        check_grid(stored.info, spec)
        said = events[day] = []
        if contract not in (None, stored.info.contract):
            said += tally.kept(engine.roll())
        contract = stored.info.contract
        before = engine.status()
        tally.begin(day, hours.start)
        for block in stored.columns():
            said += tally.kept(engine.push_columns(block))
        after = engine.status()
        about[day] = (
            contract,
            after.ticks - before.ticks,
            sum(after.dropped.values()) - sum(before.dropped.values()),
            stored.info.synthetic,
            stored.info.side == "inferred",
        )
    last = tally.kept(engine.finish())
    ledger, days = Ledger(plan.config, first_carry(plan.config)), list[DayDone]()
    for day in plan.days:
        contract, ticks, dropped, synthetic, inferred = about[day]
        run = DayRun(
            day=day,
            start=trading_day(spec, day, plan.session).start,
            contract=contract,
            ticks=ticks,
            dropped=dropped,
            bars=tally.bars[day],
            signals=tally.signals[day],
            approved=tally.approved[day],
            synthetic=synthetic,
            inferred=inferred,
        )
        days += ledger.day(run, events[day])
    days += ledger.end(last)
    return Outcome(
        plan=plan,
        days=tuple(days),
        data_digest=data_digest(store, plan.symbol, plan.days),
        code=code_version(),
    )


class _Tally:
    """Counts bars and signals by the trading day that they are of."""

    def __init__(self) -> None:
        self.bars: Counter[date] = Counter()
        self.signals: Counter[date] = Counter()
        self.approved: Counter[date] = Counter()
        self._days: list[tuple[int, date]] = []

    def begin(self, day: date, start: int) -> None:
        """Ticks of this day come next."""
        self._days.append((start, day))

    def kept(self, events: Sequence[Event]) -> list[Event]:
        """What is not counted here."""
        rest = list[Event]()
        for event in events:
            match event:
                case BarClosed(bar=bar):
                    self.bars[self._day(bar.start)] += 1
                case SignalDetected(signal=signal):
                    day = self._day(signal.bar_start)
                    self.signals[day] += 1
                    self.approved[day] += signal.approved
                case _:
                    rest.append(event)
        return rest

    def _day(self, ts: int) -> date:
        return next(day for start, day in reversed(self._days) if ts >= start)
