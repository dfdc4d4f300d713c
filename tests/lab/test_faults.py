"""Faults strike the real services and the machines, are counted, and go away."""

from __future__ import annotations

import time
from datetime import UTC, datetime

import pytest

from haven_iac.bootstrap.base import Machine
from tests.lab.cloud import CloudError, User, until
from tests.lab.conftest import Cluster, Inside

pytestmark = pytest.mark.lab


def server(lab: Inside, cluster: Cluster, name: str) -> str:
    port, _ = cluster.net.port(name)
    return lab.user.server(name, port, None)


@pytest.mark.parametrize(
    ("kind", "status", "said"), [("compute-error", 500, "Unexpected API"), ("compute-quota", 403, "Quota")]
)
def test_nova_refuses_once_and_then_goes_on(lab: Inside, cluster: Cluster, kind: str, status: int, said: str) -> None:
    fault = lab.faults.add(kind, {"name": "^struck$"}, times=1)

    def create() -> str:
        with pytest.raises(CloudError, match=said) as error:
            server(lab, cluster, "struck")
        assert error.value.status == status
        again = server(lab, cluster, "struck")
        until("ACTIVE", lambda: lab.user.shown(again)["status"] == "ACTIVE")
        lab.user.delete(again)
        return again

    assert lab.run(create)
    [now] = lab.faults.all()
    assert (now.id, now.hits, now.left) == (fault.id, 1, 0)


def test_a_server_ends_in_error_with_a_reason(lab: Inside, cluster: Cluster) -> None:
    lab.faults.add("server-error", {"name": "broken"})

    def create() -> str:
        made = server(lab, cluster, "broken")
        until("ERROR", lambda: lab.user.shown(made)["status"] == "ERROR")
        reason = lab.user.shown(made)["fault"]["message"]
        lab.user.delete(made)
        return str(reason)

    assert "Exceeded maximum number of retries" in lab.run(create)


def test_a_load_balancer_hangs_and_then_fails(lab: Inside, cluster: Cluster) -> None:
    lab.faults.add("balancer-stuck", {"name": "stuck", "seconds": "3"})

    def create() -> tuple[str, str]:
        body = {"loadbalancer": {"name": "stuck", "vip_subnet_id": cluster.net.subnet}}
        made = lab.user.call("POST", "load-balancer", "/v2/lbaas/loadbalancers", body)["loadbalancer"]
        time.sleep(2)
        path = f"/v2/lbaas/loadbalancers/{made['id']}"
        before = lab.user.status(path)
        until("ERROR", lambda: lab.user.status(path) == "ERROR")
        lab.user.call("DELETE", "load-balancer", f"{path}?cascade=true")
        return before, "ERROR"

    assert lab.run(create) == ("PENDING_CREATE", "ERROR")


def test_neutron_answers_with_a_conflict(lab: Inside, cluster: Cluster) -> None:
    lab.faults.add("network-conflict", {"name": "contested"}, times=2)

    def create() -> int:
        refused = 0
        while True:
            try:
                cluster.net.port("contested")
            except CloudError as error:
                if error.status != 409 or "NeutronError" not in str(error):
                    raise
                refused += 1
            else:
                return refused

    assert lab.run(create) == 2


def test_tokens_of_users_end_soon(lab: Inside) -> None:
    lab.faults.add("token-expiry", {"seconds": "3"})
    user = User(lab.lab.place.clouds_file)

    def use() -> float:
        user.login()
        left = datetime.fromisoformat(user.expires) - datetime.now(UTC)
        user.get("network", "/v2.0/networks")
        time.sleep(4)
        with pytest.raises(CloudError) as error:
            user.get("network", "/v2.0/networks")
        assert error.value.status == 401
        return left.total_seconds()

    assert lab.run(use) <= 3


def test_one_machine_never_boots_and_its_console_says_so(lab: Inside, cluster: Cluster) -> None:
    lab.faults.add("machine-never-boots", {"name": "az3-1$"})
    dead = Machine("test-general-az3-1", server=False, first=False)

    def boot() -> str:
        made, _ = cluster.net.boot(dead, "az3")
        lab.user.says(made, "soft lockup")
        until("ACTIVE", lambda: lab.user.shown(made)["status"] == "ACTIVE")
        console = lab.user.console(made)
        lab.user.delete(made)
        return console

    assert "cloud-init" not in lab.run(boot)


def test_a_service_is_slow(lab: Inside) -> None:
    lab.faults.add("slow", {"service": "^cinder$", "seconds": "2"}, times=1)

    def ask() -> float:
        began = time.monotonic()
        lab.user.get("block-storage", "/types")
        return time.monotonic() - began

    assert lab.run(ask) >= 2
