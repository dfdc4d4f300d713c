"""Which pods the Kubernetes API admits in a namespace that says nothing itself.

`restricted` everywhere but in kube-system; namespaces of the platform and of tenants carry their own level as labels.
RKE2 rewrites its own file for this at every start, so ours has a path of its own.
"""

from __future__ import annotations

from typing import Any

from haven_iac.bootstrap.files import quoted

EXEMPT = ("kube-system",)
"""Namespaces that are not looked at: the distribution's own parts and the cloud controllers need the host."""


def configuration() -> dict[str, Any]:
    """Return the admission configuration."""
    modes = ("enforce", "audit", "warn")
    defaults = {mode: "restricted" for mode in modes} | {f"{mode}-version": "latest" for mode in modes}
    return {
        "apiVersion": "apiserver.config.k8s.io/v1",
        "kind": "AdmissionConfiguration",
        "plugins": [
            {
                "name": "PodSecurity",
                "configuration": {
                    "apiVersion": "pod-security.admission.config.k8s.io/v1",
                    "kind": "PodSecurityConfiguration",
                    "defaults": defaults,
                    "exemptions": {"usernames": [], "runtimeClasses": [], "namespaces": list(EXEMPT)},
                },
            }
        ],
    }


def text() -> str:
    """Return the configuration as a file."""
    return quoted(configuration())
