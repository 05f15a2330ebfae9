"""Which backups stay: the newest of each of so many days, weeks and months."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from trading.backup.retention import Keep, retained

FIRST = datetime(2025, 1, 1, tzinfo=UTC)
MOMENTS = st.lists(
    st.integers(0, 730 * 86_400).map(lambda after: FIRST + timedelta(seconds=after)), max_size=60
)
KEEPS = st.builds(Keep, st.integers(1, 9), st.integers(0, 6), st.integers(0, 14))


def nightly(days: int) -> list[datetime]:
    first = datetime(2025, 3, 3, 23, 15, tzinfo=UTC)
    return [first + timedelta(days=number) for number in range(days)]


def test_after_two_years_of_nights_a_week_five_weeks_and_a_year_of_months_are_left():
    moments = nightly(730)

    stay = sorted(retained(moments, Keep()))

    assert stay[-7:] == moments[-7:]
    assert {moment.isoweekday() for moment in stay[-11:-7]} == {7}  # what ends a week
    assert len({(moment.year, moment.month) for moment in stay}) == 12
    assert len(stay) <= 7 + 5 + 12


def test_of_one_day_the_newest_stays():
    first, second = nightly(1)[0], nightly(1)[0] + timedelta(hours=2)

    assert retained([first, second], Keep()) == {second}


def test_an_evening_in_new_york_belongs_to_that_day():
    """23:15 and 02:15 UTC are one evening, 18:15 and 21:15."""
    evening = nightly(1)[0]

    assert retained([evening, evening + timedelta(hours=3)], Keep()) == {
        evening + timedelta(hours=3)
    }


@given(MOMENTS, KEEPS)
def test_the_newest_always_stays_and_nothing_is_made_up(moments: list[datetime], keep: Keep):
    stay = retained(moments, keep)

    assert stay <= set(moments)
    assert not moments or max(moments) in stay
    assert len(stay) <= max(1, keep.days + keep.weeks + keep.months)


@given(MOMENTS, KEEPS)
def test_who_asks_each_time_keeps_what_he_would_keep_by_asking_once(
    moments: list[datetime], keep: Keep
):
    left: set[datetime] = set()
    for moment in sorted(moments):
        left = retained(left | {moment}, keep)

    assert left == retained(moments, keep)
