"""What a fresh simulated tenant holds: the shared catalogue as items, customers, codes. Called at start and reset."""

from collections.abc import Collection
from decimal import Decimal
from typing import Any

from integrations.sandbox.acumatica import stock
from integrations.sandbox.acumatica.store import Store
from integrations.sandbox.core.catalogue import CATALOGUE

_CUSTOMERS: tuple[tuple[str, str, str, str], ...] = (
    ("GOODFOOD", "Good Food One Restaurant", "orders@goodfood.example", "Active"),
    ("C1164", "Acme Ltd", "pat@example.com", "Active"),
    ("WEB", "Web shop guests", "guests@example.com", "Active"),
    ("CLOSED", "Closed Lamps Inc", "closed@example.com", "Inactive"),
)
_CODES: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    ("ShipVia", "CarrierID", ("GROUND", "AIR", "PICKUP", "LOCAL")),
    ("PaymentMethod", "PaymentMethodID", ("CREDITCARD", "PAYPAL", "CHECK", "CASH")),
    ("Tax", "TaxID", ("WEBTAX", "TXTAX")),
    ("Warehouse", "WarehouseID", ("MAIN", "RETAIL")),
)
_ADDRESS = {
    "AddressLine1": "1 Main St", "City": "Austin", "State": "TX", "PostalCode": "78701", "Country": "US",
}  # fmt: skip


def seed(store: Store, without: Collection[str] = ()) -> None:
    """Fill empty tables. ``without`` names catalogue articles this tenant does not carry."""
    with store.state.transaction():
        for entity, key, values in _CODES:
            for value in values:
                store.save(entity, {key: value, "Description": value.title()})
        for article in CATALOGUE:
            if article.sku in without:
                continue
            item: dict[str, Any] = {
                "InventoryID": article.sku, "Description": article.name, "ItemClass": "STOCK", "ItemStatus": "Active",
                "ItemType": "Finished Good", "BaseUOM": "EA", "SalesUOM": "EA", "DefaultWarehouseID": "MAIN",
                "DefaultPrice": Decimal(article.price).quantize(Decimal("0.000001")),
                "LastCost": Decimal(article.cost).quantize(Decimal("0.000001")),
                "DimensionWeight": Decimal(article.weight).quantize(Decimal("0.000001")),
            }  # fmt: skip
            store.save("StockItem", item)
            stock.count_stock(store, article.sku, "MAIN", Decimal(article.stock))
        for number, name, email, status in _CUSTOMERS:
            contact = {"Email": email, "CompanyName": name, "Address": dict(_ADDRESS)}
            store.save(
                "Customer",
                {"CustomerID": number, "CustomerName": name, "Email": email, "Status": status, "CurrencyID": "USD",
                 "CustomerClass": "DEFAULT", "Terms": "30D", "CreditLimit": Decimal("0.0000"), "MainContact": contact},
            )  # fmt: skip
