"""A folder of another machine: rsync over ssh.

Both are started with lists of words, never by a shell; rsync's own `--secluded-args` keeps the
remote shell from reading paths. The host's key must be known already, nothing is ever asked, and no
variable of ours but PATH, HOME and the agent's socket goes along. What has arrived is asked with a
second pass that compares checksums and sends nothing.
"""

import os
import re
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from django.conf import settings

from trading.errors import ExportError
from trading.export.address import Remote
from trading.export.target import Outgoing, TryAgain

TIMEOUT_S: Final = 3600
"""Of one file. A line that is silent is given up by rsync and ssh long before."""
SILENT_S: Final = 60
PASSED_ON: Final = ("PATH", "HOME", "USER", "SSH_AUTH_SOCK", "TMPDIR")
PASSING: Final = frozenset((10, 12, 30, 35, 255))
"""Exit codes of rsync for a line that broke or could not be had (255 is ssh's)."""
FINAL: Final = (
    ("host key verification failed", "its key is not the known one; check the machine, then add "
     "its key to the known hosts"),
    ("permission denied (", "ssh was refused; set EXPORT_SSH_KEY to a key that the machine knows"),
    ("no space left", "make room there"),
    ("read-only file system", "mount it so that it can be written"),
    ("permission denied", "let the user write there"),
    ("could not resolve hostname", "correct the host in EXPORT_TARGET"),
    ("no such file or directory", "make the folder there, or correct EXPORT_TARGET"),
    ("command not found", "install rsync there"),
)  # fmt: skip
"""What ssh and rsync say that trying again does not help against."""
PLAIN_PATH: Final = re.compile(r"/[A-Za-z0-9._/+@=,-]+")


class RsyncTarget:
    """ExportError at once when the key cannot be used."""

    def __init__(self, address: Remote) -> None:
        self.address = address
        self.ssh = " ".join(ssh_words(address))

    def holds(self, file: Outgoing) -> bool:
        """rsync compares checksums and says what it would send."""
        said = self._run(file, "--dry-run", "--itemize-changes")
        return not any(line.startswith("<f") for line in said.splitlines())

    def put(self, file: Outgoing) -> None:
        self._run(file, "--partial-dir=.rsync-partial")

    def words(self, file: Outgoing, *more: str) -> list[str]:
        """rsync's. The `/./` says from where on the path is made there too."""
        return [
            "rsync", "--checksum", "--relative", "--secluded-args", f"--timeout={SILENT_S}",
            "--chmod=D755,F644", "--rsh", self.ssh, *more, "--", f"{file.root}/./{file.path}",
            f"{self.address.login}:{self.address.path}/",
        ]  # fmt: skip

    def _run(self, file: Outgoing, *more: str) -> str:
        kept = {name: os.environ[name] for name in PASSED_ON if name in os.environ}
        try:
            done = subprocess.run(  # noqa: S603 - words, no shell
                self.words(file, *more),
                env=kept | {"LC_ALL": "C"},
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                errors="replace",
                timeout=TIMEOUT_S,
                check=False,
            )
        except FileNotFoundError:
            raise ExportError("rsync is not installed; install it, and ssh") from None
        except subprocess.TimeoutExpired:
            raise TryAgain(f"{self.address}: took longer than {TIMEOUT_S} s") from None
        if done.returncode:
            raise failure(self.address, done.returncode, done.stderr)
        return done.stdout


def failure(address: Remote, code: int, said: str) -> ExportError:
    """What rsync or ssh refused, in a line with a remedy."""
    lines = [" ".join(line.split()) for line in said.splitlines() if line.strip()]
    lowered = "\n".join(lines).lower()
    for words, remedy in FINAL:
        if words in lowered:
            line = next(line for line in lines if words in line.lower())
            return ExportError(f"{address}: {line[:200]}; {remedy}")
    text = f"{address}: rsync ended with {code}: {(lines or ['nothing said'])[0][:200]}"
    return TryAgain(text) if code in PASSING else ExportError(text)


def ssh_words(address: Remote) -> Sequence[str]:
    """How rsync calls ssh. It splits them at blanks, so none may hold one."""
    words = [
        "ssh", "-o", "BatchMode=yes", "-o", "StrictHostKeyChecking=yes", "-o",
        "PasswordAuthentication=no", "-o", "ConnectTimeout=15", "-o", "ServerAliveInterval=15",
        "-o", "ServerAliveCountMax=4", "-o", "ClearAllForwardings=yes",
    ]  # fmt: skip
    if address.port:
        words += ["-p", str(address.port)]
    if key := settings.EXPORT_SSH_KEY:
        words += ["-i", _file("EXPORT_SSH_KEY", key), "-o", "IdentitiesOnly=yes"]
    if known := settings.EXPORT_SSH_KNOWN_HOSTS:
        words += ["-o", f"UserKnownHostsFile={_file('EXPORT_SSH_KNOWN_HOSTS', known)}"]
    return words


def _file(name: str, path: str) -> str:
    if not Path(path).is_file():
        raise ExportError(f"{name} names {path}, which is not a file; correct it")
    if not PLAIN_PATH.fullmatch(path):
        raise ExportError(f"{name} names {path}; a whole path without blanks or quotes is needed")
    return path
