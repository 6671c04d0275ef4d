"""Writes customers through the 5.5 API: the profile by its e-mail, then the addresses, each compared first.

A name or phone is part of an address in X-Cart: the profile has none. Addresses are added and changed, never
removed, so that what shoppers keep in their books stays. Links know shoppers by number or by e-mail; both are taken.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from integrations.connectors.base import Found, WriteRequest, WriteResult
from integrations.connectors.errors import Duplicate, NotFound, OutcomeUnknown
from integrations.connectors.systems.x_cart import normalise, places
from integrations.connectors.systems.x_cart.client import XCartClient, number
from integrations.connectors.systems.x_cart.values import flag, problem, text

_PROFILE_TEXTS = {"login": 128, "language": 8, "status": 1, "status_comment": None}
_PERSON = {"firstname": 128, "lastname": 128, "phone": 32}
_ADDRESS_TEXTS = {"title": 32, **_PERSON, "city": 255, "zipcode": 32, "country_code": 2, "type": 1}
_ADDRESS_FLAGS = ("is_billing", "is_shipping")


class CustomerWriter:
    """Finds, creates and changes the customers of one shop."""

    def __init__(self, client: XCartClient) -> None:
        self._client = client

    def find(self, natural_key: str, hint: Mapping[str, Any]) -> Found | None:
        """Return the customer with this e-mail; asked by a hint alone, only when all of the hint is there."""
        login = natural_key or str(hint.get("login") or "")
        profile = self.profile(login)
        if profile is None:
            return None
        customer_id = number(profile.get("id"), "customer")
        if not natural_key:
            try:
                is_lacking = bool(
                    _profile_changes(profile, hint) or _address_calls(self._book(customer_id), hint)
                )
            except NotFound:
                return None  # the hint names an address that is gone
            if is_lacking:
                return None
        return Found(customer_id, {"login": str(profile["login"])})

    def profile(self, login: str) -> dict[str, Any] | None:
        """Return the profile of an e-mail address, whatever its letter case."""
        if not login:
            return None
        # The shop's filter is a substring: ann@example.com also finds joann@example.com.
        for row in self._client.rows("profiles", [("login", login)]):
            if str(row.get("login", "")).casefold() == login.casefold():
                return row
        return None

    def linked(self, external_id: str) -> dict[str, Any]:
        """Return the profile behind a link; one from the way of an order holds the e-mail. Raises NotFound."""
        if "@" not in external_id:
            return self._client.get_object(f"profiles/{number(external_id, 'customer')}")
        profile = self.profile(external_id)
        if profile is None:
            raise NotFound(f"The shop has no customer {external_id!r}")
        return profile

    def write(self, request: WriteRequest) -> WriteResult:
        """Create or change a customer. Raises Rejected, Duplicate (with the id), NotFound, OutcomeUnknown."""
        fields = request.fields
        login = str(fields.get("login") or "").strip()
        if request.external_id:
            profile: dict[str, Any] | None = self.linked(request.external_id)
        elif not login:
            raise problem("login", "", "is needed for a new customer")
        else:
            profile = self.profile(login)
        is_changed = profile is None
        if profile is None:
            profile = self._create(fields)
        elif changes := _profile_changes(profile, fields):
            profile = self._change(number(profile.get("id"), "customer"), changes)
            is_changed = True
        customer_id = number(profile.get("id"), "customer")
        book = self._book(customer_id)
        calls = _address_calls(book, fields)
        for address_id, body in calls:
            path = f"profiles/{customer_id}/addresses"
            self._client.send_object(
                "PUT" if address_id else "POST", f"{path}/{address_id}" if address_id else path, body
            )
        record = normalise.customer_record(profile, self._book(customer_id) if calls else book)
        held = dict(record.fields)
        if not record.fields["addresses"] and (alone := [name for name in _PERSON if fields.get(name)]):
            # Said openly in the result: without an address the shop has no place for a name.
            held["person_fields_not_written"] = alone
        return WriteResult(customer_id, record.business_key, held, is_unchanged=not is_changed and not calls)

    def _create(self, fields: Mapping[str, Any]) -> dict[str, Any]:
        try:
            # Reference: developer.x-cart.com/api/5.5.1/admin, POST /profiles. A taken login is a 400.
            made = self._client.send_object("POST", "profiles", _profile_wire(fields))
        except Duplicate as error:
            self._name_existing(error, fields)
            raise
        if not str(made.get("id") or "").isdigit():
            raise OutcomeUnknown("The shop did not tell the id of the new customer")
        return made

    def _change(self, customer_id: str, changes: Mapping[str, Any]) -> dict[str, Any]:
        try:
            return self._client.send_object("PUT", f"profiles/{customer_id}", changes)
        except Duplicate as error:
            self._name_existing(error, changes)
            raise

    def _name_existing(self, error: Duplicate, fields: Mapping[str, Any]) -> None:
        existing = self.profile(str(fields.get("login") or ""))
        error.existing_id = str(existing["id"]) if existing else ""

    def _book(self, customer_id: str) -> list[dict[str, Any]]:
        return self._client.rows(f"profiles/{customer_id}/addresses")


def _profile_wire(fields: Mapping[str, Any]) -> dict[str, Any]:
    body: dict[str, Any] = {
        name: text(name, fields[name], length)
        for name, length in _PROFILE_TEXTS.items()
        if fields.get(name) is not None
    }
    if "login" in body and not ("@" in body["login"] and len(body["login"]) >= 5):
        raise problem("login", body["login"], "must be an e-mail address")
    if fields.get("membership_id") not in (None, ""):
        body["membership_id"] = _whole("membership_id", fields["membership_id"])
    return body


def _profile_changes(held: Mapping[str, Any], fields: Mapping[str, Any]) -> dict[str, Any]:
    wanted = _profile_wire(fields)
    if str(wanted.get("login", "")).casefold() == str(held.get("login", "")).casefold():
        wanted.pop("login", None)  # another letter case is the same mailbox
    return {name: value for name, value in wanted.items() if (held.get(name) or "") != value}


def _address_calls(
    book: Sequence[Mapping[str, Any]], fields: Mapping[str, Any]
) -> list[tuple[str, dict[str, Any]]]:
    """Return (address id or '' for a new one, what to send) for every wanted address that is not there yet."""
    person = {name: fields[name] for name in (*_PERSON, "company") if fields.get(name)}
    wanted = [{**person, **each} for each in fields.get("addresses") or ()]
    if fields.get("billing_address"):
        wanted.append({**person, **fields["billing_address"], "is_billing": True})
    billing = next((each for each in book if each.get("is_billing")), book[0] if book else {})
    if not wanted and person and book:
        # A name without an address belongs to the one that the name is read from.
        wanted = [{**person, "id": billing.get("id")}]
    calls: list[tuple[str, dict[str, Any]]] = []
    for each in wanted:
        body = _address_wire(each)
        held = _same_place(book, each, body)
        changes = _address_changes(held or {}, body)
        if held is None:
            # The shop wants a name with every address: who moves keeps the own one.
            named = {name: billing[name] for name in ("firstname", "lastname") if billing.get(name)}
            calls.append(("", {**named, **changes}))
        elif changes:
            calls.append((number(held.get("id"), "address"), changes))
    return calls


def _same_place(
    book: Sequence[Mapping[str, Any]], wanted: Mapping[str, Any], body: Mapping[str, Any]
) -> Mapping[str, Any] | None:
    """Return the address of the book that is meant: by its id, else by street, zip code and country."""
    if wanted.get("id"):
        for held in book:
            if str(held.get("id")) == str(wanted["id"]):
                return held
        raise NotFound(f"The customer has no address {wanted['id']}")
    place = [_folded(body.get(name)) for name in ("street", "zipcode", "country_code")]
    for held in book:
        if [_folded(held.get(name)) for name in ("street", "zipcode", "country_code")] == place:
            return held
    return None


def _address_wire(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Return an address as the shop takes it: one street line, the state by its name or the shop's number."""
    body: dict[str, Any] = {
        name: text(f"addresses[].{name}", fields[name], length)
        for name, length in _ADDRESS_TEXTS.items()
        if fields.get(name) is not None
    }
    lines = [str(fields.get(name) or "").strip() for name in ("street1", "street2")]
    street = str(fields.get("street") or "").strip() or ", ".join(line for line in lines if line)
    if street:
        body["street"] = text("addresses[].street", street, 255)
    if fields.get("state") not in (None, ""):
        body["state"] = _whole("addresses[].state", fields["state"])
    name = str(fields.get("state_name") or "").strip()
    code = str(fields.get("state_code") or "").strip()
    if name or code:
        country = str(body.get("country_code", ""))
        body["state_name"] = name or places.state_name(country, code) or code
    for each in _ADDRESS_FLAGS:
        if fields.get(each) is not None:
            body[each] = flag(f"addresses[].{each}", fields[each])
    if fields.get("company") is not None:
        body["company"] = text("addresses[].company", fields["company"], 255)
    return body


def _address_changes(held: Mapping[str, Any], body: Mapping[str, Any]) -> dict[str, Any]:
    """Return what differs. The company is one of the custom fields, which are sent as a whole list."""
    changes = {
        name: value
        for name, value in body.items()
        if name != "company" and not _same_value(name, held.get(name), value)
    }
    custom = [dict(each) for each in held.get("custom_fields") or ()]
    present = next((str(each.get("value") or "") for each in custom if each.get("name") == "company"), "")
    if body.get("company", present) != present:
        others = [each for each in custom if each.get("name") != "company"]
        changes["custom_fields"] = [*others, {"name": "company", "value": body["company"]}]
    return changes


def _same_value(name: str, held: object, wanted: object) -> bool:
    if isinstance(wanted, bool):
        return bool(held) == wanted
    if name == "state_name":
        return _folded(held) == _folded(wanted)
    return ("" if held is None else str(held).strip()) == str(wanted)


def _folded(value: object) -> str:
    return " ".join(str(value or "").split()).casefold()


def _whole(field: str, value: object) -> int:
    given = str(value)
    if not (given.isascii() and given.isdigit()):
        raise problem(field, given, "must be a number of the shop")
    return int(given)
