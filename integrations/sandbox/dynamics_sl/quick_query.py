"""``quickQuery``: rows of views over the ledger and purchasing tables, filtered by column.

The names of the views are ours, and their columns bear the names of the tables; the vendor's own catalogue of views
depends on the installation.
"""

from collections.abc import Mapping
from typing import Any

from integrations.sandbox.dynamics_sl.installation import Installation
from integrations.sandbox.dynamics_sl.store import (
    AP_DOCUMENTS,
    AR_DOCUMENTS,
    GL_LINES,
    PURCHASE_ORDERS,
    STOCK_LINES,
    Table,
)
from integrations.sandbox.dynamics_sl.wire import DataSet

VIEWS: Mapping[str, Table] = {
    "QQ_ardoc": AR_DOCUMENTS,
    "QQ_gltran": GL_LINES,
    "QQ_apdoc": AP_DOCUMENTS,
    "QQ_intran": STOCK_LINES,
    "QQ_purchord": PURCHASE_ORDERS,
}
_SIGNS = ("=", "<>", "<", "<=", ">", ">=")


def run_view(installation: Installation, asked: Mapping[str, Any]) -> dict[str, Any]:
    """Return the rows of a view; an unknown view, column or comparison is told in ``errorMessage``."""
    name = asked.get("queryViewName", "").strip()
    table = next((table for view, table in VIEWS.items() if view.lower() == name.lower()), None)
    if table is None:
        return {"errorMessage": f"Query view {name} not found."}
    columns = {column.name.lower(): column.name for column in table.columns}
    conditions, values = ["1"], []
    for each in asked.get("filters") or ():
        column = columns.get(each.get("name", "").strip().lower())
        sign = each.get("comparisonType", "").strip() or "="
        if column is None or sign not in _SIGNS:
            return {"errorMessage": f"Filter {each.get('name', '')} {sign} is not valid."}
        conditions.append(f'"{column}" {sign} ?')
        values.append(each.get("value", "").strip())
    keys = ", ".join(table.key)
    sql = f'SELECT * FROM "{table.name}" WHERE {" AND ".join(conditions)} ORDER BY {keys}'
    rows = [dict(row) for row in installation.state.rows(sql, values)]
    return {"errorMessage": "", "myQueryResults": DataSet("Table", table.columns, rows)}
