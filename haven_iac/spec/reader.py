"""YAML into a tree, read so that each YAML reader would understand it alike.

Events are turned into a tree without recursion, with limits on size, depth and aliases, so that no file can
exhaust the machine.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import yaml
from yaml.constructor import SafeConstructor
from yaml.resolver import Resolver

from haven_iac.errors import Problem
from haven_iac.spec.problems import Code
from haven_iac.spec.source import Node

LARGEST = 1_000_000
"""Bytes of one file."""
DEEPEST = 40
"""Levels of nesting."""
MOST = 20_000
"""Values in one file, with aliases written out."""

_AMBIGUOUS = re.compile(
    r"(?i)(?P<bool>yes|no|on|off)|(?P<octal>[-+]?0[0-7_]+)|(?P<clock>[-+]?\d[\d_]*(:[0-5]?\d)+(\.\d*)?)"
)
_BOOL = {"yes": "true", "on": "true", "no": "false", "off": "false"}
_PREFIX = "tag:yaml.org,2002:"
_PLAIN = {"str", "int", "float", "bool", "null", "timestamp", "map", "seq", "merge"}
_MERGE = "<< "
"""Stands for an unquoted `<<`; no plain key ends in a space."""
_Loader: type[Any] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_constructor = SafeConstructor()
_resolver = Resolver()


@dataclass
class _Frame:
    """A list or map that is still open."""

    node: Node
    anchor: str | None
    keys: dict[str, int] = field(default_factory=dict)
    merges: list[Node] = field(default_factory=list)
    key: Node | None = None


class _Stop(Exception):
    """The rest of the file cannot be read."""


class Reader:
    """Reads one file into a tree and collects what is wrong with it."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.problems: list[Problem] = []
        self._anchors: dict[str, Node] = {}
        self._count = 0

    def read(self, data: bytes) -> Node | None:
        """Return the tree, or None when there is none; see `problems` either way."""
        try:
            if len(data) > LARGEST:
                raise self._stop(
                    0, f"the file has {len(data)} bytes", f"{LARGEST} is the most; one file is one cluster"
                )
            return self._build(self._events(self._decode(data)))
        except _Stop:
            return None

    def _decode(self, data: bytes) -> str:
        try:
            return data.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            line = data.count(b"\n", 0, error.start) + 1
            raise self._stop(line, "the file is not UTF-8 from here on", "save it as UTF-8") from None

    def _events(self, text: str) -> Iterator[Any]:
        try:
            yield from yaml.parse(text, Loader=_Loader)
        except yaml.MarkedYAMLError as error:
            mark = error.problem_mark or error.context_mark
            line = mark.line + 1 if mark else 0
            raise self._stop(line, *_plain_syntax(error, text, line)) from None
        except yaml.YAMLError as error:
            found = re.search(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]", text)
            line = text.count("\n", 0, found.start()) + 1 if found else 0
            what = "there is a control character here" if found else f"this is no YAML: {str(error).splitlines()[0]}"
            raise self._stop(line, what, "take it out") from None

    def _build(self, events: Iterator[Any]) -> Node | None:
        stack: list[_Frame] = []
        root: Node | None = None
        documents = 0
        for event in events:
            match type(event).__name__:
                case "DocumentStartEvent":
                    documents += 1
                    if documents > 1:
                        line = event.start_mark.line + 1
                        raise self._stop(line, "a second document starts here", "keep one, without `---` in between")
                    continue
                case "ScalarEvent":
                    node = self._scalar(event, is_key=bool(stack) and _wants_key(stack[-1]))
                case "AliasEvent":
                    node = self._alias(event)
                case "SequenceStartEvent" | "MappingStartEvent":
                    stack.append(self._open(event, len(stack)))
                    continue
                case "SequenceEndEvent" | "MappingEndEvent":
                    node = self._close(stack.pop())
                case _:
                    continue
            if stack:
                self._add(stack[-1], node)
            else:
                root = node
        return root

    def _open(self, event: Any, depth: int) -> _Frame:
        line = event.start_mark.line + 1
        if depth >= DEEPEST:
            raise self._stop(line, f"this is nested more than {DEEPEST} levels deep", "no description needs that")
        is_map = type(event).__name__ == "MappingStartEvent"
        self._known_tag(event.tag, "map" if is_map else "seq", line)
        return _Frame(Node({} if is_map else [], self.file, line), event.anchor)

    def _close(self, frame: _Frame) -> Node:
        node = frame.node
        for other in reversed(frame.merges):
            for key, value in other.value.items():
                node.value.setdefault(key, value)
        below = node.value.values() if isinstance(node.value, dict) else node.value
        node.size = 1 + sum(child.size for child in below)
        node.depth = 1 + max((child.depth for child in below), default=0)
        if frame.anchor:
            self._anchors[frame.anchor] = node
        return node

    def _add(self, frame: _Frame, node: Node) -> None:
        self._grow(node.line, 1)
        if isinstance(frame.node.value, list):
            frame.node.value.append(node)
        elif frame.key is None:
            frame.key = self._as_key(node)
        else:
            key, frame.key = frame.key, None
            if key.value == _MERGE:
                self._merge_key(frame, node)
            elif key.value in frame.keys:
                what = f"the key '{key.value}' is there twice, first on line {frame.keys[key.value]}"
                self._complain(key.line, what, "keep one of the two")
            else:
                frame.keys[key.value] = key.line
                frame.node.value[key.value] = replace(node, line=key.line)

    def _as_key(self, node: Node) -> Node:
        if isinstance(node.value, str):
            return node
        what = (
            "a list or map is used as a key"
            if isinstance(node.value, dict | list)
            else f"the key {node.raw} is no text"
        )
        self._complain(node.line, what, f'write it in quotes: "{node.raw}"' if node.raw else "use a plain word")
        return Node(f"{node.raw} on line {node.line}", node.file, node.line)

    def _merge_key(self, frame: _Frame, node: Node) -> None:
        parts = node.value if isinstance(node.value, list) else [node]
        if not all(isinstance(part.value, dict) for part in parts):
            self._complain(
                node.line, "`<<` merges something that is no map", "give it an alias of a map, as in `<<: *base`"
            )
            return
        frame.merges.extend(reversed(parts))

    def _scalar(self, event: Any, *, is_key: bool) -> Node:
        text, line = event.value, event.start_mark.line + 1
        tag = event.tag
        if tag in (None, "!"):
            tag = _resolver.resolve(yaml.ScalarNode, text, event.implicit)  # type: ignore[no-untyped-call]
        self._known_tag(tag, None, line)
        node = Node(text, self.file, line, text)
        name = tag.removeprefix(_PREFIX)
        if event.implicit[0] and (found := _AMBIGUOUS.fullmatch(text)):
            self._complain(line, *_ambiguity(found, is_key=is_key))
        elif name == "merge" and is_key:
            node.value = _MERGE
        elif name in ("int", "float", "bool", "null"):
            node.value = self._number(name, text, line)
        if event.anchor:
            self._anchors[event.anchor] = node
        return node

    def _number(self, name: str, text: str, line: int) -> Any:
        try:
            value = getattr(_constructor, f"construct_yaml_{name}")(yaml.ScalarNode(_PREFIX + name, text))
            if not isinstance(value, float) or math.isfinite(value):
                return value
        except (ValueError, LookupError, OverflowError):
            pass
        self._complain(line, f"'{text[:40]}' is no value that can be used", "write it in quotes if it is meant as text")
        return text

    def _alias(self, event: Any) -> Node:
        line = event.start_mark.line + 1
        node = self._anchors.get(event.anchor)
        if node is None:
            raise self._stop(
                line, f"the alias *{event.anchor} has no anchor before it", f"define &{event.anchor} first"
            )
        self._grow(line, node.size)
        if node.depth > DEEPEST:
            raise self._stop(
                line, f"the aliases here nest more than {DEEPEST} levels deep", "no description needs that"
            )
        return node

    def _grow(self, line: int, by: int) -> None:
        self._count += by
        if self._count > MOST:
            raise self._stop(line, f"there are more than {MOST} values up to here", "no description needs that")

    def _known_tag(self, tag: str | None, name: str | None, line: int) -> None:
        if tag in (None, "!"):
            return
        short = str(tag).removeprefix(_PREFIX)
        if short not in _PLAIN or (name and short != name):
            self._complain(line, f"the tag {tag} is not understood here", "take the tag out")

    def _complain(self, line: int, what: str, fix: str) -> None:
        self.problems.append(Problem(what, fix, Code.YAML, self.file, line))

    def _stop(self, line: int, what: str, fix: str) -> _Stop:
        self._complain(line, what, fix)
        return _Stop()


