"""What differs between two configurations, setting by setting."""

from collections.abc import Mapping
from dataclasses import dataclass

from engine.config import EngineConfig
from engine.written import flat


@dataclass(frozen=True)
class Difference:
    """`before` and `after` as text; empty where the setting or the symbol is not there."""

    symbol: str
    setting: str
    before: str
    after: str

    def __str__(self) -> str:
        if not self.setting:
            return f"{self.symbol}: {'added' if self.after else 'removed'}"
        return f"{self.symbol} {self.setting}: {self.before or '-'} -> {self.after or '-'}"


def differences(
    before: Mapping[str, EngineConfig], after: Mapping[str, EngineConfig]
) -> list[Difference]:
    """From one to the other, symbol by symbol; a symbol that is new or gone is not spelt out."""
    found = []
    for symbol in {**before, **after}:
        if symbol not in before or symbol not in after:
            there = ["there" if symbol in configs else "" for configs in (before, after)]
            found.append(Difference(symbol, "", *there))
            continue
        old, new = flat(before[symbol].as_tree()), flat(after[symbol].as_tree())
        found += [
            Difference(symbol, name, old.get(name, ""), new.get(name, ""))
            for name in {**old, **new}
            if old.get(name, "") != new.get(name, "")
        ]
    return found
