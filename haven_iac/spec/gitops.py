"""GitOps: the hand-over of the platform to Flux, and back."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from haven_iac.spec.model import Form, SecretName, SpecModel, Text

Repository = Annotated[
    str,
    Form(
        "a git repository: https:// or ssh://git@, without a password",
        "https://git.example.nl/platform/clusters.git",
        r"https://[^\s/@]+/\S+|ssh://([a-z]+@)?[^\s/@:]+(:\d+)?/\S+|[a-z]+@[^\s/@:]+:\S+",
        500,
    ),
]
"""URL of a git repository."""


class Owner(StrEnum):
    """Who keeps the platform's releases as they should be."""

    HAVEN_IAC = "haven-iac"
    """We do; Flux is there and waits."""
    MOVING = "moving"
    """We do, and let go of nothing that is in the cluster: what has to be applied before `flux`."""
    FLUX = "flux"
    """Flux does, from the repository; what is in the cluster has left our state."""


class GitopsSpec(SpecModel):
    """Hand-over of the platform's releases to Flux; nothing restarts or is deleted, one way or the other."""

    repository: Repository
    """URL of the repository, in the Haven+ layout; `haven-iac gitops export` writes what belongs in it."""
    branch: Text = "main"
    """Branch to follow."""
    path: Text | None = None
    """Folder in the repository; ./clusters/<name of the cluster>/infrastructure when left out."""
    owner: Owner = Owner.HAVEN_IAC
    """haven-iac, or flux; `up` takes the step between them, moving, by itself, `pulumi up` has to be told."""
    secret: SecretName | None = None
    """Name of the secret for a private repository: `user:token` for https, a private key for ssh."""
    known_hosts: Text | None = None
    """The ssh server's public key, as a line of known_hosts; needed for ssh with a secret."""
    ca_secret: SecretName | None = None
    """Name of the secret with the git server's CA in PEM, for https; the public ones when left out."""
