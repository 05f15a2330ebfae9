"""The plan of a simulated day, second by second: how busy it is and where the value goes.

Value is a path that trades pull towards: it trends, ranges or turns volatile by a Markov chain of
minutes, and ends where the next day begins. Episodes are put on top of it:

- absorption: aggression runs against a level that holds, then value turns the other way;
- exhaustion: value pushes to an extreme on thinner and thinner trade, then turns.

Value is no price: floats are fine here. Prices come from the tape, in whole ticks.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Final

import numpy as np
import numpy.typing as npt

from engine.schedule import TradingDay
from engine.ticks import NS
from marketdata.calendars import ALWAYS_OPEN, NEW_YORK
from marketdata.feeds.synthetic.profiles import Profile

Floats = npt.NDArray[np.float64]

EPOCH: Final = date(2024, 1, 2)
FULL_DAY_S: Final = 23 * 3600

# How busy the market is by New York time: hours after 17:00, and pace against a quiet night.
CURVE: Final = (
    (0, 0.3), (1, 0.9), (1.5, 0.6), (4, 0.5), (7, 0.5), (9, 0.8), (10, 1.8), (11, 1.6), (13, 0.9),
    (15, 1.6), (15.45, 1.8), (15.5, 5.0), (15.75, 3.0), (16.45, 3.2), (16.5, 17.0), (16.75, 12.0),
    (17.5, 8.0), (19.0, 4.6), (20.5, 4.4), (22.0, 7.0), (22.75, 13.0), (23.0, 14.0), (23.02, 2.0),
    (23.25, 1.2), (24, 0.4),
)  # fmt: skip
COIN_FLATNESS: Final = 0.4

TREND_UP, TREND_DOWN, RANGE, VOLATILE = range(4)
STAY: Final = 1 - 1 / 28  # a regime lasts 28 minutes in the mean
SWITCH: Final = np.array(
    [[0, 0.25, 0.55, 0.20], [0.25, 0, 0.55, 0.20], [0.36, 0.36, 0, 0.28], [0.3, 0.3, 0.4, 0]]
)
DRIFT: Final = np.array([4.5, -4.5, 0.0, 0.0])
NOISE: Final = np.array([0.65, 0.65, 0.5, 1.5])
PACE: Final = np.array([1.05, 1.05, 0.75, 1.6])
REVERT_S: Final = 240  # how fast value comes back to its centre in a range

ABSORPTIONS: Final = 26
EXHAUSTIONS: Final = 22

HOLD_ASK, HOLD_BID, FADE_UP, FADE_DOWN = 1, -1, 2, -2


@dataclass(frozen=True, slots=True)
class Plan:
    """Columns by second from the open. `value` is in ticks, `episode` one of the codes above."""

    ticks: int
    pace: Floats
    activity: Floats
    value: Floats
    episode: npt.NDArray[np.int8]


def plan_day(
    profile: Profile,
    day: TradingDay,
    ticks_per_day: int,
    ends: tuple[float, float],
    random: np.random.Generator,
) -> Plan:
    """Draw a day whose value goes from the first to the second of `ends` (ticks)."""
    seconds = (day.close - day.open) // NS
    curve = activity(profile, day.open, seconds)
    regime = _regimes(seconds, random)
    pace = curve * PACE[regime] * _restless(seconds, random)
    # Episodes happen when there is trade to be absorbed or exhausted.
    share = curve / curve.sum()
    value, episode = _value(profile, share, regime, random)
    value += ends[0]
    busy = np.cumsum(share)
    value += (ends[1] - value[-1]) * busy
    # `curve` is 1 in the mean of a full day, so a shorter day has fewer ticks.
    expected = ticks_per_day * float(curve.sum()) / _full_day(profile)
    pace *= expected / pace.sum()
    return Plan(int(random.poisson(expected)), pace, curve, value, episode)


def level(profile: Profile, seed: int, day: date) -> float:
    """Where value is at the end of a date, in ticks: a walk of days from the profile's level."""
    steps = (day - EPOCH).days
    key = [seed, *profile.market.encode(), int(steps < 0)]
    random = np.random.Generator(np.random.PCG64(np.random.SeedSequence(key)))
    walk = random.standard_normal(abs(steps)).sum()
    # Seven calendar days have the variance of five trading days.
    return profile.level_ticks * float(np.exp(walk * profile.daily_move * (5 / 7) ** 0.5))


