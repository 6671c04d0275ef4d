"""The base of every API resource: access, one tenant's transaction, idempotency and errors in one place."""

from collections.abc import Mapping
from contextlib import nullcontext
from functools import partial
from typing import Any

from rest_framework import exceptions
from rest_framework.response import Response
from rest_framework.viewsets import GenericViewSet

from integrations.models import in_tenant
from integrations.operations.audit import Actor
from portal.api.conventions import ApiKeyUser, MayView, NewestFirst, RolePermission
from portal.api.repeats import serve_once
from portal.api.schema import ResourceSchema
from portal.api.throttle import KeyThrottle


class Resource(GenericViewSet[Any]):
    """Base of every resource: the whole request runs in the key's tenant, in one short transaction.

    Foreign ids are 404, for in this transaction no other tenant's rows exist. Actions named in
    ``speaks_to_remotes`` run outside a transaction and open their own.
    """

    schema = ResourceSchema()
    throttle_classes = [KeyThrottle]
    pagination_class = NewestFirst
    metadata_class = None
    lookup_value_regex = "[0-9]{1,18}"
    speaks_to_remotes: frozenset[str] = frozenset()
    permissions_of: Mapping[str, type[RolePermission]] = {}
    """Action -> what the key's role must hold; actions not named here need ``view``."""

    def get_permissions(self) -> list[Any]:
        return [self.permissions_of.get(self.action or "", MayView)()]

    @property
    def caller(self) -> ApiKeyUser:
        """The program that asks; authentication has let it in."""
        user = self.request.user
        if not isinstance(user, ApiKeyUser):
            raise exceptions.NotAuthenticated
        return user

    @property
    def actor(self) -> Actor:
        """Who the audit log names."""
        return Actor(f"API key {self.caller.name}", self.request.META.get("REMOTE_ADDR") or None)

    def dispatch(self, request: Any, *args: Any, **kwargs: Any) -> Any:
        """Do what DRF's dispatch does, with the handler inside the tenant's transaction.

        An error leaves the transaction before it is answered, so nothing half done is committed.
        """
        self.args, self.kwargs = args, kwargs
        self.request = self.initialize_request(request, *args, **kwargs)
        self.headers = self.default_response_headers
        try:
            self.initial(self.request, *args, **kwargs)
            response = self._served()
        except Exception as error:  # noqa: BLE001  every error becomes one answer, see problem_json
            response = self.handle_exception(error)
        self.response = self.finalize_response(self.request, response, *args, **kwargs)
        return self.response

    def _served(self) -> Response:
        method = (self.request.method or "").lower()
        is_known = method in self.http_method_names
        handler = getattr(self, method, None) if is_known else None
        handler = handler or self.http_method_not_allowed
        serve = partial(handler, self.request, *self.args, **self.kwargs)
        tenant_id = self.caller.tenant_id
        with nullcontext() if self.action in self.speaks_to_remotes else in_tenant(tenant_id):
            return serve_once(self.request, tenant_id, serve)
