"""What Acumatica's refusals mean. The only place of this connector that reads status codes and error texts.

A 500 may mean "there is no such record", "wrong password" or "unknown field"; the exception type tells [documented].
"""

import contextlib
import re
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from integrations.connectors.errors import (
    AuthFailed,
    Duplicate,
    FieldProblem,
    Misconfigured,
    MissingReference,
    NotFound,
    RateLimited,
    Rejected,
    UnexpectedResponse,
)
from integrations.connectors.transports.http import HttpAnswer
from integrations.kinds import Kind

LOGIN_WAIT_SECONDS = 5.0
REDIRECTS = frozenset({301, 302, 303, 307, 308})

_LOGIN_LIMIT = re.compile(r"concurrent(%20|\+|\s)+API(%20|\+|\s)+logins|API Login Limit", re.IGNORECASE)
_BAD_LOGIN = re.compile(
    r"invalid credentials|locked out|account is disabled|need to change your password|invalid_username_or_password",
    re.IGNORECASE,
)
_MISCONFIGURED = ("KeyNotFoundException", "PXUndefinedCompanyException", "PXSetupNotEntered")
_UNKNOWN = re.compile(r"cannot be found in the system", re.IGNORECASE)
"""Wording [inferred]; other wordings are an ordinary refusal."""
_BQL = "Optimization cannot be performed"


def refuse_login_limit(text: str) -> None:
    """Raise RateLimited when the licence has no place for another sign-in."""
    if _LOGIN_LIMIT.search(text):
        raise RateLimited(
            "All API sign-ins of the Acumatica licence are taken",
            retry_after_seconds=LOGIN_WAIT_SECONDS,
            code="login_limit",
        )


def refuse_sign_in(answer: HttpAnswer) -> None:
    """Raise for a refused sign-in; returns when it was accepted. A bad password is a 500 here [documented]."""
    if answer.status in (200, 204) and not answer.is_html:
        return
    refuse_login_limit(f"{answer.headers.get('location', '')} {answer.text[:4000]}")
    words = message_of(answer)
    kind = _exception(answer)
    if answer.status == 401 or _BAD_LOGIN.search(words):
        field = "client_secret" if "invalid_client" in words else "password"
        raise AuthFailed("Acumatica does not accept user and password", field=field, detail=words)
    if "invalid_client" in words or "unsupported_grant_type" in words or "unauthorized_client" in words:
        raise AuthFailed(
            "Acumatica does not accept the connected application", field="client_secret", detail=words
        )
    if "invalid_grant" in words:
        raise AuthFailed("Acumatica does not accept the sign-in", field="refresh_token", detail=words)
    if "PXUndefinedCompanyException" in kind:
        raise Misconfigured("Acumatica does not know this tenant", missing="tenant", detail=words)
    if answer.status == 404:
        raise Misconfigured("There is no Acumatica at this address", missing="base_url", detail="HTTP 404")
    raise UnexpectedResponse(
        "Acumatica answered the sign-in with something else", detail=f"HTTP {answer.status} {words}"
    )


def refuse(answer: HttpAnswer, what: str, *, if_none_match: bool = False, is_poll: bool = False) -> None:
    """Raise the class of a refusal; returns for a success.

    ``what`` names the entity called; ``is_poll``: the answer tells how a background operation ended.
    """
    status = answer.status
    if status in (200, 202, 204):
        return
    if status in REDIRECTS:
        refuse_login_limit(answer.headers.get("location", ""))
        answer.refuse("a redirect")
    words = message_of(answer)
    if status == 401:
        raise AuthFailed(
            "Acumatica signed us out and refuses to let us in again", field="password", detail=words
        )
    if status == 403:
        raise Misconfigured(
            f"The user may not open the form of {what}", missing=f"role for {what}", detail=words
        )
    if status == 404:
        raise Misconfigured(
            f"This endpoint has no {what}; check endpoint and version",
            missing="endpoint_version",
            detail=words,
        )
    if status == 412:
        if if_none_match:
            raise Duplicate(f"This {what} exists in Acumatica already")
        raise NotFound(f"Acumatica has no such {what}")
    if status == 422:
        raise _rejected(answer, what)
    if status == 400:
        raise Rejected(f"Acumatica cannot read the {what}: {words}", problems=tuple(_model_problems(answer)))
    if status == 405:
        raise Misconfigured(
            f"This build does not offer the call on {what}", missing="endpoint_version", detail=words
        )
    if status == 500:
        raise_server_error(answer, what, words, is_poll=is_poll)
    answer.refuse(f"error {status}")


