"""What the Dynamics SL connector declares: connection form, capabilities, limits, facts per kind and help."""

from integrations.connectors.spec import (
    Capability,
    ConnectorSpec,
    KindFacts,
    Limits,
    Setting,
    SettingType,
    Support,
    Verb,
)
from integrations.kinds import Kind, Side

_ORDERS = "Orders"
_RETRY = "Timeouts and look-ups"

SETTINGS = (
    Setting(
        "transport",
        "Transport",
        SettingType.CHOICE,
        help="Dynamics SL Web Services. eConnect is a Dynamics GP technology; SL does not use it.",
        required=True,
        default="soap_ctapi",
        choices=(("soap_ctapi", "Dynamics SL Web Services (SOAP)"),),
    ),
    Setting(
        "base_url",
        "Address of /ctDynamicsSL",
        SettingType.URL,
        help="The folder that holds orders.asmx, such as https://erp.example.com/ctDynamicsSL.",
        required=True,
        max_length=300,
    ),
    Setting("cpny_id", "Company ID", help="CpnyID of the company.", required=True, max_length=10),
    Setting(
        "site_id",
        "ctAPI site configuration",
        help="Name of the site configuration in ctAPI; this is not a warehouse.",
        required=True,
        default="DEFAULT",
        max_length=50,
    ),
    Setting("site_key", "Site key", help="Key of that site configuration.", required=True, secret=True),
    Setting("license_key", "License key", help="ctAPI licence key, where one is used.", secret=True),
    Setting("license_name", "License name", max_length=100),
    Setting(
        "license_expiration",
        "License expiration",
        help="As printed on the licence; blank = never.",
        max_length=30,
    ),
    Setting("software_name", "Software name", default="CTAPI", max_length=30),
    Setting("api_username", "API user", help="Newer ctAPI versions only.", max_length=100),
    Setting("api_password", "API password", help="Newer ctAPI versions only.", secret=True),
    Setting(
        "time_zone",
        "Time zone of the server",
        SettingType.TIMEZONE,
        help="Dynamics SL stores wall-clock times without a zone.",
        required=True,
        default="UTC",
    ),
    Setting(
        "default_so_type",
        "Order type",
        help="SOTypeID given to orders that name none.",
        default="SO",
        max_length=4,
        group=_ORDERS,
    ),
    Setting(
        "default_ship_via",
        "Ship via",
        help="ShipViaID of orders that name none.",
        max_length=15,
        group=_ORDERS,
    ),
    Setting(
        "default_site",
        "Warehouse",
        help="SiteID (warehouse) of order lines that name none; also the warehouse whose stock is read.",
        max_length=10,
        group=_ORDERS,
    ),
    Setting(
        "stock_sites",
        "Warehouses to read stock from",
        help="SiteIDs, separated by commas. Blank = the warehouse above, or all when that is blank too.",
        max_length=200,
        group=_ORDERS,
    ),
    Setting(
        "price_mode",
        "Prices of order lines",
        SettingType.CHOICE,
        help="Storefront: as the customer paid. ERP: Dynamics SL prices every line itself.",
        default="storefront",
        choices=(("storefront", "From the storefront"), ("erp", "Computed by Dynamics SL")),
        group=_ORDERS,
    ),
    Setting(
        "cust_id_mode",
        "Customer numbers",
        SettingType.CHOICE,
        default="auto",
        choices=(("auto", "Numbered by Dynamics SL"), ("supplied", "Supplied by the mapping")),
        group=_ORDERS,
    ),
    Setting(
        "order_search",
        "Searching orders",
        SettingType.CHOICE,
        help="How getOrders is asked for a reference; the vendor does not publish the format. "
        "Off = orders in doubt wait for a person.",
        default="pairs",
        choices=(("pairs", "Column=value;Column=value"), ("off", "Cannot be searched")),
        group=_ORDERS,
    ),
    Setting(
        "operation_timeout_s",
        "Time limit of one call (s)",
        SettingType.INTEGER,
        default=300,
        minimum=1,
        maximum=600,
        group=_RETRY,
    ),
    Setting(
        "lookup_wait_s",
        "Wait before looking up an order in doubt (s)",
        SettingType.INTEGER,
        default=60,
        minimum=0,
        maximum=3600,
        group=_RETRY,
    ),
    Setting(
        "lookup_tries",
        "Look-ups of an order in doubt",
        SettingType.INTEGER,
        default=3,
        minimum=1,
        maximum=10,
        group=_RETRY,
    ),
    Setting(
        "max_parallel",
        "Calls at the same time",
        SettingType.INTEGER,
        help="Dynamics SL holds one object licence per call.",
        default=4,
        minimum=1,
        maximum=32,
        group=_RETRY,
    ),
)

_FULL = Capability(Support.FULL)
_NOT_YET = Capability(Support.NOT_YET)


def _partial(note: str) -> Capability:
    return Capability(Support.PARTIAL, note)


