"""`manage.py config`: shows the effective configuration, checks a file."""

import sys
from argparse import ArgumentParser
from typing import Any, cast

from django.core.management.base import CommandError, CommandParser

from trading.management.parser import OneLineCommand, OneLineParser, refusal


class Command(OneLineCommand):
    """Thin: `trading.configuration` does the work."""

    help = "Show what the engine would be told, or check a configuration."

    def add_arguments(self, parser: ArgumentParser) -> None:
        what = OneLineParser.of(cast(CommandParser, parser)).add_subparsers(
            dest="what", required=True, metavar="show|check"
        )
        show = what.add_parser("show", help="print the effective configuration as YAML")
        show.add_argument("--symbol", help="for which symbol; default: all of the configuration")
        show.add_argument("--config", metavar="FILE|NAME", help="default: the engine's defaults")
        show.add_argument("--changed", action="store_true", help="only what is not the default")
        check = what.add_parser("check", help="say all that is wrong with a configuration")
        check.add_argument("config", metavar="FILE|NAME")

    def handle(self, *args: Any, **options: Any) -> None:
        from engine.errors import EngineError
        from trading.errors import TradingError

        try:
            if options["what"] == "show":
                self._show(options["config"], options["symbol"], options["changed"])
            else:
                self._check(options["config"])
        except (EngineError, TradingError) as error:
            raise refusal(error) from error
        except BrokenPipeError:
            sys.exit(141)

    def _show(self, where: str | None, symbol: str | None, changed: bool) -> None:
        from trading.configuration.sources import find_source
        from trading.configuration.writing import document_text
        from trading.pipeline.options import configured

        source = find_source(where) if where is not None else None
        if symbol is not None:
            configs = {symbol: configured(symbol, source)}
        elif source is not None:
            configs = dict(source.document.configs)
        else:
            raise CommandError("--symbol is missing; without --config it says what to show")
        for name, config in configs.items():
            self.stdout.write(
                f"# {name}: {source.label if source else 'defaults'}, rules {config.rules_digest}, "
                f"with this account {config.digest}"
            )
        name = source.document.name if source else ""
        self.stdout.write(document_text(configs, changed=changed, name=name), ending="")

    def _check(self, where: str) -> None:
        from engine.written import flat
        from trading.configuration.sources import find_source

        source = find_source(where)
        self.stdout.write(f"{source.label} holds.")
        for symbol, config in source.document.configs.items():
            count = len(flat(config.as_tree(changed=True)))
            settings = "setting differs" if count == 1 else "settings differ"
            self.stdout.write(
                f"  {symbol}: rules {config.rules_digest}; {count} {settings} from the defaults"
            )
