"""A local stand-in for Databento's historical HTTP API: a real server on a real socket.

It serves what a test gives it (trades by contract, front months by date) and misbehaves on request:

    with HistoryServer() as server:
        server.add("MESZ5", 101, trades)                 # structured array of TRADE
        server.add_bars("MCL.FUT", "ohlcv-1m", {"MCLZ5": 7}, bars)    # structured array of OHLCV
        server.front("MES.v.0", [(date(2025, 9, 15), date(2025, 12, 15), "MESZ5")])
        server.misbehave("timeseries.get_range", Answer(429, "slow down", retry_after=2))
        server.misbehave("timeseries.get_range", Cut(after=1_000))

Each misbehaviour is used once, in the order given. `calls` lists what was asked, `sent` counts the
records that went out: what a customer pays for.
"""

import base64
import json
import threading
import time
from collections import defaultdict, deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import SimpleNamespace, TracebackType
from typing import Any
from urllib.parse import parse_qsl

import databento_dbn
import numpy as np
import numpy.typing as npt
import zstandard

KEY = "db-" + "T3stKey0" * 3 + "abcde"
DATASET = "GLBX.MDP3"
TRADE = np.dtype(
    [(name, "u1" if kind == "S1" else kind) for name, kind in databento_dbn.TradeMsg._dtypes]
)
OHLCV = np.dtype(databento_dbn.OHLCVMsg._dtypes)
NS = 10**9
BOUGHT = ord("B")
CHUNK_RECORDS = 64
"""Records in one piece of the stream: small, so that a cut leaves something behind it."""

Records = npt.NDArray[np.void]


def trades(
    instrument_id: int,
    ts_event: Any,
    price: Any,
    size: Any = 1,
    side: Any = BOUGHT,
    *,
    sequence: Any = None,
    delay: int = 20_000,
) -> Records:
    """Records of trades; prices in 1e-9, received `delay` ns after they happened."""
    ts_event = np.asarray(ts_event, np.uint64)
    made = np.zeros(len(ts_event), TRADE)
    made["length"], made["rtype"], made["publisher_id"] = TRADE.itemsize // 4, 0, 1
    made["instrument_id"], made["ts_event"], made["price"] = instrument_id, ts_event, price
    made["size"], made["action"], made["side"] = size, ord("T"), side
    made["ts_recv"] = ts_event + np.uint64(delay)
    made["sequence"] = np.arange(1, len(made) + 1) if sequence is None else sequence
    return made


@dataclass
class Answer:
    """An HTTP error instead of what was asked for, as Databento words it."""

    status: int
    message: str
    case: str = "error"
    retry_after: int | None = None


@dataclass
class Cut:
    """The connection ends after so many records. `tidy`: as if that were all, the zstd frame
    unfinished but the HTTP answer whole; else in the middle of the answer. `frame`: the zstd frame
    is finished, too, so that nothing but the count shows the loss."""

    after: int
    tidy: bool = False
    frame: bool = False


@dataclass
class Slow:
    """So many seconds before each piece of the stream."""

    seconds: float


@dataclass
class Other:
    """From here on the contract's records are these: what was sent before is not repeated."""

    contract: str
    records: Records


@dataclass
class Contract:
    number: int
    records: Records


@dataclass
class Call:
    name: str
    query: dict[str, str] = field(default_factory=dict)


