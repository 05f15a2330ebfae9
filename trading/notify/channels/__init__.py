"""The ways to the trader: each is one module here, and its name is the channel's.

A module says `configured()`, whether the environment has what it needs, and gives a `Channel` with
`opened()`. Nothing else knows of it: a new one is found because it is here.
"""

from functools import lru_cache
from importlib import import_module
from pkgutil import iter_modules
from types import ModuleType

from trading.notify.message import Channel


def configured() -> list[str]:
    """The names of those that can be used, as `Delivery.channel` has them."""
    return [name for name, module in _modules(tuple(__path__)).items() if module.configured()]


def opened(name: str) -> Channel:
    """A channel that is configured, ready to send."""
    channel: Channel = _modules(tuple(__path__))[name].opened()
    return channel


@lru_cache
def _modules(path: tuple[str, ...]) -> dict[str, ModuleType]:
    names = sorted(module.name for module in iter_modules(path))
    return {name: import_module(f"{__name__}.{name}") for name in names}
