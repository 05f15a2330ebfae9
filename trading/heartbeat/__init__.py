"""Signs of life of a trading process, every HEARTBEAT_S: docs/heartbeat.md has the document.

`beating` makes them, `targets` are where they go, `reading` finds the newest of each account again.
"""

from typing import Final

from trading.heartbeat.reading import Beat, latest, newest

__all__ = ["HEARTBEAT_S", "Beat", "latest", "newest"]

HEARTBEAT_S: Final = 30
"""Seconds of the trading day's clock between two beats."""
