"""A venue where a broker and an operator do everything wrong, played from a script."""

from typing import Any, NamedTuple

from hypothesis import strategies as st

from engine.commands import (
    Command,
    Flatten,
    HaltTrading,
    Kill,
    ReportAmendReject,
    ReportCancelled,
    ReportDifference,
    ReportLink,
    ReportLost,
    ReportMargin,
    ReportReject,
    ReportWorking,
    ResumeTrading,
)
from engine.config import EngineConfig
from engine.engine import Engine
from engine.events import Decision, Fill
from engine.ticks import NS
from tests.engine.drive import BAR, BOTH_BAR, BUY_BAR, QUIET_BAR, SELL_BAR, at, easy, of
from tests.engine.invariants import Watched
from tests.oracle.days import ALL_DAY, DAY, HOUR, MINUTE, Days
from tests.oracle.ladder import ladder, tick_array

MOST = 2**31 - 1
SHORT = Days(0, HOUR, HOUR, 20 * HOUR, 21 * HOUR, 22 * HOUR)


class Word(NamedTuple):
    """A fill or a broker's word about an order: of which trade (0 is the newest), which order."""

    trade: int
    order: str


names = ["E", "E", "E", "E", "S", "S", "T", "T", "X", "X", "X2", "X3", "F1", "F2", "?"]
words = st.builds(Word, st.sampled_from([0, 0, 0, 0, 1, 2]), st.sampled_from(names))
lags = st.sampled_from([0, 0, 0, 1, NS, MINUTE, HOUR, DAY, -1, -NS, -HOUR, -DAY])
fills = st.tuples(
    st.just("fill"), words, st.integers(0, 20), lags,
    st.sampled_from([1, 2, 2, 3, 3, 4, 5, 5, 6, 6, MOST, 0]),
    st.sampled_from([0, 0, 1, -1, 16, -16, 24, 400, 0, -4_799, MOST - 4_800, -4_800]),
)  # fmt: skip
commands = st.tuples(
    st.just("command"),
    st.sampled_from([HaltTrading, ResumeTrading, ResumeTrading, Flatten, Kill, ReportMargin]),
    st.integers(0, 40),
    lags,
)
ends = st.tuples(
    st.just("over"), st.sampled_from([ReportCancelled, ReportLost, ReportReject, ReportWorking]),
    words, st.integers(0, 80), lags,
)  # fmt: skip
amend_rejects = st.tuples(
    st.just("amend_reject"), words, st.integers(0, 40),
    st.sampled_from([0, 1, 4784, 4790, 4800, 4816, MOST, -1, MOST + 1]),
)  # fmt: skip
links = st.tuples(st.just("link"), st.integers(0, 40), st.sampled_from([True, True, False]))
differences = st.tuples(st.just("difference"), st.integers(0, 9))
tidy = st.tuples(st.just("tidy"))
rejects = st.tuples(st.just("reject"), words, st.integers(0, 40), lags)
pictures = st.tuples(
    st.just("bar"), st.sampled_from([BUY_BAR, BUY_BAR, SELL_BAR, BOTH_BAR, QUIET_BAR])
)
trades = st.tuples(st.just("trades"), st.lists(st.integers(-30, 30), max_size=5))
beats = st.tuples(st.just("beat"), st.one_of(lags, st.sampled_from([-(2**70), 2**62, 2**70])))
finishes = st.tuples(st.just("finish"))
impossible = st.builds(
    lambda fill, lag, size, away: (*fill[:3], lag, size, away),
    fills,
    st.sampled_from([0, 0, -(2**62), 2**62, 2**70]),
    st.sampled_from([-1, 0, 1, MOST + 1, 2**70]),
    st.sampled_from([-9_999, -4_800, 0, MOST, 2**70]),
)
storms = st.lists(
    st.one_of(
        pictures, pictures, fills, fills, fills, impossible, commands, rejects, trades, beats,
        ends, ends, amend_rejects, links, differences, tidy, tidy,
    ),
    min_size=5, max_size=60,
)  # fmt: skip


mostly_live = st.sampled_from([False, False, False, True])
storm_days = st.sampled_from([ALL_DAY, ALL_DAY, SHORT, Days()])


