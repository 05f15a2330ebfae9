"""The figures of the process that trades, read from where they are when somebody asks.

`observe` says which pipeline it is; of a session that is over the figures stay until the next one
begins. Counters that are a session's begin again with it, which Prometheus takes for a restart.
Read them in the pipeline's own loop, between two inputs: then they agree with each other.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal, get_args

from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)

from engine.money import to_decimal
from trading.observing import lag
from trading.observing.tally import Tally
from trading.pipeline.frames import FeedState

if TYPE_CHECKING:
    from trading.brokers.real import RealBroker
    from trading.observing.witness import Counts
    from trading.pipeline.supervisor import Pipeline

Kind = Literal["gauge", "counter"]
By = Mapping[tuple[str, ...], float]


@dataclass(frozen=True, slots=True)
class Figure:
    """`read` gives the value, or values by labels; None: there is none now."""

    name: str
    kind: Kind
    help: str
    read: "Callable[[Pipeline], float | By | None]"
    labels: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Timed:
    name: str
    help: str
    read: "Callable[[Pipeline], Tally | None]"


_observed: "Pipeline | None" = None


def observe(pipeline: "Pipeline") -> None:
    """Its figures are the process's from now on."""
    global _observed
    _observed = pipeline


def observed() -> "Pipeline | None":
    return _observed


def money(units: int) -> float:
    """Prometheus knows floats alone. Nothing is computed with it here."""
    return float(to_decimal(units))


def _feed_state(pipeline: "Pipeline") -> By:
    now = pipeline.publisher.feed_state(pipeline.engine.status())
    return {(state,): float(state == now) for state in get_args(FeedState)}


def _dropped(pipeline: "Pipeline") -> By:
    dropped = dict(pipeline.facts.feed_dropped())
    for reason, count in pipeline.engine.status().dropped.items():
        dropped[reason] = dropped.get(reason, 0) + count
    return {(reason,): float(count) for reason, count in dropped.items()}


def _age(pipeline: "Pipeline") -> float | None:
    age = pipeline.core.age_ms()
    return None if age is None else age / 1000


def _position(pipeline: "Pipeline") -> float:
    held = pipeline.engine.status().position
    return 0.0 if held is None else float(held.direction * held.size)


def _drawdown(pipeline: "Pipeline") -> float:
    status = pipeline.engine.status()
    return money(max(0, status.peak - status.balance))


def _halts(pipeline: "Pipeline") -> By:
    return {(str(halt),): 1.0 for halt in pipeline.engine.status().halts}


def _noted(*kinds: str) -> "Callable[[Pipeline], float]":
    return lambda pipeline: float(sum(pipeline.writer.stats.noted[kind] for kind in kinds))


def _all_noted(pipeline: "Pipeline") -> By:
    return {(kind,): float(count) for kind, count in list(pipeline.writer.stats.noted.items())}


def _said(name: str) -> "Callable[[Pipeline], By]":
    def read(pipeline: "Pipeline") -> By:
        counts: Counts = pipeline.witness.counts
        return dict(list(getattr(counts, name).items()))

    return read


def _broker(pipeline: "Pipeline") -> "RealBroker | None":
    return None if pipeline.broker.simulated else pipeline.broker  # type: ignore[return-value]


def _at_broker(
    read: "Callable[[RealBroker], float | None]",
) -> "Callable[[Pipeline], float | None]":
    def found(pipeline: "Pipeline") -> float | None:
        broker = _broker(pipeline)
        return None if broker is None else read(broker)

    return found


def _sent(pipeline: "Pipeline") -> Tally | None:
    broker = _broker(pipeline)
    return None if broker is None else broker.dispatcher.outcomes.sent


def _answered(pipeline: "Pipeline") -> Tally | None:
    broker = _broker(pipeline)
    return None if broker is None else broker.dispatcher.outcomes.answered


