"""The fields of each kind in Dynamics SL with their real lengths: what mapping offers and checks against.

Lengths are the char columns of the application database; the connector refuses longer text before sending.
"""

from integrations.kinds import EntitySchema, FieldInfo, FieldType, Kind

SYSTEM = "dynamics_sl"


def _text(name: str, length: int | None, label: str = "", **more: object) -> FieldInfo:
    return FieldInfo(name, FieldType.TEXT, label, max_length=length, **more)  # type: ignore[arg-type]


def _number(name: str, label: str = "", places: int | None = 2, **more: object) -> FieldInfo:
    return FieldInfo(name, FieldType.DECIMAL, label, places=places, **more)  # type: ignore[arg-type]


def _flag(name: str, label: str = "", **more: object) -> FieldInfo:
    return FieldInfo(name, FieldType.BOOLEAN, label, **more)  # type: ignore[arg-type]


def _day(name: str, label: str = "", **more: object) -> FieldInfo:
    return FieldInfo(name, FieldType.DATE, label, **more)  # type: ignore[arg-type]


def _moment(name: str, label: str = "", **more: object) -> FieldInfo:
    return FieldInfo(name, FieldType.DATETIME, label, **more)  # type: ignore[arg-type]


def _array(name: str, fields: tuple[FieldInfo, ...], label: str = "", **more: object) -> FieldInfo:
    return FieldInfo(name, FieldType.ARRAY, label, fields=fields, **more)  # type: ignore[arg-type]


def _address(prefix: str, words: str) -> tuple[FieldInfo, ...]:
    return (
        _text(f"{prefix}Name", 60, f"{words} name"),
        _text(f"{prefix}Attn", 30, f"{words} attention"),
        _text(f"{prefix}Addr1", 60, f"{words} street"),
        _text(f"{prefix}Addr2", 60, f"{words} street, second line"),
        _text(f"{prefix}City", 30, f"{words} city"),
        _text(f"{prefix}State", 3, f"{words} state", help="Code, such as TX."),
        _text(f"{prefix}Zip", 10, f"{words} postal code"),
        _text(f"{prefix}Country", 3, f"{words} country", help="Three letters, such as USA."),
        _text(f"{prefix}Phone", 30, f"{words} phone"),
    )


ORDER_LINE = (
    _text("InvtID", 30, "Item", required=True, nullable=False, sample="A50-HALO"),
    _number("QtyOrd", "Quantity ordered", None, required=True, nullable=False, minimum=0, sample="2"),
    _number("CurySlsPrice", "Unit price", None, help="-999876 = Dynamics SL computes it.", sample="59.99"),
    _number("CuryCost", "Unit cost", None, help="-999876 = Dynamics SL computes it."),
    FieldInfo("Taxable", FieldType.INTEGER, "Taxable", help="-1 = the tax rules of Dynamics SL."),
    _number("DiscPct", "Discount, percent", None),
    _text("Descr", 60, "Description"),
    _text("SiteID", 10, "Warehouse"),
    _text("UnitDesc", 6, "Unit"),
    _text("TaxCat", 10, "Tax category"),
    _text("AlternateID", 30, "Alternate item number"),
    _text("SlsAcct", 10, "Sales account"),
    _text("SlsSub", 24, "Sales subaccount"),
    _text("ProjectID", 16, "Project"),
    _text("TaskID", 32, "Task"),
    _day("ReqDate", "Requested"),
    _day("PromDate", "Promised"),
    _text("LineRef", 5, "Line", read_only=True),
    _number("QtyShip", "Quantity shipped", None, read_only=True),
    _number("QtyOpenShip", "Quantity still to ship", None, read_only=True),
    _number("QtyBO", "Quantity back-ordered", None, read_only=True),
    _number("CuryTotOrd", "Line total", read_only=True),
)

