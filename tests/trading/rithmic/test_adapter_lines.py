"""The line: how it comes, how it is known to be lost, and what is made up for when it is back."""

import asyncio
import contextlib
import logging
from dataclasses import replace

import pytest

from engine.commands import ReportCancelled, ReportDifference, ReportLink
from engine.events import Fill
from tests.servers.rithmic import MES, Contract, RithmicServer
from tests.trading.rithmic.conftest import until
from tests.trading.rithmic.desk import QUICK, TRADE, access_of, desk_at, sent
from trading.brokers.adapter import BrokerError
from trading.brokers.rithmic.access import Timing
from trading.brokers.rithmic.adapter import RithmicAdapter
from trading.brokers.rithmic.contracts import Contracts
from trading.brokers.rithmic.keeping import Waits

IMPATIENT = replace(QUICK, silence=0.4)


async def test_only_orders_and_positions_are_logged_in_to(server):
    async with desk_at(server) as desk:
        await until(lambda: desk.adapter.money.up)
        assert server.logins == [2, 4]
        assert [link.up for link in desk.of(ReportLink)] == [True]


async def test_it_says_goodbye_when_it_ends(server):
    async with desk_at(server) as desk:
        await until(lambda: desk.adapter.money.up)
    await until(lambda: not server._sessions)
    assert not desk.adapter.up


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        ({"password": "wrong-word"}, "refused the login: permission denied"),
        ({"system": "Elsewhere"}, "refused the login: unknown system 'Elsewhere'"),
        ({"account": "SIM-9"}, "RITHMIC_ACCOUNT is SIM-9, and the login has SIM-1"),
    ],
)
async def test_what_can_never_work_ends_it_with_the_reason(server, wrong, reason):
    async with desk_at(server, wait=False, **wrong) as desk:
        with pytest.raises(BrokerError, match=reason):
            await desk.task


async def test_a_certificate_that_is_not_trusted_is_named_with_its_remedy(server):
    async with desk_at(server, wait=False, ca_file="") as desk:
        (link,) = await desk.has(ReportLink)
        assert not link.up
        assert "certificate that is not trusted" in link.reason
        assert "RITHMIC_CA_FILE" in link.reason


async def test_a_server_that_is_not_there_is_tried_until_it_is(server):
    await server.stop()
    async with desk_at(server, wait=False) as desk:
        (link,) = await desk.has(ReportLink)
        assert not link.up
        assert "cannot be reached" in link.reason
        await server.start()
        await desk.up_again()
        assert [link.up for link in desk.of(ReportLink)] == [False, True]


@pytest.mark.parametrize("how", ["cut", "hang_up", "force_logout"])
async def test_a_line_that_is_lost_is_told_once_and_comes_back(server, how):
    async with desk_at(server) as desk:
        getattr(server, how)(2)
        await desk.up_again()
        assert [link.up for link in desk.of(ReportLink)] == [True, False, True]
        assert desk.of(ReportLink)[1].reason


async def test_a_server_that_hangs_is_noticed_by_its_silence(server):
    async with desk_at(server, IMPATIENT) as desk:
        server.hang()
        await until(lambda: not desk.adapter.up)
        assert "hangs" in desk.adapter.why or desk.adapter.why
        server.hang(False)
        await desk.up_again()
        assert "Rithmic hangs" in desk.of(ReportLink)[1].reason


async def test_a_server_that_does_not_answer_the_handshake_is_tried_again(server):
    server.hang(handshakes=False)
    async with desk_at(server, replace(QUICK, connect=0.5), wait=False) as desk:
        (link,) = await desk.has(ReportLink)
        assert not link.up
        assert "did not answer within 0.5 s" in link.reason
        server.calm()
        await until(lambda: desk.adapter.up)


async def test_a_login_that_is_refused_later_is_tried_again(server):
    """Rithmic may still count the session that was just lost."""
    async with desk_at(server) as desk:
        await until(lambda: desk.adapter.money.up)
        server.trouble("refuse", on="login", text="too many sessions", times=2)
        server.cut(2)
        await desk.up_again()
        assert not desk.task.done()


async def test_a_second_line_that_is_refused_is_tried_again_beside_the_first(server):
    async with desk_at(server, wait=False) as desk:
        await until(lambda: server.logins)
        server.trouble("refuse", on="login", text="too many sessions", times=2)
        await until(lambda: desk.adapter.money.up)
        assert desk.adapter.up
        assert [link.up for link in desk.of(ReportLink)] == [True]


