"""What the database itself refuses, and what it comes with."""

from decimal import Decimal
from importlib import import_module

import pytest
from django.apps import apps
from django.core.management import call_command
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from engine.config import INDEX_TIERS, SINGLE_TIER
from engine.instruments import INSTRUMENTS
from engine.ticks import NS
from marketdata.models import Bar, Instrument, moment
from tests.conftest import DATA_MIGRATIONS
from tests.trading.days import DAY, session_row
from trading.models import Account, Command, Fill, Order, Session, Signal, Tier, Trade
from trading.pipeline.start import stored_tiers

pytestmark = pytest.mark.django_db


@pytest.fixture
def session():
    return session_row()


def bar(**values):
    start = 1_718_200_000 * NS
    same = dict.fromkeys(("open", "high", "low", "close", "poc", "vah", "val", "vwap"), 5000)
    defaults = {
        "instrument_id": "MES", "source": "memory", "timeframe": 300, "start_ns": start,
        "end_ns": start + 300 * NS, "start": moment(start), "day": DAY, "index": 0, "volume": 1,
        "buy_volume": 1, "sell_volume": 0, "delta": 1, "min_delta": 0, "max_delta": 1,
        "cum_delta": 1, "trades": 1, "session_vwap": 5000, "notional": 20_000,
        "session_notional": 20_000, "session_volume": 1, **same,
    }  # fmt: skip
    return Bar(**defaults | values)


def signal(session, **values):
    defaults = {
        "id": "s-1", "key": "1", "session": session, "ts_ns": 1, "ts": timezone.now(),
        "bar_start_ns": 0, "pattern": "BUY_IMBALANCE", "direction": 1, "price": 5000,
        "strength": 0.5, "regime": "RANGING", "confidence": 0.7, "approved": True,
    }  # fmt: skip
    return Signal(**defaults | values)


def trade(session, **values):
    defaults = {
        "id": "t-1", "account": session.account, "session": session, "instrument_id": "MES",
        "day": DAY, "status": "open", "direction": 1, "size": 1, "ordered_ns": 1,
    }  # fmt: skip
    return Trade(**defaults | values)


def order(session, parent, **values):
    defaults = {
        "id": "o-1", "session": session, "trade": parent, "instrument_id": "MES", "ts_ns": 1,
        "ts": timezone.now(), "role": "entry", "type": "market", "side": 1, "size": 2,
        "updated_ns": 1,
    }  # fmt: skip
    return Order(**defaults | values)


def refused(*rows):
    """Whether the database refuses each of the rows by a constraint."""
    for row in rows:
        with pytest.raises(IntegrityError), transaction.atomic():
            row.save(force_insert=True)


def test_instruments_are_the_engines():
    assert {row.symbol: row.spec for row in Instrument.objects.all()} == INSTRUMENTS
    for row in Instrument.objects.all():
        spec = row.spec
        assert (row.tick, row.tick_value, row.lot) == (spec.tick, spec.tick_value, spec.lot)
        assert (row.fee, row.fee_rate, row.calendar) == (spec.fee, spec.fee_rate, spec.calendar)


def test_an_installation_from_before_stocks_gets_them():
    Instrument.objects.filter(symbol__in=["SPY", "QQQ"]).delete()
    Instrument.objects.filter(symbol="TSLA").update(name="Kept as it is")
    later = import_module("marketdata.migrations.0004_stock_instruments")
    later.add(apps, type("Editor", (), {"connection": connection}))
    assert Instrument.objects.get(symbol="SPY").spec == INSTRUMENTS["SPY"]
    assert Instrument.objects.get(symbol="TSLA").name == "Kept as it is"
    assert Instrument.objects.count() == len(INSTRUMENTS)


def test_tiers_are_the_engines():
    assert stored_tiers("index") == INDEX_TIERS
    assert stored_tiers("single") == SINGLE_TIER


def test_migrations_are_up_to_date():
    call_command("makemigrations", "--check", "--dry-run", verbosity=0)


def test_the_data_migrations_do_not_overwrite_an_edited_row():
    Tier.objects.filter(name="ES 1").update(max_size=2)
    editor = type("Editor", (), {"connection": connection})
    for name in DATA_MIGRATIONS:
        import_module(name).add(apps, editor)
    assert Tier.objects.get(name="ES 1").max_size == 2
    assert Tier.objects.count() == len(INDEX_TIERS) + len(SINGLE_TIER)


def test_a_bar_is_unique_by_instrument_source_timeframe_and_start():
    bar().save()
    refused(bar())
    bar(source="simulator").save()
    bar(timeframe=60).save()
    bar(instrument_id="ES").save()
    assert Bar.objects.count() == 4


def test_a_bar_that_cannot_be_is_refused():
    refused(
        bar(volume=0), bar(trades=0), bar(timeframe=0), bar(end_ns=0),
        bar(high=4999), bar(low=5001), bar(close=5001),
    )  # fmt: skip


def test_prices_and_levels_come_back_exactly():
    levels = [[20_000, 1, 2, 0], [20_001, 0, 9_007_199_254_740_993, 0]]
    fine = Decimal("68123.45000001")
    bar(levels=levels, open=fine, high=fine + 1, low=fine, close=fine).save()
    row = Bar.objects.get()
    assert row.levels == levels
    assert row.open == fine


def test_a_moment_is_cut_to_microseconds():
    assert moment(1_718_200_000_123_456_789).isoformat() == "2024-06-12T13:46:40.123456+00:00"


def test_an_account_has_one_session_a_day(session):
    refused(Session(account=session.account, day=DAY, instrument_id="MES", timeframe=300,
                    source="x", started_at=timezone.now()))  # fmt: skip


def test_signals_have_a_direction_and_a_strength(session):
    refused(signal(session, direction=0), signal(session, strength=1.5))
    signal(session).save()


def test_trades_have_a_size_and_a_direction_and_end_complete(session):
    refused(
        trade(session, size=0), trade(session, direction=2), trade(session, status="closed"),
        trade(session, status="closed", entry_ns=1, entry_price=1, exit_ns=2, exit_price=2),
    )  # fmt: skip
    trade(session).save()
    refused(trade(session))


def test_orders_and_fills_have_a_side_and_a_size(session):
    parent = trade(session)
    parent.save()
    refused(
        order(session, parent, side=0), order(session, parent, size=0),
        order(session, parent, filled=3),
    )  # fmt: skip
    entry = order(session, parent)
    entry.save()
    fill = {
        "id": "f-1", "session": session, "order": entry, "trade": parent, "ts_ns": 1,
        "ts": timezone.now(), "role": "entry", "side": 1, "size": 1, "price": 5000, "fee": 0,
    }  # fmt: skip
    refused(Fill(**fill | {"side": 3}), Fill(**fill | {"size": 0}))
    Fill(**fill).save()
    refused(Fill(**fill))


def test_tiers_and_commands_make_sense(session):
    size = {"ladder": "index", "name": "x", "min_balance": 1, "loss_limit": 1}
    refused(
        Tier(**size, min_size=3, max_size=2), Tier(**size, min_size=0, max_size=2),
        Tier(**size | {"loss_limit": 0}, min_size=1, max_size=1),
        Tier(**size | {"min_balance": 3500}, min_size=1, max_size=1),
        Command(account=session.account, kind="explode"),
    )  # fmt: skip


def test_an_account_is_paper_or_live():
    refused(Account(name="x", mode="dream", balance=1, peak=1))
