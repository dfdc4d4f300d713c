"""A verify that runs by itself: off by default, with few rights, in a pod that the strictest level allows."""

from __future__ import annotations

import json
from typing import Any

import pytest

from haven_iac.compliance import history, reader
from haven_iac.errors import SpecError
from haven_iac.plan.build import plan
from haven_iac.platform import catalogue, verification
from haven_iac.platform.alerts import rules
from haven_iac.prepare import from_document
from tests.unit.platform_lab import PLAIN, facts, spec

IMAGE = "registry.example.nl/haven-iac:0.1.0"
ASKED = {"compliance": {"schedule": {"image": IMAGE, "cron": "30 4 * * 1"}}}


def bodies(**changes: Any) -> dict[str, Any]:
    made = plan(spec(PLAIN, **{**ASKED, **changes}), facts())
    return {
        f"{one.body['kind']}/{one.body['metadata']['name']}": one.body
        for one in made.manifests
        if one.slot == "verification"
    }


def test_it_is_off_unless_asked_for() -> None:
    made = plan(spec(), facts())
    assert "verification" not in made.slots
    assert "haven-iac-verify" not in json.dumps(rules(spec(), facts()))


def test_the_job_runs_when_asked_in_a_pod_that_restricted_allows() -> None:
    job = bodies()["CronJob/haven-iac-verify"]["spec"]
    assert job["schedule"] == "30 4 * * 1"
    assert job["concurrencyPolicy"] == "Forbid"
    template = job["jobTemplate"]["spec"]
    assert template["backoffLimit"] == 0
    pod = template["template"]["spec"]
    [container] = pod["containers"]
    assert container["image"] == IMAGE
    assert pod["securityContext"]["runAsNonRoot"]
    assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert container["securityContext"]["allowPrivilegeEscalation"] is False
    assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}
    assert container["resources"]["requests"]
    assert bodies()["Namespace/haven-iac"]["metadata"]["labels"]["pod-security.kubernetes.io/enforce"] == "restricted"


def test_it_may_read_and_keep_its_record_and_nothing_else() -> None:
    found = bodies()
    rights = found["ClusterRole/haven-iac-verify"]["rules"]
    assert rights[: len(reader.RIGHTS["rules"])] == reader.RIGHTS["rules"]
    verbs = {
        verb for rule in rights for verb in rule["verbs"] if "selfsubjectaccessreviews" not in rule.get("resources", ())
    }
    assert verbs == {"list", "get"}
    assert not any("secrets" in rule.get("resources", ()) or "*" in rule["verbs"] for rule in rights)
    own = found["Role/haven-iac-verify"]
    assert own["metadata"]["namespace"] == history.NAMESPACE == "kube-system"
    assert [rule.get("resourceNames") for rule in own["rules"]] == [None, [history.NAME]]


def test_nothing_reaches_it_and_it_reaches_the_api_only() -> None:
    policy = bodies()["NetworkPolicy/haven-iac-verify"]["spec"]
    assert "ingress" not in policy
    assert [port["port"] for rule in policy["egress"] for port in rule["ports"]] == [443, 6443]
    [only] = [key for key in bodies(policy={"defaultDeny": False}) if key.startswith("NetworkPolicy")]
    assert only != "NetworkPolicy/haven-iac-verify"


def test_the_description_goes_along_and_plans_to_the_same() -> None:
    document = {
        "name": "proef",
        "cloud": {"kind": "local", "zones": ["az1", "az2", "az3"]},
        "pools": {"general": {"size": 3, "labels": {"tier": "general"}}},
        "ingress": {"domain": "apps.proef.test"},
        **ASKED,
    }
    made = from_document(document).plan
    [config] = [one.body for one in made.manifests if one.body["kind"] == "ConfigMap" and one.slot == "verification"]
    again = from_document(json.loads(config["data"]["cluster.json"])).plan
    assert again == made
    assert json.loads(config["data"]["cluster.json"]) == document


def test_its_alerts_are_there_when_it_is() -> None:
    [group] = [one for one in rules(spec(PLAIN, **ASKED), facts()) if one["name"] == "haven-iac-verify"]
    assert [one["alert"] for one in group["rules"]] == ["HavenVerifyFails", "HavenVerifyStopped"]
    assert all(verification.NAME in one["expr"] for one in group["rules"])


@pytest.mark.parametrize("image", ["haven-iac", "registry.example.nl:5000/haven-iac", "UPPER:1", "a b:1", "", "x:"])
def test_an_image_without_a_version_is_refused(image: str) -> None:
    with pytest.raises(SpecError, match=r"compliance\.schedule\.image"):
        spec(compliance={"schedule": {"image": image}})


@pytest.mark.parametrize("image", [IMAGE, "registry.example.nl:5000/a/b:1", f"a@sha256:{'0' * 64}"])
def test_an_image_with_a_tag_or_a_digest_is_taken(image: str) -> None:
    assert spec(compliance={"schedule": {"image": image}}).compliance.schedule is not None


def test_its_objects_have_names_that_differ() -> None:
    found = list(catalogue.addons()["verification"].manifests(spec(PLAIN, **ASKED), facts()))
    assert len({one.name for one in found}) == len(found) == 11
