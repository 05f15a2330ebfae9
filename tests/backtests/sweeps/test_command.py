"""`manage.py sweep` as a trader uses it, on a small simulated market."""

import json
from datetime import date
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from backtests.models import Study
from marketdata.feeds.simulator import Simulator
from marketdata.store import TickStore
from marketdata.store.simulating import days_until, store_simulated

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module")
def market(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("installation")
    simulator = Simulator("ES", 1, 4_000)
    days = days_until(simulator, date(2025, 3, 31), 21)
    store_simulated(TickStore(folder / "ticks"), simulator, days)
    return folder


@pytest.fixture(autouse=True)
def _installed(settings, market: Path) -> None:  # type: ignore[no-untyped-def]
    settings.DATA_DIR = market


def sweep(*words: str) -> str:
    out = StringIO()
    call_command("sweep", "--symbol", "ES", *words, stdout=out)
    return out.getvalue()


def test_a_grid_prints_its_best_and_what_it_is_worth(tmp_path: Path) -> None:
    out = tmp_path / "sweep.json"
    said = sweep(
        "--days", "8", "--param", "risk.stop_ticks=8:16:4", "--param", "risk.target_ticks=0,24",
        "--json", str(out),
    )  # fmt: skip
    assert "SIMULATED MARKET" in said
    assert "3 of 6 points refused" in said
    assert "risk.target_ticks is 0" in said
    assert "WARNING" in said
    assert "--set risk.stop_ticks=" in said
    content = json.loads(out.read_text())
    assert content == Study.objects.get().result
    assert content["days"] == 8


def test_the_same_command_again_runs_nothing() -> None:
    words = ("--days", "4", "--param", "risk.stop_ticks=8,16")
    first, again = sweep(*words), sweep(*words)
    assert "2 runs, 0 of them kept" in first
    assert "2 runs, 2 of them kept" in again
    assert first.split("Study")[0] == again.split("Study")[0]


def test_a_walk_forward_prints_its_folds() -> None:
    said = sweep("--param", "risk.stop_ticks=8,16", "--walk-forward", "2", "--objective", "net")
    assert "Out of sample, 14 days" in said
    assert "stop_ticks" in said
    assert Study.objects.get().kind == Study.Kind.WALK_FORWARD


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ([], "nothing to vary"),
        (["--param", "risk.stop_tick=8:16:4"], r"did you mean risk\.stop_ticks"),
        (["--param", "risk.stop_ticks=8:16:4", "--method", "random"], "grid or optuna"),
        (["--param", "risk.stop_ticks=1:99", "--param", "risk.target_ticks=1:99"], "9,801 points"),
        (["--param", "risk.stop_ticks=8,9", "--walk-forward", "9"], "take at least 60 days"),
        (["--param", "risk.stop_ticks=8,9", "--set", "risk.x=1"], "unknown setting"),
    ],
)
def test_what_cannot_be_swept_is_said_in_a_line(words: list[str], message: str) -> None:
    with pytest.raises(CommandError, match=message):
        sweep(*words)
    assert not Study.objects.exists()


def test_a_backtest_checks_itself_for_look_ahead_and_keeps_what_it_found() -> None:
    out = StringIO()
    call_command(
        "backtest", "--symbol", "ES", "--days", "2", "--check-lookahead", "4", stdout=out
    )  # fmt: skip
    assert "No look-ahead found: 4 moments of 2 days" in out.getvalue()
    study = Study.objects.get(kind=Study.Kind.LOOKAHEAD)
    assert study.backtest is not None
    assert study.result["ok"] is True
    assert study.result["machines"] == ["engine", "analysis", "two stages"]


def test_a_backtest_that_looks_ahead_ends_with_1(monkeypatch: pytest.MonkeyPatch) -> None:
    from backtests import lookahead
    from tests.backtests.test_lookahead import knows_the_close

    peeking = {"engine": knows_the_close}
    monkeypatch.setattr(lookahead.check, "__kwdefaults__", {
        **(lookahead.check.__kwdefaults__ or {}), "machines": peeking,
    })  # fmt: skip
    out = StringIO()
    with pytest.raises(SystemExit) as ended:
        call_command(
            "backtest", "--symbol", "ES", "--days", "1", "--check-lookahead", "8", stdout=out
        )  # fmt: skip
    assert ended.value.code == 1
    assert "LOOK-AHEAD" in out.getvalue()
    assert "without the true future it is" in out.getvalue()
