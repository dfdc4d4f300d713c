"""Hand-over to Flux: what leaves our state, in how many runs, and what the repository gets."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner

from haven_iac.cli.app import app
from haven_iac.deploy.owners import runs
from haven_iac.errors import DeployError, SpecError
from haven_iac.hand_over import HandOverProvider, owner_in
from haven_iac.plan.changes import Disruption, changes
from haven_iac.plan.flux import files
from haven_iac.plan.snapshot import snapshot
from haven_iac.platform import slots
from haven_iac.platform.gitops import LABEL, handed
from haven_iac.platform.late import IDENTITY, late
from haven_iac.prepare import from_document
from haven_iac.spec.gitops import Owner
from tests.unit.platform_lab import EVERYTHING, PLAIN
from tests.unit.test_platform_namespaces import bodies, planned

ROOT = Path(__file__).parents[2]
REPOSITORY = "https://git.example.nl/platform/clusters.git"


def owned(owner: str, **more: Any) -> dict[str, Any]:
    return {"gitops": {"repository": REPOSITORY, "owner": owner, **more}}


def state(owner: str | None) -> dict[str, Any]:
    """Return an exported state."""
    resource = {"type": "pulumi-python:dynamic/haven:HandOver", "outputs": {"owner": owner}}
    return {"deployment": {"resources": [resource] if owner else []}}


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (None, "haven-iac", ["haven-iac"]),
        (None, "flux", ["moving", "flux"]),
        ("haven-iac", "flux", ["moving", "flux"]),
        ("moving", "flux", ["flux"]),
        ("flux", "flux", ["flux"]),
        ("flux", "haven-iac", ["haven-iac"]),
        ("haven-iac", "moving", ["moving"]),
    ],
)
def test_nothing_leaves_before_a_run_has_marked_it_as_staying(
    before: str | None, after: str, expected: list[str]
) -> None:
    made = runs(from_document({**PLAIN, **owned(after)}), state(before))
    assert [one.spec.gitops.owner.value for one in made if one.spec.gitops] == expected
    for one in made:
        assert {r.owner.value for r in one.plan.releases if handed(r)} == {one.spec.gitops.owner.value}  # type: ignore[union-attr]


def test_gitops_is_not_taken_out_while_the_releases_are_fluxs() -> None:
    with pytest.raises(DeployError, match="gone from the description") as refused:
        runs(from_document(PLAIN), state("flux"))
    assert "owner: haven-iac" in refused.value.fix
    assert len(runs(from_document(PLAIN), state("haven-iac"))) == 1


@pytest.mark.parametrize(
    ("old", "new", "refused"),
    [({}, "flux", True), ({"owner": "haven-iac"}, "flux", True), ({"owner": "moving"}, "flux", False),
     ({"owner": "flux"}, "flux", False), ({}, "moving", False), ({"owner": "flux"}, "haven-iac", False)],
)  # fmt: skip
def test_plain_pulumi_is_kept_from_taking_both_steps_at_once(old: dict[str, Any], new: str, refused: bool) -> None:
    found = HandOverProvider().check(old, {"owner": new})
    assert bool(found.failures) is refused
    assert all("gitops.owner: moving" in one.reason for one in found.failures or [])


def test_the_state_says_who_owns_the_releases() -> None:
    assert owner_in(state(None)) is None
    assert owner_in(state("flux")) is Owner.FLUX
    assert owner_in({}) is None
    with pytest.raises(DeployError):
        owner_in(state("nobody"))


def test_kinds_flux_itself_and_what_only_building_tells_stay_ours() -> None:
    made = planned(EVERYTHING, **owned("flux"))
    ours = {one.slot for one in made.releases if one.owner is not Owner.FLUX}
    of_the_cloud = {slots.CLOUD_CONTROLLER, slots.BLOCK_DRIVER, slots.SHARED_DRIVER}
    assert ours == {slots.GATEWAY_API, slots.GITOPS, *of_the_cloud}


def test_what_flux_cannot_fetch_or_know_stays_ours() -> None:
    release = planned(EVERYTHING).release(slots.METRICS)
    assert release is not None
    assert handed(release)
    assert not handed(replace(release, folder="/somewhere"))
    assert not handed(replace(release, manifest="https://example.nl/file.yaml"))
    assert not handed(replace(release, values={"cluster": late(IDENTITY)}))


def test_flux_waits_until_the_releases_are_its_own_and_never_takes_them_along() -> None:
    for owner, suspended in (("haven-iac", True), ("moving", True), ("flux", False)):
        [applied] = bodies(planned(EVERYTHING, **owned(owner)), "Kustomization")
        assert applied["spec"]["suspend"] is suspended
        assert applied["spec"]["deletionPolicy"] == "Orphan"
        assert applied["spec"]["path"] == "./clusters/test/infrastructure"
    made = planned(EVERYTHING)
    release = made.release(slots.GITOPS)
    assert release is not None
    assert release.values["crds"]["annotations"]["helm.sh/resource-policy"] == "keep"


def test_handing_over_disturbs_nobody_and_says_so() -> None:
    before, after = (snapshot(planned(**owned(owner))) for owner in ("haven-iac", "flux"))
    for old, new, words in ((before, after, "handed over to Flux"), (after, before, "taken back from Flux")):
        found = [one for one in changes(old, new) if one.kind == "release"]
        assert {one.what for one in found} >= {"traefik", "cert-manager", "loki"}
        assert all(words in one.detail and one.disruption is Disruption.NONE for one in found)


def test_what_changes_while_flux_owns_it_belongs_in_the_repository() -> None:
    old = snapshot(planned(**owned("flux")))
    new = snapshot(planned(**owned("flux"), ingress={"replicas": 5}))
    [change] = [one for one in changes(old, new) if one.what == "traefik"]
    assert "haven-iac gitops export" in change.detail


def test_a_private_repository_gets_its_credential_and_nothing_else() -> None:
    release = planned(EVERYTHING, **owned("haven-iac", secret="git")).release(slots.GITOPS)
    assert release is not None
    assert release.secrets[0].entries == {"username": "git", "password": "git"}
    ssh = {"repository": "ssh://git@git.example.nl/clusters.git", "secret": "git"}
    with pytest.raises(SpecError, match="knownHosts"):
        planned(gitops=ssh)
    release = planned(gitops={**ssh, "knownHosts": "git.example.nl ssh-ed25519 AAAA"}).release(slots.GITOPS)
    assert release is not None
    assert release.secrets[0].plain == {"known_hosts": "git.example.nl ssh-ed25519 AAAA"}


def test_a_git_server_of_a_closed_network_is_known_by_its_own_authority() -> None:
    made = planned(EVERYTHING, **owned("haven-iac", caSecret="git-ca"))
    release = made.release(slots.GITOPS)
    assert release is not None
    assert release.secrets[0].entries == {"ca.crt": "git-ca"}
    [source] = bodies(made, "GitRepository")
    assert source["spec"]["secretRef"] == {"name": release.secrets[0].name}
    both = planned(**owned("haven-iac", caSecret="git-ca", secret="git")).release(slots.GITOPS)
    assert both is not None
    assert both.secrets[0].entries == {"username": "git", "password": "git", "ca.crt": "git-ca"}
    with pytest.raises(SpecError, match="caSecret"):
        planned(gitops={"repository": "ssh://git@git.example.nl/clusters.git", "caSecret": "git-ca"})


def test_flux_reaches_the_git_server_and_the_mirror_at_the_ports_they_have() -> None:
    def ports(**given: Any) -> list[int]:
        release = planned(**given).release(slots.GITOPS)
        assert release is not None
        [policy] = release.flows
        return [one["port"] for one in policy["spec"]["egress"][1]["ports"]]

    assert ports(gitops={"repository": "git@git.example.nl:clusters.git"}) == [22, 443]
    elsewhere = {"repository": "https://git.example.nl:8443/clusters.git"}
    assert ports(gitops=elsewhere, mirror={"charts": "oci://registry.example.nl:5000/charts"}) == [22, 443, 5000, 8443]


def test_charts_of_a_mirror_are_trusted_by_its_own_authority() -> None:
    mirror = {"charts": "oci://registry.example.nl/charts", "images": "registry.example.nl", "caSecret": "mirror-ca"}
    made = planned(EVERYTHING, mirror=mirror)
    release = made.release(slots.GITOPS)
    assert release is not None
    [held] = [one for one in release.secrets if "ca.crt" in one.entries]
    assert held.entries == {"ca.crt": "mirror-ca"}
    for path, text in files(made).items():
        if path.endswith("repository.yaml"):
            assert yaml.safe_load(text)["spec"] == {
                "interval": "1h",
                "type": "oci",
                "url": "oci://registry.example.nl/charts",
                "certSecretRef": {"name": held.name},
            }


def read(folder: dict[str, str], path: str) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(folder[path])
    return found


def test_the_repository_holds_the_very_same_charts_versions_and_values() -> None:
    made = planned(EVERYTHING)
    folder = files(made)
    for release in (one for one in made.releases if handed(one)):
        base = read(folder, f"infrastructure/{release.slot}/base/release.yaml")
        overlay = read(folder, f"infrastructure/{release.slot}/overlays/test/values.yaml")
        source = read(folder, f"infrastructure/{release.slot}/base/repository.yaml")
        assert overlay["metadata"] == base["metadata"]
        assert overlay["spec"]["values"] == dict(release.values)
        told = base["spec"]["chart"]["spec"]
        assert (told["chart"], told["version"], source["spec"]["url"]) == (release.chart, release.version, release.repo)
        assert (base["spec"]["releaseName"], base["spec"]["targetNamespace"]) == (release.name, release.namespace)
        assert base["spec"]["storageNamespace"] == release.namespace
        # Its usual remedy for an install that fails is to uninstall, and with that goes what runs already.
        assert base["spec"]["install"]["strategy"]["name"] == "RetryOnFailure"
        assert all(base["spec"][what]["disableHooks"] for what in ("install", "upgrade", "uninstall"))
        labels = read(folder, f"infrastructure/{release.slot}/overlays/test/kustomization.yaml")["labels"]
        assert labels == [{"pairs": {LABEL: "test"}}]
    assert not [path for path in folder if "gateway-api" in path or "/gitops/" in path]


def test_flux_applies_in_our_order_and_removes_nothing() -> None:
    made = planned(EVERYTHING)
    folder = files(made)
    applied = read(folder, "clusters/test/infrastructure/kustomization.yaml")
    assert applied["labels"] == [{"pairs": {LABEL: "test"}}]
    listed = applied["resources"]
    given = [one for one in made.releases if handed(one)]
    assert listed == [f"{one.slot}.yaml" for one in given]
    for release in given:
        applied = read(folder, f"clusters/test/infrastructure/{release.slot}.yaml")["spec"]
        assert applied["path"] == f"./infrastructure/{release.slot}/overlays/test"
        assert applied["prune"] is False
        needs = {one["name"] for one in applied.get("dependsOn", ())}
        assert needs == {need for need in release.needs if need in {one.slot for one in given}}


def test_no_secret_is_ever_written_to_the_repository() -> None:
    for path, text in files(planned(EVERYTHING)).items():
        assert yaml.safe_load(text).get("kind") != "Secret", path
        assert not re.search(r"[&*]id\d", text), path


def test_export_writes_its_files_and_leaves_the_rest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HAVEN_PROJECT", str(ROOT))
    (tmp_path / "README.md").write_text("ours")
    for _ in range(2):
        done = CliRunner().invoke(app, ["gitops", "export", str(tmp_path), "-s", "local"])
        assert done.exit_code == 0, done.output
    assert (tmp_path / "README.md").read_text() == "ours"
    assert (tmp_path / "clusters/voorbeeldstad/infrastructure/kustomization.yaml").is_file()
