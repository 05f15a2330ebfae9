"""Discord's webhooks, on a local port: https://discord.com/developers/docs/resources/webhook

`POST /api/webhooks/ID/TOKEN` takes JSON, or a form with `payload_json` and files, checks what
Discord checks, and answers 204, or 200 with the message to `?wait=true`. Five messages in two
seconds are let through, by `clock`; each answer carries the bucket's headers. What it is told in
`misbehave` it does to the next requests, one each, before it behaves again; while `down` it hangs
up on all.
"""

import json
import re
import socket
import struct
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.parser import BytesParser
from email.policy import HTTP
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

ID: Final = "1158392948171038810"
TOKEN: Final = "wh_S3cretOfNobody-aZ09_xyzzyplugh"
PATH: Final = re.compile(r"/api(?:/v\d+)?/webhooks/(\d+)/([\w-]+)")
LIMITS: Final = {"title": 256, "description": 4096}
PLACES: Final = 5
WINDOW_S: Final = 2.0

Answer = tuple[int, dict[str, str], bytes]


@dataclass(frozen=True)
class Post:
    """A message that was taken."""

    payload: dict[str, Any]
    files: dict[str, tuple[str, str, bytes]] = field(default_factory=dict)

    @property
    def embed(self) -> dict[str, Any]:
        (embed,) = self.payload["embeds"]
        return embed  # type: ignore[no-any-return]

    @property
    def title(self) -> str:
        """As it is shown: without the marks that keep it from being Markdown."""
        return str(self.embed["title"]).replace("\\", "")

    @property
    def facts(self) -> dict[str, str]:
        return {
            each["name"].replace("\\", ""): each["value"].replace("\\", "")
            for each in self.embed.get("fields", ())
        }


