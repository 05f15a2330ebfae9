"""A trade's story in the shape of its page: `docs/explain.md`'s document, with places and words.

Pure functions of the document. Shares are whole percents of a drawing's width; they are places on
the screen, no amounts.
"""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final, TypeVar

from trading.explain.terminal import told
from trading.wire import Json

LIMITS: Final = (
    ("Day's loss limit", "loss_left", "loss_limit"),
    ("To the day's profit target", "profit_left", "profit_target"),
    ("Drawdown allowed", "drawdown_left", "max_drawdown"),
)
SIZED: Final = {
    "base", "confluence", "trend", "streak", "clamped", "multiplier", "size", "min_size",
    "max_size", "signals_for", "signals_against",
}  # fmt: skip
FULL: Final = 100
Number = TypeVar("Number", float, Decimal)


def share(part: Number, whole: Number) -> int:
    """A part of a whole in percent, 0 to 100."""
    if whole <= 0:
        return 0
    return max(0, min(FULL, round(part * FULL / whole)))


@dataclass(frozen=True, kw_only=True)
class Rung:
    """A price of the bar. `bid_share` and `ask_share` are of the bar's largest cell."""

    price: str
    bid: int
    ask: int
    unknown: int
    bid_share: int
    ask_share: int
    buy_imbalance: bool
    sell_imbalance: bool
    in_value: bool
    signal: bool
    marks: tuple[str, ...]


def ladder(story: Json) -> list[Rung]:
    """The bar from its highest price down."""
    bar = story["bar"]
    most = max((max(bid, ask) for _, bid, ask, _ in bar["levels"]), default=0)
    buys, sells = set(bar["buy_imbalances"]), set(bar["sell_imbalances"])
    low, high = Decimal(bar["val"]), Decimal(bar["vah"])
    named = (("high", "high"), ("open", "open"), ("close", "close"), ("low", "low"), ("POC", "poc"))
    return [
        Rung(
            price=price, bid=bid, ask=ask, unknown=unknown,
            bid_share=share(bid, most), ask_share=share(ask, most),
            buy_imbalance=price in buys, sell_imbalance=price in sells,
            in_value=low <= Decimal(price) <= high,
            signal=price == story["signal"]["price"],
            marks=tuple(name for name, key in named if bar[key] == price),
        )
        for price, bid, ask, unknown in reversed(bar["levels"])
    ]  # fmt: skip


def scores(story: Json) -> list[Json]:
    """The regime's scores, as bars; the chosen one is marked."""
    regime = story["regime"]
    if regime is None:
        return []
    most = max((10.0, *regime["scores"].values()))
    return [
        {
            "name": name,
            "score": f"{score:g}",
            "share": share(score, most),
            "chosen": name == regime["regime"],
        }
        for name, score in regime["scores"].items()
    ]


def limits(story: Json) -> list[Json]:
    """What the account's limits left, as bars."""
    terms = story["decision"]["terms"]
    return [
        {
            "label": label,
            "left": terms[left],
            "of": terms[limit],
            "share": share(Decimal(terms[left]), Decimal(terms[limit])),
        }
        for label, left, limit in LIMITS
        if terms.get(left) is not None and terms.get(limit) is not None
    ]


def sizing(story: Json) -> list[tuple[str, str, str]]:
    """How the size came about: what, how much, why."""
    terms = story["decision"]["terms"]
    if not terms.keys() >= SIZED:
        return []
    wanted = sum(int(terms[name]) for name in ("base", "confluence", "trend", "streak"))
    streak = terms.get("account_streak", 0)
    won = "wins" if streak > 0 else "losses"
    running = f"{abs(streak)} {won} in a row" if streak else "no streak"
    signals = f"{terms['signals_for']} for this direction, {terms['signals_against']} against"
    return [
        ("Base", str(terms["base"]), "of every trade"),
        ("Confluence", f"{terms['confluence']:+d}", f"signals of the bar: {signals}"),
        ("Trend", f"{terms['trend']:+d}", "with the regime's trend or not"),
        ("Streak", f"{terms['streak']:+d}", running),
        ("Wanted", str(wanted), "the sum"),
        ("In the tier", str(terms["clamped"]), f"{terms['min_size']} to {terms['max_size']}"),
        ("Router", f"× {terms['multiplier']}", "of pattern and regime"),
        ("Size", str(terms["size"]), "lots"),
    ]


def signals(story: Json) -> list[Json]:
    """All signals of the bar with what became of each; the traded one first."""
    chosen = [one | {"fate": "traded" if one["chosen"] else "passed"} for one in story["choices"]]
    rest = [one | {"fate": "rejected", "why": one["reason"]} for one in story["rejected"]]
    return sorted(chosen, key=lambda one: one["fate"] == "passed") + rest


def happened(story: Json) -> list[Json]:
    """What was said of the bracket's orders, a line each."""
    return [
        {"ts": event["ts"], "kind": event["kind"], "text": told(event).replace("_", " ")}
        for event in story["events"]
    ]


def slippage_ticks(story: Json) -> int | None:
    """Of all fills together; None when it is not known of one."""
    fills = [event["slippage_ticks"] for event in story["events"] if event["kind"] == "filled"]
    return None if None in fills or not fills else sum(fills)


def vwap(story: Json) -> str:
    """The session's at the bar's close, with the places of a price."""
    text, places = story["bar"]["session_vwap"], len(story["bar"]["close"].partition(".")[2])
    return "–" if text is None else f"{Decimal(text).quantize(Decimal(1).scaleb(-places)):f}"


def shape(story: Json) -> dict[str, Any]:
    """What the template draws."""
    return {
        "story": story,
        "ladder": ladder(story),
        "scores": scores(story),
        "limits": limits(story),
        "sizing": sizing(story),
        "signals": signals(story),
        "events": happened(story),
        "slippage": slippage_ticks(story),
        "vwap": vwap(story),
    }
