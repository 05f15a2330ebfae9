"""What every figure is: its label, its unit and its definition with the formula.

Pages, reports and the command show these texts beside the numbers, `docs/metrics.md` is this table.
`better` is +1 where more is better, -1 where less is, 0 where neither is.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from backtests.metrics.chance import RESAMPLES
from backtests.metrics.ratios import FEWEST_DAYS, YEAR

FEWEST_TRADES: Final = 100
FEWEST_TRADED_DAYS: Final = 30
"""Below either, the verdict is that there is too little to tell."""


class Unit(StrEnum):
    """What a value is, in Python and in JSON."""

    MONEY = "money"  # int units; a decimal string
    COUNT = "count"  # int
    DAYS = "days"  # int, trading days
    FRACTION = "fraction"  # float, shown as percent
    RATIO = "ratio"  # float
    R = "R"  # float, in initial risks
    TICKS = "ticks"  # float
    SECONDS = "seconds"  # float
    DATE = "date"  # date; ISO
    TABLE = "table"  # str -> int
    WORDS = "words"  # str


class Section(StrEnum):
    """Under which heading it is shown, in this order."""

    RESULT = "Result"
    TRADES = "Trades"
    RETURNS = "Returns by day"
    DRAWDOWN = "Drawdown"
    CHANCE = "Chance"
    EXECUTION = "Excursions and costs"
    TIME = "Time in the market"
    ACCOUNT = "Tiers and limits"


@dataclass(frozen=True, slots=True)
class Definition:
    """One figure."""

    label: str
    unit: Unit
    section: Section
    better: int
    text: str


_ROWS: Final[dict[Section, list[tuple[str, str, Unit, int, str]]]] = {
    Section.RESULT: [
        ("opening", "Opening balance", Unit.MONEY, 0, "The balance before the first day."),
        ("closing", "Closing balance", Unit.MONEY, 1, "The balance after the last day."),
        ("net", "Net profit", Unit.MONEY, 1,
         "Gross less fees over all trades; closing balance less opening balance."),
        ("gross", "Gross profit", Unit.MONEY, 1,
         "What the prices of entries and exits gave, before fees. Slippage is in it already."),
        ("total_return", "Return", Unit.FRACTION, 1, "Net by the opening balance."),
        ("cagr", "Growth a year (CAGR)", Unit.FRACTION, 1,
         f"(closing / opening) ^ ({YEAR} / days) - 1. Not said under {FEWEST_DAYS} days."),
    ],
    Section.TRADES: [
        ("trades", "Trades", Unit.COUNT, 0, "Closed trades: brackets from entry to exit."),
        ("wins", "Winning trades", Unit.COUNT, 1, "Trades with a net above 0."),
        ("losses", "Losing trades", Unit.COUNT, -1,
         "Trades with a net below 0. One that only lost its fees is among them."),
        ("scratches", "Scratch trades", Unit.COUNT, 0, "Trades with a net of exactly 0."),
        ("win_rate", "Win rate", Unit.FRACTION, 1,
         "Winning trades by all trades. Scratch trades count among all, not as won."),
        ("average_win", "Average win", Unit.MONEY, 1, "Mean net of the winning trades."),
        ("average_loss", "Average loss", Unit.MONEY, 1, "Mean net of the losing trades."),
        ("payoff", "Payoff ratio", Unit.RATIO, 1,
         "Average win by average loss without its sign. None without both."),
        ("profit_factor", "Profit factor", Unit.RATIO, 1,
         "Sum of all winning nets by the sum of all losing nets without its sign. Above 1 is a "
         "gain. None without a losing trade."),
        ("expectancy", "Expectancy", Unit.MONEY, 1, "Net by trades: what a trade made on average."),
        ("expectancy_r", "Expectancy in R", Unit.R, 1,
         "Mean of net by R. R is the money between the average entry and the initial stop; "
         "trades whose stop was not on the losing side are left out."),
        ("best_trade", "Best trade", Unit.MONEY, 1, "The highest net of a trade."),
        ("worst_trade", "Worst trade", Unit.MONEY, 1, "The lowest net of a trade."),
        ("winning_streak", "Longest winning streak", Unit.COUNT, 1,
         "Most winning trades one after another; a scratch trade ends it."),
        ("losing_streak", "Longest losing streak", Unit.COUNT, -1,
         "Most losing trades one after another; a scratch trade ends it."),
        ("trades_a_day", "Trades a day", Unit.RATIO, 0, "Trades by all days run."),
        ("contracts", "Contracts", Unit.COUNT, 0,
         "Sum of all trades' sizes in lots (a futures lot is one contract); entry and exit "
         "count once."),
    ],
    Section.RETURNS: [
        ("days", "Days run", Unit.DAYS, 0, "Trading days that were run."),
        ("days_missing", "Days missing", Unit.DAYS, -1,
         "Sessions between the first and the last day that are not stored and not run."),
        ("days_traded", "Days with trades", Unit.DAYS, 0, "Days on which a trade was closed."),
        ("positive_days", "Winning days", Unit.FRACTION, 1,
         "Days with a net above 0, by days with trades."),
        ("average_day", "Average day", Unit.MONEY, 1,
         "Net by all days run, those without trades among them."),
        ("best_day", "Best day", Unit.MONEY, 1, "The highest net of a day."),
        ("best_day_on", "Best day's date", Unit.DATE, 0, "The first day with that net."),
        ("worst_day", "Worst day", Unit.MONEY, 1, "The lowest net of a day."),
        ("worst_day_on", "Worst day's date", Unit.DATE, 0, "The first day with that net."),
        ("winning_days", "Longest run of winning days", Unit.DAYS, 1,
         "Most days with a net above 0 one after another; days without trades are passed over, "
         "a day with a net of 0 ends it."),
        ("losing_days", "Longest run of losing days", Unit.DAYS, -1,
         "Most days with a net below 0 one after another; as above."),
        ("volatility", "Volatility", Unit.FRACTION, -1,
         "Standard deviation (n - 1) of the daily returns, times the root of "
         f"{YEAR}. A day's return is its net by its opening balance; a day without trades "
         "counts as 0."),
        ("sharpe", "Sharpe ratio", Unit.RATIO, 1,
         "Mean daily return by its standard deviation (n - 1), times the root of "
         f"{YEAR}; risk-free rate 0. None when all days returned the same."),
        ("sharpe_low", "Sharpe ratio, low", Unit.RATIO, 1,
         "Sharpe ratio less 1.96 standard errors (Mertens 2002: with skew and kurtosis)."),
        ("sharpe_high", "Sharpe ratio, high", Unit.RATIO, 1,
         "Sharpe ratio plus 1.96 standard errors: the true one is between the two in 95 of "
         "100 runs like this, if days are independent."),
        ("sortino", "Sortino ratio", Unit.RATIO, 1,
         "Mean daily return by the root of the mean square of the losing days' returns, "
         f"winning days counting as 0, times the root of {YEAR}. None without a losing day."),
        ("calmar", "Calmar ratio", Unit.RATIO, 1,
         "Growth a year by the largest drawdown in percent by day. None without either."),
        ("skew", "Skew", Unit.RATIO, 1,
         "Third standardised moment of the daily returns; below 0, the worst days are further "
         "out than the best."),
        ("kurtosis", "Kurtosis", Unit.RATIO, -1,
         "Fourth standardised moment of the daily returns less 3; above 0, extreme days are "
         "more frequent than a normal distribution has them."),
    ],
    Section.DRAWDOWN: [
        ("max_drawdown", "Largest drawdown", Unit.MONEY, -1,
         "Largest fall of the closed balance, trade by trade, from its highest point before."),
        ("max_drawdown_part", "Largest drawdown in percent", Unit.FRACTION, -1,
         "Largest fall of the closed balance, trade by trade, by the highest point before; not "
         "always the same fall as the largest in money."),
        ("open_drawdown", "Largest drawdown, open positions included", Unit.MONEY, -1,
         "At most this: the fall from the highest closed balance to where each trade's worst "
         "excursion and its fees took the account, or to a closed balance below."),
        ("daily_drawdown", "Largest drawdown by day", Unit.MONEY, -1,
         "As the largest drawdown, of the days' closing balances alone."),
        ("daily_drawdown_part", "Largest drawdown by day in percent", Unit.FRACTION, -1,
         "As above, by the highest closing balance before. Calmar is of this one."),
        ("drawdown_days", "Days in the largest drawdown", Unit.DAYS, -1,
         "Days in a row that closed below the high from which the largest fall by day in money "
         "began; until the last day if it was not regained."),
        ("longest_drawdown_days", "Longest drawdown", Unit.DAYS, -1,
         "Most days in a row that closed below an earlier closing balance or the opening one."),
        ("time_under_water", "Time under water", Unit.FRACTION, -1,
         "Days that closed below an earlier closing balance or the opening one, by all days."),
        ("recovery", "Recovery factor", Unit.RATIO, 1,
         "Net by the largest drawdown in money. None without a drawdown."),
        ("ulcer", "Ulcer index", Unit.FRACTION, -1,
         "Root of the mean square, over all days, of how far the closing balance was below its "
         "high, in percent of the high."),
    ],
    Section.CHANCE: [
        ("mean_low", "Mean trade, low", Unit.MONEY, 1,
         f"Lower end of the 95 % interval of the mean net of a trade: {RESAMPLES:,} times, "
         "whole days with trades are drawn with replacement (bootstrap, seeded)."),
        ("mean_high", "Mean trade, high", Unit.MONEY, 1, "Upper end of that interval."),
        ("t_statistic", "t-statistic", Unit.RATIO, 1,
         "Mean net of a trade by its standard error (deviation by the root of the trades)."),
        ("p_value", "p-value", Unit.FRACTION, -1,
         "How often chance alone gives a mean at least this far from 0 (Student's t, two "
         "sides), as if trades were independent."),
        ("trades_needed", "Trades needed", Unit.COUNT, -1,
         "Trades at which a mean and deviation like these would be told from 0: (1.96 x "
         "deviation / mean)^2, rounded up. None while the t-statistic is within 0.01 of 0."),
        ("verdict", "Verdict", Unit.WORDS, 0,
         f"Under {FEWEST_TRADES} trades or {FEWEST_TRADED_DAYS} days with trades: too few to "
         "tell. Else whether the 95 % interval of the mean trade excludes 0."),
    ],
    Section.EXECUTION: [
        ("fees", "Fees", Unit.MONEY, -1, "Commissions and exchange fees of entries and exits."),
        ("slippage", "Slippage", Unit.MONEY, -1,
         "What fills cost against the prices they would have had without; part of gross."),
        ("cost_share", "Costs' share", Unit.FRACTION, -1,
         "Fees and slippage by gross before slippage. None unless that is above 0."),
        ("average_mae", "Average worst excursion", Unit.MONEY, -1,
         "Mean open loss at the worst price while a trade was open (MAE)."),
        ("average_mfe", "Average best excursion", Unit.MONEY, 1,
         "Mean open profit at the best price while a trade was open (MFE)."),
        ("average_mae_ticks", "Average worst excursion in ticks", Unit.TICKS, -1,
         "Mean of the worst excursions from the average entry, in whole ticks."),
        ("average_mfe_ticks", "Average best excursion in ticks", Unit.TICKS, 1,
         "Mean of the best excursions from the average entry, in whole ticks."),
        ("edge_ratio", "Edge ratio", Unit.RATIO, 1,
         "Average best by average worst excursion, both in ticks. Above 1, entries went "
         "further for than against the trade. None without a worst excursion."),
    ],
    Section.TIME: [
        ("exposure", "Exposure", Unit.FRACTION, 0,
         "Time with an open position by the time from open to close of all sessions run."),
        ("average_holding", "Average holding time", Unit.SECONDS, 0, "Mean of exit less entry."),
        ("median_holding", "Median holding time", Unit.SECONDS, 0, "Median of exit less entry."),
        ("longest_holding", "Longest holding time", Unit.SECONDS, 0,
         "The longest time from entry to exit."),
    ],
    Section.ACCOUNT: [
        ("tiers", "Days in tiers", Unit.TABLE, 0,
         "Every tier reached with the days that ended in it, lowest first; 0 if it was left "
         "within the day."),
        ("tier_changes", "Changes of tier", Unit.COUNT, 0, "Moves from one tier to another."),
        ("halts", "Days halted", Unit.TABLE, 0,
         "Days on which each limit stopped entries, or still did from a day before."),
        ("loss_limit_days", "Days at the loss limit", Unit.FRACTION, -1,
         "Days on which the daily loss limit was reached, by all days."),
    ],
}  # fmt: skip

DEFINITIONS: Final[Mapping[str, Definition]] = {
    name: Definition(label, unit, section, better, text)
    for section, rows in _ROWS.items()
    for name, label, unit, better, text in rows
}