FIGURES: Final = (
    # Market and feed
    Figure("tradebot_ticks", "counter", "Ticks that the engine used.",
           lambda p: p.engine.status().ticks),
    Figure("tradebot_ticks_dropped", "counter", "Ticks not used, by reason.", _dropped,
           ("reason",)),
    Figure("tradebot_feed_state", "gauge", "1 for the state that the feed is in.", _feed_state,
           ("state",)),
    Figure("tradebot_feed_age_seconds", "gauge", "Since the last ticks came in.", _age),
    Figure("tradebot_feed_losses", "counter", "Times that the feed's connection was lost.",
           _noted("feed_lost", "feed_silence")),
    Figure("tradebot_feed_reconnects", "counter", "Times that the feed came back.",
           _noted("feed_restored")),
    Figure("tradebot_feed_gaps", "counter", "Gaps that the feed could not fill in.",
           _noted("feed_gap")),
    # Engine
    Figure("tradebot_bars", "counter", "Bars closed.", _said("bars"), ("warm_up",)),
    Figure("tradebot_signals", "counter", "Patterns found.", _said("signals"),
           ("pattern", "approved")),
    Figure("tradebot_decisions", "counter", "What was decided about approved signals.",
           _said("decisions"), ("action", "rule")),
    Figure("tradebot_halts", "counter", "Halts that began.", _said("halts"), ("halt",)),
    Figure("tradebot_halted", "gauge", "1 for each halt that holds now.", _halts, ("halt",)),
    Figure("tradebot_commands", "counter", "Commands that the engine answered.",
           _said("commands"), ("kind", "done")),
    Figure("tradebot_inputs_ignored", "counter", "Fills and reports that changed nothing.",
           _said("ignored"), ("what",)),
    # Orders
    Figure("tradebot_orders", "counter", "Orders by what became of them.", _said("orders"),
           ("role", "outcome")),
    Figure("tradebot_fills", "counter", "Fills.", _said("fills"), ("role",)),
    Figure("tradebot_trades", "counter", "Trades closed; the result is after fees.",
           _said("trades"), ("pattern", "result")),
    # Money
    Figure("tradebot_day_pnl", "gauge", "Realised on this trading day, after fees.",
           lambda p: money(p.engine.status().day_pnl)),
    Figure("tradebot_open_pnl", "gauge", "Of the open position, at the last price.",
           lambda p: money(p.engine.status().open_pnl)),
    Figure("tradebot_balance", "gauge", "The account's balance.",
           lambda p: money(p.engine.status().balance)),
    Figure("tradebot_drawdown", "gauge", "How far the balance is below its peak.", _drawdown),
    Figure("tradebot_loss_limit", "gauge", "What may be lost on a day.",
           lambda p: money(p.engine.status().loss_limit)),
    Figure("tradebot_position", "gauge", "Contracts held; negative is short.", _position),
    # Queues
    Figure("tradebot_queue_inputs", "gauge", "Inputs that wait for the engine.",
           lambda p: p.facts.inputs()),
    Figure("tradebot_queue_rows", "gauge", "Rows that wait for the database.",
           lambda p: p.writer.backlog),
    Figure("tradebot_queue_rows_seconds", "gauge", "How long the oldest of them has waited.",
           lambda p: p.writer.unsaved_s),
    Figure("tradebot_queue_broker", "gauge", "Orders on their way to the broker.",
           _at_broker(lambda b: len(b.dispatcher.queue.waiting))),
    Figure("tradebot_orders_unknown", "gauge", "Orders whose outcome at the broker is not known.",
           _at_broker(lambda b: len(b.dispatcher.queue.unknown()))),
    Figure("tradebot_rows_written", "counter", "Rows stored.", lambda p: p.writer.stats.rows),
    Figure("tradebot_rows_refused", "counter", "Rows that the database would not take.",
           lambda p: p.writer.stats.refused),
    Figure("tradebot_rows_lost", "counter", "Rows that could not be made or stored.",
           lambda p: p.writer.stats.lost),
    Figure("tradebot_flush_failures", "counter", "Attempts to store rows that failed.",
           lambda p: p.writer.stats.failures),
    Figure("tradebot_frames_sent", "counter", "Frames sent to the pages.",
           lambda p: p.publisher.sent),
    Figure("tradebot_frames_failed", "counter", "Frames that no channel layer took.",
           lambda p: p.publisher.failures),
    Figure("tradebot_outputs_failed", "counter", "Times that an output failed at an event.",
           lambda p: p.core.output_failures),
    # Broker
    Figure("tradebot_broker_up", "gauge", "1 while the line to the broker is up.",
           _at_broker(lambda b: float(b.adapter.up))),
    Figure("tradebot_broker_line_changes", "counter", "Times that the line came or went.",
           _noted("broker_line", "broker_line_failed")),
    Figure("tradebot_reconciled", "gauge", "1 while the books agree with the broker's.",
           _at_broker(lambda b: float(b.reconciliation.clean))),
    Figure("tradebot_reconciliation_differences", "gauge", "That the last look found.",
           _at_broker(lambda b: b.reconciliation.looks.differences)),
    Figure("tradebot_reconciliation_found", "counter", "Differences concluded.",
           _at_broker(lambda b: b.reconciliation.looks.found)),
    Figure("tradebot_reconciliation_looks", "counter", "Comparisons with the broker.",
           _at_broker(lambda b: b.reconciliation.looks.looks)),
    Figure("tradebot_audit_events", "counter", "Audited besides what the engine says, by kind.",
           _all_noted, ("kind",)),
)  # fmt: skip

