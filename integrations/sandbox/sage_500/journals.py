"""``spGLapiJournalIns`` [name inferred, staging table ours]: a journal in a batch of type 301.

Posting errors are the published ones: -5 closed period, -6 locked by another user, -7 debits differ from credits,
2 invalid account; the log carries them as ColumnID ``PostError`` with the number as its value.
"""

from collections.abc import Sequence
from decimal import Decimal

from integrations.sandbox.sage_500.batches import JOURNALS, open_batch, post_batch
from integrations.sandbox.sage_500.keys import next_key, next_number
from integrations.sandbox.sage_500.staging import Behaviour, Job, Problem
from integrations.sandbox.tds.records import Records, Row

_OPEN_PERIOD = 1
_TEXTS = {
    -5: "The fiscal period is closed.",
    -6: "The batch is locked by another user.",
    -7: "Debits do not equal credits.",
    2: "The account is not valid.",
}


def job(behaviour: Behaviour) -> Job:
    def process(
        records: Records, company: str, header: Row, lines: Sequence[Row], user: str
    ) -> list[Problem]:
        return _process(records, company, header, lines, behaviour)

    return Job("spGLapiJournalIns", "GLJournal", "GL", "StgGLJournal", "StgGLJournal", process)


def _refused(number: int) -> Problem:
    return Problem("PostError", number, _TEXTS[number])


def _process(
    records: Records, company: str, header: Row, lines: Sequence[Row], behaviour: Behaviour
) -> list[Problem]:
    reference = header["UserFld1"]
    if reference and records.first("tciBatchLog", CompanyID=company, BatchType=JOURNALS, BatchCmnt=reference):
        return [Problem("UserFld1", reference, "110067", is_duplicate=True)]
    problems = _problems(records, company, header, lines)
    if problems:
        return problems
    moment = header["TranDate"] or records.now
    total = sum((line["DebitAmt"] or Decimal(0) for line in lines), Decimal(0))
    batch = open_batch(records, company, JOURNALS, total, reference or header["TranCmnt"])
    number = header["TranNo"] or next_number(records, company, "JE")
    for line in lines:
        account = records.get("tglAccount", CompanyID=company, GLAcctNo=line["GLAcctNo"])
        records.insert(
            "tglTransaction",
            {"GLTranKey": next_key(records, "tglTransaction"), "BatchKey": batch, "CompanyID": company,
             "GLAcctKey": account["GLAcctKey"], "TranNo": number, "TranType": JOURNALS, "TranDate": moment,
             "PostAmt": (line["DebitAmt"] or 0) - (line["CreditAmt"] or 0), "ExtCmnt": line["TranCmnt"],
             "CreateDate": records.now},
        )  # fmt: skip
    if behaviour.is_posting_at_once:
        post_batch(records, batch)
    return []


def _problems(records: Records, company: str, header: Row, lines: Sequence[Row]) -> list[Problem]:
    moment = header["TranDate"] or records.now
    periods = records.find("tglFiscalPeriod", CompanyID=company)
    # The time of day is no part of a posting date.
    day = moment.replace(hour=0, minute=0, second=0, microsecond=0)
    period = next((row for row in periods if row["StartDate"] <= day <= row["EndDate"]), None)
    if period is None or period["Status"] != _OPEN_PERIOD:
        return [_refused(-5)]
    if records.first("tsmLogicalLock", LogicalLockID=f"GLPost {company}"):
        return [_refused(-6)]
    debits = sum((line["DebitAmt"] or Decimal(0) for line in lines), Decimal(0))
    credits = sum((line["CreditAmt"] or Decimal(0) for line in lines), Decimal(0))
    if debits != credits or not lines:
        return [_refused(-7)]
    found = [
        records.first("tglAccount", CompanyID=company, GLAcctNo=line["GLAcctNo"] or "") for line in lines
    ]
    return [_refused(2)] if None in found else []
