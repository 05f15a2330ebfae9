"""Runs the stored days on Celery workers: `python -m bench.celery_year STORE`.

Each line on stdin is how many workers there shall be, each with one process; the answer is a line
with the wall seconds from asking for the run to its last row, and its digest. PostgreSQL and Redis
are found as the tests find them, or started; what was kept of the run before is deleted.
"""

import hashlib
import json
import os
import shutil
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

from tests.backtests.workers import OwnRedis, Worker, until
from tests.services import find_postgres

if TYPE_CHECKING:
    from backtests.plan import Plan


def main() -> None:
    """Answer until stdin ends."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="tradebot-celery-")))
        (folder / "ticks").symlink_to(Path(sys.argv[1]).resolve())
        redis = OwnRedis(folder)
        stack.callback(redis.kill)
        postgres = find_postgres(os.environ)
        stack.callback(postgres.close)
        os.environ.update(
            ENV_FILE="",
            DATA_DIR=str(folder),
            DATABASE_URL=postgres.url,
            REDIS_URL=redis.url,
            SECRET_KEY="only-for-the-bench-" + "x" * 40,
            LOG_LEVEL="WARNING",
        )
        plan = prepared(folder)
        workers: list[Worker] = []
        stack.callback(lambda: [worker.kill() for worker in workers])
        for line in sys.stdin:
            wanted = json.loads(line)
            while len(workers) < wanted:
                workers.append(started(folder, len(workers)))
                until(lambda: workers[-1].ready, "the worker is ready")
                measured(plan, folder)  # what it compiles and imports at first
            while len(workers) > wanted:
                workers.pop().kill()
            print(json.dumps(measured(plan, folder)), flush=True)


def started(folder: Path, number: int) -> Worker:
    """Its log says when it is ready."""
    return Worker(folder, f"worker-{number}", {**os.environ, "LOG_LEVEL": "INFO"})


def prepared(folder: Path) -> "Plan":
    """Tables, and what is to be run."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tradebot.settings")
    import django
    from django.core.management import call_command

    django.setup()
    call_command("migrate", verbosity=0)

    from bench.year import plan_of
    from marketdata.store import TickStore

    return plan_of(TickStore(folder / "ticks"))


def measured(plan: "Plan", folder: Path) -> dict[str, object]:
    """One run, from asking for it to its end."""
    from backtests import control, storing
    from backtests.models import Backtest

    shutil.rmtree(folder / "backtests", ignore_errors=True)
    before = time.perf_counter()
    row = control.ask(plan, asked_from=Backtest.Asked.API)
    while row.status in (Backtest.Status.WAITING, Backtest.Status.RUNNING):
        time.sleep(0.02)
        row.refresh_from_db(fields=["status", "error"])
    seconds = time.perf_counter() - before
    if row.status != Backtest.Status.DONE:
        raise RuntimeError(f"the run on workers {row.status}: {row.error}")
    days = repr(storing.load(row).days)
    return {"seconds": seconds, "digest": hashlib.sha256(days.encode()).hexdigest()}


if __name__ == "__main__":
    main()
