"""All checks, and the row that says how they went.

What asks the network, the disk or this machine runs side by side, while the database and the broker
are asked; each has a time of its own, so that a preflight ends whatever does not answer.
"""

import asyncio
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Final, Protocol

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
from trading.preflight import broker, machine, market, services, software
from trading.preflight.checks import Check, side_by_side
from trading.preflight.dangers import dangers
from trading.preflight.database import database
from trading.preflight.results import Result, failed
from trading.real_money.accounts import BrokerAccount, of_row

FEED_WITHIN_S: Final = 15.0


class Connect(Protocol):
    """Makes the broker's adapter; `contract`: what the feed trades, "" while it is not known."""

    def __call__(self, account: BrokerAccount, *, contract: str) -> Adapter: ...


def look(plan: Plan, *, connect: Connect, actor: str, now: int | None = None) -> Preflight:
    """Check everything and store what was found. `connect` makes the broker's adapter; `now`: UTC
    ns. The row is unsaved when the database takes none: it has failed then."""
    # Rows note the machine's time, which is what its clock is looked at by.
    machines = timezone.now() if now is None else datetime.fromtimestamp(now / NS, UTC)
    now = clock.now_ns() if now is None else now
    outside = side_by_side(outside_checks(plan))  # while the database is asked here
    results = database()
    there = all(result.level == "pass" for result in results[:1])
    config, balance, heard = plan.config, None, None
    if there:
        config = with_tiers(plan)
    ours = [market.rules(plan, config), *dangers(plan, config), market.calendar(plan, now)]
    if there:
        ours.append(market.roll(plan, now))
    at_broker_: list[Result] = []
    if plan.broker is not None and there:
        at_broker_, balance, heard = at_broker(plan, plan.broker, config, connect)
    results += [*outside.results(), *ours, *at_broker_]
    if there:
        day_time = datetime.fromtimestamp(now / NS, UTC)
        results.append(machine.clock(machines, day_time, heard=heard))
    return stored(
        plan, config, results, day=plan.schedule.at(now).day, balance=balance, actor=actor
    )


def outside_checks(plan: Plan) -> list[Check]:
    """What asks neither the database nor the broker, in the order of the table. What trading can do
    without only warns when it does not answer."""
    data = Path(settings.DATA_DIR)
    return [
        Check(name="Redis", look=services.redis),
        Check(name="Disk", look=lambda: machine.disk(data)),
        Check(name="Growth", look=lambda: machine.growth(data), blame="warn"),
        Check(name="Tick store", look=lambda: machine.folder("Tick store", data / "ticks")),
        Check(name="Journal", look=lambda: machine.folder("Journal", data)),
        Check(name="Memory", look=machine.memory, blame="warn"),
        Check(name="Open files", look=machine.open_files),
        Check(name="NTP", look=machine.ntp, blame="warn"),
        Check(name="Python", look=software.python),
        Check(name="Libraries", look=software.libraries, blame="warn"),
        Check(name="Compiled code", look=software.compiled, within_s=20, blame="warn"),
        Check(name="Feed", look=lambda: market.feed(plan), within_s=FEED_WITHIN_S),
        Check(name="Workers", look=services.workers, blame="warn"),
        Check(name="Discord", look=services.discord, blame="warn"),
        Check(name="Export", look=services.export, blame="warn"),
        Check(name="Watchdog", look=services.watchdog, blame="warn"),
    ]


def stored(
    plan: Plan,
    config: EngineConfig,
    results: list[Result],
    *,
    day: date,
    balance: Decimal | None,
    actor: str,
) -> Preflight:
    row = Preflight(
        account=plan.account,
        mode=plan.mode,
        broker=plan.broker.broker if plan.broker else "",
        broker_account=plan.broker.id if plan.broker else "",
        instrument_id=plan.symbol,
        day=day,
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
