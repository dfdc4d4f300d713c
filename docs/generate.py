"""Writes the reference pages from docstrings: components, clouds, checks, the spec and the command.

Run `python docs/generate.py`; `--check` writes nothing and fails when a page is not what it would write.
"""

from __future__ import annotations

import ast
import inspect
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
NOTE = "<!-- Written by docs/generate.py from docstrings; do not edit. -->\n\n"


def attribute_docs(cls: type) -> dict[str, tuple[str, str]]:
    """Return annotation and docstring of each attribute that a class writes down."""
    tree = ast.parse(textwrap.dedent(inspect.getsource(cls)))
    body = tree.body[0].body if isinstance(tree.body[0], ast.ClassDef) else []
    found = {}
    for node, after in zip(body, [*body[1:], None], strict=True):
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and not node.target.id.startswith("_"):
            text = ""
            if isinstance(after, ast.Expr) and isinstance(after.value, ast.Constant):
                text = " ".join(str(after.value.value).split())
            found[node.target.id] = (ast.unparse(node.annotation), text)
    return found


def table(rows: dict[str, tuple[str, str]], first: str) -> str:
    """Return a Markdown table."""
    lines = [f"| {first} | type | meaning |", "|---|---|---|"]
    for name, (annotation, text) in rows.items():
        kind = annotation.replace("NotRequired[", "").removesuffix("]") if "NotRequired" in annotation else annotation
        optional = " (optional)" if "NotRequired" in annotation else ""
        lines.append(f"| `{name}` | `{kind}`{optional} | {text} |".replace("|None", "\\|None"))
    return "\n".join(line.replace(" | None", " or None") for line in lines) + "\n"


def components() -> Iterator[tuple[str, str]]:
    """Yield a page for each component."""
    import haven_iac.components as all_components

    for component in all_components.ALL:
        args = getattr(all_components, f"{component.__name__}Args")
        text = f"# {component.__name__}\n\n`{component._token}`\n\n{inspect.getdoc(component)}\n\n"
        text += f"## Inputs\n\n{inspect.getdoc(args)}\n\n{table(attribute_docs(args), 'input')}\n"
        outputs = {k: v for k, v in attribute_docs(component).items() if "Output" in v[0]}
        text += f"## Outputs\n\n{table(outputs, 'output')}" if outputs else ""
        yield f"components/{component.__name__}.md", text


def clouds() -> Iterator[tuple[str, str]]:
    """Yield a page for each cloud."""
    from haven_iac.clouds import registry

    for kind in registry.installed():
        cloud = registry.find(kind)
        module = sys.modules[type(cloud).__module__]
        able = "\n".join(f"- {one.value}" for one in sorted(cloud.capabilities))
        text = f"# {kind}\n\n{inspect.getdoc(module)}\n\n{inspect.getdoc(type(cloud))}\n\n## It can give\n\n{able}\n\n"
        settings = attribute_docs(cloud.settings_model)
        text += f"## Settings (`cloud.settings`)\n\n{inspect.getdoc(cloud.settings_model)}\n"
        text += f"\n{table(settings, 'setting')}" if settings else ""
        yield f"clouds/{kind}.md", text


def checks() -> Iterator[tuple[str, str]]:
    """Yield a page for each check, and one with all."""
    from haven_iac.compliance import catalogue

    lines = ["# Checks of the Haven Compliancy Checker\n"]
    for one in catalogue.lists():
        lines += [f"## {one.name}\n", f"{sum(c.mandatory for c in one.checks)} mandatory, from {one.source}.\n"]
        lines += ["| check | category | mandatory | what it is about |", "|---|---|---|---|"]
        for check in one.checks:
            mandatory = "yes" if check.mandatory else "no"
            lines.append(f"| [{check.id}]({check.id}.md) | {check.category} | {mandatory} | {check.label} |")
        lines.append("")
    for check in {check.id: check for one in reversed(catalogue.lists()) for check in one.checks}.values():
        text = f"# {check.id}: {check.label}\n\n{check.rationale}\n\n"
        text += f"- category: {check.category}\n- mandatory: {'yes' if check.mandatory else 'no, suggested'}\n"
        text += f"- since: {check.since or 'a version that is not known; lists before 12.8 have it'}\n"
        text += f"- until: {(check.until and check.until + ', or a version before it') or 'still there'}\n"
        text += f"- what the checker is known to read: {check.reads}\n- how sure that is: {check.confidence}\n"
        text += f"- source: {check.source}\n"
        yield f"checks/{check.id}.md", text
    yield "checks/README.md", "\n".join(lines)


def command() -> Iterator[tuple[str, str]]:
    """Yield the page of the command."""
    from haven_iac.errors import ExitCode

    text = "# The command\n\n## Exit status\n\n| status | name | meaning |\n|---|---|---|\n"
    docs = _enum_docs(ExitCode)
    for code in ExitCode:
        text += f"| {code.value} | {code.name.lower()} | {docs.get(code.name, 'It worked.')} |\n"
    text += "\n## Subcommands\n"
    for words in _subcommands([]):
        shown = subprocess.run(
            [sys.executable, "-m", "haven_iac.cli.app", *words, "--help"],
            capture_output=True,
            text=True,
            check=True,
            env={"PATH": "/usr/bin:/bin", "COLUMNS": "100", "TERM": "dumb"},
        ).stdout.replace("python -m haven_iac.cli.app", "haven-iac")
        text += f"\n### haven-iac {' '.join(words)}\n\n```\n{shown.strip()}\n```\n"
    yield "command.md", text


def _enum_docs(cls: type) -> dict[str, str]:
    tree = ast.parse(inspect.getsource(cls)).body[0]
    body = tree.body if isinstance(tree, ast.ClassDef) else []
    found = {}
    for node, after in zip(body, [*body[1:], None], strict=True):
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name) and isinstance(after, ast.Expr):
            found[node.targets[0].id] = str(getattr(after.value, "value", ""))
    return found


def _subcommands(words: list[str]) -> Iterator[list[str]]:
    import typer

    from haven_iac.cli.app import app

    root: Any = typer.main.get_command(app)
    for name, one in root.commands.items():
        if hasattr(one, "commands"):
            if one.invoke_without_command:
                yield [name]
            yield from ([name, inner] for inner in one.commands)
        else:
            yield [name]


def main() -> int:
    """Write every page, or tell which are not up to date."""
    checking, stale = "--check" in sys.argv, []
    written = set()
    for pages in (components, clouds, checks, command):
        for name, text in pages():
            file = HERE / name
            written.add(file)
            full = NOTE + text
            if checking and (not file.is_file() or file.read_text() != full):
                stale.append(name)
            elif not checking:
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_text(full)
    for folder in ("components", "clouds", "checks"):
        for old in set((HERE / folder).glob("*.md")) - written:
            stale.append(str(old.relative_to(HERE)))
            if not checking:
                old.unlink()
    if checking and stale:
        print(f"not up to date: {', '.join(stale)}; run python docs/generate.py", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
