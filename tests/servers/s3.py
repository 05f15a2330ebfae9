"""An S3 store on a local port: PUT, HEAD and GET of objects in one bucket.

It checks what S3 checks: the request's signature (version 4, by the published rules), the digest of
the body that was signed, the checksum that came along. What it is told in `misbehave` it does to
the next requests, one each, before it behaves again.
"""

import base64
import hashlib
import hmac
import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final
from urllib.parse import parse_qsl, quote, unquote, urlsplit

KEY_ID: Final = "AKTESTOFNOBODY"
SECRET: Final = "t3st/S3cretOfNobody"
REGION: Final = "us-east-1"
BUCKET: Final = "archive"
STATUS: Final = {
    "SlowDown": 503, "InternalError": 500, "AccessDenied": 403, "SignatureDoesNotMatch": 403,
    "InvalidAccessKeyId": 403, "NoSuchBucket": 404, "NoSuchKey": 404, "BadDigest": 400,
    "XAmzContentSHA256Mismatch": 400,
}  # fmt: skip


@dataclass
class S3Server:
    """`objects` are the bucket's, by key. `checksums`: whether it keeps them, as not every store
    does. `requests` are the methods and keys that came."""

    objects: dict[str, bytes] = field(default_factory=dict)
    checksums: bool = True
    misbehave: deque[str] = field(default_factory=deque)
    requests: list[tuple[str, str]] = field(default_factory=list)
    url: str = ""

    def did(self, method: str) -> list[str]:
        return [key for name, key in self.requests if name == method]


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    store: S3Server

    def log_message(self, *_: Any) -> None:
        pass

    def do_PUT(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if (key := self._admitted(body)) is None:
            return None
        sent = self.headers.get("x-amz-checksum-sha256")
        if sent is not None and sent != checksum(body):
            return self._refuse("BadDigest")
        deed = self._deed()
        if deed == "lose":
            self.store.objects[key] = body[: len(body) // 2]
            return self._drop()
        self.store.objects[key] = body[::-1] if deed == "garble" else body
        return self._answer(200, b"", {"x-amz-checksum-sha256": sent or ""})

    def do_HEAD(self) -> None:
        self._read(with_body=False)

    def do_GET(self) -> None:
        self._read(with_body=True)

    def _read(self, *, with_body: bool) -> None:
        if (key := self._admitted(b"")) is None:
            return None
        body = self.store.objects.get(key)
        if body is None:
            return self._refuse("NoSuchKey")
        headers = {"Last-Modified": "Wed, 12 Jun 2024 21:00:00 GMT", "ETag": '"x"'}
        if self.store.checksums and self.headers.get("x-amz-checksum-mode") == "ENABLED":
            headers["x-amz-checksum-sha256"] = checksum(body)
        return self._answer(200, body, headers, with_body=with_body)

    def _admitted(self, body: bytes) -> str | None:
        """The key that is meant; None when the request was refused."""
        path = unquote(urlsplit(self.path).path)
        bucket, _, key = path.lstrip("/").partition("/")
        self.store.requests.append((self.command, key))
        if self.store.misbehave and self.store.misbehave[0] in STATUS:
            self._refuse(self.store.misbehave.popleft())
        elif self.store.misbehave and self.store.misbehave[0] == "drop":
            self.store.misbehave.popleft()
            self._drop()
        elif f"Credential={KEY_ID}/" not in self.headers.get("Authorization", ""):
            self._refuse("InvalidAccessKeyId")
        elif not self._signed():
            self._refuse("SignatureDoesNotMatch")
        elif self._said_digest() not in ("UNSIGNED-PAYLOAD", hashlib.sha256(body).hexdigest()):
            self._refuse("XAmzContentSHA256Mismatch")
        elif bucket != BUCKET:
            self._refuse("NoSuchBucket")
        else:
            return key
        return None

    def _deed(self) -> str:
        told = self.store.misbehave and self.store.misbehave[0] in ("garble", "lose")
        return self.store.misbehave.popleft() if told else ""

    def _said_digest(self) -> str:
        return str(self.headers.get("x-amz-content-sha256"))

    def _signed(self) -> bool:
        """By https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html"""
        scheme, _, rest = self.headers["Authorization"].partition(" ")
        parts = dict(part.strip().split("=", 1) for part in rest.split(","))
        _, day, region, service, _ = parts["Credential"].split("/")
        asked = urlsplit(self.path)
        query = sorted(parse_qsl(asked.query, keep_blank_values=True))
        names = parts["SignedHeaders"].split(";")
        canonical = "\n".join(
            [
                self.command,
                quote(unquote(asked.path), safe="/-_.~"),
                "&".join(f"{quote(a, safe='-_.~')}={quote(b, safe='-_.~')}" for a, b in query),
                *(f"{name}:{' '.join(self.headers[name].split())}" for name in names),
                "",
                parts["SignedHeaders"],
                self._said_digest(),
            ]
        )
        scope = f"{day}/{region}/{service}/aws4_request"
        digest = hashlib.sha256(canonical.encode()).hexdigest()
        text = "\n".join([scheme, self.headers["x-amz-date"], scope, digest])
        key = f"AWS4{SECRET}".encode()
        for word in (day, REGION, "s3", "aws4_request"):
            key = hmac.digest(key, word.encode(), "sha256")
        return hmac.compare_digest(
            hmac.digest(key, text.encode(), "sha256").hex(), parts["Signature"]
        )

    def _refuse(self, code: str) -> None:
        text = f"<Error><Code>{code}</Code><Message>{code} of {KEY_ID}</Message></Error>"
        self._answer(
            STATUS[code], text.encode(), {"Content-Type": "application/xml"},
            with_body=self.command != "HEAD",
        )  # fmt: skip

    def _answer(
        self, status: int, body: bytes, headers: dict[str, str], *, with_body: bool = True
    ) -> None:
        self.send_response(status)
        for name, value in headers.items():
            if value:
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if with_body:
            self.wfile.write(body)

    def _drop(self) -> None:
        """The line breaks."""
        self.close_connection = True
        self.connection.close()


def checksum(body: bytes) -> str:
    return base64.b64encode(hashlib.sha256(body).digest()).decode()


@contextmanager
def serving() -> Iterator[S3Server]:
    store = S3Server()
    handler = type("OneStore", (Handler,), {"store": store})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    store.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield store
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
