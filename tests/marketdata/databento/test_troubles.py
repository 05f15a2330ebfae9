"""The real client against the local gateway, which misbehaves: what is heard is what was sent."""

from dataclasses import replace

import numpy as np
import pytest

from marketdata.feeds.live import Behind, Lost, Received, Silent
from tests.marketdata.databento.gateway import (
    H6,
    LISTED,
    NS,
    QUICK,
    SPREAD,
    Clock,
    Heardall,
    Tape,
    access,
    expected,
    listen,
    opened,
)
from tests.servers.databento_gateway import Gateway, Trouble


def connected(heard: Heardall) -> bool:
    return "connected" in heard.kinds() and bool(heard.of(Silent))


def ticks(count: int):
    return lambda heard: len(heard.ticks) >= count


def restored(count: int):
    return lambda heard: "restored" in heard.kinds() and len(heard.ticks) >= count


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def gateway(clock):
    with Gateway(LISTED, clock=clock) as gateway:
        yield gateway


def run_with(gateway, clock, trouble, *, before=60, after=40):
    """A connection with this trouble, then a good one: what was heard of `before + after`."""
    feed = opened(gateway, clock)
    gateway.troubles = [trouble]
    tape = Tape(clock)

    def publish(count):
        return lambda: gateway.publish(tape.next(count))

    heard = listen(
        feed,
        (connected, publish(before)),
        (lambda heard: bool(heard.of(Lost)), publish(after)),
        until=restored(before + after),
    )
    assert heard.ticks == expected(gateway.everything)
    return heard, feed


@pytest.mark.parametrize("what", ["close", "cut", "reset", "garbage", "silence", "error"])
def test_a_connection_that_ends_badly_loses_and_doubles_nothing(gateway, clock, what):
    heard, feed = run_with(gateway, clock, Trouble(after=25, what=what))
    assert feed.connections == 2
    (restored,) = [notice for notice in heard.notices if notice.kind == "restored"]
    assert 35 <= restored.details["ticks"] <= 100  # what came later came as it happened
    assert restored.details["seconds"] > 0
    lost = {"silence": "silence"}.get(what, "lost")
    (lost,) = [notice for notice in heard.notices if notice.kind == lost]
    assert lost.details["reason"] == {
        "close": "closed", "cut": "closed", "reset": "closed", "error": "closed",
        "garbage": "garbage", "silence": "silence",
    }[what]  # fmt: skip


def test_what_the_gateway_says_about_an_error_is_said(gateway, clock):
    trouble = Trouble(after=25, what="error", text="Internal error, ref 17")
    heard, _ = run_with(gateway, clock, trouble)
    (error,) = [notice for notice in heard.notices if notice.kind == "error"]
    assert (error.text, error.level) == ("Databento: Internal error, ref 17", "error")
    assert "Internal error, ref 17" in next(n.text for n in heard.notices if n.kind == "lost")


def test_a_packet_that_was_cut_in_two_by_the_loss_is_whole_afterwards(gateway, clock):
    """Trades 24, 25 and 26 share time and sequence, and 25 and 26 are alike in everything."""
    tape = Tape(clock)
    records = tape.next(60)
    for name in ("ts_event", "ts_recv", "sequence"):
        records[name][24:27] = records[name][24]
    for name in ("price", "size", "side"):
        records[name][25] = records[name][26]
    for after in (25, 26):
        gateway.tape.clear()  # of the market that was heard before
        feed = opened(gateway, clock)
        gateway.troubles = [Trouble(after=after, what="cut")]
        heard = listen(
            feed, (connected, lambda: gateway.publish(records)), until=restored(len(records))
        )
        assert heard.ticks == expected(records)


@pytest.mark.parametrize(
    "again", [Trouble(replay_more_ns=5 * NS), Trouble(replay_twice=True)], ids=["more", "twice"]
)
def test_a_replay_that_says_more_than_was_asked_doubles_nothing(gateway, clock, again):
    feed = opened(gateway, clock)
    gateway.troubles = [Trouble(after=50, what="cut"), again]
    tape = Tape(clock)
    heard = listen(
        feed, (connected, lambda: gateway.publish(tape.next(80))), until=restored(80), within=10
    )
    gateway.publish(tape.next(1))
    assert heard.ticks == expected(gateway.everything)[:80]
    assert feed.counts.dropped["duplicate"] >= 50


def test_trades_that_are_said_again_without_a_reconnect_are_left_out(gateway, clock):
    feed = opened(gateway, clock)
    tape = Tape(clock)
    first, more = tape.next(50), tape.next(30)
    heard = listen(
        feed,
        (connected, lambda: gateway.publish(first)),
        (ticks(50), lambda: gateway.publish(first[20:].copy())),
        (lambda heard: feed.counts.read == 80, lambda: gateway.publish(more)),
        until=ticks(80),
    )
    assert heard.ticks == expected(np.concatenate([first, more]))
    assert feed.counts.dropped == {"duplicate": 30}


def test_a_gateway_that_is_away_is_asked_again_until_it_is_back(gateway, clock):
    feed = opened(gateway, clock)
    tape = Tape(clock)

    def vanish():
        gateway.publish(tape.next(20))
        gateway.down()
        gateway.hang_up()

    def back():
        gateway.publish(tape.next(30))
        gateway.up()

    heard = listen(
        feed,
        (connected, vanish),
        (lambda heard: heard.kinds().count("lost") >= 3, back),
        until=restored(50),
    )
    assert heard.ticks == expected(gateway.everything)
    assert "cannot be reached" in [n for n in heard.notices if n.kind == "lost"][-1].text
    assert len(heard.of(Lost)) == 1


