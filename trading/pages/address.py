"""What an address asks of a list: read from its query, and written back into one.

    /trades/?account=paper-MES&from=2024-06-03&result=won&sort=-net&page=2

A value that cannot be understood is a problem in words. It is never dropped in silence: an export
of more than was asked for looks just like the right one.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final, TypeVar
from urllib.parse import urlencode

from django.db.models import F
from django.db.models.expressions import OrderBy

DAYS: Final = ("from", "to")


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """`values` are the narrowing ones as they were given, without empty ones; `usual` is the order
    that an address need not say."""

    usual: str
    values: Mapping[str, str] = field(default_factory=dict)
    first: date | None = None
    last: date | None = None
    sort: str = ""
    page: int = 1
    problems: tuple[str, ...] = ()

    def query(self, **changed: str | int) -> str:
        """The part of an address behind the question mark. A change begins at page 1."""
        said: dict[str, str | int] = dict(self.values)
        if self.sort != self.usual:
            said["sort"] = self.sort
        said |= changed
        if said.get("sort") == self.usual:
            del said["sort"]
        if said.get("page") == 1:
            del said["page"]
        return urlencode(said)

    def sorted_by(self, name: str) -> str:
        """The address's query that sorts by a column; by the present one, the other way round."""
        if self.sort.lstrip("-") == name:
            return self.query(sort=name if self.sort.startswith("-") else f"-{name}")
        return self.query(sort=f"-{name}")

    def order(self, sorts: Mapping[str, F | Any], *last: str) -> tuple[OrderBy | str, ...]:
        """What a query is ordered by. `last` ends with the id: pages must neither repeat nor skip
        a row."""
        by = sorts[self.sort.lstrip("-")]
        if self.sort.startswith("-"):
            return by.desc(nulls_last=True), *last
        return by.asc(nulls_last=True), *last


W = TypeVar("W", bound=Wanted)


def read(
    kind: type[W],
    asked: Mapping[str, str],
    *,
    names: Sequence[str],
    choices: Mapping[str, Collection[str]],
    sorts: Collection[str],
    usual: str,
) -> W:
    """What an address asks for: `names` narrow, those of `choices` to one of a few values."""
    values = {name: asked[name].strip() for name in names if asked.get(name, "").strip()}
    problems: list[str] = []
    for name, allowed in choices.items():
        if name in values and values[name] not in allowed:
            problems.append(f"{name}: “{values[name]}” is none of {', '.join(allowed)}.")
    days: dict[str, date | None] = {}
    for name in DAYS:
        days[name], problem = read_day(name, values.get(name, ""))
        problems += [problem] if problem else []
    first, last = days["from"], days["to"]
    if first and last and first > last:
        problems.append(f"from {first} is after to {last}; exchange them.")
    sort = asked.get("sort") or usual
    if sort.removeprefix("-") not in sorts:
        problems.append(f"sort: “{sort}” is none of {', '.join(sorts)} (with - for descending).")
        sort = usual
    page = asked.get("page") or "1"
    if not page.isdecimal() or len(page) > 9 or int(page) < 1:
        problems.append(f"page: “{page}” is no page number; they begin with 1.")
        page = "1"
    return kind(
        usual=usual, values=values, first=first, last=last, sort=sort, page=int(page),
        problems=tuple(problems),
    )  # fmt: skip


def read_day(name: str, text: str) -> tuple[date | None, str]:
    """A day as YYYY-MM-DD, and what is wrong with it."""
    if not text:
        return None, ""
    try:
        return date.fromisoformat(text), ""
    except ValueError:
        return None, f"{name}: “{text}” is no day; write it like 2024-06-12."


def columns(
    wanted: Wanted, heads: Sequence[tuple[str, str, str]], numbers: Collection[str]
) -> list[dict[str, Any]]:
    """A list's heads, of (name, label, title): how each sorts, and whether it does."""
    present = wanted.sort.lstrip("-")
    way = "descending" if wanted.sort.startswith("-") else "ascending"
    return [
        {
            "name": name, "label": label, "title": title, "number": name in numbers,
            "query": wanted.sorted_by(name) if name else "",
            "sorted": way if name and name == present else "",
        }
        for name, label, title in heads
    ]  # fmt: skip
