"""Descriptions of clusters, each changed in one way, and what the checks are expected to say of it.

A row names the checks that do not pass; those that only the checker itself can tell are in `ONLY_THE_CHECKER`.
"""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from datetime import date
from typing import Any

from haven_iac.compliance.model import Status
from haven_iac.plan.model import ClusterPlan
from haven_iac.prepare import from_document

TODAY = date(2026, 12, 1)
SPEC: dict[str, Any] = {
    "name": "proef",
    "kubernetes": {"version": "1.36", "distribution": "rke2"},
    "cloud": {"kind": "local", "zones": ["az1", "az2", "az3"]},
    "pools": {"general": {"size": 3}},
    "ingress": {"domain": "apps.proef.test", "certificates": {"issuer": "private-ca"}},
}
PASS, FAIL, NEEDS_EVIDENCE = Status.PASS, Status.FAIL, Status.NEEDS_EVIDENCE
ONLY_THE_CHECKER = {"havenversion", "cncf", "shavalidation", "cis", "kubescape"}

Row = tuple[dict[str, Any], dict[str, Status]]


def plan(**changes: Any) -> ClusterPlan:
    return from_document(document(**changes)).plan


def document(**changes: Any) -> dict[str, Any]:
    return {**deepcopy(SPEC), **deepcopy(changes)}


def off(*slots: str, **more: Any) -> dict[str, Any]:
    return {"platform": {"addons": {slot: {"enabled": False} for slot in slots}}, **more}


def zones(*names: str) -> dict[str, Any]:
    return {"cloud": {"kind": "local", "zones": list(names)}}


def pools(**sizes: Any) -> dict[str, Any]:
    return {"pools": {name: {"size": one} if isinstance(one, int) else one for name, one in sizes.items()}}


def scaled(least: int, most: int, **more: Any) -> dict[str, Any]:
    return {"autoscale": {"min": least, "max": most}, **more}


def version(minor: str, distribution: str = "rke2") -> dict[str, Any]:
    return {"kubernetes": {"version": minor, "distribution": distribution}}