def activity(profile: Profile, start: int, seconds: int) -> Floats:
    """The usual pace of each second, 1 in the mean of a full day."""
    local = datetime.fromtimestamp(start // NS, UTC).astimezone(NEW_YORK)
    after_roll = (local.hour - 17) % 24 + local.minute / 60
    hours = (after_roll + np.arange(seconds) / 3600) % 24
    whole = _full_day(profile)
    usual = np.arange(24 * 3600 - whole, 24 * 3600) / 3600
    return np.asarray(_curve(profile, hours) / _curve(profile, usual).mean())


def _curve(profile: Profile, hours: Floats) -> Floats:
    x, y = zip(*CURVE, strict=True)
    curve = np.interp(hours, x, y)
    return np.asarray(curve if _halts(profile) else curve**COIN_FLATNESS)


def _full_day(profile: Profile) -> int:
    """Seconds that the market is open; the halt is the first hour after the roll."""
    return FULL_DAY_S if _halts(profile) else 24 * 3600


def _halts(profile: Profile) -> bool:
    return profile.instrument.calendar != ALWAYS_OPEN


def _regimes(seconds: int, random: np.random.Generator) -> npt.NDArray[np.int64]:
    """The regime of each second."""
    minutes = seconds // 60 + 1
    stay, pick = random.random(minutes), random.random(minutes)
    edges = SWITCH.cumsum(axis=1)
    regimes = np.empty(minutes, np.int64)
    now = RANGE
    for minute in range(minutes):
        if stay[minute] > STAY:
            now = int(np.searchsorted(edges[now], pick[minute], side="right"))
        regimes[minute] = min(now, VOLATILE)
    return np.repeat(regimes, 60)[:seconds]


def _restless(seconds: int, random: np.random.Generator) -> Floats:
    """Pace is uneven: slow waves of minutes, and seconds in which everybody trades."""
    minutes = seconds // 60 + 2
    shocks = random.standard_normal(minutes) * 0.25
    wave = np.zeros(minutes)
    for minute in range(1, minutes):
        wave[minute] = 0.8 * wave[minute - 1] + shocks[minute]
    slow = np.interp(np.arange(seconds) / 60, np.arange(minutes), wave)
    return np.asarray(np.exp(slow) * random.standard_gamma(0.7, seconds))


def _value(
    profile: Profile,
    share: Floats,
    regime: npt.NDArray[np.int64],
    random: np.random.Generator,
) -> tuple[Floats, npt.NDArray[np.int8]]:
    seconds = len(share)
    day = profile.daily_ticks
    steps = day * NOISE[regime] * np.sqrt(share) * random.standard_normal(seconds)
    steps += day * DRIFT[regime] * share
    value = _centred(np.cumsum(steps), regime)
    episode = np.zeros(seconds, np.int8)
    bump = day / 18
    for kind, count in ((HOLD_ASK, ABSORPTIONS), (FADE_UP, EXHAUSTIONS)):
        starts = np.sort(np.searchsorted(np.cumsum(share), random.random(count)))
        signs = random.integers(0, 2, count) * 2 - 1
        lasts = random.integers(45, 150, count)
        turns = random.uniform(0.7, 1.6, count) * bump
        for start, sign, last, turn in zip(
            starts.tolist(), signs.tolist(), lasts.tolist(), turns.tolist(), strict=True
        ):
            end = min(start + last, seconds)
            if episode[start:end].any() or end - start < 45:
                continue
            episode[start:end] = kind * sign
            if kind == FADE_UP:
                value[start:end] += sign * turn * np.linspace(0, 1, end - start)
            # The turn: over a minute, and it stays.
            back = np.clip(np.arange(seconds - end) / 60, 0, 1)
            value[end:] -= sign * turn * back
            if kind == FADE_UP:
                value[end:] += sign * turn
    return value, episode


def _centred(path: Floats, regime: npt.NDArray[np.int64]) -> Floats:
    """Pull each stretch of range back to the value at which it began."""
    result = path.copy()
    edges = np.flatnonzero(np.diff(regime)) + 1
    for start, end in zip([0, *edges.tolist()], [*edges.tolist(), len(path)], strict=True):
        if regime[start] != RANGE or end - start < 2:
            continue
        # A discrete Ornstein-Uhlenbeck process, from the same steps, by blocks of its time scale.
        steps = np.diff(result[start:end], prepend=result[start])
        decay = np.exp(-np.arange(end - start) / REVERT_S)
        pulled = np.convolve(steps, decay)[: end - start]
        shift = result[start] + pulled[-1] - result[end - 1]
        result[start:end] = result[start] + pulled
        result[end:] += shift
    return result
