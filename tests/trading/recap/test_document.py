"""A day as a document: complete, exact, defined by its schema, the same for the same rows."""

import json
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from django.utils import timezone

import trading.recap
from marketdata.models import Bar, DataQuality, moment
from tests.trading.days import DAY, run_day, session_row
from tests.trading.test_pages_recap import stored_day
from tests.trading.test_pages_trades import MINUTE, START, add
from trading.models import AuditEvent, Command, Fill, Heartbeat, Order, Session, Signal, Trade
from trading.recap.document import document
from trading.recap.events import LEVELS
from trading.recap.writing import as_text

pytestmark = pytest.mark.django_db(transaction=True)

SCHEMA = json.loads((Path(trading.recap.__file__).parent / "schema.json").read_text())
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)


def valid(made: dict[str, Any]) -> dict[str, Any]:
    """The document, if the schema defines it; what people wrote may hold any text."""
    told = json.loads(as_text(made))
    assert [f"{error.json_path}: {error.message}" for error in VALIDATOR.iter_errors(told)] == []
    return told


def only(made: dict[str, Any]) -> dict[str, Any]:
    [of] = valid(made)["sessions"]
    return of


def event(session: Session, kind: str, minutes: int = 0, /, **payload: Any) -> AuditEvent:
    ts = START + minutes * MINUTE
    return AuditEvent.objects.create(
        session=session, kind=kind, ts_ns=ts, ts=moment(ts), recorded_at=moment(ts), payload=payload
    )


def test_the_schema_is_one() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)


def test_a_traded_day_has_every_row() -> None:
    run_day()
    of = only(document(DAY))
    assert len(of["bars"]) == Bar.objects.count()
    assert len(of["signals"]) == Signal.objects.count()
    assert len(of["trades"]) == Trade.objects.count()
    assert len(of["orders"]) == Order.objects.count()
    assert len(of["fills"]) == Fill.objects.count()


def test_a_days_figures_are_those_of_its_session() -> None:
    run_day()
    session, of = Session.objects.get(), only(document(DAY))
    assert Decimal(of["totals"]["net"]) == session.net
    assert of["totals"]["trades"] == session.trades_closed > 0
    assert Decimal(of["curve"]["booked"][-1]["total"]) == session.net
    assert Decimal(of["session"]["balance_before"]) == 2500
    assert Decimal(of["session"]["balance_after"]) == 2500 + session.net
    for by in ("pattern", "regime", "hour", "exit"):
        assert sum(Decimal(group["net"]) for group in of["statistics"][f"by_{by}"]) == session.net


def test_every_signal_has_a_fate_and_is_counted_once() -> None:
    run_day()
    of = only(document(DAY))
    counted = of["statistics"]["signals"]
    assert counted["all"] == len(of["signals"])
    assert counted["traded"] == sum(each["fate"] == "traded" for each in of["signals"])
    for reason in counted["not_traded"]:
        assert reason["count"] == sum(each["fate"] == reason["reason"] for each in of["signals"])


def test_reasons_are_counted_without_the_signals_own_figures() -> None:
    run_day(settings={"router.min_confidence": "0.99", "router.min_strength": "0.99"})
    reasons = {
        each["reason"] for each in only(document(DAY))["statistics"]["signals"]["not_traded"]
    }
    assert "strength below 0.99" in reasons
    assert not any(" is below " in reason for reason in reasons)


def test_the_same_rows_are_the_same_document_but_for_when_it_was_made() -> None:
    run_day()
    first, second = document(DAY), document(DAY)
    assert as_text(first | {"made_at": ""}) == as_text(second | {"made_at": ""})


def test_a_trade_says_what_it_risked_and_made_of_it() -> None:
    """Two MES bought at 5000.25 with the stop at 4996.25: 16 ticks of 1.25 dollars, twice."""
    add(session_row(), 1, net="57.52")
    [trade] = only(document(DAY))["trades"]
    assert (trade["risk"], trade["r"]) == ("40.00", "1.4380")
    assert (trade["entry_price"], trade["stop"], trade["target"]) == (
        "5000.25",
        "4996.25",
        "5006.25",
    )
    assert (trade["net"], trade["fees"], trade["held_s"]) == ("57.52", "2.48", 300)


def test_a_session_without_anything_is_still_a_document() -> None:
    session_row()
    of = only(document(DAY))
    assert of["totals"]["trades"] == 0
    assert of["curve"] == {"from": None, "booked": [], "marked": []}
    assert (of["parity"], of["data_quality"]["stored_day"]) == (None, None)


def test_all_accounts_of_the_day_are_in_one_document_in_order() -> None:
    for name in ("b", "a", "c"):
        session_row(name)
    session_row("a", day=DAY + timedelta(days=1))
    found = [of["session"]["account"] for of in valid(document(DAY))["sessions"]]
    assert found == ["a", "b", "c"]
    assert only(document(DAY, "b"))["session"]["account"] == "b"
    assert valid(document(DAY, "nobody"))["sessions"] == []


