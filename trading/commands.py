"""What people tell a pipeline: a row in `Command`, and a nudge so that it looks at once.

Every change of a command is told to the pages that are open, as `command_to_wire` says it. A row
that nobody takes within a minute expires, unless it is a halt or a kill: those are executed however
late, since they only make it safer.
"""

import re
from datetime import timedelta
from typing import Any, Final

import structlog
from asgiref.sync import async_to_sync
from channels.layers import get_channel_layer
from django.contrib.auth.models import User
from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.utils import timezone

from trading.errors import CommandError, KeyReused
from trading.models import Account, Command
from trading.real_money.accounts import of_row
from trading.real_money.confirming import same
from trading.wire import Json

log = structlog.get_logger(__name__)

GROUP: Final = "commands"
PAGES: Final = "live"
KEY: Final = re.compile(r"[A-Za-z0-9_-]{1,64}")
LONGEST_REASON: Final = 200
EXPIRES_AFTER: Final = timedelta(minutes=1)
STAY_VALID: Final = (Command.Kind.HALT, Command.Kind.KILL)
NOBODY: Final = "no trading process took it within a minute"
RECENT: Final = 20
OVER: Final = (
    Command.Status.DONE, Command.Status.REFUSED, Command.Status.EXPIRED, Command.Status.UNKNOWN,
)  # fmt: skip


def request_command(
    account: Account,
    kind: str,
    *,
    user: User | None = None,
    reason: str = "",
    key: str = "",
    confirm: str = "",
) -> Command:
    """Ask the account's pipeline for something; it looks within a second even without the nudge.

    Asked again under the same key, it is the command that was asked for first. `confirm`: the id of
    the broker's account, which a live start needs. CommandError when the kind is unknown, the
    reason too long, or a live start is not confirmed; KeyReused when the key is another command's.
    """
    if kind not in Command.Kind.values:
        raise CommandError(f"{kind!r} is no command; it is {', '.join(Command.Kind.values)}")
    if len(reason) > LONGEST_REASON:
        raise CommandError(
            f"reason has {len(reason)} characters; use at most {LONGEST_REASON}", field="reason"
        )
    if key and not KEY.fullmatch(key):
        raise CommandError(
            f"key {key[:70]!r} is no key; use up to 64 letters, digits, - and _", field="key"
        )
    if key and (before := _asked(account, kind, key, reason)):
        return before
    confirmed = kind == Command.Kind.START and _confirmed(account, confirm)
    try:
        with transaction.atomic():
            command = Command.objects.create(
                account=account,
                kind=kind,
                requested_by=user,
                reason=reason,
                key=key,
                confirmed=confirmed,
            )
    except IntegrityError:  # the same request came twice at the same time
        before = _asked(account, kind, key, reason)
        if before is None:
            raise
        return before
    log.info("command_asked", command=command.pk, kind=kind, account=account.name)
    transaction.on_commit(lambda: _asked_for(command))
    return command


def _asked(account: Account, kind: str, key: str, reason: str) -> Command | None:
    rows = Command.objects.select_related("account", "requested_by")
    before = rows.filter(account=account, key=key).first()
    if before is not None and before.kind != kind:
        raise KeyReused(f"key {key} was used for {before.kind}; make a new key for {kind}")
    if before is not None and before.reason != reason:
        raise KeyReused(
            f"key {key} was used for {kind} with another reason; make a new key for another command"
        )
    return before


def _confirmed(account: Account, typed: str) -> bool:
    """Whether a start may trade real money; CommandError when it would, and nobody said so."""
    bound = of_row(account)
    if bound is None:
        return False
    if not same(typed, bound):
        raise CommandError(
            f"{account.name} trades {bound}; a start needs that account's id, typed exactly",
            field="confirm",
        )
    return True


def _asked_for(command: Command) -> None:
    nudge()
    announce(command)


def nudge() -> None:
    """Tell the pipelines that there is a command."""
    layer = get_channel_layer()
    if layer is not None:
        async_to_sync(layer.group_send)(GROUP, {"type": "command.requested"})


def announce(command: Command) -> None:
    """Tell the open pages how a command stands. Not from a pipeline's loop or its writer."""
    layer = get_channel_layer()
    if layer is not None:
        message = {"type": "live.frame", "frame": command_to_wire(command)}
        async_to_sync(layer.group_send)(PAGES, message)


def command_to_wire(command: Command) -> Json:
    """A command as pages are told it; `by` is empty when nobody in particular asked."""
    by, over = command.requested_by, command.executed_at
    return {
        "type": "command",
        "id": command.pk,
        "account_name": command.account.name,
        "kind": command.kind,
        "status": command.status,
        "reason": command.reason,
        "result": command.result,
        "by": by.get_username() if by else "",
        "t": int(command.created_at.timestamp() * 1000),
        "done": int(over.timestamp() * 1000) if over and command.status in OVER else None,
    }


def too_late(command: Command) -> bool:
    """Whether nobody may take it any more, because who asked for it saw another situation."""
    late = timezone.now() - command.created_at > EXPIRES_AFTER
    return late and command.kind not in STAY_VALID


def settle(command: Command, status: Command.Status, result: str, **more: Any) -> bool:
    """Say how a command stands, in the row and in `command`; False when it was over already."""
    values = {"status": status, "result": result[:500], "executed_at": timezone.now(), **more}
    changed = Command.objects.filter(pk=command.pk).exclude(status__in=OVER).update(**values)
    if changed:
        for name, value in values.items():
            setattr(command, name, value)
    return bool(changed)


def expired(command: Command) -> Command:
    """The command, marked as expired if nobody took it in time."""
    if command.status == Command.Status.PENDING and too_late(command):
        if settle(command, Command.Status.EXPIRED, NOBODY):
            announce(command)
        else:
            command.refresh_from_db()
    return command


def recent_commands(account: Account) -> QuerySet[Command]:
    """The account's latest commands, newest first, with who asked."""
    rows = Command.objects.filter(account=account).select_related("account", "requested_by")
    return rows.order_by("-created_at", "-pk")[:RECENT]
