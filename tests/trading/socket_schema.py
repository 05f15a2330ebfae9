"""The schema of the sockets' messages, for tests of whatever speaks over them.

Stricter than JSON Schema itself in one point: 1.0 is no integer, because a price or size that is
written so has been a float.
"""

import json
from functools import cache
from pathlib import Path
from typing import Any, Final

from django.conf import settings
from jsonschema import Draft202012Validator
from jsonschema.exceptions import best_match
from jsonschema.validators import extend

PATH: Final = Path(settings.BASE_DIR) / "docs" / "live-socket.schema.json"
SCHEMA: Final[dict[str, Any]] = json.loads(PATH.read_text(encoding="utf-8"))
DEFS: Final[dict[str, Any]] = SCHEMA["$defs"]

Strict: Final = extend(
    Draft202012Validator,
    type_checker=Draft202012Validator.TYPE_CHECKER.redefine(
        "integer", lambda _, value: type(value) is int
    ),
)


def named(reference: dict[str, str]) -> str:
    return reference["$ref"].removeprefix("#/$defs/")


DIRECTIONS: Final = {
    direction: [named(message) for message in DEFS[direction]["oneOf"]]
    for direction in map(named, SCHEMA["anyOf"])
}
"""The definitions of what is said, by who says it to whom."""
TYPES: Final = {
    direction: {DEFS[name]["properties"]["type"]["const"]: name for name in names}
    for direction, names in DIRECTIONS.items()
}
"""The same by message type: `TYPES["page_to_live"]["sync"]`."""


@cache
def validator(name: str) -> Any:
    """Of a definition. It names no dialect: that would bring the dialect's idea of an integer."""
    return Strict({"$ref": f"#/$defs/{name}", "$defs": DEFS})


def wrong(name: str, thing: Any) -> str:
    """What a definition says against a thing; "" if nothing."""
    worst = best_match(validator(name).iter_errors(thing))
    return "" if worst is None else f"{name}: {worst.json_path}: {worst.message}"[:500]


def refused(direction: str, message: Any) -> str:
    """What the schema says against a message in this direction; "" if nothing."""
    if not isinstance(message, dict) or message.get("type") not in TYPES[direction]:
        return f"{direction}: no such message: {message}"[:500]
    return wrong(TYPES[direction][message["type"]], message)


def checked(direction: str, message: Any) -> Any:
    """The message, which is one of the direction's."""
    assert refused(direction, message) == ""
    return message


def told_at(path: str) -> str:
    """The direction in which the socket of an address speaks: `/ws/live/` is live_to_page."""
    return f"{path.split('/')[2]}_to_page"
