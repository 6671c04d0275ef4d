"""What the Sage 500 connector declares: connection form, capabilities, limits, facts per kind and help."""

from integrations.connectors.spec import Capability, ConnectorSpec, KindFacts, Limits, Support, Verb
from integrations.connectors.systems.sage_500.settings import SETTINGS
from integrations.kinds import Kind, Side

_FULL = Capability(Support.FULL)


def _partial(note: str) -> Capability:
    return Capability(Support.PARTIAL, note)


def _impossible(note: str) -> Capability:
    return Capability(Support.IMPOSSIBLE, note)


_BY_PROCEDURE = _partial(
    "Through the procedure that the connection names; its name and staging table are not public."
)
CAPABILITIES = {
    (Kind.ORDER, Verb.READ): _FULL,
    (Kind.ORDER, Verb.FIND): _FULL,
    (Kind.ORDER, Verb.CREATE): _FULL,
    (Kind.ORDER, Verb.UPDATE): _partial("While the order is open; a cancellation not once it has activity."),
    (Kind.SHIPMENT, Verb.READ): _partial("Tracking numbers from the view that the connection names."),
    (Kind.CUSTOMER, Verb.READ): _FULL,
    (Kind.CUSTOMER, Verb.FIND): _FULL,
    (Kind.CUSTOMER, Verb.CREATE): _BY_PROCEDURE,
    (Kind.CUSTOMER, Verb.UPDATE): _BY_PROCEDURE,
    (Kind.PRODUCT, Verb.READ): _FULL,
    (Kind.PRODUCT, Verb.FIND): _FULL,
    (Kind.PRODUCT, Verb.CREATE): _BY_PROCEDURE,
    (Kind.PRODUCT, Verb.UPDATE): _BY_PROCEDURE,
    (Kind.INVENTORY, Verb.READ): _partial("A full snapshot each time; unchanged items are skipped."),
    (Kind.INVENTORY, Verb.FIND): _FULL,
    (Kind.INVENTORY, Verb.UPDATE): _impossible(
        "Stock is owned by the ERP; it has no public procedure to adjust it."
    ),
    (Kind.PAYMENT, Verb.READ): _partial("Posted receipts: new ones, and those of the last 30 days again."),
    (Kind.PAYMENT, Verb.FIND): _FULL,
    (Kind.PAYMENT, Verb.CREATE): _BY_PROCEDURE,
    (Kind.RETURN, Verb.READ): _FULL,
    (Kind.RETURN, Verb.FIND): _FULL,
    (Kind.RETURN, Verb.CREATE): _BY_PROCEDURE,
    (Kind.INVOICE, Verb.READ): _partial("Heads with amount and balance; table and columns are not public."),
    (Kind.JOURNAL, Verb.CREATE): _BY_PROCEDURE,
    (Kind.JOURNAL, Verb.FIND): _FULL,
    (Kind.PURCHASE_ORDER, Verb.READ): _partial(
        "From a view of the site with the columns that the README names; as a whole each time."
    ),
    (Kind.COUPON, Verb.READ): _impossible(
        "Sage 500 has no coupons; discounts are in the prices of the lines."
    ),
    (Kind.CATEGORY, Verb.READ): _impossible("Sage 500 has no categories; item classes are part of the item."),
}

FACTS = {
    Kind.ORDER: KindFacts(
        "Sales order",
        business_key="TranNo",
        total="TranAmt",
        currency="CurrID",
        updated_at="UpdateDate",
        natural_key="UserFld1",
    ),
    Kind.SHIPMENT: KindFacts("Shipment", business_key="TranID"),
    Kind.CUSTOMER: KindFacts(
        "Customer",
        business_key="CustID",
        currency="CurrID",
        email="EMailAddr",
        updated_at="UpdateDate",
        natural_key="EMailAddr",
    ),
    Kind.PRODUCT: KindFacts("Item", business_key="ItemID", updated_at="UpdateDate", natural_key="ItemID"),
    Kind.INVENTORY: KindFacts("Quantities by warehouse", business_key="ItemID", natural_key="ItemID"),
    Kind.PAYMENT: KindFacts("Cash receipt", business_key="TranNo", total="TranAmt", currency="CurrID"),
    Kind.RETURN: KindFacts(
        "Return (RMA)",
        business_key="TranNo",
        total="TranAmt",
        updated_at="UpdateDate",
        natural_key="UserFld1",
    ),
    Kind.INVOICE: KindFacts("Invoice", business_key="TranNo", total="TranAmt", updated_at="UpdateDate"),
    Kind.PURCHASE_ORDER: KindFacts("Purchase order", business_key="PurchaseOrderNo"),
    Kind.JOURNAL: KindFacts("Journal batch", business_key="BatchID"),
}

_HELP = """
Sage 500 has no web service. Clarity Connect speaks to its **SQL Server** (TDS 7.4), from the gateway agent or over VPN:
it reads tables, and writes only through staging tables and the vendor's own API procedures.

1. Create a SQL login with the least-privilege script of the connector's README: SELECT on the listed tables,
   INSERT/UPDATE/DELETE on staging tables, EXECUTE on the API procedures and `spGetNextSurrogateKey`.
2. Enter company, Sage 500 user and warehouses.
3. Look up the import step (SetupStepKey) of sales orders in your company: it is not public.
4. Enter the names of further procedures where your site has them.
5. Test the connection: it reads, and rolls its one trial row back.

Our reference goes into `UserFld1` of the order; orders are looked up by it before anything is sent twice.
"""

SPEC = ConnectorSpec(
    key="sage_500",
    label="Sage 500",
    glyph="SG",
    side=Side.ERP,
    summary="Sales orders, shipments, customers, items and stock over Sage 500's staging tables and SQL Server.",
    versions="Sage 500 ERP 7.x (MAS 500) on SQL Server 2012 and later",
    settings=SETTINGS,
    capabilities=CAPABILITIES,
    facts=FACTS,
    limits=Limits(
        calls_per_minute=None,
        parallel_calls=2,
        page_size=200,
        connect_seconds=10.0,
        read_seconds=60.0,
        total_seconds=300.0,
    ),
    reference_prefix="",
    help_markdown=_HELP.strip(),
    not_guaranteed=(
        "The vendor publishes neither the DDL of its staging tables nor the procedures for customers, receipts, journals "
        "and items: those names are settings, and the connection test tells what is missing.",
        "Without a rowversion changes are found by UpdateDate and UpdateCounter; a change that sets neither is not seen.",
        "Stock has no time of change: it is compared as a whole.",
        "Deleted records are not told.",
    ),
)
