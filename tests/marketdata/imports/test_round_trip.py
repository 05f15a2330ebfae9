"""An imported day, exported and imported again, is identical: tick for tick, mark for mark."""

from datetime import date
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.ticks import NS
from marketdata.feeds import StoredTicks
from marketdata.feeds.files import open_file
from marketdata.store import TickStore
from marketdata.store.exporting import export
from tests.marketdata.files import START, trade, write_dbn
from tests.marketdata.imports.files import columns, imported
from tests.marketdata.store.days import DAY, OPEN, info, ticks

FORMATS = st.sampled_from(["out.csv", "out.csv.gz", "out.parquet"])
LAST = date(2025, 11, 21)


def known(store: TickStore, symbol: str, day: date) -> tuple[object, ...]:
    found = store.read(symbol, day).info
    return found.contract, found.tick, found.lot, found.side, found.synthetic


@st.composite
def recordings(draw):
    """Trades of a DBN file: several a packet, replays after reconnects, falling sequences."""
    count = draw(st.integers(1, 40))
    rows, sequence, second = [], 10, 0
    for _ in range(count):
        sequence += draw(st.sampled_from([0, 0, 1, 1, 1, 2, -3, -8]))
        second += draw(st.integers(0, 2))
        rows.append(
            trade(
                second,
                5300 + draw(st.integers(-4, 4)) / 4,
                draw(st.integers(1, 3)),
                draw(st.sampled_from("BAN")),
                sequence=max(sequence, 0),
            )
        )
        if draw(st.integers(0, 9)) == 0:
            back = draw(st.integers(1, len(rows)))
            rows += rows[-back:]
    return rows


@settings(max_examples=40)
@given(recordings(), FORMATS, st.sampled_from([None, "tick-rule"]))
def test_an_imported_day(tmp_path_factory, rows, name, side):
    folder = tmp_path_factory.mktemp("trip")
    first, second = TickStore(folder / "first"), TickStore(folder / "second")
    path = write_dbn(folder / "es.dbn", [squeezed(row) for row in rows])
    (day,) = imported(first, path, side=side)
    export(first, "ES", [day.info.day], folder / name)
    imported(second, folder / name)
    assert columns(second, "ES", day.info.day) == columns(first, "ES", day.info.day)
    assert known(second, "ES", day.info.day) == known(first, "ES", day.info.day)


def squeezed(row):
    """All times within a second, so that none of a replay is too late to be imported."""
    import databento_dbn as dbn

    return dbn.TradeMsg(
        1, 1, START + (row.ts_event - START) // 1000, row.price, row.size, dbn.Action.TRADE,
        row.side, 0, row.ts_recv, sequence=row.sequence,
    )  # fmt: skip


@settings(max_examples=25)
@given(st.data(), FORMATS)
def test_any_stored_days(tmp_path_factory, data, name):
    """What live feeds and other sources stored: anything that the store takes."""
    folder = tmp_path_factory.mktemp("trip")
    first, second = TickStore(folder / "first"), TickStore(folder / "second")
    days = {}
    for day, start, contract in ((DAY, OPEN, "MESZ5"), (LAST, OPEN + 86_400 * NS, "MESH6")):
        side = data.draw(st.sampled_from(["aggressor", "inferred"]))
        synthetic = data.draw(st.booleans())
        days[day] = whole = random_ticks(data.draw(st.integers(0, 2**32)), start)
        first.write(info(day=day, contract=contract, side=side, synthetic=synthetic), [whole])
    export(first, "MES", list(days), folder / name)
    imported(second, folder / name, contract="front")
    for day, whole in days.items():
        stored = columns(second, "MES", day)
        assert stored == {field: getattr(whole, field).tolist() for field in StoredTicks._fields}
        assert known(second, "MES", day) == known(first, "MES", day)


def random_ticks(seed: int, start: int) -> StoredTicks:
    random = np.random.default_rng(seed)
    count = int(random.integers(1, 60))
    whole = ticks(count, start=start, seed=seed)
    return whole._replace(
        ts_recv=np.where(random.random(count) < 0.3, 0, whole.ts_recv),
        sequence=random.integers(0, 4, count) * random.integers(0, 2**62, count),
        price=random.integers(1, 2**31 - 1, count).astype(np.int32),
        size=random.integers(1, 2**31 - 1, count).astype(np.int32),
    )


@pytest.mark.parametrize("name", ["out.csv", "out.parquet"])
def test_a_market_without_contracts(tmp_path: Path, store: TickStore, name: str) -> None:
    other = TickStore(tmp_path / "other")
    coin = {"contract": "", "tick": Decimal("0.01"), "lot": Decimal("0.00001")}
    other.write(info("BTCUSDT-SPOT", **coin), [ticks(300)])
    export(other, "BTCUSDT-SPOT", [DAY], tmp_path / name)
    imported(store, tmp_path / name)
    assert columns(store, "BTCUSDT-SPOT", DAY) == columns(other, "BTCUSDT-SPOT", DAY)


def test_a_day_of_the_store_as_it_is(tmp_path: Path, store: TickStore) -> None:
    other = TickStore(tmp_path / "other")
    other.write(info(side="inferred", synthetic=True), [random_ticks(7, OPEN)])
    imported(store, other.path("MES", DAY))
    assert columns(store, "MES", DAY) == columns(other, "MES", DAY)
    assert known(store, "MES", DAY) == known(other, "MES", DAY)


@pytest.mark.parametrize("name", ["out.csv", "out.parquet"])
def test_an_export_replays_with_its_marks(tmp_path: Path, store: TickStore, name: str) -> None:
    store.write(info(side="inferred", synthetic=True), [ticks(300)])
    export(store, "MES", [DAY], tmp_path / name)
    feed = open_file(tmp_path / name)
    assert (feed.info.side, feed.info.synthetic) == ("inferred", True)
    assert sum(len(block.ts) for block in feed.blocks()) == 300
    assert (feed.info.side, feed.info.synthetic) == ("inferred", True)


@pytest.mark.parametrize("name", ["out.csv", "out.parquet"])
def test_what_looks_like_a_replay_but_was_stored(tmp_path: Path, store: TickStore, name) -> None:
    # Cut off in the middle of a packet, a feed gave one of two alike trades before and both after.
    other = TickStore(tmp_path / "other")
    before = ticks(3)
    again = StoredTicks(*(np.concatenate([column, column[:1]]) for column in before))
    other.write(info(), [again._replace(ts_event=np.full(4, OPEN), ts_recv=np.full(4, OPEN))])
    export(other, "MES", [DAY], tmp_path / name)
    imported(store, tmp_path / name)
    assert columns(store, "MES", DAY) == columns(other, "MES", DAY)
