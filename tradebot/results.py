"""Celery's results in the database, without secrets in what a task was given or failed with."""

import os
from typing import Any

from django_celery_results.backends import DatabaseBackend

from tradebot.logging import Redact, secrets_of


class Results(DatabaseBackend):  # type: ignore[misc]  # the library has no types
    """An error's words, its traceback and the arguments are kept as the log would say them."""

    def store_result(
        self, task_id: str, result: Any, state: str, traceback: Any = None, **more: Any
    ) -> Any:
        clean = Redact(secrets_of(os.environ))
        if isinstance(result, BaseException):
            result = cleaned(result, clean)
        if traceback is not None:
            traceback = clean.text(str(traceback))
        return super().store_result(task_id, result, state, traceback=traceback, **more)

    def _get_extended_properties(self, request: Any, traceback: Any) -> dict[str, Any]:
        clean = Redact(secrets_of(os.environ))
        found: dict[str, Any] = super()._get_extended_properties(request, traceback)
        return {
            name: clean.text(value) if isinstance(value, str) else value
            for name, value in found.items()
        }


def cleaned(error: BaseException, clean: Redact) -> BaseException:
    """The error itself if it may be seen, else one of its kind's name that says what may be."""
    if clean.text(repr(error)) == repr(error):
        return error
    kind = type(type(error).__name__, (Exception,), {"__module__": type(error).__module__})
    made: BaseException = kind(clean.text(str(error)))
    return made
