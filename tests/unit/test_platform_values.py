"""What the charts are told."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from haven_iac.errors import SpecError
from haven_iac.platform import catalogue, keys, slots, storage
from haven_iac.platform.release import Release
from haven_iac.platform.secret_forms import render
from haven_iac.spec import ClusterSpec
from tests.unit.platform_lab import EVERYTHING, PLAIN, SECRETS, facts, spec, texts

HOSTS = re.compile(r"\b(docker\.io|quay\.io|ghcr\.io|registry\.k8s\.io|gcr\.io)\b")
WITHOUT_PODS = {slots.GATEWAY_API, slots.MONITORING_CRDS}
RFC2136 = {
    **EVERYTHING,
    "dns": {"kind": "rfc2136", "server": "ns.example.nl:5353", "secret": "dns-key", "keyName": "k.example.nl"},
}
CLOUDFLARE = {**EVERYTHING, "dns": {"kind": "cloudflare", "secret": "dns-key"}}
ROUTE53 = {**EVERYTHING, "dns": {"kind": "route53", "secret": "dns-key"}}
NFS = {**EVERYTHING, "storage": {"shared": {"kind": "nfs", "server": "nfs.example.nl", "path": "/export"}}}
LONGHORN = {**EVERYTHING, "storage": {"shared": {"kind": "longhorn"}}}
SIEM_ONLY = {**EVERYTHING, "logs": {"store": False, "forward": "https://siem.example.nl", "forwardLogs": "audit"}}
LARGE = {**EVERYTHING, "platform": {"size": "large"}}
SUPPLIED = {
    **PLAIN,
    "ingress": {"domain": "apps.example.nl", "certificates": {"issuer": "supplied", "secret": "chain-and-key"}},
}
SPECS = {
    "plain": PLAIN,
    "everything": EVERYTHING,
    "rfc2136": RFC2136,
    "cloudflare": CLOUDFLARE,
    "route53": ROUTE53,
    "nfs": NFS,
    "longhorn": LONGHORN,
    "siem only": SIEM_ONLY,
    "large": LARGE,
    "supplied": SUPPLIED,
    "mirrored": {**EVERYTHING, "mirror": {"images": "registry.example.nl/mirror"}},
}


def release(described: ClusterSpec, slot: str, **promised: Any) -> Release:
    """Return the release in one slot."""
    [found] = [one for one in catalogue.releases(described, facts(**promised)) if one.slot == slot]
    return found


@pytest.mark.parametrize("name", SPECS)
def test_every_value_has_its_key_in_the_chart(name: str) -> None:
    for one in catalogue.releases(spec(SPECS[name]), facts()):
        assert not keys.strange(one.chart, one.values), one.chart


@pytest.mark.parametrize("base", [EVERYTHING, RFC2136, NFS, LONGHORN], ids=["designate", "rfc2136", "nfs", "longhorn"])
def test_a_mirror_takes_over_every_chart_and_every_image(base: Mapping[str, Any]) -> None:
    mirror = {"charts": "oci://registry.example.nl/charts", "images": "registry.example.nl/mirror"}
    for one in catalogue.releases(spec(base, mirror=mirror), facts()):
        assert one.repo == mirror["charts"]
        assert not one.manifest
        given = list(texts(one.values))
        assert not [text for text in given if HOSTS.search(text)], one.name
        assert one.slot in WITHOUT_PODS or any("registry.example.nl/mirror" in text for text in given), one.name


def test_without_a_mirror_everything_comes_from_its_own_place() -> None:
    for one in catalogue.releases(spec(EVERYTHING), facts()):
        assert bool(one.repo) != bool(one.manifest)
        assert "registry.example.nl" not in " ".join(texts(one.values))


def test_no_image_is_called_latest() -> None:
    for name in SPECS:
        for one in catalogue.releases(spec(SPECS[name]), facts()):
            assert not [text for text in texts(one.values) if text.endswith(":latest") or text == "latest"]
    folder = catalogue.chart_folder("loki").parent
    assert not [path for path in folder.rglob("*.*") if path.is_file() and ":latest" in path.read_text()]


def test_secrets_are_named_by_the_description_and_never_stand_in_values() -> None:
    made = catalogue.releases(spec(EVERYTHING), facts())
    named = {name for one in made for ref in one.secrets for name in ref.entries.values()}
    assert named == SECRETS
    for one in made:
        assert not SECRETS & set(texts(one.values)), one.name
        for ref in one.secrets:
            assert set(ref.forms) <= set(ref.entries)


def test_without_object_stores_and_the_like_no_secret_is_asked_for() -> None:
    assert not [ref for one in catalogue.releases(spec(), facts()) for ref in one.secrets if ref.entries]


def test_a_secret_that_is_made_is_one_that_the_chart_uses() -> None:
    for one in catalogue.releases(spec(EVERYTHING), facts()):
        # The classes that name a driver's secret are a slot of their own.
        own = (one.slot, "shared-storage") if one.slot == "shared-driver" else (one.slot,)
        bodies = [m.body for m in catalogue.manifests(spec(EVERYTHING), facts(), [one]) if m.slot in own]
        used = {part for text in texts([one.values, bodies]) for part in text.split("/")}
        assert {ref.name for ref in one.secrets} <= used, one.name


@pytest.mark.parametrize(
    ("form", "text", "expected"),
    [
        ("", "as it is\n", "as it is\n"),
        ("access-key", "id:secret", "id"),
        ("secret-key", "id:sec:ret\n", "sec:ret"),
        ("tsig-name", "k.example.nl:abc=", "k.example.nl"),
        ("tsig-algorithm", "k.example.nl:abc=", "hmac-sha256"),
        ("tsig-algorithm", "hmac-sha512:k.example.nl:abc=", "hmac-sha512"),
        ("tsig-key", "hmac-sha512:k.example.nl:abc=\n", "abc="),
    ],
)
def test_a_secret_is_given_in_the_form_that_a_chart_wants(form: str, text: str, expected: str) -> None:
    assert render(form, text) == expected


@pytest.mark.parametrize("form", ["access-key", "aws-file", "tsig-key", "certificates", "private-key"])
def test_a_secret_in_the_wrong_form_is_refused_without_showing_it(form: str) -> None:
    with pytest.raises(SpecError) as caught:
        render(form, "hunter2")
    assert "hunter2" not in str(caught.value)


def test_a_bigger_platform_asks_for_more_of_everything() -> None:
    sums: list[dict[str, int]] = []
    for size in ("small", "medium", "large"):
        made = catalogue.releases(spec(EVERYTHING, platform={"size": size}), facts())
        sums.append({one.slot: sum(w.replicas * w.memory_mib for w in one.workloads) for one in made})
    small, medium, large = sums
    assert all(small[slot] <= medium[slot] <= large[slot] for slot in small)
    assert 2 * sum(small.values()) < sum(medium.values()) < sum(large.values())


def test_what_the_plan_adds_up_is_what_the_charts_are_told() -> None:
    for size in ("small", "medium", "large"):
        made = {one.slot: one for one in catalogue.releases(spec(platform={"size": size}), facts())}
        gateway, loki = made[slots.GATEWAY], made[slots.LOGS]
        assert gateway.workloads[0].replicas == gateway.values["deployment"]["replicas"]
        assert gateway.values["resources"]["requests"]["cpu"] == f"{gateway.workloads[0].cpu_millis}m"
        assert loki.workloads[0].replicas == loki.values["singleBinary"]["replicas"] == 1
        assert loki.values["singleBinary"]["resources"]["requests"]["memory"] == f"{loki.workloads[0].memory_mib}Mi"


def test_the_description_decides_over_the_size() -> None:
    assert release(spec(ingress={"replicas": 7}), slots.GATEWAY).values["deployment"]["replicas"] == 7

    def volume(described: ClusterSpec) -> tuple[str, str]:
        given = release(described, slots.MONITORING).values["prometheus"]["prometheusSpec"]
        claim = given["storageSpec"]["volumeClaimTemplate"]["spec"]
        return claim["resources"]["requests"]["storage"], given["retentionSize"]

    assert volume(spec(platform={"size": "medium"})) == ("100Gi", "87040MB")
    assert volume(spec(platform={"size": "medium"}, monitoring={"storage": "500Mi"})) == ("500Mi", "425MB")


def test_logs_on_a_volume_are_one_replica_and_in_a_bucket_as_many_as_the_size_says() -> None:
    volume = release(spec(platform={"size": "medium"}), slots.LOGS)
    bucket = release(spec(EVERYTHING, platform={"size": "medium"}), slots.LOGS)
    assert volume.values["singleBinary"]["replicas"] == 1
    assert volume.values["loki"]["storage"] == {"type": "filesystem"}
    assert bucket.values["singleBinary"]["replicas"] == 3
    assert bucket.values["loki"]["storage"]["s3"]["endpoint"] == "https://s3.example.nl:9000"


def test_audit_logs_are_kept_for_as_long_as_they_are_asked_for() -> None:
    limits = release(spec(logs={"retention": "14d", "auditRetention": "1y"}), slots.LOGS).values["loki"]
    assert limits["limits_config"]["retention_period"] == "336h"
    assert limits["limits_config"]["retention_stream"][0]["period"] == "8760h"
    with pytest.raises(SpecError, match="less than a day"):
        spec(logs={"retention": "12h"})


def test_a_siem_address_cannot_break_out_of_the_collectors_configuration() -> None:
    evil = 'https://siem.example.nl/"}}{{.Values}}'
    content = release(spec(logs={"forward": evil}), slots.LOG_COLLECTOR).values["alloy"]["configMap"]["content"]
    assert r'endpoint = "https://siem.example.nl/\"}}' in content
    assert "{{.Values}}" not in content
    assert content.count("{{") == content.count('{{ "{{" }}') * 2


def test_the_collector_runs_on_every_node_and_reads_no_secrets() -> None:
    values = release(spec(), slots.LOG_COLLECTOR).values
    assert values["controller"]["tolerations"] == [{"operator": "Exists"}]
    reads = {kind for rule in values["rbac"]["clusterRules"] for kind in rule["resources"]}
    assert "secrets" not in reads
    assert "*" not in reads


def test_the_clients_address_is_kept_in_the_way_that_the_load_balancer_can() -> None:
    from haven_iac.facts import LoadBalancerFacts

    with_protocol = release(spec(), slots.GATEWAY).values
    without = release(spec(), slots.GATEWAY, load_balancer=LoadBalancerFacts(available=True)).values
    assert with_protocol["ports"]["websecure"]["proxyProtocol"] == {"trustedIPs": ["10.20.0.0/20"]}
    assert with_protocol["service"]["spec"]["externalTrafficPolicy"] == "Cluster"
    assert "proxyProtocol" not in without["ports"]["websecure"]
    assert without["service"]["spec"]["externalTrafficPolicy"] == "Local"


def test_metrics_of_etcd_are_read_only_where_we_run_it() -> None:
    assert release(spec(), slots.MONITORING).values["kubeEtcd"] == {"enabled": True}
    assert release(spec(kubernetes={"distribution": "k3s"}), slots.MONITORING).values["kubeEtcd"] == {"enabled": False}
    hidden = release(spec(), slots.MONITORING, managed_control_plane=True)
    assert hidden.values["kubeEtcd"] == {"enabled": False}


def test_nothing_is_scraped_where_nobody_reads() -> None:
    made = catalogue.releases(spec(monitoring={"enabled": False}), facts())
    assert made
    for one in made:
        for path, value in _walk(one.values):
            assert not (re.search(r"(?i)(serviceMonitor|podMonitor)\.(enabled|create)$", path) and value), path


def _walk(value: Mapping[str, Any], path: str = "") -> Iterator[tuple[str, Any]]:
    for key, inner in value.items():
        if isinstance(inner, Mapping):
            yield from _walk(inner, f"{path}{key}.")
        else:
            yield f"{path}{key}", inner


def test_a_snapshot_is_made_of_a_volume_that_is_in_use() -> None:
    made = {driver: storage.snapshot_class(driver) for driver in ("cinder.csi.openstack.org", "driver.longhorn.io")}
    assert made["cinder.csi.openstack.org"]["parameters"] == {"force-create": "true"}
    assert "parameters" not in made["driver.longhorn.io"]
