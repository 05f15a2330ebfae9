"""One run of `manage.py trade`, from checked options to its end.

The order of a start: what can be refused cheaply first (options, database, port), then the feed and
the session, then the page, then the engine, whose compiled parts are loaded in a thread while the
page is already being served.
"""

import asyncio
import fcntl
import gc
import hashlib
import signal
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import structlog
from channels.db import database_sync_to_async
from channels.layers import get_channel_layer
from django.conf import settings
from django.db import Error as DatabaseError
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from engine.errors import EngineError
from engine.warm import compile_engine
from marketdata.calendars import NEW_YORK
from marketdata.errors import MarketDataError
from trading import clock, standing
from trading.brokers import broker
from trading.brokers.live import live_adapter, live_broker
from trading.errors import StartError, TradingError
from trading.heartbeat.beating import Heart, beating
from trading.journal.beginning import record
from trading.journal.resuming import resume
from trading.login import one_time_link
from trading.models import Account, Notice, Session
from trading.notify import News, post
from trading.notify.delivery import delivering
from trading.observing.figures import observe
from trading.observing.serving import observable
from trading.pipeline.beside import After, Before, Beside
from trading.pipeline.core import Engine
from trading.pipeline.halts import hold_for_next
from trading.pipeline.idle import Idle, Prepare, Prepared, killed
from trading.pipeline.market import Market, recorded, simulated
from trading.pipeline.options import Options, Plan
from trading.pipeline.publisher import GROUP
from trading.pipeline.server import PageServer, address, bind
from trading.pipeline.signals import ACTOR, REASON, KillSwitch, leave, stop_on_signals
from trading.pipeline.start import Start, begin, last_tick, open_account
from trading.pipeline.supervisor import Outcome, Pipeline
from trading.pipeline.waiting import stand_by, why_wait
from trading.schedule import embedded
from trading.selectors import current_session
from trading.wire import Json

log = structlog.get_logger(__name__)

Tell = Callable[[str, str], None]
"""Called with the page's address and a link that logs in once."""


@dataclass(frozen=True, kw_only=True)
class Staying:
    """What a process that stays after its session needs to know. `words`: what it was started with,
    for the day's jobs; `wait`: it may begin without a session (`trading.pipeline.waiting`)."""

    words: Options
    wait: bool = False


def run(
    plan: Plan,
    *,
    serve: tuple[str, int] | None,
    tell: Tell,
    replan: Callable[[], Plan] | None = None,
    staying: Staying | None = None,
) -> Outcome | None:
    """Trade as planned. StartError when something outside prevents it. None when nothing was begun
    until it was stopped.

    A process that serves or is `staying` goes on when its session is over; `replan` says what a
    start trades then (the same again, unless it is given).
    """
    switch = KillSwitch()
    switch.arm()
    signal.signal(signal.SIGTERM, leave)
    with delivering(), told_if_refused(plan):
        return _run_alone(plan, serve, tell, replan, switch, staying)


def _run_alone(
    plan: Plan,
    serve: tuple[str, int] | None,
    tell: Tell,
    replan: Callable[[], Plan] | None,
    switch: KillSwitch,
    staying: Staying | None,
) -> Outcome | None:
    check_database()
    listener = bind(*serve) if serve else None
    try:
        with only_pipeline_of(plan.account), standing_by(plan, staying):
            first = _first(plan, staying)
            connection.close()  # this thread asks nothing more
            # Before the page is there: compiling would hold up whoever opens it.
            compile_engine(plan.config)
            set_aside_what_stays()
            again = partial(_again, replan or (lambda: plan))
            stays = listener is not None or staying is not None
            following = again if stays else None
            return asyncio.run(_run(plan, first, listener, tell, following, switch))
    finally:
        if switch.pulled:
            hold_for_next(plan.account)
        if listener is not None:
            listener.close()


