"""How our commands read their options: one line says what is wrong, the rest is help."""

from typing import Any, NoReturn, cast

from django.core.management.base import BaseCommand, CommandError, CommandParser


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


class OneLineCommand(BaseCommand):
    """A command with such a parser, which needs no checks of the whole project to start."""

    requires_system_checks = []

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> OneLineParser:
        return OneLineParser.of(super().create_parser(prog_name, subcommand, **kwargs))
