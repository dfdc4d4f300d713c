"""Key material of one cluster, made before its first server boots."""

from typing import ClassVar, NotRequired, TypedDict

import pulumi

from haven_iac.components.base import HavenComponent
from haven_iac.keys.provider import AdminCredential, ClusterIdentity, ClusterKeys


class KeysArgs(TypedDict):
    """Inputs of `Keys`."""

    cluster: pulumi.Input[str]
    """Name of the cluster; another name means another identity and other keys."""
    admin_validity_days: NotRequired[int]
    """How long the stack's own credential is valid, in days; 365 when left out."""
    own: NotRequired[bool]
    """Whether the control plane is started with these keys; true when left out. Otherwise only the identity is made."""


class Keys(HavenComponent):
    """Certificate authorities, tokens and the stack's own credential.

    The root's key never leaves the state; the credential is renewed before it expires without touching
    anything that depends on it. Where a cloud hands out the credential, all but the identity is empty.
    """

    _token: ClassVar[str] = "haven:index:Keys"

    identity: pulumi.Output[str]
    """Name and a short random suffix, made once."""
    material: pulumi.Output[dict[str, str]]
    """What servers need, by file name; secret."""
    ca_cert: pulumi.Output[str]
    """Certificate authority of the API's certificate, PEM."""
    admin_cert: pulumi.Output[str]
    """Certificate of the stack's own credential, PEM."""
    admin_key: pulumi.Output[str]
    """Key of the stack's own credential, PEM; secret."""
    signing: pulumi.Output[dict[str, str]]
    """What short-lived credentials are signed with; secret."""

    def __init__(self, name: str, args: KeysArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(name, args, opts)
        if not args.get("own", True):
            self.identity = ClusterIdentity(f"{name}-identity", args["cluster"], self._child).identity
            self.material, self.signing = pulumi.Output.from_input({}), pulumi.Output.from_input({})
            self.ca_cert = self.admin_cert = self.admin_key = pulumi.Output.from_input("")
            self.register_outputs({"identity": self.identity})
            return
        keys = ClusterKeys(f"{name}-cluster", args["cluster"], self._child)
        issuer_cert, issuer_key = keys.material["client-ca.crt"], keys.material["client-ca.key"]
        admin = AdminCredential(
            f"{name}-admin", issuer_cert, issuer_key, args.get("admin_validity_days", 365), self._child
        )
        self.identity, self.material, self.ca_cert = keys.identity, keys.material, keys.ca_cert
        self.admin_cert, self.admin_key = admin.cert, pulumi.Output.secret(admin.key)
        self.signing = pulumi.Output.secret(
            pulumi.Output.all(issuer_cert, issuer_key, keys.ca_cert).apply(
                lambda v: {"clientCaCert": v[0], "clientCaKey": v[1], "caCert": v[2]}
            )
        )
        self.register_outputs({"identity": self.identity})
