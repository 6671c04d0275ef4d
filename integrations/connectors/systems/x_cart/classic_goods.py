"""Products, variants and stock of a classic shop as targets: found by SKU, compared, only differences sent.

What the classic API has no field for is named in the result and never dropped in silence.
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from integrations.connectors.base import Found, WriteRequest, WriteResult
from integrations.connectors.errors import Duplicate, Misconfigured, MissingReference, OutcomeUnknown
from integrations.connectors.systems.x_cart.classic_client import ClassicClient
from integrations.connectors.systems.x_cart.classic_rows import translated
from integrations.connectors.systems.x_cart.client import number
from integrations.connectors.systems.x_cart.products import linked_id, wire
from integrations.connectors.systems.x_cart.values import problem, whole_amount

VARIANT = "xc-productvariants-productvariant"
_SCALARS = ("sku", "price", "weight", "amount", "enabled", "taxable", "free_shipping")
_TRANSLATED = {"name": "name", "description": "description"}


class ClassicGoods:
    """Products, variants and stock of a classic shop. Ids as in 5.5: ``"40"``, a variant ``"40/143"``."""

    def __init__(self, client: ClassicClient) -> None:
        self._client = client
        self._language = str(client.setting("language", "en"))[:2].lower()

    def find(self, sku: str) -> str | None:
        """Return the id behind a SKU; the classic API has a filter for it. Raises ConnectorError."""
        if not sku:
            return None
        # Reference: xc5-restapi, product filters; spelled sKU. It may find parts of a SKU, too.
        for row in self._client.rows("product", [("_cnd[sKU]", sku)]):
            if row.get("sku") == sku:
                return number(row.get("product_id"), "product")
        return self._variant(sku)

    def _variant(self, sku: str) -> str | None:
        try:
            rows = list(self._client.rows(VARIANT))
        except Misconfigured as error:
            if error.missing != VARIANT:
                raise
            return None  # a shop without the add-on has no variants
        for row in rows:
            if row.get("sku") == sku:
                variant_id = number(row.get("id"), "variant")
                parent = self._client.one(f"{VARIANT}/{variant_id}").get("product") or {}
                return f"{number(parent.get('product_id'), 'product')}/{variant_id}"
        return None

    def found(self, sku: str, hint: Mapping[str, Any]) -> Found | None:
        """Return the product with a SKU; asked by a hint alone, only when it holds all that the hint says."""
        external_id = self.find(sku or str(hint.get("sku") or "").strip())
        if external_id is None:
            return None
        if not sku and self._changes(external_id, self.present(external_id), hint):
            return None
        return Found(external_id, {"sku": sku or str(hint.get("sku"))})

    def present(self, external_id: str) -> dict[str, Any]:
        """Return the default schema's record. Raises NotFound."""
        return self._client.one(path_of(external_id))

    def write_stock(self, request: WriteRequest) -> WriteResult:
        """Set an amount where it differs. Raises MissingReference when no product has the SKU."""
        sku = str(request.fields.get("sku") or "")
        external_id = request.external_id or str(request.fields.get("product_id") or "") or self.find(sku)
        if not external_id:
            raise MissingReference(f"The shop has no product with SKU {sku!r}", kind="product", key=sku)
        amount = whole_amount(request.fields.get("amount"))
        held = self.present(external_id)
        changes = self._changes(external_id, held, {"amount": amount})
        if changes:
            held = self._client.send("put", path_of(external_id), changes)
        found = str(held.get("sku") or sku)
        fields = {"product_id": external_id, "sku": found, "amount": held.get("amount")}
        return WriteResult(external_id, business_key=found, fields=fields, is_unchanged=not changes)

    def write(self, request: WriteRequest) -> WriteResult:
        """Create or change a product. Raises Rejected, Duplicate (with the id), NotFound, OutcomeUnknown."""
        fields = request.fields
        sku = str(fields.get("sku") or "").strip()
        given = request.external_id
        external_id = linked_id(given, sku, self.find) if given else self.find(sku)
        try:
            if external_id:
                held = self.present(external_id)
                changes = self._changes(external_id, held, fields)
                held = self._client.send("put", path_of(external_id), changes) if changes else held
            else:
                held, changes = self._create(fields), {"sku": sku}
        except Duplicate as error:
            error.existing_id = self.find(sku) or ""
            raise
        external_id = external_id or number(held.get("product_id"), "product")
        kept: dict[str, Any] = {name: held.get(name) for name in _SCALARS if name in held}
        kept["name"] = translated(held, "name", self._language)
        beyond = [
            name
            for name in (*wire(fields), "variants", "categories", "images")
            if fields.get(name) and name not in _takes(external_id)
        ]
        if beyond:
            kept["fields_not_written"] = beyond
        return WriteResult(
            external_id, business_key=str(held.get("sku") or ""), fields=kept, is_unchanged=not changes
        )

    def _create(self, fields: Mapping[str, Any]) -> dict[str, Any]:
        body = wire(fields)
        for name in ("sku", "name"):
            if not body.get(name):
                raise problem(name, "", "is needed for a new product")
        model = {name: body[name] for name in _SCALARS if name in body}
        model.setdefault("amount", 0)  # the shop would put 1000
        texts = {theirs: body[ours] for ours, theirs in _TRANSLATED.items() if ours in body}
        made = self._client.send(
            "post", "product/0", {**model, "translations": [{"code": self._language, **texts}]}
        )
        if not str(made.get("product_id") or "").isdigit():
            raise OutcomeUnknown("The shop did not tell the id of the new product")
        return made

    def _changes(
        self, external_id: str, held: Mapping[str, Any], fields: Mapping[str, Any]
    ) -> dict[str, Any]:
        wanted = {name: value for name, value in wire(fields).items() if name in _takes(external_id)}
        is_variant = "/" in external_id
        changes: dict[str, Any] = {}
        for name in [each for each in _SCALARS if each in wanted]:
            own = f"default{name.capitalize()}"
            if is_variant and held.get(own):
                # The variant shows its parent's value, and must get one of its own.
                changes |= {name: wanted[name], own: False}
            elif not _same(held.get(name), wanted[name]):
                changes[name] = wanted[name]
        texts = {
            theirs: wanted[ours]
            for ours, theirs in _TRANSLATED.items()
            if ours in wanted and translated(held, theirs, self._language) != wanted[ours]
        }
        if texts:
            changes["translations"] = [{"code": self._language, **texts}]
        return changes


def path_of(external_id: str) -> str:
    """Return the classic path of ``"40"`` or ``"40/143"``. Raises NotFound for anything else."""
    product_id, _, variant_id = external_id.partition("/")
    path = f"product/{number(product_id, 'product')}"
    return f"{VARIANT}/{number(variant_id, 'variant')}" if variant_id else path


def _takes(external_id: str) -> tuple[str, ...]:
    return ("sku", "price", "amount") if "/" in external_id else (*_SCALARS, *_TRANSLATED)


def _same(held: object, wanted: object) -> bool:
    if isinstance(wanted, bool):
        return bool(held) == wanted
    if isinstance(wanted, Decimal | int):
        return Decimal(str(held or 0)) == wanted
    return str(held or "") == wanted
