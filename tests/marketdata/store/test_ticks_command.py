"""`manage.py ticks`: info, verify, repair, export."""

import csv
import gzip
import json
from datetime import date
from decimal import Decimal
from io import StringIO
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest
from django.core.management import CommandError, call_command
from hypothesis import given
from hypothesis import strategies as st

from engine.ticks import NS
from marketdata.feeds import StoredTicks
from marketdata.store import TickStore, parquet
from marketdata.store.info import FileFacts
from marketdata.store.repairing import repair
from marketdata.store.verifying import verify
from tests.marketdata.store.days import DAY, OPEN, info, joined, same, ticks

NEXT = date(2025, 11, 21)
LATER = OPEN + 30 * 24 * 3600 * NS


@pytest.fixture
def store(tmp_path: Path, settings: Any) -> TickStore:
    settings.DATA_DIR = tmp_path
    return TickStore(tmp_path / "ticks")


def ran(*words: object) -> tuple[int, str]:
    out = StringIO()
    try:
        call_command("ticks", *map(str, words), stdout=out)
    except SystemExit as end:
        return int(str(end.code)), out.getvalue()
    return 0, out.getvalue()


def test_info_shows_each_day_with_its_marks(store: TickStore) -> None:
    assert ran("info") == (0, f"No such day is stored in {store.root}.\n")
    store.write(info(synthetic=True, side="inferred"), [ticks(1234)])
    with store.appender(info(day=NEXT, source="databento live")) as appender:
        appender.append(ticks(10, start=OPEN + 24 * 3600 * NS))
        appender.sync()
        code, text = ran("info", "--symbol", "MES")
    first, second = (line for line in text.splitlines() if line.startswith("MES"))
    assert first.split()[:4] == ["MES", "2025-11-20", "MESZ5", "1,234"]
    assert "test [synthetic, side inferred]" in first
    assert "11-19 18:00:0" in first
    assert "databento live [being recorded, or not compacted yet]" in second
    assert "2 days, 1,244 ticks" in text
    assert code == 0
    assert "2025-11-20" not in ran("info", "--from", "2025-11-21")[1]


def test_info_and_verify_name_a_day_that_cannot_be_read(store: TickStore) -> None:
    store.write(info(), [ticks(10)])
    store.path("MES", DAY).write_bytes(b"PAR1 and nothing more")
    for subcommand in ("info", "verify"):
        code, text = ran(subcommand)
        assert code == 1
        assert "2025-11-20.parquet: is cut off or damaged" in text.replace("\n", "")


def test_verify_is_silent_about_good_days(store: TickStore) -> None:
    store.write(info(), [ticks(3000)])
    assert ran("verify") == (0, "1 day, 3,000 ticks: all good\n")
    with pytest.raises(CommandError, match="no such day"):
        ran("verify", "--symbol", "ES")


BAD = {
    "no valid trades": {"size": np.array([0] * 50, np.int32)},
    "after the trading day's end": {"ts_event": np.full(50, LATER)},
}


@pytest.mark.parametrize("problem", BAD)
def test_verify_finds_what_cannot_be_ticks_of_the_day(store: TickStore, problem: str) -> None:
    bad = ticks(50)._replace(**BAD[problem])
    parquet.write(store.path("MES", DAY), FileFacts(info()), [bad])
    code, text = ran("verify")
    assert code == 1
    assert f"MES 2025-11-20: PROBLEM: 50 ticks are {problem}" in text


def test_verify_finds_ticks_that_are_there_twice(store: TickStore) -> None:
    day = ticks(200)
    replayed = joined([day.part(slice(0, 120)), day.part(slice(100, 200))])
    store.write(info(), [replayed])
    found = verify(store, "MES", DAY)
    assert found.problems == ["20 ticks are there twice, by ts_event and sequence"]
    assert found.count == 220


def test_verify_remarks_what_markets_do(store: TickStore) -> None:
    day = ticks(200)
    late = day.ts_event.copy()
    late[100] -= 3 * NS
    store.write(info(warnings=("a gap of 3 s",)), [day._replace(ts_event=late)])
    code, text = ran("verify")
    assert code == 0
    assert "1 ticks come more than 1 s late" in text
    assert "a gap of 3 s" in text


