"""The API's address and the gateway where nothing makes load balancers."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import yaml

from haven_iac.clouds.openstack import settings_of
from haven_iac.clouds.openstack.controllers import Access, cloud_conf
from haven_iac.clouds.openstack.security import EVERYWHERE, rules
from haven_iac.clouds.openstack.virtual_address import manifest
from haven_iac.plan.artifacts import artifacts
from haven_iac.platform.keys import strange
from haven_iac.prepare import from_document
from tests.unit.openstack_cases import DOCUMENT

GOLDEN = Path(__file__).parents[1] / "golden" / "openstack" / "kube-vip.yaml"
WITHOUT = {**DOCUMENT["cloud"]["settings"], "loadBalancer": {"enabled": False}}


def planned(**given: Any) -> Any:
    return from_document({**DOCUMENT, "cloud": {**DOCUMENT["cloud"], "settings": WITHOUT}, **given}).plan


def test_what_holds_the_address_is_as_it_was_reviewed() -> None:
    text = manifest(planned().spec, "10.20.0.5")
    if os.environ.get("HAVEN_UPDATE_GOLDEN"):
        GOLDEN.write_text(text)
    assert text == GOLDEN.read_text()


def test_it_has_the_right_to_elect_and_no_other() -> None:
    found = {one["kind"]: one for one in yaml.safe_load_all(manifest(planned().spec, "10.20.0.5"))}
    assert set(found) == {"ServiceAccount", "Role", "RoleBinding", "DaemonSet"}
    [rule] = found["Role"]["rules"]
    assert rule["resources"] == ["leases"]
    pod = found["DaemonSet"]["spec"]["template"]["spec"]
    assert pod["nodeSelector"] == {"node-role.kubernetes.io/control-plane": "true"}
    env = {one["name"]: one.get("value") for one in pod["containers"][0]["env"]}
    assert (env["address"], env["KUBERNETES_SERVICE_HOST"]) == ("10.20.0.5", "127.0.0.1")


def test_its_image_comes_from_the_mirror() -> None:
    plan = planned(mirror={"images": "mirror.example.nl/all"})
    assert "mirror.example.nl/all/kube-vip/kube-vip:v" in manifest(plan.spec, "10.20.0.5")


def test_the_cloud_controller_makes_no_load_balancers() -> None:
    access = Access("https://cloud.nl/v3", "R", "id", "secret", "subnet", "external")
    conf = cloud_conf(access, settings_of(planned().spec))
    assert "[LoadBalancer]\nenabled=false\n" in conf


def test_the_gateway_answers_on_every_node_and_the_plan_says_so() -> None:
    plan = planned()
    values = plan.release("gateway").values
    assert values["service"]["spec"] == {"type": "NodePort", "externalTrafficPolicy": "Cluster"}
    assert {name: one.get("nodePort") for name, one in values["ports"].items()} == {
        "web": 30080,
        "websecure": 30443,
        "fsc": 30843,
    }
    assert strange("traefik", values) == []
    assert any("30443 (https)" in one.text for one in plan.notices if one.path == "ingress")
    found = rules(plan.spec, settings_of(plan.spec))
    opened = {rule.ports for rule in found if rule.range == EVERYWHERE and not rule.egress}
    assert opened == {(30080, 30080), (30443, 30443), (30843, 30843)}
    assert {rule.range for rule in found if rule.ports == (6443, 6443) and not rule.peers} == {
        "10.20.0.0/20",
        "192.0.2.0/24",
    }


def test_with_load_balancers_node_ports_stay_the_clusters_own_choice() -> None:
    ports = from_document(DOCUMENT).plan.release("gateway").values["ports"]  # type: ignore[union-attr]
    assert not any("nodePort" in one for one in ports.values())


def test_its_image_is_among_those_that_a_mirror_has_to_hold() -> None:
    assert "machines" in {slot for one in artifacts(planned()).images for slot in one.slots}
    assert not from_document(DOCUMENT).plan.facts.images
