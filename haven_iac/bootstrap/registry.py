"""Finds what bootstraps a distribution."""

from __future__ import annotations

from haven_iac.bootstrap.base import Bootstrap
from haven_iac.bootstrap.k3s import K3S
from haven_iac.bootstrap.rke2 import RKE2
from haven_iac.errors import SpecError

ALL: tuple[Bootstrap, ...] = (RKE2, K3S)


def find(distribution: str) -> Bootstrap:
    """Return what bootstraps one distribution.

    Raises:
        SpecError: none does.
    """
    for one in ALL:
        if one.distribution == distribution:
            return one
    known = ", ".join(one.distribution for one in ALL)
    raise SpecError(f"no bootstrap for {distribution!r}", fix=f"known are: {known}", at="kubernetes.distribution")
