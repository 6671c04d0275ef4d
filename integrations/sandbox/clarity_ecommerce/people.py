"""Customers and returns."""

from typing import Any

from integrations.sandbox.clarity_ecommerce.problems import duplicate, illegal_move, not_found
from integrations.sandbox.clarity_ecommerce.records import KeyTaken, Records, Stored
from integrations.sandbox.clarity_ecommerce.statuses import may_move_return
from integrations.sandbox.clarity_ecommerce.tables import Settings
from integrations.sandbox.clarity_ecommerce.webhooks import Webhooks
from integrations.sandbox.core.state import State

_CUSTOMER_DEFAULTS: dict[str, Any] = {
    "customerKey": None, "phone": None, "isTaxable": True, "taxExemptionNo": None, "isOnHold": False,
    "creditLimit": None, "termsCode": None, "addresses": [],
}  # fmt: skip
ADDRESS_MEMBERS = (
    "firstName", "lastName", "company", "street1", "street2", "street3", "city", "region", "postalCode",
    "country", "phone", "email",
)  # fmt: skip


class People:
    """Customers by e-mail, and their returns."""

    def __init__(self, state: State, settings: Settings, records: Records, webhooks: Webhooks) -> None:
        self._state = state
        self._settings = settings
        self._records = records
        self._webhooks = webhooks

    def create(self, given: dict[str, Any]) -> Stored:
        """Add a customer. Raises Refused for an e-mail or a key that is taken."""
        body = {**_CUSTOMER_DEFAULTS, "currency": self._settings["currency"], **given}
        body = _tidied(body)
        self._refuse_taken_key(body, None)
        with self._state.transaction():
            try:
                customer = self._records.add("customer", body, body["email"])
            except KeyTaken:
                raise duplicate(f"E-mail {body['email']} exists.", "email") from None
            self._webhooks.announce("customer.created", {"customerId": customer.id})
        return customer

    def change(self, customer: Stored, given: dict[str, Any]) -> Stored:
        """Replace the named members. Raises Refused."""
        body = _tidied({**customer.body, **given})
        if body == customer.body:
            return customer
        self._refuse_taken_key(body, customer.id)
        with self._state.transaction():
            try:
                changed = self._records.put("customer", customer, body, body["email"])
            except KeyTaken:
                raise duplicate(f"E-mail {body['email']} exists.", "email") from None
            self._webhooks.announce("customer.updated", {"customerId": customer.id})
        return changed

    def _refuse_taken_key(self, body: dict[str, Any], own_id: int | None) -> None:
        key = body["customerKey"]
        if key and any(each.id != own_id for each in self._records.all("customer", customerKey=key)):
            raise duplicate(f"Customer key {key} exists.", "customerKey")

    def customer(self, number: int) -> Stored:
        """Return a customer. Raises Refused."""
        found = self._records.get("customer", number)
        if found is None:
            raise not_found(f"Customer {number}")
        return found

    def move_return(self, number: int, given: dict[str, Any]) -> Stored:
        """Set a return's status; the same one changes nothing. Raises Refused."""
        found = self.need_return(number)
        before, after = found.body["status"], given["status"]
        if before == after:
            return found
        if not may_move_return(before, after):
            raise illegal_move(f"{before} cannot become {after}.")
        with self._state.transaction():
            changed = self._records.put("return", found, {**found.body, "status": after})
            self._webhooks.announce("return.updated", {"returnId": number})
        return changed

    def need_return(self, number: int) -> Stored:
        found = self._records.get("return", number)
        if found is None:
            raise not_found(f"Return {number}")
        return found


def address(given: dict[str, Any]) -> dict[str, Any]:
    """Return an address with every member; those not given are null."""
    return {name: given.get(name) for name in ADDRESS_MEMBERS}


def _tidied(body: dict[str, Any]) -> dict[str, Any]:
    addresses = [
        {
            **address(each),
            "isBilling": bool(each.get("isBilling")),
            "isShipping": bool(each.get("isShipping")),
            "addressKey": each.get("addressKey"),
        }
        for each in body["addresses"]
    ]
    return {**body, "email": body["email"].lower(), "addresses": addresses}
