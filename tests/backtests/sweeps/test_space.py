"""What a sweep varies, and how what it cannot vary is refused."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backtests.sweeps.errors import SweepError
from backtests.sweeps.space import asked, parameter, space, whole_grid
from engine.config import engine_config

ES = engine_config("ES")


@pytest.mark.parametrize(
    ("said", "values"),
    [
        ("risk.stop_ticks=8:24:4", ("8", "12", "16", "20", "24")),
        ("risk.stop_ticks=8:10", ("8", "9", "10")),
        ("risk.stop_ticks=8:23:5", ("8", "13", "18", "23")),
        ("patterns.ratio=2.5,3,4", ("2.5", "3", "4")),
        ("patterns.ratio=4, 2.5 ,3,4", ("2.5", "3", "4")),
        ("patterns.ratio=3,3.0", ("3.0",)),
        ("patterns.ratio=0.1:0.5:0.1", ("0.1", "0.2", "0.3", "0.4", "0.5")),
        ("fills.target=through,touch", ("through", "touch")),
    ],
)
def test_values_of_ranges_and_lists(said: str, values: tuple[str, ...]) -> None:
    assert parameter(said).values == values


@given(st.decimals(-50, 50, places=2), st.decimals("0.01", 5, places=2), st.integers(0, 60))
def test_a_range_is_exact_to_its_last_step(first: Decimal, step: Decimal, count: int) -> None:
    last = first + step * count
    values = parameter(f"patterns.ratio={first}:{last}:{step}").values
    assert [Decimal(value) for value in values] == [first + step * at for at in range(count + 1)]


@pytest.mark.parametrize(
    ("said", "message"),
    [
        ("risk.stop_ticks", "write NAME=FROM:TO:STEP"),
        ("=3", "write NAME=FROM:TO:STEP"),
        ("risk.stop_ticks=", "write NAME=FROM:TO:STEP"),
        ("risk.stop_ticks=8:x:2", "plain numbers"),
        ("risk.stop_ticks=1:2:3:4", "plain numbers"),
        ("risk.stop_ticks=8:24:0", "step above 0"),
        ("risk.stop_ticks=24:8:2", "must rise"),
        ("patterns.ratio=2.5:4", "say the step"),
        ("risk.stop_ticks=1:1000000:1", "1,000,000 values"),
        ("risk.stop_ticks=1:inf:1", "plain numbers"),
    ],
)
def test_what_cannot_be_read_says_why(said: str, message: str) -> None:
    with pytest.raises(SweepError, match=message):
        parameter(said)


def test_an_unknown_setting_names_the_nearest() -> None:
    with pytest.raises(SweepError, match=r"did you mean risk\.stop_ticks"):
        space(["risk.stop_tick=8:24:4"], ES)
    with pytest.raises(SweepError, match=r"did you mean risk\.stop_ticks"):
        space(["stop_ticks=8:24:4"], ES)


def test_a_setting_twice_and_none_are_refused() -> None:
    with pytest.raises(SweepError, match="more than once"):
        space(["risk.stop_ticks=8,9", "risk.stop_ticks=10"], ES)
    with pytest.raises(SweepError, match="nothing to vary"):
        space([], ES)


def test_what_only_names_something_is_not_varied() -> None:
    with pytest.raises(SweepError, match="names something"):
        space(["account.id=a,b"], ES)


def test_too_many_points_are_counted_and_told_the_remedy() -> None:
    big = space(["risk.stop_ticks=1:100", "risk.target_ticks=1:100"], ES)
    with pytest.raises(SweepError, match=r"100 x 100 values are 10,000 points.*--method optuna"):
        whole_grid(big)


def test_a_value_that_the_configuration_refuses_is_a_refused_point_with_its_reason() -> None:
    varied = space(["risk.stop_ticks=0,8", "risk.target_ticks=24,many"], ES)
    found = asked(varied, ES, varied.points())
    assert [bool(each.refused) for each in found] == [True, True, False, True]
    assert "risk.stop_ticks is 0" in found[0].refused
    assert "risk.target_ticks is 'many'" in found[3].refused
    config = found[2].config
    assert config is not None
    assert (config.risk.stop_ticks, config.risk.target_ticks) == (8, 24)


def test_neighbours_are_one_step_away_in_what_has_an_order() -> None:
    varied = space(["risk.stop_ticks=8,12,16", "fills.target=through,touch"], ES)
    assert varied.neighbours((1, 0)) == [(0, 0), (2, 0)]
    assert varied.neighbours((0, 1)) == [(1, 1)]


def test_a_space_is_read_back_from_its_spec() -> None:
    varied = space(["risk.stop_ticks=8:24:4", "fills.target=touch,through"], ES)
    assert space(varied.spec(), ES) == varied
