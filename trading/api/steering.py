"""Commands: asked for, looked at, awaited; and how the session stands.

A command is answered with 202 at once. What becomes of it is the command's own resource, which can
be awaited: `GET commands/12?wait=10`.
"""

import math
import threading
import time
from typing import Any, ClassVar, Final

from django.db import connection
from django.db.models import QuerySet
from django.http import Http404
from django.urls import reverse
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse
from rest_framework.request import Request
from rest_framework.response import Response

from trading import commands
from trading.api import filters
from trading.api import serializers as shapes
from trading.api.base import ApiView, ListView, checked, user_of
from trading.api.fields import Strict, Text
from trading.api.market import ACCOUNT, session_of
from trading.api.problems import Wrong, invalid
from trading.api.reading import marked, orders, positions
from trading.api.schema import described, example
from trading.api.tokens import Scope
from trading.control.requests import account_of
from trading.control.views import PERMISSION
from trading.errors import KeyReused
from trading.heartbeat.reading import latest
from trading.models import Account, Command, Order
from trading.real_money.accounts import of_row
from trading.selectors import is_running
from trading.steering.asking import await_answer

LONGEST_WAIT: Final = 30
WAITERS: Final = 16
"""Most that wait at once in a process: each holds a thread. Others are answered at once."""

KEY_HEADER: Final = "Idempotency-Key"
KEY: Final = OpenApiParameter(
    KEY_HEADER, {"type": "string", "pattern": "^[A-Za-z0-9_-]{1,64}$"}, "header",
    description="Yours: repeated under it, the request is the same command, and not a second one.",
)  # fmt: skip
WAIT: Final = OpenApiParameter(
    "wait", {"type": "integer", "minimum": 0, "maximum": LONGEST_WAIT, "default": 0},
    description="Seconds to wait for the answer, if there is none yet.",
)  # fmt: skip

_waiters = threading.BoundedSemaphore(WAITERS)


class CommandRequestSerializer(Strict):
    """All may be left out. Only a start of a live account needs `confirm`."""

    account = Text(required=False, max_length=40, help_text="Else the one that was traded last.")
    reason = Text(required=False, allow_blank=True, max_length=commands.LONGEST_REASON)
    confirm = Text(
        required=False, max_length=64, help_text="The id of a live account at its broker, exactly."
    )


class Ask(ApiView):
    """`POST session/halt`; each kind of command is a view of its own."""

    serializer_class = CommandRequestSerializer
    queryset = Command.objects.none()
    kind: ClassVar[str]
    tag = "session"
    scope = Scope.TRADE
    permissions = (PERMISSION,)
    errors = (404, 409, 422)
    http_method_names = ["post"]

    def post(self, request: Request) -> Response:
        sent = checked(CommandRequestSerializer, request.data)
        key = key_of(request)
        user = user_of(request)
        before = _before(user, key)
        account = _account(sent.get("account", ""), before)
        asked = {"reason": sent.get("reason", ""), "confirm": sent.get("confirm", "")}
        row = commands.request_command(account, self.kind, user=user, key=key, **asked)
        if row.requested_by_id != user.pk:
            raise KeyReused(f"key {key} was used by somebody else; make a new key")
        return told(commands.expired(row), 202)


def key_of(request: Request) -> str:
    """The idempotency key; "" without one."""
    key = request.headers.get(KEY_HEADER, "")
    if key and not commands.KEY.fullmatch(key):
        words = "use up to 64 letters, digits, - and _"
        raise invalid(Wrong(KEY_HEADER, f"{key[:70]!r} is no key", words))
    if not key and KEY_HEADER in request.headers:
        raise invalid(Wrong(KEY_HEADER, "is empty", "leave it out, or send a key"))
    return key


def _before(user: Any, key: str) -> Command | None:
    """What was asked for under the key. It names the account, too: that of a repeated request is
    not looked for anew, another one may have been traded meanwhile."""
    if not key:
        return None
    rows = Command.objects.filter(requested_by=user, key=key).select_related("account")
    return rows.order_by("pk").first()


def _account(name: str, before: Command | None) -> Account:
    if before is None:
        return account_of(name)
    if name and name != before.account.name:
        raise KeyReused(
            f"key {before.key} was used for {before.account.name}; make a new key for {name}"
        )
    return before.account


def told(row: Command, status: int) -> Response:
    """The command, with where it is."""
    address = reverse("api-command", args=[row.pk])
    return Response(
        shapes.CommandSerializer(row).data, status=status, headers={"Location": address}
    )


