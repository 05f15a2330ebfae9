"""Other bars and other accounts on the live page, with two pipelines on one database."""

import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests import services
from tests.browser.conftest import (
    ARTEFACTS,
    ROOT,
    WAIT_S,
    Look,
    Server,
    Watch,
    log_in,
    rows,
    until,
    wait_until,
)

SECOND = "paper-MNQ"
WIDTH = "livePage.drawn().at(-2).e - livePage.drawn().at(-2).t"
LOADED = "document.getElementById('bars-loading').hidden"
NUMBERS = "livePage.drawn().map(({i}) => i)"

LookAt = Callable[..., Look]


class Pair(Server):
    """Two pipelines of one installation; the first serves the page."""

    redis = ""
    second: subprocess.Popen[bytes] | None = None

    @property
    def environment(self) -> dict[str, str]:
        return super().environment | ({"REDIS_URL": self.redis} if self.redis else {})

    def run_both(self) -> None:
        self.prepare()
        words = ["manage.py", "trade", "--feed", "simulator", "--speed", "60"]
        self.start(
            *words, "--symbol", "MES", "--timeframe", "60", "--serve", f"127.0.0.1:{self.port}"
        )
        with (self.folder / "second.log").open("wb") as output:
            self.second = subprocess.Popen(
                [sys.executable, *words, "--symbol", "MNQ", "--timeframe", "120"],
                cwd=ROOT, env=self.environment, stdout=output, stderr=subprocess.STDOUT,
            )  # fmt: skip
        traded = "select count(*) from trading_signal join trading_session s on s.id = session_id"
        of_second = f"{traded} where s.instrument_id = 'MNQ'"
        wait_until(lambda: rows(self, of_second)[0][0] > 10, "the second pipeline trades")

    def stop_second(self) -> None:
        if self.second is not None and self.second.poll() is None:
            self.second.send_signal(signal.SIGINT)
            try:
                self.second.wait(15)
            except subprocess.TimeoutExpired:
                self.second.kill()

    def stop(self) -> None:
        self.stop_second()
        super().stop()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The pipelines share Redis, if there is one."""
    one = Pair(tmp_path_factory.mktemp("views"))
    try:
        redis: services.Service | None = services.start_redis()
    except services.Unavailable:
        redis = None
    if redis is not None:
        one.redis = redis.url
    try:
        one.run_both()
        yield one
    finally:
        one.stop()
        if redis is not None:
            redis.close()


@pytest.fixture
def look(look: LookAt) -> LookAt:
    """Of the two accounts the first, by its address."""

    def open_page(*size: int, path: str = "/?account=paper-MES", **options: Any) -> Look:
        live = look(*size, path=path, **options)
        live.until("livePage.state().frame")
        return live

    return open_page


def needs_redis(server: Server) -> None:
    if not getattr(server, "redis", ""):
        pytest.skip("needs Redis")


def choose(live: Look, key: str) -> None:
    live.page.click("#bars")
    live.page.click(f"[data-bars={key}]")


def test_bars_of_another_length_are_shown_move_and_come_back_after_a_reload(look: LookAt) -> None:
    live = look()
    assert live.text("#bars").startswith("1 min")
    choose(live, "time-300")
    live.until(f"{LOADED} && {WIDTH} === 300000")
    assert "bars=time-300" in live.page.url
    assert live.text("#bars-note") == "Traded: 1 min"
    live.page.wait_for_timeout(300)
    live.shoot("views-5min")
    newest = "livePage.drawn().at(-1)"
    before = live.page.evaluate(f"{newest}.v + {newest}.i * 1e9")
    live.until(f"{newest}.v + {newest}.i * 1e9 > {before}")
    live.page.reload()
    live.until(f"window.livePage?.drawn().length > 3 && {WIDTH} === 300000")
    assert live.text("#bars").startswith("5 min")
    choose(live, "time-60")
    live.until(f"{WIDTH} === 60000")
    live.until("document.querySelector('#bars-note').textContent === ''")
    assert "bars=" not in live.page.url, "what is traded needs no name"


def test_until_the_new_bars_are_there_the_old_ones_stay_and_it_is_said(look: LookAt) -> None:
    live = look(wire=True)
    held: list[dict[str, Any]] = []

    def hold(message: dict[str, Any]) -> dict[str, Any] | None:
        if message["type"].startswith("view_"):
            held.append(message)
            return None
        return message

    live.wire.tamper = hold
    choose(live, "time-180")
    live.until("!document.getElementById('bars-loading').hidden")
    assert live.text("#bars-loading") == "Loading 3 min bars…"
    live.until(f"livePage.drawn().length > 20 && {WIDTH} === 60000")
    live.wire.tamper = lambda message: message
    live.wire.drop()  # the page asks anew when it is connected again
    live.until(f"{LOADED} && {WIDTH} === 180000")


def test_a_lost_frame_of_other_bars_is_asked_for(look: LookAt) -> None:
    live = look(wire=True)
    choose(live, "time-120")
    live.until(f"{LOADED} && {WIDTH} === 120000")
    lost: list[int] = []

    def lose_bars(message: dict[str, Any]) -> dict[str, Any] | None:
        if message["type"] == "view_frame" and message["bars"] and not lost:
            lost.extend(bar["i"] for bar in message["bars"])
            return None
        return message

    live.wire.tamper = lose_bars
    wait_until(lambda: (live.page.wait_for_timeout(100), bool(lost))[1], "a bar is lost")
    # The next bar is there too: the lost ones are drawn as closed, not as one that was forming.
    live.until(f"{NUMBERS}.includes({lost[-1]} + 1)")
    live.until(f"{NUMBERS}.every((i, at, all) => i === all[0] + at)")
    assert set(lost) <= set(live.page.evaluate(NUMBERS))


def test_a_lost_snapshot_of_other_bars_is_asked_for(look: LookAt) -> None:
    live = look(wire=True)
    lost: list[str] = []

    def lose_first(message: dict[str, Any]) -> dict[str, Any] | None:
        if message["type"] == "view_snapshot" and not lost:
            lost.append(message["key"])
            return None
        return message

    live.wire.tamper = lose_first
    choose(live, "time-180")
    live.until(f"{LOADED} && {WIDTH} === 180000")
    assert lost == ["time-180"]


def test_levels_are_those_of_the_bars_that_are_shown(look: LookAt) -> None:
    live = look(wire=True)
    told: dict[str, set[str]] = {"own": set(), "view": set()}
    ended: dict[str, set[str]] = {"own": set(), "view": set()}

    def listen(message: dict[str, Any]) -> dict[str, Any]:
        whose = "view" if message["type"].startswith("view_") else "own"
        told[whose] |= {level["id"] for level in message.get("levels") or []}
        ended[whose] |= {level["id"] for level in message.get("gone") or []}
        return message

    live.wire.tamper = listen
    overlays = "livePage.station.chart.overlays"
    names = f"{overlays}.levels.map(({{id}}) => id)"
    choose(live, "time-300")
    live.until(f"{LOADED} && {WIDTH} === 300000")
    started = time.monotonic()
    while time.monotonic() < started + 2 or not told["own"]:  # the session goes on telling its own
        assert time.monotonic() < started + WAIT_S, "the session tells its levels meanwhile"
        live.page.wait_for_timeout(100)
        shown, gone = live.page.evaluate(f"[{names}, {overlays}.gone.map(({{id}}) => id)]")
        assert set(shown) <= told["view"]
        assert set(gone) <= ended["view"]
    before = json.dumps(live.page.evaluate(f"JSON.stringify({names})"))
    assert len(before) > 4
    choose(live, "time-60")
    live.until(f"JSON.stringify({names}) !== {before}")
    assert set(live.page.evaluate(names)) <= told["own"]


def test_every_kind_can_be_shown_and_a_length_of_ones_own(look: LookAt) -> None:
    live = look()
    for kind in ("tick", "volume", "range", "delta"):
        live.page.click("#bars")
        live.page.locator(f"[data-bars^={kind}-]").last.click()
        live.until(f"{LOADED} && livePage.drawn().length > 3")
        assert f"bars={kind}-" in live.page.url
    live.shoot("views-delta")
    live.page.click("#bars")
    live.page.select_option("#bars-kind", "tick")
    live.page.fill("#bars-length", "5")
    live.page.keyboard.press("Enter")
    assert "from 10" in live.text("#bars-hint")
    live.shoot("views-menu")
    live.page.fill("#bars-length", "75")
    live.page.keyboard.press("Enter")
    live.until(f"{LOADED} && livePage.drawn().length > 3 && livePage.drawn().at(-2).n === 75")
    assert "bars=tick-75" in live.page.url
    starts = live.page.evaluate("livePage.drawn().map(({t}) => t)")
    assert starts == sorted(set(starts))


def test_signals_of_bars_that_are_not_traded_say_so(look: LookAt) -> None:
    live = look()
    choose(live, "time-300")
    live.until(f"{LOADED} && {WIDTH} === 300000")
    live.page.check("#accepted-only")
    live.until("document.querySelector('#signals .row__detail')")
    assert live.text("#signals li:first-child .row__detail") == "Accepted · not traded here"


def test_an_address_that_names_no_bars_is_answered(look: LookAt) -> None:
    live = look(path="/?bars=renko-5")
    live.until("document.getElementById('bars-note')?.textContent")
    assert "“renko-5” names no bars" in live.text("#bars-note")


def test_on_a_phone_the_menu_fits(look: LookAt) -> None:
    live = look(390, 844, is_mobile=True, has_touch=True)
    live.page.click("#bars")
    box = live.page.locator("#bars-sheet").bounding_box()
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= 390
    live.shoot("views-menu-390")


def test_the_menu_works_from_the_keyboard(look: LookAt) -> None:
    live = look()
    live.page.focus("#bars")
    live.page.keyboard.press("Enter")
    live.until("document.activeElement.dataset.bars === 'time-60'")
    assert live.page.get_attribute("#bars", "aria-expanded") == "true"
    live.page.keyboard.press("Escape")
    live.until("document.activeElement.id === 'bars'")
    live.page.keyboard.press("Enter")
    live.until("document.activeElement.dataset.bars === 'time-60'")
    live.page.keyboard.press("Tab")
    live.page.keyboard.press("Enter")
    live.until(f"{LOADED} && {WIDTH} === 120000")


def test_the_other_account_is_chosen_from_the_menu_and_shown_alone(
    look: LookAt, server: Server
) -> None:
    needs_redis(server)
    live = look()
    assert live.text("#symbol") == "MES"
    live.page.click("#sessions")
    live.page.wait_for_selector(f"#sessions-sheet a:has-text('{SECOND}')")
    live.shoot("views-sessions")
    live.page.click(f"#sessions-sheet a:has-text('{SECOND}')")
    live.page.wait_for_url(f"**/?account={SECOND}")
    live.until("window.livePage?.drawn().length > 3 && livePage.state().frame")
    assert live.text("#symbol") == "MNQ"
    assert live.text("#bars").startswith("2 min")
    assert live.state("frame.account_name") == SECOND
    seq = live.state("seq")
    live.until(f"livePage.state().seq > {seq} + 5")
    choose(live, "time-60")
    live.until(f"{LOADED} && {WIDTH} === 60000")
    assert live.page.url.endswith(f"?account={SECOND}&bars=time-60")
    live.page.click("#sessions")
    live.page.click("#sessions-sheet a:has-text('paper-MES')")
    live.page.wait_for_url("**/?account=paper-MES&bars=time-60")
    live.until("document.getElementById('symbol').textContent === 'MES'")


def test_a_page_that_joins_hears_from_the_other_process_what_was_told_before(
    look: LookAt, server: Server
) -> None:
    needs_redis(server)
    live = look(wire=True)
    live.wire.tamper = lambda message: None if message["type"] == "prints" else message
    live.page.goto(f"{live.server.url}/?account={SECOND}")
    live.until("window.livePage?.station.tape.tape.all.length > 10")
    assert live.text("#symbol") == "MNQ"


def test_an_account_without_a_session_is_named(browser: Any, server: Server, cookies: Any) -> None:
    context = browser.new_context(storage_state=cookies)
    page = context.new_page()
    watch = Watch(page, server.url)
    page.goto(f"{server.url}/?account=nobody")
    until(page, "document.getElementById('banner').textContent.includes('nobody has no session')")
    context.close()
    assert watch.wrong == []


def test_a_pipeline_that_died_is_said(look: LookAt, server: Server) -> None:
    """The last test of the module: it ends the second pipeline."""
    needs_redis(server)
    assert isinstance(server, Pair)
    live = look(path=f"/?account={SECOND}")
    server.stop_second()
    live.until("document.getElementById('banner').dataset.level === 'info'", seconds=30)
    assert f"No pipeline trades {SECOND}" in live.text("#banner")
    live.shoot("views-ended")


def test_without_redis_the_other_processs_session_is_shown_as_stored_and_that_is_said(
    browser: Any, tmp_path: Path
) -> None:
    pair = Pair(tmp_path)
    try:
        pair.run_both()
        context = browser.new_context()
        page = context.new_page()
        watch = Watch(page, pair.url)
        log_in(page, pair)
        page.goto(f"{pair.url}/?account={SECOND}")
        until(page, "document.getElementById('banner').dataset.level === 'warn'")
        assert "only with Redis" in page.inner_text("#banner")
        count = page.evaluate("livePage.drawn().length")
        until(page, f"livePage.drawn().length > {count}")
        page.screenshot(path=ARTEFACTS / "views-without-redis.png")
        context.close()
        assert watch.wrong == []
    finally:
        pair.stop()
