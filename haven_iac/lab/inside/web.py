"""WSGI: a plain server for services without one, and the layer in which faults strike."""

import contextlib
import io
import json
import os
import threading
import time
from http import HTTPStatus

from . import faults
from .place import FAULTS, HOST, RUN

current = threading.local()
"""What the request of this thread is about: `user`, for a login; None for anything else."""


def serve(app, service, port, threads=10):
    """Serve an application until the process ends."""
    from cheroot import wsgi

    server = wsgi.Server(
        (HOST, port),
        Faulty(app, service),
        numthreads=threads,
        max=40,
        timeout=120,
        request_queue_size=128,
        accepted_queue_timeout=30,
    )
    server.safe_start()


def through_paste(service):
    """Put the layer around every application that paste.deploy loads from now on."""
    from paste import deploy

    load = deploy.loadapp

    def loadapp(*args, **kwargs):
        return Faulty(load(*args, **kwargs), service)

    deploy.loadapp = loadapp


def note(service, environ):
    """Write down that a service was asked something, and by whom."""
    client = environ.get("HTTP_USER_AGENT", "").split("/")[0].split(" ")[0] or "-"
    path = environ.get("SCRIPT_NAME", "") + environ.get("PATH_INFO", "")
    fields = (f"{time.time():.3f}", service, client, environ["REQUEST_METHOD"], path)
    line = "\t".join(field.replace("\t", " ").replace("\n", " ") for field in fields)
    with open(os.path.join(RUN, "requests"), "a", encoding="utf-8") as file:
        file.write(line + "\n")


class Faulty:
    """An application to which faults happen."""

    def __init__(self, app, service):
        self._app, self._service = app, service

    def __call__(self, environ, start_response):
        """Answer with an error when a fault strikes, else as the application does."""
        current.user = None
        note(self._service, environ)
        if FAULTS.all():
            facts = self._facts(environ)
            current.user = facts.pop("user")
            struck = FAULTS.strike("http:" + self._service, **facts)
            if struck and struck.kind == "slow":
                time.sleep(float(struck.parameters["seconds"]))
            elif struck:
                status, body = faults.answer(self._service, struck)
                data = json.dumps(body).encode()
                headers = [("Content-Type", "application/json"), ("Content-Length", str(len(data)))]
                start_response(f"{status} {HTTPStatus(status).phrase}", headers)
                return [data]
        return self._app(environ, start_response)

    def _facts(self, environ):
        """Read what the request is about; the application can still read its body."""
        method, path = environ["REQUEST_METHOD"], environ.get("SCRIPT_NAME", "") + environ.get("PATH_INFO", "")
        body = {}
        if method in ("POST", "PUT", "PATCH") and "json" in environ.get("CONTENT_TYPE", ""):
            data = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
            environ["wsgi.input"] = io.BytesIO(data)
            with contextlib.suppress(ValueError):
                body = json.loads(data)
        parts = [one for one in body.values() if isinstance(one, dict)] if isinstance(body, dict) else []
        # A server comes beside hints for the scheduler, in any order.
        name = next((str(one["name"]) for one in parts if "name" in one), "")
        user = None
        if parts and self._service == "keystone" and method == "POST" and path.endswith("/auth/tokens"):
            user = parts[0].get("identity", {}).get("password", {}).get("user", {}).get("name", "")
        return {"method": method, "path": path, "name": name, "service": self._service, "user": user}
