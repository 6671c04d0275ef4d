"""Stock adjustments: a counted quantity, or a difference, entered as one line of an inventory batch and released.

Called by the connector. A batch counts only once it is released, so it is released at once. The line carries a
reference made of the run (``ExtRefNbr``), which is looked up first: a run that is repeated adjusts nothing twice.
"""

from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from integrations.connectors.base import WriteRequest, WriteResult
from integrations.connectors.errors import (
    ConnectorError,
    FieldProblem,
    Misconfigured,
    MissingReference,
    OutcomeUnknown,
    Rejected,
)
from integrations.connectors.systems.dynamics_sl.aliases import refuse_long_text
from integrations.connectors.systems.dynamics_sl.client import CtApi
from integrations.connectors.systems.dynamics_sl.faults import refuse_business_error
from integrations.connectors.systems.dynamics_sl.inventory import find_item
from integrations.connectors.systems.dynamics_sl.orders import to_wire
from integrations.connectors.systems.dynamics_sl.periods import period_of
from integrations.connectors.systems.dynamics_sl.references import JOURNAL_LENGTH, fit_document
from integrations.connectors.systems.dynamics_sl.schema import INVENTORY
from integrations.connectors.systems.dynamics_sl.views import can_search, matching
from integrations.kinds import Kind

_VIEW = "view_intran"
_SERVICE = "inventoryIssues"
_SCREEN = "10020"
_ISSUE, _RETURNED = "II", "RI"
"""Types of a line that takes out of stock and of one that puts back [inferred]."""
_ON_LINE = ("ReasonCd", "TranDesc", "TranDate", "ProjectID", "TaskID")


def adjust_stock(api: CtApi, request: WriteRequest) -> WriteResult:
    """Bring the quantity on hand to ``Qty``, or change it by ``AdjustQty``; an equal quantity sends nothing.

    Raises Rejected (below zero, more than one bin, ``BaseQty`` is not what is there), MissingReference for an unknown
    item, Misconfigured where adjustments cannot be looked up, OutcomeUnknown when it may have been entered.
    """
    if not can_search(api, _VIEW):
        raise Misconfigured("Adjustments cannot be looked up on this connection", missing=_VIEW)
    given = {name: value for name, value in request.fields.items() if value is not None}
    refuse_long_text(given, INVENTORY.writes)
    place = _bin(api, given)
    key = _key(request)
    if key and (batches := _earlier(api, key, place)):
        for number, is_released in batches.items():
            if not is_released:
                _release(api, number)
        return _result(api, place, is_unchanged=False)
    held = Decimal(place.get("QtyOnHand") or 0)
    change = _change(given, held)
    if not change:
        return _result(api, place, is_unchanged=True)
    screen = _screen(api, given, place, change, key)
    _edit(api, "VALIDATEONLY", screen, given, is_write=False)
    entered = _edit(api, "ADD", screen, given, is_write=True)
    number = str((entered.get("myBatch") or {}).get("BatNbr") or "")
    if not number:
        raise OutcomeUnknown("Dynamics SL answered without a batch number")
    _release(api, number)
    return _result(api, place, is_unchanged=False)


def _key(request: WriteRequest) -> str:
    """Return what all attempts of a run leave in the line; "" for a write that belongs to no run."""
    given = request.idempotency_key or request.reference
    return fit_document(given, JOURNAL_LENGTH) if given else ""


