"""docs/live-socket.schema.json says what the sockets say, and what their page says of them."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from backtests.models import Backtest
from engine import names
from engine.config import engine_config
from engine.engine import Engine
from engine.ticks import part
from tests.trading.days import DAY, NEXT_DAY, run_day, session_row, ticks
from tests.trading.said_frames import NOW_MS, RTH, frame, frames, other_bars
from tests.trading.socket_schema import (
    DEFS,
    DIRECTIONS,
    PATH,
    SCHEMA,
    TYPES,
    checked,
    named,
    refused,
)
from trading import page_messages
from trading.bar_views import LENGTHS, BarView
from trading.commands import command_to_wire
from trading.models import Command, Mode, Session
from trading.page_messages import LATEST_MS, BadMessage
from trading.pipeline.core import Core
from trading.player import messages
from trading.player.messages import SPEEDS, UNITS
from trading.selectors import live_snapshot, session_list

PAGE = PATH.with_name("live-socket.md").read_text(encoding="utf-8")
OPEN = {"details", "inputs", "fills", "dropped"}
"""Objects whose names the market, the configuration or the feed brings."""


def objects(schema: Any, at: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Every schema of an object, with where it is."""
    if isinstance(schema, dict):
        if schema.get("type") == "object":
            yield at, schema
        for name, part in schema.items():
            yield from objects(part, (*at, name))
    elif isinstance(schema, list):
        for part in schema:
            yield from objects(part, at)


# The schema


def test_it_is_a_schema() -> None:
    Draft202012Validator.check_schema(SCHEMA)


def test_every_object_is_closed_but_those_that_others_fill() -> None:
    left = {at[-1] for at, one in objects(SCHEMA) if one.get("additionalProperties") is not False}
    assert left == OPEN


def test_a_type_is_one_message_in_each_direction() -> None:
    for direction, names_ in DIRECTIONS.items():
        assert len(TYPES[direction]) == len(names_)


def test_every_definition_is_used() -> None:
    text = json.dumps(SCHEMA)
    assert [name for name in DEFS if f'"#/$defs/{name}"' not in text] == []


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("pattern", [each.name for each in names.Pattern]),
        ("regime", [each.name for each in names.Regime]),
        ("halt", [*names.Halt]),
        ("exit_reason", [*names.ExitReason]),
        ("level_kind", [*names.LevelKind]),
        ("level_end", [*names.LevelEnd]),
        ("mode", Mode.values),
        ("session_status", Session.Status.values),
        ("command_kind", Command.Kind.values),
        ("command_status", Command.Status.values),
        ("run_status", Backtest.Status.values),
        ("replay_speed", [*SPEEDS, messages.MAX]),
        ("unit", [*UNITS]),
    ],
)
def test_its_words_are_the_products(name: str, words: list[Any]) -> None:
    assert sorted(map(str, DEFS[name]["enum"])) == sorted(map(str, words))


def test_the_lengths_of_bars_are_the_products() -> None:
    said = {}
    for bars in DEFS["view_bars"]["oneOf"]:
        kind, length = bars["properties"]["kind"]["const"], bars["properties"]["length"]
        said[kind] = (length["minimum"], length["maximum"])
    assert said == {kind: (least, most) for kind, (least, most, _) in LENGTHS.items()}


# The page that explains it

WORD = re.compile(r"`(\w+)`")
TYPE = re.compile(r'"type": "(\w+)"')
NAME = re.compile(r'(?:[{,]|^)\s*"(\w+)"', re.MULTILINE)
ADDRESSES = {
    "live": "`/ws/live/`",
    "replay": "`/ws/replay/SESSION/`",
    "backtests": "`/ws/backtests/`",
}
THINGS = ("bar", "signal", "trade", "order", "level", "gone", "large", "sweep", "notice", "config")


def test_the_page_links_to_it() -> None:
    assert f"]({PATH.name})" in PAGE


@pytest.mark.parametrize("socket", ADDRESSES)
def test_the_page_lists_the_types_of_each_direction(socket: str) -> None:
    [line] = [line for line in PAGE.splitlines() if line.startswith(f"| {ADDRESSES[socket]} |")]
    said, told = line.split("|")[2:4]
    assert sorted(WORD.findall(said)) == sorted(TYPES[f"page_to_{socket}"])
    assert sorted(WORD.findall(told)) == sorted(TYPES[f"{socket}_to_page"])


def test_every_type_that_is_listed_is_explained_and_every_explained_one_is_listed() -> None:
    listed = {name for types in TYPES.values() for name in types}
    assert set(TYPE.findall(PAGE)) == listed


