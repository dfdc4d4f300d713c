"""What the engine said went wrong, as errors of ours: the resource, the cause and the next step."""

from __future__ import annotations

import re
from collections.abc import Callable

from haven_iac.clouds.base import Explained
from haven_iac.deploy.tracker import Failure, Tracker, plain, type_of
from haven_iac.errors import DeployError, HavenError, Problem, UpdateFailedError

MEND = "what was done is recorded; mend the cause and run the same command again"

Explain = Callable[[str, str], Explained | None]
"""Takes a type token and what the engine said."""


def failed(kind: str, tracker: Tracker, text: str, explain: Explain) -> HavenError:
    """Return the error of a run that did not finish.

    Args:
        kind: update, destroy and so on.
        tracker: what followed the run.
        text: what the engine printed, for when it said nothing about a resource.
        explain: knows what the cloud's errors mean.
    """
    said = [failure for failure in tracker.failures if failure.subject] or tracker.failures
    if not said:
        return engine_error(text, kind)
    # Plugins say a thing twice, in two wordings.
    problems = dict.fromkeys(_problem(tracker, failure, explain) for failure in said)
    return UpdateFailedError(f"the {kind} did not finish", problems=list(problems))


def _problem(tracker: Tracker, failure: Failure, explain: Explain) -> Problem:
    found = explain(type_of(failure.urn), failure.message) if failure.subject else None
    what, fix = (found.what, found.fix) if found else (failure.message, MEND)
    step = tracker.steps.get(failure.urn)
    return Problem(
        what=f"{failure.subject}: {what}" if failure.subject else what,
        fix=fix,
        code=UpdateFailedError.code,
        path=step.phase if step else "",
    )


def engine_error(text: str, doing: str) -> DeployError:
    """Return the error of an engine that could not begin."""
    told = re.search(r"stderr:(.*)", text, re.DOTALL)
    lines = [line for line in plain(told[1] if told else text).splitlines() if "warning: " not in line]
    message = " / ".join(line.strip().removeprefix("error: ") for line in lines if line.strip())[:1500]
    if "incorrect passphrase" in message:
        return DeployError(
            "the passphrase does not fit this stack's state", fix="set PULUMI_CONFIG_PASSPHRASE_FILE to the right one"
        )
    return DeployError(f"the engine could not {doing}: {message or 'it gave no reason'}")
