"""The engine as a child that is stopped by exactly one SIGINT, whatever ends us."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from pulumi.automation import CommandResult, PulumiCommand
from pulumi.automation.errors import create_command_error

OnOutput = Callable[[str], Any]


class Engine(PulumiCommand):
    """Runs `pulumi` in a session of its own, so that Ctrl-C reaches it once and through us."""

    def __init__(self, root: str) -> None:
        super().__init__(root=root, skip_version_check=True)
        self.pid: int | None = None
        self.interrupted = 0
        self.on_start: Callable[[int], None] | None = None
        """Is told the pid of each engine."""

    def run(
        self,
        args: list[str],
        cwd: str,
        additional_env: Mapping[str, str],
        on_output: OnOutput | None = None,
        on_error: OnOutput | None = None,
    ) -> CommandResult:
        """Run one command to its end and return what it printed.

        Raises:
            CommandError: it failed.
        """
        if "--non-interactive" not in args:
            args = ["--non-interactive", *args]
        env = {**os.environ, **additional_env, "PULUMI_AUTOMATION_API": "true"}
        with subprocess.Popen(
            [self.command, *args],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            cwd=cwd,
            env=env,
            encoding="utf-8",
            errors="replace",
            start_new_session=True,
        ) as process:
            self.pid = process.pid
            if self.on_start:
                self.on_start(process.pid)
            out, err = list[str](), list[str]()
            readers = [
                threading.Thread(target=_read, args=(process.stdout, out, on_output), daemon=True),
                threading.Thread(target=_read, args=(process.stderr, err, on_error), daemon=True),
            ]
            for reader in readers:
                reader.start()
            for reader in readers:
                reader.join()
            code = process.wait()
            self.pid = None
        result = CommandResult(stdout="\n".join(out), stderr="\n".join(err), code=code)
        if code:
            raise create_command_error(result)
        return result

    @contextmanager
    def stoppable(self, say: Callable[[str], None]) -> Iterator[None]:
        """Turn Ctrl-C, SIGTERM and SIGHUP into one SIGINT to the engine while it runs.

        The third Ctrl-C sends a second SIGINT, which makes the engine give up on what is in flight.
        """

        def stop(number: int, frame: object) -> None:
            self.interrupted += 1
            pid = self.pid
            if pid is None:
                raise KeyboardInterrupt
            if self.interrupted == 1:
                say("stopping: waiting for what is in flight; nothing new is started")
                os.kill(pid, signal.SIGINT)
            elif self.interrupted == 2:
                say("still waiting; once more gives up on what is in flight, and the next run will recover it")
            else:
                os.kill(pid, signal.SIGINT)

        before = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)


def _read(stream: Any, lines: list[str], tell: OnOutput | None) -> None:
    for line in stream:
        text = line.rstrip()
        lines.append(text)
        if tell:
            tell(text)
    stream.close()
