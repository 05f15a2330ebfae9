"""What of the audit trail the trader is told, and in which words: a table by kind of event.

An event that is not in the table is nobody's news: it says what another one says too (an order that
a guard stopped is rejected next), or only the audit asks for it. What needs more than the event
itself, like how long a line was lost, is in `trading.notify.telling`.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from engine.money import to_decimal
from trading.models import AuditEvent, Notice, Session
from trading.templatetags.pages import money, plain_names, sentence, signed_money, words

Fact = tuple[str, str]
Payload = Mapping[str, Any]

INFO, GOOD = Notice.Level.INFO, Notice.Level.GOOD
WARNING, ERROR, CRITICAL = Notice.Level.WARNING, Notice.Level.ERROR, Notice.Level.CRITICAL
LEVELS: Final = {"info": INFO, "warning": WARNING, "error": ERROR}
SETTINGS_SHOWN: Final = 12
DIFFERENCES_SHOWN: Final = 5


@dataclass(frozen=True, kw_only=True)
class Told:
    """What is said of one event."""

    kind: str
    title: str
    level: str = INFO
    text: str = ""
    facts: list[Fact] = field(default_factory=list)


Rule = Callable[[AuditEvent], Told | None]


def told(row: AuditEvent) -> Told | None:
    """What the trader hears of an audit event; None for most."""
    rule = RULES.get(row.kind)
    return rule(row) if rule is not None else None


# The session's life


def _started(row: AuditEvent) -> Told:
    said, session = row.payload, _session(row)
    starts = said.get("start", 1)
    again = f" (start {starts})" if starts > 1 else ""
    halts = said.get("carry", {}).get("halts", [])
    flat = _flat(said.get("settings", {}))
    changed = {name: value for name, value in flat if not name.startswith("account.")}
    text = [f"Begins halted: {_list(halts)}."] if halts else []
    text += [f"{each}." for each in said.get("warnings", [])]
    if said.get("abandoned"):
        text.append(f"Abandoned with the process before: {', '.join(said['abandoned'])}.")
    facts = [
        ("Market", _market(session)),
        ("Configuration", f"{said.get('configuration') or 'defaults'}, rules {said.get('rules')}"),
        ("Balance", _units(said.get("carry", {}).get("balance"))),
        ("Tier", said.get("carry", {}).get("tier", "")),
        ("Speed", "" if said.get("speed") in ("1", None) else str(said["speed"])),
        ("Other than the defaults", _settings(changed)),
    ]
    return Told(
        kind="session_started",
        title=f"{session.instrument_id} session of {session.day} "
        f"{'goes on' if again else 'started'}{again}",
        level=WARNING if text else INFO,
        text="\n".join(text),
        facts=_said(facts),
    )


def _warmed_up(row: AuditEvent) -> Told:
    said = row.payload
    regime, missing = said.get("regime"), said.get("missing") or []
    reached = f"{words(regime).lower()}, confidence {said['confidence']:.2f}" if regime else ""
    facts = [
        ("Regime", words(regime) if regime else "none yet"),
        ("Why", sentence(said.get("reason"))),
        ("Heard", f"{said.get('ticks', 0):,} ticks, {said.get('bars', 0):,} bars"),
        ("Missing", "; ".join(missing)),
    ]
    return Told(
        kind="warmed_up",
        title=f"Warmed up: {reached or 'no regime yet'}",
        level=WARNING if missing else INFO,
        facts=_said(facts),
    )


def _restarted(row: AuditEvent) -> Told:
    said = row.payload
    differs = said.get("differs") or []
    text = "The run goes on from its journal."
    if differs:
        text += f" It keeps what it was begun with, though {', '.join(differs)}."
    missing = said.get("missing", 0)
    shown = _said(
        [
            ("Ticks again", f"{said.get('ticks', 0):,}"),
            ("Missing", f"{missing:,}, heard again from the feed" if missing else ""),
            ("Start", str(said.get("start", ""))),
        ]
    )
    return Told(
        kind="restarted", title="The trading process was restarted", level=WARNING, text=text,
        facts=shown,
    )  # fmt: skip


def over(row: AuditEvent) -> Told:
    """The session's end, with what it made by then: ask when its totals are summed."""
    session = _session(row)
    made = f"{signed_money(session.net)} in {session.trades_closed} trades"
    if session.trades_closed == 1:
        made = made.removesuffix("s")
    said, level = {"ended": "over", "stopped": "stopped"}.get(row.kind, "failed"), INFO
    if row.kind == "failed":
        level = CRITICAL if session.mode == "live" else ERROR
    return Told(
        kind="session_failed" if row.kind == "failed" else "session_over",
        title=f"{session.instrument_id} session {said}: {made}",
        level=level,
        text=str(row.payload.get("error", "")),
        facts=_day(session),
    )