ORDER = EntitySchema(
    SYSTEM,
    Kind.ORDER,
    "Sales order",
    (
        _text("CustID", 15, "Customer", required=True, nullable=False, sample="C300"),
        _text("SOTypeID", 4, "Order type", sample="SO", help="Left out: the connection's order type."),
        _text(
            "CustOrdNbr", 25, "Customer order number", sample="XC-1043", help="Our reference is written here."
        ),
        _day("OrdDate", "Order date"),
        _text("ShiptoID", 10, "Ship-to", sample="DEFAULT"),
        *_address("Ship", "Ship-to"),
        _text("shipEmail", None, "Ship-to e-mail"),
        *_address("Bill", "Bill-to"),
        _text("billEmail", None, "Bill-to e-mail"),
        _text("ShipViaID", 15, "Ship via"),
        _text("CuryID", 4, "Currency", sample="USD"),
        _text("TermsID", 2, "Terms"),
        _text("SlsperID", 10, "Salesperson"),
        _text("ProjectID", 16, "Project"),
        _text("ContractNbr", 30, "Contract"),
        _number("CuryTotFrt", "Freight"),
        _number("CuryTotTax", "Tax"),
        _number("CuryTotMisc", "Miscellaneous charges"),
        _number("CuryWholeOrdDisc", "Discount on the whole order"),
        _text("TaxID00", 10, "Tax ID"),
        _text("User1", 30, "User field 1"),
        _text("User2", 30, "User field 2"),
        _text("User3", 30, "User field 3"),
        _text("User4", 30, "User field 4"),
        _text("notes", None, "Notes"),
        _flag("AdminHold", "On hold"),
        _flag("Cancelled", "Cancelled"),
        _array("orderItems", ORDER_LINE, "Lines", required=True, nullable=False),
        _text("OrdNbr", 15, "Order number", nullable=False, read_only=True, sample="O0000124"),
        _text("Status", 1, "Status letter", read_only=True),
        _text("portal_status", None, "Status in words", read_only=True, sample="open"),
        _number("CuryTotMerch", "Merchandise total", read_only=True),
        _number("CuryTotOrd", "Order total", read_only=True),
        _number("OrderTot", "Total to check", help="Not stored: compared with what Dynamics SL computes."),
        FieldInfo("CreditHold", FieldType.INTEGER, "On credit hold", read_only=True),
        _text("InvcNbr", 15, "Invoice number", read_only=True),
        _moment("LUpd_DateTime", "Last changed", read_only=True, help="To the minute."),
    ),
)

CHECKED_ONLY = frozenset({"OrderTot"})
"""Fields that mapping may fill and that never leave: the total is compared, not stored."""

SHIP_TO = (
    _text("ShipToId", 10, "Ship-to", sample="DEFAULT"),
    _text("Name", 60, "Name"),
    _text("Attn", 30, "Attention"),
    _text("Addr1", 60, "Street"),
    _text("Addr2", 60, "Street, second line"),
    _text("City", 30, "City"),
    _text("State", 3, "State"),
    _text("Zip", 10, "Postal code"),
    _text("Country", 3, "Country"),
    _text("Phone", 30, "Phone"),
    _text("EMailAddr", 80, "E-mail"),
)

CUSTOMER = EntitySchema(
    SYSTEM,
    Kind.CUSTOMER,
    "Customer",
    (
        _text("CustId", 15, "Customer number", help="Left out: Dynamics SL numbers the customer."),
        _text("Name", 60, "Name", required=True, nullable=False),
        _text("EMailAddr", 80, "E-mail"),
        _text("Attn", 30, "Attention"),
        _text("Addr1", 60, "Street"),
        _text("Addr2", 60, "Street, second line"),
        _text("City", 30, "City"),
        _text("State", 3, "State"),
        _text("Zip", 10, "Postal code"),
        _text("Country", 3, "Country"),
        _text("Phone", 30, "Phone"),
        _text("Fax", 30, "Fax"),
        *(part for part in _address("Bill", "Bill-to")),
        _text("ClassId", 6, "Customer class"),
        _text("Terms", 2, "Terms"),
        _text("CuryId", 4, "Currency"),
        _text("PriceClassID", 10, "Price class"),
        _text("SlsperId", 10, "Salesperson"),
        _text("Territory", 10, "Territory"),
        _text("TaxID00", 10, "Tax ID"),
        _text("TaxExemptNbr", 15, "Tax exemption number"),
        _number("CrLmt", "Credit limit"),
        _text("User1", 30, "User field 1", help="Our reference is written here."),
        _text("User2", 30, "User field 2"),
        FieldInfo("ShipTo", FieldType.OBJECT, "Ship-to address", fields=SHIP_TO),
        _text("Status", 1, "Status letter", read_only=True),
        _moment("LUpd_DateTime", "Last changed", read_only=True),
    ),
)

