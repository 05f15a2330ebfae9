"""What is refused, as RFC 9457 says it: `application/problem+json`.

`type` names the kind of problem for programs, `title` for people; `detail` says what was wrong with
which value and what to do. Where it concerns parts of the request, `problems` says it of each.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import structlog
from django.core.exceptions import PermissionDenied, RequestDataTooBig
from django.db import OperationalError
from django.http import Http404
from rest_framework import exceptions
from rest_framework.response import Response

from trading.control.requests import Refused
from trading.errors import CommandError, KeyReused, SheetError

log = structlog.get_logger(__name__)

MEDIA_TYPE: Final = "application/problem+json"
TYPE: Final = "urn:tradebot:problem:{}"

KINDS: Final[Mapping[int, tuple[str, str]]] = {
    400: ("invalid-request", "The request cannot be understood"),
    401: ("not-logged-in", "Nobody is logged in"),
    403: ("forbidden", "Not allowed"),
    404: ("not-found", "There is no such thing"),
    405: ("method-not-allowed", "This cannot be done here"),
    406: ("not-acceptable", "Only JSON is answered"),
    409: ("conflict", "It cannot be done as things stand"),
    412: ("changed-meanwhile", "Somebody changed it meanwhile"),
    413: ("too-large", "The request is too large"),
    415: ("unsupported-media-type", "Only JSON is read"),
    422: ("key-reused", "The idempotency key was used for something else"),
    428: ("precondition-required", "The request must say what it was made for"),
    429: ("too-many-requests", "Too many requests"),
    500: ("failed", "The server failed"),
    503: ("not-available", "The server cannot answer at present"),
}

REMEDIES: Final = {
    "required": "send it",
    "null": "leave it out, or send a value",
    "blank": "leave it out, or send a value",
    "invalid_choice": "send one of the values that the schema names",
    "max_length": "send a shorter one",
    "max_value": "send a smaller one",
    "min_value": "send a larger one",
    "not_a_list": "send a list",
    "not_a_dict": "send an object",
}
USUAL_REMEDY: Final = "send what the schema at /api/v1/schema describes"


@dataclass(frozen=True)
class Wrong:
    """What is wrong with one part of a request, and what to do; `field` is empty for the whole."""

    field: str
    detail: str
    remedy: str = ""

    @classmethod
    def of(cls, field: str, sentence: str) -> "Wrong":
        """From our own sentences: what was wrong; what to do."""
        detail, _, remedy = sentence.rstrip(".").partition("; ")
        return cls(field, detail, remedy or USUAL_REMEDY)

    def as_json(self) -> dict[str, str]:
        return {"field": self.field, "detail": self.detail, "remedy": self.remedy}


class Problem(exceptions.APIException):
    """A request that is refused."""

    def __init__(self, status: int, detail: str, *problems: Wrong) -> None:
        super().__init__(detail)
        self.status_code = status
        self.problems = problems


def invalid(*problems: Wrong) -> Problem:
    """A request of which these parts are wrong."""
    first = problems[0]
    where = f"{first.field}: " if first.field else ""
    more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
    return Problem(400, f"{where}{first.detail}; {first.remedy}{more}", *problems)


def document(status: int, detail: str, problems: Iterable[Wrong] = ()) -> dict[str, Any]:
    slug, title = KINDS.get(status, KINDS[400])
    said: dict[str, Any] = {
        "type": TYPE.format(slug),
        "title": title,
        "status": status,
        "detail": f"{detail.rstrip('.')}.",
    }
    listed = [problem.as_json() for problem in problems]
    return said | {"problems": listed} if listed else said


def answer(
    status: int,
    detail: str,
    problems: Iterable[Wrong] = (),
    *,
    headers: Mapping[str, str] | None = None,
) -> Response:
    return Response(
        document(status, detail, problems),
        status=status,
        headers=dict(headers or {}),
        content_type=MEDIA_TYPE,
    )


def handler(error: Exception, context: Mapping[str, Any]) -> Response:
    """The answer to whatever a view raised. What nobody foresaw is logged, and said without its
    words: they might hold what an outsider should not read."""
    known = _known(error)
    if known is not None:
        return known
    log.error("api_failed", path=context["request"].path, exc_info=error)
    if isinstance(error, OperationalError):
        return answer(503, "The database does not answer; try again", headers={"Retry-After": "5"})
    return answer(500, "The server failed; its log says at what")


def _known(error: Exception) -> Response | None:
    match error:
        case Problem():
            return answer(error.status_code, str(error.detail), error.problems)
        case exceptions.ValidationError():
            return _known(invalid(*flat(error.get_full_details())))
        case exceptions.APIException():
            return answer(error.status_code, _words(error), headers=_headers(error))
        case Http404():
            return answer(404, str(error) or "There is nothing under this address")
        case PermissionDenied():
            return answer(403, str(error) or "This is not allowed")
        case RequestDataTooBig():
            return answer(413, "The request is too large; send less than 64 KiB")
        case Refused():
            return _refused(error)
        case KeyReused():
            return answer(422, str(error), [Wrong.of("Idempotency-Key", str(error))])
        case CommandError():
            return answer(400, str(error), [Wrong.of(error.field, str(error))])
        case SheetError():
            wrong = [Wrong.of(name, says) for name, says in error.problems.items()]
            return answer(409 if error.conflict or not wrong else 400, str(error), wrong)
    return None


def _refused(error: Refused) -> Response:
    names = error.more.get("fields", ())
    return answer(error.status, error.error, [Wrong.of(name, error.error) for name in names])


def _words(error: exceptions.APIException) -> str:
    if isinstance(error, exceptions.Throttled):
        seconds = int(getattr(error, "wait", None) or 1)
        return f"Too many requests; try again in {seconds} s"
    return str(error.detail)


def _headers(error: exceptions.APIException) -> dict[str, str]:
    found = {}
    if challenge := getattr(error, "auth_header", None):
        found["WWW-Authenticate"] = challenge
    if wait := getattr(error, "wait", None):
        found["Retry-After"] = str(int(wait) + 1)
    return found


def flat(details: Any, path: str = "") -> list[Wrong]:
    """A serializer's errors as a list; `a.0.b` is the path of a nested one."""
    if isinstance(details, Mapping) and set(details) == {"message", "code"}:
        detail, _, said = str(details["message"]).rstrip(".").partition("; ")
        remedy = said or REMEDIES.get(str(details["code"]), USUAL_REMEDY)
        return [Wrong(path, detail, remedy)]
    if isinstance(details, Mapping):
        parts = (("" if name == "non_field_errors" else name, one) for name, one in details.items())
    elif all(isinstance(one, Mapping) and "message" in one for one in details):
        parts = (("", one) for one in details)
    else:
        parts = ((str(number), one) for number, one in enumerate(details))
    return [
        wrong
        for name, one in parts
        for wrong in flat(one, ".".join(filter(None, (path, str(name)))))
    ]
