"""``POST /hooks/<connection token>``: the inbox's door. A 2xx means committed, never less."""

import logging

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse

from integrations.connectors.errors import BadSignature
from integrations.operations.inbox import UnknownHook, receive_hook

log = logging.getLogger("connect.hooks")


def receive(request: HttpRequest, token: str) -> HttpResponse:
    """Answer 202 for a new change, 200 for one seen before, 401 unsigned or stale, 404, 405, 413."""
    if request.method != "POST":
        return HttpResponse(status=405, headers={"Allow": "POST"})
    try:
        announced = int(request.headers.get("Content-Length") or 0)
    except ValueError:
        return _problem(400, "Content-Length is not a number")
    if announced > settings.HOOK_MAX_BYTES:
        return _problem(413, f"A webhook body may have {settings.HOOK_MAX_BYTES} bytes")
    body = request.read(settings.HOOK_MAX_BYTES + 1)
    if len(body) > settings.HOOK_MAX_BYTES:
        return _problem(413, f"A webhook body may have {settings.HOOK_MAX_BYTES} bytes")
    headers = {name.lower(): value for name, value in request.headers.items()}
    try:
        received = receive_hook(token, headers, body, address=request.META.get("REMOTE_ADDR") or None)
    except UnknownHook:
        return _problem(404, "No connection has this address")
    except BadSignature as refusal:
        log.info("hook refused reason=%s", refusal.reason)
        return _problem(401, refusal.message)
    return JsonResponse(
        {"event": received.event_id, "new": received.is_new}, status=202 if received.is_new else 200
    )


def _problem(status: int, title: str) -> JsonResponse:
    return JsonResponse(
        {"type": "about:blank", "title": title, "status": status},
        status=status,
        content_type="application/problem+json",
    )
