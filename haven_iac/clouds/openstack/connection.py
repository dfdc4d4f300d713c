"""How this machine reaches an OpenStack: clouds.yaml or OS_* variables in, a connection or a clear error out.

Nothing here ever repeats a password, a token or a secret: messages of clouds.yaml's reader, which quote the file, are
not passed on.
"""

from __future__ import annotations

import json
import logging
import os
import re
import threading
from dataclasses import dataclass
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

from haven_iac.clouds.openstack.settings import AccessSettings
from haven_iac.errors import CloudLoginError

if TYPE_CHECKING:
    from openstack.config.loader import OpenStackConfig
    from openstack.connection import Connection

SECONDS = 30
"""How long one answer may take, unless clouds.yaml says otherwise (`api_timeout`)."""

_IMPORTING = threading.Lock()

for _name in ("keystoneauth", "openstack"):
    # What these libraries log about a failure comes to the user as an error of ours.
    logging.getLogger(_name).addHandler(logging.NullHandler())

_PATH = "cloud.settings.cloud"
_NOWHERE = ("envvars", "defaults")
"""What openstacksdk calls a cloud that no clouds.yaml names."""


@dataclass(frozen=True)
class Login:
    """Where the cloud is and what it is called; holds no secret and needs no network."""

    cloud: str
    """Entry in clouds.yaml; empty where everything comes from OS_* variables."""
    auth_url: str
    """URL of Keystone."""
    region: str
    """Region; empty when neither the settings nor clouds.yaml nor OS_REGION_NAME say."""
    cacert: str
    """File with the authority behind the cloud's certificates; empty for the public ones."""
    insecure: bool
    """Whether certificates are not looked at; a risk that only clouds.yaml can take."""
    file: str
    """The clouds.yaml that was read; empty when there is none."""


def login(settings: AccessSettings) -> Login:
    """Return where the cloud is.

    Raises:
        CloudLoginError: no clouds.yaml and no OS_* variables, or what they say cannot be used.
    """
    _sdk()
    config = _config()
    return _login(config, _region(config, settings, validate=False))


def provider_arguments(settings: AccessSettings) -> dict[str, str]:
    """Return what the engine's OpenStack plugin is given: names only; it reads credentials where we do.

    Raises:
        CloudLoginError: see `login`.
    """
    found = login(settings)
    given = {"cloud": found.cloud, "region": found.region}
    return {key: value for key, value in given.items() if value}


def connect(settings: AccessSettings) -> Connection:
    """Return a connection that has logged in.

    Raises:
        CloudLoginError: the credentials are missing or wrong, or Keystone does not answer.
    """
    _sdk()
    from keystoneauth1.exceptions import ClientException
    from openstack.connection import Connection

    config = _config()
    where = _login(config, _region(config, settings, validate=False))
    region = _region(config, settings, validate=True)
    connection = Connection(config=region)
    try:
        connection.session.get_token()
        access = token(connection)
    except Exception as error:  # keystoneauth raises a bare Exception where a user or password is missing
        if not isinstance(error, ClientException | OSError) and "required" not in str(error):
            raise
        raise refused(error, where) from None
    if not access.project_id:
        raise CloudLoginError(
            "the credentials lead to no project",
            fix="add `project_name` and `project_domain_name` to clouds.yaml, or use an application credential",
            at=_PATH,
        )
    return connection


def _sdk() -> None:
    """Import the SDK, in one thread at a time: its modules import each other, and a second thread sees half of one."""
    with _IMPORTING:
        import openstack  # noqa: F401


def token(connection: Connection) -> Any:
    """Return what Keystone says about our own token: project, roles, catalogue; asks only when there is none yet."""
    auth: Any = connection.session.auth
    return auth.get_access(connection.session)