@pytest.mark.parametrize("what", ["garbage", "half_frame"])
async def test_what_cannot_be_read_ends_the_line_for_it_may_have_been_a_fill(server, what):
    async with desk_at(server) as desk:
        server.babble(what, 2)
        await desk.up_again()


async def test_a_message_of_a_kind_that_is_not_known_is_skipped(server):
    async with desk_at(server) as desk:
        server.babble("unknown_template", 2)
        await desk.entered()
        assert [link.up for link in desk.of(ReportLink)] == [True]


async def test_a_message_that_breaks_us_ends_the_line_instead_of_going_deaf(server, monkeypatch):
    async with desk_at(server) as desk:
        taken = desk.adapter.book.take

        def take(notice):
            monkeypatch.setattr(desk.adapter.book, "take", taken)
            raise ValueError("a bug of ours")

        monkeypatch.setattr(desk.adapter.book, "take", take)
        with contextlib.suppress(BrokerError):
            await desk.enter()
        await desk.up_again()
        assert "a bug of ours" in desk.of(ReportLink)[1].reason
        await desk.filled("E")


async def test_the_order_line_stands_when_the_one_of_positions_is_lost(server):
    async with desk_at(server) as desk:
        await until(lambda: desk.adapter.money.up)
        server.cut(4)
        await until(lambda: desk.adapter.money.generation == 2)
        assert desk.adapter.up
        assert [link.up for link in desk.of(ReportLink)] == [True]
        assert (await desk.adapter.state()).positions == {}


# What happened meanwhile


async def test_fills_of_an_outage_are_told_before_the_line_is_said_to_be_there(server):
    async with desk_at(server) as desk:
        await desk.entered()
        server.refuse()
        server.cut()
        await until(lambda: not desk.adapter.up)
        server.trade("MESZ6", "5006.25")
        await server.start()
        await desk.up_again()
        assert desk.fills() == [("E", 2, 20000), ("T", 2, 20024)]
        kinds = [word for word in desk.words if isinstance(word, Fill | ReportLink)]
        assert isinstance(kinds[-1], ReportLink)
        ended = [word.order_id for word in desk.of(ReportCancelled)]
        assert ended == [f"{TRADE}-S"]


async def test_an_entry_that_filled_in_parts_during_an_outage_is_filled_before_it_ends(server):
    server.exchange.market = "next"
    server.trouble("split", on="entry", sizes=(1, 1))
    async with desk_at(server) as desk:
        await desk.enter()
        await until(lambda: server.exchange.working)
        server.refuse()
        server.cut()
        await until(lambda: not desk.adapter.up)
        server.trade("MESZ6", "5000")
        (entry,) = [each for each in server.exchange.working.values() if each.tag]
        server.cancel(entry.basket)
        await server.start()
        await desk.up_again()
        words = [
            word
            for word in desk.words
            if isinstance(word, Fill | ReportCancelled) and word.order_id.endswith("E")
        ]
        assert [type(word) for word in words] == [Fill, ReportCancelled]


async def test_a_fill_that_was_not_told_and_one_told_late_are_each_one_fill(server):
    async with desk_at(server) as desk:
        server.trouble("lose_fill", on="fill")
        await desk.enter()
        await desk.legs()
        assert not desk.fills()
        state = await desk.adapter.state()  # as the reconciliation asks every minute
        await desk.filled("E")
        assert desk.fills() == [("E", 2, 20000)]
        assert [each.id for each in state.executions] == [fill.id for fill in desk.of(Fill)]


async def test_a_second_process_tells_the_same_words_of_the_same_fills(server):
    async with desk_at(server) as first:
        await first.entered()
    server.trade("MESZ6", "5006.25")
    async with desk_at(server) as second:
        await second.filled("T")
        assert second.of(Fill)[:1] == first.of(Fill)
        assert second.position == 0
        await second.up_again(0)
        assert not second.of(ReportDifference)


async def test_a_second_process_can_close_what_the_first_opened(server):
    async with desk_at(server) as first:
        await first.entered()
        await first.amend(19990)
    async with desk_at(server) as second:
        (stop,) = second.adapter.book.working(f"{TRADE}-S")
        assert stop.price == 4997.5
        await second.leave()
        await second.filled("X")
        assert second.position == 0
        assert len(sent(server, 330)) == 1


async def test_a_word_that_could_not_be_given_is_given_by_the_next_run(server):
    adapter = RithmicAdapter(access_of(server), Contracts("MESZ6"), ("MES",))
    words = []

    async def fails(word):
        raise RuntimeError("the pipeline is full")

    async def takes(word):
        words.append(word)

    with pytest.raises(RuntimeError, match="the pipeline is full"):
        await adapter.run(fails)
    running = asyncio.create_task(adapter.run(takes))
    await until(lambda: len(words) == 2)
    assert [word.up for word in words] == [True, True]  # of the first run, and of this one
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


