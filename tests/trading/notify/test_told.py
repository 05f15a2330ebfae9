"""What the trader hears when the real pipeline goes through it: read where it arrives."""

import asyncio
import threading
from collections import Counter
from dataclasses import replace
from decimal import Decimal

import pytest

from marketdata.errors import FeedError
from marketdata.feeds.live import Notice as FeedNotice
from tests.trading.days import (
    DAY,
    LOSSES,
    NEXT_DAY,
    TickFeed,
    planned,
    run_day,
    started,
    ticks,
    trade,
)
from tests.trading.journal.processes import live as process
from tests.trading.journal.test_recording import store_of
from tests.trading.live_run import LiveRun
from trading.commands import request_command
from trading.errors import StartError
from trading.models import Account, Delivery, Notice, Session, Tier, Trade
from trading.parity.report import parity_of
from trading.pipeline import run as running
from trading.pipeline.market import recorded
from trading.pipeline.options import Options, plan
from trading.pipeline.stream import part
from trading.steering.direct import kept
from trading.templatetags.pages import money, signed_money

pytestmark = pytest.mark.django_db(transaction=True)


def kinds():
    return Counter(Notice.objects.values_list("kind", flat=True))


def run_with(settings=None, *, blocks=None, made=None, **words):
    """A pipeline over a day; `blocks` in place of its ticks."""
    wanted = planned(TickFeed([ticks()]), settings, **words)
    market, start = started(wanted)
    if blocks is not None:
        market = replace(market, blocks=blocks(start))
    return asyncio.run(trade(wanted, market, start, made=made))


@pytest.fixture
def all_of(discord, deliverer, clock):
    """Deliver everything, and find messages by how their title begins."""
    discord.limited = False

    def found(beginning=""):
        deliverer._closing.set()  # a storm is not waited for
        while deliverer.deliver_once():
            clock.advance(2)
        return [post for post in discord.posts if post.title.startswith(beginning)]

    return found


@pytest.fixture(autouse=True)
def one_message_each(monkeypatch):
    """Tests of grouping are elsewhere."""
    monkeypatch.setattr("trading.notify.grouping.MANY", 1_000)


# A day on paper


def test_a_day_is_told_from_its_start_to_its_end(all_of):
    run_day()
    messages = all_of()
    (session,), trades = Session.objects.all(), list(Trade.objects.order_by("entry_ns"))
    assert len(trades) > 2
    titles = [message.title for message in messages]
    assert titles[0] == f"MES session of {DAY} started"
    assert messages[0].facts["Market"] == "MES MESM4, memory"
    assert messages[0].facts["Configuration"] == f"defaults, rules {session.rules_digest}"
    assert messages[0].facts["Balance"] == "2,500.00"
    assert "risk.profit_target=5000" in messages[0].facts["Other than the defaults"]
    for row in trades:
        way, (opened,) = row.get_direction_display(), all_of(f"Opened {row_way(row)}")
        assert opened.facts["Entry"] == f"{row.entry_price:.2f}"
        assert opened.facts["Stop"].startswith(f"{row.stop:.2f} (−$")
        assert opened.facts["Target"].startswith(f"{row.target:.2f} (+$")
        assert opened.facts["Pattern"].upper().replace(" ", "_") == row.pattern
        assert f"(confidence {row.signal.confidence:.2f})" in opened.embed["description"]
        assert f"strength {row.signal.strength:.2f}" in opened.embed["description"]
        net = signed_money(row.net).replace("−", "−$").replace("+", "+$")
        reason = row.exit_reason.replace("_", " ")
        (closed,) = all_of(f"Closed {way} {row.size} MES: {net} ({reason})")
        assert closed.facts["Balance"] == money(row.balance)
        assert titles.index(opened.title) < titles.index(closed.title)
    (over,) = all_of("MES session over")
    assert over.title.endswith(f"{signed_money(session.net)} in {session.trades_closed} trades")
    (flat,) = all_of("Auto-flatten")
    assert flat.embed["footer"]["text"].startswith("Wed 12 Jun 2024 15:55:00 New York · paper-MES")
    assert len(all_of("Loss limit reached")) == 1
    assert set(Delivery.objects.values_list("status", flat=True)) == {"sent"}


def row_way(row):
    return f"{row.get_direction_display()} {row.size} MES at {row.entry_price:.2f}"


def test_profit_target_and_tiers_are_told(all_of):
    Tier.objects.all().delete()
    for number, least in enumerate((0, 2460, 2520)):
        Tier.objects.create(
            name=f"T{number}", min_balance=least, min_size=1, max_size=3, loss_limit=5000
        )
    run_with({"risk.profit_target": "15"})
    assert all_of("Tier T1 → T0")
    run_day(NEXT_DAY, settings={"risk.profit_target": "10"}, account="other")
    assert len(all_of("Profit target reached")) == 1


