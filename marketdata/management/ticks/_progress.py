"""A progress bar, where there is a terminal to show it on."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TextIO

Show = Callable[[str, float], None]
"""Is given what is being done and the fraction done, 0 to 1."""


@contextmanager
def progress_bar(out: TextIO) -> Iterator[Show]:
    """Shows on `out`, and leaves nothing behind; does nothing where `out` is no terminal."""
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        Progress,
        TaskProgressColumn,
        TextColumn,
        TimeRemainingColumn,
    )

    console = Console(file=out)
    if not console.is_terminal:
        yield lambda what, fraction: None
        return
    columns = TextColumn("{task.description}"), BarColumn(), TaskProgressColumn()
    with Progress(*columns, TimeRemainingColumn(), console=console, transient=True) as bar:
        task = bar.add_task("", total=1.0)

        def show(what: str, fraction: float) -> None:
            bar.update(task, description=what, completed=fraction)

        yield show
