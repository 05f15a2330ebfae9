"""The addresses of the trader's pages."""

from django.urls import URLPattern

urlpatterns: list[URLPattern] = []