def test_a_session_that_fails_says_why(all_of):
    wanted = planned(TickFeed([part(ticks(), 0, 3_000)], fails=FeedError("the file is torn")))
    market, start = started(wanted)
    asyncio.run(trade(wanted, market, start))
    (failed,) = all_of("MES session failed")
    assert failed.embed["description"] == "the file is torn"


def test_a_start_that_is_refused_is_told_once_a_day(all_of, monkeypatch):
    def refuse(*_):
        raise StartError("no preflight has passed today; run manage.py preflight")

    monkeypatch.setattr(running, "prepare", refuse)
    wanted = planned(TickFeed([ticks()]))
    for _ in range(3):
        with pytest.raises(StartError), running.told_if_refused(wanted):
            running._run_alone(wanted, None, print, None, running.KillSwitch(), None)
    (message,) = all_of()
    assert message.title == "MES was not started: account paper-MES"
    assert message.embed["description"].startswith("no preflight has passed today")


def test_people_are_told_of_halts_of_resuming_and_of_the_kill(all_of):
    answered = threading.Event()

    def blocks(start):
        account = start.session.account
        for kind in ("halt", "resume", "kill"):
            request_command(account, kind, reason=f"{kind} it")
        yield part(ticks(), 0, 5_000)
        answered.wait(60)
        yield part(ticks(), 5_000, 6_000)

    def made(pipeline):
        again = pipeline.answers.take

        def take(events, status):
            again(events, status)
            if any(getattr(event, "kind", "") == "Kill" for event in events):
                answered.set()

        pipeline.answers.take = take

    run_with(blocks=blocks, made=made)
    assert answered.is_set()  # within the feed's thread it would only be a feed that failed
    assert all_of("Halted: no entries until somebody resumes")
    assert all_of("No longer halted: operator")
    (kill,) = all_of("Kill switch: everything is closed")
    assert kill.embed["color"] == 0xB4121B


def test_a_feed_that_was_lost_is_told_once_and_with_its_time_when_it_is_back(all_of):
    def said(kind, text, **details):
        return FeedNotice(ts=0, kind=kind, text=text, level="warning", details=details)

    def made(pipeline):
        tell = pipeline.news.tell
        tell(said("lost", "Databento is lost: reset", reason="reset", attempts=1))
        tell(said("lost", "Still without Databento", reason="reset", attempts=2))
        tell(said("lost", "Still without Databento", reason="reset", attempts=8))
        tell(said("restored", "Databento is back", seconds=95.2, ticks=31))
        tell(said("restored", "Databento is back", seconds=95.2, ticks=31))

    run_with(made=made)
    assert [m.embed["description"] for m in all_of("The market's feed is lost")] == [
        "Databento is lost: reset", "Still without Databento",
    ]  # fmt: skip
    assert len(all_of("The market's feed is back after 1 min 35 s")) == 1


def test_a_market_without_ticks_is_told_when_that_lasts(all_of):
    whole = ticks()
    gap = (whole.ts > 1718206000 * 10**9) & (whole.ts < 1718206150 * 10**9)
    quiet = type(whole)(*(column[~gap] for column in whole))
    wanted = planned(TickFeed([quiet]))
    asyncio.run(trade(wanted, *started(wanted)))
    assert len(all_of("No ticks: nothing is entered")) == 1
    assert len(all_of("Ticks again after 2 min")) == 1


def test_a_warm_up_tells_nothing_but_that_it_is_over(all_of):
    wanted = planned(TickFeed([ticks()]))
    _, start = started(wanted)
    warm = recorded(wanted.feed, continued=(0, int(ticks().ts[-1]) + 1))
    asyncio.run(trade(wanted, warm, start))
    assert Session.objects.get().trades_closed == 0
    assert set(kinds()) <= {"session_started", "warmed_up", "session_over"}


def test_what_a_warm_up_came_to_is_told(all_of):
    wanted = planned(TickFeed([ticks()]))
    _, start = started(wanted)
    warm = recorded(wanted.feed, continued=(0, 1718208000 * 10**9))
    asyncio.run(trade(wanted, warm, start))
    (message,) = all_of("Warmed up: ")
    assert "confidence 0." in message.title
    assert message.facts["Regime"]
    assert "ticks" in message.facts["Heard"]


def test_a_parity_that_fails_is_told(all_of):
    run_day()
    parity_of(DAY)
    (message,) = all_of(f"Parity of {DAY}: could not be compared")
    assert "no journal is kept" in message.embed["description"]


def test_notices_cost_a_flush_two_or_three_questions_and_none_without_news(all_of):
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    from trading.pipeline.recorder import Recorder
    from trading.pipeline.store import Flush

    start = started(planned(TickFeed([ticks()])))[1]

    def asked(kind):
        recorder = Recorder(start.session)
        recorder.note(kind, {"before": "a", "after": "b", "balance": "1"})
        with CaptureQueriesContext(connection) as queries:
            Flush(recorder).run()
        return [query["sql"] for query in queries if "notice" in query["sql"] + "delivery"]

    assert [sql for sql in asked("order_sent") if "trading_notice" in sql] == []
    told = [sql for sql in asked("tier_changed") if "_notice" in sql or "_delivery" in sql]
    assert [sql.split()[0] for sql in told] == ["SELECT", "INSERT", "INSERT"]


