"""What is written can be read again, and is the same."""

from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from io import BytesIO
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rest_framework import exceptions

from engine.ticks import NS
from marketdata.models import EPOCH, moment
from trading.api import paging
from trading.api.fields import DecimalText, Moment, NanoTime, decimal_text, nano_text
from trading.api.parsing import JsonParser
from trading.api.problems import Wrong, document, flat, invalid
from trading.models import Trade

STORED = st.decimals(min_value=-(10**11), max_value=10**11, places=8, allow_nan=False)


@given(STORED)
def test_a_stored_amount_is_the_same_when_it_is_read_again(value: Decimal) -> None:
    text = DecimalText().to_representation(value)
    assert Decimal(text) == value
    assert "e" not in text.lower()
    assert len(text.partition(".")[2]) >= 2


@given(st.integers(min_value=0, max_value=4 * 10**18))
def test_a_time_keeps_its_nanoseconds(ns: int) -> None:
    text = NanoTime().to_representation(ns)
    whole, _, rest = text.removesuffix("Z").partition(".")
    seconds = (datetime.fromisoformat(whole).replace(tzinfo=UTC) - EPOCH) // timedelta(seconds=1)
    assert seconds * NS + int(rest) == ns
    assert datetime.fromisoformat(text) == moment(ns), "and Python reads it to the microsecond"


@given(st.integers(min_value=0, max_value=4 * 10**18), st.integers(-14, 14))
def test_a_moment_is_told_in_utc(ns: int, hours: int) -> None:
    at = moment(ns)
    text = Moment().to_representation(at.astimezone(timezone(timedelta(hours=hours))))
    assert text.endswith("Z")
    assert datetime.fromisoformat(text) == at


@given(st.lists(st.integers(min_value=0, max_value=4 * 10**18)))
def test_times_sort_as_their_text(times: list[int]) -> None:
    assert sorted(map(nano_text, times)) == list(map(nano_text, sorted(times)))


@given(st.sampled_from(["time", "net", "day"]), st.integers(0, 2**62), STORED, st.text(max_size=90))
def test_a_cursor_names_the_place_that_it_was_made_of(
    name: str, ns: int, amount: Decimal, pk: str
) -> None:
    field, value = {"time": ("ordered_ns", ns), "net": ("net", amount)}.get(
        name, ("day", "2024-06-12")
    )
    if "\0" in pk:
        return
    place = paging._encode(name, value, pk)
    found = dict(paging._beyond(place, name, field, True, Trade.objects.none()).children[0:1])  # type: ignore[arg-type]
    assert str(found[f"{field}__lt"]) == str(value)


@given(st.text(max_size=300))
def test_no_text_breaks_a_list(text: str) -> None:
    with pytest.raises(exceptions.APIException) as refused:
        paging._beyond(text, "time", "ordered_ns", True, Trade.objects.none())
    assert refused.value.status_code == 400


@given(st.binary(max_size=500))
def test_no_bytes_break_the_reader(body: bytes) -> None:
    try:
        read = JsonParser().parse(BytesIO(body))
    except exceptions.ParseError:
        return
    assert isinstance(read, dict)


def test_a_sentence_is_what_was_wrong_and_what_to_do() -> None:
    wrong = Wrong.of("reason", "reason has 201 characters; use at most 200.")
    assert (wrong.detail, wrong.remedy) == ("reason has 201 characters", "use at most 200")
    assert Wrong.of("x", "is wrong").remedy


def test_nested_problems_have_their_path() -> None:
    one = {"message": "This field is required.", "code": "required"}
    said: Any = {"a": {"b": [one]}, "c": [{}, {"d": [one]}], "non_field_errors": [one]}
    assert [wrong.field for wrong in flat(said)] == ["a.b", "c.1.d", ""]
    assert {wrong.remedy for wrong in flat(said)} == {"send it"}


def test_a_problem_says_its_kind_and_status() -> None:
    said = document(409, "It is over")
    assert said == {
        "type": "urn:tradebot:problem:conflict", "title": "It cannot be done as things stand",
        "status": 409, "detail": "It is over.",
    }  # fmt: skip
    assert "and 1 more" in str(invalid(Wrong("a", "b", "c"), Wrong("d", "e", "f")).detail)


def test_amounts_have_two_places_at_least() -> None:
    assert decimal_text(Decimal(5)) == "5.00"
    assert decimal_text(Decimal("0.12345678")) == "0.12345678"
