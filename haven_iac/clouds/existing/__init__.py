"""A cluster that exists: it gets the platform, and what is in it already is left alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import TYPE_CHECKING, Any

from haven_iac.clouds.base import API, Finding
from haven_iac.clouds.existing.settings import ExistingSettings, Found
from haven_iac.errors import CloudError, HavenError
from haven_iac.facts import (
    Brought,
    Capability,
    CloudFacts,
    FoundNode,
    LoadBalancerFacts,
    NodeFacts,
    StorageClassFacts,
    StorageFacts,
)
from haven_iac.plan.model import ClusterPlan
from haven_iac.platform import slots
from haven_iac.platform.storage import OURS
from haven_iac.spec import ClusterSpec
from haven_iac.spec.load import validate
from haven_iac.spec.model import SpecModel
from haven_iac.spec.problems import Code, Path
from haven_iac.spec.rules.issue import Issue

if TYPE_CHECKING:
    from haven_iac.clouds.base import CloudBuilder

_SETTINGS: Path = ("cloud", "settings")
STORAGE = (slots.BLOCK_STORAGE, slots.SHARED_STORAGE)
"""Slots whose classes are the cluster's own."""


def settings_of(spec: ClusterSpec) -> ExistingSettings:
    """Return the settings of a description."""
    return validate(ExistingSettings, spec.cloud.settings)


def _kept(spec: ClusterSpec) -> tuple[str, ...]:
    """Return the slots of storage that are left as they are: both, unless a driver of ours is asked for."""
    return STORAGE[:1] if spec.storage.shared.kind in OURS else STORAGE


class ExistingCloud:
    """The adapter for clusters that somebody else made."""

    kind = "existing"
    api = API
    settings_model: type[SpecModel] = ExistingSettings
    tools: tuple[str, ...] = ()
    capabilities = frozenset({Capability.BLOCK_STORAGE, Capability.LOAD_BALANCER, Capability.ZONES})

    # Pure

    def problems(self, spec: ClusterSpec) -> Sequence[Issue]:
        """Return what does not fit: no way to the cluster, nothing found yet, or nodes described."""
        settings, found = settings_of(spec), []
        if not (settings.kubeconfig or settings.context or settings.kubeconfig_secret):
            what = "the way to the cluster is missing"
            found.append(Issue(_SETTINGS, what, "add `kubeconfig:` with a path, or `context:`", code=Code.MISSING))
        if settings.kubeconfig and settings.kubeconfig_secret:
            path = (*_SETTINGS, "kubeconfigSecret")
            found.append(
                Issue(path, "there is a file already", "take one of the two out", ((*_SETTINGS, "kubeconfig"),))
            )
        if spec.pools:
            found.append(Issue(("pools",), "the nodes are there already, none is made", "take `pools` out"))
        if settings.found is None:
            what = "it is not known yet what is in the cluster"
            fix = "run `haven-iac detect -s STACK`, which looks and changes nothing"
            found.append(Issue((*_SETTINGS, "found"), what, fix, code=Code.MISSING))
        elif settings.found.version != spec.kubernetes.version:
            what = f"{spec.kubernetes.version} is asked and the cluster runs {settings.found.version}"
            fix = "take the line out; after an upgrade run `haven-iac detect` again"
            found.append(Issue(("kubernetes", "version"), what, fix, ((*_SETTINGS, "found", "version"),)))
        return found

    def promise(self, spec: ClusterSpec) -> CloudFacts:
        """Return what was found."""
        settings = settings_of(spec)
        found = settings.found
        if found is None:
            raise CloudError("it is not known yet what is in the cluster", fix="run `haven-iac detect`")
        nodes = tuple(
            FoundNode(name, one.zone, one.control_plane, one.os_image, one.public, one.flavor)
            for name, one in sorted(found.nodes.items())
        )
        zones = tuple(sorted({node.zone for node in nodes if node.zone}))
        balanced = settings.load_balancer is not False
        brought = {slot: Brought(one.name, one.namespace, one.version) for slot, one in found.slots.items()}
        return CloudFacts(
            kind=self.kind,
            simulated=found.simulated,
            managed_control_plane=not any(node.control_plane for node in nodes),
            zones=zones,
            nodes=NodeFacts(os_image="", hardening=""),
            storage=StorageFacts(_classes(found), found.snapshot_driver),
            load_balancer=LoadBalancerFacts(available=balanced),
            bundled=frozenset({*brought, *_kept(spec)}),
            stand_in_charts=found.simulated,
            capabilities=_able(found, balanced),
            platform=found.platform,
            own_keys=False,
            found_nodes=nodes,
            brought=brought,
            left_alone=frozenset(found.namespaces),
            shared=True,
        )

    # Looking

    def secret(self, spec: ClusterSpec) -> str:
        """Return the name of the secret with the kubeconfig; empty when it is a file."""
        return settings_of(spec).kubeconfig_secret or ""

    def detected(self, spec: ClusterSpec) -> bool:
        """Return whether the description says what was found."""
        return settings_of(spec).found is not None

    def detect(self, spec: ClusterSpec, root: str, kubeconfig: str, today: date) -> Mapping[str, Any]:
        """Look, read-only, and return what was found."""
        from haven_iac.clouds.existing.credential import text_of
        from haven_iac.clouds.existing.detect import found
        from haven_iac.clouds.existing.look import look

        settings = settings_of(spec)
        document = found(look(text_of(settings, root, kubeconfig)), spec.name, today)
        uid = document["cloud"]["settings"]["found"]["cluster"]
        if settings.found and settings.found.cluster != uid:
            raise CloudError(
                "this is another cluster than the one that was found before",
                fix="mend the kubeconfig or context; for another cluster make another stack",
                at="cloud.settings",
            )
        return document

    def probe(self, plan: ClusterPlan) -> list[Finding]:
        """Look whether it is the cluster that was found, and whether that is still what is in it."""
        from haven_iac.project import find_project

        settings = settings_of(plan.spec)
        if settings.kubeconfig_secret:
            return []  # Pulumi holds it; the run itself looks first whether it is the right cluster
        try:
            root = str(find_project().root)
        except HavenError:
            root = "."
        try:
            now = self.detect(plan.spec, root, "", date.today())
        except HavenError as error:
            return [Finding("error", error.what, error.fix, "cloud.settings")]
        return _moved(settings, validate(Found, now["cloud"]["settings"]["found"]))

    def builder(self, root: str) -> CloudBuilder:
        """Return what hands on the way to the cluster; imports Pulumi."""
        from haven_iac.clouds.existing.build import ExistingBuilder

        return ExistingBuilder(root)


