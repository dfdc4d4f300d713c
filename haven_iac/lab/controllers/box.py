"""A root of its own for a container whose program has to find its files where its image and its pod put them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

SCRIPT = Path(__file__).with_name("box.sh")
ACCOUNT = "/var/run/secrets/kubernetes.io/serviceaccount"
"""Where a container finds what its ServiceAccount may do."""
LAST_WORDS = "dev/termination-log"
"""What a program that ends says to its kubelet."""

_DEVICES = ("null", "zero", "random", "urandom")
_OF_SYSTEM = ("/etc/ssl", "/etc/resolv.conf", "/etc/hosts")


class Box:
    """The root of one container.

    Args:
        folder: for it.
        program: on this machine; statically linked, as nothing else is in the root.
        path: of the program inside.
    """

    def __init__(self, folder: Path, program: str, path: str) -> None:
        self.folder, self._program, self._path = folder, program, path

    def command(self, words: Sequence[str], mounts: Mapping[str, str]) -> list[str]:
        """Make the folders, and return the command that runs the program inside.

        Args:
            words: of the program.
            mounts: path inside, to a file or folder on this machine; a later one may lie below an earlier one.
        """
        for name in ("tmp", "dev", "proc"):
            (self.folder / name).mkdir(mode=0o700, parents=True, exist_ok=True)
        (self.folder / LAST_WORDS).touch()
        every = {f"/dev/{name}": f"/dev/{name}" for name in _DEVICES}
        every |= {path: path for path in _OF_SYSTEM if Path(path).exists()}
        every |= {self._path: self._program, **mounts}
        pairs: list[str] = []
        for inside, source in every.items():
            self._place(inside, Path(source), mounts)
            pairs += [source, inside]
        return ["unshare", "--mount", "--", "/bin/sh", str(SCRIPT), str(self.folder), *pairs, "--", self._path, *words]

    def last_words(self) -> str:
        """Return what the program said at its end."""
        try:
            return (self.folder / LAST_WORDS).read_text(errors="replace")[:4096].strip()
        except OSError:
            return ""

    def _place(self, inside: str, source: Path, mounts: Mapping[str, str]) -> None:
        """Make what a mount goes over, in the folder that will be seen there."""
        above = max((one for one in mounts if inside.startswith(f"{one}/")), key=len, default="")
        target = Path(mounts[above]) / inside.removeprefix(f"{above}/") if above else self.folder / inside[1:]
        if source.is_dir():
            target.mkdir(parents=True, exist_ok=True)
        else:
            target.parent.mkdir(parents=True, exist_ok=True)
            target.touch()