_ORDER_FIND = _partial("Through getOrders; needs the search setting that fits your ctAPI version.")
CAPABILITIES = {
    (Kind.ORDER, Verb.READ): _FULL,
    (Kind.ORDER, Verb.FIND): _ORDER_FIND,
    (Kind.ORDER, Verb.CREATE): _FULL,
    (Kind.ORDER, Verb.UPDATE): _FULL,
    (Kind.SHIPMENT, Verb.READ): _FULL,
    (Kind.CUSTOMER, Verb.READ): _partial("The full list each time; unchanged customers are skipped."),
    (Kind.CUSTOMER, Verb.FIND): _FULL,
    (Kind.CUSTOMER, Verb.CREATE): _FULL,
    (Kind.CUSTOMER, Verb.UPDATE): _FULL,
    (Kind.PRODUCT, Verb.READ): _partial("The full list each time; unchanged items are skipped."),
    (Kind.PRODUCT, Verb.FIND): _FULL,
    (Kind.INVENTORY, Verb.READ): _partial("A full snapshot each time; unchanged items are skipped."),
    (Kind.INVENTORY, Verb.FIND): _FULL,
    (Kind.INVENTORY, Verb.UPDATE): _NOT_YET,
    (Kind.PAYMENT, Verb.CREATE): _NOT_YET,
    (Kind.JOURNAL, Verb.CREATE): _NOT_YET,
    (Kind.INVOICE, Verb.READ): _NOT_YET,
    (Kind.PURCHASE_ORDER, Verb.READ): _NOT_YET,
    (Kind.PURCHASE_ORDER, Verb.CREATE): _NOT_YET,
    (Kind.RETURN, Verb.CREATE): _NOT_YET,
    (Kind.PRODUCT, Verb.UPDATE): _NOT_YET,
    (Kind.COUPON, Verb.READ): Capability(Support.IMPOSSIBLE, "Dynamics SL has no coupons."),
    (Kind.CATEGORY, Verb.READ): Capability(Support.IMPOSSIBLE, "Dynamics SL has no category tree."),
    (Kind.ORDER, Verb.WATCH): Capability(Support.IMPOSSIBLE, "Dynamics SL sends no webhooks; it is polled."),
}

FACTS = {
    Kind.ORDER: KindFacts(
        "Sales order",
        business_key="OrdNbr",
        total="CuryTotOrd",
        currency="CuryID",
        updated_at="LUpd_DateTime",
        natural_key="CustOrdNbr",
    ),
    Kind.SHIPMENT: KindFacts(
        "Shipper", business_key="ShipperID", currency="CuryID", updated_at="LUpd_DateTime"
    ),
    Kind.CUSTOMER: KindFacts(
        "Customer",
        business_key="CustId",
        currency="CuryId",
        email="EMailAddr",
        updated_at="LUpd_DateTime",
        natural_key="EMailAddr",
    ),
    Kind.PRODUCT: KindFacts(
        "Inventory item", business_key="InvtID", updated_at="LUpd_DateTime", natural_key="InvtID"
    ),
    Kind.INVENTORY: KindFacts(
        "Quantities by warehouse", business_key="InvtID", updated_at="LUpd_DateTime", natural_key="InvtID"
    ),
}

_HELP = """
Clarity Connect speaks to Dynamics SL through **ctAPI**, Catalina's web services for Dynamics SL.

1. Ask your Dynamics SL administrator for the address of `/ctDynamicsSL`, the name and key of the ctAPI *site
   configuration*, and the company ID.
2. The server must be reachable from here over https.
3. Test the connection: it reads only.

We write our order reference into `CustOrdNbr` (25 characters) and find orders by it before anything is sent twice.
"""

SPEC = ConnectorSpec(
    key="dynamics_sl",
    label="Dynamics SL",
    glyph="SL",
    side=Side.ERP,
    summary="Sales orders, customers, stock and shipments over Dynamics SL Web Services (SOAP).",
    versions="Dynamics SL 2015 and later with ctAPI",
    settings=SETTINGS,
    capabilities=CAPABILITIES,
    facts=FACTS,
    limits=Limits(
        parallel_calls=4, page_size=200, connect_seconds=10.0, read_seconds=300.0, total_seconds=300.0
    ),
    reference_prefix="",
    help_markdown=_HELP.strip(),
    not_guaranteed=(
        "Dynamics SL has no idempotency key: an order whose answer is lost is looked up by CustOrdNbr before it is "
        "sent again, and a server that cannot search leaves it to a person.",
        "A customer created without its ship-to address (the second call failed) is adopted as it is.",
        "Two customers may share an e-mail address; the active one with the lowest number is taken.",
        "Dynamics SL stores wall-clock times: in the hour that is there twice in autumn, times may be an hour early.",
        "Updating a customer clears card columns in Dynamics SL, for we never read them.",
    ),
)
