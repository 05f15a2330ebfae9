"""The picture of a day: its candles with the trades on them, and what they made below.

matplotlib draws it, and is loaded by this module alone. Gains and losses are teal and rose with
marks of different shapes, long and short blue and orange: they stay apart for every eye, and on a
small screen.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from io import BytesIO
from typing import Any, Final

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.collections import LineCollection
from matplotlib.dates import DateFormatter, HourLocator, date2num
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter, MaxNLocator

from marketdata.calendars import NEW_YORK
from trading.recap.plots import closed
from trading.recap.words import at, decimal, money, part, ratio_of, signed_money, words
from trading.templatetags.pages import MINUS, ny_day, seconds
from trading.wire import Json

WIDTH, HEIGHT, DPI = 1200, 675, 100
MOST_CANDLES: Final = 130
FONT: Final = "DejaVu Sans"
GROUND, PANEL, GRID, EDGE = "#0b0e13", "#10141b", "#1d242e", "#3a4553"
TEXT, SOFT, FAINT = "#e8ecf2", "#aab4c2", "#8995a5"
LONG, SHORT, GAIN, LOSS, WARN, DANGER = (
    "#52a8ff", "#ff9d3c", "#35cfae", "#ff7896", "#ffc44d", "#ff6b62",
)  # fmt: skip
RISEN, FALLEN = "#7f8da1", "#465264"
LEFT, RIGHT = 0.025, 0.975
MARKS: Final = (
    ("^", LONG, "long"), ("v", SHORT, "short"), ("o", GAIN, "left with a gain"),
    ("X", LOSS, "left with a loss"),
)  # fmt: skip
REGIMES: Final = {
    "TRENDING_UP": LONG, "TRENDING_DOWN": SHORT, "RANGING": "#8fa6bd", "VOLATILE": "#d48cf0",
}  # fmt: skip


@dataclass(frozen=True)
class Candle:
    start: datetime
    end: datetime
    open: float
    high: float
    low: float
    close: float


def picture(of: Json, day: date) -> bytes | None:
    """A PNG of a session's document; None when there are no bars to draw."""
    seen = shown(of)
    if not seen:
        return None
    figure = Figure(figsize=(WIDTH / DPI, HEIGHT / DPI), dpi=DPI, facecolor=GROUND)
    canvas = FigureCanvasAgg(figure)
    price = figure.add_axes((0.025, 0.335, 0.91, 0.465))
    made = figure.add_axes((0.025, 0.075, 0.91, 0.2), sharex=price)
    strip = figure.add_axes((0.025, 0.302, 0.91, 0.012), sharex=price)
    span = (seen[0]["start"], max(seen[-1]["end"], *_exit_times(of), seen[-1]["end"]))
    _head(figure, of, day, seen)
    _candles(price, list(candles(seen)))
    _trades(price, of)
    _regimes(strip, seen)
    _made(made, of, span)
    _frame(price, made, span, seen)
    file = BytesIO()
    canvas.print_png(file, metadata={"Software": None})
    return file.getvalue()


def shown(of: Json) -> list[Json]:
    """The bars since the open."""
    start = of["curve"]["from"]
    return [bar for bar in of["bars"] if start is None or bar["end"] > start]


