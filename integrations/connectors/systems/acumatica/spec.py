"""What the Acumatica connector declares: connection form, capabilities, limits, facts per kind and help."""

from integrations.connectors.spec import Capability, ConnectorSpec, KindFacts, Limits, Support, Verb
from integrations.connectors.systems.acumatica.settings import SETTINGS
from integrations.kinds import Kind, Side

_FULL = Capability(Support.FULL)


def _partial(note: str) -> Capability:
    return Capability(Support.PARTIAL, note)


def _impossible(note: str) -> Capability:
    return Capability(Support.IMPOSSIBLE, note)


_PUSHED = _partial("By push notifications, once they are set up; polling finds the rest.")
CAPABILITIES = {
    (Kind.ORDER, Verb.READ): _FULL,
    (Kind.ORDER, Verb.FIND): _FULL,
    (Kind.ORDER, Verb.CREATE): _FULL,
    (Kind.ORDER, Verb.UPDATE): _partial("While Acumatica allows it: not once a shipment exists."),
    (Kind.ORDER, Verb.WATCH): _PUSHED,
    (Kind.SHIPMENT, Verb.READ): _FULL,
    (Kind.SHIPMENT, Verb.WATCH): _PUSHED,
    (Kind.CUSTOMER, Verb.READ): _FULL,
    (Kind.CUSTOMER, Verb.FIND): _FULL,
    (Kind.CUSTOMER, Verb.CREATE): _FULL,
    (Kind.CUSTOMER, Verb.UPDATE): _FULL,
    (Kind.CUSTOMER, Verb.WATCH): _PUSHED,
    (Kind.PRODUCT, Verb.READ): _partial("Stock and non-stock items; templates of variants are not read."),
    (Kind.PRODUCT, Verb.FIND): _FULL,
    (Kind.PRODUCT, Verb.CREATE): _partial("Stock items."),
    (Kind.PRODUCT, Verb.UPDATE): _partial("Stock items."),
    (Kind.PRODUCT, Verb.WATCH): _PUSHED,
    (Kind.INVENTORY, Verb.READ): _partial("A full snapshot each time; unchanged items are skipped."),
    (Kind.INVENTORY, Verb.FIND): _FULL,
    (Kind.INVENTORY, Verb.WATCH): _PUSHED,
    (Kind.INVENTORY, Verb.UPDATE): _impossible(
        "Quantities change there by documents (receipts, issues, adjustments), never by a number that is set."
    ),
    (Kind.PAYMENT, Verb.READ): _partial("Payments and prepayments; credit memos in the list are left out."),
    (Kind.PAYMENT, Verb.FIND): _FULL,
    (Kind.PAYMENT, Verb.CREATE): _FULL,
    (Kind.PAYMENT, Verb.WATCH): _PUSHED,
    (Kind.RETURN, Verb.FIND): _FULL,
    (Kind.RETURN, Verb.READ): _partial(
        "Returns for credit (RC); returns with replacement are read as orders."
    ),
    (Kind.RETURN, Verb.CREATE): _partial("Returns for credit (RC) of an invoice; no replacements."),
    (Kind.RETURN, Verb.WATCH): _PUSHED,
    (Kind.INVOICE, Verb.READ): _FULL,
    (Kind.JOURNAL, Verb.CREATE): _FULL,
    (Kind.JOURNAL, Verb.FIND): _FULL,
    (Kind.PURCHASE_ORDER, Verb.READ): _FULL,
    (Kind.COUPON, Verb.READ): _impossible(
        "Acumatica has no coupons; discounts reach it as discounts of lines."
    ),
    (Kind.CATEGORY, Verb.READ): _impossible("Item categories are part of the stock item."),
}