@contextmanager
def told_if_refused(plan: Plan) -> Iterator[None]:
    """A start that fails is told: nobody may be at the terminal. Once a day for each reason, as
    whoever starts it may try again and again."""
    try:
        yield
    except (TradingError, EngineError, MarketDataError) as error:
        text = " ".join(str(error).split())
        day = clock.now().astimezone(NEW_YORK).date()
        reason = hashlib.blake2s(text.encode(), digest_size=8).hexdigest()
        post(
            News(
                kind="session_failed",
                key=f"start/{plan.account}/{day}/{reason}",
                title=f"{plan.symbol} was not started: account {plan.account}",
                level=Notice.Level.ERROR,
                account=plan.account,
                text=text,
            )
        )
        raise


@contextmanager
def standing_by(plan: Plan, staying: Staying | None) -> Iterator[None]:
    """Say that this process stands by, where the day's jobs are to know it."""
    if staying is None or not standing.on_clock(plan):
        yield
        return
    try:
        standing.began(plan, staying.words)
        yield
    finally:
        with suppress(DatabaseError):
            standing.ended(plan.account)


def _first(plan: Plan, staying: Staying | None) -> Prepared | Account:
    """The first session, or the account that is waited with."""
    if staying is not None and staying.wait and (why := why_wait(plan)):
        log.info("waiting", account=plan.account, reason=why)
        return stand_by(plan)
    return (plan, *prepare(plan))


def set_aside_what_stays() -> None:
    """Spare the collector of cyclic garbage all that lives as long as the process: libraries and
    the compiled engine. A look at these 200,000 objects stops everything, ticks too, for a tenth
    of a second, and would come at any time of the day."""
    gc.collect()
    gc.freeze()


def check_database() -> None:
    """StartError unless the database answers and has all tables."""
    try:
        executor = MigrationExecutor(connection)
        missing = executor.migration_plan(executor.loader.graph.leaf_nodes())
    except DatabaseError as error:
        reason = str(error).strip().splitlines()[0] if str(error).strip() else repr(error)
        raise StartError(f"the database does not answer: {reason}; check DATABASE_URL") from error
    if missing:
        raise StartError(
            f"the database lacks {len(missing)} migrations; run: python manage.py migrate"
        )


@contextmanager
def only_pipeline_of(account: str) -> Iterator[None]:
    """Two pipelines must not trade one account: the second is refused. The lock is the operating
    system's, so that it ends with its process however that ends."""
    folder = Path(settings.DATA_DIR) / "locks"
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / f"{account}.lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise StartError(
                f"account {account} is being traded by another process; stop it, or name another "
                "account with --account"
            ) from None
        yield


def prepare(plan: Plan, *, left: int = 0, answering: int | None = None) -> tuple[Market, Start]:
    """Open the market and begin the session, or go on with the run that was not finished. `left`:
    where a recording was left (UTC ns), to go on with what comes after; 0: from its beginning."""
    try:
        account = open_account(plan)
        if plan.broker is not None:  # what is not set is said before anything is begun
            live_adapter(plan.broker)
        gone_on = resume(plan, account, now=clock.now_ns(), answering=answering)
        if gone_on is not None:
            return gone_on
        if plan.feed is not None:
            continued = (plan.schedule.at(left).start, left + 1) if left else (0, 0)
            market = recorded(plan.feed, plan.origin, continued=continued)
        elif plan.live:
            from trading.pipeline.databento import live_market

            market = live_market(plan)
        else:
            market = simulated(plan, now=clock.now_ns(), last_tick=last_tick(account))
        if plan.broker is not None:
            live_adapter(plan.broker, contract=market.info.contract)
        start = begin(plan, account, market, answering=answering)
        return market, replace(start, journal=record(plan, market, start))
    except DatabaseError as error:
        raise StartError(f"the database failed: {str(error).strip()}") from error


def _again(replan: Callable[[], Plan], outcome: Outcome | None, command: int) -> Prepared:
    """The session after another one, or the first of a process that waited. A recording that did
    not end goes on where it was left."""
    plan, left = replan(), 0
    if outcome is not None and outcome.status != Session.Status.ENDED:
        left = outcome.engine.last_tick_ts or 0
    market, start = prepare(plan, left=left, answering=command)
    compile_engine(plan.config)
    return plan, market, start


