"""Cash receipts, journals, returns and items on their way in, through the procedures that the connection names.

Called by the connector. Procedures and staging tables of these are not public: ours follow the pattern of orders
[inferred], see README. Each create looks our reference up before anything is staged.
"""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from integrations.connectors.base import Found, WriteRequest, WriteResult
from integrations.connectors.errors import Duplicate, FieldProblem, OutcomeUnknown, Rejected
from integrations.connectors.systems.sage_500 import staging
from integrations.connectors.systems.sage_500.aliases import number
from integrations.connectors.systems.sage_500.client import Sage
from integrations.connectors.systems.sage_500.items import fetch_item, find_item
from integrations.connectors.systems.sage_500.orders import RETURN_TYPE, find_order, load_order
from integrations.connectors.systems.sage_500.records import refuse_nameless, refuse_unfit, same
from integrations.connectors.systems.sage_500.references import fit_reference
from integrations.connectors.systems.sage_500.schema import JOURNAL, PAYMENT, PRODUCT, RETURN
from integrations.kinds import EntitySchema

_REFERENCE = "UserFld1"
_RECEIPT, _JOURNAL, _ITEM = "StgCashReceipt", "StgGLJournal", "StgItem"
_RETURN, _RETURN_LINE = "StgRMA", "StgRMALine"
_RETURN_HEAD = ("TranDate", "CustID", "SOTranNo", "CustPONo", "TranCmnt", _REFERENCE)
_RETURNED = (
    "ItemID",
    "UnitMeasID",
    "UnitPrice",
    "QtyRtrnCredit",
    "QtyRtrnReplacement",
    "WarehouseID",
    "ExtCmnt",
)


def _writable(request: WriteRequest, schema: EntitySchema) -> dict[str, Any]:
    known = {info.name for info in schema.fields if not info.read_only and not info.fields}
    return {name: value for name, value in request.fields.items() if name in known and value is not None}


def _enter(sage: Sage, given: staging.Import, column: str, reference: str) -> None:
    """Stage a record, or go on with one that waits, and run the import. Raises Duplicate and its kin."""
    waiting = staging.open_session(sage, given.header, column, reference) if reference else None
    staging.run(sage, given, waiting if waiting is not None else staging.stage(sage, given))


def _refuse_second(found: Found | None, what: str) -> None:
    if found is not None:
        raise Duplicate(f"{what} {found.external_id} carries this reference", existing_id=found.external_id)


# -- cash receipts -----------------------------------------------------------------------------------------


def find_receipt(sage: Sage, reference: str) -> Found | None:
    """Return the receipt that carries our reference, posted or pending."""
    wanted = fit_reference(reference.strip())
    for table in ("tarCustPmt", "tarPendCustPmt") if wanted else ():
        rows = sage.query(
            f"SELECT CustPmtKey, TranNo, TranAmt FROM {table} WHERE CompanyID = %s AND {_REFERENCE} = %s",
            *(sage.company, wanted),
        )
        if rows:
            return Found(str(rows[0]["CustPmtKey"]), {name: rows[0][name] for name in ("TranNo", "TranAmt")})
    return None


def create_receipt(sage: Sage, request: WriteRequest) -> WriteResult:
    """Enter a cash receipt (batch type 503). Raises Duplicate, Rejected, OutcomeUnknown."""
    receipt = _writable(request, PAYMENT)
    if request.reference:
        receipt[_REFERENCE] = fit_reference(request.reference)
    refuse_unfit(receipt, PAYMENT.fields)
    procedure = sage.procedure_name("proc_cash_receipt", "cash receipts")
    reference = str(receipt.get(_REFERENCE) or "")
    refuse_nameless(reference, _REFERENCE)
    _refuse_second(find_receipt(sage, reference), "Receipt")
    given = staging.Import("receipt", procedure, {_RECEIPT: [{**receipt, "Action": staging.INSERT}]})
    _enter(sage, given, _REFERENCE, reference)
    found = find_receipt(sage, reference)
    if found is None:
        raise OutcomeUnknown("Sage 500 took the receipt, but it cannot be read", detail=reference)
    amount = number("TranAmt", found.fields["TranAmt"])
    return WriteResult(found.external_id, str(found.fields["TranNo"]), found.fields, total=amount)


# -- journals ----------------------------------------------------------------------------------------------


def find_journal(sage: Sage, reference: str) -> Found | None:
    """Return the batch whose comment is our reference."""
    wanted = fit_reference(reference.strip())
    rows = wanted and sage.query(
        "SELECT BatchKey, BatchID, Status FROM tciBatchLog WHERE CompanyID = %s AND BatchType = 301 AND BatchCmnt = %s",
        *(sage.company, wanted),
    )
    return Found(str(rows[0]["BatchKey"]), {"BatchID": rows[0]["BatchID"]}) if rows else None


