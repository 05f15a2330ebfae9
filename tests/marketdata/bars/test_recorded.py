"""Micro crude, December 2023 to September 2025: all that Databento has of it, spreads and all.

What we compute is compared with what pandas computes from the same files by another way: trading
days by shifting New York's clock, sums by groupby, symbols by symbology.json.
"""

from collections import Counter
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pytest

from marketdata.bars.continuous import adjusted, continuous, gaps
from marketdata.bars.days import by_trading_day, trading_days
from marketdata.bars.front import fronts
from marketdata.bars.importing import import_file
from marketdata.bars.ohlcv import OhlcvFile, _spells, symbology
from marketdata.bars.store import BarStore
from marketdata.bars.table import Bars, joined
from marketdata.feeds.files.dbn_frames import DbnFrames
from tests.marketdata.bars.test_store import rows

pytestmark = pytest.mark.data

ROLLS = """
2023-12-18 MCLF4 MCLG4   2024-01-19 MCLG4 MCLH4   2024-02-16 MCLH4 MCLJ4   2024-03-19 MCLJ4 MCLK4
2024-04-19 MCLK4 MCLM4   2024-05-20 MCLM4 MCLN4   2024-06-18 MCLN4 MCLQ4   2024-07-19 MCLQ4 MCLU4
2024-08-19 MCLU4 MCLV4   2024-09-19 MCLV4 MCLX4   2024-10-21 MCLX4 MCLZ4   2024-11-19 MCLZ4 MCLF5
2024-12-18 MCLF5 MCLG5   2025-01-17 MCLG5 MCLH5   2025-02-18 MCLH5 MCLJ5   2025-03-19 MCLJ5 MCLK5
2025-04-21 MCLK5 MCLM5   2025-05-19 MCLM5 MCLN5   2025-06-18 MCLN5 MCLQ5   2025-07-21 MCLQ5 MCLU5
2025-08-19 MCLU5 MCLV5   2025-09-19 MCLV5 MCLX5
"""


@pytest.fixture(scope="module")
def folder(request: pytest.FixtureRequest) -> Path:
    return request.getfixturevalue("recorded_data") / "mcl"


