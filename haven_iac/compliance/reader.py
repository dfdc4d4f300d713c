"""Reads, and only reads, what the checks look at from a live cluster."""

from __future__ import annotations

import json
import tempfile
import warnings
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import yaml

from haven_iac.compliance import metrics
from haven_iac.compliance.evidence import objects
from haven_iac.compliance.live import Document, Documents, Extra, Metric, subject
from haven_iac.compliance.subject import Subject
from haven_iac.errors import UnreachableError

TIMEOUT = (5, 20)
"""Seconds to connect, and to answer one call."""

PAGE = 500
"""Objects in one answer."""

RIGHTS: dict[str, Any] = {
    "apiVersion": "rbac.authorization.k8s.io/v1",
    "kind": "ClusterRole",
    "metadata": {"name": "haven-iac-verify"},
    "rules": [
        {"apiGroups": [""], "resources": ["nodes"], "verbs": ["list"]},
        {"apiGroups": ["apps"], "resources": ["deployments", "daemonsets", "statefulsets"], "verbs": ["list"]},
        {"apiGroups": ["storage.k8s.io"], "resources": ["storageclasses"], "verbs": ["list"]},
        {"apiGroups": ["authorization.k8s.io"], "resources": ["selfsubjectaccessreviews"], "verbs": ["create"]},
        {"nonResourceURLs": ["/version", "/version/", "/apis", "/apis/"], "verbs": ["get"]},
        {"apiGroups": [""], "resources": ["namespaces", "pods"], "verbs": ["list"]},
        {"apiGroups": ["networking.k8s.io"], "resources": ["networkpolicies"], "verbs": ["list"]},
        {
            "apiGroups": ["rbac.authorization.k8s.io"],
            "resources": ["clusterroles", "clusterrolebindings", "rolebindings"],
            "verbs": ["list"],
        },
        {
            "apiGroups": ["admissionregistration.k8s.io"],
            "resources": ["validatingadmissionpolicybindings"],
            "verbs": ["list"],
        },
        {"apiGroups": [objects.GROUP], "resources": [objects.PLURAL], "verbs": ["list"]},
        {"nonResourceURLs": ["/metrics"], "verbs": ["get"]},
    ],
}
"""All that reading needs: the first five for the checks, the others for security and the checker's results."""

NEEDED = 5
"""How many of the rules above the checks cannot do without."""

LARGEST_METRICS = 64 * 2**20
"""Bytes of the API server's metrics that are read."""

_RIGHTS_FIX = "use a credential with the rights that `haven-iac verify --print-rbac` prints"


def read(kubeconfig: str, *, own_credential: bool = True, folder: Path | None = None) -> Subject:
    """Return a live cluster as the checks see it.

    Args:
        kubeconfig: its text.
        own_credential: it is the stack's own, not one that the user gave.
        folder: where files that it names are; the current one when left out.

    Raises:
        UnreachableError: the API does not answer, or refuses the credential; or the text is no kubeconfig.
    """
    return subject(documents(kubeconfig, own_credential=own_credential, folder=folder))


def documents(
    kubeconfig: str, *, own_credential: bool = True, folder: Path | None = None, extra: bool = False
) -> Documents:
    """Return what `read` judges, as the API returned it; with `extra` also what the checks do not need."""
    from kubernetes import client, config
    from kubernetes.config.kube_config import KubeConfigLoader
    from urllib3.exceptions import HTTPError

    settings = client.Configuration()
    # The client library writes certificate and key to files: these are private, and gone after the last call.
    with tempfile.TemporaryDirectory() as private, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about insecure kubeconfigs, and of the library about itself
        try:
            loader: Any = KubeConfigLoader(  # type: ignore[no-untyped-call]
                yaml.safe_load(kubeconfig), config_base_path=str(folder or Path.cwd()), temp_file_path=private
            )
            loader.load_and_set(settings)
        except (config.ConfigException, yaml.YAMLError, KeyError, TypeError, ValueError, AttributeError):
            # What went wrong may name a secret.
            raise UnreachableError(
                "this is no kubeconfig that can be used",
                fix="look at it with `kubectl config view`; the one of the stack comes from `haven-iac kubeconfig`",
            ) from None
        settings.retries = False
        try:
            with client.ApiClient(settings) as api:
                reader = _Reader(client, api)
                found = reader.everything(own_credential)
                return replace(found, extra=reader.beside(found.groups)) if extra else found
        except client.ApiException as error:
            raise _refused(error.status or 0, str(error.reason), settings.host) from None
        except (HTTPError, OSError) as error:
            raise _silent(str(getattr(error, "reason", "") or error), settings.host) from None
        except (ValueError, KeyError, TypeError, AttributeError):
            raise UnreachableError(
                f"what answers at {settings.host} is no Kubernetes API",
                fix="look at the server in the kubeconfig, and at what stands between here and there",
            ) from None