def create_journal(sage: Sage, request: WriteRequest) -> WriteResult:
    """Enter a journal batch (type 301); debits must equal credits. Raises Duplicate, Rejected, OutcomeUnknown."""
    refuse_unfit(request.fields, JOURNAL.fields)
    lines: Sequence[Mapping[str, Any]] = request.fields["Lines"]
    debit, credit = (
        sum((number(name, line.get(name) or 0) for line in lines), Decimal(0))
        for name in ("DebitAmt", "CreditAmt")
    )
    if debit != credit:
        rule = f"debits {debit} and credits {credit} must be equal"
        raise Rejected(
            "The batch is out of balance", problems=(FieldProblem("Lines", str(debit - credit), rule),)
        )
    procedure = sage.procedure_name("proc_journal", "journals")
    reference = fit_reference(request.reference)
    refuse_nameless(reference, _REFERENCE)
    _refuse_second(find_journal(sage, reference), "Batch")
    head = {"TranDate": request.fields["TranDate"], _REFERENCE: reference or None, "Action": staging.INSERT}
    comment = request.fields.get("TranCmnt")
    names = ("GLAcctNo", "DebitAmt", "CreditAmt", "TranCmnt")
    rows = [
        {**head, "TranCmnt": comment, **{name: line[name] for name in names if line.get(name) is not None}}
        for line in lines
    ]
    _enter(sage, staging.Import("journal", procedure, {_JOURNAL: rows}), _REFERENCE, reference)
    found = find_journal(sage, reference)
    if found is None:
        raise OutcomeUnknown("Sage 500 took the journal, but it cannot be read", detail=reference)
    return WriteResult(found.external_id, str(found.fields["BatchID"]), found.fields, total=debit)


# -- returns -----------------------------------------------------------------------------------------------


def create_return(sage: Sage, request: WriteRequest) -> WriteResult:
    """Enter a return (RMA, type 835) with what is credited or replaced. Raises Duplicate, Rejected, OutcomeUnknown."""
    head = {name: request.fields[name] for name in _RETURN_HEAD if request.fields.get(name) is not None}
    if request.reference:
        head[_REFERENCE] = fit_reference(request.reference)
    head.setdefault("TranDate", sage.now().astimezone(sage.zone).date().isoformat())
    refuse_unfit({**head, "Lines": request.fields.get("Lines")}, RETURN.fields)
    procedure = sage.procedure_name("proc_return", "returns")
    reference = str(head.get(_REFERENCE) or "")
    refuse_nameless(reference, _REFERENCE)
    _refuse_second(find_order(sage, reference, tran_type=RETURN_TYPE), "Return")
    lines = [
        {
            **{name: line[name] for name in _RETURNED if line.get(name) is not None},
            "SOLineNo": place,
            "TranNo": "",
        }
        for place, line in enumerate(request.fields["Lines"], 1)
    ]
    tables = {
        _RETURN: [{**head, "TranNo": "", "Action": staging.INSERT}],
        _RETURN_LINE: [{**line, "Action": staging.INSERT} for line in lines],
    }
    _enter(sage, staging.Import("return", procedure, tables), _REFERENCE, reference)
    found = find_order(sage, reference, tran_type=RETURN_TYPE)
    if found is None:
        raise OutcomeUnknown("Sage 500 took the return, but it cannot be read", detail=reference)
    held = load_order(sage, found.external_id)
    return WriteResult(found.external_id, str(held["TranNo"]), held, total=held["TranAmt"])


# -- items -------------------------------------------------------------------------------------------------


def _item_row(fields: Mapping[str, Any], action: int) -> dict[str, Any]:
    names = {"UnitMeasID": "StockUnitMeasID"}
    return {names.get(name, name): value for name, value in fields.items()} | {"Action": action}


def create_item(sage: Sage, request: WriteRequest) -> WriteResult:
    """Add an item; its number is its key, so Sage 500 itself refuses a second one. Raises Duplicate."""
    item = _writable(request, PRODUCT)
    refuse_unfit(item, PRODUCT.fields)
    procedure = sage.procedure_name("proc_item", "items")
    key = str(item["ItemID"])
    _refuse_second(find_item(sage, key), "Item")
    given = staging.Import("item", procedure, {_ITEM: [_item_row(item, staging.INSERT)]})
    try:
        _enter(sage, given, "ItemID", key)
    except Duplicate as error:
        raise Duplicate(error.message, existing_id=key, code=error.code) from error
    return _item_result(sage, key)


def update_item(sage: Sage, request: WriteRequest) -> WriteResult:
    """Change an item by value; equal values are not sent."""
    before = fetch_item(sage, request.external_id)
    item = _writable(request, PRODUCT)
    item.pop("ItemID", None)
    refuse_unfit(item, PRODUCT.fields, creating=False)
    changed = {name: value for name, value in item.items() if not same(before.fields.get(name), value)}
    if not changed:
        return WriteResult(before.external_id, before.external_id, before.fields, is_unchanged=True)
    procedure = sage.procedure_name("proc_item", "items")
    row = _item_row({"ItemID": request.external_id, **changed}, staging.UPDATE)
    given = staging.Import("item", procedure, {_ITEM: [row]})
    staging.run(sage, given, staging.stage(sage, given))
    return _item_result(sage, request.external_id)


def _item_result(sage: Sage, key: str) -> WriteResult:
    held = fetch_item(sage, key)
    return WriteResult(key, key, held.fields)
