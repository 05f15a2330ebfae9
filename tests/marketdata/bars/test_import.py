"""DBN files of bars: outrights, exact ticks, every loss counted; and the commands over them."""

import gzip
import json
from datetime import date
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from marketdata.bars.importing import import_file
from marketdata.bars.ohlcv import OhlcvFile
from marketdata.bars.store import BarStore
from marketdata.bars.table import joined
from marketdata.errors import FeedError
from marketdata.feeds.contracts import delivery
from tests.marketdata.bars.made import MINUTE, MONDAY, file, noon, record
from tests.marketdata.bars.test_store import rows
from tests.marketdata.files import UNDEF, trade, write_dbn

START = noon(MONDAY)
CENT = 10**7


def prices(opened: int, high: int, low: int, close: int) -> tuple[int, int, int, int]:
    """Whole ticks of crude as a record has them."""
    return opened * CENT, high * CENT, low * CENT, close * CENT


GOOD = prices(7000, 7005, 6998, 7001)


def test_outrights_become_bars_of_their_contract(tmp_path: Path):
    path = file(
        tmp_path / "mcl.dbn.zst",
        [
            record(START, GOOD, 12, 1),
            record(START, prices(7010, 7010, 7010, 7010), 3, 2),
            record(START, prices(10, 10, 10, 10), 8, 3),
            record(START, prices(5, 5, 5, 5), 8, 9),
            record(START + MINUTE, prices(7001, 7001, 7001, 7001), 1, 1),
        ],
        {"MCLN4": 1, "MCLQ4": 2, "MCLN4-MCLQ4": 3, "MCL.v.0": 9},
    )
    found = OhlcvFile(path)
    assert rows(joined(found.tables())) == [
        ("MCLN4", START, 7000, 7005, 6998, 7001, 12),
        ("MCLQ4", START, 7010, 7010, 7010, 7010, 3),
        ("MCLN4", START + MINUTE, 7001, 7001, 7001, 7001, 1),
    ]
    assert (found.counts.read, found.counts.used) == (5, 3)
    assert dict(found.counts.dropped) == {"other_contract": 2}
    assert (found.instrument.symbol, found.interval, found.progress) == ("MCL", "1m", 1.0)


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        (record(START, (UNDEF, *GOOD[1:]), 1), "price"),
        (record(START, prices(2**31, 2**31, 2**31, 2**31), 1), "price"),
        (record(START, (GOOD[0], GOOD[1], GOOD[2], GOOD[3] + 1), 1), "off_grid"),
        (record(START, prices(7000, 6999, 6998, 6999), 1), "range"),
        (record(START, prices(7000, 7001, 6998, 7002), 1), "range"),
        (record(START, prices(7000, 7001, 7000, 6999), 1), "range"),
        (record(START, GOOD, 0), "volume"),
        (record(START + 1, GOOD, 1), "unaligned"),
        (record(START, GOOD, 1, 77), "other_contract"),
    ],
)
def test_what_is_no_bar_is_left_out_with_its_reason(tmp_path: Path, bad, reason):
    good = record(START + MINUTE, GOOD, 1)
    found = OhlcvFile(file(tmp_path / "a.dbn.zst", [bad, good], {"MCLN4": 1}))
    assert [row[1] for row in rows(joined(found.tables()))] == [START + MINUTE]
    assert dict(found.counts.dropped) == {reason: 1}
    assert found.counts.used == 1


def test_prices_at_and_below_zero_are_kept(tmp_path: Path):
    path = file(tmp_path / "a.dbn.zst", [record(START, prices(0, 1, -3763, -3700), 5)], {"CLK0": 1})
    assert rows(joined(OhlcvFile(path).tables())) == [("CLK0", START, 0, 1, -3763, -3700, 5)]


def test_an_id_that_passed_on_is_each_time_the_contract_that_it_was(tmp_path: Path):
    spells = {
        "MCLN4": [(5, date(2024, 6, 1), date(2024, 6, 11))],
        "MCLQ4": [
            (5, date(2024, 6, 11), date(2024, 7, 1)),
            (6, date(2024, 6, 1), date(2024, 7, 1)),
        ],
    }
    later = START + 24 * 60 * MINUTE
    records = [record(START, GOOD, 1, 5), record(START, GOOD, 2, 6), record(later, GOOD, 3, 5)]
    found = OhlcvFile(file(tmp_path / "a.dbn.zst", records, spells))
    assert [(row[0], row[-1]) for row in rows(joined(found.tables()))] == [
        ("MCLN4", 1), ("MCLQ4", 2), ("MCLQ4", 3),
    ]  # fmt: skip


