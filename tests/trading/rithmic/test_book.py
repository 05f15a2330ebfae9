"""The book by itself: whose an order is, what is said of it and how often, and what is kept."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.commands import (
    ReportAmendReject,
    ReportCancelled,
    ReportDifference,
    ReportReject,
    ReportWorking,
)
from engine.events import Fill
from engine.ticks import NS
from tests.trading.rithmic.messages import (
    BEGAN,
    BUY,
    LIMIT,
    MARKET,
    SELL,
    STOP_MARKET,
    exchange,
    fill,
    leg,
    make,
    rithmic,
)
from trading.brokers.rithmic.book import Book
from trading.brokers.rithmic.notices import execution, read

DAY = date(2026, 11, 20)
TRADE = "live-20261120-001"
ENTRY, STOP, TARGET = f"{TRADE}-E", f"{TRADE}-S", f"{TRADE}-T"


@pytest.fixture
def book():
    made = Book("SIM-1", DAY)
    made.sent(ENTRY)
    return made


def told(book, *messages):
    return [word for message in messages for word in book.take(read(message))]


LIFE = (
    rithmic("1", 1, user_tag=ENTRY),
    exchange("1", "working", user_tag=ENTRY),
    rithmic("1", 13, user_tag=ENTRY),
    fill("1", "F1", user_tag=ENTRY, total_fill_size=2),
    rithmic("1", 15, user_tag=ENTRY, completion_reason="F", total_fill_size=2),
    leg("2", "working", "stop"),
    leg("3", "working", "target"),
    fill("3", "F2", price=5006.0, transaction_type=SELL, price_type=LIMIT, original_basket_id="1"),
    rithmic("3", 15, price_type=LIMIT, completion_reason="F", original_basket_id="1"),
    leg("2", "cancelled", "stop"),
    rithmic("2", 15, price_type=STOP_MARKET, completion_reason="C", original_basket_id="1"),
)


def test_a_trade_is_told_in_the_engines_words(book):
    words = told(book, *LIFE)
    assert [(type(word), word.order_id) for word in words] == [
        (ReportWorking, ENTRY),
        (Fill, ENTRY),
        (ReportWorking, STOP),
        (ReportWorking, TARGET),
        (Fill, TARGET),
        (ReportCancelled, STOP),
    ]
    entry = words[1]
    assert (entry.id, entry.price, entry.size) == ("1-F1", 20000, 2)
    assert entry.ts == BEGAN * NS + 5000


@given(repeats=st.lists(st.integers(0, len(LIFE) - 1), max_size=30))
def test_whatever_is_told_again_is_said_once(repeats):
    book = Book("SIM-1", DAY)
    words = told(book, *LIFE)
    assert told(book, *(LIFE[number] for number in repeats)) == []
    again = Book("SIM-1", DAY)
    assert told(again, *LIFE) == words  # another process says the same words


@given(cut=st.integers(0, len(LIFE)))
def test_an_answer_after_any_part_of_it_makes_up_for_the_rest(cut):
    book = Book("SIM-1", DAY)
    book.sent(ENTRY)
    words = told(book, *LIFE[:cut])
    words += book.learn(read(message) for message in LIFE)
    kinds = sorted((type(word).__name__, word.id) for word in words)
    whole = sorted((type(word).__name__, word.id) for word in told(Book("SIM-1", DAY), *LIFE))
    never_seen = {"ReportWorking"}  # of what is over by then
    assert [each for each in kinds if each[0] not in never_seen] == [
        each for each in whole if each[0] not in never_seen
    ]
    assert book.held(TRADE) == 0


@pytest.mark.parametrize(
    ("whose", "of"),
    [
        ({"original_basket_id": "1"}, STOP),
        ({"original_basket_id": "1", "user_tag": ENTRY}, STOP),
        ({"original_basket_id": "", "user_tag": ENTRY}, STOP),
        ({"original_basket_id": "", "linked_basket_ids": "3"}, STOP),
        ({"original_basket_id": "", "linked_basket_ids": "9, 3"}, STOP),
        ({"original_basket_id": ""}, ""),
        ({"original_basket_id": "77"}, ""),
    ],
)
def test_a_leg_is_known_by_whatever_names_its_entry(book, whose, of):
    told(book, *LIFE[:5], leg("3", "working", "target"))
    told(book, leg("2", "working", "stop", **whose))
    assert book.get("2").id == of


@pytest.mark.parametrize(
    ("kind", "role"),
    [
        ({"price_type": STOP_MARKET}, "stop"),
        ({"price_type": 3}, "stop"),
        ({"price_type": LIMIT}, "target"),
        ({"price_type": MARKET, "orig_price_type": STOP_MARKET}, "stop"),  # triggered
        ({"price_type": MARKET, "orig_price_type": MARKET}, "stop"),  # turned into a market order
        ({"price_type": MARKET, "bracket_type": 5}, "target"),
        ({"price_type": MARKET, "bracket_type": 4}, "stop"),
    ],
)
def test_a_leg_is_a_stop_or_a_target_by_its_kind(book, kind, role):
    told(book, *LIFE[:5], leg("2", "working", "stop", **kind))
    assert book.get("2").role == role


def test_an_order_of_another_account_is_nothing(book):
    assert told(book, exchange("1", "working", user_tag=ENTRY, account_id="SIM-2")) == []
    assert book.get("1") is None


def test_fills_of_others_close_what_is_held_and_are_no_words(book):
    told(book, *LIFE[:7])
    assert told(book, fill("8", "F8", size=1, transaction_type=SELL)) == []
    assert book.held(TRADE) == 1
    told(book, fill("8", "F8", size=1, transaction_type=SELL))  # told again
    assert book.held(TRADE) == 1
    told(book, fill("9", "F9", size=5, transaction_type=BUY))  # with us, not against us
    assert book.held(TRADE) == 1


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"price": 5000.1}, f"{ENTRY}: a fill at 5000.1 is off the grid of MESZ6"),
        ({"price": float("nan")}, f"{ENTRY}: a fill at NaN is off the grid of MESZ6"),
        ({"size": 3}, "tells a fill F1 of 3 at 5000.0"),
        ({"number": ""}, "tells a fill without id"),
    ],
)
def test_a_fill_that_cannot_be_is_a_difference_and_no_fill(book, fields, reason):
    given_ = {"number": "F1", "size": 2, "price": 5000.0} | fields
    words = told(book, fill("1", user_tag=ENTRY, **given_), fill("1", user_tag=ENTRY, **given_))
    (word,) = words
    assert isinstance(word, ReportDifference)
    assert reason in word.reason
    assert book.held(TRADE) == 0


def test_more_fills_than_lots_are_a_difference(book):
    """As when Rithmic's history knew a fill by another id than its notification."""
    words = told(book, *LIFE[:4], fill("1", "other", user_tag=ENTRY, ssboe=BEGAN + 1))
    assert [type(word) for word in words] == [ReportWorking, Fill, ReportDifference]


