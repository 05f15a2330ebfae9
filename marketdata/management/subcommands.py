"""Commands of several words: `manage.py ticks SUBCOMMAND`, `manage.py bars SUBCOMMAND`.

A subcommand is a module of the command's package with

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
from types import ModuleType
from typing import Any, ClassVar, Final, Protocol, TextIO, cast

from django.core.management.base import CommandError

from marketdata.management.parser import OneLineCommand, OneLineParser

INTERRUPTED: Final = 130


class Subcommand(Protocol):
    """What such a module has."""

    HELP: str

    def add_arguments(self, parser: ArgumentParser) -> None: ...
    def run(self, options: Mapping[str, Any], out: TextIO) -> int: ...


class SubcommandCommand(OneLineCommand):
    """Hands the options to the subcommand's module, one of `package`."""

    package: ClassVar[ModuleType]

    @classmethod
    def subcommands(cls) -> dict[str, Subcommand]:
        """By name."""
        names = sorted(each.name for each in pkgutil.iter_modules(cls.package.__path__))
        return {
            name.rstrip("_"): cast(Subcommand, import_module(f"{cls.package.__name__}.{name}"))
            for name in names
            if not name.startswith("_")
        }

    def add_arguments(self, parser: ArgumentParser) -> None:
        choices = parser.add_subparsers(
            dest="subcommand", metavar="SUBCOMMAND", required=True, parser_class=OneLineParser
        )
        for name, module in self.subcommands().items():
            module.add_arguments(
                choices.add_parser(name, help=module.HELP, description=module.HELP)
            )

    def handle(self, *args: Any, **options: Any) -> None:
        from engine.errors import EngineError
        from marketdata.errors import MarketDataError

        module = self.subcommands()[options["subcommand"]]
        try:
            code = module.run(options, cast(TextIO, self.stdout))
        except (EngineError, MarketDataError) as error:
            raise CommandError(" ".join(str(error).split())) from error
        except OSError as error:
            where = f"{error.filename}: " if error.filename else ""
            raise CommandError(f"{where}{error.strerror or error}") from error
        except KeyboardInterrupt:
            sys.exit(INTERRUPTED)
        if code:
            sys.exit(code)
