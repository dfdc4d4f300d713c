"""Dashboards of what every cluster has: the cluster as a whole, its nodes, its storage."""

from __future__ import annotations

from haven_iac.platform.dashboards import Board, Panel, stat

READY = 'kube_node_status_condition{condition="Ready",status="true"}'
SERVERS = 'max by (node) (kube_node_role{role=~"control-plane|etcd"})'
_NOT_REAL = 'device!~"lo|veth.*|cni.*|lxc.*"'
_CLAIMS = "kube_persistentvolumeclaim_resource_requests_storage_bytes"
_CLAIM = "{{namespace}}/{{persistentvolumeclaim}}"


def _asked(resource: str) -> str:
    """Return which part of what the nodes have is requested by pods."""
    pods = f'kube_pod_container_resource_requests{{resource="{resource}"}}'
    return f'sum({pods}) / sum(kube_node_status_allocatable{{resource="{resource}"}})'


CLUSTER = Board(
    "cluster",
    "Haven: cluster",
    (
        stat("Nodes that are ready", f"sum({READY})"),
        stat("Nodes that are not", f"count({READY} == 0) or vector(0)", bad=1),
        stat("Servers that are ready", f"sum({READY} * on (node) {SERVERS})"),
        stat(
            "Alerts that are firing",
            'count(ALERTS{alertstate="firing",severity=~"warning|critical"}) or vector(0)',
            warn=1,
        ),
        Panel(
            "Pods that wait or fail",
            (('sum by (phase) (kube_pod_status_phase{phase=~"Pending|Failed|Unknown"})', "{{phase}}"),),
        ),
        Panel(
            "Requested of what there is",
            ((_asked("cpu"), "cpu"), (_asked("memory"), "memory")),
            unit="percentunit",
            warn=0.8,
            bad=0.95,
        ),
        Panel(
            "Containers that start again",
            (("sum by (namespace) (increase(kube_pod_container_status_restarts_total[1h]))", "{{namespace}}"),),
        ),
        Panel(
            "Requests to the Kubernetes API",
            (("sum by (code) (rate(apiserver_request_total[5m]))", "{{code}}"),),
            unit="reqps",
        ),
        Panel("Versions", (("count by (kubelet_version, os_image) (kube_node_info)", ""),), kind="table", width=24),
    ),
)

NODES = Board(
    "nodes",
    "Haven: nodes",
    (
        Panel(
            "Processor in use",
            (('1 - avg by (instance) (rate(node_cpu_seconds_total{mode="idle"}[5m]))', "{{instance}}"),),
            unit="percentunit",
            warn=0.8,
            bad=0.95,
        ),
        Panel(
            "Memory in use",
            (("1 - node_memory_MemAvailable_bytes / node_memory_MemTotal_bytes", "{{instance}}"),),
            unit="percentunit",
            warn=0.85,
            bad=0.95,
        ),
        Panel(
            "Disk in use",
            (
                (
                    '1 - node_filesystem_avail_bytes{mountpoint="/"} / node_filesystem_size_bytes{mountpoint="/"}',
                    "{{instance}}",
                ),
            ),
            unit="percentunit",
            warn=0.75,
            bad=0.85,
        ),
        Panel(
            "Network, received and sent",
            (
                (f"sum by (instance) (rate(node_network_receive_bytes_total{{{_NOT_REAL}}}[5m]))", "{{instance}} in"),
                (
                    f"-sum by (instance) (rate(node_network_transmit_bytes_total{{{_NOT_REAL}}}[5m]))",
                    "{{instance}} out",
                ),
            ),
            unit="Bps",
        ),
        Panel(
            "Load by core",
            (
                (
                    'node_load5 / on (instance) count by (instance) (node_cpu_seconds_total{mode="idle"})',
                    "{{instance}}",
                ),
            ),
            warn=1.5,
            bad=3,
        ),
        Panel("Clock, away from true time", (("abs(node_timex_offset_seconds)", "{{instance}}"),), unit="s", bad=0.05),
        Panel(
            "Room for pods",
            (
                (
                    'sum by (node) (kube_node_status_allocatable{resource="pods"}) - count by (node) (kube_pod_info)',
                    "{{node}}",
                ),
            ),
            kind="bargauge",
            warn=20,
            bad=5,
        ),
        Panel(
            "Conditions other than ready",
            (('kube_node_status_condition{status="true",condition!="Ready"} == 1', ""),),
            kind="table",
        ),
    ),
)

_USED = "1 - kubelet_volume_stats_available_bytes / kubelet_volume_stats_capacity_bytes"
_INODES = "1 - kubelet_volume_stats_inodes_free / kubelet_volume_stats_inodes"

STORAGE = Board(
    "storage",
    "Haven: storage",
    (
        stat("Claims", "count(kube_persistentvolumeclaim_info)"),
        stat(
            "Claims without a volume",
            'sum(kube_persistentvolumeclaim_status_phase{phase!="Bound"}) or vector(0)',
            warn=1,
        ),
        stat("Asked for, together", f"sum({_CLAIMS})", unit="bytes"),
        stat("Volumes over 85 percent", f"count({_USED} > 0.85) or vector(0)", warn=1),
        Panel(
            "Fullest volumes",
            ((f"topk(15, {_USED})", _CLAIM),),
            kind="bargauge",
            unit="percentunit",
            warn=0.75,
            bad=0.9,
        ),
        Panel(
            "Fullest by number of files",
            ((f"topk(15, {_INODES})", _CLAIM),),
            kind="bargauge",
            unit="percentunit",
            warn=0.75,
            bad=0.9,
        ),
        Panel(
            "Full within four days at this pace",
            (("predict_linear(kubelet_volume_stats_available_bytes[6h], 4 * 86400) < 0", _CLAIM),),
            unit="bytes",
        ),
        Panel(
            "Asked for by class",
            (
                (
                    f"sum by (storageclass) ({_CLAIMS} * on (namespace, persistentvolumeclaim) "
                    "group_left (storageclass) kube_persistentvolumeclaim_info)",
                    "{{storageclass}}",
                ),
            ),
            unit="bytes",
        ),
    ),
)
