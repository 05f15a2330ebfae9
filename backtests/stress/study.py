"""Stress tests as a whole: what is asked, what comes of it as JSON, and how it is kept.

`stress` is pure but for `rerun`. `ask` keeps what is asked as a `Study`, `carry_out` does it, part
by part, and keeps the result; a study whose stop is asked ends after its part. docs/stress.md
describes the result.
"""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, fields
from decimal import Decimal, InvalidOperation
from typing import Any, Final, Self

from django.contrib.auth.models import User
from django.utils import timezone

from backtests import storing
from backtests.models import Backtest, Study
from backtests.outcome import Outcome
from backtests.plan import Plan
from backtests.stress.chances import Json
from backtests.stress.costs import costs
from backtests.stress.errors import StressError
from backtests.stress.ledger import Ledger
from backtests.stress.monte_carlo import MonteCarlo, monte_carlo
from backtests.stress.outliers import outliers
from backtests.stress.parts import day_of_week, time_of_day
from backtests.stress.reruns import MOST_TICKS, Rerun, latency, slippage
from backtests.stress.streaks import loss_streaks
from backtests.stress.walk import MOST_PATHS
from engine.money import to_units
from engine.text import units_text

FORMAT: Final = 1
PARTS: Final = (
    "monte_carlo", "loss_streaks", "time_of_day", "day_of_week", "costs", "outliers", "slippage",
    "latency",
)  # fmt: skip
"""In the order in which they are done and shown: the quick ones first."""
FEW: Final = 30
"""Trades below which all of it is a guess."""
NEWEST: Final = 5
LAST: Final = "last"


@dataclass(frozen=True, kw_only=True)
class Spec:
    """What is asked. `ruin` is a balance in currency, "" for the default; `days` is how far paths
    go, 0 for as far as the run."""

    parts: tuple[str, ...] = PARTS
    paths: int = 1000
    seed: int = 1
    block: int = 1
    days: int = 0
    ruin: str = ""
    ticks: int = 4

    def __post_init__(self) -> None:
        unknown = [part for part in self.parts if part not in PARTS]
        if unknown or not self.parts:
            raise StressError(
                f"no such stress test: {', '.join(unknown) or 'none named'}; there are "
                f"{', '.join(PARTS)}"
            )
        _within("the number of paths", self.paths, 1, MOST_PATHS)
        _within("seed", self.seed, 0, 2**63 - 1)
        _within("additional ticks", self.ticks, 1, MOST_TICKS)
        _within("days", self.days, 0, 10_000)
        _within("block", self.block, 1, 10_000)
        if self.ruin:
            self._ruin()

    def as_json(self) -> Json:
        """What a `Study` keeps."""
        return {**asdict(self), "parts": list(self.parts)}

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> Self:
        """The spec that `as_json` gave this for; what is missing has its default."""
        known = {field.name for field in fields(cls)}
        found = {key: value for key, value in content.items() if key in known}
        return cls(**{**found, "parts": tuple(found.get("parts", PARTS))})

    def monte_carlo(self) -> MonteCarlo:
        return MonteCarlo(
            paths=self.paths, seed=self.seed, block=self.block, days=self.days or None,
            ruin=self._ruin() if self.ruin else None,
        )  # fmt: skip

    def _ruin(self) -> int:
        try:
            amount = Decimal(self.ruin)
            if amount.is_finite() and 0 <= amount <= 10**10:
                return to_units(amount)
        except (InvalidOperation, ValueError):
            pass
        raise StressError(f"ruin is {self.ruin!r}; it must be a balance like 500 or 500.00")


Told = Callable[[str, Json], bool | None]
"""Is told the name of each part and its answer; says True to stop."""


def stress(
    outcome: Outcome, spec: Spec, *, rerun: Rerun | None = None, told: Told = lambda *_: None
) -> Json:
    """Every part that is asked for. StressError when the run or an option cannot be used."""
    ledger = Ledger.of(outcome)
    again = _once(rerun)
    asked = spec.monte_carlo()
    seeded = {"paths": spec.paths, "seed": spec.seed}
    answers: dict[str, Callable[[], Json]] = {
        "monte_carlo": lambda: monte_carlo(ledger, asked),
        "loss_streaks": lambda: loss_streaks(ledger, **seeded),
        "time_of_day": lambda: time_of_day(ledger, **seeded),
        "day_of_week": lambda: day_of_week(ledger, **seeded),
        "costs": lambda: costs(ledger),
        "outliers": lambda: outliers(ledger),
        "slippage": lambda: slippage(outcome, again, ticks=spec.ticks),
        "latency": lambda: latency(outcome, again),
    }
    found: Json = {}
    for part in PARTS:
        if part in spec.parts:
            found[part] = answers[part]()
            if told(part, found[part]):
                break
    return {
        "format": FORMAT,
        "spec": spec.as_json(),
        "run": _run(outcome, ledger),
        "notes": _notes(outcome, ledger),
        "parts": found,
    }


