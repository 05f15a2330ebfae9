"""The pages of backtests in Chromium: the list, the form, a run that goes on, its report, two side
by side; at both widths, and without a complaint of the page."""

import re
import sqlite3
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.browser.conftest import Server, Watch, sync_api, until
from tests.browser.test_pages import fits, shoot

expect = sync_api.expect

Open = Callable[..., Any]

ROWS = """
from dataclasses import replace
from datetime import date, time, timedelta
from django.utils import timezone
from backtests import storing
from engine.account_rules import FILL_PROFILES
from engine.ticks import NS
from marketdata.calendars import new_york
from marketdata.store import the_store
from tests.backtests.outcomes import outcome, settings
from tests.marketdata.store.days import info, ticks

def finished(note="", **drawn):
    run = outcome(**drawn)
    row = storing.create(run.plan, asked_from="page", note=note)
    storing.finish(row, run)

finished("Two months as they are", days=40, trades=200, seed=7, edge=0.08)
wider = settings("MES", 10_000, stop_ticks=20)
finished("Wider stops", days=40, trades=200, seed=7, edge=0.05, config=wider)
ideal = replace(settings("MES"), fills=FILL_PROFILES["ideal"])
finished("", days=20, trades=90, seed=3, config=ideal)
failed = storing.create(outcome(days=5).plan, asked_from="page")
storing.fail(failed, "MES 2025-01-09: its file is damaged; run ticks repair --symbol MES")
run = outcome(days=60, trades=300, seed=5)
row = storing.create(run.plan, asked_from="page", note="Goes on")
for day in run.days[:20]:
    storing.store_day(row, day)
row.status, row.started_at = "running", timezone.now()
row.days_done, row.days_analysed, row.days_kept = 20, 32, 6
row.ticks = sum(day.ticks for day in run.days[:20])
row.save()
from backtests.stress.study import Spec, ask, carry_out
from backtests.models import Backtest
parts = ("time_of_day", "costs")
carry_out(ask(Backtest.objects.get(pk=1), Spec(parts=parts, paths=200)))
for number in (17, 18, 20):
    day = date(2025, 11, number)
    start = new_york(day - timedelta(days=1), time(18)) + NS
    the_store().write(info(day=day), [ticks(5, start=start)])
"""
REPORT, WIDER, IDEAL, FAILED, RUNNING = 1, 2, 3, 4, 5


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The pages with five backtests: finished ones, one that failed, one that goes on."""
    one = Server(tmp_path_factory.mktemp("backtests"))
    one.prepare()
    one.manage("shell", "--verbosity", "0", "--command", ROWS)
    try:
        one.start("-m", "uvicorn", "tradebot.asgi:application", "--port", str(one.port))
        yield one
    finally:
        one.stop()


@pytest.fixture
def visit(browser: Any, server: Server, cookies: Any) -> Iterator[Open]:
    """`visit(path, width=...)` opens a page; whatever is done to it, it must not complain."""
    opened: list[tuple[Any, Watch]] = []

    def open_page(path: str, width: int = 1440, height: int = 900, **options: Any) -> Any:
        context = browser.new_context(
            viewport={"width": width, "height": height}, storage_state=cookies, **options
        )
        page = context.new_page()
        opened.append((context, Watch(page, server.url)))
        page.goto(f"{server.url}/backtests/{path}")
        return page

    yield open_page
    for context, _ in opened:
        context.close()
    assert [wrong for _, watch in opened for wrong in watch.wrong] == []


def change(server: Server, sql: str) -> None:
    with sqlite3.connect(server.folder / "tradebot.sqlite3", timeout=20) as rows:
        rows.execute(sql)


def phone(visit: Open, path: str) -> Any:
    page = visit(path, width=390, height=844, has_touch=True)
    assert fits(page)
    assert page.locator("nav.site [aria-current=page]").inner_text() == "Backtests"
    return page


def draw_all(page: Any) -> None:
    """Plots are drawn when they come near."""
    for place in page.locator("[data-plot]").all():
        place.scroll_into_view_if_needed()
        expect(place.locator("svg.main-svg").first).to_be_attached()


def test_the_list_is_narrowed_in_place_and_two_are_compared(visit: Open) -> None:
    page = visit("")
    shoot(page, "backtests-1440")
    page.fill("#f-text", "stops")
    page.wait_for_url(re.compile(r"text=stops$"))
    until(page, "document.querySelectorAll('#results tbody tr').length === 1")
    page.click("text=Clear")
    boxes = page.locator("input[name=run]")
    assert boxes.count() == 3, "only what is finished and has a day"
    compare = page.locator("#compare button")
    assert compare.is_disabled()
    boxes.nth(0).focus()
    page.keyboard.press("Space")
    boxes.nth(1).check()
    assert boxes.nth(2).is_disabled()
    compare.click()
    page.wait_for_url(re.compile(r"/compare/\?a=3&b=2$"))
    assert "Fills are assumed otherwise" in page.inner_text("main")
    draw_all(page)
    shoot(page, "backtests-compare-1440", whole=True)


def test_the_form_says_what_it_comes_to(visit: Open) -> None:
    page = visit("new/")
    assert not page.is_visible("#n-last")
    page.select_option("#n-which", "last")
    page.fill("#n-last", "2")
    page.locator("#n-last").blur()
    expect(page.locator("#estimate")).to_contain_text("2 days, Tue 18 Nov 2025")
    shoot(page, "backtests-new-1440")
    page.fill("#n-balance", "much")
    page.click("text=Start")
    page.wait_for_selector("#e-balance")
    assert page.evaluate("document.activeElement.name") == "balance"
    assert page.input_value("#n-last") == "2"
    shoot(page, "backtests-new-wrong-1440")


def test_a_run_goes_on_under_the_eyes_of_its_page(visit: Open, server: Server) -> None:
    page = visit(f"{RUNNING}/")
    expect(page.locator("[data-say=done]")).to_have_text("20 of 60 days")
    until(page, "backtestPage.link() === 'open'")
    shoot(page, "backtests-running-1440")
    page.evaluate("backtestPage.cut()")
    change(server, f"update backtests_backtest set days_done = 31 where id = {RUNNING}")
    page.evaluate("document.body.dispatchEvent(new Event('poll'))")
    expect(page.locator("[data-say=done]")).to_have_text("31 of 60 days")
    page.reload()
    expect(page.locator("[data-say=done]")).to_have_text("31 of 60 days")
    page.click("summary:has-text('Stop')")
    assert page.is_visible("text=Days that are done are kept")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent.trim()") == "Stop it"
    change(
        server,
        "update backtests_backtest set status = 'failed', error = 'the disk is full' "
        f"where id = {RUNNING}",
    )
    page.evaluate("document.body.dispatchEvent(new Event('poll'))")
    page.wait_for_selector("[role=alert]")
    assert "the disk is full" in page.inner_text("[role=alert]")


def test_a_report_draws_its_plots_and_lists_its_trades(visit: Open, server: Server) -> None:
    page = visit(f"{REPORT}/")
    draw_all(page)
    shoot(page, "backtests-report-1440", whole=True)
    page.click("#theme")
    shoot(page, "backtests-report-1440-light", whole=True)
    page.click("#theme")
    page.select_option("#f-result", "won")
    page.wait_for_url(re.compile(rf"/{REPORT}/trades/\?result=won$"))
    expect(page.locator("#trade-list tbody .loss")).to_have_count(0)
    page.click("#sort-net")
    page.wait_for_url(re.compile("sort=-net"))
    with page.expect_download() as file:
        page.click("text=HTML")
    assert file.value.suggested_filename.startswith("backtest-1-MES-")


def test_a_stress_test_is_drawn(visit: Open) -> None:
    page = visit(f"{REPORT}/")
    page.click("section[aria-labelledby=studies] a")
    page.wait_for_url(re.compile(r"/studies/1/$"))
    draw_all(page)
    shoot(page, "backtests-study-1440", whole=True)


def test_a_failed_run_says_why(visit: Open) -> None:
    page = visit(f"{FAILED}/")
    assert "its file is damaged; run ticks repair" in page.inner_text("[role=alert]")
    shoot(page, "backtests-failed-1440")


@pytest.mark.parametrize(
    "path",
    [
        "",
        "new/",
        f"{IDEAL}/",
        f"{FAILED}/",
        f"compare/?a={REPORT}&b={WIDER}",
        f"{REPORT}/delete/",
        "studies/1/",
    ],
)
def test_every_page_fits_a_phone(visit: Open, path: str) -> None:
    page = phone(visit, path)
    if path == f"{IDEAL}/":
        draw_all(page)
        assert fits(page)
    shoot(page, f"backtests-{re.sub(r'[^a-z0-9]+', '-', path)}390", whole=True)
