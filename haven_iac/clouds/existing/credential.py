"""The kubeconfig of a cluster that exists: one context of it, with every file that it names put in."""

from __future__ import annotations

import base64
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from haven_iac.clouds.existing.settings import ExistingSettings
from haven_iac.errors import CloudError

_FILES = {"certificate-authority": "cluster", "client-certificate": "user", "client-key": "user", "tokenFile": "user"}
"""Keys that name a file, and where they stand; their content goes below the key with `-data`, a token below `token`."""


def text_of(settings: ExistingSettings, root: str, secret: str = "") -> str:
    """Return a kubeconfig that needs no other file, with the one context that is meant.

    Args:
        settings: which file or context.
        root: the project's folder, which paths are relative to.
        secret: the kubeconfig as Pulumi holds it, where the settings name a secret.

    Raises:
        CloudError: there is no such file or context.
    """
    if settings.kubeconfig_secret:
        return chosen(secret, settings.context, Path(root), f"the secret {settings.kubeconfig_secret}")
    file = _file(settings, root)
    try:
        text = file.read_text(errors="replace")
    except OSError as error:
        raise CloudError(
            f"the kubeconfig {file} cannot be read: {error.strerror}",
            fix="mend cloud.settings.kubeconfig, or put the file there",
            at="cloud.settings.kubeconfig",
        ) from None
    return chosen(text, settings.context, file.parent, str(file))


def _file(settings: ExistingSettings, root: str) -> Path:
    if settings.kubeconfig:
        return Path(root) / Path(settings.kubeconfig).expanduser()
    named = [name for name in os.environ.get("KUBECONFIG", "").split(os.pathsep) if name]
    return Path(named[0] if named else "~/.kube/config").expanduser()


def chosen(text: str, context: str | None, folder: Path, where: str) -> str:
    """Return a kubeconfig with one context, and no files beside it.

    Raises:
        CloudError: the text is no kubeconfig, or has no such context.
    """
    try:
        document = yaml.safe_load(text)
        name = context or document.get("current-context") or ""
        contexts = {one["name"]: one["context"] for one in document["contexts"]}
        if name not in contexts:
            known = ", ".join(contexts) or "none"
            raise CloudError(
                f"{where} has no context {name!r}" if name else f"{where} says no current context",
                fix=f"write one of these as cloud.settings.context: {known}",
                at="cloud.settings.context",
            )
        cluster, user = contexts[name]["cluster"], contexts[name]["user"]
        entries = {
            "cluster": next(one["cluster"] for one in document["clusters"] if one["name"] == cluster),
            "user": next(one["user"] for one in document["users"] if one["name"] == user),
        }
    except (yaml.YAMLError, AttributeError, KeyError, TypeError, StopIteration):
        raise CloudError(f"{where} is no kubeconfig", fix="look at it with `kubectl config view`") from None
    whole = {kind: _whole(entry or {}, kind, folder, where) for kind, entry in entries.items()}
    made: dict[str, Any] = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": cluster, "cluster": whole["cluster"]}],
        "users": [{"name": user, "user": whole["user"]}],
        "contexts": [{"name": name, "context": contexts[name]}],
        "current-context": name,
    }
    return yaml.safe_dump(made, sort_keys=False)


def _whole(entry: Mapping[str, Any], kind: str, folder: Path, where: str) -> dict[str, Any]:
    made = dict(entry)
    for key in [key for key, place in _FILES.items() if place == kind and entry.get(key)]:
        try:
            content = (folder / Path(str(made.pop(key))).expanduser()).read_bytes()
        except OSError as error:
            what = f"the file that {where} names as {key} cannot be read: {error.strerror}"
            raise CloudError(
                what, fix="put it there, or make a kubeconfig with `kubectl config view --flatten`"
            ) from None
        if key == "tokenFile":
            made["token"] = content.decode(errors="replace").strip()
        else:
            made[f"{key}-data"] = base64.b64encode(content).decode()
    return made


def server_of(text: str) -> str:
    """Return the URL of the API in a kubeconfig that `text_of` returned."""
    return str(yaml.safe_load(text)["clusters"][0]["cluster"]["server"])
