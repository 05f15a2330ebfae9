"""All checks in their order, and the row that says how they went."""

import asyncio
from datetime import UTC, datetime
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Protocol

from django.conf import settings
from django.db import Error as DatabaseError
from django.utils import timezone

from engine.config import EngineConfig
from engine.ticks import NS
from trading import clock
from trading.brokers.adapter import Adapter, BrokerState
from trading.errors import TradingError
from trading.models import Account, Preflight
from trading.pipeline.options import Plan
from trading.pipeline.start import with_tiers
from trading.preflight import broker, machine, market
from trading.preflight.results import Result, failed
from trading.real_money.accounts import BrokerAccount, of_row


class Connect(Protocol):
    """Makes the broker's adapter; `contract`: what the feed trades, "" while it is not known."""

    def __call__(self, account: BrokerAccount, *, contract: str) -> Adapter: ...


def look(plan: Plan, *, connect: Connect, actor: str, now: int | None = None) -> Preflight:
    """Check everything and store what was found. `connect` makes the broker's adapter; `now`: UTC
    ns. The row is unsaved when the database takes none: it has failed then."""
    # Rows note the machine's time, which is what its clock is looked at by.
    machines = timezone.now() if now is None else datetime.fromtimestamp(now / NS, UTC)
    now = clock.now_ns() if now is None else now
    results = [machine.database()]
    config, balance = plan.config, None
    if results[0].level == "pass":
        config = with_tiers(plan)
    results += [
        machine.redis(),
        machine.disk(Path(settings.DATA_DIR)),
        machine.folder("Tick store", Path(settings.DATA_DIR) / "ticks"),
        machine.folder("Journal", Path(settings.DATA_DIR)),
        market.rules(plan, config),
        market.calendar(plan, now),
        market.feed(plan),
    ]
    heard = None
    if plan.broker is not None and results[0].level == "pass":
        found, balance, heard = at_broker(plan, plan.broker, config, connect)
        results += found
    if results[0].level == "pass":
        results.append(machine.clock(machines, heard=heard))
    row = Preflight(
        account=plan.account,
        mode=plan.mode,
        broker=plan.broker.broker if plan.broker else "",
        broker_account=plan.broker.id if plan.broker else "",
        instrument_id=plan.symbol,
        day=plan.schedule.at(now).day,
        rules_digest=config.rules_digest,
        passed=all(result.level != "fail" for result in results),
        results=[result.to_json() for result in results],
        balance=balance,
        actor=actor[:150],
    )
    try:
        row.save()
    except DatabaseError:
        row.passed = False  # what is not stored does not count
    return row


def at_broker(
    plan: Plan, account: BrokerAccount, config: EngineConfig, connect: Connect
) -> tuple[list[Result], Decimal | None, datetime | None]:
    """The broker's checks, its balance, and the newest time that it told."""
    row = Account.objects.filter(name=plan.account).first()
    if row is not None and of_row(row) != account:
        text = f"{row.name} is {of_row(row) or 'a paper account'}, not {account}"
        return [failed("Account", text, "name another with --account")], None, None
    results = [] if account.test else [broker.credentials()]
    if any(result.level == "fail" for result in results):
        return results, None, None
    said: broker.Said | TradingError
    try:
        ours = partial(_traded, config, row)
        contract = market.contract(plan)
        said = asyncio.run(broker.ask(connect(account, contract=contract), ours))
    except TradingError as error:
        said = error
    results.append(broker.login(str(account), said))
    if isinstance(said, TradingError):
        return results, None, None
    results += broker.margins(said, config)
    results.append(broker.contract(said))
    results.append(broker.positions(said.state, plan.account))
    results.append(broker.orders(said.state))
    return results, said.state.balance, said.newest


def _traded(config: EngineConfig, row: Account | None, state: BrokerState) -> tuple[str, ...]:
    """The symbols at the balance that the next session begins with."""
    return broker.symbols(config, state.balance if row is None else row.balance)
