"""Arrow columns to exact integers: numbers to 1e-9, times to UTC ns, sides to +1, -1, 0.

Each function gives the values and a mask of those that could be read. A whole column is converted
at once; only when that fails is it gone through value by value, to tell the bad from the good.
A float column holds the double nearest to a decimal price. It is read as that price where the price
is on the grid: the quotient of two exact doubles is the nearest double to it, so comparing for
equality decides exactly, without writing any number out.
"""

from datetime import UTC, datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from engine.instruments import NANO
from engine.ticks import NS
from marketdata.feeds.files.numbers import nano

Ints = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]
Sides = npt.NDArray[np.int8]

NANO_DECIMAL: Final = pa.decimal128(38, 9)
EXACT: Final = 2**53
QUARTER: Final = 15 * 60 * NS  # no zone changes its offset between quarters of an hour
FINE: Final = 1  # 1e-9: on no grid

SIDE_WORDS: Final = {
    "b": 1, "buy": 1, "buyer": 1, "1": 1, "+1": 1,
    "a": -1, "s": -1, "sell": -1, "seller": -1, "-1": -1,
    "n": 0, "none": 0, "0": 0, "": 0, "unknown": 0,
}  # fmt: skip
MAKER_WORDS: Final = {"true": -1, "1": -1, "t": -1, "false": 1, "0": 1, "f": 1}


def to_nano(column: pa.Array, step: int) -> tuple[Ints, Mask]:
    """Numbers of any kind in 1e-9. `step` is the grid (in 1e-9) that a float column is read on."""
    kind = column.type
    ok = _valid(column)
    if pa.types.is_integer(kind):
        values = _ints(column, ok)
        fits = np.abs(values) <= (2**63 - 1) // NANO
        return np.where(fits, values, 0) * NANO, ok & fits
    if pa.types.is_floating(kind):
        return _floats(column, ok, step)
    try:
        exact = pc.cast(column, NANO_DECIMAL)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        return _one_by_one(column, ok)
    low, high = _decimal_words(exact)
    fits = (high == low >> 63) & ok
    return np.where(fits, low, 0), fits


def to_ints(column: pa.Array) -> tuple[Ints, Mask]:
    """Whole numbers, of sequence columns; text is read."""
    try:
        whole = pc.cast(column, pa.int64())
    except pa.ArrowInvalid:
        zero = np.zeros(len(column), np.int64)
        return zero, np.ones(len(column), np.bool_)
    ok = _valid(whole)
    return _ints(whole, ok), np.ones(len(column), np.bool_)


def to_sides(column: pa.Array, words: dict[str, int]) -> tuple[Sides, Mask]:
    """Words, numbers or booleans by a table; each distinct value is looked up once."""
    coded = pc.dictionary_encode(column, null_encoding="encode")
    meanings = [
        words.get(str("" if value is None else value).strip().lower())
        for value in coded.dictionary.to_pylist()
    ]
    table = np.array([0 if side is None else side for side in meanings] or [0], np.int8)
    known = np.array([side is not None for side in meanings] or [False], np.bool_)
    codes = coded.indices.to_numpy(zero_copy_only=False)
    return table[codes], known[codes]


class TimeReader:
    """Times of one source: what the first ones look like decides for all."""

    def __init__(self, timezone: str) -> None:
        self.zone = ZoneInfo(timezone)
        self.naive = False
        """Whether times without a zone were met, so that `timezone` was an assumption."""
        self._unit: int | None = None

    def __call__(self, column: pa.Array) -> tuple[Ints, Mask]:
        """UTC ns."""
        if pa.types.is_string(column.type) or pa.types.is_large_string(column.type):
            column = self._parse(column)
        ok = _valid(column)
        if pa.types.is_timestamp(column.type):
            naive = column.type.tz is None
            try:
                values = _ints(pc.cast(column, pa.timestamp("ns", column.type.tz)), ok)
            except pa.ArrowInvalid:
                return np.zeros(len(column), np.int64), np.zeros(len(column), np.bool_)
            if naive:
                self.naive = True
                values = local_to_utc(values, self.zone)
            return values, ok
        if not pa.types.is_integer(column.type):
            return np.zeros(len(column), np.int64), np.zeros(len(column), np.bool_)
        values = _ints(column, ok)
        said = values[ok & (values != 0)]
        if self._unit is None and len(said):
            self._unit = epoch_unit(int(said[0]))
        unit = self._unit or 1
        fits = np.abs(values) <= (2**63 - 1) // unit
        return np.where(fits, values, 0) * unit, ok & fits

    def _parse(self, column: pa.Array) -> pa.Array:
        if self._unit is not None or _all_digits(column):
            return cast_each(column, pa.int64())
        # A zone at the end ("Z", "+02:00", "-0500") makes the difference between the two types.
        zoned = pc.match_substring_regex(column, r"[0-9](Z|[+-][0-9]{2}:?[0-9]{2})\s*$")
        if pc.any(zoned).as_py():
            return cast_each(column, pa.timestamp("ns", "UTC"))
        return cast_each(column, pa.timestamp("ns"))


