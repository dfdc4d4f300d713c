"""The way from a kubeconfig to an API; the Kubernetes client library reads it, exec plugins too."""

from __future__ import annotations

import json
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml

from haven_iac.errors import DeployError, UnreachableError
from haven_iac.kube.client import Kube, KubeError


@contextmanager
def connect(kubeconfig: str, *, folder: Path | None = None, rights: str = "") -> Iterator[Kube]:
    """Give a connection to the cluster behind a kubeconfig.

    Args:
        kubeconfig: its text.
        folder: where files that it names are; the current one when left out.
        rights: what to do when the credential may not do something.

    Raises:
        UnreachableError: the API does not answer, or refuses the credential; or the text is no kubeconfig.
        KubeError: it refused a call for another reason.
    """
    from urllib3.exceptions import HTTPError

    # The client library writes certificate and key to files: these are private, and gone after the last call.
    with tempfile.TemporaryDirectory() as private, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about insecure kubeconfigs, and of the library about itself
        kube = _open(kubeconfig, folder or Path.cwd(), private)
        try:
            yield kube
        except KubeError as error:
            raise _explained(error, kube.host, rights) from None
        except (HTTPError, OSError) as error:
            raise _silent(error, kube.host) from None
        except json.JSONDecodeError:
            raise UnreachableError(
                f"what answers at {kube.host} is no Kubernetes API",
                fix="look at the server in the kubeconfig, and at what stands between here and there",
            ) from None
        finally:
            kube.close()


def _open(kubeconfig: str, folder: Path, private: str) -> Kube:
    import urllib3
    from kubernetes import client, config
    from kubernetes.config.kube_config import KubeConfigLoader

    settings: Any = client.Configuration()
    try:
        loader: Any = KubeConfigLoader(  # type: ignore[no-untyped-call]
            yaml.safe_load(kubeconfig), config_base_path=str(folder), temp_file_path=private
        )
        loader.load_and_set(settings)
    except (config.ConfigException, yaml.YAMLError, KeyError, TypeError, ValueError, AttributeError):
        # What went wrong may name a secret.
        raise UnreachableError(
            "this is no kubeconfig that can be used",
            fix="look at it with `kubectl config view`; the one of the stack comes from `haven-iac kubeconfig`",
        ) from None
    tls = {
        "cert_reqs": "CERT_REQUIRED" if settings.verify_ssl else "CERT_NONE",
        "ca_certs": settings.ssl_ca_cert,
        **({"server_hostname": settings.tls_server_name} if settings.tls_server_name else {}),
    }
    make = (lambda **given: urllib3.ProxyManager(settings.proxy, **given)) if settings.proxy else urllib3.PoolManager
    headers = {one["key"]: one["value"] for one in settings.auth_settings().values() if one["in"] == "header"}
    mine = {"cert_file": settings.cert_file, "key_file": settings.key_file}
    pool = make(retries=False, maxsize=4, **tls, **mine)
    return Kube(settings.host.rstrip("/"), pool, headers, lambda: make(retries=False, maxsize=1, **tls))


def _explained(error: KubeError, host: str, rights: str) -> DeployError:
    if error.status == 401:
        fix = "it may have ended, or belong to another cluster; `haven-iac up` renews the stack's own"
        return UnreachableError(f"the Kubernetes API at {host} does not know this credential (401)", fix=fix)
    if error.status == 403 and rights:
        return UnreachableError(f"the Kubernetes API at {host} refuses to be read (403)", fix=rights)
    return error


def last_cause(error: Exception) -> str:
    """Return the last of a chain of causes, as the others only wrap it; empty when there is none."""
    return str(getattr(error, "reason", "") or error).rpartition(": ")[2].strip("()'\" ")


def _silent(error: Exception, host: str) -> UnreachableError:
    """Return the error for an API that was not reached."""
    if "CERTIFICATE_VERIFY_FAILED" in str(getattr(error, "reason", "") or error):
        return UnreachableError(
            f"the certificate of {host} is not signed by the authority in the kubeconfig",
            fix="it belongs to another cluster, or this one was built again: get a new one with `haven-iac kubeconfig`",
        )
    return UnreachableError(
        f"the Kubernetes API at {host} does not answer: {last_cause(error) or 'it gave no reason'}",
        fix="`haven-iac status` says what has stopped; else look at your network and VPN",
    )
