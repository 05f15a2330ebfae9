"""What a live start demands beyond its options: a preflight that passed today, and the account.

A preflight counts for one account of ours at one account of the broker, for one trading day, and
for the rules that it was made with: whoever changes a limit in the morning looks again.
"""

from django.conf import settings

from engine.config import EngineConfig
from trading import clock
from trading.errors import StartError
from trading.models import Account, Preflight
from trading.pipeline.options import Plan
from trading.real_money.accounts import BrokerAccount, of_row


def passed_preflight(
    plan: Plan, broker: BrokerAccount, config: EngineConfig, *, now: int | None = None
) -> Preflight:
    """The newest preflight of the day, if it passed for what `plan` is going to trade at `broker`
    with `config` (with the tiers that count). `now`: UTC ns. StartError names the remedy."""
    if settings.DEBUG:
        raise StartError("DEBUG is 1, which shows settings on broken pages; unset it to trade live")
    day = plan.schedule.at(clock.now_ns() if now is None else now).day
    again = "run manage.py preflight with the options of this start"
    row = (
        Preflight.objects.filter(
            account=plan.account, broker=broker.broker, broker_account=broker.id, day=day
        )
        .order_by("-created_at", "-pk")
        .first()
    )
    if row is None:
        raise StartError(f"no preflight of {plan.account} for {day}; {again}")
    if not row.passed:
        raise StartError(f"the last preflight of {plan.account} for {day} failed; {again}")
    if row.rules_digest != config.rules_digest:
        raise StartError(
            f"the preflight of {plan.account} for {day} was made with other settings "
            f"({row.rules_digest}, now {config.rules_digest}); {again}"
        )
    return row


def check_bound(account: Account, broker: BrokerAccount) -> None:
    """StartError when an account of ours is another broker account's."""
    before = of_row(account)
    if before is not None and not before.id:
        raise StartError(
            f"account {account.name} was not made by a live start; name another with --account"
        )
    if before is not None and before != broker:
        raise StartError(
            f"account {account.name} is {before}, not {broker}; name another with --account"
        )
