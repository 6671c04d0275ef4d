"""The fields of each kind in Acumatica, in the names of endpoint Default/24.200.001 and with our derived ones.

What mapping offers and checks against before a tenant's own description is known; ``discovery`` adds to it.
"""

from dataclasses import replace
from typing import Any

from integrations.connectors.systems.acumatica.fields import (
    CHANGED,
    CONTACT,
    CURRENCY,
    CUSTOM,
    HOLD,
    NOTE,
    RECORD_ID,
    SYSTEM,
    day,
    flag,
    linked,
    moment,
    number,
    read_only,
    rows,
    text,
    whole,
)
from integrations.connectors.systems.acumatica.order_fields import ORDER_FIELDS, ORDER_LINE
from integrations.connectors.systems.acumatica.schema_ledger import INVOICE, JOURNAL, PAYMENT, PURCHASE_ORDER
from integrations.kinds import EntitySchema, Kind

ORDER = EntitySchema(SYSTEM, Kind.ORDER, "Sales order", ORDER_FIELDS)

_OF_RETURNED = "Left out: taken from the returned order and its invoices."
_RETURN_LINE = tuple(
    replace(each, help=_OF_RETURNED) if each.name in ("InvoiceType", "InvoiceNbr", "UnitPrice") else each
    for each in ORDER_LINE
)
_RETURN_FIELDS: dict[str, dict[str, Any]] = {
    "Details": {"fields": _RETURN_LINE, "required": False},
    "CustomerID": {"required": False, "help": _OF_RETURNED},
}
RETURN = EntitySchema(
    SYSTEM,
    Kind.RETURN,
    "Return order (RC)",
    (
        text(
            "returned_order",
            18,
            "Returned order",
            sample="SO/000073",
            help="Ours: the order whose goods come back. Needed unless customer and invoices are given.",
        ),
        *(
            replace(each, **_RETURN_FIELDS.get(each.name, {}))
            for each in ORDER_FIELDS
            if each.name not in ("OrderType", "Cancelled")
        ),
    ),
)

SHIPMENT = EntitySchema(
    SYSTEM,
    Kind.SHIPMENT,
    "Shipment",
    read_only(
        (
            RECORD_ID,
            text("ShipmentNbr", 15, "Shipment", nullable=False, sample="000412"),
            text(
                "order_key",
                18,
                "Order key",
                nullable=False,
                sample="SO/000073",
                help="Type and number of its order.",
            ),
            text("OrderNbr", 15, "Order number", nullable=False, sample="000073"),
            text("CustomerOrder", 40, "Customer order number", sample="XC-1043", help="Of the order."),
            text("ExternalRef", 40, "External reference", sample="xcart:5012", help="Of the order."),
            text("OrderStatus", 30, "Status of the order", sample="Completed"),
            flag("is_confirmed", "Confirmed", nullable=False, help="Derived: left the house."),
            flag(
                "is_complete",
                "Completes the order",
                nullable=False,
                help="Derived: nothing of the order is open.",
            ),
            text(
                "carrier", 15, "Carrier", sample="GROUND", help="Derived: Ship via; Acumatica keeps no other."
            ),
            rows(
                "tracking_numbers",
                text("value", 50, "Tracking number", nullable=False),
                text("carrier", 15, "Carrier", nullable=False),
                label="Tracking numbers",
                nullable=False,
                help="Derived from the packages, each once.",
            ),
            text("Type", 20, "Type", sample="Shipment"),
            text("Status", 30, "Status", sample="Confirmed"),
            text("CustomerID", 30, "Customer"),
            text("LocationID", 30, "Location"),
            text("WarehouseID", 30, "Warehouse"),
            text("Operation", 20, "Operation"),
            text("ShipVia", 15, "Ship via"),
            text("Description", 256, "Description"),
            number("ShippedQty", "Shipped quantity", 6),
            number("ShippedWeight", "Weight", 6),
            number("PackageWeight", "Weight of the packages", 6),
            number("FreightPrice", "Freight"),
            whole("PackageCount", "Packages"),
            day("ShipmentDate", "Shipped on"),
            HOLD,
            rows(
                "Packages",
                text("BoxID", 15, "Box"),
                text("TrackingNbr", 50, "Tracking number"),
                number("Weight", "Weight", 6),
                flag("Confirmed", "Confirmed"),
                label="Packages",
            ),
            rows(
                "Details",
                text("OrderType", 2, "Order type"),
                text("OrderNbr", 15, "Order number"),
                whole("OrderLineNbr", "Order line"),
                text("InventoryID", 30, "Item"),
                text("WarehouseID", 30, "Warehouse"),
                text("LotSerialNbr", 100, "Lot or serial number"),
                number("ShippedQty", "Shipped", 6),
                number("OrderedQty", "Ordered", 6),
                number("OpenQty", "Still open", 6),
                label="Lines",
            ),
            rows(
                "Orders", text("OrderType", 2), text("OrderNbr", 15), text("InvoiceNbr", 15), label="Orders"
            ),
            CHANGED,
            NOTE,
            CUSTOM,
        )
    ),
)

