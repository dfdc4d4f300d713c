"""curl as a machine would run it: the same options and exit statuses, through the modelled network."""

from __future__ import annotations

import asyncio
import re
import shlex
import ssl
import urllib.parse
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

_FLAGS = {
    **{"s": "silent", "S": "show-error", "f": "fail", "L": "location", "k": "insecure", "v": "verbose", "I": "head"},
    **{"i": "include", "g": "globoff", "O": "remote-name", "J": "remote-header-name", "4": "ipv4", "6": "ipv6"},
    **{"N": "no-buffer", "#": "progress-bar", "j": "junk-session-cookies", "G": "get", "1": "tlsv1"},
}
_VALUES = {
    **{"o": "output", "m": "max-time", "H": "header", "X": "request", "d": "data", "u": "user", "A": "user-agent"},
    **{"e": "referer", "w": "write-out", "E": "cert", "x": "proxy", "K": "config", "b": "cookie", "c": "cookie-jar"},
    **{"T": "upload-file", "r": "range", "y": "speed-time", "Y": "speed-limit"},
}
_LONG_FLAGS = {
    *_FLAGS.values(),
    *("fail-with-body", "compressed", "retry-connrefused", "retry-all-errors", "create-dirs", "http1.1", "http2"),
    *(
        "tlsv1.2",
        "tlsv1.3",
        "no-progress-meter",
        "disable",
        "location-trusted",
        "path-as-is",
        "tcp-nodelay",
        "fail-early",
    ),
}
_LONG_VALUES = {
    *_VALUES.values(),
    *("connect-timeout", "retry", "retry-delay", "retry-max-time", "data-binary", "data-raw", "data-urlencode", "json"),
    *("cacert", "capath", "key", "proto", "proto-default", "proto-redir", "noproxy", "resolve", "url", "interface"),
    *("connect-to", "limit-rate", "max-redirs", "output-dir", "tls-max", "ciphers", "pass", "cert-type", "key-type"),
}


class CurlError(Exception):
    """curl ends with a status of its own."""

    def __init__(self, code: int, text: str) -> None:
        super().__init__(f"curl: ({code}) {text}")
        self.code = code
        self.quiet = False
        """Whether nothing is said about it."""
        self.out = b""
        """What was written before."""


@dataclass
class Request:
    """What one call of curl asks for."""

    urls: list[str] = field(default_factory=list)
    flags: set[str] = field(default_factory=set)
    values: dict[str, list[str]] = field(default_factory=dict)

    def one(self, name: str, default: str = "") -> str:
        """Return an option's last value."""
        return self.values.get(name, [default])[-1]

    def seconds(self, name: str, default: float) -> float:
        """Return an option as seconds.

        Raises:
            CurlError: it is no number.
        """
        try:
            return float(self.one(name, str(default)))
        except ValueError:
            raise CurlError(2, f"option --{name}: expected a proper numerical parameter") from None

    @property
    def headers(self) -> dict[str, str]:
        """Return the headers to send."""
        pairs = (text.partition(":") for text in self.values.get("header", []))
        return {name.strip(): value.strip() for name, _, value in pairs}


def parse(words: Sequence[str], read: Mapping[str, str] | None = None) -> Request:
    """Return what a command line asks for.

    Args:
        words: without the command itself.
        read: text of the files that `--config` may name.

    Raises:
        CurlError: an option is not known, or lacks its value; 2, as curl says it.
    """
    request, todo = Request(), list(words)
    while todo:
        word = todo.pop(0)
        if word.startswith("--") and len(word) > 2:
            _long(request, word[2:], todo)
        elif word.startswith("-") and len(word) > 1:
            _short(request, word[1:], todo)
        else:
            request.urls.append(word)
    request.urls += request.values.pop("url", [])
    for name in request.values.pop("config", []):
        more = parse(_config_words((read or {}).get(name, "")))
        request.urls += more.urls
        request.flags |= more.flags
        for key, values in more.values.items():
            request.values.setdefault(key, []).extend(values)
    return request


def _long(request: Request, name: str, todo: list[str]) -> None:
    if name in _LONG_VALUES:
        if not todo:
            raise CurlError(2, f"option --{name}: requires parameter")
        request.values.setdefault(name, []).append(todo.pop(0))
    elif name in _LONG_FLAGS:
        request.flags.add(name)
    elif name.startswith("no-") and name[3:] in _LONG_FLAGS:
        request.flags.discard(name[3:])
    else:
        raise CurlError(2, f"option --{name}: is unknown")