def find_run(text: str) -> Backtest:
    """The finished run of a number, or the newest (`last`); StressError lists some there are."""
    over = Backtest.objects.filter(
        status__in=[Backtest.Status.DONE, Backtest.Status.STOPPED], days_done__gt=0
    )
    row = over.first() if text == LAST else None
    if text.isdecimal() and len(text) < 19:
        row = Backtest.objects.filter(pk=int(text)).first()
    if row is None:
        newest = "; ".join(f"{run} ({run.trades_closed} trades)" for run in over[:NEWEST])
        raise StressError(
            f"there is no run {text}. The newest: {newest}"
            if newest
            else f"there is no run {text}, nor any other; make one: manage.py backtest --symbol ES"
        )
    if row.status in (Backtest.Status.WAITING, Backtest.Status.RUNNING):
        raise StressError(f"run {row.pk} is {row.status}; wait until it is over")
    return row


def ask(row: Backtest, spec: Spec, *, asked_by: User | None = None) -> Study:
    """The row of a study that waits to be carried out."""
    return Study.objects.create(
        kind=Study.Kind.STRESS, backtest=row, spec=spec.as_json(), asked_by=asked_by,
        parts=len(spec.parts),
    )  # fmt: skip


def carry_out(
    study: Study, *, rerun: Rerun | None = None, told: Callable[[str], None] = lambda _: None
) -> Json:
    """Do what a study asks and keep the result; `told` is told each part that is done.

    What goes wrong is kept with the study and raised.
    """
    status = Backtest.Status
    Study.objects.filter(pk=study.pk).update(status=status.RUNNING, done=0, error="")

    def part_done(part: str, answer: Json) -> bool:
        study.done += 1
        study.save(update_fields=["done"])
        told(part)
        return Study.objects.filter(pk=study.pk, stop_asked=True).exists()

    try:
        if study.backtest is None:
            raise StressError(f"the run of {study} is gone; ask for another")
        study.done = 0
        spec = Spec.from_json(study.spec)
        result = stress(storing.load(study.backtest), spec, rerun=rerun, told=part_done)
    except BaseException as error:
        interrupted = isinstance(error, KeyboardInterrupt)
        study.status = status.STOPPED if interrupted else status.FAILED
        study.error = " ".join(str(error).split()) or type(error).__name__
        study.finished_at = timezone.now()
        study.save(update_fields=["status", "error", "finished_at"])
        raise
    result["run"]["number"] = study.backtest.pk
    study.result = result
    study.status = status.DONE if len(result["parts"]) == len(spec.parts) else status.STOPPED
    study.finished_at = timezone.now()
    study.save(update_fields=["result", "status", "finished_at"])
    return result


def _once(rerun: Rerun | None) -> Rerun | None:
    """The same plan is run once: slippage and latency both begin with the run's own."""
    if rerun is None:
        return None
    known: dict[str, Outcome] = {}

    def again(plan: Plan) -> Outcome:
        if plan.config.digest not in known:
            known[plan.config.digest] = rerun(plan)
        return known[plan.config.digest]

    return again


def _run(outcome: Outcome, ledger: Ledger) -> Json:
    plan = outcome.plan
    return {
        "number": None,
        "symbol": plan.symbol,
        "first": ledger.days[0].isoformat(),
        "last": ledger.days[-1].isoformat(),
        "days": len(ledger.days),
        "trades": len(ledger.trades),
        "currency": plan.config.instrument.currency,
        "opening": units_text(outcome.opening),
        "closing": units_text(outcome.closing),
        "net": units_text(ledger.total),
        "config_digest": plan.config.digest,
        "data_digest": outcome.data_digest,
        "code": outcome.code,
        "synthetic": any(day.synthetic for day in outcome.days),
        "inferred": any(day.inferred for day in outcome.days),
        "fills": plan.config.fills.profile,
    }


def _notes(outcome: Outcome, ledger: Ledger) -> list[str]:
    """What must be known of the run before anything below is believed."""
    notes = []
    if any(day.synthetic for day in outcome.days):
        notes.append("SIMULATED MARKET: this says nothing of a real one.")
    if any(day.inferred for day in outcome.days):
        notes.append("Aggressor sides are inferred.")
    if outcome.plan.config.fills.exact:
        notes.append("The run's fills are ideal, not attainable.")
    if outcome.stopped:
        notes.append("The run was stopped before its last day.")
    if outcome.plan.missing:
        notes.append(f"{len(outcome.plan.missing)} sessions between its days are not stored.")
    if ledger.halted is not None:
        since, halt = ledger.halted
        left = len(outcome.days) - len(ledger.days)
        notes.append(
            f"Since {since} the run stood halted ({halt}) with nobody to resume it: its last "
            f"{left} days are left out of all that is resampled."
        )
    if len(ledger.trades) < FEW:
        notes.append(
            f"{len(ledger.trades)} trades are too few: shares and bands below are those of a guess."
        )
    return notes


def _within(what: str, value: int, low: int, high: int) -> None:
    if not low <= value <= high:
        raise StressError(f"{what} is {value}; it must be {low} to {high}")