def _closed(row: AuditEvent) -> Told:
    return Told(
        kind="session_over", title="A run that was not finished is closed",
        text=f"A new one begins: {row.payload.get('reason', '')}.",
    )  # fmt: skip


def _abandoned(row: AuditEvent) -> Told:
    return Told(
        kind="trade_abandoned", level=WARNING,
        title=f"Trade abandoned: {row.payload.get('trade', '')}",
        text=sentence(row.payload.get("reason")),
    )  # fmt: skip


def _adopted(row: AuditEvent) -> Told:
    facts = [(words(name), str(value)) for name, value in row.payload.items()]
    return Told(
        kind="balance_adopted", title="The account's balance is the broker's now", facts=facts
    )


# Halts, tiers, the day's end


HALTS: Final[Mapping[str, tuple[str, str, str]]] = {
    "profit_target": ("profit_target", "Profit target reached: no more entries today", GOOD),
    "loss_limit": ("loss_limit", "Loss limit reached: flat, no more entries today", ERROR),
    "max_drawdown": ("loss_limit", "Maximum drawdown reached: flat and halted", CRITICAL),
    "margin": ("margin_high", "Not trading today: the margin is too high", WARNING),
    "rejects": ("halted", "Halted: too many orders were rejected", ERROR),
    "operator": ("halted", "Halted: no entries until somebody resumes", WARNING),
    "kill": ("kill_switch", "Kill switch: everything is closed, trading is halted", CRITICAL),
    "difference": ("halted", "Halted: the broker has other than we believe", ERROR),
}
"""Kind, title and level by halt. A stale feed is a lost connection: `telling` says it."""


def _halted(row: AuditEvent) -> Told | None:
    found = HALTS.get(row.payload.get("halt", ""))
    if found is None:
        return None
    kind, title, level = found
    text = sentence(row.payload.get("reason"))
    return Told(kind=kind, title=title, level=level, text=text, facts=_day(row.session))


def _resumed(row: AuditEvent) -> Told | None:
    halt = row.payload.get("halt", "")
    if halt not in HALTS:
        return None
    return Told(
        kind="resumed", title=f"No longer halted: {halt.replace('_', ' ')}",
        text=sentence(row.payload.get("reason")),
    )  # fmt: skip


def _tier(row: AuditEvent) -> Told:
    said = row.payload
    return Told(
        kind="tier_changed",
        title=f"Tier {said.get('before')} → {said.get('after')}",
        facts=[("Balance", money(said.get("balance")))],
    )


def _phase(row: AuditEvent) -> Told | None:
    if row.payload.get("phase") != "flatten":
        return None
    return Told(
        kind="flatten", title="Auto-flatten: the day's end",
        text="Whatever is open is closed at market; nothing is entered any more today.",
        facts=_day(row.session),
    )  # fmt: skip


def _kill_switch(row: AuditEvent) -> Told | None:
    """Pulled while nothing traded; else the engine's halt says it."""
    if "command" in row.payload:
        return None
    return Told(
        kind="kill_switch", level=CRITICAL, title="Kill switch: the next session begins halted",
        text=sentence(row.payload.get("reason")), facts=[("By", row.actor)],
    )  # fmt: skip


ASKED: Final = {
    "halt": ("halted", WARNING),
    "resume": ("resumed", INFO),
    "flatten": ("flatten", WARNING),
    "kill": ("kill_switch", CRITICAL),
    "start": ("session_failed", ERROR),
}


