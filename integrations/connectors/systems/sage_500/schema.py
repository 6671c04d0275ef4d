"""The fields of each kind in Sage 500 with their real widths: what mapping offers and checks against.

Names are the columns of the staging tables where we write and of the base tables where we only read. The names that
our promises use (Customer ID, Line Items, Freight Amount ...) are the labels; ``aliases`` takes them as names, too.
``discovery`` lays a tenant's own columns over this.
"""

from dataclasses import replace

from integrations.connectors.systems.sage_500.fields import (
    CHANGED,
    COMMENT,
    CUSTOMER_OR_ORDER,
    ORDER_KEY,
    SYSTEM,
    USER_FIELDS,
    address,
    day,
    flag,
    moment,
    money,
    quantity,
    read_only,
    rows,
    text,
    whole,
    yes_no,
)
from integrations.connectors.systems.sage_500.schema_ledger import INVOICE, JOURNAL, PAYMENT, PURCHASE_ORDER
from integrations.kinds import EntitySchema, Kind

ORDER_STATUSES = (
    "Unacknowledged", "Open", "Inactive", "Canceled", "Closed", "Incomplete", "Pending Approval",
)  # fmt: skip
"""Texts of tsoSalesOrder.Status 0 to 6."""
CUSTOMER_STATUSES = ("Active", "Inactive", "Temporary", "Deleted")
"""Texts of tarCustomer.Status 1 to 4 [inferred]."""
PORTAL_STATUSES = (
    "open", "pending", "on_hold", "partially_shipped", "shipped", "closed", "cancelled", "inactive",
)  # fmt: skip

ORDER_LINE = (
    text(
        "ItemID",
        30,
        "Product ID",
        required=True,
        nullable=False,
        sample="A50-HALO",
        help="Also called Item Code.",
    ),
    quantity("QtyOrd", "Quantity", required=True, nullable=False, minimum=0, sample="2"),
    money("UnitPrice", "Unit Price", 5, sample="59.99000"),
    money("ExtAmt", "Line amount", help="Left out: quantity times unit price.", sample="119.980"),
    text("UnitMeasID", 6, "Unit", sample="EA", help="Left out: the item's sales unit."),
    text("Description", 40, "Description"),
    text(
        "WarehouseID", 6, "Warehouse", sample="MAIN", help="Left out: the first warehouse of the connection."
    ),
    text("ShipMethID", 15, "Ship method"),
    day("RequestDate", "Requested"),
    day("PromiseDate", "Promised"),
    day("ShipDate", "To ship on"),
    money("TradeDiscAmt", "Trade discount"),
    text("STaxClassID", 15, "Sales tax class"),
    text("GLAcctNo", 100, "G/L account"),
    text("ExtCmnt", 255, "Comment"),
    yes_no("CmntOnly", "Comment line only"),
    yes_no("Hold", "On hold"),
    text("HoldReason", 20, "Hold reason"),
    text(
        "UserFld1", 15, "User field 1", help="Lines of a changed order are found by it, else by their item."
    ),
    text("UserFld2", 15, "User field 2"),
    whole("SOLineNo", "Line", read_only=True),
    text("Status", 6, "Status", read_only=True, sample="Open"),
    quantity("QtyShip", "Quantity shipped", read_only=True),
    quantity("QtyOpenToShip", "Quantity still to ship", read_only=True),
    quantity("QtyOnBO", "Quantity back-ordered", read_only=True),
    quantity("QtyInvcd", "Quantity invoiced", read_only=True),
    quantity("QtyRtrnCredit", "Quantity returned for credit", read_only=True),
    quantity("QtyRtrnReplacement", "Quantity to replace", read_only=True),
)

