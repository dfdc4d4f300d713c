#!/usr/bin/env python3
"""Writes the keys that a published chart knows to the `values.schema.json` of our stand-in for it.

Run `scripts/chart-keys.py FOLDER...` after a version in the table has moved; each folder is an unpacked chart, with its
dependencies unpacked below `charts/`, as `helm pull --untar` leaves it.

A key is known when the chart's values.yaml has it (written out or in a comment), when its own values.schema.json has
it, or when a template reads it. A map is open where the chart hands it on as a whole, loops over it, or has it empty:
nobody can say there what is wrong. Better one misspelt key too few than a right one refused.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

CHARTS = Path(__file__).parent.parent / "haven_iac" / "platform" / "charts"
FREE = re.compile(
    r"(?i)(.*(annotations|labels|selector|securitycontext|probe|resources|affinity|strategy|tolerations|limits|requests)"
    r"|.*\.ini|env|spec|extra\w*|config|volumes?|dns_?config|headers)$"
)
"""Maps of these names hold what Kubernetes or the program itself defines."""
SCALARS = {"string", "integer", "number", "boolean", "null", "array"}


@dataclass
class Keys:
    """What is known about one value."""

    below: dict[str, Keys] = field(default_factory=dict)
    open: bool = False
    """Further keys are the user's own."""
    closed: bool = False
    """The chart's own schema says that there are no further keys."""
    other: Keys | None = None
    """What those hold, where that is known."""
    types: frozenset[str] = frozenset()
    """Its types, where the chart's own schema says; any when empty."""

    def at(self, path: tuple[str, ...]) -> Keys:
        """Return what is known below a path, made when there is nothing yet."""
        node = self
        for part in path:
            node = node.below.setdefault(part, Keys())
        return node

    def find(self, path: tuple[str, ...]) -> Keys | None:
        """Return what is known below a path, or None."""
        node: Keys | None = self
        for part in path:
            node = node.below.get(part) if node else None
        return node

    def merge(self, other: Keys) -> None:
        """Take over what another source knows."""
        self.open |= other.open
        self.closed |= other.closed
        self.types |= other.types
        if other.other:
            self.other = self.other or Keys()
            self.other.merge(other.other)
        for key, node in other.below.items():
            self.at((key,)).merge(node)

    def schema(self, name: str = "") -> Any:
        """Return a JSON schema."""
        if not self.below or FREE.match(name):
            return {"type": sorted(self.types)} if self.types and not self.open and "object" not in self.types else {}
        further: Any = self.open
        if self.other and self.other.below:
            further = self.other.schema()
        found = {key: self.below[key].schema(key) for key in sorted(self.below)}
        return {"properties": found, "additionalProperties": further}


def of_values(value: Any) -> Keys:
    """Return the keys of a values.yaml as it is."""
    keys = Keys()
    if isinstance(value, Mapping):
        keys.open = not value
        for key, inner in value.items():
            keys.below[str(key)] = of_values(inner)
    return keys


def of_comments(text: str) -> Keys:
    """Return the keys that stand in comments of a values.yaml, below the map that they are indented for."""
    keys, path = Keys(), []
    for line in text.splitlines():
        match = re.match(r"(\s*)(#+ ?)?(- )?([A-Za-z_][\w.-]*):(\s|$)", line)
        if not match or match[3]:
            continue
        indent = len(match[1])
        path = [(at, key) for at, key in path if at < indent]
        if match[2]:
            if re.match(r"[A-Z]|e\.g|i\.e", match[4]):
                continue  # the start of a sentence
            keys.at((*(key for _, key in path), match[4])).open = True
        else:
            path.append((indent, match[4]))
    return keys


_ACTION = re.compile(r"\{\{-?(.*?)-?\}\}", re.DOTALL)
_PATH = re.compile(r"(?:\$\w*|\.\w+)?\.Values((?:\.\w+)+)|index\s+(?:\$\w*)?\.Values((?:\s+\"[^\"]+\")+)")
_WHOLE = r"\b(toYaml|toJson|toToml|tpl|range|omit|pick)\b"
_PASSED = re.compile(r'"(\w+)" +(?:\$\w*)?\.Values((?:\.\w+)+)')


def paths(action: str) -> Iterator[tuple[tuple[str, ...], bool]]:
    """Yield the paths into the values that one action reads, and whether it takes what is there as a whole."""
    for match in _PATH.finditer(action):
        path = tuple(match[1].strip(".").split(".") if match[1] else re.findall(r'"([^"]+)"', match[2]))
        before, after = action[: match.start()], action[match.end() :]
        taken = re.search(rf"{_WHOLE}[\s($\w,.:=|]*$", before) or re.match(rf"[\s)]*\|\s*{_WHOLE}", after)
        yield path, taken is not None


def of_templates(text: str) -> Keys:
    """Return the keys that templates read, and which maps they hand on as a whole."""
    keys = Keys()
    blocks: list[tuple[str, ...] | None] = []  # what the dot is in each open block: empty as outside, None unknown
    for match in _ACTION.finditer(text):
        action = match[1].strip()
        word = action.split(maxsplit=1)[0] if action else ""
        found = []
        for path, whole in paths(action):
            keys.at(path).open |= whole
            found.append(path)
        inside = blocks[-1] if blocks else ()
        if word == "end" and blocks:
            blocks.pop()
        elif word in ("with", "range", "define", "block"):
            relative = re.fullmatch(r"with ((?:\.[a-z]\w*)+)", action)
            if word == "with" and found:
                blocks.append(found[0])
            elif relative and inside:
                blocks.append((*inside, *relative[1].strip(".").split(".")))
            else:
                blocks.append(None)
        elif word == "if":
            blocks.append(inside)
        if inside:
            if re.search(r"(?<![\w.$)])\.(?![\w])", action):
                keys.at(inside).open = True
            for inner in re.finditer(r"(?<![\w.$)\"])((?:\.[a-z]\w*)+)", action):
                keys.at((*inside, *inner[1].strip(".").split(".")))
        assigned = re.match(r"(\$\w+) *:=", action)
        if assigned and found and re.fullmatch(r"\$\w+ *:= *\S+", action):
            for inner in re.finditer(re.escape(assigned[1]) + r"((?:\.\w+)+)", text):
                keys.at((*found[0], *inner[1].strip(".").split(".")))
            if re.search(r"(toYaml|tpl|range|:=) +" + re.escape(assigned[1]) + r"\b(?!\.)", text):
                keys.at(found[0]).open = True
    return keys


