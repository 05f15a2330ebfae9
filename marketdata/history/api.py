"""Databento's historical API as we use it: the official client, four questions and a download.

- What is free is asked again: metadata and symbology after a lost connection, "too many requests"
  (as late as the server says) or an error of the server's.
- A download costs by the byte that is sent. So it is asked again only when it is certain that none
  was: no connection, or an error as the answer. A stream that was cut is the caller's to go on with
  (`fetch.py`).
- Every failure becomes a HistoryError of one line with its remedy. The key is in none of them.

The client forces https on any gateway that it is given; what names a scheme itself is put in its
place after construction, which is how a local stand-in is reached.
"""

import logging
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar
from urllib.parse import urlsplit

from engine.ticks import NS
from marketdata.errors import HistoryError

if TYPE_CHECKING:
    import databento

DATASET: Final = "GLBX.MDP3"
"""CME Globex, where every futures contract we know is traded."""
ATTEMPTS: Final = 6
FIRST_WAIT_S: Final = 0.5
LONGEST_WAIT_S: Final = 30.0
LONGEST_ASKED_S: Final = 120.0
"""Longer waits that the server asks for are not waited out: the command can be run again."""
BUSY: Final = (408, 429, 500, 502, 503, 504)

LOCAL: Final = ("127.0.0.1", "localhost", "::1")
TIME: Final = re.compile(r"(\d{4}-\d\d-\d\d(?:T\d\d:\d\d:\d\d)?)(?:\.(\d{1,9}))?(?:Z|\+00:?00)?")

T = TypeVar("T")

REMEDIES: Final[Mapping[int, str]] = {
    401: "check DATABENTO_API_KEY",
    402: "add funds or raise the limit in Databento's portal",
    403: "the key's account may not have this data; see Databento's portal",
    429: "Databento is asked too often; try again later",
}


class Busy(HistoryError):
    """The server was not reached or could not answer now; nothing was sent. `wait_s`: how long it
    asked us to wait, None when it did not say."""

    def __init__(self, text: str, wait_s: float | None = None) -> None:
        self.wait_s = wait_s
        super().__init__(text)


class Broken(HistoryError):
    """A stream that ended before its end. What came is in the file."""


@dataclass(frozen=True, slots=True)
class Span:
    """The trades of one contract received in [start, end), UTC ns; or what another schema has of
    another kind of symbol, like the bars of a parent."""

    contract: str
    start: int
    end: int
    schema: str = "trades"
    stype_in: str = "raw_symbol"


@dataclass(frozen=True, slots=True)
class Cost:
    """What a download would be: US dollars, records, bytes that are billed."""

    dollars: Decimal
    records: int
    size: int

    def __add__(self, other: "Cost") -> "Cost":
        return Cost(
            self.dollars + other.dollars, self.records + other.records, self.size + other.size
        )


NO_COST: Final = Cost(Decimal(0), 0, 0)


