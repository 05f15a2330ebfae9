"""What makes a day doubtful or bad."""

from collections import Counter
from dataclasses import replace

import pytest

from engine.ticks import NS
from marketdata.quality.judge import judge
from marketdata.quality.measure import Latency, measure
from tests.marketdata.quality.made import MINUTE, hours, steady, without

DAY = hours()
WHOLE = measure(DAY, [steady(DAY)])
VOLUME = WHOLE.volume
FAST = Latency(100, 1000, 2000, 3000, 0)


def test_a_whole_day_is_good():
    for volume in (None, VOLUME):
        assert judge(WHOLE, volume).grade == "good"
    assert judge(replace(WHOLE, latency=FAST)).reasons == ()


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"duplicates": 1}, "1 duplicate"),
        ({"bad": Counter(jump=2, late=1)}, "3 bad ticks: jump 2, late 1"),
        ({"latest": 2 * NS, "out_of_order": 1}, "out of order by up to 2.0 s"),
        ({"outside": 2}, "2 ticks outside trading hours"),
        ({"buy_volume": 0}, "50.0% of the volume has no aggressor"),
        ({"latency": Latency(9, 1, 3 * NS, 4 * NS, 0)}, "one tick in a hundred came 3.0 s late"),
        ({"latency": Latency(9, 1, 3, 4, 2)}, "2 ticks received before they happened"),
    ],
)
def test_what_makes_it_doubtful(changed, said):
    verdict = judge(replace(WHOLE, **changed))
    assert verdict.grade == "doubtful"
    (reason,) = verdict.reasons
    assert said in reason


def test_order_within_a_second_and_one_percent_without_side_are_usual():
    usual = replace(WHOLE, out_of_order=50, latest=NS, sell_volume=20_700 - VOLUME // 100)
    assert judge(usual).grade == "good"
    assert judge(replace(usual, sell_volume=usual.sell_volume - 1)).grade == "doubtful"


@pytest.mark.parametrize(
    ("volume", "cleared", "grade"),
    [
        (VOLUME, False, "good"),
        (VOLUME + 1, False, "doubtful"),
        (VOLUME - 1, False, "doubtful"),
        (VOLUME * 100 // 98, False, "bad"),
        (VOLUME * 98 // 100, False, "bad"),
        (0, False, "bad"),
        (VOLUME + 1000, True, "good"),
        (VOLUME * 100 // 94, True, "doubtful"),
        (VOLUME - 1, True, "doubtful"),
    ],
)
def test_volume_against_the_exchanges(volume, cleared, grade):
    assert judge(WHOLE, volume, cleared=cleared).grade == grade


def test_gaps_and_coverage():
    noon = DAY.open + 18 * 60 * MINUTE
    hole = measure(DAY, [without(steady(DAY), noon, noon + 10 * MINUTE)])
    verdict = judge(hole)
    assert (verdict.grade, verdict.reasons) == ("doubtful", ("1 gap, the longest 602 s",))
    half = measure(DAY, [without(steady(DAY), noon, noon + 90 * MINUTE)])
    verdict = judge(half)
    assert (verdict.grade, verdict.reasons) == ("bad", ("93.5% of trading hours covered",))
    assert judge(measure(DAY, [])).reasons == ("no ticks",)


def test_what_the_file_itself_warns_of_comes_last():
    verdict = judge(replace(WHOLE, duplicates=2), VOLUME // 2, ["sides are inferred"])
    assert verdict.grade == "bad"
    assert verdict.reasons[1:] == ("2 duplicates", "sides are inferred")
