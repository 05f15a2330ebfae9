"""What each hour and each weekday contributes, and whether one of them carries the run.

Leaving one out takes its trades away and nothing else: the account's sizes and limits would have
been others without them, so the rest is what those trades made, not a run of its own.

Whether a group is better or worse than the luck of so many trades is told by the same trades (for
weekdays: the same days) in random groups of the same sizes. With several groups one of them looks
special soon: `adjusted` is the p-value of Holm (1979), which allows for that.
"""

from typing import Final

import numpy as np

from backtests.metrics.chance import holm
from backtests.stress.chances import Json, percent, quantiles, shown
from backtests.stress.kernel import shuffled_sums
from backtests.stress.ledger import Floats, Ints, Ledger
from engine.text import units_text

WEEKDAYS: Final = (
    "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday",
)  # fmt: skip
LIKELY: Final = 0.05
"""p-values below it are called more than luck."""


def time_of_day(ledger: Ledger, *, paths: int, seed: int) -> Json:
    """By the hour of entry in New York."""
    names = {int(hour): f"{hour:02d}:00" for hour in np.unique(ledger.hour)}
    return _parts(ledger.net, ledger.hour, names, ledger, paths, seed, "trades")


def day_of_week(ledger: Ledger, *, paths: int, seed: int) -> Json:
    """By the trading day's weekday; an evening belongs to the next one's day."""
    weekday = np.array([day.weekday() for day in ledger.days], np.int64)
    names = {int(number): WEEKDAYS[number] for number in np.unique(weekday)}
    return _parts(ledger.day_net, weekday, names, ledger, paths, seed, "days")


def _parts(
    net: Ints, label: Ints, names: dict[int, str], ledger: Ledger, paths: int, seed: int, unit: str
) -> Json:
    total = ledger.total
    answer: Json = {
        "unit": unit, "paths": paths, "seed": seed, "total": units_text(total), "groups": [],
    }  # fmt: skip
    if not len(ledger.net):
        return {**answer, "sentences": ["There are no trades."]}
    keys = list(names)
    sizes = np.array([int((label == key).sum()) for key in keys], np.int64)
    sums = np.array([int(net[label == key].sum()) for key in keys], np.int64)
    drawn = np.empty((paths, len(keys)), np.int64)
    shuffled_sums(seed, 0, net, sizes, drawn)
    p = _two_sided(sums, drawn)
    trade_label = ledger.hour if unit == "trades" else ledger.weekday
    for key, group, share, fair in zip(keys, range(len(keys)), p, holm(p.tolist()), strict=True):
        mine = ledger.net[trade_label == key]
        low, high = quantiles(drawn[:, group], (0.025, 0.975))
        answer["groups"].append(
            {
                "name": names[key],
                "trades": len(mine),
                "days": int(sizes[group]) if unit == "days" else None,
                "won": int((mine > 0).sum()),
                "net": units_text(int(sums[group])),
                "without": units_text(total - int(sums[group])),
                "luck": [units_text(low), units_text(high)],
                "p": float(share),
                "adjusted": fair,
            }
        )
    answer["best"] = names[keys[int(np.argmax(sums))]]
    gains = sums[sums > 0]
    answer["concentration"] = float(gains.max() / gains.sum()) if len(gains) else None
    answer["carried"] = bool(total > 0 and total - int(sums.max()) <= 0)
    return {**answer, "sentences": _sentences(answer)}


def _two_sided(sums: Ints, drawn: Ints) -> Floats:
    """Twice the smaller of how often chance gives as much, or as little; itself counted among the
    draws (Davison and Hinkley 1997, 4.2), so that it is never 0."""
    high = (drawn >= sums).sum(axis=0) + 1
    low = (drawn <= sums).sum(axis=0) + 1
    return np.asarray(np.minimum(1.0, 2 * np.minimum(high, low) / (len(drawn) + 1)))


def _sentences(answer: Json) -> list[str]:
    groups = {group["name"]: group for group in answer["groups"]}
    best = groups[answer["best"]]
    said = []
    if answer["carried"]:
        said.append(
            f"{best['name']} carries the run: without its {best['trades']:,} trades it makes "
            f"{shown(best['without'])} instead of {shown(answer['total'])}."
        )
    elif answer["concentration"] is not None and len(groups) > 1:
        said.append(
            f"The best is {best['name']} with {shown(best['net'])}, "
            f"{percent(answer['concentration'])} of what the winning ones made; without it the run "
            f"makes {shown(best['without'])} instead of {shown(answer['total'])}."
        )
    special = [group for group in groups.values() if group["adjusted"] < LIKELY]
    said += [
        f"{group['name']} made {shown(group['net'])}; so many {answer['unit']} drawn at random "
        f"make {' to '.join(map(shown, group['luck']))} in 95 % (p {group['adjusted']:.2g}, "
        f"adjusted for {len(groups)} groups)."
        for group in special
    ]
    if not special and len(groups) > 1:
        said.append(
            f"None of the {len(groups)} differs from what random {answer['unit']} of the run give, "
            "once it is allowed for that there are several: leaving one out would fit luck."
        )
    return said