def candles(bars: Sequence[Json]) -> Iterator[Candle]:
    """The bars, several in one where there are more than can be told apart."""
    together = -(-len(bars) // MOST_CANDLES)
    for first in range(0, len(bars), together):
        group = bars[first : first + together]
        yield Candle(
            at(group[0]["start"]),
            at(group[-1]["end"]),
            float(group[0]["open"]),
            max(float(bar["high"]) for bar in group),
            min(float(bar["low"]) for bar in group),
            float(group[-1]["close"]),
        )


def _exit_times(of: Json) -> list[str]:
    return [trade["exit_at"] for trade in closed(of)]


# The words at the top


def _head(figure: Figure, of: Json, day: date, seen: Sequence[Json]) -> None:
    session, totals = of["session"], of["totals"]
    net = decimal(totals["net"])
    length = session["bars"]["length"]
    bars = seconds(length) if session["bars"]["kind"] == "time" else session["bars"]["kind"]
    tone = GAIN if net > 0 else LOSS if net < 0 else SOFT
    end = _write(figure, LEFT, 0.925, ny_day(day), color=TEXT, size=19, weight="bold")
    said, colour = _mark(session)
    box = {"boxstyle": "round,pad=0.4", "facecolor": colour, "edgecolor": "none"}
    _write(figure, end + 0.022, 0.932, said, color=GROUND, size=8.5, weight="bold", bbox=box)
    traded = f"{session['symbol']} {session['contract']}".strip()
    _write(figure, LEFT, 0.882, f"{session['account']}   {traded}   {bars}", color=SOFT, size=11.5)
    made = f"{signed_money(totals['net'])} {session['currency']}"
    _write(figure, RIGHT, 0.918, made, color=tone, size=25, weight="bold", ha="right")
    _write(figure, RIGHT, 0.882, _beneath(of), color=SOFT, size=11.5, ha="right")
    figure.add_artist(Line2D([LEFT, RIGHT], [0.862, 0.862], color=GRID, linewidth=1))
    if any(trade["entry_at"] for trade in of["trades"]):
        _keys(figure, MARKS)
    there = {bar["regime"] for bar in seen}
    keys = [("s", colour, words(name)) for name, colour in REGIMES.items() if name in there]
    _keys(figure, keys, at_right=True)


def _write(figure: Figure, x: float, y: float, said: str, **look: Any) -> float:
    """Returns where it ends."""
    text = figure.text(x, y, said, family=FONT, **look)
    return float(text.get_window_extent().x1) / WIDTH


def _mark(session: Json) -> tuple[str, str]:
    """What must not be overlooked."""
    if session["mode"] == "live" and session["broker"] != "test":
        return "REAL MONEY", DANGER
    if session["mode"] == "live":
        return "TEST BROKER", WARN
    return ("PAPER, SYNTHETIC MARKET", WARN) if session["synthetic"] else ("PAPER", FAINT)


def _beneath(of: Json) -> str:
    totals = of["totals"]
    if not totals["trades"]:
        return f"no trades   balance {money(of['session']['balance_after'])}"
    return (
        f"{totals['trades']} trades   {part(totals['win_rate'])} won   "
        f"profit factor {ratio_of(totals['profit_factor'])}   "
        f"drawdown {money(totals['drawdown'])}   fees {money(totals['fees'])}"
    )


def _keys(figure: Figure, keys: Sequence[tuple[str, str, str]], *, at_right: bool = False) -> None:
    """What marks and colours mean, side by side."""
    x = LEFT
    if at_right:
        long = [_write(figure, 0, -1, name, size=9.5) for _, _, name in keys]
        x = RIGHT - sum(long) - 0.016 * len(keys) - 0.018 * (len(keys) - 1)
    for marker, colour, name in keys:
        dot = Line2D([x + 0.006], [0.832], marker=marker, color=colour, markersize=7, linestyle="")
        figure.add_artist(dot)
        x = _write(figure, x + 0.016, 0.8245, name, color=FAINT, size=9.5) + 0.018


# The drawings


def _candles(axes: Axes, found: Sequence[Candle]) -> None:
    wicks, bodies, colours = [], [], []
    flat = _thinnest(found)
    for one in found:
        middle = _number(one.start + (one.end - one.start) / 2)
        low, high = sorted((one.open, one.close))
        wicks.append([(middle, one.low), (middle, one.high)])
        bodies.append([(middle, low), (middle, max(high, low + flat))])
        colours.append(RISEN if one.close >= one.open else FALLEN)
    axes.add_collection(LineCollection(wicks, colors=colours, linewidths=1, zorder=2))
    width = min(9.0, 0.62 * WIDTH * 0.91 * 72 / DPI / max(1, len(found)))
    axes.add_collection(
        LineCollection(bodies, colors=colours, linewidths=width, capstyle="butt", zorder=2)
    )


def _thinnest(found: Sequence[Candle]) -> float:
    """Of a body, so that one without a change is still seen."""
    return (max(one.high for one in found) - min(one.low for one in found)) / 250


def _trades(axes: Axes, of: Json) -> None:
    for trade in of["trades"]:
        if not trade["entry_at"]:
            continue
        x, y = _number(at(trade["entry_at"])), float(trade["entry_price"])
        long = trade["direction"] == "long"
        if trade["exit_at"]:
            out, price = _number(at(trade["exit_at"])), float(trade["exit_price"])
            won = decimal(trade["net"]) > 0
            colour = GAIN if won else LOSS
            axes.plot([x, out], [y, price], color=colour, linewidth=1.6, alpha=0.9, zorder=3)
            _dot(axes, out, price, "o" if won else "X", colour, 7.5)
        _dot(axes, x, y, "^" if long else "v", LONG if long else SHORT, 9)


def _dot(axes: Axes, x: float, y: float, marker: str, colour: str, size: float) -> None:
    axes.plot(
        [x], [y], marker=marker, color=colour, markersize=size, markeredgecolor=GROUND,
        markeredgewidth=0.9, linestyle="", zorder=5,
    )  # fmt: skip


def _regimes(axes: Axes, bars: Sequence[Json]) -> None:
    """A strip in the colour of each bar's regime."""
    for bar in bars:
        start, end = _number(at(bar["start"])), _number(at(bar["end"]))
        colour = REGIMES.get(bar["regime"], GRID)
        axes.axvspan(start, end, color=colour, linewidth=0, alpha=0.85)
    axes.set_axis_off()


def _made(axes: Axes, of: Json, span: tuple[str, str]) -> None:
    """The booked P&L as steps, filled to zero; thin: with what was open."""
    curve = of["curve"]
    start = curve["from"] or span[0]
    points = [(start, "0"), *((each["at"], each["total"]) for each in curve["booked"])]
    points.append((span[1], points[-1][1]))
    x = [_number(at(when)) for when, _ in points]
    y = [float(total) for _, total in points]
    for colour, part_of in ((GAIN, max), (LOSS, min)):
        axes.fill_between(
            x, [part_of(value, 0.0) for value in y], 0, step="post", color=colour, alpha=0.22,
            linewidth=0, zorder=2,
        )  # fmt: skip
    if curve["booked"]:
        axes.plot(
            [_number(at(each["at"])) for each in curve["marked"]],
            [float(each["total"]) for each in curve["marked"]],
            color=FAINT, linewidth=0.9, zorder=3,
        )  # fmt: skip
    axes.step(x, y, where="post", color=TEXT, linewidth=1.8, zorder=4)
    axes.axhline(0, color=EDGE, linewidth=1, zorder=1)


# Axes


def _frame(price: Axes, made: Axes, span: tuple[str, str], seen: Sequence[Json]) -> None:
    low = min(float(bar["low"]) for bar in seen)
    high = max(float(bar["high"]) for bar in seen)
    room = (high - low or 1) * 0.06
    price.set_ylim(low - room, high + room)
    price.set_xlim(_number(at(span[0])), _number(at(span[1])))
    bottom, top = made.get_ylim()
    more = max((top - bottom) * 0.08, 1)
    made.set_ylim(min(bottom, 0) - more, max(top, 0) + more)
    for axes, count, form in ((price, 6, _price_text), (made, 4, _amount_text)):
        axes.set_facecolor(PANEL)
        axes.yaxis.tick_right()
        axes.yaxis.set_major_locator(MaxNLocator(count, steps=[1, 2, 2.5, 5, 10]))
        axes.yaxis.set_major_formatter(FuncFormatter(form))
        axes.grid(color=GRID, linewidth=0.8, zorder=0)
        axes.set_axisbelow(True)
        axes.tick_params(
            colors=FAINT, labelsize=9.5, length=0, pad=6, labelfontfamily=FONT, which="both"
        )
        for spine in axes.spines.values():
            spine.set_visible(False)
    _hours(made, at(span[1]) - at(span[0]))
    price.tick_params(labelbottom=False)
    made.text(
        0.008, 0.9, "P&L, net", transform=made.transAxes, color=FAINT, size=9.5, va="top",
        family=FONT, zorder=6,
    )  # fmt: skip


def _hours(axes: Axes, span: timedelta) -> None:
    every = max(1, round(span.total_seconds() / 3600 / 9))
    axes.xaxis.set_major_locator(HourLocator(interval=every, tz=NEW_YORK))
    axes.xaxis.set_major_formatter(DateFormatter("%H:%M", tz=NEW_YORK))


def _price_text(value: float, _: Any) -> str:
    places = 0 if value >= 1000 and value == round(value) else 2
    return f"{value:,.{places}f}"


def _amount_text(value: float, _: Any) -> str:
    sign = "+" if value > 0 else MINUS if value < 0 else ""
    return f"{sign}{abs(value):,.0f}"


def _number(when: datetime) -> float:
    return float(date2num(when))
