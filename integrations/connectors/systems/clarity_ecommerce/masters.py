"""Products and customers: found by SKU or e-mail, made with an idempotency key, changed by value.

A record that is there already under its natural key is changed instead of made a second time.
"""

from collections.abc import Mapping
from typing import Any

from integrations.connectors.base import Found, WriteRequest, WriteResult
from integrations.connectors.errors import Duplicate, FieldProblem, NotFound, Rejected
from integrations.connectors.systems.clarity_ecommerce.client import (
    Answered,
    ClarityClient,
    fitting_key,
    number,
    written_id,
)
from integrations.connectors.systems.clarity_ecommerce.moves import needed
from integrations.connectors.systems.clarity_ecommerce.normalise import record_of
from integrations.connectors.systems.clarity_ecommerce.problems import Stale
from integrations.kinds import Kind

_PATHS = {Kind.PRODUCT: ("products", "productId", "sku"), Kind.CUSTOMER: ("customers", "customerId", "email")}


def find_product(client: ClarityClient, sku: str) -> Found | None:
    """Return the product with this SKU, whatever its letter case."""
    return _found(Kind.PRODUCT, _row(client, Kind.PRODUCT, sku))


def find_customer(client: ClarityClient, *, email: str = "", customer_key: str = "") -> Found | None:
    """Return the customer with this e-mail, else the one that carries the ERP's number."""
    row = _row(client, Kind.CUSTOMER, email)
    if row is not None or not customer_key:
        return _found(Kind.CUSTOMER, row)
    # Reference: contract v1, lists. There is no filter by customerKey; the digest names it in one call.
    for one in client.get("customers/digest"):
        if one.get("key") == customer_key:
            return _found(
                Kind.CUSTOMER, client.record(f"customers/{number(one.get('id'), 'customer')}").fields
            )
    return None


def _row(client: ClarityClient, kind: Kind, natural_key: str) -> dict[str, Any] | None:
    path, _, name = _PATHS[kind]
    wanted = natural_key.strip()
    if not wanted:
        return None
    rows = client.page(path, params={name: wanted})
    return next((row for row in rows if str(row.get(name, "")).casefold() == wanted.casefold()), None)


def _found(kind: Kind, row: Mapping[str, Any] | None) -> Found | None:
    if row is None:
        return None
    record = record_of(kind, row)
    return Found(record.external_id, record.fields)


def load(client: ClarityClient, kind: Kind, external_id: str) -> Answered:
    """Return a record by its id, else by its SKU or e-mail: links made on the way of an order name those.

    Raises NotFound.
    """
    path, id_name, _ = _PATHS[kind]
    if not external_id.isdigit():
        row = _row(client, kind, external_id)
        if row is None:
            raise NotFound(f"The site has no {kind.label} {external_id!r}")
        external_id = str(row[id_name])
    return client.record(f"{path}/{number(external_id, kind.label)}")


def write_master(client: ClarityClient, request: WriteRequest) -> WriteResult:
    """Create or change a product or customer. Raises Duplicate with the id where a key is taken."""
    kind, (path, id_name, natural) = request.kind, _PATHS[request.kind]
    natural_key = str(request.fields.get(natural) or "").strip()
    if request.external_id:
        return _change(client, request, _present_id(client, request))
    if not natural_key:
        raise needed(natural, "is needed")
    row = _row(client, kind, natural_key)
    if row is not None:
        _refuse_other_owner(kind, row, request.fields)
        return _change(client, request, str(row[id_name]))
    key = request.idempotency_key or f"{path}-{request.reference or natural_key}"
    try:
        # Reference: contract v1, POST /products, POST /customers. 409 duplicate whatever the letter case.
        made = client.send("POST", path, _wire(kind, request.fields, {}), key=fitting_key(key))
    except Duplicate as error:
        row = _row(client, kind, natural_key)
        if row is not None:
            error.existing_id = str(row[id_name])
        raise
    return _result(kind, made, written_id(made, id_name), is_unchanged=False)


