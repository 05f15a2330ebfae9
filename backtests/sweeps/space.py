"""What a sweep varies: settings of the engine, each with the values it takes.

>>> parameter("risk.stop_ticks=8:24:4").values
('8', '12', '16', '20', '24')
>>> parameter("patterns.ratio=2.5,3,4").values
('2.5', '3', '4')

Values stay the text that the configuration reads, so that no number passes through a float. The
values are the same finite grid whatever the search: a point is one value of each parameter, by
position.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from difflib import get_close_matches
from itertools import product
from math import prod
from typing import Final, TypeAlias

from backtests.sweeps.errors import SweepError
from engine.config import EngineConfig
from engine.errors import EngineError

Point: TypeAlias = tuple[int, ...]
"""Positions among each parameter's values."""

MOST_VALUES: Final = 1_000
MOST_POINTS: Final = 5_000
"""Of a grid; beyond it nobody waits for all, and luck grows with every one."""
NO_SETTINGS: Final = ("account.id", "fills.profile")
"""They name things, and so are not what a result could depend on by degrees."""


@dataclass(frozen=True)
class Parameter:
    """A setting and its values. `ordered`: they are numbers, ascending, and have neighbours."""

    name: str
    values: tuple[str, ...]
    ordered: bool


@dataclass(frozen=True)
class Space:
    parameters: tuple[Parameter, ...]

    @property
    def size(self) -> int:
        """How many points there are."""
        return prod(len(each.values) for each in self.parameters)

    def points(self) -> Iterator[Point]:
        """All, the last parameter's values changing fastest."""
        return product(*(range(len(each.values)) for each in self.parameters))

    def settings(self, point: Point) -> dict[str, str]:
        """What `EngineConfig.override` takes."""
        pairs = zip(self.parameters, point, strict=True)
        return {each.name: each.values[at] for each, at in pairs}

    def neighbours(self, point: Point) -> list[Point]:
        """The points one step away in one ordered parameter."""
        found = []
        for axis, each in enumerate(self.parameters):
            if each.ordered:
                found += [
                    (*point[:axis], at, *point[axis + 1 :])
                    for at in (point[axis] - 1, point[axis] + 1)
                    if 0 <= at < len(each.values)
                ]
        return found

    def spec(self) -> list[str]:
        """As `space` reads it."""
        return [f"{each.name}={','.join(each.values)}" for each in self.parameters]


def parameter(text: str) -> Parameter:
    """`NAME=FROM:TO:STEP` or `NAME=VALUE,VALUE,...`; SweepError says what is wrong with it."""
    name, found, said = text.partition("=")
    name = name.strip()
    if not found or not name or not said.strip():
        raise SweepError(
            f"--param {text!r}: write NAME=FROM:TO:STEP or NAME=VALUE,VALUE, like "
            "risk.stop_ticks=8:24:4"
        )
    if ":" in said:
        return Parameter(name, _range(name, said), ordered=True)
    values = list(dict.fromkeys(value.strip() for value in said.split(",") if value.strip()))
    numbers = [_number(value) for value in values]
    if None in numbers:
        return _bounded(name, values, ordered=False)
    pairs = zip(numbers, values, strict=True)
    known = {number: value for number, value in pairs if number is not None}
    return _bounded(name, [known[number] for number in sorted(known)], ordered=True)


def space(texts: Sequence[str], config: EngineConfig) -> Space:
    """The parameters that the texts name, each a setting of the configuration, each once."""
    if not texts:
        raise SweepError("nothing to vary: give --param NAME=FROM:TO:STEP at least once")
    parameters = tuple(map(parameter, texts))
    known = config.settings()
    for each in parameters:
        if each.name in NO_SETTINGS:
            raise SweepError(f"--param {each.name}: it names something and cannot be varied")
        if each.name not in known:
            guess = _guess(each.name, known)
            raise SweepError(f"--param {each.name}: there is no such setting; {guess}")
    names = [each.name for each in parameters]
    twice = {name for name in names if names.count(name) > 1}
    if twice:
        raise SweepError(f"--param {', '.join(sorted(twice))}: given more than once")
    return Space(parameters)


def _guess(name: str, known: Sequence[str]) -> str:
    last = {setting.partition(".")[2]: setting for setting in known}
    meant = get_close_matches(name, known, n=3, cutoff=0.6)
    section, _, key = name.rpartition(".")
    meant += [last[close] for close in get_close_matches(key, last, n=2, cutoff=0.7)]
    if meant:
        return f"did you mean {' or '.join(dict.fromkeys(meant))}?"
    here = [each for each in known if each.startswith(f"{section}.")]
    return f"known are {', '.join(here or known)}"


def _range(name: str, said: str) -> tuple[str, ...]:
    parts = said.split(":")
    numbers = [_number(part.strip()) for part in parts]
    if len(parts) not in (2, 3) or any(number is None for number in numbers):
        raise SweepError(f"--param {name}={said}: a range is FROM:TO:STEP in plain numbers")
    first, last, *rest = (number for number in numbers if number is not None)
    step = rest[0] if rest else Decimal(1)
    if not rest and (first % 1 or last % 1):
        raise SweepError(f"--param {name}={said}: say the step, like {said}:0.1")
    if step <= 0 or last < first:
        raise SweepError(f"--param {name}={said}: it must rise, by a step above 0")
    count = int((last - first) / step) + 1
    if count > MOST_VALUES:
        raise SweepError(
            f"--param {name}={said}: {count:,} values; at most {MOST_VALUES:,}: take a wider step"
        )
    return tuple(f"{first + step * at:f}" for at in range(count))


def _number(text: str) -> Decimal | None:
    try:
        number = Decimal(text)
    except InvalidOperation:
        return None
    return number if number.is_finite() else None


def _bounded(name: str, values: Sequence[str], *, ordered: bool) -> Parameter:
    if len(values) > MOST_VALUES:
        raise SweepError(f"--param {name}: {len(values):,} values; at most {MOST_VALUES:,}")
    return Parameter(name, tuple(values), ordered)


def whole_grid(space: Space, most: int = MOST_POINTS) -> list[Point]:
    """All points; SweepError when they are too many to run each."""
    if space.size > most:
        sizes = " x ".join(str(len(each.values)) for each in space.parameters)
        raise SweepError(
            f"{sizes} values are {space.size:,} points; at most {most:,} of a grid: take wider "
            "steps or fewer parameters, or look for the best with --method optuna --trials 200"
        )
    return list(space.points())


@dataclass(frozen=True)
class Asked:
    """A point with its configuration, or why the configuration refuses it."""

    point: Point
    config: EngineConfig | None
    refused: str = ""


def asked(space: Space, config: EngineConfig, points: Iterable[Point]) -> list[Asked]:
    """Each point's configuration, in the order given."""
    found = []
    for point in points:
        try:
            found.append(Asked(point, config.override(space.settings(point))))
        except EngineError as error:
            found.append(Asked(point, None, " ".join(str(error).split())))
    return found
