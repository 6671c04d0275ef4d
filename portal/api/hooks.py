"""``POST /hooks/<connection token>``: the inbox's door. A 2xx means committed, never less.

A WSGI application of its own, in front of Django's: a 202 needs no session, middleware or signal, and those would
cost more than the intake itself. ``portal.wsgi`` wraps the portal in it.
"""

import json
import logging
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from django.conf import settings

from integrations.connectors.errors import BadSignature
from integrations.operations.inbox import UnknownHook, receive_hook

log = logging.getLogger("connect.hooks")
_PREFIX = "/hooks/"

Environ = Mapping[str, Any]
Application = Callable[..., Iterable[bytes]]
"""A WSGI application: ``application(environ, start_response)``, PEP 3333."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a sender is told."""

    status: int
    body: bytes
    content_type: str = "application/json"
    allow: str = ""


def hooks_first(application: Application) -> Application:
    """Return an application that serves ``/hooks/...`` and hands everything else on."""

    def serve(environ: Environ, start_response: Callable[..., Any]) -> Iterable[bytes]:
        path: str = environ["PATH_INFO"]
        if not path.startswith(_PREFIX):
            return application(environ, start_response)
        try:
            answer = receive(environ, path[len(_PREFIX) :].strip("/"))
        except Exception:
            # The sender repeats it later: nothing was acknowledged.
            log.exception("hook failed")
            answer = _problem(500, "The delivery could not be stored; send it again")
        headers = [("Content-Type", answer.content_type), ("Content-Length", str(len(answer.body)))]
        if answer.allow:
            headers.append(("Allow", answer.allow))
        start_response(f"{answer.status} {HTTPStatus(answer.status).phrase}", headers)
        return [answer.body]

    return serve


def receive(environ: Environ, token: str) -> Answer:
    """Answer 202 for a new change, 200 for one seen before, 401 unsigned or stale, 403, 404, 405, 413."""
    if environ["REQUEST_METHOD"] != "POST":
        return Answer(405, b"", allow="POST")
    if settings.SECURE_SSL_REDIRECT and not _is_secure(environ):
        return _problem(403, "Webhooks are taken over https only")
    try:
        announced = int(environ.get("CONTENT_LENGTH") or 0)
    except ValueError:
        return _problem(400, "Content-Length is not a number")
    limit = settings.HOOK_MAX_BYTES
    body = b"" if announced > limit else environ["wsgi.input"].read(announced or limit + 1)
    if announced > limit or len(body) > limit:
        return _problem(413, f"A webhook body may have {limit} bytes")
    if len(body) < announced:
        return _problem(400, "The body is shorter than its Content-Length")
    try:
        received = receive_hook(token, _headers(environ), body, address=environ.get("REMOTE_ADDR") or None)
    except UnknownHook:
        return _problem(404, "No connection has this address")
    except BadSignature as refusal:
        log.info("hook refused reason=%s", refusal.reason)
        return _problem(401, refusal.message)
    is_new = b"true" if received.is_new else b"false"
    return Answer(202 if received.is_new else 200, b'{"event": %d, "new": %s}' % (received.event_id, is_new))


def _headers(environ: Environ) -> dict[str, str]:
    """Return the request's headers, names in lower case with dashes."""
    headers = {
        name[5:].replace("_", "-").lower(): value
        for name, value in environ.items()
        if name.startswith("HTTP_")
    }
    headers["content-type"] = environ.get("CONTENT_TYPE", "")
    return headers


def _is_secure(environ: Environ) -> bool:
    if settings.SECURE_PROXY_SSL_HEADER:
        name, value = settings.SECURE_PROXY_SSL_HEADER
        return bool(environ.get(name, "").split(",")[0].strip() == value)
    return bool(environ.get("wsgi.url_scheme") == "https")


def _problem(status: int, title: str) -> Answer:
    body = {"type": "about:blank", "title": title, "status": status}
    return Answer(status, json.dumps(body).encode(), "application/problem+json")
