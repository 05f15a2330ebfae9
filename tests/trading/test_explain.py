"""`manage.py explain`: stored trades by replay, or by their rows where no replay gives them."""

import asyncio
import json
import re
from dataclasses import replace
from decimal import Decimal
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from engine import commands
from engine import events as said
from engine.ticks import part
from marketdata.feeds.files.parquet import write_ticks
from marketdata.feeds.simulator import Simulator
from marketdata.models import Bar
from tests.trading.days import DAY, LOSSES, NEXT_DAY, Run, TickFeed, run_day, started, ticks, trade
from trading.errors import ExplainError
from trading.explain.finding import explain
from trading.models import AuditEvent, Command, Session, Tier, Trade
from trading.pipeline.market import simulated
from trading.pipeline.options import Options, Plan, plan
from trading.pipeline.start import begin, open_account

pytestmark = pytest.mark.django_db(transaction=True)

NO_LIMITS = dict.fromkeys(("risk.profit_target", "risk.loss_limit", "risk.max_drawdown"), "100000")


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    """A simulated MES day as a file."""
    path = tmp_path / "mes.parquet"
    write_ticks(path, "MES", ticks(), synthetic=True)
    return path


def planned(path: Path, settings: dict[str, str] | None = None, **words: str) -> Plan:
    asked = LOSSES | (settings or {})
    return plan(Options(feed=f"file:{path}", symbol="MES", speed="max", settings=asked, **words))


def played(plan_: Plan, *outputs: Any, stop: asyncio.Event | None = None) -> Run:
    """The plan's session, as `manage.py trade` runs it."""
    market, start = started(plan_)
    return asyncio.run(trade(plan_, market, start, *outputs, stop=stop))


def said_by_command(*words: str) -> str:
    out = StringIO()
    call_command("explain", *words, stdout=out)
    return out.getvalue()


def closed() -> list[Trade]:
    return list(Trade.objects.filter(status="closed").order_by("ordered_ns"))


def test_every_stored_trade_is_told_by_replay(recording: Path) -> None:
    played(planned(recording))
    assert len(closed()) > 2
    for row in closed():
        story = explain(row.pk)
        assert (story["told_from"], story["note"]) == ("replay", "")
        end = story["exit"]
        assert (end["entry_ts"], end["exit_ts"]) == (row.entry_ns, row.exit_ns)
        assert (Decimal(end["entry_price"]), Decimal(end["exit_price"])) == (
            row.entry_price, row.exit_price,
        )  # fmt: skip
        assert (Decimal(end["net"]), end["reason"]) == (row.net, row.exit_reason)
        assert Decimal(end["ticks"]) * Decimal(end["tick_value"]) * end["size"] == Decimal(
            end["gross"]
        )
        assert Decimal(end["gross"]) - Decimal(end["fees"]) == Decimal(end["net"])
        assert (story["path"]["worst"]["ticks"], story["path"]["best"]["ticks"]) == (
            row.mae, row.mfe,
        )  # fmt: skip
        assert story["completion"]["prints"][-1]["completing"] is True
        assert row.signal is not None
        assert story["signal"]["id"] == row.signal.key


def test_the_document_is_json_and_says_what_the_engine_decided(recording: Path) -> None:
    played(planned(recording))
    row = closed()[0]
    story = json.loads(json.dumps(explain(row.pk)))
    assert row.signal is not None
    bar = Bar.objects.get(start_ns=row.signal.bar_start_ns)
    assert story["format"] == 1
    assert [level[1:] for level in story["bar"]["levels"]] == [level[1:] for level in bar.levels]
    assert list(story["regime"]["scores"].values()) == bar.scores
    assert story["regime"]["inputs"] == bar.inputs
    assert story["decision"]["terms"] == row.signal.decision_terms
    assert {one["id"] for one in story["choices"] + story["rejected"]} == set(
        row.signal.session.signals.filter(bar_start_ns=bar.start_ns).values_list("key", flat=True)
    )
    assert story["entry"]["arrives"] == story["entry"]["sent"] + 50_000_000
    kinds = [event["kind"] for event in story["events"]]
    assert kinds[0] == "order_intent"
    assert kinds[-1] == "trade_closed"


def test_a_recording_that_moved_is_named(recording: Path, tmp_path: Path) -> None:
    played(planned(recording))
    row = closed()[0]
    elsewhere = recording.rename(tmp_path / "elsewhere.parquet")
    assert explain(row.pk)["told_from"] == "rows"
    assert explain(row.pk, str(elsewhere))["told_from"] == "replay"


