"""Runs curl and wget for a machine: where a request goes, what is written where."""

from __future__ import annotations

import asyncio
import ipaddress
import ssl
import urllib.parse
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from haven_iac.lab.machines.guest import curl
from haven_iac.lab.machines.guest.curl import CurlError, Request, Response
from haven_iac.lab.machines.guest.outside import Outside
from haven_iac.lab.machines.guest.root import Root
from haven_iac.lab.machines.network import UnreachableError

METADATA = "169.254.169.254"
_CONNECT_SECONDS = 300.0
_BUNDLE = "/etc/ssl/certs/ca-certificates.crt"


class Net(Protocol):
    """What a machine's network tells about a connection."""

    async def connect(self, host: str, port: int) -> tuple[str, int]:
        """Return where a connection ends here.

        Raises:
            UnreachableError: nowhere; the text is what a TCP client would see.
        """

    async def resolve(self, name: str) -> str | None:
        """Return the address of a name in the cloud, or None."""

    def way_out(self) -> bool:
        """Return whether the machine reaches anything beyond its cloud."""

    def metadata(self, path: str) -> bytes | None:
        """Return what the metadata service says, or None."""


@dataclass(frozen=True)
class Result:
    """What a command did."""

    code: int = 0
    out: bytes = b""
    err: bytes = b""


