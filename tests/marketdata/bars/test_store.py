"""The bar store gives back what was put in, once, and refuses what it cannot prove."""

from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from marketdata.bars.store import BarStore, Written
from marketdata.bars.table import COLUMNS, Bars, joined
from marketdata.errors import StoreError
from tests.marketdata.bars.made import MINUTE, MONDAY, bar, noon

NEW_YEAR = 1_704_067_200 * 10**9


def rows(bars: Bars) -> list[tuple[str, int, int, int, int, int, int]]:
    columns = [getattr(bars, name).tolist() for name in COLUMNS[1:]]
    names = [bars.contracts[i] for i in bars.which.tolist()]
    return list(zip(names, *columns, strict=True))


@st.composite
def tables(draw):
    """Bars of three contracts around a turn of the year, in no order, none twice."""
    keys = draw(
        st.lists(
            st.tuples(st.sampled_from(["CLF4", "CLG4", "CLH4"]), st.integers(-40, 40)),
            unique=True,
            min_size=1,
            max_size=30,
        )
    )
    found = []
    for name, minute in keys:
        low, high = sorted(draw(st.tuples(st.integers(-4000, 9000), st.integers(-4000, 9000))))
        opened, close = draw(st.tuples(st.integers(low, high), st.integers(low, high)))
        found.append(
            Bars.of(
                name, start=[NEW_YEAR + minute * MINUTE], open=[opened], high=[high], low=[low],
                close=[close], volume=[draw(st.integers(1, 2**40))],
            )
        )  # fmt: skip
    return found


@given(tables(), st.randoms(use_true_random=False))
def test_any_split_into_writes_gives_the_same_bars_back(tmp_path_factory, tables, random):
    store = BarStore(tmp_path_factory.mktemp("bars"))
    parts = list(tables)
    random.shuffle(parts)
    cut = random.randint(0, len(parts))
    total = Written()
    for some in (parts[:cut], parts[cut:], parts[:cut]):
        if some:
            total += store.write("CL", "1m", joined(some), "test")
    assert (total.added, total.same, total.replaced) == (len(parts), cut, 0)
    everything = joined(tables)
    assert rows(store.read("CL", "1m")) == rows(everything)
    assert rows(store.read("CL", "1m", contract="CLG4")) == [
        row for row in rows(everything) if row[0] == "CLG4"
    ]
    middle = NEW_YEAR - MINUTE
    assert rows(store.read("CL", "1m", start=middle, end=NEW_YEAR + MINUTE)) == [
        row for row in rows(everything) if middle <= row[1] < NEW_YEAR + MINUTE
    ]
    held = store.held("CL", "1m")
    assert (held.bars, held.first, held.last) == (
        len(parts), min(row[1] for row in rows(everything)),
        max(row[1] for row in rows(everything)),
    )  # fmt: skip


