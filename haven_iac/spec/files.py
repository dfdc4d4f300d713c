"""Reads `stacks/Pulumi.<stack>.yaml`, the profiles that it names and what was found of the cluster, and merges them."""

from __future__ import annotations

import os
from pathlib import Path

from haven_iac.errors import Problem
from haven_iac.project import Project
from haven_iac.spec.describe import nearest
from haven_iac.spec.problems import Code, dotted, kind, named_like_a_secret
from haven_iac.spec.reader import Reader
from haven_iac.spec.source import Node, merge

CLUSTER = "haven:cluster"
EXTENDS = "haven:extends"
SECURE = "secure"
_SET = "pulumi config set --secret haven:{name}"


class Files:
    """Reads the files of one stack and collects what is wrong with them."""

    def __init__(self, project: Project) -> None:
        self.project = project
        self.problems: list[Problem] = []
        self.secrets: frozenset[str] = frozenset()
        self.profiles: tuple[str, ...] = ()

    def read(self, stack: str) -> Node | None:
        """Return what is below `haven:cluster` with the profiles merged in, or None; see `problems` either way."""
        path = self.project.stack_file(stack)
        if not path.is_file():
            known = self.project.stack_names()
            close = nearest(stack, known)
            hint = f"did you mean {close}? " if close else ""
            listed = f"stacks here: {', '.join(known)}" if known else f"make one: `haven-iac new --stack {stack}`"
            self._add(
                Code.FILE, f"there is no stack {stack}: this file does not exist", f"{hint}{listed}", self.name(path)
            )
            return None
        root = self._map(path)
        config = self._config(root) if root else None
        if config is None:
            return None
        self._others(config)
        cluster = self._cluster(config)
        if cluster is None:
            return None
        cluster = self._extend(config, cluster)
        found = self._found(stack)
        return cluster if found is None else merge(found, cluster)

    def name(self, path: Path) -> str:
        """Return how messages call a file: as it is seen from the project's folder."""
        return os.path.relpath(path, self.project.root)

    def _map(self, path: Path) -> Node | None:
        name = self.name(path)
        try:
            data = path.read_bytes()
        except OSError as error:
            self._add(Code.FILE, f"cannot be read: {error.strerror}", "mend the file's permissions", name)
            return None
        reader = Reader(name)
        root = reader.read(data)
        self.problems += reader.problems
        if root is None and reader.problems:
            return None
        if root is None or root.value is None:
            self._add(Code.FILE, "the file is empty", "`haven-iac new --force` writes a new one", name)
            return None
        if not isinstance(root.value, dict):
            self._add(
                Code.FILE, f"the file holds {kind(root.value)}, and keys with values are needed", _SHAPE, name, root
            )
            return None
        return root

    def _config(self, root: Node) -> Node | None:
        config: Node | None = root.value.get("config")
        if config is None:
            stray = next((key for key in root.value if key.startswith("haven:") or key == "cluster"), None)
            close = nearest("config", list(root.value))
            fix = f"did you mean config instead of {close}?" if close else "start the file with `config:`"
            if stray:
                fix = f"put {stray} below `config:`"
            self._add(Code.MISSING, "`config` is missing", fix, root.file, root.value[stray] if stray else None)
        elif not isinstance(config.value, dict):
            self._add(
                Code.TYPE, f"needs keys with values, got {kind(config.value)}", _SHAPE, config.file, config, "config"
            )
        else:
            return config
        return None

    def _others(self, config: Node) -> None:
        """Look at every other key of the configuration: secrets that Pulumi holds, and mistakes."""
        held = set()
        for key, node in config.value.items():
            name = key.removeprefix("haven:")
            secure = isinstance(node.value, dict) and SECURE in node.value
            if key in (CLUSTER, EXTENDS):
                continue
            if secure and name != key:
                held.add(name)
            elif name != key or key in ("cluster", "extends"):
                self._stray(key, node)
        self.secrets = frozenset(held)

    def _stray(self, key: str, node: Node) -> None:
        close = nearest(key, [CLUSTER, EXTENDS, "cluster", "extends"])
        if close and not isinstance(node.value, str):
            fix = f"did you mean haven:{close.removeprefix('haven:')}?"
            self._add(Code.UNKNOWN, "this key is not known", fix, node.file, node, key)
            return
        what = (
            "a secret is written in clear"
            if named_like_a_secret(key)
            else "this key is not known, or a secret in clear"
        )
        name = key.removeprefix("haven:")
        self._add(Code.CLEAR_SECRET, what, f"take it out, then {_SET.format(name=name)}", node.file, node, key)

    def _cluster(self, config: Node) -> Node | None:
        cluster: Node | None = config.value.get(CLUSTER)
        if cluster is None:
            self._add(Code.MISSING, f"`{CLUSTER}` is missing", _SHAPE, config.file, config, "config")
        elif not isinstance(cluster.value, dict):
            what = f"needs keys with values, got {kind(cluster.value)}"
            self._add(Code.TYPE, what, "write the cluster below it, indented", cluster.file, cluster, CLUSTER)
        else:
            self._secure(cluster, ())
            return cluster
        return None

    def _secure(self, node: Node, path: tuple[str | int, ...]) -> None:
        """Refuse values that Pulumi encrypted in place."""
        if not isinstance(node.value, dict | list):
            return
        pairs = list(node.value.items()) if isinstance(node.value, dict) else list(enumerate(node.value))
        for key, inner in pairs:
            if isinstance(inner.value, dict) and set(inner.value) == {SECURE}:
                what = "secrets are named here, not written"
                fix = f"take it out, then {_SET.format(name='NAME')}, and write NAME where a secret is asked for"
                self._add(Code.CLEAR_SECRET, what, fix, inner.file, inner, dotted((*path, key)))
                del node.value[key]
            else:
                self._secure(inner, (*path, key))

    def _extend(self, config: Node, cluster: Node) -> Node:
        extends: Node | None = config.value.get(EXTENDS)
        if extends is None:
            return cluster
        entries = extends.value if isinstance(extends.value, list) else [extends]
        if not all(isinstance(entry.value, str) and entry.value for entry in entries):
            what = f"needs a list of profiles, got {kind(extends.value)}"
            fix = "write it as [profiles/production.yaml]"
            self._add(Code.TYPE, what, fix, extends.file, extends, EXTENDS)
            return cluster
        base: Node | None = None
        for entry in entries:
            profile = self._profile(entry)
            if profile is not None:
                base = profile if base is None else merge(base, profile)
        self.profiles = tuple(entry.value for entry in entries)
        return cluster if base is None else merge(base, cluster)

    def _found(self, stack: str) -> Node | None:
        """Return what `haven-iac detect` wrote of a cluster that exists; it lies below everything else."""
        path = self.project.found_file(stack)
        return self._map(path) if path.is_file() else None

    def _profile(self, entry: Node) -> Node | None:
        folder = self.project.stacks.resolve()
        path = (folder / entry.value).resolve()
        if not path.is_relative_to(self.project.root.resolve()):
            what, fix = f"the profile '{entry.value}' lies outside the project", "copy it to stacks/profiles"
            self._add(Code.FILE, what, fix, entry.file, entry, EXTENDS)
            return None
        if not path.is_file():
            known = sorted(str(found.relative_to(folder)) for found in folder.glob("profiles/*.yaml"))
            close = nearest(entry.value, known)
            fix = f"did you mean {close}?" if close else f"profiles here: {', '.join(known) or 'none'}"
            what = f"there is no profile '{entry.value}' below stacks/"
            self._add(Code.FILE, what, fix, entry.file, entry, EXTENDS)
            return None
        root = self._map(path)
        if root is None:
            return None
        for key in ("extends", EXTENDS):
            if key in root.value:
                fix = f"list every profile in the stack's own {EXTENDS}, the most general first"
                self._add(Code.FILE, "a profile cannot extend another", fix, root.file, root.value.pop(key), key)
        if wrong := next((key for key in ("config", CLUSTER) if key in root.value), None):
            what = "a profile holds what stands below haven:cluster, without anything around it"
            self._add(Code.FILE, what, f"take `{wrong}:` out and indent less", root.file, root.value.pop(wrong), wrong)
        self._secure(root, ())
        return root

    def _add(self, code: Code, what: str, fix: str, file: str, node: Node | None = None, path: str = "") -> None:
        self.problems.append(Problem(what, fix, code.value, file, node.line if node else 0, path))


_SHAPE = "write `config:`, below it `haven:cluster:`, and the cluster below that; `haven-iac new` makes an example"
