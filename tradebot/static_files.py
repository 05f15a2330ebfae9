"""Static files, and what is joined of them, answered before Django is asked.

A page without a build step is more than a hundred small files, joined when they are served
(trading/joined.py). Through Django each answer passes every middleware and a thread, in the process
that trades. WhiteNoise knows the files and what to answer; here its answer is sent straight from
the event loop: they are small, and read from the system's cache. What it does not know, and
whatever is no static file, is Django's.
"""

from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Any

from whitenoise.middleware import WhiteNoiseMiddleware

from trading import joined

# As Django types them.
Scope = dict[str, Any]
Receive = Callable[[], Awaitable[Mapping[str, Any]]]
Send = Callable[[Mapping[str, Any]], Awaitable[None]]


class StaticFirst:
    def __init__(self, application: Callable[[Scope, Receive, Send], Awaitable[None]]) -> None:
        self._application = application
        files = WhiteNoiseMiddleware(None)
        self._prefix: str = files.static_prefix
        self._joined = self._prefix + joined.FOLDER
        self._find = files.find_file if files.autorefresh else files.files.get

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = scope["path"]
        if scope["type"] != "http" or not path.startswith(self._prefix):
            await self._application(scope, receive, send)
        elif path.startswith(self._joined):
            await self._send_joined(path.removeprefix(self._joined), scope, receive, send)
        else:
            await self._send_file(path, scope, receive, send)

    async def _send_joined(self, path: str, scope: Scope, receive: Receive, send: Send) -> None:
        found = joined.answer(path)
        if found is None:
            await self._application(scope, receive, send)
            return
        body = b"" if scope["method"] == "HEAD" else found.file.body
        await _answer(send, 200, found.headers.items(), body)

    async def _send_file(self, path: str, scope: Scope, receive: Receive, send: Send) -> None:
        file = self._find(path)
        if file is None:
            await self._application(scope, receive, send)
            return
        asked = {
            f"HTTP_{name.decode('latin-1').upper().replace('-', '_')}": value.decode("latin-1")
            for name, value in scope["headers"]
        }
        response = file.get_response(scope["method"], asked)
        body = b""
        if response.file is not None:
            with response.file:
                body = response.file.read()
        await _answer(send, int(response.status), response.headers, body)


async def _answer(send: Send, status: int, headers: Iterable[tuple[str, str]], body: bytes) -> None:
    sent = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers]
    sent.append((b"x-content-type-options", b"nosniff"))
    await send({"type": "http.response.start", "status": status, "headers": sent})
    await send({"type": "http.response.body", "body": body, "more_body": False})
