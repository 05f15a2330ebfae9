"""`manage.py notify`: tries the channels, lists what was told."""

import sys
from argparse import ArgumentParser
from typing import Any, cast

from django.core.management.base import CommandError, CommandParser

from trading.management.output import write_json
from trading.management.parser import OneLineCommand, OneLineParser


class Command(OneLineCommand):
    """Thin: `trading.notify` does the work."""

    help = "Send a message through each channel, or list what was told and what became of it."

    def add_arguments(self, parser: ArgumentParser) -> None:
        what = OneLineParser.of(cast(CommandParser, parser)).add_subparsers(
            dest="what", required=True, metavar="test|list"
        )
        what.add_parser("test", help="send one message now; exit code 1 unless all arrived")
        listed = what.add_parser("list", help="the newest notices, newest first")
        listed.add_argument("--waiting", action="store_true", help="only what is not sent yet")
        listed.add_argument("--most", type=int, default=20, metavar="N", help="default: 20")
        listed.add_argument("--json", metavar="OUT", help="write it there; - is standard output")

    def handle(self, *args: Any, **options: Any) -> None:
        from django.db import Error as DatabaseError

        if options["what"] == "test":
            self._test()
            return
        try:
            self._list(options["waiting"], options["most"], options["json"] or "")
        except DatabaseError as error:
            reason = " ".join(str(error).split())
            raise CommandError(f"the database does not answer: {reason}") from error

    def _test(self) -> None:
        from trading.notify.trying import try_channels

        tried = try_channels()
        if not tried:
            raise CommandError("no channel is configured; set DISCORD_WEBHOOK_URL")
        for name, problem in tried.items():
            self.stdout.write(f"{name}: {problem or 'sent, and taken'}")
        if any(tried.values()):
            sys.exit(1)

    def _list(self, waiting: bool, most: int, out: str) -> None:
        from trading.notify.trying import listed

        if most < 1:
            raise CommandError(f"--most {most}: give a number from 1")
        found = listed(waiting=waiting, most=most)
        if out:
            write_json(found, out)
        if out == "-":
            return
        for each in found:
            became = ", ".join(
                f"{name} {how['status']}" + (f" ({how['error']})" if how["error"] else "")
                for name, how in each["deliveries"].items()
            )
            account = f" [{each['account']}]" if each["account"] else ""
            self.stdout.write(
                f"{each['new_york']}  {each['level']:8}  {each['title']}{account}: "
                f"{became or 'not sent: no channel'}"
            )
        if not found:
            self.stdout.write("Nothing waits." if waiting else "Nothing was told yet.")
