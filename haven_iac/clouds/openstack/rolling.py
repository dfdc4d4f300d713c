"""Brings machines up to date, one after the other: drained, rebuilt or resized by Nova, and waited for.

A machine keeps its name, its port and its address, so nothing else changes.  Where a run was cut short, the next one
goes on: every machine says in its metadata what it was made from last.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from haven_iac.bootstrap.base import Machine
from haven_iac.bootstrap.registry import find
from haven_iac.clouds.openstack import nodes
from haven_iac.clouds.openstack.api import MERGE, Kube
from haven_iac.clouds.openstack.consoles import told
from haven_iac.clouds.openstack.names import GENERATION_KEY
from haven_iac.clouds.openstack.settings import OpenStackSettings
from haven_iac.clouds.openstack.user_data import ETCD_DEVICES, boot_facts
from haven_iac.errors import DeployError
from haven_iac.spec import ClusterSpec

CLOUD_SECONDS = 900.0
"""How long Nova may take to rebuild or resize a machine."""
REBUILD_VERSION = "2.93"
"""Compute API that rebuilds with other user data, and machines that boot from a volume."""


@dataclass(frozen=True)
class Roll:
    """The machines of one pool, and what they should be made from."""

    spec: ClusterSpec
    settings: OpenStackSettings
    cloud: Any
    """A connection of openstacksdk."""
    api: Kube
    keys: Mapping[str, str]
    """Key material for machines that join: no authority's key."""
    authorities: Mapping[str, str]
    """Certificates of private authorities, by use."""
    inside: str
    """The API's address for nodes."""
    outside: str
    """The API's address for everybody else."""
    image: str

    def outdated(self, server: str, wanted: Mapping[str, Any]) -> tuple[bool, bool]:
        """Return whether a machine has to be rebuilt, and whether it has to be resized."""
        found = self.cloud.compute.get_server(server)
        rebuild = (found.metadata or {}).get(GENERATION_KEY) != wanted["generation"]
        flavor = found.flavor.get("original_name") or found.flavor.get("name") or ""
        return rebuild, flavor != wanted["flavor"]

    def renew(self, machine: Machine, server: str, wanted: Mapping[str, Any]) -> bool:
        """Bring one machine up to date; return whether there was anything to do.

        Raises:
            DeployError: pods do not leave, Nova refuses, or the node does not come back; the others are untouched.
        """
        rebuild, resize = self.outdated(server, wanted)
        if not rebuild and not resize:
            self._back(machine, server)
            return False
        if machine.server:
            self._majority(machine)
        nodes.drain(self.api, machine.name)
        if rebuild:
            nodes.remove(self.api, machine.name, self.spec.kubernetes.distribution.value, server=machine.server)
            if resize:
                self._resize(server, wanted["flavor"])
            self._rebuild(machine, server, wanted)
        else:
            self._resize(server, wanted["flavor"])
        self._back(machine, server)
        self.api.ask("PATCH", f"{nodes.NODES}/{machine.name}", {"spec": {"unschedulable": None}}, kind=MERGE)
        return True

    def _majority(self, machine: Machine) -> None:
        """Refuse to touch a server while another one is away: etcd would lose its majority."""
        label = "node-role.kubernetes.io/control-plane"
        others = [
            one
            for one in self.api.items(nodes.NODES)
            if label in (one["metadata"].get("labels") or {}) and one["metadata"]["name"] != machine.name
        ]
        away = [one["metadata"]["name"] for one in others if not nodes.ready(one)]
        if away:
            raise DeployError(
                f"{machine.name} cannot be renewed while {', '.join(away)} is not ready: etcd needs a majority",
                fix="mend that server first; then run this again",
            )

    def _rebuild(self, machine: Machine, server: str, wanted: Mapping[str, Any]) -> None:
        facts = boot_facts(
            self.spec,
            self.settings,
            server=machine.server,
            address=wanted["address"],
            inside=self.inside,
            outside=self.outside,
            peers=(),
            trusted=self.authorities,
            exists=True,
        )
        # What the description says of this disk is for machines to come.
        facts = replace(facts, etcd_disk=ETCD_DEVICES if machine.server and self._has_etcd_disk(server) else ())
        made = find(self.spec.kubernetes.distribution.value).user_data(
            self.spec, machine, self.keys, self.inside, facts
        )
        body = {"rebuild": {"imageRef": self.image, "user_data": made.packed}}
        self._act(server, body, REBUILD_VERSION)
        self._active(server, "rebuilt")
        compute = self.cloud.compute
        compute.set_server_metadata(server, **{GENERATION_KEY: wanted["generation"]})

    def _has_etcd_disk(self, server: str) -> bool:
        """Return whether a machine was born with a volume for etcd."""
        compute = self.cloud.compute
        # Volumes that pods use stay when their machine goes.
        born = [one for one in compute.volume_attachments(server) if one.delete_on_termination]
        from_image = bool((compute.get_server(server).image or {}).get("id"))
        return len(born) > (0 if from_image else 1)

    def _resize(self, server: str, flavor: str) -> None:
        found = self.cloud.compute.find_flavor(flavor)
        if found is None:
            raise DeployError(f"there is no flavor {flavor}", fix="correct it in the description; then run this again")
        self._act(server, {"resize": {"flavorRef": found.id}}, "2.1")
        if self._until(server, ("VERIFY_RESIZE", "ACTIVE"), "resized") == "VERIFY_RESIZE":
            self._act(server, {"confirmResize": None}, "2.1")
        self._active(server, "resized")

    def _act(self, server: str, body: Mapping[str, Any], version: str) -> None:
        answer = self.cloud.compute.post(f"/servers/{server}/action", json=body, microversion=version)
        if answer.status_code >= 400:
            said = _message(answer)
            raise DeployError(f"Nova refuses to {next(iter(body))} {server}: {answer.status_code} {said}")

    def _active(self, server: str, verb: str) -> None:
        self._until(server, ("ACTIVE",), verb)

    def _until(self, server: str, wanted: tuple[str, ...], verb: str) -> str:
        deadline = time.monotonic() + CLOUD_SECONDS
        while time.monotonic() < deadline:
            found = self.cloud.compute.get_server(server)
            if found.status in wanted and not found.task_state:
                return str(found.status)
            if found.status == "ERROR":
                reason = (found.fault or {}).get("message", "it gives no reason")
                raise DeployError(f"{found.name} could not be {verb}: {reason}", fix="mend the cause; run this again")
            time.sleep(1.0)
        raise DeployError(f"{server} was not {verb} within {CLOUD_SECONDS:.0f} s", fix="run this again to go on")

    def _back(self, machine: Machine, server: str) -> None:
        """Wait until a machine's node is ready, and votes where it is a server of RKE2 or k3s."""

        def done(node: Any) -> bool:
            votes = [one for one in node["status"].get("conditions") or () if one["type"] == "EtcdIsVoter"]
            return nodes.ready(node) and all(one["status"] == "True" for one in votes)

        patience = self.settings.boot_seconds
        if nodes.wait(self.api, [machine.name], patience, done):
            console = told(self.spec.cloud.settings, [server])
            raise DeployError(
                f"{machine.name} did not come back within {patience:.0f} s{console}",
                fix="see its console; machines after it were left alone; run this again to go on",
            )


def _message(answer: Any) -> str:
    try:
        found = next(iter(answer.json().values()))
        return str(found["message"])[:300]
    except (ValueError, StopIteration, KeyError, TypeError):
        return ""
