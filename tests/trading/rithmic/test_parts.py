"""The small parts by themselves: numbers of the protocol, ids, contracts, pace, requests."""

import asyncio
from decimal import Decimal

import pytest
from async_rithmic import protocol_buffers as pb
from hypothesis import given
from hypothesis import strategies as st

from tests.trading.rithmic.messages import MARKET, exchange, leg, make, rithmic
from trading.brokers.adapter import BrokerError, OutcomeUnknown
from trading.brokers.rithmic import ids, notices
from trading.brokers.rithmic.contracts import Contracts, exact, ticks
from trading.brokers.rithmic.contracts import exchange as exchange_of
from trading.brokers.rithmic.pace import Pace
from trading.brokers.rithmic.requests import Declined, Requests

THEIRS = pb.exchange_order_notification_pb2.ExchangeOrderNotification
OWN = pb.rithmic_order_notification_pb2.RithmicOrderNotification


def test_the_protocols_numbers_are_the_librarys():
    said = {number: THEIRS.NotifyType.Name(number) for number in notices.FROM_EXCHANGE}
    assert said == {
        1: "STATUS", 2: "MODIFY", 3: "CANCEL", 5: "FILL", 6: "REJECT", 7: "NOT_MODIFIED",
        8: "NOT_CANCELLED",
    }  # fmt: skip
    own = {number: OWN.NotifyType.Name(number) for number in notices.FROM_RITHMIC}
    assert own == {
        13: "OPEN", 14: "MODIFIED", 16: "MODIFICATION_FAILED", 17: "CANCELLATION_FAILED",
        18: "TRIGGER_PENDING",
    }  # fmt: skip
    assert OWN.NotifyType.Name(notices.COMPLETE) == "COMPLETE"
    kinds = [THEIRS.PriceType.Name(number) for number in notices.STOPS]
    assert kinds == ["STOP_LIMIT", "STOP_MARKET"]
    assert THEIRS.PriceType.Name(notices.MARKET) == "MARKET"
    for numbers, name in ((notices.STOP_ONLY, "STOP_ONLY"), (notices.TARGET_ONLY, "TARGET_ONLY")):
        found = [THEIRS.BracketType.Name(number) for number in numbers]
        assert found == [name, f"{name}_STATIC"]


@pytest.mark.parametrize(
    ("fields", "what"),
    [
        ({"status": "open"}, "working"),
        ({"status": "trigger pending"}, "working"),
        ({"status": "complete", "total_fill_size": 2}, "filled"),
        ({"status": "complete", "total_unfilled_size": 2}, "cancelled"),
        ({"status": "Cancelled"}, "cancelled"),
        ({"status": "", "total_fill_size": 2}, "filled"),
        ({"status": "", "total_fill_size": 1, "total_unfilled_size": 1}, "working"),
    ],
)
def test_an_order_in_a_list_stands_as_it_says(fields, what):
    assert notices.read(exchange("1", "working", is_snapshot=True, **fields)).what == what


@pytest.mark.parametrize(
    ("reason", "what"),
    [("F", "filled"), ("C", "cancelled"), ("PFBC", "cancelled"), ("FA", "rejected"),
     ("R", "rejected"), ("Filled", "filled"), ("something new", "cancelled")],
)  # fmt: skip
def test_an_order_that_is_complete_ended_for_a_reason(reason, what):
    assert notices.read(rithmic("1", 15, completion_reason=reason)).what == what


def test_a_field_that_does_not_apply_is_no_price():
    stop, target = (
        notices.read(leg("2", "working", "stop")),
        notices.read(leg("3", "working", "target")),
    )
    assert (stop.price, target.price) == (Decimal("4996.0"), Decimal("5006.0"))
    assert notices.read(exchange("1", "working")).price is None


def test_a_size_that_is_left_out_is_what_is_filled_and_what_is_not():
    message = exchange("1", "working", quantity=0, total_fill_size=1, total_unfilled_size=3)
    assert notices.read(message).size == 4


def test_the_exchanges_time_counts_before_rithmics():
    message = exchange("1", "working", source_ssboe=100, source_usecs=7, source_nsecs=9)
    assert notices.read(message).ts == 100_000_007_000


# Ids, contracts, prices