class _Reader:
    """Calls of one reading."""

    def __init__(self, client: Any, api: Any) -> None:
        self._client = client
        self._api = api

    def everything(self, own_credential: bool) -> Documents:
        client, api = self._client, self._api
        apps = client.AppsV1Api(api)
        return Documents(
            version=self._get(client.VersionApi(api).get_code),
            groups=frozenset(group["name"] for group in self._get(client.ApisApi(api).get_api_versions)["groups"]),
            nodes=self._list(client.CoreV1Api(api).list_node),
            classes=self._list(client.StorageV1Api(api).list_storage_class),
            workloads={
                "Deployment": self._list(apps.list_deployment_for_all_namespaces),
                "DaemonSet": self._list(apps.list_daemon_set_for_all_namespaces),
                "StatefulSet": self._list(apps.list_stateful_set_for_all_namespaces),
            },
            admin=self._admin(),
            own_credential=own_credential,
        )

    def beside(self, groups: frozenset[str]) -> Extra:
        """Return what the checks do not need; what may not be read, or is not there, is None."""
        core, rbac = self._client.CoreV1Api(self._api), self._client.RbacAuthorizationV1Api(self._api)
        custom = partial(
            self._client.CustomObjectsApi(self._api).list_cluster_custom_object,
            objects.GROUP,
            objects.VERSION,
            objects.PLURAL,
        )
        admission = self._client.AdmissionregistrationV1Api(self._api)
        return Extra(
            anonymous=self._anonymous(),
            namespaces=self._if_allowed(core.list_namespace),
            network_policies=self._if_allowed(
                self._client.NetworkingV1Api(self._api).list_network_policy_for_all_namespaces
            ),
            pods=self._if_allowed(core.list_pod_for_all_namespaces),
            cluster_roles=self._if_allowed(rbac.list_cluster_role),
            cluster_role_bindings=self._if_allowed(rbac.list_cluster_role_binding),
            role_bindings=self._if_allowed(rbac.list_role_binding_for_all_namespaces),
            admission=self._if_allowed(admission.list_validating_admission_policy_binding),
            metrics=self._metrics(),
            results=self._if_allowed(custom) if objects.GROUP in groups else (),
        )

    def _if_allowed(self, call: Callable[..., Any]) -> Sequence[Document] | None:
        try:
            return self._list(call)
        except self._client.ApiException as error:
            if error.status in (403, 404):
                return None
            raise

    def _anonymous(self) -> int | None:
        """Return how the API answers somebody who shows no credential."""
        import ssl

        import urllib3

        settings = self._api.configuration
        context = ssl.create_default_context(cafile=settings.ssl_ca_cert)
        if not settings.verify_ssl:
            context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        proxy = {"proxy_url": settings.proxy} if settings.proxy else {}
        kind: Any = urllib3.ProxyManager if proxy else urllib3.PoolManager
        with kind(ssl_context=context, retries=False, timeout=TIMEOUT[1], **proxy) as pool:
            try:
                answer = pool.request("GET", f"{settings.host}/api/v1/namespaces?limit=1", redirect=False)
            except urllib3.exceptions.HTTPError:
                return None
            return int(answer.status)

    def _metrics(self) -> Sequence[Metric] | None:
        """Return those of the API server's metrics that are looked at."""
        header = {"authorization": self._api.configuration.get_api_key_with_prefix("authorization")}
        try:
            answer = self._api.call_api(
                "/metrics",
                "GET",
                header_params={key: value for key, value in header.items() if value},
                auth_settings=["BearerToken"],
                response_type="str",
                _preload_content=False,
                _return_http_data_only=True,
                _request_timeout=TIMEOUT,
            )
        except self._client.ApiException as error:
            if error.status in (403, 404):
                return None
            raise
        text = answer.read(LARGEST_METRICS, decode_content=True)
        return tuple(metrics.chosen(text.decode("utf-8", errors="replace")))

    def _get(self, call: Callable[..., Any], **query: Any) -> Any:
        """Return one answer as plain JSON: the library's own models refuse some objects that exist."""
        answer = call(_preload_content=False, _request_timeout=TIMEOUT, **query)
        if not 200 <= answer.status < 300:
            raise self._client.ApiException(status=answer.status, reason=answer.reason)
        return json.loads(answer.data)

    def _list(self, call: Callable[..., Any]) -> Sequence[Document]:
        """Return every object, page by page; begins again once when the list changed too much meanwhile."""
        for again in (True, False):
            items: list[Document] = []
            query: dict[str, str] = {}
            try:
                while True:
                    page = self._get(call, limit=PAGE, **query)
                    items += page["items"] or []
                    if not (more := (page.get("metadata") or {}).get("continue")):
                        return items
                    query = {"_continue": more}
            except self._client.ApiException as error:
                if error.status != 410 or not again:
                    raise
        return items

    def _admin(self) -> bool:
        attributes = {"verb": "*", "group": "*", "resource": "*"}
        review = {
            "apiVersion": "authorization.k8s.io/v1",
            "kind": "SelfSubjectAccessReview",
            "spec": {"resourceAttributes": attributes},
        }
        answer = self._get(self._client.AuthorizationV1Api(self._api).create_self_subject_access_review, body=review)
        return bool(answer["status"]["allowed"])


def _refused(status: int, reason: str, host: str) -> UnreachableError:
    if not status:  # the library's way to tell that TLS failed
        return _silent(reason, host)
    if status == 401:
        fix = "it may have ended, or belong to another cluster; `haven-iac up` renews the stack's own"
        return UnreachableError(f"the Kubernetes API at {host} does not know this credential (401)", fix=fix)
    if status == 403:
        return UnreachableError(f"the Kubernetes API at {host} refuses to be read (403)", fix=_RIGHTS_FIX)
    return UnreachableError(f"the Kubernetes API at {host} answers {status} {reason}", fix="try again in a minute")


def _silent(reason: str, host: str) -> UnreachableError:
    """Return the error for an API that was not reached, with the last cause of a chain of them."""
    if "CERTIFICATE_VERIFY_FAILED" in reason:
        return UnreachableError(
            f"the certificate of {host} is not signed by the authority in the kubeconfig",
            fix="it belongs to another cluster, or this one was built again: get a new one with `haven-iac kubeconfig`",
        )
    why = reason.rpartition(": ")[2].strip("()'\" ") or "it gave no reason"
    return UnreachableError(
        f"the Kubernetes API at {host} does not answer: {why}",
        fix="`haven-iac up` starts what has stopped; else look at your network and VPN",
    )
