"""What a Kubernetes Secret takes of a secret that Pulumi holds: all of it, or a part in the form a chart wants."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Final

from haven_iac.errors import SpecError

CERTIFICATES: Final = "certificates"
PRIVATE_KEY: Final = "private-key"
ACCESS_KEY: Final = "access-key"
SECRET_KEY: Final = "secret-key"
AWS_FILE: Final = "aws-file"
TSIG_ALGORITHM: Final = "tsig-algorithm"
TSIG_NAME: Final = "tsig-name"
TSIG_KEY: Final = "tsig-key"

_BLOCK = re.compile(r"-----BEGIN ([A-Z0-9 ]+)-----.*?-----END \1-----\n?", re.DOTALL)


def render(form: str, text: str) -> str:
    """Return the part of `text` that a form names.

    Args:
        form: empty for all of it; `certificates` or `private-key` of a PEM text; `access-key`, `secret-key` or
            `aws-file` of `accessKeyId:secretAccessKey`; `tsig-algorithm`, `tsig-name` or `tsig-key` of
            `[algorithm:]name:key`, as `nsupdate -y` takes it.
        text: the secret; never part of an error.

    Raises:
        SpecError: the secret does not have that part.
    """
    return _FORMS[form](text) if form else text


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


def _tsig(text: str) -> tuple[str, str, str]:
    *algorithm, name, key = ["", "", *text.strip().split(":")][-3:]
    if not (name and key):
        raise SpecError("the TSIG key is not [algorithm:]name:key", fix="store it as `nsupdate -y` takes it")
    return algorithm[0] or "hmac-sha256", name, key


def _aws_file(text: str) -> str:
    key, secret = _pair(text)
    return f"[default]\naws_access_key_id={key}\naws_secret_access_key={secret}\n"


_FORMS: Mapping[str, Callable[[str], str]] = {
    CERTIFICATES: lambda text: _blocks(text, "CERTIFICATE", "certificate"),
    PRIVATE_KEY: lambda text: _blocks(text, "PRIVATE KEY", "private key"),
    ACCESS_KEY: lambda text: _pair(text)[0],
    SECRET_KEY: lambda text: _pair(text)[1],
    AWS_FILE: _aws_file,
    TSIG_ALGORITHM: lambda text: _tsig(text)[0],
    TSIG_NAME: lambda text: _tsig(text)[1],
    TSIG_KEY: lambda text: _tsig(text)[2],
}
