"""Coupons, categories and returns of a classic shop as targets, in the words of the 5.5 API. Called by its shop.

Entities and methods are documented, the names of their fields are [inferred] from what reads of them show.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from integrations.connectors.systems.x_cart import classic_rows
from integrations.connectors.systems.x_cart.classic_client import ClassicClient
from integrations.connectors.systems.x_cart.client import number
from integrations.connectors.systems.x_cart.normalise import fitted
from integrations.kinds import Kind

RETURNS = "qsl-returns-orderreturn"
COUPONS = "cdev-coupons-coupon"
CATEGORIES = "category"
ENTITIES = {Kind.RETURN: RETURNS, Kind.COUPON: COUPONS, Kind.CATEGORY: CATEGORIES}
KEYS = {RETURNS: "id", COUPONS: "id", CATEGORIES: "category_id"}
_NAMES = {
    "total_range_begin": "totalRangeBegin",
    "total_range_end": "totalRangeEnd",
    "uses_limit": "usesLimit",
    "uses_limit_per_user": "usesLimitPerUser",
    "single_use": "singleUse",
    "specific_products": "specificProducts",
    "date_range_begin": "dateRangeBegin",
    "date_range_end": "dateRangeEnd",
    "position": "pos",
    "clean_url": "cleanURL",
}
_TRANSLATED = ("name", "description")


class ClassicLists:
    """The desk of the classic API; names of categories live in translations."""

    def __init__(self, client: ClassicClient, language: str) -> None:
        self._client = client
        self._language = language

    def rows(self, kind: Kind) -> Iterable[Mapping[str, Any]]:
        entity = ENTITIES[kind]
        for row in self._client.rows(entity):
            # The list has scalars only: a category's name comes with the record.
            yield self._row(kind, row) if kind is Kind.COUPON else self.row(kind, str(row.get(KEYS[entity])))

    def row(self, kind: Kind, record_id: str) -> Mapping[str, Any]:
        return self._row(kind, self._client.one(f"{ENTITIES[kind]}/{number(record_id, kind.label)}"))

    def create(self, kind: Kind, values: Mapping[str, Any]) -> Mapping[str, Any]:
        return self._row(kind, self._client.send("post", f"{ENTITIES[kind]}/0", self._model(kind, values)))

    def change(self, kind: Kind, record_id: str, values: Mapping[str, Any]) -> Mapping[str, Any]:
        path = f"{ENTITIES[kind]}/{number(record_id, kind.label)}"
        return self._row(kind, self._client.send("put", path, self._model(kind, values)))

    def _row(self, kind: Kind, row: Mapping[str, Any]) -> Mapping[str, Any]:
        if kind is Kind.COUPON:
            return fitted(lambda: classic_rows.coupon_row(row))
        if kind is Kind.CATEGORY:
            return fitted(lambda: classic_rows.category_row(row, self._language))
        return fitted(lambda: classic_rows.return_row(row))

    def _model(self, kind: Kind, values: Mapping[str, Any]) -> dict[str, Any]:
        model: dict[str, Any] = {}
        texts: dict[str, Any] = {}
        for name, value in values.items():
            if kind is Kind.CATEGORY and name in _TRANSLATED:
                texts[name] = value
            elif name == "parent_id":
                model["parent"] = {"category_id": int(value)} if value else None
            else:
                model[_NAMES.get(name, name)] = (
                    int(value.timestamp()) if hasattr(value, "timestamp") else value
                )
        if texts:
            model["translations"] = [{"code": self._language, **texts}]
        return model