def test_without_the_ticks_the_rows_speak(recording: Path) -> None:
    played(planned(recording))
    by_replay = [explain(row.pk) for row in closed()]
    recording.unlink()
    for row, full in zip(closed(), by_replay, strict=True):
        story = explain(row.pk)
        assert story["told_from"] == "rows"
        assert "its ticks cannot be read again" in story["note"]
        assert (story["completion"], story["path"]) == (None, None)
        for name in ("signal", "bar", "regime", "router", "choices", "rejected", "decision", "exit",
                     "entry", "caused"):  # fmt: skip
            assert story[name] == full[name], name
        fills = [event for event in full["events"] if event["kind"] == "filled"]
        unknown = {"market": None, "slippage_ticks": None}
        assert [event for event in story["events"] if event["kind"] == "filled"] == [
            fill | unknown for fill in fills
        ]


def test_other_ticks_are_not_believed(recording: Path) -> None:
    played(planned(recording))
    row = closed()[0]
    other = Simulator("MES", seed=6, ticks_per_day=30_000).day(DAY)
    recording.unlink()
    write_ticks(recording, "MES", other, synthetic=True)
    story = explain(row.pk)
    assert story["told_from"] == "rows"
    assert "its replay gives another trade" in story["note"]


def test_a_trade_that_a_replay_closes_elsewhere_is_not_believed(recording: Path) -> None:
    played(planned(recording))
    row = closed()[0]
    Trade.objects.filter(pk=row.pk).update(net=Decimal("12.5"))
    assert f"net {row.net:.2f}, not 12.50" in explain(row.pk)["note"]


def test_a_session_without_a_feed_says_so() -> None:
    run_day()
    story = explain(closed()[0].pk)
    assert story["told_from"] == "rows"
    assert "does not say where its ticks came from" in story["note"]


def test_the_second_run_of_a_day_and_the_first(recording: Path) -> None:
    Tier.objects.update(loss_limit=100_000)
    played(planned(recording, NO_LIMITS))
    first = len(closed())
    played(planned(recording, NO_LIMITS | {"risk.stop_ticks": "12"}))
    assert Session.objects.get().starts == 2
    rows = closed()
    assert len(rows) > first
    for row in rows:
        assert explain(row.pk)["note"] == ""
    stops = [explain(row.pk)["events"][0]["stop_ticks"] for row in sorted(rows, key=lambda r: r.pk)]
    assert stops == [16] * first + [12] * (len(rows) - first)


def test_a_day_that_a_running_pipeline_came_to(tmp_path: Path) -> None:
    path = tmp_path / "two.parquet"
    write_ticks(path, "MES", ticks(DAY), synthetic=True)
    both = replace(planned(path), feed=TickFeed([ticks(DAY), ticks(NEXT_DAY)]))
    played(both)
    later = [row for row in closed() if row.day == NEXT_DAY]
    assert later
    path.unlink()
    write_ticks(path, "MES", ticks(NEXT_DAY), synthetic=True)
    assert [explain(row.pk)["note"] for row in later] == [""] * len(later)


class Acts:
    """An output that does something once, when a position is open."""

    def __init__(self, act: Any) -> None:
        self.act = act

    def take(self, events: Any, status: object) -> None:
        act = self.act
        if act is not None and any(isinstance(event, said.PositionOpened) for event in events):
            self.act = None
            asyncio.get_running_loop().call_soon(act)


def test_what_a_person_did_is_replayed(recording: Path) -> None:
    made = replace(planned(recording), feed=TickFeed([ticks()], size=20))
    market, start = started(made)
    asked = Command.objects.create(
        account=start.session.account, kind="flatten", reason="lunch", status="executing"
    )
    outputs: list[Any] = []

    def flatten() -> None:
        core = outputs[0].core
        ts = core.engine.status().ts
        core.act(commands.Flatten(id=str(asked.pk), ts=ts, reason="lunch"))

    class Knows(Acts):
        core: Any = None

    knows = Knows(flatten)
    outputs.append(knows)

    async def play() -> None:
        from tests.trading.days import Pipeline, broker, make_engine

        async def send(frame: object) -> None:
            return None

        pipeline = Pipeline(
            made, market, start, make_engine(made, start, True), broker("paper"), send=send
        )
        knows.core = pipeline.core
        pipeline.core.outputs = [*pipeline.core.outputs, knows]
        await pipeline.run(asyncio.Event())

    asyncio.run(play())
    row = closed()[0]
    assert row.exit_reason == "operator"
    story = explain(row.pk)
    assert story["note"] == ""
    assert story["exit"]["reason"] == "operator"
    exits = [event for event in story["events"] if event.get("role") == "exit"]
    assert exits[0]["reason"] == "lunch"
    assert explain(closed()[1].pk)["note"] == ""


def test_a_stop_in_the_middle_is_replayed_to_where_it_stopped(recording: Path) -> None:
    stop = asyncio.Event()
    made = replace(planned(recording), feed=TickFeed([ticks()], size=20))
    played(made, Acts(stop.set), stop=stop)
    (row,) = closed()
    assert row.exit_reason == "end_of_data"
    story = explain(row.pk)
    assert (story["note"], story["exit"]["reason"]) == ("", "end_of_data")


