"""How a compiled pattern writes down what it found."""

from typing import Any

from engine.compiled import inner


@inner
def write(
    found: Any,
    n: int,
    pattern: int,
    direction: int,
    price: int,
    strength: float,
    a: float,
    b: float,
    c: float,
    d: float,
) -> int:
    """Put one record at `n` and return the next free place."""
    f = found[n]
    f.pattern = pattern
    f.direction = direction
    f.price = price
    f.strength = strength
    f.details[0] = a
    f.details[1] = b
    f.details[2] = c
    f.details[3] = d
    f.approved = 0
    f.rule = 0
    return n + 1
