"""A server in a folder: install.sh and tradebotctl run for real, on programs that note their calls.

Folders, files, modes, the environment file and links are real; apt, systemd, PostgreSQL, users and
the releases' Python are not. A file in `flags` makes one of them answer otherwise.
"""

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

REPOSITORY = Path(__file__).parents[2]
DEPLOY = REPOSITORY / "deploy"

NOTE = 'echo "$(basename "$0") $*" >>"$CALLS"\n'
PROGRAMS = {
    "apt-get": NOTE,
    "dpkg": 'test -e "$FLAGS/no-packages" && exit 1; exit 0\n',
    "useradd": NOTE,
    "id": "exit 1\n",
    "chown": NOTE,
    "sleep": "",
    "systemctl": NOTE + 'case "$1" in is-active) test ! -e "$FLAGS/dead-${3%.service}";; esac\n',
    "journalctl": NOTE,
    "runuser": 'while test "$1" != --; do shift; done; shift; exec "$@"\n',
    "psql": NOTE + 'cat >>"$CALLS.sql"\n',
    # What a release is made with, and its own.
    "python3": """
case "$*" in
  "-m venv "*) mkdir -p "$3/bin"; cp "$FAKES/release-python" "$3/bin/python" ;;
esac
""",
    "release-python": """
release=$(basename "$(cd "$(dirname "$0")/../.." && pwd -P)")
echo "$release: $*" >>"$CALLS"
case "$*" in
  deploy/healthy.py*) test ! -e "$FLAGS/dead-$release" ;;
  deploy/open_positions.py)
    test ! -e "$FLAGS/open" || { echo "paper-MES: LONG 2 MES"; exit 3; } ;;
  "manage.py migrate"*) test ! -e "$FLAGS/migrate-fails-$release" ;;
  "manage.py backup"*) test ! -e "$FLAGS/backup-fails" ;;
esac
""",
}


@dataclass
class Server:
    folder: Path

    def __post_init__(self) -> None:
        for name in ("fakes", "flags", "root"):
            (self.folder / name).mkdir()
        (self.root / "etc/redis").mkdir(parents=True)
        (self.root / "etc/redis/redis.conf").write_text("port 6379\n")
        (self.root / "etc/postgresql/16/main/conf.d").mkdir(parents=True)
        (self.root / "usr/local/sbin").mkdir(parents=True)
        for name, body in PROGRAMS.items():
            path = self.folder / "fakes" / name
            path.write_text(f"#!/bin/sh\n{body}")
            path.chmod(0o755)

    @property
    def root(self) -> Path:
        return self.folder / "root"

    @property
    def current(self) -> str:
        """The release that the link leads to."""
        return (self.root / "opt/tradebot/current").resolve().name

    def flag(self, name: str, *, up: bool = True) -> None:
        path = self.folder / "flags" / name
        path.touch() if up else path.unlink()

    def calls(self) -> list[str]:
        """What was called since the last look."""
        path = self.folder / "calls"
        found = path.read_text().splitlines() if path.exists() else []
        path.unlink(missing_ok=True)
        return found

    def sql(self) -> str:
        return (self.folder / "calls.sql").read_text()

    def install(self, *words: str, version: str = "1.0") -> "subprocess.CompletedProcess[str]":
        return self.run(
            DEPLOY / "install.sh", "--root", str(self.root), "--version", version, *words
        )

    def ctl(self, *words: str) -> "subprocess.CompletedProcess[str]":
        return self.run(DEPLOY / "tradebotctl", *words)

    def run(self, *words: "str | Path") -> "subprocess.CompletedProcess[str]":
        environment = {
            "PATH": f"{self.folder / 'fakes'}:{os.environ['PATH']}",
            "CALLS": str(self.folder / "calls"),
            "FLAGS": str(self.folder / "flags"),
            "FAKES": str(self.folder / "fakes"),
            "TRADEBOT_ROOT": str(self.root),
        }
        return subprocess.run(
            words, env=environment, capture_output=True, text=True, stdin=subprocess.DEVNULL
        )

    def settings(self) -> dict[str, str]:
        """The environment file as it counts."""
        lines = (self.root / "etc/tradebot/env").read_text().splitlines()
        pairs = (tuple(line.split("=", 1)) for line in lines if line and not line.startswith("#"))
        return dict(pairs)