_ORDER_HEAD = (
    text("CustID", 12, "Customer ID", required=True, nullable=False, sample="ACME"),
    day("TranDate", "Order Date", sample="2026-03-02"),
    text("CurrID", 3, "Currency", sample="USD"),
    text("CustPONo", 15, "Customer PO number", sample="XC-1043", help="The storefront's number, for people."),
    *USER_FIELDS,
    text(
        "Status", 16, "Order Status", enum=ORDER_STATUSES, sample="Open",
        help="Orders are entered as Open; Closed is what the promise calls Invoiced.",
    ),
    yes_no("Hold", "On hold"),
    text("HoldReason", 20, "Hold reason", sample="Review"),
    yes_no("CrHold", "Credit hold"),
    text("PmtTermsID", 15, "Payment Method", help="Payment terms: the shop's payment method by a value map."),
    text("CustClassID", 15, "Customer class"),
    text("PrimarySperID", 12, "Salesperson"),
    text("SalesSourceID", 15, "Sales source"),
    text("ContactName", 40, "Contact"),
    text("ConfirmNo", 10, "Confirmation number"),
    text("DfltShipMethID", 15, "Ship method", sample="GROUND"),
    text("DfltWarehouseID", 6, "Warehouse", sample="MAIN"),
    text("DfltFOBID", 15, "FOB"),
    day("DfltRequestDate", "Requested"),
    day("DfltPromDate", "Promised"),
    day("DfltShipDate", "To ship on"),
    text("DfltShipToCustAddrID", 15, "Ship-to address of the customer"),
    text("BillToCustAddrID", 15, "Bill-to address of the customer"),
    *address("DfltShipTo", "Ship To Address:"),
    *address("BillTo", "Bill To Address:"),
    money("FreightAmt", "Freight Amount", sample="5.000"),
    money("STaxAmt", "Sales Tax Amount", sample="9.490", help="Imposed: the shop has charged it already."),
    money("TradeDiscAmt", "Discount on the whole order"),
    money("TranAmt", "Order total", help="Compared with lines, freight, tax and discount before anything is sent."),
    COMMENT,
)  # fmt: skip

ORDER = EntitySchema(
    SYSTEM,
    Kind.ORDER,
    "Sales Order Entry",
    (
        *_ORDER_HEAD,
        flag("Cancelled", "Cancelled", help="True cancels the order (Action 3)."),
        rows("Lines", *ORDER_LINE, label="Line Items", required=True, nullable=False),
        text("SOKey", 11, "Order key", nullable=False, read_only=True, sample="7781"),
        text("TranNo", 10, "Sales Order Number", nullable=False, read_only=True, sample="X000000043"),
        text("TranID", 13, "Order with its type", read_only=True, sample="X000000043-SO"),
        text("CustName", 40, "Customer name", read_only=True),
        text(
            "portal_status", 20, "Portal status", nullable=False, read_only=True, sample="open", enum=PORTAL_STATUSES,
            help="Derived from status, holds and shipments.",
        ),
        money("SalesAmt", "Lines", read_only=True),
        money("OpenAmt", "Open amount", read_only=True),
        moment("CloseDate", "Closed", read_only=True),
        whole("UpdateCounter", "Version", read_only=True),
        CHANGED,
    ),
)  # fmt: skip

_RETURN_LINE = (
    text("ItemID", 30, "Item", required=True, nullable=False, sample="A50-HALO"),
    quantity("QtyRtrnCredit", "Quantity for credit", minimum=0, sample="1"),
    quantity("QtyRtrnReplacement", "Quantity to replace", minimum=0),
    money("UnitPrice", "Unit price", 5, sample="59.99000"),
    text("UnitMeasID", 6, "Unit"),
    text("WarehouseID", 6, "Warehouse"),
    text("ExtCmnt", 255, "Comment"),
)
RETURN = EntitySchema(
    SYSTEM,
    Kind.RETURN,
    "Return (RMA)",
    (
        CUSTOMER_OR_ORDER,
        ORDER_KEY,
        day("TranDate", "Date"),
        text("SOTranNo", 10, "Sales Order Number", sample="X000000043", help="The order that is returned."),
        text("CustPONo", 15, "Customer PO number"),
        text("UserFld1", 15, "User field 1", help="Our reference: returns are found by it."),
        COMMENT,
        rows("Lines", *_RETURN_LINE, label="Lines", required=True, nullable=False),
        text("SOKey", 11, "Return key", read_only=True),
        text("TranNo", 10, "Return", read_only=True),
        text("Status", 16, "Status", read_only=True, enum=ORDER_STATUSES, sample="Open"),
        money("TranAmt", "Total", read_only=True),
        CHANGED,
    ),
)


