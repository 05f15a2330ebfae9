"""WebSockets as the server speaks them: uvicorn's, for a peer that does not read.

What a peer does not read waits in our memory. uvicorn waits with messages when it is more than some
64 KB, but answers pings all the same, and takes a peer that no longer answers its own for closed
only when it has read what it does not read. Here such pings go unanswered (RFC 6455, 5.5.3, wants
no more than the newest), and such a peer is cut off.
"""

from typing import Final

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

LONGEST_MESSAGE_BYTES: Final = 64 * 1024
"""Pages say a thousand characters at most; what is longer than this ends the connection."""


class SocketProtocol(WebSocketsSansIOProtocol):
    def handle_ping(self) -> None:
        pongs = self.conn.data_to_send()
        if self.writable.is_set():
            self.transport.write(b"".join(pongs))

    def keepalive_timeout(self) -> None:
        super().keepalive_timeout()
        if not self.writable.is_set():
            self.transport.abort()
