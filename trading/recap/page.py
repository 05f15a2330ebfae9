"""A recap's document as an HTML file that stands alone.

What is shown is in the document, so that a file can be made again of a recap that was kept.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, Final

from trading.recap import tables
from trading.recap.figures import DEFINITIONS
from trading.recap.plots import drawn
from trading.recap.words import (
    NONE,
    decimal,
    money,
    part,
    plural,
    ratio_of,
    signed_money,
)
from trading.report.drawing import Plot
from trading.report.panels import Card, Meaning, Panel, Part
from trading.report.standalone import standalone
from trading.templatetags.pages import ny_day, seconds, tone
from trading.wire import Json

BODY: Final = "trading/recap/body.html"
LABELS: Final = {"pattern": "Pattern", "regime": "Regime", "hour": "Hour of entry", "exit": "Exit"}


@dataclass(frozen=True, kw_only=True)
class Recap:
    """What the templates of reports show."""

    title: str
    lede: str
    facts: Sequence[tuple[str, str]]
    badges: Sequence[tuple[str, str, str]]
    parts: Sequence[Part]
    code: str = ""


def html(made: Json) -> str:
    """The whole file as text, to be written as UTF-8."""
    day = date.fromisoformat(made["day"])
    parts: list[Part] = []
    plots: dict[str, Plot] = {}
    several = len(made["sessions"]) > 1
    for number, of in enumerate(made["sessions"], 1):
        mark = f"-{number}" if several else ""
        own = drawn(of)
        plots |= {f"{name}{mark}": each for name, each in own.items()}
        parts += [_marked(each, mark, of) for each in parts_of(of, own)]
    said = Recap(
        title=f"Recap of {ny_day(day)}",
        lede="; ".join(lede(of) for of in made["sessions"]),
        facts=facts(made),
        badges=badges(made["sessions"]),
        parts=[*parts, definitions()],
    )
    return standalone(BODY, {"report": said}, plots)


def _marked(found: Part, mark: str, of: Json) -> Part:
    """A part of one of several accounts: named after it, with names of its own in the file."""
    if not mark:
        return found
    panels = [
        replace(panel, id=panel.id + mark, plot=panel.plot and panel.plot + mark)
        for panel in found.panels
    ]
    title = f"{of['session']['account']}: {found.title}"
    return replace(found, id=found.id + mark, title=title, panels=panels)


def lede(of: Json) -> str:
    session, totals = of["session"], of["totals"]
    length = session["bars"]["length"]
    kind = session["bars"]["kind"]
    bars = f"bars of {seconds(length) if kind == 'time' else f'{length} ({kind})'}"
    traded = f"{session['symbol']} {session['contract']}".strip()
    return (
        f"{session['account']}: {traded}, {bars}; {plural(totals['trades'], 'trade')}, net "
        f"{signed_money(totals['net'])} {session['currency']}"
    )


def facts(made: Json) -> list[tuple[str, str]]:
    sessions = made["sessions"]
    rules = ", ".join(
        f"{of['session']['config_name'] or 'defaults'} ({of['session']['rules_digest'] or NONE})"
        for of in sessions
    )
    return [
        ("Day", made["day"]),
        ("Rules", rules or NONE),
        ("Fills", ", ".join(of["session"]["fill_profile"] or "broker" for of in sessions) or NONE),
        ("Recap of", made["made_at"][:16].replace("T", " ") + " UTC"),
    ]


def badges(sessions: Sequence[Json]) -> list[tuple[str, str, str]]:
    """What must not be overlooked."""
    found = []
    for of in sessions:
        session = of["session"]
        if session["mode"] == "live" and session["broker"] != "test":
            found.append(("danger", "Real money", "The orders went to a broker."))
        if session["synthetic"]:
            found.append(("warn", "Synthetic market", "The ticks are made up."))
        if session["inferred"]:
            found.append(("warn", "Sides inferred", "Aggressor sides are guessed from prices."))
        if session["status"] == "running":
            found.append(("warn", "Still running", "The day was not over."))
    return list(dict.fromkeys(found))


def parts_of(of: Json, plots: dict[str, Any]) -> list[Part]:
    """A session's parts, those that have something to show."""
    found = [
        Part(id="figures", title="Key figures", note=outcome(of), cards=cards(of)),
        Part(id="course", title="Course of the day", panels=course(of, plots)),
        Part(id="groups", title="Where it comes from", panels=grouped(of, plots)),
        Part(id="signals", title="Signals", note=fates_note(of), panels=signals(of, plots)),
        Part(id="operation", title="Operation", panels=operation(of)),
    ]
    return [each for each in found if each.cards or each.panels]


def outcome(of: Json) -> str:
    """What a reader should know before the figures."""
    if of["totals"]["trades"]:
        return "Point at a figure or touch it to read what it means."
    return "No trade was closed. What follows says what was seen, and why it was let go."


