"""`--feed polygon` and `replay --date` of a stock: traded, replayed, explained, and marked."""

import asyncio
import json
from collections.abc import Iterator
from datetime import date
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.test import Client

from engine.instruments import instrument
from engine.ticks import joined
from marketdata.calendars import schedule
from marketdata.feeds.polygon import open_polygon, the_access, the_folder
from marketdata.feeds.polygon.cache import MinuteCache
from marketdata.store import DayInfo, TickStore, stored
from tests.marketdata.polygon.days import DAY, bars_of
from tests.servers.polygon import KEY, PolygonServer
from tests.trading.days import started, trade
from trading.errors import OptionError
from trading.explain.ticks import blocks_of
from trading.models import Session, Trade
from trading.pages.export import csv_of
from trading.pages.trades import entered_trades
from trading.pipeline.options import Options, plan
from trading.player.loading import day_of
from trading.player.runs import why_not

NEXT_DAY = date(2024, 11, 14)
SOURCE = "Polygon minute bars (synthetic, method 1, seed 1)"
SETTINGS = {"risk.loss_limit": "5000", "risk.profit_target": "5000"}


@pytest.fixture
def server(data_dir: Path, settings: Any) -> Iterator[PolygonServer]:
    """Two days of SPY, and settings that lead there."""
    made = PolygonServer()
    for day in (DAY, NEXT_DAY):
        made.add("SPY", *bars_of(day))
    with made.running():
        settings.POLYGON_API_KEY, settings.POLYGON_URL = KEY, made.url
        yield made


def replay(out: Path, *words: str) -> tuple[dict[str, Any], str]:
    said = StringIO()
    call_command("replay", "--symbol", "SPY", "--json", f"{out}", *words, stdout=said)
    return json.loads(out.read_text()), said.getvalue()


async def export() -> str:
    return "".join([lines async for lines in csv_of(entered_trades())])


def polygon_plan(**words: Any) -> Any:
    asked = {"feed": "polygon", "symbol": "SPY", "speed": "max", "settings": SETTINGS, **words}
    return plan(Options(**asked))


def test_a_day_is_replayed_and_marked(server: PolygonServer, tmp_path: Path) -> None:
    report, said = replay(tmp_path / "out.json", "--date", f"{DAY}")
    assert report["config"]["feed"]["synthetic"] is True
    assert report["summary"]["synthetic"] is True
    assert report["summary"]["side"] == "inferred"
    assert report["config"]["feed"]["source"] == SOURCE
    session = bars_of(DAY)[90:480]
    assert len(report["bars"]) == 78
    assert report["summary"]["volume"] == sum(bar["v"] for bar in session)
    assert report["ticks"] == {
        "read": sum(bar["n"] for bar in session), "used": report["ticks"]["used"], "dropped": {},
    }  # fmt: skip
    assert report["bars"][0]["open"] == session[0]["o"]
    assert report["bars"][-1]["close"] == session[-1]["c"]
    words = " ".join(said.split())
    assert "(synthetic ticks) (aggressor side inferred)" in words
    assert "no such trades took place" in words


def test_speed_changes_nothing_and_a_second_replay_needs_no_network(
    server: PolygonServer, tmp_path: Path, settings: Any
) -> None:
    fast, _ = replay(tmp_path / "a.json", "--date", f"{DAY}")
    settings.POLYGON_API_KEY = settings.POLYGON_URL = ""
    paced, _ = replay(tmp_path / "b.json", "--date", f"{DAY}", "--speed", "100000")
    assert paced == fast
    assert len(server.requests) == 1


def test_another_seed_has_the_same_bars_of_a_minute_and_other_ticks(
    server: PolygonServer, tmp_path: Path
) -> None:
    words = ("--date", f"{DAY}", "--timeframe", "60")
    one, _ = replay(tmp_path / "a.json", *words)
    two, _ = replay(tmp_path / "b.json", *words, "--seed", "2")
    same = ("start", "open", "high", "low", "close", "volume", "trades", "vwap")
    assert [[bar[key] for key in same] for bar in one["bars"]] == [
        [bar[key] for key in same] for bar in two["bars"]
    ]
    assert [bar["delta"] for bar in one["bars"]] != [bar["delta"] for bar in two["bars"]]


def test_several_days(server: PolygonServer, tmp_path: Path) -> None:
    report, _ = replay(tmp_path / "a.json", "--date", f"{DAY}", "--to", f"{NEXT_DAY}")
    assert len(report["bars"]) == 156
    assert len(server.requests) == 2


def test_a_day_in_the_tick_store_comes_first(server: PolygonServer, tmp_path: Path) -> None:
    folder = tmp_path / "other"
    feed = open_polygon("SPY", [DAY], folder=folder, access=the_access, seed=9)
    spec = instrument("SPY")
    info = DayInfo(
        symbol="SPY", day=DAY, contract="", tick=spec.tick, lot=spec.lot, source="elsewhere",
        side="inferred", synthetic=True,
    )  # fmt: skip
    TickStore(the_folder().parent / "ticks").write(info, map(stored, feed.blocks()))
    report, said = replay(tmp_path / "a.json", "--date", f"{DAY}")
    assert "tick store" in report["config"]["feed"]["source"]
    assert report["summary"]["synthetic"] is True
    assert "(synthetic ticks)" in " ".join(said.split())


