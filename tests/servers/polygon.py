"""Polygon's (Massive's) REST server for minute bars, on a local port.

It answers `/v2/aggs/ticker/SYM/range/1/minute/FROM/TO` as the real one does: a key in the
`Authorization` header, at most `page` bars an answer, the rest behind `next_url` (an address of the
real host, which a client follows here), numbers written as JSON floats. What it is told in
`misbehave` it does to the next requests, one each, before it behaves again.
"""

import base64
import json
import re
import socket
import struct
import threading
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

KEY: Final = "pk_T3stKeyOfNobody"
PATH: Final = re.compile(r"/v2/aggs/ticker/([^/]+)/range/1/minute/([\d-]+)/(\d{4}-\d\d-\d\d)")

REFUSALS: Final[dict[str, tuple[int, dict[str, str], str]]] = {
    # status, headers, body
    "401": (401, {}, '{"status":"ERROR","request_id":"a1","error":"Unknown API Key"}'),
    "401 with the key": (
        401, {}, f'{{"status":"ERROR","request_id":"a1","error":"Unknown API Key {KEY}"}}',
    ),
    "403": (
        403, {},
        '{"status":"NOT_AUTHORIZED","request_id":"a1","message":"You are not entitled to this '
        'data. Please upgrade your plan at https://polygon.io/pricing"}',
    ),
    "429": (
        429, {},
        '{"status":"ERROR","request_id":"a1","error":"You\'ve exceeded the maximum requests per '
        'minute, please wait or upgrade your subscription to continue."}',
    ),
    "429, wait 3 s": (429, {"Retry-After": "3"}, '{"status":"ERROR","error":"slow down"}'),
    "429, wait an hour": (429, {"Retry-After": "3600"}, '{"status":"ERROR","error":"no"}'),
    "429, wait soon": (429, {"Retry-After": "soon"}, '{"status":"ERROR","error":"slow down"}'),
    "500": (500, {}, '{"status":"ERROR","request_id":"a1","error":"internal error"}'),
    "502": (502, {}, "<html><body><h1>502 Bad Gateway</h1></body></html>"),
    "503": (503, {"Retry-After": "1"}, "unavailable"),
    "404": (404, {}, "<html><body>404 page not found</body></html>"),
}  # fmt: skip


class PolygonServer:
    """`bars` are texts of JSON objects by symbol; their `t` decides which are asked for."""

    def __init__(self, page: int = 50_000) -> None:
        self.page = page
        self.bars: dict[str, list[str]] = {}
        self.misbehave: deque[str] = deque()
        self.requests: list[str] = []
        self.headers: list[dict[str, str]] = []
        self.plan: int | None = None
        """Requests that are answered before it says 429 to all."""
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._http.daemon_threads = True

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._http.server_port}"

    def add(self, symbol: str, *bars: dict[str, Any]) -> None:
        """Bars as the API would write them; a value may be a text that is written as it is."""
        for bar in bars:
            written = (
                f'"{name}":{value if isinstance(value, str) else json.dumps(value)}'
                for name, value in bar.items()
            )
            self.bars.setdefault(symbol, []).append("{" + ",".join(written) + "}")

    @contextmanager
    def running(self) -> Iterator["PolygonServer"]:
        thread = threading.Thread(target=self._http.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        try:
            yield self
        finally:
            self._http.shutdown()
            self._http.server_close()
            thread.join()

    def answer(self, path: str) -> tuple[int, dict[str, str], bytes]:
        """Status, headers and body of a request with a valid key."""
        address = urlsplit(path)
        found = PATH.fullmatch(address.path)
        if found is None:
            return _refusal("404")
        symbol, _, last = found.groups()
        query = {name: values[0] for name, values in parse_qs(address.query).items()}
        at, limit, adjusted = 0, int(query.get("limit", 5000)), query.get("adjusted", "true")
        if "cursor" in query:
            at, limit, adjusted = json.loads(base64.urlsafe_b64decode(query["cursor"]))
        wanted = [bar for bar in self.bars.get(symbol, []) if _new_york_date(bar) == last]
        size = min(limit, self.page)
        page, rest = wanted[at : at + size], wanted[at + size :]
        fields = {
            "ticker": json.dumps(symbol),
            "queryCount": str(len(page)),
            "resultsCount": str(len(page)),
            "adjusted": adjusted,
        }
        if page:  # the real one leaves it out otherwise
            fields["results"] = "[" + ",".join(page) + "]"
        fields |= {"status": '"DELAYED"', "request_id": '"6a7e466379af0a71039d60cc78e72282"'}
        fields["count"] = str(len(page))
        if rest:
            cursor = base64.urlsafe_b64encode(json.dumps([at + size, limit, adjusted]).encode())
            start = json.loads(rest[0])["t"]
            fields["next_url"] = json.dumps(
                f"https://api.polygon.io/v2/aggs/ticker/{symbol}/range/1/minute/{start}/{last}"
                f"?cursor={cursor.decode()}"
            )
        body = "{" + ",".join(f'"{name}":{value}' for name, value in fields.items()) + "}"
        return 200, {}, body.encode()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        server = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                server.requests.append(self.path)
                server.headers.append(dict(self.headers))
                how = server.misbehave.popleft() if server.misbehave else ""
                if server.plan is not None and len(server.requests) > server.plan:
                    how = how or "429"
                if how in REFUSALS:
                    self._send(*_refusal(how))
                elif self.headers.get("Authorization") != f"Bearer {KEY}":
                    self._send(*_refusal("401"))
                else:
                    self._do(how, *server.answer(self.path))

            def _do(self, how: str, status: int, headers: dict[str, str], body: bytes) -> None:
                if how == "cut":
                    self._send(status, headers, body, send=len(body) // 2)
                    self._hang_up()
                elif how == "reset":
                    self._hang_up(reset=True)
                elif how == "silence":
                    time.sleep(2)
                    self.close_connection = True
                elif how == "cut without saying its length":
                    self.send_response(status)
                    self.end_headers()
                    self.wfile.write(body[: len(body) // 2])
                    self._hang_up()
                elif how == "binary":
                    self._send(status, headers, b"\xff\xfe" + body)
                elif how == "refuses in binary":
                    self._send(400, headers, b"\xff\xfe")
                elif how.startswith("instead: "):
                    self._send(status, headers, how.removeprefix("instead: ").encode())
                elif how.startswith("replace: "):
                    old, new = how.removeprefix("replace: ").split(" -> ")
                    assert old.encode() in body
                    self._send(status, headers, body.replace(old.encode(), new.encode()))
                else:
                    assert not how, how
                    self._send(status, headers, body)

            def _send(
                self, status: int, headers: dict[str, str], body: bytes, send: int | None = None
            ) -> None:
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                for name, value in headers.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body[:send])

            def _hang_up(self, *, reset: bool = False) -> None:
                self.close_connection = True
                if reset:
                    linger = struct.pack("ii", 1, 0)
                    self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)

            def log_message(self, *args: Any) -> None:
                """Silent."""

        return Handler


def _refusal(name: str) -> tuple[int, dict[str, str], bytes]:
    status, headers, body = REFUSALS[name]
    return status, headers, body.encode()


def _new_york_date(bar: str) -> str:
    from datetime import datetime
    from zoneinfo import ZoneInfo

    seconds = int(re.search(r'"t":(-?\d+)', bar)[1]) // 1000  # type: ignore[index]
    return f"{datetime.fromtimestamp(seconds, ZoneInfo('America/New_York')):%Y-%m-%d}"
