"""The probe and the explanation of failures, against real APIs."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from haven_iac.clouds.openstack import connection as connections
from haven_iac.clouds.openstack import settings_of
from haven_iac.clouds.openstack.explain import explain
from haven_iac.clouds.openstack.probe import probe
from haven_iac.clouds.openstack.probing import inventory
from haven_iac.clouds.openstack.probing.existing import with_existing
from haven_iac.clouds.openstack.probing.judge import Case, judge
from haven_iac.clouds.openstack.probing.reader import Reader
from haven_iac.clouds.openstack.probing.snapshot import Kind, Quota
from haven_iac.clouds.openstack.settings import OpenStackSettings
from haven_iac.errors import CloudLoginError
from haven_iac.prepare import from_document

pytestmark = pytest.mark.lab

DOCUMENT: dict[str, Any] = {
    "name": "peiling",
    "cloud": {
        "kind": "openstack",
        "zones": ["az1", "az2", "az3"],
        "settings": {"cloud": "haven-demo", "image": "haven-linux", "externalNetwork": "public"},
    },
    "network": {"nodes": "10.20.0.0/20", "apiAllowedCidrs": ["192.0.2.0/24"]},
    "controlPlane": {"flavor": "m1.medium"},
    "pools": {"general": {"size": 3, "flavor": "m1.large"}},
    "ingress": {"domain": "apps.peiling.test"},
}


@pytest.fixture
def document(provider: str) -> dict[str, Any]:
    """Give a description that suits the lab."""
    cloud = DOCUMENT["cloud"]
    return {**DOCUMENT, "cloud": {**cloud, "settings": {**cloud["settings"], "loadBalancer": {"provider": provider}}}}


def findings(document: dict[str, Any]) -> list[Any]:
    plan = from_document(document).plan
    return probe(plan, settings_of(plan.spec))


def test_a_cloud_in_order_is_seen_to_be_within_seconds(document: dict[str, Any]) -> None:
    began = time.monotonic()
    assert findings(document) == []
    assert time.monotonic() - began < 15


def test_everything_that_is_wrong_is_said_at_once(document: dict[str, Any]) -> None:
    cloud = document["cloud"]
    wrong = {
        **document,
        "cloud": {
            **cloud,
            "zones": ["az1", "az2", "az4"],
            "settings": {
                **cloud["settings"],
                "image": "haven-linx",
                "externalNetwork": "publik",
                "loadBalancer": {"provider": "f5"},
                "shareZone": "mars",
                "ssh": {"enabled": True, "keypair": "nobody"},
            },
        },
        "pools": {"general": {"size": 3, "flavor": "m1.huge"}},
        "storage": {"block": {"type": "slow"}, "shared": {"kind": "manila", "type": "none"}},
    }
    paths = {one.path for one in findings(wrong) if one.severity == "error"}
    assert paths == {
        "cloud.settings.image",
        "cloud.zones[2]",
        "pools.general.flavor",
        "cloud.settings.ssh.keypair",
        "cloud.settings.externalNetwork",
        "cloud.settings.loadBalancer.provider",
        "storage.block.type",
        "storage.shared.type",
        "cloud.settings.shareZone",
    }


def test_a_restricted_credential_is_refused(cloud: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = cloud.identity.create_application_credential(cloud.current_user_id, "peiling-restricted")
    auth = {
        "auth_url": connections.login(OpenStackSettings(image="x", cloud="haven-demo")).auth_url,
        "application_credential_id": made.id,
        "application_credential_secret": made.secret,
    }
    try:
        import yaml

        file = tmp_path / "clouds.yaml"
        file.write_text(
            yaml.safe_dump(
                {
                    "clouds": {
                        "narrow": {"auth_type": "v3applicationcredential", "auth": auth, "region_name": "RegionOne"}
                    }
                }
            )
        )
        monkeypatch.setenv("OS_CLIENT_CONFIG_FILE", str(file))
        cloud_ = {**DOCUMENT["cloud"], "settings": {**DOCUMENT["cloud"]["settings"], "cloud": "narrow"}}
        said = [one.what for one in findings({**DOCUMENT, "cloud": cloud_})]
        assert any("application credential that cannot make another" in text for text in said)
    finally:
        cloud.identity.delete_application_credential(cloud.current_user_id, made.id)


def test_a_wrong_password_is_one_finding_without_the_password(
    cloud: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    where = connections.login(OpenStackSettings(image="x", cloud="haven-demo"))
    file = tmp_path / "clouds.yaml"
    file.write_text(
        f"clouds:\n  broken:\n    auth: {{auth_url: '{where.auth_url}', username: haven, password: zeer-geheim, "
        "project_name: haven-demo, user_domain_name: Default, project_domain_name: Default}\n"
    )
    monkeypatch.setenv("OS_CLIENT_CONFIG_FILE", str(file))
    with pytest.raises(CloudLoginError) as refused:
        connections.connect(OpenStackSettings(image="x", cloud="broken"))
    assert "does not accept the credentials of 'broken'" in str(refused.value)
    assert "zeer-geheim" not in str(refused.value)


def test_what_the_cluster_has_already_is_counted(cloud: Any, document: dict[str, Any]) -> None:
    plan = from_document(document).plan
    network = cloud.network.create_network(name="peiling-bcdfg-network")
    other = cloud.network.create_network(name="peiling-2-bcdfg-network")
    try:
        seen = inventory.read(cloud, settings_of(plan.spec))
        full = replace(seen, quotas={**seen.quotas, Kind.NETWORKS.value: Quota(2, 2)})
        found = with_existing(Reader(cloud), plan, full)
        assert found.existing[Kind.NETWORKS] == 1
        assert not found.exists
        short = [one for one in judge(Case(plan, settings_of(plan.spec), full)) if "networks are left" in one.what]
        assert len(short) == 1
        assert judge(Case(plan, settings_of(plan.spec), found)) == []
    finally:
        cloud.network.delete_network(network)
        cloud.network.delete_network(other)


def test_a_machine_that_nova_could_not_place_is_explained(cloud: Any) -> None:
    network = cloud.network.create_network(name="peiling-network")
    cloud.network.create_subnet(network_id=network.id, cidr="10.62.0.0/24", ip_version=4)
    group = cloud.compute.create_server_group(name="peiling", policy="anti-affinity")
    given = {
        "flavor_id": cloud.compute.find_flavor("m1.tiny").id,
        "image_id": cloud.image.find_image("haven-linux").id,
        "networks": [{"uuid": network.id}],
        "availability_zone": "az1",
        "scheduler_hints": {"group": group.id},
    }
    made = []
    try:
        for number in range(6):
            made.append(cloud.compute.create_server(name=f"peiling-{number}", **given))
            while (now := cloud.compute.get_server(made[-1])).status == "BUILD":
                time.sleep(0.3)
            if now.status == "ERROR":
                break
        text = f"Error waiting for instance ({made[-1].id}) to become ready: unexpected state 'ERROR'"
        settings = OpenStackSettings(image="haven-linux", cloud="haven-demo")
        found = explain(settings, "openstack:compute/instance:Instance", text)
        assert "No valid host was found" in found.what
        assert "antiAffinity: soft" in found.fix
    finally:
        for server in made:
            cloud.compute.delete_server(server)
        for server in made:
            cloud.compute.wait_for_delete(server, interval=0.3, wait=60)
        cloud.compute.delete_server_group(group)
        for subnet in cloud.network.subnets(network_id=network.id):
            cloud.network.delete_subnet(subnet)
        cloud.network.delete_network(network)
