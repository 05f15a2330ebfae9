"""`--feed store`: stored days are traded, replayed and explained like any other source."""

import asyncio
import json
from decimal import Decimal
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from marketdata.feeds import stored
from marketdata.store import DayInfo, TickStore
from tests.trading.days import DAY, LOSSES, NEXT_DAY, said, started, ticks, trade
from trading.errors import OptionError
from trading.models import Session, Trade
from trading.pipeline.options import Options, plan
from trading.player.loading import day_of
from trading.player.runs import why_not


@pytest.fixture
def store(tmp_path: Path, settings: Any) -> TickStore:
    settings.DATA_DIR = tmp_path
    made = TickStore(tmp_path / "ticks")
    for day in (DAY, NEXT_DAY):
        info = DayInfo(
            symbol="MES", day=day, contract="MESM4", tick=Decimal("0.25"), lot=Decimal(1),
            source="databento history", side="aggressor", synthetic=False,
        )  # fmt: skip
        made.write(info, [stored(ticks(day))])
    return made


def stored_plan(**words: Any) -> Any:
    asked = {"feed": "store", "symbol": "MES", "speed": "max", "settings": LOSSES, **words}
    return plan(Options(**asked))


@pytest.mark.django_db(transaction=True)
def test_a_stored_day_trades_and_is_replayed_on_the_page(store: TickStore, tmp_path: Path) -> None:
    asked = stored_plan(date=f"{DAY}")
    market, start = started(asked)
    run = asyncio.run(trade(asked, market, start))
    assert run.events == said(start)
    session = Session.objects.get()
    assert session.source == f"tick store {DAY} (databento history)"
    assert session.contract == "MESM4"
    assert session.feed["kind"] == "store"
    assert Trade.objects.filter(session=session).count() > 2
    assert why_not(session) == ""
    assert day_of(session).differs == ""
    out, trade_id = tmp_path / "why.json", Trade.objects.earliest("ordered_ns").pk
    call_command("explain", trade_id, "--json", f"{out}", stdout=StringIO())
    assert json.loads(out.read_text())["told_from"] == "replay"
    store.path("MES", DAY).unlink()
    assert why_not(session) == "The tick store no longer has its day."


def test_replay_of_stored_days_is_that_of_their_ticks(store: TickStore, tmp_path: Path) -> None:
    out = tmp_path / "out.json"
    call_command(
        "replay", "--symbol", "MES", "--date", f"{DAY}", "--to", f"{NEXT_DAY}", "--json", f"{out}",
        stdout=StringIO(),
    )  # fmt: skip
    report = json.loads(out.read_text())
    assert report["ticks"]["used"] == len(ticks(DAY).ts) + len(ticks(NEXT_DAY).ts)
    assert report["config"]["feed"]["contract"] == "MESM4"


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ({"symbol": None}, "--feed store needs --symbol; stored is MES"),
        ({}, "--feed store needs --date; stored of MES is 2024-06-12 to 2024-06-13"),
        ({"date": "x"}, "--date 'x' is no day"),
        ({"date": "2024-06-11"}, "MES 2024-06-11 is not in the tick store; it has 2024-06-12 to"),
        ({"symbol": "ES", "date": "2024-06-12"}, "ES 2024-06-12 is not in the tick store; it has"),
        ({"date": "2024-06-12", "to": "2024-06-11"}, "--to 2024-06-11 is before --date 2024-06-12"),
        (
            {"date": "2024-06-12", "to": "2024-06-14"},
            "from 2024-06-12 to 2024-06-14 the tick store lacks 2024-06-14; store",
        ),
        ({"date": "2024-06-12", "contract": "MESU4"}, "--contract is for recorded files"),
        ({"feed": "simulator", "date": "2024-06-12"}, "--date is for days by name: --feed store"),
    ],
)
def test_days_that_cannot_be_replayed_are_named(
    store: TickStore, words: dict[str, Any], message: str
) -> None:
    with pytest.raises(OptionError, match=message):
        stored_plan(**words)


def test_replay_needs_a_file_or_a_date() -> None:
    with pytest.raises(CommandError, match="one of the arguments --file --date is required"):
        call_command("replay", "--symbol", "MES")
    with pytest.raises(CommandError, match="not allowed with argument"):
        call_command("replay", "--file", "x", "--date", "2024-06-12")