class HistoryServer:
    """The server, its market and its moods. `url` is where it is."""

    def __init__(self, key: str = KEY) -> None:
        self.key = key
        self.contracts: dict[str, Contract] = {}
        self.bars: dict[tuple[str, str], tuple[dict[str, int], Records]] = {}
        self.fronts: dict[str, list[tuple[date, date, str]]] = {}
        self.end = datetime(2030, 1, 1, tzinfo=UTC)
        self.price_per_gb = 10
        self.calls: list[Call] = []
        self.sent = 0
        self.counted: int | None = None  # what get_record_count says instead of the truth
        self._moods: defaultdict[str, deque[Any]] = defaultdict(deque)
        self._lock = threading.Lock()
        handler = type("Handler", (_Handler,), {"owner": self})
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self._http.daemon_threads = True
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.02,), daemon=True)

    def __enter__(self) -> "HistoryServer":
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._http.server_address[1]}"

    def add(self, contract: str, number: int, records: Records) -> None:
        """A contract's trades, sorted by when they were received."""
        self.contracts[contract] = Contract(number, records)

    def add_bars(self, parent: str, schema: str, numbers: dict[str, int], records: Records) -> None:
        """A parent's bars in one schema, sorted by their start, and its instruments' ids."""
        self.bars[parent, schema] = numbers, records

    def front(self, continuous: str, spans: list[tuple[date, date, str]]) -> None:
        """Which contract a continuous symbol stands for, from one date to before another."""
        self.fronts[continuous] = spans

    def misbehave(self, endpoint: str, *moods: Any) -> None:
        with self._lock:
            self._moods[endpoint].extend(moods)

    def asked(self, name: str) -> list[dict[str, str]]:
        """The queries of one endpoint."""
        return [call.query for call in self.calls if call.name == name]

    def mood(self, endpoint: str) -> Any:
        with self._lock:
            waiting = self._moods[endpoint]
            return waiting.popleft() if waiting else None

    def select(self, query: dict[str, str]) -> tuple[str, Records]:
        """The contract asked for and its records in the range, by when they were received."""
        name = query["symbols"]
        if query["schema"].startswith("ohlcv"):
            return name, self._select_bars(query)
        if query["dataset"] != DATASET or query.get("stype_in") != "raw_symbol":
            raise LookupError(f"the stand-in knows raw symbols of {DATASET} only")
        if name not in self.contracts:
            raise LookupError(f"None of the symbols could be resolved: {name}")
        records = self.contracts[name].records
        start, end = _time(query["start"]), _time(query["end"])
        if end > _ns(self.end):
            raise ValueError(f"The dataset {DATASET} has data available up to {self.end}.")
        received = records["ts_recv"]
        return name, records[(received >= start) & (received < end)]

    def _select_bars(self, query: dict[str, str]) -> Records:
        found = self.bars.get((query["symbols"], query["schema"]))
        if found is None or query.get("stype_in") != "parent":
            raise LookupError(f"None of the symbols could be resolved: {query['symbols']}")
        start, end = _time(query["start"]), _time(query["end"])
        if end > _ns(self.end):
            raise ValueError(f"The dataset {DATASET} has data available up to {self.end}.")
        begun = found[1]["ts_event"]
        return found[1][(begun >= start) & (begun < end)]


def _time(text: str) -> int:
    if text.isdecimal() and len(text) > 12:
        return int(text)
    moment = datetime.fromisoformat(text)
    return _ns(moment if moment.tzinfo else moment.replace(tzinfo=UTC))


