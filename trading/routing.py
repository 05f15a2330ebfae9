"""The addresses of WebSockets."""

from django.urls import URLPattern, path

from trading.consumers import LiveConsumer
from trading.replay_socket import ReplayConsumer

websocket_urlpatterns: list[URLPattern] = [
    path("ws/live/", LiveConsumer.as_asgi()),  # type: ignore[arg-type]
    path("ws/replay/<int:session>/", ReplayConsumer.as_asgi()),  # type: ignore[arg-type]
]
