"""The ASGI application: pages over HTTP, live data over WebSocket.

A socket is taken from our own pages only (its Origin must be an allowed host) and knows its user.
"""

import os
import warnings

from channels.auth import AuthMiddlewareStack
from channels.routing import ProtocolTypeRouter, URLRouter
from channels.security.websocket import AllowedHostsOriginValidator
from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tradebot.settings")

# WhiteNoise hands out files as plain iterators; they are small, and Django reads them in a thread.
warnings.filterwarnings(
    "ignore", message="StreamingHttpResponse must consume synchronous iterators"
)

pages = get_asgi_application()

# Consumers import models, which exist only once Django is set up.
from trading.routing import websocket_urlpatterns  # noqa: E402

application = ProtocolTypeRouter(
    {
        "http": pages,
        "websocket": AllowedHostsOriginValidator(
            # The stubs want a type that is private to them.
            AuthMiddlewareStack(URLRouter(websocket_urlpatterns))  # type: ignore[arg-type]
        ),
    }
)
