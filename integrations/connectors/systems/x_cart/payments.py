"""Payments of orders as records of their own: one for each authorisation, capture, refund and void.

X-Cart keeps them inside the order: a transaction, and below it the gateway's later steps (captures, refunds).
Each is a record that changes no more once it has succeeded, so that each becomes one document of an ERP. Ids:
``5012/701`` is a transaction of order 5012, ``5012/701/9001`` a step below it.
"""

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any

from integrations.connectors.errors import NotFound
from integrations.connectors.systems.x_cart import normalise
from integrations.connectors.systems.x_cart.client import number
from integrations.kinds import Kind, Record

AUTHORISED, CAPTURED, REFUNDED, VOIDED = "authorised", "captured", "refunded", "voided"


def movement_of(kind: str) -> str:
    """Return what a transaction type does with money, or '' for a mere question or review (getInfo, accept)."""
    if kind == "auth":
        return AUTHORISED
    if kind == "sale" or kind.startswith("capture"):
        return CAPTURED
    if kind.startswith("refund"):
        return REFUNDED
    return VOIDED if kind.startswith("void") else ""


def records(
    order: Mapping[str, Any], transactions: Sequence[Mapping[str, Any]], default_currency: str
) -> list[Record]:
    """Return the payments of one order, oldest transaction first. Raises UnexpectedResponse."""
    return normalise.fitted(lambda: list(_records(order, transactions, default_currency)))


def _records(
    order: Mapping[str, Any], transactions: Sequence[Mapping[str, Any]], default_currency: str
) -> Iterator[Record]:
    currency = str(order.get("currency") or default_currency)
    for row in transactions:
        transaction = normalise.transaction_fields(row, currency)
        yield from _record(order, transaction, transaction, (transaction["id"],))
        for step in transaction["backend_transactions"]:
            yield from _record(order, transaction, step, (transaction["id"], step["id"]))


def _record(
    order: Mapping[str, Any], transaction: Mapping[str, Any], step: Mapping[str, Any], ids: tuple[str, ...]
) -> Iterator[Record]:
    movement = movement_of(step["type"])
    if not movement:
        return
    is_successful = step["status"] == "S"
    moved = {CAPTURED: step["value"], REFUNDED: -step["value"]}.get(movement, Decimal(0))
    order_id = str(order["id"])
    customer = order.get("customer_id")
    fields = {
        "id": "/".join((order_id, *ids)),
        # Only what an order keeps for good: a payment must not look changed because its order was.
        "order_id": order_id,
        "order_number": str(order.get("order_number") or ""),
        "customer_id": None if customer is None else str(customer),
        "email": str(order.get("email") or ""),
        "transaction_id": transaction["id"],
        "reference": "/".join((transaction["public_id"] or transaction["id"], *ids[1:])),
        "public_txn_id": transaction["public_txn_id"],
        "method_id": transaction["method_id"],
        "payment_method": transaction["name"],
        "movement": movement,
        "type": step["type"],
        "status": step["status"],
        "is_successful": is_successful,
        "date": step["date"],
        "currency": transaction["currency"],
        "amount": step["value"],
        "money_moved": moved if is_successful else Decimal(0),
        "note": transaction["note"],
    }
    yield Record(
        system=normalise.SYSTEM,
        kind=Kind.PAYMENT,
        external_id=str(fields["id"]),
        fields=fields,
        updated_at=step["date"],
        business_key=str(fields["reference"]),
        search_keys={"email": str(fields["email"]), "order_number": str(fields["order_number"])},
    )


def parts_of(external_id: str) -> tuple[str, tuple[str, ...]]:
    """Return (order id, transaction and step ids). Raises NotFound for what is no payment's id."""
    order_id, *ids = external_id.split("/")
    if len(ids) not in (1, 2):
        raise NotFound(f"X-Cart has no payment {external_id!r}")
    return number(order_id, "order"), tuple(number(each, "payment") for each in ids)


def pick(found: Sequence[Record], external_id: str) -> Record:
    """Return the payment with this id. Raises NotFound."""
    for record in found:
        if record.external_id == external_id:
            return record
    raise NotFound(f"The order has no payment {external_id}")
