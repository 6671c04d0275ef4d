"""The fields of each kind in Dynamics SL with their real lengths: what mapping offers and checks against.

Lengths are the char columns of the application database; the connector refuses longer text before sending.
"""

from integrations.connectors.systems.dynamics_sl.schema_fields import (
    SYSTEM,
    array,
    day,
    flag,
    moment,
    number,
    text,
)
from integrations.connectors.systems.dynamics_sl.schema_ledger import LEDGER_SCHEMAS
from integrations.kinds import EntitySchema, FieldInfo, FieldType, Kind


def _address(prefix: str, words: str) -> tuple[FieldInfo, ...]:
    return (
        text(f"{prefix}Name", 60, f"{words} name"),
        text(f"{prefix}Attn", 30, f"{words} attention"),
        text(f"{prefix}Addr1", 60, f"{words} street"),
        text(f"{prefix}Addr2", 60, f"{words} street, second line"),
        text(f"{prefix}City", 30, f"{words} city"),
        text(f"{prefix}State", 3, f"{words} state", help="Code, such as TX."),
        text(f"{prefix}Zip", 10, f"{words} postal code"),
        text(f"{prefix}Country", 3, f"{words} country", help="Three letters, such as USA."),
        text(f"{prefix}Phone", 30, f"{words} phone"),
    )


ORDER_LINE = (
    text("InvtID", 30, "Item", required=True, nullable=False, sample="A50-HALO"),
    number("QtyOrd", "Quantity ordered", None, required=True, nullable=False, minimum=0, sample="2"),
    number("CurySlsPrice", "Unit price", None, help="-999876 = Dynamics SL computes it.", sample="59.99"),
    number("CuryCost", "Unit cost", None, help="-999876 = Dynamics SL computes it."),
    FieldInfo("Taxable", FieldType.INTEGER, "Taxable", help="-1 = the tax rules of Dynamics SL."),
    number("DiscPct", "Discount, percent", None),
    text("Descr", 60, "Description"),
    text("SiteID", 10, "Warehouse"),
    text("UnitDesc", 6, "Unit"),
    text("TaxCat", 10, "Tax category"),
    text("AlternateID", 30, "Alternate item number"),
    text("SlsAcct", 10, "Sales account"),
    text("SlsSub", 24, "Sales subaccount"),
    text("ProjectID", 16, "Project"),
    text("TaskID", 32, "Task"),
    day("ReqDate", "Requested"),
    day("PromDate", "Promised"),
    text("LineRef", 5, "Line", read_only=True),
    number("QtyShip", "Quantity shipped", None, read_only=True),
    number("QtyOpenShip", "Quantity still to ship", None, read_only=True),
    number("QtyBO", "Quantity back-ordered", None, read_only=True),
    number("CuryTotOrd", "Line total", read_only=True),
)

ORDER = EntitySchema(
    SYSTEM,
    Kind.ORDER,
    "Sales order",
    (
        text("CustID", 15, "Customer", required=True, nullable=False, sample="C300"),
        text("SOTypeID", 4, "Order type", sample="SO", help="Left out: the connection's order type."),
        text(
            "CustOrdNbr", 25, "Customer order number", sample="XC-1043", help="Our reference is written here."
        ),
        day("OrdDate", "Order date"),
        text("ShiptoID", 10, "Ship-to", sample="DEFAULT"),
        *_address("Ship", "Ship-to"),
        text("shipEmail", None, "Ship-to e-mail"),
        *_address("Bill", "Bill-to"),
        text("billEmail", None, "Bill-to e-mail"),
        text("ShipViaID", 15, "Ship via"),
        text("CuryID", 4, "Currency", sample="USD"),
        text("TermsID", 2, "Terms"),
        text("SlsperID", 10, "Salesperson"),
        text("ProjectID", 16, "Project"),
        text("ContractNbr", 30, "Contract"),
        number("CuryTotFrt", "Freight"),
        number("CuryTotTax", "Tax"),
        number("CuryTotMisc", "Miscellaneous charges"),
        number("CuryWholeOrdDisc", "Discount on the whole order"),
        text("TaxID00", 10, "Tax ID"),
        text("User1", 30, "User field 1"),
        text("User2", 30, "User field 2"),
        text("User3", 30, "User field 3"),
        text("User4", 30, "User field 4"),
        text("notes", None, "Notes"),
        flag("AdminHold", "On hold"),
        flag("Cancelled", "Cancelled"),
        array("orderItems", ORDER_LINE, "Lines", required=True, nullable=False),
        text("OrdNbr", 15, "Order number", nullable=False, read_only=True, sample="O0000124"),
        text("Status", 1, "Status letter", read_only=True),
        text("portal_status", None, "Status in words", read_only=True, sample="open"),
        number("CuryTotMerch", "Merchandise total", read_only=True),
        number("CuryTotOrd", "Order total", read_only=True),
        number("OrderTot", "Total to check", help="Not stored: compared with what Dynamics SL computes."),
        FieldInfo("CreditHold", FieldType.INTEGER, "On credit hold", read_only=True),
        text("InvcNbr", 15, "Invoice number", read_only=True),
        day("InvcDate", "Invoiced on", read_only=True),
        text("OrigOrdNbr", 15, "Original order", read_only=True, help="The order that a return takes back."),
        moment("LUpd_DateTime", "Last changed", read_only=True, help="To the minute."),
    ),
)

