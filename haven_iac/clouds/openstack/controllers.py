"""What the cloud's controllers in the cluster are told: cloud.conf, written from checked fields.  Pure.

The controllers ignore keys that they do not know without a word, so every key stands here, and nowhere else.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

from haven_iac.clouds.openstack.security import CLIENT_ADDRESS_PROVIDERS
from haven_iac.clouds.openstack.settings import OpenStackSettings
from haven_iac.errors import CloudError

CCM = "openstack-cloud-controller-manager"
CINDER_CSI = "openstack-cinder-csi"
MANILA_CSI = "openstack-manila-csi"
NFS_CSI = "csi-driver-nfs"

CA_FILE = "/etc/config/ca.crt"
"""Where the Secret's second key is mounted, beside cloud.conf."""

MONITOR_DELAY = "10s"


@dataclass(frozen=True)
class Access:
    """How controllers reach the cloud."""

    auth_url: str
    region: str
    """Without it nodes get no region label."""
    credential_id: str
    credential_secret: str
    subnet_id: str
    """Where load balancers get their address, and reach nodes."""
    floating_network_id: str
    """Where their floating IPs come from; empty where there is none."""
    load_balancer_flavor: str = ""


def cloud_conf(access: Access, settings: OpenStackSettings) -> str:
    """Return the file that the cloud controller and Cinder's driver read; secret."""
    balancer = settings.load_balancer
    direct = balancer.provider in CLIENT_ADDRESS_PROVIDERS
    sections: dict[str, dict[str, object]] = {
        "Global": {
            "auth-url": access.auth_url,
            "region": access.region,
            "application-credential-id": access.credential_id,
            "application-credential-secret": access.credential_secret,
            "ca-file": CA_FILE if settings.ca else "",
        },
        "LoadBalancer": {
            "enabled": balancer.enabled,
            "lb-provider": balancer.provider,
            "lb-method": "SOURCE_IP_PORT" if direct else "ROUND_ROBIN",
            "subnet-id": access.subnet_id,
            "floating-network-id": access.floating_network_id,
            "flavor-id": access.load_balancer_flavor,
            "availability-zone": balancer.zone or "",
            "create-monitor": True,
            "monitor-delay": MONITOR_DELAY,
            "monitor-timeout": "5s",
            "monitor-max-retries": 1,
            "manage-security-groups": direct,
            "cascade-delete": True,
        },
        "BlockStorage": {"ignore-volume-az": settings.ignore_volume_zone},
        "Metadata": {"search-order": "configDrive,metadataService" if settings.config_drive else "metadataService"},
    }
    if not balancer.enabled:
        sections["LoadBalancer"] = {"enabled": False}
    return "\n".join(_section(name, keys) for name, keys in sections.items())


def _section(name: str, keys: Mapping[str, object]) -> str:
    lines = [f"[{name}]"]
    for key, value in keys.items():
        text = str(value).lower() if isinstance(value, bool) else str(value)
        if text:
            lines.append(f"{key}={_quoted(key, text)}")
    return "\n".join(lines) + "\n"


def _quoted(key: str, text: str) -> str:
    """Return a value as gcfg reads it: quoted where a character would mean something."""
    if any(ord(one) < 32 for one in text):
        raise CloudError(f"the value of {key} in cloud.conf has a line break", fix="mend it in cloud.settings")
    if all(one.isalnum() or one in "-_./:" for one in text):
        return text
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def checksum(text: str) -> str:
    """Return what changes when a file does, for an annotation that restarts the pods that read it once."""
    return hashlib.sha256(text.encode()).hexdigest()[:16]
