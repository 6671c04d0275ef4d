"""Customers that changed, from ctAPI's change queue, where the installation has its triggers and the form says so.

Called by ``customers``. An entry leaves the queue only after the page that told of it is stored: the cursor carries the
entries to be copied to the log, and they are copied when the next page is asked for. An entry may come twice.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from integrations.connectors.base import Page
from integrations.connectors.systems.dynamics_sl.client import CtApi
from integrations.connectors.systems.dynamics_sl.orders import moment
from integrations.connectors.systems.dynamics_sl.schema_fields import SYSTEM
from integrations.kinds import Kind, Record

PAGE_SIZE = 200
_SERVICE = "queue"
_CUSTOMER, _DELETED, _FAILED = "CUSTOMER", "DELETE", "ERROR"
_NOTE = "Taken by Clarity Connect"


def read_queue(api: CtApi, cursor: Mapping[str, Any]) -> Iterator[Page]:
    """Yield thin records of customers in the queue. Deleted ones are taken out of it and not told."""
    _acknowledge(api, cursor.get("taken") or ())
    is_last = False
    while not is_last:
        rows = entries(api, PAGE_SIZE)
        is_last = len(rows) < PAGE_SIZE
        ours = [row for row in rows if _is_ours(api, row)]
        taken = [str(row["xmlGUID"]) for row in ours]
        # Of several entries for one customer one is enough: the run reads the present state.
        by_customer = {row["itemID"]: row for row in ours if row.get("status") != _DELETED}
        # A page of nothing but other people's entries never shrinks.
        is_last = is_last or not ours
        yield Page([_thin(row) for row in by_customer.values()], {"taken": taken}, is_last=is_last)
        if not is_last:
            _acknowledge(api, taken)


def entries(api: CtApi, count: int) -> list[dict[str, Any]]:
    """Return the first entries for customers; servers that ignore the condition give others as well."""
    # Reference: queue.asmx?op=getDSLXMLs
    rows = api.call(
        _SERVICE,
        "getDSLXMLs",
        currentPageNumber=1,
        pageSize=count,
        parms=[{"name": "itemType", "value": _CUSTOMER}],
    )
    return list(rows or ())


def _is_ours(api: CtApi, row: Mapping[str, Any]) -> bool:
    site = str(row.get("siteID") or "").strip()
    return bool(
        row.get("xmlGUID")
        and row.get("itemID")
        and str(row.get("itemType") or "").upper() == _CUSTOMER
        and row.get("status") != _FAILED
        and site in ("", str(api.settings["site_id"]))
    )


def _thin(row: Mapping[str, Any]) -> Record:
    return Record(
        SYSTEM,
        Kind.CUSTOMER,
        str(row["itemID"]),
        {},
        updated_at=moment(row.get("createdDate")),
        business_key=str(row["itemID"]),
        version=str(row["xmlGUID"]),
    )


def _acknowledge(api: CtApi, taken: Sequence[str]) -> None:
    """Copy entries to the log; one that is not there any more was copied by an attempt that died."""
    for guid in taken:
        # Reference: queue.asmx?op=copyDSLXMLToLog. Repeating it changes nothing more, so a lost answer is no doubt.
        api.call(
            _SERVICE,
            "copyDSLXMLToLog",
            xmlGUID=guid,
            logNote=_NOTE,
            deleteSource=True,
        )