def test_a_row_of_the_history_is_the_fill_of_the_notification(book):
    told(book, *LIFE[:4])
    row = make(
        "ResponseShowFillHistory", basket_id="1", account_id="SIM-1", symbol="MESZ6",
        transaction_type="B", fill_id="F1", fill_price=5000.0, fill_size=2, ssboe=BEGAN,
    )  # fmt: skip
    assert book.learn([execution(row)]) == []


def test_what_was_over_before_this_process_is_no_news_but_its_fills_are():
    book = Book("SIM-1", DAY)
    over = [
        exchange("1", "cancelled", user_tag=ENTRY, is_snapshot=True, total_fill_size=2),
        leg("2", "cancelled", "stop", is_snapshot=True),
        leg("3", "working", "target", is_snapshot=True),
    ]
    words = book.learn([*map(read, over), read(fill("1", "F1", is_snapshot=True))])
    assert [(type(word), word.order_id) for word in words] == [
        (Fill, ENTRY),
        (ReportWorking, TARGET),
    ]


def test_a_rejection_is_told_once_though_both_tell_it(book):
    words = told(
        book,
        exchange("1", "rejected", user_tag=ENTRY, text="  no\n margin "),
        rithmic("1", 15, user_tag=ENTRY, completion_reason="R", text="no margin"),
    )
    assert [(type(word), word.reason) for word in words] == [(ReportReject, "no margin")]


def test_a_rejection_that_somebody_waits_for_is_his_to_tell(book):
    with book.awaiting(ENTRY, "rejected"):
        assert told(book, exchange("1", "rejected", user_tag=ENTRY, text="no margin")) == []
        assert book.refusal(ENTRY) == "no margin"
        book.told_of_refusal(ENTRY)
    assert told(book, rithmic("1", 15, user_tag=ENTRY, completion_reason="R")) == []
    assert book.refusal(ENTRY) == ""


def test_a_change_that_is_refused_is_told_with_the_price_that_stays(book):
    told(book, *LIFE[:7])
    (word,) = told(book, leg("2", "not_modified", "stop", trigger_price=4999.0, text="too late"))
    assert isinstance(word, ReportAmendReject)
    assert (word.order_id, word.price, word.reason) == (STOP, 19984, "too late")
    assert told(book, rithmic("2", 16, price_type=STOP_MARKET)) == []


def test_a_stop_that_shrank_with_its_target_keeps_the_rest(book):
    told(book, *LIFE[:7], leg("2", "modified", "stop", quantity=1))
    assert book.get("2").size == 1
    assert not book.get("2").over


def test_over_weeks_nothing_is_kept_but_today(book):
    """Sixty days of ten trades each."""
    sizes = []
    for number in range(60):
        day = DAY + timedelta(days=number)
        book.roll(day)
        for trade in range(10):
            tag = f"live-{day:%Y%m%d}-{trade + 1:03d}-E"
            start = (number * 10 + trade) * 10
            book.sent(tag)
            for message in LIFE:
                message = type(message).FromString(message.SerializeToString())
                message.basket_id = str(start + int(message.basket_id))
                if message.user_tag:
                    message.user_tag = tag
                if message.original_basket_id:
                    message.original_basket_id = str(start + 1)
                book.take(read(message))
        told(book, fill(f"9{number}", f"X{number}", transaction_type=SELL))  # somebody else's
        sizes.append(len(book))
    assert sizes[1:] == [sizes[0]] * 59


def test_a_position_that_is_held_over_the_roll_is_not_forgotten(book):
    told(book, *LIFE[:7])
    book.roll(DAY + timedelta(days=1))
    book.roll(DAY + timedelta(days=2))
    assert book.held(TRADE) == 2
    assert [each.id for each in book.all()] == [ENTRY, STOP, TARGET]
    words = told(book, *LIFE[3:])
    assert [type(word) for word in words if isinstance(word, Fill)] == [Fill]
    book.roll(DAY + timedelta(days=3))
    assert list(book.all()) == []