def block(start: int) -> str:
    """The object that begins there."""
    depth = 0
    for at in range(start, len(PAGE)):
        depth += {"{": 1, "}": -1}.get(PAGE[at], 0)
        if depth == 0:
            return PAGE[start : at + 1]
    raise AssertionError(f"an object is not closed: {PAGE[start : start + 60]}")


def shapes() -> dict[str, set[str]]:
    """The names in each shape that the page draws: of messages by their type, of things."""
    found: dict[str, set[str]] = {}
    for match in re.finditer(r'^ *(?=(\{"type": "(\w+)"))', PAGE, re.MULTILINE):
        told = NAME.findall(block(match.end()))
        found.setdefault(match[2], set()).update(told)
    for thing in THINGS:
        match = re.search(rf"^{thing}\b(?:[^\n{{]*\n+(?:```\n)?)+?(?=\{{)", PAGE, re.MULTILINE)
        assert match, f"{thing} is not drawn"
        found[thing] = set(NAME.findall(block(match.end())))
    found["gone"] |= found["level"]
    found["config"] -= {"profile"}  # one of `fills`
    return found


def properties(schema: Any) -> set[str]:
    """The names in a definition, but not in the things that it is made of."""
    found: set[str] = set()
    if isinstance(schema, list):
        return found.union(*map(properties, schema))
    if isinstance(schema, dict):
        if "$ref" in schema and named(schema) not in THINGS:
            found |= properties(DEFS[named(schema)])
        found |= schema.get("properties", {}).keys()
        for name, part in schema.items():
            inner = part.values() if name == "properties" else [part]
            found = found.union(*map(properties, inner))
    return found


def test_every_shape_on_the_page_has_the_names_of_its_definition() -> None:
    drawn = shapes()
    mine = {name: definition for name in drawn if (definition := DEFS.get(name))}
    assert drawn.keys() == mine.keys()
    for name, definition in mine.items():
        expected = properties(definition)
        if name == "config":
            expected -= {"replay"}  # said of replays
        assert drawn[name] == expected, name


# What is sent


def as_sent(message: Any) -> Any:
    return json.loads(json.dumps(message))


@pytest.fixture
def told(transactional_db: None) -> dict[str, list[Any]]:
    """All that a pipeline tells of two days, by type."""
    run = run_day(DAY, NEXT_DAY)
    found: dict[str, list[Any]] = {}
    for message in [*run.frames, *run.beside, run.pipeline.publisher.recent.message()]:
        found.setdefault(message["type"], []).append(as_sent(message))
    return found


def test_what_a_pipeline_and_its_database_tell_is_valid(told: dict[str, list[Any]]) -> None:
    assert told.keys() == {"frame", "levels", "tape", "prints", "recent"}
    for message in [one for kind in told.values() for one in kind]:
        checked("live_to_page", message)
    snapshot = live_snapshot(None)
    assert all(len(snapshot[kind]) > 1 for kind in ("bars", "trades", "signals", "notices"))
    assert snapshot["config"]["max_drawdown"] == "1000.00"
    checked("live_to_page", as_sent(snapshot))
    sessions = {"type": "sessions", "shared": False, "sessions": session_list()}
    assert sessions["sessions"]
    checked("live_to_page", as_sent(sessions))


@pytest.mark.django_db
@pytest.mark.parametrize("status", Command.Status)
def test_a_command_is_valid_however_it_stands(status: Command.Status) -> None:
    account = session_row().account
    for kind in Command.Kind:
        row = Command.objects.create(account=account, kind=kind, status=status, result="done")
        checked("live_to_page", as_sent(command_to_wire(row)))


def test_every_frame_of_a_day_is_valid_with_positions_and_orders() -> None:
    shown = frames("paper-MES")
    core = Core(Engine(engine_config("MES"), RTH))
    core.saw = shown.saw
    held = []
    for start in range(0, len(ticks().ts), 100):
        shown.take(core.act(part(ticks(), slice(start, start + 100))))
        status = core.engine.status()
        said = as_sent(shown.frame(core.engine, status, shown.feed(status, "live"), NOW_MS))
        checked("live_to_page", said)
        held += [said] if said["position"] else []
    assert any(one["position"]["mfe"] for one in held)
    assert any(len(one["orders"]) > 1 for one in held)


@pytest.mark.parametrize(
    "bars",
    [BarView("tick", 200), BarView("volume", 900), BarView("range", 12), BarView("delta", 90)],
)
def test_bars_of_other_kinds_are_valid(bars: BarView) -> None:
    view = other_bars(bars, "paper-ES")
    for start in range(0, len(ticks().ts), 5_000):
        view.push(part(ticks(), slice(start, start + 5_000)))
        checked("live_to_page", json.loads(view.frame()))
    texts = [view.bar_text(bar) for bar in list(view.history())[-50:]]
    snapshot = checked("live_to_page", json.loads(view.snapshot(texts)))
    assert all(snapshot[name] for name in ("signals", "levels", "forming"))


