"""Errors of market data. Each message is one line: what, which file or value, what to do."""


class MarketDataError(Exception):
    """Base of everything market data refuses."""


class CalendarError(MarketDataError, ValueError):
    """A session or calendar that is not known."""


class FeedError(MarketDataError):
    """A source that cannot be opened, or turned out to be damaged while it was read."""


class StoreError(FeedError):
    """A day that the tick store does not have, already has, or has damaged."""


class HistoryError(MarketDataError):
    """Databento's historical service refused, failed or sent something else than was asked for."""


class ImportRefused(MarketDataError):
    """A file whose ticks cannot be vouched for, and so are not stored."""
