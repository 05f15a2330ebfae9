"""Fees: what the run would have made at other ones, and which it could bear.

The trades stay as they are. At other fees the balance, so sizes, tiers and limits, would have been
others too; a fee is an instrument's and not the plan's, so the run cannot be made again with it.
"""

from collections.abc import Iterable
from decimal import ROUND_FLOOR, Decimal
from typing import Final

import numpy as np

from backtests.stress.chances import Json, shown
from backtests.stress.ledger import Ledger
from engine.instruments import instrument
from engine.money import to_decimal
from engine.text import number_text, units_text

TIMES: Final = ("0", "0.5", "1", "1.5", "2", "3")
_CENT: Final = Decimal("0.01")
_MILLI: Final = Decimal("0.0001")


def costs(ledger: Ledger) -> Json:
    """Net at multiples of the fees paid, break-even as a multiple and per contract and side."""
    gross, fees = int(ledger.gross.sum()), int(ledger.fees.sum())
    sides = int(ledger.sides.sum())
    answer: Json = {
        "gross": units_text(gross),
        "fees": units_text(fees),
        "net": units_text(gross - fees),
        "sides": sides,
        "per_side": _each(fees, sides),
        "table": [_at(gross, fees, sides, Decimal(times)) for times in TIMES],
        "break_even_times": number_text((Decimal(gross) / fees).quantize(_CENT, ROUND_FLOOR), 2)
        if fees and gross > 0
        else None,
        "break_even_per_side": _each(gross, sides) if gross > 0 else None,
        "traded": list(_by_symbol(ledger)),
        "slippage": units_text(int(ledger.slippage.sum())),
    }
    return {**answer, "sentences": _sentences(answer)}


def _at(gross: int, fees: int, sides: int, times: Decimal) -> Json:
    paid = int(fees * times)
    return {
        "times": str(times),
        "fees": units_text(paid),
        "per_side": _each(paid, sides),
        "net": units_text(gross - paid),
    }


def _by_symbol(ledger: Ledger) -> Iterable[Json]:
    """Lots differ in worth from contract to contract: each by itself."""
    symbols = np.array([done.trade.symbol for done in ledger.trades])
    for symbol in sorted(set(symbols.tolist())):
        mine = symbols == symbol
        gross, fees = int(ledger.gross[mine].sum()), int(ledger.fees[mine].sum())
        sides = int(ledger.sides[mine].sum())
        yield {
            "symbol": symbol,
            "currency": instrument(symbol).currency,
            "trades": int(mine.sum()),
            "sides": sides,
            "gross": units_text(gross),
            "fees": units_text(fees),
            "per_side": _each(fees, sides),
            "break_even_per_side": _each(gross, sides) if gross > 0 else None,
        }


def _each(units: int, sides: int) -> str | None:
    """An amount per lot and side, rounded down to a hundredth of a cent."""
    if not sides:
        return None
    return number_text((to_decimal(units) / sides).quantize(_MILLI, ROUND_FLOOR), 2)


def _sentences(answer: Json) -> list[str]:
    if not answer["sides"]:
        return ["There are no trades."]
    said = []
    if answer["break_even_times"] is not None:
        said.append(
            f"The run paid {shown(answer['fees'])} of fees and made {shown(answer['gross'])} "
            f"before them; at {answer['break_even_times']} times the fees it would make nothing."
        )
    elif answer["break_even_per_side"] is None:
        said.append(
            f"Before fees the run made {shown(answer['gross'])}: no fees are low enough for it."
        )
    else:
        said.append(f"The run paid no fees; its gross is {shown(answer['gross'])}.")
    for row in answer["traded"]:
        if row["break_even_per_side"] is None:
            said.append(f"{row['symbol']} made {shown(row['gross'])} before fees, and bears none.")
        else:
            said.append(
                f"{row['symbol']} bears {row['break_even_per_side']} {row['currency']} per lot and "
                f"side; it paid {row['per_side']}."
            )
    return said
