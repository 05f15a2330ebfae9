"""Deleting a run, which the audit keeps a line of."""

import time

from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone

from backtests.models import Backtest
from marketdata.models import moment
from trading.models import AuditEvent


@transaction.atomic
def delete(row: Backtest, user: User) -> None:
    """The run with its days, trades and studies."""
    now = time.time_ns()
    AuditEvent.objects.create(
        ts_ns=now,
        ts=moment(now),
        recorded_at=timezone.now(),
        kind="backtest_deleted",
        actor=user.get_username(),
        payload={
            "backtest": row.pk,
            "symbol": row.symbol,
            "days": [row.first.isoformat(), row.last.isoformat()],
            "status": row.status,
            "config": row.config_digest,
            "net": None if row.net is None else str(row.net),
        },
    )
    row.delete()
