"""Swift: objects, with its own API and S3's; one copy of each on the lab's disk; pure."""

from __future__ import annotations

from haven_iac.lab.services.settings import KEYSTONE, Sections, Settings, Value

LOCATION = "us-east-1"
"""Region that S3 requests are signed for; what Swift has when nobody says."""

PIPELINE = (
    "catch_errors",
    "gatekeeper",
    "healthcheck",
    "proxy-logging",
    "listing_formats",
    "bulk",
    "tempurl",
    "authtoken",
    "s3api",
    "s3token",
    "keystoneauth",
    "copy",
    "slo",
    "dlo",
    "versioned_writes",
    "proxy-server",
)
"""What a request goes through, as in Swift's own sample; there is no memcached."""


def files(lab: Settings) -> dict[str, Sections]:
    """Return the configuration files, by name."""
    return {
        "swift.conf": {"swift-hash": {"swift_hash_path_suffix": "haven-lab"}},
        "swift-proxy.conf": _proxy(lab),
    }


def _proxy(lab: Settings) -> Sections:
    plain = [name for name in PIPELINE if name not in ("s3api", "s3token", "authtoken", "keystoneauth", "proxy-server")]
    filters: dict[str, dict[str, Value]] = {
        f"filter:{name}": {"use": f"egg:swift#{name.replace('-', '_')}"} for name in plain
    }
    return {
        "DEFAULT": {"swift_dir": str(lab.etc), "log_custom_handlers": "haven_lab.swift_service.to_file"},
        "pipeline:main": {"pipeline": " ".join(PIPELINE)},
        "app:proxy-server": {
            "use": "egg:swift#proxy",
            "account_autocreate": True,
            "node_timeout": 60,
            "recoverable_node_timeout": 60,
        },
        **filters,
        "filter:s3api": {"use": "egg:swift#s3api", "location": LOCATION, "s3_acl": False},
        # Keystone tells whose a signature is to services only.
        "filter:s3token": {
            "use": "egg:swift#s3token",
            "auth_uri": KEYSTONE,
            "delay_auth_decision": True,
            **lab.auth(),
        },
        "filter:authtoken": {
            "paste.filter_factory": "keystonemiddleware.auth_token:filter_factory",
            "delay_auth_decision": True,
            "include_service_catalog": False,
            **lab.token_check(),
        },
        "filter:keystoneauth": {"use": "egg:swift#keystoneauth", "operator_roles": "admin, member"},
    }
