"""What goes wrong outside while a life goes on. Each begins, lasts for a part of it, and ends."""

import random
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from tests.chaos.outside import Outside


@dataclass(frozen=True)
class Fault:
    """`begin` and `end` are asked of `Outside`: a method and what it takes. `clock_s`: our clock is
    wrong by so much; `room`: so many bytes more, and files cannot grow (a full disk)."""

    name: str
    begin: tuple[Any, ...] = ()
    end: tuple[Any, ...] = ()
    words: Mapping[str, Any] = field(default_factory=dict)
    clock_s: int = 0
    room: int = 0

    def begins(self, outside: "Outside") -> None:
        if self.begin:
            outside.ask(*self.begin, **self.words)

    def ends(self, outside: "Outside") -> None:
        if self.end:
            outside.ask(*self.end)


def proxied(name: str) -> list[Fault]:
    """A server that is cut off, hangs, or is gone for a while."""
    mend = ("fault", name, "mend")
    return [
        Fault(f"{name} cut off", ("fault", name, "cut"), mend),
        Fault(f"{name} hangs", ("fault", name, "hang"), mend),
        Fault(f"{name} gone", ("fault", name, "refuse"), mend),
    ]


def at_broker(what: str, **words: Any) -> Fault:
    on = f" ({words['on']})" if "on" in words else ""
    return Fault(f"broker: {what}{on}", ("at_broker", "misbehave", what), words=words)


BROKER: Final = (
    Fault("broker restarted", ("at_broker", "restart")),
    at_broker("lost_ack", on="entry"),
    at_broker("lost_ack", on="exit"),
    at_broker("empty_ack", on="entry"),
    at_broker("drop", on="entry"),
    at_broker("drop", on="exit"),
    at_broker("drop", on="cancel"),
    at_broker("cut_before", on="entry"),
    at_broker("cut_after", on="entry"),
    at_broker("cut_after", on="exit"),
    at_broker("cut_after", on="modify"),
    at_broker("reject", on="entry", text="not today"),
    at_broker("reject", on="stop", text="no stops"),
    at_broker("reject", on="target", text="no targets"),
    at_broker("reject", on="modify", text="no changes"),
    at_broker("reject", on="cancel", text="too late"),
    at_broker("duplicate_fill"),
    at_broker("lose_fill"),
    at_broker("hold_fill"),
    at_broker("late_fill", on="cancel"),
    at_broker("ack_last", on="entry"),
    at_broker("garbage", on="query"),
    at_broker("half_frame", on="entry"),
    at_broker("slow", on="entry", seconds=0.3),
)
OURS: Final = (
    Fault("our clock an hour ahead", clock_s=3600),
    Fault("our clock an hour behind", clock_s=-3600),
    Fault("disk full", room=20_000),
)


def chosen(chance: random.Random, mode: str, proxies: list[str]) -> Fault:
    """One of those that this world can have. What makes a gap in the market is none for paper."""
    services = [name for name in proxies if name in ("postgres", "redis")]
    found = [fault for name in services for fault in proxied(name)]
    if mode == "live":
        found += [*BROKER, *OURS, *proxied("broker"), *proxied("feed")]
    return chance.choice(found) if found else Fault("none")
