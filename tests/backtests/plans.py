"""Simulated days in a store of their own, and the plan to run them."""

from datetime import date
from pathlib import Path

from backtests.plan import Plan
from engine.config import engine_config
from marketdata.feeds.simulator import Simulator
from marketdata.store.simulating import days_until, store_simulated
from marketdata.store.store import TickStore

SYMBOL = "MES"


def stored_plan(data_dir: Path, *, days: int, ticks: int, seed: int = 3) -> Plan:
    """So many days of so many ticks each, stored under DATA_DIR."""
    simulator = Simulator(SYMBOL, seed, ticks)
    found = days_until(simulator, date(2025, 6, 30), days)
    store_simulated(TickStore(data_dir / "ticks"), simulator, found)
    return Plan(symbol=SYMBOL, days=tuple(found), config=engine_config(SYMBOL))
