"""One session's market in bars of another kind: an engine that never trades, and what it said.

What a view shows is a function of its bars' setting and the trading day's ticks, whenever it was
asked for: it begins with the day, from what the trading engine began the day with. Messages are
made as JSON text, once for everybody who looks; `docs/live-socket.md` is the contract.
"""

import json
from collections import deque
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from engine import events as said
from engine.config import EngineConfig
from engine.engine import Engine
from engine.schedule import Schedule
from engine.ticks import TickColumns
from trading import wire
from trading.bar_views import BarView
from trading.pipeline.levels import Levels

SNAPSHOT_BARS: Final = 500
SNAPSHOT_SIGNALS: Final = 1_000
MOST_BARS: Final = 50
"""Bars of one frame; a page that lacks more asks for a snapshot."""


def text(message: object) -> str:
    return json.dumps(message, separators=(",", ":"), allow_nan=False)


class View:
    """`push`, `beat` and `finish` as the trading engine had them; then `frame` and `snapshot`."""

    def __init__(
        self,
        bars: BarView,
        config: EngineConfig,
        schedule: Schedule,
        carry: said.Carry,
        account: str,
    ) -> None:
        self.bars = bars
        self.taken = 0  # ticks of the day
        self.seq = 0
        self.finished = False
        self.warm_until = 0  # bars that ended up to here closed while the session warmed up
        self._spec = config.instrument
        self._engine = Engine(bars.applied(config), schedule, carry=carry)
        self._engine.warming = True
        self._head = {"account_name": account, "key": bars.key}
        self._day: str | None = None
        self._history: deque[tuple[int, said.Bar]] = deque(maxlen=SNAPSHOT_BARS)
        self._signals: deque[wire.Json] = deque(maxlen=SNAPSHOT_SIGNALS)
        self._last = 0  # `t` of the newest closed bar
        self._new_bars: deque[tuple[int, said.Bar]] = deque(maxlen=MOST_BARS)
        self._new_signals: list[wire.Json] = []
        self._levels = Levels(self._engine.levels)
        self._changed = False

    def push(self, ticks: TickColumns) -> None:
        self.taken += len(ticks.ts)
        self._take(self._engine.push_columns(ticks))
        self._changed = True

    def beat(self, ts: int) -> None:
        self._take(self._engine.beat(ts))

    def finish(self) -> None:
        self.finished = self._changed = True
        self._take(self._engine.finish())

    @property
    def changed(self) -> bool:
        """There is something to say."""
        return self._changed

    def frame(self) -> str:
        """What is new since the last one; bars and signals are said once."""
        self.seq += 1
        self._changed = False
        message = {
            "type": "view_frame",
            **self._head,
            "day": self._day,
            "seq": self.seq,
            "bars": [self._bar(*bar) for bar in self._new_bars],
            "last_bar": self._last or None,
            "forming": self._forming(),
            "signals": self._new_signals,
        }
        if self._levels.changed:
            message |= self._levels.to_wire(self._engine.levels)
        else:
            message |= {"levels": None, "gone": None}
        made = text(message)
        self._new_bars.clear()
        self._new_signals = []
        self._levels.changed = False
        return made

    def history(self) -> Sequence[tuple[int, said.Bar]]:
        """The newest closed bars, for `snapshot`: writing them takes a while."""
        return tuple(self._history)

    def bar_text(self, bar: tuple[int, said.Bar]) -> str:
        return text(self._bar(*bar))

    def snapshot(self, bars: Sequence[str]) -> str:
        """All that a page needs that begins to look; `bars` are the texts of `history`."""
        message = text({
            "type": "view_snapshot",
            **self._head,
            "view": self.bars.as_json(),
            "day": self._day,
            "seq": self.seq,
            "last_bar": self._last or None,
            "forming": self._forming(),
            "signals": list(self._signals),
            **self._levels.to_wire(self._engine.levels),
        })  # fmt: skip
        return f'{message[:-1]},"bars":[{",".join(bars)}]}}'

    def _take(self, events: Sequence[said.Event]) -> None:
        for event in events:
            match event:
                case said.BarClosed(bar=bar):
                    self._last = self._start(bar)
                    self._history.append((self._last, bar))
                    self._new_bars.append((self._last, bar))
                case said.SignalDetected(signal=signal):
                    # It belongs to the bar that just closed, under the start that we gave it.
                    found = wire.signal_to_wire(signal) | {"bar": self._last}
                    self._signals.append(found)
                    self._new_signals.append(found)
                    if len(self._new_signals) > SNAPSHOT_SIGNALS:
                        del self._new_signals[0]
                case said.LevelMade() | said.LevelTouched() | said.LevelGone():
                    self._levels.see(event)
                case said.DayStarted(day=day):
                    self._day = day.isoformat()
        self._changed = self._changed or bool(events)

    def _start(self, bar: said.Bar) -> int:
        """Milliseconds that identify a bar. Bars that are filled by trades may start in the same
        one: then the later takes the next."""
        return max(bar.start // wire.MS, self._last + 1)

    def _bar(self, start: int, bar: said.Bar) -> wire.Json:
        warm = bar.end <= self.warm_until
        return wire.bar_to_wire(replace(bar, warm_up=warm), self._spec) | {"t": start}

    def _forming(self) -> wire.Json | None:
        bar = self._engine.forming()
        return None if bar is None else self._bar(self._start(bar), bar)
