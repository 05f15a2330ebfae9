"""What a trade's fills cost against the prices that they would have had without slippage.

- The entry, and an exit at market, are `slippage_ticks` of the fill rules worse than the trade that
  they met.
- A stop (also one that was moved to break-even, or trails) should have filled where it worked; it
  filled at the trade that triggered it, less slippage. All of that distance is counted, so a gap
  through the stop is, too.
- A target fills at its own price.

It is money that the gross P&L has lost already, never to be taken off again.
"""

from typing import Final

from engine.account_rules import FillRules
from engine.events import Trade
from engine.instruments import instrument
from engine.names import ExitReason

STOPS: Final = (ExitReason.STOP, ExitReason.BREAK_EVEN, ExitReason.TRAILING_STOP)


def slippage(trade: Trade, fills: FillRules) -> int:
    """Money units, >= 0.

    >>> slippage(long_that_was_stopped_one_tick_below_its_stop, FillRules(slippage_ticks=1))
    250000000                              # of one MES: a tick at the entry, a tick at the stop
    """
    market = fills.slippage_ticks * trade.size
    if trade.exit_reason is ExitReason.TARGET:
        leaving = 0
    elif trade.exit_reason in STOPS:
        leaving = trade.direction * (trade.last_stop * trade.size - trade.exit_notional)
    else:
        leaving = market
    return instrument(trade.symbol).pnl(market + leaving, 1)