CUSTOMER = EntitySchema(
    SYSTEM,
    Kind.CUSTOMER,
    "Customer",
    (
        RECORD_ID,
        text(
            "CustomerID",
            30,
            "Customer",
            help="Often left out: a numbering of Acumatica replaces it.",
            sample="C1165",
        ),
        text("CustomerName", 255, "Name", required=True, nullable=False, sample="Acme Ltd"),
        text(
            "CustomerClass", 10, "Customer class", sample="DEFAULT", help="Left out: the connection's class."
        ),
        text("Email", 255, "E-mail", sample="pat@example.com", help="Written as the main contact's e-mail."),
        text(
            "AccountRef",
            50,
            "Account reference",
            help="Our reference is written here.",
            sample="XC-pat@example.com",
        ),
        CURRENCY,
        text("Terms", 10, "Terms"),
        text("TaxZone", 10, "Tax zone"),
        text("PriceClassID", 10, "Price class"),
        text("ShipVia", 15, "Ship via"),
        text("ShippingTerms", 10, "Shipping terms"),
        text("WarehouseID", 30, "Warehouse"),
        text("TaxRegistrationID", 50, "Tax registration"),
        text("TaxExemptionNumber", 30, "Tax exemption number"),
        text("ParentRecord", 30, "Parent account"),
        number("CreditLimit", "Credit limit"),
        flag("IsGuestCustomer", "Guest"),
        flag("BillingAddressOverride", "Billing address as given"),
        flag("ShippingAddressOverride", "Shipping address as given"),
        linked("MainContact", *CONTACT, label="Main contact"),
        linked("BillingContact", *CONTACT, label="Billing contact"),
        linked("ShippingContact", *CONTACT, label="Shipping contact"),
        text("Status", 20, "Status", sample="Active", help="Label, as Acumatica shows it."),
        CHANGED,
        NOTE,
        CUSTOM,
    ),
)

PRODUCT = EntitySchema(
    SYSTEM,
    Kind.PRODUCT,
    "Stock item",
    (
        RECORD_ID,
        text("InventoryID", 30, "Item", required=True, nullable=False, sample="A50-HALO"),
        text("Description", 256, "Description", sample="Headset"),
        text("ItemClass", 30, "Item class", sample="STOCK", help="Many sites refuse an item without."),
        text(
            "ItemStatus", 30, "Status", sample="Active", help="Label: Active, No Sales, Inactive and others."
        ),
        text("ItemType", 30, "Type"),
        text("BaseUOM", 6, "Base unit", sample="EA"),
        text("SalesUOM", 6, "Sales unit"),
        text("PostingClass", 10, "Posting class"),
        text("TaxCategory", 10, "Tax category"),
        text("PriceClass", 10, "Price class"),
        text("DefaultWarehouseID", 30, "Warehouse"),
        text("Content", None, "Web description"),
        text("ImageUrl", 255, "Image"),
        text("PageTitle", 255, "Page title"),
        text("MetaDescription", 1000, "Meta description"),
        text("CustomURL", 255, "Page address"),
        number("DefaultPrice", "Price", 6, sample="59.99"),
        number("MSRP", "List price", 6),
        number("LastCost", "Last cost", 6, read_only=True),
        number("DimensionWeight", "Weight", 6),
        number("DimensionVolume", "Volume", 6),
        flag(
            "is_stock_item", "Stock item", read_only=True, help="Derived: no for services, fees and the like."
        ),
        text("WeightUOM", 6, "Unit of weight"),
        flag("ExportToExternal", "To external systems"),
        rows("Categories", whole("CategoryID", "Category"), label="Item categories"),
        rows(
            "Attributes",
            text("AttributeID", 10, "Attribute"),
            text("Value", 255, "Value"),
            text("ValueDescription", 255, "Value in words"),
            label="Attributes",
        ),
        rows(
            "CrossReferences",
            text("AlternateType", 20, "Type"),
            text("AlternateID", 50, "Number"),
            label="Other numbers",
        ),
        rows(
            "WarehouseDetails",
            text("WarehouseID", 30, "Warehouse"),
            number("QtyOnHand", "On hand", 6),
            flag("IsDefault", "Default"),
            label="Warehouses",
            read_only=True,
        ),
        moment("LastModified", "Last changed", read_only=True),
        NOTE,
        CUSTOM,
    ),
)

INVENTORY = EntitySchema(
    SYSTEM,
    Kind.INVENTORY,
    "Quantities by warehouse",
    (
        text("InventoryID", 30, "Item", nullable=False, read_only=True, sample="A50-HALO"),
        number("QtyAvailable", "Available", 6, nullable=False, read_only=True, sample="37"),
        number("QtyOnHand", "On hand", 6, nullable=False, read_only=True, sample="39"),
        rows(
            "warehouses",
            text("WarehouseID", 30, "Warehouse", nullable=False),
            number("QtyOnHand", "On hand", 6, nullable=False),
            number("QtyAvailable", "Available", 6, nullable=False),
            label="By warehouse",
            nullable=False,
            read_only=True,
        ),
    ),
)

SCHEMAS = {
    schema.kind: schema
    for schema in (
        ORDER,
        SHIPMENT,
        CUSTOMER,
        PRODUCT,
        INVENTORY,
        PAYMENT,
        RETURN,
        INVOICE,
        JOURNAL,
        PURCHASE_ORDER,
    )
}
