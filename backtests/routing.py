"""The addresses of WebSockets."""

from django.urls import URLPattern, path

from backtests.consumers import BacktestsConsumer

websocket_urlpatterns: list[URLPattern] = [
    path("ws/backtests/", BacktestsConsumer.as_asgi()),  # type: ignore[arg-type]
]
