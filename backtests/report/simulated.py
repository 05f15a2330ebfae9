"""How a backtest was simulated, in words that cannot be missed: what a reader has to know before
any figure. Rules: what weakens the result is said first and plainly; nothing is assumed to be
known; an assumption is stated with its value also where it is the usual one."""

from collections import Counter
from dataclasses import dataclass
from decimal import Decimal
from typing import Final, Literal

from backtests.outcome import Outcome
from engine.account_rules import FILL_PROFILES
from engine.instruments import instrument
from engine.money import to_decimal
from engine.names import Halt
from engine.text import number_text
from trading.templatetags.pages import money

Level = Literal["danger", "warn", "plain"]
LISTED: Final = 12
"""Missing days that are named."""
HONEST: Final = FILL_PROFILES["honest"]
HALTS: Final = {
    Halt.PROFIT_TARGET: "the day's profit target was reached",
    Halt.LOSS_LIMIT: "the day's loss limit was reached",
    Halt.MAX_DRAWDOWN: "the largest allowed drawdown was reached",
    Halt.MARGIN: "the margin was above its limit",
    Halt.STALE_FEED: "no tick came for too long",
    Halt.REJECTS: "too many orders were rejected",
    Halt.OPERATOR: "the operator halted",
    Halt.KILL: "the operator stopped everything",
    Halt.DIFFERENCE: "the broker had other than was believed",
}
LASTING: Final = (Halt.MAX_DRAWDOWN, Halt.REJECTS, Halt.DIFFERENCE, Halt.OPERATOR, Halt.KILL)
"""Those that only a person ends."""


@dataclass(frozen=True, slots=True)
class Statement:
    """One thing to know. `danger`: the result is not what it may be taken for; `warn`: it is
    weaker than it looks."""

    level: Level
    name: str
    words: str


def statements(outcome: Outcome) -> list[Statement]:
    """All of them, the gravest first."""
    found = [
        *_ending(outcome),
        *_market(outcome),
        *_fills(outcome),
        *_days(outcome),
        _in_sample(outcome),
        _account(outcome),
        *_halts(outcome),
        _left_out(outcome),
    ]
    order: dict[Level, int] = {"danger": 0, "warn": 1, "plain": 2}
    return sorted(found, key=lambda one: order[one.level])


def badges(outcome: Outcome) -> list[tuple[Level, str, str]]:
    """(level, two words, a sentence) of what belongs beside the heading."""
    days = outcome.days
    found: list[tuple[Level, str, str]] = []
    if any(day.synthetic for day in days):
        found.append(("danger", "Simulated market", "No such trades took place."))
    if outcome.plan.config.fills.profile == "ideal":
        found.append(("danger", "Ideal fills", "No latency, slippage or fees."))
    if outcome.stopped:
        found.append(("danger", "Stopped early", "Only the days before it was stopped are here."))
    if any(day.inferred for day in days):
        found.append(("warn", "Sides inferred", "Who traded aggressively is a guess from prices."))
    return found


def _ending(outcome: Outcome) -> list[Statement]:
    found = []
    ran, asked = len(outcome.days), len(outcome.plan.days)
    if outcome.stopped:
        words = f"This run was stopped by a person: {ran:,} of {asked:,} days were run."
        found.append(Statement("danger", "Stopped early", words))
    elif ran < asked:
        words = f"{ran:,} of {asked:,} days were run."
        found.append(Statement("danger", "Not finished", words))
    lowest = min((done.trade.balance for done in outcome.trades), default=outcome.opening)
    if outcome.days and lowest <= 0:
        words = (
            f"The balance fell to {_money(lowest)}: this account was lost, and a broker would have "
            "closed it earlier. What follows that day could not have been traded."
        )
        found.append(Statement("danger", "Ruin", words))
    return found


def _market(outcome: Outcome) -> list[Statement]:
    days = outcome.days
    made = sum(day.synthetic for day in days)
    guessed = sum(day.inferred for day in days)
    found = []
    if made:
        words = (
            f"The ticks of {_of(made, len(days))} were made by the simulator. No such trades took "
            "place: these figures show how the software behaves and say nothing about what the "
            "strategy would have earned."
        )
        found.append(Statement("danger", "Simulated market", words))
    if guessed:
        words = (
            f"On {_of(guessed, len(days))} the data does not say who traded aggressively: it was "
            "inferred from prices. Every pattern is built on it, so with recorded sides signals "
            "would differ."
        )
        found.append(Statement("warn", "Inferred sides", words))
    dropped = sum(day.dropped for day in days)
    contracts = len({day.contract for day in days if day.contract})
    words = f"{outcome.ticks:,} ticks"
    words += f" of {contracts} contracts" if contracts > 1 else ""
    words += f"; {dropped:,} more were invalid and dropped" if dropped else "; none was invalid"
    words += " (each contract on its own days, prices as traded)." if contracts > 1 else "."
    found.append(Statement("plain", "Data", words))
    return found


