"""Batches of receipts and journals: their log and how posting moves them. Called by ``receipts``, ``journals``, ticks.

Status 4 balanced -> 5 posting -> 6 posted or 7 interrupted; PostStatus 0 -> 150 -> 250 -> 350 -> 500 [documented].
"""

from decimal import Decimal
from typing import Any

from integrations.sandbox.sage_500.keys import next_key
from integrations.sandbox.sage_500.staging import Behaviour
from integrations.sandbox.tds.records import Records, Row

CASH_RECEIPTS, JOURNALS = 503, 301
BALANCED, POSTING, POSTED, INTERRUPTED = 4, 5, 6, 7
_PREFIXES = {CASH_RECEIPTS: "ARCR", JOURNALS: "GLJE"}
_NOT_BEGUN, _MODULE_DONE, _COMPLETED = 0, 250, 500


def open_batch(records: Records, company: str, kind: int, total: Decimal, comment: str | None) -> int:
    """Insert a balanced batch and return its key."""
    key = next_key(records, "tciBatchLog")
    records.insert(
        "tciBatchLog",
        {"BatchKey": key, "BatchID": f"{_PREFIXES[kind]}-{key:07d}", "BatchType": kind, "CompanyID": company,
         "Status": BALANCED, "PostStatus": _NOT_BEGUN, "BatchTotal": total, "BatchCmnt": comment,
         "CreateDate": records.now, "UpdateDate": records.now},
    )  # fmt: skip
    return key


def post_batch(records: Records, key: int) -> None:
    """Post a batch to its end: pending receipts become receipts, journals get their posting date."""
    _set(records, key, POSTED, _COMPLETED, PostDate=records.now)
    for pending in records.find("tarPendCustPmt", BatchKey=key):
        _post_receipt(records, pending)
    records.update("tglTransaction", {"PostDate": records.now}, BatchKey=key)


def _post_receipt(records: Records, pending: Row) -> None:
    row: dict[str, Any] = {
        **pending, "TranType": CASH_RECEIPTS, "TranID": f"{pending['TranNo']}-CR", "UnappliedAmt": pending["TranAmt"],
        "PostDate": records.now, "CreateDate": records.now,
    }  # fmt: skip
    records.delete("tarPendCustPmt", CustPmtKey=pending["CustPmtKey"])
    records.insert("tarCustPmt", row)


def _set(records: Records, key: int, status: int, post_status: int, **more: Any) -> None:
    changes = {"Status": status, "PostStatus": post_status, "UpdateDate": records.now, **more}
    records.update("tciBatchLog", changes, BatchKey=key)


def tick(records: Records, behaviour: Behaviour) -> dict[int, int]:
    """Move every batch one step and return the new status by key."""
    moved = {}
    for batch in records.find("tciBatchLog", order="BatchKey"):
        key = batch["BatchKey"]
        if (batch["Status"] in (BALANCED, INTERRUPTED) and not behaviour.is_posting_interrupted) or batch[
            "Status"
        ] == BALANCED:
            _set(records, key, POSTING, _MODULE_DONE)
            moved[key] = POSTING
        elif batch["Status"] == POSTING and behaviour.is_posting_interrupted:
            _set(records, key, INTERRUPTED, _MODULE_DONE)
            moved[key] = INTERRUPTED
        elif batch["Status"] == POSTING:
            post_batch(records, key)
            moved[key] = POSTED
    return moved
