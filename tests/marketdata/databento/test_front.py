"""Which contract a trading day has: the rule, and the feed that keeps it."""

from datetime import UTC, date, datetime, time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from marketdata.calendars import new_york, schedule
from marketdata.errors import FeedError
from marketdata.feeds.databento_live.front import DayVolumes, FrontFile, front_month
from marketdata.feeds.live import NewDay, Received, Silent
from tests.marketdata.databento.gateway import (
    BEGIN,
    DEC,
    H6,
    LISTED,
    MAR,
    MES,
    NS,
    Z5,
    Clock,
    Heardall,
    Tape,
    expected,
    listen,
    opened,
)
from tests.servers.databento_gateway import Gateway, Listed, dbn

END = BEGIN + 7 * 3600 * NS
EXPIRES = {"MESZ5": DEC, "MESH6": MAR}


def front(volumes, **words):
    return front_month(END, EXPIRES, volumes=volumes, of="counted", **words)[0]


def test_the_contract_with_the_most_volume_of_the_day_before():
    assert front({"MESZ5": 900, "MESH6": 100}) == "MESZ5"
    assert front({"MESZ5": 100, "MESH6": 900}) == "MESH6"


def test_of_equal_volumes_the_one_that_expires_first():
    assert front({"MESZ5": 500, "MESH6": 500}) == "MESZ5"


def test_it_never_goes_back():
    assert front({"MESZ5": 900, "MESH6": 100}, before="MESH6") == "MESH6"
    assert front({}, before="MESH6") == "MESH6"


def test_an_expired_contract_is_no_candidate():
    late = DEC + 86_400 * NS
    got = front_month(late, EXPIRES, volumes={"MESZ5": 900}, of="counted", before="MESZ5")
    assert got[0] == "MESH6"
    with pytest.raises(FeedError, match="names no contract"):
        front_month(MAR + 1, EXPIRES, volumes={}, of="")


def test_an_open_position_keeps_its_contract():
    volumes = {"MESZ5": 100, "MESH6": 900}
    assert front(volumes, before="MESZ5", holding=True) == "MESZ5"
    assert front(volumes, before="MESZ5") == "MESH6"


def test_the_first_day_ever():
    assert front({}, heard_today={"MESZ5": 10, "MESH6": 30}) == "MESH6"
    assert front({}) == "MESZ5"


names = st.sampled_from(["MESZ5", "MESH6", "MESM6", "MESU6"])


@given(
    st.dictionaries(names, st.integers(1, 5), min_size=1),
    st.dictionaries(names, st.integers(0, 3)),
    st.just("") | names,
    st.booleans(),
    st.integers(1, 4),
)
def test_the_rule_always_holds(expires, volumes, before, holding, day_end):
    candidates = {name for name, end in expires.items() if end >= day_end}
    if not candidates:
        return
    asked = {"volumes": volumes, "of": "", "before": before, "holding": holding}
    got, reason = front_month(day_end, expires, **asked)
    assert reason
    assert got in candidates
    shuffled = dict(reversed(list(expires.items())))
    assert front_month(day_end, shuffled, **asked)[0] == got
    if before in candidates:
        assert expires[got] >= expires[before]
        if holding:
            assert got == before
    elif volumes.get(got, 0) < max(volumes.get(name, 0) for name in candidates):
        raise AssertionError("another candidate had more volume")


def test_the_file_keeps_what_was_decided(tmp_path):
    file = FrontFile(tmp_path / "front" / "MES.json")
    file.days[date(2025, 11, 19)] = DayVolumes(5, 9, {"MESZ5": 7}, "MESZ5", "asked")
    file.save(durable=True)
    assert FrontFile(file.path).days == file.days
    file.path.write_text('{"2025-11-19": 3}')
    with pytest.raises(FeedError, match=r"MES.json: cannot be read, .* remove it"):
        FrontFile(file.path)


# The feed

EVENING = int(datetime(2025, 11, 19, 21, 50, tzinfo=UTC).timestamp()) * NS  # 16:50 New York


def counted(path, day, volumes, contract="MESZ5"):
    """The file of a day that was heard whole."""
    file = FrontFile(path)
    rth = schedule(MES, "rth").day(day)
    file.days[day] = DayVolumes(rth.open - NS, rth.close, volumes, contract, "")
    file.save()
    return path


def rolling(tmp_path, volumes, *, may_roll=True):
    """A feed ten minutes before the end of a day, and what it hears until the next one trades."""
    clock = Clock(EVENING)
    day = date(2025, 11, 19)
    path = counted(tmp_path / "MES.json", day, volumes)
    asked = []

    async def allowed():
        asked.append(len(heard_ticks()))
        return may_roll

    with Gateway(LISTED, clock=clock) as gateway:
        feed = opened(gateway, clock, front=path)
        tape = Tape(clock)
        seen: list[Heardall] = []

        def heard_ticks():
            return seen[0].ticks if seen else []

        both = {}

        def before():
            both["old"] = np.concatenate([tape.next(20), tape.next(5, H6.number)])
            gateway.publish(both["old"])

        def after():
            clock.move(4300 * NS)
            both["new"] = np.concatenate([tape.next(20), tape.next(20, H6.number)])
            gateway.publish(both["new"])

        def started(heard):
            seen[:] = [heard]
            return bool(heard.of(Silent))

        heard = listen(
            feed, (started, before), (lambda heard: len(heard.ticks) >= 20, after),
            until=lambda heard: len(heard.ticks) >= 40, may_roll=allowed,
        )  # fmt: skip
        return heard, both, asked, path


