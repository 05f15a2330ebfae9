"""The broker, asked through its adapter: the line, the account, margin, the contract, what is held.

The line is opened for this alone and closed again. Nothing is ordered.
"""

import asyncio
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Final

from django.conf import settings

from engine.config import EngineConfig
from engine.money import to_units
from engine.risk import tier_of
from engine.ticks import NS
from marketdata.feeds.contracts import root
from trading.brokers.adapter import Adapter, BrokerError, BrokerState
from trading.brokers.asking import lined_up
from trading.errors import TradingError
from trading.models import Account, Trade
from trading.preflight.results import Result, failed, passed, warned

WITHIN_S: Final = 30.0
CREDENTIALS: Final = ("RITHMIC_USER", "RITHMIC_PASSWORD", "RITHMIC_SYSTEM")
MARGIN_HIGH: Final = "nothing is entered today above the limit; raise it only if you mean to"


@dataclass(frozen=True, kw_only=True)
class Said:
    """What the broker said; `margins` per contract by our symbol, or why it did not say."""

    state: BrokerState
    margins: Mapping[str, Decimal | BrokerError]
    contract: str = ""  # of what is traded first; "" as long as the feed has not named one
    misfit: str = ""  # why it cannot be traded

    @property
    def newest(self) -> datetime | None:
        """When its last execution was: its clock had come so far."""
        times = [execution.ts for execution in self.state.executions]
        return datetime.fromtimestamp(max(times) // NS, UTC) if times else None


def credentials() -> Result:
    """What a login needs is set. Whether it is right the broker says."""
    missing = [name for name in CREDENTIALS if not getattr(settings, name)]
    if missing:
        return failed("Credentials", f"not set: {', '.join(missing)}", "set them in .env")
    return passed("Credentials", "set")


async def ask(
    adapter: Adapter,
    symbols: Callable[[BrokerState], tuple[str, ...]],
    *,
    within_s: float = WITHIN_S,
) -> Said:
    """Everything, over a line of its own; `symbols`: whose margin, as the state has it. BrokerError
    when it cannot be had."""
    async with lined_up(adapter, within_s=within_s):
        try:
            async with asyncio.timeout(within_s):
                state = await adapter.state()
                wanted = symbols(state)
                margins = {symbol: await _margin(adapter, symbol) for symbol in wanted}
                contract = adapter.contract(wanted[0])
                misfit = await _misfit(adapter, wanted[0]) if contract else ""
        except TimeoutError:
            raise BrokerError(f"the broker does not answer within {within_s:g} s") from None
        return Said(state=state, margins=margins, contract=contract, misfit=misfit)


async def _misfit(adapter: Adapter, symbol: str) -> str:
    try:
        return await adapter.unfit(symbol)
    except BrokerError as error:
        return f"the broker does not tell: {error}"


async def _margin(adapter: Adapter, symbol: str) -> Decimal | BrokerError:
    try:
        return await adapter.margin(symbol)
    except BrokerError as error:
        return error


def symbols(config: EngineConfig, balance: Decimal | None) -> tuple[str, ...]:
    """What the tiers may trade; first what they trade at this balance (None: the configured)."""
    feed = config.instrument.symbol
    balance = config.account.balance if balance is None else balance
    now = tier_of(config.risk, to_units(balance)).symbol or feed
    return tuple(dict.fromkeys([now, *(tier.symbol or feed for tier in config.risk.tiers)]))


def login(account: str, said: Said | TradingError) -> Result:
    """The line, the login, and the account at the broker."""
    if isinstance(said, TradingError):
        remedy = "correct RITHMIC_USER, RITHMIC_PASSWORD, RITHMIC_SYSTEM, RITHMIC_ACCOUNT, or wait"
        return failed("Broker", str(said), remedy)
    if said.state.balance is None:
        return failed("Broker", f"{account}: no balance is told", "ask the broker about it")
    return passed("Broker", f"{account}, balance {said.state.balance:,.2f}")


def margins(said: Said, config: EngineConfig) -> list[Result]:
    """The broker trades each symbol, at a margin within its limit. The first is traded now: above
    its limit nothing would be entered, which is worth failing."""
    found = []
    for at, (symbol, margin) in enumerate(said.margins.items()):
        name, blame = f"Margin {symbol}", warned if at else failed
        limit = config.risk.margin_limits.get(symbol)
        if isinstance(margin, BrokerError):
            remedy = "ask the broker whether the account may trade it"
            found.append(blame(name, f"the broker does not say it: {margin}", remedy))
        elif limit is not None and margin > limit:
            found.append(blame(name, f"{margin:,.2f} a contract, above {limit:,.2f}", MARGIN_HIGH))
        else:
            most = "no limit" if limit is None else f"at most {limit:,.2f}"
            found.append(passed(name, f"{margin:,.2f} a contract, {most}"))
    return found


def contract(said: Said) -> Result:
    """What the feed trades can be traded there, with our tick."""
    if not said.contract:
        remedy = "nothing to do: the first entry looks; or name it with --contract"
        return warned("Contract", "not known before the feed is heard", remedy)
    if said.misfit:
        return failed("Contract", said.misfit, "correct --contract, or ask the broker about it")
    return passed("Contract", f"{said.contract} can be traded")


def positions(state: BrokerState, account: str) -> Result:
    """What is held at the broker is what our books say."""
    held: Counter[str] = Counter()
    for contract, lots in state.positions.items():
        held[root(contract) or contract] += lots
    booked: Counter[str] = Counter()
    row = Account.objects.filter(name=account).first()
    trades = Trade.objects.filter(account=row, status=Trade.Status.OPEN) if row else ()
    for trade in trades:
        booked[trade.instrument_id] += trade.direction * trade.size
    for symbol in sorted(held.keys() | booked.keys()):
        if held[symbol] != booked[symbol]:
            return failed(
                "Positions",
                f"{held[symbol]:+d} {symbol} at the broker, {booked[symbol]:+d} in our books",
                f"close it at the broker, or: manage.py flatten --account {account} --direct",
            )
    text = ", ".join(f"{lots:+d} {contract}" for contract, lots in state.positions.items())
    return passed("Positions", f"{text}, as in our books" if text else "nothing is held")


def orders(state: BrokerState) -> Result:
    """No order works that is not ours."""
    foreign = [order for order in state.orders if not order.over and order.role == "foreign"]
    if foreign:
        text = ", ".join(f"{order.symbol} {order.key}" for order in foreign)
        return warned("Orders", f"not ours, working: {text}", "cancel them at the broker")
    return passed("Orders", "none that is not ours")
