"""The addresses of replays."""

from django.urls import path

from trading.player import views

urlpatterns = [
    path("", views.replays, name="replay"),
    path("<int:session>/", views.replay, name="replay-session"),
]
