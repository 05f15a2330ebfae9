"""The ASGI application: pages over HTTP, live data over WebSocket.

A socket is taken from our own pages only (its Origin must be an allowed host) and knows its user.
"""

import os

from channels.auth import AuthMiddlewareStack
from channels.routing import ProtocolTypeRouter, URLRouter
from channels.security.websocket import AllowedHostsOriginValidator
from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tradebot.settings")

pages = get_asgi_application()

# Consumers import models, which exist only once Django is set up.
from backtests import routing as backtests_routing  # noqa: E402
from tradebot.static_files import StaticFirst  # noqa: E402
from trading import routing as trading_routing  # noqa: E402

sockets = trading_routing.websocket_urlpatterns + backtests_routing.websocket_urlpatterns

application = ProtocolTypeRouter(
    {
        "http": StaticFirst(pages),
        "websocket": AllowedHostsOriginValidator(
            # The stubs want a type that is private to them.
            AuthMiddlewareStack(URLRouter(sockets))  # type: ignore[arg-type]
        ),
    }
)
