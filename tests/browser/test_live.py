"""The live page in Chromium: it shows the market, says how old it is, and survives its socket."""

from collections.abc import Callable
from typing import Any

from tests.browser.conftest import ARTEFACTS, Look, Server, Watch, log_in, until, wait_until

LookAt = Callable[..., Look]


# No bar twice, none missing, in order. What the database does not have yet is asked for again.
CONTIGUOUS = "livePage.state().bars.every(({i}, at, bars) => i === bars[0].i + at)"


def test_login_leads_to_a_chart_that_moves(browser: Any, server: Server) -> None:
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    page = context.new_page()
    watch = Watch(page, server.url)
    log_in(page, server)
    until(page, "window.livePage?.drawn().length > 20")
    until(page, "document.getElementById('feed-state').textContent === 'Live'")
    assert page.inner_text("#symbol") == "MES"
    assert "SYNTHETIC TICKS" in page.inner_text("#badges")
    seq = page.evaluate("livePage.state().seq")
    until(page, f"livePage.state().seq > {seq} + 5")
    colours = page.evaluate(
        """() => {
            const canvas = document.querySelector("#chart canvas");
            const {data} = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
            return new Set(new Uint32Array(data.buffer)).size;
        }"""
    )
    assert colours > 50
    ARTEFACTS.mkdir(exist_ok=True)
    page.screenshot(path=ARTEFACTS / "live-1440.png")
    context.close()
    assert watch.wrong == []


def test_the_printed_link_logs_in_once(browser: Any, server: Server) -> None:
    first, second = browser.new_context(), browser.new_context()
    page = first.new_page()
    page.goto(server.link)
    assert page.url == f"{server.url}/"
    page = second.new_page()
    page.goto(server.link)
    assert "used before" in page.inner_text("[role=alert]")
    first.close()
    second.close()


def test_bars_close_on_the_page_as_in_the_database(look: LookAt) -> None:
    live = look()
    count = len(live.bars())
    live.until(f"livePage.state().bars.length >= {count} + 3")
    live.until(CONTIGUOUS)
    shown = [bar["t"] for bar in live.bars()]
    wait_until(lambda: live.server.bar_starts()[-1] >= shown[-1], "the newest bar is stored")
    assert shown == [t for t in live.server.bar_starts() if shown[0] <= t <= shown[-1]]


def test_the_day_is_asked_for_once_by_a_socket_that_is_open_before_the_modules_are(
    look: LookAt,
) -> None:
    live = look(wire=True)
    live.until("livePage.station.connection === 'open'")
    assert live.page.evaluate("window.earlySocket") is None  # it was taken over
    assert [one for one in live.wire.asked if one == {"type": "sync", "have": None}] == [
        {"type": "sync", "have": None}
    ]
    opened = "performance.getEntriesByType('resource').map(({name}) => name)"
    names = [name.rsplit("/", 1)[-1] for name in live.page.evaluate(opened)]
    assert "early-socket.js" in names


def test_a_cut_socket_comes_back_without_a_reload_gap_or_double(look: LookAt) -> None:
    live = look(wire=True)
    live.wire.drop(down=True)
    live.until("!document.getElementById('banner').hidden")
    assert live.text("#feed-state") == "Disconnected"
    before = live.bars()[-1]["i"]  # nothing comes in any more
    live.shoot("live-disconnected")
    wait_until(lambda: len(live.server.bar_starts()) > before + 4, "bars close meanwhile")
    assert live.bars()[-1]["i"] == before
    live.wire.down = False
    live.until(f"livePage.state().bars.at(-1).i > {before} + 4")
    live.until("document.getElementById('banner').hidden")
    live.until(CONTIGUOUS)
    assert [one["have"] for one in live.wire.asked if one["type"] == "sync"][-1] is not None


def test_a_lost_frame_is_asked_for(look: LookAt) -> None:
    live = look(wire=True)
    lost: list[int] = []

    def lose_bars(message: dict[str, Any]) -> dict[str, Any] | None:
        if message["type"] == "frame" and message["bars"] and len(lost) < 2:
            lost.extend(bar["i"] for bar in message["bars"])
            return None
        return message

    live.wire.tamper = lose_bars
    wait_until(lambda: (live.page.wait_for_timeout(100), len(lost) >= 2)[1], "two bars are lost")
    live.until(f"livePage.state().bars.at(-1).i > {max(lost)}")
    live.until(f"livePage.state().bars.some(({{i}}) => i === {max(lost)})")
    live.until(CONTIGUOUS)


def test_frames_before_the_snapshot_do_no_harm(look: LookAt) -> None:
    lost: list[int] = []

    def lose_first_snapshot(message: dict[str, Any]) -> dict[str, Any] | None:
        if message["type"] == "snapshot" and not lost:
            lost.append(1)
            return None
        return message

    live = look(tamper=lose_first_snapshot)
    assert lost
    live.until(CONTIGUOUS)


def test_silence_shows_within_seconds(look: LookAt) -> None:
    live = look(wire=True)
    live.wire.tamper = lambda message: None
    live.until("document.getElementById('feed-state').textContent === 'No updates'", seconds=20)
    assert live.page.get_attribute("#feed", "data-level") == "warn"


