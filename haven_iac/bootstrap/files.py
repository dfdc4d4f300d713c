"""Files on a machine and the cloud-init document that writes them.

RKE2, k3s and Kubernetes turn YAML 1.1 into flags: an unquoted 0640 becomes 416, `no` becomes false, a token of digits
loses its first zero.  So every text here is quoted, whatever it looks like.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml

SCRIPTS = Path(__file__).parent / "scripts"

LIBRARY = "/usr/local/lib/haven-iac"
"""Where our scripts stand on a machine."""

ETC = "/etc/haven-iac"
"""Where their settings stand."""


@dataclass(frozen=True)
class File:
    """One file on a machine."""

    path: str
    text: str
    mode: str = "0600"
    counts: bool = True
    """Whether a difference means that a machine has to be made anew to follow its description."""


@lru_cache(maxsize=16)
def script(name: str, path: str = "") -> File:
    """Return one of our scripts as a file; it never counts as a reason to make machines anew."""
    return File(path or f"{LIBRARY}/{name}", (SCRIPTS / name).read_text(), "0700", counts=False)


def settings(values: Mapping[str, str]) -> str:
    """Return assignments that a POSIX shell reads."""
    return "".join(f"{name}={shlex.quote(value)}\n" for name, value in values.items())


class _Quoted(yaml.SafeDumper):
    """Quotes every text; numbers and booleans are written bare."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        """Indent lists below their key, as people expect."""
        super().increase_indent(flow, False)

    def ignore_aliases(self, data: Any) -> bool:
        """Write everything out: not every reader knows aliases."""
        return True


class _Readable(_Quoted):
    """Writes a text of several lines as a block, where YAML can, so that people can read it."""


def _text(dumper: yaml.SafeDumper, value: str) -> yaml.Node:
    return dumper.represent_scalar("tag:yaml.org,2002:str", value, style='"')


def _block(dumper: yaml.SafeDumper, value: str) -> yaml.Node:
    style = "|" if "\n" in value and value.isascii() else '"'
    return dumper.represent_scalar("tag:yaml.org,2002:str", value, style=style)


_Quoted.add_representer(str, _text)
_Readable.add_representer(str, _block)


def quoted(value: Any) -> str:
    """Return YAML in which every text is quoted, keys included."""
    return _write(value, _Quoted)


def readable(value: Any) -> str:
    """Return YAML in which every text is quoted, or a block when it has several lines."""
    return _write(value, _Readable)


def several(values: Iterable[Any]) -> str:
    """Return several YAML documents in one file."""
    return "".join(f"---\n{readable(value)}" for value in values)


def _write(value: Any, dumper: type[yaml.SafeDumper]) -> str:
    written: str = yaml.dump(value, Dumper=dumper, sort_keys=False, allow_unicode=True, width=10**6)
    return written


_PLAIN = re.compile(r"[!-~][\t -~]*(\n[\t -~]+|\n(?=\n))*\n")
"""Texts of several lines that a block holds as they are, whoever reads them."""


def cloud_config(files: Sequence[File], commands: Sequence[Sequence[str]]) -> str:
    """Return a cloud-init document that writes these files and then runs these commands.

    Written by hand, because it is most of the text and there is one for each node.
    """
    lines = ["#cloud-config", "write_files:"]
    for one in files:
        lines += [f'  - path: "{one.path}"', f'    permissions: "{one.mode}"', *_content(one.text)]
    lines.append("runcmd:")
    lines += [f"  - [{', '.join(_write(word, _Quoted).strip() for word in command)}]" for command in commands]
    return "\n".join(lines) + "\n"


def _content(text: str) -> Iterator[str]:
    # A block ends with one line break, whatever follows it.
    if _PLAIN.fullmatch(text) and not text.endswith("\n\n"):
        yield "    content: |"
        yield from (f"      {line}" if line else "" for line in text.removesuffix("\n").split("\n"))
    else:
        yield f"    content: {_write(text, _Quoted).strip()}"