def test_minutes_lie_in_years_and_seconds_in_months(tmp_path: Path):
    store = BarStore(tmp_path)
    turn = joined(
        [bar("CLG4", date(2023, 12, 29), 7000, 1), bar("CLG4", date(2024, 1, 2), 7001, 1)]
    )
    store.write("CL", "1m", turn, "test")
    store.write("CL", "1s", turn, "test")
    found = sorted(str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*.parquet"))
    assert found == [
        "CL/1m/2023.parquet", "CL/1m/2024.parquet", "CL/1s/2023-12.parquet",
        "CL/1s/2024-01.parquet",
    ]  # fmt: skip
    assert store.intervals("CL") == ["1s", "1m"]
    assert store.symbols() == ["CL"]


def test_another_bar_in_the_same_place_is_refused_and_nothing_is_written(tmp_path: Path):
    store = BarStore(tmp_path)
    store.write("CL", "1m", bar("CLQ4", MONDAY, 7000, 5), "first")
    new = joined([bar("CLQ4", MONDAY, 7000, 6), bar("CLQ4", MONDAY, 7002, 5, minute=1)])
    with pytest.raises(StoreError, match=r"1 bars differ .* CLQ4 at 2024-06-10 12:00-04:00"):
        store.write("CL", "1m", new, "second")
    assert [row[-1] for row in rows(store.read("CL", "1m"))] == [5]
    written = store.write("CL", "1m", new, "second", replace=True)
    assert (written.added, written.same, written.replaced) == (1, 0, 1)
    assert [row[-1] for row in rows(store.read("CL", "1m"))] == [6, 5]
    assert store.held("CL", "1m").sources == ("first", "second")


def test_a_read_of_a_table_that_holds_a_bar_twice_stores_it_once(tmp_path: Path):
    store = BarStore(tmp_path)
    one = bar("CLQ4", MONDAY, 7000, 5)
    assert store.write("CL", "1m", joined([one, one]), "test") == Written(added=1, same=1)


def stored_file(tmp_path: Path) -> tuple[BarStore, Path]:
    store = BarStore(tmp_path)
    many = joined(bar("CLQ4", MONDAY, 7000 + i % 7, 1 + i, minute=i) for i in range(300))
    store.write("CL", "1m", many, "test")
    return store, tmp_path / "CL/1m/2024.parquet"


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
def test_a_cut_off_file_is_refused(tmp_path: Path, share):
    store, path = stored_file(tmp_path)
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * share)])
    with pytest.raises(StoreError, match=r"2024.parquet: is cut off or damaged; import it again"):
        store.read("CL", "1m")


def test_no_changed_byte_of_the_columns_goes_unnoticed(tmp_path: Path):
    store, path = stored_file(tmp_path)
    content = bytearray(path.read_bytes())
    before = rows(store.read("CL", "1m"))
    footer = len(content) - 8 - int.from_bytes(content[-8:-4], "little")
    unnoticed = []
    for place in range(4, footer, 23):
        changed = bytearray(content)
        changed[place] ^= 0x40
        path.write_bytes(changed)
        try:
            if rows(store.read("CL", "1m")) != before:
                unnoticed.append(place)
        except StoreError:
            pass
    assert unnoticed == []


def test_a_file_of_another_symbol_or_tick_is_refused(tmp_path: Path):
    store, path = stored_file(tmp_path)
    there = tmp_path / "GC/1m/2024.parquet"
    there.parent.mkdir(parents=True)
    there.write_bytes(path.read_bytes())
    with pytest.raises(StoreError, match=r"its symbol is CL, expected GC"):
        store.read("GC", "1m")


def test_a_file_of_somebody_else_is_refused(tmp_path: Path):
    import pyarrow as pa
    import pyarrow.parquet as pq

    folder = tmp_path / "CL/1m"
    folder.mkdir(parents=True)
    pq.write_table(pa.table({"a": [1]}), folder / "2024.parquet")
    with pytest.raises(StoreError, match="its metadata is not ours"):
        BarStore(tmp_path).read("CL", "1m")


def test_what_is_not_there_is_said(tmp_path: Path):
    store = BarStore(tmp_path)
    assert store.symbols() == []
    store.write("CL", "1d", bar("CLQ4", MONDAY, 7000, 5), "test")
    with pytest.raises(StoreError, match=r"CL: the bar store has no bars of 1m \(1d\)"):
        store.read("CL", "1m")
    with pytest.raises(StoreError, match="no bars of 1m"):
        store.held("CL", "1m")


def test_unfinished_files_of_a_killed_import_are_not_read(tmp_path: Path):
    store, path = stored_file(tmp_path)
    (path.parent / ".2025.parquet.99.part").write_bytes(b"half")
    assert len(store.read("CL", "1m")) == 300
    later = bar("CLQ4", MONDAY + timedelta(days=300), 7000, 5)
    store.write("CL", "1m", later, "test")
    assert len(store.read("CL", "1m")) == 301


def test_a_shift_past_32_bits_is_no_price():
    bars = bar("CLQ4", MONDAY, 7000, 5)
    assert bars.shifted(np.array([-9000])).close.tolist() == [-2000]
    with pytest.raises(OverflowError):
        bars.shifted(np.array([2**31]))
    assert noon(MONDAY) == int(bars.start[0])