def test_an_open_trade_is_told_as_far_as_the_session_has_come(recording: Path) -> None:
    played(planned(recording))
    row = closed()[0]
    assert row.entry_ns is not None
    assert row.exit_ns is not None
    Session.objects.update(last_tick_ns=(row.entry_ns + row.exit_ns) // 2)
    Trade.objects.filter(pk=row.pk).update(status="open", exit_ns=None, net=None)
    story = explain(row.pk)
    assert (story["told_from"], story["exit"], story["path"]) == ("replay", None, None)
    assert story["entry"]["filled"] == row.entry_ns


def test_an_abandoned_trade_is_told_by_its_rows(recording: Path) -> None:
    played(planned(recording))
    row = closed()[0]
    Trade.objects.filter(pk=row.pk).update(status="abandoned")
    story = explain(row.pk)
    assert (story["told_from"], story["exit"]) == ("rows", None)
    assert "its process died" in story["note"]


def test_a_simulated_market_is_made_again() -> None:
    made = plan(Options(symbol="MES", speed="max", settings=NO_LIMITS, seed="3"))
    now = int(ticks().ts[-1])
    market = simulated(made, now=now, last_tick=0)
    start = begin(made, open_account(made), market)
    asyncio.run(trade(made, market, start))
    feed = Session.objects.get().feed
    assert (feed["kind"], feed["seed"], feed["session"]) == ("simulator", 3, "rth")
    rows = closed()
    assert rows
    assert explain(rows[-1].pk)["note"] == ""


def test_a_simulated_market_that_was_joined_in_the_middle_of_the_day() -> None:
    made = replace(
        plan(Options(symbol="MES", speed="100000", settings=NO_LIMITS, seed="3")), speed=None
    )
    day = made.schedule.day(DAY)
    assert day is not None
    live = Simulator("MES", 3).live(day.open + 2 * 3600 * 10**9)
    whole = live.simulator.day(DAY)
    market = replace(
        simulated(made, now=day.open + 2 * 3600 * 10**9, last_tick=0),
        blocks=iter([whole]), first_ts=int(whole.ts[0]), warm_until=live.start,
    )  # fmt: skip
    start = begin(made, open_account(made), market)
    asyncio.run(trade(made, market, start))
    assert Session.objects.get().feed["warm_until"] == live.start
    rows = closed()
    assert rows
    assert rows[0].ordered_ns >= live.start
    assert explain(rows[0].pk)["note"] == ""


def test_an_unknown_id_names_the_nearest(recording: Path) -> None:
    played(planned(recording))
    with pytest.raises(CommandError, match="no trade paper-MES-20240612-900 is stored") as refused:
        said_by_command("paper-MES-20240612-900")
    assert "the nearest are paper-MES-20240612-00" in str(refused.value)
    with pytest.raises(ExplainError, match="no trade x is stored"):
        explain("x")


def test_the_command_prints_plainly_in_a_hundred_columns(recording: Path) -> None:
    played(planned(recording))
    for row in closed():
        text = said_by_command(row.pk)
        assert "\x1b" not in text
        assert max(map(len, text.splitlines())) <= 100
        for name in ("Pattern", "Bar", "Regime", "Router", "Choice", "Risk and size",
                     "Orders and fills", "Path", "Result"):  # fmt: skip
            assert f"\n{name}\n" in text
        assert re.search(rf"less fees \S+ = {row.net:.2f};", text)
        assert "<- the signal" in text


def test_the_command_writes_the_document(recording: Path, tmp_path: Path) -> None:
    played(planned(recording))
    row, out = closed()[0], tmp_path / "story.json"
    text = said_by_command(row.pk, "--json", str(out))
    assert json.loads(out.read_text()) == explain(row.pk)
    assert row.pk in text


def test_old_rows_and_unknown_events_can_still_be_read(recording: Path) -> None:
    played(planned(recording))
    row = closed()[0]
    assert row.signal is not None
    row.signal.decision_terms = {
        "day_pnl": 0, "balance": 250_000_000_000, "account_streak": 0, "tier": "MES 1-3",
    }  # fmt: skip
    row.signal.save()
    AuditEvent.objects.all().delete()
    recording.unlink()
    assert explain(row.pk)["decision"]["terms"]["balance"] == "2500.00"
    assert "MES" in said_by_command(row.pk)


def test_a_half_of_the_day_is_not_enough(recording: Path) -> None:
    played(planned(recording))
    row = closed()[-1]
    recording.unlink()
    write_ticks(recording, "MES", part(ticks(), slice(200)), synthetic=True)
    story = explain(row.pk)
    assert story["told_from"] == "rows"
    assert "none of that name" in story["note"]
