"""Before the first tick: what is refused, in one line that has no key in it."""

from dataclasses import replace

import pytest

from marketdata.errors import FeedError
from marketdata.feeds import StoredTicks
from marketdata.feeds.databento_live import Access
from marketdata.feeds.databento_live.symbols import Symbols, symbols
from marketdata.feeds.live import Behind, NewDay, Silent
from tests.marketdata.databento.gateway import (
    LISTED,
    NS,
    QUICK,
    Clock,
    Tape,
    access,
    expected,
    listen,
    opened,
)
from tests.servers.databento_gateway import KEY, Gateway, Trouble, dbn


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def gateway(clock):
    with Gateway(LISTED, clock=clock) as gateway:
        yield gateway


def refusal(*arguments, **words):
    with pytest.raises(FeedError) as caught:
        opened(*arguments, **words)
    text = str(caught.value)
    assert "\n" not in text
    assert KEY not in text
    assert KEY[-5:] not in text
    return text


def test_a_wrong_key_is_refused_at_once(gateway, clock):
    wrong = access(gateway, key="db-" + "x" * 29)
    assert "refused the key: Authentication failed.; set DATABENTO_API_KEY" in refusal(
        gateway, clock, access=wrong
    )


def test_a_gateway_that_tells_the_key_is_not_quoted(gateway, clock):
    gateway.troubles = [Trouble(what="refuse_key", text=f"{KEY} ({KEY[-5:]}) is not good")]
    assert "[key] ([key]) is not good" in refusal(gateway, clock)


def test_a_key_is_shown_by_nothing(gateway, clock, capfd, caplog):
    feed = opened(gateway, clock)
    gateway.troubles = [Trouble(after=5, what="garbage"), Trouble(what="refuse_key", text=KEY)]
    tape = Tape(clock)
    caplog.set_level("DEBUG")
    heard = listen(
        feed,
        (lambda heard: bool(heard.of(Silent)), lambda: gateway.publish(tape.next(9))),
        until=lambda heard: "restored" in heard.kinds(),
    )
    out = capfd.readouterr()
    everything = out.out + out.err + caplog.text + repr(heard.items) + repr(feed.access)
    assert KEY not in everything
    assert KEY[-5:] not in everything


def test_without_a_key():
    with pytest.raises(FeedError, match="no Databento key; set DATABENTO_API_KEY"):
        Access(key="")


def test_no_gateway_at_all(gateway, clock):
    gateway.down()
    assert "127.0.0.1" in (text := refusal(gateway, clock))
    assert "cannot be reached" in text


def test_a_host_that_is_not_known(gateway, clock):
    nowhere = replace(access(gateway), gateway="gateway.invalid")
    assert "gateway.invalid" in refusal(gateway, clock, access=nowhere)


def test_a_gateway_that_does_not_answer(gateway, clock):
    gateway.troubles = [Trouble(what="hang")] * 3
    slow = access(gateway, timing=replace(QUICK, connect=0.1))
    assert "did not answer within 0.1 s" in refusal(gateway, clock, access=slow)


def test_an_outage_at_the_start_that_is_over_soon_is_waited_out(gateway, clock):
    gateway.troubles = [Trouble(what="hang")]
    slow = access(gateway, timing=replace(QUICK, connect=0.1))
    assert opened(gateway, clock, access=slow).contract == "MESZ5"


def test_a_contract_that_the_gateway_does_not_know(gateway, clock):
    assert "Failed to resolve symbol: MESM9" in refusal(gateway, clock, "MESM9")


@pytest.mark.parametrize(
    ("contract", "says"),
    [("ESZ5", "ESZ5 is of ES, not MES"), ("MESZ5-MESH6", "none that can be traded"),
     ("MES", "none that can be traded")],
)  # fmt: skip
def test_a_contract_that_is_none_of_ours(contract, says):
    with pytest.raises(FeedError, match=says):
        symbols("MES", contract)


def test_what_is_asked_for():
    assert symbols("MES", None) == Symbols("MES.FUT", "parent")
    assert symbols("MES", "MES.v.0") == Symbols("MES.v.0", "continuous")
    assert symbols("MES", "MESZ5") == Symbols("MESZ5", "raw_symbol")


