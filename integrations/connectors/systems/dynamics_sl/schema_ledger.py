"""The fields of receipts, journals, returns, invoices and purchase orders. Offered by ``schema.SCHEMAS``."""

from integrations.connectors.systems.dynamics_sl.schema_fields import SYSTEM, array, day, moment, number, text
from integrations.kinds import EntitySchema, FieldInfo, FieldType, Kind

_AMOUNT_HELP = "Debit or credit, not both."

PAYMENT = EntitySchema(
    SYSTEM,
    Kind.PAYMENT,
    "Cash receipt",
    (
        text("CustId", 15, "Customer", sample="C300", help="Left out: the customer of the order."),
        text(
            "DocType", 2, "Document type", enum=("PA", "PP"), help="PA payment, PP prepayment.", sample="PP"
        ),
        number("CuryOrigDocAmt", "Amount", required=True, nullable=False, minimum=0, sample="134.47"),
        text("BankAcct", 10, "Cash account", required=True, nullable=False, sample="1020"),
        text("BankSub", 24, "Cash subaccount", required=True, nullable=False, sample="000"),
        day("DocDate", "Received on"),
        text("OrdNbr", 15, "Order number", help="The order it pays in advance.", sample="O0000124"),
        text("CuryId", 4, "Currency", sample="USD"),
        text("PmtMethod", 1, "Payment method letter"),
        text("DocDesc", 30, "Description"),
        text("PerPost", 6, "Period to post", help="yyyymm; left out: from the date.", sample="202603"),
        text("ProjectID", 16, "Project"),
        text("RefNbr", 10, "Receipt number", read_only=True, help="Made of our reference.", sample="P000701"),
        text("BatNbr", 10, "Batch", read_only=True, sample="000231"),
        number("CuryDocBal", "Open balance", read_only=True),
        FieldInfo("Rlsed", FieldType.INTEGER, "Released", read_only=True),
        text("User1", 30, "Our reference", read_only=True),
        moment("LUpd_DateTime", "Last changed", read_only=True),
    ),
)

_JOURNAL_LINE = (
    text("Acct", 10, "Account", required=True, nullable=False, sample="1020"),
    text("Sub", 24, "Subaccount", required=True, nullable=False, sample="000"),
    number("CuryDrAmt", "Debit", help=_AMOUNT_HELP, minimum=0, sample="10.00"),
    number("CuryCrAmt", "Credit", help=_AMOUNT_HELP, minimum=0),
    text("TranDesc", 30, "Description"),
    text("RefNbr", 10, "Reference"),
    text("ProjectID", 16, "Project"),
    text("TaskID", 32, "Task"),
)

JOURNAL = EntitySchema(
    SYSTEM,
    Kind.JOURNAL,
    "Journal batch",
    (
        array("Lines", _JOURNAL_LINE, "Lines", required=True, nullable=False),
        day("TranDate", "Date"),
        text("PerPost", 6, "Period to post", help="yyyymm; left out: from the date.", sample="202603"),
        text("Descr", 60, "Description"),
        text("JrnlType", 3, "Journal type", sample="GJ"),
        text("LedgerID", 10, "Ledger", help="Left out: the ledger of the company."),
        text("CuryId", 4, "Currency", sample="USD"),
        text("BatNbr", 10, "Batch", read_only=True, sample="000231"),
        FieldInfo("Rlsed", FieldType.INTEGER, "Released", read_only=True),
        text("ExtRefNbr", 15, "Our reference", read_only=True),
    ),
)

_RETURN_LINE = (
    text("InvtID", 30, "Item", required=True, nullable=False, sample="A50-HALO"),
    number("QtyOrd", "Quantity returned", None, required=True, nullable=False, minimum=0, sample="1"),
    number("CurySlsPrice", "Unit price credited", None, help="Left out: as on the original order."),
    text("SiteID", 10, "Warehouse it comes back to"),
    text("ReasonCd", 6, "Reason code"),
    text("Descr", 60, "Description"),
)

RETURN = EntitySchema(
    SYSTEM,
    Kind.RETURN,
    "Return order",
    (
        text("OrigOrdNbr", 15, "Original order", required=True, nullable=False, sample="O0000124"),
        text("CustID", 15, "Customer", help="Left out: the customer of the original order.", sample="C300"),
        text("CustOrdNbr", 25, "Customer order number", help="Our reference is written here."),
        text("SOTypeID", 4, "Order type", help="Left out: the connection's type for returns.", sample="RMA"),
        day("OrdDate", "Date"),
        text("CuryID", 4, "Currency", sample="USD"),
        text("notes", None, "Notes"),
        text("User2", 30, "User field 2"),
        array("orderItems", _RETURN_LINE, "Lines", nullable=False, help="At least one."),
        text("OrdNbr", 15, "Return order number", read_only=True, nullable=False, sample="O0000131"),
        text("portal_status", None, "Status in words", read_only=True, sample="open"),
        text("InvcNbr", 15, "Credit memo", read_only=True),
        number("CuryTotOrd", "Total", read_only=True),
        moment("LUpd_DateTime", "Last changed", read_only=True, help="To the minute."),
    ),
)