def raise_server_error(answer: HttpAnswer, what: str, words: str, *, is_poll: bool) -> None:
    """Raise the class of a 500 by its exception type; unknown ones are not retried."""
    kind = _exception(answer)
    if "NoEntitySatisfiesTheCondition" in kind:
        raise NotFound(f"Acumatica has no such {what}", detail=words)
    if "PXSetPropertyException" in kind:
        raise Rejected(f"Acumatica refuses the {what}: {words}", problems=(FieldProblem("", "", words),))
    if any(name in kind for name in _MISCONFIGURED) or _BQL in words:
        raise Misconfigured(
            f"Acumatica cannot serve {what}: {words}", missing=f"set-up of {what}", detail=kind
        )
    if "has not been completed yet" in words:
        raise RateLimited("Another operation of this sign-in keeps the form busy", retry_after_seconds=2.0)
    if kind.endswith("PXException") and is_poll:
        # The operation has ended and says why it did nothing.
        raise Rejected(f"Acumatica refuses the {what}: {words}", problems=(FieldProblem("", "", words),))
    answer.refuse(f"error 500 ({words[:200]})" if words else "error 500")


def message_of(answer: HttpAnswer) -> str:
    """Return the vendor's own words without stack traces; '' for a page."""
    body = _body(answer)
    parts = [body.get(name) for name in ("exceptionMessage", "error_description", "error", "messageDetail")]
    words = next((str(part) for part in parts if part and not isinstance(part, Mapping)), "")
    return (words or str(body.get("message") or ""))[:500]


def _exception(answer: HttpAnswer) -> str:
    return str(_body(answer).get("exceptionType") or "")


def _body(answer: HttpAnswer) -> Mapping[str, Any]:
    with contextlib.suppress(msgspec.DecodeError, RecursionError):
        found = msgspec.json.decode(answer.body)
        if isinstance(found, dict):
            return found
    return {}


def _rejected(answer: HttpAnswer, what: str) -> Rejected | MissingReference:
    """Return the refusal of a 422: the entity comes back with ``error`` texts at header, rows and fields.

    Where nothing but an item is unknown, the record waits for that item.
    """
    problems = tuple(_field_problems(_body(answer), ""))
    named = [each for each in problems if each.field] or list(problems)
    first = named[0].rule if named else message_of(answer)
    unknown = [each for each in named if each.field.endswith("].InventoryID") and _UNKNOWN.search(each.rule)]
    if unknown and len(unknown) == len(named):
        key = unknown[0].value
        return MissingReference(f"Acumatica has no item {key}", kind=Kind.PRODUCT.value, key=key, code="422")
    return Rejected(f"Acumatica refuses the {what}: {first}", problems=tuple(named), code="422")


def _field_problems(value: Any, path: str) -> Iterator[FieldProblem]:
    if isinstance(value, list):
        for place, row in enumerate(value):
            yield from _field_problems(row, f"{path}[{place}]")
    elif isinstance(value, Mapping):
        error = value.get("error")
        if isinstance(error, str) and error:
            held = value.get("value")
            yield FieldProblem(path, "" if held is None else str(held), error)
        for name, inner in value.items():
            if name not in ("error", "value", "custom", "_links"):
                yield from _field_problems(inner, f"{path}.{name}" if path else name)


def _model_problems(answer: HttpAnswer) -> Iterator[FieldProblem]:
    state = _body(answer).get("modelState")
    for field, texts in state.items() if isinstance(state, Mapping) else ():
        yield FieldProblem(str(field), "", "; ".join(str(text) for text in texts)[:300])
