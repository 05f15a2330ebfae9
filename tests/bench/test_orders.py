"""A live pipeline's entries as the bench makes and counts them."""

import os
from pathlib import Path

import pytest

from bench.__main__ import TOPICS
from bench.market import Market
from bench.orders import LEFT_OUT, as_rows, entries
from bench.setup import Setup

IN_ORDER = (
    "received", "taken", "journalled", "decided", "ordered", "guarded", "on_disk", "written",
    "answered",
)  # fmt: skip


def entry(*without: str, faster: int = 1) -> dict[str, object]:
    """An entry whose stages take 1, 2, 3... microseconds: of disk and margin the margin is last."""
    stamps = {
        "received": 0, "taken": 1, "journalled": 3, "decided": 6, "ordered": 10, "guarded": 15,
        "on_disk": 16, "margin": 21, "written": 28, "answered": 40,
    }  # fmt: skip
    return {"without": list(without)} | {key: ns * 1000 // faster for key, ns in stamps.items()}


def test_shares_are_of_the_median_and_the_first_entry_of_each_kind_does_not_count() -> None:
    slow = {**entry(), "written": 10**9}
    found = [slow, entry(), entry(), entry()]
    found += [entry(*without, faster=2) for without in LEFT_OUT for _ in range(3)]
    rows = {row.what: row for row in as_rows(found)}
    assert rows["tick to socket (3), p50"].measured == "28.0 us"
    shares = [row.value for what, row in rows.items() if what.endswith("share of p50")]
    assert shares == pytest.approx([100 * n / 28 for n in range(1, 8)])
    assert rows["journal on disk, p50"].value == 1
    assert rows["margin asked, p50"].value == 6
    assert rows["socket to acknowledged, p50"].value == 12
    assert rows["without margin and disk, p50"].value == 14


def test_a_pipeline_enters_at_the_local_rithmic_and_every_stage_has_its_stamp() -> None:
    cores = sorted(os.sched_getaffinity(0))
    found = entries(12, [cores[0], *cores])
    assert len(found) == 12
    for each in found:
        passed = [each[name] for name in IN_ORDER]
        assert passed == sorted(passed)
        assert each["guarded"] < each["margin"] < each["written"]


def test_one_core_is_not_enough(tmp_path: Path) -> None:
    market = Market(tmp_path, days=1, ticks_per_day=1_000)
    setup = Setup(market, 1, quick=True, cores=[0], year=1, ticks=1_000)
    assert [row.missing for row in TOPICS["orders"](setup)] == ["needs two cores"]
