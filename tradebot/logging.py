"""How the product logs: structlog events, for people on a terminal and as JSON lines elsewhere.

Whatever is logged, by us or by a library, passes `Redact` after exceptions became text and before
anything is written. What a secret looks like is told by the tables at the top of this file.
"""

import logging
import os
import re
import sys
import threading
from collections.abc import Iterable, Mapping, MutableMapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO
from urllib.parse import quote, unquote, urlsplit

import structlog

from tradebot.log_files import OwnFile, Terminal
from trading.observing.logged import LogCounts

REDACTED = "[redacted]"

# A field, or a variable of the environment, with such a name holds a secret.
SECRET_NAME = re.compile(
    r"passw(or)?d|passphrase|token|secret|webhook|credential|authorization|cookie"
    r"|(^|[_-])(api|private|access|signing)?key$|^dsn$",
    re.IGNORECASE,
)

# Secrets inside a text, each with what stays of it.
SECRET_TEXT: tuple[tuple[re.Pattern[str], str], ...] = (
    # scheme://user:password@host
    (re.compile(r"(?<=://)([^/\s:@]*):[^\s@]+@(?=[^\s@]*)"), rf"\1:{REDACTED}@"),
    # Discord's webhooks and Telegram's bot addresses carry the secret in the path.
    (re.compile(r"(/api(?:/v\d+)?/webhooks/\d+/)[\w-]+"), rf"\1{REDACTED}"),
    (re.compile(r"(/bot)\d+:[\w-]+"), rf"\1{REDACTED}"),
    # Our own one-time logins.
    (re.compile(r"(/login/once/)[^\s/?]+"), rf"\1{REDACTED}"),
    # Databento's keys.
    (re.compile(r"\bdb-[A-Za-z0-9]{16,}"), REDACTED),
    (re.compile(r"\b(bearer|basic)\s+[\w.~+/=-]{8,}", re.IGNORECASE), rf"\1 {REDACTED}"),
    # password=..., "api_key": "...", auth=<digest>
    (
        re.compile(
            r"(\b[\w-]*(?:passw(?:or)?d|passphrase|token|secret|api[_-]?key|auth)\b[\"']?\s*[=:]\s*)"
            r"(\"[^\"]*\"|'[^']*'|[^\s\"',;&|)}\]]+)",
            re.IGNORECASE,
        ),
        rf"\1{REDACTED}",
    ),
)

SHORTEST_KNOWN_SECRET = 6

EventDict = MutableMapping[str, Any]


def secrets_of(environ: Mapping[str, str]) -> list[str]:
    """The values of the environment that must never be seen, the longest first."""
    found = set()
    for name, value in environ.items():
        if SECRET_NAME.search(name):
            found |= spellings(value)
        if "://" in value:  # an address may have a password in it
            found |= spellings(_password(value))
    return sorted(found, key=len, reverse=True)


def spellings(secret: str) -> set[str]:
    """The ways in which a secret may turn up: as it is, in an address, in Python's own notation."""
    if len(secret) < SHORTEST_KNOWN_SECRET:
        return set()
    plain = unquote(secret)
    ways = {secret, plain, quote(plain, safe=""), repr(plain)[1:-1]}
    return {way for way in ways if len(way) >= SHORTEST_KNOWN_SECRET}


def _password(address: str) -> str:
    try:
        return urlsplit(address).password or ""
    except ValueError:
        return ""


class Redact:
    """A structlog processor that replaces secrets, however deep they lie in the event."""

    def __init__(self, known: Iterable[str] = ()) -> None:
        self._known = re.compile("|".join(map(re.escape, known))) if known else None

    def __call__(self, _logger: Any, _method: str, event: EventDict) -> EventDict:
        for name, value in event.items():
            # structlog's own bookkeeping: the record, not something that is written.
            if not name.startswith("_"):
                event[name] = self._field(name, value)
        return event

    def _field(self, name: object, value: Any) -> Any:
        if isinstance(name, str) and SECRET_NAME.search(name) and value not in (None, ""):
            return REDACTED
        return self._value(value)

    def _value(self, value: Any) -> Any:
        if value is None or isinstance(value, bool | int | float):
            return value
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, bytes):
            return self.text(value.decode(errors="replace"))
        if isinstance(value, Mapping):
            return {name: self._field(name, inner) for name, inner in value.items()}
        if isinstance(value, list | tuple | set | frozenset):
            return [self._value(inner) for inner in value]
        shown = str(value)
        clean = self.text(shown)
        return value if clean == shown else clean

    def text(self, text: str) -> str:
        if self._known is not None:
            text = self._known.sub(REDACTED, text)
        for pattern, replacement in SECRET_TEXT:
            text = pattern.sub(replacement, text)
        return text


