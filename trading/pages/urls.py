"""The addresses of the pages beside the live one."""

from django.urls import path, register_converter

from trading.pages import notice_views, recap_views, session_views, views

register_converter(recap_views.DayConverter, "day")

urlpatterns = [
    path("trades/", views.trades, name="trades"),
    path("trades/export.csv", views.trades_csv, name="trades-csv"),
    path("trades/<str:pk>/", views.trade, name="trade"),
    path("trades/<str:pk>/story/", views.trade_story, name="trade-story"),
    path("trades/<str:pk>/story.json", views.trade_json, name="trade-json"),
    path("trades/<str:pk>/chart.json", views.trade_data, name="trade-chart"),
    path("sessions/", session_views.session_list, name="sessions"),
    path("sessions/<int:pk>/", session_views.session, name="session"),
    path("notices/", notice_views.notice_list, name="notices"),
    path("recap/", recap_views.last, name="recap"),
    path("recap/<day:day>/", recap_views.day, name="recap-day"),
    path("recap/<day:day>/recap.json", recap_views.day_json, name="recap-json"),
    path("recap/<day:day>/recap.html", recap_views.day_html, name="recap-html"),
]
