"""The addresses of WebSockets."""

from django.urls import URLPattern, path

from trading.consumers import LiveConsumer

websocket_urlpatterns: list[URLPattern] = [
    path("ws/live/", LiveConsumer.as_asgi()),  # type: ignore[arg-type]
]