# With real money


@pytest.fixture
def live(monkeypatch, discord):
    return LiveRun(monkeypatch)


def test_a_lost_line_to_the_broker_and_its_return_are_told(live, all_of):
    async def script(live):
        await live.opened()
        await live.broker.link(False)
        await live.until(lambda: not live.facts["up"])
        await live.broker.link(True)
        await live.until(lambda: live.facts["up"] and live.facts["reconciled"] is not None)
        live.more()

    live.go(script)
    assert len(all_of("The line to the broker is lost")) == 1
    assert len(all_of("The line to the broker is back after")) == 1


def test_the_kill_switch_at_a_broker_is_told_with_what_it_closed(live, all_of):
    async def script(live):
        await live.opened()
        live.switch.pull()
        await live.until(lambda: live.status.position is None)
        live.more()

    live.go(script)
    assert len(all_of("Kill switch: everything is closed")) == 1
    assert len(all_of("Opened")) == 1
    assert len(all_of("Closed")) == 1
    assert all_of("Closed")[0].title.endswith("(kill)")


def test_what_the_broker_has_otherwise_is_told(live, all_of):
    async def script(live):
        await live.opened()
        live.broker.positions["MESM4"] += 3
        await live.until(lambda: "difference" in live.status.halts)
        live.more()

    live.go(script)
    (found,) = all_of("The broker has otherwise: position differs")
    assert {"Of", "Ours", "Theirs", "Done"} <= found.facts.keys()
    assert all_of("Halted: the broker has other than we believe")


def test_an_order_that_is_rejected_is_told(live, all_of):
    live.broker.faults.append("refuse")
    live.made = lambda pipeline: setattr(pipeline.writer.recorder.session, "mode", "live")

    async def script(live):
        await live.until(lambda: live.pipeline is not None and live.facts["reconciled"])
        live._trade.set()
        await live.until(lambda: not live.broker.faults)
        await live.until(lambda: live.status.waiting is None)
        live.more()

    live.go(script)
    (message,) = all_of("An order was rejected: paper-MES-20240612-001")
    assert message.embed["description"].lower().startswith("not today")


def test_a_margin_that_is_too_high_is_told_once(live, all_of):
    live.broker.margins["MES"] = Decimal(52)

    async def script(live):
        await live.until(lambda: live.pipeline is not None and live.facts["reconciled"])
        live._trade.set()
        await live.until(lambda: "margin" in live.status.halts)
        live.more()

    live.go(script)
    (message,) = all_of("Not trading today: the margin is too high")
    assert "52" in message.embed["description"]


def test_what_was_closed_past_the_engine_is_told_also_without_a_database(
    discord, all_of, monkeypatch
):
    from django.db import OperationalError

    run_day()
    account = Account.objects.get()
    kept(account, "ann", "a fire", "flat at the broker, verified, after 3 s")
    (message,) = all_of("Closed at the broker, past the engine")
    assert message.facts == {"By": "ann", "Reason": "a fire"}

    def away(*_, **__):
        raise OperationalError("away")

    with monkeypatch.context() as patch:
        patch.setattr("trading.steering.direct.current_session", away)
        patch.setattr("trading.notify.outbox.keep", away)
        assert "the audit event" in kept(account, "bob", "a flood", "flat")
    assert [m.facts["By"] for m in all_of("Closed at the broker")] == ["ann", "bob"]


# Crashes and replays


def test_killed_again_and_again_it_tells_what_it_would_have_and_nothing_twice(
    monkeypatch, all_of, data_dir
):
    def wanted():
        asked = {"feed": "store", "symbol": "MES", "speed": "max", "date": f"{DAY}"}
        return plan(Options(**asked, settings=LOSSES))

    def told():
        once = ("session_started", "restarted", "warmed_up", "session_over")
        rows = Notice.objects.exclude(kind__in=once)
        return sorted(rows.values_list("kind", "title", "ts"))

    store_of(DAY)
    monkeypatch.setattr("trading.pipeline.stream.SLICE_TICKS", 3_000)
    process(monkeypatch, wanted())
    whole = told()
    assert len(whole) > 6
    from tests.trading.journal.rows import forget
    from trading.journal import files

    Notice.objects.all().delete()
    forget()
    Account.objects.all().delete()
    for path in files.paths("paper-MES"):
        path.unlink()
    deaths = 0
    while True:
        life = process(monkeypatch, wanted(), die_at=3, flushes=bool(deaths % 2))
        if life.outcome is not None:
            break
        deaths += 1
    assert deaths >= 2
    assert told() == whole
    assert kinds()["restarted"] == deaths
    messages = all_of()
    assert len(messages) == Notice.objects.count()
    assert Delivery.objects.exclude(status="sent").count() == 0