PATIENT = 20.0
"""Seconds for an answer that comes, however busy the machine is."""


@pytest.mark.parametrize(
    ("trouble", "says", "connect"),
    [
        (Trouble(what="refuse_key", text="API key deactivated"), "API key deactivated", PATIENT),
        (Trouble(what="hang"), "did not answer within", 1.0),
        (Trouble(what="babble"), "during the login", PATIENT),
    ],
)
def test_a_login_that_fails_while_trading_is_tried_again(gateway, clock, trouble, says, connect):
    feed = opened(gateway, clock, access=access(gateway, timing=replace(QUICK, connect=connect)))
    gateway.troubles = [Trouble(after=10, what="close"), trouble]
    tape = Tape(clock)
    heard = listen(feed, (connected, lambda: gateway.publish(tape.next(30))), until=restored(30))
    assert heard.ticks == expected(gateway.everything)
    assert any(says in notice.text for notice in heard.notices)


def test_a_burst_of_200_000_records_is_heard_whole(gateway, clock):
    feed = opened(gateway, clock)
    tape = Tape(clock)
    burst = tape.next(200_000)
    heard = listen(
        feed, (connected, lambda: gateway.publish(burst)), until=ticks(200_000), within=60
    )
    assert heard.ticks == expected(burst)
    assert feed.counts.used == 200_000


def test_a_slow_line_is_said_and_loses_nothing(gateway, clock):
    feed = opened(gateway, clock, access=access(gateway, timing=replace(QUICK, lag=0.2, look=0.1)))
    gateway.troubles = [Trouble(piece=400, pause=0.01)]
    tape = Tape(clock)
    heard = listen(
        feed,
        (connected, lambda: gateway.publish(tape.next(600))),
        until=lambda heard: len(heard.ticks) >= 600 and "slow" in heard.kinds(),
    )
    assert heard.ticks == expected(gateway.everything)


@pytest.mark.parametrize(("seconds", "words"), [(3, "behind"), (-3, "ahead")])
def test_a_clock_that_is_wrong_is_said_and_moves_no_tick(gateway, clock, seconds, words):
    feed = opened(gateway, clock)
    gateway.skew_ns = seconds * NS
    tape = Tape(clock)
    heard = listen(
        feed,
        (connected, lambda: gateway.publish(tape.next(20))),
        until=lambda heard: "clock" in heard.kinds() and len(heard.ticks) >= 20,
    )
    assert heard.ticks == expected(gateway.everything)
    (said,) = [notice for notice in heard.notices if notice.kind == "clock"]
    assert words in said.text
    assert abs(abs(said.details["seconds"]) - 3) < 1


def test_other_contracts_and_spreads_are_left_out_and_counted(gateway, clock):
    feed = opened(gateway, clock)
    tape = Tape(clock)
    ours, other, spread = tape.next(30), tape.next(20, H6.number), tape.next(10, SPREAD.number)
    together = np.concatenate([ours[:10], other, spread, ours[10:]])
    heard = listen(feed, (connected, lambda: gateway.publish(together)), until=ticks(30))
    assert heard.ticks == expected(together)
    assert feed.counts.dropped == {"other_contract": 20, "spread": 10}
    assert feed.counts.read == 60
    day = feed.desk.file.day(feed.day.day)
    assert day.volumes == {
        "MESZ5": int(ours["size"].sum()), "MESH6": int(other["size"].sum())
    }  # fmt: skip


def test_trades_that_are_none_are_left_out_and_counted(gateway, clock):
    feed = opened(gateway, clock)
    records = Tape(clock).next(12)
    records["price"][1] += 1
    records["price"][2] = 2**63 - 1
    records["size"][3] = 0
    records["ts_event"][4] = 2**64 - 1
    records["ts_event"][5] = records["ts_recv"][5] + 3600 * NS
    records["instrument_id"][6] = 999
    heard = listen(feed, (connected, lambda: gateway.publish(records)), until=ticks(6))
    good = np.delete(records, [1, 2, 3, 4, 5, 6])
    assert heard.ticks == expected(good)
    assert feed.counts.dropped == {"off_grid": 1, "price": 1, "size": 1, "time": 2}
    assert feed.counts.read == 11  # the gateway sends no instrument that was not asked for


def test_silence_of_the_market_is_no_silence_of_the_gateway(gateway, clock):
    feed = opened(gateway, clock)
    heard = listen(feed, until=lambda heard: len(heard.of(Silent)) > 60)
    assert heard.kinds() == ["connected"]
    times = [silent.ts for silent in heard.of(Silent)]
    assert times == sorted(times)
    assert abs(times[-1] - clock()) < NS


def test_while_it_is_lost_event_time_stands_still(gateway, clock):
    """A beat that overtook what is filled in later would make it late."""
    heard, _ = run_with(gateway, clock, Trouble(after=25, what="cut"))
    newest = 0
    missing = False
    for item in heard.items:
        match item:
            case Received(ticks):
                assert int(ticks.ts_event.min()) >= newest - NS
                newest = max(newest, int(ticks.ts_event.max()))
            case Lost() | Behind(True):
                missing = True
            case Behind(False):
                missing = False
            case Silent():
                assert not missing
