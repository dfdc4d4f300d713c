"""Nova, Placement and Glance: servers, room for them, and what they boot from; pure."""

from __future__ import annotations

from haven_iac.lab.services.settings import REGION, Sections, Settings


def files(lab: Settings) -> dict[str, Sections]:
    """Return the configuration files, by name."""
    return {"nova.conf": _nova(lab), "placement.conf": _placement(lab), "glance-api.conf": _glance(lab)}


def _nova(lab: Settings) -> Sections:
    return {
        "DEFAULT": lab.common(
            "nova",
            compute_driver="haven_driver.LabDriver",
            osapi_compute_listen="127.0.0.1",
            osapi_compute_listen_port=8774,
            enabled_apis="osapi_compute",
            osapi_compute_workers=1,
            host="control",
            my_ip="127.0.0.1",
            default_availability_zone="nova",
            default_schedule_zone="",
            report_interval=10,
            service_down_time=120,
            block_device_allocate_retries_interval=1,
            periodic_fuzzy_delay=1,
            vif_plugging_is_fatal=False,
            vif_plugging_timeout=0,
            instances_path=f"{lab.state}/nova/instances",
            allow_resize_to_same_host=True,
            resize_confirm_window=0,
            cpu_allocation_ratio="4.0",
            ram_allocation_ratio="1.0",
            reserved_host_memory_mb=0,
            heal_instance_info_cache_interval=-1,
            sync_power_state_interval=-1,
            rpc_response_timeout=60,
        ),
        "api": {"auth_strategy": "keystone"},
        "wsgi": {"api_paste_config": f"{lab.etc}/nova-api-paste.ini"},
        "api_database": lab.database("nova_api"),
        "database": lab.database("nova"),
        "conductor": {"workers": 1},
        "scheduler": {"workers": 1, "discover_hosts_in_cells_interval": 3, "max_attempts": 3},
        "service_user": lab.auth(send_service_user_token=True),
        "keystone": lab.auth(),
        "placement": lab.auth(),
        "glance": {"api_servers": "http://127.0.0.1:9292"},
        "neutron": lab.auth(service_metadata_proxy=False),
        "cinder": lab.auth(catalog_info="volumev3::publicURL", os_region_name=REGION, cross_az_attach=True),
        "notifications": {"notification_format": "unversioned"},
        "vnc": {"enabled": False},
        "quota": {"instances": 200, "cores": 2000, "ram": 8000000, "server_groups": 200},
        **lab.shared(),
    }


def _placement(lab: Settings) -> Sections:
    return {
        "DEFAULT": {"log_file": f"{lab.logs}/placement.log", "use_stderr": False},
        "api": {"auth_strategy": "keystone"},
        "placement_database": lab.database("placement"),
        "keystone_authtoken": lab.token_check(),
    }


def _glance(lab: Settings) -> Sections:
    return {
        "DEFAULT": {
            "log_file": f"{lab.logs}/glance.log",
            "use_stderr": False,
            "enabled_backends": "lab:file",
            "transport_url": "fake://",
            "bind_host": "127.0.0.1",
            "worker_self_reference_url": "http://127.0.0.1:9292",
        },
        "database": lab.database("glance"),
        "glance_store": {"default_backend": "lab"},
        "lab": {"filesystem_store_datadir": f"{lab.state}/images"},
        "os_glance_staging_store": {"filesystem_store_datadir": f"{lab.state}/images-staging"},
        "os_glance_tasks_store": {"filesystem_store_datadir": f"{lab.state}/images-tasks"},
        "paste_deploy": {"flavor": "keystone", "config_file": f"{lab.etc}/glance-api-paste.ini"},
        **lab.shared(),
    }
