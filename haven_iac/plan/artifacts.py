"""Every chart and image that a cluster needs: where each is published, and where a mirror would have it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from haven_iac.plan.model import ClusterPlan
from haven_iac.platform.release import Release
from haven_iac.platform.versions import pinned
from haven_iac.spec.kubernetes import Distribution

_LISTS = {
    Distribution.RKE2: "https://github.com/rancher/rke2/releases, file rke2-images.linux-amd64.txt",
    Distribution.K3S: "https://github.com/k3s-io/k3s/releases, file k3s-images.txt",
}
_NAMES_IMAGES = frozenset({"image", "images", "imageRegistry", "registry", "repository", "tag"})


@dataclass(frozen=True)
class Chart:
    """One chart."""

    name: str
    version: str
    repo: str
    """As published: https URL of a repository, oci:// prefix, or the URL of a plain file."""
    plain: bool
    """It is published as a plain file of manifests; in a mirror it is a chart."""
    slots: tuple[str, ...]
    namespace: str
    release: str

    @property
    def address(self) -> str:
        """Return where it is published, whole."""
        return f"{self.repo.rstrip('/')}/{self.name}" if self.repo.startswith("oci://") else self.repo

    def mirrored(self, mirror: str) -> str:
        """Return where a mirror has it."""
        return f"{mirror.rstrip('/')}/{self.name}"


@dataclass(frozen=True)
class Image:
    """One image."""

    reference: str
    """As published: registry, path and tag."""
    digest: str
    """`sha256:...`, or empty when it is not known."""
    slots: tuple[str, ...]

    @property
    def host(self) -> str:
        """Return the registry that publishes it."""
        return self.reference.split("/", 1)[0]

    @property
    def path(self) -> str:
        """Return its path there, without tag."""
        return self.reference.split("/", 1)[1].rpartition(":")[0]

    @property
    def tag(self) -> str:
        """Return its tag."""
        return self.reference.rpartition(":")[2]

    @property
    def pinned(self) -> str:
        """Return the reference with its digest, where that is known."""
        return f"{self.reference}@{self.digest}" if self.digest else self.reference

    def mirrored(self, mirror: str) -> str:
        """Return where a mirror has it: the same path below another host."""
        return f"{mirror.rstrip('/')}/{self.path}:{self.tag}"


@dataclass(frozen=True)
class Artifacts:
    """Everything that a mirror has to hold."""

    charts: tuple[Chart, ...]
    """In the order in which they are installed."""
    images: tuple[Image, ...]
    """By reference."""
    notes: tuple[str, ...]
    """What is needed beside them."""


def artifacts(plan: ClusterPlan) -> Artifacts:
    """Return every chart and image that a plan needs, as published."""
    slots: dict[str, list[str]] = {}
    for release in plan.releases:
        for reference in release.images:
            slots.setdefault(reference, []).append(release.slot)
    for reference in plan.facts.images:
        slots.setdefault(reference, []).append("machines")
    return Artifacts(
        charts=tuple(_chart(plan, release) for release in plan.releases),
        images=tuple(_image(reference, tuple(found)) for reference, found in sorted(slots.items())),
        notes=tuple(_notes(plan)),
    )


def _chart(plan: ClusterPlan, release: Release) -> Chart:
    repo, plain = release.repo, False
    try:
        row = pinned(plan.spec.kubernetes.version, release.chart)
    except KeyError:
        pass  # of an add-on of another package, which names its own repository
    else:
        repo, plain = row.repo or row.manifest, not row.repo
    return Chart(release.chart, release.version, repo, plain, (release.slot,), release.namespace, release.name)


def _image(reference: str, slots: tuple[str, ...]) -> Image:
    name, _, digest = reference.partition("@")
    return Image(name, digest, slots)


def _notes(plan: ClusterPlan) -> Iterator[str]:
    if any(release.stand_in for release in plan.releases):
        yield "this stack applies the stand-in charts of this package: it fetches none of these itself"
    if not plan.facts.managed_control_plane and plan.facts.found_nodes is None:
        where = _LISTS[plan.spec.kubernetes.distribution]
        yield f"the nodes need the images of {plan.spec.kubernetes.distribution.value} itself: {where}"
    for slot, add_on in sorted(plan.spec.platform.addons.items()):
        if add_on.enabled and _names_an_image(add_on.values):
            yield f"platform.addons.{slot}.values names an image or registry of its own, which is not looked at here"
    known = {release.slot for release in plan.releases if release.images}
    for release in plan.releases:
        try:
            pinned(plan.spec.kubernetes.version, release.chart)
        except KeyError:
            if release.slot not in known:
                yield f"which images the add-on in slot {release.slot} starts is not known"


def _names_an_image(values: Mapping[str, Any]) -> bool:
    return any(
        key in _NAMES_IMAGES or (isinstance(inner, Mapping) and _names_an_image(inner)) for key, inner in values.items()
    )
