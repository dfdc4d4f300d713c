"""What a killed run has left in the state is settled so that nothing is made twice and nothing is lost."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from haven_iac.deploy.recovery import half_made, recover

STACK = "urn:pulumi:s::p::pulumi:pulumi:Stack::p-s"
PROVIDER = "urn:pulumi:s::p::pulumi:providers:openstack::cloud"


def urn(kind: str, name: str) -> str:
    return f"urn:pulumi:s::p::haven:index:Network${kind}::{name}"


NETWORK = urn("openstack:networking/network:Network", "net")
SUBNET = urn("openstack:networking/subnet:Subnet", "sub")


def resource(name: str, **more: Any) -> dict[str, Any]:
    return {"urn": name, "custom": True, "parent": STACK, "provider": f"{PROVIDER}::id", **more}


def state(*pending: dict[str, Any], resources: list[dict[str, Any]] | None = None) -> dict[str, Any]:
    listed = [{"urn": STACK}, {"urn": PROVIDER, "custom": True, "id": "p"}, *(resources or [])]
    return {"deployment": {"resources": listed, "pending_operations": list(pending)}}


def creating(one: dict[str, Any]) -> dict[str, Any]:
    return {"type": "creating", "resource": one}


def test_what_is_found_is_adopted_with_its_inputs_as_outputs() -> None:
    given = state(creating(resource(NETWORK, inputs={"name": "net-1"})))
    done = recover(given, lambda token, inputs, known: "net-id" if inputs["name"] == "net-1" else None)
    assert done.adopted == [NETWORK]
    made = given["deployment"]["resources"][-1]
    assert made["id"] == "net-id"
    assert made["outputs"] == {"name": "net-1"}
    assert "pending_operations" not in given["deployment"]


def test_what_nobody_finds_is_forgotten() -> None:
    given = state(creating(resource(NETWORK)), {"type": "deleting", "resource": resource(SUBNET, id="1")})
    done = recover(given, lambda token, inputs, known: None)
    assert done.dropped == [NETWORK, SUBNET]
    assert len(given["deployment"]["resources"]) == 2


def test_a_delete_or_update_is_never_looked_for() -> None:
    given = state({"type": "updating", "resource": resource(SUBNET, id="1")})

    def refuse(token: str, inputs: Mapping[str, Any], known: Collection[str]) -> str | None:
        raise AssertionError(token)

    assert recover(given, refuse).dropped == [SUBNET]


def test_components_are_not_looked_for() -> None:
    given = state(creating({"urn": urn("haven:index:Keys", "k"), "custom": False}))
    assert recover(given, lambda token, inputs, known: "x").adopted == []


def test_a_replacement_is_adopted_and_the_old_one_deleted_by_the_next_run() -> None:
    old, other = resource(NETWORK, id="old"), resource(SUBNET, id="sub", dependencies=[NETWORK])
    given = state(creating(resource(NETWORK, inputs={"name": "net"})), resources=[old, other])
    seen: list[Collection[str]] = []

    def look(token: str, inputs: Mapping[str, Any], known: Collection[str]) -> str | None:
        seen.append(known)
        return "new"

    recover(given, look)
    assert seen == [{"p", "old", "sub"}]
    rows = [(one["urn"], one.get("id"), one.get("delete", False)) for one in given["deployment"]["resources"]]
    assert (NETWORK, "old", True) in rows
    assert (NETWORK, "new", False) in rows
    assert rows.index((NETWORK, "new", False)) == 2


def test_an_adopted_resource_stands_behind_what_it_needs() -> None:
    given = state(
        creating(resource(SUBNET, dependencies=[NETWORK], inputs={})), resources=[resource(NETWORK, id="net")]
    )
    recover(given, lambda token, inputs, known: "new")
    order = [one["urn"] for one in given["deployment"]["resources"]]
    assert order.index(NETWORK) < order.index(SUBNET)


def test_what_the_cloud_could_not_finish_is_made_anew_and_what_becomes_ready_later_is_not() -> None:
    def one(kind: str, *errors: str) -> dict[str, object]:
        return {"urn": f"urn:pulumi:a::b::{kind}::x", "type": kind, "custom": True, "initErrors": list(errors)}

    balancer, server = one("openstack:loadbalancer/loadBalancer:LoadBalancer", "ERROR"), one("openstack:c/i:Instance")
    others = [one("kubernetes:apps/v1:Deployment", "not ready"), one("pulumi-python:dynamic/haven:PoolNodes", "late")]
    assert half_made({"deployment": {"resources": [balancer, server, *others]}}) == [balancer["urn"]]
    assert half_made({}) == []
