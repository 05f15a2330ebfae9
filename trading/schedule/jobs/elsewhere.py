"""Calls what another part of the product does, which an installation may lack."""

import importlib
from datetime import date
from typing import Any

from trading.schedule.work import JobError


def call(module: str, name: str, day: date) -> Any:
    """What it returned; JobError, which is not worth another try, when there is no such part."""
    try:
        found = importlib.import_module(module)
    except ModuleNotFoundError as error:
        if error.name is None or not module.startswith(error.name):
            raise
        raise JobError(f"{module} is not installed: it does this job", again=False) from error
    return getattr(found, name)(day)
