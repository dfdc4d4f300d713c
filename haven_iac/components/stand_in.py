"""A stand-in chart at the version that is pinned: its folder has one version, the table may have others."""

import os
import re
import shutil
import tempfile
from contextlib import suppress
from pathlib import Path

from haven_iac.platform.catalogue import chart_folder
from haven_iac.platform.release import Release

SUFFIX = "-stand-in"
"""What the version of every stand-in ends with."""


def folder(release: Release) -> Path:
    """Return the stand-in chart of a release, with the version and the version of its application that are pinned.

    Raises:
        HavenError: there is no stand-in for that chart.
    """
    ours = chart_folder(release.chart)
    told = (ours / "Chart.yaml").read_text()
    version = f"{release.version}{SUFFIX}"
    app = re.sub(r"^v", "", release.app_version)
    if _value(told, "version") == version and _value(told, "appVersion").removeprefix("v") == app:
        return ours
    mark = "v" if _value(told, "appVersion").startswith("v") else ""
    pinned = re.sub(r"^version:.*$", f'version: "{version}"', told, flags=re.MULTILINE)
    pinned = re.sub(r"^appVersion:.*$", f'appVersion: "{mark}{app}"', pinned, flags=re.MULTILINE)
    base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    made = base / "haven-iac" / "stand-ins" / f"{release.chart}-{release.version}-{app}"
    made.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=made.parent) as private:
        copy = Path(private) / release.chart
        shutil.copytree(ours, copy)
        (copy / "Chart.yaml").write_text(pinned)
        shutil.rmtree(made, ignore_errors=True)
        with suppress(OSError):  # another run was quicker
            os.replace(copy, made)
    return made


def _value(text: str, key: str) -> str:
    found = re.search(rf"^{key}: *['\"]?([^'\"\n]*)['\"]?$", text, re.MULTILINE)
    return found[1] if found else ""
