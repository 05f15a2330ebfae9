"""The addresses of the product: the admin, backtests, API, figures, the rest in `trading`."""

from django.contrib import admin
from django.urls import include, path

from trading.observing.views import metrics

urlpatterns = [
    path("admin/", admin.site.urls),
    path("backtests/", include("backtests.pages.urls")),
    path("metrics", metrics, name="metrics"),
    path("", include("tradebot.api")),
    path("", include("trading.urls")),
]
