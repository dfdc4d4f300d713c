"""What plugins pass on from a cloud becomes a cause and a next step."""

from __future__ import annotations

import json

import pytest

from haven_iac.clouds.openstack.explain import answer_in, cause, fault_advice

SERVER = "openstack:compute/instance:Instance"
PORT = "openstack:networking/port:Port"
SUBNET = "openstack:networking/subnet:Subnet"
BALANCER = "openstack:loadbalancer/loadBalancer:LoadBalancer"
HEAD = "sdk-v2/provider2.go:571: sdk.helper_schema: Error creating it"


def http(method: str, url: str, status: int, body: str) -> str:
    """Return a failure as the plugin writes it."""
    return (
        f"{HEAD}: Expected HTTP response code [201 202] when accessing [{method} {url}], "
        f"but got {status} instead: {body}: provider=openstack@5.5.1"
    )


def nested(word: str, message: str, **more: str) -> str:
    """Return the body of an answer as most services write it."""
    return json.dumps({word: {"code": 403, "message": message, **more}})


CASES = {
    "Nova: quota": (
        SERVER,
        http(
            "POST",
            "http://127.0.0.1:8774/v2.1/servers",
            403,
            nested("forbidden", "Quota exceeded for cores: Requested 4, but already used 20 of 20"),
        ),
        "Nova refuses more: the quota is used up: Quota exceeded for cores: Requested 4, but already used 20 of 20",
        "ask the operator for more",
    ),
    "Neutron: quota by 409": (
        PORT,
        http(
            "POST",
            "http://127.0.0.1:9696/v2.0/ports",
            409,
            nested("NeutronError", "Quota exceeded for resources: ['port'].", type="OverQuota", detail=""),
        ),
        "Neutron refuses more: the quota is used up: Quota exceeded for resources: ['port']",
        "plan --online",
    ),
    "Octavia: its database": (
        "openstack:loadbalancer/monitor:Monitor",
        http(
            "POST",
            "http://127.0.0.1:9876/v2.0/lbaas/healthmonitors",
            400,
            json.dumps({"faultcode": "Client", "faultstring": "TCP is not a valid option for type"}),
        ),
        "Octavia could not write it down: TCP is not a valid option for type",
        "run the same command again",
    ),
    "Neutron: still in use": (
        SUBNET,
        http(
            "DELETE",
            "http://127.0.0.1:9696/v2.0/subnets/1",
            409,
            nested("NeutronError", "Unable to complete operation on subnet 1: One or more ports use it.", detail=""),
        ),
        "Neutron refuses because of something else: Unable to complete operation on subnet 1",
        "remove what uses it",
    ),
    "Octavia: immutable": (
        "openstack:loadbalancer/listener:Listener",
        http(
            "POST",
            "http://127.0.0.1:9876/v2.0/lbaas/listeners",
            409,
            json.dumps({"faultcode": "Client", "faultstring": "Load Balancer 1 is immutable and cannot be updated."}),
        ),
        "Load Balancer 1 is immutable and cannot be updated",
        "in a minute",
    ),
    "Octavia: ERROR": (
        BALANCER,
        f"{HEAD}: Error waiting for it to become ready: unexpected state 'ERROR', wanted target 'ACTIVE'. "
        "last error: %!s(<nil>): provider=openstack@5.5.1",
        "Octavia could not make it: it ended in ERROR",
        "makes it anew",
    ),
    "Nova: 500": (
        SERVER,
        http(
            "POST",
            "http://127.0.0.1:8774/v2.1/servers",
            500,
            nested("computeFault", "Unexpected API Error. Please report this"),
        ),
        "Nova failed, HTTP 500: Unexpected API Error. Please report this",
        "run the same command again",
    ),
    "Nova: no such flavor": (
        SERVER,
        http("GET", "http://127.0.0.1:8774/v2.1/flavors/x", 404, nested("itemNotFound", "Flavor x not found.")),
        "Nova does not have it: Flavor x not found",
        "haven-iac refresh",
    ),
    "an answer without its address": (
        "openstack:identity/applicationCredential:ApplicationCredential",
        f'{HEAD}: {{"error":{{"code":404,"message":"Role nope is not defined","title":"Not Found"}}}}\n',
        "Keystone does not have it: Role nope is not defined",
        "haven-iac refresh",
    ),
    "a policy": (
        "openstack:identity/applicationCredential:ApplicationCredential",
        http(
            "POST",
            "http://127.0.0.1:5000/v3/users/1/application_credentials",
            403,
            nested("error", "You are not authorized to perform the requested action."),
        ),
        "Keystone does not allow it: You are not authorized to perform the requested action",
        "ask for the role",
    ),
    "a timeout": (
        SERVER,
        f"{HEAD}: waiting for instance (1) to become ready: timeout while waiting for state to become 'ACTIVE' "
        "(last state: 'BUILD', timeout: 30m0s)",
        "Nova did not finish in time: it was still BUILD, and should be ACTIVE",
        "run the same command again",
    ),
    "a proxy's page": (
        PORT,
        http("GET", "https://cloud.example.nl/network/v2.0/ports", 503, "<html><h1>Service Unavailable</h1></html>"),
        "Neutron failed, HTTP 503: Service Unavailable",
        "tell the cloud's operator",
    ),
    "nobody there": (
        PORT,
        f'{HEAD}: Get "https://cloud.example.nl:9696/": dial tcp 192.0.2.1:9696: connect: connection refused',
        "Neutron at 192.0.2.1:9696 does not answer: refused",
        "check network and VPN",
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_a_failure_has_its_cause_and_a_next_step(name: str) -> None:
    token, text, what, fix = CASES[name]
    found = cause(token, text)
    assert what in found.what
    assert fix in found.fix
    assert "\n" not in found.what


def test_both_wordings_of_one_failure_are_explained_alike() -> None:
    _, text, *_ = CASES["Nova: quota"]
    short = text.removeprefix("sdk-v2/provider2.go:571: sdk.helper_schema: ").removesuffix(": provider=openstack@5.5.1")
    again = f"1 error occurred:\n\t* creating urn:pulumi:dev::p::t::n: 1 error occurred:\n\t* {short}"
    assert cause(SERVER, text) == cause(SERVER, again)


def test_what_is_not_known_is_said_without_its_wrapping() -> None:
    text = "sdk-v2/provider2.go:571: sdk.helper_schema: Unable to find flavor with name nope: provider=openstack@5.5.1"
    assert cause(SERVER, text).what == "Unable to find flavor with name nope"
    assert cause(SERVER, "1 error occurred:\n\t* Unable to find flavor with name nope").what == cause(SERVER, text).what
    assert answer_in("something else altogether") is None


@pytest.mark.parametrize(
    ("fault", "advice"),
    [
        ("No valid host was found. There are not enough hosts available.", "antiAffinity: soft"),
        ("Volume 1 did not finish being created", "volume's type and zone"),
        ("Build of instance 1 aborted: Image 2 is unacceptable", "image and disk"),
        ("Exceeded maximum number of retries", "cloud's operator"),
    ],
)
def test_a_fault_of_nova_has_advice(fault: str, advice: str) -> None:
    assert advice in fault_advice(fault)