def test_without_mappings_the_symbology_beside_the_file_says_what_is_what(tmp_path: Path):
    path = file(tmp_path / "a.dbn.zst", [record(START, GOOD, 1, 5), record(START, GOOD, 2, 6)], {})
    with pytest.raises(FeedError, match=r"put Databento's symbology.json beside it"):
        OhlcvFile(path)
    spell = {"d0": "2024-06-01", "d1": "2024-07-01"}
    names = {"MCLN4": [{**spell, "s": "5"}], "MCLN4-MCLQ4": [{**spell, "s": "6"}]}
    (tmp_path / "symbology.json").write_text(json.dumps({"result": names}))
    assert [row[0] for row in rows(joined(OhlcvFile(path).tables()))] == ["MCLN4"]
    (tmp_path / "symbology.json").write_text('{"result": {"MCLN4": [{"s": "5"}]}}')
    with pytest.raises(FeedError, match=r"symbology.json: is no symbology of Databento's"):
        OhlcvFile(path)


def test_a_file_of_several_symbols_needs_one_of_them(tmp_path: Path):
    path = file(
        tmp_path / "a.dbn.zst", [record(START, GOOD, 1, 1), record(START, GOOD, 2, 2)],
        {"MCLN4": 1, "CLN4": 2},
    )  # fmt: skip
    with pytest.raises(FeedError, match=r"holds outrights of CL, MCL; choose one with --symbol"):
        OhlcvFile(path)
    assert [row[0] for row in rows(joined(OhlcvFile(path, "CL").tables()))] == ["CLN4"]
    with pytest.raises(FeedError, match=r"has no outright of ES; it has CL, MCL"):
        OhlcvFile(path, "ES")


def test_a_symbol_whose_tick_is_not_known_is_refused(tmp_path: Path):
    path = file(tmp_path / "a.dbn.zst", [record(START, GOOD, 1)], {"ZZN4": 1})
    with pytest.raises(FeedError, match="ZZ is no known instrument"):
        OhlcvFile(path)


def test_trades_are_no_bars(tmp_path: Path):
    path = write_dbn(tmp_path / "es.dbn.zst", [trade(0, 5300.25)])
    with pytest.raises(FeedError, match=r"schema trades holds no bars; it is one of ohlcv-1s"):
        OhlcvFile(path)


@pytest.mark.parametrize("lost", [1, 30, 200])
def test_a_cut_off_file_leaves_what_came_before_and_can_be_imported_again(tmp_path: Path, lost):
    records = [record(START + i * MINUTE, GOOD, i + 1) for i in range(500)]
    path = file(tmp_path / "a.dbn.zst", records, {"MCLN4": 1})
    whole = path.read_bytes()
    path.write_bytes(whole[:-lost])
    store = BarStore(tmp_path / "bars")
    with pytest.raises(FeedError, match="cut off in the middle of its zstd data; fetch it again"):
        import_file(store, path)
    path.write_bytes(whole)
    import_file(store, path)
    assert len(store.read("MCL", "1m")) == 500


def test_a_file_of_two_years_is_written_year_by_year(tmp_path: Path):
    year = 365 * 24 * 60 * MINUTE
    records = [record(START + i * 7 * MINUTE, GOOD, 1) for i in range(6000)]
    records += [record(START + year + i * MINUTE, GOOD, 1) for i in range(6000)]
    told: list[float] = []
    store = BarStore(tmp_path / "bars")
    path = file(tmp_path / "a.dbn.zst", records, {"MCLN5": 1})
    done = import_file(store, path, tell=told.append)
    assert done.written.added == 12_000
    assert len(store.read("MCL", "1m", end=START + year)) == 6000
    assert len(store.read("MCL", "1m")) == 12_000
    assert told == sorted(told)
    assert told[-1] == 1.0


def test_a_file_without_a_usable_bar_is_refused(tmp_path: Path):
    store = BarStore(tmp_path / "bars")
    path = file(tmp_path / "a.dbn.zst", [record(START, GOOD, 0)], {"MCLN4": 1})
    with pytest.raises(FeedError, match="no bar of it can be stored: volume 1"):
        import_file(store, path)
    with pytest.raises(FeedError, match="it is empty"):
        import_file(store, file(tmp_path / "b.dbn.zst", [], {"MCLN4": 1}))
    assert store.symbols() == []


@pytest.mark.parametrize(
    ("contract", "seen", "month"),
    [
        ("MCLF4", date(2023, 12, 11), (2024, 1)),
        ("MCLF4", date(2024, 1, 31), (2024, 1)),
        ("MCLF4", date(2024, 2, 1), (2034, 1)),
        ("MCLZ9", date(2025, 11, 5), (2029, 12)),
        ("ESZ25", date(2025, 1, 2), (2025, 12)),
        ("ESH00", date(2099, 1, 2), (2100, 3)),
        ("MCL.v.0", date(2025, 1, 2), None),
        ("MCLF4-MCLG4", date(2025, 1, 2), None),
    ],
)
def test_a_contracts_month(contract, seen, month):
    assert delivery(contract, seen) == month


# The commands


