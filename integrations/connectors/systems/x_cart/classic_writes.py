"""Orders and customers of a classic shop as targets: statuses by their numbers, tracking numbers, profiles.

Every write compares first, so that it may be repeated. What the classic API has no field for is named in the
result and never dropped in silence.
"""

from collections.abc import Mapping
from typing import Any

from integrations.connectors.base import Found, WriteRequest, WriteResult
from integrations.connectors.errors import (
    Duplicate,
    FieldProblem,
    NotFound,
    OutcomeUnknown,
    Rejected,
)
from integrations.connectors.systems.x_cart.classic_client import ClassicClient
from integrations.connectors.systems.x_cart.client import number
from integrations.connectors.systems.x_cart.values import problem, text
from integrations.connectors.systems.x_cart.writes import ShownOrder
from integrations.kinds import Kind

_AXES = {
    "payment_status": ("paymentStatus", "order-status-payment"),
    "shipping_status": ("shippingStatus", "order-status-shipping"),
}
_PROFILE = {"login": 128, "language": 8, "status": 1}


class ClassicOrders:
    """The order desk of the classic API: it takes tracking numbers without any add-on of ours."""

    can_write_numbers = True

    def __init__(self, client: ClassicClient) -> None:
        self._client = client
        self.has_carrier_prefix = bool(client.setting("prefix_carrier", False))

    def status(self, order_id: str, axis: str) -> str:
        return _code(self._client.one(f"order/{order_id}"), axis)

    def set_status(self, order_id: str, axis: str, code: str) -> None:
        name, entity = _AXES[axis]
        # Reference: xc5-restapi, examples: model[shippingStatus][id]=3. Numbers differ from shop to shop.
        known = {str(row.get("code")): row.get("id") for row in self._client.rows(entity)}
        if code not in known:
            words = f"Status code '{code}' is wrong"
            raise Rejected(f"The shop says: {words}", problems=(FieldProblem(axis, code, words),))
        self._client.send("put", f"order/{order_id}", {name: {"id": known[code]}})

    def shown(self, order_id: str) -> ShownOrder:
        # The default schema shows every tracking number, the complex one only the first.
        order = self._client.one(f"order/{order_id}")
        return ShownOrder(
            str(order.get("orderNumber") or ""),
            _code(order, "shipping_status"),
            tuple(str(each.get("value", "")) for each in order.get("trackingNumbers") or ()),
        )

    def add_number(self, order_id: str, value: str, carrier: str) -> None:
        model = {"value": value, "order": {"order_id": int(order_id)}}
        self._client.send("post", "ordertrackingnumber/0", model)


def _code(order: Mapping[str, Any], axis: str) -> str:
    status: Mapping[str, Any] = order.get(_AXES[axis][0]) or {}
    return str(status.get("code") or "")


class ClassicPeople:
    """Profiles of a classic shop: without an address book, which takes a chain of four entities to read."""

    def __init__(self, client: ClassicClient) -> None:
        self._client = client

    def find(self, login: str) -> Found | None:
        """Return the account with an e-mail address; profiles have no filter, so the whole list is read."""
        for row in self._client.rows("profile", is_complex=True) if login else ():
            # A guest's profile may have the same address; it belongs to one order.
            if not row.get("isAnonymous") and str(row.get("login", "")).casefold() == login.casefold():
                return Found(number(row.get("profileId"), "customer"), {"login": str(row["login"])})
        return None

    def found(self, login: str, hint: Mapping[str, Any]) -> Found | None:
        """Return the profile; asked by a hint alone, only when it holds all that the hint says."""
        found = self.find(login or str(hint.get("login") or "").strip())
        if found is None or login:
            return found
        return None if _profile_changes(self._client.one(f"profile/{found.external_id}"), hint) else found

    def linked_id(self, external_id: str) -> str:
        """Return the id behind a link; one from the way of an order holds the e-mail. Raises NotFound."""
        found = self.find(external_id) if "@" in external_id else Found(number(external_id, "customer"))
        if found is None:
            raise NotFound(f"The shop has no customer {external_id!r}")
        return found.external_id

    def write(self, request: WriteRequest) -> WriteResult:
        """Create or change a profile. Raises Rejected, Duplicate (with the id), NotFound, OutcomeUnknown."""
        fields = request.fields
        login = str(fields.get("login") or "").strip()
        known = Found(self.linked_id(request.external_id)) if request.external_id else self.find(login)
        try:
            if known is None:
                held, is_changed = self._create(fields), True
            else:
                path = f"profile/{number(known.external_id, 'customer')}"
                held = self._client.one(path)
                changes = _profile_changes(held, fields)
                is_changed = bool(changes)
                held = self._client.send("put", path, changes) if changes else held
        except Duplicate as error:
            existing = self.find(login)
            error.existing_id = existing.external_id if existing else ""
            raise
        kept: dict[str, Any] = {name: held.get(name) for name in _PROFILE}
        beyond = [name for name, value in fields.items() if value and name not in _PROFILE]
        if beyond:
            kept["fields_not_written"] = beyond
        return WriteResult(
            number(held.get("profile_id"), Kind.CUSTOMER.label),
            business_key=str(held.get("login") or ""),
            fields=kept,
            is_unchanged=not is_changed,
        )

    def _create(self, fields: Mapping[str, Any]) -> dict[str, Any]:
        model = _profile_wire(fields)
        if "@" not in model.get("login", ""):
            raise problem("login", str(fields.get("login") or ""), "must be an e-mail address")
        made = self._client.send("post", "profile/0", model)
        if not str(made.get("profile_id") or "").isdigit():
            raise OutcomeUnknown("The shop did not tell the id of the new customer")
        return made


def _profile_wire(fields: Mapping[str, Any]) -> dict[str, str]:
    return {
        name: text(name, fields[name], length)
        for name, length in _PROFILE.items()
        if fields.get(name) is not None
    }


def _profile_changes(held: Mapping[str, Any], fields: Mapping[str, Any]) -> dict[str, str]:
    wanted = _profile_wire(fields)
    if wanted.get("login", "").casefold() == str(held.get("login", "")).casefold():
        wanted.pop("login", None)  # another letter case is the same mailbox
    return {name: value for name, value in wanted.items() if (held.get(name) or "") != value}
