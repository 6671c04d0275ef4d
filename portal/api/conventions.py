"""What all API resources share: key authentication, permissions by role, cursor paging, problem+json."""

import hashlib
from collections.abc import Sequence
from typing import Any

from django.db import connection
from django.db.models import QuerySet
from rest_framework import exceptions, status
from rest_framework.authentication import BaseAuthentication
from rest_framework.pagination import CursorPagination
from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView, exception_handler

from integrations.kinds import Role
from integrations.models import in_tenant
from portal.accounts.models import ApiKey
from portal.accounts.roles import Permission, allows

_KEY_PREFIX = "cck_"


def hash_key(key: str) -> bytes:
    """Return what is stored of a key. Keys are 240 random bits, so a plain SHA-256 suffices."""
    return hashlib.sha256(key.encode()).digest()


class ApiKeyUser:
    """The program behind a key, in the shape DRF expects of a user."""

    is_authenticated = True

    def __init__(self, key: ApiKey) -> None:
        self.key = key
        self.role = Role(key.role)
        self.tenant_id: int = key.tenant_id

    @property
    def label(self) -> str:
        return f"API key {self.key.name}"


class ApiKeyAuthentication(BaseAuthentication):
    """``Authorization: Bearer cck_...``."""

    def authenticate(self, request: Request) -> tuple[ApiKeyUser, ApiKey] | None:
        scheme, _, key = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "bearer":
            return None
        if not key.startswith(_KEY_PREFIX):
            raise exceptions.AuthenticationFailed("This is not a Clarity Connect key.")
        with connection.cursor() as cursor:
            cursor.execute("SELECT tenant_id, api_key_id FROM connect_find_api_key(%s)", [hash_key(key)])
            found = cursor.fetchone()
        if found is None:
            raise exceptions.AuthenticationFailed("The key is unknown or revoked.")
        with in_tenant(found[0]):
            return ApiKeyUser(ApiKey.objects.get(pk=found[1])), None  # type: ignore[return-value]

    def authenticate_header(self, request: Request) -> str:
        return "Bearer"


class RolePermission(BasePermission):
    """Base: the key's role must hold ``needed``."""

    needed = Permission.VIEW

    def has_permission(self, request: Request, view: APIView) -> bool:
        user = request.user
        return isinstance(user, ApiKeyUser) and allows(user.role, self.needed)


class MayView(RolePermission):
    needed = Permission.VIEW


class MayOperate(RolePermission):
    needed = Permission.OPERATE


class NewestFirst(CursorPagination):
    """Cursor paging by id, newest first; ``limit`` up to 200."""

    ordering = "-id"
    page_size = 50
    page_size_query_param = "limit"
    max_page_size = 200

    def paginate_queryset(
        self, queryset: QuerySet[Any], request: Request, view: APIView | None = None
    ) -> list[Any] | None:
        return super().paginate_queryset(queryset, request, view)


class TenantScope:
    """Mixin of every resource: the whole request runs in the key's tenant, foreign ids are 404."""

    def dispatch(self, request: Any, *args: Any, **kwargs: Any) -> Any:
        return super().dispatch(request, *args, **kwargs)  # type: ignore[misc]


def problem_json(error: Exception, context: dict[str, Any]) -> Response | None:
    """Answer errors as RFC 9457 problem details with the fields that were wrong."""
    response = exception_handler(error, context)
    if response is None:
        return None
    body: dict[str, Any] = {"type": "about:blank", "status": response.status_code}
    if isinstance(error, exceptions.ValidationError):
        body["title"] = "Some fields are not right"
        body["errors"] = response.data
    else:
        detail = response.data.get("detail") if isinstance(response.data, dict) else response.data
        body["title"] = str(detail)
    response.data = body
    response.content_type = "application/problem+json"
    return response


UNAUTHORIZED: Sequence[int] = (status.HTTP_401_UNAUTHORIZED,)
