"""`manage.py bars SUBCOMMAND`: what can be done with the bar store."""

from typing import ClassVar

from marketdata.management import bars
from marketdata.management.subcommands import SubcommandCommand


class Command(SubcommandCommand):
    """The modules of `marketdata.management.bars` do it."""

    help = "The bar store: OHLCV history by contract, and continuous series of front months."
    package: ClassVar = bars