SHIPMENT = EntitySchema(
    SYSTEM,
    Kind.SHIPMENT,
    "Shipment",
    read_only(
        (
            text("ShipKey", 11, "Shipment key", nullable=False, sample="412"),
            text("TranID", 13, "Shipment", nullable=False, sample="0000000412-SH"),
            text("order_key", 11, "Order key", nullable=False, sample="7781"),
            text("OrderNo", 10, "Order number", nullable=False, sample="X000000043"),
            text("OrderReference", 15, "Our reference in the order", sample="XC-1043"),
            text("OrderStatus", 16, "Status of the order", enum=ORDER_STATUSES, sample="Open"),
            text("portal_status", 20, "Portal status of the order", enum=PORTAL_STATUSES, sample="shipped"),
            flag(
                "is_posted",
                "Posted",
                nullable=False,
                help="Derived: left the house and was posted or committed.",
            ),
            flag("is_void", "Voided", nullable=False),
            flag(
                "is_complete", "Completes the order", nullable=False, help="Derived: nothing is left to ship."
            ),
            text("carrier", 15, "Carrier", sample="GROUND", help="Derived: the ship method of the order."),
            rows(
                "tracking_numbers",
                text("value", 50, "Tracking number", nullable=False),
                text("carrier", 15, "Carrier"),
                label="Tracking numbers",
                nullable=False,
                help="From the view and column that the connection names; each once.",
            ),
            whole(
                "TranStatus",
                "Status",
                help="1 incomplete, 2 pending, 3 posted, 4 purged, 5 void, 6 committed.",
            ),
            day("TranDate", "Shipped on"),
            day("PostDate", "Posted on"),
            money("FreightAmt", "Freight"),
            rows(
                "Lines",
                text("ItemID", 30, "Item"),
                whole("SOLineNo", "Order line"),
                quantity("QtyShipped", "Shipped"),
                label="Lines",
                nullable=False,
            ),
        )
    ),
)

CUSTOMER = EntitySchema(
    SYSTEM,
    Kind.CUSTOMER,
    "Customer Master",
    (
        text("CustID", 12, "Customer ID", required=True, nullable=False, sample="ACME"),
        text("CustName", 40, "Name", required=True, nullable=False, sample="Acme Ltd"),
        text("CustClassID", 15, "Customer class", help="Left out: the connection's class."),
        text("CurrID", 3, "Currency", sample="USD"),
        text("PmtTermsID", 15, "Payment terms"),
        text("ShipMethID", 15, "Ship method"),
        *(replace(each, read_only=each.name in ("UserFld3", "UserFld4")) for each in USER_FIELDS),
        text("CRMCustID", 32, "CRM customer", help="Width not public."),
        text("CustRefNo", 15, "Reference"),
        text("ContactName", 40, "Contact", sample="Pat Lee"),
        text("EMailAddr", 255, "E-mail", sample="pat@example.com", help="Of the primary contact; 255 is assumed."),
        text("Phone", 17, "Phone"),
        *address("", "Address:"),
        text("street", 204, "Street", read_only=True, help="Derived: the lines of the address as one."),
        text(
            "postal_code", 11, "Postal code as it is written", read_only=True, sample="78701-1234",
            help="Derived: with the dash that Sage 500 keeps without.",
        ),
        yes_no("Hold", "On hold"),
        text("Status", 10, "Status", read_only=True, sample="Active", enum=CUSTOMER_STATUSES),
        money("CreditLimit", "Credit limit", read_only=True),
        whole("UpdateCounter", "Version", read_only=True),
        CHANGED,
    ),
)  # fmt: skip

PRODUCT = EntitySchema(
    SYSTEM,
    Kind.PRODUCT,
    "Product Master",
    (
        text("ItemID", 30, "Item", required=True, nullable=False, sample="A50-HALO"),
        text("ShortDesc", 40, "Description", sample="Headset"),
        text("LongDesc", 255, "Long description"),
        money("StdPrice", "Price", 5, sample="59.99000"),
        text("UnitMeasID", 6, "Unit", sample="EA"),
        text("Status", 12, "Status", sample="Active", enum=("Active", "Inactive", "Discontinued", "Deleted")),
        whole("ItemType", "Type", read_only=True, help="5 and above are stocked; 7 and 8 are kits."),
        CHANGED,
    ),
)

INVENTORY = EntitySchema(
    SYSTEM,
    Kind.INVENTORY,
    "Inventory Management",
    read_only(
        (
            text("ItemID", 30, "Item", nullable=False, sample="A50-HALO"),
            quantity("QtyOnHand", "On hand", nullable=False),
            quantity(
                "QtyAvailable",
                "Available",
                nullable=False,
                help="On hand less what is being shipped.",
                sample="37",
            ),
            quantity(
                "QtyToPromise", "Available to promise", nullable=False, help="Available less sales orders."
            ),
            rows(
                "warehouses",
                text("WhseID", 6, "Warehouse", nullable=False),
                quantity("QtyOnHand", "On hand", nullable=False),
                quantity("QtyAvailable", "Available", nullable=False),
                quantity("QtyToPromise", "Available to promise", nullable=False),
                label="By warehouse",
                nullable=False,
            ),
        )
    ),
)

SCHEMAS = {
    schema.kind: schema
    for schema in (
        ORDER, RETURN, SHIPMENT, CUSTOMER, PRODUCT, INVENTORY, PAYMENT, INVOICE, JOURNAL, PURCHASE_ORDER,
    )
}  # fmt: skip
