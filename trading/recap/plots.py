"""The plots of a recap, of a session's document, in the look of all reports."""

from collections.abc import Sequence
from typing import Any, Final

from trading.recap.words import decimal, local, plural, sentence, signed_money, words
from trading.report.drawing import (
    GAIN,
    LINE,
    LONG,
    LOSS,
    QUIET,
    SHORT,
    Plot,
    counts_axis,
    money_axis,
    plot,
    text,
    title,
)
from trading.wire import Json

WHEN: Final = "%{x|%H:%M:%S}"
ROW: Final = 30  # pixels
MOST_REASONS: Final = 9
LEGEND: Final = {
    "orientation": "h", "x": 0, "y": 1, "yanchor": "bottom", "traceorder": "normal"
}  # fmt: skip
LABEL: Final = 34
"""Characters of a reason beside its bar; the table has it whole."""
REGIMES: Final = {
    "TRENDING_UP": LONG, "TRENDING_DOWN": SHORT, "RANGING": "$regime-ranging",
    "VOLATILE": "$regime-volatile",
}  # fmt: skip


def equity(of: Json) -> Plot:
    """The day's P&L: booked after each exit, and with what was open at each bar's close."""
    curve = of["curve"]
    start = [{"at": curve["from"], "total": "0"}]
    booked, marked = start + curve["booked"], start + curve["marked"]
    last = max(booked[-1]["at"], marked[-1]["at"])
    booked = [*booked, booked[-1] | {"at": last}]
    return plot(
        [
            _line(marked, "With what was open", {"color": QUIET, "width": 1}),
            _line(
                booked, "Booked", {"color": LINE, "width": 2, "shape": "hv"},
                fill="tozeroy", fillcolor=f"{LINE}/12",
            ),
            _exits(of),
        ],
        height=320,
        x={"type": "date", "tickformat": "%H:%M"},
        y=money_axis(of["session"]["currency"]),
        showlegend=True,
        dragmode="zoom",
    )  # fmt: skip


def _line(points: Sequence[Json], name: str, line: Json, **more: Any) -> Json:
    return {
        "type": "scatter",
        "mode": "lines",
        "name": name,
        "x": [local(each["at"]) for each in points],
        "y": [cents(each["total"]) for each in points],
        "line": line,
        "hovertemplate": f"{WHEN}<br>%{{y:+,.2f}}<extra>{name}</extra>",
    } | more


def _exits(of: Json) -> Json:
    """A mark a closed trade, on the booked curve."""
    trades = closed(of)
    return {
        "type": "scatter",
        "mode": "markers",
        "name": "Exits",
        "showlegend": False,
        "x": [local(trade["exit_at"]) for trade in trades],
        "y": [cents(point["total"]) for point in of["curve"]["booked"]],
        "text": [told(trade) for trade in trades],
        "marker": {
            "size": 8,
            "color": [GAIN if decimal(trade["net"]) > 0 else LOSS for trade in trades],
            "line": {"color": "$surface", "width": 1},
        },
        "hovertemplate": f"{WHEN}<br>%{{text}}<br>the day %{{y:+,.2f}}<extra></extra>",
    }


def price(of: Json) -> Plot:
    """The bars' range and closes, and each trade from its entry to its exit."""
    bars, trades = of["bars"], [each for each in of["trades"] if each["entry_at"]]
    start = of["curve"]["from"]
    seen = [bar for bar in bars if start is None or bar["end"] > start]
    times = [local(bar["end"]) for bar in seen]
    band = {
        "type": "scatter",
        "mode": "lines",
        "x": times,
        "hoverinfo": "skip",
        "showlegend": False,
    }
    none = {"width": 0, "color": QUIET}
    return plot(
        [
            band | {"y": prices(bar["low"] for bar in seen), "line": none},
            band
            | {
                "y": prices(bar["high"] for bar in seen),
                "line": none,
                "fill": "tonexty",
                "fillcolor": f"{QUIET}/22",
            },
            {
                "type": "scatter",
                "mode": "lines",
                "name": "Close",
                "showlegend": False,
                "x": times,
                "y": prices(bar["close"] for bar in seen),
                "line": {"color": "$text-2", "width": 1.2},
                "hovertemplate": f"{WHEN}<br>%{{y:,.2f}}<extra></extra>",
            },
            *_paths(trades),
            *_entries(trades),
            *_ends(trades),
        ],
        height=420,
        x={"type": "date", "tickformat": "%H:%M"},
        y={"tickformat": ",.2f", "zeroline": False, "title": title(of["session"]["symbol"])},
        legend=LEGEND,
        showlegend=True,
        dragmode="zoom",
    )


def _paths(trades: Sequence[Json]) -> list[Json]:
    """A dotted line from each entry to its exit, in the colour of what it made."""
    found = []
    for colour, won in ((GAIN, True), (LOSS, False)):
        x: list[str | None] = []
        y: list[float | None] = []
        for trade in trades:
            if trade["exit_at"] and (decimal(trade["net"]) > 0) is won:
                x += [local(trade["entry_at"]), local(trade["exit_at"]), None]
                y += [*prices((trade["entry_price"], trade["exit_price"])), None]
        found.append(
            {
                "type": "scatter", "mode": "lines", "x": x, "y": y, "hoverinfo": "skip",
                "showlegend": False, "line": {"color": colour, "width": 1.5, "dash": "dot"},
            }
        )  # fmt: skip
    return found


