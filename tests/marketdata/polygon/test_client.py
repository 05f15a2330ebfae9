"""The real client against a local server: every page, every failure, no key in any word."""

import builtins
import json
import logging
import socket
import sys
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from engine.ticks import NS
from marketdata.errors import FeedError
from marketdata.feeds.polygon.client import ATTEMPTS, Access, Pages, download
from marketdata.feeds.polygon.minutes import Minutes, minutes_of
from tests.marketdata.polygon.days import DAY, bars_of
from tests.servers.polygon import KEY, PolygonServer


class Pauses(list[float]):
    """Takes the place of sleeping."""

    def __call__(self, seconds: float) -> None:
        self.append(seconds)


@pytest.fixture
def pauses() -> Pauses:
    return Pauses()


@pytest.fixture(autouse=True)
def said(caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]) -> Iterator[None]:
    """Nothing that was logged or written has the key in it, and nothing is on standard output."""
    caplog.set_level(logging.DEBUG)
    yield
    out, err = capfd.readouterr()
    assert KEY not in out + err + caplog.text
    assert "RESTClient" not in out


def fetch(server: PolygonServer, pauses: Pauses, day: date = DAY, **more: Any) -> Minutes:
    return download(Access(KEY, server.url), "SPY", day, pause=pauses, **more)


def refused(server: PolygonServer, pauses: Pauses, **more: Any) -> str:
    """The one line with which it fails."""
    with pytest.raises(FeedError) as error:
        fetch(server, pauses, **more)
    text = str(error.value)
    assert KEY not in text
    assert "\n" not in text
    return text


def as_sent(minutes: Minutes) -> list[dict[str, Any]]:
    return [
        {
            "v": row.volume // 10**9,
            **{
                key: Decimal(int(value)) / 10**9
                for key, value in (
                    ("vw", row.vwap), ("o", row.open), ("c", row.close), ("h", row.high),
                    ("l", row.low),
                )
            },
            "t": row.ts // 10**6,
            "n": row.transactions,
        }
        for row in (Minutes(*values) for values in zip(*(c.tolist() for c in minutes), strict=True))
    ]  # fmt: skip


def sent(day: date = DAY) -> list[dict[str, Any]]:
    return [
        {key: Decimal(value) if isinstance(value, str) else value for key, value in bar.items()}
        for bar in bars_of(day)
    ]


def test_a_day_comes_exactly_as_it_was_sent(server: PolygonServer, pauses: Pauses) -> None:
    assert as_sent(fetch(server, pauses)) == sent()
    assert pauses == []
    assert len(server.requests) == 1
    assert server.requests[0].startswith("/v2/aggs/ticker/SPY/range/1/minute/2024-11-13/2024-11-13")
    for words in ("adjusted=false", "sort=asc", "limit=50000"):
        assert words in server.requests[0]
    assert KEY not in server.requests[0]
    assert server.headers[0]["Authorization"] == f"Bearer {KEY}"


def test_pages_are_turned_to_the_last(server: PolygonServer, pauses: Pauses) -> None:
    server.page = 100
    assert as_sent(fetch(server, pauses)) == sent()
    assert len(server.requests) == 6
    assert all("cursor=" in request for request in server.requests[1:])
    assert KEY not in "".join(server.requests)


def test_numbers_never_pass_through_floats(server: PolygonServer, pauses: Pauses) -> None:
    """Each of these texts differs from what a float of it would be written as."""
    server.bars["SPY"] = []
    start = 1_731_508_200_000
    texts = ["598.100000001", "20000000.123456789", "5.981e2", "0.000000001"]
    for k, text in enumerate(texts):
        server.add("SPY", {"v": "1.5e3", "o": text, "c": text, "h": text, "l": text,
                           "t": start + k * 60_000, "vw": text})  # fmt: skip
    minutes = fetch(server, pauses)
    assert minutes.open.tolist() == [598_100_000_001, 20_000_000_123_456_789, 598_100_000_000, 1]
    assert minutes.close.tolist() == minutes.vwap.tolist() == minutes.open.tolist()
    assert minutes.volume.tolist() == [1_500 * 10**9] * 4
    assert minutes.transactions.tolist() == [0] * 4


def test_prices_finer_than_a_billionth_are_rounded_to_it(
    server: PolygonServer, pauses: Pauses
) -> None:
    server.misbehave.append('replace: "o": -> "o":0.33333333333333333,"was":')
    server.bars["SPY"] = server.bars["SPY"][:1]
    assert fetch(server, pauses).open.tolist() == [333_333_333]


def test_a_day_without_bars_is_empty(server: PolygonServer, pauses: Pauses) -> None:
    assert len(fetch(server, pauses, date(2024, 11, 28)).ts) == 0


# The limit of requests


def test_waits_as_long_as_it_is_told(server: PolygonServer, pauses: Pauses) -> None:
    server.misbehave += ["429, wait 3 s", "429, wait 3 s"]
    assert as_sent(fetch(server, pauses)) == sent()
    assert pauses == [3, 3]


