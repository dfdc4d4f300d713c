"""Neutron, Octavia and Designate: networks, load balancers and names; pure."""

from __future__ import annotations

from haven_iac.lab.services.settings import Sections, Settings

POOLS = """- name: default
  description: lab
  attributes: {}
  ns_records:
    - hostname: ns1.lab.internal.
      priority: 1
  nameservers:
    - host: 127.0.0.1
      port: 15354
  targets:
    - type: fake
      description: nothing behind it
      masters:
        - host: 127.0.0.1
          port: 15354
      options: {}
"""
"""Designate's pools.yaml: its own small server answers what it is asked; nobody is told of changes."""

PROVIDERS = {"amphora": "takes everything, as amphorae do", "ovn": "refuses what OVN refuses"}
"""Load balancer providers; the first is the default."""


def files(lab: Settings) -> dict[str, Sections]:
    """Return the configuration files, by name."""
    return {
        "neutron.conf": _neutron(lab),
        "ml2_conf.ini": _ml2(),
        "octavia.conf": _octavia(lab),
        "designate.conf": _designate(lab),
    }


def _neutron(lab: Settings) -> Sections:
    return {
        "DEFAULT": lab.common(
            "neutron",
            core_plugin="ml2",
            bind_host="127.0.0.1",
            bind_port=9696,
            rpc_workers=0,
            host="control",
            auth_strategy="keystone",
            api_paste_config=f"{lab.etc}/neutron-api-paste.ini",
            enable_dvr=False,
            service_plugins="router,trunk,qos,port_forwarding",
            dhcp_agents_per_network=1,
            network_auto_schedule=False,
            router_auto_schedule=False,
            allow_automatic_dhcp_failover=False,
            # Nova learns of floating IPs this way, and the cloud controller learns them from Nova.
            notify_nova_on_port_status_changes=False,
            notify_nova_on_port_data_changes=True,
            send_events_interval=1,
            dns_domain="lab.internal.",
            max_allowed_address_pair=64,
            vlan_transparent=False,
        ),
        "database": lab.database("neutron"),
        "nova": lab.auth(),
        "placement": lab.auth(),
        "quotas": {
            "quota_network": 200,
            "quota_subnet": 400,
            "quota_port": 2000,
            "quota_router": 100,
            "quota_floatingip": 200,
            "quota_security_group": 400,
            "quota_security_group_rule": 4000,
        },
        **lab.shared(),
    }


def _ml2() -> Sections:
    return {
        "ml2": {
            "type_drivers": "flat,vlan,geneve",
            "tenant_network_types": "geneve",
            "mechanism_drivers": "haven",
            "extension_drivers": "port_security,qos,dns_domain_ports",
            "overlay_ip_version": "4",
        },
        "ml2_type_flat": {"flat_networks": "public"},
        "ml2_type_vlan": {"network_vlan_ranges": "physnet1:100:1000"},
        "ml2_type_geneve": {"vni_ranges": "1:65000", "max_header_size": "38"},
        "securitygroup": {"enable_security_group": True},
    }


def _octavia(lab: Settings) -> Sections:
    kinds = ("load_balancer", "listener", "pool", "member", "health_monitor", "l7policy", "l7rule")
    return {
        "DEFAULT": {
            "log_file": f"{lab.logs}/octavia.log",
            "use_stderr": False,
            "transport_url": "fake://",
            "debug": False,
        },
        "api_settings": {
            "bind_host": "127.0.0.1",
            "bind_port": 9876,
            "auth_strategy": "keystone",
            "healthcheck_enabled": True,
            "allow_tls_terminated_listeners": True,
            "enabled_provider_drivers": ",".join(f"{name}:{text}" for name, text in _plain(PROVIDERS).items()),
            "default_provider_driver": next(iter(PROVIDERS)),
        },
        "database": lab.database("octavia"),
        "service_auth": lab.auth(),
        "certificates": {"cert_manager": "barbican_cert_manager"},
        "controller_worker": {
            "network_driver": "allowed_address_pairs_driver",
            "amphora_driver": "amphora_noop_driver",
            "compute_driver": "compute_noop_driver",
        },
        "neutron": lab.auth(endpoint="http://127.0.0.1:9696"),
        "oslo_messaging": {"topic": "octavia_prov"},
        "quotas": {f"default_{kind}_quota": -1 for kind in kinds},
        **lab.shared(),
    }


def _plain(texts: dict[str, str]) -> dict[str, str]:
    """Return descriptions without the comma that separates them in the file."""
    return {name: text.replace(",", " -") for name, text in texts.items()}


def _designate(lab: Settings) -> Sections:
    return {
        "DEFAULT": lab.common("designate", host="control"),
        "service:api": {
            "listen": "127.0.0.1:9001",
            "workers": 1,
            "auth_strategy": "keystone",
            "enable_api_v2": True,
            "enable_host_header": True,
            "api_base_uri": "http://127.0.0.1:9001/",
            "api_paste_config": f"{lab.etc}/designate-api-paste.ini",
        },
        "service:central": {"workers": 1, "managed_resource_email": "lab@example.org"},
        "service:mdns": {"listen": "127.0.0.1:15354", "workers": 1, "query_enforce_tsig": False},
        "service:worker": {
            "workers": 1,
            "notify": False,
            "poll_delay": 0,
            "poll_retry_interval": 1,
            "poll_timeout": 5,
        },
        "service:producer": {"workers": 1},
        "producer_task:increment_serial": {"interval": 1},
        "producer_task:delayed_notify": {"interval": 1},
        "storage:sqlalchemy": {"connection": lab.connection("designate")},
        **lab.shared(),
    }
