"""What is drawn over, beside and under the bars: chosen, remembered, explained."""

import time
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import pytest

from tests.browser.conftest import WAIT_S, Look

LookAt = Callable[..., Look]
OVERLAYS = "livePage.station.chart.overlays"


@pytest.fixture
def live(look: LookAt) -> Look:
    """The page, once the levels have come too."""
    page = look()
    page.until(f"{OVERLAYS}.levels.length > 0")
    return page


def panes(live: Look) -> int:
    return int(live.page.evaluate("livePage.station.chart.chart.panes().length"))


def point_at(live: Look, spot: str, shown: str, *, click: bool = False) -> None:
    """Move to where `spot` (an expression for {x, y} in the chart) is until `shown` holds: the
    market moves under the pointer."""
    box = live.page.locator("#chart").bounding_box()
    end = time.monotonic() + WAIT_S
    while time.monotonic() < end:
        found = live.page.evaluate(spot)
        if found:
            at = (box["x"] + found["x"], box["y"] + found["y"])
            live.page.mouse.move(*at)
            if click:
                live.page.mouse.click(*at)
            live.page.wait_for_timeout(60)
            if live.page.evaluate(shown):
                return
        live.page.wait_for_timeout(60)
    raise AssertionError(f"pointed for {WAIT_S:.0f} s in vain: {shown}")


def test_the_menu_works_from_the_keyboard_and_is_remembered(live: Look) -> None:
    live.page.keyboard.press("l")
    live.page.wait_for_selector("#overlays-sheet", state="visible")
    assert live.page.get_attribute("#overlays-menu button", "aria-expanded") == "true"
    assert live.page.evaluate("document.activeElement.dataset.overlay") == "vwap"
    live.page.keyboard.press("Space")
    assert live.page.evaluate(f"{OVERLAYS}.vwap.visible") is False
    live.shoot("live-overlays")
    live.page.keyboard.press("Escape")
    live.page.wait_for_selector("#overlays-sheet", state="hidden")
    live.page.reload()
    live.until("window.livePage?.drawn().length > 20")
    assert live.page.evaluate(f"{OVERLAYS}.vwap.visible") is False
    assert live.page.evaluate(f"{OVERLAYS}.ema.visible") is True


def test_every_overlay_can_be_switched_off_and_on_again(live: Look) -> None:
    live.page.click("#overlays-menu button")
    boxes = live.page.locator("#overlays-sheet input[type=checkbox]")
    for wanted in (False, True):
        for index in range(boxes.count()):
            boxes.nth(index).set_checked(wanted)
    live.page.wait_for_timeout(300)
    assert panes(live) == 4


def test_panes_open_and_close_in_their_order(live: Look) -> None:
    titles = """livePage.station.chart.chart.panes().slice(1)
        .map((pane) => livePage.station.chart.panes.nameOf(pane))"""
    assert live.page.evaluate(titles) == ["volume", "delta", "cumulative"]
    live.page.evaluate("livePage.station.chart.choices.set('delta', false)")
    assert live.page.evaluate(titles) == ["volume", "cumulative"]
    live.page.evaluate("livePage.station.chart.choices.set('delta', true)")
    assert live.page.evaluate(titles) == ["volume", "delta", "cumulative"]


def test_a_panes_height_is_remembered(live: Look) -> None:
    height = "livePage.station.chart.chart.paneSize(1).height"
    before = live.page.evaluate(height)
    box = live.page.locator("#chart").bounding_box()
    edge = box["y"] + live.page.evaluate("livePage.station.chart.chart.paneSize(0).height")
    live.page.mouse.move(box["x"] + 300, edge)
    live.page.mouse.down()
    live.page.mouse.move(box["x"] + 300, edge - 60, steps=6)
    live.page.mouse.up()
    live.until(f"{height} > {before} + 40")
    after = live.page.evaluate(height)
    live.page.reload()
    live.until("window.livePage?.drawn().length > 20")
    live.until(f"Math.abs({height} - {after}) <= 2")


def test_the_profile_holds_all_volume_of_the_bars_shown(live: Look) -> None:
    sums = live.page.evaluate(
        f"""() => [{OVERLAYS}.profile.now().total,
            {OVERLAYS}.profile.bars.reduce((sum, {{v}}) => sum + v, 0)]"""
    )
    assert sums[0] == sums[1] > 0


def test_the_vwap_and_the_averages_are_those_that_the_server_says(live: Look) -> None:
    bar = live.page.evaluate("livePage.state().bars.at(-1)")
    assert bar["svwap"] is not None
    assert bar["sdev"] > 0
    assert len(bar["ema"]) == 2


def test_the_ribbon_tells_the_regime_with_its_scores(live: Look) -> None:
    point_at(
        live,
        "({x: 300, y: 6})",
        "!document.getElementById('tooltip').hidden",
    )
    words = live.text("#tooltip")
    assert "Scores: up" in words
    bar = live.page.evaluate("livePage.station.point.bar")
    assert bar["regime"].split("_")[0].lower() in words.lower()


