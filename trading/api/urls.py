"""The addresses of trading, below /api/v1/. Ids are letters, digits and a few signs."""

from django.urls import path, register_converter

from trading.api import days, market, reading, settings, steering
from trading.pages.recap_views import DayConverter


class NumberConverter:
    """A row's number, as the database can hold it."""

    regex = "[1-9][0-9]{0,17}"

    def to_python(self, value: str) -> int:
        return int(value)

    def to_url(self, value: int) -> str:
        return str(value)


class KeyConverter:
    """An id that the engine derived, or an account's name."""

    regex = "[A-Za-z0-9._:@+-]{1,100}"

    def to_python(self, value: str) -> str:
        return value

    def to_url(self, value: str) -> str:
        return value


register_converter(NumberConverter, "number")
register_converter(KeyConverter, "key")
register_converter(DayConverter, "iso")

urlpatterns = [
    path("accounts", reading.Accounts.as_view(), name="api-accounts"),
    path("accounts/<key:name>", reading.OneAccount.as_view(), name="api-account"),
    path("bars", market.Bars.as_view(), name="api-bars"),
    path("commands", steering.Commands.as_view(), name="api-commands"),
    path("commands/<number:number>", steering.OneCommand.as_view(), name="api-command"),
    path("explain/<key:trade>", market.Explain.as_view(), name="api-explain"),
    path("orders", reading.Orders.as_view(), name="api-orders"),
    path("positions", reading.Positions.as_view(), name="api-positions"),
    path("recaps", days.Recaps.as_view(), name="api-recaps"),
    path("recaps/<iso:day>", days.Recap.as_view(), name="api-recap"),
    path("session/status", steering.Status.as_view(), name="api-status"),
    *(
        path(f"session/{kind}", view.as_view(), name=f"api-{kind}")
        for kind, view in steering.ASKING.items()
    ),
    path("sessions", reading.Sessions.as_view(), name="api-sessions"),
    path("sessions/<number:number>", reading.OneSession.as_view(), name="api-session"),
    path("settings", settings.Settings.as_view(), name="api-settings"),
    path("signals", reading.Signals.as_view(), name="api-signals"),
    path("statistics", reading.Statistics.as_view(), name="api-statistics"),
    path("tiers", reading.Tiers.as_view(), name="api-tiers"),
    path("trades", reading.Trades.as_view(), name="api-trades"),
    path("trades/<key:trade>", reading.OneTrade.as_view(), name="api-trade"),
]
