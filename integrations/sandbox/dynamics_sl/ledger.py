"""The ledgers: cash receipts (``paymentEntry``) and journals (``journalTransactions``), batch by batch.

Called by the operation table and the control API. Refusals are in ``errorMessage`` with HTTP 200. Document numbers
are not unique: the real key of ARDoc holds the batch, so two receipts of one number are both stored.
"""

import sqlite3
from collections.abc import Mapping, Sequence
from typing import Any

from integrations.sandbox.dynamics_sl.installation import Installation
from integrations.sandbox.dynamics_sl.store import (
    AR_DOCUMENTS,
    BATCHES,
    CUSTOMERS,
    GL_LINES,
    find,
    find_one,
    next_number,
    put,
    trimmed,
    truncation,
)

ACCOUNTS = {
    "1020": "Cash in bank",
    "1030": "Card clearing",
    "1040": "PayPal",
    "1200": "Accounts receivable",
    "4000": "Sales",
    "4900": "Sales returns",
    "6100": "Bank fees",
}
SUBACCOUNTS = ("000", "100")
RECEIPTS = ("PA", "PP")
ACTIONS = ("ADD", "VALIDATEONLY", "RELEASENOW")
FIRST_BATCH = 231
_RECEIVABLES = "1200"
_HALF_CENT = 0.005


def _account_problem(account: str, sub: str) -> str:
    if account not in ACCOUNTS:
        return f"Account {account or '(blank)'} is not valid."
    return "" if sub in SUBACCOUNTS else f"Subaccount {sub or '(blank)'} is not valid."


def period_problem(installation: Installation, period: str) -> str:
    if len(period) != 6 or not period.isdigit() or not 1 <= int(period[4:]) <= 13:
        return f"Period to post {period} is not valid."
    if period <= installation.closed_through:
        return f"Period {period[4:]}-{period[:4]} is closed."
    return ""


def number_batch(
    installation: Installation, db: sqlite3.Connection, batch: dict[str, Any], module: str
) -> None:
    number = next_number(db, f"BatNbr {module}", FIRST_BATCH)
    batch |= {"BatNbr": f"{number:06d}", "Module": module, "CpnyID": installation.cpny_id, "Status": "B"}
    batch |= installation.stamps(is_new=True)


def _refused(screen: Mapping[str, Any], problem: str) -> dict[str, Any]:
    return {**screen, "errorMessage": problem}


# -- cash receipts ---------------------------------------------------------------------------------------------


def edit_payment(installation: Installation, action: str, screen: Mapping[str, Any]) -> dict[str, Any]:
    """Enter, only check or release a cash receipt."""
    if action not in ACTIONS:
        return _refused(screen, f"Action type {action} is not valid.")
    batch, document = trimmed(screen.get("myBatch") or {}), trimmed(screen.get("myARDoc") or {})
    with installation.state.transaction() as db:
        if action == "RELEASENOW":
            return _release_payment(installation, db, batch)
        for each in (batch, document):
            each["PerPost"] = each.get("PerPost") or installation.period()
        problem = _payment_problem(installation, batch, document)
        if problem:
            return _refused(screen, problem)
        if action == "ADD":
            _save_payment(installation, db, batch, document)
    return {"myBatch": batch, "myARDoc": document, "myARTran": [], "errorMessage": ""}


def _payment_problem(installation: Installation, batch: dict[str, Any], document: dict[str, Any]) -> str:
    customer = document.get("CustId", "")
    amount = document.get("CuryOrigDocAmt", 0.0)
    if find_one(installation.state, CUSTOMERS, CustId=customer) is None or not customer:
        return f"Customer {customer} not found." if customer else "CustId is required."
    if document.get("DocType") not in RECEIPTS:
        return f"Document type {document.get('DocType') or '(blank)'} is not valid for a payment."
    if amount <= 0:
        return "The amount of a payment must be greater than zero."
    if abs(batch.get("CuryCtrlTot", 0.0) - amount) > _HALF_CENT:
        return f"Batch control total {batch.get('CuryCtrlTot', 0.0)} does not equal document total {amount}."
    return (
        _account_problem(document.get("BankAcct", ""), document.get("BankSub", ""))
        or period_problem(installation, document["PerPost"])
        or truncation(AR_DOCUMENTS, document)
    )


def _save_payment(
    installation: Installation, db: sqlite3.Connection, batch: dict[str, Any], document: dict[str, Any]
) -> None:
    number_batch(installation, db, batch, "AR")
    amount = document["CuryOrigDocAmt"]
    document["RefNbr"] = document.get("RefNbr") or f"{next_number(db, 'RefNbr', 1):06d}"
    document |= dict.fromkeys(("OrigDocAmt", "DocBal", "CuryDocBal"), amount)
    document |= {"BatNbr": batch["BatNbr"], "CpnyID": installation.cpny_id, "OpenDoc": 1, "Rlsed": 0}
    document["CuryId"] = document.get("CuryId") or "USD"
    document |= installation.stamps(is_new=True)
    put(db, BATCHES, batch)
    put(db, AR_DOCUMENTS, document)


