"""Notices are sent once more, through every channel that is configured now."""

from django.db import transaction
from django.db.models import QuerySet

from trading.models import Delivery, Notice
from trading.notify.channels import configured
from trading.notify.outbox import woken


def send_again(notices: QuerySet[Notice]) -> int:
    """They wait again, in their old order; how many deliveries that makes."""
    names = configured()
    made = Delivery.objects.bulk_create(
        [
            Delivery(notice_id=pk, channel=name)
            for pk in notices.values_list("pk", flat=True).distinct()
            for name in names
        ],
        update_conflicts=True,
        unique_fields=["notice", "channel"],
        update_fields=["status", "attempts", "error", "sent_at"],
    )
    transaction.on_commit(woken.set)
    return len(made)
