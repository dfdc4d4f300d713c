"""Shows how tools are being had: bars on a terminal, plain lines elsewhere; always with times."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from haven_iac.toolchain import Found, Tool, disk_needed

if TYPE_CHECKING:
    from rich.console import Console

QUIET_SECONDS = 10.0
"""Without a terminal, how long the same step goes on before there is another line about it."""

VERBS = {"mirror": "copy", "release": "download", "build": "build"}


def in_words(seconds: float) -> str:
    """Return a duration as people say it; estimates only."""
    minutes = seconds / 60
    if minutes < 0.75:
        return "less than a minute" if seconds > 20 else "some seconds"
    if minutes < 1.5:
        return "about a minute"
    if 13 <= minutes < 18:
        return "about a quarter of an hour"
    return f"about {minutes:.0f} minutes"


def short(seconds: float) -> str:
    """Return a duration for a table: `40 s` or `4 min`."""
    return f"{seconds:.0f} s" if seconds < 90 else f"{seconds / 60:.0f} min"


def announcement(missing: Sequence[Found]) -> str:
    """Return what is about to happen, how long it takes and the room it needs."""
    parts = []
    for source, text in (("mirror", "copied from the mirror folder"), ("release", "downloaded as official releases")):
        if names := [one.tool.name for one in missing if one.source == source]:
            parts.append(f"{len(names)} {text} ({', '.join(names)})")
    if building := [one.tool.name for one in missing if one.source == "build"]:
        how = "built from its published Go module" if len(building) == 1 else "built from their published Go modules"
        parts.append(f"{len(building)} {how} ({', '.join(building)})")
    took = in_words(sum(one.seconds for one in missing))
    cores = " on two cores" if building else ""
    room = f"{disk_needed(missing) / 1e9:.0f} GB of disk while it runs, " if building else ""
    kept = sum(one.tool.megabytes for one in missing)
    noun = "tool is" if len(missing) == 1 else "tools are"
    what = f"{len(missing)} {noun} not here yet: {'; '.join(parts)}"
    return f"{what}. This takes {took}{cores}, once; {room}{kept} MB to keep."


class ToolProgress:
    """Shows what `haven_iac.toolchain.ensure` does, on standard error; nothing is drawn before there is something.

    Args:
        console: where to; standard error when left out. Bars are drawn if it is a terminal, lines otherwise.
        clock: tells seconds; for tests.
    """

    def __init__(self, console: Console | None = None, clock: Callable[[], float] = time.monotonic) -> None:
        self._console = console
        self._clock = clock
        self._began = clock()
        self._shown: _Bars | _Lines | None = None
        self._names: list[str] = []
        self._started = self._began

    def __enter__(self) -> Self:
        """Begin to count time."""
        self._began = self._clock()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        """Leave the last picture."""
        if self._shown:
            self._shown.close()
            self._shown = None

    def plan(self, missing: Sequence[Found]) -> None:
        """Say what will be had and how long it takes."""
        self._names = [one.tool.name for one in missing]
        self._view().note(announcement(missing))

    def start(self, tool: Tool, source: str) -> None:
        """Begin a tool."""
        self._started = self._clock()
        self._view().begin(f"{VERBS[source]} {tool.name} {tool.version}", self._place(tool))

    def step(self, tool: Tool, done: int, total: int, what: str) -> None:
        """Move it on."""
        self._view().move(done, total, what)

    def end(self, tool: Tool, source: str) -> None:
        """Say that it is there, and how long it took."""
        self._view().finish(self._clock() - self._started)

    def note(self, text: str) -> None:
        """Say something."""
        self._view().note(text)

    def _place(self, tool: Tool) -> str:
        return f"{self._names.index(tool.name) + 1} of {len(self._names)}" if tool.name in self._names else ""

    def _view(self) -> _Bars | _Lines:
        if self._shown is None:
            from haven_iac.cli.options import console

            out = self._console or console(stderr=True)
            self._shown = _Bars(out) if out.is_terminal else _Lines(out, self._clock, self._began)
        return self._shown


class _Lines:
    """One line when something else begins, and one now and then while the same goes on."""

    def __init__(self, console: Console, clock: Callable[[], float], began: float) -> None:
        self._console, self._clock, self._began = console, clock, began
        self._title = self._place = self._what = self._far = ""
        self._said = began
        self._lock = threading.Lock()
        self._stop = threading.Event()
        threading.Thread(target=self._every_so_often, daemon=True).start()

    def close(self) -> None:
        self._stop.set()

    def note(self, text: str) -> None:
        with self._lock:
            self._print(text)

    def begin(self, title: str, place: str) -> None:
        with self._lock:
            self._title, self._place, self._what, self._far = title, f" ({place})" if place else "", "", ""
            self._print(f"{self._title}{self._place}")

    def move(self, done: int, total: int, what: str) -> None:
        with self._lock:
            kind = what.partition(" (")[0]
            self._far = f" {_amount(done, total, what)}" if total else what.removeprefix(kind)
            if kind != self._what:
                self._what = kind
                self._say()
            else:
                self._remind()

    def finish(self, seconds: float) -> None:
        with self._lock:
            self._print(f"{self._title}: done in {seconds:.1f} s{self._place}")
            self._title = ""

    def _every_so_often(self) -> None:
        while not self._stop.wait(1.0):
            with self._lock:
                self._remind()

    def _remind(self) -> None:
        if self._title and self._clock() - self._said >= QUIET_SECONDS:
            self._say()

    def _say(self) -> None:
        self._print(f"{self._title}: {self._what or 'at work'}{self._far}{self._place}")

    def _print(self, text: str) -> None:
        self._said = self._clock()
        line = f"[{self._said - self._began:6.1f} s] {text}"
        print(line, file=self._console.file, flush=True)


class _Bars:
    """One bar a tool."""

    def __init__(self, console: Console) -> None:
        from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

        self._console = console
        self._progress = Progress(
            SpinnerColumn(finished_text="[green]✓"),
            TextColumn("{task.description}"),
            BarColumn(bar_width=30),
            TimeElapsedColumn(),
            TextColumn("[dim]{task.fields[now]}"),
            console=console,
        )
        self._task: Any = None
        self._progress.start()

    def close(self) -> None:
        self._progress.stop()

    def note(self, text: str) -> None:
        self._console.print(text, markup=False, soft_wrap=False)

    def begin(self, title: str, place: str) -> None:
        self._task = self._progress.add_task(f"{title} ({place})" if place else title, total=None, now="")

    def move(self, done: int, total: int, what: str) -> None:
        now = f"{what} {_amount(done, total, what)}" if total else what
        self._progress.update(self._task, completed=done, total=total or None, now=now)

    def finish(self, seconds: float) -> None:
        self._progress.update(self._task, total=1, completed=1, now="")


def _amount(done: int, total: int, what: str) -> str:
    if what == "downloading":
        return f"{done / 1e6:.0f} of {total / 1e6:.0f} MB"
    return f"{done} of {total} packages"
