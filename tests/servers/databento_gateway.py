"""Databento's live gateway, on this machine: greeting, CRAM, subscriptions with `start`, session
start, DBN metadata and records, heartbeats. Everything but trades is built by databento_dbn; trades
are arrays of its own layout, so that a burst of 200,000 takes no time.

    with Gateway(market()) as gateway:
        gateway.publish(gateway.market.trades(1000))

It speaks from a thread, over real sockets. What it published is in `tape`; a client that was away
asks for it again with `start`. `Trouble`s make it misbehave: the next connection takes the next.
"""

import hashlib
import os
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Self

import databento_dbn as dbn
import numpy as np
import numpy.typing as npt

NS = 1_000_000_000
KEY = "db-0123456789abcdefghijklmnopQRSTU"
DATASET = "GLBX.MDP3"
FAR = 2**63 - 1

FIELDS = [(name, "u1" if kind == "S1" else kind) for name, kind in dbn.TradeMsg._dtypes]
TRADE = np.dtype(FIELDS)
TRADE_OUT = np.dtype([*FIELDS, ("ts_out", "u8")])

Records = npt.NDArray[np.void]
Clock = Callable[[], int]


@dataclass(frozen=True)
class Listed:
    """An instrument. Prices in 1e-9."""

    number: int
    name: str
    expires: int
    tick: int = 250_000_000
    spread: bool = False


@dataclass
class Trouble:
    """What goes wrong in one connection; `after` counts its trades, replayed ones too."""

    after: int = 0
    what: str = ""  # close, cut, reset, silence, garbage, error, refuse_key, hang, babble
    replay_more_ns: int = 0  # a replay begins so much earlier than it was asked to
    replay_twice: bool = False
    piece: int = 0  # bytes a send, with `pause` seconds between
    pause: float = 0.0
    text: str = ""


class Over(Exception):
    """The connection is done."""


def trades(
    number: int, ts: Iterable[int], price: Iterable[int], size: Iterable[int] = (1,),
    side: bytes = b"B", sequence: Iterable[int] = (0,), lag_ns: int = 200_000,
) -> Records:  # fmt: skip
    """Trade records of an instrument: prices in 1e-9, times UTC ns."""
    times = np.fromiter(ts, np.uint64)
    made = np.zeros(len(times), TRADE)
    made["length"], made["rtype"] = TRADE.itemsize // 4, 0
    made["publisher_id"], made["instrument_id"] = 1, number
    made["ts_event"], made["ts_recv"] = times, times + np.uint64(lag_ns)
    made["price"] = np.fromiter(price, np.int64)
    made["size"], made["sequence"] = np.array(list(size)), np.array(list(sequence))
    made["action"], made["side"] = ord("T"), np.frombuffer(side, np.uint8)
    made["ts_in_delta"] = 13_000
    return made


@dataclass
class News:
    """A status, statistic or definition. `make` gives the record that is sent at a time."""

    schema: str
    ts: int
    number: int
    make: Callable[[int], Any]


