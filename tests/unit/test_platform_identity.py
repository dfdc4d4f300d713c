"""Groups and what they may do: bindings, prefixes, and names that nobody may take."""

from __future__ import annotations

from typing import Any

import pytest

from haven_iac.errors import SpecError
from tests.unit.platform_lab import EVERYTHING, spec
from tests.unit.test_platform_namespaces import bodies, planned

ISSUER = {"issuer": "https://id.example.nl", "clientId": "kube"}


def bound(**identity: Any) -> dict[str, list[str]]:
    """Return who each binding is for."""
    made = planned(identity=identity)
    return {
        one["metadata"]["name"]: [person["name"] for person in one["subjects"]]
        for one in bodies(made, "ClusterRoleBinding")
    }


def test_only_the_groups_that_are_named_may_do_something() -> None:
    assert bound() == {}
    assert bound(admins=["beheer"]) == {"haven-iac-administrators": ["beheer"]}
    assert bound(viewers=["desk"]) == {"haven-iac-viewers": ["desk"], "haven-iac-cluster-viewers": ["desk"]}


def test_groups_are_bound_as_the_api_server_sees_them() -> None:
    assert bound(oidc=ISSUER, admins=["beheer"]) == {"haven-iac-administrators": ["oidc:beheer"]}
    assert bound(oidc={**ISSUER, "groupsPrefix": "id/"}, admins=["b"]) == {"haven-iac-administrators": ["id/b"]}
    assert bound(oidc={**ISSUER, "groupsPrefix": ""}, admins=["b"]) == {"haven-iac-administrators": ["b"]}


def test_viewers_never_see_secrets() -> None:
    [role] = [one for one in bodies(planned(EVERYTHING), "ClusterRole") if "viewers" in one["metadata"]["name"]]
    for rule in role["rules"]:
        assert not {"secrets", "*"} & set(rule["resources"])
        assert set(rule["verbs"]) == {"get", "list", "watch"}


def test_no_role_of_ours_gives_secrets_away() -> None:
    for role in bodies(planned(EVERYTHING), "ClusterRole"):
        for rule in role["rules"]:
            assert not {"secrets", "*"} & set(rule.get("resources", ()))


@pytest.mark.parametrize(
    "identity",
    [
        {"admins": ["system:masters"]},
        {"viewers": ["system:authenticated"]},
        {"oidc": {**ISSUER, "groupsPrefix": "system:"}},
        {"oidc": {**ISSUER, "issuer": "http://id.example.nl"}},
    ],
)
def test_names_of_kubernetes_itself_and_open_lines_are_refused(identity: dict[str, Any]) -> None:
    with pytest.raises(SpecError):
        spec(identity=identity)
