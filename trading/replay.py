"""Replay: a recorded file through the engine as fast as it goes, without the database.

    report = replay(open_file("day.dbn.zst"), config, schedule)
    report.as_json()                   # the format that docs/replay.md describes

The engine and its simulated exchange are the ones that trade; only the outputs differ.
"""

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, Final

from engine.config import EngineConfig
from engine.engine import Engine
from engine.events import (
    Bar,
    BarClosed,
    Decision,
    Event,
    LargeTrade,
    Level,
    LevelGone,
    LevelMade,
    LevelTouched,
    Signal,
    SignalDetected,
    Sweep,
    Trade,
    TradeClosed,
)
from engine.instruments import Instrument
from engine.names import Direction
from engine.patterns import DETAILS
from engine.schedule import Schedule
from engine.text import average_text, price_text, units_text
from engine.ticks import BUY, NONE, SELL
from marketdata.errors import FeedError
from marketdata.feeds import Feed

Json = dict[str, Any]

FORMAT: Final = 1
AGGRESSORS: Final = {BUY: "buy", SELL: "sell", NONE: None}


@dataclass
class Report:
    """All that a replay said. `balance` and `start_balance` in money units."""

    config: EngineConfig
    feed: Feed
    session: str
    start_balance: int
    config_name: str = ""
    bars: list[Bar] = field(default_factory=list)
    signals: list[Signal] = field(default_factory=list)
    decisions: dict[str, Decision] = field(default_factory=dict)
    levels: dict[str, Json] = field(default_factory=dict)
    large_trades: list[LargeTrade] = field(default_factory=list)
    sweeps: list[Sweep] = field(default_factory=list)
    trades: list[Trade] = field(default_factory=list)
    dropped: Counter[str] = field(default_factory=Counter)
    ticks: int = 0
    first_ts: int | None = None
    last_ts: int | None = None

    def take(self, events: Iterable[Event]) -> None:
        """Keep what the report shows."""
        for event in events:
            match event:
                case BarClosed(bar=bar):
                    self.bars.append(bar)
                case SignalDetected(signal=signal):
                    self.signals.append(signal)
                case Decision():
                    self.decisions |= dict.fromkeys(event.approved, event)
                case TradeClosed(trade=trade):
                    self.trades.append(trade)
                case LargeTrade():
                    self.large_trades.append(event)
                case Sweep():
                    self.sweeps.append(event)
                case LevelMade(level=level):
                    self.levels[level.id] = _level(level, self.config.instrument)
                case LevelTouched(ts=ts, level_id=name):
                    self.levels[name]["touched"] = ts
                case LevelGone(ts=ts, level_id=name, reason=reason):
                    self.levels[name] |= {"gone": ts, "reason": reason.value}

    @property
    def read(self) -> int:
        """Trades found in the source: used and dropped."""
        return self.ticks + sum(self.dropped.values())

    def as_json(self) -> Json:
        """The stable format of docs/replay.md."""
        spec = self.config.instrument
        return {
            "format": FORMAT,
            "config": self._config(),
            "ticks": {"read": self.read, "used": self.ticks, "dropped": dict(self.dropped)},
            "bars": [_bar(bar, spec) for bar in self.bars],
            "signals": [
                _signal(signal, spec, self.decisions.get(signal.id)) for signal in self.signals
            ],
            "trades": [_trade(trade, spec) for trade in self.trades],
            "levels": list(self.levels.values()),
            "large_trades": [_large_trade(large, spec) for large in self.large_trades],
            "sweeps": [_sweep(sweep, spec) for sweep in self.sweeps],
            "summary": self.summary(),
        }

    def _config(self) -> Json:
        info = self.feed.info
        return {
            **self.config.as_dict(),
            "name": self.config_name or None,
            "digest": self.config.digest,
            "rules_digest": self.config.rules_digest,
            "session": self.session,
            "feed": {
                "source": info.source,
                "symbol": info.symbol,
                "contract": info.contract,
                "side": info.side,
                "timezone": info.timezone,
                "synthetic": info.synthetic,
                "warnings": list(info.warnings),
            },
        }

    def summary(self) -> Json:
        """Totals; money as strings."""
        nets = [trade.pnl_net for trade in self.trades]
        return {
            "first_ts": self.first_ts,
            "last_ts": self.last_ts,
            "bars": len(self.bars),
            "volume": sum(bar.volume for bar in self.bars),
            "signals": len(self.signals),
            "approved": sum(signal.approved for signal in self.signals),
            "signals_by_pattern": dict(Counter(s.pattern.name for s in self.signals)),
            "trades": len(nets),
            "wins": sum(net > 0 for net in nets),
            "losses": sum(net < 0 for net in nets),
            "exits": dict(Counter(trade.exit_reason.value for trade in self.trades)),
            "pnl_gross": units_text(sum(trade.pnl_gross for trade in self.trades)),
            "fees": units_text(sum(trade.fees for trade in self.trades)),
            "pnl_net": units_text(sum(nets)),
            "max_drawdown": units_text(_drawdown(nets)),
            "start_balance": units_text(self.start_balance),
            "end_balance": units_text(self.start_balance + sum(nets)),
            "currency": self.config.instrument.currency,
            "fills": self.config.fills.profile,
            "side": self.feed.info.side,
            "synthetic": self.feed.info.synthetic,
        }