def _wants_key(frame: _Frame) -> bool:
    return isinstance(frame.node.value, dict) and frame.key is None


def _ambiguity(found: re.Match[str], *, is_key: bool) -> tuple[str, str]:
    text = found[0]
    if found["bool"]:
        plain = "" if is_key else f"write {_BOOL[text.lower()]}, or "
        return f"{text} is true or false to one YAML reader and text to another", f'{plain}put it in quotes: "{text}"'
    if found["octal"]:
        return (
            f"{text} is octal to one YAML reader and decimal to another",
            f'write {text.lstrip("0") or 0} or "{text}"',
        )
    return f"{text} is a number in base 60 to one YAML reader and text to another", f'put it in quotes: "{text}"'


_SYNTAX = (
    ("cannot start any token", "a {found} cannot stand here", "put the value in quotes"),
    ("mapping values are not allowed", "a colon cannot stand here", "put the value in quotes, or mend the indentation"),
    ("could not find expected ':'", "a key without a colon stands here or on the line above", "write `key: value`"),
    ("did not find expected key", "the indentation does not fit the lines above", "line it up with its neighbours"),
    ("did not find expected ',' or", "a list or map in brackets is not closed, or a comma is missing", "close it"),
    (
        "did not find expected '-' indicator",
        "this does not fit in the list above",
        "start it with `- `, or indent it less",
    ),
    ("found unexpected end of stream", "the file ends inside quotes", "close them"),
    ("found undefined tag handle", "the tag here is not understood", "take it out"),
    ("found character that cannot start", "a character cannot stand here", "put the value in quotes"),
)


def _plain_syntax(error: yaml.MarkedYAMLError, text: str, line: int) -> tuple[str, str]:
    lines = text.splitlines()
    here = lines[line - 1] if 0 < line <= len(lines) else ""
    if re.match(r"\s*\t", here):
        return "a tab is used for indentation", "use spaces"
    said = error.problem or error.context or "this is no YAML"
    for part, what, fix in _SYNTAX:
        if part in said:
            return what.format(found=_character(error)), fix
    return f"this is no YAML: {said}", "mend the line"


def _character(error: yaml.MarkedYAMLError) -> str:
    found = re.search(r"found character ('.+?')", error.problem or "")
    return f"character {found[1]}" if found else "character"
