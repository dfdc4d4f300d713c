"""A project of its own for a test, driven with the real command as a user would."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import time
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import yaml

from haven_iac.kube import Kube, connect

ROOT = Path(__file__).parents[2]
COMMAND = [sys.executable, "-m", "haven_iac.cli.app"]


def commands_of(page: str) -> list[list[str]]:
    """Return the commands that a page of docs/ tells its reader to type, in its order."""
    blocks = re.findall(r"```sh\n(.*?)```", (ROOT / "docs" / page).read_text(), re.DOTALL)
    found = [shlex.split(line, comments=True) for block in blocks for line in block.splitlines()]
    return [words for words in found if words]


def typed(words: list[str], folder: Path) -> subprocess.CompletedProcess[str]:
    """Run a command of a page as its reader does; it has to work."""
    assert words[0] == "haven-iac"
    done = subprocess.run(
        [*COMMAND, *words[1:]], cwd=folder, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL
    )
    assert done.returncode == 0, f"{words}\n{done.stdout}\n{done.stderr}"
    return done


class Stack:
    """One project folder with one stack of one simulated cluster."""

    def __init__(self, folder: Path, name: str = "local") -> None:
        self.folder = folder
        self.name = name
        shutil.copy(ROOT / "Pulumi.yaml", folder)
        shutil.copytree(ROOT / "stacks", folder / "stacks", ignore=shutil.ignore_patterns("__pycache__"))
        (folder / "stacks" / "Pulumi.local.yaml").rename(self.file)

    @property
    def file(self) -> Path:
        return self.folder / "stacks" / f"Pulumi.{self.name}.yaml"

    @property
    def state(self) -> Path:
        return self.folder / ".haven-iac"

    def edit(self, **changes: Any) -> None:
        """Merge keys into `haven:cluster`."""
        document = yaml.safe_load(self.file.read_text())
        _merge(document["config"]["haven:cluster"], changes)
        self.file.write_text(yaml.safe_dump(document, sort_keys=False))

    def drop(self, *path: str) -> None:
        """Take one key out of `haven:cluster`."""
        document = yaml.safe_load(self.file.read_text())
        inner = document["config"]["haven:cluster"]
        for key in path[:-1]:
            inner = inner[key]
        del inner[path[-1]]
        self.file.write_text(yaml.safe_dump(document, sort_keys=False))

    def start(self, *args: str, **env: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [*COMMAND, *args, *(() if args[0] == "toolchain" else ("-s", self.name))],
            cwd=self.folder,
            env={**os.environ, "PYTHONWARNINGS": "default", **env},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, *args: str, expect: int = 0, **env: str) -> subprocess.CompletedProcess[str]:
        """Run one command to its end; its exit status has to be the expected one."""
        process = self.start(*args, **env)
        out, err = process.communicate(timeout=600)
        assert process.returncode == expect, f"{args}: exit {process.returncode}\n{out}\n{err}"
        assert "Traceback" not in out + err, out + err
        assert "compliant" not in (out + err).lower(), "there is no evidence here"
        return subprocess.CompletedProcess(args, process.returncode, out, err)

    def json(self, *args: str, expect: int = 0) -> Any:
        return json.loads(self.run(*args, "--json", expect=expect).stdout)

    def kube(self) -> AbstractContextManager[Kube]:
        """Give a connection to the cluster."""
        return connect(self.run("kubeconfig", "--ttl", "1h").stdout)

    def kill_when(self, phase: str, *args: str, number: int = signal.SIGKILL) -> None:
        """Start a command and kill it, and the engine with it, when it says that a phase has begun."""
        process = self.start(*args)
        assert process.stderr is not None
        said = []
        for line in process.stderr:
            said.append(line)
            if f" s] {phase}" in line:
                break
        else:
            out, _ = process.communicate()
            raise AssertionError(f"{phase!r} never began; exit {process.returncode}\n{out}\n{''.join(said)}")
        engine = self.engine()
        process.send_signal(number)
        if engine and number == signal.SIGKILL:
            os.kill(engine, number)
        process.communicate(timeout=120)

    def engine(self) -> int | None:
        """Return the pid of the engine that runs now."""
        try:
            return int(json.loads((self.state / f"{self.name}.run.json").read_text())["engine"])
        except (OSError, ValueError, KeyError):
            return None

    def processes(self) -> list[int]:
        """Return every process that works below this project."""
        found = []
        for entry in Path("/proc").iterdir():
            if entry.name.isdigit() and int(entry.name) != os.getpid():
                try:
                    cwd = os.readlink(entry / "cwd")
                except OSError:
                    continue
                if cwd.startswith(str(self.folder)):
                    found.append(int(entry.name))
        return found

    def remove(self) -> None:
        """End whatever a failed test has left."""
        for pid in self.processes():
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                continue
        time.sleep(0.1)
        shutil.rmtree(self.folder, ignore_errors=True)


def _merge(base: dict[str, Any], over: dict[str, Any]) -> None:
    for key, value in over.items():
        if isinstance(value, dict) and isinstance(base.get(key), dict):
            _merge(base[key], value)
        else:
            base[key] = value
