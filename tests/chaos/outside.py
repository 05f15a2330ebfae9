"""Everything that is not ours, in one process: the feed's gateway, the broker with its exchange,
and what stands between us and PostgreSQL and Redis. Told what to do over a pipe.

The market moves only when it is told to: the next trades meet the exchange first, then the feed
has them, then it is that late. So nobody can have known a price before the exchange had it.
"""

import multiprocessing
import time
from contextlib import ExitStack
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, Final

from tests.chaos.clock import SharedClock
from tests.chaos.market import CONTRACT, OTHERS, Day, market_day
from tests.servers.databento_gateway import Gateway
from tests.servers.proxy import Proxy

LAG_NS: Final = 5_000_000
"""How long after a trade the feed has it."""
GROUP_NS: Final = 5_000_000_000
"""Trades within so much time go out together."""


@dataclass(frozen=True)
class Setting:
    """What a world is made of. `services`: name -> host and port to be put behind a proxy."""

    folder: Path
    seed: int
    ticks_per_day: int
    hours: float
    services: dict[str, tuple[str, int]]
    broker: bool


class Outside:
    """`ask` calls a method of `_Servers` there and gives what it returns."""

    def __init__(self, setting: Setting) -> None:
        context = multiprocessing.get_context("spawn")
        self.pipe, theirs = context.Pipe()
        self.process = context.Process(target=_serve, args=(setting, theirs), daemon=True)
        self.process.start()
        theirs.close()
        self.ports: dict[str, Any] = self._answer()

    def ask(self, what: str, *args: Any, **words: Any) -> Any:
        self.tell(what, *args, **words)
        return self._answer()

    def tell(self, what: str, *args: Any, **words: Any) -> None:
        """Ask, and take the answer later (`answer`)."""
        self.pipe.send((what, args, words))

    def answer(self) -> Any:
        return self._answer()

    def _answer(self) -> Any:
        answer = self.pipe.recv()
        if isinstance(answer, Exception):
            raise answer
        return answer

    def close(self) -> None:
        self.pipe.send(("stop", (), {}))
        self.process.join(10)
        self.process.kill()


def _serve(setting: Setting, pipe: Connection) -> None:
    import django

    django.setup()
    with ExitStack() as stack:
        servers = _Servers(setting, stack)
        pipe.send(servers.ports())
        while True:
            what, args, words = pipe.recv()
            if what == "stop":
                return
            try:
                pipe.send(getattr(servers, what)(*args, **words))
            except Exception as error:  # noqa: BLE001 - who asked is told
                pipe.send(RuntimeError(f"{what}: {error!r}"))


class _Servers:
    def __init__(self, setting: Setting, stack: ExitStack) -> None:
        self.day: Day = market_day(setting.seed, setting.ticks_per_day, setting.hours)
        self.at = 0
        self.clock = SharedClock(setting.folder / "clock", int(self.day.ticks.ts[0]) - LAG_NS)
        self.gateway = stack.enter_context(Gateway((CONTRACT, *OTHERS), clock=self.clock))
        self.proxies = {
            name: stack.enter_context(Proxy(*place)) for name, place in setting.services.items()
        }
        self.proxies["feed"] = stack.enter_context(Proxy("127.0.0.1", self.gateway.port))
        self.broker: Any = None
        if setting.broker:
            from tests.chaos.broker import Broker

            self.broker = stack.enter_context(Broker(setting.folder, CONTRACT.name, self.clock))
            self.proxies["broker"] = stack.enter_context(Proxy("127.0.0.1", self.broker.port))

    def ports(self) -> dict[str, Any]:
        ports: dict[str, Any] = {name: proxy.port for name, proxy in self.proxies.items()}
        return ports | {"ca": str(self.broker.ca) if self.broker else ""}

    # What a world asks

    def go(self, count: int, pause: float) -> tuple[int, int]:
        """The next trades happen, `pause` seconds between one group and the next. Where the day
        then is, and what is left of it."""
        end = min(self.at + count, len(self.day))
        while self.at < end:
            first = int(self.day.ticks.ts[self.at])
            stop = min(int(self.day.ticks.ts.searchsorted(first + GROUP_NS)), end)
            stop = max(stop, self.at + 1)
            if self.broker is not None:
                these = slice(self.at, stop)
                prices, times = self.day.ticks.price[these], self.day.ticks.ts[these]
                self.broker.trades(list(zip(prices.tolist(), times.tolist(), strict=True)))
            self.clock.set(int(self.day.ticks.ts[stop - 1]) + LAG_NS)
            self.gateway.publish(self.day.records(self.at, stop))
            self.at = stop
            if pause:
                time.sleep(pause)
        return self.at, len(self.day) - self.at

    def connected(self) -> tuple[int, int]:
        """Feed sessions that were started so far, and logins at the broker."""
        return self.gateway.started, self.broker.logins if self.broker else 0

    def fault(self, name: str, what: str) -> None:
        """A proxy does `what`: hang, cut, refuse, mend."""
        getattr(self.proxies[name], what)()

    def at_broker(self, what: str, *args: Any, **words: Any) -> None:
        """The broker does `what`: misbehave, restart."""
        getattr(self.broker, what)(*args, **words)

    def books(self) -> Any:
        """The exchange's own account of everything."""
        return self.broker.books()