def refused(error: Exception, where: Login) -> CloudLoginError:
    """Return why Keystone did not let us in, and what to do."""
    from keystoneauth1 import exceptions as ks

    url, entry = where.auth_url, _entry(where)
    unknown = isinstance(error, ks.NotFound) and "application credential" in str(error).lower()
    if unknown or isinstance(error, ks.Unauthorized):
        return CloudLoginError(
            f"Keystone at {url} does not accept the credentials of {entry}",
            fix="check user, password, project and domains there; an application credential may have ended",
            at=_PATH,
        )
    if isinstance(error, ks.SSLError) or "certificate" in str(error).lower():
        what, fix = _tls(str(error), where)
        return CloudLoginError(f"the certificate of Keystone at {url} is not trusted: {what}", fix=fix, at=_PATH)
    if isinstance(error, ks.ConnectTimeout | ks.RequestTimeout):
        return CloudLoginError(
            f"Keystone at {url} does not answer within {SECONDS} s", fix="check network, VPN and proxy", at=_PATH
        )
    if isinstance(error, ks.ConnectFailure | ks.UnknownConnectionError | ks.RetriableConnectionFailure):
        return CloudLoginError(
            f"Keystone at {url} cannot be reached: {_unreachable(str(error))}",
            fix=f"check `auth_url` of {entry}, network, VPN and proxy",
            at=_PATH,
        )
    if isinstance(error, ks.NotFound | ks.DiscoveryFailure | ks.VersionNotAvailable):
        return CloudLoginError(
            f"there is no Keystone at {url}", fix=f"check `auth_url` of {entry}; it mostly ends in /v3", at=_PATH
        )
    if missing := re.match(r"(\w+) is a required attribute", str(error)):
        return CloudLoginError(f"{entry} has no {missing[1]}", fix="complete it", at=_PATH)
    status = getattr(error, "http_status", 0)
    said = f"HTTP {status}" if status else type(error).__name__
    return CloudLoginError(
        f"logging in at {url} failed: {said}", fix=f"check {entry}; ask the cloud's operator if it stays so", at=_PATH
    )


def _config() -> OpenStackConfig:
    from openstack.config.loader import OpenStackConfig
    from openstack.exceptions import ConfigException

    _readable()
    try:
        return OpenStackConfig(app_name="haven-iac", override_defaults={"api_timeout": SECONDS})
    except ConfigException as error:
        raise CloudLoginError(f"clouds.yaml cannot be used: {error}", at=_PATH) from None


def _readable() -> None:
    """Refuse a clouds.yaml that is no YAML, which openstacksdk would pass over in silence, or by quoting it."""
    import yaml
    from openstack.config.loader import CONFIG_FILES, SECURE_FILES

    for variable, files in (("OS_CLIENT_CONFIG_FILE", CONFIG_FILES), ("OS_CLIENT_SECURE_FILE", SECURE_FILES)):
        named = os.environ.get(variable)
        if named and not os.path.exists(named):
            raise CloudLoginError(f"{variable} names {named}, which is not there", fix="correct it, or unset it")
        file = next((one for one in ([named] if named else files) if os.path.exists(one)), None)
        if file is None:
            continue
        try:
            with open(file) as text:
                found = json.load(text) if file.endswith("json") else yaml.safe_load(text)
        except OSError as error:
            raise CloudLoginError(f"{file} cannot be read: {error.strerror}") from None
        except (ValueError, yaml.YAMLError) as error:
            mark = getattr(error, "problem_mark", None)
            line = f", near line {mark.line + 1}" if mark else ""
            raise CloudLoginError(f"{file} is no YAML{line}", fix="correct the file") from None
        if not isinstance(found, dict):
            raise CloudLoginError(f"{file} has no `clouds:`", fix="see the documentation of openstacksdk")


