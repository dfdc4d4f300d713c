"""A look at the cloud before a run: when it is worth it, what it found, and where in the description that stands.

A look that found no error is noted beside the project, so that a run does not look twice within minutes, and a preview
of a description that was just looked at costs nothing.
"""

from __future__ import annotations

import hashlib
import json
import os
import time
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

from haven_iac.clouds.base import Finding
from haven_iac.errors import ProbeError, Problem
from haven_iac.prepare import Prepared
from haven_iac.spec.problems import ordered, path_of

SWITCH = "HAVEN_PROBE"
"""Environment variable: `off` looks at nothing, `warn` lets a run go on whatever is found."""

CHANGES_SECONDS = 600
"""How old a look may be that lets changes begin."""

PREVIEW_SECONDS = 3600
"""How old a look may be for a preview, which changes nothing."""


def find(ready: Prepared) -> list[Finding]:
    """Return what stands in the way of a plan, and note when nothing does."""
    if os.environ.get(SWITCH) == "off":
        return []
    found = ready.cloud.probe(ready.plan)
    if not any(one.severity == "error" for one in found):
        _note(ready)
    return found


def is_fresh(ready: Prepared, seconds: float) -> bool:
    """Return whether this very description was looked at that recently, and nothing stood in its way."""
    if os.environ.get(SWITCH) == "off":
        return True
    try:
        noted = json.loads(_file(ready).read_text()) if ready.project else {}
        age = time.time() - float(noted["at"])
        return bool(noted["of"] == _mark(ready)) and 0 <= age < seconds
    except (OSError, ValueError, KeyError, TypeError):
        return False


def problems(ready: Prepared, found: Sequence[Finding]) -> list[Problem]:
    """Return findings with the file and line of what they are about."""
    source = ready.loaded.source if ready.loaded else None

    def placed(one: Finding) -> Problem:
        file, line = source.locate(path_of(one.path)) if source and one.path else ("", 0)
        return Problem(one.what, one.fix, ProbeError.code, file, line, one.path)

    return [placed(one) for one in found]


def errors(found: Sequence[Finding]) -> list[Finding]:
    """Return what stops a run."""
    return [] if os.environ.get(SWITCH) == "warn" else [one for one in found if one.severity == "error"]


def refusal(ready: Prepared, found: Sequence[Finding]) -> ProbeError | None:
    """Return why a run must not start, or None."""
    stops = errors(found)
    if not stops:
        return None
    return ProbeError("the cloud cannot give what the plan asks", problems=ordered(problems(ready, stops)))


class Looking:
    """A look that goes on while something else is done.

    Args:
        ready: the plan.
        seconds: how old an earlier look may be that saves this one.
    """

    def __init__(self, ready: Prepared, seconds: float) -> None:
        self._found: Future[list[Finding]] | None = None
        if not is_fresh(ready, seconds):
            pool = ThreadPoolExecutor(1, thread_name_prefix="look")
            self._found = pool.submit(find, ready)
            pool.shutdown(wait=False)

    def end(self) -> list[Finding]:
        """Wait for it, and return what was found."""
        return self._found.result() if self._found else []


def _file(ready: Prepared) -> Path:
    assert ready.project is not None
    return ready.project.state / f"{ready.stack}.look.json"


def _mark(ready: Prepared) -> str:
    """Return what a look depends on: the description, and who looks."""
    who = {key: value for key, value in os.environ.items() if key in ("OS_CLOUD", "OS_PROJECT_ID", "OS_PROJECT_NAME")}
    told = [ready.spec.model_dump_json(by_alias=True), sorted(who.items())]
    return hashlib.sha256(json.dumps(told).encode()).hexdigest()


def _note(ready: Prepared) -> None:
    if ready.project is None:
        return
    ready.project.state.mkdir(mode=0o700, exist_ok=True)
    _file(ready).write_text(json.dumps({"of": _mark(ready), "at": time.time()}))
