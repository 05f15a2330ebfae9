"""How our commands read their options: one line says what is wrong, the rest is help."""

from argparse import ArgumentParser

from django.core.management.base import CommandError

from marketdata.management.parser import OneLineCommand, OneLineParser

__all__ = ["OneLineCommand", "OneLineParser", "add_settings", "refusal"]


def refusal(error: Exception) -> CommandError:
    """What ends a command: one line, but a line for each problem of a configuration."""
    from trading.errors import ConfigurationError

    if isinstance(error, ConfigurationError):
        return CommandError(str(error))
    return CommandError(" ".join(str(error).split()))


def add_settings(parser: ArgumentParser) -> None:
    """`--config`, and `--set KEY=VALUE` as often as one likes."""
    parser.add_argument(
        "--config",
        metavar="FILE|NAME",
        help="a configuration: a YAML file, or a stored one as NAME (the newest) or NAME@VERSION",
    )
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="KEY=VALUE",
        help="a setting of the engine, like risk.stop_ticks=12; may be repeated; counts last",
    )
