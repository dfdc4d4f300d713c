"""Which things belong to a cluster, by its identity and nothing less."""

from __future__ import annotations

from typing import Any

import pytest

from haven_iac.clouds.openstack.sweep import CINDER_KEY, MANILA_KEY, belongs

OURS = "voorbeeld-bcdfg"
STRANGERS = (
    "voorbeeld",
    "voorbeeld-2",
    "voorbeeld-2-bcdfg",
    "voorbeeld-bcdfg-hjkmn",
    "een-voorbeeld-bcdfg",
    "voorbeeld-bcdf",
    "voorbeeld-bcdfgh",
    "VOORBEELD-BCDFG",
)


def marked(kind: str, identity: str) -> dict[str, Any]:
    """Return something as the controllers of that cluster mark it."""
    return {
        "load balancer": {"name": f"kube_service_{identity}_default_web"},
        "floating IP": {
            "name": "",
            "description": f"Floating IP for Kubernetes external service default/web from cluster {identity}",
        },
        "security group": {
            "name": "lb-sg-0d1e-default-web",
            "description": f"Security Group for default/web Service LoadBalancer in cluster {identity}",
        },
        "volume": {"name": "pvc-1", "metadata": {CINDER_KEY: identity}},
        "share": {"name": "pvc-1", "metadata": {MANILA_KEY: identity}},
    }[kind]


KINDS = ("load balancer", "floating IP", "security group", "volume", "share")


@pytest.mark.parametrize("kind", KINDS)
def test_what_carries_the_identity_is_ours(kind: str) -> None:
    assert belongs(kind, marked(kind, OURS), OURS)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("identity", STRANGERS)
def test_what_carries_another_is_not(kind: str, identity: str) -> None:
    assert not belongs(kind, marked(kind, identity), OURS)
    assert not belongs(kind, marked(kind, OURS), identity)


@pytest.mark.parametrize("kind", KINDS)
def test_what_carries_none_is_not(kind: str) -> None:
    assert not belongs(kind, {"name": OURS, "description": OURS, "metadata": {"cluster": OURS}}, OURS)
    assert not belongs(kind, {"name": None, "description": None, "metadata": None}, OURS)


def test_a_kept_floating_ip_with_words_of_the_users_own_stays() -> None:
    assert not belongs("floating IP", {"description": f"Keep this, from cluster {OURS}"}, OURS)
