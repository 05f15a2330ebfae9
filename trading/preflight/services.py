"""What else has to answer: Redis, workers, Discord, the export's target, the watchdog.

Each is looked at only where it is set. None of them is needed to trade but Redis, which carries
commands and pages where it is set: the others warn.
"""

import json
import os
import secrets
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from django.conf import settings

from trading import clock
from trading.errors import TradingError
from trading.preflight.results import Result, failed, passed, warned

REDIS_WITHIN_S: Final = 3.0
REDIS_OLDEST: Final = (6, 2)
KEEPS: Final = "noeviction"
APART_S: Final = 2.0
ASK_WORKERS_S: Final = 2.0
WEBHOOK_WITHIN_S: Final = 8.0
WATCHED_S: Final = 180.0


def redis() -> list[Result]:
    """It answers, keeps what is written, forgets nothing by itself, and has our time."""
    if not settings.REDIS_URL:
        return [passed("Redis", "not set: one process serves pages and trades")]
    from redis import Redis
    from redis.exceptions import AuthenticationError, RedisError

    where = urlsplit(settings.REDIS_URL).hostname
    try:
        with Redis.from_url(
            settings.REDIS_URL,
            socket_connect_timeout=REDIS_WITHIN_S,
            socket_timeout=REDIS_WITHIN_S,
            decode_responses=True,
        ) as client:
            return _redis(client, str(where))
    except AuthenticationError:
        return [failed("Redis", f"{where} refuses the login", "correct REDIS_URL")]
    except (RedisError, OSError) as error:
        why = type(error).__name__
        return [failed("Redis", f"{where} does not answer ({why})", "start it, or unset REDIS_URL")]


def _redis(client: Any, where: str) -> list[Result]:
    key, value = f"{settings.REDIS_PREFIX}:preflight:{secrets.token_hex(6)}", secrets.token_hex(6)
    began = time.perf_counter()
    client.set(key, value, ex=60)
    kept = client.get(key)
    client.delete(key)
    took = (time.perf_counter() - began) * 1000 / 3
    if kept != value:
        return [failed("Redis", f"{where} does not keep what is written", "look into its log")]
    told: dict[str, Any] = client.info("server") | client.info("memory")
    version = tuple(map(int, told["redis_version"].split(".")[:2]))
    text = f"{where} answers in {took:.1f} ms, Redis {told['redis_version']}"
    if version < REDIS_OLDEST:
        least = ".".join(map(str, REDIS_OLDEST))
        return [warned("Redis", f"{text}, which is old", f"use {least} or newer")]
    results = [passed("Redis", text), _memory(told)]
    seconds, micros = client.time()
    apart = abs(time.time() - seconds - micros / 1e6)
    if apart > APART_S:
        remedy = "keep both machines right with NTP"
        results.append(warned("Redis' clock", f"{apart:.0f} s from ours", remedy))
    return results


def _memory(told: dict[str, Any]) -> Result:
    """With a limit and another policy than none, Redis drops tasks and messages when it is full."""
    limit, policy = int(told.get("maxmemory", 0)), told.get("maxmemory_policy", KEEPS)
    used = f"{int(told['used_memory']) / 1e6:,.0f} MB used"
    if limit and policy != KEEPS:
        remedy = f"set maxmemory-policy {KEEPS}: it must not drop what was put there"
        return warned("Redis' memory", f"{used} of {limit / 1e6:,.0f}, policy {policy}", remedy)
    if limit and int(told["used_memory"]) > 0.8 * limit:
        text = f"{used} of {limit / 1e6:,.0f} MB"
        return warned("Redis' memory", text, "give it more, or see what fills it")
    return passed("Redis' memory", f"{used}, {f'policy {policy}' if limit else 'no limit'}")


def workers() -> Result:
    """Somebody takes Celery's tasks, where they are not run in the process that asks."""
    if not settings.REDIS_URL:
        return passed("Workers", "none needed: tasks run in the process that asks for them")
    from celery import current_app
    from kombu.exceptions import KombuError

    remedy = "start one: celery -A tradebot worker"
    try:
        answers = current_app.control.ping(timeout=ASK_WORKERS_S) or []
    except (KombuError, OSError) as error:
        return warned("Workers", f"cannot be asked: {type(error).__name__}", remedy)
    names = sorted(name for answer in answers for name in answer)
    if not names:
        return warned("Workers", "no Celery worker answers: no backtests and no jobs", remedy)
    return passed("Workers", f"{len(names)} answer: {', '.join(names)}"[:300])


def discord() -> Result:
    """The webhook is there. A GET tells its name and sends nothing. Its address is never shown."""
    url: str = settings.DISCORD_WEBHOOK_URL
    if not url:
        return warned("Discord", "not set: nobody is told what happens", "set DISCORD_WEBHOOK_URL")
    import httpx

    remedy = "make a webhook in Discord (server settings, Integrations), set DISCORD_WEBHOOK_URL"
    try:
        answer = httpx.get(url, timeout=WEBHOOK_WITHIN_S)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        return warned("Discord", f"cannot be reached: {type(error).__name__}", "try again")
    if answer.status_code in (401, 403, 404):
        return warned("Discord", f"the webhook does not exist ({answer.status_code})", remedy)
    if not answer.is_success:
        return warned("Discord", f"it answers {answer.status_code}", "try again")
    try:
        name = str(answer.json().get("name") or "")
    except (ValueError, AttributeError):
        return warned("Discord", "the address is not a webhook's", remedy)
    return passed("Discord", f"the webhook {name[:60]} exists")


def export() -> Result:
    """The target answers: it is asked for a file that it cannot have. Nothing is sent."""
    from trading.export.address import Folder, configured
    from trading.export.target import Outgoing, opened

    try:
        address = configured()
        if address is None:
            return passed("Export", "not set: nothing is sent anywhere")
        if isinstance(address, Folder) and not os.access(address.path, os.W_OK | os.X_OK):
            remedy = "mount it, and let this user write there"
            return warned("Export", f"{address} is no folder that can be written", remedy)
        opened(address).holds(Outgoing(Path(settings.DATA_DIR), ".preflight", 0, "0" * 64))
    except TradingError as error:
        return warned("Export", str(error)[:300], "correct EXPORT_TARGET, or wait")
    return passed("Export", f"{address} answers")


def watchdog() -> Result:
    """Who watches the trading process says in DATA_DIR/watchdog.json that he lives."""
    path = Path(settings.DATA_DIR) / "watchdog.json"
    remedy = "start it: manage.py watchdog"
    try:
        told = json.loads(path.read_text())
        looked, ended = datetime.fromisoformat(told["looked_at"]), bool(told["ended"])
    except FileNotFoundError:
        return warned("Watchdog", "none has run here: nobody tells when trading stops", remedy)
    except (OSError, ValueError, KeyError, TypeError):
        return warned("Watchdog", f"{path} cannot be read", remedy)
    age = (clock.now() - looked.astimezone(UTC)).total_seconds()
    if ended:
        return warned("Watchdog", "it was stopped", remedy)
    if age > WATCHED_S:
        return warned("Watchdog", f"last looked {age / 60:,.0f} minutes ago", remedy)
    return passed("Watchdog", f"looked {max(age, 0):.0f} s ago")
