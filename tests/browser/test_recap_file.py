"""A recap opened from disk, of a day that still runs: everything is drawn, nothing is asked for,
nothing complains."""

from pathlib import Path
from typing import Any

import pytest

from tests.browser.conftest import ARTEFACTS, Server, Watch, rows, until, wait_until

ALL_DRAWN = "document.querySelectorAll('[data-plot]:not(.js-plotly-plot)').length === 0"


@pytest.fixture(scope="module")
def file(server: Server, tmp_path_factory: pytest.TempPathFactory) -> str:
    wait_until(
        lambda: bool(rows(server, "select id from marketdata_bar limit 1 offset 40")), "forty bars"
    )
    path: Path = tmp_path_factory.mktemp("recap") / "day.html"
    server.manage("recap", "--no-export", "--html", str(path))
    return path.as_uri()


@pytest.mark.parametrize("width", [1440, 390])
def test_every_plot_is_drawn_and_nothing_is_wider_than_the_window(
    browser: Any, file: str, width: int
) -> None:
    context = browser.new_context(
        viewport={"width": width, "height": 900}, color_scheme="dark", offline=True
    )
    page = context.new_page()
    watch = Watch(page, file)
    page.goto(file)
    for place in page.query_selector_all("[data-plot]"):
        place.scroll_into_view_if_needed()
    until(page, ALL_DRAWN)
    assert page.locator("[data-plot=price] .scatterlayer .js-line").count() > 0
    assert page.evaluate("document.documentElement.scrollWidth") == width
    assert "still running" in page.inner_text("header").lower()
    ARTEFACTS.mkdir(exist_ok=True)
    page.screenshot(path=ARTEFACTS / f"recap-file-{width}.png", full_page=True)
    context.close()
    assert watch.wrong == []
