"""What a check answers."""

from dataclasses import asdict, dataclass
from typing import Literal

from trading.wire import Json

Level = Literal["pass", "warn", "fail"]


@dataclass(frozen=True, kw_only=True)
class Result:
    """`remedy` says what to do about it, "" for what passed. Neither has a secret in it."""

    name: str
    level: Level
    text: str
    remedy: str = ""

    def to_json(self) -> Json:
        return asdict(self)


def passed(name: str, text: str) -> Result:
    return Result(name=name, level="pass", text=text)


def warned(name: str, text: str, remedy: str) -> Result:
    return Result(name=name, level="warn", text=text, remedy=remedy)


def failed(name: str, text: str, remedy: str) -> Result:
    return Result(name=name, level="fail", text=text, remedy=remedy)
