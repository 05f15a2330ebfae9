"""The run again with worse fills: more slippage, later orders.

Exact where the run's ticks are stored: the account goes through all days anew with the changed
fill rules, so sizes, tiers and limits follow. Where they are not, slippage is taken off the run's
own trades, tick by tick, and labelled `linear`; later orders cannot be estimated so.
"""

from collections.abc import Callable, Iterator
from dataclasses import replace
from decimal import ROUND_HALF_EVEN, Decimal
from itertools import pairwise
from typing import Any, Final

from backtests.errors import BacktestError
from backtests.outcome import Outcome
from backtests.plan import Plan
from backtests.stress.chances import Json, percent, shown
from backtests.stress.errors import StressError
from backtests.stress.kernel import Column
from backtests.stress.ledger import Ledger
from backtests.stress.walk import as_run
from engine.text import number_text, units_text
from marketdata.errors import MarketDataError

Rerun = Callable[[Plan], Outcome]
MOST_TICKS: Final = 20
LATER: Final = (2, 4)
"""Times the latency of the plan."""
LATER_MS: Final = (50, 100, 200)
"""Where the plan has no latency that could be multiplied."""
_CENT: Final = Decimal("0.01")


def slippage(outcome: Outcome, rerun: Rerun | None, *, ticks: int) -> Json:
    """The run with 0 to `ticks` more ticks of slippage on each market and stop fill. `rerun` makes
    a run of a plan; None: there is nothing to run it on."""
    if not 1 <= ticks <= MOST_TICKS:
        raise StressError(f"additional ticks are {ticks}; they must be 1 to {MOST_TICKS}")
    ledger, base = Ledger.of(outcome), outcome.plan.config.fills.slippage_ticks
    found, why = _all(
        outcome, rerun, [{"slippage_ticks": base + more} for more in range(ticks + 1)]
    )
    each = int(ledger.tick.sum())
    linear = [ledger.total - more * each for more in range(ticks + 1)]
    exact = [_net(other) for other in found]
    rows = [
        {
            "more": more,
            "ticks": base + more,
            "linear": units_text(linear[more]),
            **(_row(found[more]) if found else {"net": units_text(linear[more])}),
        }
        for more in range(ticks + 1)
    ]
    answer: Json = {
        "method": "exact" if found else "linear",
        "why_linear": why,
        "as_stored": found[0].trades == outcome.trades if found else None,
        "per_tick": units_text(each),
        "paid": units_text(int(ledger.slippage.sum())),
        "rows": rows,
        "break_even": _break_even(exact) if found else _break_even_linear(ledger.total, each),
    }
    return {**answer, "sentences": list(_of_slippage(answer, ledger))}


def latency(outcome: Outcome, rerun: Rerun | None) -> Json:
    """The run with orders that arrive two and four times as late."""
    base = outcome.plan.config.fills.latency_ms
    times = [base, *(base * times for times in LATER)] if base else [0, *LATER_MS]
    found, why = _all(outcome, rerun, [{"latency_ms": ms} for ms in times])
    answer: Json = {
        "method": "exact" if found else None,
        "why_not": why,
        "as_stored": found[0].trades == outcome.trades if found else None,
        "rows": [{"ms": ms, **_row(other)} for ms, other in zip(times, found, strict=False)],
    }
    return {**answer, "sentences": list(_of_latency(answer))}


def _all(
    outcome: Outcome, rerun: Rerun | None, changes: list[dict[str, Any]]
) -> tuple[list[Outcome], str]:
    """A run for each change of the fill rules, or none of them and why."""
    if rerun is None:
        return [], "it was asked for without the ticks"
    try:
        return [_whole(rerun(_changed(outcome, change)), outcome) for change in changes], ""
    except (BacktestError, MarketDataError) as error:
        return [], " ".join(str(error).split())


