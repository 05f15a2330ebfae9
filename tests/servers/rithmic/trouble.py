"""What may go wrong, once or with a probability. A trouble waits for its occasion, and the first
that fits is taken.

    server.trouble("lost_ack", on="entry")
    server.trouble("reject", on="stop", text="no stops today")
    server.trouble("slow", on="query", seconds=2, times=None, probability=0.1)

Occasions: `entry`, `exit` (an order that reduces what is held, and 3504), `modify` (314, 332, 334),
`cancel` (316, 346), `query`, `login`, `stop` and `target` (a bracket's children), `fill`.
"""

import random
import re
from dataclasses import dataclass

REQUESTS = ("entry", "exit", "modify", "cancel")
ASKED = (*REQUESTS, "query", "login")
CHILDREN = ("stop", "target")
WHAT: dict[str, tuple[str, ...]] = {
    "drop": ASKED,  # not taken, no answer
    "lost_ack": ASKED,  # taken, no answer
    "empty_ack": ASKED,  # taken, answered with "no data"
    "empty_ack_not_taken": ASKED,
    "refuse": ASKED,  # not taken, answered with a code and a text
    "reject": (*REQUESTS, *CHILDREN),  # taken, and rejected by the exchange
    "cut_before": ASKED,  # the line breaks, the request is not taken
    "cut_after": ASKED,  # taken, and the line breaks before the answer
    "slow": ASKED,  # taken, answered `seconds` later
    "ack_last": ASKED,  # what becomes of it is told before it is acknowledged
    "garbage": ASKED,  # before the answer
    "unknown_template": ASKED,  # before the answer
    "half_frame": ASKED,  # half of the answer, then the line breaks
    "duplicate_fill": ("fill",),
    "lose_fill": ("fill",),  # it happened, and is not told
    "hold_fill": ("fill",),  # told after the next one
    "late_fill": ("cancel",),  # filled after the cancellation was confirmed
    "split": ("entry", "exit", *CHILDREN),  # filled in `sizes`, a trade each
}
"""Each trouble with its occasions; without `on` it fits all of them."""


@dataclass
class Trouble:
    """See above. `tag` is a pattern that the order's tag must match; `times` None: for ever."""

    what: str
    on: str = ""
    tag: str = ""
    times: int | None = 1
    probability: float = 1.0
    text: str = ""
    code: str = "1000"
    seconds: float = 0.0
    sizes: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        if self.what not in WHAT:
            raise ValueError(f"no trouble {self.what!r}: there are {', '.join(WHAT)}")
        if self.on and self.on not in WHAT[self.what]:
            raise ValueError(f"{self.what} is on {', '.join(WHAT[self.what])}, not {self.on}")
        self.sizes = tuple(self.sizes)


class Troubles:
    """Those that wait, and how many of each kind came true."""

    def __init__(self, seed: int = 0) -> None:
        self.waiting: list[Trouble] = []
        self.happened: dict[str, int] = {}
        self._random = random.Random(seed)

    def take(self, on: str, tag: str = "", *, only: tuple[str, ...] = ()) -> Trouble | None:
        """The trouble that this occasion has, if any; `only` of those kinds."""
        for each in self.waiting:
            if (only and each.what not in only) or each.times == 0:
                continue
            if on != each.on and (each.on or on not in WHAT[each.what]):
                continue
            if each.tag and not re.search(each.tag, tag):
                continue
            if each.probability < 1 and self._random.random() >= each.probability:
                continue
            if each.times is not None:
                each.times -= 1
                if not each.times:
                    self.waiting.remove(each)
            self.happened[each.what] = self.happened.get(each.what, 0) + 1
            return each
        return None
