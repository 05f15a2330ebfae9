"""What must be true when a world's day is over, from the exchange's own books.

Each figure counts what was lost, and must be 0.
"""

from collections import Counter
from decimal import Decimal
from typing import TYPE_CHECKING, Final

from tests.chaos.market import SYMBOL, market_day

if TYPE_CHECKING:
    from tests.chaos.world import World

TICK: Final = Decimal("0.25")
UNPROTECTED_S: Final = 15.0
"""As long as a restart, the line to the broker and the first look at its books may take here, with
two worlds on two cores and the line cut in between."""
LOSSES: Final = (
    "duplicate orders",
    "fills lost",
    "fills doubled",
    "positions unprotected for too long",
    "cents of P&L that differ",
    "position or orders left at the exchange",
    "trades without an end",
    "decisions that differ from an undisturbed day",
    "rows that the journal does not give",
    "audit events doubled",
    "ended by itself",
)


def checked(world: "World") -> tuple[dict[str, int], list[str]]:
    """What was lost, by kind; and what there is to say."""
    lost: Counter[str] = Counter()
    lost["ended by itself"] = sum(
        count for name, count in world.counts.items() if name.startswith(("gave up", "last life"))
    )
    notes = _replayed(lost)
    if world.words.mode == "live":
        notes += _at_the_exchange(world, lost)
    else:
        notes += _undisturbed(world, lost)
    return dict(lost), notes


def _at_the_exchange(world: "World", lost: Counter[str]) -> list[str]:
    from trading.models import Fill, Trade

    books = world.outside.ask("books")
    for tag, count in books.tags.items():
        if count > 1:
            lost["duplicate orders"] += count - 1
            world.notes.append(f"{tag} came to the exchange {count} times")
    ours = Counter((fill.side * fill.size, int(fill.price / TICK)) for fill in Fill.objects.all())
    theirs = Counter((size, price) for _, size, price in books.fills.values())
    lost["fills lost"] = (theirs - ours).total()
    lost["fills doubled"] = (ours - theirs).total()
    late = [seconds for seconds in books.unprotected if seconds > UNPROTECTED_S]
    lost["positions unprotected for too long"] = len(late)
    net = sum((net for net in Trade.objects.values_list("net", flat=True) if net), Decimal(0))
    lost["cents of P&L that differ"] = int(abs(net - (books.realised - books.commissions)) * 100)
    lost["position or orders left at the exchange"] = abs(books.position) + books.working
    lost["trades without an end"] = Trade.objects.filter(status__in=("open", "waiting")).count()
    longest = max(books.unprotected, default=0.0)
    return [
        f"{len(books.tags)} orders, {len(books.fills)} fills, P&L {books.realised} less"
        f" {books.commissions}; unprotected at most {longest:.2f} s"
    ]


def _undisturbed(world: "World", lost: Counter[str]) -> list[str]:
    """Simulated fills know no outside: every trade must be that of a day without a disturbance."""
    from engine.engine import Engine
    from engine.events import TradeClosed
    from engine.money import to_decimal
    from marketdata.calendars import schedule
    from trading.models import Session, Trade
    from trading.stored_session import carry_of, config_of

    (session,) = Session.objects.all()
    config = config_of(SYMBOL, session.config)
    engine = Engine(config, schedule(config.instrument, "rth"), carry=carry_of(session.carry_start))
    day = market_day(world.words.seed, world.words.ticks_per_day, world.words.hours)
    said = [*engine.push_columns(day.ticks), *engine.finish()]
    closed = [event.trade for event in said if isinstance(event, TradeClosed)]
    expected = {
        (
            trade.id,
            trade.entry_ts,
            trade.exit_ts,
            trade.exit_reason.value,
            to_decimal(trade.pnl_net),
        )
        for trade in closed
    }
    fields = ("id", "entry_ns", "exit_ns", "exit_reason", "net")
    ours = set(Trade.objects.values_list(*fields))
    lost["decisions that differ from an undisturbed day"] = len(expected ^ ours)
    return [f"{len(expected)} trades undisturbed, {len(expected & ours)} of them the same"]


def _replayed(lost: Counter[str]) -> list[str]:
    """What is stored is what the journals of all lives give in one go, and is stored once."""
    from django.db.models import Q

    from trading.models import AuditEvent, Session
    from trading.parity.rows import differences

    found = [line for session in Session.objects.all() for line in differences(session)]
    lost["rows that the journal does not give"] = len(found)
    # What the engine said is told once. What the line and the dispatcher did may happen twice.
    said = AuditEvent.objects.filter(
        Q(actor="engine") | Q(actor="broker", payload__has_key="trade")
    )
    trail = Counter(
        (kind, ts, str(payload))
        for kind, ts, payload in said.values_list("kind", "ts_ns", "payload")
    )
    doubled = [f"{kind} {payload}" for (kind, _, payload), count in trail.items() if count > 1]
    lost["audit events doubled"] = sum(count - 1 for count in trail.values())
    return [*found[:5], *doubled[:5]]