class Gateway:
    """The server. `listed` are the instruments; `front` is what continuous symbols stand for."""

    def __init__(
        self,
        listed: Iterable[Listed],
        *,
        key: str = KEY,
        heartbeat: float = 0.1,
        clock: Clock = time.time_ns,
        front: str = "",
    ) -> None:
        self.listed = {each.number: each for each in listed}
        self.front = front or next(iter(self.listed.values())).name
        self.key = key
        self.heartbeat = heartbeat
        self.clock = clock
        self.skew_ns = 0
        self.tape: list[Records] = []
        self.news: list[News] = []
        self.troubles: list[Trouble] = []
        self.asked: list[list[dict[str, str]]] = []  # subscriptions by connection
        self.logins: list[dict[str, str]] = []
        self.started = 0  # sessions
        self.sent = 0  # trades, over all connections
        self.changed = threading.Condition()
        self.port = 0
        self._listener: socket.socket | None = None
        self._sockets: set[socket.socket] = set()
        self._closing = False
        for each in self.listed.values():
            self.define(each)

    def __enter__(self) -> Self:
        self.up()
        return self

    def __exit__(self, *_: object) -> None:
        self._closing = True
        self.down()
        self.hang_up()
        with self.changed:
            self.changed.notify_all()

    # What tests do

    def up(self) -> None:
        """Listen, on the same port as before."""
        listener = socket.socket()
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", self.port))
        listener.listen()
        self._listener, self.port = listener, listener.getsockname()[1]
        threading.Thread(target=self._accept, args=(listener,), daemon=True).start()

    def down(self) -> None:
        """Refuse connections."""
        if self._listener is not None:
            with suppress(OSError):
                self._listener.shutdown(socket.SHUT_RDWR)
            self._listener.close()

    def hang_up(self) -> None:
        """End every connection, in order."""
        for each in list(self._sockets):
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)

    def publish(self, records: Records) -> None:
        """Trades happen."""
        with self.changed:
            self.tape.append(records)
            self.changed.notify_all()

    def tell(self, news: News) -> None:
        """Something else happens."""
        with self.changed:
            self.news.append(news)
            self.changed.notify_all()

    def define(self, listed: Listed) -> None:
        """The instrument's definition."""
        self.tell(News("definition", 0, listed.number, lambda now: definition(listed, now)))

    def state(self, number: int, action: dbn.StatusAction, reason: dbn.StatusReason) -> None:
        """A trading status."""
        ts = self.clock()

        def make(now: int) -> Any:
            return dbn.StatusMsg(1, number, ts, ts, action=action, reason=reason, ts_out=now)

        self.tell(News("status", ts, number, make))

    def statistic(
        self, number: int, kind: dbn.StatType, *, price: int = FAR, quantity: int = FAR,
        reference: int = 0, flags: int = 0,
    ) -> None:  # fmt: skip
        """A statistic of the exchange; `reference` is the midnight of its day."""
        ts = self.clock()

        def make(now: int) -> Any:
            return dbn.StatMsg(
                1, number, ts, ts, reference, price, quantity, kind, stat_flags=flags, ts_out=now
            )

        self.tell(News("statistics", ts, number, make))

    @property
    def everything(self) -> Records:
        """All trades that happened."""
        return np.concatenate([np.empty(0, TRADE), *self.tape])

    # The protocol

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                client, _ = listener.accept()
            except OSError:
                return
            trouble = self.troubles.pop(0) if self.troubles else Trouble()
            threading.Thread(target=self._serve, args=(client, trouble), daemon=True).start()

    def _serve(self, client: socket.socket, trouble: Trouble) -> None:
        self._sockets.add(client)
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            Session(self, client, trouble).run()
        except (Over, OSError, ValueError):
            pass
        finally:
            self._sockets.discard(client)
            client.close()

    @property
    def closing(self) -> bool:
        return self._closing


