"""Finds a trade and has it explained: a stored one by its row, another one in a recording."""

from dataclasses import dataclass, field
from decimal import Decimal
from difflib import get_close_matches
from typing import Any, Final

from engine.config import EngineConfig
from engine.events import Filled
from engine.instruments import instrument
from engine.story import Story
from engine.text import number_text
from marketdata.calendars import schedule
from trading.errors import ExplainError, JournalError
from trading.explain.document import Json, document
from trading.explain.replaying import Inputs, Retold, retell, retell_kept
from trading.explain.rows import story_of
from trading.explain.ticks import blocks_of
from trading.journal.runs import kept_runs
from trading.models import AuditEvent, Session, Trade
from trading.pipeline.options import Plan
from trading.replayed import first_difference
from trading.stored_session import carry_of, commands_of, config_at, feed_of

NEAR: Final = 3
RECENT: Final = 5_000


@dataclass(frozen=True, kw_only=True)
class Run:
    """The start of a session in which a trade was decided, and what its engine was given."""

    session: Session
    config: EngineConfig
    feed: dict[str, Any]
    inputs: Inputs = field(default_factory=Inputs)


def explain(trade_id: str, file: str | None = None) -> Json:
    """The document of a stored trade. `file`: where the session's recording is now.

    ExplainError when there is no such trade, with those that are nearest.
    """
    row = find(trade_id)
    if row is None:
        names = Trade.objects.order_by("-ordered_ns").values_list("pk", flat=True)[:RECENT]
        raise unknown(trade_id, list(names), "stored")
    session = row.signal.session if row.signal is not None else row.session
    spec = session.instrument.spec
    config = None
    try:
        if file is None and (kept := from_journal(row, session)) is not None:
            return document(kept, spec, told_from="replay", market=session)
        run = run_of(row, session, file)
        config = run.config
        return document(replayed(row, run), spec, told_from="replay", market=session)
    except ExplainError as error:
        note = f"Told from what is stored, without a replay: {error}."
        told = story_of(row, session, config)
        return document(told, spec, told_from="rows", market=session, note=note)


def find(trade_id: str) -> Trade | None:
    """The trade's row with what is asked of it."""
    rows = Trade.objects.select_related(
        "account", "session__instrument", "session__account", "signal__session__instrument",
        "signal__session__account",
    )  # fmt: skip
    return rows.filter(pk=trade_id).first()


def explain_recorded(plan: Plan, trade_id: str) -> Json:
    """The document of a trade of a replay of a file."""
    if plan.feed is None:
        raise ExplainError("name the recording with --file, or its day with --date")
    told = retell(plan.config, plan.schedule, plan.feed.blocks(), trade_id)
    if told.story is None:
        raise unknown(trade_id, told.trades, f"in {plan.feed.info.source}")
    spec = plan.config.instrument
    return document(told.story, spec, told_from="replay", market=plan.feed.info)


def unknown(trade_id: str, names: list[str], where: str) -> ExplainError:
    """No such trade, and which are like it."""
    near = get_close_matches(trade_id, names, NEAR, cutoff=0.0)
    hint = f"; the nearest are {', '.join(near)}" if near else "; there is none"
    return ExplainError(f"no trade {trade_id} is {where}{hint}")


# The run of a stored trade


def run_of(row: Trade, session: Session, file: str | None) -> Run:
    """The run that decided the trade. ExplainError when what is stored does not say enough.

    A session that was started several times on its day has a `started` event for each; the run is
    the last of them that had not yet counted the trade. One that a running pipeline rolled into
    has none: it began with what the day before left.
    """
    number = int(row.pk.rpartition("-")[2])
    started = list(session.audit.filter(kind="started").order_by("recorded_at"))
    mine = [k for k, event in enumerate(started) if event.payload["carry"]["sequence"] < number]
    if not mine:
        return _run(row, session, file, session.carry_start, None, None)
    first = started[mine[-1]]
    following = started[mine[-1] + 1] if mine[-1] + 1 < len(started) else None
    return _run(row, session, file, first.payload["carry"], first, following)


