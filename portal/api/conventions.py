"""What all API resources share: keys, permissions by role, paging, problem+json. Used by ``resource`` and settings.

Django's settings name classes of this module and DRF loads them while its own ``views`` is half imported, so
nothing here may import ``rest_framework.views`` at the top.
"""

import logging
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from rest_framework import exceptions, status
from rest_framework.authentication import BaseAuthentication
from rest_framework.pagination import Cursor, CursorPagination
from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.response import Response

from integrations.kinds import Role
from portal.accounts.keys import PREFIX, recognise_key
from portal.accounts.models import ApiKey
from portal.accounts.roles import Permission, allows

if TYPE_CHECKING:
    from rest_framework.views import APIView

PROBLEM_JSON = "application/problem+json"
log = logging.getLogger("connect.api")


class ApiKeyUser:
    """The program behind a key, in the shape DRF expects of a user."""

    is_authenticated = True

    def __init__(self, key: ApiKey) -> None:
        self.key_id: int = key.pk
        self.name = key.name
        self.role = Role(key.role)
        self.tenant_id: int = key.tenant_id


class ApiKeyAuthentication(BaseAuthentication):
    """``Authorization: Bearer cck_...``."""

    def authenticate(self, request: Request) -> tuple[ApiKeyUser, None] | None:
        scheme, _, secret = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "bearer":
            return None
        secret = secret.strip()
        key = recognise_key(secret) if secret.startswith(PREFIX) else None
        if key is None:
            raise exceptions.AuthenticationFailed("The key is unknown or revoked.")
        return ApiKeyUser(key), None

    def authenticate_header(self, request: Request) -> str:
        return "Bearer"


class RolePermission(BasePermission):
    """Base: the key's role must hold ``needed``."""

    needed: Permission

    def has_permission(self, request: Request, view: "APIView") -> bool:
        user = request.user
        return isinstance(user, ApiKeyUser) and allows(user.role, self.needed)


class MayView(RolePermission):
    needed = Permission.VIEW
    message = "The role of this key may not read this."


class MayOperate(RolePermission):
    needed = Permission.OPERATE
    message = "The role of this key may not retry, skip, pause or resume."


class MayBuild(RolePermission):
    needed = Permission.BUILD
    message = "The role of this key may not change connections and pairs."


class NewestFirst(CursorPagination):
    """Cursor paging by id, newest first; ``limit`` up to 200."""

    ordering = "-id"
    page_size = 50
    page_size_query_param = "limit"
    page_size_query_description = "Rows per page, 1 to 200."
    max_page_size = 200
    cursor_query_description = "Position of the page; follow `next` and `previous` instead of making one."

    def decode_cursor(self, request: Request) -> Cursor | None:
        """Refuse a position that is no id: as a number it would fail in the database."""
        cursor: Cursor | None = super().decode_cursor(request)
        if cursor is not None and cursor.position is not None and not str(cursor.position).isdecimal():
            raise exceptions.NotFound(self.invalid_cursor_message)
        return cursor


def problem_json(error: Exception, context: dict[str, Any]) -> Response:
    """Answer errors as problem details (RFC 9457) with the fields that were wrong.

    An error nobody foresaw is logged with its trace and answered 500 without a word of it.
    """
    from rest_framework.views import exception_handler

    response = exception_handler(error, context)
    if response is None:
        log.error("request failed", exc_info=error)
        response = Response(
            {"detail": "This failed on our side; it is logged."}, status.HTTP_500_INTERNAL_SERVER_ERROR
        )
    body: dict[str, Any] = {"type": "about:blank", "status": response.status_code}
    if isinstance(error, exceptions.ValidationError):
        body["title"] = "Some fields are not right."
        body["errors"] = list(_named_problems(response.data))
    else:
        body["title"] = str(response.data["detail"])
    response.data = body
    response.content_type = PROBLEM_JSON
    return response


def _named_problems(problems: Any, path: str = "") -> Iterator[dict[str, str]]:
    """Yield each refused field as ``settings.shop_url`` with its reason; "" names the request as a whole."""
    if isinstance(problems, Mapping):
        for name, inner in problems.items():
            whole = name in ("non_field_errors", "detail")
            yield from _named_problems(inner, path if whole else f"{path}.{name}".lstrip("."))
    elif isinstance(problems, list):
        for inner in problems:
            yield from _named_problems(inner, path)
    else:
        yield {"field": path, "message": str(problems)}
