"""Counts warnings and errors by the logger that said them."""

import logging


class LogCounts(logging.Handler):
    """A handler that writes nothing. The registry is loaded with the first line that counts: a
    command that says nothing does without."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)

    def emit(self, record: logging.LogRecord) -> None:
        from trading.observing.metrics import LOGGED

        LOGGED.labels(record.name, record.levelname.lower()).inc()
