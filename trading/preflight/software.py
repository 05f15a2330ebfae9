"""What runs: Python, the libraries as they were pinned, our version, compiled code that is kept."""

import os
import platform
import re
import sys
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Final

from django.conf import settings

from trading.preflight.results import Result, failed, passed, warned

PINS: Final = "requirements.txt"
PIN: Final = re.compile(r"^([A-Za-z0-9][A-Za-z0-9._-]*)==([^\s;\\]+)\s*(;[^\\]*)?", re.MULTILINE)
OLDEST: Final = (3, 11)
SHOWN: Final = 4
INSTALL: Final = f"pip install --require-hashes -r {PINS}"


def python() -> Result:
    text = f"Python {platform.python_version()}, tradebot {ours()}"
    if sys.version_info < OLDEST:
        return failed("Python", text, f"use Python {'.'.join(map(str, OLDEST))} or newer")
    return passed("Python", text)


def ours() -> str:
    """The product's version, and the commit where it runs from a checkout."""
    import tomllib

    root = Path(settings.BASE_DIR)
    try:
        named = str(tomllib.loads((root / "pyproject.toml").read_text())["project"]["version"])
    except (OSError, KeyError):
        named = "unknown"
    commit = _commit(root)
    return f"{named} ({commit[:10]})" if commit else named


def _commit(root: Path) -> str:
    """What is checked out; "" where it is no checkout. Asked of files: no program is started."""
    try:
        git = root / ".git"
        if git.is_file():  # a second working tree
            git = Path(git.read_text().removeprefix("gitdir:").strip())
        head = (git / "HEAD").read_text().strip()
        if not head.startswith("ref:"):
            return head
        shared = git / "commondir"
        places = [git, git / shared.read_text().strip()] if shared.is_file() else [git]
        for place in places:
            ref = place / head.removeprefix("ref:").strip()
            if ref.is_file():
                return ref.read_text().strip()
    except OSError:
        pass
    return ""


def libraries() -> Result:
    """What is installed is what was tested."""
    pins = Path(settings.BASE_DIR) / PINS
    if not pins.is_file():
        return warned("Libraries", f"there is no {PINS}", "install from a release or a checkout")
    wanted = list(pinned(pins.read_text()))
    wrong = [
        f"{name} {found or 'missing'} instead of {pin}"
        for name, pin in wanted
        if (found := _installed(name)) != pin
    ]
    if not wrong:
        return passed("Libraries", f"{len(wanted)} as pinned")
    more = f" and {len(wrong) - SHOWN} more" if len(wrong) > SHOWN else ""
    return warned("Libraries", f"{', '.join(wrong[:SHOWN])}{more}", INSTALL)


def pinned(text: str) -> Iterator[tuple[str, str]]:
    """Name and version of each line that counts here."""
    for name, pin, marker in PIN.findall(text):
        if not marker.strip() or _counts(marker):
            yield name, pin


def _counts(marker: str) -> bool:
    from packaging.markers import Marker

    return Marker(marker.lstrip("; ").strip()).evaluate()


def _installed(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return ""


def compiled() -> Result:
    """The engine's machine code is kept between starts, and some of it is there."""
    from numba import config

    import engine.compiled  # noqa: F401 (says where)

    folder = Path(config.CACHE_DIR)  # type: ignore[attr-defined]
    if not os.access(folder, os.W_OK | os.X_OK):
        remedy = "let this user write there, or set NUMBA_CACHE_DIR"
        return warned("Compiled code", f"{folder} cannot be written: each start compiles", remedy)
    count = sum(1 for _ in folder.rglob("*.nbc"))
    if not count:
        remedy = "nothing to do: the first start compiles, for about a quarter of a minute"
        return warned("Compiled code", "none is kept yet for this version", remedy)
    return passed("Compiled code", f"{count} functions kept")
