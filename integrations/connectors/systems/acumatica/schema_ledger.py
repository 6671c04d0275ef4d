"""The fields of payments, invoices, journal batches and purchase orders; ``schema`` puts them to the other kinds.

Payments, invoices and batches [documented]; purchase orders as the vendor's public C# client for 24.200.001 names them.
"""

from integrations.connectors.systems.acumatica.fields import (
    CHANGED,
    CURRENCY,
    CUSTOM,
    HOLD,
    NOTE,
    RECORD_ID,
    SYSTEM,
    day,
    flag,
    number,
    read_only,
    rows,
    text,
    whole,
)
from integrations.kinds import EntitySchema, Kind

PAYMENT = EntitySchema(
    SYSTEM,
    Kind.PAYMENT,
    "Payment",
    (
        RECORD_ID,
        text("Type", 20, "Type", sample="Prepayment", help="Left out: Prepayment."),
        text("ReferenceNbr", 15, "Payment number", read_only=True, sample="000231"),
        text(
            "order_key",
            18,
            "Order it pays",
            sample="SO/000073",
            help="Ours: its customer pays, and what it still has to pay is applied; the rest stays on account.",
        ),
        text(
            "CustomerID", 30, "Customer", sample="C1165", help="Left out: the customer of the order it pays."
        ),
        text("PaymentMethod", 10, "Payment method", required=True, nullable=False, sample="CREDITCARD"),
        text("CashAccount", 10, "Cash account", required=True, nullable=False, sample="10250"),
        number("PaymentAmount", "Amount", required=True, nullable=False, sample="134.47"),
        text("PaymentRef", 40, "Payment reference", sample="QX7A"),
        text(
            "ExternalRef",
            40,
            "External reference",
            sample="xcart:pay:701",
            help="Payments are found again by it.",
        ),
        CURRENCY,
        text("Branch", 30, "Branch"),
        text("Description", 256, "Description"),
        day("ApplicationDate", "Application date"),
        HOLD,
        rows(
            "OrdersToApply",
            text("OrderType", 2, "Order type", sample="SO"),
            text("OrderNbr", 15, "Order number"),
            number("AppliedToOrder", "Applied"),
            label="Orders it pays",
        ),
        rows(
            "DocumentsToApply",
            text("DocType", 20, "Type"),
            text("ReferenceNbr", 15, "Number"),
            number("AmountPaid", "Applied"),
            label="Documents it pays",
        ),
        text("Status", 30, "Status", read_only=True, sample="Balanced"),
        number("AvailableBalance", "Not applied", read_only=True),
        CHANGED,
        NOTE,
        CUSTOM,
    ),
)

INVOICE = EntitySchema(
    SYSTEM,
    Kind.INVOICE,
    "Sales invoice",
    read_only(
        (
            RECORD_ID,
            text("Type", 20, "Type", sample="Invoice"),
            text("ReferenceNbr", 15, "Invoice", nullable=False),
            text("Status", 30, "Status"),
            text("CustomerID", 30, "Customer"),
            text("CustomerOrder", 40, "Customer order number"),
            text("ExternalRef", 40, "External reference"),
            text("Currency", 5, "Currency"),
            day("Date", "Date"),
            day("DueDate", "Due"),
            number("Amount", "Amount"),
            number("Balance", "Balance"),
            number("TaxTotal", "Tax"),
            rows(
                "Details",
                text("InventoryID", 30, "Item"),
                number("Qty", "Quantity", 6),
                number("UnitPrice", "Unit price", 6),
                number("Amount", "Amount"),
                text("OrderNbr", 15, "Order number"),
                text("ShipmentNbr", 15, "Shipment"),
                label="Lines",
            ),
            CHANGED,
        )
    ),
)

JOURNAL = EntitySchema(
    SYSTEM,
    Kind.JOURNAL,
    "Journal transaction",
    (
        RECORD_ID,
        text("Module", 2, "Module", sample="GL"),
        text("BatchNbr", 15, "Batch", read_only=True),
        day("TransactionDate", "Date"),
        text("PostPeriod", 6, "Period", sample="032026", help="Month, then year."),
        text("BranchID", 30, "Branch"),
        text("LedgerID", 10, "Ledger"),
        CURRENCY,
        text(
            "Description", 256, "Description", help="Our reference is put in front: batches are found by it."
        ),
        HOLD,
        rows(
            "Details",
            text("Account", 10, "Account", required=True, nullable=False, sample="10250"),
            text("Subaccount", 30, "Subaccount"),
            text("BranchID", 30, "Branch"),
            number("DebitAmount", "Debit"),
            number("CreditAmount", "Credit"),
            text("TransactionDescription", 256, "Description"),
            text("ReferenceNbr", 15, "Reference"),
            label="Lines",
            required=True,
            nullable=False,
        ),
        text("Status", 30, "Status", read_only=True),
        CHANGED,
    ),
)

PURCHASE_ORDER = EntitySchema(
    SYSTEM,
    Kind.PURCHASE_ORDER,
    "Purchase order",
    read_only(
        (
            RECORD_ID,
            text(
                "Type",
                20,
                "Type",
                nullable=False,
                sample="Normal",
                help="Label: Normal, Drop-Ship and others.",
            ),
            text("OrderNbr", 15, "Purchase order", nullable=False, sample="PO000017"),
            text("Status", 30, "Status", sample="Open"),
            text("VendorID", 30, "Vendor"),
            text("VendorRef", 40, "Vendor's reference"),
            text("Location", 30, "Vendor's location"),
            text("Branch", 30, "Branch"),
            CURRENCY,
            text("Description", 60, "Description"),
            text("Terms", 10, "Terms"),
            day("Date", "Date"),
            day("PromisedOn", "Promised on"),
            HOLD,
            number("LineTotal", "Lines"),
            number("TaxTotal", "Tax"),
            number("OrderTotal", "Total"),
            rows(
                "Details",
                whole("LineNbr", "Line"),
                text("InventoryID", 30, "Item"),
                text("LineDescription", 256, "Description"),
                text("UOM", 6, "Unit"),
                text("WarehouseID", 30, "Warehouse"),
                number("OrderQty", "Ordered", 6),
                number("QtyOnReceipts", "Received", 6),
                number("UnitCost", "Unit cost", 6),
                number("ExtendedCost", "Cost"),
                flag("Completed", "Completed"),
                flag("Cancelled", "Cancelled"),
                day("Promised", "Promised on"),
                label="Lines",
            ),
            CHANGED,
            NOTE,
            CUSTOM,
        )
    ),
)
