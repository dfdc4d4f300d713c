"""Components of a Haven cluster, for this project's program and for anybody's own.

`ALL` is what a component host serves.
"""

from haven_iac.components.add_on import AddOn, AddOnArgs
from haven_iac.components.api_endpoint import ApiEndpoint, ApiEndpointArgs
from haven_iac.components.cloud_access import CloudAccess, CloudAccessArgs
from haven_iac.components.cluster import HavenCluster, HavenClusterArgs
from haven_iac.components.control_plane import ControlPlane, ControlPlaneArgs
from haven_iac.components.keys import Keys, KeysArgs
from haven_iac.components.leftovers import Leftovers, LeftoversArgs
from haven_iac.components.machines import Machines, MachinesArgs
from haven_iac.components.network import Network, NetworkArgs
from haven_iac.components.node_pool import NodePool, NodePoolArgs
from haven_iac.components.platform import Platform, PlatformArgs

ALL = [
    HavenCluster,
    Keys,
    Network,
    ApiEndpoint,
    CloudAccess,
    ControlPlane,
    Machines,
    NodePool,
    Leftovers,
    Platform,
    AddOn,
]

__all__ = [
    "ALL",
    "AddOn",
    "AddOnArgs",
    "ApiEndpoint",
    "ApiEndpointArgs",
    "CloudAccess",
    "CloudAccessArgs",
    "ControlPlane",
    "ControlPlaneArgs",
    "HavenCluster",
    "HavenClusterArgs",
    "Keys",
    "KeysArgs",
    "Leftovers",
    "LeftoversArgs",
    "Machines",
    "MachinesArgs",
    "Network",
    "NetworkArgs",
    "NodePool",
    "NodePoolArgs",
    "Platform",
    "PlatformArgs",
]
