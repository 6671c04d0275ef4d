"""Changes of inventory items: texts, base price, weight and status, through the item screen. Called by the connector.

Items are made in Dynamics SL, which wants accounts and units with them; prices by customer or quantity (SlsPrc) have no
operation that the vendor publishes.
"""

from collections.abc import Mapping
from typing import Any

from integrations.connectors.base import WriteRequest, WriteResult
from integrations.connectors.errors import NotFound
from integrations.connectors.systems.dynamics_sl.aliases import refuse_long_text
from integrations.connectors.systems.dynamics_sl.changes import same
from integrations.connectors.systems.dynamics_sl.client import CtApi
from integrations.connectors.systems.dynamics_sl.faults import refuse_business_error
from integrations.connectors.systems.dynamics_sl.orders import to_wire
from integrations.connectors.systems.dynamics_sl.schema import PRODUCT

_SERVICE = "inventoryItems"
_CHANGED_BY_US = frozenset(each.name for each in PRODUCT.writes) - {"InvtID"}
_SHOWN = frozenset(each.name for each in PRODUCT.fields)
_OF_THE_ANSWER = ("errorMessage", "notes", "resultCode")


def update_item(api: CtApi, request: WriteRequest) -> WriteResult:
    """Change an item by value; equal values send nothing. Raises NotFound, Rejected, OutcomeUnknown.

    The whole screen goes back, for what is absent is cleared: a change that somebody makes in between is lost.
    """
    given = {name: value for name, value in request.fields.items() if value is not None}
    refuse_long_text(given, PRODUCT.writes)
    number = request.external_id or str(given.get("InvtID") or "")
    screen = _screen(api, number)
    held = screen["myInventory"]
    changed = {
        name: value
        for name, value in given.items()
        if name in _CHANGED_BY_US and not same(held.get(name), value)
    }
    if not changed:
        return WriteResult(held["InvtID"], held["InvtID"], _fields(held), is_unchanged=True)
    item = {name: value for name, value in held.items() if name not in _OF_THE_ANSWER}
    wanted = {**screen, "myInventory": item | changed}
    # Reference: inventoryItems.asmx?op=editScreen. Refusals come back in errorMessage with HTTP 200.
    answer = api.call(
        _SERVICE, "editScreen", is_write=True, actionType="UPDATE", inScreen=to_wire(wanted, api)
    )
    after = (answer or {}).get("myInventory") or {}
    refuse_business_error(str((answer or {}).get("errorMessage") or after.get("errorMessage") or ""), changed)
    return WriteResult(held["InvtID"], held["InvtID"], _fields(item | changed | after))


def _screen(api: CtApi, number: str) -> dict[str, Any]:
    # Reference: inventoryItems.asmx?op=getScreenByInvtID
    screen = api.call(_SERVICE, "getScreenByInvtID", invtID=number.strip()) or {}
    if not (screen.get("myInventory") or {}).get("InvtID"):
        raise NotFound(f"Item {number} is not in Dynamics SL")
    return {name: value for name, value in screen.items() if name != "errorMessage" and value}


def _fields(item: Mapping[str, Any]) -> dict[str, Any]:
    return {name: item[name] for name in _SHOWN if name in item}
