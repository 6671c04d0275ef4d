"""Generic inquiries over OData, read only: the six names of our customer guide, both route generations.

Key values come padded; there is no ``$expand`` and no ``$count``; a formula in ``$filter`` answers an empty body.
"""

import base64
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from integrations.sandbox.acumatica import stock
from integrations.sandbox.acumatica.filters import BadFilter, parse
from integrations.sandbox.acumatica.store import Store
from integrations.sandbox.acumatica.wire import Refusal, answer, encode
from integrations.sandbox.core.messages import Request, Response

_FORMULAS = frozenset({"Margin"})
_PADDED = frozenset({"InventoryID", "WarehouseID", "CustomerID"})


def _rows_of(entity: str, *names: str) -> Callable[[Store], list[dict[str, Any]]]:
    return lambda store: [{name: record.get(name) for name in names} for record in store.all(entity)]


def _availability(store: Store) -> list[dict[str, Any]]:
    names = ("InventoryID", "WarehouseID", "QtyOnHand", "QtyAvailable", "LastModifiedDateofWarehouseQty")
    return [
        {("LastModifiedOn" if name == names[-1] else name): row[name] for name in names}
        | {"Margin": row["QtyAvailable"]}
        for row in stock.quantities(store)
    ]


INQUIRIES: dict[str, Callable[[Store], list[dict[str, Any]]]] = {
    "BusinessAccount": _rows_of("Customer", "CustomerID", "CustomerName", "Email", "Status", "LastModifiedDateTime"),
    "InventorySummary": _availability,
    "Payment": _rows_of("Payment", "Type", "ReferenceNbr", "CustomerID", "PaymentAmount", "Status", "ExternalRef"),
    "SalesOrder": _rows_of("SalesOrder", "OrderType", "OrderNbr", "CustomerID", "CustomerOrder", "Status", "OrderTotal",
                           "ExternalRef", "LastModified"),
    "Shipment": _rows_of("Shipment", "ShipmentNbr", "Type", "Status", "CustomerID", "ShipVia", "LastModifiedDateTime"),
    "StockItem": _rows_of("StockItem", "InventoryID", "Description", "ItemStatus", "DefaultPrice", "LastModified"),
}  # fmt: skip


def is_basic(request: Request, username: str, password: str) -> bool:
    """Say whether the call carries the user's name and password."""
    given = request.headers.get("authorization", "")
    if not given.lower().startswith("basic "):
        return False
    try:
        name, _, word = base64.b64decode(given[6:]).decode().partition(":")
    except ValueError:
        return False
    return name.partition("@")[0] == username and word == password


def answer_inquiry(store: Store, request: Request, root: str, name: str) -> Response:
    """Answer a service root ('' as name), ``$metadata`` or rows. Raises Refusal."""
    if request.method != "GET":
        raise Refusal(405, {"message": "The requested resource does not support http method."})
    context = f"http://{request.headers.get('host', 'localhost')}{root}/$metadata"
    if not name:
        listed = [{"name": each, "kind": "EntitySet", "url": each} for each in INQUIRIES]
        return answer({"@odata.context": context, "value": listed})
    if name == "$metadata":
        return Response(200, {"Content-Type": "application/xml"}, _metadata(store).encode())
    inquiry = name.partition("_WithParameters")[0]
    if inquiry not in INQUIRIES:
        raise Refusal(404, {"message": f"No HTTP resource was found that matches '{name}'."})
    query = request.query
    if "$expand" in query or "$count" in query:
        raise Refusal(400, {"error": {"code": "", "message": "The query option is not supported."}})
    rows = INQUIRIES[inquiry](store)
    try:
        if query.get("$filter"):
            if any(word in query["$filter"] for word in _FORMULAS):
                return Response(200, {"Content-Type": "application/json"})
            holds = parse(query["$filter"])
            rows = [row for row in rows if holds(row)]
    except BadFilter as error:
        raise Refusal(400, {"error": {"code": "", "message": str(error)}}) from error
    rows = _page(rows, query)
    return answer({"@odata.context": f"{context}#{inquiry}", "value": [_padded(row) for row in rows]})


def _page(rows: list[dict[str, Any]], query: Mapping[str, str]) -> list[dict[str, Any]]:
    for name in reversed([part.strip().partition(" ")[0] for part in query.get("$orderby", "").split(",")]):
        if name:
            rows.sort(key=partial(_text_at, name))
    skip = int(query.get("$skip") or 0)
    top = int(query["$top"]) if query.get("$top") else len(rows)
    names = [name for name in query.get("$select", "").split(",") if name]
    return [
        {name: row[name] for name in names if name in row} if names else row
        for row in rows[skip : skip + top]
    ]


def _text_at(name: str, row: Mapping[str, Any]) -> str:
    return str(row.get(name) or "")


def _padded(row: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: f"{value:<10}" if name in _PADDED and isinstance(value, str) else value
        for name, value in row.items()
    }


def _metadata(store: Store) -> str:
    types, sets = "", ""
    for name, rows in INQUIRIES.items():
        sample = next(iter(rows(store)), {})
        fields = "".join(
            f'<Property Name="{field}" Type="{"Edm.Decimal" if encode(value)[:1].isdigit() else "Edm.String"}" />'
            for field, value in sample.items()
        )
        types += f'<EntityType Name="{name}">{fields}</EntityType>'
        sets += f'<EntitySet Name="{name}" EntityType="Default.{name}" />'
    return (
        '<?xml version="1.0" encoding="utf-8"?><edmx:Edmx Version="4.0"'
        ' xmlns:edmx="http://docs.oasis-open.org/odata/ns/edmx"><edmx:DataServices>'
        f'<Schema Namespace="Default" xmlns="http://docs.oasis-open.org/odata/ns/edm">{types}'
        f'<EntityContainer Name="Default">{sets}</EntityContainer></Schema></edmx:DataServices></edmx:Edmx>'
    )
