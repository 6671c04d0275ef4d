"""Refusals as the contract writes them: application/problem+json, told apart by ``type``."""

from integrations.sandbox.core.messages import Response

_TITLES = {
    400: "Bad request",
    401: "Unauthorized",
    403: "Forbidden",
    404: "Not found",
    405: "Method not allowed",
    409: "Conflict",
    412: "Precondition failed",
    422: "Validation failed",
    429: "Too many requests",
}
_TYPES = "https://clarity.example/problems/"


class Refused(Exception):
    """A call that is answered with a problem; ``errors`` maps fields to what is wrong with them."""

    def __init__(
        self, status: int, kind: str, detail: str, errors: dict[str, list[str]] | None = None
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.kind = kind
        self.detail = detail
        self.errors = errors or {}

    def answer(self, trace_id: str) -> Response:
        body = {
            "type": _TYPES + self.kind,
            "title": _TITLES.get(self.status, "Error"),
            "status": self.status,
            "detail": self.detail,
            "errors": self.errors,
            "traceId": trace_id,
        }
        response = Response.of_json(body, self.status)
        response.headers["Content-Type"] = "application/problem+json"
        return response


def invalid(errors: dict[str, list[str]]) -> Refused:
    return Refused(422, "validation", "One or more fields are invalid.", errors)


def not_found(what: str) -> Refused:
    return Refused(404, "not-found", f"{what} does not exist.")


def duplicate(detail: str, field: str) -> Refused:
    return Refused(409, "duplicate", detail, {field: ["is taken"]})


def illegal_move(detail: str) -> Refused:
    return Refused(409, "illegal-transition", detail)