def _present_id(client: ClarityClient, request: WriteRequest) -> str:
    """Return the id of the linked record; a customer whose e-mail changed since is known by the ERP's number."""
    given, customer_key = request.external_id, str(request.fields.get("customerKey") or "")
    if request.kind is Kind.CUSTOMER and "@" in given and customer_key:
        found = find_customer(client, email=given, customer_key=customer_key)
        return found.external_id if found is not None else given
    return given


def _refuse_other_owner(kind: Kind, row: Mapping[str, Any], wanted: Mapping[str, Any]) -> None:
    """A customer that belongs to another number of the ERP is not taken over because of a shared e-mail."""
    held, given = row.get("customerKey"), wanted.get("customerKey")
    if kind is Kind.CUSTOMER and held and given and held != given:
        rule = f"belongs to customer {held} already"
        raise Rejected(f"The e-mail {rule}", problems=(FieldProblem("email", str(row["email"]), rule),))


def _change(client: ClarityClient, request: WriteRequest, external_id: str) -> WriteResult:
    try:
        return _compare_and_put(client, request, external_id)
    except Stale:
        return _compare_and_put(client, request, external_id)


def _compare_and_put(client: ClarityClient, request: WriteRequest, external_id: str) -> WriteResult:
    kind, (path, id_name, natural) = request.kind, _PATHS[request.kind]
    present = load(client, kind, external_id)
    record_id = number(present.fields.get(id_name), kind.label)
    wanted = _wire(kind, request.fields, present.fields)
    changed = {name: value for name, value in wanted.items() if not _same(present.fields.get(name), value)}
    if kind is Kind.PRODUCT:
        changed.pop(natural, None)  # the SKU is what the link stands on; another letter case is no change
    if not changed:
        return _result(kind, present, record_id, is_unchanged=True)
    after = client.send("PUT", f"{path}/{record_id}", changed, etag=present.etag)
    return _result(kind, after, record_id, is_unchanged=False)


def _same(held: object, wanted: object) -> bool:
    if isinstance(held, str) or isinstance(wanted, str):
        return (held or "") == (wanted or "")
    return held == wanted


def _result(kind: Kind, answered: Answered, record_id: str, *, is_unchanged: bool) -> WriteResult:
    record = record_of(kind, answered.fields)
    return WriteResult(record_id, record.business_key, record.fields, is_unchanged=is_unchanged)


def _wire(kind: Kind, fields: Mapping[str, Any], present: Mapping[str, Any]) -> dict[str, Any]:
    """Return mapped fields as the contract takes them, merged into lists and attributes that are there."""
    body = {name: value for name, value in fields.items() if not name.endswith("Id")}
    if "email" in body:
        body["email"] = str(body["email"]).strip().lower()
    if "categoryIds" in body:
        body["categoryIds"] = [int(number(each, "category")) for each in body["categoryIds"] or ()]
    if "attributes" in body:
        body["attributes"] = {**(present.get("attributes") or {}), **(body["attributes"] or {})}
    if kind is Kind.CUSTOMER and "addresses" in body:
        body["addresses"] = merged_addresses(present.get("addresses") or (), body["addresses"] or ())
    return body


def merged_addresses(present: Any, wanted: Any) -> list[dict[str, Any]]:
    """Return the address book with the wanted ones put in by ``addressKey``; the shopper's others stay.

    Of the flags there is one holder each: a wanted billing address takes the flag from the others.
    """
    by_key = {str(each.get("addressKey") or ""): each for each in wanted}
    book = [dict(each) for each in present if (each.get("addressKey") or "") not in by_key]
    kept = {str(each.get("addressKey") or ""): each for each in present}
    made = [_address(kept.get(key, {}), each) for key, each in by_key.items()]
    for flag in ("isBilling", "isShipping"):
        if any(each.get(flag) for each in made):
            for one in book:
                one[flag] = False
    return [*book, *made]


def _address(held: Mapping[str, Any], wanted: Mapping[str, Any]) -> dict[str, Any]:
    address = {**held, **wanted}
    return {name: (None if value == "" else value) for name, value in address.items()}
