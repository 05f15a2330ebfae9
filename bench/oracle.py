"""The engine against the plain-Python oracle: the same ticks, the same trades.

The oracle makes every bar, reading and signal. The engine is measured as it runs years, quiet, and
once more with the events of all of them built.
"""

from typing import Final

from bench.goals import GOALS
from bench.market import Unequal
from bench.setup import Setup
from bench.table import Row, compared
from bench.timing import in_turns
from engine.events import Trade
from marketdata.feeds import part
from tests.oracle import run as run_oracle
from tests.oracle.trading import Trade as OracleTrade

TICKS: Final = 1_500_000


def rows(setup: Setup) -> list[Row]:
    """The first ticks, which the oracle gets as a list of tuples made before."""
    market = setup.market
    ticks = part(market.ticks, slice(TICKS))
    records = ticks.records().tolist()
    ours = market.run([ticks])
    theirs = run_oracle(market.config, market.schedule, records).trades
    if [as_oracle(trade) for trade in ours] != theirs:
        raise Unequal(f"engine and oracle: {len(ours)} and {len(theirs)} trades that differ")
    oracle, quiet, all_events = in_turns(
        [
            lambda: run_oracle(market.config, market.schedule, records),
            lambda: market.run([ticks]),
            lambda: market.run([ticks], quiet=False),
        ],
        setup.few(5),
    )
    count = len(records)
    return [
        compared("plain Python", oracle, oracle, ticks=count),
        compared(
            "engine, quiet, against it", quiet, oracle,
            ticks=count, faster=True, goal=GOALS["against the oracle"],
        ),
        compared(
            "engine, all events, against it", all_events, oracle, ticks=count, faster=True
        ),
    ]  # fmt: skip


def as_oracle(trade: Trade) -> OracleTrade:
    """The engine's trade in the oracle's words."""
    return OracleTrade(
        symbol=trade.symbol,
        direction=trade.direction,
        size=trade.size,
        entry_ts=trade.entry_ts,
        entry_price=trade.entry_notional // trade.size,
        exit_ts=trade.exit_ts,
        exit_price=trade.exit_notional // trade.size,
        reason=trade.exit_reason,
        stop=trade.stop,
        target=trade.target,
        last_stop=trade.last_stop,
        pnl_gross=trade.pnl_gross,
        fees=trade.fees,
        pattern=trade.pattern,
        regime=trade.regime,
        balance=trade.balance,
    )
