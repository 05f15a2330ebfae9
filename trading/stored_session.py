"""What the engine of a stored session was given: its configuration, carry and commands.

Knows the rows and not the engine: pages that only ask whether a session can be replayed do not wait
for compiled code to load.
"""

from collections.abc import Mapping
from typing import Any, Final, cast

from engine import commands
from engine.config import EngineConfig, config_from
from engine.errors import EngineError
from engine.events import Carry
from engine.names import Halt
from engine.settings import Node
from engine.times import time_text
from trading.errors import ExplainError
from trading.models import AuditEvent, Command, Session
from trading.pipeline.rows import carried_levels

COMMANDS: Final = {
    "HaltTrading": commands.HaltTrading,
    "ResumeTrading": commands.ResumeTrading,
    "Flatten": commands.Flatten,
    "Kill": commands.Kill,
}


def config_of(symbol: str, stored: Mapping[str, Any]) -> EngineConfig:
    """The configuration of `Session.config`; ExplainError when it cannot be read any more."""
    tree = {name: _text(node) for name, node in stored.items() if name != "instrument"}
    regime = cast(dict[str, Node], tree.get("regime", {}))
    windows = stored.get("regime", {}).get("news", ())
    regime["news"] = [{"from": time_text(start), "to": time_text(end)} for start, end in windows]
    try:
        return config_from(symbol, tree)
    except EngineError as error:
        raise ExplainError(
            f"its configuration cannot be read: {' '.join(str(error).split())}"
        ) from error


def _text(node: Any) -> Node:
    """JSON as the tree of text that settings are read from."""
    if isinstance(node, Mapping):
        return {key: _text(item) for key, item in node.items()}
    if isinstance(node, list):
        return [_text(item) for item in node]
    if node is None:
        return "none"
    return str(node).lower() if isinstance(node, bool) else str(node)


def settings_of(symbol: str, settings: dict[str, Any]) -> EngineConfig:
    """The configuration that a `started` event tells; ExplainError when it cannot be read."""
    try:
        return config_from(symbol, settings)
    except EngineError as error:
        said = " ".join(str(error).split())
        raise ExplainError(f"its configuration cannot be read: {said}") from error


def config_at(session: Session, started: AuditEvent | None) -> EngineConfig:
    """The configuration of a start: the row keeps that of the last one, the events those before."""
    told = started.payload if started is not None else {}
    if told.get("start") != session.starts and "settings" in told:
        return settings_of(session.instrument_id, told["settings"])
    return config_of(session.instrument_id, session.config)


def carry_of(stored: dict[str, Any]) -> Carry:
    """A carry as `carry_json` wrote it."""
    return Carry(
        **stored
        | {
            "halts": tuple(map(Halt, stored["halts"])),
            "unfinished": tuple((price, side) for price, side in stored["unfinished"]),
            "levels": carried_levels(stored),
        }
    )


def feed_of(
    session: Session, first: AuditEvent | None, following: AuditEvent | None
) -> dict[str, Any]:
    """Where a run's ticks come from. How long a live feed warmed up was not known when it started;
    the event that ended its warm-up tells."""
    told = first.payload if first is not None else {}
    feed = dict(told.get("feed") or session.feed)
    over = session.audit.filter(kind="warmed_up").order_by("recorded_at")
    if first is not None:
        over = over.filter(recorded_at__gte=first.recorded_at)
    if following is not None:
        over = over.filter(recorded_at__lt=following.recorded_at)
    warmed = over.first()
    until = warmed.payload.get("until") if warmed is not None else None
    if feed and until is not None:
        feed["warm_until"] = max(int(feed.get("warm_until", 0)), int(until) + 1)
    return feed


def commands_of(
    session: Session, first: AuditEvent | None, following: AuditEvent | None
) -> list[commands.Command]:
    """What people told the engine of a run, when it was told: from the event that started it until
    the one that started the next."""
    done = session.audit.filter(kind="command_done").order_by("ts_ns", "recorded_at")
    if first is not None:
        done = done.filter(recorded_at__gte=first.recorded_at)
    if following is not None:
        done = done.filter(recorded_at__lt=following.recorded_at)
    found: list[commands.Command] = []
    for event in done:
        kind, key = COMMANDS.get(event.payload["kind"]), event.payload["id"]
        if kind is None:
            continue
        asked = Command.objects.filter(pk=int(key)).first() if key.isdecimal() else None
        more = {} if kind is commands.ResumeTrading or asked is None else {"reason": asked.reason}
        reason = {name: text for name, text in more.items() if text}
        found.append(kind(id=key, ts=event.ts_ns, **reason))
    return found
