"""What goes wrong with a cluster."""

from __future__ import annotations


class ClusterError(Exception):
    """What a unit would log before systemd starts it again."""
