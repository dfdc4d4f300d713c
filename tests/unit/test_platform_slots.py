"""What each slot is told for production, and what happens to the verdict when one of them is empty."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from haven_iac.compliance.predict import predict
from haven_iac.errors import SpecError
from haven_iac.facts import CloudFacts, FlavorFacts, LoadBalancerFacts, NodeFacts, StorageClassFacts, StorageFacts
from haven_iac.plan.ages import ages, stale
from haven_iac.plan.build import plan
from haven_iac.plan.model import ClusterPlan
from haven_iac.platform import catalogue, slots, storage
from haven_iac.platform.alerts import rules
from haven_iac.platform.boards import boards
from haven_iac.platform.dashboards import WIDTH, document
from haven_iac.prepare import from_document
from haven_iac.spec.cron import longest_gap
from haven_iac.spec.known import SLOTS
from haven_iac.versions import minors
from tests.unit.platform_lab import EVERYTHING, PLAIN, facts, spec

TODAY = date(2026, 11, 24)


def values(slot: str, base: Mapping[str, Any] = PLAIN, promised: CloudFacts | None = None, **changes: Any) -> Any:
    [found] = [one for one in catalogue.releases(spec(base, **changes), promised or facts()) if one.slot == slot]
    return found.values


def objects(made: ClusterPlan, kind: str) -> dict[str, Mapping[str, Any]]:
    return {one.body["metadata"]["name"]: one.body for one in made.manifests if one.body["kind"] == kind}


# A slot that is empty

CHECKS_OF = {
    slots.CERTIFICATES: {"autocerts"},
    slots.LOGS: {"logs"},
    slots.LOG_COLLECTOR: {"logs"},
    slots.METRICS: {"metrics"},
    slots.SHARED_STORAGE: {"rwxvolumes"},
}
"""Which checks an empty slot changes; every other slot changes none."""


@pytest.mark.parametrize("slot", SLOTS)
def test_an_empty_slot_changes_its_own_checks_and_no_other(slot: str) -> None:
    def statuses(**changes: Any) -> dict[str, str]:
        verdict = predict(plan(spec(EVERYTHING, **changes), facts()), TODAY)
        return {one.check.id: one.status.value for one in verdict.results}

    whole, without = statuses(), statuses(platform={"addons": {slot: {"enabled": False}}})
    assert {name for name in whole if whole[name] != without[name]} == CHECKS_OF.get(slot, set())


# Gateway

HTTPS = ("websecure", "apex", "host-www-example-nl")


def test_names_decide_on_443_between_our_tls_and_what_is_passed_through() -> None:
    listeners = values(slots.GATEWAY, EVERYTHING)["gateway"]["listeners"]
    on_443 = {name for name, one in listeners.items() if one["port"] == 443}
    assert on_443 == {*HTTPS, "passthrough"}
    assert {listeners[name]["hostname"] for name in HTTPS} == {"*.apps.example.nl", "apps.example.nl", "www.example.nl"}
    for name in ("passthrough", "fsc"):
        assert (listeners[name]["protocol"], listeners[name]["mode"]) == ("TLS", "Passthrough")
    assert listeners["fsc"]["port"] == 8443


def test_tls_is_1_3_and_1_2_without_what_the_guideline_phases_out() -> None:
    options = values(slots.GATEWAY)["tlsOptions"]["default"]
    assert options["minVersion"] == "VersionTLS12"
    assert all(suite.startswith("TLS_ECDHE_") and "CBC" not in suite for suite in options["cipherSuites"])
    assert {suite.split("_WITH_")[1] for suite in options["cipherSuites"]} == {
        "AES_256_GCM_SHA384",
        "CHACHA20_POLY1305_SHA256",
        "AES_128_GCM_SHA256",
    }


def test_the_load_balancer_is_told_what_the_cloud_says_and_the_names_of_the_gateway() -> None:
    told = {"loadbalancer.openstack.org/proxy-protocol": "true"}
    promised = facts(load_balancer=LoadBalancerFacts(available=True, proxy_protocol=True, annotations=told))
    notes = values(slots.GATEWAY, EVERYTHING, promised)["service"]["annotations"]
    assert notes["loadbalancer.openstack.org/proxy-protocol"] == "true"
    names = notes["external-dns.alpha.kubernetes.io/hostname"].split(",")
    assert names == ["apps.example.nl", "*.apps.example.nl", "www.example.nl"]


@pytest.mark.parametrize("size", ["small", "medium", "large"])
def test_the_gateway_is_never_one_pod(size: str) -> None:
    told = values(slots.GATEWAY, platform={"size": size})
    assert told["deployment"]["replicas"] > 1
    assert told["podDisruptionBudget"]["enabled"]
    assert {one["topologyKey"] for one in told["topologySpreadConstraints"]} == {
        "topology.kubernetes.io/zone",
        "kubernetes.io/hostname",
    }


# Certificates

ACME = {"issuer": "acme", "email": "a@example.nl"}


def issued(made: ClusterPlan) -> dict[str, list[str]]:
    return {
        name: one["spec"]["dnsNames"] for name, one in objects(made, "Certificate").items() if "dnsNames" in one["spec"]
    }


def test_only_an_issuer_that_can_gives_wildcards() -> None:
    def names(**certificates: Any) -> dict[str, list[str]]:
        return issued(plan(spec(EVERYTHING, ingress={"certificates": certificates}), facts()))

    assert names(**ACME, challenge="http-01")["platform-tls"] == ["apps.example.nl"]
    assert names(**ACME, challenge="http-01")["tls-grafana-apps-example-nl"] == ["grafana.apps.example.nl"]
    assert names(**ACME, challenge="dns-01")["platform-tls"] == ["apps.example.nl", "*.apps.example.nl"]
    assert names(**ACME, challenge="dns-01")["tls-www-example-nl"] == ["www.example.nl"]


@pytest.mark.parametrize(
    ("dns", "solver"),
    [
        ({"kind": "designate"}, {"webhook": {"groupName": "acme.syseleven.de", "solverName": "designatedns"}}),
        ({"kind": "cloudflare"}, {"cloudflare": {"apiTokenSecretRef": {"name": "dns-zone", "key": "token"}}}),
        (
            {"kind": "rfc2136", "server": "ns.example.nl:53", "keyName": "k", "keyAlgorithm": "hmac-sha512"},
            {
                "rfc2136": {
                    "nameserver": "ns.example.nl:53",
                    "tsigKeyName": "k",
                    "tsigAlgorithm": "HMACSHA512",
                    "tsigSecretSecretRef": {"name": "dns-zone", "key": "secret"},
                }
            },
        ),
    ],
)
def test_names_are_proven_in_their_zone_and_others_by_an_answer(dns: dict[str, str], solver: dict[str, Any]) -> None:
    described = spec(PLAIN, ingress={"certificates": {**ACME, "challenge": "dns-01"}}, dns={**dns, "secret": "zone"})
    issuer = objects(plan(described, facts()), "ClusterIssuer")["platform"]["spec"]["acme"]
    first, second = issuer["solvers"]
    assert first == {"selector": {"dnsZones": ["apps.example.nl"]}, "dns01": solver}
    assert "http01" in second


def test_an_authority_that_is_given_takes_the_place_of_one_of_our_own() -> None:
    given = {"certificates": {"issuer": "private-ca", "secret": "our-ca"}}
    made = plan(spec(ingress=given), facts())
    assert set(objects(made, "ClusterIssuer")) == {"platform"}
    release = made.release(slots.CERTIFICATES)
    assert release is not None
    assert [(ref.name, set(ref.entries.values())) for ref in release.secrets] == [("platform-ca", {"our-ca"})]


def test_dns_01_without_a_zone_is_refused() -> None:
    with pytest.raises(SpecError, match="who holds the zone"):
        spec(ingress={"certificates": {**ACME, "challenge": "dns-01"}})


# Storage


def test_an_encrypted_type_and_a_class_for_each_zone_become_classes() -> None:
    zones = tuple(
        StorageClassFacts(f"shared-{zone}", "efs.csi.aws.com", ("ReadWriteMany",), zones=(zone,))
        for zone in ("az1", "az2")
    )
    promised = facts(storage=StorageFacts(zones), controllers={})
    found = objects(plan(spec(), promised), "StorageClass")
    assert found["shared-az1"]["allowedTopologies"] == [
        {"matchLabelExpressions": [{"key": "topology.kubernetes.io/zone", "values": ["az1"]}]}
    ]
    local = from_document({**PLAIN, "storage": {"block": {"encryptedType": "luks"}}}).plan
    assert objects(local, "StorageClass")["block-encrypted"]["parameters"] == {"type": "luks"}


@pytest.mark.parametrize("allowed", [None, "0.0.0.0/0", "10.0.0.0/8,0.0.0.0/0"])
def test_an_export_that_is_open_to_the_world_is_refused(allowed: str | None) -> None:
    parameters = {"nfs-shareClient": allowed} if allowed else {}
    one = StorageClassFacts("shared", "nfs.manila.csi.openstack.org", ("ReadWriteMany",), parameters=parameters)
    promised = facts(storage=StorageFacts((one,)))
    assert [issue.what for issue in catalogue.problems(spec(), promised)] == [
        "anybody may mount volumes of the StorageClass shared"
    ]


def test_a_zonal_disk_that_is_made_before_its_pod_has_a_zone_is_refused() -> None:
    one = StorageClassFacts("block", "cinder.csi.openstack.org", ("ReadWriteOnce",), "Immediate")
    assert [i.path for i in catalogue.problems(spec(), facts(storage=StorageFacts((one,))))] == [("storage",)]
    assert not list(catalogue.problems(spec(), facts(storage=StorageFacts((one,)), zones=("az1",))))


@pytest.mark.parametrize(
    ("shared", "provisioner"),
    [
        ({"kind": "nfs", "server": "nfs.example.nl", "path": "/export"}, "nfs.csi.k8s.io"),
        ({"kind": "longhorn"}, "driver.longhorn.io"),
    ],
)
def test_a_driver_of_our_own_replaces_the_clouds_class(shared: dict[str, str], provisioner: str) -> None:
    made = plan(spec(storage={"shared": shared}), facts())
    found = {name: one["provisioner"] for name, one in objects(made, "StorageClass").items()}
    assert found == {"block": "cinder.csi.openstack.org", "shared": provisioner}
    assert made.release(slots.SHARED_STORAGE) is not None
    verdict = {one.check.id: one.status.value for one in predict(made, TODAY).results}
    assert verdict["rwxvolumes"] == "PASS"


def test_where_nobody_makes_snapshots_there_is_no_class_for_them() -> None:
    assert objects(plan(spec(), facts()), "VolumeSnapshotClass")
    off = plan(spec(platform={"addons": {"snapshots": {"enabled": False}}}), facts())
    assert not objects(off, "VolumeSnapshotClass")
    bundled = plan(spec(), facts(bundled=frozenset({slots.SNAPSHOTS})))
    assert objects(bundled, "VolumeSnapshotClass")
    assert bundled.release(slots.SNAPSHOTS) is None


# Logs


def test_a_siem_may_get_logs_as_well_or_instead_or_the_audit_log_only() -> None:
    def content(**logs: Any) -> str:
        return str(values(slots.LOG_COLLECTOR, logs=logs)["alloy"]["configMap"]["content"])

    as_well = content(forward="https://siem.example.nl")
    assert "loki.write.cluster.receiver, otelcol.receiver.loki.siem.receiver" in as_well
    instead = content(forward="https://siem.example.nl", store=False)
    assert "loki.write" not in instead
    assert 'loki.source.file "pods"' in instead
    audit = content(forward="https://siem.example.nl", store=False, forwardLogs="audit")
    assert 'loki.source.file "pods"' not in audit
    assert 'loki.source.file "audit"' in audit
    assert plan(spec(logs={"forward": "https://s.example.nl", "store": False}), facts()).release(slots.LOGS) is None


def test_a_large_platform_runs_each_part_of_loki_for_itself() -> None:
    told = values(slots.LOGS, EVERYTHING, platform={"size": "large"})
    assert told["deploymentMode"] == "Distributed"
    assert told["singleBinary"] == {"replicas": 0}
    assert told["ingester"]["replicas"] == 6
    assert told["ingester"]["persistence"]["enabled"]
    content = values(slots.LOG_COLLECTOR, EVERYTHING, platform={"size": "large"})["alloy"]["configMap"]["content"]
    assert "http://loki-distributor.logging.svc:3100" in content
    without_bucket = values(slots.LOGS, platform={"size": "large"})
    assert without_bucket["deploymentMode"] == "Monolithic"


# Monitoring


def alerts(base: Mapping[str, Any] = EVERYTHING, promised: CloudFacts | None = None, **changes: Any) -> dict[str, Any]:
    found = [rule for group in rules(spec(base, **changes), promised or facts()) for rule in group["rules"]]
    return {f"{one['alert']}/{one['labels'].get('minor', '')}": one for one in found}


def test_what_matters_is_an_alert() -> None:
    named = {name.split("/")[0] for name in alerts()}
    assert named >= {
        "NodeDown",
        "QuorumAtRisk",
        "VolumeFilling",
        "CertificateExpiring",
        "BackupTooOld",
        "VersionLeavesHavenWindow",
    }
    assert "QuorumAtRisk/" not in alerts(promised=facts(managed_control_plane=True))
    off = {"backup": {"enabled": False}, "logs": {"enabled": False}}
    assert not {"BackupTooOld/", "NoLogs/"} & set(alerts(**off))


def test_a_version_is_said_ninety_days_before_it_leaves_the_window() -> None:
    for minor in minors().supported:
        found = alerts()[f"VersionLeavesHavenWindow/{minor}"]
        moment = int(found["expr"].rsplit("> ", 1)[1])
        leaves = datetime.fromtimestamp(moment, UTC).date() + timedelta(days=90)
        assert leaves == minors().leaves(minor)
        assert f"v{minor}[.]" in found["expr"]


def test_a_supplied_certificate_is_watched_for_as_long_as_getting_a_new_one_takes() -> None:
    supplied = {"domain": "apps.example.nl", "certificates": {"issuer": "supplied", "secret": "chain"}}
    found = rules(spec(PLAIN, ingress=supplied), facts())
    watched = [r for group in found for r in group["rules"] if r["alert"] == "GatewayCertificateExpiring"]
    assert [r["labels"]["severity"] for r in watched] == ["warning", "critical"]
    assert str(42 * 86400) in watched[0]["expr"]


@pytest.mark.parametrize(
    ("schedule", "hours"),
    [("0 2 * * *", 24), ("0 */6 * * *", 6), ("30 1 * * sun", 168), ("0 3 1 * *", 744), ("0 2 * * 1-5", 72)],
)
def test_a_backup_is_too_old_when_its_own_schedule_says_so(schedule: str, hours: int) -> None:
    assert longest_gap(schedule) == hours
    expression = alerts(PLAIN, backup={"schedule": schedule})["BackupTooOld/"]["expr"]
    assert expression.endswith(f"> {(hours + 2) * 3600}")


def test_alerts_go_by_mail_and_webhook_and_secrets_stay_files() -> None:
    config = values(slots.MONITORING, EVERYTHING)["alertmanager"]["config"]
    [_, receiver] = config["receivers"]
    [mail], [hook] = receiver["email_configs"], receiver["webhook_configs"]
    assert mail["auth_password_file"] == "/etc/alertmanager/secrets/alert-mail/password"
    assert hook["url_file"] == "/etc/alertmanager/secrets/alert-webhook/url"
    severities = {matcher for route in config["route"]["routes"] for matcher in route["matchers"]}
    assert {'severity = "critical"', 'severity = "warning"'} <= severities


def test_grafana_has_no_password_and_an_address_only_behind_the_identity_provider() -> None:
    closed = values(slots.MONITORING)["grafana"]
    assert closed["env"] == {"GF_SECURITY_DISABLE_INITIAL_ADMIN_CREATION": "true"}
    assert "adminPassword" not in json.dumps(closed)
    assert not objects(plan(spec(), facts()), "HTTPRoute")
    made = plan(spec(EVERYTHING), facts())
    assert objects(made, "HTTPRoute")["grafana"]["spec"]["hostnames"] == ["grafana.apps.example.nl"]
    ini = values(slots.MONITORING, EVERYTHING)["grafana"]["grafana.ini"]
    assert ini["auth.anonymous"] == {"enabled": False}
    assert ini["auth.generic_oauth"]["client_secret"] == "$__env{GRAFANA_CLIENT_SECRET}"
    role = ini["auth.generic_oauth"]["role_attribute_path"]
    assert role == "contains(groups[*], 'beheer') && 'Admin' || contains(groups[*], 'team-a') && 'Viewer'"


def test_every_dashboard_is_one_that_grafana_reads() -> None:
    made = plan(spec(EVERYTHING), facts())
    found = objects(made, "ConfigMap")
    wanted = {
        f"dashboard-{name}" for name in ("cluster", "nodes", "ingress", "storage", "certificates", "backups", "logs")
    }
    assert wanted <= set(found)
    for name in wanted:
        [text] = found[name]["data"].values()
        assert json.loads(text)["uid"] == f"haven-iac-{name.removeprefix('dashboard-')}"
    for board in boards(spec(EVERYTHING), facts()):
        places = []
        for panel in document(board)["panels"]:
            at = panel["gridPos"]
            assert at["x"] + at["w"] <= WIDTH
            places += [(x, y) for x in range(at["x"], at["x"] + at["w"]) for y in range(at["y"], at["y"] + at["h"])]
        assert len(places) == len(set(places)), board.name


def test_a_dashboard_of_an_empty_slot_is_not_there() -> None:
    names = {board.name for board in boards(spec(backup={"enabled": False}, logs={"enabled": False}), facts())}
    assert names == {"cluster", "nodes", "storage", "ingress", "certificates"}


# Backup


@pytest.mark.parametrize(
    ("volumes", "level", "agent", "moved", "files"),
    [
        ("move", "baseline", True, True, False),
        ("snapshot", "baseline", False, False, False),
        ("files", "privileged", True, False, True),
        ("none", "baseline", False, False, False),
    ],
)
def test_the_data_of_volumes_is_backed_up_as_asked(
    volumes: str, level: str, agent: bool, moved: bool, files: bool
) -> None:
    described = spec(backup={"volumes": volumes})
    [release] = [one for one in catalogue.releases(described, facts()) if one.slot == slots.BACKUP]
    told = release.values
    assert release.pod_security.value == level
    assert told["deployNodeAgent"] is agent
    assert told["schedules"]["all"]["template"]["snapshotMoveData"] is moved
    assert told["configuration"]["defaultVolumesToFsBackup"] is files
    if agent:
        assert told["nodeAgent"]["disableHostPath"] is not files


def test_snapshots_that_nobody_makes_are_refused() -> None:
    with pytest.raises(SpecError, match="nothing makes snapshots here"):
        from_document({**PLAIN, "backup": {"volumes": "move"}})


def test_further_schedules_have_a_time_to_live_of_their_own() -> None:
    found = values(slots.BACKUP, EVERYTHING)["schedules"]["monthly"]
    assert found["template"]["ttl"] == "8760h"
    assert found["template"]["includedNamespaces"] == ["app-a"]


# DNS


def test_the_api_has_a_record_whose_target_only_building_tells() -> None:
    service = objects(plan(spec(EVERYTHING), facts()), "Service")["kubernetes-api"]
    assert service["metadata"]["annotations"] == {"external-dns.alpha.kubernetes.io/hostname": "api.apps.example.nl"}
    assert service["spec"] == {"type": "ExternalName", "externalName": "api-host.haven-iac.invalid"}


# Sizes


@pytest.mark.parametrize(
    ("cores", "gibibytes", "words"), [(1, 2, "it does not fit"), (2, 3, "little is left"), (16, 64, "")]
)
def test_the_plan_says_when_machines_are_too_small_as_far_as_it_knows(cores: int, gibibytes: int, words: str) -> None:
    flavors = {"m1.small": FlavorFacts(1000 * cores, 1024 * gibibytes)}
    promised = facts(nodes=NodeFacts("Ubuntu 24.04 LTS", "AppArmor", flavors=flavors))
    made = plan(spec(EVERYTHING, pools={"general": {"flavor": "m1.small"}}), promised)
    found = [one.text for one in made.notices if one.path == "pools.general.flavor"]
    assert bool(found) is bool(words)
    assert all(words in text for text in found)


def test_a_bigger_platform_keeps_metrics_longer_unless_the_description_says() -> None:
    def kept(**changes: Any) -> str:
        return str(values(slots.MONITORING, **changes)["prometheus"]["prometheusSpec"]["retention"])

    assert [kept(platform={"size": size}) for size in ("small", "medium", "large")] == ["15d", "30d", "60d"]
    assert kept(platform={"size": "large"}, monitoring={"retention": "7d"}) == "7d"


# Versions


def test_what_is_behind_and_when_the_window_closes_are_told_with_dates() -> None:
    found = ages(plan(spec(EVERYTHING), facts()))
    behind = {one.chart for one in found.charts if one.behind}
    assert behind == {"flux2"}
    assert found.window.leaves > found.window.as_of
    assert stale(found, found.as_of) == []
    assert stale(found, found.as_of + timedelta(days=91))


def test_storage_of_others_is_not_judged() -> None:
    one = StorageClassFacts("theirs", "nfs.manila.csi.openstack.org", ("ReadWriteMany",))
    theirs = facts(storage=StorageFacts((one,)), bundled=frozenset({slots.SHARED_STORAGE, slots.BLOCK_STORAGE}))
    assert not list(storage.problems(spec(), theirs))
