"""Journals of the general ledger, entered through the procedure that the connection names. Called by the connector.

A journal is a batch of type 301; it is found by the comment of its batch, which is our reference [ours].
"""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from integrations.connectors.base import Found, WriteRequest, WriteResult
from integrations.connectors.errors import FieldProblem, OutcomeUnknown, Rejected
from integrations.connectors.systems.sage_500 import staging
from integrations.connectors.systems.sage_500.aliases import number
from integrations.connectors.systems.sage_500.client import Sage
from integrations.connectors.systems.sage_500.entering import REFERENCE, enter, refuse_second
from integrations.connectors.systems.sage_500.records import refuse_nameless, refuse_unfit
from integrations.connectors.systems.sage_500.references import fit_reference
from integrations.connectors.systems.sage_500.schema_ledger import JOURNAL

_STAGED = "StgGLJournal"


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
    lines = _lines(request.fields)
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
    refuse_nameless(reference, REFERENCE)
    refuse_second(find_journal(sage, reference), "Batch")
    head = {"TranDate": request.fields["TranDate"], REFERENCE: reference or None, "Action": staging.INSERT}
    comment = request.fields.get("TranCmnt")
    names = ("GLAcctNo", "DebitAmt", "CreditAmt", "TranCmnt")
    rows = [
        {**head, "TranCmnt": comment, **{name: line[name] for name in names if line.get(name) is not None}}
        for line in lines
    ]
    enter(sage, staging.Import("journal", procedure, {_STAGED: rows}), REFERENCE, reference)
    found = find_journal(sage, reference)
    if found is None:
        raise OutcomeUnknown("Sage 500 took the journal, but it cannot be read", detail=reference)
    return WriteResult(found.external_id, str(found.fields["BatchID"]), found.fields, total=debit)


def _lines(fields: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    """Return the lines that are named, else one debit and one credit of the amount. Raises Rejected without either."""
    named: Sequence[Mapping[str, Any]] = fields.get("Lines") or ()
    if named:
        return named
    missing = [name for name in ("DebitAcctNo", "CreditAcctNo", "Amount") if not fields.get(name)]
    if missing:
        rule = f"are required, or {', '.join(missing)}"
        raise Rejected(f"Lines {rule}", problems=(FieldProblem("Lines", "", rule),))
    return (
        {"GLAcctNo": fields["DebitAcctNo"], "DebitAmt": fields["Amount"]},
        {"GLAcctNo": fields["CreditAcctNo"], "CreditAmt": fields["Amount"]},
    )
