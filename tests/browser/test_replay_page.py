"""The replay in Chromium: a stored day is played, dragged through, jumped in, and found again."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

import pytest

from marketdata.feeds.files.parquet import write_ticks
from marketdata.feeds.simulator import Simulator
from tests.browser.conftest import ARTEFACTS, Server, Watch, until

PAUSED = "document.getElementById('replay-state')?.textContent === 'Paused'"
HEAD = "replayPage.head().t"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The pages over two recorded sessions that are over; the second one's recording is gone."""
    one = Server(tmp_path_factory.mktemp("replay"))
    one.prepare()
    for day in (date(2024, 6, 12), date(2024, 6, 13)):
        recording = one.folder / f"mes-{day}.parquet"
        ticks = Simulator("MES", seed=5, ticks_per_day=30_000).day(day)
        write_ticks(recording, "MES", ticks, synthetic=True)
        one.manage(
            "trade", "--feed", f"file:{recording}", "--symbol", "MES", "--speed", "max",
            "--set", "risk.loss_limit=5000", "--set", "risk.profit_target=5000",
        )  # fmt: skip
    recording.unlink()
    try:
        one.start("-m", "uvicorn", "tradebot.asgi:application", "--port", str(one.port))
        yield one
    finally:
        one.stop()


@dataclass
class Replay:
    """A page that shows a replay."""

    page: Any
    sockets: list[Any]

    def until(self, expression: str) -> None:
        until(self.page, expression, seconds=60)

    def get(self, expression: str) -> Any:
        return self.page.evaluate(expression)

    def times(self, kind: str) -> list[int]:
        found: list[int] = self.get(
            f"replayPage.day().marks.filter(({{kind}}) => kind === '{kind}').map(({{t}}) => t)"
        )
        return found

    def drag(self, part: float) -> None:
        """Press at a share of the day."""
        box = self.page.locator("#scrubber").bounding_box()
        x, y = box["x"] + box["width"] * part, box["y"] + box["height"] / 2
        self.page.mouse.move(x, y)
        self.page.mouse.down()
        self.page.mouse.up()

    def shoot(self, name: str) -> None:
        ARTEFACTS.mkdir(exist_ok=True)
        self.page.screenshot(path=ARTEFACTS / f"{name}.png")


Open = Callable[..., Replay]


@pytest.fixture
def replay(browser: Any, server: Server, cookies: Any) -> Iterator[Open]:
    """`replay(path="/replay/1/", ...)` opens a replay in a page of its own.

    `relayed`: its sockets can be cut. Chromium complains when the relay, which learns of a close
    later than the page, passes on to a socket that the server has closed: nobody else should.
    """
    opened: list[tuple[Any, Watch]] = []

    def open_page(
        path: str = "/replay/1/",
        width: int = 1440,
        height: int = 900,
        relayed: bool = False,
        **options: Any,
    ) -> Replay:
        context = browser.new_context(
            viewport={"width": width, "height": height}, storage_state=cookies, **options
        )
        page = context.new_page()
        opened.append((context, Watch(page, server.url)))
        sockets: list[Any] = []

        def route(client: Any) -> None:
            sockets.append((client, client.connect_to_server()))

        if relayed:
            page.route_web_socket(re.compile(r"/ws/replay/"), route)
        page.goto(f"{server.url}{path}")
        return Replay(page, sockets)

    yield open_page
    for context, _ in opened:
        context.close()
    assert [wrong for _, watch in opened for wrong in watch.wrong] == []


def test_a_day_is_found_in_the_list_and_played(replay: Open, server: Server) -> None:
    one = replay("/replay/")
    rows = one.page.locator("tbody tr")
    assert rows.count() == 2
    assert "mes-2024-06-13.parquet is no longer where it was" in rows.nth(0).inner_text()
    one.shoot("replays-1440")
    rows.nth(1).get_by_role("link", name="Replay").click()
    one.until(PAUSED)
    assert one.page.title().startswith("Replay")
    assert "REPLAY" in one.page.inner_text("#badges").upper()
    assert one.page.locator("#control-bar button").count() == 0
    assert one.page.locator("#feed").is_hidden()
    began = one.get(HEAD)
    bars = one.get("livePage.state().bars.length")
    one.page.select_option("#replay-speed", "300")
    one.page.click("#play")
    one.until(f"livePage.state().bars.length > {bars} + 1")
    assert one.get(HEAD) > began
    one.page.keyboard.press(" ")
    one.until(PAUSED)
    one.shoot("replay-1440")