@pytest.fixture(scope="module")
def stored(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[BarStore, Counter[str]]:
    """All files imported, and what was left out of the minutes."""
    store = BarStore(tmp_path_factory.mktemp("bars"))
    lost: Counter[str] = Counter()
    for path in sorted(folder.glob("*.dbn.zst")):
        done = import_file(store, path)
        assert done.counts.read == done.counts.used + done.counts.dropped.total()
        assert done.written.added == done.counts.used
        if done.interval == "1m":
            lost += done.counts.dropped
    return store, lost


@pytest.fixture(scope="module")
def minutes(stored) -> Bars:
    return stored[0].read("MCL", "1m")


@pytest.fixture(scope="module")
def frame(folder: Path):
    """The same minutes as a table of pandas, with symbols from symbology.json."""
    import json

    import pandas as pd
    from databento import DBNStore

    parts = [
        pd.DataFrame(DBNStore.from_file(path).to_ndarray())[["ts_event", "instrument_id", "volume"]]
        for path in sorted(folder.glob("*.ohlcv-1m.dbn.zst"))
    ]
    frame = pd.concat(parts, ignore_index=True)
    names = json.loads((folder / "symbology.json").read_text())["result"]
    symbols = {int(spell["s"]): name for name, spells in names.items() for spell in spells}
    frame["symbol"] = frame.instrument_id.map(symbols)
    local = pd.to_datetime(frame.ts_event, utc=True).dt.tz_convert("America/New_York")
    frame["day"] = (local.dt.tz_localize(None) + pd.Timedelta(hours=7)).dt.date
    return frame[frame.symbol.str.fullmatch(r"MCL[FGHJKMNQUVXZ][0-9]")]


def test_the_metadata_and_symbology_json_name_the_same_contracts(folder: Path):
    path = next(folder.glob("*.ohlcv-1d.dbn.zst"))
    beside = symbology(folder / "symbology.json")
    assert len(beside) == 515
    listed = {(spell.number, spell.symbol) for spell in beside}
    assert {(s.number, s.symbol) for s in _spells(DbnFrames(path).metadata)} == listed


def test_every_record_is_an_outright_or_counted_as_another(stored, minutes, frame):
    store, lost = stored
    assert len(minutes) == len(frame) == 1_182_761
    assert dict(lost) == {"other_contract": 272_678}
    assert int(minutes.volume.sum()) == int(frame.volume.sum())
    assert [(each, store.held("MCL", each).bars) for each in store.intervals("MCL")] == [
        ("1s", 68_709), ("1m", 1_182_761), ("1d", 6_624),
    ]  # fmt: skip
    assert minutes.contracts == tuple(sorted(frame.symbol.unique()))


def test_databento_reads_the_same_prices(folder: Path):
    from databento import DBNStore

    path = folder / "glbx-mdp3-20240101-20240131.ohlcv-1m.dbn.zst"
    store = DBNStore.from_file(path)
    names = {
        int(spell["symbol"]): name
        for name, spells in store.metadata.mappings.items()
        for spell in spells
    }
    cent = 10**7
    theirs = sorted(
        (name, *(int(row[column]) for column in ("ts_event",)),
         *(int(row[column]) // cent for column in ("open", "high", "low", "close")),
         int(row["volume"]))
        for row in store.to_ndarray()
        if "-" not in (name := names[int(row["instrument_id"])]) and ":" not in name
    )  # fmt: skip
    assert sorted(rows(joined(OhlcvFile(path).tables()))) == theirs


def test_the_front_month_of_each_day_is_what_the_volumes_say(minutes, frame):
    front = fronts("MCL", minutes)
    volumes = frame.groupby(["day", "symbol"]).volume.sum()
    days = sorted(frame.day.unique())
    assert [each.day.day for each in front.days] == days
    assert (len(days), days[0], days[-1]) == (467, date(2023, 12, 11), date(2025, 10, 1))
    order = {name: 12 * int(name[4]) + "FGHJKMNQUVXZ".index(name[3]) for name in minutes.contracts}
    current = None
    for before, each in zip([days[0], *days], front.days, strict=False):
        its = volumes[before]
        if current is not None:
            its = its[[name for name in its.index if order[name] >= order[current]]]
        current = its.idxmax()
        assert (each.day.day, each.contract) == (each.day.day, current)
        assert each.volume == volumes[each.day.day].get(current, 0)
        assert each.before in (int(its[current]), 0)


def test_it_rolls_22_times_on_these_days(minutes):
    front = fronts("MCL", minutes)
    rolls = [(str(roll.day), roll.left, roll.taken) for roll in front.rolls]
    words = ROLLS.split()
    assert rolls == list(zip(words[::3], words[1::3], words[2::3], strict=True))
    assert len(rolls) == 22
    # Nearly always the day's own most traded contract too: the day before is a good guess.
    found = trading_days("MCL", minutes)
    volumes = np.zeros((len(found.days), len(minutes.contracts)), np.int64)
    np.add.at(volumes, (found.of, minutes.which), minutes.volume)
    most = [minutes.contracts[i] for i in volumes.argmax(axis=1).tolist()]
    late = [
        each.day.day for each, own in zip(front.days, most, strict=True) if each.contract != own
    ]
    assert len(late) == 22
    assert all(
        roll.day - timedelta(days=5) < day < roll.day
        for roll, day in zip(front.rolls, late, strict=True)
    )


def test_the_continuous_series_and_its_adjustment(minutes):
    front = fronts("MCL", minutes)
    series = continuous("MCL", minutes, front)
    assert len(series) == 623_463
    assert (np.diff(series.start) > 0).all()
    assert int(series.volume.sum()) == sum(each.volume for each in front.days)
    found = gaps(minutes, front.rolls)
    assert [gap.ticks for gap in found] == [
        34, -19, -51, -59, -64, -46, -67, -156, -109, -98, -56, 1, -45, -86, -5, -17, -68, -65,
        -159, -128, -70, -33,
    ]  # fmt: skip
    # Both contracts traded until the roll; on Presidents' Day the market halted at 14:30.
    waits = [(gap.roll.start - gap.at) // (60 * 10**9) for gap in found]
    assert [
        (str(gap.roll.day), wait) for gap, wait in zip(found, waits, strict=True) if wait > 2
    ] == [("2025-02-18", 151)]
    moved = adjusted(series, found)
    assert (series.close[0], moved.close[0], sum(gap.ticks for gap in found)) == (7113, 5747, -1366)
    assert moved.close[-1] == series.close[-1]
    # No minute of the adjusted series opens far from where the one before closed because of a roll.
    rolls = np.searchsorted(series.start, [gap.roll.start for gap in found])
    jumps = np.abs(moved.open[rolls] - moved.close[rolls - 1])
    assert jumps.max() < np.abs(series.open[rolls] - series.close[rolls - 1]).max()


def test_minutes_of_a_utc_day_add_up_to_databentos_daily_bar(stored, minutes):
    daily = {(row[0], row[1]): row[2:] for row in rows(stored[0].read("MCL", "1d"))}
    day = 86_400 * 10**9
    whole = minutes.part(minutes.start < minutes.start.max() // day * day + day)
    group = whole.start // day * len(whole.contracts) + whole.which
    order = np.lexsort((whole.start, group))
    begins = np.flatnonzero(np.diff(group[order], prepend=-1))
    ends = np.append(begins[1:], len(order)) - 1
    highs = np.maximum.reduceat(whole.high[order], begins)
    lows = np.minimum.reduceat(whole.low[order], begins)
    volume = np.add.reduceat(whole.volume[order], begins)
    differ = 0
    for i, (first, last) in enumerate(zip(order[begins], order[ends], strict=True)):
        key = (whole.contracts[whole.which[first]], int(whole.start[first]) // day * day)
        ours = (whole.open[first], highs[i], lows[i], whole.close[last], volume[i])
        differ += daily[key] != tuple(map(int, ours))
    assert (len(begins), differ) == (5_774, 0)


def test_seconds_of_a_day_add_up_to_its_minutes(stored, minutes):
    seconds = stored[0].read("MCL", "1s")
    first, end = int(seconds.start[0]) // 10**9 // 60, int(seconds.start[-1]) // 10**9 // 60 + 1
    span = (minutes.start >= first * 60 * 10**9) & (minutes.start < end * 60 * 10**9)
    its = minutes.part(span)
    a, b = by_trading_day("MCL", seconds), by_trading_day("MCL", its)
    assert [row[:6] for row in rows(a)] == [row[:6] for row in rows(b)]
    assert a.volume.tolist() == b.volume.tolist()
