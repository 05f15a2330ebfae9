"""The trades of a span of time, from a server that breaks off, repeats and lies."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from marketdata.errors import HistoryError
from marketdata.history.api import HistoryApi, Span
from marketdata.history.fetch import Fetch, Fetched
from tests.servers.databento_history import KEY, NS, Cut, HistoryServer, Other, trades

START = 1_750_000_000 * NS
SPAN = Span("MESZ5", START, START + 3600 * NS)
MANY = 500


def market(times=None, count=MANY):
    """Trades of a second each, or at these offsets in ns."""
    offsets = np.arange(count) * NS if times is None else np.asarray(times)
    return trades(101, START + offsets, 6000 * NS + offsets % 7 * NS // 4)


def fetch(api, folder, expected=None, said=None):
    folder.mkdir()
    tell = (lambda text: None) if said is None else said.append
    return Fetch(api, SPAN, folder, tell).run(api.records(SPAN) if expected is None else expected)


def held(fetched: Fetched):
    found = list(fetched.records())
    return np.concatenate(found) if found else market(count=0)


def same(left, right):
    return left.tobytes() == right.tobytes()


def test_a_whole_stream_is_what_was_sent(server, api, tmp_path):
    server.add("MESZ5", 101, market())
    fetched = fetch(api, tmp_path / "day")
    assert same(held(fetched), market())
    assert (fetched.count, fetched.paid, fetched.warnings) == (MANY, MANY, [])


@pytest.mark.parametrize("how", [{}, {"tidy": True}, {"frame": True}])
@pytest.mark.parametrize("after", [0, 1, 64, 200, MANY - 1])
def test_a_cut_stream_goes_on_and_pays_for_the_rest_alone(server, api, tmp_path, after, how):
    server.add("MESZ5", 101, market())
    server.misbehave("timeseries.get_range", Cut(after, **how))
    said: list[str] = []
    fetched = fetch(api, tmp_path / "day", said=said)
    assert same(held(fetched), market())
    assert len(server.asked("timeseries.get_range")) == 2
    assert server.sent <= MANY + 1, "only the records at the seam are paid twice"
    assert len(said) == 1
    assert "going on after" in said[0]
    assert not fetched.warnings


@given(
    st.lists(st.integers(0, 12), min_size=1, max_size=200),
    st.lists(st.integers(1, 200), max_size=3),
)
def test_any_cuts_give_the_same_trades(tmp_path_factory, times, cuts):
    """Many trades share a time of receipt, also across cuts."""
    records = market(np.sort(times) * NS)
    with HistoryServer() as server:
        server.add("MESZ5", 101, records)
        server.misbehave("timeseries.get_range", *map(Cut, cuts))
        fetched = fetch(HistoryApi(KEY, server.url), tmp_path_factory.mktemp("any") / "day")
        assert same(held(fetched), records)


def test_a_cut_within_trades_received_at_once_loses_and_doubles_none(server, api, tmp_path):
    records = market([0, 1, *[2] * 90, 3, 4])
    server.add("MESZ5", 101, records)
    server.misbehave("timeseries.get_range", Cut(70), Cut(85))
    assert same(held(fetch(api, tmp_path / "day")), records)


def test_what_comes_differently_after_a_cut_begins_the_day_again(server, api, tmp_path):
    revised = market()
    revised["size"][90:110] = 7
    server.add("MESZ5", 101, market())
    server.misbehave("timeseries.get_range", Cut(100), Other("MESZ5", revised))
    said: list[str] = []
    fetched = fetch(api, tmp_path / "day", said=said)
    assert same(held(fetched), revised)
    assert any("asked for again, and paid again" in text for text in said)
    assert fetched.paid > MANY


def test_trades_out_of_the_order_of_receipt_are_never_gone_on_with(server, api, tmp_path):
    records = market()
    records["ts_recv"][50] -= np.uint64(5 * NS)
    server.add("MESZ5", 101, records)
    server.misbehave("timeseries.get_range", Cut(100))
    said: list[str] = []
    assert same(held(fetch(api, tmp_path / "day", said=said)), records)
    assert any("order of their receipt" in text for text in said)


def test_fewer_than_counted_is_asked_for_once_more_and_then_said(server, api, tmp_path):
    server.add("MESZ5", 101, market())
    fetched = fetch(api, tmp_path / "day", expected=MANY + 3)
    assert same(held(fetched), market())
    assert fetched.warnings == ["Databento counts 503 trades, and 500 came"]
    assert fetched.paid == MANY + 1


def test_cuts_without_progress_end_with_a_remedy(server, api, tmp_path):
    server.add("MESZ5", 101, market())
    server.misbehave("timeseries.get_range", Cut(100), *[Cut(0)] * 3)
    with pytest.raises(HistoryError, match="in vain; try again later"):
        fetch(api, tmp_path / "day")


def test_trades_of_another_instrument_are_refused(server, api, tmp_path):
    records = market()
    records["instrument_id"][70] = 102
    server.add("MESZ5", 101, records)
    with pytest.raises(HistoryError, match=r"other instruments came: \[102\]"):
        fetch(api, tmp_path / "day")


def test_nothing_is_fetched_of_a_span_without_trades(server, api, tmp_path):
    server.add("MESZ5", 101, market(count=0))
    assert fetch(api, tmp_path / "day").count == 0
