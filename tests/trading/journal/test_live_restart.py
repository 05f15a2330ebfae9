"""A live feed's process dies: what it missed comes as a gap, and nothing of the run is lost."""

import asyncio
import shutil
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from engine.ticks import TickColumns
from engine.warm import compile_engine
from tests.marketdata.databento.gateway import LISTED, Clock, Tape, traded_from
from tests.servers.databento_gateway import Gateway
from tests.trading.days import LOSSES, trade
from trading.journal import files
from trading.journal.beginning import record
from trading.journal.reading import JournalFile
from trading.journal.records import Note, Reference
from trading.journal.replaying import replay
from trading.journal.resuming import resume
from trading.journal.sources import ticks_of
from trading.models import AuditEvent, Session
from trading.pipeline.core import WarmUp
from trading.pipeline.databento import live_market
from trading.pipeline.options import Options, plan
from trading.pipeline.start import begin, open_account

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def clock() -> Any:
    return Clock()


@pytest.fixture
def gateway(clock: Any, settings: Any, data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setattr("trading.pipeline.databento.live_market", partial(live_market, wall=clock))
    with Gateway(LISTED, clock=clock) as gateway:
        traded_from(gateway, settings, monkeypatch, warm_up=0)
        yield gateway


def life(gateway: Any, clock: Any, *steps: tuple[int, Callable[[], Any]]) -> Any:
    """Trade, going on with what was not finished; a step is taken when so many ticks were had."""
    words: dict[str, Any] = {"timeframe": "60", "session": "all", "settings": LOSSES}
    asked = plan(Options(feed="databento", symbol="MES", **words))
    compile_engine(asked.config)  # in a run it would stop the clock of the test's timeout
    account = open_account(asked)
    gone_on = resume(asked, account, now=clock())
    if gone_on is None:
        market = live_market(asked, wall=clock)
        start = begin(asked, account, market)
        gone_on = market, replace(start, journal=record(asked, market, start))
    gateway.started = 0
    market, start = gone_on
    left = list(steps)

    async def go() -> Any:
        stop = asyncio.Event()

        async def looking() -> None:
            while left:
                journal = market.journal
                had = journal.appended if journal is not None else 0
                if gateway.started and had >= left[0][0]:
                    left.pop(0)[1]()
                await asyncio.sleep(0.01)
            stop.set()

        looker = asyncio.create_task(looking())
        try:
            async with asyncio.timeout(15):
                return await trade(asked, market, start, stop=stop)
        finally:
            looker.cancel()

    return asyncio.run(go())


def test_what_a_dead_process_missed_is_a_gap_of_the_same_run(
    gateway: Any, clock: Any, data_dir: Path
) -> None:
    tape = Tape(clock)
    left = data_dir.with_name("left")

    def die() -> None:
        """What is on disk now is all that the process leaves."""
        for name in ("journal", "ticks"):
            shutil.copytree(data_dir / name, left / name)

    life(gateway, clock, (0, lambda: gateway.publish(tape.next(120))), (120, die))
    for name in ("journal", "ticks"):
        shutil.rmtree(data_dir / name)
        (left / name).rename(data_dir / name)

    gateway.publish(tape.next(40))
    ran = life(gateway, clock, (40, lambda: gateway.publish(tape.next(30))), (70, lambda: None))
    assert ran.outcome.status == "stopped"
    assert ran.outcome.engine.ticks == 190
    assert Session.objects.get().starts == 1
    assert AuditEvent.objects.get(kind="restarted").payload["missing"] == 0
    (path,) = files.paths("paper-MES")
    records = list(JournalFile(path).records())
    began = next(k for k, item in enumerate(records) if isinstance(item, Note))
    after = [item for item in records[began:] if isinstance(item, Reference | WarmUp)]
    assert after[0] == WarmUp(True, gap=True)
    assert WarmUp(False, gap=True) in after
    made = replay([JournalFile(path)], ticks_of)
    assert sum(len(item.ts) for item in made.inputs if isinstance(item, TickColumns)) == 190
