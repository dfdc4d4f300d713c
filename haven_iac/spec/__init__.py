"""What a person may write."""

from haven_iac.spec.cluster import ClusterSpec

__all__ = ["ClusterSpec"]