@dataclass
class Session:
    """One connection."""

    gateway: Gateway
    client: socket.socket
    trouble: Trouble
    ts_out: bool = False
    sent: int = 0
    beat: float = 0.1
    ids: dict[str, set[int]] = field(default_factory=dict)  # by schema

    def run(self) -> None:
        lines = self.client.makefile("rb")
        self.client.sendall(b"lsg_version=0.7.2\n")
        if self.trouble.what == "hang":
            self._wait_for_the_end()
        if self.trouble.what == "babble":
            self.client.sendall(b"\x16\x03\x01 this is no gateway\n")
            self._wait_for_the_end()
        challenge = os.urandom(16).hex()
        self.client.sendall(f"cram={challenge}\n".encode())
        login = fields(lines.readline())
        good = hashlib.sha256(f"{challenge}|{self.gateway.key}".encode()).hexdigest()
        if login.get("auth") != f"{good}-{self.gateway.key[-5:]}":
            self.client.sendall(b"success=0|error=Authentication failed.\n")
            return
        if self.trouble.what == "refuse_key":
            text = self.trouble.text or "API key deactivated."
            self.client.sendall(f"success=0|error={text}\n".encode())
            return
        self.ts_out = login.get("ts_out") == "1"
        self.beat = self.gateway.heartbeat
        asked: list[dict[str, str]] = []
        self.gateway.asked.append(asked)
        self.gateway.logins.append(login)  # before the client knows: it may leave at once
        self.client.sendall(b"success=1|session_id=5\n")
        while "start_session" not in (line := fields(lines.readline())):
            if not line:
                return
            asked.append(line)
        self.play(asked)

    def play(self, asked: list[dict[str, str]]) -> None:
        """Metadata, symbol mappings, replays, and then what happens."""
        gateway = self.gateway
        self._send(
            dbn.Metadata(
                dataset=DATASET, start=gateway.clock(), stype_out=dbn.SType.INSTRUMENT_ID,
                stype_in=None, schema=None, symbols=[], partial=[], not_found=[], mappings=[],
                ts_out=self.ts_out, version=3,
            ).encode()
        )  # fmt: skip
        for each in asked:
            self.ids[each["schema"]] = self._resolve(each)
        with gateway.changed:
            done, told = len(gateway.tape), len(gateway.news)
            tape, news = gateway.tape[:done], gateway.news[:told]
            gateway.started += 1
        for each in asked:
            if each.get("start") is None:
                continue
            start = int(each["start"])
            if each["schema"] == "trades":
                start -= self.trouble.replay_more_ns
                for _ in range(1 + self.trouble.replay_twice):
                    for block in tape:
                        self._trades(block[block["ts_event"] >= start])
            else:
                for one in news:
                    if one.schema == each["schema"] and (one.ts >= start or not start):
                        self._news(one)
            text = f"Finished {each['schema']} replay"
            self._record(
                lambda now, text=text: dbn.SystemMsg(
                    now, text, dbn.SystemCode.REPLAY_COMPLETED, ts_out=now
                )
            )
        while not gateway.closing:
            with gateway.changed:
                if len(gateway.tape) == done and len(gateway.news) == told:
                    gateway.changed.wait(self.beat)
                blocks, done = gateway.tape[done:], len(gateway.tape)
                others, told = gateway.news[told:], len(gateway.news)
            for one in others:
                self._news(one)
            for block in blocks:
                self._trades(block)
            if not blocks and not others:
                self._record(
                    lambda now: dbn.SystemMsg(
                        now, "Heartbeat", dbn.SystemCode.HEARTBEAT, ts_out=now
                    )
                )

    def _resolve(self, asked: dict[str, str]) -> set[int]:
        """The instruments of a subscription, named by a SymbolMappingMsg each."""
        name, kind = asked["symbols"], asked["stype_in"]
        found: set[int] = set()
        for each in self.gateway.listed.values():
            if kind == "raw_symbol":
                ours = each.name == name
            elif kind == "continuous":
                ours = each.name == self.gateway.front
            else:
                ours = each.name.startswith(name.removesuffix(".FUT"))
            if ours:
                found.add(each.number)
                self._mapping(name, kind, each)
        if not found:
            code = dbn.ErrorCode.SYMBOL_RESOLUTION_FAILED
            self._error(f"Failed to resolve symbol: {name}", code)
        return found

    def _mapping(self, asked: str, kind: str, each: Listed) -> None:
        stype = dbn.SType.from_str(kind)
        self._record(
            lambda now: dbn.SymbolMappingMsg(
                1, each.number, now, stype, asked, dbn.SType.RAW_SYMBOL, each.name, now,
                2**64 - 1, ts_out=now,
            )
        )  # fmt: skip

    def _error(self, text: str, code: dbn.ErrorCode) -> None:
        self._record(lambda now: dbn.ErrorMsg(now, text, code=code, ts_out=now))

    def _news(self, news: News) -> None:
        if news.number in self.ids.get(news.schema, ()):
            self._record(news.make)

    def _trades(self, block: Records) -> None:
        """Those that were subscribed, up to the trouble that is due."""
        ours = np.isin(block["instrument_id"], list(self.ids.get("trades", ())))
        block = block if ours.all() else block[ours]
        trouble = self.trouble
        left = trouble.after - self.sent
        if trouble.what and trouble.after and len(block) > left:
            self._send(self._stamped(block[:left]))
            self._misbehave(block[left : left + 1])
        self._send(self._stamped(block))
        self.sent += len(block)
        self.gateway.sent += len(block)

    def _stamped(self, block: Records) -> bytes:
        if not self.ts_out:
            return block.tobytes()
        out = np.zeros(len(block), TRADE_OUT)
        for name in TRADE.names or ():
            out[name] = block[name]
        out["length"] = TRADE_OUT.itemsize // 4
        out["ts_out"] = self.gateway.clock() + self.gateway.skew_ns
        return out.tobytes()

    def _misbehave(self, following: Records) -> None:
        match self.trouble.what:
            case "cut" | "reset":
                self._send(self._stamped(following)[:21])
                if self.trouble.what == "reset":
                    linger = struct.pack("ii", 1, 0)
                    time.sleep(0.02)  # or what was sent before would be lost with it
                    self.client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
            case "silence":
                self._wait_for_the_end()
            case "garbage":
                self._send(bytes(range(255, 0, -1)) * 4)
                self._wait_for_the_end()
            case "error":
                self._error(self.trouble.text or "Internal error", dbn.ErrorCode.INTERNAL_ERROR)
        raise Over

    def _wait_for_the_end(self) -> None:
        self.client.recv(1)
        raise Over

    def _record(self, make: Callable[[int], Any]) -> None:
        now = self.gateway.clock() + self.gateway.skew_ns
        self._send(bytes(make(now if self.ts_out else 2**64 - 1)))

    def _send(self, data: bytes) -> None:
        piece = self.trouble.piece
        if not piece:
            self.client.sendall(data)
            return
        for start in range(0, len(data), piece):
            self.client.sendall(data[start : start + piece])
            time.sleep(self.trouble.pause)


def definition(listed: Listed, now: int) -> Any:
    """An InstrumentDefMsg."""
    return dbn.InstrumentDefMsg(
        1, listed.number, now, now, listed.tick, 10_000_000, listed.name, listed.name[:3], "FUT",
        dbn.InstrumentClass.FUTURE_SPREAD if listed.spread else dbn.InstrumentClass.FUTURE,
        dbn.SecurityUpdateAction.ADD, expiration=listed.expires, ts_out=now,
    )  # fmt: skip


def fields(line: bytes) -> dict[str, str]:
    """A control line's fields."""
    return dict(part.split("=", 1) for part in line.decode().strip().split("|") if "=" in part)