SIEM = "https://siem.example.test/otlp"
TAINT = {"dedicated": {"value": "gpu"}}
MUTATIONS: Mapping[str, Row] = {
    "as it is": ({}, {}),
    # zones
    "one zone": (zones("az1"), {"multiaz": FAIL}),
    "two zones": (zones("az1", "az2"), {}),
    "four zones": (zones("az1", "az2", "az3", "az4"), {}),
    "zones of the cloud's own": ({"cloud": {"kind": "local"}}, {}),
    "servers in one zone": ({"controlPlane": {"zones": ["az1"]}}, {}),
    "workers in one zone": (pools(general={"size": 3, "zones": ["az2"]}), {}),
    "servers here, workers there": (
        {"controlPlane": {"zones": ["az1"]}, **pools(general={"size": 3, "zones": ["az2"]})},
        {},
    ),
    "servers and workers in the same zone": (
        {"controlPlane": {"zones": ["az1"]}, **pools(general={"size": 3, "zones": ["az1"]})},
        {"multiaz": FAIL},
    ),
    "every pool in the servers' zone": (
        {"controlPlane": {"zones": ["az3"]}, **pools(a={"size": 3, "zones": ["az3"]}, b={"size": 2, "zones": ["az3"]})},
        {"multiaz": FAIL},
    ),
    # servers
    "one server": ({"controlPlane": {"size": 1}}, {"hamasters": FAIL}),
    "five servers": ({"controlPlane": {"size": 5}}, {}),
    "seven servers": ({"controlPlane": {"size": 7}}, {}),
    # workers
    "two workers": (pools(general=2), {"haworkers": FAIL}),
    "no workers": (pools(general=0), {"haworkers": FAIL}),
    "twenty workers": (pools(general=20), {}),
    "two pools, three workers": (pools(a=1, b=2), {}),
    "two pools, two workers": (pools(a=1, b=1), {"haworkers": FAIL}),
    "three pools of one": (pools(a=1, b=1, c=1), {}),
    "autoscaler down to two": (pools(general=scaled(2, 9, size=5)), {"haworkers": FAIL}),
    "autoscaler down to none": (pools(general=scaled(0, 9, size=5)), {"haworkers": FAIL}),
    "autoscaler up to two": (pools(general=scaled(1, 2)), {"haworkers": FAIL}),
    "autoscaler down to three": (pools(general=scaled(3, 9, size=3)), {}),
    "autoscaler beside a fixed pool": (pools(fixed=2, scaled=scaled(1, 4)), {}),
    "autoscaler beside a small pool": (pools(fixed=1, scaled=scaled(1, 4)), {"haworkers": FAIL}),
    "workers that take only what tolerates them": (pools(gpu={"size": 3, "taints": TAINT}), {}),
    "two workers, one of them tainted": (pools(a=1, gpu={"size": 1, "taints": TAINT}), {"haworkers": FAIL}),
    "labels": (pools(general={"size": 3, "labels": {"tier": "general"}}), {}),
    # versions
    "a version back": (version("1.35"), {}),
    "the last version of the window": (version("1.34"), {}),
    "k3s": (version("1.36", "k3s"), {}),
    "k3s, a version back": (version("1.35", "k3s"), {}),
    "another pod network": ({"kubernetes": {"version": "1.36", "cni": "canal"}}, {}),
    # volumes
    "no shared volumes": ({"storage": {"shared": {"kind": "none"}}}, {"rwxvolumes": FAIL}),
    "shared volumes by Manila": ({"storage": {"shared": {"kind": "manila"}}}, {}),
    "shared volumes by NFS": ({"storage": {"shared": {"kind": "nfs", "server": "nfs.proef.test"}}}, {}),
    "shared volumes by Longhorn": ({"storage": {"shared": {"kind": "longhorn"}}}, {}),
    # what has to run
    "no logs": ({"logs": {"enabled": False}}, {"logs": FAIL}),
    "no logs of our own, and a SIEM": ({"logs": {"enabled": False, "forward": SIEM}}, {"logs": FAIL}),
    "no log store": (off("logs"), {"logs": FAIL}),
    "no log store, and a SIEM": (off("logs", logs={"forward": SIEM}), {"logs": NEEDS_EVIDENCE}),
    "no log collector": (off("log-collector"), {"logs": FAIL}),
    "neither part of the logs": (off("logs", "log-collector"), {"logs": FAIL}),
    "logs kept for a year": ({"logs": {"retention": "365d"}}, {}),
    "no metrics": (off("metrics"), {"metrics": FAIL}),
    "no certificates": (off("certificates"), {"autocerts": FAIL}),
    "neither certificates nor metrics": (off("certificates", "metrics"), {"autocerts": FAIL, "metrics": FAIL}),
    # what the checks do not ask
    "no monitoring": ({"monitoring": {"enabled": False}}, {}),
    "no backup": ({"backup": {"enabled": False}}, {}),
    "no gateway": (off("gateway"), {}),
    "no policies": (off("policy"), {}),
    "a large platform": ({"platform": {"size": "large"}}, {}),
    "other ranges": ({"network": {"nodes": "10.99.0.0/20", "apiAllowedCidrs": ["192.0.2.0/24"]}}, {}),
    "a tenant": ({"tenants": {"zaken": {"quota": {"cpu": 2}}}}, {}),
    "log-in by OIDC": (
        {"identity": {"oidc": {"issuer": "https://login.proef.test", "clientId": "haven"}}},
        {},
    ),
    "strict policies": ({"policy": {"mode": "deny", "registries": ["registry.proef.test"]}}, {}),
    # how the verdict is used
    "a sandbox": ({"compliance": {"profile": "sandbox"}, "controlPlane": {"size": 1}}, {"hamasters": FAIL}),
    "a deviation changes nothing": (
        {
            "compliance": {"deviations": {"multiaz": {"owner": "CISO", "reason": "one site", "until": "2027-06-30"}}},
            **zones("az1"),
        },
        {"multiaz": FAIL},
    ),
    # many at once
    "as small as can be": (
        {"controlPlane": {"size": 1}, **zones("az1"), **pools(general=1)},
        {"multiaz": FAIL, "hamasters": FAIL, "haworkers": FAIL},
    ),
    "nothing but nodes": (
        off(
            "certificates",
            "metrics",
            logs={"enabled": False},
            storage={"shared": {"kind": "none"}},
            monitoring={"enabled": False},
            backup={"enabled": False},
        ),
        {"autocerts": FAIL, "metrics": FAIL, "logs": FAIL, "rwxvolumes": FAIL},
    ),
}
