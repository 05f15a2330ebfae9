"""A pipeline whose database is away: the trader hears of it, and of everything, from files."""

import pytest
from django.db import DataError, OperationalError

from tests.trading.days import TickFeed, planned, said, started, ticks
from trading.models import AuditEvent, Notice, Trade
from trading.notify import delivery, outbox, spool
from trading.pipeline import store
from trading.pipeline.away import TOLD_AFTER_S
from trading.pipeline.recorder import Recorder
from trading.pipeline.writer import Writer

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def away(monkeypatch):
    state = {"away": False}
    real, brought = store.transaction.atomic, delivery.bring_in

    def atomic(*args, **kwargs):
        if state["away"]:
            raise OperationalError("the database is away")
        return real(*args, **kwargs)

    def bring_in():
        if state["away"]:
            raise OperationalError("the database is away")
        return brought()

    monkeypatch.setattr(store.transaction, "atomic", atomic)
    monkeypatch.setattr(delivery, "bring_in", bring_in)
    return state


@pytest.fixture
def start(discord):
    return started(planned(TickFeed([ticks()])))[1]


@pytest.fixture
def writer(start, clock):
    return Writer(Recorder(start.session), clock=clock)


def write(writer, clock):
    writer.collect(0)
    clock.advance(20)
    return writer.flush()


def test_all_of_it_is_told_without_a_database_and_once(
    discord, deliver, start, writer, clock, away
):
    discord.limited = False
    writer.take(said(start), None)
    away["away"] = True
    assert not write(writer, clock)
    assert spool.waiting() == [], "it may be back in a moment"
    assert not write(writer, clock)
    deliver(3)
    assert "The database is lost" in discord.titles
    assert "Loss limit reached: flat, no more entries today" in discord.titles
    told = [title for title in discord.titles if title.endswith((" trade opened", " trade closed"))]
    away["away"] = False
    assert write(writer, clock)
    deliver(40)
    (back,) = [title for title in discord.titles if title.startswith("The database is back")]
    assert back == "The database is back after 46 s"
    trades = Trade.objects.filter(status="closed").count()
    assert told == [f"{trades} × trade opened", f"{trades} × trade closed"]
    assert Notice.objects.filter(kind="trade_opened").count() == trades
    assert len(set(discord.titles)) == len(discord.titles), "nothing twice"
    assert spool.waiting() == []


def test_a_database_that_is_locked_for_a_moment_is_no_news(discord, writer, clock, away):
    writer.note("tier_changed", {"before": "a", "after": "b", "balance": "1"})
    away["away"] = True
    writer.collect(0)
    clock.advance(1)
    assert not writer.flush()
    clock.advance(TOLD_AFTER_S - 2)
    assert not writer.flush()
    away["away"] = False
    clock.advance(5)
    assert writer.flush()
    assert Notice.objects.filter(kind="tier_changed").count() == 1
    assert not Notice.objects.filter(kind__startswith="connection").exists()
    assert outbox.woken.is_set()


def test_a_notice_that_the_database_refuses_takes_no_row_and_no_other_notice_with_it(
    discord, writer, clock, monkeypatch
):
    real = outbox.write

    def write_all(notices):
        if any(notice.level == "warning" for notice in notices):
            raise DataError("value too long for type character varying(10)")
        real(notices)

    monkeypatch.setattr(outbox, "write", write_all)
    writer.note("order_unknown", {"text": "first", "level": "error"})
    writer.note("order_unknown", {"text": "second", "level": "warning"})
    writer.note("order_unknown", {"text": "third", "level": "error"})
    assert write(writer, clock)
    assert AuditEvent.objects.filter(kind="order_unknown").count() == 3
    told = Notice.objects.filter(kind="order_trouble").order_by("pk")
    told = list(told.values_list("text", flat=True))
    assert told == ["First", "Third"]
    assert writer.stats.refused == 1


@pytest.mark.parametrize("text", ["half an emoji \ud83d", "a \x00 in it"])
def test_text_that_no_database_takes_is_told_without_it(discord, deliver, away, text):
    news = outbox.News(kind="test", key=f"test/{text}", title=text, facts=[(text, text)])
    outbox.post(news)
    spool.keep([news])
    deliver(3)
    assert len(discord.posts) == 1, "the file brings the same news"
    assert spool.waiting() == []
