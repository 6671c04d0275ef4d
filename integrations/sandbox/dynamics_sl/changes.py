"""The change queue: what the vendor's triggers write when a customer changes, until somebody copies it to the log.

Called where customers are saved or removed, and by the operation table. At least once: ``duplicate_entries`` of the
settings writes each entry twice. Status RECEIVED for adds and updates is inferred.
"""

import sqlite3
import uuid
from collections.abc import Mapping
from typing import Any

from integrations.sandbox.dynamics_sl.installation import Installation
from integrations.sandbox.dynamics_sl.store import QUEUE, find, find_one, put

_FILTERS = {"itemtype": "itemType", "status": "status", "itemid": "itemID", "siteid": "siteID"}


def note_change(
    installation: Installation,
    db: sqlite3.Connection,
    item_id: str,
    *,
    status: str = "RECEIVED",
    site_id: str = "",
    item_type: str = "CUSTOMER",
) -> None:
    """Write the entry of one changed record; the triggers of customers are the only ones simulated."""
    moment = installation.local_now().strftime("%Y-%m-%dT%H:%M:%S.%f")
    for _ in range(1 + int(installation.has_duplicates)):
        entry = {
            "xmlGUID": str(uuid.uuid4()),
            "siteID": site_id or installation.site_id,
            "itemID": item_id,
            "itemType": item_type,
            "status": status,
            "createdDate": moment,
            "lastUpdated": moment,
        }
        put(db, QUEUE, entry)


def list_entries(installation: Installation, asked: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return one page (from 1), oldest first; ``parms`` are column = value, unknown names are ignored."""
    where = {
        _FILTERS[pair["name"].strip().lower()]: pair.get("value", "").strip()
        for pair in asked.get("parms") or ()
        if pair.get("name", "").strip().lower() in _FILTERS
    }
    size = max(asked["pageSize"], 0)
    first = max(asked["currentPageNumber"] - 1, 0) * size
    return find(installation.state, QUEUE, where, order_by="createdDate")[first : first + size]


def copy_to_log(installation: Installation, asked: Mapping[str, Any]) -> dict[str, Any]:
    """Take an entry out of the queue; an unknown one is told in ``errorMessage``."""
    guid = asked.get("xmlGUID", "").strip()
    with installation.state.transaction() as db:
        entry = find_one(installation.state, QUEUE, xmlGUID=guid)
        if entry is None:
            return {"xmlGUID": guid, "errorMessage": f"Entry {guid} not found.", "resultCode": 1}
        if asked["deleteSource"]:
            db.execute("DELETE FROM DSLXML WHERE xmlGUID = ?", (guid,))
    return entry | {"errorMessage": "", "resultCode": 0}


def count_entries(installation: Installation) -> int:
    return len(find(installation.state, QUEUE, {}))
