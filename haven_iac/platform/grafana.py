"""Grafana: behind the identity provider when there is one, without any password when there is none."""

from __future__ import annotations

from typing import Any

from haven_iac.facts import CloudFacts
from haven_iac.platform import slots
from haven_iac.platform.common import NO_ESCALATION, NS_MONITORING, PRIORITY, resources
from haven_iac.platform.logs_values import query_url
from haven_iac.platform.sizes import sizes
from haven_iac.spec import ClusterSpec

LOGIN_SECRET = "grafana-login"
_OFF = {"enabled": False}


def host(spec: ClusterSpec) -> str:
    """Return where Grafana answers when people can log in to it."""
    return f"grafana.{spec.ingress.domain}"


def values(spec: ClusterSpec, facts: CloudFacts) -> dict[str, Any]:
    """Return the values of Grafana's own chart."""
    size = sizes(spec)
    token = {"secretKeyRef": {"name": LOGIN_SECRET, "key": "client-secret"}}
    logs = [{"name": "Loki", "uid": "loki", "type": "loki", "access": "proxy", "url": query_url(spec)}]
    return {
        "resources": resources(size.grafana),
        "priorityClassName": PRIORITY,
        "testFramework": _OFF,
        "rbac": {"namespaced": True},
        "defaultDashboardsTimezone": "browser",
        "sidecar": {
            "resources": {"requests": {"cpu": "10m", "memory": "96Mi"}, "limits": {"memory": "192Mi"}},
            "securityContext": {**NO_ESCALATION, "seccompProfile": {"type": "RuntimeDefault"}},
            # Reloading is asked for with an administrator's password, and there is none.
            "dashboards": {"searchNamespace": NS_MONITORING, "skipReload": True, "initDashboards": True},
            "datasources": {"searchNamespace": NS_MONITORING, "skipReload": True, "initDatasources": True},
        },
        "additionalDataSources": logs if slots.filled(spec, facts, slots.LOGS) else [],
        "env": {"GF_SECURITY_DISABLE_INITIAL_ADMIN_CREATION": "true"},
        "envValueFrom": {"GRAFANA_CLIENT_SECRET": token} if spec.monitoring.login else {},
        "grafana.ini": _ini(spec),
    }


def _ini(spec: ClusterSpec) -> dict[str, Any]:
    common = {"analytics": {"check_for_updates": False, "reporting_enabled": False}}
    login = spec.monitoring.login
    if login is None:
        # Whoever may forward a port to it may look, and nobody may change.
        return {
            **common,
            "auth": {"disable_login_form": True},
            "auth.anonymous": {"enabled": True, "org_role": "Viewer"},
        }
    return {
        **common,
        "server": {"root_url": f"https://{host(spec)}", "domain": host(spec)},
        "auth": {"disable_login_form": True},
        "auth.anonymous": _OFF,
        "security": {"cookie_secure": True, "cookie_samesite": "lax", "strict_transport_security": True},
        "auth.generic_oauth": {
            "enabled": True,
            "name": "OpenID Connect",
            "allow_sign_up": True,
            "client_id": login.client_id,
            "client_secret": "$__env{GRAFANA_CLIENT_SECRET}",
            "scopes": "openid email profile",
            "auth_url": login.auth_url,
            "token_url": login.token_url,
            "api_url": login.user_url,
            "use_pkce": True,
            "role_attribute_path": _role(login.groups_claim, login.admin_groups, login.viewer_groups),
            "role_attribute_strict": True,
        },
    }


def _role(claim: str, admins: tuple[str, ...], viewers: tuple[str, ...]) -> str:
    """Return in JMESPath who may do what; nobody gets in who is in none of the groups, when viewers are named."""

    def within(group: str) -> str:
        return f"contains({claim}[*], '{group.replace(chr(39), '')}')"

    rules = [f"{within(group)} && 'Admin'" for group in admins]
    rules += [f"{within(group)} && 'Viewer'" for group in viewers] or ["'Viewer'"]
    return " || ".join(rules)
