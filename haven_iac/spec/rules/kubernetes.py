"""Rules about the release of the distribution and where nodes get it."""

from __future__ import annotations

from collections.abc import Iterator

from haven_iac.spec.cluster import ClusterSpec
from haven_iac.spec.problems import Path
from haven_iac.spec.rules.issue import Issue, Rule

_RELEASE: Path = ("kubernetes", "release")


def release(spec: ClusterSpec) -> Iterator[Issue]:
    """An exact release belongs to the version and the distribution that are written beside it."""
    given = spec.kubernetes
    if not given.release:
        return
    if not given.release.startswith(f"v{given.version}."):
        what = f"{given.release} is no release of version {given.version}"
        yield Issue(_RELEASE, what, f"write a release that starts with v{given.version}.", (("kubernetes", "version"),))
    if f"+{given.distribution}" not in given.release:
        what = f"{given.release} is no release of {given.distribution}"
        fix = f"write a release that has +{given.distribution} in it"
        yield Issue(_RELEASE, what, fix, (("kubernetes", "distribution"),))


def checksums(spec: ClusterSpec) -> Iterator[Issue]:
    """A checksum is that of one release, so the release is written down too."""
    if spec.kubernetes.checksums and not spec.kubernetes.release:
        what = "checksums are those of one release, and none is written"
        yield Issue(("kubernetes", "checksums"), what, "add `release: ...`, or take checksums out", (_RELEASE,))


def mirror(spec: ClusterSpec) -> Iterator[Issue]:
    """A private authority belongs to a mirror."""
    given = spec.mirror
    if given.ca_secret and not (given.charts or given.images or given.releases):
        what = "a mirror's authority is named, but no mirror"
        yield Issue(("mirror", "caSecret"), what, "add `images`, `releases` or `charts`, or take caSecret out")


RULES: tuple[Rule, ...] = (release, checksums, mirror)