FACTS = {
    Kind.ORDER: KindFacts(
        "Sales order",
        business_key="OrderNbr",
        total="OrderTotal",
        currency="CurrencyID",
        email="ShipToContact.Email",
        updated_at="LastModified",
        natural_key="CustomerOrder",
    ),
    Kind.SHIPMENT: KindFacts("Shipment", business_key="ShipmentNbr", updated_at="LastModifiedDateTime"),
    Kind.CUSTOMER: KindFacts(
        "Customer",
        business_key="CustomerID",
        currency="CurrencyID",
        email="Email",
        updated_at="LastModifiedDateTime",
        natural_key="Email",
    ),
    Kind.PRODUCT: KindFacts(
        "Item", business_key="InventoryID", updated_at="LastModified", natural_key="InventoryID"
    ),
    Kind.INVENTORY: KindFacts(
        "Quantities by warehouse", business_key="InventoryID", natural_key="InventoryID"
    ),
    Kind.PAYMENT: KindFacts(
        "Payment",
        business_key="ReferenceNbr",
        total="PaymentAmount",
        currency="CurrencyID",
        updated_at="LastModifiedDateTime",
        natural_key="ExternalRef",
    ),
    Kind.RETURN: KindFacts(
        "Return order",
        business_key="OrderNbr",
        total="OrderTotal",
        currency="CurrencyID",
        updated_at="LastModified",
        natural_key="CustomerOrder",
    ),
    Kind.INVOICE: KindFacts(
        "Sales invoice",
        business_key="ReferenceNbr",
        total="Amount",
        currency="Currency",
        updated_at="LastModifiedDateTime",
    ),
    Kind.PURCHASE_ORDER: KindFacts(
        "Purchase order",
        business_key="OrderNbr",
        total="OrderTotal",
        currency="CurrencyID",
        updated_at="LastModifiedDateTime",
    ),
    Kind.JOURNAL: KindFacts("Journal transaction", business_key="BatchNbr", natural_key="Description"),
}

_HELP = """
Clarity Connect speaks to Acumatica through its **contract-based REST API**. There are no API keys at Acumatica.

1. Create a user for this connection (SM201010) with a role that may read and write sales orders, shipments, customers,
   stock items and payments.
2. Register a *Connected Application* (SM303010) with the flow *Resource Owner Password Credentials* and add a shared
   secret. Its Client ID ends in `@` and your tenant.
3. Look up the licence limits (SM604000) and enter them under *Limits*.
4. Test the connection: it reads only, and signs out again.

Our reference goes into `CustomerOrder` and `ExternalRef`; orders are looked up by them before anything is sent twice.
"""

_PUSH = """
In *Push Notifications* (SM302000) add a destination of type *Webhook* with the address shown here, and enter the header
name and value of this connection. Add a generic inquiry for each kind you want at once: sales orders (OrderType,
OrderNbr), shipments (ShipmentNbr, OrderType, OrderNbr), items and quantities (InventoryID, QtyAvailable).
Acumatica tries five times; keep polling switched on: it finds what a lost notification would leave out.
"""

SPEC = ConnectorSpec(
    key="acumatica",
    label="Acumatica",
    glyph="AC",
    side=Side.ERP,
    summary="Sales orders, shipments, customers, items, stock and payments over Acumatica's contract-based REST API.",
    versions="2024 R2 and later (endpoints Default 24.200.001 and 25.200.001)",
    settings=SETTINGS,
    capabilities=CAPABILITIES,
    facts=FACTS,
    limits=Limits(
        calls_per_minute=50,
        parallel_calls=2,
        page_size=100,
        connect_seconds=10.0,
        read_seconds=120.0,
        total_seconds=120.0,
    ),
    reference_prefix="",
    help_markdown=_HELP.strip(),
    webhook_setup=_PUSH.strip(),
    not_guaranteed=(
        "Acumatica has no idempotency key for numbered records: an order whose answer is lost is looked up by "
        "ExternalRef and CustomerOrder before it is sent again.",
        "Push notifications carry one static header and no signature; we read every record anew and believe no values.",
        "Each worker process signs in by itself: with fewer API users than processes some wait for a place.",
        "A refresh token is good once: when the answer that brings its successor is lost, a new one must be entered.",
        "Of customers who share an e-mail address the active one with the lowest number is taken.",
        "A shipment of several orders is shown once for each of them with all its tracking numbers.",
    ),
)
