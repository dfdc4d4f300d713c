"""One Kubernetes cluster: its members and its folder.

clusters/<id>/cluster.json   what others may read
              kubeconfig     administrator, straight to the API
              pki/ root/ etcd/ run/ logs/ *.kubeconfig   its own
"""

from __future__ import annotations

import asyncio
import json
import secrets
import shutil
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any

from haven_iac.lab.kube import Kube, KubeError, write_private
from haven_iac.lab.machines import admission, certificates, control_plane, nodes, pods
from haven_iac.lab.machines.admission import Admission
from haven_iac.lab.machines.components import Components
from haven_iac.lab.machines.errors import ClusterError
from haven_iac.lab.machines.guest.root import Root
from haven_iac.lab.machines.pki import Pki
from haven_iac.lab.machines.plan import Plan
from haven_iac.lab.machines.supervisor import Supervisor

Record = dict[str, Any]


class Cluster:
    """One cluster.

    Args:
        folder: of the cluster.
        record: what others may read.
        private: what they may not.
    """

    def __init__(self, folder: Path, record: Record, private: Record) -> None:
        self.folder, self.record, self._private = folder, record, private
        self.id: str = record["id"]
        self.address: str = record["address"]
        self.pki = Pki(folder / "pki")
        self.components = Components(folder, lambda: self.kube().ready())
        self.admission = Admission(record, private, self.pki)
        self.supervisor = Supervisor(self.pki, self.address)
        self.custom: list[str] = []
        """Authorities that were given."""
        self.up = False
        """Whether the API answers."""
        self.node_ports: set[int] = set()
        """Of its Services; every node that runs answers on them."""
        self.lock = asyncio.Lock()
        """One change of membership at a time."""
        self._kube: Kube | None = None

    # On disk

    @classmethod
    def load(cls, folder: Path) -> Cluster:
        """Return the cluster of a folder.

        Raises:
            OSError, ValueError, KeyError: it is not whole.
        """
        record = json.loads((folder / "cluster.json").read_text())
        return cls(folder, record, json.loads((folder / "private.json").read_text()))

    @classmethod
    def create(cls, folder: Path, address: str, server: Record, plan: Plan, root: Root, node_ip: str) -> Cluster:
        """Make a first server's cluster, not started yet; blocking.

        Args:
            folder: for it.
            address: for its API, here.
            server: record of the machine.
            plan: of its unit.
            root: its disk.
            node_ip: its address.

        Raises:
            PkiError: custom authorities are of no use.
        """
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(mode=0o700, parents=True)
        token = plan.one("token") or secrets.token_hex(16)
        cluster_cidr, service_cidr = control_plane.cidrs(plan)
        record = {
            "id": folder.name,
            "address": address,
            "distribution": plan.distribution,
            "version": plan.version,
            "project_id": server["project_id"],
            "endpoint": f"https://{address}:6443",
            "kubeconfig": str(folder / "kubeconfig"),
            "external_cloud": plan.external_cloud,
            "cluster_cidr": cluster_cidr,
            "service_cidr": service_cidr,
            "cluster_domain": control_plane.domain(plan),
            "disable": plan.many("disable"),
            "cni": plan.many("cni"),
            "token_sha256": admission.digest(token),
            "members": [],
            "removed": [],
            "tls_san": plan.many("tls-san"),
        }
        private = {
            "agent_token_sha256": admission.digest(plan.one("agent-token") or token),
            "critical": admission.critical(plan),
        }
        made = cls(folder, record, private)
        made.custom = made.pki.adopt(certificates.given(plan, root))
        made.pki.complete(plan.distribution)
        certificates.issue(made.pki, folder, made.record["endpoint"])
        private["commands"] = control_plane.commands(plan, root, folder, address, node_ip)
        made._serving_certificate([node_ip, server["hostname"]])
        return made

    def save(self) -> None:
        """Write what has changed."""
        self.record["api"] = "up" if self.up else "down"
        for name, data in (("private.json", self._private), ("cluster.json", self.record)):
            text = json.dumps(data, indent=1, sort_keys=True).encode()
            path = self.folder / name
            if not path.is_file() or path.read_bytes() != text:
                write_private(path, text)

    def _serving_certificate(self, more: Iterable[str] = ()) -> None:
        """Issue it anew if it is to bear names that it does not."""
        borne = set(self._private.get("names", []))
        names = certificates.names(self.record) | set(more) | borne
        if names != borne:
            self.pki.serving("kube-apiserver", "kube-apiserver", names)
            self._private["names"] = sorted(names)
            self.supervisor.reload()

    # Members

    def member(self, disk: str) -> Record | None:
        """Return the member with that disk, or None."""
        found: list[Record] = [member for member in self.record["members"] if member["disk"] == disk]
        return found[0] if found else None

    async def register(self, server: Record, plan: Plan, node: str, address: str) -> None:
        """Make a machine a member with a Node; waits its turn.

        Raises:
            ClusterError: the API does not answer, or refuses it.
            NodeError: its configuration gives no valid Node.
        """
        async with self.lock:
            if not self.up:
                raise ClusterError(f"https://{self.id}: the server is currently unable to handle the request")
            try:
                await asyncio.to_thread(self._register, server, plan, node, address)
            except KubeError as error:
                raise ClusterError(f"unable to register node: {error}") from error

    def _register(self, server: Record, plan: Plan, name: str, address: str) -> None:
        kube = self.kube()
        node = kube.find(f"/api/v1/nodes/{name}")
        if node and node["status"]["nodeInfo"]["machineID"] != server["disk"]:
            raise ClusterError(
                "Node password rejected, duplicate hostname or contents of '/etc/rancher/node/password' may not match "
                "server node-passwd entry, try enabling a unique node name with the --with-node-id flag"
            )
        wanted = nodes.build(server, plan, name, address, plan.version or self.record["version"])
        if node:  # it may have been resized, or run another release now
            status = {key: wanted["status"][key] for key in ("capacity", "allocatable", "nodeInfo")}
            kube.patch(f"/api/v1/nodes/{name}/status", {"status": status})
        else:
            kube.create("/api/v1/nodes", wanted)
            pods.restart(kube, name)
        if not self.member(server["disk"]):
            for member in list(self.record["members"]):
                if member["node"] == name:  # its Node was deleted
                    self._drop(member)
            self.record["members"].append(
                {
                    "machine": server["id"],
                    "disk": server["disk"],
                    "node": name,
                    "role": plan.role,
                    "address": address,
                }
            )
        if plan.role == "server":
            self.record["tls_san"] = sorted(set(self.record["tls_san"]) | set(plan.many("tls-san")))
            self._serving_certificate()
        self.save()

    def _drop(self, member: Record) -> None:
        self.record["members"].remove(member)
        self.record["removed"].append(member["disk"])

    def _servers(self) -> list[Record]:
        return [member for member in self.record["members"] if member["role"] == "server"]

    def quorum(self, running: set[str]) -> bool:
        """Return whether enough of the servers are among the disks of running machines."""
        servers = self._servers()
        return sum(member["disk"] in running for member in servers) >= len(servers) // 2 + 1

    # Following the machines

    async def follow(self, running: set[str]) -> None:
        """Start, stop and relabel as the set of running machines says."""
        async with self.lock:
            alive = self.components.running()
            if not self.quorum(running):
                self.up = False
                await self.supervisor.stop()
                if alive:
                    await asyncio.to_thread(self.components.stop)
            elif not self.up or len(alive) < len(control_plane.COMPONENTS):
                await self.start()
            if self.up:
                with suppress(KubeError):  # next time
                    await asyncio.to_thread(self._sync_nodes, running)
            self.save()

    def _sync_nodes(self, running: set[str]) -> None:
        specs = [service["spec"] for service in self.kube().items("/api/v1/services")]
        ports = {port.get("nodePort") for spec in specs for port in spec.get("ports") or []}
        self.node_ports = {port for port in (*ports, *(spec.get("healthCheckNodePort") for spec in specs)) if port}
        found = {node["metadata"]["name"]: node for node in self.kube().items("/api/v1/nodes")}
        for member in list(self.record["members"]):
            node = found.get(member["node"])
            if not node:
                # Whoever deletes the Node removes the member, and from etcd.
                if member["role"] == "agent" or len(self._servers()) > 1:
                    self._drop(member)
                continue
            want = "running" if member["disk"] in running else "stopped"
            if node["metadata"]["labels"].get(nodes.LABEL) != want:
                body = {"metadata": {"labels": {nodes.LABEL: want}}}
                self.kube().patch(f"/api/v1/nodes/{member['node']}", body)
                if want == "running":
                    pods.restart(self.kube(), member["node"])

    # Its control plane

    def kube(self) -> Kube:
        """Return the administrator's way to the API."""
        if not self._kube:
            self._kube = Kube(self.folder / "kubeconfig")
        return self._kube

    async def start(self) -> None:
        """Bring the control plane up.

        Raises:
            ClusterError: it does not come up.
        """
        await asyncio.to_thread(self.components.start, self._private["commands"])
        await self.supervisor.start()
        self.up = True

    async def remove(self) -> None:
        """End everything, and remove the folder."""
        self.components.closing = True
        await self.supervisor.stop()
        await asyncio.to_thread(self.components.stop)
        shutil.rmtree(self.folder, ignore_errors=True)
