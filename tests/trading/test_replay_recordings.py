"""Replays of recorded markets, checked against the raw records without any of our own code."""

import gzip
import json
from collections.abc import Iterator
from decimal import Decimal
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command

from engine.config import BarRules, engine_config
from engine.instruments import instrument
from engine.ticks import joined
from marketdata.calendars import schedule
from marketdata.feeds.files import open_file
from tests.engine.test_against_oracle import assert_same

pytestmark = pytest.mark.data

Trade = tuple[int, Decimal, Decimal, str]  # ts, price, size, B / A / N
ES_HOUR = "es/esh4-glbx-mdp3-20231225.mbo.dbn.zst"


def replay(path: Path, out: Path, *words: str) -> dict[str, Any]:
    call_command("replay", "--file", str(path), "--json", str(out), *words, stdout=StringIO())
    return json.loads(out.read_text())


def check_bars(bars: list[dict[str, Any]], trades: list[Trade], seconds: int, lot: Decimal) -> None:
    """Every bar's figures and levels from the raw trades, one by one."""
    length = seconds * 10**9
    raw: dict[int, list[Trade]] = {}
    for trade in trades:
        raw.setdefault(trade[0] // length * length, []).append(trade)
    assert [bar["start"] for bar in bars] == list(raw)
    cumulative = 0
    for bar, inside in zip(bars, raw.values(), strict=True):
        running = lowest = highest = 0
        levels: dict[Decimal, list[int]] = {}
        for _, price, size, side in inside:
            lots = int(size / lot)
            levels.setdefault(price, [0, 0, 0])["ABN".index(side)] += lots
            running += {"B": lots, "A": -lots, "N": 0}[side]
            lowest, highest = min(lowest, running), max(highest, running)
        cumulative += running
        prices = [price for _, price, _, _ in inside]
        assert [Decimal(bar[key]) for key in ("open", "high", "low", "close")] == [
            prices[0], max(prices), min(prices), prices[-1],
        ]  # fmt: skip
        volumes = [sum(level[k] for level in levels.values()) for k in range(3)]
        assert (bar["sell_volume"], bar["buy_volume"], bar["volume"], bar["trades"]) == (
            volumes[0], volumes[1], sum(volumes), len(inside),
        )  # fmt: skip
        assert (bar["delta"], bar["min_delta"], bar["max_delta"], bar["cum_delta"]) == (
            running, lowest, highest, cumulative,
        )  # fmt: skip
        assert [[Decimal(level[0]), *level[1:]] for level in bar["levels"]] == [
            [price, *volume] for price, volume in sorted(levels.items())
        ]
        mean = sum(price * sum(volume) for price, volume in levels.items()) / sum(volumes)
        assert abs(Decimal(bar["vwap"]) - mean) <= Decimal("0.000001")


def dbn_trades(path: Path) -> list[Trade]:
    import databento

    nano = Decimal(10**9)
    return [
        (record.ts_event, record.price / nano, Decimal(record.size), str(record.side))
        for record in databento.DBNStore.from_file(path)
        if str(record.action) == "T"
    ]


def socket_trades(path: Path) -> Iterator[Trade]:
    with gzip.open(path, "rt") as lines:
        for line in lines:
            data = json.loads(line.split(" ", 1)[1]).get("data", {})
            if data.get("e") == "trade" and data.get("X", "MARKET") == "MARKET":
                side = "A" if data["m"] else "B"
                yield data["T"] * 10**6, Decimal(data["p"]), Decimal(data["q"]), side


def test_es_hour_of_orders(recorded_data: Path, tmp_path: Path) -> None:
    path = recorded_data / ES_HOUR
    words = ("--symbol", "ES", "--contract", "ESH4", "--timeframe", "60", "--session", "all")
    report = replay(path, tmp_path / "out.json", *words)
    trades = dbn_trades(path)
    assert len(trades) == report["ticks"]["used"] == 2_973
    assert sum(bar["volume"] for bar in report["bars"]) == 9_892
    check_bars(report["bars"], trades, 60, Decimal(1))
    check_fills(report, trades)


def check_fills(report: dict[str, Any], trades: list[Trade]) -> None:
    """Entries at the first trade from 50 ms after the decision, a tick worse; exits possible."""
    tick = Decimal("0.25")
    decided = {
        s["decision"]["trade"]: s["ts"]
        for s in report["signals"]
        if s["decision"] and s["decision"]["trade"]
    }
    assert report["trades"]
    for trade in report["trades"]:
        way = 1 if trade["side"] == "LONG" else -1
        first = next(raw for raw in trades if raw[0] >= decided[trade["id"]] + 50_000_000)
        entry = Decimal(trade["entry_price"])
        assert (trade["entry_ts"], entry) == (first[0], first[1] + way * tick)
        assert Decimal(trade["stop"]) == entry - way * 16 * tick
        assert Decimal(trade["target"]) == entry + way * 24 * tick
        held = [raw for raw in trades if trade["entry_ts"] < raw[0] < trade["exit_ts"]]
        assert all(way * (raw[1] - Decimal(trade["stop"])) > 0 for raw in held)
        assert all(way * (raw[1] - Decimal(trade["target"])) <= 0 for raw in held)


@pytest.mark.parametrize(
    ("name", "symbol", "used"),
    [("usdm", "BTCUSDT", 21_313), ("spot", "BTCUSDT-SPOT", 9_757)],
)
def test_binance_sockets(
    recorded_data: Path, tmp_path: Path, name: str, symbol: str, used: int
) -> None:
    path = recorded_data / f"binance/{name}_btcusdt_20240808.gz"
    words = ("--symbol", symbol, "--timeframe", "10", "--session", "all")
    report = replay(path, tmp_path / "out.json", *words)
    assert report["ticks"]["used"] == used
    check_bars(report["bars"], list(socket_trades(path)), 10, instrument(symbol).lot)


def test_es_tape_of_half_a_million_with_inferred_side(recorded_data: Path, tmp_path: Path) -> None:
    path = recorded_data / "es/es_20130901_500k_noside.csv.gz"
    words = ("--symbol", "ES", "--side", "tick-rule", "--timezone", "America/Chicago")
    report = replay(path, tmp_path / "out.json", *words, "--session", "all")
    with gzip.open(path, "rt") as lines:
        next(lines)
        volume = sum(int(line.rsplit(",", 1)[1]) for line in lines)
    assert sum(bar["volume"] for bar in report["bars"]) == volume
    assert report["ticks"] == {"read": 500_000, "used": 500_000, "dropped": {}}
    assert report["summary"]["side"] == "inferred"
    days = {trade["id"].split("-")[1] for trade in report["trades"]}
    assert days <= {"20130902", "20130903"}


@pytest.mark.parametrize(
    ("name", "symbol", "seconds", "side"),
    [
        (ES_HOUR, "ES", 60, None),
        ("es/es_20130901_500k_noside.csv.gz", "ES", 300, "tick-rule"),
        ("binance/usdm_btcusdt_20240808.gz", "BTCUSDT", 10, None),
    ],
)
def test_engine_and_oracle_agree_on_recorded_ticks(
    recorded_data: Path, name: str, symbol: str, seconds: int, side: Any
) -> None:
    feed = open_file(recorded_data / name, symbol, side=side)
    ticks = joined(feed.blocks()).records()
    config = engine_config(symbol, bars=BarRules(seconds=seconds))
    assert_same(config, schedule(instrument(symbol), "all"), ticks)


Raw = tuple[int, Decimal, int, str]


def exhausted_at_the_low(trades: list[Raw]) -> tuple[Decimal, int, int, int] | None:
    """The low, and the run of bid volumes up from it (levels, innermost, outermost), if it is
    selling exhaustion: at least 3 of at most 5, each larger than the one below, 30 % down."""
    sold: dict[Decimal, int] = {}
    for _, price, size, side in trades:
        sold[price] = sold.get(price, 0) + (size if side == "A" else 0)
    low = price = min(sold)
    run = [sold[low]]
    while len(run) < 5 and sold.get(price + Decimal("0.25"), 0) > run[-1]:
        price += Decimal("0.25")
        run.append(sold[price])
    if run[0] == 0 or len(run) < 3 or run[-1] - run[0] < Decimal("0.3") * run[-1]:
        return None
    return low, len(run), run[-1], run[0]


def test_the_story_of_the_es_hour_by_the_raw_trades(recorded_data: Path, tmp_path: Path) -> None:
    """Its one trade: the completing trade is looked for in every prefix of the bar, by hand."""
    path, out = recorded_data / ES_HOUR, tmp_path / "story.json"
    words = ("--symbol", "ES", "--contract", "ESH4", "--timeframe", "60", "--session", "all")
    call_command(
        "explain", "paper-20231226-001", "--file", str(path), *words, "--json", str(out),
        stdout=StringIO(),
    )  # fmt: skip
    story = json.loads(out.read_text())
    bar, done, signal = story["bar"], story["completion"], story["signal"]
    assert (signal["pattern"], signal["price"]) == ("SELLING_EXHAUSTION", "4810.50")
    raw = [
        (ts, price, int(size), side)
        for ts, price, size, side in dbn_trades(path)
        if bar["start"] <= ts < bar["end"]
    ]
    assert len(raw) == done["trades"] == bar["trades"]
    low = Decimal(signal["price"])
    number = 1
    for count in range(1, len(raw) + 1):
        found = exhausted_at_the_low(raw[:count])
        if found is None or found[0] != low:
            number = count + 1
    assert done["number"] == number < len(raw)
    assert exhausted_at_the_low(raw[:number]) == (
        low, done["details"]["levels"], done["details"]["first"], done["details"]["last"],
    )  # fmt: skip
    assert exhausted_at_the_low(raw) == (
        low, signal["details"]["levels"], signal["details"]["first"], signal["details"]["last"],
    )  # fmt: skip
    for told in done["prints"]:
        ts, price, size, side = raw[told["number"] - 1]
        before = sum(s for _, p, s, w in raw[: told["number"] - 1] if (p, w) == (price, side))
        assert (told["ts"], Decimal(told["price"]), told["size"]) == (ts, price, size)
        assert told["side"] == {"A": "sell", "B": "buy", "N": "none"}[side]
        assert (told["before"], told["after"]) == (before, before + size)
    assert done["prints"][-1]["number"] == number
    inside = [k + 1 for k in range(number - 1) if low <= raw[k][1] <= low + Decimal("0.5")]
    assert [told["number"] for told in done["prints"][:-1]] == inside[-4:]
    held = [
        (way, ts) for ts, way, _, _ in dbn_trades(path)
        if story["entry"]["filled"] <= ts <= story["exit"]["exit_ts"]
    ]  # fmt: skip
    best = max(price for price, _ in held)
    assert (Decimal(story["path"]["best"]["price"]), story["path"]["best"]["ts"]) == (
        best, next(ts for price, ts in held if price == best),
    )  # fmt: skip
