"""`manage.py backup`: makes a backup while trading goes on, or looks at those that there are."""

import contextlib
import signal
import sys
from argparse import ArgumentParser
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from django.core.management.base import CommandError

from trading.management.parser import OneLineCommand, refusal

if TYPE_CHECKING:
    from trading.backup import Snapshot
    from trading.backup.daily import Done


class Command(OneLineCommand):
    """Thin: `trading.backup` does the work."""

    help = "Back up the database, journals and ticks; then let old backups and old ticks go."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--dir", metavar="FOLDER", help="default: BACKUP_DIR")
        what = parser.add_mutually_exclusive_group()
        what.add_argument("--list", action="store_true", help="the backups that there are")
        what.add_argument(
            "--verify",
            nargs="?",
            const="",
            metavar="NAME",
            help="restore into a scratch database and compare: the one that is made now, or a "
            "NAME that is there (latest: the newest)",
        )
        parser.add_argument(
            "--daily", metavar="HH:MM", help="stay, and make one each day at that New York time"
        )
        parser.add_argument(
            "--if-older",
            type=int,
            metavar="HOURS",
            help="make none if the newest is not older than that",
        )
        parser.add_argument("--keep-all", action="store_true", help="delete nothing afterwards")

    def handle(self, *args: Any, **options: Any) -> None:
        from marketdata.errors import MarketDataError
        from trading.backup.manifest import backup_dir, find
        from trading.errors import TradingError

        root = Path(options["dir"]).absolute() if options["dir"] else backup_dir()
        try:
            if options["list"]:
                self._list(root)
            elif options["verify"]:
                self._verify(find(root, options["verify"]))
            elif options["daily"] is not None:
                self._stay(root, options["daily"], verify=options["verify"] == "")
            elif (recent := _recent(root, options["if_older"])) is not None:
                self.stdout.write(f"{recent.name} is recent enough")
            else:
                self._make(root, verify=options["verify"] == "", prune=not options["keep_all"])
        except (TradingError, MarketDataError) as error:
            raise refusal(error) from error

    def _make(self, root: Path, *, verify: bool, prune: bool) -> None:
        from trading.backup.daily import back_up_today

        self._say(back_up_today(root, verify=verify, prune=prune), verify=verify)

    def _stay(self, root: Path, at: str, *, verify: bool) -> None:
        from trading.backup.daily import every_day

        try:
            when = datetime.strptime(at, "%H:%M").time()  # noqa: DTZ007 (a time of any day)
        except ValueError:
            raise CommandError(f"--daily {at}: is no time of day; write it like 17:45") from None
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
        with contextlib.suppress(KeyboardInterrupt):
            every_day(root, when, verify=verify, made=lambda done: self._say(done, verify=verify))

    def _say(self, done: "Done", *, verify: bool) -> None:
        self.stdout.write(_line(done.snapshot))
        if verify:
            self.stdout.write(
                "Verified: restored into a scratch database, every table is the same."
            )
        if done.deleted:
            self.stdout.write(f"Deleted {len(done.deleted)} older: {', '.join(done.deleted)}")
        if done.retired:
            self.stdout.write(f"{len(done.retired)} tick days left the store")
        if done.only:
            self.stdout.write(
                f"{len(done.only)} old tick days stay: neither exported nor backed up"
            )

    def _list(self, root: Path) -> None:
        from trading.backup.manifest import snapshots

        found = snapshots(root)
        for each in found:
            self.stdout.write(_line(each))
        if not found:
            self.stdout.write(f"{root} has no backup")

    def _verify(self, snapshot: "Snapshot") -> None:
        from trading.backup import verify

        problems = verify(snapshot)
        for line in problems:
            self.stdout.write(f"PROBLEM {line}")
        if problems:
            raise CommandError(f"backup {snapshot.name} does not hold: {len(problems)} problems")
        self.stdout.write(f"{snapshot.name} holds: restored, every table and file is the same")


def _recent(root: Path, hours: int | None) -> "Snapshot | None":
    from trading import clock
    from trading.backup import latest

    newest = latest(root)
    if hours is None or newest is None:
        return None
    return newest if clock.now() - newest.made_at < timedelta(hours=hours) else None


def _line(snapshot: "Snapshot") -> str:
    manifest = snapshot.manifest()
    size = f"{sum(each.size for each in manifest.files) / 1e6:,.1f} MB"
    return (
        f"{snapshot.name}  {manifest.database.engine} {manifest.database.server}, "
        f"{manifest.database.rows:,} rows in {len(manifest.database.tables)} tables "
        f"({manifest.dump_size / 1e6:,.1f} MB); {len(manifest.files):,} files ({size})"
    )
