"""What a heartbeat says of the pipeline and of its process. docs/heartbeat.md is the contract.

Money is text, times are ISO with their zone, ages are seconds of the trading day's clock.
"""

import os
import resource
import time
import tomllib
from collections.abc import Sequence
from datetime import date
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Final

from django.conf import settings

from engine.events import DayStarted, Event, SignalDetected, TradeClosed
from engine.text import units_text
from engine.ticks import NS
from marketdata.models import moment
from trading.clock import real
from trading.pipeline.watch import market_time
from trading.wire import Json

if TYPE_CHECKING:
    from engine.status import Status
    from trading.pipeline.options import Plan
    from trading.pipeline.start import Start
    from trading.pipeline.supervisor import Pipeline

CONNECTED: Final = ("live", "warming", "stale")
NOTHING_YET: Final[Json] = {
    "last_tick_time": None,
    "tick_count": 0,
    "bar_count": 0,
    "signal_count": 0,
    "feed_connected": False,
    "reconnect_count": 0,
    "daily_pnl": "0.00",
    "trade_count": 0,
    "open_positions": 0,
    "is_halted": False,
    "tier_name": "",
    "balance": None,
}
"""The names that a beat always has, as long as there is no session."""


class Tally:
    """An output of the pipeline: how many signals and trades the trading day has."""

    def __init__(self, day: date, trades: int) -> None:
        self.day = day
        self.signals = 0
        self.trades = trades

    def take(self, events: Sequence[Event], status: "Status | None") -> None:
        for event in events:
            match event:
                case DayStarted(day=day) if day != self.day:
                    self.day, self.signals, self.trades = day, 0, 0
                case SignalDetected():
                    self.signals += 1
                case TradeClosed():
                    self.trades += 1


class Trading:
    """One session of the process, as beats tell it."""

    def __init__(self, plan: "Plan", start: "Start", pipeline: "Pipeline") -> None:
        self.plan = plan
        self.pipeline = pipeline
        # A run that goes on from its journal hears of its trades again.
        trades = 0 if start.replay is not None else start.session.trades_closed
        self.tally = Tally(start.session.day, trades)
        self.session = start.session
        self._began = time.monotonic()
        pipeline.core.outputs = [*pipeline.core.outputs, self.tally]

    def figures(self) -> Json:
        """How it stands now. Reading it changes nothing and asks nobody."""
        pipeline, facts = self.pipeline, self.pipeline.facts
        status = pipeline.engine.status()
        halts = facts.account_now.get("halts", list(status.halts))
        return {
            **self._feed(status),
            "bar_count": status.bars,
            "signal_count": self.tally.signals,
            "daily_pnl": units_text(status.day_pnl),
            "open_pnl": units_text(status.open_pnl),
            "trade_count": self.tally.trades,
            "open_positions": int(status.position is not None),
            "position": position_text(status),
            "is_halted": bool(halts),
            "halts": [str(halt) for halt in halts],
            "tier_name": status.tier,
            "balance": units_text(status.balance),
            "session": self.tally.day.isoformat(),
            "session_status": facts.status,
            "source": facts.source,
            "synthetic": facts.synthetic,
            "speed": facts.speed,
            "phase": status.phase,
            "regime": status.reading.regime.name if status.reading else "",
            "confidence": round(float(status.reading.confidence), 4) if status.reading else None,
            "market_open": self._market_open(),
            "inputs_waiting": facts.inputs(),
            "rows_waiting": facts.backlog(),
            "database_failing": facts.writer.failing,
            "rows_lost": facts.writer.lost,
            "latency_us": pipeline.core.latency_us(),
            "broker": line(facts.broker()),
            "journal": journal(pipeline.journal_path),
        }

    def _feed(self, status: "Status") -> Json:
        pipeline = self.pipeline
        state = pipeline.publisher.feed_state(status)
        age_ms = pipeline.core.age_ms()
        silent = time.monotonic() - self._began if age_ms is None else age_ms / 1000
        return {
            "last_tick_time": iso(status.last_tick_ts),
            "tick_count": status.ticks,
            "feed_state": state,
            "feed_connected": state in CONNECTED,
            "feed_silent_s": round(silent / real(1), 1),
            "feed_stale_after_s": pipeline.facts.stale_s,
            "reconnect_count": pipeline.facts.reconnects,
        }

    def _market_open(self) -> bool | None:
        """By the market's clock; None where it has none."""
        now = market_time(self.plan, self.pipeline.clock)
        if now is None:
            return None
        day = self.plan.schedule.at(now)
        return day.open <= now < day.close


def position_text(status: "Status") -> str:
    held = status.position
    return f"{'long' if held.direction > 0 else 'short'} {held.size} {held.symbol}" if held else ""


def iso(ns: int | None) -> str | None:
    return None if ns is None else moment(ns).isoformat()


def line(broker: Json | None) -> Json | None:
    """The broker's figures, with how long its line has been as it is."""
    if broker is None:
        return None
    seconds = max(0.0, time.time() - broker["since"] / 1000) / real(1)
    return {**broker, "for_s": round(seconds, 1)}


def journal(path: Path | None) -> Json | None:
    """The input journal's file, under DATA_DIR, its size, and how long ago it grew."""
    try:
        found = path.stat() if path is not None else None
    except OSError:
        found = None
    if path is None or found is None:
        return None
    age = max(0.0, time.time() - found.st_mtime_ns / NS)
    folder = Path(settings.DATA_DIR)
    name = path.relative_to(folder) if path.is_relative_to(folder) else path
    return {"file": str(name), "bytes": found.st_size, "age_s": round(age / real(1), 1)}


def process() -> Json:
    """What this process is: `machine` and `process_start` tell it from a later one with its pid."""
    return {
        "pid": os.getpid(),
        "process_start": process_start(os.getpid()),
        "machine": machine(),
        "host": os.uname().nodename,
        "version": version(),
    }


def usage() -> Json:
    """Its memory now, and the processor's time so far."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return {
        "memory_mb": round(resident_bytes() / 1e6, 1),
        "cpu_s": round(used.ru_utime + used.ru_stime, 1),
    }


def resident_bytes() -> int:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


def process_start(pid: int) -> str:
    """When the kernel began a process, in its ticks since the machine started; "" when there is
    none, or only what its parent has not yet heard of."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return ""
    # The name, in brackets, may hold blanks and brackets.
    fields = text.rpartition(")")[2].split()
    return "" if fields[0] in ("Z", "X") else fields[19]


@cache
def machine() -> str:
    """Names this start of this machine, and the room in which process ids count. Two processes that
    have the same can see each other."""
    boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    return f"{boot[:13]}/{Path('/proc/self/ns/pid').readlink()}"


@cache
def version() -> str:
    """Of the product; "" where its project file is not installed."""
    path = Path(settings.BASE_DIR) / "pyproject.toml"
    if not path.is_file():
        return ""
    return str(tomllib.loads(path.read_text())["project"]["version"])
