"""What a mirror lacks of the charts and images that a cluster needs."""

from __future__ import annotations

import ssl
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from haven_iac.errors import HavenError
from haven_iac.mirror.registry import MOST, Registry, RegistryError, logins, send, trust
from haven_iac.plan.artifacts import Artifacts, Chart, Image

AT_ONCE = 8
"""Questions under way at the same time."""


@dataclass(frozen=True)
class Held:
    """One chart or image, and whether the mirror has it."""

    kind: str
    """chart or image."""
    source: str
    """Where it is published."""
    address: str
    """Where the mirror should have it."""
    there: bool
    digest: str = ""
    """As the mirror says; empty when it is not there, or the mirror tells none."""
    other: bool = False
    """It is there with another digest than the one that is pinned."""


class Mirror:
    """The registries and repositories of one mirror."""

    def __init__(self, *, ca: Path | None = None, plain_http: bool = False) -> None:
        self._context: ssl.SSLContext | None = None if plain_http else trust(ca)
        self._plain = plain_http
        self._logins = logins()
        self._registries: dict[str, Registry] = {}
        self._indexes: dict[str, Mapping[str, set[str]]] = {}

    def check(self, found: Artifacts, charts: str | None, images: str | None) -> tuple[list[Held], list[HavenError]]:
        """Ask for everything, at once.

        Args:
            found: what a cluster needs.
            charts: mirror of charts; charts are not asked for when None.
            images: mirror of images; likewise.

        Returns:
            What was asked for in that order, and what could not be asked.
        """
        if charts and not charts.startswith("oci://"):
            self._read_index(charts)
        asks: list[Callable[[], Held]] = []
        asks += [partial(self._chart, one, charts) for one in found.charts] if charts else []
        asks += [partial(self._image, one, images) for one in found.images] if images else []
        held: list[Held] = []
        failed: list[HavenError] = []
        with ThreadPoolExecutor(AT_ONCE) as pool:
            for future in [pool.submit(ask) for ask in asks]:
                try:
                    held.append(future.result())
                except HavenError as error:
                    failed.append(error)
        return held, failed

    def digest(self, image: Image) -> str:
        """Return the digest of an image where it is published; empty when it is not there."""
        host = "registry-1.docker.io" if image.host == "docker.io" else image.host
        return self._registry(host).digest(image.path, image.tag)

    def _chart(self, one: Chart, mirror: str) -> Held:
        address = one.mirrored(mirror)
        source = f"{one.address} {one.version}"
        if not mirror.startswith("oci://"):
            there = one.version in self._indexes[mirror].get(one.name, set())
            return Held("chart", source, f"{address} {one.version}", there)
        host, _, path = address.removeprefix("oci://").partition("/")
        tag = one.version.replace("+", "_")
        digest = self._registry(host).digest(path, tag)
        return Held("chart", source, f"{address}:{tag}", bool(digest), _known(digest))

    def _image(self, one: Image, mirror: str) -> Held:
        address = one.mirrored(mirror)
        host, _, rest = address.partition("/")
        digest = self._registry(host).digest(rest.rpartition(":")[0], one.tag)
        other = bool(one.digest and _known(digest) and digest != one.digest)
        return Held("image", one.pinned, address, bool(digest), _known(digest), other)

    def _registry(self, host: str) -> Registry:
        if host not in self._registries:
            self._registries[host] = Registry(host, self._plain, self._context, self._logins.get(host))
        return self._registries[host]

    def _read_index(self, repository: str) -> None:
        """Read which charts and versions a repository has.

        Raises:
            RegistryError: it does not answer, or has no index.
        """
        import yaml

        url = f"{repository.rstrip('/')}/index.yaml"
        try:
            with send(urllib.request.Request(url), self._context) as answer:  # noqa: S310 - https, as the spec checks
                index = yaml.load(answer.read(MOST), getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506
            found = {name: {str(one["version"]) for one in rows} for name, rows in index["entries"].items()}
        except urllib.error.HTTPError as error:
            raise RegistryError(f"{url} answers {error.code}", fix="is it a chart repository?") from None
        except (yaml.YAMLError, KeyError, TypeError, AttributeError):
            raise RegistryError(f"{url} is no index of charts", fix="`helm repo index` writes one") from None
        self._indexes[repository] = found


def _known(digest: str) -> str:
    return digest if digest.startswith("sha256:") else ""
