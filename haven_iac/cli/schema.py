"""`haven-iac schema`: the JSON schema of a description, for editors."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from haven_iac.cli.options import emit
from haven_iac.errors import ExitCode, HavenError

Output = Annotated[Path | None, typer.Option("--output", "-o", dir_okay=False, help="Write this file; else print.")]
WholeFile = Annotated[
    bool, typer.Option("--file", help="Of the whole Pulumi.<stack>.yaml, not only of what is under haven:cluster.")
]

OfVerdict = Annotated[bool, typer.Option("--verdict", help="Of what `verify --json` prints, instead.")]


class WriteError(HavenError):
    """A file cannot be written."""

    code = "HVN109"
    exit_code = ExitCode.USAGE


def schema(output: Output = None, file: WholeFile = False, verdict: OfVerdict = False) -> None:
    """Print the JSON schema (draft 2020-12) of a cluster's description, with what each key means.

    An editor that knows it completes keys and marks mistakes. It knows the settings of every cloud that is
    installed. What only several keys together can tell is said by `haven-iac validate`.
    """
    if verdict:
        from haven_iac.compliance.formats.plain import schema as of_verdict

        document = of_verdict()
    else:
        from haven_iac.clouds import registry
        from haven_iac.spec.schema import cluster_schema, file_schema

        clouds = {kind: registry.find(kind).settings_model for kind in registry.installed()}
        document = (file_schema if file else cluster_schema)(clouds)
    if output is None:
        emit(document)
        return
    write(output, json.dumps(document, indent=2, ensure_ascii=False) + "\n")
    print(f"written to {output}")


def write(file: Path, content: str) -> None:
    """Write a text file.

    Raises:
        WriteError: it cannot be written.
    """
    try:
        file.write_text(content, encoding="utf-8")
    except OSError as error:
        raise WriteError(f"{file} cannot be written: {error.strerror}", fix="name another file") from None
