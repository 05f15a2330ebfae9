"""The bench end to end, at sizes at which its figures mean nothing."""

import io
import json
import os
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numba import typeof
from rich.console import Console

from bench import backtesters, files, footprints, oracle, workers
from bench.__main__ import TOPICS, main, waited_share
from bench.footprints import OTHERS, Library, ours
from bench.market import FIRST_DAY, SYMBOL, Market, Unequal, open_columns
from bench.rivals import process
from bench.rivals.speed import RUNS, Measured
from engine.ticks import NS, TickColumns, columns, joined
from marketdata.calendars import schedule
from marketdata.feeds.files import open_file
from tests.oracle import Result
from tests.oracle.ladder import tick_array

TINY = ["--days", "1", "--ticks", "5000", "--rounds", "1", "--quick", "--year", "3"]
FRESH = ["workers", "memory", "imports", "start", "live", "year"]
HERE = [name for name in TOPICS if name not in [*FRESH, "orders", "rivals"]]


@pytest.fixture(scope="module")
def market(tmp_path_factory: pytest.TempPathFactory) -> Market:
    return Market(tmp_path_factory.mktemp("market"), days=2, ticks_per_day=5_000)


def run(tmp_path: Path, *topics: str) -> tuple[int, str, dict[str, Any]]:
    """Exit status, what was printed, and the JSON."""
    out, path = io.StringIO(), tmp_path / "out.json"
    status = main(
        [*TINY, "--only", ",".join(topics), "--json", str(path)], Console(file=out, width=80)
    )
    return status, out.getvalue(), json.loads(path.read_text())


def test_every_topic_of_this_process_is_in_the_table_and_in_the_json(tmp_path: Path) -> None:
    cores = os.sched_getaffinity(0)
    status, printed, report = run(tmp_path, *HERE)
    assert status == 0, printed
    assert os.sched_getaffinity(0) == cores
    assert {row["topic"] for row in report["rows"]} == set(HERE)
    assert all((row["value"] is None) == bool(row["missing"]) for row in report["rows"])
    assert all(row["what"] in printed for row in report["rows"])
    assert all(str(report["machine"][name]) in printed for name in ("python", "numba", "numpy"))


@pytest.mark.slow
def test_every_topic_of_fresh_processes_too(tmp_path: Path) -> None:
    status, printed, report = run(tmp_path, *FRESH)
    assert status == 0, printed
    assert {row["topic"] for row in report["rows"]} == set(FRESH)
    assert all(row["value"] != 0 for row in report["rows"])


