"""One world: a day that is traded by one account, over as many lives as it takes.

    python -m tests.chaos.world '{"folder": "/tmp/x", "seed": 3, "kills": 100, "mode": "live"}'

Prints what happened as JSON. The process has one thread only, since it forks.
"""

import json
import os
import random
import select
import signal
import sys
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from engine.ticks import NS
from tests.chaos.check import checked
from tests.chaos.clock import SharedClock
from tests.chaos.faults import Fault, chosen
from tests.chaos.life import STEPS, Death, begin, fill_the_disk
from tests.chaos.market import SYMBOL, market_day
from tests.chaos.outside import Outside, Setting
from tests.chaos.preparing import RULES, leave_database, prepare, services, through

if TYPE_CHECKING:
    from trading.pipeline.options import Plan

ACCOUNT: Final = "chaos"
TIMEFRAME: Final = "15"
NO_FAULT: Final = Fault("none")
FAULTS: Final = 0.4
"""Of so many lives something outside goes wrong too."""
PAPER_SPEED: Final = 400.0
AFTER_THE_KILL: Final = 300
READY_S: Final = 30.0
PAUSE_S: Final = 0.01
"""Between one group of trades and the next: some 500 times as fast as the market."""


@dataclass(frozen=True)
class Words:
    """What a world is told. `postgres` and `redis` are URLs; "" for SQLite and none."""

    folder: str
    seed: int = 3
    ticks_per_day: int = 30_000
    hours: float = 0
    kills: int = 100
    mode: str = "live"
    postgres: str = ""
    redis: str = ""
    minutes: float = 9.0


