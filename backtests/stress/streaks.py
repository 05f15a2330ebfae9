"""Losses in a row: how many are to be expected, and what they do to the account."""

from dataclasses import dataclass, field

import numpy as np

from backtests.stress.chances import Json, chance, percent, quantiles
from backtests.stress.kernel import Column
from backtests.stress.ledger import Ints, Ledger
from backtests.stress.walk import as_run, walk
from engine.config import EngineConfig
from engine.instruments import Instrument
from engine.names import Regime
from engine.risk import Account, size_entry, tier_of
from engine.text import units_text

STEPS = 10
"""Losses in a row that are at least walked through."""


def loss_streaks(ledger: Ledger, *, paths: int, seed: int) -> Json:
    """How long the longest streak is by chance, and a streak's way through the account's rules."""
    run = as_run(ledger)
    observed = int(run.table[0, Column.STREAK])
    answer: Json = {
        "observed": observed,
        "paths": paths,
        "seed": seed,
        "losses": int((ledger.net < 0).sum()),
        "trades": len(ledger.net),
        "ways": {},
    }
    if len(ledger.net):
        for way in ("order", "days", "trades"):
            longest = walk(ledger, way, paths=paths, seed=seed).column(Column.STREAK)
            answer["ways"][way] = _distribution(longest, observed)
    steps = max([STEPS, *(way["bands"]["95"] for way in answer["ways"].values())])
    closing = ledger.opening + ledger.total
    answer["from_opening"] = steps_down(ledger.config, ledger.opening, ledger.peak, steps)
    answer["from_closing"] = steps_down(ledger.config, closing, max(closing, _peak(ledger)), steps)
    return {**answer, "sentences": _sentences(answer)}


def _distribution(longest: Ints, observed: int) -> Json:
    counts = np.bincount(longest)
    return {
        "counts": {str(k): int(n) for k, n in enumerate(counts) if n},
        "bands": dict(
            zip(("5", "50", "95", "99"), quantiles(longest, (0.05, 0.5, 0.95, 0.99)), strict=True)
        ),
        "as_long": chance(int((longest >= observed).sum()), len(longest)),
    }


def _peak(ledger: Ledger) -> int:
    return int(max(ledger.peak, ledger.opening + np.cumsum(ledger.net).max(initial=0)))


@dataclass
class _Losing:
    """An account that loses a full stop each trade. One signal, no trend."""

    config: EngineConfig
    account: Account
    steps: list[Json] = field(default_factory=list)

    def lose(self) -> None:
        account, config = self.account, self.config
        regime = next(
            regime
            for regime in (Regime.RANGING, *Regime)
            if regime in config.router.size_multiplier
        )
        multiplier = config.router.size_multiplier[regime]
        before, traded = account.tier.name, account.traded
        size = size_entry(account, 1, regime, multiplier).size
        loss = full_stop(config, traded, size)
        account.settle(-loss)
        halts = account.reached()
        self.steps.append(
            {
                "loss": len(self.steps) + 1,
                "tier": before,
                "symbol": traded.symbol,
                "size": size,
                "lost": units_text(loss),
                "balance": units_text(account.balance),
                "drawdown": units_text(account.peak - account.balance),
                "tier_after": account.tier.name,
                "halts": [halt.value for halt, _ in halts],
            }
        )


def full_stop(config: EngineConfig, traded: Instrument, size: int) -> int:
    """What a stop at its first place costs: its distance, slippage of entry and stop, the fees.

    A fee that is a rate is left out: it depends on the price.
    """
    slipped = config.fills.slippage_ticks * (1 if config.fills.exact else 2)
    fees = 2 * size * traded.fee_units if config.fills.fees else 0
    return traded.pnl(config.risk.stop_ticks + slipped, size) + fees


def steps_down(config: EngineConfig, balance: int, peak: int, steps: int) -> list[Json]:
    """Full stops one after another on one day; limits that are reached are named, and the streak
    goes on as it would over the following days. Ends where nothing is left."""
    account = Account(
        rules=config.risk, feed=config.instrument, balance=balance, peak=peak, streak=0,
        tier=tier_of(config.risk, balance),
    )  # fmt: skip
    losing = _Losing(config, account)
    for _ in range(steps):
        if account.balance <= 0:
            break
        losing.lose()
    return losing.steps


def _sentences(answer: Json) -> list[str]:
    said = [f"The longest streak of losses was {answer['observed']}."]
    if answer["ways"]:
        order, days = answer["ways"]["order"], answer["ways"]["days"]
        said += [
            f"In {answer['paths']:,} random orders of the same trades the longest was "
            f"{order['bands']['50']} in the middle, and {answer['observed']} or longer in "
            f"{percent(order['as_long']['share'])}: "
            + (
                "losses of the run came closer together than chance alone would bring them."
                if order["as_long"]["share"] < 0.05
                else "the run's streak is what chance alone brings."
            ),
            f"When days are drawn, expect {days['bands']['95']} in a row in one of twenty runs of "
            "this length.",
        ]
    for name, begin in (("from_opening", "opening"), ("from_closing", "closing")):
        steps = answer[name]
        for halt, limit in (
            ("loss_limit", "on one day reach the day's loss limit"),
            ("max_drawdown", "in a row reach the drawdown limit"),
        ):
            reached = next((step["loss"] for step in steps if halt in step["halts"]), None)
            if reached is not None:
                said.append(f"Full stops that {limit}, from the {begin} balance: {reached}.")
    return said