def _short(request: Request, letters: str, todo: list[str]) -> None:
    while letters:
        letter, letters = letters[0], letters[1:]
        if letter in _FLAGS:
            request.flags.add(_FLAGS[letter])
        elif letter in _VALUES:
            if not letters and not todo:
                raise CurlError(2, f"option -{letter}: requires parameter")
            request.values.setdefault(_VALUES[letter], []).append(letters or todo.pop(0))
            return
        else:
            raise CurlError(2, f"option -{letter}: is unknown")


_OPTION = re.compile(r"-{0,2}([A-Za-z0-9.-]+)(?:\s*[=:]\s*|\s+|$)(.*)")


def _config_words(text: str) -> list[str]:
    """Return the lines of a file for `--config` as words."""
    words: list[str] = []
    for line in map(str.strip, text.splitlines()):
        found = _OPTION.fullmatch(line)
        if line.startswith("#") or not found:
            continue
        name, value = found[1], found[2]
        words.append(f"-{name}" if len(name) == 1 else f"--{name}")
        if value:
            words += shlex.split(value)[:1]
    return words


@dataclass(frozen=True)
class Response:
    """What a server said."""

    status: int
    headers: Mapping[str, str]
    body: bytes


async def http(
    address: tuple[str, int],
    request: Request,
    url: urllib.parse.SplitResult,
    tls: ssl.SSLContext | None,
    seconds: float,
) -> Response:
    """Ask a real server at an address of this machine.

    Raises:
        CurlError: with the status that curl has for what went wrong.
    """
    try:
        async with asyncio.timeout(seconds):
            return await _ask(address, request, url, tls)
    except TimeoutError:
        raise CurlError(28, f"Operation timed out after {seconds * 1000:.0f} milliseconds") from None
    except ssl.SSLCertVerificationError as error:
        raise CurlError(60, f"SSL certificate problem: {error.verify_message}") from None
    except ssl.SSLError as error:
        raise CurlError(35, f"OpenSSL: {error.reason}") from None
    except asyncio.IncompleteReadError:
        raise CurlError(52, "Empty reply from server") from None
    except OSError as error:
        raise CurlError(7, f"Failed to connect to {url.hostname}: {error.strerror or error}") from None


async def _ask(
    address: tuple[str, int], request: Request, url: urllib.parse.SplitResult, tls: ssl.SSLContext | None
) -> Response:
    name = url.hostname if tls else None
    reader, writer = await asyncio.open_connection(*address, ssl=tls, server_hostname=name)
    try:
        data = request.one("data-binary") or request.one("data-raw") or request.one("data")
        method = request.one("request") or ("HEAD" if "head" in request.flags else "POST" if data else "GET")
        target = urllib.parse.urlunsplit(("", "", url.path or "/", url.query, ""))
        headers = {
            "Host": url.netloc.rpartition("@")[2],
            "User-Agent": "curl/8.5.0",
            "Accept": "*/*",
            **request.headers,
        }
        headers |= {"Connection": "close"} | ({"Content-Length": str(len(data.encode()))} if data else {})
        lines = [f"{method} {target} HTTP/1.1", *(f"{key}: {value}" for key, value in headers.items()), "", ""]
        writer.write("\r\n".join(lines).encode() + data.encode())
        await writer.drain()
        head = await reader.readuntil(b"\r\n\r\n")
        first, *rest = head.decode("latin-1").strip().split("\r\n")
        answered = {key.strip().lower(): value.strip() for key, _, value in (line.partition(":") for line in rest)}
        body = b"" if method == "HEAD" else await _body(reader, answered)
        return Response(int(first.split(" ")[1]), answered, body)
    finally:
        writer.transport.abort()


async def _body(reader: asyncio.StreamReader, headers: Mapping[str, str]) -> bytes:
    if headers.get("transfer-encoding", "").lower() == "chunked":
        body = b""
        while size := int((await reader.readline()).split(b";")[0], 16):
            body += await reader.readexactly(size)
            await reader.readline()
        return body
    if "content-length" in headers:
        return await reader.readexactly(int(headers["content-length"]))
    return await reader.read()