def two_contracts(path: Path) -> Path:
    """Three days: MCLN4 leads on Monday, MCLQ4 from Tuesday on, so Wednesday rolls; Q is 0.10
    above N."""
    day = 24 * 60 * MINUTE
    volumes = {1: (9, 3, 1), 2: (4, 8, 20)}
    records = [
        record(START + i * day, prices(at, at + 1, at, at + 1), volumes[number][i], number)
        for i in range(3)
        for number, at in ((1, 7000 + i), (2, 7010 + i))
    ]
    return file(path, records, {"MCLN4": 1, "MCLQ4": 2})


def test_import_info_and_export(data_dir: Path, tmp_path: Path, capsys):
    path = two_contracts(tmp_path / "mcl.dbn.zst")
    call_command("bars", "import", str(path))
    call_command("bars", "import", str(path))
    out = capsys.readouterr().out
    assert "MCL 1m: 6 new\n" in out
    assert "MCL 1m: 0 new, 6 there already\n" in out
    call_command("bars", "info")
    assert "MCL     1m        6     2" in capsys.readouterr().out
    call_command("bars", "info", "--symbol", "MCL", "--rolls")
    out = capsys.readouterr().out
    assert "3 trading days, 2024-06-10 to 2024-06-12, 1 rolls" in out
    assert "2024-06-12  MCLN4  3              MCLQ4  8              0.10" in out
    target = tmp_path / "out.csv"
    call_command("bars", "export", str(target), "--symbol", "MCL", "--contract", "MCLQ4")
    assert target.read_text().splitlines() == [
        "start,contract,open,high,low,close,volume",
        "2024-06-10T16:00:00Z,MCLQ4,70.10,70.11,70.10,70.11,4",
        "2024-06-11T16:00:00Z,MCLQ4,70.11,70.12,70.11,70.12,8",
        "2024-06-12T16:00:00Z,MCLQ4,70.12,70.13,70.12,70.13,20",
    ]


def test_export_of_the_continuous_series(data_dir: Path, tmp_path: Path):
    call_command("bars", "import", str(two_contracts(tmp_path / "mcl.dbn.zst")))
    target = tmp_path / "out.csv.gz"
    call_command(
        "bars", "export", str(target), "--symbol", "MCL", "--continuous", "--adjust", "difference",
        "--trading-days",
    )  # fmt: skip
    content = target.read_bytes()
    assert gzip.decompress(content).decode().splitlines() == [
        "day,contract,open,high,low,close,volume,adjustment",
        "2024-06-10,MCLN4,70.10,70.11,70.10,70.11,9,0.10",
        "2024-06-11,MCLN4,70.11,70.12,70.11,70.12,3,0.10",
        "2024-06-12,MCLQ4,70.12,70.13,70.12,70.13,20,0.00",
    ]
    call_command(
        "bars", "export", str(target), "--symbol", "MCL", "--continuous", "--adjust", "difference",
        "--from", "2024-06-11", "--to", "2024-06-11",
    )  # fmt: skip
    assert gzip.decompress(target.read_bytes()).decode().splitlines()[1:] == [
        "2024-06-11T16:00:00Z,MCLN4,70.01,70.02,70.01,70.02,3,0.00"
    ]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("export", "x.txt", "--symbol", "MCL"), "only CSV is written; name it .csv or .csv.gz"),
        (("export", "x.csv", "--symbol", "MCX"), "unknown symbol 'MCX'"),
        (("export", "x.csv", "--symbol", "MCL"), "the bar store has no bars of 1m"),
        (
            ("export", "x.csv", "--symbol", "MCL", "--adjust", "difference"),
            "--adjust needs --continuous",
        ),
        (("export", "x.csv", "--symbol", "MCL", "--continuous"), "front months need bars of an"),
        (("export", "x.csv", "--symbol", "MCL", "--from", "soon"), "is no day"),
        (("info", "--rolls"), "--rolls needs --symbol"),
        (("info", "--rolls", "--symbol", "MCL"), "front months need bars of an hour"),
        (("what",), "invalid choice"),
    ],
)
def test_what_cannot_be_done_is_one_line(data_dir: Path, words, said):
    with pytest.raises(CommandError, match=said) as refused:
        call_command("bars", *words)
    assert "\n" not in str(refused.value)


def test_a_file_that_cannot_be_read_does_not_stop_the_others(data_dir: Path, tmp_path, capsys):
    good = two_contracts(tmp_path / "mcl.dbn.zst")
    bad = tmp_path / "bad.dbn.zst"
    bad.write_bytes(b"DBN")
    with pytest.raises(SystemExit) as stopped:
        call_command("bars", "import", str(bad), str(tmp_path / "none"), str(good))
    assert stopped.value.code == 1
    first, second, third = capsys.readouterr().out.splitlines()
    assert first.endswith("bad.dbn.zst: cut off in its metadata; fetch it again")
    assert second.endswith("none: there is no such file")
    assert third.endswith("6 new")


def test_an_empty_store_says_so(data_dir: Path, capsys):
    call_command("bars", "info")
    assert capsys.readouterr().out.startswith("Nothing is stored in ")
