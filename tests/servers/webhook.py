"""A webhook of Discord's on this machine, as far as a GET asks for it: a real server and socket.

    with Webhook() as webhook:
        settings.DISCORD_WEBHOOK_URL = webhook.url

`answer` is what the next requests get; `asked` lists their methods and paths.
"""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

SECRET = "hunter2-Xk3_webhook-secret"
PATH = f"/api/webhooks/1234567890/{SECRET}"


class Webhook:
    def __init__(self) -> None:
        self.status, self.body = 200, json.dumps({"type": 1, "name": "tradebot"})
        self.asked: list[tuple[str, str]] = []
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}{PATH}"

    def answer(self, status: int, body: Any) -> None:
        self.status, self.body = status, body if isinstance(body, str) else json.dumps(body)

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                outer.asked.append((self.command, self.path))
                body = outer.body.encode()
                self.send_response(outer.status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            do_POST = do_GET

            def log_message(self, *_: object) -> None:
                """Nothing."""

        return Handler