def _command(row: AuditEvent) -> Told | None:
    """A command that no engine executed, or that went wrong: else its halt or trade says it."""
    said = row.payload
    found, ok = ASKED.get(said.get("kind", "")), said.get("ok", True)
    if found is None or (ok and row.actor == "engine" and said["kind"] != "flatten"):
        return None
    kind, level = found
    if (not ok and said["kind"] in ("halt", "resume")) or (ok and said["kind"] == "start"):
        return None  # whoever asked was answered, and the session says that it started
    return Told(
        kind=kind,
        title=f"{words(said['kind'])}: {'done' if ok else 'NOT done'}",
        level=level if ok else ERROR,
        text=sentence(said.get("result")),
        facts=_said([("By", "" if row.actor == "engine" else row.actor),
                     ("Reason", str(said.get("reason", "")))]),
    )  # fmt: skip


def _closed_directly(row: AuditEvent) -> Told:
    said = row.payload
    return Told(
        kind="kill_switch", level=CRITICAL, title="Closed at the broker, past the engine",
        text=sentence(said.get("result")),
        facts=_said([("By", row.actor), ("Reason", str(said.get("reason", "")))]),
    )  # fmt: skip


# Orders, the broker's books, parity


def _rejected(row: AuditEvent) -> Told:
    said = row.payload
    what = "A change of an order" if row.kind == "order_amend_rejected" else "An order"
    return Told(
        kind="order_rejected", level=ERROR,
        title=f"{what} was rejected: {said.get('order', '')}",
        text=sentence(said.get("reason")), facts=[("Trade", str(said.get("trade", "")))],
    )  # fmt: skip


def _protection(row: AuditEvent) -> Told:
    said = row.payload
    return Told(
        kind="protection_lost", level=CRITICAL if said.get("role") == "stop" else ERROR,
        title=f"The {said.get('role')} of {said.get('trade')} is gone",
        text=sentence(said.get("reason")), facts=[("Held", f"{said.get('held')} lots")],
    )  # fmt: skip


def _not_flat(row: AuditEvent) -> Told:
    said = row.payload
    return Told(
        kind="flatten", level=CRITICAL,
        title=f"NOT closed: {said.get('held')} lots of {said.get('trade')}",
        text=f"{sentence(said.get('reason'))}. Close it at the broker.",
    )  # fmt: skip


def _difference(row: AuditEvent) -> Told:
    said = row.payload
    return Told(
        kind="reconciliation",
        title=f"The broker has otherwise: {said.get('kind_of', '').replace('_', ' ')}",
        level=LEVELS.get(said.get("level", ""), WARNING),
        text=sentence(said.get("text")),
        facts=_said([
            ("Of", str(said.get("subject", ""))), ("Ours", str(said.get("ours", ""))),
            ("Theirs", str(said.get("theirs", ""))), ("Done", str(said.get("remedy", ""))),
        ]),
    )  # fmt: skip


def _resolved(row: AuditEvent) -> Told:
    return Told(
        kind="reconciliation", level=GOOD, title="A difference from the broker is gone",
        text=sentence(row.payload.get("difference")),
    )  # fmt: skip


def _parity(row: AuditEvent) -> Told:
    said = row.payload
    found = [*said.get("rows", []), *(each.get("what", "") for each in said.get("defects", []))]
    more = len(found) - DIFFERENCES_SHOWN
    lines = [plain_names(str(each)) for each in found[:DIFFERENCES_SHOWN]]
    lines += [f"and {more} more"] if more > 0 else []
    what = "could not be compared" if said.get("error") else f"{len(found)} differences"
    return Told(
        kind="parity_failed", level=ERROR, title=f"Parity of {said.get('day')}: {what}",
        text="\n".join([said["error"]] if said.get("error") else lines),
        facts=_said([("Traded", str(said.get("net", ""))),
                     ("Backtest", str(said.get("backtest_net", "")))]),
    )  # fmt: skip


def alert(kind: str, title: str, level: str | None = None) -> Rule:
    """A rule for events that bring their own text, and as a rule their level."""

    def rule(row: AuditEvent) -> Told:
        said = row.payload
        given = level or LEVELS.get(said.get("level", ""), ERROR)
        return Told(kind=kind, title=title, level=given, text=sentence(said.get("text")))

    return rule


