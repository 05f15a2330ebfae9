"""Settings that work and may hurt: each is allowed, and worth a second look.

What cannot be meant is refused long before this, when settings are read. `live`: real money.
"""

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Final

from django.conf import settings

from engine.config import EngineConfig
from trading.pipeline.options import Plan
from trading.preflight.results import Result, passed, warned

MANY_LOTS: Final = 10
WIDE_COLLAR: Final = Decimal(5)
OLD_TICK_S: Final = 60
PART_OF_BALANCE: Final = Decimal("0.25")
LOCAL: Final = {"127.0.0.1", "localhost", "[::1]", "testserver"}


def dangers(plan: Plan, config: EngineConfig) -> list[Result]:
    """One result for each, or one that there is none."""
    live = plan.broker is not None
    found = [*_pages(), *_money(plan, config), *(_live() if live else ())]
    return found or [passed("Dangers", "no setting stands out")]


def _pages() -> Iterator[Result]:
    if settings.DEBUG:
        text = "a broken page shows settings and variables to whoever opens it"
        yield warned("DEBUG", text, "unset DEBUG")
    if "*" in settings.ALLOWED_HOSTS:
        yield warned("ALLOWED_HOSTS", "any name is accepted", "name the hosts")
    elif set(settings.ALLOWED_HOSTS) - LOCAL and not settings.BEHIND_HTTPS:
        text = "pages are opened by other names than this machine's, and cookies go unencrypted"
        yield warned("BEHIND_HTTPS", text, "put a proxy with TLS in front, and set BEHIND_HTTPS=1")
    secret = Path(settings.DATA_DIR) / "secret_key"
    if secret.is_file() and secret.stat().st_mode & 0o077:
        yield warned("Secret key", f"{secret} can be read by others", f"chmod 600 {secret}")
    env = Path(settings.BASE_DIR) / ".env"
    if env.is_file() and env.stat().st_mode & 0o077:
        yield warned(".env", "it holds passwords and can be read by others", f"chmod 600 {env}")
    if str(settings.DATA_DIR).startswith(("/tmp/", "/dev/shm", "/run/")):  # noqa: S108 (compared)
        text = f"{settings.DATA_DIR} is gone when the machine starts again"
        yield warned("DATA_DIR", text, "name a folder that stays")


def _money(plan: Plan, config: EngineConfig) -> Iterator[Result]:
    if config.fills.profile == "ideal":
        text = "fills without slippage, latency and fees: results are too good"
        yield warned("Fills", text, "leave --fills ideal out")
    most = max(tier.max_size for tier in config.risk.tiers) * config.risk.lots_per_unit
    if most > MANY_LOTS:
        yield warned("Size", f"a tier trades up to {most} lots", "see that you mean it")
    balance = config.account.balance
    for name, limit in (
        ("risk.loss_limit", config.risk.loss_limit),
        ("risk.max_drawdown", config.risk.max_drawdown),
    ):
        part = PART_OF_BALANCE * (2 if name == "risk.max_drawdown" else 1)
        if limit > part * balance:
            share = limit / balance * 100
            text = f"{limit:,.2f} is {share:.0f} % of the balance that is configured"
            yield warned(name, text, "lower it, unless you mean it")
    if plan.live and settings.WARMUP_HOURS == 0:
        text = "a start hears nothing before it trades: no regime, no levels"
        yield warned("WARMUP_HOURS", text, "leave it at 3")


def _live() -> Iterator[Result]:
    for name in ("ON_FEED_LOST", "ON_DATABASE_LOST"):
        if getattr(settings, name) == "none":
            text = "nothing is done when it is lost, with real money"
            yield warned(name, text, "set it to halt or flatten")
    for name in ("LIVE_MAX_ORDER_SIZE", "LIVE_MAX_POSITION"):
        sizes = [int(word.rpartition(":")[2]) for word in getattr(settings, name)]
        if max(sizes) > MANY_LOTS:
            yield warned(name, f"up to {max(sizes)} lots pass the guard", "see that you mean it")
    if settings.LIVE_PRICE_COLLAR_PERCENT > WIDE_COLLAR:
        text = f"stops and targets up to {settings.LIVE_PRICE_COLLAR_PERCENT} % away pass the guard"
        yield warned("LIVE_PRICE_COLLAR_PERCENT", text, "lower it")
    if settings.LIVE_STALE_TICK_S > OLD_TICK_S:
        text = f"entries on a price that is {settings.LIVE_STALE_TICK_S} s old"
        yield warned("LIVE_STALE_TICK_S", text, "lower it")
    if settings.CONFIRM_LIVE:
        text = "real money is traded without a person's yes"
        yield warned("CONFIRM_LIVE", text, "unset it where a person starts it")
    if settings.LOG_LEVEL == "ERROR":
        text = "orders and fills are not in the log"
        yield warned("LOG_LEVEL", text, "set it to INFO")
    if settings.EMBEDDED:
        text = "SQLite: one machine, one writer at a time"
        yield warned("DATABASE_URL", text, "use PostgreSQL for real money")
