"""The pages beside the live one in Chromium: lists by htmx and without scripts, a trade's story,
the recap; at both widths, and without a complaint of the page."""

import csv
import re
import sqlite3
from collections.abc import Callable, Iterator
from io import StringIO
from typing import Any

import pytest

from tests.browser.conftest import ARTEFACTS, Server, Watch, sync_api, until

expect = sync_api.expect

Open = Callable[..., Any]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The pages after a simulated day that is over: some thirty trades of MES."""
    one = Server(tmp_path_factory.mktemp("pages"))
    one.prepare()
    one.manage(
        "trade", "--feed", "simulator", "--symbol", "MES", "--timeframe", "60", "--speed", "max",
        "--headless", "--set", "risk.loss_limit=100000", "--set", "risk.profit_target=100000",
    )  # fmt: skip
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
        page.goto(f"{server.url}{path}")
        return page

    yield open_page
    for context, _ in opened:
        context.close()
    assert [wrong for _, watch in opened for wrong in watch.wrong] == []


def stored(server: Server, sql: str) -> list[Any]:
    with sqlite3.connect(f"file:{server.folder / 'tradebot.sqlite3'}?mode=ro", uri=True) as rows:
        return rows.execute(sql).fetchall()


def a_trade(server: Server) -> str:
    return str(
        stored(server, "select id from trading_trade order by ordered_ns limit 1 offset 9")[0][0]
    )


def shoot(page: Any, name: str, *, whole: bool = False) -> None:
    ARTEFACTS.mkdir(exist_ok=True)
    page.screenshot(path=ARTEFACTS / f"{name}.png", full_page=whole)


def fits(page: Any) -> bool:
    """Nothing of the page lies beyond its right edge."""
    return bool(page.evaluate("document.documentElement.scrollWidth <= innerWidth"))


def until_told(page: Any) -> None:
    """The first replay of a process may have to compile the engine."""
    told = "document.getElementById('story').textContent.includes('gave this trade again')"
    until(page, told, seconds=90)


# Trades


def test_a_filter_narrows_the_list_in_place_and_the_address_keeps_it(
    visit: Open, server: Server
) -> None:
    page = visit("/trades/")
    everything = page.locator("#results tbody tr").count()
    page.evaluate("window.stillHere = true")
    page.select_option("#f-direction", "short")
    page.wait_for_url(re.compile(r"/trades/\?direction=short$"))
    (short,) = stored(server, "select count(*) from trading_trade where direction = -1")[0]
    until(page, f"document.querySelectorAll('#results tbody tr').length === {min(50, short)}")
    assert 0 < short < everything
    assert page.evaluate("window.stillHere") is True
    page.click("#sort-net")
    page.wait_for_url(re.compile(r"sort=-net"))
    until(page, "document.querySelector('th[aria-sort=descending]').textContent.includes('Net')")
    first = page.inner_text("#results tbody tr .t-net")
    page.reload()
    assert page.evaluate("window.stillHere") is None
    assert page.locator("#results tbody tr").count() == short
    assert page.inner_text("#results tbody tr .t-net") == first
    assert page.input_value("#f-direction") == "short"
    shoot(page, "trades-1440")


def test_going_back_shows_what_was_there(visit: Open) -> None:
    page = visit("/trades/")
    everything = page.inner_text("#found")
    page.select_option("#f-result", "won")
    page.wait_for_url(re.compile(r"result=won"))
    until(page, f"document.getElementById('found').textContent !== {everything!r}")
    page.go_back()
    expect(page.locator("#found")).to_have_text(everything)
    assert page.url.endswith("/trades/")


def test_the_list_works_without_scripts(visit: Open) -> None:
    page = visit("/trades/", java_script_enabled=False)
    page.select_option("#f-result", "lost")
    page.click("text=Apply")
    assert "result=lost" in page.url
    assert page.locator("#results .profit").count() == 0
    page.click("#sort-net")
    assert "sort=-net" in page.url
    assert "result=lost" in page.url
    page.click("#results tbody a >> nth=0")
    page.click("#story noscript a")
    assert "gave this trade again" in page.inner_text("#story")


def test_what_is_filtered_is_what_is_exported(visit: Open) -> None:
    page = visit("/trades/?result=won")
    with page.expect_download() as download:
        page.click("text=Export CSV")
    rows = list(csv.DictReader(StringIO(download.value.path().read_text())))
    assert download.value.suggested_filename == "trades.csv"
    assert len(rows) == page.locator("#results tbody tr").count() > 0
    assert all(float(row["net"]) > 0 for row in rows)


def test_a_wrong_address_is_said_in_words(visit: Open) -> None:
    page = visit("/trades/?from=yesterday")
    assert "write it like 2024-06-12" in page.inner_text("[role=alert]")


def test_who_was_logged_out_is_led_to_the_login_and_back(visit: Open) -> None:
    page = visit("/trades/")
    page.context.clear_cookies()
    page.select_option("#f-result", "won")
    page.wait_for_url(re.compile(r"/login/\?next="))


# A trade's story


def test_a_story_follows_its_row_and_chart(visit: Open, server: Server) -> None:
    pk = a_trade(server)
    page = visit(f"/trades/{pk}/")
    assert pk in page.inner_text("main")
    until_told(page)
    assert page.locator("#story tr.is-signal").count() == 1
    assert page.locator("#story .is-marked >> text=Completes").count() == 1
    until(page, "document.getElementById('chart-state').hidden")
    data = page.evaluate("tradePage.data()")
    assert data["trades"][0]["id"] == pk
    colours = page.evaluate(
        """() => {
            const canvas = document.querySelector("#chart canvas");
            const {data} = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
            return new Set(new Uint32Array(data.buffer)).size;
        }"""
    )
    assert colours > 50
    shoot(page, "trade-story-1440", whole=True)
    near = page.evaluate("tradePage.range()")
    page.click("text=All bars")
    until(page, f"tradePage.range().from < {near['from']} - 1 || tradePage.range().from < 0")
    page.click("text=Next →")
    page.wait_for_url(re.compile(r"/trades/(?!" + re.escape(pk) + ")"))


def test_a_story_that_fails_says_so_and_is_tried_again(
    browser: Any, server: Server, cookies: Any
) -> None:
    context = browser.new_context(storage_state=cookies)
    page = context.new_page()
    page.route("**/story/", lambda route: route.abort(), times=1)
    page.goto(f"{server.url}/trades/{a_trade(server)}/")
    until(page, "document.querySelector('.message--failed') !== null")
    assert "The server does not answer." in page.inner_text(".message--failed")
    page.click("text=Try again")
    until_told(page)
    assert page.locator(".message--failed").count() == 0
    context.close()


# Sessions and recap


def test_a_session_leads_to_its_signals_recap_and_trades(visit: Open) -> None:
    page = visit("/sessions/")
    shoot(page, "sessions-1440")
    page.click("#results tbody a")
    page.wait_for_url(re.compile(r"/sessions/\d+/"))
    page.select_option("#f-signals", "traded")
    page.wait_for_url(re.compile(r"signals=traded"))
    rows = "[...document.querySelectorAll('#signals tbody tr')]"
    until(page, f"{rows}.every((row) => row.textContent.includes('Traded'))")
    shoot(page, "session-1440", whole=True)
    page.click("main >> text=Recap")
    page.wait_for_url(re.compile(r"/recap/\d{4}-\d\d-\d\d/\?account=paper-MES"))


def test_the_recap_draws_the_day_and_prints_light(visit: Open, server: Server) -> None:
    page = visit("/recap/")
    (count,) = stored(server, "select count(*) from trading_trade where status = 'closed'")[0]
    assert page.locator(".plot__column").count() == count
    assert page.locator(".plot__marks circle").count() == count
    shoot(page, "recap-1440", whole=True)
    page.emulate_media(media="print")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert not page.is_visible("nav.site")
    shoot(page, "recap-print", whole=True)


@pytest.mark.parametrize("place", ["/trades/", "/sessions/", "/recap/", "trade", "/sessions/1/"])
def test_every_page_fits_a_phone(visit: Open, server: Server, place: str) -> None:
    path = f"/trades/{a_trade(server)}/" if place == "trade" else place
    page = visit(path, width=390, height=844, has_touch=True)
    if place == "trade":
        until_told(page)
    assert fits(page)
    assert page.locator("nav.site [aria-current=page]").count() == 1
    shoot(page, f"{place.strip('/').replace('/', '-')}-390", whole=True)


def test_filters_are_folded_on_a_phone_and_sorting_is_a_choice(visit: Open) -> None:
    page = visit("/trades/", width=390, height=844)
    assert not page.is_visible("#f-direction")
    page.click("details.filters summary")
    assert page.is_visible("#f-direction")
    page.select_option("#f-sort", "-net")
    page.wait_for_url(re.compile(r"sort=-net"))


def test_what_is_not_there_has_a_page(browser: Any, server: Server, cookies: Any) -> None:
    context = browser.new_context(storage_state=cookies)
    page = context.new_page()
    page.goto(f"{server.url}/trades/none-1/")
    assert "There is no trade none-1." in page.inner_text("main")
    context.close()