def _classes(found: Found) -> tuple[StorageClassFacts, ...]:
    return tuple(
        StorageClassFacts(
            name,
            one.provisioner,
            ("ReadWriteOnce", "ReadWriteMany") if one.shared else ("ReadWriteOnce",),
            "Immediate" if one.immediate else "WaitForFirstConsumer",
            one.default,
            expandable=one.expandable,
        )
        for name, one in sorted(found.storage_classes.items())
    )


def _able(found: Found, balanced: bool) -> frozenset[Capability]:
    able = {
        Capability.BLOCK_STORAGE: any(one.default for one in found.storage_classes.values()),
        Capability.SHARED_STORAGE: any(one.shared for one in found.storage_classes.values()),
        Capability.LOAD_BALANCER: balanced,
        Capability.ZONES: any(node.zone for node in found.nodes.values()),
    }
    return frozenset(name for name, there in able.items() if there)


def _moved(settings: ExistingSettings, now: Found) -> list[Finding]:
    """Return what is no longer as it was found; something new in a slot of ours stops the run."""
    then = settings.found
    assert then is not None
    again = "run `haven-iac detect`, and look at the plan"
    found = []
    if now.version != then.version:
        what = f"the cluster runs {now.version} now, and {then.version} was found on {then.as_of}"
        found.append(Finding("error", what, again, "kubernetes.version"))
    for slot in sorted({*now.slots, *then.slots}):
        was, is_ = then.slots.get(slot), now.slots.get(slot)
        if was is None and is_:
            what = f"{is_.name} fills the slot {slot} now, which nobody did on {then.as_of}"
            found.append(Finding("error", what, again, f"platform.addons.{slot}"))
        elif was and is_ is None:
            what = f"{was.name}, which filled the slot {slot} on {then.as_of}, is gone"
            found.append(Finding("warning", what, again, f"platform.addons.{slot}"))
    if set(now.nodes) != set(then.nodes):
        what = f"there are {len(now.nodes)} nodes now, and other ones than the {len(then.nodes)} of {then.as_of}"
        found.append(Finding("warning", what, again, "cloud.settings"))
    if new := sorted(set(now.namespaces) - set(then.namespaces)):
        what = f"namespaces that are new since {then.as_of}, and not ours: {', '.join(new)}; policies reach them"
        found.append(Finding("warning", what, again, "cloud.settings"))
    return found


CLOUD = ExistingCloud()