TIMED: Final = (
    Timed("tradebot_input_wait_seconds", "Of an input between feed and engine.",
          lambda p: p.inputs.waited),
    Timed("tradebot_push_seconds", "Of a block of ticks in the engine.", lambda p: p.core.pushes),
    Timed("tradebot_bar_close_seconds", "From the input that closes a bar to all outputs.",
          lambda p: p.core.bars),
    Timed("tradebot_order_sent_seconds", "From the tick that wanted it to the broker's client.",
          _sent),
    Timed("tradebot_order_answered_seconds", "From the broker's client to the broker's answer.",
          _answered),
    Timed("tradebot_flush_seconds", "Of storing what waited.",
          lambda p: p.writer.stats.flushing),
    Timed("tradebot_publish_seconds", "Of making and sending a frame.",
          lambda p: p.publisher.publishing),
)  # fmt: skip


class TradingCollector:
    """The observed pipeline's figures, each with its account."""

    def describe(self) -> Iterable[Metric]:
        """Names without values: none of them is read for it."""
        for figure in FIGURES:
            yield _family(figure)
        for timed in TIMED:
            yield HistogramMetricFamily(timed.name, timed.help, labels=["account"])
        yield from lag.families()

    def collect(self) -> Iterator[Metric]:
        pipeline = _observed
        if pipeline is None:
            return
        account = pipeline.facts.account
        for figure in FIGURES:
            family = _family(figure)
            found = figure.read(pipeline)
            if isinstance(found, Mapping):
                for labels, value in found.items():
                    family.add_metric([account, *labels], value)
            elif found is not None:
                family.add_metric([account], found)
            yield family
        for timed in TIMED:
            tally = timed.read(pipeline)
            histogram = HistogramMetricFamily(timed.name, timed.help, labels=["account"])
            if tally is not None:
                buckets, total = tally.buckets()
                histogram.add_metric([account], buckets, total)
            yield histogram
        yield from lag.families()


def _family(figure: Figure) -> CounterMetricFamily | GaugeMetricFamily:
    made = CounterMetricFamily if figure.kind == "counter" else GaugeMetricFamily
    return made(figure.name, figure.help, labels=["account", *figure.labels])
