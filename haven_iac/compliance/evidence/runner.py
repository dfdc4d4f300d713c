"""Runs a checker that the user supplies: its own copy, its own credential, its own folder, and an end in time."""

from __future__ import annotations

import contextlib
import hashlib
import os
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any

from haven_iac.compliance.evidence.model import Binary
from haven_iac.compliance.evidence.parse import MOST, clean
from haven_iac.compliance.evidence.releases import listed
from haven_iac.errors import EvidenceError

ARGUMENTS = ("check", "--output=json")
LARGEST = 512 * 2**20
"""Bytes of a binary that is run."""
PASSED = (
    *("PATH", "LANG", "LC_ALL", "TZ", "SSL_CERT_FILE", "SSL_CERT_DIR"),
    *(name for word in ("HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "ALL_PROXY") for name in (word, word.lower())),
)
"""What the checker sees of our environment; no credential for a cloud or for Pulumi is among it."""
SHOWN = 5
"""Last lines of what the checker said that an error repeats."""


@dataclass(frozen=True)
class Ran:
    """What a checker printed."""

    output: bytes
    """Its JSON."""
    binary: Binary


def run(
    checker: Path, kubeconfig: str, *, seconds: float, releases: Path | None = None, arguments: tuple[str, ...] = ()
) -> Ran:
    """Run a checker on a cluster and return what it printed.

    What is run is a copy, and its hash is taken of that copy, so that nobody can exchange it in between.

    Args:
        checker: the binary.
        kubeconfig: its text; lies in a file for its owner only, and is gone afterwards.
        seconds: how long it may take.
        releases: the checker's list of releases; its hash is not looked up when left out.
        arguments: after those that we give.

    Raises:
        EvidenceError: it is not in the list, cannot be run, took too long, or printed no result.
        KeyboardInterrupt: we were told to stop; the checker is ended first, and the credential is gone.
    """
    with _Stopping() as stopping, tempfile.TemporaryDirectory(prefix="haven-iac-checker-") as name:  # mode 0700
        folder = Path(name)
        copy, digest = _copied(checker, folder)
        binary = Binary(clean(checker.name, 100), digest, listed(releases, digest) if releases else "")
        secret = folder / "kubeconfig"
        descriptor = os.open(secret, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as out:
            out.write(kubeconfig)
        environment = {key: os.environ[key] for key in PASSED if key in os.environ}
        environment |= {"KUBECONFIG": str(secret), "HOME": name, "TMPDIR": name}
        stopping.heed()
        command = [str(copy), *ARGUMENTS, *arguments]
        output = _output(checker, command, folder, environment, seconds, stopping)
    return Ran(output, binary)


class _Stopping:
    """Notes that we are told to stop (Ctrl-C, or SIGTERM and SIGHUP as CI ends a job), to be heeded between two steps.

    An exception wherever the program happens to be could leave a checker behind that nobody knows of yet. What the
    caller has arranged itself, as nohup does, is left alone.
    """

    def __init__(self) -> None:
        self._told = False
        self._before: dict[signal.Signals, Any] = {}

    def __enter__(self) -> _Stopping:
        if threading.current_thread() is threading.main_thread():
            usual = (signal.SIG_DFL, signal.default_int_handler)
            known = {one: signal.getsignal(one) for one in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
            self._before = {one: handler for one, handler in known.items() if handler in usual}
            for one in self._before:
                signal.signal(one, self._tell)
        return self

    def __exit__(self, *_: object) -> None:
        for one, handler in self._before.items():
            signal.signal(one, handler)

    def _tell(self, number: int, frame: FrameType | None) -> None:
        self._told = True

    def heed(self) -> None:
        """Raise KeyboardInterrupt when we were told to stop."""
        if self._told:
            raise KeyboardInterrupt


def _copied(checker: Path, folder: Path) -> tuple[Path, str]:
    """Return a copy that only we can change, and its hash."""
    copy, hashed = folder / "haven", hashlib.sha256()
    try:
        if not checker.is_file() and checker.exists():
            raise EvidenceError(f"{checker} is no ordinary file", fix="give the path of its binary")
        if checker.stat().st_size > LARGEST:
            raise EvidenceError(f"{checker} is too large to be a checker", fix="give the path of its binary")
        with checker.open("rb") as source, copy.open("xb") as out:
            while block := source.read(2**20):
                hashed.update(block)
                out.write(block)
    except OSError as error:
        raise EvidenceError(f"{checker} cannot be read: {error.strerror}", fix="give the path of its binary") from None
    copy.chmod(0o700)
    return copy, hashed.hexdigest()


def _output(
    checker: Path,
    command: list[str],
    folder: Path,
    environment: Mapping[str, str],
    seconds: float,
    stopping: _Stopping,
) -> bytes:
    out, err = folder / "stdout", folder / "stderr"
    with out.open("wb") as stdout, err.open("wb") as stderr:
        try:
            process = subprocess.Popen(
                command,
                cwd=folder,
                env=dict(environment),
                stdin=subprocess.DEVNULL,
                stdout=stdout,
                stderr=stderr,
                start_new_session=True,
            )
        except OSError as error:
            fix = "give a checker for this machine, and see that its folder may hold programs"
            raise EvidenceError(f"{checker} cannot be run: {error.strerror}", fix=fix) from None
        try:
            _wait(process, out, checker, seconds, stopping)
        finally:
            _end(process)
    printed = out.read_bytes()[: MOST + 1]
    text = _json_in(printed)
    if not text:
        said = _last(err) or _last(out) or "nothing"
        what = f"{checker} ended with status {process.returncode} and printed no result; it said: {said}"
        raise EvidenceError(what, fix="run it by hand with --output=json to see more")
    return text


def _wait(process: subprocess.Popen[bytes], out: Path, checker: Path, seconds: float, stopping: _Stopping) -> None:
    deadline = time.monotonic() + seconds
    while process.poll() is None:
        stopping.heed()
        if time.monotonic() > deadline:
            raise EvidenceError(
                f"{checker} had not ended after {seconds:.0f} seconds, and was stopped",
                fix="give it longer with --checker-timeout; a run of Sonobuoy takes hours",
            )
        if out.stat().st_size > MOST:
            raise EvidenceError(f"{checker} printed more than {MOST} bytes, and was stopped", fix="is it the checker?")
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(0.1)


def _end(process: subprocess.Popen[bytes]) -> None:
    """End what the checker has left, itself included."""
    for kind, patience in ((signal.SIGTERM, 5.0), (signal.SIGKILL, 5.0)):
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, kind)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(patience)
            if kind is signal.SIGTERM and not _group_lives(process.pid):
                return


def _group_lives(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except (ProcessLookupError, PermissionError):
        return False
    return True


def _json_in(printed: bytes) -> bytes:
    """Return the result in what was printed: from the first line that opens a map to the last that closes one."""
    start = 0 if printed.startswith(b"{") else printed.find(b"\n{") + 1
    end = printed.rfind(b"}")
    opens = printed[start : start + 1] == b"{"
    return printed[start : end + 1] if opens and end > start else b""


def _last(file: Path) -> str:
    lines = [
        clean(line, 200) for line in file.read_bytes()[-4000:].decode(errors="replace").splitlines() if line.strip()
    ]
    return " / ".join(lines[-SHOWN:])