def test_the_contract_changes_between_two_days_and_never_within(tmp_path):
    heard, both, asked, path = rolling(tmp_path, {"MESZ5": 10, "MESH6": 999})
    (new,) = heard.of(NewDay)
    assert (new.day, new.contract, new.before) == (date(2025, 11, 20), "MESH6", "MESZ5")
    traded = int(both["old"]["size"][20:].sum())
    assert f"MESH6 {999 + traded:,}" in new.reason
    assert new.start == new_york(date(2025, 11, 19), time(17))
    old, late = expected(both["old"], Z5.number), expected(both["new"], H6.number)
    assert heard.ticks == old + late
    assert asked == [20], "nothing of the new day before it may roll"
    before = heard.items[: heard.items.index(new)]
    assert sum(len(item.ticks.ts_event) for item in before if isinstance(item, Received)) == 20
    assert FrontFile(path).days[date(2025, 11, 20)].contract == "MESH6"


def test_with_a_position_open_the_contract_stays(tmp_path):
    heard, both, _, _ = rolling(tmp_path, {"MESZ5": 10, "MESH6": 999}, may_roll=False)
    (new,) = heard.of(NewDay)
    assert (new.contract, new.before, new.reason) == ("MESZ5", "MESZ5", "a position is open")
    assert heard.ticks == expected(np.concatenate([both["old"], both["new"]]), Z5.number)


def test_a_start_on_the_same_day_has_the_same_contract(tmp_path):
    path = counted(tmp_path / "MES.json", date(2025, 11, 18), {"MESZ5": 10, "MESH6": 999}, "")
    clock = Clock()
    with Gateway(LISTED, clock=clock) as gateway:
        assert opened(gateway, clock, front=path).contract == "MESH6"
        counted(path, date(2025, 11, 18), {"MESZ5": 999, "MESH6": 10})
        assert opened(gateway, clock, front=path).contract == "MESH6"


def test_the_exchanges_cleared_volume_decides_where_we_heard_too_little():
    clock = Clock()
    midnight = int(datetime(2025, 11, 18, tzinfo=UTC).timestamp()) * NS
    with Gateway(LISTED, clock=clock) as gateway:
        for number, lots in ((Z5.number, 50_000), (H6.number, 70_000)):
            kind = dbn.StatType.CLEARED_VOLUME
            gateway.statistic(number, kind, quantity=lots, reference=midnight)
        feed = opened(gateway, clock)
    assert feed.contract == "MESH6"
    reason = feed.desk.file.day(feed.day.day).reason
    assert reason == "volume of the day before (cleared): MESH6 70,000, MESZ5 50,000"


def test_on_the_first_day_ever_the_last_hours_volume_decides():
    clock = Clock()
    tape = Tape(clock)
    with Gateway(LISTED, clock=clock) as gateway:
        gateway.publish(tape.next(10, ts=clock() - 600 * NS))
        gateway.publish(tape.next(50, H6.number, ts=clock() - 500 * NS))
        feed = opened(gateway, clock)
    assert feed.contract == "MESH6"
    assert feed.desk.file.day(feed.day.day).reason.startswith("volume of the day so far: MESH6")


def test_a_continuous_symbol_is_what_the_gateway_says_and_stays_so_for_the_day(tmp_path):
    clock = Clock(EVENING)
    tape = Tape(clock)
    with Gateway(LISTED, clock=clock, front="MESZ5") as gateway:
        feed = opened(gateway, clock, "MES.v.0")
        first, second = tape.next(10), None

        def tomorrow():
            gateway.front = "MESH6"
            clock.move(620 * NS)

        def publish():
            nonlocal second
            clock.move(3600 * NS)
            second = tape.next(10, H6.number)
            gateway.publish(second)

        heard = listen(
            feed,
            (lambda heard: bool(heard.of(Silent)), lambda: gateway.publish(first)),
            (lambda heard: len(heard.ticks) >= 10, tomorrow),
            (lambda heard: bool(heard.of(NewDay)), publish),
            until=lambda heard: len(heard.ticks) >= 20,
        )
        asked = [[(each["stype_in"], each["symbols"]) for each in one] for one in gateway.asked]
    assert heard.ticks == expected(first) + expected(second, H6.number)
    assert heard.of(NewDay)[0].contract == "MESH6"
    assert asked[-2][0] == ("raw_symbol", "MESZ5")
    assert asked[-1][0] == ("continuous", "MES.v.0")


def test_another_tick_than_ours_is_refused():
    clock = Clock()
    listed = (Listed(11, "MESZ5", DEC, tick=500_000_000), H6)
    with (
        Gateway(listed, clock=clock) as gateway,
        pytest.raises(FeedError, match=r"MESZ5 counts in ticks of 0.5, .* ticks of 0.25"),
    ):
        opened(gateway, clock)
