"""The browser that tests and `make bench-ui` drive."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

NAMES: Final = ("chromium-headless-shell", "chromium", "chromium-browser")
"""Without a window's interface it takes half the processor time."""

CHROMIUM: Final = next((path for name in NAMES if (path := shutil.which(name))), None)
MISSING: Final = "needs Chromium: apt-get install chromium-headless-shell, or chromium"


@contextmanager
def launched(playwright: Any, *more: str) -> Iterator[Any]:
    """Headless, on a machine without a graphics card. RuntimeError where there is none."""
    if CHROMIUM is None:
        raise RuntimeError(MISSING)
    arguments = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", *more]
    browser = playwright.chromium.launch(executable_path=CHROMIUM, args=arguments)
    try:
        yield browser
    finally:
        browser.close()
