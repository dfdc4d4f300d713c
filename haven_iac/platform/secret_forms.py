"""What a Kubernetes Secret takes of a secret that Pulumi holds: all of it, or a part in the form a chart wants."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Final

from haven_iac.errors import SpecError
from haven_iac.platform.release import SecretRef

CERTIFICATES: Final = "certificates"
PRIVATE_KEY: Final = "private-key"
USER: Final = "user"
TOKEN: Final = "token"
ACCESS_KEY: Final = "access-key"
SECRET_KEY: Final = "secret-key"
AWS_FILE: Final = "aws-file"
TSIG_ALGORITHM: Final = "tsig-algorithm"
TSIG_NAME: Final = "tsig-name"
TSIG_KEY: Final = "tsig-key"

OPENSTACK: Final = "openstack:"
"""Start of a form: the variable behind it is taken from a clouds.yaml."""

_BLOCK = re.compile(r"-----BEGIN ([A-Z0-9 ]+)-----.*?-----END \1-----\n?", re.DOTALL)


def render(form: str, text: str) -> str:
    """Return the part of `text` that a form names.

    Args:
        form: empty for all of it; `certificates` or `private-key` of a PEM text; `access-key`, `secret-key` or
            `aws-file` of `accessKeyId:secretAccessKey`; `user` or `token` of `user:token`; `tsig-algorithm`,
            `tsig-name` or `tsig-key` of `[algorithm:]name:key`, as `nsupdate -y` takes it; `openstack:OS_AUTH_URL` and
            the like of a clouds.yaml.
        text: the secret; never part of an error.

    Raises:
        SpecError: the secret does not have that part.
    """
    if form.startswith(OPENSTACK):
        return _openstack(form.removeprefix(OPENSTACK), text)
    return _FORMS[form](text) if form else text


def chain(name: str, secret: str) -> SecretRef:
    """Return a Secret with a chain and its key, out of one text in PEM."""
    return SecretRef(name, {"tls.crt": secret, "tls.key": secret}, {"tls.crt": CERTIFICATES, "tls.key": PRIVATE_KEY})


def _blocks(text: str, ends: str, what: str) -> str:
    found = [m[0].rstrip("\n") for m in _BLOCK.finditer(text) if m[1].endswith(ends)]
    if not found:
        raise SpecError(f"the secret has no {what} in PEM", fix="store the chain and its private key, both in PEM")
    return "\n".join(found) + "\n"


def _pair(text: str) -> tuple[str, str]:
    key, colon, secret = text.strip().partition(":")
    if not (key and colon and secret):
        raise SpecError("the secret of the object store is not accessKeyId:secretAccessKey", fix="store both")
    return key, secret


def _login(text: str) -> tuple[str, str]:
    user, colon, token = text.strip().partition(":")
    if not (user and colon and token):
        raise SpecError("the secret of the repository is not user:token", fix="store both")
    return user, token


def _tsig(text: str) -> tuple[str, str, str]:
    *algorithm, name, key = ["", "", *text.strip().split(":")][-3:]
    if not (name and key):
        raise SpecError("the TSIG key is not [algorithm:]name:key", fix="store it as `nsupdate -y` takes it")
    return algorithm[0] or "hmac-sha256", name, key


def _aws_file(text: str) -> str:
    key, secret = _pair(text)
    return f"[default]\naws_access_key_id={key}\naws_secret_access_key={secret}\n"


def _openstack(variable: str, text: str) -> str:
    """Return what OpenStack's clients read from a variable, out of the only cloud of a clouds.yaml."""
    import yaml

    try:
        clouds = yaml.safe_load(text)["clouds"]
        [cloud] = [clouds["openstack"]] if "openstack" in clouds else clouds.values()
        auth = cloud["auth"]
        found = {
            "OS_AUTH_TYPE": cloud.get("auth_type"),
            "OS_REGION_NAME": cloud.get("region_name"),
            "OS_DOMAIN_NAME": auth.get("user_domain_name") or auth.get("domain_name"),
        }
        value = found[variable] if variable in found else auth.get(variable.removeprefix("OS_").lower())
        return "" if value is None else str(value)
    except (yaml.YAMLError, KeyError, TypeError, ValueError, AttributeError):
        pass
    raise SpecError("the secret is no clouds.yaml with one cloud", fix="store it as OpenStack's clients read it")


_FORMS: Mapping[str, Callable[[str], str]] = {
    CERTIFICATES: lambda text: _blocks(text, "CERTIFICATE", "certificate"),
    PRIVATE_KEY: lambda text: _blocks(text, "PRIVATE KEY", "private key"),
    ACCESS_KEY: lambda text: _pair(text)[0],
    SECRET_KEY: lambda text: _pair(text)[1],
    AWS_FILE: _aws_file,
    USER: lambda text: _login(text)[0],
    TOKEN: lambda text: _login(text)[1],
    TSIG_ALGORITHM: lambda text: _tsig(text)[0],
    TSIG_NAME: lambda text: _tsig(text)[1],
    TSIG_KEY: lambda text: _tsig(text)[2],
}
