"""Customers over ctAPI's REST service, where the connection says so; everything else stays with SOAP.

Called by ``customers`` and the connection test. One record by its number, create and change are all that the vendor
publishes; lists and look-ups have no REST call. A change sends only what changed, so card columns stay untouched.
"""

import re
from base64 import b64encode
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any
from urllib.parse import quote
from zoneinfo import ZoneInfo

from integrations.connectors.base import ConnectionConfig
from integrations.connectors.errors import AuthFailed, Misconfigured, NotFound, OutcomeUnknown, Rejected
from integrations.connectors.spec import Limits
from integrations.connectors.systems.dynamics_sl.faults import refuse_business_error
from integrations.connectors.systems.dynamics_sl.normalise import CARD_COLUMNS, normalise
from integrations.connectors.transports.http import HttpAnswer, HttpTransport

TRANSPORT = "rest_ctapi"
_CUSTOMER = "api/financial/accountsReceivable/customer"
_SWAGGER = "swagger/docs/v1"
_AMOUNTS = frozenset({"CrLmt", "TradeDisc", "ShipPctMax", "User3", "User4"})
_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT[\d:.]+$")
_DATES = re.compile(r"(_DateTime|Date|S4Future0[78]|User[78])$")
_HIDDEN = re.compile(rf'("(?:{"|".join(sorted(CARD_COLUMNS))})"\s*:\s*)(?!null)("(?:[^"\\]|\\.)*"|[^,}}\s]+)')
_NO_ROUTE = re.compile(r"no (HTTP resource|type|action) was found", re.IGNORECASE)


def conceal_cards(_path: str, text: str) -> str:
    """Return a reply with the values of card columns taken out, for the exchanges people see."""
    return _HIDDEN.sub(r'\1"•••"', text)


class RestCustomers:
    """The customers of one company. Thread safe; opens nothing before the first call."""

    def __init__(
        self, settings: Mapping[str, Any], *, config: ConnectionConfig, limits: Limits, zone: ZoneInfo
    ) -> None:
        missing = [name for name in ("api_username", "api_password") if not settings.get(name)]
        if missing:
            raise Misconfigured("REST needs an API user and its password", missing=missing[0])
        self._zone = zone
        user, password = str(settings["api_username"]), str(settings["api_password"])
        key = b64encode(f"{user}:{password}".encode()).decode()
        self._http = HttpTransport(
            str(settings["base_url"]),
            config=config,
            limits=limits,
            headers={
                "Authorization": f"Basic {key}",
                "CpnyID": str(settings.get("cpny_id") or "").strip(),
                "SiteID": str(settings.get("site_id") or "").strip(),
                "Accept": "application/json",
            },
            secrets=[password, key],
            conceal=conceal_cards,
        )

    def close(self) -> None:
        self._http.close()

    def load(self, cust_id: str) -> dict[str, Any]:
        """Return a customer. Raises NotFound."""
        # Reference: blog.catalinatechnology.com, "Retrieving and Saving Customers in SL", GET customer/{CustID}
        answer = self._http.request("GET", self._path(cust_id), is_write=False)
        if answer.status == 404:
            self._refuse_missing_route(answer)
        elif answer.status < 400:
            customer = self._customer(answer)
            if customer.get("CustId"):
                return customer
        else:
            self._refuse(answer, {})
        raise NotFound(f"Customer {cust_id} is not in Dynamics SL")

    def create(self, customer: Mapping[str, Any]) -> dict[str, Any]:
        """Add a customer; without CustId Dynamics SL numbers it. Raises Duplicate, Rejected, OutcomeUnknown."""
        # Reference: the same page, POST customer. An existing CustID is refused.
        made = self._send("POST", _CUSTOMER, customer)
        if not made.get("CustId"):
            raise OutcomeUnknown("Dynamics SL answered without a customer number")
        return made

    def change(self, cust_id: str, changed: Mapping[str, Any]) -> dict[str, Any]:
        """Send the changed columns of a customer and no others; return the customer. Raises NotFound, Rejected."""
        # Reference: the same page, PATCH customer/{CustID}
        return self._send("PATCH", self._path(cust_id), changed)

    def offered(self) -> dict[str, list[str]]:
        """Return what the server's Swagger document offers: methods by path. Raises NotFound where there is none."""
        answer = self._http.request("GET", _SWAGGER, is_write=False)
        if answer.status == 404 or answer.is_html:
            raise NotFound("The server shows no Swagger document")
        if answer.status >= 400:
            self._refuse(answer, {})
        document = answer.json()
        paths = document.get("paths") if isinstance(document, Mapping) else None
        if not isinstance(paths, Mapping):
            answer.refuse("a Swagger document without paths")
        return {
            str(path): sorted(str(method).upper() for method in methods)
            for path, methods in paths.items()
            if isinstance(methods, Mapping)
        }

    def _path(self, cust_id: str) -> str:
        return f"{_CUSTOMER}/{quote(cust_id.strip(), safe='')}"

    def _send(self, method: str, path: str, customer: Mapping[str, Any]) -> dict[str, Any]:
        body = {name: value for name, value in customer.items() if name not in CARD_COLUMNS}
        answer = self._http.request(method, path, is_write=True, json_body={"myCustomer": body})
        if answer.status == 404:
            self._refuse_missing_route(answer)
            raise NotFound(f"Customer {path.rpartition('/')[2]} is not in Dynamics SL")
        if answer.status >= 400:
            self._refuse(answer, customer)
        return self._customer(answer, customer)

    def _customer(self, answer: HttpAnswer, sent: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """Return the customer of a screen. Raises the class of a refusal that came with HTTP 200."""
        screen = answer.json()
        if not isinstance(screen, Mapping):
            answer.refuse("something that is no customer")
        customer = screen.get("myCustomer", screen)
        customer = customer if isinstance(customer, Mapping) else {}
        refusal = screen.get("errorMessage") or customer.get("errorMessage")
        if refusal and sent is None:
            return {}  # a read that says "not found" in words
        refuse_business_error(str(refusal or ""), sent or {})
        return normalise({name: _typed(name, value) for name, value in customer.items()}, self._zone)

    def _refuse(self, answer: HttpAnswer, sent: Mapping[str, Any]) -> None:
        """Raise the class of a 4xx; the server speaks of it in ``Message`` or in ``errorMessage``."""
        if answer.status in (401, 403):
            raise AuthFailed(
                "Dynamics SL does not accept the API user for this site",
                field="api_password",
                detail=f"HTTP {answer.status}",
            )
        words = _words(answer)
        refuse_business_error(words, sent)
        raise Rejected("Dynamics SL refuses the call without a reason", detail=f"HTTP {answer.status}")

    def _refuse_missing_route(self, answer: HttpAnswer) -> None:
        if answer.is_html or _NO_ROUTE.search(_words(answer)):
            raise Misconfigured(
                "This server has no REST service for customers", missing="transport", detail="HTTP 404"
            )


def _words(answer: HttpAnswer) -> str:
    if answer.is_html or not answer.body:
        return ""
    told = answer.json()
    if not isinstance(told, Mapping):
        return str(told)
    names = ("errorMessage", "ExceptionMessage", "MessageDetail", "Message")
    return next((str(told[name]) for name in names if told.get(name)), "")


def _typed(name: str, value: Any) -> Any:
    """Return a JSON value as SOAP types it: amounts Decimal, dates datetime."""
    if name in _AMOUNTS and isinstance(value, int):
        return Decimal(value)
    if isinstance(value, str) and _DATES.search(name) and _MOMENT.match(value):
        return datetime.fromisoformat(value)
    return value
