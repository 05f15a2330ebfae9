"""What happened, for whoever asks afterwards: requests as they came in, fills, positions over time,
and how long a position had nothing to protect it.

Its times are the server's clock, UTC ns, except a fill's own.
"""

from collections import Counter
from dataclasses import dataclass, field

from tests.servers.rithmic.book import Fill

NS = 1_000_000_000


@dataclass(frozen=True, kw_only=True)
class Received:
    """A request that changes something, taken or not."""

    at: int
    template: int
    account: str
    tag: str = ""
    basket: str = ""
    symbol: str = ""
    side: int = 0
    size: int = 0
    taken: bool = True


@dataclass
class Ledger:
    """`held` are positions when they changed; `naked` the contracts that neither a working stop nor
    an exit on its way covers, when that changed. Both by account and symbol."""

    received: list[Received] = field(default_factory=list)
    fills: list[Fill] = field(default_factory=list)
    held: dict[tuple[str, str], list[tuple[int, int]]] = field(default_factory=dict)
    naked: dict[tuple[str, str], list[tuple[int, int]]] = field(default_factory=dict)

    def tags(self) -> dict[str, int]:
        """How often each user_tag came in with a new order. More than once is a duplicate."""
        return dict(Counter(each.tag for each in self.received if each.tag))

    def duplicates(self) -> list[str]:
        """The tags that came in more than once."""
        return [tag for tag, count in self.tags().items() if count > 1]

    def note(self, account: str, symbol: str, now: int, net: int, naked: int) -> None:
        """The position, and what of it nothing protects, as they are now."""
        for series, value in ((self.held, net), (self.naked, naked)):
            known = series.setdefault((account, symbol), [])
            if (known[-1][1] if known else 0) != value:
                known.append((now, value))

    def unprotected(self, account: str, symbol: str, now: int) -> list[tuple[int, int]]:
        """From when to when (UTC ns) some of the position was not protected. Moments without
        length do not count."""
        found: list[tuple[int, int]] = []
        since = 0
        for at, naked in self.naked.get((account, symbol), []):
            if naked and not since:
                since = at
            elif not naked and since:
                found.append((since, at))
                since = 0
        if since:
            found.append((since, now))
        return [each for each in found if each[1] > each[0]]

    def unprotected_seconds(self, account: str, symbol: str, now: int) -> float:
        """The same in all."""
        return sum(end - start for start, end in self.unprotected(account, symbol, now)) / NS
