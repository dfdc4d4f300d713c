"""What was found of a cluster that exists, kept beside the stack's own file for the next plan."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from haven_iac.errors import DeployError
from haven_iac.project import Project

HEAD = """\
# What was found in the cluster of stack {stack}; `haven-iac detect -s {stack}` writes this file.
# Keep it in version control, and run that again after a change in the cluster. It lies below the stack's own file.
"""


def text(stack: str, found: Mapping[str, Any]) -> str:
    """Return the content of the file."""
    import yaml

    body = yaml.safe_dump(dict(found), sort_keys=False, allow_unicode=True, width=120)
    return HEAD.format(stack=stack) + body


def write(project: Project, stack: str, found: Mapping[str, Any]) -> Path:
    """Write what was found, at once, and return the file.

    Raises:
        DeployError: it cannot be written.
    """
    file = project.found_file(stack)
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        temporary = file.with_name(f".{file.name}.{os.getpid()}")
        temporary.write_text(text(stack, found))
        os.replace(temporary, file)
    except OSError as error:
        raise DeployError(f"{file} cannot be written: {error.strerror}", fix="mend the folder's permissions") from None
    return file
