"""One way to ask a cloud: many requests side by side, and a failure is a remark, not an end."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from openstack.connection import Connection

AT_ONCE = 16
"""Requests at a time."""


class Unread(Exception):
    """A part that could not be read, with the reason in plain words."""


class Reader:
    """Reads parts of a cloud; what fails is noted instead of raised."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.unreadable: dict[str, str] = {}

    def get(self, service: str, path: str, **given: Any) -> Any:
        """Return a JSON answer.

        Raises:
            Unread: anything else came.
        """
        answer = self._ask("get", service, path, **given)
        try:
            return answer.json()
        except ValueError:
            raise Unread("no JSON came back") from None

    def head(self, service: str, path: str, **given: Any) -> Mapping[str, str]:
        """Return the headers of an answer.

        Raises:
            Unread: it is not there, or anything else came.
        """
        found: Mapping[str, str] = self._ask("head", service, path, **given).headers
        return found

    def _ask(self, method: str, service: str, path: str, **given: Any) -> Any:
        from keystoneauth1.exceptions import ClientException
        from openstack.exceptions import SDKException

        try:
            proxy: Any = getattr(self.connection, service)
            answer = getattr(proxy, method)(path, **given)
        except (ClientException, SDKException, OSError) as error:
            raise Unread(type(error).__name__) from None
        if answer.status_code >= 300:
            raise Unread(f"HTTP {answer.status_code}")
        return answer

    def pages(self, service: str, path: str, key: str, **given: Any) -> list[dict[str, Any]]:
        """Return a whole list, page after page."""
        found: list[dict[str, Any]] = []
        address: str | None = path
        while address:
            answer = self.get(service, address, **given)
            found += answer.get(key) or []
            links = answer.get(f"{key}_links") or []
            following = answer.get("next") or next((one["href"] for one in links if one.get("rel") == "next"), None)
            address = following if following != address else None
        return found

    def all(self, parts: Mapping[str, Callable[[Reader], Any]]) -> dict[str, Any]:
        """Return what each part found, all read side by side; what failed is left out and noted."""

        def one(item: tuple[str, Callable[[Reader], Any]]) -> tuple[str, Any]:
            name, read = item
            try:
                return name, read(self)
            except Unread as error:
                self.unreadable[name] = str(error)
            except (KeyError, TypeError, ValueError, AttributeError):
                self.unreadable[name] = "the answer has another form than it should"
            return name, None

        with ThreadPoolExecutor(AT_ONCE) as pool:
            return {name: found for name, found in pool.map(one, parts.items()) if found is not None}