def test_a_stale_feed_is_red_and_said(look: LookAt) -> None:
    live = look(wire=True)

    def age(message: dict[str, Any]) -> dict[str, Any]:
        if message["type"] == "frame":
            message["feed"] |= {"state": "stale", "age_ms": 42_000}
            message["session"]["phase"] = "open"
            message["account"]["halts"] = ["stale_feed"]
        return message

    live.wire.tamper = age
    live.until("document.getElementById('feed').dataset.level === 'danger'")
    assert live.text("#feed-state") == "Stale"
    assert "No tick for 42 s" in live.text("#banner")
    assert "entries are halted" in live.text("#banner")
    assert "Halted".lower() in live.text("#badges").lower()
    live.shoot("live-stale")


def test_a_login_that_ran_out_is_said(look: LookAt) -> None:
    live = look(wire=True)
    live.watch.expected.append("401 (Unauthorized)")  # the page may ask once more
    live.page.context.clear_cookies()
    live.wire.deaf = True  # the server closes at once, and the proxy would write to a closed socket
    live.wire.drop()
    live.until("document.getElementById('feed-state').textContent === 'Logged out'")
    assert live.page.get_attribute("#banner a", "href") == "/login/"


def test_an_error_of_the_server_is_shown(look: LookAt) -> None:
    live = look(wire=True)

    def fail(message: dict[str, Any]) -> dict[str, Any]:
        if message["type"] == "snapshot":
            return {"type": "error", "message": "The database does not answer. Trying again."}
        return message

    live.wire.tamper = fail
    live.wire.drop()
    live.until("document.getElementById('banner').textContent.includes('database')")


def test_without_a_session_the_page_says_what_starts_one(browser: Any, idle_server: Server) -> None:
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    page = context.new_page()
    watch = Watch(page, idle_server.url)
    log_in(page, idle_server)
    until(page, "document.getElementById('chart-state').textContent.includes('No session yet')")
    assert page.inner_text("#feed-state") == "Waiting for data"
    page.screenshot(path=ARTEFACTS / "live-empty.png")
    context.close()
    assert watch.wrong == []


def test_on_a_phone_the_chart_comes_first_and_nothing_sticks_out(look: LookAt) -> None:
    live = look(390, 844, is_mobile=True, has_touch=True)
    live.page.wait_for_timeout(500)
    assert live.page.evaluate("document.documentElement.scrollWidth") <= 390
    tops = {
        name: live.page.locator(selector).bounding_box()["y"]
        for name, selector in {
            "chart": "#chart",
            "panels": "#panel-bar",
            "day": "#day-card",
        }.items()
    }
    assert tops["chart"] < 200 < tops["panels"] < tops["day"]
    live.shoot("live-390")


def test_zoom_goes_from_cells_to_candles_and_back(look: LookAt) -> None:
    live = look()
    caption = "document.getElementById('chart-caption').textContent"
    live.until(f"{caption}.startsWith('Bid × ask')")
    live.press_until("-", f"{caption}.startsWith('Split profile')")
    live.shoot("live-profile")
    live.press_until("-", f"{caption} === 'Candles'")
    live.shoot("live-candles")
    live.page.keyboard.press("0")
    live.until(f"{caption}.startsWith('Bid × ask')")
    live.page.select_option("#cells", "candles")
    live.until(f"{caption} === 'Candles'")


def test_the_view_stays_where_the_trader_scrolled_and_leads_back(look: LookAt) -> None:
    live = look()
    for _ in range(6):
        live.page.keyboard.press("ArrowLeft")
    live.page.wait_for_selector("#back-to-live", state="visible")
    count = len(live.bars())
    live.until(f"livePage.state().bars.length > {count} + 2")
    assert live.page.is_visible("#back-to-live")
    live.page.click("#back-to-live")
    live.page.wait_for_selector("#back-to-live", state="hidden")


def test_a_signal_in_the_list_leads_to_the_chart_and_the_filter_holds(look: LookAt) -> None:
    live = look()
    live.page.wait_for_selector("#signals button.row")
    live.page.click("#accepted-only")
    live.until("!document.querySelector('#signals .row--rejected')")
    live.page.click("#accepted-only")
    live.page.locator("#signals button.row").last.click()
    live.page.wait_for_selector("#back-to-live", state="visible")


def test_tabs_work_from_the_keyboard(look: LookAt) -> None:
    live = look()
    live.page.focus("#tab-signals")
    live.page.keyboard.press("ArrowRight")
    assert live.page.get_attribute("#tab-trades", "aria-selected") == "true"
    assert live.page.is_visible("#panel-trades")
    assert live.page.is_hidden("#panel-signals")


def test_the_theme_is_kept(look: LookAt) -> None:
    live = look()
    dark = live.page.evaluate("getComputedStyle(document.body).backgroundColor")
    live.page.click("#theme")
    light = live.page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert light != dark
    live.page.reload()
    live.until("window.livePage?.drawn().length > 20")
    assert live.page.evaluate("getComputedStyle(document.body).backgroundColor") == light
    live.page.wait_for_timeout(500)
    live.shoot("live-light")
