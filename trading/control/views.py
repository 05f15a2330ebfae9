"""Commands and settings over HTTP: asked for with POST, looked at with GET."""

from typing import Final

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from trading import commands
from trading.control import sheet as sheets
from trading.control.requests import (
    Refused,
    account_of,
    body,
    json_view,
    require,
    text_of,
)
from trading.errors import CommandError, SheetError
from trading.models import Command

PERMISSION: Final = "trading.add_command"
SETTINGS_PERMISSION: Final = "trading.add_configuration"


@require_POST
@json_view
def ask(request: HttpRequest, kind: str) -> HttpResponse:
    """`POST /control/halt/`, with `account`, `reason` and `key` if wanted, `confirm` for a
    live start: 202 and the command."""
    user = require(request, PERMISSION, "steer")
    if kind not in Command.Kind.values:
        raise Refused(404, f"{kind!r} is no command; it is {', '.join(Command.Kind.values)}.")
    sent = body(request)
    account = account_of(text_of(sent, "account"))
    try:
        command = commands.request_command(
            account,
            kind,
            user=user,
            reason=text_of(sent, "reason"),
            key=text_of(sent, "key"),
            confirm=text_of(sent, "confirm"),
        )
    except CommandError as error:
        raise Refused(400, f"{error}.", fields=[error.field]) from None
    return JsonResponse(commands.command_to_wire(commands.expired(command)), status=202)


@require_GET
@json_view
def command(request: HttpRequest, number: int) -> HttpResponse:
    """How a command stands."""
    row = Command.objects.select_related("account", "requested_by").filter(pk=number).first()
    if row is None:
        raise Refused(404, f"There is no command {number}.")
    return JsonResponse(commands.command_to_wire(commands.expired(row)))


@require_GET
@json_view
def recent(request: HttpRequest) -> HttpResponse:
    """The latest commands of `?account=`, newest first: for a page that joins late."""
    account = account_of(request.GET.get("account", ""))
    rows = [commands.expired(row) for row in commands.recent_commands(account)]
    return JsonResponse({"commands": [commands.command_to_wire(row) for row in rows]})


@require_http_methods(["GET", "POST"])
@json_view
def settings(request: HttpRequest) -> HttpResponse:
    """GET: what the next start uses. POST: check `values`, and store them with `save`: the next
    version, with `base` (what was read) and `note`."""
    try:
        if request.method == "GET":
            found = sheets.sheet(account_of(request.GET.get("account", "")))
            return JsonResponse(sheets.sheet_to_wire(found))
        return _change(request)
    except SheetError as error:
        status = 409 if error.conflict else 400
        raise Refused(status, str(error), problems=error.problems) from None


def _change(request: HttpRequest) -> HttpResponse:
    user = require(request, SETTINGS_PERMISSION, "change settings")
    sent = body(request)
    values, base = sent.get("values", {}), sent.get("base")
    if not isinstance(values, dict):
        raise Refused(400, "values must be an object, as GET answers it.", fields=["values"])
    if type(base) is not int:
        raise Refused(400, "base must be the number that GET answered.", fields=["base"])
    found = sheets.sheet(account_of(text_of(sent, "account")))
    save = sent.get("save") is True
    try:
        config = sheets.changed(found, values)
    except SheetError as error:
        if save:
            raise
        # The question was whether it can be used: that it cannot is an answer.
        return JsonResponse({"error": str(error), "problems": error.problems, "saved": None})
    answer = {"changes": [vars(change) for change in sheets.changes(found.config, config)]}
    if not save:
        return JsonResponse(answer | {"saved": None})
    row = sheets.save(found, config, base=base, note=text_of(sent, "note"), user=user)
    return JsonResponse(
        answer | {"saved": str(row), "sheet": sheets.sheet_to_wire(sheets.sheet(found.account))},
        status=201,
    )
