"""One connection to the gateway: from the socket to records, until it is lost.

Reconnecting is the supervisor's (`feed.py`): the client library's own loses what happened
meanwhile.
"""

import asyncio
import socket
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from marketdata.feeds.databento_live.access import KEY_REMEDY, Access
from marketdata.feeds.databento_live.symbols import Symbols

if TYPE_CHECKING:
    from marketdata.feeds.databento_live.protocol import Item, Receiver


class ConnectionLost(Exception):
    """The connection could not be had, or is gone. The message is one line and has no key in it.

    `kind`: refused, auth, closed, garbage or silence.
    """

    def __init__(self, kind: str, reason: str) -> None:
        self.kind = kind
        super().__init__(reason)


@dataclass(frozen=True, slots=True)
class Subscription:
    """A schema of some symbols. `start` (UTC ns): from then on; 0: all there is; None: from now."""

    schema: str
    symbols: Symbols
    start: int | None = None


class Connection:
    """Open and streaming."""

    def __init__(self, access: Access, receiver: "Receiver") -> None:
        self.access = access
        self.receiver = receiver

    @property
    def idle(self) -> bool:
        """All that was read has been taken."""
        return not self.receiver.waiting

    async def get(self) -> "Item | None":
        """What came next, None when nothing came for a moment; ConnectionLost when it is over."""
        receiver, timing = self.receiver, self.access.timing
        item = await receiver.get(timing.look)
        if item is not None:
            return item
        if receiver.ended:
            raise _why(self.access, receiver)
        silent = time.monotonic() - receiver.heard_at
        if silent > timing.silence and not receiver.paused:
            raise ConnectionLost("silence", f"nothing was heard for {silent:.1f} s, no heartbeat")
        return None


@asynccontextmanager
async def connected(
    access: Access, subscriptions: Sequence[Subscription]
) -> AsyncIterator[Connection]:
    """Connect, authenticate, subscribe and start; ConnectionLost when that fails."""
    from marketdata.feeds.databento_live.protocol import Receiver

    receiver = Receiver(access)
    try:
        await _open(access, receiver, subscriptions)
        yield Connection(access, receiver)
    finally:
        receiver.abort()


async def log_in(access: Access) -> None:
    """Connect and authenticate, and leave; ConnectionLost when that fails. Nothing is asked for."""
    from marketdata.feeds.databento_live.protocol import Receiver

    receiver = Receiver(access)
    try:
        await _open(access, receiver, ())
    finally:
        receiver.abort()


async def _open(
    access: Access, receiver: "Receiver", subscriptions: Sequence[Subscription]
) -> None:
    from databento.common.error import BentoError

    where = f"{access.host}:{access.port}"
    try:
        async with asyncio.timeout(access.timing.connect):
            loop = asyncio.get_running_loop()
            await loop.create_connection(lambda: receiver, access.host, access.port)
            await _authenticated(access, receiver)
            for number, each in enumerate(subscriptions):
                receiver.subscribe(
                    schema=each.schema,
                    symbols=each.symbols.name,
                    stype_in=each.symbols.stype,
                    start=each.start,
                    subscription_id=number,
                )
            if subscriptions:
                receiver.start()
    except TimeoutError:
        raise ConnectionLost(
            "refused", f"{where} did not answer within {access.timing.connect:g} s"
        ) from None
    except BentoError as error:
        text = access.without_key(error)
        raise ConnectionLost("auth", f"{where} refused the key: {text}; {KEY_REMEDY}") from None
    except socket.gaierror:
        raise ConnectionLost("refused", f"{where} is not known; see DATABENTO_GATEWAY") from None
    except OSError as error:
        reason = access.without_key(error.strerror or error)
        raise ConnectionLost("refused", f"{where} cannot be reached: {reason}") from None


async def _authenticated(access: Access, receiver: "Receiver") -> None:
    """Wait for it; a connection that ends before that has no future that would say so."""
    futures: set[asyncio.Future[Any]] = {receiver.authenticated, receiver.disconnected}
    await asyncio.wait(futures, return_when=asyncio.FIRST_COMPLETED)
    if receiver.authenticated.done():
        receiver.authenticated.result()
        return
    lost = _why(access, receiver)
    raise ConnectionLost("refused", f"during the login: {lost}")


def _why(access: Access, receiver: "Receiver") -> ConnectionLost:
    failure = receiver.failure
    if failure is None:
        disconnected = receiver.disconnected
        said = disconnected.exception() if disconnected.done() else None
        reason = f"the gateway closed it: {access.without_key(said)}" if said else ""
        return ConnectionLost("closed", reason or "the gateway closed it")
    if isinstance(failure, OSError):
        return ConnectionLost("closed", access.without_key(failure.strerror or failure))
    return ConnectionLost("garbage", f"what came is no DBN: {access.without_key(failure)[:150]}")
