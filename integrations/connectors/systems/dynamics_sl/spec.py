"""What the Dynamics SL connector declares: connection form, capabilities, limits, facts per kind and help."""

from integrations.connectors.spec import (
    Capability,
    ConnectorSpec,
    KindFacts,
    Limits,
    Support,
    Verb,
)
from integrations.connectors.systems.dynamics_sl.settings import SETTINGS
from integrations.kinds import Kind, Side

_FULL = Capability(Support.FULL)


def _partial(note: str) -> Capability:
    return Capability(Support.PARTIAL, note)


_ORDER_FIND = _partial("By SQL, or through getOrders with the search setting that fits your ctAPI version.")
_BY_VIEW = _partial("Through a Quick Query view of the table, or a SQL login.")
CAPABILITIES = {
    (Kind.ORDER, Verb.READ): _FULL,
    (Kind.ORDER, Verb.FIND): _ORDER_FIND,
    (Kind.ORDER, Verb.CREATE): _FULL,
    (Kind.ORDER, Verb.UPDATE): _partial(
        "Until it is closed or cancelled; never below what has been shipped."
    ),
    (Kind.SHIPMENT, Verb.READ): _FULL,
    (Kind.CUSTOMER, Verb.READ): _partial(
        "From the change queue where it is set up, by rowversion with a SQL login, else the full list each time."
    ),
    (Kind.CUSTOMER, Verb.FIND): _FULL,
    (Kind.CUSTOMER, Verb.CREATE): _FULL,
    (Kind.CUSTOMER, Verb.UPDATE): _FULL,
    (Kind.PRODUCT, Verb.READ): _partial("The full list each time, or by rowversion with a SQL login."),
    (Kind.PRODUCT, Verb.FIND): _FULL,
    (Kind.INVENTORY, Verb.READ): _partial("A full snapshot each time, or by rowversion with a SQL login."),
    (Kind.INVENTORY, Verb.FIND): _FULL,
    (Kind.INVENTORY, Verb.UPDATE): _partial(
        "A batch with one line, released at once; looked up through a view of INTran or a SQL login."
    ),
    (Kind.PAYMENT, Verb.CREATE): _partial("Cash receipts (PA, PP); refunds are entered in Dynamics SL."),
    (Kind.PAYMENT, Verb.FIND): _BY_VIEW,
    (Kind.PAYMENT, Verb.READ): _BY_VIEW,
    (Kind.JOURNAL, Verb.CREATE): _FULL,
    (Kind.JOURNAL, Verb.FIND): _BY_VIEW,
    (Kind.INVOICE, Verb.READ): _partial(
        "Documents of customers (ARDoc), and of vendors (APDoc) where switched on, without their lines; through Quick "
        "Query views or by SQL."
    ),
    (Kind.PURCHASE_ORDER, Verb.READ): _partial("Listed through a Quick Query view of PurchOrd or by SQL."),
    (Kind.PURCHASE_ORDER, Verb.FIND): _BY_VIEW,
    (Kind.PURCHASE_ORDER, Verb.CREATE): _partial("New ones; later changes are made in Dynamics SL."),
    (Kind.RETURN, Verb.CREATE): _partial(
        "An order of the type set for returns; the credit memo follows there."
    ),
    (Kind.RETURN, Verb.FIND): _ORDER_FIND,
    (Kind.RETURN, Verb.READ): _partial(
        "The full list of return orders each time; unchanged ones are skipped."
    ),
    (Kind.PRODUCT, Verb.UPDATE): _partial(
        "Description, base price, weight, codes and status; price lists have no operation in ctAPI."
    ),
    (Kind.PRODUCT, Verb.CREATE): Capability(
        Support.IMPOSSIBLE, "An item needs accounts, units and a class: it is made in Dynamics SL."
    ),
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
    Kind.PAYMENT: KindFacts(
        "Cash receipt",
        business_key="RefNbr",
        total="CuryOrigDocAmt",
        currency="CuryId",
        updated_at="LUpd_DateTime",
        natural_key="RefNbr",
    ),
    Kind.JOURNAL: KindFacts("Journal batch", business_key="BatNbr", natural_key="ExtRefNbr"),
    Kind.RETURN: KindFacts(
        "Return order",
        business_key="OrdNbr",
        total="CuryTotOrd",
        currency="CuryID",
        updated_at="LUpd_DateTime",
        natural_key="CustOrdNbr",
    ),
    Kind.INVOICE: KindFacts(
        "Invoice",
        business_key="RefNbr",
        total="CuryOrigDocAmt",
        currency="CuryId",
        updated_at="LUpd_DateTime",
    ),
    Kind.PURCHASE_ORDER: KindFacts(
        "Purchase order", business_key="PONbr", total="CuryPOAmt", currency="CuryID"
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
3. Receipts, journals and invoices are looked up through Quick Query views of `ARDoc` and `GLTran`, or by a SQL login
   that may only SELECT; the form has fields for both. With neither, a receipt in doubt waits for a person.
4. With REST for customers, enter APIKEY and SECRETKEY of an entry in ctConfigEditor that names the site configuration.
5. Test the connection: it reads only.

We write our order reference into `CustOrdNbr` (25 characters) and find orders by it before anything is sent twice.
"""

SPEC = ConnectorSpec(
    key="dynamics_sl",
    label="Dynamics SL",
    glyph="SL",
    side=Side.ERP,
    summary="Sales orders, returns, receipts, journals, customers, stock, shipments, invoices and purchase orders over "
    "ctAPI.",
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
        "A receipt has no key of its own: RefNbr is made of our reference and looked up before it is entered; without "
        "a Quick Query view of ARDoc a receipt in doubt waits for a person.",
        "With a SQL login, rows that are deleted in Dynamics SL are not noticed.",
        "Updating a customer by SOAP clears card columns in Dynamics SL, for we never read them; REST leaves them.",
        "An item is changed by its whole screen: what somebody changes between our reading and our writing is lost.",
    ),
)