def test_verify_finds_a_file_of_another_day_or_contract_or_grid(store: TickStore) -> None:
    store.write(info(), [ticks(50)])
    other = store.path("ES", DAY)
    other.parent.mkdir()
    other.write_bytes(store.path("MES", DAY).read_bytes())
    assert "says that it is MES 2025-11-20" in verify(store, "ES", DAY).problems
    store.write(info(tick=Decimal("0.5")), [ticks(50)], replace=True)
    assert "counts in ticks of 0.5 and lots of 1, not 0.25 and 1" in (
        verify(store, "MES", DAY).problems
    )


@given(at=st.floats(0, 1, exclude_max=True), bit=st.integers(0, 7))
def test_no_flipped_bit_goes_unnoticed_if_it_changes_what_is_read(
    tmp_path_factory: pytest.TempPathFactory, at: float, bit: int
) -> None:
    store, day = TickStore(tmp_path_factory.mktemp("ticks")), ticks(300)
    store.write(info(), [day])
    path = store.path("MES", DAY)
    content = bytearray(path.read_bytes())
    content[int(at * len(content))] ^= 1 << bit
    path.write_bytes(content)
    found = verify(store, "MES", DAY)
    if not found.problems:
        assert same(joined(store.read("MES", DAY).blocks()), day)
        assert store.read("MES", DAY).info == info()


@pytest.mark.parametrize("name", [b"side", b"MESZ5", b"ts_event"])
def test_a_damaged_name_in_the_footer_is_said_in_a_line(store: TickStore, name: bytes) -> None:
    store.write(info(), [ticks(300)])
    path = store.path("MES", DAY)
    content = path.read_bytes()
    assert content.count(name)
    path.write_bytes(content.replace(name, b"\xe5" + name[1:]))
    found = verify(store, "MES", DAY)
    assert found.problems
    assert all("\n" not in problem for problem in found.problems)


def test_repair_clears_up_and_keeps_what_is_damaged_aside(store: TickStore) -> None:
    assert ran("repair") == (0, "Nothing needed repair.\n")
    store.write(info(), [ticks(500)])
    damaged = bytearray(store.path("MES", DAY).read_bytes())
    damaged[200] ^= 1
    store.path("MES", DAY).write_bytes(damaged)
    with store.appender(info(day=NEXT)) as appender:
        appender.append(ticks(10, start=OPEN + 24 * 3600 * NS))
    journal = store.journal_path("MES", NEXT)
    with journal.open("ab") as file:
        file.write(b"half a frame")
    (store.root / "MES" / ".2025-11-19.parquet.999999999.0.part").write_bytes(b"x")
    (store.root / "MES" / ".2025-11-19.parquet.1.0.part").write_bytes(b"of one that lives")
    assert "12 bytes at the end of its journal are no whole frame" in (
        verify(store, "MES", NEXT).problems
    )

    said = list(repair(store, "MES", now=OPEN + 25 * 3600 * NS))

    names = sorted(path.name for path in (store.root / "MES").iterdir())
    assert names == [
        ".2025-11-19.parquet.1.0.part",
        "2025-11-20.parquet.damaged-1",
        "2025-11-21.journal",
        "2025-11-21.journal.damaged-1",
    ]
    assert (store.root / "MES" / names[1]).read_bytes() == damaged
    assert (store.root / "MES" / names[3]).read_bytes() == b"half a frame"
    assert len(said) == 3
    assert "renamed to 2025-11-20.parquet.damaged-1: store the day anew" in said[1]
    assert list(repair(store, "MES", now=OPEN + 25 * 3600 * NS)) == []
    assert ran("verify")[0] == 0
    # The day is over: its journal becomes a file.
    assert list(repair(store, "MES", now=LATER)) == [
        "MES 2025-11-21: its journal was compacted: 10 ticks"
    ]


def test_repair_leaves_a_day_alone_that_is_being_recorded(store: TickStore) -> None:
    with store.appender(info()) as appender:
        appender.append(ticks(5))
        assert ran("repair") == (
            0, "MES 2025-11-20: is being recorded, and is left alone\n",
        )  # fmt: skip
        appender.append(ticks(5))
    assert store.read("MES", DAY).count == 10


def rows(path: Path) -> list[dict[str, str]]:
    content = path.read_bytes()
    text = (gzip.decompress(content) if path.suffix == ".gz" else content).decode()
    return list(csv.DictReader(text.splitlines()))


