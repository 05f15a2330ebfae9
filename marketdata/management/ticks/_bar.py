"""The progress bar of a download: the trades that are stored, and what came of the current day."""

from types import TracebackType
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    ProgressColumn,
    Task,
    TextColumn,
    TimeElapsedColumn,
)
from rich.progress import Progress as RichProgress
from rich.text import Text

from marketdata.history.download import Progress

if TYPE_CHECKING:
    from marketdata.history.download import Day, Plan
    from marketdata.history.fetch import Fetch


class Came(ProgressColumn):
    """What came of the current day, compressed: the size of the file that is being written."""

    fetch: "Fetch | None" = None

    def render(self, task: Task) -> Text:
        try:
            size = self.fetch.path.stat().st_size if self.fetch else 0
        except FileNotFoundError:
            size = 0
        return Text(f"{size / 1e6:.1f} MB" if size else "")


class Bar(Progress):
    """Shows a download's progress; a context manager."""

    def __init__(self, console: Console, plan: "Plan") -> None:
        self._came = Came()
        self._bar = RichProgress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("trades"),
            self._came,
            TimeElapsedColumn(),
            console=console,
        )
        self._task = self._bar.add_task(plan.symbol, total=plan.cost.records)

    def __enter__(self) -> "Bar":
        self._bar.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._bar.stop()

    def begins(self, day: "Day", expected: int, fetch: "Fetch") -> None:
        self._came.fetch = fetch
        self._bar.update(self._task, description=f"{day.day} {day.contract}")

    def ends(self, day: "Day", records: int) -> None:
        self._bar.advance(self._task, records)

    def say(self, day: "Day", text: str) -> None:
        self._bar.console.print(f"{day.day}: {text}")
