"""Cash receipts: find by our reference, enter through the payment screen, release where the connection says so.

Called by the connector. Dynamics SL protects no document number: the key of ARDoc holds the batch, so the reference
is looked up before anything is entered.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from integrations.connectors.base import Found, Page, WriteRequest, WriteResult
from integrations.connectors.errors import (
    ConnectorError,
    Duplicate,
    FieldProblem,
    NotFound,
    OutcomeUnknown,
    Rejected,
)
from integrations.connectors.systems.dynamics_sl.aliases import refuse_long_text, resolve_receipt
from integrations.connectors.systems.dynamics_sl.client import CtApi
from integrations.connectors.systems.dynamics_sl.faults import refuse_business_error
from integrations.connectors.systems.dynamics_sl.orders import load_order, moment, to_wire
from integrations.connectors.systems.dynamics_sl.periods import period_of
from integrations.connectors.systems.dynamics_sl.references import fit_document
from integrations.connectors.systems.dynamics_sl.schema_fields import SYSTEM
from integrations.connectors.systems.dynamics_sl.schema_ledger import PAYMENT
from integrations.connectors.systems.dynamics_sl.views import can_search, changed_rows, matching
from integrations.kinds import Kind, Record

RECEIPTS = ("PA", "PP")
_VIEW = "view_ardoc"
_SERVICE = "paymentEntry"
_SCREEN = "08030"
_SHOWN = frozenset(each.name for each in PAYMENT.fields)


def receipt_id(document: Mapping[str, Any]) -> str:
    """Return ``C300/PP/P000701``: the external id of a receipt."""
    return f"{document.get('CustId') or ''}/{document.get('DocType') or ''}/{document.get('RefNbr') or ''}"


def find_payment(api: CtApi, reference: str) -> Found | None:
    """Return the receipt that carries a reference; of several the oldest batch. Raises Misconfigured without a view."""
    rows = [
        row
        for row in matching(api, _VIEW, RefNbr=fit_document(reference))
        if row.get("DocType") in RECEIPTS and row.get("User1") in (reference[:30], "", None)
    ]
    if not rows:
        return None
    first = min(rows, key=lambda row: row.get("BatNbr") or "")
    return Found(receipt_id(first), shown(first, _SHOWN))


def fetch_payment(api: CtApi, external_id: str) -> Record:
    """Return a receipt by customer, type and number. Raises NotFound."""
    customer, _, rest = external_id.partition("/")
    doc_type, _, ref_nbr = rest.partition("/")
    rows = (
        matching(api, _VIEW, CustId=customer, DocType=doc_type, RefNbr=ref_nbr)
        if doc_type in RECEIPTS and ref_nbr
        else []
    )
    if not rows:
        raise NotFound(f"Receipt {external_id} is not in Dynamics SL")
    return _record(rows[0])


def read_payments(api: CtApi, cursor: Mapping[str, Any], now: datetime) -> Iterator[Page]:
    """Yield receipts that were entered or changed since the cursor."""
    return changed_rows(
        api, _VIEW, cursor, now, lambda row: _record(row) if row.get("DocType") in RECEIPTS else None
    )


def _record(document: Mapping[str, Any]) -> Record:
    return Record(
        SYSTEM,
        Kind.PAYMENT,
        receipt_id(document),
        shown(document, _SHOWN),
        updated_at=moment(document.get("LUpd_DateTime")),
        business_key=str(document.get("RefNbr") or ""),
        search_keys={name: str(document.get(name) or "") for name in ("CustId", "OrdNbr", "User1")},
    )


def shown(row: Mapping[str, Any], always: frozenset[str]) -> dict[str, Any]:
    """Return the members of the schema, and any other that holds something."""
    return {name: value for name, value in row.items() if name in always or value not in ("", None, 0, [])}


def create_payment(api: CtApi, request: WriteRequest) -> WriteResult:
    """Enter a receipt in a batch of its own, released where the connection says so.

    Raises Duplicate when the reference is there already, Rejected for what the ledger refuses (closed period, unknown
    account, no amount), OutcomeUnknown when it may have been entered.
    """
    document = _completed(api, request)
    if request.reference and can_search(api, _VIEW):
        existing = find_payment(api, request.reference)
        if existing is not None:
            raise Duplicate(f"Receipt {existing.external_id} exists", existing_id=existing.external_id)
    amount = document["CuryOrigDocAmt"]
    batch = {
        "CpnyID": api.cpny_id,
        "Module": "AR",
        "JrnlType": "AR",
        "EditScrnNbr": _SCREEN,
        "CuryCtrlTot": amount,
        "CtrlTot": amount,
        **{name: document[name] for name in ("BankAcct", "BankSub", "PerPost", "CuryId") if name in document},
    }
    screen = to_wire({"myBatch": batch, "myARDoc": document}, api)
    _edit(api, "VALIDATEONLY", screen, document, is_write=False)
    entered = _edit(api, "ADD", screen, document, is_write=True)
    made = entered.get("myARDoc") or {}
    if not made.get("RefNbr"):
        raise OutcomeUnknown("Dynamics SL answered without a receipt number")
    if api.settings.get("release_batches"):
        made = _release(api, entered) or made
    return WriteResult(
        receipt_id(made), str(made["RefNbr"]), shown(made, _SHOWN), total=made.get("CuryOrigDocAmt")
    )


def _completed(api: CtApi, request: WriteRequest) -> dict[str, Any]:
    document = resolve_receipt(request.fields)
    refuse_long_text(document, PAYMENT.fields)
    amount = document.get("CuryOrigDocAmt")
    if not isinstance(amount, Decimal | int) or amount <= 0:
        problem = FieldProblem("CuryOrigDocAmt", str(amount), "must be above zero")
        raise Rejected("A receipt needs an amount above zero", problems=(problem,))
    missing = [name for name in ("BankAcct", "BankSub") if not document.get(name)]
    if missing:
        problems = tuple(FieldProblem(name, "", "is required") for name in missing)
        raise Rejected(f"A receipt needs {' and '.join(missing)}", problems=problems)
    if not document.get("CustId") and document.get("OrdNbr"):
        document["CustId"] = load_order(api, str(document["OrdNbr"])).get("CustID", "")
    document.setdefault("DocType", "PP" if document.get("OrdNbr") else "PA")
    period = document.get("PerPost") or period_of(api, document.get("DocDate"))
    if period:
        document["PerPost"] = period
    if request.reference:
        document |= {"RefNbr": fit_document(request.reference), "User1": request.reference[:30]}
    return document | {"CpnyID": api.cpny_id, "OrigDocAmt": amount}


def _edit(
    api: CtApi, action: str, screen: Mapping[str, Any], values: Mapping[str, Any], *, is_write: bool
) -> dict[str, Any]:
    # Reference: paymentEntry.asmx?op=editScreen. Refusals come back in errorMessage with HTTP 200.
    answer = api.call(_SERVICE, "editScreen", is_write=is_write, actionType=action, inScreen=screen) or {}
    edited = answer.get("myARDoc") or {}
    refuse_business_error(str(answer.get("errorMessage") or edited.get("errorMessage") or ""), values)
    return dict(answer)


def _release(api: CtApi, entered: Mapping[str, Any]) -> dict[str, Any]:
    """Release the batch of an entered receipt. Raises OutcomeUnknown: the receipt is there, whatever became of it."""
    number = (entered.get("myBatch") or {}).get("BatNbr") or ""
    screen = {"myBatch": {"Module": "AR", "BatNbr": number, "CpnyID": api.cpny_id}}
    try:
        released = _edit(api, "RELEASENOW", screen, {}, is_write=True)
    except ConnectorError as error:
        # Any class that leads to a plain retry would enter the receipt twice.
        raise OutcomeUnknown(
            f"The receipt was entered in batch {number}, but not released", detail=str(error)
        ) from error
    return dict(released.get("myARDoc") or {})
