"""One trade's page: its row at once, its story by replay or by rows, its chart and neighbours."""

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from marketdata.feeds.files.parquet import write_ticks
from marketdata.models import Bar
from tests.trading.days import run_day, session_row, ticks
from tests.trading.test_explain import planned, played
from trading.explain.finding import explain
from trading.models import Trade
from trading.pages import story as pages

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    path = tmp_path / "mes.parquet"
    write_ticks(path, "MES", ticks(), synthetic=True)
    return path


@pytest.fixture
def page(client: Client) -> Client:
    client.force_login(User.objects.create_user("trader", password="long enough"))
    return client


def closed() -> list[Trade]:
    return list(Trade.objects.filter(status="closed").order_by("ordered_ns"))


def test_the_page_comes_without_waiting_for_the_replay(
    page: Client, recording: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    played(planned(recording))
    row = closed()[0]
    with monkeypatch.context() as patched:
        patched.delattr("trading.pages.views._explained")
        html = page.get(f"/trades/{row.pk}/").content.decode()
    assert row.pk in html
    assert f'hx-get="/trades/{row.pk}/story/"' in html
    assert "Replaying" in html
    assert "?whole" in html


def test_the_story_is_what_explain_tells(page: Client, recording: Path) -> None:
    played(planned(recording))
    row = closed()[0]
    told = explain(row.pk)
    response = page.get(f"/trades/{row.pk}/story/")
    html = response.content.decode()
    assert "<html" not in html
    assert response.context["story"] == told
    assert "gave this trade again" in html
    assert "Completes" in html
    assert told["bar"]["poc"] in html
    whole = page.get(f"/trades/{row.pk}/?whole").content.decode()
    assert "<html" in whole
    assert "gave this trade again" in whole


def test_a_replay_that_differs_is_said_first(page: Client, recording: Path) -> None:
    played(planned(recording))
    row = closed()[0]
    Trade.objects.filter(pk=row.pk).update(net=Decimal("12.5"))
    html = page.get(f"/trades/{row.pk}/story/").content.decode()
    assert "A replay differs from the stored trade." in html
    assert "not 12.50" in html
    assert "gave this trade again" not in html


def test_a_story_without_its_ticks_says_so(page: Client) -> None:
    run_day()
    html = page.get(f"/trades/{closed()[0].pk}/story/").content.decode()
    assert "Not verified by a replay." in html
    assert "does not say where its ticks came from" in html


def test_a_story_that_cannot_be_told_is_an_answer_in_words(page: Client) -> None:
    run_day()
    row = closed()[0]
    Bar.objects.all().delete()
    response = page.get(f"/trades/{row.pk}/story/")
    assert response.status_code == 200
    assert "Its story cannot be told." in response.content.decode()
    refused = page.get(f"/trades/{row.pk}/story.json")
    assert refused.status_code == 409
    assert "its bar is not stored" in refused.json()["error"]


def test_the_story_is_a_file_to_keep(page: Client, recording: Path) -> None:
    played(planned(recording))
    row = closed()[0]
    response = page.get(f"/trades/{row.pk}/story.json")
    assert response["Content-Disposition"] == f'attachment; filename="{row.pk}.json"'
    assert response.json() == json.loads(json.dumps(explain(row.pk)))


def test_the_ladder_marks_what_the_document_names(recording: Path) -> None:
    played(planned(recording))
    for row in closed():
        story = explain(row.pk)
        rungs = pages.ladder(story)
        bar = story["bar"]
        assert [rung.price for rung in rungs] == [level[0] for level in reversed(bar["levels"])]
        assert [rung.price for rung in rungs if rung.buy_imbalance] == list(
            reversed(bar["buy_imbalances"])
        )
        assert {rung.price for rung in rungs if "POC" in rung.marks} == {bar["poc"]}
        assert all(0 <= rung.bid_share <= 100 and 0 <= rung.ask_share <= 100 for rung in rungs)
        assert 100 in {max(rung.bid_share, rung.ask_share) for rung in rungs}


def test_sizing_adds_up_and_one_signal_was_traded(recording: Path) -> None:
    played(planned(recording))
    for row in closed():
        story = explain(row.pk)
        steps = {name: value for name, value, _ in pages.sizing(story)}
        parts = [int(steps[name]) for name in ("Base", "Confluence", "Trend", "Streak")]
        assert int(steps["Wanted"]) == sum(parts)
        assert int(steps["Size"]) == row.size
        fates = [one["fate"] for one in pages.signals(story)]
        assert fates[0] == "traded"
        assert fates.count("traded") == 1
        assert len(fates) == len(story["choices"]) + len(story["rejected"])


def test_terms_of_an_older_engine_leave_the_size_untold() -> None:
    story: dict[str, Any] = {"decision": {"terms": {"base": 1, "loss_left": "50.00"}}}
    assert pages.sizing(story) == []
    assert pages.limits(story) == []


def test_the_chart_holds_the_trade_with_what_came_before_and_after(page: Client) -> None:
    run_day()
    row = closed()[1]
    data = page.get(f"/trades/{row.pk}/chart.json").json()
    starts = [bar["t"] for bar in data["bars"]]
    assert starts == sorted(set(starts))
    entry, end = data["trades"][0]["et"], data["trades"][0]["xt"]
    assert sum(1 for start in starts if start < entry) >= 10
    assert starts[-1] >= end or starts[-1] == max(starts)
    assert data["position"]["stop"] == data["trades"][0]["stop"]
    assert data["position"]["ep"] == data["trades"][0]["ep"]
    assert row.signal is not None
    assert data["signal"] == row.signal.key
    assert row.signal.key in {signal["id"] for signal in data["signals"]}
    assert {signal["bar"] for signal in data["signals"]} <= set(starts)


def test_neighbours_are_the_accounts_trades_beside_it(page: Client) -> None:
    run_day()
    rows = list(Trade.objects.order_by("ordered_ns", "id"))
    for place, row in enumerate(rows):
        near = page.get(f"/trades/{row.pk}/").context["near"]
        assert near.before == (rows[place - 1].pk if place else None)
        assert near.after == (rows[place + 1].pk if place + 1 < len(rows) else None)


def test_the_page_asks_few_questions(page: Client) -> None:
    run_day()
    with CaptureQueriesContext(connection) as queries:
        page.get(f"/trades/{closed()[0].pk}/")
    assert len(queries) <= 6


def test_a_trade_that_never_filled_has_a_page(page: Client) -> None:
    session = session_row()
    Trade.objects.create(
        id="paper-MES-20240612-001", account=session.account, session=session,
        instrument_id="MES", day=session.day, status="cancelled", direction=1, size=1,
        ordered_ns=1_718_199_000_000_000_000,
    )  # fmt: skip
    html = page.get("/trades/paper-MES-20240612-001/").content.decode()
    assert "The entry never filled." in html
    data = page.get("/trades/paper-MES-20240612-001/chart.json").json()
    assert (data["bars"], data["trades"], data["position"]) == ([], [], None)
    assert "Its story cannot be told." in (
        page.get("/trades/paper-MES-20240612-001/story/").content.decode()
    )


@pytest.mark.parametrize("part", ["", "story/", "story.json", "chart.json"])
def test_an_unknown_trade_is_said_and_a_login_is_needed(client: Client, part: str) -> None:
    assert client.get(f"/trades/none-1/{part}").status_code == 302
    client.force_login(User.objects.create_user("trader", password="long enough"))
    response = client.get(f"/trades/none-1/{part}")
    assert response.status_code == 404
    assert "There is no trade none-1." in response.content.decode()
