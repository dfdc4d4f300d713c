"""OpenStack: a provider's or a municipality's own cloud, with servers that boot our user data."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from haven_iac.clouds.base import API, Finding
from haven_iac.clouds.openstack import objects
from haven_iac.clouds.openstack.controllers import CCM, CINDER_CSI, MANILA_CSI, NFS_CSI
from haven_iac.clouds.openstack.security import CLIENT_ADDRESS_PROVIDERS
from haven_iac.clouds.openstack.settings import ImageSystem, OpenStackSettings, ShareProtocol
from haven_iac.clouds.openstack.storage import manila_wanted, storage
from haven_iac.facts import Capability, CloudFacts, LoadBalancerFacts, NodeFacts
from haven_iac.plan.changes import Disruption
from haven_iac.plan.model import ClusterPlan
from haven_iac.spec import ClusterSpec
from haven_iac.spec.load import validate
from haven_iac.spec.model import SpecModel

if TYPE_CHECKING:
    from haven_iac.clouds.base import CloudBuilder

KUBE_VIP = "ghcr.io/kube-vip/kube-vip:v1.1.2"
"""What holds the API's address where there is no Octavia."""

DEFAULT_ZONES = ("nova",)
"""What Nova calls its zone where nobody made others."""

_SYSTEMS = {
    ImageSystem.UBUNTU: ("Ubuntu", "AppArmor"),
    ImageSystem.DEBIAN: ("Debian GNU/Linux", "AppArmor"),
    ImageSystem.ROCKY: ("Rocky Linux", "SELinux"),
    ImageSystem.ALMALINUX: ("AlmaLinux", "SELinux"),
    ImageSystem.RHEL: ("Red Hat Enterprise Linux", "SELinux"),
    ImageSystem.FLATCAR: ("Flatcar Container Linux by Kinvolk", "Flatcar"),
}
"""How a node's osImage starts, and the hardening that the checker looks for."""

PROXY_PROTOCOL = {"loadbalancer.openstack.org/proxy-protocol": "true"}
"""Asks the cloud controller for pools that tell the client's address."""


def settings_of(spec: ClusterSpec) -> OpenStackSettings:
    """Return the settings of a cluster that were checked before."""
    return validate(OpenStackSettings, spec.cloud.settings)


def _controllers(spec: ClusterSpec, settings: OpenStackSettings) -> dict[str, str]:
    """Return the chart of each controller by slot; Manila's driver mounts through that of the protocol."""
    found = {"cloud-controller": CCM, "block-driver": CINDER_CSI}
    if manila_wanted(spec):
        found["shared-driver"] = MANILA_CSI
        if settings.share_protocol is ShareProtocol.NFS:
            found["nfs-driver"] = NFS_CSI
    return found


class OpenStackCloud:
    """OpenStack with Nova, Neutron, Octavia, Cinder and Manila."""

    kind = "openstack"
    api = API
    settings_model: type[SpecModel] = OpenStackSettings
    tools = ("openstack",)
    capabilities = frozenset(
        {
            Capability.BLOCK_STORAGE,
            Capability.SHARED_STORAGE,
            Capability.LOAD_BALANCER,
            Capability.OBJECT_STORAGE,
            Capability.ZONES,
            Capability.NODE_POOLS,
        }
    )

    disruptions: Mapping[str, Disruption] = {
        # The API's address, and with it the certificates that name it, become others.
        "api": Disruption.DISRUPTIVE,
        "loadBalancer": Disruption.DISRUPTIVE,
        "cloud": Disruption.DISRUPTIVE,
        "region": Disruption.DISRUPTIVE,
        "networkId": Disruption.DISRUPTIVE,
        "subnetId": Disruption.DISRUPTIVE,
        "routerId": Disruption.DISRUPTIVE,
        "externalNetwork": Disruption.DISRUPTIVE,
        # For machines to come; those that exist are left alone.
        "image": Disruption.NONE,
        "imageSystem": Disruption.NONE,
        "antiAffinity": Disruption.NONE,
        "configDrive": Disruption.NONE,
        "etcdDisk": Disruption.NONE,
        "ssh": Disruption.NONE,
        "securityGroupIds": Disruption.NONE,
        "volumeTypes": Disruption.NONE,
        "bootTimeout": Disruption.NONE,
    }
    """What a change of a setting does, by its key; whatever is not here restarts the controllers' pods at the most."""

    def promise(self, spec: ClusterSpec) -> CloudFacts:
        """Return what this cloud will offer: classes by volume and share type, load balancers by Octavia."""
        settings = settings_of(spec)
        image, hardening = _SYSTEMS[settings.image_system]
        balancer = settings.load_balancer
        proxied = balancer.enabled and balancer.provider not in CLIENT_ADDRESS_PROVIDERS
        return CloudFacts(
            kind=self.kind,
            simulated=settings.simulated,
            managed_control_plane=False,
            zones=spec.cloud.zones or DEFAULT_ZONES,
            nodes=NodeFacts(os_image=image, hardening=hardening),
            storage=storage(spec, settings),
            load_balancer=LoadBalancerFacts(
                available=balancer.enabled,
                proxy_protocol=proxied,
                annotations=PROXY_PROTOCOL if proxied else {},
            ),
            object_store=objects.facts(settings),
            snapshot_secret=True,
            controllers=_controllers(spec, settings),
            images=() if balancer.enabled else (KUBE_VIP,),
            stand_in_charts=settings.simulated,
            capabilities=self.capabilities - (frozenset() if balancer.enabled else {Capability.LOAD_BALANCER}),
        )

    def probe(self, plan: ClusterPlan) -> list[Finding]:
        """Look, read-only, for what would stop the plan: quota, flavors, image, zones, providers and names."""
        from haven_iac.clouds.openstack.probe import probe

        return probe(plan, settings_of(plan.spec))

    def builder(self, root: str) -> CloudBuilder:
        """Return what makes resources; imports Pulumi."""
        from haven_iac.clouds.openstack.build import OpenStackBuilder

        return OpenStackBuilder(root)


CLOUD = OpenStackCloud()
