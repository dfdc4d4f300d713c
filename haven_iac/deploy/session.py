"""One stack with the engine ready: preview, up, refresh, destroy, outputs."""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Callable, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from haven_iac.deploy import backend, locks, orphans
from haven_iac.deploy.engine_said import engine_error
from haven_iac.deploy.failures import failed
from haven_iac.deploy.recovery import Recovered, half_made, recover
from haven_iac.deploy.tracker import Tracker
from haven_iac.errors import DeployError, ExitCode, HavenError, StackLockedError
from haven_iac.interrupted import MARK
from haven_iac.prepare import Prepared
from haven_iac.project import Project

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pulumi.automation import Stack

    from haven_iac.toolchain import Tools

Say = Callable[[str], None]

PARALLEL = 24
"""Resources that are worked on at once: nearly all of that is waiting for a cloud, whatever this machine's cores."""


class Interrupted(HavenError):
    """The user stopped a run; the state is whole."""

    code = "HVN304"
    exit_code = ExitCode.INTERRUPTED


class Session:
    """One stack of one project; nothing is created before it is asked for.

    Args:
        project: the folder with Pulumi.yaml.
        stack: name of the stack.
        tools: the engine and its plugins.
        say: is told, once each, what a user should know.
    """

    def __init__(self, project: Project, stack: str, tools: Tools, say: Say) -> None:
        from haven_iac.deploy.engine import Engine

        self.project = project
        self.name = stack
        self._say = say
        self._tools = tools
        self._engine = Engine(str(tools.bin.parent))
        self._env: dict[str, str] = {}
        self._mark = orphans.new_mark()
        self._program: Callable[[], None] | None = None
        self._kubeconfig = ""

    # Reading

    def exists(self) -> bool:
        """Return whether the stack has been made."""
        if not backend.configured(self.project) and not backend.own_state(self.project).is_dir():
            return False
        listed = json.loads(self._run("stack", "ls", "--json"))
        return any(one["name"].rpartition("/")[2] == self.name for one in listed)

    def outputs(self) -> dict[str, Any]:
        """Return the stack's outputs, secrets in clear; keep them out of logs."""
        found: dict[str, Any] = json.loads(self._run("stack", "output", "--json", "--show-secrets", *self._which))
        return found

    def secret(self, name: str) -> str:
        """Return a secret of the stack's configuration, in clear; keep it out of logs."""
        return self._run("config", "get", f"haven:{name}", *self._which).strip("\n")

    def export(self) -> dict[str, Any]:
        """Return the state; secrets stay encrypted."""
        found: dict[str, Any] = json.loads(self._run("stack", "export", *self._which))
        return found

    def resources(self) -> int:
        """Return how many resources the state holds, the stack itself not counted."""
        found = (self.export().get("deployment") or {}).get("resources") or []
        return sum(1 for one in found if one["type"] != "pulumi:pulumi:Stack")

    # Changing

    def preview(self, ready: Prepared, tracker: Tracker) -> dict[str, int]:
        """Return what `up` would do: number of resources by operation."""
        half = self._told_half(half_made(self._exported()))
        with self._at_work("preview", tracker, ready, program=True) as stack:
            stack.preview(on_event=tracker.on_event, color="never", parallel=PARALLEL, replace=half)
        return tracker.changes

    def up(self, ready: Prepared, tracker: Tracker) -> None:
        """Make the cluster as planned.

        Raises:
            UpdateFailedError: something failed; the rest is recorded and the next run goes on from there.
            StackLockedError: another run holds the stack.
        """
        half = self._told_half(self.recover(ready).half)
        with self._at_work("update", tracker, ready, program=True) as stack:
            stack.up(on_event=tracker.on_event, color="never", show_secrets=False, parallel=PARALLEL, replace=half)

    def refresh(self, ready: Prepared, tracker: Tracker) -> None:
        """Read what really exists into the state."""
        self.recover(ready)
        with self._at_work("refresh", tracker, ready) as stack:
            stack.refresh(on_event=tracker.on_event, color="never", show_secrets=False, parallel=PARALLEL)

    def destroy(self, ready: Prepared, tracker: Tracker) -> None:
        """Remove the cluster, the stack, and what this machine kept of it."""
        self.recover(ready)
        with self._at_work("destroy", tracker, ready) as stack:
            stack.destroy(on_event=tracker.on_event, color="never", show_secrets=False, parallel=PARALLEL)
            stack.workspace.remove_stack(self.name, preserve_config=True)
        backend.clean(self.project, self.name)
        self._env = {}

    def recover(self, ready: Prepared) -> Recovered:
        """Settle what a killed run has left: its lock, and operations that were not recorded."""
        self._unlock()
        state = self._exported()
        if not (state.get("deployment") or {}).get("pending_operations"):
            return Recovered(half=half_made(state))
        builder = ready.cloud.builder(str(self.project.root))
        done = recover(state, partial(builder.find, ready.plan))
        done.half = half_made(state)
        self._import(state)
        if done.adopted:
            # What the cloud says of them, such as their addresses, is not known yet.
            targets = [word for urn in done.adopted for word in ("--target", urn)]
            self._run("refresh", "--yes", "--skip-preview", *targets, *self._which)
        what = f"adopted {len(done.adopted)}, will do {len(done.dropped)} again"
        self._say(f"an earlier run was cut short; recovered its {len(done.adopted + done.dropped)} operations: {what}")
        return done

    # How

    def _told_half(self, half: list[str]) -> list[str] | None:
        """Say what has to be made anew, and return it as the engine takes it."""
        if half:
            names = ", ".join(urn.rpartition("::")[2] for urn in half)
            self._say(f"an earlier run could not finish {names}: made anew")
        return half or None

    @property
    def _which(self) -> tuple[str, ...]:
        return ("--stack", self.name)

    def _environment(self) -> dict[str, str]:
        if not self._env:
            backend.forget_stale_salt(self.project, self.name)
            self._env = {**backend.environment(self.project, self._tools, self._say), MARK: self._mark}
        return self._env

    def _run(self, *args: str) -> str:
        from pulumi.automation.errors import CommandError

        try:
            return self._engine.run([*args], str(self.project.root), self._environment()).stdout
        except CommandError as error:
            raise engine_error(str(error), args[0]) from None

    def _open(self) -> Stack:
        from pulumi.automation import LocalWorkspace, Stack

        workspace = LocalWorkspace(
            work_dir=str(self.project.root),
            env_vars=self._environment(),
            pulumi_command=self._engine,
            program=self._program,
        )
        return Stack.create_or_select(self.name, workspace)

    @contextmanager
    def _at_work(self, kind: str, tracker: Tracker, ready: Prepared, *, program: bool = False) -> Iterator[Stack]:
        """Give the stack while the engine may run; one Ctrl-C stops it cleanly."""
        from pulumi.automation.errors import CommandError, ConcurrentUpdateError

        self._program = self._runs(ready) if program else None
        pid_file = self.project.state / f"{self.name}.run.json"
        with self._private_environment(), self._engine.stoppable(self._say):
            try:
                stack = self._open()
                self._engine.on_start = lambda pid: _note(pid_file, kind, pid, self._mark)
                yield stack
            except ConcurrentUpdateError:
                self._unlock()
                raise StackLockedError("another run has just taken the stack", fix="run this again") from None
            except CommandError as error:
                if self._engine.interrupted:
                    raise Interrupted(
                        f"stopped during {kind}; what was in flight was finished and recorded",
                        fix="run the same command again to go on",
                    ) from None
                if not tracker.failures:
                    raise engine_error(str(error), kind) from None
                explain = partial(ready.cloud.builder(str(self.project.root)).explain, ready.plan)
                raise failed(kind, tracker, ready.plan, self._kubeconfig, explain) from None
            finally:
                self._engine.on_start = None
                pid_file.unlink(missing_ok=True)
                shutil.rmtree(self.project.state / "tmp", ignore_errors=True)

    def _runs(self, ready: Prepared) -> Callable[[], None]:
        """Return the program; it keeps the kubeconfig as soon as that is known, to ask the cluster why it failed."""

        def run() -> None:
            import pulumi

            from haven_iac import program

            program.gate(ready)
            outputs = program.build(ready)
            outputs["kubeconfig"].apply(self._keep)
            for name, value in outputs.items():
                pulumi.export(name, value)

        return run

    def _keep(self, kubeconfig: str) -> None:
        self._kubeconfig = kubeconfig

    @contextmanager
    def _private_environment(self) -> Iterator[None]:
        """Let the program, which runs in this process, see what the engine sees."""
        (self.project.state / "tmp").mkdir(mode=0o700, parents=True, exist_ok=True)
        before = dict(os.environ)
        os.environ.update(self._environment())
        try:
            yield
        finally:
            os.environ.clear()
            os.environ.update(before)

    def _unlock(self) -> None:
        url = self._environment().get("PULUMI_BACKEND_URL") or os.environ.get("PULUMI_BACKEND_URL", "")
        left = _dead_run(self.project.state / f"{self.name}.run.json")
        if found := locks.locks(url, _project_name(self.project), self.name):
            locks.clear_stale(found, left.get("engine"), self._say)
        if left and (count := orphans.end(left["mark"])):
            self._say(f"ended {count} processes that an earlier run had left")

    def _exported(self) -> dict[str, Any]:
        return self.export() if self.exists() else {}

    def _import(self, state: Mapping[str, Any]) -> None:
        file = self.project.state / f".{self.name}.recovered.json"
        try:
            with open(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as out:
                json.dump(state, out)
            self._run("stack", "import", "--file", str(file), *self._which)
        finally:
            file.unlink(missing_ok=True)


def _project_name(project: Project) -> str:
    found = re.search(r"^name:\s*['\"]?([\w.-]+)", (project.root / "Pulumi.yaml").read_text(), re.MULTILINE)
    if not found:
        raise DeployError(f"{project.root / 'Pulumi.yaml'} has no name", fix="write `name: haven` into it")
    return found[1]


def _note(file: Path, kind: str, pid: int, mark: str) -> None:
    file.write_text(json.dumps({"kind": kind, "pid": os.getpid(), "engine": pid, "mark": mark}))


def _dead_run(file: Path) -> dict[str, Any]:
    """Return what was noted of a run whose command is dead; empty when there is none."""
    try:
        data: dict[str, Any] = json.loads(file.read_text())
        alive = Path(f"/proc/{int(data['pid'])}").exists()
        return {} if alive else {"engine": int(data["engine"]), "mark": str(data["mark"])}
    except (OSError, ValueError, KeyError):
        return {}
