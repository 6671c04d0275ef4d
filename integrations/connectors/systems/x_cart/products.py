"""Writes products and variants through the 5.5 API: found by SKU, compared, and only the differences sent.

A product id is ``"40"``, a variant's ``"40/143"``. X-Cart keeps no reference of ours; the SKU is the natural key.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from integrations.connectors.base import Found, WriteRequest, WriteResult
from integrations.connectors.errors import Duplicate, NotFound, OutcomeUnknown
from integrations.connectors.systems.x_cart import normalise
from integrations.connectors.systems.x_cart.client import XCartClient, number
from integrations.connectors.systems.x_cart.placements import Placements
from integrations.connectors.systems.x_cart.sku_index import SkuIndex
from integrations.connectors.systems.x_cart.values import flag, measure, problem, text, whole_amount
from integrations.connectors.systems.x_cart.writes import stock_path

_ID = re.compile(r"[0-9]+(/[0-9]+)?")
_TEXTS = {
    "sku": 32,
    "name": 255,
    "description": None,
    "brief_description": None,
    "clean_url": 255,
    "meta_title": 255,
    "meta_description": None,
}
_MEASURES = ("price", "weight", "width", "length", "height")
_FLAGS = ("enabled", "taxable", "free_shipping", "separate_box", "inventory_traceable")
_OF_VARIANT = ("sku", "price", "weight", "amount")


class ProductWriter:
    """Creates and changes the products of one shop."""

    def __init__(self, client: XCartClient, index: SkuIndex) -> None:
        self._client = client
        self._index = index
        self._placements = Placements(client)

    def find(self, natural_key: str, hint: Mapping[str, Any]) -> Found | None:
        """Return the product with this SKU; asked by a hint alone, only when it holds all that the hint says."""
        if natural_key:
            external_id = self._index.find(natural_key)
            return Found(external_id, {"sku": natural_key}) if external_id else None
        sku = str(hint.get("sku") or "").strip()
        external_id = self._index.find_fresh(sku)
        if external_id is None:
            return None
        try:
            held = self._client.get_object(stock_path(external_id))
        except NotFound:
            return None
        is_variant = "/" in external_id
        if _variant_changes(held, hint) if is_variant else _product_changes(held, hint):
            return None
        if not is_variant and (
            self._variant_calls(external_id, hint) or self._placements.missing(held, external_id, hint)
        ):
            return None
        return Found(external_id, {"sku": sku})

    def write(self, request: WriteRequest) -> WriteResult:
        """Create or change a product. Raises Rejected, Duplicate (with the id), NotFound, OutcomeUnknown."""
        sku = str(request.fields.get("sku") or "").strip()
        given = request.external_id
        find = self._index.find
        external_id: str | None = linked_id(given, sku, find) if given else find(sku)
        if not external_id:
            return self._create(request.fields, sku)
        try:
            return self._change(external_id, request.fields)
        except NotFound:
            if given:
                raise
        # The index remembered a product that was removed since.
        external_id = self._index.find_fresh(sku)
        return self._change(external_id, request.fields) if external_id else self._create(request.fields, sku)

    def _create(self, fields: Mapping[str, Any], sku: str) -> WriteResult:
        body = wire(fields)
        for name in ("sku", "name"):
            if not body.get(name):
                raise problem(name, "", "is needed for a new product")
        self._placements.refuse(fields)
        # A body without an amount is stored with 1000 pieces, which nobody has.
        body.setdefault("amount", 0)
        try:
            # Reference: developer.x-cart.com/api/5.5.1/admin, POST /products. A taken SKU is a 400.
            made = self._client.send_object("POST", "products", body)
        except OutcomeUnknown:
            self._index.forget()
            raise
        except Duplicate as error:
            error.existing_id = self._index.find_fresh(sku) or ""
            raise
        product_id = str(made.get("id") or "")
        if not product_id.isdigit():
            raise OutcomeUnknown("The shop did not tell the id of the new product")
        self._index.remember(sku, product_id)
        self._send_variants(product_id, fields)
        if self._placements.carry_out(self._placements.missing(None, product_id, fields)):
            made = self._client.get_object(stock_path(product_id))
        return self._result(product_id, made, is_unchanged=False)

    def _change(self, external_id: str, fields: Mapping[str, Any]) -> WriteResult:
        if "/" in external_id:
            return self._change_variant(external_id, fields)
        held = self._client.get_object(stock_path(external_id))
        changes, missing = _product_changes(held, fields), self._placements.missing(held, external_id, fields)
        is_changed = bool(changes)
        if changes:
            held = self._put(external_id, changes)
        is_changed = self._send_variants(external_id, fields) or is_changed
        if self._placements.carry_out(missing):
            held, is_changed = self._client.get_object(stock_path(external_id)), True
        return self._result(external_id, held, is_unchanged=not is_changed)

    def _change_variant(self, external_id: str, fields: Mapping[str, Any]) -> WriteResult:
        held = self._client.get_object(stock_path(external_id))
        changes = _variant_changes(held, fields)
        if changes:
            held = self._put(external_id, changes)
        kept: dict[str, Any] = {name: held.get(name) for name in _OF_VARIANT}
        beyond = [name for name in wire(fields) if name not in _OF_VARIANT]
        beyond += [name for name in ("categories", "images") if fields.get(name)]
        if beyond:
            # Said openly in the result: these belong to the product above the variant.
            kept["variant_fields_not_written"] = beyond
        sku = str(held.get("sku") or "")
        return WriteResult(external_id, business_key=sku, fields=kept, is_unchanged=not changes)

    def _put(self, external_id: str, body: Mapping[str, Any]) -> dict[str, Any]:
        sku = str(body.get("sku") or "")
        try:
            held = self._client.send_object("PUT", stock_path(external_id), body)
        except Duplicate as error:
            error.existing_id = self._index.find_fresh(sku) or ""
            raise
        if sku:
            self._index.remember(sku, external_id)
        return held

    def _send_variants(self, product_id: str, fields: Mapping[str, Any]) -> bool:
        """Create and change the wanted variants; others of the product stay. Return whether any was sent."""
        calls = self._variant_calls(product_id, fields)
        for method, path, body in calls:
            made = self._client.send_object(method, path, body)
            self._index.remember(str(made.get("sku") or ""), f"{product_id}/{made.get('id')}")
        return bool(calls)

    def _variant_calls(
        self, product_id: str, fields: Mapping[str, Any]
    ) -> Sequence[tuple[str, str, dict[str, Any]]]:
        wanted = fields.get("variants") or ()
        if not wanted:
            return ()
        path = f"products/{number(product_id, 'product')}/variants"
        present = {str(row.get("sku", "")): row for row in self._client.rows(path)}
        calls: list[tuple[str, str, dict[str, Any]]] = []
        for each in wanted:
            sku = str(each.get("sku") or "").strip()
            if not sku:
                raise problem("variants[].sku", "", "must not be empty")
            held = present.get(sku)
            body = _variant_changes(held or {}, each, is_new=held is None)
            if held is None:
                calls.append(("POST", path, {**body, "sku": sku}))
            elif body:
                calls.append(("PUT", f"{path}/{number(held.get('id'), 'variant')}", body))
        return calls

    def _result(self, product_id: str, held: Mapping[str, Any], *, is_unchanged: bool) -> WriteResult:
        record = normalise.product_record(held, str(self._client.setting("store_timezone", "UTC")))
        return WriteResult(product_id, record.business_key, record.fields, is_unchanged=is_unchanged)


def linked_id(given: str, sku: str, find: Callable[[str], str | None]) -> str:
    """Return the id behind a link: one that was made on the way of an order holds the SKU in its place.

    Raises NotFound.
    """
    if _ID.fullmatch(given) and given != sku:
        return given
    external_id = find(given) or (given if _ID.fullmatch(given) else None)
    if external_id is None:
        raise NotFound(f"The shop has no product {given!r}")
    return external_id


def wire(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Return mapped fields as the shop takes them; a field without a value is left as it stands. Raises Rejected."""
    body: dict[str, Any] = {}
    for name, length in _TEXTS.items():
        if fields.get(name) is not None:
            body[name] = text(name, fields[name], length)
    for name in _MEASURES:
        if fields.get(name) is not None:
            body[name] = measure(name, fields[name])
    for name in _FLAGS:
        if fields.get(name) is not None:
            body[name] = flag(name, fields[name])
    if fields.get("amount") is not None:
        body["amount"] = whole_amount(fields["amount"])
    return body


def _product_changes(held: Mapping[str, Any], fields: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in wire(fields).items() if not _same(held.get(name), value)}


def _variant_changes(
    held: Mapping[str, Any], fields: Mapping[str, Any], *, is_new: bool = False
) -> dict[str, Any]:
    """Return what a variant lacks. ``default_x`` true means that it shows its parent's x: it gets its own."""
    body: dict[str, Any] = {}
    for name, value in wire(fields).items():
        if name not in _OF_VARIANT:
            continue
        if name == "sku":
            if not is_new and held.get("sku") != value:
                body["sku"] = value
        elif is_new or held.get(f"default_{name}") or not _same(held.get(name), value):
            body |= {name: value, f"default_{name}": False}
    return body


def _same(held: object, wanted: object) -> bool:
    if isinstance(wanted, bool):
        return bool(held) == wanted
    if isinstance(wanted, Decimal | int):
        return Decimal(str(held or 0)) == wanted
    return str(held or "") == wanted
