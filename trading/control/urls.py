"""The addresses of steering, below /control/."""

from django.urls import path

from trading.control import views

urlpatterns = [
    path("commands/", views.recent, name="control-commands"),
    path("commands/<int:number>/", views.command, name="control-command"),
    path("settings/", views.settings, name="control-settings"),
    path("<slug:kind>/", views.ask, name="control-ask"),
]