async def _run(
    plan: Plan,
    first: Prepared | Account,
    listener: socket.socket | None,
    tell: Tell,
    again: Prepare | None,
    switch: KillSwitch,
) -> Outcome | None:
    stop = asyncio.Event()
    stop_on_signals(stop)
    switch.arm_in_loop()
    server = jobs = None
    if again is not None and embedded.wanted():
        jobs = embedded.Embedded()
        jobs.start()
    if listener is not None:
        server = PageServer(listener)
        server.start()
        base = address(listener)
        tell(base, await database_sync_to_async(one_time_link)(base))
    try:
        async with beating(plan) as heart, observable():
            if isinstance(first, Account):
                return await _from_waiting(plan, first, stop, again, switch, heart)
            return await sessions(first, stop, again, switch, heart)
    finally:
        if jobs is not None:
            await jobs.stop()
        if server is not None:
            await server.stop()


async def _from_waiting(
    plan: Plan,
    account: Account,
    stop: asyncio.Event,
    again: Prepare | None,
    switch: KillSwitch,
    heart: Heart | None,
) -> Outcome | None:
    """Wait for the first session, then one after the other."""
    assert again is not None  # noqa: S101 (who waits stays)
    last = await database_sync_to_async(current_session)(account)
    connect = partial(live_adapter, plan.broker) if plan.broker is not None else None
    if heart is not None:
        heart.wait()
    first = await _idle(Before(account, last, _send, connect), again, stop, switch)
    return await sessions(first, stop, again, switch, heart) if first is not None else None


async def _idle(
    beside: Beside, again: Prepare, stop: asyncio.Event, switch: KillSwitch
) -> Prepared | None:
    waiting = Idle(beside, again)
    switch.aim(waiting.kill)
    try:
        return await waiting.wait(stop)
    finally:
        switch.aim(None)


async def sessions(
    first: Prepared,
    stop: asyncio.Event,
    again: Prepare | None,
    switch: KillSwitch,
    heart: Heart | None = None,
) -> Outcome:
    """One session after the other until `stop` is set; without `again` the first alone. The outcome
    of the last. `heart` is told of them."""
    following: Prepared | None = first
    while following is not None:
        plan, market, start = following
        following = None
        if plan.broker is None:
            agent = broker(plan.mode)
        else:
            agent = live_broker(plan.broker, start.config, market.info.contract)
        engine = await asyncio.to_thread(make_engine, plan, start, agent.simulated)
        pipeline = Pipeline(
            plan, market, start, engine, agent, send=_send, leftovers=_leftovers(start)
        )
        if heart is not None:
            heart.follow(plan, start, pipeline)

        observe(pipeline)

        async def idle(ended: Pipeline, outcome: Outcome) -> None:
            nonlocal following
            if heart is not None:
                heart.rest(outcome)
            if again is not None:
                following = await _idle(After(ended, outcome), again, stop, switch)

        switch.aim(partial(pipeline.kill, ACTOR, REASON))
        outcome = await pipeline.run(stop, linger=idle if again else None)
        switch.aim(None)
        if heart is not None:
            heart.over(outcome)
    if switch.pulled:  # too late for the session
        await killed(After(pipeline, outcome))
    return outcome


def make_engine(plan: Plan, start: Start, simulated_fills: bool) -> Engine:
    """The engine, its compiled parts loaded."""
    from engine.engine import Engine as RealEngine

    return RealEngine(start.config, plan.schedule, carry=start.carry, simulated=simulated_fills)


async def _send(frame: Json) -> None:
    layer = get_channel_layer()
    if layer is not None:
        await layer.group_send(GROUP, {"type": "live.frame", "frame": frame})


def _leftovers(start: Start) -> Path:
    """Where rows go that no database took: read with `manage.py loaddata`."""
    now = datetime.now(UTC)
    name = f"unsaved-{start.session.account.name}-{now:%Y%m%dT%H%M%S}.jsonl"
    return Path(settings.DATA_DIR) / name