def test_results_that_differ_fail_and_other_topics_are_still_measured(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wrong = Library("pandas", footprints.ours, lambda found: found + 1)
    monkeypatch.setattr(footprints, "OTHERS", (wrong,))
    status, printed, report = run(tmp_path, "footprints", "engine")
    assert status == 1
    assert list(report["failed"]) == ["footprints"]
    assert "footprints could not be measured: Unequal" in printed
    assert {row["topic"] for row in report["rows"]} == {"engine"}


def test_columns_that_give_other_trades_fail(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def one_tick_higher(folder: Path) -> TickColumns:
        ticks = open_columns(folder)
        return ticks._replace(price=ticks.price + np.int32(1))

    monkeypatch.setattr(files, "open_columns", one_tick_higher)
    status, _, report = run(tmp_path, "files")
    assert (status, report["failed"]["files"][:40]) == (
        1, "Unequal: from memory-mapped columns: 1 t",
    )  # fmt: skip


def test_an_oracle_with_other_trades_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(oracle, "run_oracle", lambda *_: Result())
    status, _, report = run(tmp_path, "oracle")
    assert (status, list(report["failed"])) == (1, ["oracle"])


@pytest.mark.parametrize("second", [["a", "c"], ["a", "b", "a"]])
def test_workers_with_other_trades_fail(second: list[str]) -> None:
    workers.require_same([["a", "b", "a", "b"], ["a", "b"]], days=2)
    with pytest.raises(Unequal):
        workers.require_same([["a", "b", "a", "b"], second], days=2)


def test_rivals_that_are_not_installed_are_named_and_fail_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(backtesters, "rivals_python", lambda: tmp_path / "none")
    status, printed, report = run(tmp_path, "rivals")
    assert status == 0
    assert {row["missing"] for row in report["rows"]} == {"not installed"}
    assert "nautilus_trader" in printed
    assert "hftbacktest" in printed


def test_rivals_take_a_multiple_of_our_time_and_the_goal_is_at_as_many_brackets() -> None:
    found = Measured(
        ours=[0.01, 0.01, 0.02],
        trades=2,
        imbalances=[0.02, 0.02, 0.02],
        imbalance_trades=40,
        rivals={backtesters.WITH_BRACKETS: [2.0, 5.0, 18.0], "other": [0.02, 0.05, 0.08]},
        nautilus_trades=39,
    )
    rows = backtesters.as_rows(found, count=1_000_000)
    assert [row.value for row in rows] == pytest.approx([1, 2, 500, 250, 4])
    assert [row.reached for row in rows] == ["", "", "", "missed", ""]
    assert backtesters.WITH_BRACKETS in RUNS


def test_a_rival_that_fails_makes_the_bench_fail(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (backtesters, process):
        monkeypatch.setattr(module, "rivals_python", lambda: Path(sys.executable))
    status, _, report = run(tmp_path, "rivals")
    assert (status, list(report["failed"])) == (1, ["rivals"])


def test_libraries_make_the_footprints_of_a_picture() -> None:
    start = 1_751_900_400 * NS
    ticks = columns(
        tick_array(
            [
                (start, 100, 3, 1),
                (start + 1, 101, 2, -1),
                (start + 2, 100, 4, 1),
                (start + 3, 103, 5, 0),
                (start + 600 * NS, 99, 1, -1),
            ]
        )
    )
    expected = [
        [start, 100, 0, 0, 7],
        [start, 101, 2, 0, 0],
        [start, 103, 0, 5, 0],
        [start + 600 * NS, 99, 1, 0, 0],
    ]
    assert ours(ticks).tolist() == expected
    for library in OTHERS[:1] + OTHERS[2:]:
        assert library.canonical(library.make(ticks)).tolist() == expected, library.name


def test_polars_makes_the_same_footprints(market: Market) -> None:
    pytest.importorskip("polars")
    library = OTHERS[1]
    assert np.array_equal(library.canonical(library.make(market.ticks)), ours(market.ticks))


def test_mapped_columns_are_the_ticks_and_need_no_second_compilation(market: Market) -> None:
    opened = open_columns(market.columns)
    for one, other in zip(opened, market.ticks, strict=True):
        assert np.array_equal(one, other)
        assert typeof(one) == typeof(other)


def test_the_dbn_file_holds_the_ticks(market: Market, tmp_path: Path) -> None:
    path = tmp_path / "es.dbn.zst"
    files.write_dbn(path, market.ticks, market.config.instrument)
    read = joined(open_file(path).blocks())
    assert all(np.array_equal(a, b) for a, b in zip(read, market.ticks, strict=True))


def test_a_stretched_file_goes_on_through_the_weekdays(market: Market) -> None:
    feed = open_file(market.stretched(7))
    ts = np.concatenate([block.ts for block in feed.blocks()])
    hours = schedule(market.config.instrument, "all")
    first = [hours.at(int(t)).day for t in ts[:: len(ts) // 50]]
    days = [FIRST_DAY + timedelta(days=k) for k in (0, 1, 2, 3, 4, 7, 8)]
    assert sorted(set(first)) == days
    assert all(hours.is_open(int(t)) for t in ts[::997])
    assert feed.info.symbol == SYMBOL


def test_an_unknown_topic_is_refused_with_the_known_ones(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(["--only", "engine,speed"])
    assert stopped.value.code == 2
    assert "no topic 'speed'; there are engine, files" in capsys.readouterr().err


def test_waited_share_is_of_the_time_it_could_have_run() -> None:
    assert waited_share((10, 5), (40, 15)) == 0.25
    assert waited_share(None, None) is None
