"""How our commands read their options: one line says what is wrong, the rest is help."""

from argparse import ArgumentParser
from typing import NoReturn, cast

from django.core.management.base import CommandError, CommandParser


class OneLineParser(CommandParser):
    """Says what is wrong with the options in one line, without repeating how they are used."""

    @classmethod
    def of(cls, parser: CommandParser) -> "OneLineParser":
        """The parser that Django made, turned into one of these."""
        parser.__class__ = cls
        return cast(OneLineParser, parser)

    def error(self, message: str) -> NoReturn:
        if self.called_from_command_line:
            self.exit(2, f"{self.prog}: {message}\n")
        raise CommandError(message)


def add_settings(parser: ArgumentParser) -> None:
    """`--set KEY=VALUE`, as often as one likes."""
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="KEY=VALUE",
        help="a setting of the engine, like risk.stop_ticks=12; may be repeated",
    )