def _run(
    row: Trade,
    session: Session,
    file: str | None,
    carry: dict[str, Any],
    first: AuditEvent | None,
    following: AuditEvent | None,
) -> Run:
    symbol = session.instrument_id
    feed = feed_of(session, first, following)
    if file is not None:
        side = "tick-rule" if session.inferred else None
        defaults = {
            "symbol": symbol, "session": "rth", "warm_until": 0, "timezone": "UTC",
            "contract": session.contract or None, "side": side,
        }  # fmt: skip
        feed = defaults | feed | {"kind": "file", "path": file}
    if not feed:
        raise ExplainError("the session does not say where its ticks came from; give --file")
    whole = row.status in (Trade.Status.CLOSED, Trade.Status.CANCELLED)
    return Run(
        session=session,
        config=config_at(session, first),
        feed=feed,
        inputs=Inputs(
            carry=carry_of(carry),
            warm_until=feed["warm_until"],
            commands=commands_of(session, first, following),
            until=_until(row, session),
            finished=whole,
        ),
    )


def _until(row: Trade, session: Session) -> int | None:
    """Where the run's ticks ended, as far as the trade saw it."""
    if row.status == Trade.Status.CLOSED and row.exit_reason == "end_of_data":
        return row.exit_ns
    return None if row.status == Trade.Status.CLOSED else session.last_tick_ns


def from_journal(row: Trade, session: Session) -> Story | None:
    """The story as the session's journal gives it; None when there is none, or it does not have
    the trade. ExplainError when it gives another one, or cannot be replayed."""
    wrong = ""
    try:
        for run in kept_runs(session):
            told = retell_kept(run, row.pk)
            if told.story is None:
                continue
            wrong = difference(row, told)
            if not wrong:
                return told.story
    except JournalError as error:
        raise ExplainError(f"its journal cannot be replayed: {error}") from error
    if wrong:
        raise ExplainError(f"its replay gives another trade: {wrong}")
    return None


# The replay, and whether it is to be believed


def replayed(row: Trade, run: Run) -> Story:
    """The story by replay; ExplainError when the replay does not give the stored trade."""
    if row.status == Trade.Status.ABANDONED:
        raise ExplainError("its process died, and what its market did after that is not known")
    days = schedule(instrument(run.feed["symbol"]), run.feed["session"])
    day = days.day(run.session.day)
    if day is None:
        raise ExplainError(f"{run.session.day} is no trading day of {run.feed['symbol']}")
    told = retell(run.config, days, blocks_of(run.feed, day), row.pk, run.inputs)
    wrong = difference(row, told)
    if wrong or told.story is None:
        raise ExplainError(f"its replay gives another trade: {wrong}")
    return told.story


def difference(row: Trade, told: Retold) -> str:
    """What the replayed trade has that the stored one has not; "" when they are the same."""
    story = told.story
    if story is None:
        return f"none of that name, but {', '.join(told.trades[-NEAR:]) or 'no trade at all'}"
    if (story.decision.ts, story.decision.direction) != (row.ordered_ns, row.direction):
        return f"decided at {story.decision.ts}, not {row.ordered_ns}"
    trade = story.trade
    if row.status != Trade.Status.CLOSED:
        if trade is not None:
            return f"closed at {trade.exit_ts}"
        fills = [event for event in story.happened if isinstance(event, Filled)]
        entered = fills[0].ts if fills else None
        return "" if entered == row.entry_ns else f"entered at {entered}, not {row.entry_ns}"
    if trade is None:
        return "not closed"
    what = first_difference(row, trade)
    return f"{what.name} {_plain(what.replayed)}, not {_plain(what.stored)}" if what else ""


def _plain(value: object) -> str:
    return number_text(value, 2) if isinstance(value, Decimal) else str(value)
