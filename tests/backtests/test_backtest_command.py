"""`manage.py backtest`."""

import json
import signal
from datetime import date
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from backtests import runner, storing
from backtests.asking import ONE_TIER, Asked, configured
from backtests.management.words import asked_to_stop
from backtests.models import Backtest
from engine.money import UNITS
from marketdata.feeds.simulator import Simulator
from marketdata.store import TickStore
from marketdata.store.simulating import days_until, store_simulated

pytestmark = pytest.mark.django_db

LAST = date(2025, 11, 26)


@pytest.fixture
def store(data_dir: Path) -> TickStore:
    store = TickStore(data_dir / "ticks")
    simulator = Simulator("MES", 5, 5_000)
    days = days_until(simulator, LAST, 4)
    store_simulated(store, simulator, [days[0], *days[2:]])
    return store


def ran(*words: object) -> str:
    out = StringIO()
    given = ("--symbol", "MES", "--set", "bars.seconds=120", "--set", "patterns.min_volume=2")
    call_command("backtest", *given, *map(str, words), stdout=out)
    return out.getvalue()


def test_a_run_is_kept_and_summed_up(store: TickStore, data_dir: Path) -> None:
    text = ran("--note", "a try")
    row = Backtest.objects.get()
    assert (row.status, row.asked_from, row.note) == ("done", "command", "a try")
    outcome = storing.load(row)
    assert len(outcome.days) == 3
    assert "3 of 3, 2025-11-21 to 2025-11-26" in text
    assert "all 3 days are synthetic" in text
    assert "1 session of the range not stored: 2025-11-24" in text
    assert "latency 50 ms, slippage 1 ticks" in text
    assert "all days now" in text
    assert f"Backtest {row.pk}; its page is /backtests/{row.pk}/" in text
    assert row.figures["trades"] == len(outcome.trades)


def test_a_second_run_finds_its_days_analysed(store: TickStore) -> None:
    ran()
    assert "3 of 3 days before" in ran("--set", "risk.stop_ticks=9")
    assert "all days now" in ran("--fresh")
    assert "all days now" in ran("--set", "patterns.ratio=4")


def test_the_json_is_everything_and_exact(store: TickStore, tmp_path: Path) -> None:
    ran("--json", tmp_path / "out.json")
    content = json.loads((tmp_path / "out.json").read_text())
    outcome = storing.load(Backtest.objects.get())
    assert content["format"] == 1
    assert content["number"] == Backtest.objects.get().pk
    assert [day["day"] for day in content["days"]] == ["2025-11-21", "2025-11-25", "2025-11-26"]
    assert len(content["trades"]) == len(outcome.trades) > 0
    for said, done in zip(content["trades"], outcome.trades, strict=True):
        assert said["pnl_net"] == f"{done.net / UNITS:.2f}"
        assert said["entry_ts"] == done.trade.entry_ts
        assert said["slippage"] == f"{done.slippage / UNITS:.2f}"
    assert content["plan"]["missing"] == ["2025-11-24"]
    assert content["assumptions"]["latency_ms"] == 50
    assert content["synthetic"] is True
    assert content["figures"]["trades"] == len(outcome.trades)


def test_the_report_stands_in_a_file(store: TickStore, tmp_path: Path) -> None:
    ran("--html", tmp_path / "report.html", "--days", 2)
    assert "<html" in (tmp_path / "report.html").read_text(encoding="utf-8")


def test_ideal_fills_are_labelled(store: TickStore) -> None:
    assert "IDEAL: no latency, slippage or fees" in ran("--fills", "ideal")


def test_a_drawdown_halt_is_said(store: TickStore) -> None:
    text = ran("--set", "risk.max_drawdown=1", "--session", "all")
    assert "no entries after 2025-11-2" in text
    assert "in trading a person lifts that" in text


def test_without_ticks_it_says_how_to_get_them(data_dir: Path) -> None:
    with pytest.raises(
        CommandError, match=r"ticks simulate --symbol MES --days 60.*ticks download"
    ):
        ran()
    assert not Backtest.objects.exists()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--fills", "best"), "unknown fill profile 'best'"),
        (("--tiers", "some"), "tiers 'some' is not known"),
        (("--session", "night"), "session 'night' is not known"),
        (("--start-balance", "lots"), "start balance 'lots' is no amount"),
        (("--from", "2025-11-25", "--to", "2025-11-24"), "is before --from"),
        (("--set", "risk.stop=3"), "unknown setting 'risk.stop'"),
        (("--days", "0"), "no whole number above 0"),
        (("--config", "nowhere.yaml"), "there is no such file"),
    ],
)
def test_what_cannot_be_meant_is_refused_before_anything_is_run(
    store: TickStore, words: tuple[str, ...], said: str
) -> None:
    with pytest.raises(CommandError, match=said):
        ran(*words)
    assert not Backtest.objects.exists()


def test_a_run_that_fails_is_kept_with_its_error(
    store: TickStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = store.path("MES", LAST)
    content = bytearray(path.read_bytes())
    content[300] ^= 255
    path.write_bytes(content)
    with pytest.raises(CommandError, match="fetch the day again"):
        ran()
    row = Backtest.objects.get()
    assert row.status == "failed"
    assert "2025-11-26" in row.error


def test_a_first_ctrl_c_stops_after_the_day_and_keeps_what_was_done(
    store: TickStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = runner.run

    def interrupted(*words: Any, **options: Any) -> Any:
        told = options["progress"]

        def progress(now: Any) -> None:
            told(now)
            if now.done == 1:
                signal.raise_signal(signal.SIGINT)

        return whole(*words, **options | {"progress": progress})

    monkeypatch.setattr(runner, "run", interrupted)
    with pytest.raises(SystemExit) as end:
        ran()
    assert end.value.code == 130
    row = Backtest.objects.get()
    assert row.status == "stopped"
    assert 1 <= row.days_done < 3


def test_a_second_ctrl_c_ends_at_once() -> None:
    with asked_to_stop() as stop:
        assert not stop()
        signal.raise_signal(signal.SIGINT)
        assert stop()
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)


def test_without_tiers_the_symbol_is_traded_in_the_lowest_sizes() -> None:
    config, name = configured(Asked(symbol="ES", tiers="off", start_balance="2500"))
    (tier,) = config.risk.tiers
    assert (tier.name, tier.symbol, tier.min_size, tier.max_size) == (ONE_TIER, "", 1, 3)
    assert tier.loss_limit == config.risk.loss_limit
    assert config.account.balance == 2500
    assert name == "defaults, with options"


def test_the_defaults_have_no_name() -> None:
    _, name = configured(Asked(symbol="ES"))
    assert name == ""