def test_waits_for_a_fifth_of_a_minute_when_it_is_told_nothing(
    server: PolygonServer, pauses: Pauses
) -> None:
    server.misbehave += ["429", "429, wait soon"]
    assert as_sent(fetch(server, pauses)) == sent()
    assert pauses == [12, 12]


def test_a_limit_reached_between_pages_loses_none(server: PolygonServer, pauses: Pauses) -> None:
    server.page, server.plan = 100, 3

    def pause(seconds: float) -> None:
        pauses.append(seconds)
        if len(pauses) % 5 == 0:
            server.plan = len(server.requests) + 3

    minutes = download(Access(KEY, server.url), "SPY", DAY, pause=pause)
    assert as_sent(minutes) == sent()
    assert pauses == [12] * 5


def test_a_limit_that_does_not_end_is_said(server: PolygonServer, pauses: Pauses) -> None:
    server.plan = 0
    assert refused(server, pauses) == (
        "Polygon's limit of requests a minute is reached; try again in a minute"
    )
    assert len(server.requests) == ATTEMPTS
    assert sum(pauses) == 60


def test_does_not_wait_for_an_hour(server: PolygonServer, pauses: Pauses) -> None:
    server.misbehave.append("429, wait an hour")
    assert "asks to wait for 3600 s" in refused(server, pauses)
    assert pauses == []


# Refusals and failures


@pytest.mark.parametrize(
    ("how", "words"),
    [
        ("401", "Polygon refuses: Unknown API Key; check POLYGON_API_KEY"),
        ("401 with the key", "Unknown API Key [redacted]; check POLYGON_API_KEY"),
        ("403", "the plan of POLYGON_API_KEY does not include that"),
        ("404", "Polygon refuses: 404 page not found"),
        ("refuses in binary", "no text"),
        ("binary", "it is no text"),
        ("instead: ", "it is no JSON"),
        ("instead: <html>", "it is no JSON"),
        ("instead: []", "it is no JSON object"),
        ("instead: 17", "it is no JSON object"),
        ("instead: " + "[" * 100_000, "it is no JSON"),
        ("instead: " + "9" * 5_000, "it is no JSON"),
        ("instead: {}", "its status is 'None'"),
        ('instead: {"status":"ERROR","error":"x"}', "its status is 'ERROR'"),
        ('instead: {"status":"OK","results":5}', "no list of bars"),
        ('instead: {"status":"OK","results":[5]}', "no list of bars"),
        ('instead: {"status":"OK","results":[],"next_url":5}', "next page has no address"),
        ('instead: {"status":"OK","next_url":"@elsewhere.com/v2"}', "no address of the same kind"),
        ("cut without saying its length", "it is no JSON"),
        ('replace: "SPY" -> "QQQ"', "it is of 'QQQ' and not of SPY"),
        ('replace: "adjusted":false -> "adjusted":true', "its prices are adjusted"),
        ('replace: "resultsCount":540 -> "resultsCount":541', "540 bars and says 541"),
        ('replace: "o": -> "x":', "open is missing"),
        ('replace: "v": -> "v":-1,"x":', "volume is -1"),
        ('replace: "v": -> "v":1e999999999,"x":', "volume is Decimal('1E+999999999')"),
        ('replace: "v": -> "v":NaN,"x":', "NaN is no number"),
        ('replace: "h": -> "h":Infinity,"x":', "Infinity is no number"),
        ('replace: "h": -> "h":"598","x":', "high is '598'"),
        ('replace: "c": -> "c":true,"x":', "close is True"),
        ('replace: "t": -> "t":17,"x":', "starts no minute"),
        ('replace: "t": -> "t":1731502800000,"x":', "out of order"),
        ('replace: "t": -> "t":1731416400000,"x":', "another day"),
    ],
)
def test_what_cannot_be_used_is_refused_at_once(
    server: PolygonServer, pauses: Pauses, how: str, words: str
) -> None:
    server.misbehave.append(how)
    assert words in refused(server, pauses)
    assert len(server.requests) == 1
    assert pauses == []


def test_damage_on_a_later_page_is_not_the_end_of_the_day(
    server: PolygonServer, pauses: Pauses
) -> None:
    """The client itself would return the pages so far."""
    server.page = 100
    for how in ("binary", "instead: <html>", 'instead: {"status":"OK","next_url":""}'):
        server.misbehave += ["", "", how]
        if "OK" in how:
            assert len(fetch(server, pauses).ts) == 200  # a last page may be empty
        else:
            assert "damaged" in refused(server, pauses)


def test_pages_that_do_not_end_are_noticed(server: PolygonServer, pauses: Pauses) -> None:
    again = "https://api.polygon.io/v2/aggs/ticker/SPY/range/1/minute/1/2024-11-13"
    same = f'instead: {{"status":"OK","results":[],"next_url":"{again}"}}'
    server.misbehave += [same] * 3
    assert "pages do not end" in refused(server, pauses)