def test_a_level_is_explained_at_its_name(live: Look) -> None:
    point_at(
        live,
        f"{OVERLAYS}.labels.boxes.filter(({{id}}) => id?.startsWith('profile'))"
        ".map(({x, y, width, height}) => ({x: x + width / 2, y: y + height / 2}))[0]",
        "!document.getElementById('tooltip').hidden",
    )
    assert "of the day" in live.text("#tooltip")


def test_names_at_the_edge_do_not_touch(live: Look) -> None:
    live.until(f"{OVERLAYS}.labels.boxes.length > 1")
    boxes: list[dict[str, Any]] = live.page.evaluate(f"{OVERLAYS}.labels.boxes")
    for above, below in pairwise(boxes):
        assert above["y"] + above["height"] <= below["y"]


def test_a_signal_says_why_it_was_rejected_and_rejected_ones_can_be_left_out(live: Look) -> None:
    rejected = (
        f"{OVERLAYS}.signals.spots.filter(({{id}}) => id.startsWith('signal:') && "
        f"!{OVERLAYS}.signals.find(id.slice(7))?.ok)"
    )
    live.until(f"{rejected}.length > 0")
    point_at(
        live,
        f"{rejected}[0]",
        "document.getElementById('tooltip').innerText.includes('Rejected: ')",
    )
    words = live.text("#tooltip")
    assert "Strength" in words
    live.page.mouse.move(5, 5)
    live.page.evaluate("livePage.station.chart.choices.set('rejected', false)")
    live.until(f"{rejected}.length === 0")


def test_a_trade_shows_its_facts_and_leads_to_its_story(look: LookAt) -> None:
    live = look(wire=True)
    live.page.click("#tab-trades")
    live.page.wait_for_selector("#trades button.row", timeout=60_000)
    live.page.locator("#trades button.row").first.click()
    live.page.wait_for_selector("#trade-card", state="visible")
    chosen = live.page.evaluate(f"{OVERLAYS}.trades.selected")
    assert live.page.get_attribute("#trade-card a", "href") == f"/trades/{chosen}/"
    for name in ("Entry", "Exit", "Stop", "Target", "Net", "Ended by"):
        assert name in live.text("#trade-card")
    live.wire.tamper = lambda message: None  # the market holds still: nothing else paints the page
    live.page.keyboard.press("Escape")
    assert live.page.is_hidden("#trade-card")
    spot = (
        f"{OVERLAYS}.trades.spots.filter(({{id}}) => id === '{chosen}')"
        ".flatMap(({points}) => points).map(([x, y]) => ({x, y}))"
        ".find(({x, y}) => x > 0 && x < livePage.station.chart.chart.timeScale().width()"
        " && y > 20 && y < livePage.station.chart.chart.paneSize(0).height)"
    )
    point_at(live, spot, "!document.getElementById('trade-card').hidden", click=True)
    live.shoot("live-trade")


def test_large_trades_are_kept_within_bounds(live: Look) -> None:
    live.until(f"{OVERLAYS}.tape.large.length > 0")
    live.page.evaluate(
        """() => {
            const {overlays} = livePage.station.chart;
            const {t, c: price} = livePage.drawn().at(-1);
            const large = Array.from({length: 5000}, (_, n) => (
                {t: t + n % 500, price, size: 10 + n % 90, side: 1, threshold: 10}));
            overlays.takeTape({large});
        }"""
    )
    assert live.page.evaluate(f"{OVERLAYS}.tape.large.length") == 600
    live.until(f"{OVERLAYS}.marks.spots.length > 0")
    assert live.page.evaluate(f"{OVERLAYS}.marks.spots.length") <= 60


def test_the_readout_tells_the_bar_and_the_cell_under_the_crosshair(live: Look) -> None:
    cell = """(() => {
        const {chart, footprint} = livePage.station.chart;
        const bar = livePage.state().bars.at(-2);
        const {numerator, scale} = livePage.station.chart.look.grid;
        return {x: chart.timeScale().logicalToCoordinate(livePage.state().bars.length - 2),
                y: footprint.priceToCoordinate(bar.poc * numerator / scale)};
    })()"""
    point_at(live, cell, "document.querySelector('.readout__level') !== null")
    words = live.text("#readout")
    for name in ("O", "H", "L", "C", "Vol", "Delta", "POC", "VA", "VWAP", "Regime"):
        assert name in words
    assert "×" in live.text(".readout__level")


def test_on_a_phone_the_menu_fits(look: LookAt) -> None:
    live = look(390, 844, is_mobile=True, has_touch=True)
    live.page.evaluate("document.getElementById('overlays-sheet').showPopover()")
    box = live.page.locator("#overlays-sheet").bounding_box()
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= 390
    assert box["y"] + box["height"] <= 844
    assert panes(live) == 2
    live.shoot("live-390-overlays")