def _release_payment(
    installation: Installation, db: sqlite3.Connection, asked: dict[str, Any]
) -> dict[str, Any]:
    key = {"Module": "AR", "BatNbr": asked.get("BatNbr") or ""}
    batch = find_one(installation.state, BATCHES, **key)
    documents = find(installation.state, AR_DOCUMENTS, {"BatNbr": key["BatNbr"]})
    if batch is None or not documents:
        return {"errorMessage": f"Batch {key['BatNbr'] or '(blank)'} not found."}
    document = documents[0]
    problem = period_problem(installation, document["PerPost"])
    if problem:
        return {"myBatch": batch, "myARDoc": document, "errorMessage": problem}
    stamps = installation.stamps(is_new=False)
    batch |= {"Rlsed": 1, "Status": "U", **stamps}
    document |= {"Rlsed": 1, **stamps}
    put(db, BATCHES, batch)
    put(db, AR_DOCUMENTS, document)
    amount = document["CuryOrigDocAmt"]
    sides = ((document["BankAcct"], document["BankSub"], amount, 0.0), (_RECEIVABLES, "000", 0.0, amount))
    for number, (account, sub, debit, credit) in enumerate(sides, 1):
        line = {"Acct": account, "Sub": sub, "DrAmt": debit, "CrAmt": credit, "RefNbr": document["RefNbr"]}
        _put_gl_line(installation, db, batch, line, number)
    return {"myBatch": batch, "myARDoc": document, "errorMessage": ""}


def load_payment(installation: Installation, bat_nbr: str) -> dict[str, Any]:
    """Return the screen of a receipt's batch; unknown gives errorMessage."""
    batch = find_one(installation.state, BATCHES, Module="AR", BatNbr=bat_nbr.strip())
    if batch is None:
        return {"errorMessage": f"Batch {bat_nbr.strip()} not found."}
    documents = find(installation.state, AR_DOCUMENTS, {"BatNbr": batch["BatNbr"]})
    return {"myBatch": batch, "myARDoc": documents[0] if documents else None, "errorMessage": ""}


# -- journals --------------------------------------------------------------------------------------------------


def edit_journal(installation: Installation, action: str, screen: Mapping[str, Any]) -> dict[str, Any]:
    """Enter, only check or release a journal batch."""
    if action not in ACTIONS:
        return _refused(screen, f"Action type {action} is not valid.")
    batch = trimmed(screen.get("myBatch") or {})
    lines = [trimmed(line) for line in screen.get("myGLTran") or ()]
    with installation.state.transaction() as db:
        if action == "RELEASENOW":
            return _release_journal(installation, db, batch)
        batch["PerPost"] = batch.get("PerPost") or installation.period()
        problem = _journal_problem(installation, batch, lines)
        if problem:
            return _refused(screen, problem)
        if action == "ADD":
            number_batch(installation, db, batch, "GL")
            batch["CuryDrTot"] = batch["DrTot"] = sum(line.get("CuryDrAmt", 0.0) for line in lines)
            batch["CuryCrTot"] = batch["CrTot"] = sum(line.get("CuryCrAmt", 0.0) for line in lines)
            put(db, BATCHES, batch)
            for number, line in enumerate(lines, 1):
                _put_gl_line(installation, db, batch, line, number)
    return {"myBatch": batch, "myGLTran": lines, "errorMessage": ""}


def _journal_problem(
    installation: Installation, batch: dict[str, Any], lines: Sequence[dict[str, Any]]
) -> str:
    if not lines:
        return "A journal needs at least one line."
    debits = sum(line.get("CuryDrAmt", 0.0) for line in lines)
    credits = sum(line.get("CuryCrAmt", 0.0) for line in lines)
    if abs(debits - credits) > _HALF_CENT:
        return f"Debits {debits:.2f} do not equal credits {credits:.2f}."
    problems = (_account_problem(line.get("Acct", ""), line.get("Sub", "")) for line in lines)
    cut = (truncation(GL_LINES, line) for line in lines)
    return (
        period_problem(installation, batch["PerPost"])
        or next(filter(None, problems), "")
        or next(filter(None, cut), "")
    )


def _put_gl_line(
    installation: Installation,
    db: sqlite3.Connection,
    batch: Mapping[str, Any],
    line: dict[str, Any],
    number: int,
) -> None:
    line |= {name: batch[name] for name in ("Module", "BatNbr", "PerPost")}
    line |= {"LineNbr": number, "CpnyID": installation.cpny_id, "FiscYr": batch["PerPost"][:4], "Posted": "U"}
    line["CuryDrAmt"] = line["DrAmt"] = line.get("DrAmt") or line.get("CuryDrAmt", 0.0)
    line["CuryCrAmt"] = line["CrAmt"] = line.get("CrAmt") or line.get("CuryCrAmt", 0.0)
    put(db, GL_LINES, line | installation.stamps(is_new=True))


def _release_journal(
    installation: Installation, db: sqlite3.Connection, asked: dict[str, Any]
) -> dict[str, Any]:
    screen = load_journal(installation, asked.get("BatNbr") or "")
    if screen["errorMessage"]:
        return screen
    batch = screen["myBatch"]
    problem = period_problem(installation, batch["PerPost"])
    if problem:
        return _refused(screen, problem)
    batch |= {"Rlsed": 1, "Status": "U", **installation.stamps(is_new=False)}
    put(db, BATCHES, batch)
    return screen


def load_journal(installation: Installation, bat_nbr: str) -> dict[str, Any]:
    """Return the screen of a journal batch; unknown gives errorMessage."""
    batch = find_one(installation.state, BATCHES, Module="GL", BatNbr=bat_nbr.strip())
    if batch is None:
        return {"errorMessage": f"Batch {bat_nbr.strip() or '(blank)'} not found."}
    lines = find(installation.state, GL_LINES, {"Module": "GL", "BatNbr": batch["BatNbr"]})
    return {"myBatch": batch, "myGLTran": lines, "errorMessage": ""}
