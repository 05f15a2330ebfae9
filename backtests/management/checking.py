"""`backtest --check-lookahead`: the check of a run's plan, kept as a study and told."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Final, TextIO

from django.utils import timezone

from backtests.lookahead import Findings, check
from backtests.models import Backtest, Study
from backtests.plan import Plan
from marketdata.store import TickStore

if TYPE_CHECKING:
    from rich.console import Console

SEED: Final = 1


def check_and_keep(
    row: Backtest,
    plan: Plan,
    store: TickStore,
    *,
    moments: int,
    stop: Callable[[], bool] = lambda: False,
) -> Findings:
    """Check the days of a run, and keep what was found beside it."""
    found = check(plan, store, moments=moments, seed=SEED, stop=stop)
    Study.objects.create(
        kind=Study.Kind.LOOKAHEAD,
        status=Backtest.Status.STOPPED if found.stopped else Backtest.Status.DONE,
        backtest=row,
        spec={"moments": moments, "seed": SEED},
        result=found.as_json(),
        parts=len(plan.days),
        done=found.days,
        finished_at=timezone.now(),
    )
    return found


def print_findings(found: Findings, file: TextIO) -> None:
    """For people."""
    console = _console(file)
    style = "bold green" if found.ok else "bold red"
    console.print(f"[{style}]{found.says}[/{style}]")
    near = ", ".join(f"{count} near {kind}" for kind, count in sorted(found.moments.items()))
    if near:
        console.print(f"Moments, by seed {found.seed}: {near}".replace("near anywhere", "anywhere"))
    for difference in found.differences:
        console.print(str(difference), markup=False)
    if found.stopped:
        console.print("Stopped: the days that follow were not checked")


def _console(file: TextIO) -> "Console":
    from rich.console import Console

    return Console(file=file, highlight=False, soft_wrap=True)
