"""A TCP proxy that can fail: in front of PostgreSQL, Redis, or any other server.

    with Proxy("127.0.0.1", 5432) as proxy:
        proxy.hang()    # takes connections and bytes, gives nothing
        proxy.cut()     # resets what is connected
        proxy.refuse()  # and takes nothing new
        proxy.mend()

It works in threads of its own, over real sockets.
"""

import selectors
import socket
import struct
import threading
from contextlib import suppress
from typing import Final, Self

RESET: Final = struct.pack("ii", 1, 0)
PIECE: Final = 1 << 16


class Proxy:
    """Passes everything on to `host`:`port` until it is told otherwise."""

    def __init__(self, host: str, port: int) -> None:
        self.target = host, port
        self.port = 0
        self.connections = 0
        self._listener: socket.socket | None = None
        self._pairs: set[tuple[socket.socket, socket.socket]] = set()
        self._flows = threading.Event()
        self._flows.set()

    def __enter__(self) -> Self:
        self._listen()
        return self

    def __exit__(self, *_: object) -> None:
        self.refuse()
        self.mend_flow()

    def hang(self) -> None:
        """From now on nothing is passed on."""
        self._flows.clear()

    def cut(self) -> None:
        """Reset every connection."""
        for pair in list(self._pairs):
            for end in pair:
                with suppress(OSError):
                    end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
                    end.shutdown(socket.SHUT_RDWR)

    def refuse(self) -> None:
        """Reset every connection and take none."""
        if self._listener is not None:
            with suppress(OSError):
                self._listener.shutdown(socket.SHUT_RDWR)
            self._listener.close()
            self._listener = None
        self.cut()

    def mend_flow(self) -> None:
        """Pass everything on again, what was held back too."""
        self._flows.set()

    def mend(self) -> None:
        """As it was in the beginning; connections that hung are cut."""
        if not self._flows.is_set():
            self.cut()
            self.mend_flow()
        if self._listener is None:
            self._listen()

    def _listen(self) -> None:
        listener = socket.socket()
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", self.port))
        listener.listen()
        self._listener, self.port = listener, listener.getsockname()[1]
        threading.Thread(target=self._accept, args=(listener,), daemon=True).start()

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                client, _ = listener.accept()
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        try:
            server = socket.create_connection(self.target, timeout=5)
        except OSError:
            client.close()
            return
        server.settimeout(None)
        pair = client, server
        self._pairs.add(pair)
        try:
            self._pass_on(client, server)
        except OSError:
            pass
        finally:
            self._pairs.discard(pair)
            client.close()
            server.close()

    def _pass_on(self, client: socket.socket, server: socket.socket) -> None:
        with selectors.DefaultSelector() as ready:
            for one, other in ((client, server), (server, client)):
                one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                ready.register(one, selectors.EVENT_READ, other)
            while True:
                for key, _ in ready.select():
                    self._flows.wait()
                    assert isinstance(key.fileobj, socket.socket)
                    data = key.fileobj.recv(PIECE)
                    if not data:
                        return
                    key.data.sendall(data)
