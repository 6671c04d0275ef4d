"""The control routes of the Sage 500 simulator, for tests, the demo and the portal's sandbox page."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from integrations.sandbox.core.catalogue import CATALOGUE
from integrations.sandbox.core.messages import Request, Response
from integrations.sandbox.sage_500 import batches, orders, purchasing, sales_orders, shipping, stock
from integrations.sandbox.sage_500.keys import next_key
from integrations.sandbox.sage_500.seed import COMPANY, add_customer, add_item
from integrations.sandbox.sage_500.staging import INSERT, Problem
from integrations.sandbox.tds.errors import SqlError
from integrations.sandbox.tds.records import Records, Row
from integrations.sandbox.tds.types import moment_text

if TYPE_CHECKING:
    from integrations.sandbox.sage_500.simulator import Sage500


def _shown(value: Any) -> Any:
    if isinstance(value, datetime):
        return moment_text(value)
    return format(value, "f") if isinstance(value, Decimal) else str(value)


def answer(value: Any, status: int = 200) -> Response:
    """Return JSON; amounts as texts, so that no float gets in."""
    return Response(status, {"Content-Type": "application/json"}, json.dumps(value, default=_shown).encode())


class Control:
    """Answers the routes below ``/control/`` that belong to this system."""

    def __init__(self, simulator: Sage500) -> None:
        self._here = simulator

    def answer(self, method: str, path: Sequence[str], request: Request) -> Response | None:
        """Return the answer, or None where there is no such route. Raises ValueError or KeyError for refusals."""
        asked = request.json() if request.body else {}
        if (method, *path) == ("POST", "settings"):
            return answer(self._here.change_settings(asked))
        if (method, *path) == ("POST", "sessions", "drop"):
            return answer({"dropped": self._here.server.disconnect_all() if self._here.server else 0})
        try:
            with self._here.reading() if method == "GET" else self._here.records() as records:
                return self._answer(records, method, path, request.query, asked)
        except SqlError as error:
            raise ValueError(str(error)) from error

    def _answer(
        self, records: Records, method: str, path: Sequence[str], query: Mapping[str, str], asked: Any
    ) -> Response | None:
        match (method, *path):
            case ("POST", "process"):
                return answer(shipping.ship_everything(records))
            case ("POST", "tick"):
                done: dict[str, Any] = shipping.tick(records)
                return answer(done | {"batches": batches.tick(records, self._here.behaviour)})
            case ("POST", "locks"):
                lock = {
                    "LogicalLockKey": next_key(records, "tsmLogicalLock"),
                    "UserID": asked.get("user", "clerk"),
                }
                records.insert("tsmLogicalLock", lock | {"LogicalLockID": asked["id"]})
                return answer(lock, 201)
            case ("DELETE", "locks"):
                return answer({"removed": records.delete("tsmLogicalLock")})
            case (_, "orders", *_):
                return _orders(records, method, path[1:], query, asked)
            case ("GET", "shippers" | "shipments"):
                number = query.get("order", "")
                return answer(_shipments(records, find_order(records, number)["SOKey"] if number else None))
            case ("POST", "shipments", key, "post"):
                shipping.post_shipment(records, int(key), late_days=int(asked.get("late_days", 0)))
                return answer({"ShipKey": int(key)})
            case ("POST", "shipments", key, "void"):
                shipping.void_shipment(records, int(key))
                return answer({"ShipKey": int(key)})
            case (_, "customers", *_):
                return _customers(records, method, path[1:], query, asked)
            case ("POST", "purchase-orders"):
                return answer(purchasing.place_purchase_order(records, COMPANY, asked), 201)
            case ("POST", "purchase-orders", number, "receive"):
                return answer(purchasing.receive(records, COMPANY, number))
            case (_, "items", *_):
                return _items(records, method, path[1:], asked)
            case ("GET", "counts", what):
                return _counts(records, what)
            case ("GET", "tables", name):
                return answer(records.find(name, **dict(query)))
        return None


# -- orders ----------------------------------------------------------------------------------------------


def _orders(
    records: Records, method: str, path: Sequence[str], query: Mapping[str, str], asked: Any
) -> Response | None:
    match (method, *path):
        case ("GET",):
            wanted = query.get("reference", "")
            found = records.find("tsoSalesOrder", order="SOKey DESC")
            found = [row for row in found if not wanted or wanted in (row["UserFld1"], row["CustPONo"])]
            return answer([show_order(records, row) for row in found[: int(query.get("limit", "200"))]])
        case ("POST",):
            return answer(place(records, asked), 201)
        case ("GET", number):
            return answer(show_order(records, find_order(records, number)))
        case ("POST", number, action):
            return _act(records, find_order(records, number), action, asked)
    return None


def find_order(records: Records, number: str) -> Row:
    """Return an order by TranNo, TranID or SOKey. Raises KeyError."""
    found = records.first("tsoSalesOrder", TranNo=number) or records.first("tsoSalesOrder", TranID=number)
    if found is None and number.isdigit():
        found = records.first("tsoSalesOrder", SOKey=int(number))
    if found is None:
        raise KeyError(number)
    return found


def show_order(records: Records, order: Row) -> dict[str, Any]:
    """Return an order with its lines, addresses and shipments."""
    lines = []
    for line, dist in orders.lines_of(records, order["SOKey"]):
        item = records.first("timItem", ItemKey=line["ItemKey"])
        lines.append({**line, **dist, "ItemID": item["ItemID"] if item else None})
    customer = records.get("tarCustomer", CustKey=order["CustKey"])
    address = records.first("tciAddress", AddrKey=order["DfltShipToAddrKey"])
    shipments = _shipments(records, order["SOKey"])
    return {**order, "CustID": customer["CustID"], "lines": lines, "ship_to": address, "shipments": shipments}


def place(records: Records, asked: Mapping[str, Any]) -> dict[str, Any]:
    """Enter orders as a clerk would: ``count``, ``lines`` and any column of the staging header."""
    header = {name: value for name, value in asked.items() if name not in ("count", "lines")}
    lines = asked.get("lines") or [{"ItemID": CATALOGUE[0].sku}]
    placed = [_place_one(records, header, lines) for _ in range(int(asked.get("count", 1)))]
    return {
        "orders": [row["TranNo"] for row in placed],
        "keys": [str(row["SOKey"]) for row in placed],
    }


def _place_one(records: Records, header: Mapping[str, Any], lines: Sequence[Mapping[str, Any]]) -> Row:
    declared = records.declared.tables
    blank = {field.name: None for field in declared["stgsalesorder"].fields}
    blank_line = {field.name: None for field in declared["stgsoline"].fields}
    given = {
        "CustID": "ACME",
        "DfltWarehouseID": "MAIN",
        "DfltShipMethID": "GROUND",
        "Action": INSERT,
        **header,
    }
    amounts = ("FreightAmt", "STaxAmt", "TradeDiscAmt")
    given |= {name: Decimal(str(given[name])) for name in amounts if given.get(name) is not None}
    ready = []
    for number, line in enumerate(lines, 1):
        row = {"SOLineNo": number, "QtyOrd": 1, "UnitMeasID": "EA", "WarehouseID": "MAIN", **line}
        numbers = ("QtyOrd", "UnitPrice", "ExtAmt", "TradeDiscAmt")
        row |= {name: Decimal(str(row[name])) for name in numbers if row.get(name) is not None}
        ready.append({**blank_line, **row})
    problems: list[Problem] = sales_orders.process(records, COMPANY, {**blank, **given}, ready, "clerk")
    if problems:
        raise ValueError("; ".join(f"{one.column} {one.value}: {one.comment}" for one in problems))
    following = records.get("tsmSurrogateKey", TableName="tsoSalesOrder")["NextKey"]
    return records.get("tsoSalesOrder", SOKey=following - 1)


def _act(records: Records, order: Row, action: str, asked: Mapping[str, Any]) -> Response | None:
    key = order["SOKey"]
    if action == "ship":
        shipment = shipping.create_shipment(records, order, asked.get("lines"), asked.get("tracking") or ())
        if not asked.get("is_pending"):
            shipping.post_shipment(records, shipment, late_days=int(asked.get("late_days", 0)))
        return answer({"ShipKey": shipment}, 201)
    if action in ("invoice", "close"):
        shipping.close_order(records, order)
    elif action in ("hold", "release", "credit-hold", "credit-release"):
        column = "CrHold" if action.startswith("credit") else "Hold"
        records.update("tsoSalesOrder", {column: int(action.endswith("hold"))}, SOKey=key)
        orders.touch(records, key)
    elif action == "cancel":
        orders.set_status(records, key, orders.CANCELED)
    elif action == "status":
        orders.set_status(records, key, int(asked["status"]))
    else:
        return None
    return answer(show_order(records, find_order(records, str(order["TranNo"]))))


def _shipments(records: Records, order: int | None) -> list[dict[str, Any]]:
    """Return shipments with lines, packages and order keys; of one SOKey, or all."""
    if order is None:
        keys = [row["ShipKey"] for row in records.find("tsoShipmentLog", order="ShipKey")]
    else:
        lines = [line["SOLineKey"] for line, _ in orders.lines_of(records, order)]
        keys = sorted(
            {row["ShipKey"] for line in lines for row in records.find("tsoShipLine", SOLineKey=line)}
        )
    return [_shipment(records, key) for key in keys]


def _shipment(records: Records, key: int) -> dict[str, Any]:
    log = records.get("tsoShipmentLog", ShipKey=key)
    lines = shipping.shipped_lines(records, key)
    sold = {records.get("tsoSOLine", SOLineKey=line["SOLineKey"])["SOKey"] for line, _, _ in lines}
    header = records.first("tsoShipment", ShipKey=key) or records.first("tsoPendShipment", ShipKey=key) or {}
    shown = [{"ItemKey": line["ItemKey"], "QtyShipped": dist["QtyShipped"]} for line, dist, _ in lines]
    packages = [row["ShipTrackNo"] for row in records.find("tsoPackage", ShipKey=key)]
    return {**header, **log, "lines": shown, "tracking": packages, "orders": sorted(sold)}


# -- customers, items ------------------------------------------------------------------------------------


def _customers(
    records: Records, method: str, path: Sequence[str], query: Mapping[str, str], asked: Any
) -> Response | None:
    match (method, *path):
        case ("GET",):
            found = []
            for row in records.find("tarCustomer", order="CustKey"):
                contact = records.first("tciContact", CntctKey=row["PrimaryCntctKey"]) or {}
                address = records.first("tciAddress", AddrKey=row["PrimaryAddrKey"]) or {}
                found.append({**address, **contact, **row})
            wanted = query.get("email", "").casefold()
            return answer([row for row in found if not wanted or str(row["EMailAddr"]).casefold() == wanted])
        case ("POST",):
            key = add_customer(records, asked, "clerk")
            return answer(records.get("tarCustomer", CustKey=key), 201)
        case ("POST", code):
            row = records.get("tarCustomer", CustID=code)
            stamp = {"UpdateDate": records.now, "UpdateCounter": row["UpdateCounter"] + 1}
            records.update("tarCustomer", {**asked, **stamp}, CustKey=row["CustKey"])
            return answer(records.get("tarCustomer", CustKey=row["CustKey"]))
    return None


def _items(records: Records, method: str, path: Sequence[str], asked: Any) -> Response | None:
    match (method, *path):
        case ("GET",):
            return answer(stock.quantities(records, COMPANY))
        case ("POST",):
            add_item(records, asked, "clerk")
            return answer(records.get("timItem", ItemID=asked["ItemID"]), 201)
        case ("DELETE", code):
            item = records.get("timItem", ItemID=code)
            for table in ("timItem", "timItemDescription", "timWhseBinInvt", "timInventory"):
                records.delete(table, ItemKey=item["ItemKey"])
            return answer({"removed": code})
        case ("POST", code, "stock"):
            place_id = str(asked.get("warehouse", asked.get("site", "MAIN")))
            stock.count_stock(records, COMPANY, code, place_id, Decimal(str(asked["qty"])))
            return answer({"ItemID": code, "WhseID": place_id, "QtyOnHand": str(asked["qty"])})
        case ("POST", code, "price"):
            item = records.get("timItem", ItemID=code)
            stamp = {"UpdateDate": records.now, "UpdateCounter": item["UpdateCounter"] + 1}
            records.update("timItem", {"StdPrice": str(asked["price"]), **stamp}, ItemKey=item["ItemKey"])
            return answer(records.get("timItem", ItemID=code))
    return None


def _counts(records: Records, what: str) -> Response | None:
    """Return how many orders there are per reference, customers per e-mail, or receipts per reference."""
    found: dict[str, int] = {}
    if what == "orders":
        names = [row["UserFld1"] for row in records.find("tsoSalesOrder", TranType=orders.ORDER)]
    elif what == "returns":
        names = [row["UserFld1"] for row in records.find("tsoSalesOrder", TranType=orders.RETURN)]
    elif what == "customers":
        names = [str(row["EMailAddr"]).lower() for row in records.find("tciContact")]
    elif what == "payments":
        names = [row["UserFld1"] for row in records.find("tarCustPmt")]
    else:
        return None
    for name in names:
        found[str(name or "")] = found.get(str(name or ""), 0) + 1
    return answer(found)