@pytest.mark.django_db(transaction=True)
def test_a_traded_day_is_marked_and_told_again(
    server: PolygonServer, tmp_path: Path, settings: Any, admin_client: Client
) -> None:
    asked = polygon_plan(date=f"{DAY}")
    market, start = started(asked)
    run = asyncio.run(trade(asked, market, start))
    assert all(frame["feed"]["synthetic"] for frame in run.frames)
    session = Session.objects.get()
    assert (session.synthetic, session.inferred, session.source) == (True, True, SOURCE)
    assert {name: session.feed[name] for name in ("kind", "seed", "method")} == {
        "kind": "polygon", "seed": 1, "method": 1,
    }  # fmt: skip
    row = Trade.objects.filter(status="closed").earliest("ordered_ns")

    settings.POLYGON_API_KEY = ""  # nothing is downloaded for what follows
    assert why_not(session) == ""
    assert day_of(session).differs == ""
    out, said = tmp_path / "why.json", StringIO()
    call_command("explain", row.pk, "--json", f"{out}", stdout=said)
    story = json.loads(out.read_text())
    assert (story["told_from"], story["synthetic"]) == ("replay", True)
    assert f"Synthetic ticks, no such trades took place: {SOURCE}" in said.getvalue()

    for page in (
        f"/recap/{DAY}/", "/trades/", f"/trades/{row.pk}/", "/replay/", "/sessions/",
        f"/sessions/{session.pk}/",
    ):  # fmt: skip
        assert "ynthetic" in admin_client.get(page).content.decode().replace(SOURCE, ""), page
    csv = asyncio.run(export())
    assert csv.splitlines()[0].endswith(",ticks")
    assert all(line.endswith(",synthetic") for line in csv.splitlines()[1:])

    MinuteCache(the_folder()).path("SPY", DAY).unlink()
    assert why_not(session) == "The minute bars of its day are no longer kept."
    call_command("explain", row.pk, "--json", f"{out}", stdout=StringIO())
    told = json.loads(out.read_text())
    assert told["told_from"] == "rows"
    assert "replay SPY of 2024-11-13 to download it" in told["note"]
    assert len(server.requests) == 1


def test_a_trade_of_a_replay_is_explained_with_the_same_words(
    server: PolygonServer, tmp_path: Path
) -> None:
    words = ("--date", f"{DAY}", "--seed", "3")
    report, _ = replay(tmp_path / "a.json", *words)
    name, out = report["trades"][0]["id"], tmp_path / "why.json"
    call_command("explain", name, "--symbol", "SPY", *words, "--json", f"{out}", stdout=StringIO())
    story = json.loads(out.read_text())
    assert story["exit"]["net"] == report["trades"][0]["pnl_net"]
    assert story["synthetic"] is True


def test_ticks_of_another_method_are_not_made_again(server: PolygonServer) -> None:
    day = schedule(instrument("SPY"), "rth").day(DAY)
    assert day is not None
    polygon_plan(date=f"{DAY}")
    feed = {"kind": "polygon", "symbol": "SPY", "seed": 1, "method": 1}
    assert len(joined(blocks_of(feed, day)).ts) > 10_000
    with pytest.raises(Exception, match="made by method 2, and this version has 1"):
        list(blocks_of(feed | {"method": 2}, day))


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ({"symbol": None}, "--feed polygon needs --symbol, like SPY"),
        ({}, "--feed polygon needs --date, like 2024-11-13"),
        ({"date": "13.11.2024"}, "--date '13.11.2024' is no day"),
        ({"date": "2024-11-13", "to": "2024-11-12"}, "--to 2024-11-12 is before --date"),
        ({"date": "2024-11-13", "side": "tick-rule"}, "--side is for recorded files"),
        ({"date": "2024-11-13", "contract": "ESZ4"}, "--contract is for recorded files"),
        ({"date": "2024-11-13", "seed": "x"}, "--seed 'x'"),
        ({"date": "2024-11-28"}, "SPY does not trade on 2024-11-28"),
        ({"date": "2024-11-16", "to": "2024-11-17"}, "SPY trades on none of these days"),
        ({"date": "2024-11-13", "symbol": "ES"}, "ES is no US stock"),
        ({"date": "2999-01-04"}, "is not complete yet"),
    ],
)
def test_what_cannot_be_meant_is_refused(
    server: PolygonServer, words: dict[str, Any], message: str
) -> None:
    with pytest.raises(Exception, match=message) as error:
        polygon_plan(**words)
    assert "\n" not in str(error.value)
    assert server.requests == []


def test_a_date_is_for_days_by_name(server: PolygonServer) -> None:
    with pytest.raises(OptionError, match="--date is for days by name: --feed store, or polygon"):
        polygon_plan(feed="simulator", date="2024-11-13")


def test_without_a_key_it_says_what_to_do(server: PolygonServer, settings: Any) -> None:
    settings.POLYGON_API_KEY = ""
    with pytest.raises(CommandError, match="POLYGON_API_KEY is not set; get a key at"):
        call_command("replay", "--date", f"{DAY}", "--symbol", "SPY")
