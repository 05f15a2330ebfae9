"""`manage.py replay`: the JSON that it writes, what it says, and what it refuses."""

import json
import re
from datetime import date
from decimal import Decimal
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from marketdata.feeds.files.parquet import write_ticks
from marketdata.feeds.simulator import Simulator

DAY = date(2025, 7, 8)


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A simulated ES day."""
    path = tmp_path_factory.mktemp("replay") / "es.parquet"
    write_ticks(path, "ES", Simulator("ES", seed=3, ticks_per_day=60_000).day(DAY), synthetic=True)
    return path


def replay(path: Path, *words: str) -> tuple[dict[str, Any], str]:
    out, said = path.with_suffix(".json"), StringIO()
    call_command("replay", "--file", str(path), "--json", str(out), *words, stdout=said)
    return json.loads(out.read_text()), said.getvalue()


@pytest.fixture(scope="module")
def report(recording: Path) -> dict[str, Any]:
    return replay(recording, "--symbol", "ES", "--timeframe", "120")[0]


def test_has_the_documented_keys(report: dict[str, Any]) -> None:
    assert {"config", "ticks", "bars", "signals", "trades", "summary"} <= report.keys()
    bar = {
        "start", "end", "open", "high", "low", "close", "volume", "buy_volume", "sell_volume",
        "delta", "min_delta", "max_delta", "cum_delta", "trades", "poc", "vah", "val", "vwap",
        "regime", "confidence", "levels",
    }  # fmt: skip
    signal = {
        "ts", "bar_start", "pattern", "direction", "price", "strength", "details", "regime",
        "confidence", "approved", "reason",
    }  # fmt: skip
    trade = {
        "id", "side", "size", "entry_ts", "entry_price", "exit_ts", "exit_price", "exit_reason",
        "stop", "target", "last_stop", "pnl_gross", "fees", "pnl_net", "pattern",
    }  # fmt: skip
    for name, keys in (("bars", bar), ("signals", signal), ("trades", trade)):
        assert report[name], name
        for item in report[name]:
            assert keys <= item.keys()


def test_times_are_integers_and_prices_and_money_are_plain_decimal_strings(
    report: dict[str, Any],
) -> None:
    plain = re.compile(r"-?\d+\.\d{2,}")
    for bar in report["bars"]:
        assert isinstance(bar["start"], int)
        assert bar["end"] - bar["start"] == 120 * 10**9
        assert all(plain.fullmatch(bar[key]) for key in ("open", "close", "poc", "vah", "vwap"))
        assert all(plain.fullmatch(level[0]) for level in bar["levels"])
    for trade in report["trades"]:
        assert isinstance(trade["entry_ts"], int)
        for key in (
            "entry_price", "exit_price", "stop", "target", "last_stop", "pnl_gross", "fees",
            "pnl_net",
        ):  # fmt: skip
            assert plain.fullmatch(trade[key]), (key, trade[key])


def test_bars_hold_every_used_tick_and_trades_add_up(report: dict[str, Any]) -> None:
    assert (
        report["ticks"]["read"]
        == report["ticks"]["used"]
        == sum(bar["trades"] for bar in report["bars"])
    )
    for bar in report["bars"]:
        bids, asks, unknown = (sum(level[k] for level in bar["levels"]) for k in (1, 2, 3))
        assert (bids, asks, bids + asks + unknown) == (
            bar["sell_volume"], bar["buy_volume"], bar["volume"],
        )  # fmt: skip
        assert bar["delta"] == asks - bids
    summary = report["summary"]
    nets = sum((Decimal(trade["pnl_net"]) for trade in report["trades"]), Decimal(0))
    assert Decimal(summary["pnl_net"]) == nets
    assert Decimal(summary["end_balance"]) == Decimal(summary["start_balance"]) + nets
    for trade in report["trades"]:
        way = 1 if trade["side"] == "LONG" else -1
        points = way * (Decimal(trade["exit_price"]) - Decimal(trade["entry_price"]))
        assert Decimal(trade["pnl_gross"]) == points * 50 * trade["size"]
        assert Decimal(trade["fees"]) == Decimal("4.50") * trade["size"]


def test_a_signal_says_what_became_of_it(report: dict[str, Any]) -> None:
    for signal in report["signals"]:
        assert bool(signal["reason"]) is not signal["approved"]
        assert (signal["decision"] is not None) is signal["approved"]
    entered = [s for s in report["signals"] if (s["decision"] or {}).get("action") == "enter"]
    assert [signal["decision"]["trade"] for signal in entered] == [
        trade["id"] for trade in report["trades"]
    ]


def test_is_the_same_every_time(recording: Path, report: dict[str, Any]) -> None:
    assert replay(recording, "--symbol", "ES", "--timeframe", "120")[0] == report


def test_settings_change_the_result_and_its_digest(recording: Path, report: dict[str, Any]) -> None:
    other, _ = replay(recording, "--timeframe", "120", "--set", "risk.stop_ticks=4")
    assert other["config"]["risk"]["stop_ticks"] == 4
    assert other["config"]["digest"] != report["config"]["digest"]
    assert other["trades"] != report["trades"]
    assert other["bars"] == report["bars"]


def test_ideal_fills_cost_nothing_and_say_so(recording: Path) -> None:
    ideal, said = replay(recording, "--fills", "ideal")
    assert all(trade["fees"] == "0.00" for trade in ideal["trades"])
    assert "Not attainable" in said


def test_summary_names_the_inferred_side(tmp_path: Path) -> None:
    path = tmp_path / "tape.csv"
    path.write_text(
        "DateTime,Price,Volume\n"
        + "".join(f"2024-07-01 15:00:{s:02},{5500 + s % 3 * 0.25},3\n" for s in range(60))
    )
    report, said = replay(path, "--symbol", "ES", "--side", "tick-rule")
    assert report["config"]["feed"]["side"] == report["summary"]["side"] == "inferred"
    assert "inferred" in said
    assert report["ticks"] == {"read": 60, "used": 60, "dropped": {}}


def test_counts_bad_ticks_with_their_reasons(tmp_path: Path) -> None:
    path = tmp_path / "tape.csv"
    path.write_text(
        "ts,price,size,side\n"
        "2024-07-01 15:00:00,5500.00,3,B\n"
        "2024-07-01 15:00:01,5500.10,3,B\n"
        "2024-07-01 15:00:02,5500.25,0,B\n"
        "2024-07-01 15:00:03,9900.00,3,A\n"
        "2024-07-01 15:00:04,5500.25,2,A\n"
        "2024-07-01 14:59:04,5500.25,2,A\n"
    )
    report, _ = replay(path, "--symbol", "ES")
    assert report["ticks"] == {
        "read": 6,
        "used": 2,
        "dropped": {"off_grid": 1, "size": 1, "jump": 1, "late": 1},
    }


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--symbol", "XX"], "unknown symbol 'XX'"),
        (["--symbol", "NQ"], "holds ES and not NQ"),
        (["--contract", "ESZ9"], "ESZ9"),
        (["--timeframe", "0"], "--timeframe"),
        (["--timeframe", "1e3"], "--timeframe"),
        (["--timeframe", "90000"], "at most a day"),
        (["--fills", "magic"], "unknown fill profile 'magic'"),
        (["--session", "night"], "rth or all"),
        (["--side", "coin-toss"], "tick-rule"),
        (["--timezone", "Mars/Base"], "Mars/Base"),
        (["--set", "risk.stop_ticks"], "KEY=VALUE"),
        (["--set", "risk.stop_tick=3"], "unknown setting"),
        (["--set", "risk.stop_ticks=-3"], "must be above 0"),
        (["--set", "risk.stop_ticks=many"], "'many'; it must be a whole number"),
        (["--json", "/nowhere/at/all.json"], "cannot be written"),
        (["--nonsense"], "--nonsense"),
    ],
)
def test_nonsense_options_are_refused_in_one_line(
    recording: Path, words: list[str], says: str
) -> None:
    with pytest.raises(CommandError) as refused:
        call_command("replay", "--file", str(recording), *words, stdout=StringIO())
    message = str(refused.value)
    assert says in message
    assert "\n" not in message


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("missing.csv", None, "no such file"),
        ("empty.csv", b"", "is empty"),
        ("header.csv", b"ts,price,size,side\n", "no usable trade"),
        ("columns.csv", b"ts,price\n1,2\n", "no column for size"),
        ("side.csv", b"ts,price,size\n2024-07-01 15:00:00,5500.00,1\n", "--side tick-rule"),
        ("grid.csv", b"ts,price,size,side\n2024-07-01 15:00:00,5500.10,1,B\n", "1 off_grid"),
        ("noise.bin", bytes(range(256)) * 20, "noise.bin"),
    ],
)
def test_files_that_cannot_be_replayed_are_refused_in_one_line(
    tmp_path: Path, name: str, content: bytes | None, says: str
) -> None:
    path = tmp_path / name
    if content is not None:
        path.write_bytes(content)
    out = tmp_path / "out.json"
    with pytest.raises(CommandError) as refused:
        call_command(
            "replay", "--file", str(path), "--symbol", "ES", "--json", str(out), stdout=StringIO()
        )
    message = str(refused.value)
    assert says in message
    assert "\n" not in message
    assert not out.exists()


# Explaining a trade of a replay


WORDS = ("--symbol", "ES", "--timeframe", "120")


def explained(path: Path, trade: str, *words: str) -> dict[str, Any]:
    out = path.with_name("story.json")
    call_command("explain", trade, "--file", str(path), *words, "--json", str(out),
                 stdout=StringIO())  # fmt: skip
    return json.loads(out.read_text())


def test_the_summary_names_the_trades(recording: Path) -> None:
    report, text = replay(recording, *WORDS)
    ids = [trade["id"] for trade in report["trades"]]
    assert f"{ids[0]} to {ids[-1]}" in text


def test_a_trade_of_a_replay_is_explained_by_its_id(
    recording: Path, report: dict[str, Any]
) -> None:
    for trade in report["trades"]:
        story = explained(recording, trade["id"], *WORDS)
        end = story["exit"]
        for name in ("entry_ts", "entry_price", "exit_ts", "exit_price", "balance"):
            assert end[name] == trade[name]
        assert (end["reason"], end["net"]) == (trade["exit_reason"], trade["pnl_net"])
        assert (story["signal"]["id"], story["told_from"]) == (trade["signal"], "replay")
        bar = next(bar for bar in report["bars"] if bar["start"] == story["bar"]["start"])
        assert story["bar"]["levels"] == bar["levels"]


def test_settings_of_the_replay_count(recording: Path) -> None:
    words = (*WORDS, "--set", "risk.stop_ticks=5")
    trade = replay(recording, *words)[0]["trades"][0]
    story = explained(recording, trade["id"], *words)
    assert story["exit"]["stop"] == trade["stop"]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--symbol", "ES"), "options of a replay need --file"),
        (("--file", "{file}", "--symbol", "ES"), r"no trade paper-1 is in .*; the nearest are pap"),
        (("--file", "/none", "--symbol", "ES"), "/none"),
        (("--file", "{file}", "--set", "risk"), "is not KEY=VALUE"),
    ],
)
def test_what_cannot_be_explained_is_said_in_a_line(
    recording: Path, words: tuple[str, ...], message: str
) -> None:
    given = [word.format(file=recording) for word in words]
    with pytest.raises(CommandError, match=message) as refused:
        call_command("explain", "paper-1", *given, stdout=StringIO())
    assert "\n" not in str(refused.value)


def test_levels_say_when_they_were_made_touched_and_gone(report: dict[str, Any]) -> None:
    signals = {signal["id"]: signal for signal in report["signals"]}
    kinds = {level["kind"] for level in report["levels"]}
    assert kinds == {"zone", "unfinished", "naked_poc"}
    for level in report["levels"]:
        assert set(level) == {
            "id", "kind", "direction", "low", "high", "signal", "made", "touched", "gone", "reason",
        }  # fmt: skip
        assert Decimal(level["low"]) <= Decimal(level["high"])
        assert (level["gone"] is None) == (level["reason"] is None)
        for later in ("touched", "gone"):
            assert level[later] is None or level[later] > level["made"]
        if level["kind"] == "naked_poc":
            assert level["direction"] is level["signal"] is None
        else:
            signal = signals[level["signal"]]
            assert (level["made"], level["direction"]) == (signal["ts"], signal["direction"])


def test_large_trades_and_sweeps_are_listed(report: dict[str, Any]) -> None:
    assert report["large_trades"]
    assert report["sweeps"]
    for large in report["large_trades"]:
        assert large["size"] >= large["threshold"] >= 2
        assert large["side"] in ("buy", "sell", None)
    for sweep in report["sweeps"]:
        assert sweep["start"] <= sweep["end"] <= sweep["ts"] <= sweep["start"] + 50 * 10**6
        way = {"buy": 1, "sell": -1}[sweep["side"]]
        ticks = way * (Decimal(sweep["last"]) - Decimal(sweep["first"])) / Decimal("0.25")
        assert ticks + 1 >= sweep["prices"] >= 3
        assert sweep["volume"] >= sweep["trades"] >= sweep["prices"]
