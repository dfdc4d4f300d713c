"""A cluster boots from our own user data, run for real, behind a load balancer whose monitors take their time."""

from __future__ import annotations

import json
import re
import ssl
import urllib.request
from datetime import datetime

import pytest

from tests.lab.cloud import until
from tests.lab.conftest import Cluster, Inside, answers
from tests.lab.net import DELAY, RISE

pytestmark = pytest.mark.lab


def test_the_catalogue_has_every_service(lab: Inside) -> None:
    wanted = {"compute", "network", "block-storage", "load-balancer", "dns", "sharev2", "key-manager", "image"}
    assert lab.run(lambda: lab.user.services) >= wanted


def test_default_provider_is_amphora_and_ovn_refuses(lab: Inside, cluster: Cluster) -> None:
    assert cluster.net.provider == "amphora"
    providers = lab.run(lambda: lab.user.get("load-balancer", "/v2/lbaas/providers"))["providers"]
    assert {one["name"] for one in providers} == {"amphora", "ovn"}


def test_nothing_can_be_reached_from_outside_the_namespace(lab: Inside) -> None:
    assert not lab.leaks
    assert answers(9696)


def test_manila_has_the_zones_of_nova(lab: Inside) -> None:
    zones = lab.run(lambda: lab.admin.get("sharev2", "/os-availability-zone"))["availability_zones"]
    assert {one["name"] for one in zones} == {"az1", "az2", "az3"}


def test_scripts_of_user_data_ran_on_the_machine(lab: Inside, cluster: Cluster) -> None:
    console = lab.run(lambda: lab.user.console(cluster.first))
    for text in ("nobody answers; starting the cluster", "installed rke2 v1.36.", "certificates: custom server-ca"):
        assert text in console
    root = lab.lab.place.machines / f"{cluster.first}.root"
    assert "etcd:x:" in (root / "etc/passwd").read_text()
    assert (root / "var/lib/rancher/rke2/server/db/etcd/member").is_dir()
    asked = [json.loads(line) for line in (root.parent / f"{cluster.first}.asked.jsonl").read_text().splitlines()]
    assert ["restart", "systemd-sysctl.service"] in [one["words"] for one in asked if one["command"] == "systemctl"]
    assert any("/cacerts" in " ".join(one["words"]) for one in asked if one["command"] == "curl")


def test_the_api_answers_at_its_floating_address_with_our_authority(lab: Inside, cluster: Cluster) -> None:
    tls = ssl.create_default_context(cadata=cluster.net.keys["ca.crt"])

    def ping() -> bytes:
        with urllib.request.urlopen(f"https://{cluster.net.address}:9345/ping", timeout=10, context=tls) as reply:
            return bytes(reply.read())

    assert lab.run(ping) == b"pong"


def test_a_member_is_online_only_after_its_checks(lab: Inside, cluster: Cluster) -> None:
    console = lab.run(lambda: lab.user.console(cluster.first))
    assert lab.run(lambda: until("ONLINE", lambda: set(cluster.net.members().values()) == {"ONLINE"}))
    joined = lab.run(lambda: lab.user.console(cluster.agent))

    def at(text: str, log: str) -> datetime:
        [line] = [line for line in log.splitlines() if re.search(text, line)][:1]
        return datetime.strptime(line[1:13], "%H:%M:%S.%f")

    waited = at("Started rke2-agent", joined) - at("Started rke2-server", console)
    assert waited.total_seconds() >= (RISE - 1) * DELAY - 0.5
    assert "is not ONLINE for its monitor" in joined


def test_operating_status_goes_up_to_the_load_balancer(lab: Inside, cluster: Cluster) -> None:
    path = f"/v2/lbaas/loadbalancers/{cluster.net.balancer}"
    status = lab.run(lambda: lab.user.get("load-balancer", path)["loadbalancer"]["operating_status"])
    assert status == "ONLINE"

    def add_and_remove() -> tuple[str, str]:
        port, address = cluster.net.port("empty")  # a machine that answers nothing
        server = lab.user.server("empty", port, None)
        cluster.net.add_members(address)
        found = until("ERROR", lambda: cluster.net.members().get(address) == "ERROR" and "ERROR")
        summary = lab.user.get("load-balancer", path)["loadbalancer"]["operating_status"]
        for pool in cluster.net.pools():
            for member in lab.user.get("load-balancer", f"/v2/lbaas/pools/{pool}/members")["members"]:
                if member["address"] == address:
                    cluster.net.remove_member(pool, member["id"])
        lab.user.delete(server)
        return str(found), str(summary)

    assert lab.run(add_and_remove) == ("ERROR", "DEGRADED")
