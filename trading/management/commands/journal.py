"""`manage.py journal`: what a run's engine was given, and whether it says the same again."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError

from trading.management.parser import OneLineCommand, refusal


class Command(OneLineCommand):
    """`trading.journal.showing` prints, `trading.parity.rows` compares."""

    help = "The input journals: list and show them, or replay one and compare it with the database."

    def add_arguments(self, parser: ArgumentParser) -> None:
        what = parser.add_subparsers(dest="what", required=True)
        show = what.add_parser("show", help="an account's journals, or what is in one")
        show.add_argument("name", metavar="ACCOUNT|FILE")
        verify = what.add_parser("verify", help="replay a day and compare it with what is stored")
        verify.add_argument("account", metavar="ACCOUNT")
        verify.add_argument("--date", metavar="DAY", help="the last that was traded")

    def handle(self, *args: Any, **options: Any) -> None:
        from engine.errors import EngineError
        from marketdata.errors import MarketDataError
        from trading.errors import TradingError

        try:
            if options["what"] == "show":
                self._show(options["name"])
            else:
                self._verify(options["account"], options["date"])
        except (EngineError, MarketDataError, TradingError) as error:
            raise refusal(error) from error

    def _show(self, name: str) -> None:
        from trading.journal.showing import lines, listed

        for line in lines(Path(name)) if name.endswith(".jrn") else listed(name):
            self.stdout.write(line)

    def _verify(self, account: str, day: str | None) -> None:
        from trading.journal.runs import has_journal
        from trading.models import Session
        from trading.parity.rows import differences
        from trading.pipeline.stored import day_of

        sessions = Session.objects.select_related("account").filter(account__name=account)
        if day is not None:
            sessions = sessions.filter(day=day_of("--date", day))
        session = sessions.order_by("-day").first()
        if session is None or not has_journal(session):
            raise CommandError(f"{account}: nothing is kept of {day or 'any day'}")
        found = differences(session)
        for line in found:
            self.stdout.write(line)
        if found:
            raise CommandError(f"{session}: {len(found)} differences")
        self.stdout.write(f"{session}: the journal gives what is stored")
