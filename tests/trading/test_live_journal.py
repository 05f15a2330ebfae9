"""A session on a feed that is heard only once: what the engine takes is in the tick store first."""

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from engine.instruments import instrument
from engine.ticks import TickColumns
from marketdata.errors import StoreError
from marketdata.feeds import FeedInfo, StoredTicks
from marketdata.store import LiveJournal, TickStore, the_store
from tests.trading.days import DAY, NEXT_DAY, Run, TickFeed, planned, ticks, trade
from trading.models import Session
from trading.pipeline.core import Core
from trading.pipeline.market import Market
from trading.pipeline.start import begin, open_account
from trading.player.loading import day_of

INFO = FeedInfo(symbol="MES", contract="MESM4", source="heard once")


def heard() -> list[StoredTicks]:
    """Two days as a venue would send them."""
    blocks = []
    for number, day in enumerate((DAY, NEXT_DAY)):
        all_day = ticks(day)
        sequence = np.arange(len(all_day.ts)) + number * 1_000_000
        whole = StoredTicks(
            all_day.ts, all_day.ts + 90_000, all_day.price, all_day.size, all_day.side, sequence
        )
        blocks += [whole.part(slice(at, at + 7_000)) for at in range(0, len(sequence), 7_000)]
    return blocks


def run(store: TickStore, blocks: Iterator[StoredTicks]) -> Run:
    plan = planned(TickFeed([]))
    account = open_account(plan)
    first = next(blocks)

    def all_blocks() -> Iterator[StoredTicks]:
        yield first
        yield from blocks

    market = Market(
        info=INFO, first_ts=int(first.ts_event[0]), blocks=all_blocks(), warm_until=0, dropped=dict,
        origin={"kind": "store"}, journal=LiveJournal(store, instrument("MES"), lambda: INFO),
    )  # fmt: skip
    return asyncio.run(trade(plan, market, begin(plan, account, market)))


def kept(store: TickStore) -> list[Any]:
    blocks = [block for day in store.days("MES") for block in store.read("MES", day).blocks()]
    return [np.concatenate(column).tolist() for column in zip(*blocks, strict=True)]


@pytest.mark.django_db(transaction=True)
def test_every_tick_that_was_traded_on_is_in_the_store_and_its_day_compacted(
    tmp_path: Path, settings: Any
) -> None:
    settings.DATA_DIR = tmp_path
    store = the_store()
    session = run(store, iter(heard()))
    assert session.outcome.status == "ended"
    assert kept(store) == [np.concatenate(column).tolist() for column in zip(*heard(), strict=True)]
    assert store.journalled("MES") == [NEXT_DAY]
    assert store.read("MES", DAY).info.contract == "MESM4"
    # Replayed from the store, the engine says what it said when they came in.
    assert day_of(Session.objects.get(day=DAY)).differs == ""
    plan = replace(planned(TickFeed([])), feed=store.feed("MES", [DAY, NEXT_DAY]))
    assert plan.feed is not None
    again = list(plan.feed.blocks())
    assert sum(len(block.ts) for block in again) == session.outcome.engine.ticks


@pytest.mark.django_db(transaction=True)
def test_a_session_ends_when_its_ticks_cannot_be_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("marketdata.store.durable.SYNC_EVERY_S", 1e6)
    store = TickStore(tmp_path)

    def full() -> Iterator[StoredTicks]:
        blocks = heard()
        yield from blocks[:3]
        monkeypatch.setattr("marketdata.store.durable.os.write", lambda file, data: _no_space())
        yield from blocks[3:]

    session = run(store, full())
    assert session.outcome.status == "failed"
    assert "No space left on device" in session.outcome.error
    held = store.read("MES", DAY).count
    assert session.outcome.engine.ticks == held


@pytest.mark.django_db(transaction=True)
def test_a_journal_that_cannot_be_put_on_disk_at_the_end_fails_the_session(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def failed(journal: LiveJournal) -> None:
        raise StoreError("2024-06-13.journal: cannot be written: Input/output error")

    monkeypatch.setattr(LiveJournal, "close", failed)
    session = run(TickStore(tmp_path), iter(heard()))
    assert session.outcome.status == "failed"
    assert "Input/output error" in session.outcome.error
    assert session.outcome.session.status == "failed"


def _no_space() -> int:
    raise OSError(28, "No space left on device")


class Order:
    """An engine and a journal that note who was first."""

    def __init__(self, *, fails: bool = False) -> None:
        self.seen: list[tuple[str, int]] = []
        self.fails = fails

    def append(self, block: StoredTicks) -> None:
        if self.fails:
            raise StoreError("the disk is full")
        self.seen.append(("journal", len(block.ts_event)))

    def push_columns(self, block: TickColumns) -> list[object]:
        assert isinstance(block, TickColumns)
        self.seen.append(("engine", len(block.ts)))
        return []


def test_the_journal_has_a_tick_before_the_engine_has_it() -> None:
    order = Order()
    core = Core(order, journal=order)  # type: ignore[arg-type]
    block = heard()[0]
    core.act(block.part(slice(3)))
    core.act(block.part(slice(3, 5)))
    assert order.seen == [("journal", 3), ("engine", 3), ("journal", 2), ("engine", 2)]


def test_what_cannot_be_kept_is_not_traded_on() -> None:
    order = Order(fails=True)
    core = Core(order, journal=order)  # type: ignore[arg-type]
    with pytest.raises(StoreError):
        core.act(heard()[0])
    assert order.seen == []
