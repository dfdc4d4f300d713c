"""What the engine's events mean to a person: phases, what is done, what runs, what failed, where the time went."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from haven_iac.clouds.base import TOLD

if TYPE_CHECKING:
    from pulumi.automation import EngineEvent

PHASES = {
    "haven:index:Keys": "keys",
    "haven:index:Network": "network",
    "haven:index:ApiEndpoint": "api endpoint",
    "haven:index:CloudAccess": "cloud access",
    "haven:index:ControlPlane": "control plane",
    "haven:index:Machines": "machines",
    "haven:index:NodePool": "nodes",
    "haven:index:Leftovers": "leftovers",
    "haven:index:Platform": "platform",
}
"""Component to the phase that its children belong to."""

_ADD_ON = "haven:index:AddOn"
_TAGS = re.compile(r"<\{%.*?%\}>|\x1b\[[0-9;]*m")
_WORK = {
    "create",
    "update",
    "delete",
    "replace",
    "create-replacement",
    "delete-replaced",
    "import",
    "read",
    "refresh",
}


@dataclass
class Step:
    """One resource on its way."""

    urn: str
    phase: str
    op: str
    started: float
    """Seconds since the run began."""
    ended: float | None = None

    @property
    def name(self) -> str:
        """Return the resource's own name."""
        return self.urn.rpartition("::")[2]

    @property
    def type(self) -> str:
        """Return the resource's own type."""
        return type_of(self.urn)


@dataclass(frozen=True)
class Failure:
    """What the engine said about something that went wrong."""

    urn: str
    message: str

    @property
    def subject(self) -> str:
        """Return type and name of the resource, or an empty text."""
        if not self.urn or type_of(self.urn) == "pulumi:pulumi:Stack":
            return ""
        return f"{type_of(self.urn)} {self.urn.rpartition('::')[2]}"


class Watcher(Protocol):
    """Shows a run to somebody."""

    def phase(self, name: str) -> None:
        """A phase has begun."""

    def moved(self, tracker: Tracker) -> None:
        """Something was begun or finished."""

    def note(self, text: str) -> None:
        """Say something."""


def type_of(urn: str) -> str:
    """Return the type in a URN, without its parents'."""
    parts = urn.split("::")
    return parts[2].rpartition("$")[2] if len(parts) > 2 else ""


def plain(text: str) -> str:
    """Return a message of the engine without colours, in as few lines as it needs."""
    lines = [line.rstrip() for line in _TAGS.sub("", text).strip().splitlines()]
    return "\n".join(line for line in lines if line)


@dataclass
class Tracker:
    """Follows one run; events may come from any thread."""

    watcher: Watcher
    expected: int = 0
    """About how many resources there are; never shown as less than what was seen."""
    clock: Callable[[], float] = time.monotonic
    steps: dict[str, Step] = field(default_factory=dict)
    failures: list[Failure] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    """What resources told while they were at work."""
    changes: dict[str, int] = field(default_factory=dict)
    """Resources by what the engine did, or would do, with them."""

    def __post_init__(self) -> None:
        self._began = self.clock()
        self._lock = threading.Lock()
        self._seen: list[str] = []
        self._parents: dict[str, str] = {}

    @property
    def seconds(self) -> float:
        """Return how long the run takes so far."""
        return self.clock() - self._began

    @property
    def done(self) -> int:
        """Return how many resources are as they should be."""
        return sum(1 for step in self.steps.values() if step.ended is not None)

    @property
    def total(self) -> int:
        """Return how many resources there are, as far as is known."""
        return max(self.expected, len(self.steps))

    @property
    def running(self) -> list[Step]:
        """Return what is being worked on, longest first."""
        busy = [step for step in list(self.steps.values()) if step.ended is None]
        return sorted(busy, key=lambda step: step.started)

    @property
    def changed(self) -> bool:
        """Return whether anything was, or would be, changed."""
        return any(count for op, count in self.changes.items() if op != "same")

    def times(self) -> dict[str, tuple[float, float, int]]:
        """Return when each phase began and ended, in seconds, and how many resources it worked on."""
        found: dict[str, tuple[float, float, int]] = {}
        for step in self.steps.values():
            if step.op not in _WORK or step.ended is None or not step.phase:
                continue
            name = step.phase.partition(":")[0]
            begin, end, count = found.get(name, (step.started, step.ended, 0))
            found[name] = (min(begin, step.started), max(end, step.ended), count + 1)
        return found

    def place(self, urn: str) -> str:
        """Return the phase that a resource belongs to; empty when it was never begun."""
        step = self.steps.get(urn)
        return step.phase if step else self._phase(urn)

    def on_event(self, event: EngineEvent) -> None:
        """Take in one event of the engine."""
        with self._lock:
            self._take(event)

    def _take(self, event: EngineEvent) -> None:
        if found := event.resource_pre_event:
            state = found.metadata.new or found.metadata.old
            self._parents[found.metadata.urn] = getattr(state, "parent", "") or ""
            self._begin(found.metadata.urn, str(getattr(found.metadata.op, "value", found.metadata.op)))
        elif ended := event.res_outputs_event:
            self._end(ended.metadata.urn)
        elif failed := event.res_op_failed_event:
            self._end(failed.metadata.urn)
        elif said := event.diagnostic_event:
            self._said(said.urn or "", said.severity, plain(said.message))
        elif summary := event.summary_event:
            self.changes = {str(getattr(op, "value", op)): n for op, n in summary.resource_changes.items()}

    def _begin(self, urn: str, op: str) -> None:
        step = Step(urn, self._phase(urn), op, self.seconds)
        self.steps[urn] = step
        if op in _WORK and step.phase and step.phase not in self._seen:
            self._seen.append(step.phase)
            self.watcher.phase(step.phase)
        self.watcher.moved(self)

    def _end(self, urn: str) -> None:
        if step := self.steps.get(urn):
            step.ended = self.seconds
        self.watcher.moved(self)

    def _said(self, urn: str, severity: str, message: str) -> None:
        if not message:
            return
        if severity == "error":
            message = message.removeprefix("an unhandled error occurred: ")
            if not any(failure.message == message for failure in self.failures):
                self.failures.append(Failure(urn, message))
        elif severity == "warning":
            self.warnings.append(message)
        elif message.startswith(TOLD):
            self.notes.append(message.removeprefix(TOLD))
            self.watcher.note(self.notes[-1])

    def _phase(self, urn: str) -> str:
        chain = urn.split("::")[2].split("$") if urn.count("::") > 2 else []
        phase = next((PHASES[part] for part in chain if part in PHASES), "")
        if phase != "platform":
            return phase
        return f"platform: {slot}" if (slot := self._slot(urn)) else phase

    def _slot(self, urn: str) -> str:
        while urn and type_of(urn) != _ADD_ON:
            urn = self._parents.get(urn, "")
        return urn.rpartition("-platform-")[2] if urn else ""