INVOICE = EntitySchema(
    SYSTEM,
    Kind.INVOICE,
    "Invoice",
    (
        text("RefNbr", 10, "Number", nullable=False, read_only=True, sample="070001"),
        text("Module", 2, "Ledger", read_only=True, help="AR of a customer, AP of a vendor.", sample="AR"),
        text(
            "DocType",
            2,
            "Document type",
            read_only=True,
            help="IN invoice, CM and DM memos; of vendors VO voucher, AC and AD adjustments, PP prepayment.",
        ),
        text("CustId", 15, "Customer", read_only=True),
        text("VendId", 15, "Vendor", read_only=True),
        text("VendName", 60, "Vendor name", read_only=True),
        text("InvcNbr", 15, "Number of the vendor", read_only=True),
        text("PONbr", 10, "Purchase order", read_only=True),
        day("PayDate", "To be paid on", read_only=True),
        text("OrdNbr", 15, "Order number", read_only=True),
        text("CustOrdNbr", 25, "Customer order number", read_only=True),
        number("CuryOrigDocAmt", "Amount", read_only=True),
        number("CuryDocBal", "Open balance", read_only=True),
        text("CuryId", 4, "Currency", read_only=True),
        day("DocDate", "Date", read_only=True),
        day("DueDate", "Due", read_only=True),
        text("Terms", 2, "Terms", read_only=True),
        text("PerPost", 6, "Period", read_only=True),
        text("ProjectID", 16, "Project", read_only=True),
        FieldInfo("OpenDoc", FieldType.INTEGER, "Open", read_only=True),
        FieldInfo("Rlsed", FieldType.INTEGER, "Released", read_only=True),
        moment("LUpd_DateTime", "Last changed", read_only=True),
    ),
)

_PURCHASE_LINE = (
    text("LineRef", 5, "Line"),
    text("InvtID", 30, "Item"),
    text("TranDesc", 30, "Description"),
    number("QtyOrd", "Quantity ordered", None),
    text("UOM", 6, "Unit"),
    number("CuryUnitCost", "Unit cost", None),
    number("CuryExtCost", "Cost", None),
    text("SiteID", 10, "Warehouse"),
    day("PromDate", "Promised"),
    text("ProjectID", 16, "Project"),
)

_PURCHASE_LINE_WRITES = (
    text("InvtID", 30, "Item", required=True, nullable=False, sample="A50-HALO"),
    number("QtyOrd", "Quantity", None, required=True, nullable=False, minimum=0, sample="10"),
    number("CuryUnitCost", "Unit cost", None, help="Left out: Dynamics SL's own."),
    text("UOM", 6, "Unit", sample="EA"),
    text("TranDesc", 30, "Description"),
    text("SiteID", 10, "Warehouse", help="Left out: the connection's warehouse."),
    text("PurchaseType", 2, "Purpose", help="Left out: GI, goods for inventory."),
    day("PromDate", "Promised"),
    day("ReqdDate", "Needed"),
    text("ProjectID", 16, "Project"),
    text("TaskID", 32, "Task"),
)

PURCHASE_ORDER = EntitySchema(
    SYSTEM,
    Kind.PURCHASE_ORDER,
    "Purchase order",
    (
        text("PONbr", 10, "Number", nullable=False, read_only=True, sample="P00501"),
        text("POType", 2, "Type", read_only=True),
        text("VendId", 15, "Vendor", read_only=True),
        text("VendName", 60, "Vendor name", read_only=True),
        text("Status", 1, "Status letter", read_only=True),
        text("RcptStage", 1, "Receipt stage", read_only=True),
        day("PODate", "Date", read_only=True),
        number("CuryPOAmt", "Amount", read_only=True),
        text("CuryID", 4, "Currency", read_only=True),
        text("Terms", 2, "Terms", read_only=True),
        text("ProjectID", 16, "Project", read_only=True),
        array("LineItems", _PURCHASE_LINE, "Lines", read_only=True),
    ),
    writes=(
        text("VendId", 15, "Vendor", required=True, nullable=False, sample="V100"),
        text("POType", 2, "Type", help="Left out: OR, a regular order."),
        day("PODate", "Date"),
        text("CuryID", 4, "Currency"),
        text("Terms", 2, "Terms"),
        text("Buyer", 10, "Buyer"),
        text("ProjectID", 16, "Project"),
        text("ShipName", 60, "Ship-to name"),
        text("ShipAddr1", 60, "Ship-to street"),
        text("ShipAddr2", 60, "Ship-to street, second line"),
        text("ShipCity", 30, "Ship-to city"),
        text("ShipState", 3, "Ship-to state"),
        text("ShipZip", 10, "Ship-to postal code"),
        text("ShipCountry", 3, "Ship-to country"),
        text("ShipVia", 15, "Ship via"),
        text("Notes", None, "Notes"),
        text("User2", 30, "User field 2"),
        array("LineItems", _PURCHASE_LINE_WRITES, "Lines", required=True, nullable=False),
    ),
)

LEDGER_SCHEMAS = {schema.kind: schema for schema in (PAYMENT, JOURNAL, RETURN, INVOICE, PURCHASE_ORDER)}
