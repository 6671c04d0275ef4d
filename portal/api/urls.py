"""Addresses below ``/api/``: the resources of version 1, their description, and what orchestrators ask."""

from django.http import HttpRequest, JsonResponse
from django.urls import URLPattern, URLResolver, include, path
from rest_framework.routers import SimpleRouter

from portal.api.bulk_actions import BulkActionResource
from portal.api.connections import ConnectionResource
from portal.api.conventions import PROBLEM_JSON
from portal.api.events import EventResource
from portal.api.health import live, ready
from portal.api.holds import HoldResource
from portal.api.pairs import PairResource
from portal.api.runs import RunResource
from portal.api.schema import schema
from portal.api.sync_jobs import SyncJobResource

router = SimpleRouter(trailing_slash=False)
router.register("connections", ConnectionResource, basename="connection")
router.register("pairs", PairResource, basename="pair")
router.register("runs", RunResource, basename="run")
router.register("bulk-actions", BulkActionResource, basename="bulk-action")
router.register("holds", HoldResource, basename="hold")
router.register("events", EventResource, basename="event")
router.register("sync-jobs", SyncJobResource, basename="sync-job")


def nothing_here(request: HttpRequest, rest: str) -> JsonResponse:
    """Answer a program's wrong address in the form of all other errors."""
    return JsonResponse(
        {"type": "about:blank", "status": 404, "title": "Nothing is at this address."},
        status=404,
        content_type=PROBLEM_JSON,
    )


urlpatterns: list[URLPattern | URLResolver] = [
    path("v1/", include(router.urls)),
    path("schema", schema, name="schema"),
    path("health", live, name="health"),
    path("ready", ready, name="ready"),
    path("<path:rest>", nothing_here),
]
