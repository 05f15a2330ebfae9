"""Minute bars by Polygon's own REST client, `massive` (Polygon has been renamed).

What we do not leave to it:

- It ends quietly, with the pages so far, when a page is no JSON or lacks its results. `Pages` reads
  each page strictly, and nothing counts before the last one was seen.
- It waits a fraction of a second when it is told to slow down, which a plan of five requests a
  minute needs twelve of. `Patience` waits as long as `Retry-After` says, or those twelve.
- It would make floats of prices; `Pages` gives Decimals, exactly what was sent.
- It writes to standard output, where our JSON goes; its loggers lose their handlers.

The key travels in a header. No message of ours holds it, whatever a server answers.
"""

import json
import logging
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

import structlog

from marketdata.errors import FeedError
from marketdata.feeds.polygon.minutes import Minutes, minutes_of

if TYPE_CHECKING:
    from urllib3.util.retry import Retry

log = structlog.get_logger(__name__)

PAGE: Final = 50_000
MOST_PAGES: Final = 100
MOST_ROWS: Final = 24 * 60 + 60
"""Minutes of a day, of the one on which the clock is set back."""
ATTEMPTS: Final = 6
SLOW_DOWN_S: Final = 12.0
"""Sixty seconds by the five requests of the smallest plan."""
LONGEST_WAIT_S: Final = 120.0
TIMEOUT_S: Final = 20.0
RETRIED: Final = (408, 413, 429, 500, 502, 503, 504)
LOCAL: Final = ("127.0.0.1", "localhost", "::1")
MISSING: Final = (
    "Polygon's client is not installed; run: "
    ".venv/bin/python -m pip install --require-hashes -r requirements-polygon.txt"
)

_PAGE: Final = re.compile(r"https?://[\w.:-]+/v\d+/")
_KEY: Final = re.compile(r"[\x21-\x7e]{4,200}")


@dataclass(frozen=True)
class Access:
    """Who asks, and where. FeedError when nobody can ask like that."""

    key: str = field(repr=False)
    url: str = ""
    """Empty: Polygon's own address."""

    def __post_init__(self) -> None:
        if not self.key:
            raise FeedError(
                "POLYGON_API_KEY is not set; get a key at massive.com (Polygon) and put it in .env"
            )
        if not _KEY.fullmatch(self.key):
            raise FeedError(
                "POLYGON_API_KEY holds blanks or other characters that no key has; copy it again"
            )
        if self.url:
            parts = urlsplit(self.url)
            safe = parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in LOCAL)
            if not safe or not parts.hostname or parts.username or parts.query:
                raise FeedError(
                    "POLYGON_URL must be an address like https://api.massive.com; without https "
                    "only on this machine, because the key travels with each request"
                )


def download(
    access: Access,
    symbol: str,
    day: date,
    *,
    pause: Callable[[float], None] = time.sleep,
    timeout_s: float = TIMEOUT_S,
) -> Minutes:
    """All minute bars of a calendar day in New York, before and after hours too, as traded: not
    adjusted for later splits; empty when it has none. FeedError when they cannot be had."""
    pages = Pages(symbol)
    retries = _patience(pause)
    try:
        rest = _client(access, pages, retries, timeout_s)
        from massive.exceptions import AuthError, BadResponse
        from urllib3.exceptions import HTTPError

        found = rest.list_aggs(
            symbol, 1, "minute", day.isoformat(), day.isoformat(),
            adjusted=False, sort="asc", limit=PAGE,
        )  # fmt: skip
        for _ in found:  # the client turns pages; `pages` has their rows
            pass
    except ImportError as error:
        raise FeedError(MISSING) from error
    except (BadResponse, AuthError) as error:
        raise FeedError(_clean(_refusal(str(error)), access)) from None
    except HTTPError as error:
        raise FeedError(_clean(_failure(error), access)) from None
    except FeedError as error:
        raise FeedError(_clean(str(error), access)) from None
    except UnicodeDecodeError:
        raise FeedError("Polygon refuses, in something that is no text") from None
    if not pages.complete:
        raise FeedError("Polygon's answer is damaged: it is no text; ask again")
    return minutes_of(pages.rows, symbol, day)


class Pages:
    """Reads pages for the client in place of the json module, and keeps their rows as they are."""

    def __init__(self, symbol: str) -> None:
        self.symbol = symbol
        self.rows: list[Mapping[str, Any]] = []
        self.complete = False
        self._seen: set[str] = set()

    def loads(self, text: str) -> dict[str, Any]:
        """The page, for the client to turn; FeedError when it is not what was asked for."""
        self.complete = False
        page = _parsed(text)
        results = page.get("results") or []
        following = page.get("next_url") or ""
        wrong = self._wrong(page, results, following)
        if wrong:
            raise FeedError(f"Polygon's answer is damaged: {wrong}; ask again")
        self.rows += results
        if len(self.rows) > MOST_ROWS:
            raise FeedError(f"Polygon's answer has more than a day's minutes of {self.symbol}")
        self.complete = not following
        self._seen.add(following)
        return {"results": [], **({"next_url": following} if following else {})}

    def _wrong(self, page: Mapping[str, Any], results: object, following: object) -> str:
        if page.get("status") not in ("OK", "DELAYED"):
            return f"its status is {str(page.get('status'))[:40]!r}"
        if page.get("ticker", self.symbol) != self.symbol:
            return f"it is of {str(page['ticker'])[:20]!r} and not of {self.symbol}"
        if page.get("adjusted", False) is not False:
            return "its prices are adjusted, and others were asked for"
        if not isinstance(results, list) or not all(isinstance(row, dict) for row in results):
            return "its results are no list of bars"
        if page.get("resultsCount", len(results)) != len(results):
            return f"it has {len(results)} bars and says {str(page['resultsCount'])[:20]}"
        if not isinstance(following, str):
            return "its next page has no address"
        if following and not _PAGE.match(following):
            return "its next page is no address of the same kind"  # the client glues it to ours
        if following in self._seen or len(self._seen) >= MOST_PAGES:
            return "its pages do not end"
        return ""


