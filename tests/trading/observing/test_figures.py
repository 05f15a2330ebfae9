"""A pipeline's figures are its own: what Prometheus reads is what the run did."""

import asyncio
import logging
from decimal import Decimal

import pytest
from prometheus_client.parser import text_string_to_metric_families

from engine.events import OrderIntent
from engine.money import to_decimal
from tests.trading.broker_fake import FakeBroker
from tests.trading.days import TickFeed, planned, started, ticks
from tests.trading.live_desk import QUICK
from trading.brokers.paper import PaperBroker
from trading.brokers.real import RealBroker
from trading.models import AuditEvent, Fill, Order, Signal, Trade
from trading.observing import figures
from trading.observing.text import exposed
from trading.pipeline.run import make_engine
from trading.pipeline.supervisor import Pipeline

pytestmark = pytest.mark.django_db(transaction=True)


async def to_nobody(message):
    """A page that nobody looks at."""


@pytest.fixture(autouse=True)
def nothing_observed():
    before = figures.observed()
    yield
    figures._observed = before


def traded():
    """A whole day, and the pipeline that traded it."""
    plan = planned(TickFeed([ticks()]))
    market, start = started(plan)

    async def go():
        engine = make_engine(plan, start, True)
        pipeline = Pipeline(plan, market, start, engine, PaperBroker(), send=to_nobody)
        figures.observe(pipeline)
        outcome = await pipeline.run(asyncio.Event())
        assert outcome.error == ""
        return pipeline

    return asyncio.run(go())


def sampled():
    """Every sample by name and labels, as Prometheus would read it."""
    text = asyncio.run(exposed()).decode()
    return {
        (sample.name, *(value for key, value in sorted(sample.labels.items()) if key != "account")):
            sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }  # fmt: skip


def test_figures_of_a_run_agree_with_its_rows():
    pipeline = traded()
    found = sampled()
    status = pipeline.engine.status()

    assert found["tradebot_ticks_total",] == status.ticks > 0
    assert found["tradebot_balance",] == float(to_decimal(status.balance))
    assert found["tradebot_day_pnl",] == float(to_decimal(status.day_pnl)) != 0
    assert found["tradebot_drawdown",] == float(to_decimal(status.peak - status.balance))
    assert found["tradebot_position",] == 0
    trades = sum(value for key, value in found.items() if key[0] == "tradebot_trades_total")
    assert trades == Trade.objects.filter(status="closed").count() > 0
    fills = sum(value for key, value in found.items() if key[0] == "tradebot_fills_total")
    assert fills == Fill.objects.count()
    assert found["tradebot_orders_total", "placed", "entry"] == (
        Order.objects.filter(role="entry").count()
    )
    approved = sum(
        value for key, value in found.items()
        if key[0] == "tradebot_signals_total" and key[1] == "yes"
    )  # fmt: skip
    assert approved == Signal.objects.filter(approved=True).count()
    halts = sum(value for key, value in found.items() if key[0] == "tradebot_halts_total")
    assert halts == AuditEvent.objects.filter(kind="halted").count()
    assert found["tradebot_feed_state", "ended"] == 1
    assert found["tradebot_queue_rows",] == found["tradebot_queue_inputs",] == 0
    assert found["tradebot_rows_written_total",] == pipeline.writer.stats.rows


def test_blocks_bars_and_flushes_are_timed_once_each():
    pipeline = traded()
    found = sampled()

    bars = found["tradebot_bars_total", "no"]
    assert 0 < found["tradebot_bar_close_seconds_count",] <= bars
    assert found["tradebot_push_seconds_count",] == pipeline.core.pushes.count > 0
    assert found["tradebot_flush_seconds_count",] == pipeline.writer.stats.flushes > 0
    assert found["tradebot_input_wait_seconds_count",] == pipeline.inputs.waited.count > 0


def test_a_broker_adds_its_own():
    plan = planned(TickFeed([ticks()]))
    market, start = started(plan)
    real = RealBroker(FakeBroker(), QUICK, armed=True)
    pipeline = Pipeline(plan, market, start, make_engine(plan, start, False), real, send=to_nobody)
    figures.observe(pipeline)
    real.reconciliation.looks.found = 3
    real.send(OrderIntent(ts=1, id="t-1-E", trade_id="t-1", symbol="MES", role="entry",
                          type="market", side=1, size=1))  # fmt: skip
    found = sampled()

    assert found["tradebot_queue_broker",] == 1
    assert found["tradebot_orders_unknown",] == 0
    assert found["tradebot_broker_up",] == float(real.adapter.up)
    assert found["tradebot_reconciled",] == 0
    assert found["tradebot_reconciliation_found_total",] == 3


def test_paper_has_no_figures_of_a_broker():
    traded()

    assert not any("broker_up" in key[0] or "reconcil" in key[0] for key in sampled())


def test_without_a_pipeline_there_is_nothing_of_one():
    figures._observed = None
    found = sampled()

    assert ("process_resident_memory_bytes",) in found
    assert found["tradebot_database_up",] == 1
    assert not any(key[0].startswith("tradebot_balance") for key in found)


def test_orders_trades_and_halts_are_logged_with_their_ids(caplog):
    with caplog.at_level(logging.INFO, "trading.engine"):
        traded()
    lines = [record.msg for record in caplog.records if record.name == "trading.engine"]

    closed = [line for line in lines if line["event"] == "trade_closed"]
    assert {line["trade"] for line in closed} == set(
        Trade.objects.filter(status="closed").values_list("id", flat=True)
    )
    assert {Decimal(line["net"]) for line in closed} == {t.net for t in Trade.objects.all()}
    orders = {line["order"] for line in lines if line["event"] == "order_wanted"}
    assert orders == set(Order.objects.values_list("id", flat=True))
    assert all(line["day"] and line["account"] for line in lines)
