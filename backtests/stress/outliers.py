"""How much hangs on a few trades or days, and the worst stretch of the run."""

from typing import Final

import numpy as np

from backtests.stress.chances import Json, percent, shown
from backtests.stress.kernel import Column
from backtests.stress.ledger import Ints, Ledger
from backtests.stress.walk import as_run
from engine.text import units_text

REMOVED: Final = (1, 3, 5, 10)
STRETCHES: Final = (5, 10, 20)
"""Trades in a row whose worst sum is told."""


def outliers(ledger: Ledger) -> Json:
    """The run without its best trades and days, and its worst sequences. Removing takes P&L away
    and nothing else."""
    answer: Json = {
        "total": units_text(ledger.total),
        "best_trades": _without(ledger.net, ledger.total),
        "best_days": _without(ledger.day_net, ledger.total),
        "drawdown": _deepest(ledger),
        "stretches": [_worst(ledger, k) for k in STRETCHES if k <= len(ledger.net)],
    }
    return {**answer, "sentences": _sentences(answer)}


def _without(net: Ints, total: int) -> list[Json]:
    """The total without the best 1, 3, 5, 10 that made money."""
    best = np.sort(net[net > 0])[::-1]
    return [
        {
            "removed": k,
            "made": units_text(int(best[:k].sum())),
            "left": units_text(total - int(best[:k].sum())),
        }
        for k in REMOVED
        if k <= len(best)
    ]


def _deepest(ledger: Ledger) -> Json | None:
    """The trades from the highest balance to the bottom of the deepest drawdown."""
    balance = ledger.opening + np.concatenate([[0], np.cumsum(ledger.net)])
    peak = np.maximum(np.maximum.accumulate(balance), ledger.peak)
    fall = peak - balance
    bottom = int(np.argmax(fall))
    if not bottom or not fall[bottom]:
        return None
    tops = np.flatnonzero(balance[: bottom + 1] == peak[bottom])
    first = int(tops[-1]) if len(tops) else 0
    part = ledger.net[first:bottom]
    days = as_run(ledger).table[0, Column.RECOVERY]
    return {
        **_stretch(ledger, first, bottom),
        "amount": units_text(int(fall[bottom])),
        "losses": int((part < 0).sum()),
        "recovery": None if days < 0 else int(days),
    }


def _worst(ledger: Ledger, k: int) -> Json:
    """The `k` trades in a row that lost most."""
    sums = np.concatenate([[0], np.cumsum(ledger.net)])
    made = sums[k:] - sums[:-k]
    first = int(np.argmin(made))
    return {**_stretch(ledger, first, first + k), "net": units_text(int(made[first]))}


def _stretch(ledger: Ledger, first: int, end: int) -> Json:
    return {
        "trades": end - first,
        "from": ledger.trades[first].day.isoformat(),
        "to": ledger.trades[end - 1].day.isoformat(),
        "first": ledger.trades[first].trade.id,
        "last": ledger.trades[end - 1].trade.id,
    }


def _sentences(answer: Json) -> list[str]:
    said = []
    for name, unit in (("best_trades", "trade"), ("best_days", "day")):
        for row in answer[name]:
            what = f"best {unit}" if row["removed"] == 1 else f"{row['removed']} best {unit}s"
            said.append(
                f"Without its {what} ({shown(row['made'])}) the run has {shown(row['left'])}."
            )
    deepest = answer["drawdown"]
    if deepest is not None:
        back = (
            "a new high never came"
            if deepest["recovery"] is None
            else f"a new high came {deepest['recovery']} trading days later"
        )
        said.append(
            f"The deepest drawdown, {shown(deepest['amount'])}, went over "
            f"{deepest['trades']:,} trades from {deepest['from']} to {deepest['to']}, "
            f"{percent(deepest['losses'] / deepest['trades'])} of them losses; {back}."
        )
    said += [
        f"The worst {row['trades']} trades in a row made {shown(row['net'])} ({row['from']} to "
        f"{row['to']})."
        for row in answer["stretches"]
    ]
    return said or ["There are no trades."]
