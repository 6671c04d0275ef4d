"""The control routes of the Dynamics SL simulator, for tests, the demo and the portal's sandbox page."""

from collections.abc import Mapping, Sequence
from typing import Any

from integrations.sandbox.core.catalogue import CATALOGUE
from integrations.sandbox.core.messages import Request, Response
from integrations.sandbox.dynamics_sl import items, paperwork, shipping
from integrations.sandbox.dynamics_sl.changes import count_entries, note_change
from integrations.sandbox.dynamics_sl.customers import (
    customer_json,
    edit_customer,
    load_screen,
    remove_customer,
)
from integrations.sandbox.dynamics_sl.installation import Installation
from integrations.sandbox.dynamics_sl.orders import load_order, place_order, set_admin_hold
from integrations.sandbox.dynamics_sl.pricing import MAGIC
from integrations.sandbox.dynamics_sl.stock import count_stock
from integrations.sandbox.dynamics_sl.store import (
    AR_DOCUMENTS,
    CUSTOMERS,
    GL_LINES,
    ITEMS,
    LOCATIONS,
    PACKS,
    SHIPPER_LINES,
    SHIPPERS,
    STOCK_LINES,
    find,
)

_ORDER = (
    "OrdNbr",
    "CustID",
    "CustOrdNbr",
    "SOTypeID",
    "OrdDate",
    "Status",
    "AdminHold",
    "CreditHold",
    "Cancelled",
    "CuryID",
    "CuryTotMerch",
    "CuryTotFrt",
    "CuryTotTax",
    "CuryTotOrd",
    "ShipName",
    "ShipAddr1",
    "ShipAddr2",
    "ShipCity",
    "ShipState",
    "ShipZip",
    "ShipCountry",
    "ShipViaID",
    "InvcNbr",
    "BillName",
    "User1",
    "LUpd_DateTime",
)
_LINE = (
    "LineRef",
    "InvtID",
    "Descr",
    "QtyOrd",
    "QtyShip",
    "QtyOpenShip",
    "CurySlsPrice",
    "CuryCost",
    "DiscPct",
    "SiteID",
    "Taxable",
    "ManualPrice",
)
_DOCUMENT = (
    "CustId",
    "DocType",
    "RefNbr",
    "BatNbr",
    "CuryOrigDocAmt",
    "CuryDocBal",
    "BankAcct",
    "BankSub",
    "DocDate",
    "PerPost",
    "OrdNbr",
    "PmtMethod",
    "Rlsed",
    "User1",
)
_JOURNAL_LINE = (
    "Module",
    "BatNbr",
    "LineNbr",
    "Acct",
    "Sub",
    "DrAmt",
    "CrAmt",
    "ExtRefNbr",
    "PerPost",
    "Posted",
)

_STOCK_LINE = (
    "BatNbr",
    "LineRef",
    "InvtID",
    "SiteID",
    "WhseLoc",
    "TranType",
    "Qty",
    "ExtRefNbr",
    "ReasonCd",
    "PerPost",
    "Rlsed",
)
_LEDGERS = {
    "documents": (AR_DOCUMENTS, _DOCUMENT),
    "journals": (GL_LINES, _JOURNAL_LINE),
    "issues": (STOCK_LINES, _STOCK_LINE),
}


def _pick(row: Mapping[str, Any], names: Sequence[str]) -> dict[str, Any]:
    return {name: row[name] for name in names if name in row}


