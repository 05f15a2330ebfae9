"""What a start finds in the database and leaves there: account, session, carry.

A paper pipeline that is started again on the same trading day continues the day's session with the
account's current balance; its trade ids go on where they stopped. A run whose process died goes on
from its journal (`trading/journal/resuming.py`). What had none, because its ticks cannot be had
again, is lost with its process: trades and orders that were open are marked abandoned, and the
audit says so.
"""

from dataclasses import dataclass, replace
from datetime import date
from typing import TYPE_CHECKING, Any, Final

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from engine.config import EngineConfig
from engine.config import Tier as EngineTier
from engine.events import Carry
from engine.money import to_units
from engine.names import Halt
from engine.risk import ENDS_WITH_DAY, tier_of
from engine.schedule import TradingDay
from marketdata.models import Contract, moment
from trading.errors import OptionError, StartError
from trading.models import Account, AuditEvent, Command, Order, Session, Tier, Trade
from trading.notify.telling import tell
from trading.pipeline.market import Market
from trading.pipeline.options import Plan, with_account
from trading.pipeline.rows import carried_levels, carry_json
from trading.real_money.balance import adopt_balance
from trading.real_money.demands import check_bound, passed_preflight

if TYPE_CHECKING:
    from marketdata.feeds import FeedInfo
    from trading.journal.recording import Recording
    from trading.journal.replaying import Replay

LOST: Final = "lost with the process in paper mode"


@dataclass(frozen=True, kw_only=True)
class Start:
    """A session that is begun or continued. `journal` keeps what its engine is given; `replay` is
    what it was given before, by a process that died. `held`: what people halted since then, which
    no journal knows."""

    session: Session
    config: EngineConfig
    carry: Carry
    journal: "Recording | None" = None
    replay: "Replay | None" = None
    held: tuple[Halt, ...] = ()


def open_account(plan: Plan, *, now: int | None = None) -> Account:
    """The account. A new one is made with the configured balance, or, in live mode, with the
    broker's as today's preflight found it; there a preflight must have passed. `now`: UTC ns."""
    balance, defaults = plan.config.account.balance, {}
    if plan.broker is not None:
        preflight = passed_preflight(plan, plan.broker, with_tiers(plan), now=now)
        balance = balance if preflight.balance is None else preflight.balance
        defaults = {"broker": plan.broker.broker, "broker_account": plan.broker.id}
    rules = plan.config.account
    account, created = Account.objects.get_or_create(
        name=plan.account,
        defaults={
            "mode": plan.mode,
            "currency": plan.config.instrument.currency,
            "balance": balance,
            "peak": max(rules.peak or balance, balance),
            "streak": rules.streak,
            **defaults,
        },
    )
    if account.mode != plan.mode:
        raise StartError(
            f"account {account.name} is for {account.mode}, not {plan.mode}; name another with "
            "--account"
        )
    if plan.broker is not None:
        check_bound(account, plan.broker)
    if not account.enabled:
        raise StartError(f"account {account.name} is disabled; enable it in the admin")
    if plan.balance_given and not created and account.balance != rules.balance:
        raise OptionError(
            f"--set account.balance: account {account.name} exists and has {account.balance:f}; "
            "name a new one with --account"
        )
    return account


def with_tiers(plan: Plan) -> EngineConfig:
    """The plan's configuration with the tiers that count: its own, or the database's."""
    rules = plan.config.risk
    if not plan.tiers_given:
        rules = replace(rules, tiers=stored_tiers(plan.ladder))
    return replace(plan.config, risk=rules)


def stored_tiers(ladder: str) -> tuple[EngineTier, ...]:
    """The ladder's tiers as the engine takes them."""
    return tuple(
        EngineTier(
            name=tier.name,
            min_balance=tier.min_balance,
            symbol=tier.instrument_id or "",
            min_size=tier.min_size,
            max_size=tier.max_size,
            loss_limit=tier.loss_limit,
        )
        for tier in Tier.objects.filter(ladder=ladder).order_by("min_balance")
    )


def last_tick(account: Account) -> int:
    """How far the account has come in event time (UTC ns); 0 for a new one."""
    sessions = Session.objects.filter(account=account).order_by("-last_tick_ns")
    return sessions.values_list("last_tick_ns", flat=True).first() or 0


@transaction.atomic
def begin(plan: Plan, account: Account, market: Market, *, answering: int | None = None) -> Start:
    """Begin or continue the session that the market's first tick falls into. `answering`: the
    command that asked for it, which is answered afterwards."""
    info, first_ts = market.info, market.first_ts
    day = plan.schedule.at(first_ts)
    adopted = None
    if plan.broker is not None:
        preflight = passed_preflight(plan, plan.broker, with_tiers(plan))
        adopted = adopt_balance(account, preflight, day.day, settings.LIVE_BALANCE_TOLERANCE)
    config = configured(plan, account)
    session = _session(plan, account, info, day, config)
    session.feed = feed_json(plan, market)
    session.save()
    # A recording that is played again begins at its beginning.
    session.last_tick_ns = min(session.last_tick_ns, max(first_ts, market.warm_until))
    abandoned = _abandon(account, session, first_ts, answering)
    carry = _carry(account, session, config)
    session.carry_start = session.carry_start or carry_json(carry)
    session.save()
    if adopted is not None:
        audit(session, first_ts, "balance_adopted", adopted)
    if info.contract:
        Contract.objects.get_or_create(instrument_id=plan.symbol, symbol=info.contract)
    audit(
        session,
        first_ts,
        "started",
        {
            "start": session.starts,
            "carry": carry_json(carry),
            "config": config.digest,
            "settings": config.as_tree(changed=True),
            "rules": config.rules_digest,
            "configuration": plan.config_name,
            "source": info.source,
            "feed": session.feed,
            "speed": plan.speed_name,
            "abandoned": abandoned,
            "warnings": list(info.warnings),
        },
    )
    return Start(session=session, config=config, carry=carry)


