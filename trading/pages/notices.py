"""Reading what the trader was told, for its page."""

from collections.abc import Mapping
from dataclasses import dataclass

from django.db.models import Prefetch, QuerySet

from trading.models import Account, Delivery, Notice
from trading.pages.answers import query_of


@dataclass(frozen=True, kw_only=True)
class NoticeFilter:
    """What an address asks for; "" is all."""

    level: str = ""
    kind: str = ""
    account: str = ""

    def query(self, page: int = 1) -> str:
        """The address's question, for a page of the same list."""
        asked = {"level": self.level, "kind": self.kind, "account": self.account}
        return query_of(asked | {"page": page if page > 1 else ""})


def notice_filter(asked: Mapping[str, str]) -> NoticeFilter:
    names = ("level", "kind", "account")
    return NoticeFilter(**{name: asked.get(name, "") for name in names})


def notices(wanted: NoticeFilter) -> QuerySet[Notice]:
    """Newest first, with what became of each."""
    deliveries = Prefetch("deliveries", Delivery.objects.order_by("channel"))
    rows = Notice.objects.prefetch_related(deliveries)
    for name in ("level", "kind", "account"):
        if value := getattr(wanted, name):
            rows = rows.filter(**{name: value})
    return rows.order_by("-created_at", "-pk")


def choices() -> dict[str, list[str]]:
    """What the list can be narrowed to."""
    kinds = Notice.objects.order_by("kind").values_list("kind", flat=True).distinct()
    return {
        "level": list(Notice.Level.values),
        "kind": list(kinds),
        "account": list(Account.objects.order_by("name").values_list("name", flat=True)),
    }


def trade_of(notice: Notice) -> str:
    """The trade that it is about; "" if it is about none."""
    about, _, rest = notice.key.partition("/")
    return rest.partition("/")[0] if about == "trade" else ""
