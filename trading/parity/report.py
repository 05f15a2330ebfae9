"""The parity of a day: what is compared, what differs, what the broker's fills cost."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, Final

from engine.errors import EngineError
from engine.instruments import instrument
from engine.text import average_text, units_text
from marketdata.errors import MarketDataError
from trading.errors import JournalError, TradingError
from trading.journal.runs import has_journal, kept_runs
from trading.journal.sources import days_of
from trading.models import Session
from trading.parity.backtest import Compared, Difference, as_backtested, as_traded, compare
from trading.parity.fills import Pair, pairs
from trading.parity.rows import differences
from trading.pipeline.start import audit

NOTHING: Final = Compared((), None, ())


@dataclass(frozen=True, kw_only=True)
class Parity:
    """`rows` are what is stored otherwise than the journal gives it; `net` the day's closed P&L and
    `backtest_net` the backtest's, money units; `error` why nothing could be compared."""

    session: Session
    rows: tuple[str, ...] = ()
    compared: Compared = NOTHING
    signals: int = 0
    decisions: int = 0
    trades: int = 0
    pairs: tuple[Pair, ...] = ()
    net: int = 0
    backtest_net: int = 0
    simulated: bool = True
    error: str = ""

    @property
    def agrees(self) -> bool:
        """Whether everything is as it must be."""
        return not (self.rows or self.compared.defects or self.error)

    @property
    def cost(self) -> int:
        """What the broker's fills cost beyond the simulated ones, money units."""
        return sum(pair.cost for pair in self.pairs)

    def as_json(self) -> dict[str, Any]:
        """For the audit trail and `--json`: prices as averages, money as decimal texts."""
        cause = self.compared.cause
        return {
            "session": self.session.pk,
            "account": self.session.account.name,
            "day": self.session.day.isoformat(),
            "agrees": self.agrees,
            "error": self.error,
            "signals": self.signals,
            "decisions": self.decisions,
            "trades": self.trades,
            "rows": list(self.rows),
            "defects": [_difference(each) for each in self.compared.defects],
            "cause": _difference(cause) if cause is not None else None,
            "followed": len(self.compared.followed),
            "net": units_text(self.net),
            "backtest_net": units_text(self.backtest_net),
            "slippage": [_pair(pair) for pair in self.pairs] if not self.simulated else [],
            "slippage_cost": units_text(self.cost),
        }


def parity(session: Session) -> Parity:
    """Compare a session; what cannot be compared says why, and does not agree."""
    try:
        if not has_journal(session):
            raise JournalError(
                f"{session}: no journal is kept of it; runs on a feed that nobody can ask again "
                "keep none"
            )
        return _parity(session)
    except (EngineError, MarketDataError, TradingError) as error:
        return Parity(session=session, error=str(error))


def _parity(session: Session) -> Parity:
    *_, run = kept_runs(session)
    day = days_of(run.header).day(session.day)
    if day is None:
        raise JournalError(f"{session.day} is no trading day of {run.header.symbol}")
    traded, backtest = as_traded(run, day), as_backtested(run, day)
    simulated = run.header.simulated
    return Parity(
        session=session,
        rows=tuple(differences(session)),
        compared=compare(traded, backtest, simulated=simulated),
        signals=len(traded.signals),
        decisions=len(traded.decisions),
        trades=len(traded.trades),
        pairs=() if simulated else tuple(pairs(run, traded)),
        net=sum(trade.pnl_net for trade in traded.trades.values()),
        backtest_net=sum(trade.pnl_net for trade in backtest.trades.values()),
        simulated=simulated,
    )


def parity_of(day: date, account: str = "", *, actor: str = "command line") -> list[Parity]:
    """All sessions of a day, or an account's; each leaves an audit event."""
    sessions = Session.objects.select_related("account", "instrument").filter(day=day)
    if account:
        sessions = sessions.filter(account__name=account)
    found = [parity(session) for session in sessions.order_by("pk")]
    for each in found:
        kind = "parity" if each.agrees else "parity_failed"
        audit(each.session, time.time_ns(), kind, each.as_json(), actor=actor)
    return found


def headline(each: Parity) -> str:
    """The result in a line."""
    name = f"{each.session.account.name} {each.session.day}"
    if each.error:
        return f"{name}: could not be compared: {each.error}"
    same = f"{each.signals} signals, {each.decisions} decisions, {each.trades} trades"
    if not each.agrees:
        found = len(each.rows) + len(each.compared.defects)
        return f"{name}: {found} differences from the backtest in {same}"
    if each.simulated:
        return f"{name}: {same}, the same in the backtest"
    return f"{name}: {same}; decisions as in the backtest until the fills differ"


def lines(each: Parity) -> Sequence[str]:
    """The result for people."""
    said = [headline(each), *each.rows, *map(str, each.compared.defects)]
    if each.compared.cause is not None:
        cause, count = each.compared.cause, len(each.compared.followed)
        said.append(f"first that the simulation has otherwise: {cause}")
        said.append(f"decisions that differ from then on, because the account does: {count}")
    said += map(_line, each.pairs)
    if not each.simulated and not each.error:
        said.append(
            f"fills beyond the simulation's: {units_text(each.cost)} of a net "
            f"{units_text(each.net)}; the backtest's account made {units_text(each.backtest_net)}"
        )
    return said


def _line(pair: Pair) -> str:
    t, s = pair.trade, pair.simulated
    ways = "" if t.exit_reason is s.exit_reason else f", which ends by {s.exit_reason.value}"
    return (
        f"{t.id}: entry {pair.entry:+} ticks after {pair.delay / 1e6:.1f} ms "
        f"({pair.simulated_delay / 1e6:.1f}), exit by {t.exit_reason.value} {pair.exit:+} ticks, "
        f"{units_text(pair.cost)} worse than simulated{ways}"
    )


def _difference(each: Difference) -> dict[str, Any]:
    return {
        "ts": each.ts, "what": each.what, "session": each.session, "backtest": each.backtest
    }  # fmt: skip


def _pair(pair: Pair) -> dict[str, Any]:
    t, s = pair.trade, pair.simulated
    spec = instrument(t.symbol)
    return {
        "trade": t.id,
        "size": t.size,
        "entry": average_text(t.entry_notional, t.size, spec),
        "simulated_entry": average_text(s.entry_notional, s.size, spec),
        "exit": average_text(t.exit_notional, t.size, spec),
        "simulated_exit": average_text(s.exit_notional, s.size, spec),
        "exit_reason": t.exit_reason.value,
        "simulated_exit_reason": s.exit_reason.value,
        "entry_slippage_ticks": str(pair.entry),
        "exit_slippage_ticks": str(pair.exit),
        "delay_ms": str((Decimal(pair.delay) / 1_000_000).quantize(Decimal("0.1"))),
        "simulated_delay_ms": str(
            (Decimal(pair.simulated_delay) / 1_000_000).quantize(Decimal("0.1"))
        ),
        "cost": units_text(pair.cost),
    }
