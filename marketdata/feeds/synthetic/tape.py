"""From a day's plan to its trades: a small order book of two queues, run trade by trade.

The best bid and ask stand one tick apart with a queue each. An aggressor takes from one of them; an
empty queue gives way and the price moves, the price that was left gets a queue of the other side.
So volume at a price is two-sided where trade went back and forth and one-sided where it ran
through, which is what makes diagonal imbalances, unfinished auctions and absorption look natural.
"""

from typing import Final

import numba
import numpy as np
import numpy.typing as npt

from engine.ticks import TickColumns
from marketdata.feeds.synthetic.plan import Plan
from marketdata.feeds.synthetic.profiles import SIZE_TABLE, Profile

FOLLOWERS: Final = 0.5  # trades of the same moment as the one before
FOLLOWER_GAP: Final = 0.0005  # of the mean gap
SWEEP_EVERY: Final = 3000  # trades
SWEEP_STEP_NS: Final = 1_500_000
NO_SIDE: Final = 0.0008


def trade(
    profile: Profile, plan: Plan, open_ns: int, ticks_per_day: int, random: np.random.Generator
) -> TickColumns:
    """The trades of a planned day that opens at `open_ns`."""
    n = plan.ticks
    ts, second, follows = _times(plan, n, random)
    sizes = profile.sizes
    size = sizes[random.integers(0, SIZE_TABLE, n, np.int32)]
    sweep = _sweeps(plan, ts, second, random)
    per_day = ticks_per_day * float(sizes.mean())
    # A walk of as many price changes as this has about the day's standard deviation.
    jump = max(1.0, profile.daily_ticks * (1.1 / (ticks_per_day / 5)) ** 0.5)
    jump = 1.0 if jump < 1.6 else jump
    depth = max(2.0, per_day * jump**2 / (1.1 * profile.daily_ticks**2))
    price = np.empty(n, np.int32)
    side = np.empty(n, np.int8)
    _run(
        second, follows, sweep, random.random(n, np.float32), random.random(n, np.float32),
        plan.value, plan.activity, plan.episode, depth, jump, size, price, side,
    )  # fmt: skip
    return TickColumns(ts + open_ns, price, size, side)


def _times(
    plan: Plan, n: int, random: np.random.Generator
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int32], npt.NDArray[np.bool_]]:
    """ns from the open, rising; the second of each; whether it belongs to the one before it."""
    follows = random.random(n, np.float32) < FOLLOWERS
    gaps = random.standard_exponential(n)
    gaps[follows] *= FOLLOWER_GAP
    due = np.cumsum(gaps, out=gaps)
    reached = np.concatenate(([0.0], np.cumsum(plan.pace)))
    if n:
        due *= reached[-1] * n / (n + 1) / due[-1]
    at = np.interp(due, reached, np.arange(len(reached), dtype=np.float64))
    ts = (at * 1e9).astype(np.int64)
    return ts, np.minimum(at, len(plan.pace) - 1).astype(np.int32), follows


def _sweeps(
    plan: Plan,
    ts: npt.NDArray[np.int64],
    second: npt.NDArray[np.int32],
    random: np.random.Generator,
) -> npt.NDArray[np.int8]:
    """Which trades are legs of a sweep, by its side; the legs' times are drawn together."""
    n = len(ts)
    sweep = np.zeros(n, np.int8)
    count = int(random.poisson(n / SWEEP_EVERY))
    starts = np.sort(random.integers(0, max(n, 1), count))
    legs = random.integers(3, 8, count)
    luck = random.random(count)
    ahead = np.minimum(second[starts] + 60, len(plan.value) - 1)
    up = plan.value[ahead] > plan.value[second[starts]]
    for start, leg, lucky, rising in zip(
        starts.tolist(), legs.tolist(), luck.tolist(), up.tolist(), strict=True
    ):
        end = min(start + leg, n)
        sweep[start:end] = 1 if rising == (lucky < 0.75) else -1
        together = ts[start] + np.arange(end - start) * SWEEP_STEP_NS
        ts[start:end] = np.minimum(ts[start:end], together)
    return sweep


@numba.njit(cache=True, nogil=True)
def _run(
    second: npt.NDArray[np.int32],
    follows: npt.NDArray[np.bool_],
    sweep: npt.NDArray[np.int8],
    first: npt.NDArray[np.float32],
    other: npt.NDArray[np.float32],
    value: npt.NDArray[np.float64],
    activity: npt.NDArray[np.float64],
    episode: npt.NDArray[np.int8],
    depth: float,
    jump: float,
    size: npt.NDArray[np.int32],
    price: npt.NDArray[np.int32],
    side: npt.NDArray[np.int8],
) -> None:
    """Fill `price` and `side`, and change `size` where a sweep clears a price."""
    bid = np.int64(round(value[0]))
    bids = asks = depth
    last = 1
    faded = 0
    before = 0
    for i in range(len(second)):
        now = second[i]
        mode = episode[now]
        if mode != before:
            before, faded = mode, 0
        u, v = first[i], other[i]
        legs = sweep[i]
        if legs != 0:
            aggressor = int(legs)
        elif (follows[i] and u < 0.92) or u < 0.3:
            aggressor = last
        else:
            pull = 0.5 + 0.28 * np.tanh((value[now] - bid - 0.5) / (10.0 * jump))
            if mode == 1:
                pull = 0.8
            elif mode == -1:
                pull = 0.2
            aggressor = 1 if v < pull else -1
        last = aggressor
        price[i] = bid + 1 if aggressor > 0 else bid
        side[i] = aggressor
        if legs == 0 and u > 1.0 - NO_SIDE:
            side[i] = 0
            continue
        queue = asks if aggressor > 0 else bids
        if legs != 0 and size[i] < queue:
            size[i] = int(np.ceil(queue))
        queue -= size[i]
        if queue > 0:
            if aggressor > 0:
                asks = queue
            else:
                bids = queue
            continue
        # A fresh draw for what stands there next: u was used for the side, this is independent.
        w = (u * 7919.0 + v * 104729.0) % 1.0
        usual = depth * (0.4 + 0.6 * min(activity[now], 2.0)) * (0.25 + 1.5 * w)
        if mode == aggressor and w < 0.97:
            if aggressor > 0:
                asks = usual
            else:
                bids = usual
            continue
        thin = 1.0
        if mode == 2 * aggressor:
            faded += 1
            thin = max(0.1, 0.6**faded)
        step = 1
        if jump > 1.0:
            step = 1 + int(-np.log(1.0 - 0.999 * w) * (jump - 0.5))
        bid = max(np.int64(1), bid + aggressor * step)
        if aggressor > 0:
            asks, bids = usual * thin, 0.5 * usual
        else:
            bids, asks = usual * thin, 0.5 * usual