class DiscordServer:
    """`posts` are the messages that are in the channel; `asked` counts requests."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.clock = clock
        self.posts: list[Post] = []
        self.asked = 0
        self.misbehave: deque[str] = deque()
        self.down = False
        self.deleted = False
        self.limited = True
        self._hits: deque[float] = deque()
        self._changing = threading.Lock()
        self._hanging = threading.Event()
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._http.daemon_threads = True

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._http.server_port}/api/webhooks/{ID}/{TOKEN}"

    @property
    def titles(self) -> list[str]:
        return [post.title for post in self.posts]

    @contextmanager
    def running(self) -> Iterator["DiscordServer"]:
        thread = threading.Thread(target=self._http.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        try:
            yield self
        finally:
            self._hanging.set()
            self._http.shutdown()
            self._http.server_close()
            thread.join()

    # What it answers

    def answer(self, path: str, kind: str, body: bytes) -> Answer:
        address = urlsplit(path)
        found = PATH.fullmatch(address.path)
        if found is None or self.deleted or found[1] != ID:
            return said(404, "Unknown Webhook", 10015)
        if found[2] != TOKEN:
            return said(401, "Invalid Webhook Token", 50027)
        headers, wait = self._bucket()
        if wait:
            return limited(wait, headers)
        try:
            post = _read(kind, body)
        except ValueError:
            return said(400, "The request body contains invalid JSON.", 50109)
        wrong = _wrong(post)
        if wrong:
            return said(400, wrong, 50035 if post.payload else 50006)
        with self._changing:
            self.posts.append(post)
        if parse_qs(address.query).get("wait") != ["true"]:
            return 204, headers, b""
        message = {"id": str(1_300_000_000_000 + len(self.posts)), "type": 0, **post.payload}
        return 200, headers, json.dumps(message).encode()

    def _bucket(self) -> tuple[dict[str, str], float]:
        """Headers, and for how long nothing more is taken."""
        if not self.limited:
            return {}, 0.0
        now = self.clock()
        with self._changing:
            while self._hits and now - self._hits[0] >= WINDOW_S:
                self._hits.popleft()
            wait = WINDOW_S - (now - self._hits[0]) if len(self._hits) >= PLACES else 0.0
            if not wait:
                self._hits.append(now)
            left = PLACES - len(self._hits)
            reset = WINDOW_S - (now - self._hits[0])
        headers = {
            "X-RateLimit-Limit": str(PLACES),
            "X-RateLimit-Remaining": str(left),
            "X-RateLimit-Reset-After": f"{reset:.3f}",
            "X-RateLimit-Bucket": "80c17d2f203122d936070c88c8d10f33",
        }
        return headers, wait

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        server = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                server.asked += 1
                how = server.misbehave.popleft() if server.misbehave else ""
                if server.down or how == "reset":
                    self._hang_up()
                elif how == "hang":
                    server._hanging.wait(30)
                    self.close_connection = True
                elif how == "takes it and hangs up":
                    server.answer(self.path, self.headers.get("Content-Type", ""), body)
                    self._hang_up()
                elif how:
                    self._send(*_fault(how))
                else:
                    kind = self.headers.get("Content-Type", "")
                    self._send(*server.answer(self.path, kind, body))

            def _send(self, status: int, headers: dict[str, str], body: bytes) -> None:
                self.send_response(status)
                if status != 204:
                    self.send_header("Content-Type", "application/json")
                    self.send_header("Content-Length", str(len(body)))
                for name, value in headers.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body)

            def _hang_up(self) -> None:
                self.close_connection = True
                linger = struct.pack("ii", 1, 0)
                self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)

            def log_message(self, *args: Any) -> None:
                """Silent."""

        return Handler


def said(status: int, message: str, code: int = 0) -> Answer:
    return status, {}, json.dumps({"message": message, "code": code}).encode()


def limited(seconds: float, headers: dict[str, str], *, everywhere: bool = False) -> Answer:
    """A 429: the body has a fraction, the header whole seconds."""
    body = {
        "message": "You are being rate limited.",
        "retry_after": round(seconds, 3),
        "global": everywhere,
    }
    scope = "global" if everywhere else "user"
    more = {"Retry-After": str(int(seconds) + 1), "X-RateLimit-Scope": scope}
    if everywhere:
        more["X-RateLimit-Global"] = "true"
    return 429, headers | more, json.dumps(body).encode()


def _fault(how: str) -> Answer:
    """`429 7.5`, `429 global 30`, `429 without words`, or a status."""
    if how == "429 without words":
        return 429, {}, b"<html>error code: 1015</html>"
    if how.startswith("429 global "):
        return limited(float(how.split()[-1]), {}, everywhere=True)
    if how.startswith("429 "):
        return limited(float(how.split()[-1]), {})
    if how in ("500", "502", "503"):
        return int(how), {}, b"<html><body>Bad Gateway</body></html>"
    if how == "400 with the address":
        return said(400, f"Cannot send to webhooks/{ID}/{TOKEN}", 50035)
    return said(int(how), {"401": "Invalid Webhook Token", "404": "Unknown Webhook"}.get(how, "No"))


def _read(kind: str, body: bytes) -> Post:
    if kind.startswith("application/json"):
        return Post(json.loads(body))
    if not kind.startswith("multipart/form-data"):
        raise ValueError(kind)
    whole = BytesParser(policy=HTTP).parsebytes(f"Content-Type: {kind}\r\n\r\n".encode() + body)
    payload: dict[str, Any] = {}
    files = {}
    for part in whole.iter_parts():  # type: ignore[attr-defined]
        name = part.get_param("name", header="content-disposition")
        content = part.get_payload(decode=True)
        if name == "payload_json":
            payload = json.loads(content)
        else:
            files[name] = (part.get_filename(), part.get_content_type(), content)
    return Post(payload, files)


def _wrong(post: Post) -> str:
    """What Discord would not take of it."""
    embeds = post.payload.get("embeds", [])
    if not embeds and not post.payload.get("content") and not post.files:
        return "Cannot send an empty message"
    if len(embeds) > 10 or "discord" in post.payload.get("username", "").lower():
        return "Invalid Form Body"
    for embed in embeds:
        if any(len(embed.get(name, "")) > most for name, most in LIMITS.items()):
            return "Invalid Form Body"
        fields = embed.get("fields", [])
        if len(fields) > 25 or len(embed.get("footer", {}).get("text", "")) > 2048:
            return "Invalid Form Body"
        for each in fields:
            if not 0 < len(each["name"]) <= 256 or not 0 < len(each["value"]) <= 1024:
                return "Invalid Form Body"
        image = embed.get("image", {}).get("url", "")
        names = {name for name, _, _ in post.files.values()}
        if image.startswith("attachment://") and image.removeprefix("attachment://") not in names:
            return "Invalid Form Body"
    whole = sum(
        len(embed.get("title", "")) + len(embed.get("description", ""))
        + len(embed.get("footer", {}).get("text", ""))
        + len(embed.get("author", {}).get("name", ""))
        + sum(len(each["name"]) + len(each["value"]) for each in embed.get("fields", []))
        for embed in embeds
    )  # fmt: skip
    return "Invalid Form Body" if whole > 6000 else ""
