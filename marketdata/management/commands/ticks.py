"""`manage.py ticks SUBCOMMAND`: what can be done with the tick store.

A subcommand is a module of `marketdata.management.ticks` with

    HELP                              one line
    add_arguments(parser)             its options
    run(options, out) -> int          does it; the exit code. MarketDataErrors become one line

Its name is the module's; `import_.py` is `ticks import`. `options` are the parsed words by name,
`out` is where to print. A module's heavy imports belong inside `run`.
"""

import pkgutil
import sys
from argparse import ArgumentParser
from collections.abc import Mapping
from importlib import import_module
from typing import Any, Final, Protocol, TextIO, cast

from django.core.management.base import CommandError

from marketdata.management import ticks
from marketdata.management.parser import OneLineCommand, OneLineParser


class Subcommand(Protocol):
    """What such a module has."""

    HELP: str

    def add_arguments(self, parser: ArgumentParser) -> None: ...
    def run(self, options: Mapping[str, Any], out: TextIO) -> int: ...


def subcommands() -> dict[str, Subcommand]:
    """By name."""
    names = sorted(each.name for each in pkgutil.iter_modules(ticks.__path__))
    return {
        name.rstrip("_"): cast(Subcommand, import_module(f"{ticks.__name__}.{name}"))
        for name in names
        if not name.startswith("_")
    }


class Command(OneLineCommand):
    """Hands the options to the subcommand's module."""

    help = "The tick store: what it holds, and what can be done with it."

    def add_arguments(self, parser: ArgumentParser) -> None:
        choices = parser.add_subparsers(
            dest="subcommand", metavar="SUBCOMMAND", required=True, parser_class=OneLineParser
        )
        for name, module in subcommands().items():
            module.add_arguments(
                choices.add_parser(name, help=module.HELP, description=module.HELP)
            )

    def handle(self, *args: Any, **options: Any) -> None:
        from engine.errors import EngineError
        from marketdata.errors import MarketDataError

        try:
            code = subcommands()[options["subcommand"]].run(options, cast(TextIO, self.stdout))
        except (EngineError, MarketDataError) as error:
            raise CommandError(" ".join(str(error).split())) from error
        except KeyboardInterrupt:
            sys.exit(INTERRUPTED)
        if code:
            sys.exit(code)


INTERRUPTED: Final = 130