CHECKED_ONLY = frozenset({"OrderTot"})
"""Fields that mapping may fill and that never leave: the total is compared, not stored."""

SHIP_TO = (
    text("ShipToId", 10, "Ship-to", sample="DEFAULT"),
    text("Name", 60, "Name"),
    text("Attn", 30, "Attention"),
    text("Addr1", 60, "Street"),
    text("Addr2", 60, "Street, second line"),
    text("City", 30, "City"),
    text("State", 3, "State"),
    text("Zip", 10, "Postal code"),
    text("Country", 3, "Country"),
    text("Phone", 30, "Phone"),
    text("EMailAddr", 80, "E-mail"),
)

CUSTOMER = EntitySchema(
    SYSTEM,
    Kind.CUSTOMER,
    "Customer",
    (
        text("CustId", 15, "Customer number", help="Left out: Dynamics SL numbers the customer."),
        text("Name", 60, "Name", required=True, nullable=False),
        text("EMailAddr", 80, "E-mail"),
        text("Attn", 30, "Attention"),
        text("Addr1", 60, "Street"),
        text("Addr2", 60, "Street, second line"),
        text("City", 30, "City"),
        text("State", 3, "State"),
        text("Zip", 10, "Postal code"),
        text("Country", 3, "Country"),
        text("Phone", 30, "Phone"),
        text("Fax", 30, "Fax"),
        *(part for part in _address("Bill", "Bill-to")),
        text("ClassId", 6, "Customer class"),
        text("Terms", 2, "Terms"),
        text("CuryId", 4, "Currency"),
        text("PriceClassID", 10, "Price class"),
        text("SlsperId", 10, "Salesperson"),
        text("Territory", 10, "Territory"),
        text("TaxID00", 10, "Tax ID"),
        text("TaxExemptNbr", 15, "Tax exemption number"),
        number("CrLmt", "Credit limit"),
        text("User1", 30, "User field 1", help="Our reference is written here."),
        text("User2", 30, "User field 2"),
        FieldInfo("ShipTo", FieldType.OBJECT, "Ship-to address", fields=SHIP_TO),
        text("Status", 1, "Status letter", read_only=True),
        moment("LUpd_DateTime", "Last changed", read_only=True),
    ),
)

SHIPMENT = EntitySchema(
    SYSTEM,
    Kind.SHIPMENT,
    "Shipper",
    (
        text("ShipperID", 15, "Shipper", read_only=True, sample="S0000412"),
        text("OrdNbr", 15, "Order number", nullable=False, read_only=True),
        text("CustOrdNbr", 25, "Customer order number", read_only=True, sample="XC-1043"),
        text("CustID", 15, "Customer", read_only=True),
        text("SOTypeID", 4, "Order type", read_only=True, sample="SO"),
        flag("is_confirmed", "Confirmed", read_only=True),
        flag("is_complete", "Completes the order", read_only=True),
        text("ShipViaID", 15, "Carrier", read_only=True, sample="UPSGRND"),
        day("ShipDateAct", "Shipped on", read_only=True),
        text("TrackingNbr", 25, "First tracking number", read_only=True),
        array(
            "tracking_numbers",
            (text("value", 25, "Tracking number", nullable=False), text("carrier", 15, "Carrier")),
            "Tracking numbers",
            read_only=True,
        ),
        array(
            "lines",
            (
                text("InvtID", 30, "Item"),
                text("OrdLineRef", 5, "Order line"),
                number("QtyOrd", "Quantity ordered", None),
                number("QtyShip", "Quantity shipped", None),
                number("QtyBO", "Quantity back-ordered", None),
            ),
            "Lines",
            read_only=True,
        ),
        array(
            "packs",
            (
                text("BoxRef", 5, "Box"),
                text("TrackingNbr", 30, "Tracking number"),
                number("Wght", "Weight", None),
            ),
            "Boxes",
            read_only=True,
        ),
        text("InvcNbr", 15, "Invoice number", read_only=True),
        moment("LUpd_DateTime", "Last changed", read_only=True),
    ),
)

