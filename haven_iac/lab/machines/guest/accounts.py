"""Users and groups of a machine, in its own /etc/passwd and /etc/group."""

from __future__ import annotations

from collections.abc import Sequence

from haven_iac.lab.machines.guest.browser import Result
from haven_iac.lab.machines.guest.root import Root

_WITH_VALUE = frozenset(
    (
        *("-g", "--gid", "-u", "--uid", "-s", "--shell", "-d", "--home", "--home-dir", "-c", "--comment"),
        *("-G", "--groups", "--gecos", "--ingroup"),
    )
)
"""Options that take a word after them."""


def names(root: Root, file: str = "/etc/passwd") -> set[str]:
    """Return the users, or groups, that a machine knows."""
    return {line.partition(":")[0] for line in root.text(file).splitlines() if line}


def add_user(root: Root, name: str, shell: str = "/bin/bash") -> bool:
    """Add a user and a group of that name; return whether there was none."""
    if name in names(root):
        return False
    number = 900 + len(names(root))
    root.write("/etc/passwd", f"{root.text('/etc/passwd')}{name}:x:{number}:{number}::/home/{name}:{shell}\n")
    add_group(root, name)
    return True


def add_group(root: Root, name: str) -> bool:
    """Add a group; return whether there was none."""
    known = names(root, "/etc/group")
    if name in known:
        return False
    root.write("/etc/group", f"{root.text('/etc/group')}{name}:x:{900 + len(known)}:\n")
    return True


def run(root: Root, command: str, words: Sequence[str]) -> Result:
    """Do what useradd, groupadd and their like do."""
    plain, shell, todo = [], "/bin/sh", list(words)
    while todo:
        word = todo.pop(0)
        if word in _WITH_VALUE and todo:
            value = todo.pop(0)
            shell = value if word in ("-s", "--shell") else shell
        elif word.startswith("--shell="):
            shell = word.partition("=")[2]
        elif not word.startswith("-"):
            plain.append(word)
    if not plain:
        return Result(2, b"", f"Usage: {command} [options] LOGIN\n".encode())
    if command in ("groupadd", "addgroup"):
        made, kind = add_group(root, plain[-1]), "group"
    elif command == "usermod":
        made, kind = True, "user"
    else:
        made, kind = add_user(root, plain[0], shell), "user"
    return Result() if made else Result(9, b"", f"{command}: {kind} '{plain[-1]}' already exists\n".encode())
