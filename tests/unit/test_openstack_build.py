"""What a cluster on OpenStack is made of, without a cloud: names, tags, and who gets which key."""

from __future__ import annotations

import base64
import gzip
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

import haven_iac.components as components
from haven_iac.keys.material import make
from haven_iac.platform.common import merged
from haven_iac.testing import Recorded, run
from tests.unit.openstack_cases import DOCUMENT, uid

IDENTITY = "voorbeeldstad-abcde"
KEYS = make(IDENTITY, datetime(2026, 11, 24, tzinfo=UTC)).files
DYNAMIC = "pulumi-python:dynamic/haven:"
MADE: dict[str, dict[str, Any]] = {
    f"{DYNAMIC}ClusterKeys": {"identity": IDENTITY, "ca_cert": KEYS["ca.crt"], "material": KEYS},
    f"{DYNAMIC}AdminCredential": {"cert": "certificate", "key": "key", "not_after": "2027-11-24T00:00:00+00:00"},
    f"{DYNAMIC}ApiReady": {"ready": IDENTITY},
    "openstack:networking/port:Port": {"allFixedIps": ["10.20.0.77"]},
    "openstack:networking/floatingIp:FloatingIp": {"address": "198.51.100.9"},
    "openstack:loadbalancer/loadBalancer:LoadBalancer": {"vipPortId": uid(30), "vipAddress": "10.20.0.5"},
    "openstack:identity/applicationCredential:ApplicationCredential": {"secret": "s3cret-of-the-credential"},
    f"{DYNAMIC}S3Key": {"access": "access-key", "secret": "s3cret-of-objects"},
    f"{DYNAMIC}S3Endpoint": {"url": "https://s3.cloud.nl:8443"},
}
ANSWERS: dict[str, dict[str, Any]] = {
    "openstack:networking/getNetwork:getNetwork": {"id": uid(1), "name": "public"},
    "openstack:networking/getPortIds:getPortIds": {"ids": []},
    "openstack:images/getImageIds:getImageIds": {"ids": [uid(10), uid(11)]},
}
CLOUDS = "clouds: {test: {auth: {auth_url: https://cloud.example.nl/v3, username: u, password: p}, region_name: R}}"