def _ns(moment: datetime) -> int:
    return round(moment.timestamp()) * NS


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    owner: HistoryServer

    def log_message(self, *args: object) -> None:
        """Quiet."""

    def do_GET(self) -> None:
        path, _, query = self.path.partition("?")
        self._serve(path, dict(parse_qsl(query)))

    def do_POST(self) -> None:
        length = int(self.headers.get("content-length", 0))
        self._serve(self.path, dict(parse_qsl(self.rfile.read(length).decode())))

    def _serve(self, path: str, query: dict[str, str]) -> None:
        name = path.removeprefix("/v0/")
        self.owner.calls.append(Call(name, query))
        key, _, _ = self._credentials().partition(":")
        mood = self.owner.mood(name)
        if isinstance(mood, Other):
            self.owner.contracts[mood.contract].records = mood.records
            mood = None
        if key != self.owner.key:
            mood = Answer(401, "Authentication failed.", "auth_authentication_failed")
        if isinstance(mood, Answer):
            self._error(mood)
            return
        try:
            self._answer(name, query, mood)
        except LookupError as error:
            self._error(Answer(422, str(error.args[0]), "symbology_invalid_request"))
        except ValueError as error:
            self._error(Answer(422, str(error), "data_end_after_available_end"))

    def _credentials(self) -> str:
        scheme, _, value = self.headers.get("authorization", "").partition(" ")
        return base64.b64decode(value).decode() if scheme == "Basic" else ""

    def _answer(self, name: str, query: dict[str, str], mood: Any) -> None:
        owner = self.owner
        if name == "metadata.get_dataset_range":
            self._json({"start": "2010-06-06T00:00:00Z", "end": owner.end.isoformat()})
        elif name == "symbology.resolve":
            self._json(self._resolve(query))
        elif name == "metadata.get_record_count":
            found = len(owner.select(query)[1])
            self._json(found if owner.counted is None else owner.counted)
        elif name == "metadata.get_billable_size":
            self._json(owner.select(query)[1].nbytes)
        elif name == "metadata.get_cost":
            self._json(owner.select(query)[1].nbytes / 1e9 * owner.price_per_gb)
        elif name == "timeseries.get_range":
            self._stream(query, *owner.select(query), mood)
        else:
            self._error(Answer(404, f"no such endpoint: {name}"))

    def _resolve(self, query: dict[str, str]) -> dict[str, Any]:
        first = date.fromisoformat(query["start_date"])
        last = date.fromisoformat(query["end_date"])
        found: dict[str, list[dict[str, str]]] = {}
        for name in query["symbols"].split(","):
            for start, end, contract in self._spans(name, query["stype_in"]):
                d0, d1 = max(first, start), min(last, end)
                if d0 < d1:
                    number = str(self.owner.contracts[contract].number)
                    text = contract if query["stype_out"] == "raw_symbol" else number
                    spans = found.setdefault(name, [])
                    spans.append({"d0": d0.isoformat(), "d1": d1.isoformat(), "s": text})
        asked = query["symbols"].split(",")
        return {
            "result": found, "symbols": asked, "stype_in": query["stype_in"],
            "stype_out": query["stype_out"], "start_date": query["start_date"],
            "end_date": query["end_date"], "partial": [],
            "not_found": [name for name in asked if name not in found],
        }  # fmt: skip

    def _spans(self, name: str, stype: str) -> list[tuple[date, date, str]]:
        if stype == "continuous":
            return self.owner.fronts.get(name, [])
        return [
            (date(2010, 1, 1), date(2040, 1, 1), contract)
            for contract, held in self.owner.contracts.items()
            if str(held.number) == name
        ]

    def _stream(self, query: dict[str, str], name: str, records: Records, mood: Any) -> None:
        cut = mood if isinstance(mood, Cut) else None
        self.send_response(200)
        self.send_header("content-type", "application/octet-stream")
        self.send_header("transfer-encoding", "chunked")
        self.end_headers()
        for piece in self._pieces(query, name, records, cut):
            if isinstance(mood, Slow):
                time.sleep(mood.seconds)
            self.wfile.write(b"%x\r\n%s\r\n" % (len(piece), piece))
            self.wfile.flush()
        if cut is None or cut.tidy or cut.frame:
            self.wfile.write(b"0\r\n\r\n")
        else:
            self.close_connection = True

    def _pieces(
        self, query: dict[str, str], name: str, records: Records, cut: Cut | None
    ) -> Iterator[bytes]:
        schema = query["schema"]
        numbers = {name: self.owner.contracts[name].number} if schema == "trades" else {}
        numbers = numbers or self.owner.bars[name, schema][0]
        metadata = databento_dbn.Metadata(
            dataset=DATASET,
            start=_time(query["start"]),
            end=_time(query["end"]),
            stype_in=databento_dbn.SType.from_str(query["stype_in"]),
            stype_out=databento_dbn.SType.INSTRUMENT_ID,
            schema=databento_dbn.Schema.from_str(schema),
            symbols=[name],
            mappings=[_mapping(each, number) for each, number in numbers.items()],
            version=3,
        )
        packer = zstandard.ZstdCompressor().compressobj()
        yield packer.compress(metadata.encode()) + packer.flush(zstandard.COMPRESSOBJ_FLUSH_BLOCK)
        last = len(records) if cut is None else min(cut.after, len(records))
        for at in range(0, last, CHUNK_RECORDS):
            some = records[at : min(at + CHUNK_RECORDS, last)]
            with self.owner._lock:
                self.owner.sent += len(some)
            data = some.tobytes()
            if cut is not None and not cut.frame and at + CHUNK_RECORDS >= last:
                data += records[last : last + 1].tobytes()[:20]  # in the middle of a record
            yield packer.compress(data) + packer.flush(zstandard.COMPRESSOBJ_FLUSH_BLOCK)
        if cut is None or cut.frame:
            yield packer.flush()

    def _json(self, value: object) -> None:
        self._send(200, json.dumps(value).encode())

    def _error(self, answer: Answer) -> None:
        detail = {
            "case": answer.case, "message": answer.message, "status_code": answer.status,
            "docs": "", "payload": None,
        }  # fmt: skip
        headers = {} if answer.retry_after is None else {"retry-after": str(answer.retry_after)}
        self._send(answer.status, json.dumps({"detail": detail}).encode(), headers)

    def _send(self, status: int, body: bytes, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def _mapping(name: str, number: int) -> Any:
    """As `Metadata` takes it: anything with these names."""
    always = SimpleNamespace(
        start_date=date(2010, 1, 1), end_date=date(2040, 1, 1), symbol=str(number)
    )
    return SimpleNamespace(raw_symbol=name, intervals=[always])
