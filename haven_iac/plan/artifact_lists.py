"""Lists of charts and images as other tools take them: plain, skopeo, crane, Helm, Zarf."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from haven_iac.plan.artifacts import Artifacts, Chart

ANY = "registry.example.nl/mirror"
"""Stands for the mirror of images where the description names none."""
ANY_CHARTS = "oci://registry.example.nl/charts"
"""Stands for the mirror of charts where the description names none."""


def plain(found: Artifacts, charts: str, images: str) -> str:
    """Return one line each: `chart` with name and version, or `image`, and where it is published."""
    lines = [f"chart {one.name} {one.version} {one.address}" for one in found.charts]
    return _lines([*lines, *(f"image {one.pinned}" for one in found.images)])


def image_list(found: Artifacts, charts: str, images: str) -> str:
    """Return nothing but the images, one a line, for tools that read a list."""
    return _lines(one.pinned for one in found.images)


def skopeo(found: Artifacts, charts: str, images: str) -> str:
    """Return YAML for `skopeo sync --src yaml --dest dir`, which carries images in files."""
    hosts: dict[str, Any] = {}
    for one in found.images:
        hosts.setdefault(one.host, {"images": {}})["images"].setdefault(one.path, []).append(one.digest or one.tag)
    return _yaml(hosts)


def copy(found: Artifacts, charts: str, images: str) -> str:
    """Return commands of skopeo that fill a mirror."""
    return _lines(f"skopeo copy --all docker://{one.reference} docker://{one.mirrored(images)}" for one in found.images)


def crane(found: Artifacts, charts: str, images: str) -> str:
    """Return commands of crane that fill a mirror."""
    return _lines(f"crane copy {one.reference} {one.mirrored(images)}" for one in found.images)


def helm(found: Artifacts, charts: str, images: str) -> str:
    """Return commands of Helm that fill a mirror of charts."""
    return _lines(line for one in found.charts for line in _helm(one, charts))


def zarf(found: Artifacts, charts: str, images: str) -> str:
    """Return a package description as Zarf and its like read it: a component a slot."""
    components = []
    for chart in found.charts:
        part: dict[str, Any] = {"name": chart.slots[0], "required": True}
        if chart.plain:
            part["manifests"] = [{"name": chart.release, "namespace": chart.namespace, "files": [chart.repo]}]
        else:
            source: dict[str, Any] = {"name": chart.name, "url": chart.address, "version": chart.version}
            part["charts"] = [{**source, "namespace": chart.namespace, "releaseName": chart.release}]
        if own := [one.pinned for one in found.images if chart.slots[0] in one.slots]:
            part["images"] = own
        components.append(part)
    return _yaml({"kind": "ZarfPackageConfig", "metadata": {"name": "haven-platform"}, "components": components})


FORMATS: Mapping[str, Callable[[Artifacts, str, str], str]] = {
    "plain": plain,
    "images": image_list,
    "skopeo": skopeo,
    "skopeo-copy": copy,
    "crane": crane,
    "helm": helm,
    "zarf": zarf,
}


def _helm(one: Chart, mirror: str) -> Iterator[str]:
    file = f"{one.name}-{one.version}.tgz"
    if one.plain:
        yield f"curl --fail --location --output {one.name}.yaml {shlex.quote(one.repo)}"
        yield f"haven-iac mirror package {one.name} {one.name}.yaml --version {one.version}"
    elif one.repo.startswith("oci://"):
        yield f"helm pull {one.address} --version {one.version}"
    else:
        yield f"helm pull {one.name} --repo {one.repo} --version {one.version}"
    if mirror.startswith("oci://"):
        yield f"helm push {file} {mirror.rstrip('/')}"
    else:
        yield f"# put {file} into {mirror}, and its index.yaml after it"


def _lines(lines: Any) -> str:
    return "".join(f"{line}\n" for line in lines)


def _yaml(document: Any) -> str:
    import yaml

    return yaml.safe_dump(document, sort_keys=False, width=120)
