"""When a finding is said, and that it is over.

- A finding is said when it is first seen, and again while it lasts, `again` later at the earliest;
  that also holds for one that went and came back meanwhile.
- It is over when two looks in a row did not see it. What was said is then told to be over, once;
  when nothing is wrong any more that is called all well.
- Keys are made of the finding and of the cool-down's number since 1970. Between two sayings lies at
  least one cool-down, so their keys differ; a watchdog that forgot what it said, because its file
  was lost, makes the same keys again.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from trading.models import Notice
from trading.notify import News
from trading.watchdog.rules import COOL_DOWN, DAILY, ONCE, Finding
from trading.watchdog.words import lasting

LOOKS_TO_BE_OVER: Final = 2
FORGET: Final = timedelta(days=7)
KIND: Final = "watchdog_"


@dataclass(frozen=True, kw_only=True)
class Episode:
    """One finding, from when it was first seen. `told`: when it was said last; `open`: it lasts, or
    is not yet taken for over; `missed`: looks in a row that did not see it; `tell_end`: whether
    anybody waits to hear that it is over."""

    since: datetime
    seen: datetime
    told: datetime
    title: str
    account: str
    kind: str
    open: bool = True
    wrong: bool = True
    tell_end: bool = True
    missed: int = 0

    def to_json(self) -> dict[str, Any]:
        times = {name: getattr(self, name).isoformat() for name in ("since", "seen", "told")}
        return asdict(self) | times

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> "Episode":
        times = {name: datetime.fromisoformat(values[name]) for name in ("since", "seen", "told")}
        return cls(**(values | times))


Episodes = dict[str, Episode]


def tell(known: Episodes, found: Sequence[Finding], now: datetime) -> tuple[Episodes, list[News]]:
    """What is known after a look, and what is to be said."""
    after: Episodes = {}
    news: list[News] = []
    for finding in found:
        episode, said = _seen(known.get(finding.key), finding, now)
        after[finding.key] = episode
        if said:
            news.append(alert(finding, episode, now))
    over: list[str] = []
    for key, episode in known.items():
        if key not in after:
            after[key] = _not_seen(episode)
            if episode.open and not after[key].open and episode.tell_end:
                over.append(key)
    if over:
        wrong = any(episode.open and episode.wrong for episode in after.values())
        news.append(ended([after[key] for key in over], over, now, wrong=wrong))
    kept = {key: one for key, one in after.items() if one.open or now - one.seen < FORGET}
    return kept, news


def _seen(before: Episode | None, finding: Finding, now: datetime) -> tuple[Episode, bool]:
    if before is None or (not before.open and now - before.told >= cool_down(finding)):
        return _begun(finding, now), True
    began = before.since if before.open else now
    lasts = replace(before, since=began, seen=now, open=True, missed=0, title=finding.title)
    if now - before.told >= finding.rule.again:
        return replace(lasts, told=now), True
    # It came back within its cool-down: neither that nor its end is said.
    return (lasts if before.open else replace(lasts, tell_end=False)), False


def cool_down(finding: Finding) -> timedelta:
    """Of one that ended: what is said once while it lasts may come again on another day."""
    return min(finding.rule.again, DAILY)


def _begun(finding: Finding, now: datetime) -> Episode:
    return Episode(
        since=now, seen=now, told=now, title=finding.title, account=finding.found.account,
        kind=finding.rule.kind, wrong=finding.wrong, tell_end=finding.rule.again != ONCE,
    )  # fmt: skip


def _not_seen(episode: Episode) -> Episode:
    if not episode.open:
        return episode
    missed = episode.missed + 1
    return replace(episode, missed=missed, open=missed < LOOKS_TO_BE_OVER)


def alert(finding: Finding, episode: Episode, now: datetime) -> News:
    """The notice of a finding."""
    rule, found = finding.rule, finding.found
    facts = [("What", found.text), ("Do", rule.remedy)]
    if now > episode.since:
        facts.insert(1, ("Since", lasting(now - episode.since)))
    return News(
        kind=f"{KIND}{rule.kind}",
        key=key_of(finding.key, now),
        level=rule.level,
        ts=now,
        account=found.account,
        title=finding.title if found.account else _capital(finding.title),
        text=f"{_capital(found.text)}.",
        facts=facts,
    )


def ended(episodes: Sequence[Episode], keys: Sequence[str], now: datetime, *, wrong: bool) -> News:
    """The notice that findings are over; `wrong`: others are not."""
    accounts = {episode.account for episode in episodes}
    digest = hashlib.sha1(" ".join(sorted(keys)).encode(), usedforsecurity=False).hexdigest()
    first = min(episode.told for episode in episodes)
    return News(
        kind=f"{KIND}over",
        key=key_of(f"over/{digest[:16]}", first),
        level=Notice.Level.INFO if wrong else Notice.Level.GOOD,
        ts=now,
        account=accounts.pop() if len(accounts) == 1 else "",
        title="Over" if wrong else "All well again",
        text="Something else is still wrong." if wrong else "",
        facts=[
            (
                episode.title if episode.account else _capital(episode.title),
                f"over after {lasting(episode.seen - episode.since)}",
            )
            for episode in episodes
        ],
    )


def key_of(what: str, ts: datetime) -> str:
    """Of a notice, at most 160 characters."""
    since = ts - datetime(1970, 1, 1, tzinfo=UTC)
    return f"watchdog/{what[:120]}/{since // COOL_DOWN}"


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
