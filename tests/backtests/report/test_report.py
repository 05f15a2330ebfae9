"""What a report says, and that its file stands alone, whatever it is given."""

import csv
import hashlib
import json
import re
from base64 import b64decode, b64encode
from collections.abc import Callable
from html.parser import HTMLParser
from io import StringIO

import pytest

from backtests.metrics import DEFINITIONS, figures
from backtests.outcome import Outcome
from backtests.report import html
from backtests.report.simulated import Statement, statements
from backtests.report.trades_csv import trades_csv
from engine.money import to_decimal
from tests.backtests.outcomes import by_ticks, outcome
from tests.backtests.report.runs import (
    EDGES,
    HOSTILE,
    ended,
    guessed,
    hostile,
    ideal,
    ruined,
    stopped,
    year,
)


class Page(HTMLParser):
    """The elements and texts of a file."""

    def __init__(self, content: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.scripts: list[str] = []
        self.texts: list[str] = []
        self._in = ""
        self.feed(content)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        self._in = tag

    def handle_endtag(self, tag: str) -> None:
        self._in = ""

    def handle_data(self, data: str) -> None:
        if self._in == "script":
            self.scripts.append(data)
        elif self._in != "style":
            self.texts.append(data)

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.elements if name == tag]

    @property
    def text(self) -> str:
        return re.sub(r"\s+", " ", " ".join(self.texts))


def made(run: Outcome, **more: str) -> Page:
    return Page(html(run, figures(run), **more))


def said(run: Outcome) -> dict[str, Statement]:
    return {one.name: one for one in statements(run)}


@pytest.mark.parametrize("run", EDGES.values(), ids=EDGES)
def test_every_run_has_a_report_whose_places_all_have_their_plot(
    run: Callable[[], Outcome],
) -> None:
    page = made(run())
    places = [each["data-plot"] for each in page.all("div") if "data-plot" in each]
    assert set(places) <= set(json.loads(page.scripts[1]))
    ids = [each["id"] for _, each in page.elements if "id" in each]
    assert len(ids) == len(set(ids))
    for each in page.all("section"):
        assert each.get("aria-label") or each.get("aria-labelledby") in ids
    links = [str(each["href"]) for each in page.all("a")]
    assert {link[1:] for link in links if link.startswith("#")} <= set(ids)


def test_the_file_loads_nothing_from_anywhere() -> None:
    page = made(year())
    for tag, attributes in page.elements:
        for name in ("src", "href", "srcset", "action", "data", "poster"):
            assert str(attributes.get(name, "#")).startswith(("#", "data:")), tag
    assert "url(" not in html(year(), figures(year())).split("<style>")[1].split("</style>")[0]


def test_the_files_policy_names_exactly_its_scripts_and_its_style() -> None:
    page = made(year())
    [policy] = [m["content"] for m in page.all("meta") if "http-equiv" in m]
    assert policy is not None
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    run = [script for number, script in enumerate(page.scripts) if number != 1]  # 1: the plots
    run.append(html(year(), figures(year())).split("<style>")[1].split("</style>")[0])
    digests = {
        f"'sha256-{b64encode(hashlib.sha256(text.encode()).digest()).decode()}'" for text in run
    }
    assert set(re.findall(r"'sha256-[^']+'", policy)) == digests


def test_names_that_people_chose_stay_texts() -> None:
    run = hostile()
    content = html(run, figures(run), title=HOSTILE, note=HOSTILE)
    page = Page(content)
    assert HOSTILE not in content
    assert page.all("img") == []
    assert len(page.all("script")) == 4
    assert all("onerror" not in attributes for _, attributes in page.elements)
    assert page.text.count("onerror=") >= 4  # it is shown


def test_the_heading_names_what_can_be_traced() -> None:
    run = year()
    page = made(run, title="March's idea", note="before the roll")
    for words in (
        "March's idea", "before the roll", "MES", "60 days", run.plan.config.digest,
        run.data_digest, run.code,
    ):  # fmt: skip
        assert words in page.text


def test_a_run_without_a_trade_says_how_far_its_signals_came() -> None:
    run = outcome(days=20, trades=0)
    page = made(run)
    signals = sum(day.signals for day in run.days)
    assert f"{signals:,} signals found" in page.text
    assert not any("data-plot" in each for each in page.all("div"))


def test_every_figure_stands_with_its_definition() -> None:
    text = made(year()).text
    for of in DEFINITIONS.values():
        assert of.label in text
        assert re.sub(r"\s+", " ", of.text) in text


# How it was simulated


def test_a_simulated_market_is_said_before_anything_else() -> None:
    first = statements(year())[0]
    assert (first.level, first.name) == ("danger", "Simulated market")
    assert "No such trades took place" in first.words


def test_ideal_fills_are_said_in_capitals() -> None:
    found = said(ideal())
    assert found["IDEAL fills"].level == "danger"
    for name in ("Latency", "Slippage", "Target rule", "Stop rule", "Fees"):
        assert found[name].level == "warn"
    assert "IDEAL fills" not in said(year())


def test_a_stopped_run_says_how_far_it_came() -> None:
    assert "4 of 9 days" in said(stopped())["Stopped early"].words


def test_a_lost_account_is_called_ruin() -> None:
    found = said(ruined())["Ruin"]
    assert found.level == "danger"
    assert "−60.00" in found.words


def test_the_end_of_trading_by_the_drawdown_limit_is_dated() -> None:
    found = said(ended())["Trading ended"]
    assert found.words.startswith("On 2025-01-03 the largest allowed drawdown was reached")
    assert "2 days after it are without a trade" in found.words


def test_inferred_sides_are_counted() -> None:
    found = said(guessed())
    assert found["Inferred sides"].words.startswith("On 1 of 2 days")
    assert "Simulated market" not in found


def test_missing_days_are_named() -> None:
    run = year()
    words = said(run)["Missing days"].words
    assert words.startswith("3 of 63 sessions")
    assert run.plan.missing[0].isoformat() in words


def test_costs_are_those_paid() -> None:
    run = year()
    fees = sum(done.trade.fees for done in run.trades)
    assert f"{to_decimal(fees):,}" in said(run)["Fees"].words


# The trades as CSV


def test_the_link_holds_all_trades_exactly() -> None:
    run = year()
    [link] = [each for each in made(run).all("a") if "download" in each]
    content = b64decode(str(link["href"]).split("base64,")[1]).decode()
    rows = list(csv.DictReader(StringIO(content)))
    assert [row["trade"] for row in rows] == [done.trade.id for done in run.trades]
    assert [row["net"] for row in rows] == [f"{to_decimal(done.net)}" for done in run.trades]


def test_times_are_utc_and_new_yorks_on_either_side_of_the_change_of_clocks() -> None:
    run = by_ticks([[24]] * 60, start=year().days[0].day.replace(month=2, day=1))
    rows = list(csv.DictReader(StringIO(trades_csv(run))))
    assert (rows[0]["entry_utc"][11:16], rows[0]["entry_new_york"][11:]) == (
        "14:30", "09:30:00.000-05:00",
    )  # fmt: skip
    assert (rows[-1]["entry_utc"][11:16], rows[-1]["entry_new_york"][11:]) == (
        "13:30", "09:30:00.000-04:00",
    )  # fmt: skip


def test_a_name_that_a_spreadsheet_would_run_is_marked_as_text() -> None:
    rows = list(csv.DictReader(StringIO(trades_csv(hostile()))))
    assert any(row["tier"].startswith("'=cmd") for row in rows)
