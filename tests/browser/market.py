"""A market for the browser to watch, without the pipeline: seeded ticks through the real engine.

It stands in for pipeline and database alike: `snapshot` answers what `live_snapshot` would, `frame`
what the publisher would send next.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import numpy as np

from engine.config import RiskRules, Tier, engine_config
from engine.engine import Engine
from engine.events import BarClosed, Halted, SignalDetected, TradeClosed
from engine.instruments import instrument
from engine.schedule import TradingDay
from engine.ticks import NS, TickColumns
from trading import wire

OPEN = datetime(2026, 11, 19, 14, 30, tzinfo=UTC)
HOUR = 3600 * NS


def ns(moment: datetime) -> int:
    return int(moment.timestamp()) * NS


@dataclass
class OneDay:
    day: date

    def at(self, ts: int) -> TradingDay:
        start = ns(OPEN) - 16 * HOUR - HOUR // 2
        return TradingDay(
            day=self.day,
            start=start,
            open=ns(OPEN),
            entries_from=ns(OPEN),
            entries_to=ns(OPEN) + 6 * HOUR + HOUR // 4,
            flatten_at=ns(OPEN) + 6 * HOUR + 25 * 60 * NS,
            close=ns(OPEN) + 6 * HOUR + HOUR // 2,
            end=start + 24 * HOUR,
        )


class Market:
    """A walk with drifts, bursts and bounce. Time stands still until `advance`."""

    def __init__(self, symbol: str = "ES", *, seconds: int = 300, seed: int = 7) -> None:
        risk = RiskRules(
            profit_target=Decimal(5000),
            loss_limit=Decimal(5000),
            max_drawdown=Decimal(9000),
            tiers=(Tier("ES 1-3", Decimal(0), symbol, 1, 3, Decimal(5000)),),
        )
        config = engine_config(symbol, risk=risk).override({"bars.seconds": str(seconds)})
        self.spec = instrument(symbol)
        self.seconds = seconds
        self.day = OPEN.date()
        self.engine = Engine(config, OneDay(self.day))
        self.random = np.random.default_rng(seed)
        self.now = ns(OPEN)
        self.mid = 5000.0 * 4
        self.drift = 0.0
        self.bars: list[wire.Json] = []
        self.signals: list[wire.Json] = []
        self.trades: list[wire.Json] = []
        self.notices: list[wire.Json] = []
        self.said = [0, 0, 0, 0]
        self.seq = 0
        self.tps = 0.0

    def advance(self, seconds: float, rate: float = 9.0) -> None:
        """Let `seconds` of the market happen with about `rate` trades a second."""
        span = int(seconds * NS)
        count = max(1, int(self.random.poisson(rate * seconds)))
        ts = self.now + np.sort(self.random.integers(0, span, count))
        if self.random.random() < seconds / 600:
            self.drift = float(self.random.normal(0, 0.0016))
        steps = self.random.normal(self.drift, 0.16, count)
        mid = self.mid + np.cumsum(steps) * 0.9
        lean = 0.5 + np.clip(self.drift * 30, -0.1, 0.1)
        lean = np.clip(lean + self.random.normal(0, 0.1), 0.2, 0.8)
        side = np.where(self.random.random(count) < lean, 1, -1).astype(np.int8)
        price = np.floor(mid).astype(np.int32) + (side > 0)
        size = np.ceil(self.random.pareto(1.6, count) * 2 + 0.2).clip(1, 400).astype(np.int32)
        self.mid = float(mid[-1])
        self.now += span
        self.tps = count / seconds
        columns = TickColumns(ts.astype(np.int64), price.astype(np.int32), size, side)
        for event in (*self.engine.push_columns(columns), *self.engine.beat(self.now)):
            match event:
                case BarClosed():
                    self.bars.append(wire.bar_to_wire(event.bar, self.spec))
                case SignalDetected():
                    self.signals.append(wire.signal_to_wire(event.signal))
                case TradeClosed():
                    self.trades.append(wire.trade_to_wire(event.trade))
                case Halted():
                    self.notices.append(wire.notice(event.ts, "halted", event.reason, "warning"))

    def config(self) -> wire.Json:
        return {
            "symbol": self.spec.symbol, "name": self.spec.name, "contract": "ESZ6",
            "tick": "0.25", "decimals": 2, "tick_value": "12.50", "lot": "1", "currency": "USD",
            "timeframe": self.seconds, "row_ticks": 1, "ratio": 3.0, "min_volume": 10,
            "session_date": self.day.isoformat(), "account": "paper-ES", "mode": "paper",
            "fills": {"profile": "honest"}, "source": "simulator", "synthetic": True,
            "inferred": False, "speed": "1",
        }  # fmt: skip

    def snapshot(self, have: int | None) -> wire.Json:
        return {
            "type": "snapshot", "have": have, "config": self.config(), "frame": None,
            "bars": [bar for bar in self.bars if have is None or bar["t"] > have][-500:],
            "signals": [one for one in self.signals if have is None or one["t"] > have],
            "trades": self.trades,
        }  # fmt: skip

    def frame(self, **feed: Any) -> wire.Json:
        """What happened since the last one, and how things are."""
        self.seq += 1
        lists = (self.bars, self.signals, self.trades, self.notices)
        news = [items[said:] for items, said in zip(lists, self.said, strict=True)]
        self.said = [len(items) for items in lists]
        status = self.engine.status()
        forming = self.engine.forming()
        position = status.position
        return {
            "type": "frame", "seq": self.seq,
            "now": int(datetime.now(UTC).timestamp() * 1000), "account_name": "paper-ES",
            "bars": news[0], "last_bar": self.bars[-1]["t"] if self.bars else None,
            "forming": wire.bar_to_wire(forming, self.spec) if forming else None,
            "signals": news[1], "trades": news[2], "notices": news[3],
            "position": wire.position_to_wire(position, status.open_pnl) if position else None,
            "waiting": wire.waiting_to_wire(status.waiting),
            "account": wire.account_to_wire(status),
            "feed": {
                "source": "simulator", "synthetic": True, "inferred": False, "state": "live",
                "last_tick": wire.millis(status.last_tick_ts), "age_ms": 40,
                "ticks": status.ticks, "tps": round(self.tps, 1), "dropped": status.dropped,
                "speed": "1", "latency_us": {"p50": 0.9, "p99": 3.1},
            } | feed,
            "regime": wire.reading_to_wire(status.reading),
            "session": {"day": self.day.isoformat(), "phase": status.phase, "mode": "paper",
                        "status": "running"},
            "output": {"written": len(self.bars), "waiting": 0, "failing": False},
        }  # fmt: skip


def market_with_history(bars: int, *, seconds: int = 300, seed: int = 7) -> Market:
    market = Market(seconds=seconds, seed=seed)
    until = market.now + int((bars + 0.6) * seconds) * NS
    while market.now < until:
        market.advance(min(60.0, seconds))
    market.frame()  # the past has been said
    return market
