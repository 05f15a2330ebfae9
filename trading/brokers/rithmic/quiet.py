"""What the library logs, at our edge: one line without credentials, and no traceback.

It logs requests whole, the login with its password among them, and writes to standard output when
it finds no handler. So its loggers end here.
"""

import logging

import structlog

from trading.brokers.rithmic.access import Access

log = structlog.get_logger(__name__)

LIBRARY = "rithmic"
WIRE = "tradebot.rithmic.wire"


class Edge(logging.Handler):
    """Passes on what is a warning or worse, as an event of ours."""

    def __init__(self, access: Access) -> None:
        super().__init__(logging.WARNING)
        self.access = access

    def emit(self, record: logging.LogRecord) -> None:
        text = record.getMessage()
        if record.exc_info and record.exc_info[1] is not None:
            error = record.exc_info[1]
            text = f"{text}: {type(error).__name__}: {error}"
        log.warning("rithmic_library", text=self.access.without_secrets(text))


def silence(access: Access) -> None:
    """The library's loggers say what they say through `Edge`, and nothing at DEBUG, where the
    frames of a login would be shown."""
    library = logging.getLogger(LIBRARY)
    library.handlers[:] = [Edge(access)]
    library.propagate = False
    library.setLevel(logging.WARNING)
    wire = logging.getLogger(WIRE)
    wire.handlers[:] = [Edge(access)]
    wire.propagate = False
    wire.setLevel(logging.WARNING)
