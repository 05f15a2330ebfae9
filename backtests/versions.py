"""What results depend on besides ticks: the code, and the part of a configuration that bars,
patterns and regimes are made with."""

import hashlib
import tomllib
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Final

import engine
import marketdata
from engine.config import EngineConfig

ROOT: Final = Path(__file__).parent.parent
ENGINE: Final = Path(engine.__file__).parent
DECIDES: Final = (
    Path(marketdata.__file__).parent / "calendars.py",
    Path(marketdata.__file__).parent / "holiday_hours.py",
    ROOT / "backtests" / "ledger.py",
    ROOT / "backtests" / "slippage.py",
)
"""What decides besides the engine. How days are read, cached and spread over processes does not."""
LIBRARIES: Final = ("numba", "numpy")
"""What the engine computes with."""


def code_version() -> str:
    """Names the code that analyses and trades: the product's version, a digest of its sources."""
    return f"{_product()}+{_sources()}"


def bars_digest(config: EngineConfig) -> str:
    """12 hex digits that name what bars depend on, the ticks apart."""
    from engine.day_bars import bars_settings

    return bars_settings(config).digest


def analysis_digest(config: EngineConfig) -> str:
    """12 hex digits that name what bars, patterns and regimes depend on, the ticks apart."""
    from engine.day_analysis import analysis_settings

    return analysis_settings(config).digest


@cache
def _product() -> str:
    with (ROOT / "pyproject.toml").open("rb") as file:
        named: str = tomllib.load(file)["project"]["version"]
    return named


@cache
def _sources() -> str:
    digest = hashlib.sha256()
    for library in LIBRARIES:
        digest.update(f"{library} {version(library)}\n".encode())
    for source in (*sorted(ENGINE.rglob("*.py")), *DECIDES):
        digest.update(source.relative_to(ROOT).as_posix().encode())
        digest.update(source.read_bytes())
    return digest.hexdigest()[:12]
