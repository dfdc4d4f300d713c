"""What the engine said when it could not begin: nothing of it is about a resource."""

from __future__ import annotations

import re

from haven_iac.deploy.tracker import plain
from haven_iac.errors import DeployError


def engine_error(text: str, doing: str) -> DeployError:
    """Return the error of an engine that could not begin.

    Args:
        text: what it printed.
        doing: what was asked of it.
    """
    told = re.search(r"stderr:(.*)", text, re.DOTALL)
    lines = [line for line in plain(told[1] if told else text).splitlines() if "warning: " not in line]
    message = " / ".join(line.strip().removeprefix("error: ") for line in lines if line.strip())[:1500]
    if "incorrect passphrase" in message:
        return DeployError(
            "the passphrase does not fit this stack's state", fix="set PULUMI_CONFIG_PASSPHRASE_FILE to the right one"
        )
    return DeployError(f"the engine could not {doing}: {message or 'it gave no reason'}")
