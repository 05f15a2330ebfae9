"""`manage.py restore`: the database and the files as a backup has them."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from trading.management.parser import OneLineCommand, refusal


class Command(OneLineCommand):
    """Thin: `trading.backup.restoring` says what it would do, and does it."""

    help = "Restore a backup. It says what it does; a database with anything in it needs --replace."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("name", metavar="NAME|latest", help="see manage.py backup --list")
        parser.add_argument("--dir", metavar="FOLDER", help="default: BACKUP_DIR")
        parser.add_argument("--replace", action="store_true", help="replace what the database has")
        parser.add_argument("--dry-run", action="store_true", help="only say what would be done")
        parser.add_argument(
            "--all-ticks",
            action="store_true",
            help="bring back tick days too that had left the store (TICKS_KEEP_DAYS)",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        from marketdata.errors import MarketDataError
        from trading.backup import restoring
        from trading.backup.manifest import backup_dir, find
        from trading.errors import TradingError

        root = Path(options["dir"]).absolute() if options["dir"] else backup_dir()
        try:
            chosen = restoring.plan(find(root, options["name"]), everything=options["all_ticks"])
            for line in chosen.lines():
                self.stdout.write(line)
            if options["dry_run"]:
                return
            restoring.restore(chosen, replace=options["replace"])
        except (TradingError, MarketDataError) as error:
            raise refusal(error) from error
        self.stdout.write(
            "Restored. Run `manage.py migrate`, then start: a pipeline goes on from its journal."
        )
