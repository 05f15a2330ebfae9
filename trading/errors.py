"""Errors of trading. Each message is one line: what was wrong with which value, what to do."""

from collections.abc import Mapping, Sequence


class TradingError(Exception):
    """Base of everything trading refuses."""


class OptionError(TradingError, ValueError):
    """An option or setting that cannot be used."""


class StartError(TradingError):
    """Something outside prevents the start: the database, the port, another process."""


class CommandError(TradingError, ValueError):
    """A command that cannot be asked for. `field` names what is wrong with it."""

    def __init__(self, text: str, *, field: str = "kind") -> None:
        self.field = field
        super().__init__(text)


class KeyReused(CommandError):
    """A key under which something else was asked for."""

    def __init__(self, text: str) -> None:
        super().__init__(text, field="key")


class SheetError(TradingError, ValueError):
    """Settings that cannot be saved. `problems` says what is wrong, by field; `conflict`: somebody
    else changed them meanwhile."""

    def __init__(
        self, text: str, problems: Mapping[str, str] | None = None, *, conflict: bool = False
    ) -> None:
        self.problems = dict(problems or {})
        self.conflict = conflict
        super().__init__(text)


class ExplainError(TradingError):
    """A trade that cannot be found, or not be replayed."""


class ReplayError(TradingError):
    """A stored session that cannot be replayed. The message is a sentence for the page."""


class ConfigurationError(OptionError):
    """A configuration that cannot be used. More than one problem makes more than one line."""

    def __init__(self, source: str, problems: Sequence[str]) -> None:
        self.problems = tuple(problems)
        if len(problems) == 1:
            text = f"{source}: {problems[0]}"
        else:
            text = f"{source}: {len(problems)} problems\n  " + "\n  ".join(problems)
        super().__init__(text)


class JournalError(TradingError):
    """An input journal that cannot be kept, read, or replayed."""


class BackupError(TradingError):
    """A backup that cannot be made, does not hold, or cannot be restored."""


class RecapError(TradingError):
    """A day that cannot be recapped."""


class ExportError(TradingError):
    """A file that could not be sent, or a target that cannot be used. No secret is in the text."""
