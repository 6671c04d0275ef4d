"""``Idempotency-Key`` on POST: a repeat gets the first request's answer instead of a second effect."""

import hashlib
import json
from collections.abc import Callable

from rest_framework import exceptions, status
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from integrations.models import in_tenant
from integrations.operations import idempotency

HEADER = "Idempotency-Key"
REPLAYED_HEADER = "Idempotent-Replayed"
_LONGEST_KEY = 200


class KeyUsedOtherwise(exceptions.APIException):
    """The same idempotency key came with another method, address or body."""

    status_code = status.HTTP_422_UNPROCESSABLE_ENTITY
    default_detail = "This idempotency key was used for another request."


def serve_once(request: Request, tenant_id: int, serve: Callable[[], Response]) -> Response:
    """Serve a request, or give the answer it got within the last 24 hours.

    A request that fails keeps nothing. Inside the tenant's transaction, key, work and answer commit together;
    outside of one (calls to remote systems), two repeats at the same moment are both served.
    """
    key = request.headers.get(HEADER, "").strip() if request.method == "POST" else ""
    if not key:
        return serve()
    if len(key) > _LONGEST_KEY or not key.isascii() or not key.isprintable():
        raise exceptions.ValidationError({HEADER: [f"Up to {_LONGEST_KEY} printable ASCII characters."]})
    with in_tenant(tenant_id):
        try:
            earlier = idempotency.recall(key, _fingerprint(request))
        except idempotency.KeyReused as reuse:
            raise KeyUsedOtherwise from reuse
    if earlier is not None:
        return Response(earlier.body, status=earlier.status, headers={REPLAYED_HEADER: "true"})
    response = serve()
    with in_tenant(tenant_id):
        idempotency.remember(
            key, idempotency.Answer(response.status_code, json.loads(JSONRenderer().render(response.data)))
        )
    return response


def _fingerprint(request: Request) -> bytes:
    """Return what makes two requests the same: method, address and body, blanks and key order aside."""
    words = [request.method, request.get_full_path(), request.data]
    return hashlib.sha256(json.dumps(words, sort_keys=True, default=str).encode()).digest()
