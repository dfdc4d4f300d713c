"""The API's address where there is no Octavia: a port that reserves it, and kube-vip on the servers, which holds it.

One server at a time answers for the address by ARP.  Every server's kube-vip asks the API server beside it, so a server
whose API is gone lets go of the address, and none of them needs the pod network for that.
Source of the settings: kube-vip's own list of environment variables (pkg/kubevip/config_envvar.go), v1.1.
"""

from __future__ import annotations

from typing import Any

import pulumi

from haven_iac.bootstrap.files import several
from haven_iac.clouds.openstack import KUBE_VIP, names, network
from haven_iac.clouds.openstack.security import API_PORT
from haven_iac.clouds.openstack.settings import OpenStackSettings
from haven_iac.clouds.openstack.tokens import Resource, make
from haven_iac.plan.model import ClusterPlan
from haven_iac.platform.common import image
from haven_iac.spec import ClusterSpec

NAME = "kube-vip"
NAMESPACE = "kube-system"
FILE = "kube-vip"


def port(
    plan: ClusterPlan,
    settings: OpenStackSettings,
    identity: pulumi.Output[str],
    placed: Any,
    opts: pulumi.ResourceOptions,
) -> Resource:
    """Make the port that keeps the address from everybody else, and that a floating IP can lead to; see `endpoint`."""
    own = not settings.subnet_id
    fixed = {"subnetId": placed["subnet"], **({"ipAddress": network.api_address(plan)} if own else {})}
    return make(
        "networking/port:Port",
        f"{plan.spec.name}-api",
        {
            "name": identity.apply(lambda one: names.named(one, "api")),
            "description": names.described(f"Kubernetes API of the cluster {plan.spec.name}, held by its servers"),
            "networkId": placed["network"],
            "fixedIps": [fixed],
            # Who may come in is said by the groups of the servers, which answer.
            "noSecurityGroups": True,
            "adminStateUp": True,
            "tags": identity.apply(lambda one: [names.tag(one)]),
        },
        opts,
        outputs=("allFixedIps",),
    )


def manifest(spec: ClusterSpec, address: str) -> str:
    """Return the objects that every server applies by itself; pure.

    Args:
        spec: the cluster, for its mirror.
        address: of the API, in the node network.
    """
    return several([_account(), _role(), _binding(), _daemons(spec, address)])


def _meta() -> dict[str, str]:
    return {"name": NAME, "namespace": NAMESPACE}


def _account() -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": _meta()}


def _role() -> dict[str, Any]:
    """Return what it may: elect who holds the address, and nothing else."""
    verbs = ["get", "list", "watch", "create", "update"]
    rules = [{"apiGroups": ["coordination.k8s.io"], "resources": ["leases"], "verbs": verbs}]
    return {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "Role", "metadata": _meta(), "rules": rules}


def _binding() -> dict[str, Any]:
    return {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "RoleBinding",
        "metadata": _meta(),
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": NAME},
        "subjects": [{"kind": "ServiceAccount", "name": NAME, "namespace": NAMESPACE}],
    }


def environment(address: str) -> dict[str, str]:
    """Return its settings: the API's address by ARP, and no Services."""
    return {
        "vip_arp": "true",
        "cp_enable": "true",
        "cp_namespace": NAMESPACE,
        "svc_enable": "false",
        "address": address,
        "vip_subnet": "32",
        "port": str(API_PORT),
        "vip_leaderelection": "true",
        "vip_leasename": "haven-iac-api-address",
        "vip_leaseduration": "5",
        "vip_renewdeadline": "3",
        "vip_retryperiod": "1",
        "prometheus_server": "127.0.0.1:2112",
        # The API server on the same machine, whose certificate is for loopback too.
        "KUBERNETES_SERVICE_HOST": "127.0.0.1",
        "KUBERNETES_SERVICE_PORT": str(API_PORT),
    }


def _daemons(spec: ClusterSpec, address: str) -> dict[str, Any]:
    env: list[dict[str, Any]] = [{"name": name, "value": value} for name, value in environment(address).items()]
    env.append({"name": "vip_nodename", "valueFrom": {"fieldRef": {"fieldPath": "spec.nodeName"}}})
    labels = {"app.kubernetes.io/name": NAME}
    pod = {
        "serviceAccountName": NAME,
        "hostNetwork": True,
        "priorityClassName": "system-node-critical",
        "nodeSelector": {"node-role.kubernetes.io/control-plane": "true"},
        "tolerations": [{"operator": "Exists"}],
        "containers": [
            {
                "name": NAME,
                "image": image(spec, KUBE_VIP),
                "imagePullPolicy": "IfNotPresent",
                "args": ["manager"],
                "env": env,
                "securityContext": {
                    "allowPrivilegeEscalation": False,
                    "capabilities": {"add": ["NET_ADMIN", "NET_RAW"], "drop": ["ALL"]},
                },
                "resources": {"requests": {"cpu": "20m", "memory": "64Mi"}, "limits": {"memory": "128Mi"}},
            }
        ],
    }
    return {
        "apiVersion": "apps/v1",
        "kind": "DaemonSet",
        "metadata": {**_meta(), "labels": labels},
        "spec": {
            "selector": {"matchLabels": labels},
            "updateStrategy": {"type": "RollingUpdate"},
            "template": {"metadata": {"labels": labels}, "spec": pod},
        },
    }