SHIPMENT = EntitySchema(
    SYSTEM,
    Kind.SHIPMENT,
    "Shipper",
    (
        _text("ShipperID", 15, "Shipper", read_only=True, sample="S0000412"),
        _text("OrdNbr", 15, "Order number", nullable=False, read_only=True),
        _text("CustOrdNbr", 25, "Customer order number", read_only=True, sample="XC-1043"),
        _text("CustID", 15, "Customer", read_only=True),
        _flag("is_confirmed", "Confirmed", read_only=True),
        _flag("is_complete", "Completes the order", read_only=True),
        _text("ShipViaID", 15, "Carrier", read_only=True, sample="UPSGRND"),
        _day("ShipDateAct", "Shipped on", read_only=True),
        _text("TrackingNbr", 25, "First tracking number", read_only=True),
        _array(
            "tracking_numbers",
            (_text("value", 25, "Tracking number", nullable=False), _text("carrier", 15, "Carrier")),
            "Tracking numbers",
            read_only=True,
        ),
        _array(
            "lines",
            (
                _text("InvtID", 30, "Item"),
                _text("OrdLineRef", 5, "Order line"),
                _number("QtyOrd", "Quantity ordered", None),
                _number("QtyShip", "Quantity shipped", None),
                _number("QtyBO", "Quantity back-ordered", None),
            ),
            "Lines",
            read_only=True,
        ),
        _array(
            "packs",
            (
                _text("BoxRef", 5, "Box"),
                _text("TrackingNbr", 30, "Tracking number"),
                _number("Wght", "Weight", None),
            ),
            "Boxes",
            read_only=True,
        ),
        _text("InvcNbr", 15, "Invoice number", read_only=True),
        _moment("LUpd_DateTime", "Last changed", read_only=True),
    ),
)

PRODUCT = EntitySchema(
    SYSTEM,
    Kind.PRODUCT,
    "Inventory item",
    (
        _text("InvtID", 30, "Item", read_only=True, sample="A50-HALO"),
        _text("Descr", 60, "Description", read_only=True),
        _number("StkBasePrc", "Base price", None, read_only=True),
        _number("CuryListPrice", "List price", None, read_only=True),
        _number("LastCost", "Last cost", None, read_only=True),
        _number("StkWt", "Weight", None, read_only=True),
        _text("StkUnit", 6, "Stock unit", read_only=True),
        _text("DfltSOUnit", 6, "Sales unit", read_only=True),
        _text("ClassID", 6, "Class", read_only=True),
        _text("UPCCode", 30, "UPC", read_only=True),
        _text("TaxCat", 10, "Tax category", read_only=True),
        _text("DfltSite", 10, "Warehouse", read_only=True),
        _text("TranStatusCode", 2, "Status", read_only=True, help="IN inactive, DE delete."),
        _moment("LUpd_DateTime", "Last changed", read_only=True),
    ),
)

INVENTORY = EntitySchema(
    SYSTEM,
    Kind.INVENTORY,
    "Quantities by warehouse",
    (
        _text("InvtID", 30, "Item", nullable=False, read_only=True, sample="A50-HALO"),
        _number("QtyAvail", "Available", None, nullable=False, read_only=True, sample="37"),
        _number("QtyOnHand", "On hand", None, read_only=True, sample="39"),
        _array(
            "sites",
            (
                _text("SiteID", 10, "Warehouse"),
                _number("QtyAvail", "Available", None),
                _number("QtyOnHand", "On hand", None),
                _number("QtyAlloc", "Allocated", None),
            ),
            "By warehouse",
            read_only=True,
        ),
    ),
)

SCHEMAS = {schema.kind: schema for schema in (ORDER, CUSTOMER, SHIPMENT, PRODUCT, INVENTORY)}
