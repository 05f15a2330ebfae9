"""Static files, answered before Django is asked.

A page without a build step is more than a hundred small files. Through Django each one passes every
middleware and a thread, in the process that trades. WhiteNoise knows the files and what to answer;
here its answer is sent straight from the event loop: they are small, and read from the system's
cache. What it does not know, and whatever is no static file, is Django's.
"""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from whitenoise.middleware import WhiteNoiseMiddleware

# As Django types them.
Scope = dict[str, Any]
Receive = Callable[[], Awaitable[Mapping[str, Any]]]
Send = Callable[[Mapping[str, Any]], Awaitable[None]]


class StaticFirst:
    def __init__(self, application: Callable[[Scope, Receive, Send], Awaitable[None]]) -> None:
        self._application = application
        files = WhiteNoiseMiddleware(None)
        self._prefix: str = files.static_prefix
        self._find = files.find_file if files.autorefresh else files.files.get

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not scope["path"].startswith(self._prefix):
            await self._application(scope, receive, send)
            return
        file = self._find(scope["path"])
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
        headers = [
            (name.lower().encode("latin-1"), value.encode("latin-1"))
            for name, value in response.headers
        ]
        await send(
            {
                "type": "http.response.start",
                "status": int(response.status),
                "headers": [*headers, (b"x-content-type-options", b"nosniff")],
            }
        )
        await send({"type": "http.response.body", "body": body, "more_body": False})
