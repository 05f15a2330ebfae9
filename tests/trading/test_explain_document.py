"""A story at the edge: events of a bracket that the document has no words of its own for."""

from dataclasses import dataclass, replace
from io import StringIO
from typing import Any

from engine.events import Event, OrderAmend, OrderUpdate
from engine.instruments import instrument
from engine.story import Story
from marketdata.feeds import FeedInfo
from tests.engine.test_story import TRADE, stopped
from trading.explain.document import document
from trading.explain.terminal import show

ES = instrument("ES")
MARKET = FeedInfo(symbol="ES", contract="ESZ4", source="es.parquet", synthetic=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class StopMoved:
    """An event that nobody here knows."""

    ts: int
    id: str
    trade_id: str
    price: int
    size: int
    reason: str


def with_unknown_event() -> Story:
    story = stopped().story
    moved = StopMoved(
        ts=story.happened[-1].ts, id=f"{TRADE}-S", trade_id=TRADE, price=4802, size=1,
        reason="break_even",
    )  # fmt: skip
    return replace(story, happened=(*story.happened, moved))  # type: ignore[arg-type]


def test_any_event_of_the_bracket_is_told_by_its_fields() -> None:
    told = document(with_unknown_event(), ES, told_from="replay", market=MARKET)
    assert told["events"][-1] == {
        "ts": told["exit"]["exit_ts"], "kind": "stop_moved", "role": "stop", "id": f"{TRADE}-S",
        "price": "1200.50", "size": 1, "reason": "break_even",
    }  # fmt: skip


def test_and_printed() -> None:
    out = StringIO()
    show(document(with_unknown_event(), ES, told_from="replay", market=MARKET), out)
    assert "stop moved" in out.getvalue()
    assert "role stop" in out.getvalue()
    assert "price 1200.50, size 1, reason break_even" in " ".join(out.getvalue().split())


def told_of(*events: Event) -> list[dict[str, Any]]:
    story = stopped().story
    told = document(replace(story, happened=events), ES, told_from="replay", market=MARKET)
    return list(told["events"])


def test_a_moved_stop_is_told_and_printed() -> None:
    story = stopped().story
    amend = OrderAmend(
        ts=7, id=f"{TRADE}-S", trade_id=TRADE, price=4802, size=1, reason="break_even"
    )
    (told,) = told_of(amend)
    assert (told["kind"], told["role"], told["price"]) == ("order_amend", "stop", "1200.50")
    out = StringIO()
    show(document(replace(story, happened=(amend,)), ES, told_from="replay", market=MARKET), out)
    assert "stop: now 1 at 1200.50 (break even)" in out.getvalue()


def test_a_further_exit_order_is_an_exit() -> None:
    (told,) = told_of(OrderUpdate(ts=7, id=f"{TRADE}-X2", status="filled", filled=1))
    assert told["role"] == "exit"


def test_what_is_not_known_is_null() -> None:
    bare = replace(stopped().story, completion=None, path=None, config=None, trade=None, caused=())
    told = document(bare, ES, told_from="rows", market=MARKET, note="Told from what is stored.")
    assert [told[name] for name in ("completion", "path", "router", "exit", "assumptions")] == [
        None
    ] * 5
    out = StringIO()
    show(told, out)
    assert "not closed" in out.getvalue()
    assert "Told from what is stored." in out.getvalue()


def test_synthetic_ticks_are_said_in_document_and_print() -> None:
    story, out = document(stopped().story, ES, told_from="replay", market=MARKET), StringIO()
    show(story, out)
    assert (story["source"], story["synthetic"]) == ("es.parquet", True)
    assert "Synthetic ticks, no such trades took place: es.parquet" in out.getvalue()
    out = StringIO()
    real = replace(MARKET, synthetic=False)
    show(document(stopped().story, ES, told_from="replay", market=real), out)
    assert "ynthetic" not in out.getvalue()
