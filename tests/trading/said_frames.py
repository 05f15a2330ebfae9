"""What a pipeline says before its first tick, for tests of whoever passes it on."""

from typing import Any, Final

from engine.config import engine_config
from engine.engine import Engine
from engine.instruments import instrument
from marketdata.calendars import schedule
from trading.bar_views import BarView
from trading.pipeline.frames import Facts, Frames
from trading.pipeline.view import View

CONFIG: Final = engine_config("ES")
RTH: Final = schedule(instrument("ES"), "rth")
NOW_MS: Final = 1_795_098_600_000


def frames(account: str) -> Frames:
    facts = Facts(
        spec=CONFIG.instrument,
        account=account,
        mode="paper",
        source="simulator",
        synthetic=True,
        inferred=False,
        speed="1",
        stale_s=30,
    )
    return Frames(facts)


def frame(seq: int, account: str = "paper-ES") -> dict[str, Any]:
    engine, made = Engine(CONFIG, RTH), frames(account)
    status = engine.status()
    return made.frame(engine, status, made.feed(status, "waiting"), NOW_MS) | {"seq": seq}


def levels(account: str) -> dict[str, Any]:
    return frames(account).levels(Engine(CONFIG, RTH))


def other_bars(bars: BarView, account: str) -> View:
    return View(bars, CONFIG, RTH, Engine(CONFIG, RTH).carry(), account)