def test_one_contract_alone_can_be_traded(gateway, clock):
    feed = opened(gateway, clock, "MESH6")
    tape = Tape(clock)
    heard = listen(
        feed,
        (lambda heard: bool(heard.of(Silent)), lambda: gateway.publish(tape.next(9, 12))),
        until=lambda heard: len(heard.ticks) == 9,
    )
    assert feed.info.contract == "MESH6"
    assert heard.ticks == expected(gateway.everything, 12)
    assert {one["symbols"] for asked in gateway.asked for one in asked} == {"MESH6"}


def test_a_feed_that_is_to_begin_earlier_is_behind_until_it_has_caught_up(gateway, clock):
    tape = Tape(clock)
    early, late = tape.next(40, ts=clock() - 600 * NS), tape.next(30, ts=clock() - 60 * NS)
    gateway.publish(early)
    gateway.publish(late)
    feed = opened(gateway, clock, since=clock() - 300 * NS)
    heard = listen(feed, until=lambda heard: bool(heard.of(Silent)))
    assert heard.ticks == expected(late)
    assert [item.on for item in heard.of(Behind)] == [True, False]
    assert heard.items.index(heard.of(Behind)[1]) < heard.items.index(heard.of(Silent)[0])


def journalled(records):
    columns = list(zip(*expected(records), strict=True))
    import numpy as np

    kinds = (np.int64, np.int64, np.int32, np.int32, np.int8, np.int64)
    return [StoredTicks(*(np.array(c, k) for c, k in zip(columns, kinds, strict=True)))]


def test_a_process_that_is_started_again_goes_on_where_its_journal_ends(gateway, clock):
    tape = Tape(clock)
    records = tape.next(100, ts=clock() - 300 * NS)
    gateway.publish(records)
    for count in (1, 50, 51, 99, 100):
        feed = opened(gateway, clock, had=journalled(records[:count]))
        heard = listen(feed, until=lambda heard: bool(heard.of(Silent)))
        assert heard.ticks == expected(records[count:])


def test_a_journal_of_yesterday_is_completed_before_today_begins(gateway, clock):
    tape = Tape(clock)
    yesterday = tape.next(30, ts=clock() - 20 * 3600 * NS)
    today = tape.next(20, ts=clock() - 60 * NS)
    gateway.publish(yesterday)
    gateway.publish(today)
    feed = opened(gateway, clock, had=journalled(yesterday[:10]))
    assert feed.day.day.isoformat() == "2025-11-18"
    heard = listen(feed, until=lambda heard: bool(heard.of(Silent)))
    assert heard.ticks == expected(gateway.everything)[10:]
    (new,) = heard.of(NewDay)
    assert new.day.isoformat() == "2025-11-19"


def test_a_gap_longer_than_the_replay_is_said(gateway, clock):
    tape = Tape(clock)
    records = tape.next(10, ts=clock() - 30 * 3600 * NS)
    feed = opened(gateway, clock, had=journalled(records))
    heard = listen(feed, until=lambda heard: bool(heard.of(Silent)))
    (gap,) = [notice for notice in heard.notices if notice.kind == "gap"]
    assert gap.level == "error"
    assert "30 hours old" in gap.text


def test_sessions_halts_and_settlements_are_said_once(gateway, clock):
    feed = opened(gateway, clock)
    gateway.troubles = [Trouble(after=5, what="close")]
    tape = Tape(clock)
    scheduled = dbn.StatusReason.SCHEDULED

    def happen():
        gateway.state(11, dbn.StatusAction.TRADING, scheduled)
        gateway.state(11, dbn.StatusAction.HALT, dbn.StatusReason.REGULATORY)
        gateway.state(12, dbn.StatusAction.SUSPEND, scheduled)
        price, midnight = 6789_250_000_000, (clock() // (86_400 * NS)) * 86_400 * NS
        kind = dbn.StatType.SETTLEMENT_PRICE
        gateway.statistic(11, kind, price=price, reference=midnight, flags=1)
        gateway.statistic(12, kind, price=price, reference=midnight, flags=1)
        gateway.publish(tape.next(9))

    heard = listen(
        feed,
        (lambda heard: bool(heard.of(Silent)), happen),
        until=lambda heard: "restored" in heard.kinds() and bool(heard.of(Silent)),
    )
    said = [n.text for n in heard.notices if n.kind in ("market", "settlement")]
    assert said == [
        "MESZ5 trades (scheduled)",
        "MESZ5 is halted (regulatory)",
        "MESZ5 settled at 6789.25 for 2025-11-19",
    ]
    assert feed.desk.news.state["MESZ5"] == "HALT"