def _parsed(text: str) -> dict[str, Any]:
    def constant(name: str) -> None:
        raise ValueError(f"{name} is no number")

    try:
        page = json.loads(text, parse_float=Decimal, parse_constant=constant)
    except (ValueError, ArithmeticError, RecursionError) as error:
        raise FeedError(
            f"Polygon's answer is damaged: it is no JSON ({error}); ask again"
        ) from None
    if not isinstance(page, dict):
        raise FeedError("Polygon's answer is damaged: it is no JSON object; ask again")
    return page


def _client(access: Access, pages: Pages, retries: "Retry", timeout_s: float) -> Any:
    from massive.rest import BASE, RESTClient

    rest = RESTClient(
        api_key=access.key,
        base=(access.url or BASE).rstrip("/"),
        connect_timeout=timeout_s,
        read_timeout=timeout_s,
        custom_json=pages,
        connection_pool_kw={"retries": retries},
    )
    for name in ("RESTClient", "WebSocketClient"):
        logging.getLogger(name).handlers.clear()
    return rest


def _patience(pause: Callable[[float], None]) -> "Retry":
    """How often and after how long a request is repeated."""
    from urllib3.exceptions import InvalidHeader
    from urllib3.response import BaseHTTPResponse
    from urllib3.util.retry import Retry

    class Patience(Retry):
        def sleep(self, response: BaseHTTPResponse | None = None) -> None:
            seconds = self._seconds(response)
            if seconds > LONGEST_WAIT_S:
                raise FeedError(
                    f"Polygon asks to wait for {seconds:.0f} s; its limit of requests is reached, "
                    "try again then"
                )
            if seconds > 1:
                log.warning(
                    "polygon_waits",
                    seconds=round(seconds, 1),
                    status=response.status if response is not None else None,
                )
            pause(seconds)

        def _seconds(self, response: BaseHTTPResponse | None) -> float:
            told = None
            if response is not None:
                try:
                    told = self.get_retry_after(response)
                except InvalidHeader:
                    told = None
            if told is not None:
                return max(0.0, told)
            if response is not None and response.status == 429:
                return SLOW_DOWN_S
            return self.get_backoff_time()

    return Patience(total=ATTEMPTS - 1, status_forcelist=RETRIED, backoff_factor=0.25)


# What is said when it does not work


def _refusal(body: str) -> str:
    """What a server said that refused."""
    try:
        answer = json.loads(body)
        said = str(answer.get("error") or answer.get("message") or answer.get("status") or body)
        entitled = answer.get("status") != "NOT_AUTHORIZED"
    except (ValueError, AttributeError):
        said, entitled = re.sub(r"<[^>]*>", " ", body), True
    said = " ".join(said.split())[:200].rstrip(".") or "nothing"
    if not entitled:
        return f"Polygon refuses: {said}; the plan of POLYGON_API_KEY does not include that"
    if "key" in said.lower():
        return f"Polygon refuses: {said}; check POLYGON_API_KEY"
    return f"Polygon refuses: {said}"


def _failure(error: Exception) -> str:
    """Why there is no answer, after all attempts."""
    from urllib3 import exceptions as kinds

    reason = getattr(error, "reason", None) or error
    if isinstance(reason, kinds.ResponseError):
        found = re.search(r"\d{3}", str(reason))
        status = found[0] if found else "an error"
        if status == "429":
            return "Polygon's limit of requests a minute is reached; try again in a minute"
        return f"Polygon answers with {status}, {ATTEMPTS} times; try again later"
    for kind, words in (
        (kinds.NameResolutionError, "its address is not known"),
        (kinds.NewConnectionError, "it cannot be reached"),
        (kinds.SSLError, "its certificate is not accepted"),
        (kinds.TimeoutError, "it does not answer in time"),
        (kinds.ProtocolError, "the connection was cut"),
        (kinds.DecodeError, "its answer is damaged"),
    ):
        if isinstance(reason, kind):
            return f"Polygon failed, {ATTEMPTS} times: {words}; check the network and POLYGON_URL"
    return f"Polygon failed: {type(reason).__name__}; check the network and POLYGON_URL"


def _clean(text: str, access: Access) -> str:
    return text.replace(access.key, "[redacted]")
