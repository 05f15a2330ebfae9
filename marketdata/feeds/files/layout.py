"""Which column of a table is which: names in use, looked up without regard to case."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from marketdata.errors import FeedError

ALIASES: Final[dict[str, tuple[str, ...]]] = {
    "ts": (
        "ts", "ts_event", "timestamp", "datetime", "date_time", "date time", "time", "trade_time",
        "transact_time",
    ),
    "price": ("price", "last", "last price", "trade_price"),
    "size": ("size", "quantity", "volume", "qty", "amount", "last size", "trade_size"),
    "side": ("side", "aggressor", "aggressor_side", "taker_side"),
    "maker": ("is_buyer_maker", "isbuyermaker", "buyer_maker"),
    "sequence": ("sequence", "seq"),
    "trade_id": ("trade_id", "tradeid", "id", "agg_trade_id"),
    "contract": ("contract", "raw_symbol", "symbol", "instrument"),
    "symbol": ("symbol",),
    "marks": ("marks",),
    "action": ("action",),
    "received": ("ts_recv", "received", "local_timestamp", "ts_receive"),
    "bid": ("bid", "bid_price", "best_bid", "bid price", "bid_px_00"),
    "ask": ("ask", "ask_price", "best_ask", "ask price", "ask_px_00"),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Layout:
    """The source's own column names by role; None where it has no such column."""

    ts: str
    price: str
    size: str
    side: str | None = None
    maker: str | None = None
    sequence: str | None = None
    trade_id: str | None = None
    contract: str | None = None
    received: str | None = None
    bid: str | None = None
    ask: str | None = None
    symbol: str | None = None
    marks: str | None = None
    """Of our own exports (`marketdata.store.exporting`)."""
    action: str | None = None
    """What a row is: books have more than trades."""

    @property
    def columns(self) -> list[str]:
        """All that ticks are made from, in the order of the roles; quotes are asked for apart."""
        names = (
            self.ts, self.price, self.size, self.side, self.maker, self.sequence, self.trade_id,
            self.contract, self.received, self.marks, self.action,
        )  # fmt: skip
        return list(dict.fromkeys(name for name in names if name is not None))

    @property
    def quotes(self) -> list[str]:
        """The columns of bid and ask; empty without both."""
        return [] if self.bid is None or self.ask is None else [self.bid, self.ask]

    @property
    def has_side(self) -> bool:
        """Whether the source says who the aggressor was."""
        return self.side is not None or self.maker is not None


def find_layout(source: object, names: Iterable[str]) -> Layout:
    """Match column names to roles; FeedError names what is missing and what there is."""
    present: dict[str, str] = {}
    for name in names:
        present.setdefault(name.strip().lower(), name)
    found = {
        role: next((present[alias] for alias in aliases if alias in present), None)
        for role, aliases in ALIASES.items()
    }
    missing = [role for role in ("ts", "price", "size") if found[role] is None]
    if missing:
        wanted = "; ".join(f"{role} ({', '.join(ALIASES[role][:4])})" for role in missing)
        raise FeedError(
            f"{source}: no column for {wanted}; it has {', '.join(present.values()) or 'none'}"
        )
    return Layout(**{role: name for role, name in found.items() if name is not None})
