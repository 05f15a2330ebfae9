"""YAML as a tree of text, with the line of every entry.

Only what a configuration needs: mappings, lists and scalars, and these stay text. Anchors, aliases,
tags, duplicate keys and several documents are refused, as is what is too long or too deep: a file
from anywhere costs no more than its own size.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

import yaml

from engine.settings import Node, Tree

MOST_BYTES: Final = 64 * 1024
DEEPEST: Final = 8


class YamlError(ValueError):
    """What is wrong, and on which line (0: none in particular)."""

    def __init__(self, says: str, line: int = 0) -> None:
        self.line = line
        super().__init__(f"line {line}: {says}" if line else says)


def read_text(path: Path) -> str:
    """A file's text; YamlError when it is no text of a configuration's size."""
    try:
        if not path.is_file():
            raise YamlError("is no file")
        with path.open("rb") as file:
            content = file.read(MOST_BYTES + 1)
    except OSError as error:
        raise YamlError(f"cannot be read: {error.strerror or error}") from error
    if len(content) > MOST_BYTES:
        raise YamlError(_too_long())
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise YamlError("is not UTF-8; save it as UTF-8 text", line) from None


def read_yaml(text: str) -> tuple[Tree, dict[str, int]]:
    """The tree, and the line of every path in it ("symbols.ES.risk.tiers[0]")."""
    if len(text.encode()) > MOST_BYTES:
        raise YamlError(_too_long())
    try:
        return _Reader(text).document()
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 0
        raise YamlError(f"is no YAML: {error.problem or error.context}", line) from None
    except yaml.YAMLError as error:
        raise YamlError(f"is no YAML: {' '.join(str(error).split())}") from None


def _too_long() -> str:
    return f"is longer than {MOST_BYTES // 1024} KiB; a configuration is a page or two"


class _Reader:
    """Builds the tree from the parser's events, so that nothing is expanded or resolved."""

    def __init__(self, text: str) -> None:
        self.events: Iterator[yaml.Event] = iter(yaml.parse(text, Loader=yaml.BaseLoader))
        self.lines: dict[str, int] = {}

    def document(self) -> tuple[Tree, dict[str, int]]:
        next(self.events)
        if isinstance(next(self.events), yaml.StreamEndEvent):
            raise YamlError("is empty; begin it with `version: 1`")
        first = next(self.events)
        tree = self._node(first, "", 0)
        if isinstance(tree, str) and not tree:
            raise YamlError("is empty; begin it with `version: 1`")
        if not isinstance(tree, dict):
            raise YamlError("must be a mapping; begin it with `version: 1`", _line(first))
        next(self.events)
        more = next(self.events)
        if not isinstance(more, yaml.StreamEndEvent):
            raise YamlError("a second document begins here; keep one to a file", _line(more))
        return tree, self.lines

    def _node(self, event: yaml.Event, path: str, depth: int) -> Node:
        self.lines[path] = _line(event)
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
            raise YamlError("anchors (&) and aliases (*) are not taken; write it out", _line(event))
        if tag := getattr(event, "tag", None):
            raise YamlError(f"tags like {tag} are not taken; leave it out", _line(event))
        if depth > DEEPEST:
            raise YamlError(f"is nested deeper than {DEEPEST} levels", _line(event))
        if isinstance(event, yaml.ScalarEvent):
            return str(event.value)
        if isinstance(event, yaml.SequenceStartEvent):
            return self._list(path, depth)
        return self._mapping(path, depth)

    def _list(self, path: str, depth: int) -> list[Node]:
        items: list[Node] = []
        while not isinstance(event := next(self.events), yaml.SequenceEndEvent):
            items.append(self._node(event, f"{path}[{len(items)}]", depth + 1))
        return items

    def _mapping(self, path: str, depth: int) -> dict[str, Node]:
        tree: dict[str, Node] = {}
        while not isinstance(event := next(self.events), yaml.MappingEndEvent):
            line = _line(event)
            if not isinstance(event, yaml.ScalarEvent):
                raise YamlError("a key must be a name", line)
            key = self._node(event, path, depth + 1)
            place = f"{path}.{key}" if path else str(key)
            if key in tree:
                first = self.lines[place]
                raise YamlError(f"{place} is there twice, first on line {first}", line)
            tree[str(key)] = self._node(next(self.events), place, depth + 1)
            self.lines[place] = line
        return tree


def _line(event: yaml.Event) -> int:
    return event.start_mark.line + 1 if event.start_mark else 0