@pytest.mark.parametrize("how", ["500", "502", "503", "cut", "reset"])
def test_what_passes_is_tried_again(server: PolygonServer, pauses: Pauses, how: str) -> None:
    server.page = 200
    server.misbehave += ["", how, how]
    assert as_sent(fetch(server, pauses)) == sent()
    assert len(server.requests) == 5
    assert len(pauses) == 2


@pytest.mark.parametrize(
    ("how", "words"),
    [
        ("500", "Polygon answers with 500, 6 times; try again later"),
        ("cut", "the connection was cut"),
        ("reset", "the connection was cut"),
    ],
)
def test_what_does_not_pass_is_said(
    server: PolygonServer, pauses: Pauses, how: str, words: str
) -> None:
    server.misbehave += [how] * ATTEMPTS
    assert words in refused(server, pauses)
    assert len(server.requests) == len(pauses) + 1 == ATTEMPTS


def test_silence_is_not_waited_for(server: PolygonServer, pauses: Pauses) -> None:
    server.misbehave += ["silence"] * ATTEMPTS
    assert "it does not answer in time" in refused(server, pauses, timeout_s=0.05)


def test_nobody_there(pauses: Pauses) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # and nobody listens
        url = f"http://127.0.0.1:{taken.getsockname()[1]}"
        with pytest.raises(FeedError, match="it cannot be reached; check the network"):
            download(Access(KEY, url), "SPY", DAY, pause=pauses)


# Who asks, and with what


@pytest.mark.parametrize(
    ("key", "url", "words"),
    [
        ("", "", "POLYGON_API_KEY is not set"),
        ("two words", "", "POLYGON_API_KEY holds blanks"),
        ("line\nbreak", "", "POLYGON_API_KEY holds blanks"),
        (KEY, "http://example.com", "without https only on this machine"),
        (KEY, "ftp://example.com", "must be an address"),
        (KEY, "nonsense", "must be an address"),
        (KEY, "https://name:word@example.com", "must be an address"),
    ],
)
def test_who_cannot_ask(key: str, url: str, words: str) -> None:
    with pytest.raises(FeedError) as error:
        Access(key, url)
    assert words in str(error.value)
    assert not key or key not in str(error.value)


def test_the_key_is_not_shown() -> None:
    assert KEY not in repr(Access(KEY))


def test_without_the_client_it_says_how_to_get_it(
    server: PolygonServer, pauses: Pauses, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = builtins.__import__

    def without(name: str, *args: Any, **kwargs: Any) -> Any:
        if name.startswith("massive"):
            raise ModuleNotFoundError(name)
        return real(name, *args, **kwargs)

    for name in [name for name in sys.modules if name.startswith("massive")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setattr(builtins, "__import__", without)
    assert "requirements-polygon.txt" in refused(server, pauses)


def test_a_minute_s_time_is_its_start(server: PolygonServer, pauses: Pauses) -> None:
    assert fetch(server, pauses).ts[90] == 1_731_508_200 * NS  # 09:30 New York


# Whatever is sent

numbers = st.integers(-(2**70), 2**70) | st.floats(width=64) | st.decimals(allow_nan=False)
values = st.none() | st.booleans() | numbers.map(float) | st.text(max_size=5) | st.just([])
rows_sent = st.dictionaries(st.sampled_from(["t", "o", "h", "l", "c", "v", "vw", "n", "x"]), values)
pages_sent = st.fixed_dictionaries(
    {},
    optional={
        "status": st.sampled_from(["OK", "DELAYED", "ERROR", None, 1]),
        "ticker": st.sampled_from(["SPY", "QQQ", None, 1]),
        "adjusted": st.sampled_from([True, False, None]),
        "results": st.lists(rows_sent, max_size=3) | values,
        "resultsCount": values,
        "next_url": st.sampled_from(["", "https://x.y/v2/z", "x", "//", "http://[", None, 1]),
    },
)


def refusal_of(sent: list[Any]) -> str:
    """What is said of such pages; "" when they are read."""
    pages = Pages("SPY")
    try:
        for page in sent:
            pages.loads(json.dumps(page))
        minutes_of(pages.rows, "SPY", DAY)
    except FeedError as error:
        return str(error)
    return ""


@given(st.lists(pages_sent | values, max_size=3))
@example([{"status": "OK", "next_url": "http://["}])
@example([{"status": "OK", "results": [{"t": 1_731_508_200_000, "o": [], "h": None}]}])
def test_any_json_is_read_or_refused_in_a_line(sent: list[Any]) -> None:
    assert "\n" not in refusal_of(sent)


@given(st.text(max_size=40))
def test_any_text_is_read_or_refused_in_a_line(sent: str) -> None:
    with pytest.raises(FeedError) as error:
        Pages("SPY").loads(sent)
    assert "\n" not in str(error.value)
