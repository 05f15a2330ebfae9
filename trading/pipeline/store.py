"""Writes what a recorder holds: one transaction, parents before children, upserts by key.

Writing the same again changes nothing, so a flush whose outcome is unknown is simply repeated.
"""

from typing import Any, Final

import structlog
from django.db import DataError, IntegrityError, connection, transaction
from django.db.models import Model
from django.utils import timezone

from engine.money import to_decimal
from marketdata.models import Bar
from trading.commands import OVER
from trading.models import Account, AuditEvent, Command, Fill, Order, Session, Signal, Trade
from trading.notify.outbox import keep
from trading.pipeline.recorder import Recorder
from trading.selectors import session_totals
from trading.wire import plain

log = structlog.get_logger(__name__)

REFUSED: Final = (DataError, IntegrityError, ValueError, TypeError, ArithmeticError)
"""Errors of a row, not of the connection: the same would happen again."""


def _replacing(model: type[Model], *keys: str) -> dict[str, Any]:
    """Arguments of an upsert that replaces everything but the keys."""
    names = [field.name for field in model._meta.concrete_fields if not field.primary_key]
    return {
        "update_conflicts": True,
        "unique_fields": keys,
        "update_fields": [name for name in names if name not in keys],
    }


ONCE: Final[dict[str, Any]] = {"ignore_conflicts": True}

UPSERTS: Final[dict[str, tuple[type[Model], dict[str, Any]]]] = {
    "bars": (Bar, _replacing(Bar, "instrument", "source", "timeframe", "start_ns")),
    # A later warm-up over the same bars must not overwrite what was decided while trading.
    "warm_signals": (Signal, ONCE),
    "signals": (Signal, _replacing(Signal, "id")),
    "trades": (Trade, _replacing(Trade, "id")),
    "orders": (Order, _replacing(Order, "id")),
    "fills": (Fill, ONCE),
    "audit": (AuditEvent, ONCE),
}


class Flush:
    """One attempt. `rows` counts what was written, `refused` what the database would not take."""

    def __init__(self, recorder: Recorder) -> None:
        self.recorder = recorder
        self.rows = 0
        self.refused = 0
        self._new: list[Session] = []

    def run(self) -> None:
        """Write all or raise the database's error; the recorder holds everything until it worked.

        A row that is refused for itself is logged, counted and left out, so that it does not keep
        the others from being written.
        """
        try:
            try:
                self._transaction(self._together)
            except REFUSED:
                self._forget_new()
                self._transaction(self._one_by_one)
        except BaseException:
            self._forget_new()
            raise
        self.recorder.stored()

    def _transaction(self, write: Any) -> None:
        self.rows = self.refused = 0
        with transaction.atomic():
            self._sessions()
            for kind, rows in self.recorder.waiting.items():
                if rows:
                    write(*UPSERTS[kind], list(rows.values()))
            self._totals()
            self._account()
            self._results()
            self._tell(write)

    def _together(self, model: type[Model], how: dict[str, Any], rows: list[Model]) -> None:
        model._default_manager.bulk_create(rows, **how)
        self.rows += len(rows)

    def _one_by_one(self, model: type[Model], how: dict[str, Any], rows: list[Model]) -> None:
        for row in rows:
            try:
                with transaction.atomic():
                    model._default_manager.bulk_create([row], **how)
                    # Foreign keys are checked when the transaction ends: look now.
                    connection.check_constraints(table_names=[model._meta.db_table])
                self.rows += 1
            except REFUSED as error:
                self.refused += 1
                log.exception("row_refused", model=model.__name__, row=str(row.pk), error=error)

    def _sessions(self) -> None:
        recorder = self.recorder
        for session in [*recorder.sessions_over, recorder.session]:
            if session.pk is None:
                self._continue(session)
        for session in recorder.sessions_over:
            session.save()
        if not recorder.session_changed:
            return
        session, status = recorder.session, recorder.status
        if status is not None:
            session.last_tick_ns = status.last_tick_ts or session.last_tick_ns
            session.ticks, session.dropped = status.ticks, plain(status.dropped)
            session.halts = [str(halt) for halt in status.halts]
            session.tier, session.balance = status.tier, to_decimal(status.balance)
        session.save()

    def _continue(self, session: Session) -> None:
        """Take up the row of this account and day if there is one."""
        self._new.append(session)
        found = Session.objects.filter(account=session.account, day=session.day).first()
        if found is None:
            session.save()
            return
        session.pk, session._state.adding = found.pk, False
        session.starts = found.starts if self._begun(session) else found.starts + 1
        session.started_at = found.started_at
        session.carry_start = found.carry_start or session.carry_start

    def _begun(self, session: Session) -> bool:
        """Whether the day's beginning is stored: this is it again, in a replay."""
        first = self.recorder.event_id(session, 0)
        return AuditEvent.objects.filter(pk=first).exists()

    def _forget_new(self) -> None:
        """The transaction that made them was rolled back."""
        for session in self._new:
            session.pk, session._state.adding = None, True
        self._new.clear()

    def _totals(self) -> None:
        for session in self.recorder.sessions_settled:
            totals = session_totals(session)
            Session.objects.filter(pk=session.pk).update(**totals)
            for name, value in totals.items():
                setattr(session, name, value)

    def _account(self) -> None:
        status = self.recorder.status
        if status is None or not self.recorder.account_changed:
            return
        Account.objects.filter(pk=self.recorder.session.account_id).update(
            balance=to_decimal(status.balance),
            peak=to_decimal(status.peak),
            streak=status.streak,
            tier=status.tier,
            halts=[str(halt) for halt in status.halts],
        )

    def _tell(self, write: Any) -> None:
        """What the trader hears of these rows is stored with them."""
        news = self.recorder.telling.news()
        if write == self._together:
            keep(news)
            return
        for each in news:
            try:
                with transaction.atomic():
                    keep([each])
            except REFUSED as error:
                self.refused += 1
                log.exception("notice_refused", key=each.key, error=error)

    def _results(self) -> None:
        for name, event in self.recorder.results.items():
            if not name.isdecimal():
                continue
            # What was answered before is only said again, by a replay.
            Command.objects.filter(pk=int(name)).exclude(status__in=OVER).update(
                status=Command.Status.DONE if event.ok else Command.Status.REFUSED,
                result=event.result[:500],
                session=self.recorder.session,
                executed_at=timezone.now(),
            )
        for name, result in self.recorder.completed.items():
            if name.isdecimal():
                Command.objects.filter(pk=int(name)).update(result=result[:500])
