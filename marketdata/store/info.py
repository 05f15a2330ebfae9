"""What is known of a stored day. It travels in the file itself, as JSON."""

import json
from dataclasses import asdict, dataclass, field
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from marketdata.feeds import SideSource

FORMAT: Final = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class DayInfo:
    """`day` is the trading day, `contract` "" where there are none. Prices count `tick`s, sizes
    `lot`s; `source` is for people: "databento live", "import es.dbn.zst". `digest` tells two
    imports of the same file in the same way apart from others; "" for what was not imported."""

    symbol: str
    day: date
    contract: str
    tick: Decimal
    lot: Decimal
    source: str
    side: SideSource
    synthetic: bool
    warnings: tuple[str, ...] = ()
    digest: str = ""


@dataclass(frozen=True, slots=True)
class FileFacts:
    """A day's info with what only its file needs. `journals` names the journals whose ticks the
    file already holds, with how many of each: so that none is read twice."""

    info: DayInfo
    journals: dict[str, int] = field(default_factory=dict)


def to_json(facts: FileFacts) -> bytes:
    """As it stands in a file."""
    info = asdict(facts.info)
    info |= {"day": facts.info.day.isoformat(), "tick": str(facts.info.tick)}
    info |= {"lot": str(facts.info.lot)}
    content = {"format": FORMAT, **info, "journals": facts.journals}
    return json.dumps(content, separators=(",", ":")).encode()


def from_json(content: bytes) -> FileFacts:
    """ValueError, with what is wrong, when it is none of ours."""
    try:
        found = json.loads(content)
        if found["format"] != FORMAT:
            raise ValueError(f"is of format {found['format']!r}, which this version does not know")
        side = found["side"]
        if side not in ("aggressor", "inferred"):
            raise ValueError(f"its side is {side!r}")
        info = DayInfo(
            symbol=_text(found["symbol"]),
            day=date.fromisoformat(found["day"]),
            contract=_text(found["contract"]),
            tick=Decimal(found["tick"]),
            lot=Decimal(found["lot"]),
            source=_text(found["source"]),
            side=side,
            synthetic=bool(found["synthetic"]),
            warnings=tuple(_text(each) for each in found["warnings"]),
            digest=_text(found.get("digest", "")),
        )
        journals = {str(name): int(count) for name, count in found["journals"].items()}
    except (KeyError, TypeError, AttributeError, InvalidOperation) as error:
        raise ValueError(f"its metadata is not ours ({error!r})") from None
    return FileFacts(info, journals)


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{value!r} is no text")
    return value
