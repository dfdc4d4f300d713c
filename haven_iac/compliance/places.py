"""Where in a description each check is decided; for reports that point at a line."""

from __future__ import annotations

from collections.abc import Mapping

DECIDED: Mapping[str, tuple[str, ...]] = {
    "multiaz": ("cloud", "zones"),
    "hamasters": ("controlPlane", "size"),
    "haworkers": ("pools",),
    "nodehardening": ("cloud", "settings"),
    "privatenetworking": ("cloud", "settings"),
    "kubernetesversion": ("kubernetes", "version"),
    "rwxvolumes": ("storage", "shared"),
    "cncf": ("kubernetes",),
    "autocerts": ("ingress", "certificates"),
    "logs": ("logs",),
    "metrics": ("platform",),
}
"""By check: the keys below `haven:cluster`; what is left out is decided nowhere in it."""
