"""What the log of an import says, as our errors. The only place of this connector that reads the log's texts."""

import re
from typing import Any

from integrations.connectors.errors import (
    Duplicate,
    FieldProblem,
    Misconfigured,
    MissingReference,
    Rejected,
    Transient,
)
from integrations.connectors.systems.sage_500.client import Sage
from integrations.kinds import Kind

FAILURE = 1
_NUMBER = re.compile(r"\b(\d{6})\b")
_DUPLICATE = "110067"
_SET_UP = {"160228": "company_id", "100463": "module"}
_POSTING = {
    "-3": ("", "the batch is missing"),
    "-5": ("TranDate", "the period is closed"),
    "-7": ("Lines", "debits and credits differ"),
    "2": ("GLAcctNo", "an account is not valid"),
}
"""Published errors of posting; -6 is another user's lock."""
_LOCKED = "-6"
_WAITING_FOR_ITEMS = frozenset({"order", "return"})
_RULES = {
    "211078": "has no header row",
    "250970": "the order is closed and cannot be changed",
    "250972": "the order has activity and cannot be cancelled",
    "240074": "must be positive",
}


def raise_reasons(sage: Sage, what: str, session: int) -> None:
    """Raise the class of the failures that a run left in its log; returns where it left none."""
    # Reference: published SalesLogix-to-MAS 500 integration SQL, tdmMigrationLogWrk: 0 info, 1 failure, 2 warning.
    rows = sage.query(
        "SELECT EntityID, ColumnID, ColumnValue, Status, Duplicate, Comment FROM tdmMigrationLogWrk"
        " WHERE SessionKey = %s",
        session,
    )
    failures = [row for row in rows if int(row["Status"] or 0) == FAILURE]
    if not failures:
        return
    numbers = [_number(row) for row in failures]
    if _DUPLICATE in numbers or any(row["Duplicate"] for row in failures):
        raise Duplicate(f"Sage 500 has this {what} already", code=_DUPLICATE)
    for number in numbers:
        if number in _SET_UP:
            words = str(failures[numbers.index(number)]["Comment"] or number)
            raise Misconfigured(f"Sage 500 refuses the import: {words}", missing=_SET_UP[number], code=number)
    if any(_posting(row) == _LOCKED for row in failures):
        raise Transient("Another user's posting locks the ledger of Sage 500", code=_LOCKED)
    problems = tuple(_problem(row) for row in failures)
    items = [each for each in problems if each.field == "ItemID"]
    if what in _WAITING_FOR_ITEMS and items and len(items) == len(problems):
        key = items[0].value
        raise MissingReference(f"Sage 500 has no item {key}", kind=Kind.PRODUCT.value, key=key, code="ITEM")
    first = problems[0]
    raise Rejected(f"Sage 500 refuses the {what}: {first.rule}", problems=problems, code=numbers[0])


def _number(row: dict[str, Any]) -> str:
    found = _NUMBER.search(str(row["Comment"] or ""))
    return found[1] if found else ""


def _posting(row: dict[str, Any]) -> str:
    return str(row["ColumnValue"] or "").strip() if row["ColumnID"] == "PostError" else ""


def _problem(row: dict[str, Any]) -> FieldProblem:
    if _posting(row):
        field, rule = _POSTING.get(_posting(row), ("", str(row["Comment"] or "is refused")))
        return FieldProblem(field, "", rule)
    number, comment = _number(row), str(row["Comment"] or "").strip()
    words = _RULES.get(number, "")
    rule = f"{words} ({comment})" if words and comment != number else words or comment or "is refused"
    return FieldProblem(str(row["ColumnID"] or "").strip(), str(row["ColumnValue"] or "").strip(), rule)
