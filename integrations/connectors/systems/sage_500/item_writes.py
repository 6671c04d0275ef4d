"""Items on their way in, through the procedure that the connection names. Called by the connector.

An item's number is its key, so Sage 500 itself refuses a second one.
"""

from collections.abc import Mapping
from typing import Any

from integrations.connectors.base import WriteRequest, WriteResult
from integrations.connectors.errors import Duplicate
from integrations.connectors.systems.sage_500 import staging
from integrations.connectors.systems.sage_500.client import Sage
from integrations.connectors.systems.sage_500.entering import enter, refuse_second, writable
from integrations.connectors.systems.sage_500.items import fetch_item, find_item
from integrations.connectors.systems.sage_500.records import refuse_unfit, same
from integrations.connectors.systems.sage_500.schema import PRODUCT

_STAGED = "StgItem"


def _item_row(fields: Mapping[str, Any], action: int) -> dict[str, Any]:
    names = {"UnitMeasID": "StockUnitMeasID"}
    return {names.get(name, name): value for name, value in fields.items()} | {"Action": action}


def create_item(sage: Sage, request: WriteRequest) -> WriteResult:
    """Add an item; its number is its key, so Sage 500 itself refuses a second one. Raises Duplicate."""
    item = writable(request, PRODUCT)
    refuse_unfit(item, PRODUCT.fields)
    procedure = sage.procedure_name("proc_item", "items")
    key = str(item["ItemID"])
    refuse_second(find_item(sage, key), "Item")
    given = staging.Import("item", procedure, {_STAGED: [_item_row(item, staging.INSERT)]})
    try:
        enter(sage, given, "ItemID", key)
    except Duplicate as error:
        raise Duplicate(error.message, existing_id=key, code=error.code) from error
    return _item_result(sage, key)


def update_item(sage: Sage, request: WriteRequest) -> WriteResult:
    """Change an item by value; equal values are not sent."""
    before = fetch_item(sage, request.external_id)
    item = writable(request, PRODUCT)
    item.pop("ItemID", None)
    refuse_unfit(item, PRODUCT.fields, creating=False)
    changed = {name: value for name, value in item.items() if not same(before.fields.get(name), value)}
    if not changed:
        return WriteResult(before.external_id, before.external_id, before.fields, is_unchanged=True)
    procedure = sage.procedure_name("proc_item", "items")
    row = _item_row({"ItemID": request.external_id, **changed}, staging.UPDATE)
    given = staging.Import("item", procedure, {_STAGED: [row]})
    staging.run(sage, given, staging.stage(sage, given))
    return _item_result(sage, request.external_id)


def _item_result(sage: Sage, key: str) -> WriteResult:
    held = fetch_item(sage, key)
    return WriteResult(key, key, held.fields)