def of_helpers(text: str) -> Keys:
    """Return the keys that helper templates read of a map that they are given by name, in a `dict`."""
    keys = Keys()
    for name, path in {(match[1], match[2]) for match in _PASSED.finditer(text)}:
        given = keys.at(tuple(path.strip(".").split(".")))
        for inner in re.finditer(rf"[.$]{name}((?:\.\w+)+)", text):
            given.at(tuple(inner[1].strip(".").split(".")))
        for inner in re.finditer(rf"dig((?: +\"[\w.-]+\")+)[^()]* [.$]{name}\b", text):
            given.at(tuple(re.findall(r'"([^"]+)"', inner[1])))
        if re.search(rf"{_WHOLE} *\(? *[.$]{name}\b(?!\.| *:?=|,)", text):
            given.open = True
    return keys


def of_schema(node: Any, root: Any, depth: int = 0) -> Keys:
    """Return the keys of a chart's own schema."""
    keys = Keys()
    if not isinstance(node, Mapping) or depth > 25:
        keys.open = node is not False
        return keys
    if isinstance(reference := node.get("$ref"), str):
        target = root
        for part in reference.removeprefix("#/").split("/"):
            target = target.get(part.replace("~1", "/"), {}) if isinstance(target, Mapping) else {}
        keys.merge(of_schema(target, root, depth + 1))
    for part in ("anyOf", "oneOf", "allOf"):
        for inner in node.get(part, ()):
            keys.merge(of_schema(inner, root, depth + 1))
    given = node.get("type", ())
    keys.types |= frozenset([given] if isinstance(given, str) else given)
    for key, inner in (node.get("properties") or {}).items():
        keys.at((key,)).merge(of_schema(inner, root, depth + 1))
    further = node.get("additionalProperties")
    keys.closed |= further is False
    if isinstance(further, Mapping):
        keys.open, keys.other = True, of_schema(further, root, depth + 1)
    elif (
        (further is True and root.get("additionalProperties") is False)
        or node.get("patternProperties")
        or ("object" in keys.types and not keys.below)
    ):
        keys.open = True
    return keys


def close(keys: Keys, said: Keys | None) -> None:
    """Close again what only a guess opened, where the chart's own schema says that it is closed."""
    if said and said.closed:
        keys.open = False
        for extra in set(keys.below) - set(said.below):
            del keys.below[extra]
    for key, node in keys.below.items():
        told = said.below.get(key, said.other) if said else None
        if told and said and key not in said.below:
            node.merge(told)
        close(node, told)


def of_chart(folder: Path) -> Keys:
    """Return everything that a chart and its dependencies know."""
    values = folder / "values.yaml"
    text = values.read_text() if values.is_file() else ""
    keys = of_values(yaml.safe_load(text) or {})
    keys.open = False
    keys.merge(of_comments(text))
    sources = [text, *(path.read_text() for path in sorted((folder / "templates").rglob("*")) if path.is_file())]
    for source in sources:
        keys.merge(of_templates(source))
    keys.merge(of_helpers("\n".join(sources)))
    schema = folder / "values.schema.json"
    if schema.is_file():
        document = json.loads(schema.read_text())
        said = of_schema(document, document)
        closed = document.get("additionalProperties") is False or ("$defs" in document and "$ref" in document)
        keys.merge(said)
        if closed:
            close(keys, said)
    chart = yaml.safe_load((folder / "Chart.yaml").read_text())
    for part in chart.get("dependencies", ()):
        name = part.get("alias", part["name"])
        below = folder / "charts" / part["name"]
        keys.at((name,)).merge(of_chart(below) if (below / "Chart.yaml").is_file() else Keys(open=True))
    keys.at(("global",)).open = True
    keys.open = False
    return keys


def written(value: Any, indent: int = 0) -> str:
    """Return JSON with everything on one line that fits there."""
    line = json.dumps(value)
    if not isinstance(value, dict) or not value or len(line) + indent < 116:
        return line
    pad = " " * (indent + 1)
    inner = ",\n".join(f"{pad}{json.dumps(key)}: {written(below, indent + 1)}" for key, below in value.items())
    return f"{{\n{inner}\n{' ' * indent}}}"


def main() -> None:
    """Write the schema of each chart that is named."""
    for argument in sys.argv[1:]:
        folder = Path(argument)
        chart = yaml.safe_load((folder / "Chart.yaml").read_text())
        schema = of_chart(folder).schema()
        document = {
            "$schema": "http://json-schema.org/draft-07/schema#",
            "$comment": f"The keys of {chart['name']} {chart['version']}; written by scripts/chart-keys.py.",
            "type": "object",
            **schema,
        }
        target = CHARTS / chart["name"] / "values.schema.json"
        target.write_text(written(document) + "\n")
        print(f"{chart['name']} {chart['version']}: {len(target.read_text().splitlines())} lines")


if __name__ == "__main__":
    main()
