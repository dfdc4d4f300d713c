"""One server of the cloud as a machine that boots, joins and runs."""

from __future__ import annotations

import asyncio
import datetime
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from haven_iac.lab.machines import joining, manifests, nodes
from haven_iac.lab.machines import plan as plans
from haven_iac.lab.machines.cluster import Cluster
from haven_iac.lab.machines.errors import ClusterError
from haven_iac.lab.machines.guest import accounts, outside, userdata
from haven_iac.lab.machines.guest.browser import Browser
from haven_iac.lab.machines.guest.commands import Commands
from haven_iac.lab.machines.guest.disks import Disks
from haven_iac.lab.machines.guest.guest import Guest
from haven_iac.lab.machines.guest.kernel import Kernel
from haven_iac.lab.machines.guest.root import Root
from haven_iac.lab.machines.guest.systemd import Systemd, UnitFailedError
from haven_iac.lab.machines.guest.units import Unit
from haven_iac.lab.machines.network import UnreachableError
from haven_iac.lab.machines.pki import PkiError
from haven_iac.lab.machines.reach import Reach

if TYPE_CHECKING:
    from haven_iac.lab.machines.world import World

FINISHED = "/var/lib/cloud/instance/boot-finished"


class Machine:
    """A machine; its state is off, booting, hung, failed, starting (its unit) or running.

    Args:
        world: that it is in.
        record: what Nova's driver wrote.
    """

    def __init__(self, world: World, record: dict[str, Any]) -> None:
        self.world, self.record = world, record
        self.id: str = record["id"]
        self.state = "off"
        self.plan: plans.Plan | None = None
        self.member = False
        """Whether its unit runs as a node."""
        self._hostname: str = record["hostname"]
        self._task: asyncio.Task[None] | None = None
        self._guest: Guest | None = None
        self._systemd: Systemd | None = None
        folder = world.folder
        self._console = folder / f"{self.id}.console.log"
        self._asked = folder / f"{self.id}.asked.jsonl"
        self.root = Root(folder / f"{self.id}.root", world.template, world.volumes)
        self.net = Reach(world, self)

    @property
    def disk(self) -> str:
        """Return the id of its disk; another one after a rebuild."""
        return str(self.record["disk"])

    @property
    def up(self) -> bool:
        """Return whether its power is on."""
        return self.state != "off"

    @property
    def address(self) -> str | None:
        """Return its first address, or None."""
        for interface in self.record["interfaces"]:
            for ip in interface["fixed_ips"]:
                return str(ip)
        return None

    @property
    def node(self) -> str:
        """Return the name of its node."""
        assert self.plan is not None
        return nodes.name(self.record, self.plan, self._hostname)

    def log(self, text: str) -> None:
        """Write to the console."""
        now = datetime.datetime.now(datetime.UTC).strftime("%H:%M:%S.%f")[:-3]
        with self._console.open("a") as file:
            for line in text.splitlines():
                file.write(f"[{now}] {line}\n")

    # Power

    def power_on(self, *, resume: bool = False) -> None:
        """Boot.

        Args:
            resume: it ran when this program stopped: its unit goes on, nothing is booted.
        """
        self.state, self.member = ("running", True) if resume else ("booting", False)
        self._task = asyncio.create_task(self._life(resume=resume))

    def power_off(self) -> None:
        """Switch off, at once."""
        self.halt()
        self._guest = self._systemd = None
        if self.state != "off":
            self.log("reboot: Power down")
        self.state, self.member = "off", False

    def halt(self) -> None:
        """End what runs here of it, as this program ends; it goes on when the program does."""
        if self._task:
            self._task.cancel()
        if self._systemd:
            self._systemd.kill()
        if self._guest:
            self._guest.close()

    def reboot(self) -> None:
        """Start anew: the machine itself asks for it."""

        def again() -> None:
            self.power_off()
            self.power_on()

        asyncio.get_running_loop().call_later(0.2, again)

    def shut_down(self) -> None:
        """Switch off: the machine itself asks for it; its cloud goes on to call it active."""
        asyncio.get_running_loop().call_later(0.2, self.power_off)

    def forget(self) -> None:
        """Remove everything of it."""
        self.power_off()
        self.root.remove()
        for path in (self._console, self._asked):
            path.unlink(missing_ok=True)

    # Booting

    async def _life(self, *, resume: bool) -> None:
        try:
            await self._boot(resume=resume)
        except asyncio.CancelledError:
            raise
        except Exception as error:  # a fault of the lab itself
            self.log(f"lab: {error!r}")
            self.world.log.exception("machine %s", self.id)
            self.state = "failed"

    async def _boot(self, *, resume: bool) -> None:
        init = userdata.parse(self.record["user_data"])
        self._hostname = init.hostname or self.record["hostname"]
        first = self.root.read(FINISHED) is None
        if not resume:
            self.log(f"Linux version 6.8.0-48-generic (lab) boot {self.record['boots']}")
            if self.world.faults.strike("boot", name=self.record["name"]):
                self.state = "hung"
                self.log("watchdog: BUG: soft lockup - CPU#0 stuck for 22s!")
                return
            self.log(f"cloud-init[1]: {self._hostname} booting, address {self.address or 'none'}")
        if first:
            self.root.remove()
            self.root.make(self._hostname, self.address)
        await self.net.settled()
        guest, systemd = self._begin()
        if first:
            await guest.first_boot(init)
        else:
            if not resume:
                await guest.boot_commands(init)
            for unit in self._units(systemd, resume=resume):
                await systemd.start(unit, wait=False)
        if self.state == "booting":
            self.state = "running"

    def _units(self, systemd: Systemd, *, resume: bool) -> list[str]:
        """Return the units to start: those that are enabled, or just the one that makes it a member."""
        cluster = self.world.clusters.of(self)
        member = cluster.member(self.disk) if cluster else None
        if not resume or not cluster or not member:
            return systemd.enabled()
        kind, role = cluster.record["distribution"], member["role"]
        return ["k3s.service" if (kind, role) == ("k3s", "server") else f"{kind}-{role}.service"]

    def _begin(self) -> tuple[Guest, Systemd]:
        """Make what runs while the power is on."""
        kernel, speed = Kernel(self.root, self.address), self.world.speed
        kernel.load()
        systemd = Systemd(self, self.root, speed)
        systemd.react["systemd-sysctl.service"] = kernel.load
        disks = Disks(self.root, dict(self.record.get("volumes") or {}))
        disks.appear()
        browser = Browser(self.net, self.root, outside.Outside(self.world.outside), speed)
        commands = Commands(self.root, systemd, browser, kernel, disks, self, self.world.version)
        guest = Guest(self.root, commands, self._asked)
        guest.open()
        self._guest, self._systemd, self._kernel, self._disks = guest, systemd, kernel, disks
        return guest, systemd

    def plug(self, record: dict[str, Any]) -> None:
        """Take a new record: interfaces, volumes, metadata may have changed."""
        self.record = record
        if self._guest:
            self._disks.attached = dict(record.get("volumes") or {})
            self._disks.appear()

    # What its units get (Host)

    async def execute(self, words: Sequence[str], env: Mapping[str, str], label: str) -> int:
        """Run a command in its root; return its exit status."""
        assert self._guest is not None
        return await self._guest.execute(words, env, label)

    async def kubernetes(self, unit: Unit, env: Mapping[str, str], ready: Callable[[], Awaitable[None]]) -> None:
        """Be a node until cancelled.

        Raises:
            UnitFailedError: it cannot be one now.
        """
        name = unit.name.rpartition(".")[0]
        if not self.member:
            self.state = "starting"
        try:
            program = self.root.read(unit.start[0].program) or b""
            self.plan = plans.read(self.root, unit, env, outside.release_of(program) or self.world.version)
            self.plan.check(accounts.names(self.root), self._kernel.values)
            for note in self.plan.notes:
                self.log(f'{name}: level=warning msg="{note}"')
            cluster = await joining.join_or_found(self)
        except plans.PlanError as error:
            self.state, self.member = "failed", False
            raise UnitFailedError(f'{name}: level=fatal msg="{error}"') from error
        except (ClusterError, UnreachableError, nodes.NodeError, PkiError) as error:
            self.state, self.member = "starting", False
            raise UnitFailedError(f'{name}: level=error msg="{error}"') from error
        self.state, self.member = "running", True
        self._remember(cluster)
        self.log(f"{name}: node {self.node} in cluster {cluster.id}")
        self.world.clusters.poke()
        deploying = None
        if self.plan.role == "server":
            deploying = asyncio.create_task(manifests.deploy(cluster.kube(), self.root, self.plan, self.log))
        try:
            await ready()
            await asyncio.Event().wait()
        finally:
            if deploying:
                deploying.cancel()
            self.member = False
            self.world.clusters.poke()

    def _remember(self, cluster: Cluster) -> None:
        """Leave on the disk what the distribution would."""
        assert self.plan is not None
        self.root.write("/etc/rancher/node/password", self.disk, 0o600)
        if self.plan.role == "server":
            base = self.plan.data_dir
            self.root.path(f"{base}/server/db/etcd/member").mkdir(parents=True, exist_ok=True)
            if not self.root.read(f"{base}/server/tls/server-ca.crt"):
                authority = cluster.pki.path("server-ca.crt").read_bytes()
                self.root.write(f"{base}/server/tls/server-ca.crt", authority, 0o600)