@pytest.mark.parametrize(
    ("where", "value"),
    [
        ("seq", 1.0),
        ("seq", True),
        ("now", "soon"),
        ("now", 1_795_098_600_000_000_000),
        ("last_bar", 1_795_098_600_000.0),
        ("account.balance", 2500),
        ("account.balance", 2500.5),
        ("account.balance", "2500"),
        ("account.balance", "2,500.00"),
        ("account.balance", "1E+4"),
        ("account.limit", "-300.00"),
        ("account.halts", ["tired"]),
        ("account.cash", "1.00"),
        ("feed.state", "well"),
        ("feed.ticks", 7.0),
        ("session.day", "19.11.2026"),
        ("session.mode", "demo"),
        ("weather", "fine"),
        ("waiting", {"dir": 0, "size": 1}),
        ("waiting", {"dir": 1, "size": 0}),
    ],
)
def test_what_a_frame_must_not_say_is_refused(where: str, value: Any) -> None:
    good = as_sent(frame(1))
    checked("live_to_page", good)
    *above, name = where.split(".")
    part = good
    for step in above:
        part = part[step]
    part[name] = value
    assert refused("live_to_page", good)


@pytest.mark.parametrize("name", DEFS["frame"]["required"])
def test_a_frame_without_any_of_its_names_is_refused(name: str) -> None:
    whole = as_sent(frame(1))
    del whole[name]
    assert refused("live_to_page", whole)


def test_a_live_snapshot_is_none_of_a_replay() -> None:
    snapshot = {"type": "snapshot", "have": None, "config": None, "frame": None}
    snapshot |= {name: [] for name in ("bars", "signals", "trades", "notices")}
    checked("live_to_page", snapshot)
    assert refused("replay_to_page", snapshot)
    assert refused("live_to_page", snapshot | {"anew": True})


# What the page may send

ODD = (
    "x",
    "",
    "x" * 100,
    "x" * 101,
    True,
    1.5,
    -1,
    0,
    2**70,
    [],
    {},
    None,
    LATEST_MS - 1,
    LATEST_MS,
)
THING = st.sampled_from(ODD) | st.sampled_from([*SPEEDS, "max", *UNITS])
BARS = st.fixed_dictionaries(
    {},
    optional={
        "kind": st.sampled_from([*LENGTHS, "renko", "", 1]),
        "length": st.sampled_from([0, 2, 5, 10, 86_400, 86_401, 10**6, 10**9, 10**10, True, "5"]),
    },
)


def accepts(parse: Any, message: Any) -> bool:
    try:
        parse(message)
    except BadMessage:
        return False
    return True


@st.composite
def asked(draw: st.DrawFn, direction: str, values: dict[str, Any]) -> dict[str, Any]:
    """A message of a type or of none, with some of the names of its type: a socket does not look
    at others."""
    kind = draw(st.sampled_from([*TYPES[direction], "jump"]))
    mine = DEFS[TYPES[direction][kind]]["properties"] if kind in TYPES[direction] else {}
    optional = {name: values[name] for name in mine if name in values}
    return draw(st.fixed_dictionaries({"type": st.just(kind)}, optional=optional))


@given(asked("page_to_live", {"have": THING, "bars": BARS | THING}))
def test_the_live_socket_takes_what_the_schema_allows_and_nothing_else(
    message: dict[str, Any],
) -> None:
    taken = accepts(page_messages.parse, json.dumps(message))
    assert taken is (refused("page_to_live", message) == "")


REPLAY = {"unit": THING, "back": THING, "value": THING, "t": THING, "bars": BARS | THING}


@given(asked("page_to_replay", REPLAY))
def test_so_does_a_replays(message: dict[str, Any]) -> None:
    taken = accepts(messages.request_of, message)
    assert taken is (refused("page_to_replay", message) == "")


@given(THING)
def test_a_replay_is_sought_by_time_or_by_trade(where: Any) -> None:
    seek = {"type": "seek", "trade": where}
    assert accepts(messages.request_of, seek) is (refused("page_to_replay", seek) == "")
    assert refused("page_to_replay", {"type": "seek"})
    assert refused("page_to_replay", {"type": "seek", "t": 1, "trade": "a"})


SENT = re.compile(r'send\(\{ type: "(\w+)"')


def test_the_pages_scripts_send_what_is_listed() -> None:
    scripts = (Path(settings.BASE_DIR) / "static" / "js").rglob("*.js")
    sent = {kind for script in scripts for kind in SENT.findall(script.read_text())}
    allowed = {kind for name in TYPES if name.startswith("page_to_") for kind in TYPES[name]}
    assert {"sync", "ping", "view"} <= sent <= allowed