def test_events_have_a_level_and_a_line() -> None:
    session = session_row()
    event(session, "halted", 1, halt="day_loss", reason="lost 100.00 of 100.00")
    event(session, "broker_line", 2, level="error", text="Broker:  the line\nwas lost", up=False)
    event(session, "tier_changed", 3, before="MES 1-3", after="ES 1", balance="3500.00")
    event(session, "order_sent", 4, order="x", reason="BUY_IMBALANCE")
    event(session, "command_done", 5, kind="halt", ok=False, result="refused: no session")
    told = [(each["level"], each["kind"], each["text"]) for each in only(document(DAY))["events"]]
    assert told == [
        ("warning", "halted", "day loss: lost 100.00 of 100.00"),
        ("error", "broker_line", "Broker: the line was lost"),
        ("info", "tier_changed", "MES 1-3 to ES 1 at 3500.00"),
        ("warning", "command_done", "Halt: refused: no session"),
    ]


def test_a_session_that_failed_says_why() -> None:
    event(session_row(), "failed", error="the feed broke", carry={})
    [told] = only(document(DAY))["events"]
    assert (told["level"], told["text"]) == ("error", "the feed broke")
    assert set(LEVELS.values()) == {"error", "warning", "info"}


def test_the_last_parity_check_counts() -> None:
    session = session_row()
    event(session, "parity_failed", 1, signals=3, decisions=2, trades=1, rows=["x"], defects=[])
    event(
        session, "parity", 2, signals=3, decisions=2, trades=1, rows=[], defects=[],
        net="57.52", backtest_net="57.52", slippage_cost="0.00", error="",
    )  # fmt: skip
    parity = only(document(DAY))["parity"]
    assert parity["agrees"]
    assert parity["text"] == "3 signals, 2 decisions, 1 trades, the same in the backtest"
    assert parity["backtest_net"] == "57.52"


def test_commands_are_those_of_the_session() -> None:
    session = session_row()
    Command.objects.create(
        account=session.account, session=session, kind="halt", reason="lunch", status="done",
        executed_at=timezone.now(), result="halted",
    )  # fmt: skip
    [told] = only(document(DAY))["commands"]
    assert (told["kind"], told["reason"], told["requested_by"]) == ("halt", "lunch", "")


def beat(minutes: int, reconnects: int = 0, account: str = "paper-MES") -> None:
    Heartbeat.objects.create(
        account=account, ts=moment(START + minutes * MINUTE),
        document={"reconnect_count": reconnects},
    )  # fmt: skip


def test_heartbeats_tell_the_longest_pause_and_every_reconnection() -> None:
    """The process counts 2 and 3, is started again, and counts 1."""
    session_row()
    for minutes, reconnects in ((0, 0), (1, 2), (2, 3), (12, 0), (13, 1)):
        beat(minutes, reconnects)
    beat(60 * 24)  # of the next day
    beat(5, 9, account="another")
    told = only(document(DAY))["heartbeat"]
    assert (told["count"], told["longest_gap_s"], told["reconnects"]) == (5, 600, 4)
    assert told["longest_gap_from"] == "2024-06-12T13:32:00.000000Z"


def test_a_recorded_day_has_the_heartbeats_of_when_it_was_played() -> None:
    later = START + 90 * 24 * 60 * MINUTE
    session_row(started_at=moment(later), ended_at=moment(later + 5 * MINUTE))
    for minutes in (-1, 1, 2, 6):
        beat(90 * 24 * 60 + minutes)
    assert only(document(DAY))["heartbeat"]["count"] == 2


def test_one_heartbeat_has_no_pause() -> None:
    session_row()
    beat(0)
    told = only(document(DAY))["heartbeat"]
    assert (told["count"], told["longest_gap_s"], told["longest_gap_from"]) == (1, None, None)


def test_the_quality_of_the_stored_day_comes_along() -> None:
    session_row(contract="MESM4")
    stored_day(bad={"price_jump": 2})
    told = only(document(DAY))["data_quality"]["stored_day"]
    assert (told["grade"], told["longest_gap_s"]) == ("doubtful", 602)
    assert (told["latency_p99_us"], told["bad"]) == (2300, {"price_jump": 2})
    assert DataQuality.objects.count() == 1


def test_the_next_tier_is_the_step_above_the_balance() -> None:
    tiers = [
        {"name": name, "min_balance": low, "symbol": "", "min_size": 1, "max_size": 1,
         "loss_limit": "100"}
        for name, low in (("one", "0"), ("two", "3500"), ("three", "5000"))
    ]  # fmt: skip
    session_row("a", balance=Decimal("2664.11"), config={"risk": {"tiers": tiers}})
    session_row("b", balance=Decimal(3500), config={"risk": {"tiers": tiers}})
    session_row("c", balance=Decimal(9000), config={"risk": {"tiers": tiers}})
    told = [of["session"]["next_tier"] for of in valid(document(DAY))["sessions"]]
    assert told == [
        {"name": "two", "min_balance": "3500.00", "missing": "835.89", "progress": "0.7612"},
        {"name": "three", "min_balance": "5000.00", "missing": "1500.00", "progress": "0.0000"},
        None,
    ]
