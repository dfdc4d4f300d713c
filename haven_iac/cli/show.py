"""Shows a run of the engine: bars on a terminal, plain lines elsewhere; always with times."""

from __future__ import annotations

import sys
import threading
import time
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from haven_iac.deploy.tracker import Tracker

QUIET_SECONDS = 10.0
"""Without a terminal, a line at least this often."""


class Lines:
    """Plain lines on standard error."""

    def __init__(self) -> None:
        self._began = self._said = time.monotonic()
        self._tracker: Tracker | None = None
        self._stop = threading.Event()
        self._beat = threading.Thread(target=self._every_so_often, daemon=True)

    def __enter__(self) -> Self:
        """Begin to speak when nothing happens."""
        self._beat.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        """Fall silent."""
        self._stop.set()

    def phase(self, name: str) -> None:
        """Say that a phase has begun."""
        self.note(f"{name}{self._so_far()}")

    def moved(self, tracker: Tracker) -> None:
        """Keep what there is to say."""
        self._tracker = tracker

    def note(self, text: str) -> None:
        """Say something, with the time since the start."""
        self._said = time.monotonic()
        for line in text.splitlines():
            print(f"[{self._said - self._began:6.1f} s] {line}", file=sys.stderr, flush=True)

    def _so_far(self) -> str:
        tracker = self._tracker
        return f" ({tracker.done} of about {tracker.total} resources)" if tracker and tracker.done else ""

    def _every_so_often(self) -> None:
        while not self._stop.wait(1.0):
            if time.monotonic() - self._said >= QUIET_SECONDS and self._tracker:
                now = ", ".join(f"{step.name} {self._tracker.seconds - step.started:.0f} s" for step in self._busy())
                self.note(f"still at work{self._so_far()}{': ' + now if now else ''}")

    def _busy(self) -> list[Any]:
        running = self._tracker.running if self._tracker else []
        return [step for step in running if not step.type.startswith(("haven:", "pulumi:", "kubernetes:helm.sh"))][:3]


class Bars:
    """One bar for each phase and one for all of it."""

    def __init__(self) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

        self._progress = Progress(
            SpinnerColumn(finished_text="[green]✓"),
            TextColumn("{task.description}"),
            BarColumn(bar_width=30),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TextColumn("[dim]{task.fields[now]}"),
            console=Console(stderr=True, highlight=False),
            transient=False,
        )
        self._tasks: dict[str, Any] = {}

    def __enter__(self) -> Self:
        """Begin to draw."""
        self._progress.start()
        self._tasks[""] = self._progress.add_task("[bold]all", total=None, now="")
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        """Leave the last picture."""
        if kind is None:
            for task in self._tasks.values():
                state = next(one for one in self._progress.tasks if one.id == task)
                self._progress.update(task, total=state.completed, now="")
        self._progress.stop()

    def phase(self, name: str) -> None:
        """Add a bar for a phase; the platform's slots share one."""
        key = name.partition(":")[0]
        if key not in self._tasks:
            self._tasks[key] = self._progress.add_task(key, total=None, now="")

    def moved(self, tracker: Tracker) -> None:
        """Move the bars."""
        seen: dict[str, list[int]] = {}
        now: dict[str, str] = {}
        for step in list(tracker.steps.values()):
            key = step.phase.partition(":")[0]
            count = seen.setdefault(key, [0, 0])
            count[0] += step.ended is not None
            count[1] += 1
            if step.ended is None:
                now[key] = step.phase.partition(": ")[2] or step.name
        for key, (done, total) in seen.items():
            if key and key in self._tasks:
                self._progress.update(self._tasks[key], completed=done, total=total, now=now.get(key, ""))
        self._progress.update(self._tasks[""], completed=tracker.done, total=tracker.total)

    def note(self, text: str) -> None:
        """Say something above the bars."""
        self._progress.console.print(text, markup=False)


def watcher(*, plain: bool = False) -> Lines | Bars:
    """Return what shows a run here.

    Args:
        plain: lines even on a terminal.
    """
    return Lines() if plain or not sys.stderr.isatty() else Bars()
