"""A document as a tree that knows where every value was written; nothing here knows what a cluster is."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from haven_iac.spec.problems import Path


@dataclass(slots=True)
class Node:
    """One value and where it stands."""

    value: Any
    """A plain scalar, a dict of nodes or a list of nodes."""
    file: str
    line: int
    """Line of its key, or of itself in a list."""
    raw: str = ""
    """A scalar as it was written."""
    size: int = 1
    """Values in it, itself included, with aliases written out."""
    depth: int = 1
    """Levels in it, itself included."""

    def plain(self) -> Any:
        """Return the value without places."""
        if isinstance(self.value, dict):
            return {key: node.plain() for key, node in self.value.items()}
        if isinstance(self.value, list):
            return [node.plain() for node in self.value]
        return self.value

    def get(self, part: str | int) -> Node | None:
        """Return the node one step down, or None."""
        if isinstance(self.value, dict):
            return self.value.get(part)
        if isinstance(self.value, list) and isinstance(part, int) and part < len(self.value):
            found: Node = self.value[part]
            return found
        return None


@dataclass(frozen=True, slots=True)
class Source:
    """Where every value of one document was written."""

    root: Node

    def locate(self, path: Path) -> tuple[str, int]:
        """Return the file and line of a path, or of the nearest part of it that was written."""
        node = self._nearest(path)[0]
        return node.file, node.line

    def raw(self, path: Path) -> str:
        """Return the text of a scalar as it was written; empty when the path was not written."""
        node, rest = self._nearest(path)
        return "" if rest else node.raw

    def _nearest(self, path: Path) -> tuple[Node, int]:
        node = self.root
        for position, part in enumerate(path):
            below = node.get(part)
            if below is None:
                return node, len(path) - position
            node = below
        return node, 0


def merge(base: Node, top: Node) -> Node:
    """Return `top` laid over `base`: maps merge by key, lists and scalars are replaced.

    A key with nothing behind it takes away what the base said.
    """
    if not isinstance(base.value, dict) or not isinstance(top.value, dict):
        return top
    merged = dict(base.value)
    for key, node in top.value.items():
        if key in merged and node.value is None:
            del merged[key]
        else:
            merged[key] = merge(merged[key], node) if key in merged else node
    return replace(top, value=merged)
