"""Other bars of a running session: how a page names them, and who hears of them.

A page may look at the market in bars of another kind or length than the session trades. They are
named by a key like `time-60`; a page that shows them is in a group of their own. The account's
pipeline makes them while somebody looks (`trading.pipeline.views`).
"""

from dataclasses import dataclass, replace
from typing import Any, Final, Self

from engine.config import BAR_KINDS, BarRules, EngineConfig
from trading.errors import TradingError

REQUESTS: Final = "views"
"""The group in which pipelines hear what pages want to see."""

ASK_EVERY_S: Final = 20.0
FORGET_AFTER_S: Final = 60.0
"""A page says every so often that it still looks; bars that nobody looks at are dropped."""

LENGTHS: Final[dict[str, tuple[int, int, str]]] = {
    "time": (5, 86_400, "seconds"),
    "tick": (10, 1_000_000, "trades"),
    "volume": (10, 1_000_000_000, "lots"),
    "range": (2, 100_000, "ticks"),
    "delta": (5, 1_000_000_000, "lots"),
}
"""Least and most, and in what: shorter bars would be thousands a minute in a busy market."""


class ViewError(TradingError, ValueError):
    """Bars that nobody can be shown; the message is for who asked."""


@dataclass(frozen=True, slots=True)
class BarView:
    """A kind of bar and its length: seconds, trades, lots or ticks."""

    kind: str
    length: int

    @classmethod
    def of(cls, words: Any) -> Self:
        """From `{"kind": ..., "length": ...}`; ViewError names what is wrong."""
        if not isinstance(words, dict):
            raise ViewError('bars is an object like {"kind": "time", "length": 60}, or null.')
        kind, length = words.get("kind"), words.get("length")
        if not isinstance(kind, str) or kind not in LENGTHS:
            raise ViewError(f"Bars of kind {_short(kind)} are not known; a kind is {_KINDS}.")
        least, most, unit = LENGTHS[kind]
        if type(length) is not int or not least <= length <= most:
            raise ViewError(
                f"A {kind} bar of length {_short(length)} cannot be shown; the length is a whole "
                f"number of {unit} from {least} to {most}."
            )
        return cls(kind, length)

    @classmethod
    def traded(cls, bars: BarRules) -> Self:
        """The bars that a configuration trades."""
        return cls(bars.kind, bars.seconds if bars.kind == "time" else bars.size)

    @property
    def key(self) -> str:
        return f"{self.kind}-{self.length}"

    def as_json(self) -> dict[str, Any]:
        return {"kind": self.kind, "length": self.length}

    def applied(self, config: EngineConfig) -> EngineConfig:
        """The same rules over these bars."""
        name = "seconds" if self.kind == "time" else "size"
        bars = replace(config.bars, kind=self.kind, **{name: self.length})
        return replace(config, bars=bars)


def group(account: str, key: str) -> str:
    """The group of those who look at an account's market in these bars."""
    return f"live.view.{account}.{key}"


_KINDS: Final = ", ".join(BAR_KINDS[:-1]) + f" or {BAR_KINDS[-1]}"


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 40 else text[:37] + "..."
