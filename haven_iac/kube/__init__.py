"""A Kubernetes API, for any kind that it serves. A basic: knows nothing of clusters of ours."""

from haven_iac.kube.client import Document, Kube, KubeError
from haven_iac.kube.connection import connect, last_cause

__all__ = ["Document", "Kube", "KubeError", "connect", "last_cause"]
