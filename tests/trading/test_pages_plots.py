"""Places on a drawing."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from trading.pages.plots import Clock, Scale, columns, line, step, steps

OPEN = int(datetime(2024, 6, 12, 13, 30, tzinfo=UTC).timestamp()) * 10**9  # 09:30 New York
HOUR = 3_600 * 10**9


def amounts(*texts: str) -> list[Decimal]:
    return [Decimal(text) for text in texts]


@pytest.mark.parametrize(
    ("span", "wanted"), [("0", "1"), ("4", "1"), ("5", "2"), ("395.5", "100"), ("801", "500")]
)
def test_lines_are_at_round_amounts_and_few(span: str, wanted: str) -> None:
    assert step(Decimal(span)) == Decimal(wanted)


def test_a_scale_holds_all_amounts_and_zero() -> None:
    scale = Scale(amounts("-67.47", "325.22"))
    assert (scale.low, scale.high) == (-100, 400)
    assert (scale.place(Decimal(400)), scale.place(Decimal(-100))) == (0, 1000)
    assert scale.zero == 800
    assert [mark.text for mark in scale.lines()] == ["−100", "0", "100", "200", "300", "400"]
    assert [mark.at for mark in scale.lines()] == [1000, 800, 600, 400, 200, 0]


def test_a_scale_of_one_sign_ends_at_zero_and_of_nothing_is_drawable() -> None:
    assert Scale(amounts("-250", "-10")).high == 0
    assert Scale(amounts("10")).low == 0
    assert Scale([]).high > Scale([]).low


def test_a_clock_names_round_times_of_new_york() -> None:
    clock = Clock(OPEN, OPEN + 6 * HOUR + HOUR // 2)
    assert [mark.text for mark in clock.times()] == [
        "10:00", "11:00", "12:00", "13:00", "14:00", "15:00", "16:00",
    ]  # fmt: skip
    assert clock.place(OPEN) == 0
    assert clock.place(OPEN + 6 * HOUR + HOUR // 2) == 1000
    assert clock.place(OPEN - HOUR) == 0
    assert clock.times()[-1].percent == "100.0%"


def test_a_step_line_keeps_its_height_until_the_next_point() -> None:
    assert steps([(0, 500), (300, 200)], 1000) == "0,500 300,500 300,200 1000,200"
    assert steps([], 1000) == ""
    assert line([(0, 500), (300, 200)]) == "0,500 300,200"


def test_columns_stand_on_zero_or_hang_from_it() -> None:
    values = amounts("100", "-50", "0")
    up, down, flat = columns(values, Scale(values))
    assert (up.y, up.height) == ("0.0%", "66.7%")
    assert (down.y, down.height) == ("66.7%", "33.3%")
    assert flat.height == "0.4%"
    assert [up.x, down.x, flat.x] == ["1.25%", "11.25%", "21.25%"]


def test_many_columns_share_the_width() -> None:
    values = amounts(*["1"] * 40)
    last = columns(values, Scale(values))[-1]
    assert (last.x, last.width) == ("97.81%", "1.88%")