@pytest.mark.parametrize(
    ("tag", "ours"),
    [
        ("live-MES-20261120-001-E", ("live-MES-20261120-001", "entry")),
        ("a-20261120-1000-X12", ("a-20261120-1000", "exit")),
        ("a-20261120-001-S", ("a-20261120-001", "stop")),
        ("a-20261120-001-E2", None),
        ("a-20261120-001-F1", None),
        ("by hand", None),
        ("", None),
    ],
)
def test_an_id_of_ours_is_told_from_others(tag, ours):
    assert ids.parse(tag) == ours


def test_a_symbol_is_traded_in_the_month_of_the_feed():
    contracts = Contracts("ESZ25")
    assert (contracts.of("ES"), contracts.of("MES")) == ("ESZ5", "MESZ5")
    contracts.follow("ESH6")
    assert contracts.of("MES") == "MESH6"
    assert (contracts.known("NQ"), Contracts().known("ES")) == ("", "")
    assert [exchange_of(name) for name in ("MESZ5", "MCLF6", "GCG6")] == ["CME", "NYMEX", "COMEX"]


@pytest.mark.parametrize("contract", ["ES.v.0", "ESZ5-ESH6", "ES", "BTCUSDT", "SPY"])
def test_what_is_no_outright_of_a_market_of_ours_cannot_be_traded(contract):
    with pytest.raises(BrokerError, match="cannot be traded at Rithmic"):
        Contracts(contract)


@given(st.integers(1, 400_000))
def test_a_price_goes_to_the_wire_and_back_without_a_tick_lost(count):
    for contract, tick in (("ESZ6", "0.25"), ("CLF7", "0.01"), ("GCG7", "0.10")):
        assert ticks(contract, exact(float(count * Decimal(tick)))) == count


def test_a_price_is_never_rounded_to_the_grid():
    assert ticks("ESZ6", exact(5000.1)) is None
    assert ticks("ESZ6", exact(5000.2500001)) is None
    assert ticks("ZBH7", exact(110.5)) is None  # a market that we know nothing of


# Pace


async def test_so_many_questions_go_out_in_a_second_and_the_next_waits():
    now, slept = 100.0, []

    async def sleep(seconds: float) -> None:
        slept.append(round(seconds, 3))

    pace = Pace(3, steady=lambda: now, sleep=sleep)
    for _ in range(7):
        await pace.turn()
    assert slept == [1.0, 1.0, 1.0, 2.0]
    now = 110.0
    await pace.turn()
    assert len(slept) == 4


# Requests


def answer(pending, **fields):
    return make("ResponseBracketOrder", user_msg=[pending.number], **fields)


async def test_an_answer_in_parts_ends_with_its_code():
    requests = Requests()
    pending = requests.open(330)
    assert requests.take(answer(pending, basket_id="7", rq_handler_rp_code=["0"]))
    assert not pending.answered.done()
    assert requests.take(answer(pending, rp_code=["0"]))
    assert [each.basket_id for each in await pending.answered] == ["7", ""]


async def test_no_data_is_an_empty_answer_and_an_error_is_declined_with_its_words():
    requests = Requests(lambda text: str(text).replace("me", "[hidden]"))
    nothing, refused = requests.open(320), requests.open(330)
    requests.take(make("ResponseShowOrders", user_msg=[nothing.number], rp_code=["7", "no data"]))
    requests.take(answer(refused, rp_code=["1000", "not for me"]))
    assert await nothing.answered == []
    with pytest.raises(Declined, match=r"^Rithmic says: not for \[hidden\]$"):
        await refused.answered


async def test_a_reject_answers_the_request_that_it_names():
    requests = Requests()
    pending = requests.open(330)
    requests.take(make("Reject", user_msg=[pending.number], rp_code=["11", "log in first"]))
    with pytest.raises(Declined, match="log in first"):
        await pending.answered


async def test_snapshots_belong_to_the_question_that_gathers_them_and_live_ones_to_nobody():
    requests = Requests()
    order, shown = requests.open(330), requests.open(320)
    assert requests.take(exchange("1", "working", is_snapshot=True))
    assert not requests.take(exchange("1", "working", price_type=MARKET))
    assert len(shown.messages) == 1
    assert not order.messages


async def test_a_lost_line_answers_everything_and_nothing_is_kept():
    requests = Requests()
    pending = [requests.open(330) for _ in range(3)]
    requests.lost("gone")
    for each in pending:
        with pytest.raises(OutcomeUnknown, match="gone"):
            await each.answered
        requests.close(each)
    late = requests.open(320)
    requests.close(late)
    assert not requests.take(make("ResponseShowOrders", user_msg=[late.number], rp_code=["0"]))
    assert len(requests) == 0
    await asyncio.sleep(0)