def _whole(found: Outcome, outcome: Outcome) -> Outcome:
    if len(found.days) < len(outcome.days):
        raise StressError(
            f"the re-run was stopped after {len(found.days)} of {len(outcome.days)} days"
        )
    return found


def _changed(outcome: Outcome, change: dict[str, Any]) -> Plan:
    """The plan of the days that were run, with other fill rules."""
    plan, config = outcome.plan, outcome.plan.config
    return replace(
        plan,
        days=tuple(day.day for day in outcome.days),
        config=replace(config, fills=replace(config.fills, **change)),
    )


def _net(outcome: Outcome) -> int:
    return outcome.closing - outcome.opening


def _row(outcome: Outcome) -> Json:
    """The figures that a re-run is compared by."""
    nets = [done.net for done in outcome.trades]
    ledger = Ledger.of(outcome)
    run = as_run(ledger)
    return {
        "net": units_text(_net(outcome)),
        "trades": len(nets),
        "won": sum(net > 0 for net in nets),
        "drawdown": units_text(int(run.table[0, Column.DRAWDOWN])),
        "depth": float(run.depth[0]),
        "paid": units_text(sum(done.slippage for done in outcome.trades)),
        "halted": ledger.halted[0].isoformat() if ledger.halted else None,
    }


def _break_even(nets: list[int]) -> str | None:
    """Additional ticks at which the run first makes nothing, between two of them in proportion;
    None: not within those that were run."""
    if nets[0] <= 0:
        return "0.00"
    for more, (before, after) in enumerate(pairwise(nets)):
        if after <= 0:
            return _ticks(more + Decimal(before) / (before - after))
    return None


def _break_even_linear(total: int, each: int) -> str | None:
    if total <= 0:
        return "0.00"
    return _ticks(Decimal(total) / each) if each else None


def _ticks(value: Decimal) -> str:
    return number_text(value.quantize(_CENT, ROUND_HALF_EVEN), 2)


def _of_slippage(answer: Json, ledger: Ledger) -> Iterator[str]:
    if not len(ledger.net):
        yield "There are no trades."
        return
    if answer["method"] == "linear":
        yield (
            "Estimated from the run's own trades, sizes and limits as they were "
            f"({answer['why_linear']})."
        )
    elif not answer["as_stored"]:
        yield _DIFFERS
    if answer["break_even"] is None:
        most = answer["rows"][-1]["more"]
        yield f"With {most} more ticks on each market and stop fill the run still makes money."
    elif ledger.total <= 0:
        yield "The run makes no money as it is: there is no slippage to spare."
    else:
        yield (
            f"With {answer['break_even']} more ticks on each market and stop fill nothing is left; "
            f"one tick costs about {shown(answer['per_tick'])}."
        )
    ended = next((row for row in answer["rows"][1:] if row.get("halted")), None)
    if ended is not None and not answer["rows"][0].get("halted"):
        ticks = f"{ended['more']} more {'tick' if ended['more'] == 1 else 'ticks'}"
        yield f"With {ticks} the account is halted for good on {ended['halted']}."


def _of_latency(answer: Json) -> Iterator[str]:
    if not answer["rows"]:
        yield f"Later orders need the run's ticks: {answer['why_not']}."
        return
    if not answer["as_stored"]:
        yield _DIFFERS
    first = answer["rows"][0]
    for row in answer["rows"][1:]:
        won = percent(row["won"] / row["trades"]) if row["trades"] else "none"
        yield (
            f"With orders that arrive after {row['ms']} ms instead of {first['ms']} ms the run "
            f"makes {shown(row['net'])} instead of {shown(first['net'])} ({row['trades']:,} "
            f"trades, {won} won){_ended(row)}."
        )


def _ended(row: Json) -> str:
    return f"; it is halted for good on {row['halted']}" if row["halted"] else ""


_DIFFERS: Final = (
    "The ticks or the code have changed since the run was made, and with its own fill rules it is "
    "another now: the rows below are compared with each other, not with the stored run."
)