@dataclass(frozen=True)
class Browser:
    """One machine's curl."""

    net: Net
    root: Root
    outside: Outside
    speed: float
    """How many of the machine's seconds pass in one."""

    async def curl(self, words: Sequence[str], env: Mapping[str, str], folder: str) -> Result:
        """Run curl.

        Args:
            words: its arguments.
            env: its environment.
            folder: where it runs, for files without a path.
        """
        try:
            files = {
                words[i + 1]: self.root.text(words[i + 1]) for i, w in enumerate(words[:-1]) if w in ("-K", "--config")
            }
            request = curl.parse(words, files)
            if not request.urls:
                raise CurlError(2, "no URL specified")
            out = b"".join([await self._get(request, url, env, folder) for url in request.urls])
        except CurlError as error:
            return Result(error.code, error.out, b"" if error.quiet else f"{error}\n".encode())
        return Result(0, out)

    async def wget(self, words: Sequence[str], env: Mapping[str, str], folder: str) -> Result:
        """Run wget, as far as scripts use it: -q, -O FILE, --no-check-certificate, --timeout, URL."""
        translated: list[str] = ["--fail", "--location", "--silent", "--show-error"]
        todo, named = list(words), False
        while todo:
            word = todo.pop(0)
            if word in ("-O", "--output-document", "-qO", "-qO-"):
                target = "-" if word == "-qO-" else todo.pop(0)
                named = True
                translated += [] if target == "-" else ["--output", target]
            elif word == "--no-check-certificate":
                translated.append("--insecure")
            elif not word.startswith("-"):
                translated.append(word)
        found = await self.curl([*translated, *([] if named else ["--remote-name"])], env, folder)
        return Result(8 if found.code == 22 else 4 if found.code else 0, found.out, found.err)

    async def _get(self, request: Request, url: str, env: Mapping[str, str], folder: str) -> bytes:
        tries = int(request.seconds("retry", 0)) + 1
        for left in reversed(range(tries)):
            try:
                response = await self._follow(request, url, env)
            except CurlError as error:
                again = error.code in (6, 28) or (error.code == 7 and "retry-connrefused" in request.flags)
                if left and (again or "retry-all-errors" in request.flags):
                    await asyncio.sleep(request.seconds("retry-delay", 1) / self.speed)
                    continue
                raise self._told(error, request, self._written(request, Response(0, {}, b""), url)) from None
            if left and response.status in (408, 429, 500, 502, 503, 504):
                await asyncio.sleep(request.seconds("retry-delay", 1) / self.speed)
                continue
            break
        if response.status >= 400 and {"fail", "fail-with-body"} & request.flags:
            out = self._put(request, response.body, url, folder) if "fail-with-body" in request.flags else b""
            refused = CurlError(22, f"The requested URL returned error: {response.status}")
            raise self._told(refused, request, out + self._written(request, response, url))
        return self._put(request, response.body, url, folder) + self._written(request, response, url)

    @staticmethod
    def _told(error: CurlError, request: Request, out: bytes) -> CurlError:
        error.quiet = "silent" in request.flags and "show-error" not in request.flags
        error.out = out
        return error

    def _put(self, request: Request, body: bytes, url: str, folder: str) -> bytes:
        """Write the body where it is wanted; return what goes to standard output."""
        target = request.one("output")
        if "remote-name" in request.flags and not target:
            target = urllib.parse.urlsplit(url).path.rpartition("/")[2]
        if not target or target == "-":
            return body
        if target != "/dev/null":
            path = self.root.path(target if target.startswith("/") else f"{folder}/{target}")
            if "create-dirs" in request.flags:
                path.parent.mkdir(parents=True, exist_ok=True)
            try:
                path.write_bytes(body)
            except OSError as error:
                raise CurlError(23, f"Failure writing output to destination: {error.strerror}") from None
        return b""

    @staticmethod
    def _written(request: Request, response: Response, url: str) -> bytes:
        values = {
            "%{http_code}": f"{response.status:03d}",
            "%{response_code}": f"{response.status:03d}",
            "%{url_effective}": url,
            "%{size_download}": str(len(response.body)),
            "%{exitcode}": "0",
            "\\n": "\n",
        }
        text = request.one("write-out")
        for name, value in values.items():
            text = text.replace(name, value)
        return text.encode()

    async def _follow(self, request: Request, url: str, env: Mapping[str, str]) -> Response:
        for _ in range(20):
            response = await self._once(request, url, env)
            moved = response.headers.get("location")
            if response.status not in (301, 302, 303, 307, 308) or not moved or "location" not in request.flags:
                return response
            url = urllib.parse.urljoin(url, moved)
        raise CurlError(47, "Maximum (20) redirects followed")

    async def _once(self, request: Request, url: str, env: Mapping[str, str]) -> Response:
        parts = urllib.parse.urlsplit(url if "://" in url else f"http://{url}")
        if parts.scheme not in ("http", "https"):
            raise CurlError(1, f'Protocol "{parts.scheme}" not supported')
        allowed = request.one("proto")
        if allowed.startswith("=") and parts.scheme not in allowed[1:].split(","):
            raise CurlError(1, f'Protocol "{parts.scheme}" not supported or disabled in libcurl')
        host, port = parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)
        if host == METADATA:
            body = self.net.metadata(parts.path)
            return Response(404, {}, b"not found") if body is None else Response(200, {}, body)
        if self._proxied(request, host, parts.scheme, env) or (not _is_address(host) and self.outside.knows(host)):
            return self._beyond(host, parts.path, proxied=self._proxied(request, host, parts.scheme, env))
        seconds = min(request.seconds("max-time", _CONNECT_SECONDS), _CONNECT_SECONDS) / self.speed
        address = host if _is_address(host) else await self.net.resolve(host)
        if address is None:
            raise CurlError(6, f"Could not resolve host: {host}")
        try:
            target = await self.net.connect(address, port)
        except UnreachableError as error:
            if "timeout" in str(error):
                await asyncio.sleep(min(seconds, request.seconds("connect-timeout", _CONNECT_SECONDS) / self.speed))
                raise CurlError(28, f"Failed to connect to {host} port {port}: Connection timed out") from None
            said = "No route to host" if "no route" in str(error) else "Connection refused"
            raise CurlError(7, f"Failed to connect to {host} port {port}: {said}") from None
        tls = self._tls(request) if parts.scheme == "https" else None
        return await curl.http(target, request, parts, tls, max(seconds, 2.0))

    def _beyond(self, host: str, path: str, *, proxied: bool) -> Response:
        if not proxied and not self.net.way_out():
            raise CurlError(6, f"Could not resolve host: {host}")
        if not self.outside.knows(host):
            raise CurlError(56 if proxied else 6, f"Could not resolve host: {host}")
        status, body = self.outside.get(host, path)
        return Response(status, {}, body)

    @staticmethod
    def _proxied(request: Request, host: str, scheme: str, env: Mapping[str, str]) -> bool:
        """Return whether a request goes through a proxy, which is taken to reach what is outside."""
        names = (f"{scheme}_proxy", "HTTPS_PROXY" if scheme == "https" else "", "all_proxy", "ALL_PROXY")
        if not request.one("proxy") and not any(env.get(name) for name in names if name):
            return False
        direct = request.one("noproxy") or env.get("no_proxy") or env.get("NO_PROXY") or ""
        return not any(_covers(entry.strip(), host) for entry in direct.split(",") if entry.strip())

    def _tls(self, request: Request) -> ssl.SSLContext:
        if "insecure" in request.flags:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        else:
            name = request.one("cacert", _BUNDLE)
            authority = self.root.text(name)
            if not authority and "cacert" in request.values:
                raise CurlError(77, f"error setting certificate file: {name}")
            try:
                context = ssl.create_default_context(cadata=authority or None)
            except ssl.SSLError:
                raise CurlError(77, f"error setting certificate file: {name}") from None
        if cert := request.one("cert"):
            try:
                key = request.one("key") or cert
                context.load_cert_chain(self.root.path(cert), self.root.path(key))
            except (OSError, ssl.SSLError):
                raise CurlError(58, f"could not load client certificate from {cert}") from None
        return context


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def _covers(entry: str, host: str) -> bool:
    """Return whether an entry of no_proxy covers a host."""
    if entry == "*" or entry == host:
        return True
    if "/" in entry and _is_address(host):
        try:
            return ipaddress.ip_address(host) in ipaddress.ip_network(entry, strict=False)
        except (ValueError, TypeError):
            return False
    return host.endswith("." + entry.lstrip(".")) and not _is_address(host)
