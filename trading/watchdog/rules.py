"""What counts as wrong: a table of rules, each a function from what was seen to findings.

A rule that holds for a while gives the same finding (`kind`, `account`, `about`) at every look;
`telling` decides when that is said. `docs/watchdog.md` has a line for each kind.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from trading.heartbeat.reading import Beat
from trading.models import Notice
from trading.watchdog.machine import MB
from trading.watchdog.seen import Seen
from trading.watchdog.words import ago, lasting

OLD: Final = timedelta(minutes=5)
GONE: Final = timedelta(minutes=10)
"""A process that cannot be seen from here, and says nothing for so long, counts as gone."""
NEW: Final = timedelta(minutes=10)
"""So long after its start a process is told to have been restarted."""
MEMORY_PERCENT: Final = 85
DISK_BYTES: Final = 500 * MB
SKEW_S: Final = 2.0
JOURNAL_STILL_S: Final = 120
SILENT: Final = timedelta(minutes=2)
"""Eight signs of life."""
BROKER_DOWN_S: Final = 60
COOL_DOWN: Final = timedelta(minutes=15)
HOURLY: Final = timedelta(hours=1)
DAILY: Final = timedelta(days=1)
ONCE: Final = timedelta.max
HEARD: Final = ("live", "stale")

Level = Notice.Level


@dataclass(frozen=True, kw_only=True)
class Found:
    """Something wrong. `account` is "" for what concerns the machine; `about` tells apart several
    of a kind."""

    text: str
    account: str = ""
    about: str = ""


@dataclass(frozen=True, kw_only=True)
class Rule:
    """`title` and `remedy` are for people; `again`: how soon it is said again while it lasts. Of
    level info is what is worth knowing, and nothing wrong."""

    kind: str
    level: Level
    title: str
    remedy: str
    find: Callable[[Seen], Iterable[Found]]
    again: timedelta = COOL_DOWN


@dataclass(frozen=True, kw_only=True)
class Finding:
    """What a rule found."""

    rule: Rule
    found: Found

    @property
    def key(self) -> str:
        return "/".join((self.rule.kind, self.found.account, self.found.about))

    @property
    def wrong(self) -> bool:
        return self.rule.level != Level.INFO

    @property
    def title(self) -> str:
        account = self.found.account
        return f"{account}: {self.rule.title}" if account else self.rule.title


def findings(seen: Seen) -> list[Finding]:
    """All that is wrong, in the order of the table."""
    return [Finding(rule=rule, found=found) for rule in RULES for found in rule.find(seen)]


# Processes


def gone(seen: Seen) -> Iterator[Found]:
    for account, beat in seen.beats.items():
        if not beat.ended and is_gone(seen, beat):
            held = beat.document.get("position", "")
            left = f"; it held {held}" if held else ""
            yield Found(account=account, text=f"its last heartbeat was {ago(seen.age(beat))}{left}")
    for account in sorted(seen.expected):
        found = seen.beats.get(account)
        if found is None or found.ended:
            why = f"it ended {ago(seen.age(found))}" if found else "it was never heard"
            yield Found(account=account, text=f"it is meant to run now; {why}")


def is_gone(seen: Seen, beat: Beat) -> bool:
    alive = seen.alive.get(beat.account)
    return alive is False or (alive is None and seen.age(beat) > GONE)


def restarted(seen: Seen) -> Iterator[Found]:
    for account, beat in fresh(seen):
        down = beat.document.get("went_down")  # of an older version
        if down and beat.document["uptime_s"] < NEW.total_seconds():
            before = datetime.fromisoformat(down)
            since = lasting(datetime.fromisoformat(beat.document["started_at"]) - before)
            yield Found(
                account=account,
                about=beat.document["started_at"],
                text=f"the one before it did not end in order, and was last heard {since} before",
            )


def failed(seen: Seen) -> Iterator[Found]:
    for account, beat in seen.beats.items():
        error = beat.document.get("error", "")
        if error and beat.ended:
            yield Found(account=account, text=f"{error} ({ago(seen.age(beat))})")


def old(seen: Seen) -> Iterator[Found]:
    for account, beat in seen.beats.items():
        if not beat.ended and not is_gone(seen, beat) and seen.age(beat) > OLD:
            yield Found(account=account, text=f"its last heartbeat was {ago(seen.age(beat))}")


def fresh(seen: Seen) -> Iterator[tuple[str, Beat]]:
    """Those whose beats say how it is now."""
    for account, beat in seen.beats.items():
        if not beat.ended and not is_gone(seen, beat) and seen.age(beat) <= OLD:
            yield account, beat


def running(seen: Seen) -> Iterator[tuple[str, Beat]]:
    return ((name, beat) for name, beat in fresh(seen) if beat.document["state"] == "running")


def session_failed(seen: Seen) -> Iterator[Found]:
    for account, beat in fresh(seen):
        if beat.document["state"] == "idle" and beat.document["error"]:
            yield Found(account=account, text=beat.document["error"])


def feed_stale(seen: Seen) -> Iterator[Found]:
    for account, beat in running(seen):
        said = beat.document
        late = said["feed_silent_s"] > said["feed_stale_after_s"]
        if said["market_open"] and (late or said["feed_state"] in ("lost", "stale")):
            silent = lasting(timedelta(seconds=said["feed_silent_s"]))
            heard = f"nothing was heard of {said['symbol']} for {silent}"
            yield Found(account=account, text=f"{heard} (feed {said['feed_state']})")


def journal_still(seen: Seen) -> Iterator[Found]:
    for account, beat in running(seen):
        said, journal = beat.document, beat.document["journal"]
        # A feed that is lost gives it nothing to keep.
        heard = said["market_open"] and said["feed_state"] in HEARD
        if heard and journal and journal["age_s"] > JOURNAL_STILL_S:
            still = lasting(timedelta(seconds=journal["age_s"]))
            yield Found(account=account, text=f"{journal['file']} has not grown for {still}")


def rows_not_taken(seen: Seen) -> Iterator[Found]:
    for account, beat in fresh(seen):
        if beat.document.get("database_failing"):
            rows = beat.document["rows_waiting"]
            yield Found(account=account, text=f"{rows:,} rows wait for the database")


def broker_down(seen: Seen) -> Iterator[Found]:
    for account, beat in running(seen):
        broker = beat.document["broker"]
        down = broker and not broker["up"] and broker["for_s"] > BROKER_DOWN_S
        if down and beat.document["market_open"]:
            for_ = lasting(timedelta(seconds=broker["for_s"]))
            yield Found(account=account, text=f"for {for_}: {broker['text']}")


# The machine and the services


def memory_high(seen: Seen) -> Iterator[Found]:
    if seen.memory_percent > MEMORY_PERCENT:
        yield Found(text=f"{seen.memory_percent:.0f} % of the memory is used")


def disk_low(seen: Seen) -> Iterator[Found]:
    if seen.disk_free < DISK_BYTES:
        yield Found(text=f"{seen.disk_free // MB:,} MB are free for DATA_DIR")


def clock_skew(seen: Seen) -> Iterator[Found]:
    for name, answer in (("database", seen.database), ("Redis", seen.redis)):
        if answer and answer.skew_s is not None and abs(answer.skew_s) >= SKEW_S:
            where = "ahead of" if answer.skew_s < 0 else "behind"
            text = f"ours is {abs(answer.skew_s):.1f} s {where} the {name}'s"
            yield Found(about=name, text=text)


def clock_free(seen: Seen) -> Iterator[Found]:
    if seen.clock_kept is False:
        yield Found(text="the kernel says that nothing keeps its clock right")


def database_gone(seen: Seen) -> Iterator[Found]:
    if seen.database.error:
        yield Found(text=seen.database.error)


def redis_gone(seen: Seen) -> Iterator[Found]:
    if seen.redis and seen.redis.error:
        yield Found(text=seen.redis.error)


# What runs beside


def silent(what: str) -> Callable[[Seen], Iterator[Found]]:
    def find(seen: Seen) -> Iterator[Found]:
        for name, age in seen.silent.items():
            kind, _, host = name.partition("-")
            if kind == what and age > SILENT:
                yield Found(about=host, text=f"{what} on {host} was last heard {ago(age)}")

    return find


def pages_silent(seen: Seen) -> Iterator[Found]:
    if seen.pages:
        yield Found(text=seen.pages)


# What is done each day


def jobs_of(status: str) -> Callable[[Seen], Iterator[Found]]:
    def find(seen: Seen) -> Iterator[Found]:
        for job in seen.jobs:
            if job.status == status:
                said = f": {job.result}" if job.result else ""
                yield Found(
                    about=f"{job.job} {job.day}", text=f"{job.job} of {job.day}{said}"[:300]
                )

    return find


def notifications_stuck(seen: Seen) -> Iterator[Found]:
    error = str((seen.notifications or {}).get("error") or "")
    if error:
        yield Found(text=error)


RULES: Final = (
    Rule(
        kind="process_gone", level=Level.CRITICAL, title="the trading process is gone",
        remedy="look at the broker for what is open, then start it again: it goes on from its "
        "journal (docs/journal.md)",
        find=gone,
    ),
    Rule(
        kind="process_failed", level=Level.CRITICAL,
        title="the trading process ended with an error",
        remedy="read the error, then start it again: it goes on from its journal",
        find=failed, again=HOURLY,
    ),
    Rule(
        kind="process_restarted", level=Level.WARNING, title="the trading process was restarted",
        remedy="see why it died (its log, dmesg, journalctl); it goes on from its journal",
        find=restarted, again=ONCE,
    ),
    Rule(
        kind="heartbeat_old", level=Level.WARNING, title="no heartbeat",
        remedy="the process hangs, or its machine cannot be reached: look at its log; "
        "kill -USR1 PID flattens and halts, kill -9 PID and a start go on from the journal",
        find=old,
    ),
    Rule(
        kind="session_failed", level=Level.ERROR, title="the session ended with an error",
        remedy="read the error, then start the session again from the page", find=session_failed,
        again=HOURLY,
    ),
    Rule(
        kind="feed_stale", level=Level.WARNING, title="the feed is silent",
        remedy="look at the feed's status page and at the network; a session with real money does "
        "what ON_FEED_LOST says",
        find=feed_stale,
    ),
    Rule(
        kind="journal_still", level=Level.ERROR, title="the journal does not grow",
        remedy="look at the disk and at the process's log; restart it when it hangs",
        find=journal_still,
    ),
    Rule(
        kind="rows_waiting", level=Level.WARNING,
        title="the trading process cannot write to the database",
        remedy="look at the database; rows are kept and written when it is back",
        find=rows_not_taken,
    ),
    Rule(
        kind="broker_down", level=Level.ERROR, title="the line to the broker is down",
        remedy="look at the broker's own terminal; orders that work there go on working",
        find=broker_down,
    ),
    Rule(
        kind="memory_high", level=Level.WARNING, title="memory runs out",
        remedy="see what uses it (top) and end what is not needed, or the kernel ends something",
        find=memory_high,
    ),
    Rule(
        kind="disk_low", level=Level.CRITICAL, title="the disk is nearly full",
        remedy="free some: without it no journal is written and trading stops", find=disk_low,
    ),
    Rule(
        kind="clock_skew", level=Level.WARNING, title="clocks differ",
        remedy="keep both machines right with NTP (timedatectl set-ntp true)", find=clock_skew,
    ),
    Rule(
        kind="clock_free", level=Level.INFO, title="the clock is not kept right",
        remedy="timedatectl set-ntp true, or start chrony", find=clock_free, again=DAILY,
    ),
    Rule(
        kind="database_unreachable", level=Level.CRITICAL, title="the database does not answer",
        remedy="start it, or correct DATABASE_URL; trading goes on and keeps its rows",
        find=database_gone,
    ),
    Rule(
        kind="redis_unreachable", level=Level.ERROR, title="Redis does not answer",
        remedy="start it, or correct REDIS_URL; the live page and commands wait for it",
        find=redis_gone,
    ),
    Rule(
        kind="worker_silent", level=Level.ERROR, title="a worker is not heard",
        remedy="start it again: what it had under way is done again; until then no backtest runs, "
        "and the day's jobs wait",
        find=silent("worker"),
    ),
    Rule(
        kind="beat_silent", level=Level.ERROR, title="nobody looks at the schedule",
        remedy="start Celery's beat again: what was missed is caught up", find=silent("beat"),
    ),
    Rule(
        kind="pages_silent", level=Level.ERROR, title="the pages do not answer",
        remedy="start the web process again, or correct WATCH_PAGES; trading goes on without it",
        find=pages_silent,
    ),
    Rule(
        kind="job_failed", level=Level.ERROR, title="a job failed",
        remedy="see the job's row in the admin for why, and run its command by hand",
        find=jobs_of("failed"), again=ONCE,
    ),
    Rule(
        kind="job_missed", level=Level.WARNING, title="a job was missed",
        remedy="see that what runs the jobs is up, and run the job's command by hand",
        find=jobs_of("missed"), again=ONCE,
    ),
    Rule(
        kind="notifications_stuck", level=Level.ERROR, title="notifications are not delivered",
        remedy="check DISCORD_WEBHOOK_URL and the way out to the network",
        find=notifications_stuck,
    ),
)  # fmt: skip
