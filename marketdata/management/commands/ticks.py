"""`manage.py ticks SUBCOMMAND`: what can be done with the tick store."""

from typing import ClassVar

from marketdata.management import ticks
from marketdata.management.subcommands import SubcommandCommand


class Command(SubcommandCommand):
    """The modules of `marketdata.management.ticks` do it."""

    help = "The tick store: what it holds, and what can be done with it."
    package: ClassVar = ticks
