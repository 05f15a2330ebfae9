"""What the replay's page may ask for. Anything else is BadMessage, whose text is the answer."""

from dataclasses import dataclass
from typing import Any, Final, Literal

from trading.bar_views import BarView, ViewError
from trading.page_messages import LATEST_MS, BadMessage

Unit = Literal["tick", "bar", "signal", "trade"]

UNITS: Final = ("tick", "bar", "signal", "trade")
SPEEDS: Final = (1, 2, 5, 10, 30, 60, 120, 300)
MAX: Final = "max"
KINDS: Final = "ping, sync, play, pause, step, speed, seek or view"


@dataclass(frozen=True, slots=True)
class Ping:
    """The page is still there."""


@dataclass(frozen=True, slots=True)
class Sync:
    """Say again all that is shown."""


@dataclass(frozen=True, slots=True)
class Play:
    on: bool


@dataclass(frozen=True, slots=True)
class Step:
    unit: Unit
    by: int


@dataclass(frozen=True, slots=True)
class Speed:
    """Times as fast as it was; None: as fast as can be shown."""

    value: int | None


@dataclass(frozen=True, slots=True)
class Seek:
    ms: int


@dataclass(frozen=True, slots=True)
class SeekTrade:
    """To a moment before the trade."""

    trade_id: str


@dataclass(frozen=True, slots=True)
class Look:
    """Show the market in these bars too; None: in the session's own only."""

    bars: BarView | None


Request = Ping | Sync | Play | Step | Speed | Seek | SeekTrade | Look


def request_of(message: dict[str, Any]) -> Request:
    """The request of a message, or BadMessage."""
    match message.get("type"):
        case "ping":
            return Ping()
        case "sync":
            return Sync()
        case "play":
            return Play(True)
        case "pause":
            return Play(False)
        case "step":
            return _step(message)
        case "speed":
            return Speed(speed_of(message.get("value")))
        case "seek":
            if "trade" in message:
                return SeekTrade(_name(message["trade"]))
            return Seek(_time(message.get("t")))
        case "view":
            return Look(_bars(message))
        case other:
            raise BadMessage(f"type is {KINDS}, not {_shown(other)}.")


def requests_of(query: dict[str, str]) -> tuple[list[Request], list[str]]:
    """What an address asks for (`t`, `trade`, `speed`, `play`), and what of it cannot be meant."""
    found: list[Request] = []
    wrong: list[str] = []
    for name, read in (
        ("speed", lambda text: Speed(speed_of(int(text) if text.isdecimal() else text))),
        ("t", lambda text: Seek(_time(int(text) if text.isdecimal() else text))),
        ("trade", lambda text: SeekTrade(_name(text))),
        ("play", lambda text: Play(text == "1")),
    ):
        if query.get(name):
            try:
                found.append(read(query[name]))
            except BadMessage as error:
                wrong.append(str(error))
    return found, wrong


def speed_of(value: Any) -> int | None:
    if value == MAX:
        return None
    if type(value) is int and value in SPEEDS:
        return value
    known = ", ".join(map(str, SPEEDS))
    raise BadMessage(f'speed is one of {known} or "{MAX}", not {_shown(value)}.')


def speed_text(value: int | None) -> str:
    return MAX if value is None else str(value)


def _step(message: dict[str, Any]) -> Step:
    unit, back = message.get("unit"), message.get("back", False)
    if unit not in UNITS:
        raise BadMessage(f"unit is {', '.join(UNITS[:-1])} or {UNITS[-1]}, not {_shown(unit)}.")
    if not isinstance(back, bool):
        raise BadMessage(f"back is true or false, not {_shown(back)}.")
    return Step(unit, -1 if back else 1)


def _bars(message: dict[str, Any]) -> BarView | None:
    if "bars" in message and message["bars"] is None:
        return None
    try:
        return BarView.of(message.get("bars"))
    except ViewError as error:
        raise BadMessage(str(error)) from None


def _time(value: Any) -> int:
    if type(value) is int and 0 <= value < LATEST_MS:
        return value
    raise BadMessage(f"t is a time in whole milliseconds UTC, not {_shown(value)}.")


def _name(value: Any) -> str:
    if isinstance(value, str) and 0 < len(value) <= 100:
        return value
    raise BadMessage(f"trade is the id of a trade, not {_shown(value)}.")


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 40 else f"{text[:37]}..."
