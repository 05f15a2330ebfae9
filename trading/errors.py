"""Errors of trading. Each message is one line: what was wrong with which value, what to do."""

from collections.abc import Sequence


class TradingError(Exception):
    """Base of everything trading refuses."""


class OptionError(TradingError, ValueError):
    """An option or setting that cannot be used."""


class StartError(TradingError):
    """Something outside prevents the start: the database, the port, another process."""


class ExplainError(TradingError):
    """A trade that cannot be found, or not be replayed."""


class ConfigurationError(OptionError):
    """A configuration that cannot be used. More than one problem makes more than one line."""

    def __init__(self, source: str, problems: Sequence[str]) -> None:
        self.problems = tuple(problems)
        if len(problems) == 1:
            text = f"{source}: {problems[0]}"
        else:
            text = f"{source}: {len(problems)} problems\n  " + "\n  ".join(problems)
        super().__init__(text)