def _entries(trades: Sequence[Json]) -> list[Json]:
    found = []
    for name, colour, symbol in (("long", LONG, "triangle-up"), ("short", SHORT, "triangle-down")):
        its = [trade for trade in trades if trade["direction"] == name]
        found.append(
            _marks(
                f"Entry {name}", [trade["entry_at"] for trade in its],
                [trade["entry_price"] for trade in its], its,
                {"symbol": symbol, "size": 11, "color": colour},
            )
        )  # fmt: skip
    return found


def _ends(trades: Sequence[Json]) -> list[Json]:
    found = []
    for name, colour, won in (("Exit with a gain", GAIN, True), ("Exit with a loss", LOSS, False)):
        its = [each for each in trades if each["exit_at"] and (decimal(each["net"]) > 0) is won]
        found.append(
            _marks(
                name, [trade["exit_at"] for trade in its],
                [trade["exit_price"] for trade in its], its,
                {"symbol": "circle" if won else "x", "size": 8, "color": colour},
            )
        )  # fmt: skip
    return found


def _marks(name: str, when: list[str], where: list[str], trades: list[Json], marker: Json) -> Json:
    return {
        "type": "scatter",
        "mode": "markers",
        "name": name,
        "x": list(map(local, when)),
        "y": prices(where),
        "text": [told(trade) for trade in trades],
        "marker": marker | {"line": {"color": "$surface", "width": 1}},
        "hovertemplate": f"{WHEN}<br>%{{text}}<br>%{{y:,.2f}}<extra>{name}</extra>",
    }


def grouped(of: Json, by: str) -> Plot:
    """The net of each group, the first on top."""
    groups = of["statistics"][f"by_{by}"][::-1]
    nets = [cents(group["net"]) for group in groups]
    return _bars(
        [text(words(group["name"])) for group in groups],
        nets,
        [GAIN if net > 0 else LOSS if net < 0 else QUIET for net in nets],
        [f"{plural(group['trades'], 'trade')}, {group['wins']} won" for group in groups],
        money_axis(of["session"]["currency"]),
        "%{x:+,.2f}",
    )


def fates(of: Json) -> Plot:
    """How many signals came to what, the traded ones on top."""
    found = of["statistics"]["signals"]
    most = found["not_traded"][:MOST_REASONS]
    rest = sum(each["count"] for each in found["not_traded"][MOST_REASONS:])
    rows = [("Traded", found["traded"], LINE)]
    rows += [(sentence(each["reason"]), each["count"], QUIET) for each in most]
    rows += [("Other reasons", rest, QUIET)] if rest else []
    rows.reverse()
    counts = [count for _, count, _ in rows]
    return _bars(
        [text(shortened(name)) for name, _, _ in rows],
        counts,
        [colour for _, _, colour in rows],
        [text(name) for name, _, _ in rows],
        counts_axis("signals", max(counts)),
        "%{x:,}",
    )


def regimes(of: Json) -> Plot:
    """Minutes in each regime."""
    found = of["statistics"]["regimes"][::-1]
    minutes = [round(each["seconds"] / 60, 1) for each in found]
    return _bars(
        [text(words(each["name"])) for each in found],
        minutes,
        [REGIMES.get(each["name"], "$regime-none") for each in found],
        ["" for _ in found],
        counts_axis("minutes", max(minutes, default=0)),
        "%{x:,.0f} min",
    )


def _bars(
    names: list[str],
    values: Sequence[float],
    colours: list[str],
    notes: list[str],
    x: Json,
    how: str,
) -> Plot:
    return plot(
        [
            {
                "type": "bar",
                "orientation": "h",
                "y": names,
                "x": list(values),
                "customdata": notes,
                "marker": {"color": colours},
                "hovertemplate": f"%{{y}}<br>{how}<br>%{{customdata}}<extra></extra>",
            }
        ],
        height=70 + ROW * len(names),
        x=x,
        y={"type": "category"},
        bargap=0.35,
    )


def drawn(of: Json) -> dict[str, Plot]:
    """Every plot that the document gives something for, by name."""
    found: dict[str, Plot] = {}
    if of["bars"]:
        found["price"] = price(of)
        found["regimes"] = regimes(of)
    if of["bars"] and of["curve"]["booked"]:
        found["equity"] = equity(of)
    if of["statistics"]["signals"]["all"]:
        found["fates"] = fates(of)
    for by in ("pattern", "regime", "hour", "exit"):
        if of["statistics"][f"by_{by}"]:
            found[f"by-{by}"] = grouped(of, by)
    return found


def closed(of: Json) -> list[Json]:
    """The closed trades in order of exit, as the booked curve has them."""
    its = [trade for trade in of["trades"] if trade["status"] == "closed"]
    return sorted(its, key=lambda trade: (trade["exit_at"], trade["id"]))


def told(trade: Json) -> str:
    """A trade in a line."""
    said = (
        f"{words(trade['direction'])} {trade['size']} {trade['symbol']}, {words(trade['pattern'])}"
    )
    if trade["net"] is not None:
        said += f": {signed_money(trade['net'])} by {words(trade['exit_reason']).lower()}"
    return text(said)


def shortened(name: str) -> str:
    return name if len(name) <= LABEL else f"{name[: LABEL - 1].rstrip()}…"


def cents(amount: str) -> float:
    """Where an amount is drawn."""
    return round(float(amount), 2)


def prices(found: Any) -> list[float]:
    """Where prices are drawn."""
    return [float(each) for each in found]
