"""The list operations of ``orders``: DataSets of orders, order types and carriers, and ship-to search."""

from typing import Any

from integrations.sandbox.dynamics_sl.columns import parse_columns
from integrations.sandbox.dynamics_sl.installation import Installation
from integrations.sandbox.dynamics_sl.orders import ORDER_TYPES, SHIP_VIAS
from integrations.sandbox.dynamics_sl.store import ADDRESSES, find
from integrations.sandbox.dynamics_sl.wire import UNABLE, DataSet, SoapFault

_ORDER_COLUMNS = parse_columns(
    "CpnyID:s OrdNbr:s CustID:s CustOrdNbr:s SOTypeID:s OrdDate:s Status:s Cancelled:h AdminHold:h"
    " CreditHold:h CuryID:s CuryTotOrd:d LUpd_DateTime:s",
    {},
)
_FILTERS = {column.name.lower(): column.name for column in _ORDER_COLUMNS if column.code == "s"}


def _number(text: str) -> int:
    try:
        return int(text)
    except ValueError as error:
        raise SoapFault(f"{UNABLE}Input string was not in a correct format.") from error


def list_orders(installation: Installation, asked: dict[str, Any]) -> DataSet:
    """Return one page of orders. Page number and size are strings; both count from 1.

    ``ordersParams`` is ``Column=value;Column=value`` [ours: the vendor's format is unknown]; names we do not
    know are ignored, so a careless caller gets every order.
    """
    page, size = _number(asked.get("currentPageNumber", "")), _number(asked.get("pageSize", ""))
    conditions, values = ["1"], []
    for pair in asked.get("ordersParams", "").split(";"):
        name, _, value = pair.partition("=")
        if name.strip().lower() in _FILTERS:
            conditions.append(f'"{_FILTERS[name.strip().lower()]}" = ?')
            values.append(value.strip())
    names = ", ".join(column.name for column in _ORDER_COLUMNS)
    sql = f"SELECT {names} FROM SOHeader WHERE {' AND '.join(conditions)} ORDER BY OrdNbr LIMIT ? OFFSET ?"
    rows = installation.state.rows(sql, [*values, size, max(page - 1, 0) * size])
    return DataSet("SOHeader", _ORDER_COLUMNS, [dict(row) for row in rows])


def list_order_types(installation: Installation) -> DataSet:
    """Return the order types of the company."""
    columns = parse_columns("CpnyID:s SOTypeID:s Descr:s Behavior:s Active:h", {})
    return DataSet(
        "SOType",
        columns,
        [
            {"CpnyID": installation.cpny_id, "SOTypeID": key, "Descr": text, "Behavior": key, "Active": 1}
            for key, text in ORDER_TYPES.items()
        ],
    )


def list_ship_vias() -> DataSet:
    """Return the carriers."""
    rows = [{"ShipViaID": key, "Descr": text} for key, text in SHIP_VIAS.items()]
    return DataSet("ShipVia", parse_columns("ShipViaID:s Descr:s", {}), rows)


def search_addresses(installation: Installation, asked: dict[str, Any]) -> list[dict[str, Any]]:
    """Return ship-to addresses whose columns equal what was asked; blank asks for nothing."""
    columns = {column.name.lower(): column.name for column in ADDRESSES.columns}
    where = {
        columns[name.lower()]: value.strip()
        for name, value in asked.items()
        if isinstance(value, str) and value.strip() and name.lower() in columns
    }
    return find(installation.state, ADDRESSES, where)
