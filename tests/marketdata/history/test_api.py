"""The client: what it asks again, how it says what went wrong, and what it never says."""

import logging
import socket
import threading

import numpy as np
import pytest

from marketdata.errors import HistoryError
from marketdata.history import api as module
from marketdata.history.api import Broken, Busy, HistoryApi, Span
from tests.servers.databento_history import KEY, NS, Answer, Cut, Slow, trades

START = 1_750_000_000 * NS
SPAN = Span("MESZ5", START, START + 600 * NS)
COUNT, GET = "metadata.get_record_count", "timeseries.get_range"


@pytest.fixture
def market(server):
    server.add("MESZ5", 101, trades(101, START + NS * np.arange(300), 6000 * NS))
    return server


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 504])
def test_what_is_free_is_asked_again_while_the_server_is_busy(market, api, status):
    market.misbehave(COUNT, Answer(status, "not now"), Answer(status, "not now"))
    assert api.records(SPAN) == 300
    assert len(market.asked(COUNT)) == 3


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (Answer(400, "bad start"), "400 .*bad start"),
        (Answer(402, "Account out of funds", "account_insufficient"), "402 .*add funds"),
        (Answer(403, "No licence", "license_required"), "403 .*account may not have this"),
        (Answer(422, "Wrong range", "data_time_range"), "422 data_time_range Wrong range"),
    ],
)
def test_what_was_refused_is_not_asked_again(market, api, answer, words):
    market.misbehave(COUNT, answer)
    with pytest.raises(HistoryError, match=words) as error:
        api.records(SPAN)
    assert not isinstance(error.value, Busy)
    assert len(market.asked(COUNT)) == 1
    assert "\n" not in str(error.value)


def test_a_download_is_asked_again_only_when_the_answer_was_an_error(market, api, tmp_path):
    market.misbehave(GET, Answer(429, "slow down"), Answer(500, "internal"))
    api.download(SPAN, tmp_path / "a")
    assert len(market.asked(GET)) == 3
    market.calls.clear()
    market.misbehave(GET, Cut(100))
    with pytest.raises(Broken):
        api.download(SPAN, tmp_path / "b")
    assert len(market.asked(GET)) == 1
    assert (tmp_path / "b").stat().st_size


def test_a_download_that_was_never_answered_is_not_asked_again(api, server, tmp_path, monkeypatch):
    """It might have been charged."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        mute = HistoryApi(KEY, f"http://127.0.0.1:{silent.getsockname()[1]}")
        monkeypatch.setattr("databento.common.http.BentoHttpAPI.TIMEOUT", 0.2)
        with pytest.raises(HistoryError, match="portal says so") as error:
            mute.download(SPAN, tmp_path / "a")
        assert not isinstance(error.value, Busy)


def test_a_server_that_is_not_there_is_named(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        url = f"http://127.0.0.1:{taken.getsockname()[1]}"
    gone = HistoryApi(KEY, url)
    for ask in (lambda: gone.records(SPAN), lambda: gone.download(SPAN, tmp_path / "a")):
        with pytest.raises(Busy, match=f"{url} cannot be reached"):
            ask()


def test_a_server_that_gives_up_asking_says_what_was_answered(market, api):
    market.misbehave(COUNT, *[Answer(429, "slow down")] * 4)
    with pytest.raises(Busy, match=r"429 .*slow down.*asked too often"):
        api.records(SPAN)


@pytest.mark.parametrize(
    ("asked", "waits"), [(None, True), (7.0, 7.0), (0.0, 0.0), (120.0, 120.0), (121.0, False)]
)
def test_the_server_says_how_long_to_wait(asked, waits):
    wait = module._wait(Busy("429", asked))
    assert wait == waits
    assert type(wait) is type(waits)


def test_retry_after_is_read_from_the_answer(market, api):
    market.misbehave(COUNT, *[Answer(429, "slow down", retry_after=33)] * 4)
    with pytest.raises(Busy) as error:
        api.records(SPAN)
    assert error.value.wait_s == 33


def test_a_wrong_key_is_refused_and_never_said(market, tmp_path, caplog, capfd):
    caplog.set_level(logging.DEBUG)
    secret = "db-" + "s3cret" * 4
    market.misbehave(GET, Answer(429, f"key {secret} is slow"))
    for ask in (
        lambda api: api.records(SPAN),
        lambda api: api.available_until(),
        lambda api: api.download(SPAN, tmp_path / "a"),
    ):
        with pytest.raises(HistoryError, match=r"401 .*DATABENTO_API_KEY") as error:
            ask(HistoryApi(secret, market.url))
        assert secret not in repr(error.value)
    market.misbehave(COUNT, *[Answer(500, f"oops {KEY}")] * 4)
    with pytest.raises(Busy, match=r"oops \(key\)"):
        HistoryApi(KEY, market.url).records(SPAN)
    heard = caplog.text + "".join(capfd.readouterr())
    assert secret not in heard
    assert KEY not in heard


@pytest.mark.parametrize("key", ["", " "])
def test_no_key_is_said_before_anything_is_asked(key):
    with pytest.raises(HistoryError, match="DATABENTO_API_KEY"):
        HistoryApi(key).available_until()


def test_a_slow_stream_is_waited_for(market, api, tmp_path):
    market.misbehave(GET, Slow(0.02))
    api.download(SPAN, tmp_path / "a")
    assert market.sent == 300


def test_a_page_that_is_no_json_is_said():
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def answer():
            connection, _ = listener.accept()
            with connection:
                connection.recv(65536)
                page = b"<html>a proxy</html>"
                connection.sendall(
                    b"HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: "
                    + b"%d\r\n\r\n%s" % (len(page), page)
                )

        thread = threading.Thread(target=answer)
        thread.start()
        other = HistoryApi(KEY, f"http://127.0.0.1:{listener.getsockname()[1]}")
        with pytest.raises(HistoryError, match="no JSON; is the gateway right"):
            other.available_until()
        thread.join()


@pytest.mark.parametrize(
    ("text", "ns"),
    [
        ("2025-11-21", 1_763_683_200 * NS),
        ("2025-11-21T00:10:00Z", 1_763_683_800 * NS),
        ("2025-11-21T00:10:00.000000001Z", 1_763_683_800 * NS + 1),
        ("2025-11-21T00:10:00.5+00:00", 1_763_683_800 * NS + NS // 2),
    ],
)
def test_databentos_times_are_exact(text, ns):
    assert module._moment(text) == ns


@pytest.mark.parametrize("text", ["", "yesterday", "2025-11-21T00:10:00-05:00"])
def test_a_time_that_cannot_be_read_is_refused(text):
    with pytest.raises(HistoryError, match="time cannot be read"):
        module._moment(text)


@pytest.mark.parametrize("gateway", ["hist.example.com", "http://example.com", "ftp://127.0.0.1"])
def test_a_key_is_never_sent_in_the_clear_over_a_network(gateway):
    with pytest.raises(HistoryError, match="it is https://HOST, or http:// and a port of this"):
        HistoryApi(KEY, gateway)
    assert HistoryApi(KEY, "https://hist.example.com")
