"""The tables of a recap's file, of a session's document."""

from typing import Final

from trading.recap.plots import closed
from trading.recap.words import (
    NONE,
    clock_text,
    decimal,
    held_text,
    money,
    part,
    ratio_of,
    sentence,
    signed_money,
    span,
    words,
)
from trading.report.cells import MONEY, Cell, Column, Table, number
from trading.wire import Json

WRONG: Final = ("error", "warning")
"""Levels of what went wrong."""
_TRADES: Final = (
    Column("Entry"), Column("Trade"), Column("Net", True),
    Column("R", True, "Net by what was risked to the initial stop"),
    Column("Pattern"), Column("Regime"), Column("From", True), Column("To", True),
    Column("Stop", True, "As first set"), Column("Target", True), Column("Exit by"),
    Column("Held", True), Column("MAE / MFE", True, "Worst and best excursion, ticks"),
    Column("Fees", True), Column("Balance", True, "After the trade"),
)  # fmt: skip
_GROUP: Final = (
    Column("Trades", True), Column("Won", True), Column("Net", True), Column("Fees", True),
    Column("Win rate", True), Column("Profit factor", True), Column("A trade", True),
)  # fmt: skip


def trades(of: Json) -> Table:
    return Table("Trades", _TRADES, [_trade(each) for each in closed(of)])


def _trade(trade: Json) -> list[Cell]:
    long = trade["direction"] == "long"
    traded = f"{'Long' if long else 'Short'} {trade['size']} {trade['symbol']}"
    return [
        Cell(clock_text(trade["entry_at"])),
        Cell(traded, "buy" if long else "sell"),
        signed(trade["net"]),
        number(NONE if trade["r"] is None else f"{decimal(trade['r']):+.2f}".replace("-", "−")),
        Cell(words(trade["pattern"])),
        Cell(words(trade["regime"])),
        *(number(trade[name] or NONE) for name in ("entry_price", "exit_price", "stop", "target")),
        Cell(words(trade["exit_reason"])),
        number(held_text(trade)),
        number(
            NONE if trade["mae_ticks"] is None else f"{trade['mae_ticks']} / {trade['mfe_ticks']}"
        ),
        number(money(trade["fees"])),
        number(money(trade["balance"])),
    ]


def groups(of: Json, by: str, label: str) -> Table:
    rows = [
        [
            Cell(words(group["name"])),
            number(str(group["trades"])),
            number(str(group["wins"])),
            signed(group["net"]),
            number(money(group["fees"])),
            number(part(group["win_rate"])),
            number(ratio_of(group["profit_factor"])),
            signed(group["expectancy"]),
        ]
        for group in of["statistics"][f"by_{by}"]
    ]
    return Table(f"By {label.lower()}", (Column(label), *_GROUP), rows)


def fates(of: Json) -> Table:
    found = of["statistics"]["signals"]
    rows = [[Cell("Traded"), number(f"{found['traded']:,}")]]
    rows += [
        [Cell(sentence(each["reason"])), number(f"{each['count']:,}")]
        for each in found["not_traded"]
    ]
    return Table("What became of the signals", (Column("Fate"), Column("Signals", True)), rows)


def events(of: Json, levels: tuple[str, ...]) -> Table:
    rows = [
        [
            Cell(clock_text(each["at"])),
            Cell(words(each["level"]), "loss" if each["level"] == "error" else ""),
            Cell(words(each["kind"])),
            Cell(each["text"]),
        ]
        for each in of["events"]
        if each["level"] in levels
    ]
    return Table("Events", (Column("Time"), Column("Level"), Column("Kind"), Column("What")), rows)


def commands(of: Json) -> Table:
    rows = [
        [
            Cell(clock_text(each["executed_at"] or each["created_at"])),
            Cell(words(each["kind"])),
            Cell(each["requested_by"] or NONE),
            Cell(each["reason"]),
            Cell(words(each["status"])),
            Cell(each["result"]),
        ]
        for each in of["commands"]
    ]
    names = ("Time", "Command", "By", "Reason", "Status", "Result")
    return Table("Commands", tuple(map(Column, names)), rows)


def data(of: Json) -> Table:
    """What the ticks were like, and how steadily the process lived."""
    found, beat = of["data_quality"], of["heartbeat"]
    dropped = ", ".join(
        f"{words(name).lower()} {count:,}" for name, count in found["dropped"].items()
    )
    rows = [
        ("Source", of["session"]["source"]),
        ("Ticks", f"{found['ticks']:,} in {found['bars']:,} bars"),
        ("Dropped", ", ".join(dropped) or "none"),
        ("Gaps of a bar and more", _gaps(found)),
        ("Halts for a stale feed", f"{found['stale_halts']:,}"),
        ("Ignored inputs", f"{found['ignored_inputs']:,}"),
        ("Heartbeats", _beats(beat)),
        ("Reconnects", f"{beat['reconnects']:,}" if beat["count"] else NONE),
    ]
    stored = found["stored_day"]
    if stored is not None:
        rows += [("Stored day", stored["grade"] + "".join(f"; {why}" for why in stored["reasons"]))]
        rows += [
            (name, value) for name, value in stored["figures"] if name not in ("Source", "Ticks")
        ]
    if of["parity"] is not None:
        rows.append(("Parity", of["parity"]["text"]))
    return Table("Data", (Column("Of"), Column("Found")), [[Cell(a), Cell(b)] for a, b in rows])


def _gaps(found: Json) -> str:
    if not found["gaps"]:
        return "none"
    longest = f"{span(found['longest_gap_s'])} from {clock_text(found['longest_gap_from'])}"
    return f"{found['gaps']:,}, the longest {longest}"


def _beats(beat: Json) -> str:
    if not beat["count"]:
        return "none are kept of this day"
    if beat["longest_gap_s"] is None:
        return f"{beat['count']:,}"
    return f"{beat['count']:,}, the longest pause {span(beat['longest_gap_s'])}"


def signed(amount: str | None) -> Cell:
    value = decimal(amount)
    tone = "profit" if value > 0 else "loss" if value < 0 else ""
    return Cell(signed_money(amount), f"{MONEY} {tone}".strip())
