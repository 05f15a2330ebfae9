"""What people tell a running pipeline: a row in `Command`, and a nudge so that it looks at once."""

from typing import Final

from asgiref.sync import async_to_sync
from channels.layers import get_channel_layer
from django.contrib.auth.models import User
from django.db import transaction

from trading.models import Account, Command

GROUP: Final = "commands"


def request_command(
    account: Account, kind: str, *, user: User | None = None, reason: str = ""
) -> Command:
    """Ask the account's pipeline for something; it looks within a second even without the nudge."""
    command = Command.objects.create(
        account=account, kind=Command.Kind(kind), requested_by=user, reason=reason[:200]
    )
    transaction.on_commit(nudge)
    return command


def nudge() -> None:
    """Tell the pipelines that there is a command."""
    layer = get_channel_layer()
    if layer is not None:
        async_to_sync(layer.group_send)(GROUP, {"type": "command.requested"})
