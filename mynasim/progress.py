"""How far something has come (進みぐあい), on the error output, so that the output itself stays clean."""

import sys
from types import TracebackType
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from rich.progress import Progress

LINES_FROM = 100_000
"""Where nobody watches a terminal, shorter work passes in silence."""
_LINES = 10


class Progressing:
    """A bar on a terminal; elsewhere a line at each tenth. Call it with what is done and what there is to do."""

    def __init__(self, what: str, unit: str = "人") -> None:
        self._what = what
        self._unit = unit
        self._tenth = 0
        self._bar: Progress | None = None
        self._watched = sys.stderr.isatty()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.hide()

    def __call__(self, done: int, total: int) -> None:
        if self._watched:
            self._show(done, total)
            return
        tenth = done * _LINES // total if total else _LINES
        if total >= LINES_FROM and tenth > self._tenth:
            self._tenth = tenth
            sys.stderr.write(f"{self._what}: {done:,} / {total:,}{self._unit}（{done * 100 // total}%）\n")
            sys.stderr.flush()

    def hide(self) -> None:
        """Take the bar away, so that something can be written where it stood; it comes back by itself."""
        if self._bar is not None:
            self._bar.stop()
            self._bar = None

    def _show(self, done: int, total: int) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

        if self._bar is None:
            self._bar = Progress(
                TextColumn("{task.description}"),
                BarColumn(),
                MofNCompleteColumn(),
                TextColumn(self._unit),
                TimeRemainingColumn(),
                console=Console(stderr=True),
                transient=True,
                redirect_stdout=False,
                redirect_stderr=False,
            )
            self._bar.add_task(self._what, total=total)
            self._bar.start()
        self._bar.update(self._bar.task_ids[0], completed=done, total=total)
