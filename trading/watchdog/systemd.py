"""What a service says to systemd, over the socket that it names in NOTIFY_SOCKET (sd_notify(3)).

Without that variable nothing is said. Whatever fails is logged once: a service must not die of its
supervisor.
"""

import os
import socket
from collections.abc import Mapping

import structlog

log = structlog.get_logger(__name__)


class Notifier:
    """`watchdog_s`: within so many seconds systemd wants to hear `alive`; 0: it does not."""

    def __init__(self, environ: Mapping[str, str] | None = None) -> None:
        environ = os.environ if environ is None else environ
        self._address = environ.get("NOTIFY_SOCKET", "")
        self.watchdog_s = watchdog_s(environ) if self._address else 0.0
        self._ready = False
        self._failed = False

    def ready(self) -> None:
        """Once; a unit with Type=notify counts as started from then on."""
        if not self._ready:
            self._ready = True
            self._say("READY=1")

    def alive(self) -> None:
        self._say("WATCHDOG=1")

    def status(self, text: str) -> None:
        """A line for `systemctl status`."""
        self._say(f"STATUS={' '.join(text.split())[:200]}")

    def stopping(self) -> None:
        self._say("STOPPING=1")

    def _say(self, message: str) -> None:
        if not self._address:
            return
        # "@" stands for the zero byte of a name that is in no file system.
        address = f"\0{self._address[1:]}" if self._address.startswith("@") else self._address
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as sender:
                sender.setblocking(False)
                sender.sendto(message.encode(), address)
        except OSError as error:
            if not self._failed:
                self._failed = True
                log.warning("systemd_not_told", error=error.strerror or str(error))


def watchdog_s(environ: Mapping[str, str]) -> float:
    """WATCHDOG_USEC in seconds, where it is meant for this process."""
    for_pid = environ.get("WATCHDOG_PID", "")
    if for_pid and for_pid != str(os.getpid()):
        return 0.0
    text = environ.get("WATCHDOG_USEC", "")
    return int(text) / 1e6 if text.isdecimal() else 0.0
