"""Our ids, which travel to Rithmic as user tags: `<account>-<yyyymmdd>-<nnn>-E|X[n]`.

Only entries and exits carry a tag of ours. The bracket's stop and target are made by Rithmic; they
get the ids that the engine knows them by, `...-S` and `...-T`.
"""

import re
from typing import Final, Literal, NamedTuple

from engine.brackets import SUFFIX

Role = Literal["entry", "stop", "target", "exit"]
Part = Literal["stop", "target"]

_TAG: Final = re.compile(r"(.+-\d{8}-\d{3,})-([ESTX]\d*)")
_ROLES: Final[dict[str, Role]] = {suffix: role for role, suffix in SUFFIX.items()}


class Ours(NamedTuple):
    """An id taken apart."""

    trade: str
    role: Role


def parse(order_id: str) -> Ours | None:
    """The trade and role of an id; None for a tag that is none of ours.

    >>> parse("live-20251121-003-X2")
    Ours(trade='live-20251121-003', role='exit')
    """
    found = _TAG.fullmatch(order_id)
    if found is None:
        return None
    suffix = found[2]
    role = _ROLES[suffix[0]]
    return None if suffix[1:] and role != "exit" else Ours(found[1], role)


def child(trade: str, part: Part) -> str:
    """The id of a bracket's stop or target."""
    return f"{trade}-{SUFFIX[part]}"
