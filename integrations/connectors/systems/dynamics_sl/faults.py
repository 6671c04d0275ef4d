"""What Dynamics SL's refusals mean: Faults by their text, business errors by their sentence.

The only place of this connector that reads error texts.
"""

import re
from collections.abc import Mapping
from typing import Any

from integrations.connectors.errors import (
    AuthFailed,
    ConnectorError,
    Duplicate,
    FieldProblem,
    Misconfigured,
    MissingReference,
    Rejected,
)
from integrations.connectors.transports.soap import Fault
from integrations.kinds import Kind

_KEYS = re.compile(r"site\s*key|licen[sc]e|not authori[sz]ed|api ?key|api ?password", re.IGNORECASE)
_COMPANY = re.compile(r"\b(company|cpnyid)\b", re.IGNORECASE)
_UNKNOWN_CALL = re.compile(r"did not recognize|unable to read request|version mismatch", re.IGNORECASE)
_MISSING = (
    (re.compile(r"inventory item (?P<key>.+?) not found", re.IGNORECASE), Kind.PRODUCT),
    (re.compile(r"customer (?P<key>\S+) not found", re.IGNORECASE), Kind.CUSTOMER),
)
_TRUNCATED = re.compile(r"truncated in \w+\.(?P<field>\w+)", re.IGNORECASE)
_FIELDS = (
    (re.compile(r"^period\b.*\b(closed|not valid)", re.IGNORECASE), "PerPost"),
    (re.compile(r"do(es)? not equal", re.IGNORECASE), "CuryCtrlTot"),
    (re.compile(r"^account\b.*not valid", re.IGNORECASE), "Acct"),
    (re.compile(r"^subaccount\b.*not valid", re.IGNORECASE), "Sub"),
)
"""Refusals of the ledgers by the field to look at."""
_EXISTS = re.compile(r"\b(?P<key>\S+) already exists", re.IGNORECASE)


def translate_fault(fault: Fault, is_write: bool) -> ConnectorError | None:
    """Return the class of a Fault, None for the general rule.

    Keys and unknown operations are refused before anything is processed, so these hold for writes as well.
    """
    if _KEYS.search(fault.text):
        field = "license_key" if re.search("licen[sc]e", fault.text, re.IGNORECASE) else "site_key"
        return AuthFailed("Dynamics SL does not accept our keys", field=field, detail=fault.text)
    if _UNKNOWN_CALL.search(fault.text):
        return Misconfigured(
            "This version of the web services does not understand the call", missing="WSDL", detail=fault.text
        )
    if _COMPANY.search(fault.text):
        return Misconfigured(
            "Dynamics SL does not know this company", missing="cpny_id", detail=fault.text, code="company"
        )
    return None


def refuse_business_error(text: str, values: Mapping[str, Any]) -> None:
    """Raise the class of an in-band error; "" is no error. ``values`` is the record that was sent."""
    text = text.strip()
    if not text:
        return
    for pattern, kind in _MISSING:
        found = pattern.search(text)
        if found:
            raise MissingReference(text, kind=kind.value, key=found["key"].strip(), code="errorString")
    exists = _EXISTS.search(text)
    if exists:
        raise Duplicate(text, existing_id=exists["key"], code="errorString")
    field = next((name for pattern, name in _FIELDS if pattern.search(text)), "")
    problem = FieldProblem(field, str(values.get(field, "")), text)
    cut = _TRUNCATED.search(text)
    if cut:
        problem = FieldProblem(cut["field"], str(values.get(cut["field"], "")), text)
    raise Rejected(text, problems=(problem,), code="errorString")


def refuse_violations(violations: object) -> None:
    """Raise Rejected for fatal business rule violations; others are warnings."""
    problems = tuple(
        FieldProblem(str(each.get("ObjectID") or each.get("key") or ""), "", str(each.get("message", "")))
        for each in (violations if isinstance(violations, list) else ())
        if each and each.get("fatal")
    )
    if problems:
        raise Rejected(problems[0].rule, problems=problems, code="businessRuleViolation")