def test_the_line_of_the_day_is_dragged_along(replay: Open) -> None:
    one = replay()
    one.until(PAUSED)
    first, last = one.get("[replayPage.day().from, replayPage.day().to]")
    late = first + (last - first) * 0.7
    one.drag(0.7)
    one.until(f"Math.abs({HEAD} - {late}) < 300000")
    bars, head = one.get("[livePage.state().bars, replayPage.head().t]")
    assert bars[-1]["e"] <= head < bars[-1]["e"] + 300_000
    one.drag(0.3)
    one.until(f"{HEAD} < {late} - 3600000")
    earlier, head = one.get("[livePage.state().bars, replayPage.head().t]")
    assert earlier[-1]["e"] <= head
    assert earlier[-1] in bars
    assert all(signal["t"] <= head for signal in one.get("livePage.state().signals"))
    assert all(row["t"] <= head for row in one.get("livePage.station.tape.tape.rows(0)"))


def test_a_trade_is_jumped_to_just_before_it_happens(replay: Open) -> None:
    one = replay()
    one.until(PAUSED)
    one.page.click("#jumps-open")
    one.shoot("replay-jumps-1440")
    row = one.page.locator(".jumps__list button").nth(1)
    name = row.get_attribute("data-id")
    entered = one.get(f"replayPage.day().marks.find(({{id}}) => id === '{name}').t")
    row.click()
    one.until(f"{HEAD} < {entered} && {HEAD} > {entered} - 20000")
    assert name not in [trade["id"] for trade in one.get("livePage.state().trades")]
    one.page.keyboard.press("Escape")
    assert one.page.locator(".jumps__sheet").is_hidden()
    one.page.keyboard.press("]")
    one.until(f"livePage.state().frame.position?.id === '{name}'")
    one.until(f"{HEAD} === {entered}")  # a message of its own, after the market's


def test_a_row_of_the_side_lists_leads_to_its_moment(replay: Open) -> None:
    one = replay()
    one.until(PAUSED)
    signal = one.get("livePage.state().signals.at(-12)")
    row = one.page.locator(f"#signals [data-id='{signal['id']}']")
    assert row.count() == 1
    one.page.keyboard.press("ArrowRight")
    one.until(f"{HEAD} > {signal['t']}")
    row.click()
    one.until(f"{HEAD} === {signal['t']}")


def test_what_is_to_come_can_be_hidden(replay: Open) -> None:
    one = replay()
    one.until(PAUSED)
    trades = one.times("trade")
    one.page.keyboard.press("]")
    one.until(f"{HEAD} === {trades[0]}")
    one.page.click("#jumps-open")
    assert one.page.locator(".jumps__list button").count() == len(trades)
    one.page.check("#hide-to-come")
    assert one.page.locator(".jumps__list button").count() == 1


def test_the_address_leads_to_the_same_moment_again(replay: Open) -> None:
    one = replay()
    one.until(PAUSED)
    signals = one.times("signal")
    one.page.select_option("#replay-speed", "30")
    one.drag(0.5)
    one.until(f"{HEAD} > {signals[0]} && /t=/.test(location.search)")
    one.page.keyboard.press("Shift+ArrowRight")
    one.until(f"{signals}.includes({HEAD})")
    head = one.get(HEAD)
    one.until(f"new URLSearchParams(location.search).get('t') === '{head}'")
    shown = one.get("[livePage.state().bars, livePage.state().signals, livePage.state().frame]")
    one.page.reload()
    one.until(f"window.replayPage?.head()?.t === {head}")
    again = one.get("[livePage.state().bars, livePage.state().signals, livePage.state().frame]")
    assert again[:2] == shown[:2]
    assert again[2]["position"] == shown[2]["position"]
    assert one.get("replayPage.head().speed") == 30
    assert one.get("document.getElementById('replay-speed').value") == "30"