def replay(
    feed: Feed,
    config: EngineConfig,
    schedule: Schedule,
    session: str = "rth",
    on_progress: Callable[[float, int], None] = lambda fraction, ticks: None,
    config_name: str = "",
) -> Report:
    """Run a feed through a new engine; FeedError when it is damaged or holds no usable trade.

    `on_progress` gets the fraction read and the ticks taken after every block; `config_name` is
    what the report calls the configuration.
    """
    engine = Engine(config, schedule)
    report = Report(config, feed, session, engine.status().balance, config_name)
    for block in feed.blocks():
        report.take(engine.push_columns(block))
        status = engine.status()
        report.first_ts = report.first_ts or (int(block.ts[0]) if status.ticks else None)
        on_progress(feed.progress, status.ticks)
    report.take(engine.finish())
    status = engine.status()
    report.ticks, report.last_ts = status.ticks, status.last_tick_ts
    report.dropped = Counter(feed.counts.dropped) + Counter(status.dropped)
    if not report.ticks:
        reasons = ", ".join(f"{n} {reason}" for reason, n in report.dropped.items()) or "none read"
        raise FeedError(f"{feed.info.source}: holds no usable trade ({reasons})")
    return report


def _drawdown(nets: list[int]) -> int:
    """Deepest fall of the running sum from its highest point, >= 0."""
    total = peak = deepest = 0
    for net in nets:
        total += net
        peak = max(peak, total)
        deepest = max(deepest, peak - total)
    return deepest


def bar_figures(bar: Bar, spec: Instrument) -> Json:
    """A bar without its regime: prices as text, times and volumes as they are."""
    session_vwap = None
    if bar.session_volume > 0:
        session_vwap = average_text(bar.session_notional, bar.session_volume, spec)
    prices = ("open", "high", "low", "close", "poc", "vah", "val")
    return {
        "start": bar.start,
        "end": bar.end,
        **{name: price_text(getattr(bar, name), spec) for name in prices},
        "volume": bar.volume,
        "buy_volume": bar.buy_volume,
        "sell_volume": bar.sell_volume,
        "delta": bar.delta,
        "min_delta": bar.min_delta,
        "max_delta": bar.max_delta,
        "cum_delta": bar.cum_delta,
        "trades": bar.trades,
        "vwap": average_text(bar.notional, bar.volume, spec),
        "session_vwap": session_vwap,
        "levels": [
            [price_text(price, spec), bid, ask, unknown]
            for price, bid, ask, unknown in bar.levels.tolist()
        ],
    }


def _bar(bar: Bar, spec: Instrument) -> Json:
    reading = bar.reading
    return {
        **bar_figures(bar, spec),
        "regime": reading.regime.name if reading else None,
        "confidence": reading.confidence if reading else None,
        "scores": list(reading.scores) if reading else None,
    }


def _signal(signal: Signal, spec: Instrument, decision: Decision | None) -> Json:
    kinds = dict(DETAILS[signal.pattern])
    details = {
        name: price_text(int(value), spec) if kinds[name] == "price" else value  # type: ignore[arg-type]
        for name, value in signal.details.items()
    }
    return {
        "id": signal.id,
        "ts": signal.ts,
        "bar_start": signal.bar_start,
        "pattern": signal.pattern.name,
        "direction": Direction(signal.direction).name,
        "price": price_text(signal.price, spec),
        "strength": signal.strength,
        "details": details,
        "regime": signal.regime.name,
        "confidence": signal.confidence,
        "approved": signal.approved,
        "reason": signal.reason,
        "decision": _decision(signal, decision) if decision else None,
    }


def _decision(signal: Signal, decision: Decision) -> Json:
    chosen = decision.signal_id == signal.id
    return {
        "action": decision.action if chosen else "none",
        "rule": decision.rule if chosen or decision.rule else "not_chosen",
        "reason": decision.reason
        if chosen or decision.rule
        else f"{decision.signal_id} was stronger or first",
        "trade": decision.trade_id if chosen else "",
    }


def _level(level: Level, spec: Instrument) -> Json:
    return {
        "id": level.id,
        "kind": level.kind.value,
        "direction": Direction(level.direction).name if level.direction else None,
        "low": price_text(level.low, spec),
        "high": price_text(level.high, spec),
        "signal": level.signal_id or None,
        "made": level.made,
        "touched": level.touched,
        "gone": None,
        "reason": None,
    }


def _large_trade(large: LargeTrade, spec: Instrument) -> Json:
    return {
        "ts": large.ts,
        "price": price_text(large.price, spec),
        "size": large.size,
        "side": AGGRESSORS[large.side],
        "threshold": large.threshold,
    }


def _sweep(sweep: Sweep, spec: Instrument) -> Json:
    return {
        "ts": sweep.ts,
        "start": sweep.start,
        "end": sweep.end,
        "side": AGGRESSORS[sweep.side],
        "first": price_text(sweep.first, spec),
        "last": price_text(sweep.last, spec),
        "prices": sweep.prices,
        "volume": sweep.volume,
        "trades": sweep.trades,
    }


def _trade(trade: Trade, spec: Instrument) -> Json:
    return {
        "id": trade.id,
        "symbol": trade.symbol,
        "side": Direction(trade.direction).name,
        "size": trade.size,
        "entry_ts": trade.entry_ts,
        "entry_price": average_text(trade.entry_notional, trade.size, spec),
        "exit_ts": trade.exit_ts,
        "exit_price": average_text(trade.exit_notional, trade.size, spec),
        "exit_reason": trade.exit_reason.value,
        "stop": price_text(trade.stop, spec),
        "target": price_text(trade.target, spec),
        "last_stop": price_text(trade.last_stop, spec),
        "pnl_gross": units_text(trade.pnl_gross),
        "fees": units_text(trade.fees),
        "pnl_net": units_text(trade.pnl_net),
        "pattern": trade.pattern.name,
        "signal": trade.signal_id,
        "regime": trade.regime.name,
        "mae_ticks": trade.mae,
        "mfe_ticks": trade.mfe,
        "balance": units_text(trade.balance),
    }