def _bin(api: CtApi, given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the one bin that is meant. Raises MissingReference, Rejected."""
    item = str(given.get("InvtID") or "").strip()
    site = str(given.get("SiteID") or api.settings.get("default_site") or "").strip()
    wanted = str(given.get("WhseLoc") or "").strip()
    if not item or not site:
        name = "InvtID" if not item else "SiteID"
        raise Rejected(f"An adjustment needs {name}", problems=(FieldProblem(name, "", "is required"),))
    bins = [
        row
        for row in _bins(api, item, site)
        if row.get("InvtID") == item and row.get("SiteID") == site and wanted in ("", row.get("WhseLoc"))
    ]
    if len(bins) == 1:
        return bins[0]
    if not bins and find_item(api, item) is None:
        raise MissingReference(f"Inventory item {item} not found.", kind=Kind.PRODUCT.value, key=item)
    rule = "names no bin of this item" if not bins else "is needed: the item lies in several bins"
    problem = FieldProblem("WhseLoc", wanted, rule)
    raise Rejected(f"Item {item} in warehouse {site}: the bin {rule}", problems=(problem,))


def _bins(api: CtApi, item: str, site: str) -> list[dict[str, Any]]:
    # Reference: inventoryIssues.asmx?op=getWarehouseBinLocations
    return api.call(_SERVICE, "getWarehouseBinLocations", siteID=site, whseLoc="", invtID=item) or []


def _earlier(api: CtApi, key: str, place: Mapping[str, Any]) -> dict[str, bool]:
    """Return the batches that an earlier attempt of this run entered, and whether they are released."""
    rows = [row for row in matching(api, _VIEW, ExtRefNbr=key) if row.get("InvtID") == place["InvtID"]]
    return {str(row["BatNbr"]): bool(row.get("Rlsed")) for row in rows}


def _change(given: Mapping[str, Any], held: Decimal) -> Decimal:
    if ("Qty" in given) == ("AdjustQty" in given):
        problem = FieldProblem("Qty", "", "give the counted quantity or the difference, not both")
        raise Rejected("An adjustment needs either Qty or AdjustQty", problems=(problem,))
    if "BaseQty" in given and _number(given, "BaseQty") != held:
        problem = FieldProblem("BaseQty", str(given["BaseQty"]), f"there are {held} now")
        raise Rejected(
            "The quantity has changed since it was read", problems=(problem,), code="base_quantity"
        )
    name = "Qty" if "Qty" in given else "AdjustQty"
    change = _number(given, name) - (held if name == "Qty" else 0)
    if held + change < 0:
        problem = FieldProblem(name, str(given[name]), f"there are {held}; stock never goes below zero")
        raise Rejected("The adjustment would leave less than nothing", problems=(problem,))
    return change


def _number(given: Mapping[str, Any], name: str) -> Decimal:
    try:
        return Decimal(str(given[name]))
    except InvalidOperation as error:
        problem = FieldProblem(name, str(given[name]), "is not a number")
        raise Rejected(f"{name} is not a number", problems=(problem,)) from error


def _screen(
    api: CtApi, given: Mapping[str, Any], place: Mapping[str, Any], change: Decimal, key: str
) -> dict[str, Any]:
    line = {
        **{name: given[name] for name in _ON_LINE if given.get(name)},
        **{name: place[name] for name in ("InvtID", "SiteID", "WhseLoc")},
        "TranType": _ISSUE if change < 0 else _RETURNED,
        "InvtMult": -1 if change < 0 else 1,
        "Qty": abs(change),
        "ExtRefNbr": key,
        "CpnyID": api.cpny_id,
        "JrnlType": "IN",
    }
    batch = {"Module": "IN", "JrnlType": "IN", "EditScrnNbr": _SCREEN, "CpnyID": api.cpny_id}
    period = given.get("PerPost") or period_of(api, given.get("TranDate"))
    if period:
        batch["PerPost"] = line["PerPost"] = period
    return {"myBatch": batch, "myINTran": [line]}


def _edit(
    api: CtApi, action: str, screen: Mapping[str, Any], values: Mapping[str, Any], *, is_write: bool
) -> dict[str, Any]:
    # Reference: inventoryIssues.asmx?op=editScreen. Refusals come back in errorMessage with HTTP 200.
    answer = api.call(
        _SERVICE, "editScreen", is_write=is_write, actionType=action, inScreen=to_wire(dict(screen), api)
    )
    refuse_business_error(str((answer or {}).get("errorMessage") or ""), values)
    return dict(answer or {})


def _release(api: CtApi, number: str) -> None:
    """Release a batch. Raises OutcomeUnknown: the batch is there, whatever became of its release."""
    screen = {"myBatch": {"Module": "IN", "BatNbr": number, "CpnyID": api.cpny_id}}
    try:
        _edit(api, "RELEASENOW", screen, {}, is_write=True)
    except ConnectorError as error:
        # The next attempt finds the batch by its reference and releases it.
        raise OutcomeUnknown(
            f"The adjustment was entered in batch {number}, but not released", detail=str(error)
        ) from error


def _result(api: CtApi, place: Mapping[str, Any], *, is_unchanged: bool) -> WriteResult:
    """Return what the bin holds now."""
    now: Mapping[str, Any] = place
    if not is_unchanged:
        rows = _bins(api, place["InvtID"], place["SiteID"])
        now = next((row for row in rows if row.get("WhseLoc") == place["WhseLoc"]), place)
    kept = ("InvtID", "SiteID", "WhseLoc", "QtyOnHand", "QtyAvail", "QtyAlloc")
    fields = {name: now.get(name) for name in kept}
    return WriteResult(place["InvtID"], place["InvtID"], fields, is_unchanged=is_unchanged)
