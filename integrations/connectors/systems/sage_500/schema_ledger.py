"""The fields of what Sage 500 keeps of money and purchases: receipts, invoices, journals, purchase orders. Used by
``schema``.
"""

from integrations.connectors.systems.sage_500.fields import (
    CHANGED,
    COMMENT,
    CUSTOMER_OR_ORDER,
    ORDER_KEY,
    SYSTEM,
    day,
    flag,
    money,
    quantity,
    read_only,
    rows,
    text,
    whole,
)
from integrations.kinds import EntitySchema, Kind

PAYMENT = EntitySchema(
    SYSTEM,
    Kind.PAYMENT,
    "Cash receipt",
    (
        CUSTOMER_OR_ORDER,
        ORDER_KEY,
        money("TranAmt", "Amount", required=True, nullable=False, minimum=0, sample="134.470"),
        day("TranDate", "Date", required=True, nullable=False, sample="2026-03-02"),
        text("CurrID", 3, "Currency"),
        text("PmtMethod", 15, "Payment method", sample="VISA"),
        text(
            "CustPmtRef",
            20,
            "Payment reference",
            sample="QX7A",
            help="Number of the card transaction or check.",
        ),
        text("ApplyToTranID", 13, "Pays", sample="X000000043-SO", help="Order or invoice with its type."),
        text("UserFld1", 15, "User field 1", help="Our reference: receipts are found by it."),
        text("GLAcctNo", 100, "G/L account", help="Account of the card or bank, by a value map."),
        COMMENT,
        text("CustPmtKey", 11, "Receipt key", read_only=True),
        text("TranNo", 10, "Receipt", read_only=True),
        text("BatchID", 12, "Batch", read_only=True),
        CHANGED,
    ),
)

INVOICE = EntitySchema(
    SYSTEM,
    Kind.INVOICE,
    "Invoice",
    read_only(
        (
            text("InvcKey", 11, "Invoice key", nullable=False, sample="9101"),
            text("TranNo", 10, "Invoice", nullable=False, sample="0000000088"),
            text("CustID", 12, "Customer ID", nullable=False, sample="ACME"),
            text("CustName", 40, "Customer name"),
            day("TranDate", "Date"),
            money("TranAmt", "Amount", nullable=False, sample="134.470"),
            money("Balance", "Still open", sample="0.000"),
            flag("is_paid", "Paid", nullable=False, help="Derived: nothing is open."),
            whole("Status", "Status", help="As Sage 500 numbers it; its meaning is not public."),
            CHANGED,
        )
    ),
)

JOURNAL = EntitySchema(
    SYSTEM,
    Kind.JOURNAL,
    "General Ledger journal",
    (
        day("TranDate", "Date", required=True, nullable=False),
        COMMENT,
        rows(
            "Lines",
            text("GLAcctNo", 100, "G/L account", required=True, nullable=False, sample="1010-000"),
            money("DebitAmt", "Debit", minimum=0),
            money("CreditAmt", "Credit", minimum=0),
            COMMENT,
            label="Lines",
            help="Left out: one debit and one credit of the amount below.",
        ),
        text("DebitAcctNo", 100, "Account to debit", sample="1020-00-00", help="In place of lines."),
        text("CreditAcctNo", 100, "Account to credit", sample="1100-00-00", help="In place of lines."),
        money("Amount", "Amount", minimum=0, sample="134.470", help="In place of lines."),
        text("BatchID", 12, "Batch", read_only=True),
    ),
)

PURCHASE_ORDER = EntitySchema(
    SYSTEM,
    Kind.PURCHASE_ORDER,
    "Purchase order",
    read_only(
        (
            text("PurchaseOrderNo", 15, "Purchase order", nullable=False, sample="0000000031"),
            text("VendorID", 12, "Vendor", sample="LUMAFAB"),
            day("OrderDate", "Ordered on"),
            text("Status", 20, "Status", help="In the words of the site's view.", sample="Open"),
            rows(
                "Lines",
                whole("LineNumber", "Line"),
                text("ItemID", 30, "Item", sample="A50-HALO"),
                quantity("QtyOrdered", "Ordered"),
                quantity("QtyReceived", "Received"),
                money("UnitCost", "Unit cost", 5),
                day("PromiseDate", "Promised"),
                label="Lines",
                nullable=False,
            ),
        )
    ),
)
