"""Where Rithmic is, who we are there, and how patient we are with it."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from trading.brokers.adapter import BrokerError

HIDDEN: Final = "[hidden]"
LOOPBACK: Final = ("127.0.0.1", "localhost", "::1")
MOST_TEXT: Final = 300


@dataclass(frozen=True, slots=True)
class Timing:
    """Seconds, unless named otherwise."""

    connect: float = 10.0
    """From the socket to the end of the login."""
    answer: float = 3.0
    heartbeat: float = 2.0
    silence: float = 4.0
    """A heartbeat after which nothing is heard for so long: the server hangs."""
    stand_down: float = 2.0
    """How long an exit waits until the bracket's stop and target are over."""
    legs: float = 1.0
    """How long a change waits for the stop or target that a fill has just brought."""
    atomic: float = 0.2
    """The pause before a change that Rithmic refused because it was busy is asked for again."""
    settle: float = 2.0
    """So long after a line was lost, an order that went out on it may still turn up."""
    first_wait: float = 0.5
    longest_wait: float = 10.0
    settled: float = 30.0
    """A connection that lived so long was a good one: the next waits begin anew."""
    goodbye: float = 1.0
    queries: int = 10
    """How many of our questions, orders aside, may go out in a second."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """`user` and `password` are never shown, not even by repr. `ca_file`: a certificate authority
    of our own for wss, "" for none."""

    user: str = field(repr=False)
    password: str = field(repr=False)
    system: str
    url: str
    account: str
    ca_file: str = ""
    app_name: str = "tradebot"
    app_version: str = "1.0"
    timing: Timing = Timing()

    def __post_init__(self) -> None:
        parts = urlsplit(self.url)
        if parts.scheme not in ("ws", "wss") or not parts.hostname:
            raise BrokerError(f"RITHMIC_URL is no address; set it to {EXAMPLE}")
        if parts.username or parts.password:
            raise BrokerError(f"RITHMIC_URL must not name a user; set it to {EXAMPLE}")
        if parts.scheme == "ws" and parts.hostname not in LOOPBACK:
            raise BrokerError(
                f"RITHMIC_URL {self.where} is not encrypted, and ws:// goes to this machine only; "
                f"set it to {EXAMPLE}"
            )
        if self.ca_file and not Path(self.ca_file).is_file():
            raise BrokerError(
                f"RITHMIC_CA_FILE names {self.ca_file}, which is not a file; correct or unset it"
            )

    @property
    def encrypted(self) -> bool:
        return self.url.startswith("wss:")

    @property
    def where(self) -> str:
        """Host and port."""
        parts = urlsplit(self.url)
        return f"{parts.hostname}:{parts.port}" if parts.port else str(parts.hostname)

    def without_secrets(self, text: object) -> str:
        """One line of text that has neither password nor user in it."""
        clean = " ".join(str(text).split())
        for secret in sorted((self.password, self.user), key=len, reverse=True):
            if secret:
                clean = clean.replace(secret, HIDDEN)
        return clean if len(clean) <= MOST_TEXT else clean[:MOST_TEXT] + "..."


EXAMPLE: Final = "wss://rituz00100.rithmic.com:443"
