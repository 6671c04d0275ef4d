"""Answers webhooks before sessions, CSRF and the rest of the stack: a 202 needs none of it."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

from portal.api.hooks import receive

_PREFIX = "/hooks/"


class HooksFirstMiddleware:
    """Hands ``POST /hooks/<connection token>`` to the inbox; everything else passes."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.path_info.startswith(_PREFIX):
            return receive(request, request.path_info[len(_PREFIX) :].strip("/"))
        return self.get_response(request)
