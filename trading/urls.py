"""The addresses of the trader's pages."""

from django.conf import settings
from django.urls import include, path

from trading import joined, views

urlpatterns = [
    path("", views.live, name="live"),
    path("control/", include("trading.control.urls")),
    path("login/", views.Login.as_view(), name="login"),
    path("login/once/<str:token>/", views.login_once, name="login-once"),
    path("logout/", views.Logout.as_view(), name="logout"),
    path(
        f"{settings.STATIC_URL.lstrip('/')}{joined.FOLDER}<path:path>", joined.view, name="joined"
    ),
    path("health/", views.health, name="health"),
    path("replay/", include("trading.player.urls")),
    path("", include("trading.pages.urls")),
]
