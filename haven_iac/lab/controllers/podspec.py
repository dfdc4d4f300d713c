"""What a container of a pod would be started with, moved to this machine; pure."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Mapping, Sequence
from typing import Any

Object = dict[str, Any]
Lookup = Callable[[str, Object], Mapping[str, str]]
"""From kind and reference to the values of a Secret or ConfigMap."""

_SERVING = frozenset(
    (
        *("authentication-kubeconfig", "authorization-kubeconfig", "bind-address", "cert-dir", "client-ca-file"),
        *("requestheader-client-ca-file", "secure-port", "tls-cert-file", "tls-private-key-file"),
        *("webhook-bind-address", "webhook-secure-port"),
    )
)
"""Flags that make sense inside a pod only: they are dropped."""

_METRICS = frozenset(("http-endpoint", "metrics-address", "metrics-path"))

SIDECARS = ("csi-provisioner", "csi-attacher", "csi-resizer", "csi-snapshotter")

CLOUD: Mapping[str, Sequence[str]] = {
    "openstack-cloud-controller-manager": ("--bind-address=127.0.0.1", "--secure-port=0"),
    "cinder-csi-plugin": (),
    "manila-csi-plugin": ("--provide-node-service=false", "--fwdendpoint=unix://{folder}/forward.sock"),
    "snapshot-controller": (),
}
"""Programs that make a pod one of ours, and the flags that they get here."""

COMPANIONS: Mapping[str, tuple[str, Sequence[str]]] = {
    "manila-csi-plugin": (
        "cinder-csi-plugin",
        ("--endpoint=unix://{folder}/forward.sock", "--provide-controller-service=false"),
    ),
}
"""The Manila plugin passes each probe on to a node plugin for the file system.  Any CSI plugin answers a probe, so
Cinder's stands in for the one of NFS."""

BOXED: Mapping[str, Mapping[str, Sequence[str]]] = {
    "velero": dict.fromkeys(("server", "node-agent"), ("--metrics-address=127.0.0.1:0",)),
}
"""Programs that run in a root of their own, and the flags that they get here, by their first word."""

BROUGHT = ("velero-plugin-for-aws",)
"""Programs that an init container of the same image puts where another one starts them."""

BACKUP = (*BOXED, *BROUGHT, "csi-snapshotter", "snapshot-controller")
"""Programs that a lab runs only when it is asked to."""

BINARIES = (*CLOUD, *SIDECARS, *BOXED, *BROUGHT)
REGISTRAR = "csi-node-driver-registrar"


def image_name(container: Object) -> str:
    """Return the name of a container's image, without registry and tag."""
    return str(container["image"]).split("@")[0].rsplit("/", 1)[-1].split(":")[0]


def image_names(pod: Object) -> set[str]:
    """Return the names of a pod's images."""
    return {image_name(container) for container in pod["spec"]["containers"]}


def is_node_plugin(pod: Object) -> bool:
    """Return whether a pod registers a CSI driver on its node."""
    return REGISTRAR in image_names(pod)


def environment(pod: Object, container: Object, lookup: Lookup) -> dict[str, str]:
    """Return a container's variables."""
    values: dict[str, str] = {}
    for source in container.get("envFrom", []):
        for kind, key in (("secrets", "secretRef"), ("configmaps", "configMapRef")):
            if key in source:
                for name, value in lookup(kind, source[key]).items():
                    values[source.get("prefix", "") + name] = value
    for entry in container.get("env", []):
        found = _value(pod, entry, values, lookup)
        if found is not None:
            values[entry["name"]] = found
    return values


def _value(pod: Object, entry: Object, values: Mapping[str, str], lookup: Lookup) -> str | None:
    source = entry.get("valueFrom", {})
    if "fieldRef" in source:
        return _field(pod, source["fieldRef"]["fieldPath"])
    for kind, key in (("secrets", "secretKeyRef"), ("configmaps", "configMapKeyRef")):
        if key in source:
            return lookup(kind, source[key]).get(source[key]["key"])
    return expand(entry.get("value", ""), values)


def _field(pod: Object, path: str) -> str:
    value: Any = pod
    for key in path.split("."):
        value = value.get(key, "") if isinstance(value, dict) else ""
    return value if isinstance(value, str) else ""


def expand(text: str, values: Mapping[str, str]) -> str:
    """Return a text with $(NAME) as in a pod: unknown names stay, $$ is a dollar sign."""
    return re.sub(r"\$\$|\$\((\w+)\)", lambda found: "$" if found[0] == "$$" else values.get(found[1], found[0]), text)


def flags(container: Object, values: Mapping[str, str]) -> list[str]:
    """Return the flags of a container, whether it has a command, only args, or a line of shell."""
    words = [expand(word, values) for word in container.get("command", []) + container.get("args", [])]
    if len(words) > 2 and words[0].endswith("sh") and words[1] == "-c":
        words = shlex.split(re.sub(r"\$\{?(\w+)\}?", lambda found: values.get(found[1], ""), words[2]))
        words = words[words.index("exec") + 1 :] if "exec" in words else words
    return [word for word in words if word] if not words or words[0].startswith("-") else words[1:]


def command(container: Object, values: Mapping[str, str]) -> list[str]:
    """Return the whole command of a container; its pod has to say what its image would start."""
    return [expand(word, values) for word in [*container.get("command", []), *container.get("args", [])] if word]


def added_in_box(name: str, words: Sequence[str]) -> Sequence[str]:
    """Return the flags that a program in a root of its own gets here: ports are those of all clusters of the lab."""
    return BOXED[name].get(words[0] if words else "", ())


def out_of_cluster(name: str, words: Sequence[str], folder: str, namespace: str) -> list[str]:
    """Return the flags with which a program runs here.

    Args:
        name: of the program.
        words: its flags in the pod.
        folder: with the pod's files.
        namespace: of the pod.
    """
    added = CLOUD.get(name, ())
    dropped = {"kubeconfig", "master"} | (_SERVING if name.endswith("controller-manager") else _METRICS)
    dropped |= {word[2:].split("=")[0] for word in added}
    kept: list[str] = []
    skip_value = False
    for word in words:
        if skip_value and not word.startswith("-"):
            skip_value = False
            continue
        skip_value = False
        if word.lstrip("-").split("=")[0] in dropped:
            skip_value = "=" not in word
        else:
            kept.append(word)
    kept += [f"--kubeconfig={folder}/kubeconfig", *(word.format(folder=folder) for word in added)]
    leases = [word for word in kept if word.startswith("--leader-election")]
    if leases and not any(word.startswith("--leader-election-namespace") for word in leases):
        kept.append(f"--leader-election-namespace={namespace}")
    return kept


def flag(words: Sequence[str], name: str, default: str = "") -> str:
    """Return a flag's value."""
    for index, word in enumerate(words):
        key, _, value = word.lstrip("-").partition("=")
        if word.startswith("-") and key == name:
            following = words[index + 1] if index + 1 < len(words) else ""
            return value or ("" if following.startswith("-") else following)
    return default


def moved(text: str, mounts: Mapping[str, str]) -> str:
    """Return a text with the paths of mounted volumes replaced by where they are here."""
    text = re.sub(r"unix://(?=[^/])", "unix:///", text)
    paths = "|".join(re.escape(path) for path in sorted(mounts, key=len, reverse=True))
    if not paths:
        return text
    return re.sub(rf"(?<![\w.-])({paths})(?![\w.-])", lambda found: mounts[found[1]], text)
