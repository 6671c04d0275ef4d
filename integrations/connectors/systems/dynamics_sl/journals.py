"""Journal batches: find by our reference, enter through the journal screen. Called by the connector."""

from decimal import Decimal
from typing import Any

from integrations.connectors.base import Found, WriteRequest, WriteResult
from integrations.connectors.errors import (
    ConnectorError,
    Duplicate,
    FieldProblem,
    OutcomeUnknown,
    Rejected,
)
from integrations.connectors.systems.dynamics_sl.aliases import refuse_long_text
from integrations.connectors.systems.dynamics_sl.client import CtApi
from integrations.connectors.systems.dynamics_sl.faults import refuse_business_error
from integrations.connectors.systems.dynamics_sl.orders import to_wire
from integrations.connectors.systems.dynamics_sl.periods import period_of
from integrations.connectors.systems.dynamics_sl.references import JOURNAL_LENGTH, fit_document
from integrations.connectors.systems.dynamics_sl.schema_ledger import JOURNAL
from integrations.connectors.systems.dynamics_sl.views import can_search, matching
from integrations.kinds import EntitySchema

_VIEW = "view_gltran"
_SERVICE = "journalTransactions"
_SCREEN = "01010"
_LINE = {"debit": "CuryDrAmt", "credit": "CuryCrAmt"}
_LINE_NAMES = {"dramt": "CuryDrAmt", "cramt": "CuryCrAmt"}
_ON_LINES = ("PerPost", "TranDate", "JrnlType", "LedgerID", "CuryId")


def find_journal(api: CtApi, reference: str) -> Found | None:
    """Return the batch whose lines carry a reference. Raises Misconfigured without a view."""
    rows = [
        row
        for row in matching(api, _VIEW, ExtRefNbr=fit_document(reference, JOURNAL_LENGTH))
        if row.get("Module") == "GL"
    ]
    if not rows:
        return None
    first = min(rows, key=lambda row: row.get("BatNbr") or "")
    return Found(str(first["BatNbr"]), {"BatNbr": first["BatNbr"], "ExtRefNbr": first["ExtRefNbr"]})


def create_journal(api: CtApi, request: WriteRequest) -> WriteResult:
    """Enter a balanced batch, released where the connection says so.

    Raises Duplicate when the reference is there already, Rejected when debits and credits differ or the ledger refuses
    (closed period, unknown account), OutcomeUnknown when it may have been entered.
    """
    given = {name: value for name, value in request.fields.items() if value is not None}
    _refuse_unfit(given, JOURNAL)
    lines = [_line(line) for line in given.get("Lines") or ()]
    total = _refuse_imbalance(lines)
    if request.reference and can_search(api, _VIEW):
        existing = find_journal(api, request.reference)
        if existing is not None:
            raise Duplicate(f"Journal batch {existing.external_id} exists", existing_id=existing.external_id)
    head = {name: given[name] for name in _ON_LINES if given.get(name)}
    head.setdefault("JrnlType", "GJ")
    period = head.get("PerPost") or period_of(api, head.get("TranDate"))
    if period:
        head["PerPost"] = period
    if request.reference:
        lines = [line | {"ExtRefNbr": fit_document(request.reference, JOURNAL_LENGTH)} for line in lines]
    batch = {name: value for name, value in head.items() if name != "TranDate"}
    batch |= {"Module": "GL", "EditScrnNbr": _SCREEN, "CpnyID": api.cpny_id}
    batch |= {"Descr": given.get("Descr") or "", "CuryCtrlTot": total, "CtrlTot": total}
    screen = {
        "myBatch": batch,
        "myGLTran": [head | line | {"CpnyID": api.cpny_id, "Module": "GL"} for line in lines],
    }
    _edit(api, "VALIDATEONLY", screen, is_write=False)
    entered = _edit(api, "ADD", screen, is_write=True)
    number = str((entered.get("myBatch") or {}).get("BatNbr") or "")
    if not number:
        raise OutcomeUnknown("Dynamics SL answered without a batch number")
    made = entered["myBatch"]
    if api.settings.get("release_batches"):
        made = _release(api, number) or made
    kept = ("BatNbr", "PerPost", "JrnlType", "Rlsed", "Status", "LedgerID")
    return WriteResult(number, number, {name: made.get(name) for name in kept}, total=total)


def _refuse_unfit(given: dict[str, Any], schema: EntitySchema) -> None:
    refuse_long_text(given, schema.fields)
    for index, line in enumerate(given.get("Lines") or ()):
        for name in ("Acct", "Sub"):
            if not line.get(name):
                problem = FieldProblem(f"Lines[{index}].{name}", "", "is required")
                raise Rejected(f"Line {index + 1} of the journal has no {name}", problems=(problem,))


def _line(given: dict[str, Any]) -> dict[str, Any]:
    line = {_LINE_NAMES.get(name.lower(), name): value for name, value in given.items() if value is not None}
    for cury, plain in (("CuryDrAmt", "DrAmt"), ("CuryCrAmt", "CrAmt")):
        line[plain] = line[cury] = Decimal(str(line.get(cury) or 0))
    return line


def _refuse_imbalance(lines: list[dict[str, Any]]) -> Decimal:
    debit, credit = (
        sum((line[name] for line in lines), Decimal(0)) for name in (_LINE["debit"], _LINE["credit"])
    )
    if not lines or debit != credit or not debit:
        rule = f"debits {debit} and credits {credit} must be equal and not zero"
        raise Rejected(
            "The journal is out of balance", problems=(FieldProblem("Lines", str(debit - credit), rule),)
        )
    return debit


def _edit(api: CtApi, action: str, screen: dict[str, Any], *, is_write: bool) -> dict[str, Any]:
    # Reference: journalTransactions.asmx?op=editScreen. Refusals come back in errorMessage with HTTP 200.
    answer = (
        api.call(_SERVICE, "editScreen", is_write=is_write, actionType=action, inScreen=to_wire(screen, api))
        or {}
    )
    refuse_business_error(str(answer.get("errorMessage") or ""), screen.get("myBatch") or {})
    return dict(answer)


def _release(api: CtApi, number: str) -> dict[str, Any]:
    """Release a batch. Raises OutcomeUnknown: the batch is there, whatever became of its release."""
    try:
        released = _edit(
            api,
            "RELEASENOW",
            {"myBatch": {"Module": "GL", "BatNbr": number, "CpnyID": api.cpny_id}},
            is_write=True,
        )
    except ConnectorError as error:
        raise OutcomeUnknown(f"Batch {number} was entered, but not released", detail=str(error)) from error
    return dict(released.get("myBatch") or {})
