"""An application as a tenant deploys it: pods, files that they share, a route with a certificate, a network policy.

It knows nothing of the cloud below: the same program runs on every Haven cluster. It needs no more rights than the
group `edit` of the tenant has.
"""

import pulumi
import pulumi_kubernetes as k8s

config = pulumi.Config()
namespace, host = config.require("namespace"), config.require("host")
gateway_namespace, gateway = config.require("gateway").split("/")
labels = {"app.kubernetes.io/name": "winkel"}


def about(name: str) -> dict[str, object]:
    """Return the metadata of an object in the tenant's namespace."""
    return {"name": name, "namespace": namespace, "labels": labels}


files = k8s.core.v1.PersistentVolumeClaim(
    "files",
    metadata=about("files"),
    spec={
        "access_modes": ["ReadWriteMany"],
        "storage_class_name": config.require("storageClass"),
        "resources": {"requests": {"storage": "5Gi"}},
    },
)

# Two pods in two zones, without any right that they do not need: this passes the Pod Security level `restricted`.
app = k8s.apps.v1.Deployment(
    "app",
    metadata=about("winkel"),
    spec={
        "replicas": 2,
        "selector": {"match_labels": labels},
        "template": {
            "metadata": {"labels": labels},
            "spec": {
                "automount_service_account_token": False,
                "security_context": {"run_as_non_root": True, "run_as_user": 65532, "fs_group": 65532}
                | {"seccomp_profile": {"type": "RuntimeDefault"}},
                "topology_spread_constraints": [
                    {
                        "max_skew": 1,
                        "topology_key": "topology.kubernetes.io/zone",
                        "when_unsatisfiable": "ScheduleAnyway",
                        "label_selector": {"match_labels": labels},
                    }
                ],
                "containers": [
                    {
                        "name": "winkel",
                        "image": config.require("image"),
                        "args": ["--port=8080"],
                        "ports": [{"name": "http", "container_port": 8080}],
                        "resources": {
                            "requests": {"cpu": "20m", "memory": "32Mi"},
                            "limits": {"memory": "64Mi"},
                        },
                        "security_context": {
                            "allow_privilege_escalation": False,
                            "read_only_root_filesystem": True,
                            "capabilities": {"drop": ["ALL"]},
                        },
                        "volume_mounts": [{"name": "files", "mount_path": "/files"}],
                    }
                ],
                "volumes": [{"name": "files", "persistent_volume_claim": {"claim_name": "files"}}],
            },
        },
    },
    opts=pulumi.ResourceOptions(depends_on=[files]),
)

budget = k8s.policy.v1.PodDisruptionBudget(
    "budget",
    metadata=about("winkel"),
    spec={"max_unavailable": 1, "selector": {"match_labels": labels}},
)

service = k8s.core.v1.Service(
    "service",
    metadata=about("winkel"),
    spec={"selector": labels, "ports": [{"name": "http", "port": 80, "target_port": "http"}]},
    opts=pulumi.ResourceOptions(depends_on=[app]),
)

# People come in by the cluster's gateway: below its domain with the certificate of that, and by a name of the
# application's own with one of its own, where the cluster has it in `ingress.hosts`. Both are renewed by themselves.
own = config.get("ownHost")
listeners = {"websecure": host, **({f"host-{own.replace('.', '-')}": own} if own else {})}
route = k8s.apiextensions.CustomResource(
    "route",
    api_version="gateway.networking.k8s.io/v1",
    kind="HTTPRoute",
    metadata=about("winkel"),
    spec={
        "parentRefs": [
            {"name": gateway, "namespace": gateway_namespace, "sectionName": listener} for listener in listeners
        ],
        "hostnames": list(listeners.values()),
        "rules": [{"backendRefs": [{"name": "winkel", "port": 80}]}],
    },
)

# The namespace starts closed but for gateway, monitoring and DNS. This opens one way out: to the municipality's mail.
policy = k8s.networking.v1.NetworkPolicy(
    "policy",
    metadata=about("winkel-mail"),
    spec={
        "pod_selector": {"match_labels": labels},
        "policy_types": ["Egress"],
        "egress": [
            {
                "to": [{"ip_block": {"cidr": "10.1.2.0/24"}}],
                "ports": [{"protocol": "TCP", "port": 587}],
            }
        ],
    },
)

pulumi.export("url", f"https://{host}/")
