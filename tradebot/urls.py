"""The addresses of the product: the admin, backtests, and everything else in `trading`."""

from django.contrib import admin
from django.urls import include, path

urlpatterns = [
    path("admin/", admin.site.urls),
    path("backtests/", include("backtests.pages.urls")),
    path("", include("trading.urls")),
]