@pytest.mark.parametrize("name", ["out.csv", "out.csv.gz"])
def test_export_to_csv_is_exact(store: TickStore, tmp_path: Path, name: str) -> None:
    day = ticks(400)._replace(ts_recv=np.where(np.arange(400) < 9, 0, ticks(400).ts_recv))
    store.write(info(), [day])
    code, text = ran("export", "--symbol", "MES", "--out", tmp_path / name)
    assert (code, text) == (0, f"{tmp_path / name}: 400 ticks of MES, 2025-11-20\n")
    read = rows(tmp_path / name)
    assert read[0] == {
        "symbol": "MES", "contract": "MESZ5", "ts_event": str(day.ts_event[0]), "ts_recv": "0",
        "price": f"{int(day.price[0]) * Decimal('0.25'):.2f}", "size": str(day.size[0]),
        "side": {1: "B", -1: "S", 0: "N"}[int(day.side[0])], "sequence": str(day.sequence[0]),
        "marks": "",
    }  # fmt: skip
    again = StoredTicks(
        ts_event=np.array([int(row["ts_event"]) for row in read]),
        ts_recv=np.array([int(row["ts_recv"]) for row in read]),
        price=np.array([int(Decimal(row["price"]) / Decimal("0.25")) for row in read], np.int32),
        size=np.array([int(row["size"]) for row in read], np.int32),
        side=np.array([{"B": 1, "S": -1, "N": 0}[row["side"]] for row in read], np.int8),
        sequence=np.array([int(row["sequence"]) for row in read]),
    )
    assert same(again, day)


def test_export_to_parquet_has_decimals_and_says_what_it_is(
    store: TickStore, tmp_path: Path
) -> None:
    coin: dict[str, Any] = {"contract": "", "tick": Decimal("0.10"), "lot": Decimal("0.001")}
    store.write(info("BTCUSDT", synthetic=True, **coin), [ticks(300)])
    out = tmp_path / "btc.parquet"
    code, text = ran("export", "--symbol", "BTCUSDT", "--out", out)
    assert code == 0
    assert "Note: Synthetic ticks" in text
    table = pq.read_table(out)
    assert table["price"].to_pylist() == [
        int(price) * Decimal("0.10") for price in ticks(300).price
    ]
    assert table["size"].to_pylist() == [int(size) * Decimal("0.001") for size in ticks(300).size]
    assert table["ts_event"].cast("int64").to_pylist() == ticks(300).ts_event.tolist()
    (about,) = json.loads(table.schema.metadata[b"tradebot.export"])
    assert (about["synthetic"], about["day"]) == (True, "2025-11-20")


def test_export_refuses_in_one_line_and_leaves_nothing(store: TickStore, tmp_path: Path) -> None:
    store.write(info(), [ticks(5)])
    out = tmp_path / "out.csv"
    for words, message in (
        (("--symbol", "ES", "--out", out), "ES: no such day"),
        (("--symbol", "MES", "--out", tmp_path / "out.xls"), "its format is not known"),
        (("--symbol", "MES", "--out", tmp_path / ("no" * 200) / "out.csv"), "cannot be written"),
    ):
        with pytest.raises(CommandError, match=message):
            ran("export", *words)
    out.write_text("mine")
    with pytest.raises(CommandError, match=r"out\.csv: exists; add --replace"):
        ran("export", "--symbol", "MES", "--out", out)
    assert out.read_text() == "mine"
    assert ran("export", "--symbol", "MES", "--out", out, "--replace")[0] == 0
    assert len(rows(out)) == 5
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out.csv", "ticks"]


def test_several_days_are_exported_into_one_file(store: TickStore, tmp_path: Path) -> None:
    store.write(info(), [ticks(5)])
    store.write(info(day=NEXT, contract="MESH6"), [ticks(7, start=OPEN + 24 * 3600 * NS)])
    out = tmp_path / "out.csv"
    assert (
        "12 ticks of MES, 2025-11-20 to 2025-11-21, 2 days"
        in (ran("export", "--symbol", "MES", "--from", DAY, "--to", NEXT, "--out", out)[1])
    )
    assert [row["contract"] for row in rows(out)] == ["MESZ5"] * 5 + ["MESH6"] * 7


def test_a_folder_that_cannot_be_read_is_said_in_a_line(
    store: TickStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(_: Path) -> None:
        raise PermissionError(13, "Permission denied", str(store.root))

    store.root.mkdir()
    monkeypatch.setattr(Path, "iterdir", refused)
    with pytest.raises(CommandError, match="ticks: Permission denied"):
        ran("info")