SUMMARIES: Final = {
    "start": ("Start a session", "Begins one, or continues the day's, with the newest settings."),
    "stop": ("Stop the session", "Ends it in order; the process goes on serving."),
    "halt": ("Halt", "No more entries; an open position keeps its stop and target."),
    "resume": ("Resume", "Lifts the halts that a person may lift."),
    "flatten": ("Flatten", "Closes the position at market; does not halt."),
    "kill": ("Kill", "Closes the position, cancels orders, and halts until a person resumes."),
}


def _asking(kind: str) -> type[Ask]:
    summary, words = SUMMARIES[kind]
    made = type(f"Ask{kind.title()}", (Ask,), {"kind": kind, "post": _documented(summary, words)})
    made.__doc__ = words
    return made


def _documented(summary: str, words: str) -> Any:
    def post(self: Ask, request: Request) -> Response:
        return Ask.post(self, request)

    accepted = OpenApiResponse(
        shapes.CommandSerializer,
        description="It was asked for; `Location` says what becomes of it.",
    )
    return described(
        summary, words, request=CommandRequestSerializer, parameters=[KEY],
        responses={202: accepted},
        examples=[example("With a reason", {"reason": "news at 14:00"}, request_only=True)],
    )(post)  # fmt: skip


ASKING: Final = {kind: _asking(kind) for kind in SUMMARIES}


# What becomes of them


class Commands(ListView):
    serializer_class = shapes.CommandSerializer
    filterset_class = filters.CommandFilters
    orderings: ClassVar = {"time": "created_at"}
    usual = "-time"

    def rows(self) -> QuerySet[Command]:
        return Command.objects.select_related("account", "requested_by")

    def paginate_queryset(self, queryset: Any) -> Any:
        return [commands.expired(row) for row in super().paginate_queryset(queryset) or []]

    @described("List commands", "What was asked for, by whom, and what became of it.")
    def get(self, request: Request) -> Response:
        return self.listed()


class OneCommand(ApiView):
    serializer_class = shapes.CommandSerializer
    queryset = Command.objects.none()
    parameters = ("wait",)
    errors = (404,)

    @described(
        "A command, awaited",
        "With `wait` the answer comes when the command is over (at a broker: proven), or after so "
        "many seconds; `over` says which.",
        parameters=[WAIT],
    )
    def get(self, request: Request, number: int) -> Response:
        seconds = _seconds(request)
        rows = Command.objects.select_related("account", "requested_by")
        row = rows.filter(pk=number).first()
        if row is None:
            raise Http404(f"There is no command {number}; GET /api/v1/commands lists them")
        row = awaited(commands.expired(row), seconds)
        return Response(self.get_serializer(row).data)


def _seconds(request: Request) -> int:
    text = request.query_params.get("wait", "0")
    if not (text.isascii() and text.isdigit() and len(text) < 4 and int(text) <= LONGEST_WAIT):
        words = f"send a number of seconds from 0 to {LONGEST_WAIT}"
        raise invalid(Wrong("wait", f"{text[:20]!r} is no time to wait", words))
    return int(text)


def awaited(row: Command, seconds: int) -> Command:
    if not seconds or not _waiters.acquire(blocking=False):
        return row
    try:
        return await_answer(row, seconds, clock=_clock, sleep=_pause)
    finally:
        _waiters.release()


def _clock() -> float:
    """The end of the process is the end of all waiting: it would wait for this thread."""
    return time.monotonic() if threading.main_thread().is_alive() else math.inf


def _pause(seconds: float) -> None:
    """Without a connection, of which there are fewer than may wait."""
    if not connection.in_atomic_block:
        connection.close()
    time.sleep(seconds)


# How it stands


class Status(ApiView):
    serializer_class = shapes.StatusSerializer
    queryset = Command.objects.none()
    tag = "session"
    parameters = ("account",)
    errors = (404,)

    @described(
        "How the session stands",
        "The latest of the account, else of all, as the database knows it (at most a second old "
        "while it runs).",
        parameters=[ACCOUNT],
    )
    def get(self, request: Request) -> Response:
        session = session_of(request)
        mine = Command.objects.filter(account=session.account).exclude(status__in=commands.OVER)
        bound = of_row(session.account)
        working = orders().filter(session=session).exclude(status__in=Order.OVER)
        status = {
            "running": is_running(session),
            "real_money": bound is not None and not bound.test,
            "session": session,
            "positions": marked(list(positions().filter(account=session.account))),
            "working_orders": working.order_by("ts_ns", "id"),
            "commands": mine.select_related("account", "requested_by").order_by("-created_at"),
            "heartbeat": latest(session.account.name),
        }
        return Response(self.get_serializer(status).data)
