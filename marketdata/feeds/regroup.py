"""Blocks of ticks cut anew, whatever their columns: files are written in groups of one size."""

from collections.abc import Iterable, Iterator
from typing import Any, TypeVar

import numpy as np

from engine.ticks import TickColumns
from marketdata.feeds import StoredTicks

Ticks = TypeVar("Ticks", TickColumns, StoredTicks)


def regrouped(blocks: Iterable[Ticks], size: int) -> Iterator[Ticks]:
    """The same ticks in groups of exactly `size`, but for the last."""
    held: list[Ticks] = []
    count = 0
    for block in blocks:
        held.append(block)
        count += len(block[0])
        if count >= size:
            whole = joined(held)
            full = count - count % size
            for start in range(0, full, size):
                yield _like(whole, (column[start : start + size] for column in whole))
            held = [_like(whole, (column[full:] for column in whole))]
            count -= full
    if count:
        yield joined(held)


def joined(blocks: list[Ticks]) -> Ticks:
    """Blocks as one; a single one is not copied."""
    first = blocks[0]
    if len(blocks) == 1:
        return first
    return _like(first, (np.concatenate(columns) for columns in zip(*blocks, strict=True)))


def _like(ticks: Ticks, columns: Iterable[Any]) -> Ticks:
    return type(ticks)(*columns)
