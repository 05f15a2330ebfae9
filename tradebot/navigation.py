"""The admin's sidebar: what a trader looks for first, then what somebody set up once."""

from typing import Any

from django.http import HttpRequest
from django.templatetags.static import static
from django.urls import reverse_lazy

Item = dict[str, Any]


def sidebar(request: HttpRequest) -> list[Item]:
    """Groups of links; unfold hides what the user may not see."""
    return [
        {"title": "Live page", "items": [_link("Open", "monitoring", "live") | {"active": False}]},
        {
            "title": "Trading",
            "items": [
                _list("Trades", "swap_vert", "trading", "trade"),
                _list("Sessions", "today", "trading", "session"),
                _list("Signals", "notifications_active", "trading", "signal"),
                _list("Orders", "receipt_long", "trading", "order"),
                _list("Fills", "done_all", "trading", "fill"),
                _list("Commands", "terminal", "trading", "command"),
                _list("Heartbeats", "ecg_heart", "trading", "heartbeat"),
                _list("Preflights", "checklist", "trading", "preflight"),
                _list("Exports", "cloud_upload", "trading", "export"),
                _list("Audit trail", "history", "trading", "auditevent"),
                _list("Notices", "campaign", "trading", "notice"),
                _list("Deliveries", "outgoing_mail", "trading", "delivery"),
            ],
        },
        {
            "title": "Backtests",
            "items": [
                _link("Start and compare", "science", "backtests") | {"active": False},
                _list("Backtests", "history_toggle_off", "backtests", "backtest"),
                _list("Trades of backtests", "swap_vert", "backtests", "backtesttrade"),
                _list("Days of backtests", "today", "backtests", "backtestday"),
                _list("Studies", "query_stats", "backtests", "study"),
            ],
        },
        {
            "title": "Set up",
            "items": [
                _link("API", "api", "api") | {"active": False},
                _list("Accounts", "account_balance", "trading", "account"),
                _list("Tiers", "stairs", "trading", "tier"),
                _list("Configurations", "tune", "trading", "configuration"),
            ],
        },
        {
            "title": "Market",
            "items": [
                _list("Instruments", "candlestick_chart", "marketdata", "instrument"),
                _list("Contracts", "event_repeat", "marketdata", "contract"),
                _list("Bars", "bar_chart", "marketdata", "bar"),
                _list("Data quality", "fact_check", "marketdata", "dataquality"),
            ],
        },
        {
            "title": "Day by day",
            "items": [
                _list("Schedule", "schedule", "trading", "job"),
                _list("Runs of jobs", "event_available", "trading", "jobrun"),
            ],
        },
        {
            "title": "People and tasks",
            "collapsible": True,
            "items": [
                _list("Users", "person", "auth", "user"),
                _list("Groups", "group", "auth", "group"),
                _list("API tokens", "key", "trading", "apitoken"),
                _list("Periodic tasks", "update", "django_celery_beat", "periodictask"),
                _list("Task results", "task_alt", "django_celery_results", "taskresult"),
            ],
        },
    ]


def _list(title: str, icon: str, app: str, model: str) -> Item:
    return _link(title, icon, f"admin:{app}_{model}_changelist") | {
        "permission": lambda request: request.user.has_perm(f"{app}.view_{model}")
    }


def _link(title: str, icon: str, view: str) -> Item:
    return {"title": title, "icon": icon, "link": reverse_lazy(view)}


def icon(request: HttpRequest) -> str:
    """Our own mark, in the tab and above the sidebar."""
    return static("icon.svg")


def environment(request: HttpRequest) -> list[str] | None:
    """What the admin says at its top while real money is traded."""
    names = _real_money(request)
    return [f"Real money: {', '.join(names)}", "danger"] if names else None


def title_prefix(request: HttpRequest) -> str | None:
    """The same for the window's title."""
    return "Real money ·" if _real_money(request) else None


def _real_money(request: HttpRequest) -> list[str]:
    """Accounts with somebody's money that are traded now, looked up once a page; to users of the
    admin alone."""
    from trading.selectors import real_money_now

    if not request.user.is_staff:
        return []
    found: list[str] | None = getattr(request, "real_money", None)
    if found is None:
        found = request.real_money = real_money_now()  # type: ignore[attr-defined]
    return found
