"""The addresses of the trader's pages."""

from django.urls import path

from trading import views

urlpatterns = [
    path("", views.live, name="live"),
    path("login/", views.Login.as_view(), name="login"),
    path("login/once/<str:token>/", views.login_once, name="login-once"),
    path("logout/", views.Logout.as_view(), name="logout"),
    path("health/", views.health, name="health"),
]