@dataclass(frozen=True, slots=True, kw_only=True)
class LogFile:
    """`name` goes into the file's; `megabytes` after which it is rotated, 0: not here."""

    path: Path
    name: str
    megabytes: int
    count: int


def log_uncaught() -> None:
    """What nobody caught goes to the log, and so past `Redact`, instead of to the terminal raw."""
    log = structlog.get_logger("uncaught")

    def main(kind: type[BaseException], error: BaseException, trace: Any) -> None:
        if issubclass(kind, KeyboardInterrupt):
            sys.__excepthook__(kind, error, trace)
            return
        log.critical("uncaught", exc_info=(kind, error, trace))

    def thread(told: threading.ExceptHookArgs) -> None:
        if told.exc_type is not SystemExit and told.exc_value is not None:
            name = told.thread.name if told.thread else ""
            about = (told.exc_type, told.exc_value, told.exc_traceback)
            log.critical("uncaught", thread=name, exc_info=about)

    def unraisable(told: "sys.UnraisableHookArgs") -> None:
        about = (told.exc_type, told.exc_value, told.exc_traceback)
        log.error("unraisable", what=told.err_msg or "", exc_info=about)

    sys.excepthook, threading.excepthook, sys.unraisablehook = main, thread, unraisable


def configure(
    *,
    level: str = "INFO",
    style: str = "auto",
    stream: TextIO | None = None,
    environ: Mapping[str, str] | None = None,
    secrets: Iterable[str] = (),
    file: LogFile | None = None,
) -> None:
    """Send structlog and the standard library's loggers to `stream` (standard error), and to
    `file`, where it is JSON in any case.

    `style` is "console", "json", or "auto": console on a terminal, JSON lines elsewhere. `secrets`
    are known besides those of the environment.
    """
    stream = stream or sys.stderr
    pretty = style == "console" or (style == "auto" and stream.isatty())
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.stdlib.PositionalArgumentsFormatter(),
        structlog.processors.StackInfoRenderer(),
        structlog.processors.UnicodeDecoder(),
    ]
    renderer: structlog.typing.Processor
    if pretty:
        renderer = structlog.dev.ConsoleRenderer(
            colors=stream.isatty(),
            # The rich formatter would print local variables, secrets among them.
            exception_formatter=structlog.dev.plain_traceback,
        )
    else:
        renderer = structlog.processors.JSONRenderer(sort_keys=False)
    known = set(secrets_of(os.environ if environ is None else environ))
    redact = Redact(sorted(known.union(*map(spellings, secrets)), key=len, reverse=True))

    def formatter(last: structlog.typing.Processor) -> logging.Formatter:
        return structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[*shared, structlog.stdlib.ExtraAdder()],
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.format_exc_info,
                redact,
                last,
            ],
        )

    handlers: list[logging.Handler] = [Terminal(stream)]
    handlers[0].setFormatter(formatter(renderer))
    if file is not None:
        handlers.append(OwnFile(file.path, file.name, megabytes=file.megabytes, count=file.count))
        handlers[1].setFormatter(formatter(structlog.processors.JSONRenderer(sort_keys=False)))
    root = logging.getLogger()
    root.handlers[:] = [*handlers, LogCounts()]
    root.setLevel(level)
    # One line a request comes from django_structlog; these would repeat it.
    for chatty in (
        "uvicorn.access",
        "httpx",
        "httpcore",
        "asyncio",
        "django.server",
        "django.request",
        "axes",
    ):
        logging.getLogger(chatty).setLevel(max(logging.getLevelName(level), logging.WARNING))
    # uvicorn's command line gives its loggers handlers of their own, which would pass Redact by.
    for server in ("uvicorn", "uvicorn.error", "uvicorn.access"):
        logging.getLogger(server).handlers.clear()
        logging.getLogger(server).propagate = True
    logging.captureWarnings(True)
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
