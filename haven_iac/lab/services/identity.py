"""Keystone, and Barbican: who is who, and what is secret; pure."""

from __future__ import annotations

from haven_iac.lab.services.settings import Sections, Settings


def files(lab: Settings) -> dict[str, Sections]:
    """Return the configuration files of both, by name."""
    keystone: Sections = {
        "DEFAULT": {
            "log_file": f"{lab.logs}/keystone.log",
            "public_endpoint": "http://127.0.0.1:5000/",
            "use_stderr": False,
        },
        "database": lab.database("keystone"),
        "token": {"provider": "fernet", "expiration": 43200},
        "fernet_tokens": {"key_repository": f"{lab.state}/keystone/fernet"},
        "credential": {"key_repository": f"{lab.state}/keystone/credential"},
        "identity": {"password_hash_rounds": 4},
        # Copies, as from a memcached: Keystone changes what it gets, such as the roles of a token.
        "cache": {"enabled": True, "backend": "dogpile.cache.memory_pickle"},
        "oslo_messaging_notifications": lab.shared()["oslo_messaging_notifications"],
    }
    barbican: Sections = {
        "DEFAULT": {
            "log_file": f"{lab.logs}/barbican.log",
            "use_stderr": False,
            "host_href": "http://127.0.0.1:9311",
            "transport_url": "fake://",
            "db_auto_create": False,
            "sql_connection": lab.connection("barbican"),
        },
        "database": {"connection": lab.connection("barbican")},
        "keystone_authtoken": lab.token_check(),
        "secretstore": {"enabled_secretstore_plugins": "store_crypto", "namespace": "barbican.secretstore.plugin"},
        "crypto": {"enabled_crypto_plugins": "simple_crypto", "namespace": "barbican.crypto.plugin"},
        "simple_crypto_plugin": {"kek": "YWJjZGVmZ2hpamtsbW5vcHFyc3R1dnd4eXoxMjM0NTY="},
        "queue": {"enable": False},
        "oslo_messaging_notifications": lab.shared()["oslo_messaging_notifications"],
    }
    return {"keystone.conf": keystone, "barbican.conf": barbican}