def test_the_day_is_seen_in_other_bars_and_the_address_keeps_them(replay: Open) -> None:
    one = replay()
    one.until(PAUSED)
    width = "livePage.drawn().at(-2).e - livePage.drawn().at(-2).t"
    one.until(f"livePage.drawn().length > 3 && {width} === 300000")
    one.drag(0.5)
    one.until(f"{HEAD} > replayPage.day().start && {PAUSED}")
    moment = one.get(HEAD)
    one.page.click("#bars")
    one.page.click("[data-bars=time-60]")
    one.until(f"livePage.drawn().length > 3 && {width} === 60000")
    assert one.page.inner_text("#bars-note") == "Traded: 5 min"
    assert moment - 120_000 <= one.get("livePage.drawn().at(-1).t") <= moment
    levels = "livePage.station.chart.overlays.levels"
    assert one.get(f"{levels}.length") > 0
    one.page.wait_for_timeout(300)
    one.shoot("replay-other-bars")
    one.drag(0.3)  # back: what was to come is gone
    one.until(f"{HEAD} < {moment}")
    one.until(f"livePage.drawn().at(-1).t <= {HEAD} && {width} === 60000")
    one.until(f"location.search.includes('t=' + {HEAD})")
    assert "bars=time-60" in one.page.url
    one.page.reload()
    one.until(f"window.livePage?.drawn().length > 3 && {width} === 60000")
    one.page.keyboard.press("ArrowRight")
    one.until(f"livePage.drawn().at(-1).t <= {HEAD} && livePage.drawn().at(-1).e > {HEAD} - 60000")
    one.page.click("#bars")
    one.page.click("[data-bars=time-300]")
    one.until(f"{width} === 300000 && !location.search.includes('bars=')")


def test_a_link_to_a_trade_stands_before_it(replay: Open) -> None:
    first = replay()
    first.until(PAUSED)
    mark = first.get("replayPage.day().marks.filter(({kind}) => kind === 'trade').at(-1)")
    one = replay(f"/replay/1/?trade={mark['id']}")
    one.until(PAUSED)
    assert mark["t"] - 20_000 < one.get(HEAD) < mark["t"]


def test_keys_step_and_change_the_speed(replay: Open) -> None:
    one = replay()
    one.until(PAUSED)
    ticks = one.get("livePage.state().frame.feed.ticks")
    one.page.keyboard.press(".")
    one.until(f"livePage.state().frame.feed.ticks === {ticks} + 1")
    one.page.keyboard.press(",")
    one.until(f"livePage.state().frame.feed.ticks === {ticks}")
    one.page.keyboard.press("ArrowUp")
    one.until("document.getElementById('replay-speed').value === '2'")
    one.page.keyboard.press("End")
    one.until("document.getElementById('replay-state').textContent === 'End of the day'")
    one.shoot("replay-end-1440")
    one.page.keyboard.press("Home")
    one.until(f"{HEAD} === replayPage.day().start")
    one.page.keyboard.press("?")
    assert "Back one signal" not in one.page.inner_text("dialog")
    assert "Forward one trade" in one.page.inner_text("dialog")


def test_a_lost_connection_comes_back_to_the_same_moment(replay: Open) -> None:
    one = replay(relayed=True)
    one.until(PAUSED)
    one.drag(0.6)
    one.until(f"{HEAD} > replayPage.day().start")
    head = one.get(HEAD)
    client, server = one.sockets[-1]
    server.close()
    client.close(code=1012)
    one.until("document.getElementById('replay-state').textContent === 'Connection lost'")
    one.until(PAUSED)
    assert len(one.sockets) > 1
    one.until(f"{HEAD} === {head}")


def test_a_day_that_cannot_be_replayed_says_why(replay: Open) -> None:
    one = replay("/replay/2/")
    said = one.page.locator(".replay-refused")
    said.wait_for()
    assert "Its recording mes-2024-06-13.parquet is no longer where it was." in said.inner_text()
    assert one.page.locator("#play").is_disabled()
    one.shoot("replay-refused-1440")


def test_on_a_phone_the_player_is_under_the_thumb(replay: Open) -> None:
    one = replay(width=390, height=844, has_touch=True, is_mobile=True)
    one.until(PAUSED)
    for name in ("#step-back", "#play", "#step-forward", "#scrubber", "#replay-speed"):
        box = one.page.locator(name).bounding_box()
        assert box["y"] > 844 / 2
        assert box["y"] + box["height"] <= 844
        assert box["height"] >= 38
    assert one.get("document.documentElement.scrollWidth") <= 390
    began = one.get(HEAD)
    one.page.tap("#step-forward")
    one.until(f"{HEAD} > {began}")
    one.shoot("replay-390")
