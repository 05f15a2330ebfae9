"""A report opened from disk: everything is drawn, nothing is asked for, nothing complains."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from backtests.metrics import figures
from backtests.report import html
from tests.backtests.report.runs import hostile, year
from tests.browser.conftest import ARTEFACTS, Watch, until

ALL_DRAWN = "document.querySelectorAll('[data-plot]:not(.js-plotly-plot)').length === 0"
BALANCE = "[data-plot=equity] .scatterlayer .js-line"
LINE = f"getComputedStyle(document.querySelector('{BALANCE}')).stroke"


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    folder: Path = tmp_path_factory.mktemp("reports")
    written = {}
    for name, run in (("year", year(30, 120)), ("hostile", hostile())):
        path = folder / f"{name}.html"
        path.write_text(html(run, figures(run)), encoding="utf-8")
        written[name] = path.as_uri()
    return written


@pytest.fixture
def opened(browser: Any, files: dict[str, str]) -> Iterator[Callable[..., Any]]:
    """`opened("year", width=390)`: the file in a window of its own; plots are drawn when they are
    near, `to_the_end` all."""
    watched: list[tuple[Any, Watch]] = []

    def look(name: str, *, width: int = 1440, to_the_end: bool = False) -> Any:
        context = browser.new_context(
            viewport={"width": width, "height": 900}, color_scheme="dark", offline=True
        )
        page = context.new_page()
        watched.append((context, Watch(page, files[name])))
        page.goto(files[name])
        for place in page.query_selector_all("[data-plot]") if to_the_end else ():
            place.scroll_into_view_if_needed()
        until(page, ALL_DRAWN if to_the_end else f"document.querySelector('{BALANCE}') !== null")
        return page

    yield look
    for context, _ in watched:
        context.close()
    assert [wrong for _, watch in watched for wrong in watch.wrong] == []


@pytest.mark.parametrize("width", [1440, 390])
def test_every_plot_is_drawn_and_nothing_is_wider_than_the_window(opened, width: int) -> None:
    page = opened("year", width=width, to_the_end=True)
    assert page.evaluate("document.documentElement.scrollWidth") == width
    assert page.evaluate(
        "[...document.querySelectorAll('[data-plot]')].every((place) =>"
        " Math.abs(place.querySelector('.main-svg').clientWidth - place.clientWidth) <= 1)"
    )
    ARTEFACTS.mkdir(exist_ok=True)
    page.screenshot(path=ARTEFACTS / f"backtest-report-{width}.png")


def test_the_plots_change_with_the_systems_theme(opened) -> None:
    page = opened("year")
    dark = page.evaluate(LINE)
    page.emulate_media(color_scheme="light")
    until(page, f"{LINE} !== '{dark}'")


def test_on_paper_all_is_open_drawn_light_and_narrow_and_the_screen_is_as_before(opened) -> None:
    page = opened("year")
    closed = "document.querySelectorAll('details[data-open-on-paper]:not([open])').length"
    before, dark = page.evaluate(closed), page.evaluate(LINE)
    assert before > 0
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert page.evaluate(ALL_DRAWN)
    assert page.evaluate(closed) == 0
    assert page.evaluate(LINE) != dark
    assert page.evaluate("document.querySelector('[data-plot=equity]').clientWidth") < 730
    page.evaluate("dispatchEvent(new Event('afterprint'))")
    assert (page.evaluate(closed), page.evaluate(LINE)) == (before, dark)


def test_names_that_attack_are_shown_and_do_nothing(opened) -> None:
    page = opened("hostile", width=390, to_the_end=True)
    assert page.evaluate("document.querySelectorAll('main img, main a[href^=http]').length") == 0
    assert "onerror=" in page.inner_text("main")
    assert page.evaluate("document.documentElement.scrollWidth") == 390


def test_a_figure_says_what_it_means_to_the_pointer_and_to_the_keyboard(opened) -> None:
    page = opened("year")
    first = page.locator(".keyfigure").first
    meaning = first.locator(".keyfigure__meaning")
    assert not meaning.is_visible()
    first.focus()
    assert meaning.is_visible()
    page.locator(".keyfigure").nth(1).hover()
    assert page.locator(".keyfigure__meaning").nth(1).is_visible()