# Contracts


async def test_a_contract_with_another_tick_is_not_traded():
    odd = Contract(symbol="MESZ6", product="MES", tick=MES.tick * 2)
    async with RithmicServer([odd]) as server, desk_at(server) as desk:
        server.trade("MESZ6", "5000")
        with pytest.raises(BrokerError, match=r"MESZ6 has ticks of 0\.5"):
            await desk.enter()
        assert not sent(server, 330)


async def test_a_contract_that_rithmic_does_not_have_is_not_traded(server):
    async with desk_at(server) as desk:
        desk.adapter.contracts.follow("MESH7")
        with pytest.raises(BrokerError, match="Rithmic does not know MESH7 at CME"):
            await desk.enter()


async def test_a_price_that_is_off_the_grid_is_a_difference_and_never_rounded():
    odd = Contract(symbol="MESZ6", product="MES", tick=MES.tick / 5)
    async with RithmicServer([odd]) as server, desk_at(server) as desk:
        server.trade("MESZ6", "5000.05")
        desk.adapter.ordering.fit["MESZ6"] = ""  # somebody looked away
        await desk.enter()
        (word,) = await desk.has(ReportDifference)
        assert "5000.05 is off the grid of MESZ6" in word.reason
        assert not desk.fills()


async def test_without_a_contract_it_can_be_asked_and_flattened_but_not_entered(server):
    adapter = RithmicAdapter(access_of(server), Contracts())
    running = asyncio.create_task(adapter.run(lambda word: asyncio.sleep(0)))
    await until(lambda: adapter.up)
    server.manual_order("SIM-1", "MESZ6", 1, 2)
    assert (await adapter.state()).positions == {"MESZ6": 2}
    assert adapter.contract("MES") == ""
    await adapter.flatten_all()
    assert server.exchange.position("SIM-1", "MESZ6").net == 0
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


# Waiting


def test_the_first_attempt_is_at_once_and_the_others_ever_later():
    waits = Waits(Timing(), lambda low, high: 1.0)
    assert [waits.next() for _ in range(8)] == [0, 0.5, 1, 2, 4, 8, 10, 10]


def test_attempts_are_spread_and_stay_below_the_longest():
    waits = Waits(Timing(), lambda low, high: high)
    assert [waits.next() for _ in range(7)] == [0, 0.625, 1.25, 2.5, 5, 10, 10]


def test_a_line_that_held_begins_the_waits_anew_and_one_that_did_not_goes_on():
    waits = Waits(Timing(), lambda low, high: 1.0)
    waits.next()
    waits.lived(3.0)
    assert waits.next() == 0.5
    waits.lived(31.0)
    assert waits.next() == 0


# Secrets


async def test_no_log_and_no_error_has_the_password_or_the_user_in_it(caplog, capfd):
    """Also not what the library logs: a refused login, a broken line, a server that hangs."""
    caplog.set_level(logging.DEBUG)
    user, password = "someone@example.com", "correct-horse-battery"
    async with RithmicServer(user=user, password=password) as server:
        server.trade("MESZ6", "5000")
        async with desk_at(server, IMPATIENT) as desk:
            await desk.entered()
            server.cut()
            await desk.up_again()
            server.trouble("refuse", on="query", text=f"{user} {password} has no rights")
            with pytest.raises(BrokerError) as caught:
                await desk.adapter.find("nothing")
            said = [str(caught.value), repr(desk.adapter.access), repr(desk.adapter.orders.plant)]
            said += [repr(word) for word in desk.words]
        async with desk_at(server, wait=False, password=password + "!") as desk:
            with pytest.raises(BrokerError) as caught:
                await desk.task
            said.append(str(caught.value))
    out, err = capfd.readouterr()
    everything = "\n".join([*said, caplog.text, out, err])
    assert password not in everything
    assert user not in everything
    assert "correct" not in everything


async def test_the_librarys_own_lines_come_through_us_without_credentials(server, caplog):
    async with desk_at(server) as desk:
        password = desk.adapter.access.password
        logging.getLogger("rithmic.plant.order").error("request={'password': '%s'}", password)
        try:
            raise RuntimeError(f"nothing works for {password}")
        except RuntimeError:
            logging.getLogger("rithmic").exception("Failed to connect")
    assert "'password': '[hidden]'" in caplog.text
    assert "nothing works for [hidden]" in caplog.text
    assert "Traceback" not in caplog.text