def _fills(outcome: Outcome) -> list[Statement]:
    rules = outcome.plan.config.fills
    if rules.profile == "ideal":
        words = (
            "No latency, no slippage, no fees, every order at its exact price. Nobody can trade "
            "like this. The profile exists to compare with published results, which often assume "
            "it; do not decide on money by these figures."
        )
        first = [Statement("danger", "IDEAL fills", words)]
    else:
        first = []
    paid = sum(done.slippage for done in outcome.trades)
    fees = sum(done.trade.fees for done in outcome.trades)
    latency = f"Orders reach the market {rules.latency_ms} ms after the decision."
    slippage = (
        f"Market and stop orders fill {_ticks(rules.slippage_ticks)} worse than the trade they "
        f"meet. Slippage cost {_money(paid)} in all; it is part of the gross P&L."
    )
    target = (
        "A target fills only when a later trade goes through its price."
        if rules.target == "through"
        else "A target fills as soon as its price trades, as if nobody were before it in the queue."
    )
    stop = (
        "A stop fills at its own price even where the market jumped over it."
        if rules.exact
        else "A stop fills at the price that triggered it, however far beyond the stop."
    )
    return [
        *first,
        Statement(_weaker(rules.latency_ms < HONEST.latency_ms), "Latency", latency),
        Statement(_weaker(rules.slippage_ticks < HONEST.slippage_ticks), "Slippage", slippage),
        Statement(_weaker(rules.target != HONEST.target), "Target rule", target),
        Statement(_weaker(rules.exact), "Stop rule", stop),
        Statement(_weaker(not rules.fees), "Fees", _fees(outcome, fees)),
    ]


def _fees(outcome: Outcome, paid: int) -> str:
    if not outcome.plan.config.fills.fees:
        return "None are charged."
    config = outcome.plan.config
    symbols = {tier.symbol or config.instrument.symbol for tier in config.risk.tiers}
    rates = []
    for spec in map(instrument, sorted(symbols)):
        if spec.fee_rate:
            rates.append(f"{spec.symbol} {number_text(spec.fee_rate * 100, 0)} % of the value")
        else:
            rates.append(f"{spec.symbol} {number_text(spec.fee, 2)} {spec.currency}")
    return f"A side and contract: {', '.join(rates)}. Paid in all: {_money(paid)}."


def _days(outcome: Outcome) -> list[Statement]:
    plan = outcome.plan
    hours = "regular trading hours" if plan.session == "rth" else "all hours of the exchange"
    found = [Statement("plain", "Hours", f"Entries in {hours} only.")]
    if not plan.missing:
        words = "Every session between the first and the last day is stored."
        return [*found, Statement("plain", "Missing days", words)]
    named = ", ".join(day.isoformat() for day in plan.missing[:LISTED])
    more = len(plan.missing) - LISTED
    words = (
        f"{len(plan.missing):,} of {len(plan.missing) + len(plan.days):,} sessions between the "
        f"first and the last day are not stored and were skipped: {named}"
    )
    words += f" and {more:,} more." if more > 0 else "."
    return [*found, Statement("warn", "Missing days", words)]


def _in_sample(outcome: Outcome) -> Statement:
    words = (
        "Nothing here was kept back for testing. If these settings were chosen by looking at these "
        "days, later days will do worse; a walk-forward study measures how much."
    )
    return Statement("warn", "In sample", words)


def _account(outcome: Outcome) -> Statement:
    config = outcome.plan.config
    risk = config.risk
    words = (
        f"Begins with {_money(outcome.opening)}" if outcome.days else "Nothing was run"
    ) + f"; a day ends at a profit of {_plain(risk.profit_target)} or a loss of "
    words += f"{_plain(risk.loss_limit)} or its tier's limit; trading ends at a drawdown of "
    words += f"{_plain(risk.max_drawdown)}."
    if len(risk.tiers) > 1:
        steps = [
            f"{tier.name} from {_plain(tier.min_balance)} (a day's loss at most "
            f"{_plain(tier.loss_limit)})"
            for tier in risk.tiers
        ]
        words += f" Tiers: {', '.join(steps)}."
    else:
        tier = risk.tiers[0]
        words += f" No tiers: {tier.min_size} to {tier.max_size} lots throughout."
    return Statement("plain", "Account", words)


def _halts(outcome: Outcome) -> list[Statement]:
    counts = Counter(halt for day in outcome.days for _, halt, _ in day.halts)
    if not counts:
        return [Statement("plain", "Halts", "None.")]
    parts = [f"{count:,} × {HALTS[Halt(halt)]}" for halt, count in counts.most_common()]
    found = [Statement("plain", "Halts", f"Entries were halted: {'; '.join(parts)}.")]
    lasting = ((day.day, Halt(halt)) for day in outcome.days for _, halt, _ in day.halts)
    ended = next((found for found in lasting if found[1] in LASTING), None)
    if ended:
        last, halt = ended
        idle = sum(day.day > last and not day.trades for day in outcome.days)
        words = f"On {last.isoformat()} {HALTS[halt]}; in trading a person lifts that, here nobody"
        words += f" does: {idle:,} days after it are without a trade." if idle else " does."
        found.append(Statement("danger", "Trading ended", words))
    return found


def _left_out(outcome: Outcome) -> Statement:
    words = (
        "Our orders do not move the market, fill whole or not at all, and are never rejected; the "
        "connection never breaks; nothing is earned on the balance, and no tax is paid."
    )
    return Statement("plain", "Left out", words)


def _weaker(is_so: bool) -> Level:
    return "warn" if is_so else "plain"


def _of(count: int, among: int) -> str:
    if among == 1:
        return "the one day"
    return f"all {among:,} days" if count == among else f"{count:,} of {among:,} days"


def _ticks(count: int) -> str:
    return f"{count} tick{'' if count == 1 else 's'}"


def _money(units: int) -> str:
    return money(to_decimal(units))


def _plain(value: Decimal) -> str:
    return money(value, 0)
