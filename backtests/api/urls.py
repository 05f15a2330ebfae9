"""The addresses of backtests, below /api/v1/backtests."""

from django.urls import path

from backtests.api import views

urlpatterns = [
    path("backtests", views.Runs.as_view(), name="api-backtests"),
    path("backtests/<number:number>", views.OneRun.as_view(), name="api-backtest"),
    path("backtests/<number:number>/cancel", views.Cancel.as_view(), name="api-backtest-cancel"),
    path("backtests/<number:number>/trades", views.RunTrades.as_view(), name="api-backtest-trades"),
    path("backtests/<number:number>/report", views.Report.as_view(), name="api-backtest-report"),
]
