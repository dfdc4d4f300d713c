"""A chart made of a plain file of manifests: in a mirror everything is a chart."""

from __future__ import annotations

import io
import tarfile
from pathlib import Path

_CHART = """\
apiVersion: v2
name: {name}
description: What upstream publishes as a plain file of manifests, as a chart.
type: application
version: {version}
"""


def package(name: str, version: str, content: bytes, folder: Path) -> Path:
    """Write `<name>-<version>.tgz` and return it; the same input gives the same bytes.

    The manifests stand in `crds/`, where Helm takes them as they are: no template, and no braces to mind.

    Args:
        name: of the chart.
        version: of the chart.
        content: the manifests.
        folder: where to write.
    """
    files = {"Chart.yaml": _CHART.format(name=name, version=version).encode(), f"crds/{name}.yaml": content}
    raw = io.BytesIO()
    with tarfile.open(fileobj=raw, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for path, data in files.items():
            entry = tarfile.TarInfo(f"{name}/{path}")
            entry.size, entry.mode = len(data), 0o644
            archive.addfile(entry, io.BytesIO(data))
    target = folder / f"{name}-{version}.tgz"
    target.write_bytes(_compressed(raw.getvalue()))
    return target


def _compressed(data: bytes) -> bytes:
    import gzip

    return gzip.compress(data, mtime=0)
