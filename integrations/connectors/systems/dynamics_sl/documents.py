"""Invoices and memos of customers, vouchers and adjustments of vendors: read only. Called by the connector.

Both ledgers are one kind; ``Module`` says which one, AR or AP. Vendor documents are read where the connection says so.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from integrations.connectors.base import Page
from integrations.connectors.errors import NotFound
from integrations.connectors.systems.dynamics_sl.client import CtApi
from integrations.connectors.systems.dynamics_sl.orders import moment
from integrations.connectors.systems.dynamics_sl.payments import shown
from integrations.connectors.systems.dynamics_sl.schema_fields import SYSTEM
from integrations.connectors.systems.dynamics_sl.schema_ledger import INVOICE
from integrations.connectors.systems.dynamics_sl.views import changed_rows, matching
from integrations.kinds import Kind, Record

INVOICES = ("IN", "CM", "DM")
PAYABLES = ("VO", "AC", "AD", "PP")
_AR_VIEW, _AP_VIEW = "view_ardoc", "view_apdoc"
_AP = "AP/"
_FIELDS = frozenset(each.name for each in INVOICE.fields)
_SEARCHED = ("OrdNbr", "CustOrdNbr", "CustId", "VendId", "InvcNbr", "PONbr")


def fetch_invoice(api: CtApi, external_id: str) -> Record:
    """Return an invoice or memo by ``IN/070001``, a vendor's document by ``AP/VO/000123``. Raises NotFound."""
    is_payable = external_id.startswith(_AP)
    doc_type, _, ref_nbr = external_id.removeprefix(_AP).rpartition("/")
    doc_type = doc_type or "IN"
    view, known = (_AP_VIEW, PAYABLES) if is_payable else (_AR_VIEW, INVOICES)
    rows = matching(api, view, DocType=doc_type, RefNbr=ref_nbr) if doc_type in known else []
    found = (_payable if is_payable else _invoice)(rows[0]) if rows else None
    if found is None:
        raise NotFound(f"Invoice {external_id} is not in Dynamics SL")
    return found


def read_invoices(api: CtApi, cursor: Mapping[str, Any], now: datetime) -> Iterator[Page]:
    """Yield documents that were made or changed since the cursor, payments on them included; vendors' after customers'.

    The position of the vendors' documents lies under ``ap`` of the cursor.
    """
    ours = {name: value for name, value in cursor.items() if name != "ap"}
    payables = cursor.get("ap") or ({"since": cursor["since"]} if cursor.get("since") else {})
    with_payables = bool(api.settings.get("read_payables"))
    for page in changed_rows(api, _AR_VIEW, ours, now, _invoice):
        ours = dict(page.cursor)
        position = {**ours, "ap": payables} if with_payables else ours
        yield Page(page.records, position, is_last=page.is_last and not with_payables)
    if with_payables:
        for page in changed_rows(api, _AP_VIEW, payables, now, _payable):
            yield Page(page.records, {**ours, "ap": page.cursor}, is_last=page.is_last)


def _invoice(document: Mapping[str, Any]) -> Record | None:
    if document.get("DocType") not in INVOICES:
        return None
    return _record(f"{document['DocType']}/{document['RefNbr']}", "AR", document)


def _payable(document: Mapping[str, Any]) -> Record | None:
    if document.get("DocType") not in PAYABLES:
        return None
    return _record(f"{_AP}{document['DocType']}/{document['RefNbr']}", "AP", document)


def _record(external_id: str, module: str, document: Mapping[str, Any]) -> Record:
    return Record(
        SYSTEM,
        Kind.INVOICE,
        external_id,
        {"Module": module, **shown(document, _FIELDS)},
        updated_at=moment(document.get("LUpd_DateTime")),
        business_key=str(document["RefNbr"]),
        search_keys={name: str(document[name]) for name in _SEARCHED if document.get(name)},
    )
