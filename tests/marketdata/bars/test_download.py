"""Bars from Databento's API, through the real client, from a local stand-in."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest
import stamina
from django.core.management import CommandError, call_command

from marketdata.bars.downloading import download, plan
from marketdata.bars.store import BarStore
from marketdata.errors import HistoryError
from marketdata.history.api import HistoryApi
from tests.marketdata.bars.test_store import rows
from tests.servers.databento_history import KEY, OHLCV, Answer, Cut, HistoryServer, Records

CENT = 10**7
HOUR = 3600 * 10**9
FIRST, LAST = date(2025, 1, 20), date(2025, 3, 10)
START = int(datetime(2025, 1, 20, tzinfo=UTC).timestamp()) * 10**9
HOURS = 50 * 24
BARS = HOURS * 3


def hourly() -> Records:
    """Bars of an hour over fifty days: two outrights and their spread."""
    made = np.zeros(BARS, OHLCV)
    made["length"], made["rtype"], made["publisher_id"] = OHLCV.itemsize // 4, 0x22, 1
    made["instrument_id"] = np.tile([1, 2, 3], HOURS)
    made["ts_event"] = START + np.repeat(np.arange(HOURS), 3) * HOUR
    for name in ("open", "high", "low", "close"):
        made[name] = np.tile([7000 * CENT, 7010 * CENT, -10 * CENT], HOURS)
    made["volume"] = np.arange(BARS) + 1
    return made


@pytest.fixture(autouse=True)
def no_waits() -> Iterator[None]:
    with stamina.set_testing(True, attempts=4, cap=True):
        yield


@pytest.fixture
def server() -> Iterator[HistoryServer]:
    with HistoryServer() as running:
        numbers = {"MCLH5": 1, "MCLJ5": 2, "MCLH5-MCLJ5": 3}
        running.add_bars("MCL.FUT", "ohlcv-1h", numbers, hourly())
        yield running


@pytest.fixture
def api(server: HistoryServer) -> HistoryApi:
    return HistoryApi(KEY, server.url)


def test_months_are_planned_paid_once_and_stored(server, api, tmp_path: Path):
    store = BarStore(tmp_path / "bars")
    planned = plan(api, store, "MCL", "1h", FIRST, LAST)
    assert [month.name for month in planned.months] == [
        "MCL.FUT.20250120-20250201.ohlcv-1h.dbn.zst",
        "MCL.FUT.20250201-20250301.ohlcv-1h.dbn.zst",
        "MCL.FUT.20250301-20250311.ohlcv-1h.dbn.zst",
    ]
    assert planned.cost.records == BARS
    done = download(api, store, planned, tmp_path / "downloads")
    assert (done.added, server.sent) == (HOURS * 2, BARS)
    assert list((tmp_path / "downloads").iterdir()) == []
    expected = [
        (name, START + hour * HOUR, price, price, price, price, hour * 3 + 1 + place)
        for hour in range(HOURS)
        for place, (name, price) in enumerate((("MCLH5", 7000), ("MCLJ5", 7010)))
    ]
    assert rows(store.read("MCL", "1h")) == expected
    again = plan(api, store, "MCL", "1h", FIRST, LAST)
    assert (again.months, len(again.stored), again.cost.dollars) == ((), 3, Decimal(0))
    more = plan(api, store, "MCL", "1h", FIRST, LAST + timedelta(days=1))
    assert [month.name[8:25] for month in more.months] == ["20250301-20250312"]


@pytest.mark.parametrize(
    "cut", [Cut(after=100), Cut(after=100, tidy=True), Cut(after=128, frame=True)]
)
def test_a_month_that_did_not_come_whole_is_not_stored_and_comes_again(
    server, api, tmp_path: Path, cut
):
    store = BarStore(tmp_path / "bars")
    server.misbehave("timeseries.get_range", None, cut)
    planned = plan(api, store, "MCL", "1h", FIRST, LAST)
    with pytest.raises(HistoryError, match=r"MCL.FUT.20250201-20250301.* did not come whole"):
        download(api, store, planned, tmp_path / "downloads")
    january = len(store.read("MCL", "1h"))
    assert january == 12 * 24 * 2
    assert list((tmp_path / "downloads").iterdir()) == []
    rest = plan(api, store, "MCL", "1h", FIRST, LAST)
    assert len(rest.months) == 2
    download(api, store, rest, tmp_path / "downloads")
    assert len(store.read("MCL", "1h")) == HOURS * 2


def test_a_busy_server_is_asked_again_and_a_refusal_is_one_line(server, api, tmp_path: Path):
    store = BarStore(tmp_path / "bars")
    server.misbehave("metadata.get_cost", Answer(503, "busy"))
    server.misbehave("timeseries.get_range", Answer(429, "slow down", retry_after=1))
    planned = plan(api, store, "MCL", "1h", FIRST, FIRST)
    assert download(api, store, planned, tmp_path / "downloads").added == 48
    with pytest.raises(
        HistoryError, match=r"Databento refused: .*None of the symbols could be resolved: CL.FUT"
    ):
        plan(api, store, "CL", "1h", FIRST, FIRST)


def test_what_is_not_there_yet_is_not_asked_for(server, api, tmp_path: Path):
    server.end = datetime(2025, 2, 3, 14, 30, tzinfo=UTC)
    planned = plan(api, BarStore(tmp_path), "MCL", "1h", FIRST, LAST)
    assert planned.months[-1].name == "MCL.FUT.20250201-20250203T140000.ohlcv-1h.dbn.zst"
    assert planned.cost.records == (14 * 24 + 14) * 3


@pytest.fixture
def configured(server, settings, data_dir: Path) -> None:
    settings.DATABENTO_API_KEY = KEY
    settings.DATABENTO_HISTORICAL_GATEWAY = server.url


def words(*more: str) -> list[str]:
    return [
        "bars", "download", "--symbol", "MCL", "--interval", "1h", "--from", "2025-01-20", "--to",
        "2025-01-21", *more,
    ]  # fmt: skip


def test_the_command_asks_before_it_spends(configured, server, monkeypatch, capsys):
    monkeypatch.setattr("builtins.input", lambda: "no")
    with pytest.raises(SystemExit) as stopped:
        call_command(*words())
    assert stopped.value.code == 1
    assert "144 bars, 0.0 MB" in capsys.readouterr().out
    with pytest.raises(CommandError, match="above --max-cost 0; nothing was spent"):
        call_command(*words("--max-cost", "0", "--yes"))
    assert server.sent == 0
    monkeypatch.setattr("builtins.input", lambda: "yes")
    call_command(*words())
    assert capsys.readouterr().out.endswith("96 new bars\n96 bars stored.\n")
    call_command(*words("--yes"))
    assert capsys.readouterr().out.endswith("There is nothing to download.\n")
    assert server.sent == 144


def test_without_a_key_or_a_day_it_says_so(configured, settings):
    with pytest.raises(CommandError, match="--from is missing"):
        call_command("bars", "download", "--symbol", "MCL")
    settings.DATABENTO_API_KEY = ""
    with pytest.raises(CommandError, match="DATABENTO_API_KEY is not set"):
        call_command(*words())