def _region(config: OpenStackConfig, settings: AccessSettings, *, validate: bool) -> Any:
    from keystoneauth1.exceptions import ClientException, MissingRequiredOptions
    from openstack.exceptions import ConfigException

    names = [name for name in config.get_cloud_names() if name not in _NOWHERE]
    wanted = settings.cloud or os.environ.get("OS_CLOUD")
    if wanted and wanted not in names:
        raise _unknown(wanted, names, config.config_filename)
    if not wanted and config.default_cloud is None:
        raise CloudLoginError(
            "clouds.yaml names more than one cloud, and nothing says which",
            fix=f"add `cloud: {names[0]}` below cloud.settings, or set OS_CLOUD; there are: {', '.join(names)}",
            at="cloud.settings",
        )
    try:
        return config.get_one(cloud=wanted, region_name=settings.region or None, validate=validate)
    except ConfigException as error:
        raise CloudLoginError(str(error), at="cloud.settings.region") from None
    except MissingRequiredOptions as error:
        missing = ", ".join(option.dest for option in error.options)
        what = f"{_where(wanted or config.default_cloud)} has no {missing}"
        raise CloudLoginError(what, fix="complete it", at=_PATH) from None
    except ClientException:
        what = f"{_where(wanted or config.default_cloud)} has an `auth_type` that is not known"
        raise CloudLoginError(what, fix="password and v3applicationcredential are the usual ones", at=_PATH) from None


def _unknown(wanted: str, names: list[str], file: str | None) -> CloudLoginError:
    if not file:
        return CloudLoginError(
            f"there is no clouds.yaml, and the cloud {wanted!r} should be in it",
            fix="put it in ~/.config/openstack/clouds.yaml, or name it with OS_CLIENT_CONFIG_FILE",
            at=_PATH,
        )
    close = get_close_matches(wanted, names, n=1)
    hint = f"did you mean {close[0]}? " if close else ""
    return CloudLoginError(
        f"{file} names no cloud {wanted!r}", fix=f"{hint}it names: {', '.join(names) or 'none'}", at=_PATH
    )


def _login(config: OpenStackConfig, region: Any) -> Login:
    found = region.config
    auth_url = (found.get("auth") or {}).get("auth_url") or found.get("auth_url") or ""
    if not auth_url:
        named = region.name not in _NOWHERE
        raise CloudLoginError(
            f"{_where(region.name)} has no `auth_url`" if named else "there are no credentials for OpenStack",
            fix="complete it"
            if named
            else "put them in ~/.config/openstack/clouds.yaml and set OS_CLOUD, or set the OS_* variables of your "
            "cloud's RC file",
            at=_PATH,
        )
    verify, cacert = found.get("verify", True), found.get("cacert") or ""
    return Login(
        cloud="" if region.name in _NOWHERE else region.name,
        auth_url=str(auth_url),
        region=region.region_name or "",
        cacert=os.path.expanduser(str(cacert)) if cacert else "",
        insecure=verify is False or str(verify).lower() == "false",
        file=config.config_filename or "",
    )


def _where(cloud: str | None) -> str:
    return "the OS_* variables" if not cloud or cloud in _NOWHERE else f"{cloud!r} in clouds.yaml"


def _entry(where: Login) -> str:
    return _where(where.cloud)


def _tls(text: str, where: Login) -> tuple[str, str]:
    lower = text.lower()
    if "invalid path" in lower:
        return f"{where.cacert} is not there", "correct `cacert` in clouds.yaml, or OS_CACERT"
    if "expired" in lower:
        return "it has expired", "ask the cloud's operator; check the clock of this machine"
    if "hostname" in lower or "doesn't match" in lower or "not valid for" in lower:
        return "it is for another name", "use the name in the certificate as `auth_url`"
    if "wrong version number" in lower or "record layer" in lower:
        return "that port does not speak TLS", "try `auth_url` with http://, or another port"
    return (
        "its authority is not known here",
        "name the authority's file as `cacert` in clouds.yaml, or OS_CACERT, and its content as cloud.settings.ca",
    )


def _unreachable(text: str) -> str:
    lower = text.lower()
    if "name or service not known" in lower or "resolve" in lower or "nodename" in lower:
        return "the name is not known"
    if "refused" in lower:
        return "nothing listens there"
    if "unreachable" in lower or "no route" in lower:
        return "there is no route to it"
    if "proxy" in lower:
        return "the proxy does not let us through"
    return "no connection"
