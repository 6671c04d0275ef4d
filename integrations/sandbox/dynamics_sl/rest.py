"""ctAPI's REST service as far as the vendor publishes it: single customers, and the Swagger document that says so.

Called by the simulator. Documented: paths, methods, Basic sign-in, the headers CpnyID and SiteID, ``myCustomer``,
numbering and the refusal of a known CustId. Inferred: statuses and bodies of refusals, those of ASP.NET Web API.
"""

import hmac
from base64 import b64encode
from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote

from integrations.sandbox.core.messages import Request, Response
from integrations.sandbox.dynamics_sl.columns import Column
from integrations.sandbox.dynamics_sl.customers import edit_customer, load_screen
from integrations.sandbox.dynamics_sl.installation import Installation
from integrations.sandbox.dynamics_sl.store import CUSTOMERS

_BASE = "/ctdynamicssl/"
_CUSTOMER = "api/financial/accountsreceivable/customer"
_SWAGGER = "swagger/docs/v1"
_COLUMNS = {column.name.lower(): column for column in CUSTOMERS.columns}


def takes(request: Request) -> bool:
    """Return whether a call is one of the REST service or of its documentation."""
    path = request.path.lower()
    return path.startswith((f"{_BASE}api/", f"{_BASE}swagger"))


def answer(here: Installation, request: Request) -> Response:
    """Answer a call as the service does."""
    path = request.path[len(_BASE) :]
    if path.lower() == _SWAGGER:
        return Response.of_json(_document())
    head, key = path[: len(_CUSTOMER)], path[len(_CUSTOMER) :].strip("/")
    if head.lower() != _CUSTOMER or "/" in key:
        return _refusal(404, f"No HTTP resource was found that matches the request URI '{request.path}'.")
    if not _is_known(here, request.headers):
        return _refusal(401, "Authorization has been denied for this request.")
    company = request.headers.get("cpnyid", "").strip()
    if company != here.cpny_id:
        return _refusal(400, f"Company {company} not found.")
    return _customer(here, request, unquote(key))


def _customer(here: Installation, request: Request, key: str) -> Response:
    match (request.method, bool(key)):
        case ("GET", True):
            screen = load_screen(here, key)
            return Response.of_json(_shown(screen)) if "myCustomer" in screen else _not_found(key)
        case ("POST", False):
            return _edited(here, "ADD", _given(request))
        case ("PATCH", True):
            known = load_screen(here, key).get("myCustomer")
            if known is None:
                return _not_found(key)
            return _edited(here, "UPDATE", {**known, **_given(request), "CustId": known["CustId"]})
    return _refusal(405, "The requested resource does not support this http method.")


def _edited(here: Installation, action: str, customer: Mapping[str, Any]) -> Response:
    screen = edit_customer(here, action, {"myCustomer": customer})
    # A refusal comes inside the screen, as SOAP's does.
    return Response.of_json(_shown(screen), 201 if action == "ADD" and not screen["errorMessage"] else 200)


def _given(request: Request) -> dict[str, Any]:
    """Return the columns of a body by their own names; JSON.NET reads names in any letter case."""
    asked = request.json()
    body: Mapping[str, Any] = next(
        (value for name, value in asked.items() if name.lower() == "mycustomer"), {}
    )
    return {_COLUMNS[name.lower()].name: value for name, value in body.items() if name.lower() in _COLUMNS}


def _shown(screen: Mapping[str, Any]) -> dict[str, Any]:
    customer = screen["myCustomer"]
    shown = {column.name: _value(column, customer.get(column.name)) for column in CUSTOMERS.columns}
    return {"myCustomer": shown, "errorMessage": screen["errorMessage"]}


def _value(column: Column, value: Any) -> Any:
    if column.code == "s":
        return str(value or "").ljust(column.length)
    if column.code == "d":
        return float(value or 0)
    return value if value is not None else ("1900-01-01T00:00:00" if column.code == "t" else 0)


def _is_known(here: Installation, headers: Mapping[str, str]) -> bool:
    key = b64encode(f"{here.api_key}:{here.api_secret}".encode()).decode()
    is_signed_in = hmac.compare_digest(headers.get("authorization", ""), f"Basic {key}")
    return is_signed_in and headers.get("siteid", "").strip() == here.site_id


def _not_found(key: str) -> Response:
    return _refusal(404, f"Customer {key} not found.")


def _refusal(status: int, words: str) -> Response:
    return Response.of_json({"Message": words}, status)


def _document() -> dict[str, Any]:
    """Return the Swagger 2.0 document: what the service offers, without the bodies."""
    path = "/api/financial/accountsReceivable/customer"
    answers = {"responses": {"200": {"description": "OK"}}}
    return {
        "swagger": "2.0",
        "info": {"version": "v1", "title": "ctDynamicsSL"},
        "paths": {path: {"post": answers}, f"{path}/{{custID}}": {"get": answers, "patch": answers}},
    }
