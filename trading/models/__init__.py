"""What we do about the market, as rows.

Signals, orders, fills and trades are what the engine said (`engine.events`), under the ids that the
engine derived: writing a row again changes nothing. Nobody edits them. See `marketdata.models` for
how prices, sizes and times are kept; sides and directions are +1 (buy, long) and -1 (sell, short).
"""

from trading.models.access import ApiToken
from trading.models.accounts import Account, Configuration, Tier
from trading.models.operations import Delivery, Export, Heartbeat, Job, JobRun, Notice
from trading.models.orders import Fill, Order, Signal, Trade
from trading.models.sessions import AuditEvent, Session
from trading.models.steering import Command, OneTimeLogin, Preflight
from trading.models.words import DIRECTIONS, KEY, ROLES, SIDES, Mode

__all__ = [
    "DIRECTIONS",
    "KEY",
    "ROLES",
    "SIDES",
    "Account",
    "ApiToken",
    "AuditEvent",
    "Command",
    "Configuration",
    "Delivery",
    "Export",
    "Fill",
    "Heartbeat",
    "Job",
    "JobRun",
    "Mode",
    "Notice",
    "OneTimeLogin",
    "Order",
    "Preflight",
    "Session",
    "Signal",
    "Tier",
    "Trade",
]