def configured(plan: Plan, account: Account) -> EngineConfig:
    """The plan's configuration with what the database has: the account's figures, the tiers."""
    return with_account(
        with_tiers(plan),
        name=account.name,
        balance=account.balance,
        peak=max(account.peak, account.balance),
        streak=account.streak,
    )


def feed_json(plan: Plan, market: Market) -> dict[str, Any]:
    """What it takes to give the engine the same ticks again. Without a "kind" they are lost."""
    return {
        **market.origin,
        "symbol": plan.symbol,
        "session": plan.schedule.session,
        "warm_until": market.warm_until,
    }


def audit(
    session: Session | None, ts: int, kind: str, payload: dict[str, Any], *, actor: str = "pipeline"
) -> None:
    """Write an event that no engine said, and what the trader hears of it."""
    with transaction.atomic():
        row = AuditEvent.objects.create(
            ts_ns=ts,
            ts=moment(ts),
            recorded_at=timezone.now(),
            kind=kind,
            session=session,
            actor=actor,
            payload=payload,
        )
        tell(row)


def _session(
    plan: Plan, account: Account, info: "FeedInfo", day: TradingDay, config: EngineConfig
) -> Session:
    session = Session.objects.filter(account=account, day=day.day).first()
    if session is None:
        session = Session(account=account, day=day.day, started_at=timezone.now())
    elif session.instrument_id != plan.symbol:
        raise StartError(
            f"account {account.name} traded {session.instrument_id} on {day.day}; name another "
            f"account for {plan.symbol} with --account"
        )
    session.account = account
    session.instrument_id = plan.symbol
    session.contract = info.contract
    session.mode = plan.mode
    session.timeframe = config.bars.seconds
    session.status, session.ended_at = Session.Status.RUNNING, None
    session.starts += 1
    session.source = info.source[:120]
    session.synthetic = info.synthetic
    session.inferred = info.side == "inferred"
    session.speed = plan.speed_name
    session.fill_profile = config.fills.profile
    session.config, session.config_digest = config.as_dict(), config.digest
    session.config_name, session.rules_digest = plan.config_name[:120], config.rules_digest
    session.balance = account.balance
    return session


def _carry(account: Account, session: Session, config: EngineConfig) -> Carry:
    balance = to_units(account.balance)
    left = _left(session)
    return Carry(
        balance=balance,
        peak=max(to_units(account.peak), balance),
        streak=account.streak,
        tier=tier_of(config.risk, balance).name,
        halts=tuple(halt for halt in map(Halt, account.halts) if halt not in ENDS_WITH_DAY),
        unfinished=tuple((price, side) for price, side in left.get("unfinished", ())),
        levels=carried_levels(left),
        sequence=_sequence(account, session.day),
        day_pnl=_day_pnl(session),
    )


def _left(session: Session) -> dict[str, Any]:
    """The carry of the same market: as the day began, or as the day before left it."""
    if session.carry_start:
        began: dict[str, Any] = session.carry_start
        return began
    before = Session.objects.filter(
        account=session.account,
        instrument_id=session.instrument_id,
        source=session.source,
        contract=session.contract,  # another contract's levels are at other prices
        day__lt=session.day,
    )
    last = before.order_by("-day").first()
    return last.carry_end if last else {}


def _day_pnl(session: Session) -> int:
    """Realised net P&L of the day's earlier runs: its limits count them too."""
    closed = session.trades.filter(status=Trade.Status.CLOSED)
    return sum(to_units(net) for net in closed.values_list("net", flat=True) if net is not None)


def _sequence(account: Account, day: date) -> int:
    """How many trades the account has already ordered on this day: ids go on from there."""
    prefix = f"{account.name}-{day:%Y%m%d}-"
    names = Trade.objects.filter(account=account, pk__startswith=prefix).values_list("pk")
    numbers = (name.removeprefix(prefix) for (name,) in names)
    return max((int(number) for number in numbers if number.isdecimal()), default=0)


def _abandon(account: Account, session: Session, ts: int, answering: int | None) -> list[str]:
    """Close the books on what a process left behind that did not stop by itself."""
    unfinished = (Trade.Status.WAITING, Trade.Status.OPEN)
    trades = list(Trade.objects.filter(account=account, status__in=unfinished))
    orders = Order.objects.filter(trade__account=account).exclude(status__in=Order.OVER)
    orders.update(status=Order.Status.ABANDONED, reason=LOST)
    for trade in trades:
        audit(session, ts, "trade_abandoned", {"trade": trade.pk, "reason": LOST})
    Trade.objects.filter(pk__in=[trade.pk for trade in trades]).update(
        status=Trade.Status.ABANDONED, exit_reason="abandoned"
    )
    Session.objects.filter(account=account, status=Session.Status.RUNNING).exclude(
        pk=session.pk
    ).update(status=Session.Status.STOPPED)
    taken = Command.objects.filter(account=account, status=Command.Status.EXECUTING)
    taken.exclude(pk=answering or 0).update(
        status=Command.Status.UNKNOWN, result="its pipeline ended before it answered"
    )
    return [trade.pk for trade in trades]