class World:
    def __init__(self, words: Words) -> None:
        self.words = words
        self.folder = Path(words.folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.random = random.Random(words.seed)
        self.counts: Counter[str] = Counter()
        self.faults: Counter[str] = Counter()
        self.cpu: list[float] = []
        self.notes: list[str] = []
        self.settle_environment()
        self.outside = Outside(
            Setting(
                folder=self.folder,
                seed=words.seed,
                ticks_per_day=words.ticks_per_day,
                hours=words.hours,
                services=services(postgres=words.postgres, redis=words.redis),
                broker=words.mode == "live",
            )
        )
        self.connect_environment(self.outside.ports)
        self.clock = SharedClock(self.folder / "clock")
        time.time_ns = self.clock  # before anything of ours has it as its clock
        self.hears, self.tells = os.pipe()
        self.recording = self.folder / "day.csv"
        prepare()
        if words.mode == "live":
            self.look()
        else:
            market_day(words.seed, words.ticks_per_day, words.hours).write(self.recording)

    # What the trading process finds

    def settle_environment(self) -> None:
        for name in [name for name in os.environ if name.startswith(("DATABASE", "REDIS"))]:
            del os.environ[name]
        os.environ.update(
            ENV_FILE="",
            DATA_DIR=str(self.folder / "data"),
            SECRET_KEY="only-for-chaos-" + "x" * 40,
            DJANGO_SETTINGS_MODULE="tradebot.settings",
            LOG_FORMAT="json",
        )

    def connect_environment(self, ports: Mapping[str, Any]) -> None:
        from tests.servers.databento_gateway import KEY

        os.environ.update(
            DATABENTO_API_KEY=KEY,
            DATABENTO_GATEWAY="127.0.0.1",
            DATABENTO_PORT=str(ports["feed"]),
            WARMUP_HOURS="0",
        )
        for name, variable in (("postgres", "DATABASE_URL"), ("redis", "REDIS_URL")):
            url = getattr(self.words, name)
            if url:
                os.environ[variable] = through(url, ports[name])
        if "broker" in ports:
            from tests.chaos.broker import environment

            os.environ.update(environment(ports["broker"], ports["ca"]))

    def live(self, fault: Fault = NO_FAULT) -> int:
        """A whole life, in the process that was forked for it."""
        self.clock.wrong_by = fault.clock_s * NS
        if fault.room:
            fill_the_disk(self.folder / "data", fault.room)
        from tests.marketdata.databento.gateway import QUICK
        from trading.pipeline import databento
        from trading.pipeline.run import run

        databento.TIMING = QUICK  # type: ignore[misc]
        outcome = run(self.plan(), serve=None, tell=lambda *_: None)
        if outcome.error:
            print(f"ENDED {outcome.error}", file=sys.stderr)
        return 4 if outcome.error else 0

    def plan(self) -> "Plan":
        from trading.pipeline import options as words

        live = self.words.mode == "live"
        asked = words.Options(
            feed="databento" if live else f"file:{self.recording}",
            speed="1" if live else f"{PAPER_SPEED:g}",
            symbol=SYMBOL,
            mode=self.words.mode,
            timeframe=TIMEFRAME,
            account=ACCOUNT,
            settings=RULES,
        )
        return words.timed(words.plan(asked))

    def look(self) -> None:
        """Real money wants a preflight that passed today."""
        from trading.brokers.live import live_adapter
        from trading.preflight.looking import look

        row = look(self.plan(), connect=live_adapter, actor="chaos")
        failed = [each for each in row.results if each["level"] == "fail"]
        if [each for each in failed if each["name"] != "Clock"]:
            raise SystemExit(f"the preflight failed: {failed}")
        row.passed = True  # the database has another time than the market here
        row.save()
        leave_database()

    # Lives

    def run(self) -> dict[str, Any]:
        until = time.monotonic() + 60 * self.words.minutes
        if self.words.mode != "live":
            return self.run_paper(until)
        left = self.outside.ask("go", 1, 0.0)[1]
        a_life = max(left // max(self.words.kills, 1), 1)
        while self.counts["kills"] < self.words.kills and time.monotonic() < until:
            left = self.one_life(max(min(a_life, (left - AFTER_THE_KILL) // 2), 1))
        self.last_life()
        return self.result()

    def run_paper(self, until: float) -> dict[str, Any]:
        """A recording on paper goes on exactly where it was left: lives until it has ended."""
        over = False
        while not over:
            more = self.counts["kills"] < self.words.kills and time.monotonic() < until
            fault = self.fault() if more and self.random.random() < FAULTS else NO_FAULT
            death = self.own_death() if more and self.random.random() < 0.6 else None
            pid = begin(partial(self.live, fault), self.folder, death, self.tells)
            watch = os.pidfd_open(pid)
            self.counts["lives"] += 1
            self.gone(watch, self.random.uniform(0, 0.5))
            fault.begins(self.outside)
            self.gone(watch, self.random.uniform(0, 0.5) if more else 600.0)
            # Without its database it refuses to start, in one line.
            over = self.end(pid, watch, may_end=fault is not NO_FAULT) == 0
            fault.ends(self.outside)
        return self.result()

    def result(self) -> dict[str, Any]:
        if self.counts["kills"] < self.words.kills:
            self.notes.append(f"only {self.counts['kills']} kills until the end")
        lost, more = checked(self)
        cpu = sum(self.cpu) / max(len(self.cpu), 1)
        notes = [*self.notes, f"a life took {cpu:.2f} s of CPU in the mean", *more]
        return {
            "counts": dict(self.counts),
            "faults": dict(self.faults),
            "lost": lost,
            "notes": notes,
        }

    def one_life(self, ticks: int) -> int:
        """Until it is killed; the trades that are left of the day."""
        chance = self.random.random()
        fault = self.fault() if self.random.random() < FAULTS else NO_FAULT
        death = self.own_death() if chance < 0.6 else None
        self.resume_if_halted()
        pid = begin(partial(self.live, fault), self.folder, death, self.tells)
        watch = os.pidfd_open(pid)
        self.counts["lives"] += 1
        try:
            if chance > 0.9:  # while it starts
                self.gone(watch, self.random.uniform(0, 0.8))
                left = self.outside.ask("go", 0, 0.0)[1]
            else:
                left = self.meanwhile(watch, self.random.randint(1, 2 * ticks), fault)
                self.gone(watch, 0.3 if death else self.random.uniform(0, 0.05))
        finally:
            self.end(pid, watch, may_end=bool(fault.room))
        fault.ends(self.outside)
        if self.words.mode == "live" and self.random.random() < 0.1:  # goes on without us
            left = self.outside.ask("go", self.random.randint(1, ticks), 0.0)[1]
        return int(left)

    def fault(self) -> Fault:
        found = chosen(self.random, self.words.mode, list(self.outside.ports))
        self.faults[found.name] += 1
        return found

    def resume_if_halted(self) -> None:
        """A person looks after it: what halted trading is lifted, so that there is more to lose."""
        from trading.models import Account

        account = Account.objects.filter(name=ACCOUNT).first()
        leave_database()
        if account is not None and account.halts:
            self.counts["resumed by a person"] += 1
            self.command("resume")

    def command(self, kind: str) -> None:
        from trading.models import Account, Command

        Command.objects.create(account=Account.objects.get(name=ACCOUNT), kind=kind)
        leave_database()

    def own_death(self) -> Death:
        live = self.words.mode == "live"
        name = self.random.choice([name for name, step in STEPS.items() if live or not step.live])
        count = self.random.randint(1, STEPS[name].often)
        return Death(name, count, self.random.random() < 0.5)

    def meanwhile(self, watch: int, ticks: int, fault: Fault) -> int:
        """The market goes on, once the life trades; what is left of the day."""
        if not self.ready(watch):
            return int(self.outside.ask("go", 0, 0.0)[1])
        before = ticks if fault is NO_FAULT else ticks // 2
        self.outside.ask("go", before, PAUSE_S)
        fault.begins(self.outside)
        left = int(self.outside.ask("go", ticks - before, PAUSE_S)[1])
        fault.ends(self.outside)
        return left

    def ready(self, watch: int) -> bool:
        """Whether it came to trade; False when it died before."""
        feeds = self.outside.ask("connected")[0]
        until = time.monotonic() + READY_S
        while time.monotonic() < until:
            if self.gone(watch, 0.01):
                return False
            if self.words.mode == "live":
                if select.select([self.hears], [], [], 0)[0]:
                    os.read(self.hears, 1 << 16)
                    return True
            elif self.outside.ask("connected")[0] > feeds:
                return True
        self.counts["never ready"] += 1
        return False

    def gone(self, watch: int, seconds: float) -> bool:
        return bool(select.select([watch], [], [], seconds)[0])

    def end(self, pid: int, watch: int, *, may_end: bool = False) -> int:
        """It is dead now; its exit status. One that ended by itself is a failure, unless it `may`,
        or a recording was over."""
        if not self.gone(watch, 0):
            os.kill(pid, signal.SIGKILL)
        os.close(watch)
        _, code, used = os.wait4(pid, 0)
        self.cpu.append(used.ru_utime + used.ru_stime)
        status = os.waitstatus_to_exitcode(code)
        if status == -signal.SIGKILL:
            self.counts["kills"] += 1
        elif status == 0 and self.words.mode != "live":
            self.counts["recordings played to their end"] += 1
        elif may_end:
            self.counts["ended in order without disk or database"] += 1
        else:
            self.counts[f"gave up ({status})"] += 1
        return status

    def last_life(self) -> None:
        """To the end of the day, and stopped in order."""
        self.resume_if_halted()
        pid = begin(self.live, self.folder, None, self.tells)
        watch = os.pidfd_open(pid)
        self.ready(watch)
        left = self.outside.ask("go", 0, 0.0)[1]
        if self.words.hours and self.words.mode == "live":
            self.outside.ask("go", left - AFTER_THE_KILL, PAUSE_S)
            self.command("kill")  # a day that is cut short does not flatten by itself
            self.gone(watch, 2.0)
        self.outside.ask("go", 1 << 30, PAUSE_S)
        self.gone(watch, 3.0)
        os.kill(pid, signal.SIGTERM)
        ended = self.gone(watch, 30)
        os.close(watch)
        if not ended:
            os.kill(pid, signal.SIGKILL)
        status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        if status:
            self.counts[f"last life ended with {status}"] += 1
            self.notes.append(f"the last life ended with {status}: see life.log")

    def close(self) -> None:
        self.outside.close()


def main() -> None:
    world = World(Words(**json.loads(sys.argv[1])))
    try:
        print(json.dumps(world.run()))
    finally:
        world.close()


if __name__ == "__main__":
    main()