def cards(of: Json) -> list[Card]:
    totals, session = of["totals"], of["session"]
    names = (
        ("net", "Net", signed_money(totals["net"]), f"gross {signed_money(totals['gross'])}"),
        (
            "count",
            "Trades",
            str(totals["trades"]),
            f"{totals['wins']} won, {totals['losses']} lost",
        ),
        ("win_rate", "Win rate", part(totals["win_rate"]), ""),
        ("profit_factor", "Profit factor", ratio_of(totals["profit_factor"]), ""),
        ("expectancy", "Expectancy", signed_money(totals["expectancy"]), "a trade"),
        ("drawdown", "Drawdown", money(totals["drawdown"]), "within the day, booked"),
        ("fees", "Fees", money(totals["fees"]), _slippage(of)),
        ("average_win", "Average win", signed_money(totals["average_win"]), ""),
        ("average_loss", "Average loss", signed_money(totals["average_loss"]), ""),
    )
    found = [
        Card(label, value, DEFINITIONS[name], tone(totals["net"]) if name == "net" else "", note)
        for name, label, value, note in names
    ]
    return [*found, *_account(session), _signals_card(of)]


def _account(session: Json) -> list[Card]:
    before, after = money(session["balance_before"]), money(session["balance_after"])
    tier, meaning = session["tier_after"] or NONE, "The step of the capital ladder."
    return [
        Card("Balance", after, "The account after the day.", "", f"from {before}"),
        Card("Tier", tier, meaning, "", _next(session)),
    ]


def _signals_card(of: Json) -> Card:
    found = of["statistics"]["signals"]
    meaning = "Patterns found at the closes of bars, whatever became of them."
    return Card("Signals", f"{found['all']:,}", meaning, "", f"{found['traded']:,} traded")


def _slippage(of: Json) -> str:
    slipped = of["costs"]["slippage"]
    return "" if slipped is None else f"and {money(slipped)} of slippage assumed"


def _next(session: Json) -> str:
    step = session["next_tier"]
    return f"{money(step['missing'])} to {step['name']}" if step else "the highest"


def course(of: Json, plots: dict[str, Any]) -> list[Panel]:
    found = []
    if "equity" in plots:
        low = min((decimal(each["total"]) for each in of["curve"]["marked"]), default=decimal("0"))
        high = max((decimal(each["total"]) for each in of["curve"]["marked"]), default=decimal("0"))
        found.append(
            Panel(
                id="equity", title="P&L over the day", plot="equity", wide=True, size="high",
                note="Net of fees; an open trade's fees come with its exit. New York time.",
                summary=f"Between {signed_money(low)} and {signed_money(high)}; "
                f"{signed_money(of['totals']['net'])} at the end.",
            )
        )  # fmt: skip
    if "price" in plots:
        found.append(
            Panel(
                id="price", title="Trades on price", plot="price", wide=True, size="high",
                note="Closes of the bars and their range; a trade from its entry to its exit.",
            )
        )  # fmt: skip
    if of["totals"]["trades"]:
        found.append(Panel(id="trades", title="Trades", wide=True, table=tables.trades(of)))
    return found


def grouped(of: Json, plots: dict[str, Any]) -> list[Panel]:
    return [
        Panel(
            id=f"by-{by}", title=f"By {label.lower()}", plot=f"by-{by}",
            size="" if len(of["statistics"][f"by_{by}"]) > 4 else "low",
            table=tables.groups(of, by, label),
        )
        for by, label in LABELS.items()
        if f"by-{by}" in plots
    ]  # fmt: skip


def fates_note(of: Json) -> str:
    found = of["statistics"]["signals"]
    return (
        f"{plural(found['all'], 'signal')}: {found['accepted']:,} accepted, of them "
        f"{found['traded']:,} traded; {found['rejected']:,} rejected."
    )


def signals(of: Json, plots: dict[str, Any]) -> list[Panel]:
    found = []
    if "fates" in plots:
        found.append(
            Panel(
                id="fates",
                title="What became of them",
                plot="fates",
                size="high",
                table=tables.fates(of),
            )
        )
    if "regimes" in plots:
        found.append(Panel(id="regimes", title="Time in each regime", plot="regimes"))
    return found


def operation(of: Json) -> list[Panel]:
    wrong = tables.events(of, tables.WRONG)
    found = [
        Panel(id="data", title="Data and process", table=tables.data(of)),
        Panel(
            id="wrong", title="What went wrong", table=wrong if wrong.rows else None,
            note="" if wrong.rows else "No warning and no error was recorded.",
        ),
    ]  # fmt: skip
    told = tables.events(of, ("info",))
    if told.rows:
        found.append(Panel(id="events", title="Also on that day", table=told))
    if of["commands"]:
        found.append(Panel(id="commands", title="Commands", table=tables.commands(of)))
    return found


def definitions() -> Part:
    meanings = [
        Meaning(name.replace("_", " ").capitalize(), text) for name, text in DEFINITIONS.items()
    ]
    return Part(id="definitions", title="Definitions", definitions=meanings)