PRODUCT = EntitySchema(
    SYSTEM,
    Kind.PRODUCT,
    "Inventory item",
    (
        text("InvtID", 30, "Item", read_only=True, sample="A50-HALO"),
        text("Descr", 60, "Description", read_only=True),
        number("StkBasePrc", "Base price", None, read_only=True),
        number("CuryListPrice", "List price", None, read_only=True),
        number("LastCost", "Last cost", None, read_only=True),
        number("StkWt", "Weight", None, read_only=True),
        text("StkUnit", 6, "Stock unit", read_only=True),
        text("DfltSOUnit", 6, "Sales unit", read_only=True),
        text("ClassID", 6, "Class", read_only=True),
        text("UPCCode", 30, "UPC", read_only=True),
        text("TaxCat", 10, "Tax category", read_only=True),
        text("DfltSite", 10, "Warehouse", read_only=True),
        text("TranStatusCode", 2, "Status", read_only=True, help="IN inactive, DE delete."),
        moment("LUpd_DateTime", "Last changed", read_only=True),
    ),
    writes=(
        text("InvtID", 30, "Item", required=True, nullable=False, sample="A50-HALO"),
        text("Descr", 60, "Description"),
        number("StkBasePrc", "Base price", None, minimum=0),
        number("StkWt", "Weight", None, minimum=0),
        text("UPCCode", 30, "UPC"),
        text("TaxCat", 10, "Tax category"),
        text("TranStatusCode", 2, "Status", help="AC active, IN inactive."),
        text("User1", 30, "User field 1"),
        text("User2", 30, "User field 2"),
    ),
)

INVENTORY = EntitySchema(
    SYSTEM,
    Kind.INVENTORY,
    "Quantities by warehouse",
    (
        text("InvtID", 30, "Item", nullable=False, read_only=True, sample="A50-HALO"),
        number("QtyAvail", "Available", None, nullable=False, read_only=True, sample="37"),
        number("QtyOnHand", "On hand", None, read_only=True, sample="39"),
        array(
            "sites",
            (
                text("SiteID", 10, "Warehouse"),
                number("QtyAvail", "Available", None),
                number("QtyOnHand", "On hand", None),
                number("QtyAlloc", "Allocated", None),
            ),
            "By warehouse",
            read_only=True,
        ),
    ),
    writes=(
        text("InvtID", 30, "Item", required=True, nullable=False, sample="A50-HALO"),
        text("SiteID", 10, "Warehouse", help="Left out: the connection's warehouse."),
        text("WhseLoc", 10, "Bin", help="Left out: the only bin of the item there."),
        number("Qty", "Counted quantity", None, minimum=0, help="On hand; or AdjustQty.", sample="37"),
        number("AdjustQty", "Difference", None, help="Added to what is on hand; or Qty.", sample="-2"),
        number("BaseQty", "Quantity it was read with", None, help="Refused when there is another by now."),
        text("ReasonCd", 6, "Reason code"),
        text("TranDesc", 30, "Description"),
        day("TranDate", "Date"),
        text("PerPost", 6, "Period to post", help="yyyymm; left out: from the date."),
        text("ProjectID", 16, "Project"),
        text("TaskID", 32, "Task"),
    ),
)

SCHEMAS = {schema.kind: schema for schema in (ORDER, CUSTOMER, SHIPMENT, PRODUCT, INVENTORY)} | LEDGER_SCHEMAS