@pytest.fixture(autouse=True)
def clouds(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    file = tmp_path / "clouds.yaml"
    file.write_text(CLOUDS)
    monkeypatch.setenv("OS_CLIENT_CONFIG_FILE", str(file))
    monkeypatch.setenv("OS_CLOUD", "test")


def built(*, founded: bool = False, config: dict[str, str] | None = None, **changes: Any) -> Recorded:
    document = merged(DOCUMENT, changes)
    ids = {"ids": [uid(40)] if founded else []}
    answers = {**ANSWERS, "openstack:networking/getPortIds:getPortIds": ids}

    def program() -> dict[str, Any]:
        cluster = components.HavenCluster("stad", {"spec": document, "root": "/nowhere"})
        return {"server": cluster.server}

    return run(program, made=MADE, answers=answers, config=config)


def settings(**given: Any) -> dict[str, Any]:
    return {"settings": {**DOCUMENT["cloud"]["settings"], **given}}


def files(server: Any) -> dict[str, str]:
    """Return the files in a server's user data, by path; it has to be a secret."""
    secret = server.inputs["userData"]
    assert set(secret) > {"value"}
    text = gzip.decompress(base64.b64decode(secret["value"])).decode()
    found = {}
    for one in yaml.safe_load(text)["write_files"]:
        content = one["content"]
        encoding = one.get("encoding", "")
        raw = base64.b64decode(content) if "b64" in encoding or "base64" in encoding else content
        found[one["path"]] = raw.decode() if isinstance(raw, bytes) else raw
    return found


def test_everything_can_be_found_by_name_or_tag() -> None:
    made = [one for one in built().resources if one.typ.startswith("openstack:")]
    assert made
    for one in made:
        named = str(one.inputs.get("name", "")).startswith(IDENTITY)
        tagged = one.inputs.get("tags") == [f"haven-iac:{IDENTITY}"]
        below = any(key in one.inputs for key in ("routerId", "securityGroupId", "poolId", "portId"))
        assert named or tagged or below, one.typ
    servers = [one for one in made if one.typ.endswith(":Instance")]
    assert all(one.inputs["metadata"]["haven-iac-identity"] == IDENTITY for one in servers)
    assert {one.inputs["name"] for one in servers} == {one.name for one in servers}


def test_only_the_first_server_gets_keys_of_authorities_and_never_the_roots() -> None:
    servers = built().of("openstack:compute/instance:Instance")
    with_keys = [one.name for one in servers if any(path.endswith("-ca.key") for path in files(one))]
    assert len(servers) == 6
    assert len(with_keys) == 1
    workers = [one for one in servers if "general" in one.name]
    assert workers
    for one in workers:
        assert KEYS["server.token"] not in "".join(files(one).values())


def test_servers_of_the_control_plane_stand_apart_and_pools_try_to() -> None:
    made = built()
    groups = {
        one.inputs["name"]: one.inputs["policies"] for one in made.of("openstack:compute/serverGroup:ServerGroup")
    }
    assert groups == {f"{IDENTITY}-control-plane": "anti-affinity", f"{IDENTITY}-general": "soft-anti-affinity"}
    soft = built(cloud=settings(antiAffinity="soft")).of("openstack:compute/serverGroup:ServerGroup")
    assert {one.inputs["policies"] for one in soft} == {"soft-anti-affinity"}


def test_the_load_balancer_lets_in_who_may_and_nodes() -> None:
    made = built()
    listeners = {one.inputs["protocolPort"]: one.inputs for one in made.of("openstack:loadbalancer/listener:Listener")}
    assert listeners[6443]["allowedCidrs"] == ["10.20.0.0/20", "192.0.2.0/24"]
    assert listeners[9345]["allowedCidrs"] == ["10.20.0.0/20"]
    assert len(made.of("openstack:loadbalancer/monitor:Monitor")) == 2
    assert made.outputs["server"] == "https://198.51.100.9:6443"
    ovn = built(cloud=settings(loadBalancer={"provider": "ovn"})).of("openstack:loadbalancer/listener:Listener")
    assert all("allowedCidrs" not in one.inputs for one in ovn)


def test_an_internal_api_has_no_public_address() -> None:
    made = built(cloud=settings(api={"exposure": "internal"}))
    assert made.of("openstack:networking/floatingIp:FloatingIp") == []
    assert made.outputs["server"] == "https://10.20.0.5:6443"


def test_a_network_that_exists_is_used_and_nothing_of_it_is_made() -> None:
    made = built(cloud=settings(networkId=uid(3), subnetId=uid(4)))
    assert not [
        one
        for one in made.resources
        if one.typ.endswith((":Network", ":Subnet", ":Router", ":RouterInterface")) and one.typ.startswith("openstack:")
    ]
    ports = made.of("openstack:networking/port:Port")
    assert {one.inputs["networkId"] for one in ports} == {uid(3)}
    assert {one.inputs["fixedIps"][0]["subnetId"] for one in ports if "noFixedIp" not in one.inputs} == {uid(4)}


def test_both_subnets_are_at_the_router_which_tells_nodes_the_range_of_ipv6() -> None:
    made = built(cloud=settings(ipv6={"nodes": "fd12:3456:789a::/64"}))
    subnets = {one.inputs["ipVersion"]: one for one in made.of("openstack:networking/subnet:Subnet")}
    assert subnets[6].inputs["cidr"] == "fd12:3456:789a::/64"
    assert (subnets[6].inputs["ipv6AddressMode"], subnets[6].inputs["ipv6RaMode"]) == ("slaac", "slaac")
    interfaces = made.of("openstack:networking/routerInterface:RouterInterface")
    assert {one.name for one in interfaces} == {"voorbeeldstad-router-interface", "voorbeeldstad-router-interface-6"}


def test_the_root_disk_is_a_volume_of_its_type_where_one_is_named() -> None:
    made = built(controlPlane={"flavor": "m1.medium", "disk": {"size": "40Gi", "type": "fast"}})
    servers = {one.name: one.inputs for one in made.of("openstack:compute/instance:Instance")}
    [first, *_] = [one for name, one in servers.items() if "control-plane" in name]
    assert first["blockDevices"][0]["volumeType"] == "fast"
    assert first["blockDevices"][0]["volumeSize"] == 40
    assert "imageId" not in first
    assert all(one["imageId"] == uid(10) for name, one in servers.items() if "general" in name)


def test_the_credential_is_restricted_and_rotated_by_another_name() -> None:
    [one] = built().of("openstack:identity/applicationCredential:ApplicationCredential")
    [two] = built(cloud=settings(controllers={"rotation": 1})).of(one.typ)
    assert one.inputs["unrestricted"] is False
    assert (one.inputs["name"], two.inputs["name"]) == (f"{IDENTITY}-controllers-0", f"{IDENTITY}-controllers-1")


def test_buckets_and_their_credential_are_made_with_the_cluster() -> None:
    made = built(
        cloud=settings(objectStorage={"kind": "cloud"}), logs={"bucket": "stad-logs"}, backup={"bucket": "stad-backup"}
    )
    buckets = {one.inputs["name"]: one.inputs["ends"] for one in made.of(f"{DYNAMIC}Bucket")}
    assert buckets == {"stad-logs": True, "stad-backup": False}
    [leftovers] = made.of(f"{DYNAMIC}OpenStackLeftovers")
    assert leftovers.inputs["ending"] == ["stad-logs"]
    [key] = made.of(f"{DYNAMIC}S3Key")
    [credential] = made.of("openstack:identity/applicationCredential:ApplicationCredential")
    assert key.inputs["credential"]
    assert credential.inputs["unrestricted"] is False


def test_nothing_of_object_storage_is_made_unless_asked_for() -> None:
    made = built(logs={"bucket": "stad-logs"})
    assert not made.of(f"{DYNAMIC}Bucket")
    assert not made.of(f"{DYNAMIC}S3Key")


def first(made: Recorded) -> dict[str, str]:
    """Return the files of the server that may start the cluster, or could."""
    [one] = [one for one in made.of("openstack:compute/instance:Instance") if one.name.endswith("control-plane-az3-1")]
    return files(one)


def test_a_cluster_that_has_been_started_is_noted_outside_its_servers() -> None:
    made = built()
    [note] = [one for one in made.of("openstack:networking/port:Port") if one.inputs.get("noFixedIp")]
    assert note.inputs["name"] == f"{IDENTITY}-founded"
    [told] = made.of(f"{DYNAMIC}Founded")
    assert told.inputs["server"].startswith("voorbeeldstad-control-plane-az3-1")
    request = first(made)["/etc/haven-iac/marker.curl"]
    assert "169.254.169.254/openstack/latest/meta_data.json" in request
    assert "haven-iac-founded" in first(made)["/etc/haven-iac/bootstrap.env"]
    assert "/etc/haven-iac/marker.curl" not in first(built(cloud=settings(configDrive=True)))


def test_the_first_server_of_a_cluster_that_exists_can_only_join() -> None:
    new, again = first(built()), first(built(founded=True))
    assert any(path.endswith("-ca.key") for path in new)
    assert not any(path.endswith("-ca.key") for path in again)
    assert "/usr/local/lib/haven-iac/cluster.sh" not in again
    config = yaml.safe_load(again["/etc/rancher/rke2/config.yaml"])
    assert config["server"] == "https://10.20.0.5:9345"


def test_private_authorities_of_mirror_and_identity_provider_reach_the_machines() -> None:
    pem = "-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n"
    made = built(
        config={"haven:mirror-ca": pem.format("mirror"), "haven:idp-ca": pem.format("provider")},
        mirror={"images": "mirror.example.nl", "caSecret": "mirror-ca"},
        identity={"oidc": {"issuer": "https://id.example.nl", "clientId": "kube", "caSecret": "idp-ca"}},
    )
    servers = {one.name: files(one) for one in made.of("openstack:compute/instance:Instance")}
    assert all(one["/etc/haven-iac/mirror-ca.pem"] == pem.format("mirror") for one in servers.values())
    for name, one in servers.items():
        text = "".join(one.values())
        assert ("\nprovider\n" in text.replace(" ", "")) == ("control-plane" in name), name
    nodes = made.of(f"{DYNAMIC}PoolNodes")
    assert all(set(one.inputs["authorities"]["value"]) == {"mirror", "identity"} for one in nodes)


def test_servers_look_in_the_cluster_for_the_bucket_of_etcds_snapshots() -> None:
    own = first(built(cloud=settings(objectStorage={"kind": "cloud"})))["/etc/rancher/rke2/config.yaml"]
    config = yaml.safe_load(own)
    assert {key: value for key, value in config.items() if key.startswith("etcd-s3")} == {
        "etcd-s3": True,
        "etcd-s3-retention": 28,
        "etcd-s3-config-secret": "haven-iac-etcd-snapshots",
    }
    assert "etcd-s3" not in yaml.safe_load(first(built())["/etc/rancher/rke2/config.yaml"])


def test_without_octavia_the_servers_hold_the_address_themselves() -> None:
    made = built(cloud=settings(loadBalancer={"enabled": False}))
    assert not [one for one in made.resources if one.typ.startswith("openstack:loadbalancer/")]
    ports = {one.name: one.inputs for one in made.of("openstack:networking/port:Port")}
    assert ports["voorbeeldstad-api"]["fixedIps"][0]["ipAddress"] == "10.20.0.5"
    pairs = {name: one.get("allowedAddressPairs") for name, one in ports.items()}
    for name, found in pairs.items():
        assert bool(found) == ("control-plane" in name), name
    [association] = made.of("openstack:networking/floatingIpAssociate:FloatingIpAssociate")
    assert association.inputs["portId"].startswith("voorbeeldstad-api")
    assert made.outputs["server"] == "https://198.51.100.9:6443"
    servers = {one.name: files(one) for one in made.of("openstack:compute/instance:Instance")}
    path = "/var/lib/rancher/rke2/server/manifests/haven-iac-kube-vip.yaml"
    for name, one in servers.items():
        assert (path in one) == ("control-plane" in name), name


def test_an_internal_address_that_servers_hold_has_no_floating_ip() -> None:
    made = built(cloud=settings(loadBalancer={"enabled": False}, api={"exposure": "internal"}))
    assert made.of("openstack:networking/floatingIp:FloatingIp") == []
    assert made.outputs["server"] == "https://10.20.0.77:6443"
