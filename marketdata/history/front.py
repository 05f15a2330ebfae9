"""Which contract is the front month of a trading day.

The rule: Databento's continuous symbol `.v.0`, the outright with the most volume as Databento ranks
them, on the UTC date that has the name of the trading day, for the whole of the trading day.

Why this one:

- It costs nothing to ask (symbology.resolve), for any past day, years in one question.
- It looks only back: Databento ranks by volume that was known when the date began. So a backtest
  gets the contract that a trader could have chosen that morning. The volume of the day itself would
  choose it with hindsight on the days of a roll.
- One contract a trading day. Databento's symbol changes at midnight UTC, which is the middle of the
  evening session: a day that followed it would hold a jump of the price in its first hours.

`.v.0` names outrights alone; that it names one of the symbol is checked all the same.
"""

from collections.abc import Iterable
from datetime import date, timedelta
from typing import TYPE_CHECKING

from marketdata.errors import HistoryError
from marketdata.feeds.contracts import root

if TYPE_CHECKING:
    from marketdata.history.api import HistoryApi


def front_months(api: "HistoryApi", symbol: str, days: Iterable[date]) -> dict[date, str]:
    """The front month of each trading day; HistoryError when Databento knows none of one."""
    wanted = sorted(days)
    if not wanted:
        return {}
    first, end = wanted[0], wanted[-1] + timedelta(days=1)
    continuous = f"{symbol}.v.0"
    spans = api.resolve(continuous, "continuous", "instrument_id", first, end)
    names = {
        number: api.resolve(number, "instrument_id", "raw_symbol", first, end)
        for number in dict.fromkeys(number for _, _, number in spans)
    }
    found = {}
    for day in wanted:
        number = _at(spans, day)
        contract = None if number is None else _at(names[number], day)
        if contract is None:
            raise HistoryError(
                f"Databento knows no {continuous} on {day}; name a contract with --contract"
            )
        if root(contract) != symbol:
            raise HistoryError(
                f"{continuous} is {contract} on {day}, which is no {symbol} outright"
            )
        found[day] = contract
    return found


def _at(spans: list[tuple[date, date, str]], day: date) -> str | None:
    """What a symbol stood for on a date."""
    return next((name for start, end, name in spans if start <= day < end), None)
