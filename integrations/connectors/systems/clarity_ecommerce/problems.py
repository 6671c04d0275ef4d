"""Turns a 4xx of the contract into the class that names the remedy. Branches on status and ``type``, never on text.

Used by ``client``.
"""

from collections.abc import Mapping
from typing import Any

import msgspec

from integrations.connectors.errors import (
    AuthFailed,
    Duplicate,
    FieldProblem,
    Misconfigured,
    NotFound,
    Rejected,
    Transient,
    UnexpectedResponse,
)
from integrations.connectors.transports.http import HttpAnswer


class Stale(Rejected):
    """The record changed between our reading and our write (412): read again and decide again, once."""


def refuse(answer: HttpAnswer, path: str, sent: Mapping[str, Any]) -> None:
    """Raise the class that fits a 4xx; return for 2xx. ``sent`` is the body, to name refused values."""
    if answer.status < 400:
        return
    problem = _problem(answer)
    detail = str(problem.get("detail") or problem.get("title") or f"error {answer.status}")[:500]
    context = {"detail": f"HTTP {answer.status}: {detail}", "request_id": answer.request_id}
    if answer.is_html and answer.status in (403, 404, 405):
        # The API answers in JSON: a page comes from a firewall, or from another program at this address.
        raise Misconfigured(
            "A web page answers instead of the API; check the site address", missing="base_url", **context
        )
    match answer.status:
        case 401:
            raise AuthFailed("The site refuses a token that it just gave", field="client_id", **context)
        case 403:
            scope = ", ".join(_named(problem).get("scope", ())) or "a scope"
            raise Misconfigured(f"The API client lacks {scope}", missing=scope, **context)
        case 404 if _is_collection(path):
            raise Misconfigured(f"This site has no {path}: is it API v1?", missing="base_url", **context)
        case 404:
            raise NotFound(f"The site has no {path}", **context)
        case 405:
            raise Misconfigured("This site does not offer the call", missing=path, **context)
        case 409:
            _refuse_conflict(answer, problem, detail, context)
        case 412:
            raise Stale(
                "The record changed while it was written",
                detail=context["detail"],
                request_id=context["request_id"],
            )
        case 400 | 413 | 422 if answer.is_write:
            raise Rejected(
                f"The site says: {detail}", problems=_field_problems(problem, sent, detail), **context
            )
    raise UnexpectedResponse(f"The site answered with error {answer.status}", **context)


def _refuse_conflict(
    answer: HttpAnswer, problem: Mapping[str, Any], detail: str, context: Mapping[str, str]
) -> None:
    word = str(problem.get("type", "")).rpartition("/")[2]
    if word == "in-progress":
        raise Transient("The same write is still being served", **context)
    if word in ("duplicate", "idempotency-mismatch"):
        raise Duplicate(f"The site says: {detail}", code=word, **context)
    # illegal-transition, and whatever conflict a later version adds: a person decides.
    raise Rejected(
        f"The site says: {detail}",
        problems=(FieldProblem("status", "", detail),),
        code=word or str(answer.status),
        **context,
    )


def _is_collection(path: str) -> bool:
    return "/" not in path.strip("/") or path.strip("/") == "inventory/bulk"


def _problem(answer: HttpAnswer) -> dict[str, Any]:
    """Return the problem+json body; {} for a page or anything unreadable."""
    try:
        given = msgspec.json.decode(answer.body)
    except (msgspec.DecodeError, RecursionError):
        return {}
    return given if isinstance(given, dict) else {}


def _named(problem: Mapping[str, Any]) -> dict[str, list[str]]:
    """Return field -> messages, whatever shape a site gives them."""
    given = problem.get("errors")
    if not isinstance(given, dict):
        return {}
    return {
        str(name): [str(each) for each in (rules if isinstance(rules, list) else [rules])]
        for name, rules in given.items()
    }


def _field_problems(
    problem: Mapping[str, Any], sent: Mapping[str, Any], detail: str
) -> tuple[FieldProblem, ...]:
    named = _named(problem)
    if not named:
        return (FieldProblem("", "", detail),)
    return tuple(
        FieldProblem(name, _shown(sent.get(name)), "; ".join(rules)[:300]) for name, rules in named.items()
    )


def _shown(value: object) -> str:
    return "" if value is None or isinstance(value, dict | list) else str(value)[:120]
