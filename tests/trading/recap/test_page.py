"""The recap's file: it stands alone, says what the document says, and can be drawn."""

import hashlib
import json
import re
from base64 import b64encode
from typing import Any

import pytest
from django.contrib.auth.models import User

from tests.backtests.report.test_plots import validated
from tests.backtests.report.test_report import Page
from tests.trading.days import DAY, run_day, session_row
from tests.trading.recap.test_document import event
from tests.trading.test_pages_trades import add
from trading.models import Command, Session
from trading.recap.document import document
from trading.recap.page import html
from trading.recap.plots import drawn

pytestmark = pytest.mark.django_db(transaction=True)

HOSTILE = '</script><img src=x onerror="x()">'


def plots_of(of: dict[str, Any]) -> dict[str, Any]:
    return validated(drawn(of))


def only() -> dict[str, Any]:
    [of] = document(DAY)["sessions"]
    return of


def test_every_place_has_its_plot_and_every_link_its_part() -> None:
    run_day()
    page = Page(html(document(DAY)))
    places = [each["data-plot"] for each in page.all("div") if "data-plot" in each]
    assert set(places) == set(json.loads(page.scripts[1]))
    assert {"equity", "price", "fates", "regimes", "by-pattern", "by-hour"} <= set(places)
    ids = [each["id"] for _, each in page.elements if "id" in each]
    assert len(ids) == len(set(ids))
    links = [str(each["href"]) for each in page.all("a")]
    assert {link[1:] for link in links if link.startswith("#")} <= set(ids)


def test_the_file_loads_nothing_and_its_policy_names_what_runs() -> None:
    run_day()
    content = html(document(DAY))
    page = Page(content)
    for tag, attributes in page.elements:
        for name in ("src", "href", "srcset", "action", "data", "poster"):
            assert str(attributes.get(name, "#")).startswith(("#", "data:")), tag
    [policy] = [m["content"] for m in page.all("meta") if "http-equiv" in m]
    assert policy is not None
    assert "default-src 'none'" in policy
    run = [script for number, script in enumerate(page.scripts) if number != 1]  # 1: the plots
    run.append(content.split("<style>")[1].split("</style>")[0])
    digests = {
        f"'sha256-{b64encode(hashlib.sha256(text.encode()).digest()).decode()}'" for text in run
    }
    assert set(re.findall(r"'sha256-[^']+'", policy)) == digests


def test_the_figures_are_those_of_the_day() -> None:
    session = session_row(balance=2512)
    add(session, 1, net="57.52")
    add(session, 2, net="-44.98", exit="stop")
    text = Page(html(document(DAY))).text
    assert "2 trades, net +12.54 USD" in text
    assert "Profit factor 1.28" in text
    assert "Win rate 50 %" in text


def test_plotly_takes_every_plot() -> None:
    run_day()
    found = plots_of(only())
    for name, figure in found.items():
        assert {trace.type for trace in figure.data} <= {"bar", "scatter"}, name
        assert any(len(trace.y) for trace in figure.data), name


def test_the_booked_curve_ends_where_the_day_did() -> None:
    run_day()
    session = Session.objects.get()
    marked, booked, exits = drawn(only())["equity"]["data"]
    assert booked["y"][-1] == exits["y"][-1] == float(session.net)
    assert len(exits["x"]) == session.trades_closed
    assert marked["x"][-1] == booked["x"][-1]
    assert marked["x"][0].startswith("2024-06-12 09:")  # New York


def test_each_trade_is_marked_where_it_was_entered_and_left() -> None:
    run_day()
    of = only()
    marks = [trace for trace in drawn(of)["price"]["data"] if trace["mode"] == "markers"]
    entries = sum(len(trace["x"]) for trace in marks if trace["name"].startswith("Entry"))
    assert entries == len([trade for trade in of["trades"] if trade["entry_at"]])
    gains = next(trace for trace in marks if trace["name"] == "Exit with a gain")
    assert len(gains["x"]) == of["totals"]["wins"]


def test_a_day_without_trades_says_so() -> None:
    run_day(settings={"router.min_confidence": "0.99", "router.min_strength": "0.99"})
    page = Page(html(document(DAY)))
    assert "No trade was closed." in page.text
    places = {each["data-plot"] for each in page.all("div") if "data-plot" in each}
    assert places == {"price", "regimes", "fates"}


def test_a_day_without_anything_is_a_page() -> None:
    session_row()
    page = Page(html(document(DAY)))
    assert page.all("figure") == []
    assert "No warning and no error was recorded." in page.text


def test_several_accounts_have_their_own_parts() -> None:
    run_day()
    session_row("another")
    page = Page(html(document(DAY)))
    ids = [each["id"] for _, each in page.elements if "id" in each]
    assert {"figures-1", "figures-2", "course-2"} <= set(ids)
    assert len(ids) == len(set(ids))
    assert "another: Key figures" in page.text
    places = {each["data-plot"] for each in page.all("div") if "data-plot" in each}
    assert places == set(json.loads(page.scripts[1]))
    assert "equity-2" in places


def test_what_people_wrote_stays_text() -> None:
    session = session_row(config_name=HOSTILE)
    add(session, 1, net="1", pattern=HOSTILE[:40])
    event(session, "broker_line", 1, level="error", text=HOSTILE)
    user = User.objects.create_user("x", password="long enough")
    Command.objects.create(
        account=session.account, session=session, kind="halt", reason=HOSTILE, requested_by=user
    )
    content = html(document(DAY))
    page = Page(content)
    assert HOSTILE not in content
    assert page.all("img") == []
    assert len(page.all("script")) == 4
    assert page.text.count("onerror=") >= 3  # it is shown


@pytest.mark.parametrize(
    ("values", "badge"),
    [
        ({"synthetic": True}, "Synthetic market"),
        ({"inferred": True}, "Sides inferred"),
        ({"status": "running"}, "Still running"),
    ],
)
def test_what_must_not_be_overlooked_is_a_badge(values: dict[str, Any], badge: str) -> None:
    session_row(**{"status": "ended"} | values)
    assert badge in Page(html(document(DAY))).text
