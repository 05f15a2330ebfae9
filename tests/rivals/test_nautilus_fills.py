"""Fills of nautilus_trader, whose rules others wrote, against ours: what differs has a name."""

import pytest

from tests.rivals.agreement import CASES, compare

pytestmark = pytest.mark.slow
BY_NAME = {case.name: case for case in CASES}


@pytest.fixture(scope="module")
def days_of(rivals):
    """The compared days of a case, each compared once."""
    compared = {}

    def find(name):
        if name not in compared:
            compared[name] = compare(rivals, BY_NAME[name])
        return compared[name]

    return find


@pytest.mark.parametrize("name", BY_NAME)
def test_the_engine_fills_as_its_assumptions_say(days_of, name):
    for seed, day in enumerate(days_of(name)):
        assert day.ours == day.ours_explained, f"seed {seed}"


@pytest.mark.parametrize("name", BY_NAME)
def test_nautilus_fills_the_same_brackets_as_the_named_assumptions_say(days_of, name):
    for seed, day in enumerate(days_of(name)):
        assert day.theirs == day.theirs_explained, f"seed {seed}"


@pytest.mark.parametrize("name", ["ideal", "honest"])
def test_only_an_exit_order_and_a_touch_at_the_same_trade_fill_differently(days_of, name):
    days = days_of(name)
    ours = {fill for day in days for fill in set(day.ours) - set(day.theirs)}
    theirs = {fill for day in days for fill in set(day.theirs) - set(day.ours)}
    assert {role for _, role, *_ in ours} == {"exit"}
    assert {role for _, role, *_ in theirs} == {"stop", "target"}
    when = {(number, ts) for number, _, ts, *_ in ours}
    assert {(number, ts) for number, _, ts, *_ in theirs} == when
    assert len(ours) * 100 < sum(len(day.ours) for day in days)


@pytest.mark.parametrize("name", [name for name in BY_NAME if name not in ("ideal", "honest")])
def test_what_is_assumed_otherwise_shows(days_of, name):
    assert sum(day.differing for day in days_of(name)) > 100
