"""Cinder and Manila: volumes and shares, with a backend in each zone; pure."""

from __future__ import annotations

from collections.abc import Mapping

from haven_iac.lab.services.settings import ZONES, Sections, Settings, Value

BACKEND = "lab"
"""What volume types ask for."""


def files(lab: Settings) -> dict[str, Sections]:
    """Return the configuration files, by name."""
    return {"cinder.conf": _cinder(lab), "manila.conf": _manila(lab)}


def _cinder(lab: Settings) -> Sections:
    zones = {BACKEND: "nova", **{f"{BACKEND}-{zone}": zone for zone in ZONES}}
    driver = "haven_lab.cinder_driver.LabVolumeDriver"
    backends: dict[str, Mapping[str, Value]] = {
        name: {"volume_driver": driver, "volume_backend_name": BACKEND, "backend_availability_zone": zone}
        for name, zone in zones.items()
    }
    return {
        "DEFAULT": lab.common(
            "cinder",
            osapi_volume_listen="127.0.0.1",
            osapi_volume_listen_port=8776,
            osapi_volume_workers=1,
            api_paste_config=f"{lab.etc}/cinder-api-paste.ini",
            resource_query_filters_file=f"{lab.etc}/resource_filters.json",
            enabled_backends=",".join(backends),
            default_volume_type="standard",
            host="control",
            my_ip="127.0.0.1",
            auth_strategy="keystone",
            storage_availability_zone="nova",
            default_availability_zone="nova",
            allow_availability_zone_fallback=True,
            glance_api_servers="http://127.0.0.1:9292",
            volumes_dir=f"{lab.state}/cinder/volumes",
            quota_volumes=400,
            quota_gigabytes=400000,
            report_interval=10,
            service_down_time=120,
            scheduler_driver_init_wait_time=1,
            image_conversion_dir=f"{lab.state}/cinder/conv",
        ),
        "backend_defaults": {"volume_driver": driver},
        "database": lab.database("cinder"),
        "service_user": lab.auth(send_service_user_token=True),
        "nova": lab.auth(interface="public"),
        "coordination": {"backend_url": f"file://{lab.state}/cinder/coord"},
        "key_manager": {"backend": "barbican"},
        **lab.shared(),
        **backends,
    }


def _manila(lab: Settings) -> Sections:
    backends: dict[str, Mapping[str, Value]] = {
        f"{BACKEND}-{zone}": {
            "share_driver": "manila.tests.share.drivers.dummy.DummyDriver",
            "share_backend_name": BACKEND,
            "backend_availability_zone": zone,
            "driver_handles_share_servers": False,
            "dummy_driver_driver_methods_delays": "",
        }
        for zone in ZONES
    }
    return {
        "DEFAULT": lab.common(
            "manila",
            osapi_share_listen="127.0.0.1",
            osapi_share_listen_port=8786,
            osapi_share_workers=1,
            api_paste_config=f"{lab.etc}/manila-api-paste.ini",
            host="control",
            my_ip="127.0.0.1",
            auth_strategy="keystone",
            enabled_share_backends=",".join(backends),
            enabled_share_protocols="NFS,CIFS,CEPHFS",
            default_share_type="default",
            report_interval=10,
            service_down_time=120,
            storage_availability_zone=ZONES[0],
            data_dest="lab",
        ),
        "database": lab.database("manila"),
        "neutron": lab.auth(),
        "nova": lab.auth(),
        "cinder": lab.auth(),
        "glance": lab.auth(),
        "coordination": {"backend_url": f"file://{lab.state}/manila/coord"},
        **lab.shared(),
        **backends,
    }