class Venue:
    """An engine on a venue where everything goes wrong, played from a script."""

    def __init__(self, config: EngineConfig, days: Days, simulated: bool) -> None:
        self.watched = Watched(Engine(config, days, simulated=simulated), days, simulated)
        self.slot = 12 * 6  # of BAR seconds: 06:00
        self.said = 0
        self.watched.command(ReportLink(id="up", ts=0, up=True))

    def play(self, action: tuple[Any, ...]) -> None:
        kind, *values = action
        getattr(self, kind)(*values)

    @property
    def now(self) -> int:
        return self.watched.engine.status().ts or at(self.slot * BAR)

    def order(self, word: Word) -> str:
        decided = [d for d in of(Decision, self.watched.events) if d.action == "enter"]
        if word.trade >= len(decided):
            return word.order
        return f"{decided[-1 - word.trade].trade_id}-{word.order}"

    def bar(self, picture: str) -> None:
        """The next bar, whose end is the next tick's or beat's."""
        start = at(0) + (self.now - at(0)) // (BAR * NS) * BAR * NS + BAR * NS
        self.watched.push(tick_array(ladder(picture, start)))
        self.watched.beat(start + BAR * NS)

    def trades(self, steps: list[int]) -> None:
        ticks = [(self.now + i * NS, 4800 + step, 1, 0) for i, step in enumerate(steps)]
        self.watched.push(tick_array(ticks))

    def beat(self, lag: int) -> None:
        self.watched.beat(self.now + lag)

    def fill(self, word: Word, number: int, lag: int, size: int, away: int) -> None:
        fill = Fill(
            id=str(number), order_id=self.order(word), ts=self.now + lag,
            price=4800 + away, size=size,
        )  # fmt: skip
        for _ in range(2):  # brokers say things twice
            self.watched.on_fill(fill)

    def command(self, kind: type[Command], number: int, lag: int) -> None:
        more = {"symbol": "ES", "margin": number * 10**10} if kind is ReportMargin else {}
        self.watched.command(kind(id=str(number), ts=self.now + lag, **more))  # type: ignore[arg-type]

    def reject(self, word: Word, number: int, lag: int) -> None:
        order = self.order(word)
        self.watched.command(
            ReportReject(id=f"r{number}", ts=self.now + lag, order_id=order, reason="no")
        )

    def over(self, kind: Any, word: Word, number: int, lag: int) -> None:
        more = {} if kind is ReportWorking else {"reason": "so"}
        order = self.order(word)
        self.watched.command(kind(id=f"o{number}", ts=self.now + lag, order_id=order, **more))

    def amend_reject(self, word: Word, number: int, price: int) -> None:
        self.watched.command(
            ReportAmendReject(
                id=f"a{number}", ts=self.now, order_id=self.order(word), price=price, reason="no"
            )
        )

    def link(self, number: int, up: bool) -> None:
        self.watched.command(ReportLink(id=f"l{number}", ts=self.now, up=up))

    def difference(self, number: int) -> None:
        self.watched.command(ReportDifference(id=f"d{number}", ts=self.now, reason="two lots more"))

    def tidy(self) -> None:
        """The broker says of everything that it was asked to take back that it did, the line is
        there, and the operator resumes."""
        for order in self.watched.engine.orders().orders:
            if order.state == "cancelling":
                self.over(ReportCancelled, Word(MOST, order.id), -self._next(), 0)
        self.link(-self._next(), True)
        self.command(ResumeTrading, -self._next(), 0)

    def _next(self) -> int:
        """Of ids that are new."""
        self.said += 1
        return self.said

    def finish(self) -> None:
        self.watched.finish()


def five_lots(**risk: Any) -> EngineConfig:
    return easy(lots_per_unit=5, stop_ticks=16, target_ticks=24, stale_s=3600, **risk)


OPTIONS = {
    "break_even_after_ticks": 6, "trail_ticks": 4, "trail_after_ticks": 2, "time_stop_s": 60,
}  # fmt: skip
brackets = st.sampled_from([five_lots(), five_lots(**OPTIONS)])
