"""The OpenAPI description: how keys and errors appear in it, and the address it is read from.

The committed ``schema.yaml`` is what is served; ``./connect check`` proves that it matches the code, so that
no visitor makes a process describe itself again.
"""

from functools import cache
from pathlib import Path
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse

from portal.api.conventions import PROBLEM_JSON
from portal.api.fields import Problem
from portal.api.repeats import HEADER

FILE = Path(__file__).with_name("schema.yaml")
_ERRORS = {
    "400": "Some fields are not right; `errors` names them.",
    "401": "No key, or one that is unknown or revoked.",
    "403": "The role of the key does not allow this.",
    "404": "There is no such row in this tenant.",
    "409": "The run or job does not stand where this can be done, or somebody else was faster.",
    "422": "The idempotency key was used for another request.",
    "429": "Too many requests; `Retry-After` says how many seconds to wait.",
}


class KeyScheme(OpenApiAuthenticationExtension):
    """Describes ``Authorization: Bearer cck_...``; found by drf-spectacular through its base class."""

    target_class = "portal.api.conventions.ApiKeyAuthentication"
    name = "apiKey"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        return {"type": "http", "scheme": "bearer", "description": "An API key of one tenant: `cck_...`"}


class ResourceSchema(AutoSchema):
    """Adds to each operation the errors it may answer, and to each POST the idempotency key."""

    def get_override_parameters(self) -> list[Any]:
        parameters = list(super().get_override_parameters())
        if self.method == "POST":
            parameters.append(
                OpenApiParameter(
                    HEADER,
                    OpenApiTypes.STR,
                    OpenApiParameter.HEADER,
                    description="Up to 200 characters; a repeat within 24 hours gets the first answer.",
                )
            )
        return parameters

    def get_operation_id(self) -> str:
        return f"{self.get_tags()[0]}_{'update' if self._action == 'partial_update' else self._action}"

    def _get_response_bodies(self, direction: Any = "response") -> Any:
        bodies = super()._get_response_bodies(direction)
        for code, words in _ERRORS.items():
            if self._may_answer(code):
                response = OpenApiResponse(Problem, description=words)
                bodies[code] = self._get_response_for_code(response, code, media_types=[PROBLEM_JSON])
        return bodies

    @property
    def _action(self) -> str:
        resource: Any = self.view
        return str(resource.action)

    def _may_answer(self, code: str) -> bool:
        """Return whether this operation can end so; codes not named here every one can."""
        possible = {
            "400": self.method != "GET" or self._is_list_view(),
            "404": "{id}" in self.path or self._is_list_view(),
            "409": self._action in ("retry", "skip", "edit", "record", "cancel", "plan_edit"),
            "422": self.method == "POST",
        }
        return possible.get(code, True)


@cache
def _file() -> bytes:
    return FILE.read_bytes()


@require_safe
def schema(request: HttpRequest) -> HttpResponse:
    """Answer the OpenAPI 3 description as YAML."""
    return HttpResponse(_file(), content_type="application/vnd.oai.openapi; charset=utf-8")