class HistoryApi:
    """Asks Databento. `gateway` "" is Databento's own; else an address with its scheme."""

    def __init__(
        self, key: str, gateway: str = "", *, dataset: str = DATASET, attempts: int = ATTEMPTS
    ) -> None:
        if not key:
            raise HistoryError("DATABENTO_API_KEY is not set; it is in Databento's portal")
        if gateway:
            _check_gateway(gateway)
        self.dataset = dataset
        self.attempts = attempts
        self._key = key
        self._gateway = gateway.rstrip("/")
        self._made: databento.Historical | None = None

    def available_until(self) -> int:
        """The end of what can be had now, UTC ns."""
        answer = self._free(lambda api: api.metadata.get_dataset_range(dataset=self.dataset))
        text = _text(answer, "end")
        schemas = answer.get("schema")
        if isinstance(schemas, dict) and isinstance(schemas.get("trades"), dict):
            text = _text(schemas["trades"], "end")
        return _moment(text)

    def cost(self, span: Span) -> Cost:
        """What the span's trades would cost; asking is free."""
        dollars = self._free(lambda api: api.metadata.get_cost(**self._query(span)))
        size = self._free(lambda api: api.metadata.get_billable_size(**self._query(span)))
        try:
            return Cost(Decimal(str(dollars)), self.records(span), int(size))
        except (ArithmeticError, TypeError, ValueError):
            raise HistoryError(f"Databento's cost cannot be read: {dollars!r}, {size!r}") from None

    def records(self, span: Span) -> int:
        """How many records the span has. Exact when it begins and ends at full ten minutes (what
        Databento says of it); free."""
        count = self._free(lambda api: api.metadata.get_record_count(**self._query(span)))
        if not isinstance(count, int):
            raise HistoryError(f"Databento's record count cannot be read: {count!r}")
        return count

    def resolve(
        self, symbol: str, stype_in: str, stype_out: str, first: date, end: date
    ) -> list[tuple[date, date, str]]:
        """What a symbol stood for, from one date to before another, from `first` to before `end`
        (UTC dates); free."""
        answer = self._free(
            lambda api: api.symbology.resolve(
                dataset=self.dataset,
                symbols=symbol,
                stype_in=stype_in,
                stype_out=stype_out,
                start_date=first,
                end_date=end,
            )
        )
        try:
            return [
                (date.fromisoformat(each["d0"]), date.fromisoformat(each["d1"]), str(each["s"]))
                for each in answer["result"].get(symbol, ())
            ]
        except (KeyError, TypeError, ValueError, AttributeError):
            raise HistoryError(f"Databento's answer about {symbol} cannot be read") from None

    def download(self, span: Span, path: Path) -> None:
        """Put what the span has into a new file, DBN in zstd, as it comes. This costs money.

        Broken when the stream ended early; what came is in the file.
        """
        self._retried(lambda: self._download(span, path))

    def _download(self, span: Span, path: Path) -> None:
        refusal: Exception | None = None
        try:
            self._client().timeseries.get_range(**self._query(span), path=path)
            return
        except _failures() as error:
            if not path.exists():
                raise self._unsent(error) from None
            # The client also reads the head of what came, and fails on it in many ways.
            refusal = Broken(f"the stream broke off: {self._clean(error)}")
        # Out here the client's error is gone, and with it the file that it left open: only then is
        # all that came in the file.
        raise refusal

    def _unsent(self, error: Exception) -> Exception:
        """An error before the first byte of a download. Without an answer to a question that was
        put, it is not known whether something was sent: that is not asked again."""
        import requests

        said = self._said(error)
        unknown = isinstance(error, requests.RequestException) and not (
            isinstance(error, requests.ConnectTimeout) or "NewConnectionError" in repr(error)
        )
        if isinstance(said, Busy) and unknown:
            return HistoryError(f"{said}; if anything was charged, Databento's portal says so")
        return said

    def _query(self, span: Span) -> dict[str, Any]:
        return {
            "dataset": self.dataset,
            "symbols": span.contract,
            "stype_in": span.stype_in,
            "schema": span.schema,
            "start": span.start,
            "end": span.end,
        }

    def _free(self, ask: "Callable[[databento.Historical], Any]") -> Any:
        """Ask something that costs nothing, again and again while the server is busy."""

        def once() -> Any:
            try:
                return ask(self._client())
            except _failures() as error:
                raise self._said(error) from None

        return self._retried(once)

    def _retried(self, once: Callable[[], T]) -> T:
        import stamina

        for attempt in stamina.retry_context(
            on=_wait,
            attempts=self.attempts,
            timeout=None,
            wait_initial=FIRST_WAIT_S,
            wait_max=LONGEST_WAIT_S,
        ):
            with attempt:
                return once()
        raise AssertionError("stamina raises the last error")

    def _said(self, error: Exception) -> Exception:
        """The client's error as one of ours; what is none of the network's, as it is."""
        import requests
        from databento.common.error import BentoError, BentoHttpError

        text = self._clean(error)
        if isinstance(error, BentoHttpError):
            status = error.http_status
            remedy = REMEDIES.get(status, "correct what was asked for, or try again later")
            if status in BUSY:
                return Busy(f"Databento answered {text}; {remedy}", _asked_wait(error.headers))
            return HistoryError(f"Databento refused: {text}; {remedy}")
        if isinstance(error, requests.exceptions.JSONDecodeError):
            return HistoryError(
                "Databento answered something that is no JSON; is the gateway right?"
            )
        if isinstance(error, requests.RequestException):
            where = self._gateway or "Databento"
            return Busy(f"{where} cannot be reached: {text}")
        if isinstance(error, BentoError):
            return HistoryError(f"Databento: {text}")
        return error

    def _clean(self, error: Exception) -> str:
        """What an error says, in one line and without the key."""
        said = " ".join(str(error).split()) or type(error).__name__
        said = re.sub(r"documentation: \S+", "", said).strip()
        return said.replace(self._key, "(key)")[:300]

    def _client(self) -> "databento.Historical":
        if self._made is None:
            import databento

            # It would name a gateway that is not the one that is asked.
            logging.getLogger("databento.historical").setLevel(logging.WARNING)
            try:
                client = databento.Historical(self._key)
            except ValueError:
                raise HistoryError("DATABENTO_API_KEY is not a key of Databento's") from None
            if self._gateway:
                for part in (client.timeseries, client.metadata, client.symbology):
                    part._base_url = part._base_url.replace(client.gateway, self._gateway)
            self._made = client
        return self._made


def _check_gateway(gateway: str) -> None:
    """HistoryError unless the key is safe on its way there: encrypted, or within this machine."""
    parts = urlsplit(gateway)
    here = parts.scheme == "http" and parts.hostname in LOCAL
    if not (parts.hostname and (parts.scheme == "https" or here)):
        raise HistoryError(
            f"DATABENTO_HISTORICAL_GATEWAY is {gateway!r}; it is https://HOST, or http:// and a "
            "port of this machine"
        )


def _failures() -> tuple[type[Exception], ...]:
    """What the client raises when something outside goes wrong."""
    import requests
    import zstandard
    from databento.common.error import BentoError
    from databento_dbn import DBNError

    return (
        BentoError, DBNError, requests.RequestException, zstandard.ZstdError, OSError, ValueError,
    )  # fmt: skip


def _wait(error: Exception) -> bool | float:
    """Whether to ask again, and after how many seconds if the server said so."""
    if not isinstance(error, Busy):
        return False
    if error.wait_s is None:
        return True
    return error.wait_s if error.wait_s <= LONGEST_ASKED_S else False


def _asked_wait(headers: Mapping[str, Any]) -> float | None:
    value = str(headers.get("retry-after", headers.get("Retry-After", ""))).strip()
    return float(value) if value.isdecimal() else None


def _text(answer: Any, name: str) -> str:
    try:
        return str(answer[name])
    except (KeyError, TypeError):
        raise HistoryError(f"Databento's answer has no {name!r}: {answer!r}") from None


def _moment(text: str) -> int:
    """UTC ns of an ISO 8601 time, whose nine decimals Python's parser would refuse."""
    found = TIME.fullmatch(text)
    if found is None:
        raise HistoryError(f"Databento's time cannot be read: {text!r}")
    whole = datetime.fromisoformat(found[1]).replace(tzinfo=UTC)
    return round(whole.timestamp()) * NS + int((found[2] or "").ljust(9, "0"))