class Control:
    """Answers the routes below ``/control/`` that belong to this system."""

    def __init__(self, installation: Installation) -> None:
        self._here = installation

    def answer(self, method: str, path: Sequence[str], request: Request) -> Response | None:
        """Return the answer, or None where there is no such route."""
        asked = request.json() if request.body else {}
        match (method, *path):
            case ("POST", "process"):
                return Response.of_json(shipping.run_process(self._here))
            case ("GET", "orders"):
                return Response.of_json(self._orders(request.query))
            case ("POST", "orders"):
                return Response.of_json(self._place(asked), 201)
            case ("GET", "orders", ord_nbr):
                return Response.of_json(self._order(ord_nbr))
            case ("POST", "orders", ord_nbr, action):
                return self._act_on_order(ord_nbr, action, asked)
            case ("GET", "shippers"):
                return Response.of_json(self._shippers(request.query.get("order", "")))
            case ("GET", "documents" | "journals" | "issues"):
                return Response.of_json(self._ledger(path[0], request.query))
            case ("POST", "vouchers"):
                return Response.of_json({"RefNbr": paperwork.add_voucher(self._here, asked)}, 201)
            case ("POST", "purchase-orders"):
                return Response.of_json({"PONbr": paperwork.add_purchase_order(self._here, asked)}, 201)
            case ("GET", "customers"):
                return Response.of_json(self._customers(request.query))
            case ("POST", "customers"):
                return Response.of_json(edit_customer(self._here, "ADD", {"myCustomer": asked}), 201)
            case ("DELETE", "customers", cust_id):
                return Response.of_json({"removed": remove_customer(self._here, cust_id)})
            case ("GET", "queue"):
                return Response.of_json({"entries": count_entries(self._here)})
            case ("POST", "queue"):
                with self._here.state.transaction() as db:
                    note_change(self._here, db, str(asked.pop("itemID")), **asked)
                return Response.of_json({"entries": count_entries(self._here)}, 201)
            case ("POST", "customers", cust_id):
                return Response.of_json(self._change_customer(cust_id, asked))
            case ("GET", "counts", what):
                return self._counts(what)
            case (_, "items", *_):
                return self._items(method, path[1:], asked)
        return None

    def _orders(self, query: Mapping[str, str]) -> list[dict[str, Any]]:
        condition, values = "1", []
        if "reference" in query:
            condition, values = "CustOrdNbr = ?", [query["reference"]]
        limit = int(query.get("limit", "200"))
        sql = f"SELECT OrdNbr FROM SOHeader WHERE {condition} ORDER BY OrdNbr DESC LIMIT ?"
        return [self._order(row["OrdNbr"]) for row in self._here.state.rows(sql, [*values, limit])]

    def _place(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        """Enter orders as a clerk would: ``count``, ``lines`` and any column of the header."""
        header = {name: value for name, value in asked.items() if name not in ("count", "lines")}
        lines = asked.get("lines") or [{"InvtID": CATALOGUE[0].sku}]
        defaults = {"QtyOrd": 1.0, "CurySlsPrice": MAGIC, "CuryCost": MAGIC, "Taxable": -1}
        placed = []
        for _ in range(int(asked.get("count", 1))):
            order = {"CustID": "C300", "SOTypeID": "SO"} | header
            order["orderItems"] = [defaults | line for line in lines]
            answer = place_order(self._here, order)
            if answer["errorString"]:
                raise ValueError(answer["errorString"])
            placed.append(answer["OrdNbr"])
        return {"orders": placed}

    def _order(self, ord_nbr: str) -> dict[str, Any]:
        order = load_order(self._here, ord_nbr)
        if order is None:
            raise KeyError(ord_nbr)
        lines = [_pick(line, _LINE) for line in order["orderItems"]]
        return _pick(order, _ORDER) | {"lines": lines, "shippers": self._shippers(order["OrdNbr"])}

    def _shippers(self, ord_nbr: str) -> list[dict[str, Any]]:
        shown = (
            "ShipperID",
            "OrdNbr",
            "CustOrdNbr",
            "ShipViaID",
            "ShippingConfirmed",
            "ShipDateAct",
            "TrackingNbr",
        )
        listed = []
        for header in find(self._here.state, SHIPPERS, {"OrdNbr": ord_nbr} if ord_nbr else {}):
            key = {"ShipperID": header["ShipperID"]}
            lines = find(self._here.state, SHIPPER_LINES, key)
            packs = find(self._here.state, PACKS, key)
            listed.append(
                _pick(header, shown)
                | {
                    "lines": [_pick(line, ("OrdLineRef", "InvtID", "QtyShip", "QtyBO")) for line in lines],
                    "tracking": [pack["TrackingNbr"] for pack in packs],
                }
            )
        return listed

    def _act_on_order(self, ord_nbr: str, action: str, asked: Mapping[str, Any]) -> Response | None:
        if action == "ship":
            return Response.of_json({"ShipperID": shipping.ship_order(self._here, ord_nbr, asked)}, 201)
        if action == "invoice":
            return Response.of_json({"InvcNbr": paperwork.invoice_order(self._here, ord_nbr)}, 201)
        if action in ("hold", "release"):
            set_admin_hold(self._here, ord_nbr, is_held=action == "hold")
        elif action == "cancel":
            order = load_order(self._here, ord_nbr)
            if order is None:
                raise KeyError(ord_nbr)
            place_order(self._here, order | {"Cancelled": True})
        else:
            return None
        return Response.of_json(self._order(ord_nbr))

    def _ledger(self, what: str, query: Mapping[str, str]) -> list[dict[str, Any]]:
        """Return AR documents, journal lines or inventory lines by any of the columns that are shown."""
        table, shown = _LEDGERS[what]
        where = {name: value for name, value in query.items() if name in shown}
        return [_pick(row, shown) for row in find(self._here.state, table, where)]

    def _customers(self, query: Mapping[str, str]) -> list[dict[str, Any]]:
        where = {"EMailAddr": query["email"]} if "email" in query else {}
        return [customer_json(row) for row in find(self._here.state, CUSTOMERS, where)]

    def _change_customer(self, cust_id: str, asked: Mapping[str, Any]) -> dict[str, Any]:
        """Change columns of a customer as a clerk at the customer screen does."""
        known = load_screen(self._here, cust_id).get("myCustomer")
        if known is None:
            raise KeyError(cust_id)
        answer = edit_customer(self._here, "UPDATE", {"myCustomer": {**known, **asked}})
        if answer["errorMessage"]:
            raise ValueError(answer["errorMessage"])
        return customer_json(answer["myCustomer"])

    def _counts(self, what: str) -> Response | None:
        """Return how many orders there are per reference, or customers per e-mail."""
        columns = {"orders": ("SOHeader", "CustOrdNbr"), "customers": ("Customer", "lower(EMailAddr)")}
        if what not in columns:
            return None
        table, column = columns[what]
        sql = f"SELECT {column} AS name, count(*) AS times FROM {table} GROUP BY 1"
        return Response.of_json({row["name"]: row["times"] for row in self._here.state.rows(sql)})

    def _items(self, method: str, path: Sequence[str], asked: dict[str, Any]) -> Response | None:
        match (method, *path):
            case ("GET",):
                return Response.of_json(self._stock_list())
            case ("POST",):
                return Response.of_json(items.add_item(self._here, asked), 201)
            case ("DELETE", invt_id):
                return Response.of_json({"removed": items.remove_item(self._here, invt_id)})
            case ("POST", invt_id, "stock"):
                site = str(asked.get("site", self._here.warehouse))
                with self._here.state.transaction() as db:
                    if not db.execute("SELECT 1 FROM Inventory WHERE InvtID = ?", (invt_id,)).fetchone():
                        raise KeyError(invt_id)
                    count_stock(self._here, db, invt_id, site, float(asked["qty"]))
                return Response.of_json({"InvtID": invt_id, "SiteID": site, "QtyOnHand": asked["qty"]})
        return None

    def _stock_list(self) -> list[dict[str, Any]]:
        bins = find(self._here.state, LOCATIONS, {})
        shown = ("SiteID", "WhseLoc", "QtyOnHand", "QtyAlloc", "QtyAvail")
        return [
            {"InvtID": item["InvtID"], "Descr": item["Descr"], "price": item["StkBasePrc"]}
            | {"bins": [_pick(row, shown) for row in bins if row["InvtID"] == item["InvtID"]]}
            for item in find(self._here.state, ITEMS, {})
        ]
