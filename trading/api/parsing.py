"""JSON is all that is read, and not much of it."""

import json
from collections.abc import Mapping
from typing import IO, Any, Final

from rest_framework import exceptions
from rest_framework.parsers import BaseParser

from trading.api.problems import Problem
from trading.control.requests import LONGEST_BODY

TOO_LONG: Final = f"The request is longer than {LONGEST_BODY // 1024} KiB; send less"


class JsonParser(BaseParser):
    """An object, strictly: no NaN, no name twice. Without a body it is an empty one."""

    media_type = "application/json"

    def parse(
        self,
        stream: IO[Any],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> dict[str, Any]:
        body = stream.read(LONGEST_BODY + 1)
        if len(body) > LONGEST_BODY:
            raise Problem(413, TOO_LONG)
        if not body:
            return {}
        try:
            sent = json.loads(body, parse_constant=_refuse, object_pairs_hook=_once)
        except (ValueError, RecursionError) as error:
            raise exceptions.ParseError(
                f"The request is not JSON ({_short(error)}); send an object"
            ) from None
        if not isinstance(sent, dict):
            raise exceptions.ParseError('The request is not an object like {"reason": "lunch"}')
        return sent


def _refuse(name: str) -> None:
    raise ValueError(f"{name} is no number")


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) < len(pairs):
        raise ValueError("a name comes twice")
    return made


def _short(error: Exception) -> str:
    return str(error)[:80].rstrip(".") or "nested too deeply"