def epoch_unit(value: int) -> int:
    """How many ns the unit of an epoch time is, by its size: s, ms, us or ns of 1973 to 2286."""
    for limit, unit in ((10**11, NS), (10**14, 10**6), (10**17, 10**3)):
        if abs(value) < limit:
            return unit
    return 1


def local_to_utc(local: Ints, zone: ZoneInfo) -> Ints:
    """Wall-clock ns of a zone to UTC ns. The repeated hour in autumn is read as its first pass."""
    if zone.key == "UTC" or not len(local):
        return local
    quarters, where = np.unique(local // QUARTER, return_inverse=True)
    offsets = [
        _offset(datetime.fromtimestamp(quarter * (QUARTER // NS), UTC).replace(tzinfo=zone))
        for quarter in quarters.tolist()
    ]
    return local - np.array(offsets, np.int64)[where]


def _offset(moment: datetime) -> int:
    offset = moment.utcoffset()
    return 0 if offset is None else int(offset.total_seconds()) * NS


def cast_each(column: pa.Array, kind: pa.DataType) -> pa.Array:
    """Cast; what cannot be cast becomes null."""
    column = pc.utf8_trim_whitespace(column)
    try:
        return pc.cast(column, kind)
    except pa.ArrowInvalid:
        return pa.concat_arrays([_cast_one(column[i : i + 1], kind) for i in range(len(column))])


def _cast_one(value: pa.Array, kind: pa.DataType) -> pa.Array:
    try:
        return pc.cast(value, kind)
    except pa.ArrowInvalid:
        return pa.nulls(1, kind)


def _all_digits(column: pa.Array) -> bool:
    head = [text.strip() for text in column[:20].to_pylist() if text]
    return bool(head) and sum(text.isdigit() for text in head) * 2 > len(head)


def _valid(column: pa.Array) -> Mask:
    if not column.null_count:
        return np.ones(len(column), np.bool_)
    mask: Mask = column.is_valid().to_numpy(zero_copy_only=False)
    return mask


def _ints(column: pa.Array, ok: Mask) -> Ints:
    if column.null_count:
        column = column.fill_null(pa.scalar(0, pa.int64()).cast(column.type))
    if pa.types.is_timestamp(column.type):
        column = column.view(pa.int64())
    elif column.type != pa.int64():
        column = pc.cast(column, pa.int64())
    values: Ints = column.to_numpy(zero_copy_only=False)
    return values


def _floats(column: pa.Array, ok: Mask, step: int) -> tuple[Ints, Mask]:
    single = pa.types.is_float32(column.type) or pa.types.is_float16(column.type)
    values: npt.NDArray[Any] = column.to_numpy(zero_copy_only=False)
    ok = ok & np.isfinite(values)
    wide = np.where(ok, values, 0).astype(np.float64)
    # The grid as a fraction of whole numbers, which doubles hold exactly: 0.25 is 25 / 100.
    scale = NANO
    while step % 10 == 0 and scale > 1:
        step, scale = step // 10, scale // 10
    count = np.rint(wide * scale / step)
    ok &= np.abs(count) * step < EXACT
    count = np.where(ok, count, 0)
    nearest = count * step / scale
    exact = nearest.astype(values.dtype) == values if single else nearest == wide
    result = count.astype(np.int64) * (step * (NANO // scale))
    return np.where(exact, result, result + FINE), ok


def _decimal_words(column: pa.Array) -> tuple[Ints, Ints]:
    words = np.frombuffer(column.buffers()[1], np.int64).reshape(-1, 2)
    words = words[column.offset : column.offset + len(column)]
    return words[:, 0], words[:, 1]


def _one_by_one(column: pa.Array, ok: Mask) -> tuple[Ints, Mask]:
    values, good = np.zeros(len(column), np.int64), ok.copy()
    for i, value in enumerate(column.to_pylist()):
        if value is not None:
            try:
                values[i] = nano(str(value))
            except ValueError:
                good[i] = False
    return values, good
