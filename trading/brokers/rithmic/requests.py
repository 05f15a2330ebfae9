"""Questions that wait for their answers: which messages belong to which request, and its end.

The library's own table matches many answers by account alone, keeps what timed out for ever, and
turns a refusal into an empty answer. Here a request ends with its answer, with `Declined` and
Rithmic's words, or with the loss of the line. No network.
"""

import asyncio
import itertools
from collections.abc import Callable, Mapping
from typing import Any, Final

from trading.brokers.adapter import BrokerError, OutcomeUnknown

NO_DATA: Final = "7"
POSITIONS: Final = 402
GATHERS: Final[Mapping[int, tuple[int, ...]]] = {
    320: (351, 352),  # show orders
    324: (351, 352),  # order history
    POSITIONS: (450, 451),  # and the account
}
"""Requests that are answered with snapshots, which do not say whose answer they are. Of these only
one may be open at a time."""


class Declined(BrokerError):
    """Rithmic answered with an error. `code` is its own, `words` what it said."""

    def __init__(self, code: str, words: str) -> None:
        self.code = code
        self.words = words or f"code {code}"
        super().__init__(f"Rithmic says: {self.words}")


class Pending:
    """One that was sent. `answered` gives the messages."""

    def __init__(self, number: str, template: int) -> None:
        self.number = number
        self.template = template
        self.messages: list[Any] = []
        self.answered: asyncio.Future[list[Any]] = asyncio.get_running_loop().create_future()


class Requests:
    """The table of one connection. `clean` takes credentials out of what Rithmic says."""

    def __init__(self, clean: Callable[[object], str] = str) -> None:
        self._clean = clean
        self._numbers = itertools.count(1)
        self._pending: dict[str, Pending] = {}

    def __len__(self) -> int:
        return len(self._pending)

    def open(self, template: int) -> Pending:
        pending = Pending(f"r{next(self._numbers)}", template)
        self._pending[pending.number] = pending
        return pending

    def close(self, pending: Pending) -> None:
        """Nobody waits for it any more."""
        self._pending.pop(pending.number, None)
        if not pending.answered.cancel() and not pending.answered.cancelled():
            pending.answered.exception()  # seen, also where the time was over first

    def lost(self, reason: str) -> None:
        """The line is gone: none of these will be answered."""
        for pending in self._pending.values():
            if not pending.answered.done():
                pending.answered.set_exception(
                    OutcomeUnknown(f"the line was lost before Rithmic answered: {reason}")
                )

    def take(self, message: Any) -> bool:
        """A message came; whether it was (part of) an answer."""
        if getattr(message, "is_snapshot", False):
            for pending in self._pending.values():
                if message.template_id in GATHERS.get(pending.template, ()):
                    pending.messages.append(message)
                    return True
        numbers = getattr(message, "user_msg", ())
        pending_one = self._pending.get(numbers[0]) if numbers else None
        if pending_one is None or pending_one.answered.done():
            return False
        code = list(message.rp_code)
        if code and code[0] not in ("0", NO_DATA):
            words = self._clean(" ".join(code[1:]))
            pending_one.answered.set_exception(Declined(code[0], words))
            return True
        if not code or code[0] == "0":
            pending_one.messages.append(message)
        if code:
            pending_one.answered.set_result(pending_one.messages)
        return True
