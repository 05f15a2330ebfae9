"""The warm-up of a start: bars from it never trade, and what it has come to is said."""

import asyncio
from dataclasses import replace

import pytest

from engine.events import BarClosed, TradeClosed
from engine.instruments import instrument
from engine.names import Regime
from marketdata.feeds import Counts, FeedInfo, stored
from marketdata.feeds.live import Behind, Received
from marketdata.store import LiveJournal, TickStore
from tests.trading.days import DAY, TickFeed, planned, started, ticks, trade
from trading.explain.finding import explain
from trading.models import AuditEvent, Session, Trade
from trading.pipeline.market import Market
from trading.pipeline.start import begin, open_account
from trading.pipeline.stored import ORIGIN
from trading.pipeline.warming import text_of
from trading.player.runs import runs_of

pytestmark = pytest.mark.django_db(transaction=True)

NS = 10**9
HOUR = 3600 * NS


def warmed(hours=None, **words):
    """A day whose ticks up to so many hours after its first one only warm up; None: none of them.
    The run, and when the warm-up ended."""
    plan = planned(TickFeed([ticks()]), **words)
    market, start = started(plan)
    until = 0 if hours is None else market.first_ts + int(hours * HOUR)
    market = replace(market, warm_until=until)
    return asyncio.run(trade(plan, market, start)), until


def bars_of(run):
    return [event.bar for event in run.events if isinstance(event, BarClosed)]


def notices(run):
    return [
        notice for frame in run.frames for notice in frame["notices"]
        if notice["kind"] == "warmed_up"
    ]  # fmt: skip


def test_the_regime_and_confidence_that_were_reached_are_said():
    run, until = warmed(18)
    last = [bar for bar in bars_of(run) if bar.warm_up][-1]
    row = AuditEvent.objects.get(kind="warmed_up")
    assert row.payload["regime"] == Regime(last.reading.regime).name
    assert row.payload["confidence"] == pytest.approx(last.reading.confidence, abs=1e-4)
    assert row.payload["bars"] == last.index + 1
    assert row.payload["ticks"] == int((ticks().ts < until).sum())
    assert row.payload["until"] < until
    (notice,) = notices(run)
    assert notice["text"] == text_of(row.payload)
    assert f"{row.payload['regime']}, confidence {last.reading.confidence:.2f}" in notice["text"]


def test_nothing_of_the_warm_up_is_traded_and_what_follows_is_as_without_it():
    run, until = warmed(18)
    assert Trade.objects.exists(), "the rest of the day is to have trades"
    assert not Trade.objects.filter(ordered_ns__lt=until).exists()
    plain, _ = warmed()
    for ours, theirs in zip(bars_of(run), bars_of(plain), strict=True):
        assert ours.warm_up == (ours.end <= until)
        assert (ours.close, ours.delta, ours.reading) == (
            theirs.close, theirs.delta, theirs.reading,
        )  # fmt: skip
    first = min(e.trade.entry_ts for e in run.events if isinstance(e, TradeClosed))
    assert first >= until


def test_a_warm_up_too_short_for_a_bar_says_that_there_is_no_regime_yet():
    run, _ = warmed(0.01)
    (notice,) = notices(run)
    assert notice["text"].endswith("0 bars: no regime yet")
    payload = AuditEvent.objects.get(kind="warmed_up").payload
    assert (payload["regime"], payload["confidence"]) == ("", None)


def test_without_a_warm_up_nothing_is_said_of_one():
    run, _ = warmed()
    assert not AuditEvent.objects.filter(kind="warmed_up").exists()
    assert not notices(run)


def test_a_day_that_is_all_warm_up_says_where_it_ended():
    run, _ = warmed(30)
    assert AuditEvent.objects.get(kind="warmed_up").payload["ticks"] == len(ticks(DAY).ts)
    assert not Trade.objects.exists()
    assert run.outcome.status == "ended"


class Heard:
    """A live feed in memory: a replay up to an index, and what came after it."""

    def __init__(self, blocks, replayed):
        self.blocks, self.replayed = blocks, replayed
        self.info = FeedInfo(symbol="MES", contract="MESM4", source="databento live")
        self.counts = Counts()

    async def heard(self, may_roll):
        yield Behind(True)
        for number, block in enumerate(self.blocks):
            if number == self.replayed:
                yield Behind(False)
            yield Received(block)


def live_run(root, replayed):
    """A live session over a simulated day whose first blocks were replayed."""
    whole = stored(ticks())
    blocks = [whole.part(slice(at, at + 1_000)) for at in range(0, len(whole.ts), 1_000)]
    feed = Heard(blocks, replayed)
    plan = planned(TickFeed([]))
    account = open_account(plan)
    journal = LiveJournal(TickStore(root), instrument("MES"), lambda: feed.info)
    market = Market(
        info=feed.info, first_ts=int(whole.ts[0]), blocks=iter(()), warm_until=0, dropped=dict,
        origin=ORIGIN, journal=journal, live=feed,
    )  # fmt: skip
    run = asyncio.run(trade(plan, market, begin(plan, account, market)))
    return run, int(whole.ts[replayed * 1_000])


def test_a_live_session_is_explained_and_replayed_with_the_warm_up_that_it_had(data_dir):
    _, begins = live_run(data_dir / "ticks", 15)
    session = Session.objects.get()
    trades = list(Trade.objects.order_by("ordered_ns"))
    assert trades, "the rest of the day is to have trades"
    assert trades[0].ordered_ns >= begins
    (only,) = runs_of(session)
    assert begins - HOUR < only.warm_until <= begins
    for row in trades:
        explain(row.pk)  # ExplainError when the replay gives another trade
