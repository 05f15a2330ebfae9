"""Chance that can be called up again: which day, trade or order a path draws, compiled.

A draw is a pure function of seed, path and its number in the path (SplitMix64 in counter mode:
Steele, Lea, Flood, "Fast splittable pseudorandom number generators", 2014). So a path is the same
whatever chunk it is computed in, and alone: nothing is carried from one draw to the next.

A number below n is taken of 32 bits by multiplication (Lemire 2019, without rejection): some
numbers are drawn more often than others by at most n / 2**32 of their share.
"""

from typing import Any, Final

import numpy as np

from engine.compiled import inner, njit

DAYS, TRADES, ORDER, AS_RUN = range(4)
"""What a path is made of: days drawn with replacement, trades drawn with replacement, the same
trades in another order, or the run itself."""

GAMMA: Final = np.uint64(0x9E3779B97F4A7C15)
STREAM: Final = np.uint64(0xD1342543DE82EF95)
_A: Final = np.uint64(0xBF58476D1CE4E5B9)
_B: Final = np.uint64(0x94D049BB133111EB)


@inner
def mixed(z: Any) -> Any:
    """64 bits to 64 bits that look unrelated."""
    z = (z ^ (z >> np.uint64(30))) * _A
    z = (z ^ (z >> np.uint64(27))) * _B
    return z ^ (z >> np.uint64(31))


@inner
def key_of(seed: Any, path: Any) -> Any:
    """Where a path's draws begin."""
    return mixed(mixed(np.uint64(seed) + GAMMA) + np.uint64(path) * STREAM)


@inner
def below(key: Any, number: Any, n: Any) -> Any:
    """Draw `number` of a path: 0 to n - 1."""
    bits = mixed(key + np.uint64(number + 1) * GAMMA)
    return np.int64(((bits >> np.uint64(32)) * np.uint64(n)) >> np.uint64(32))


@inner
def draw_days(key: Any, n: Any, block: Any, picked: Any) -> None:
    """Fill `picked` with days 0 to n - 1: each block of consecutive ones (the first follows the
    last) begins at a day that is drawn."""
    first = 0
    for d in range(len(picked)):
        if d % block == 0:
            first = below(key, d // block, n)
        picked[d] = (first + d % block) % n


@inner
def draw_path(
    key: Any, method: Any, block: Any, net: Any, starts: Any, picked: Any, seq: Any, ends: Any
) -> None:
    """Fill `seq` with the path's P&L, trade by trade, and `ends` with where each day's end.

    Days of a path are as many as `picked` is long. But for DAYS each has as many trades as the
    run's day in its place.
    """
    n, trades = len(starts) - 1, len(net)
    if method == DAYS:
        draw_days(key, n, block, picked)
    else:
        for d in range(len(picked)):
            picked[d] = d % n
    if method == ORDER:
        for i in range(trades):
            seq[i] = net[i]
    k = 0
    for d in range(len(picked)):
        for i in range(starts[picked[d]], starts[picked[d] + 1]):
            if method == TRADES:
                seq[k] = net[below(key, k, trades)]
            elif method == ORDER:
                other = k + below(key, k, trades - k)
                seq[k], seq[other] = seq[other], seq[k]
            else:
                seq[k] = net[i]
            k += 1
        ends[d] = k


@njit
def shuffled_sums(seed: int, first: int, net: Any, sizes: Any, out: Any) -> None:
    """For each row of `out`: `net` in a random order, cut into groups of `sizes`, their sums."""
    values = np.empty_like(net)
    for row in range(len(out)):
        key = key_of(seed, first + row)
        values[:] = net
        k = 0
        for group in range(len(sizes)):
            total = 0
            for _ in range(sizes[group]):
                other = k + below(key, k, len(net) - k)
                values[k], values[other] = values[other], values[k]
                total += values[k]
                k += 1
            out[row, group] = total


@njit
def days_drawn(seed: int, path: int, n: int, block: int, picked: Any) -> None:
    """The days of one path, as `walk` draws them."""
    draw_days(key_of(seed, path), n, block, picked)
