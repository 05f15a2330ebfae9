"""Where Databento's live gateway is, the key to it, and how patient we are with it."""

from dataclasses import dataclass, field
from typing import Final

from marketdata.errors import FeedError

DATASET: Final = "GLBX.MDP3"
PORT: Final = 13000
KEY_REMEDY: Final = "set DATABENTO_API_KEY to the key of databento.com/portal/keys"
HIDDEN: Final = "[key]"


@dataclass(frozen=True, slots=True)
class Timing:
    """Seconds, unless named otherwise."""

    connect: float = 10.0
    heartbeat: int = 5
    """What we ask the gateway for; it takes 5 to 1800."""
    silence: float = 13.0
    """Without any record for so long, the connection counts as dead."""
    look: float = 0.25
    """How often the clock is looked at while nothing comes."""
    first_wait: float = 0.5
    longest_wait: float = 30.0
    settled: float = 30.0
    """A connection that lived so long was a good one: the next waits begin anew."""
    survey: float = 20.0
    skew: float = 0.5
    lag: float = 2.0


@dataclass(frozen=True, slots=True)
class Access:
    """`key` is never shown, not even by repr."""

    key: str = field(repr=False)
    gateway: str = ""
    port: int = PORT
    dataset: str = DATASET
    timing: Timing = Timing()

    def __post_init__(self) -> None:
        if not self.key:
            raise FeedError(f"no Databento key; {KEY_REMEDY}")

    @property
    def host(self) -> str:
        """The gateway, by default the data set's own."""
        return self.gateway or f"{self.dataset.lower().replace('.', '-')}.lsg.databento.com"

    def without_key(self, text: object) -> str:
        """One line of text that does not have the key in it, nor its end, which goes over the
        line as its name."""
        clean = " ".join(str(text).split())
        for secret in (self.key, self.key[-5:]):
            clean = clean.replace(secret, HIDDEN)
        return clean
