"""The addresses of the pages of backtests, below /backtests/."""

from django.urls import path

from backtests.pages import new_views, run_views, study_views, views

urlpatterns = [
    path("", views.run_list, name="backtests"),
    path("new/", new_views.new, name="backtest-new"),
    path("new/estimate/", new_views.estimate, name="backtest-estimate"),
    path("compare/", views.compare, name="backtest-compare"),
    path("compare/report.html", views.compare_html, name="backtest-compare-html"),
    path("studies/", study_views.study_list, name="studies"),
    path("studies/<int:pk>/", study_views.study, name="study"),
    path("<int:pk>/", run_views.run, name="backtest"),
    path("<int:pk>/progress/", run_views.progress, name="backtest-progress"),
    path("<int:pk>/stop/", run_views.stop, name="backtest-stop"),
    path("<int:pk>/delete/", views.delete, name="backtest-delete"),
    path("<int:pk>/trades/", run_views.trades, name="backtest-trades"),
    path("<int:pk>/trades.csv", run_views.trades_csv, name="backtest-csv"),
    path("<int:pk>/days/", run_views.days, name="backtest-days"),
    path("<int:pk>/report.html", run_views.report_html, name="backtest-html"),
    path("<int:pk>/report.json", run_views.report_json, name="backtest-json"),
]
