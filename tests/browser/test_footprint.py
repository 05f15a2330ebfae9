"""The footprint in Chromium: what bars show, how rows are grouped, and how wheel and pinch feel."""

from collections.abc import Callable
from typing import Any

from tests.browser.conftest import Look, until

LookAt = Callable[..., Look]

CAPTION = "document.getElementById('chart-caption').textContent"
SPACING = "livePage.station.chart.chart.timeScale().options().barSpacing"
PRICES = (
    "(({from, to}) => to - from)(livePage.station.chart.footprint.priceScale().getVisibleRange())"
)


def center(live: Look) -> tuple[float, float]:
    box = live.page.locator("#chart").bounding_box()
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 4


def on_axis(live: Look) -> tuple[float, float]:
    box = live.page.locator("#chart").bounding_box()
    return box["x"] + box["width"] - 20, box["y"] + box["height"] / 4


def test_each_choice_of_cells_is_drawn_and_named(look: LookAt) -> None:
    live = look()
    for wish, name in [
        ("bidask", "Bid × ask"), ("delta", "Delta"), ("volume", "Volume"),
        ("split", "Split profile"), ("profile", "Profile"), ("candles", "Candles"),
    ]:  # fmt: skip
        live.page.select_option("#cells", wish)
        live.until(f"{CAPTION}.startsWith('{name}')")
        live.until("livePage.station.menu.plan.short === null")
        live.shoot(f"footprint-{wish}")


def test_a_choice_survives_a_reload_and_travels_with_the_address(
    look: LookAt, browser: Any, cookies: Any
) -> None:
    live = look()
    live.page.select_option("#cells", "delta")
    live.page.select_option("#rows", "10")
    live.until(f"{CAPTION} === 'Delta, 2.50 a row'")
    assert live.page.url.endswith("/?cells=delta&rows=10")
    live.page.reload()
    live.until(f"window.livePage && {CAPTION} === 'Delta, 2.50 a row'")
    assert live.page.input_value("#rows") == "10"

    elsewhere = browser.new_context(storage_state=cookies)
    page = elsewhere.new_page()
    page.goto(live.page.url)
    until(page, f"window.livePage && {CAPTION} === 'Delta, 2.50 a row'")
    elsewhere.close()

    live.page.goto(f"{live.server.url}/")  # no choice in the address: the browser's own
    live.until(f"window.livePage && {CAPTION} === 'Delta, 2.50 a row'")
    live.page.select_option("#cells", "auto")
    live.page.select_option("#rows", "")
    assert live.page.url == f"{live.server.url}/"


def test_an_address_that_is_not_understood_shows_the_usual(look: LookAt) -> None:
    live = look()
    live.page.goto(f"{live.server.url}/?cells=pie&rows=-3")
    live.until(f"window.livePage && {CAPTION}.startsWith('Bid × ask')")
    assert live.page.input_value("#cells") == "auto"


def test_what_the_zoom_cannot_show_is_said(look: LookAt) -> None:
    live = look()
    live.page.select_option("#cells", "delta")
    live.press_until("-", f"{CAPTION}.includes('zoom in for numbers')")
    live.press_until("-", f"{CAPTION} === 'Candles, zoom in for delta'")
    live.page.select_option("#cells", "bidask")  # choosing leads to where it can be seen
    live.until(f"{CAPTION}.startsWith('Bid × ask') && !{CAPTION}.includes('zoom in')")


def test_rows_of_a_squeezed_scale_are_grouped_and_the_caption_says_so(look: LookAt) -> None:
    live = look()
    x, y = on_axis(live)
    live.page.mouse.move(x, y)
    for _ in range(30):
        live.page.mouse.wheel(0, 120)
    live.until(f"{CAPTION}.includes('grouped')")
    for _ in range(40):  # farther than it was
        live.page.mouse.wheel(0, -120)
    live.until(f"!{CAPTION}.includes('grouped')")
    live.shoot("footprint-stretched")


def test_the_wheel_zooms_time_over_the_chart_and_prices_over_their_axis(look: LookAt) -> None:
    live = look()
    spacing = live.page.evaluate(SPACING)
    live.page.mouse.move(*on_axis(live))
    live.page.mouse.wheel(0, 240)
    live.until("!livePage.station.chart.footprint.priceScale().options().autoScale")
    assert live.page.evaluate(SPACING) == spacing
    live.page.mouse.move(*center(live))
    live.page.mouse.wheel(0, 240)
    live.until(f"{SPACING} < {spacing}")
    live.page.keyboard.press("0")
    live.until("livePage.station.chart.footprint.priceScale().options().autoScale")
    live.until(f"Math.abs({SPACING} - {spacing}) < 1")


def test_prices_follow_a_drag_on_their_axis(look: LookAt) -> None:
    live = look()
    before = live.page.evaluate(PRICES)
    x, y = on_axis(live)
    live.page.mouse.move(x, y)
    live.page.mouse.down()
    live.page.mouse.move(x, y + 120, steps=6)
    live.page.mouse.up()
    live.until(f"{PRICES} > {before * 1.2}")


def test_two_fingers_zoom_on_a_phone(look: LookAt) -> None:
    live = look(width=390, height=844, has_touch=True, is_mobile=True)
    spacing = live.page.evaluate(SPACING)
    x, y = center(live)
    session = live.page.context.new_cdp_session(live.page)

    def touch(kind: str, apart: float) -> None:
        points = [{"x": x - apart, "y": y}, {"x": x + apart, "y": y}] if apart else []
        session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

    touch("touchStart", 30)
    for apart in range(35, 100, 5):
        touch("touchMove", apart)
    touch("touchEnd", 0)
    live.until(f"{SPACING} > {spacing * 1.3}")
    live.shoot("footprint-390")