RULES: Final[Mapping[str, Rule]] = {
    "started": _started,
    "warmed_up": _warmed_up,
    "restarted": _restarted,
    "ended": over,
    "stopped": over,
    "failed": over,
    "closed": _closed,
    "trade_abandoned": _abandoned,
    "balance_adopted": _adopted,
    "halted": _halted,
    "resumed": _resumed,
    "tier_changed": _tier,
    "session_changed": _phase,
    "kill_switch": _kill_switch,
    "command_done": _command,
    "closed_directly": _closed_directly,
    "order_rejected": _rejected,
    "order_amend_rejected": _rejected,
    "protection_lost": _protection,
    "flatten_failed": _not_flat,
    "reconciliation_difference": _difference,
    "reconciliation_resolved": _resolved,
    "reconciliation_stuck": alert("reconciliation", "A difference from the broker stays"),
    "reconciliation_blind": alert("reconciliation", "The broker cannot be asked"),
    "parity_failed": _parity,
    "order_unknown": alert("order_trouble", "Not known whether an order reached the broker"),
    "order_lost": alert("order_trouble", "An order was not sent"),
    "order_left": alert("order_trouble", "An order was left behind"),
    "order_stuck": alert("order_trouble", "An order does not get to the broker"),
    "journal_behind": alert("order_trouble", "The journal is behind: orders wait"),
    "contract_unknown": alert("order_trouble", "The contract is not known at the broker"),
    "session_ends_unsettled": alert("order_trouble", "The session ends unsettled"),
    "flatten_time": alert("flatten", "Flattened by the clock, without the market", ERROR),
    "flatten_again": alert("flatten", "Not flat yet: asking again"),
    "flatten_all": alert("flatten", "Not flat: the broker is told to close everything"),
    "flatten_all_failed": alert("flatten", "NOT closed: the broker refuses", CRITICAL),
    "flatten_escalated": alert("flatten", "Flattening is escalated"),
    "flatten_not_verified": alert("flatten", "Not verified that everything is closed", CRITICAL),
    "flatten_watch_failed": alert("flatten", "Watching a flattening failed"),
    "market_lost": alert("connection_lost", "Nothing is heard of the market", ERROR),
    "market_back": alert("connection_restored", "The market is heard again", GOOD),
    "database_lost": alert("connection_lost", "The database takes nothing", ERROR),
    "feed_error": alert("feed", "The feed reports an error", ERROR),
    "feed_gap": alert("feed", "The feed's gap stays", ERROR),
    "feed_slow_reader": alert("feed", "Ticks are read slowly", INFO),
    "feed_slow": alert("feed", "Ticks in time, or late", INFO),
    "feed_clock": alert("feed", "The clock", INFO),
    "feed_market": alert("feed", "The exchange", INFO),
    "feed_roll": lambda row: Told(
        kind="feed", title=f"Rolled from {row.payload['before']} to {row.payload['contract']}",
        text=sentence(row.payload.get("reason")),
    ),
}  # fmt: skip


# Words


def _session(row: AuditEvent) -> Session:
    if row.session is None:
        raise ValueError(f"{row.kind} is of no session")
    return row.session


def _day(session: Session | None) -> list[Fact]:
    """What the day made until these rows were written."""
    if session is None:
        return []
    return [
        ("Net today", signed_money(session.net)),
        ("Trades", f"{session.trades_closed} ({session.wins} won, {session.losses} lost)"),
        ("Balance", money(session.balance)),
    ]


def _said(facts: list[Fact]) -> list[Fact]:
    """Those that say something."""
    return [(name, value) for name, value in facts if value]


def _list(names: list[str]) -> str:
    return ", ".join(name.replace("_", " ") for name in names)


def _units(value: int | None) -> str:
    return "" if value is None else money(to_decimal(value))


def _market(session: Session) -> str:
    contract = f" {session.contract}" if session.contract else ""
    kind = " (simulated market)" if session.synthetic else ""
    return f"{session.instrument_id}{contract}, {session.source}{kind}"


def _settings(changed: Mapping[str, str]) -> str:
    shown = [f"{name}={value}" for name, value in list(changed.items())[:SETTINGS_SHOWN]]
    more = len(changed) - len(shown)
    return "\n".join(shown + ([f"and {more} more"] if more > 0 else []))


def _flat(tree: Mapping[str, Any], before: str = "") -> Iterator[tuple[str, str]]:
    for name, value in tree.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{before}{name}.")
        elif isinstance(value, list):
            yield f"{before}{name}", f"{len(value)} entries"
        else:
            yield f"{before}{name}", str(value)
