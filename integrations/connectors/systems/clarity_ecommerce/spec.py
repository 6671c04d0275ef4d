"""What the Clarity eCommerce connector declares: settings, capabilities, facts, limits; read by form and registry."""

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

ADVANCED = "Advanced"
WEBHOOKS = "Webhooks"

ALL_SCOPES = (
    "orders:read orders:write products:read products:write customers:read customers:write inventory:read "
    "inventory:write payments:read shipments:read shipments:write returns:read returns:write coupons:read "
    "categories:read webhooks:manage"
)

SETTINGS = (
    Setting(
        "base_url",
        "Site address",
        SettingType.URL,
        "The site's root, without a slash at the end; the interface is below it at /api/v1.",
        required=True,
        pattern=r"^https?://[^\s/?#]+(/[^\s?#]*[^\s/?#])?$",
        max_length=200,
    ),
    Setting(
        "client_id",
        "Client ID",
        help="Of the API client that the site's administrator made for Clarity Connect.",
        required=True,
        min_length=8,
        max_length=64,
    ),
    Setting(
        "client_secret",
        "Client secret",
        help="Shown once, when the client is made.",
        required=True,
        secret=True,
        min_length=16,
        max_length=128,
    ),
    Setting(
        "webhook_secret",
        "Webhook secret",
        help="At least 32 characters; handed to the site with the subscription. Needed for webhooks only.",
        secret=True,
        min_length=32,
        max_length=200,
        group=WEBHOOKS,
    ),
    Setting(
        "webhook_secret_previous",
        "Webhook secret before",
        help="For the 24 hours after a change of the secret: deliveries signed with either are accepted.",
        secret=True,
        min_length=32,
        max_length=200,
        group=WEBHOOKS,
    ),
    Setting(
        "auto_register_webhooks",
        "Keep the webhook subscription",
        SettingType.BOOLEAN,
        "Makes and repairs the subscription; needs the scope webhooks:manage.",
        default=True,
        group=WEBHOOKS,
    ),
    Setting(
        "generation",
        "Interface",
        SettingType.CHOICE,
        "The Connect contract v1, which this connector is built against.",
        required=True,
        default="v1",
        choices=(("v1", "API v1 (Connect contract)"),),
        group=ADVANCED,
    ),
    Setting(
        "token_url",
        "Token address",
        SettingType.URL,
        "Left empty: /oauth/token below the site address.",
        max_length=300,
        group=ADVANCED,
    ),
    Setting(
        "scopes",
        "Scopes",
        help="With blanks between. Left empty: every scope of the contract.",
        max_length=600,
        group=ADVANCED,
    ),
    Setting(
        "default_location_key",
        "Inventory location",
        help="Used for stock that names no location. Left empty: MAIN.",
        max_length=32,
        group=ADVANCED,
    ),
    Setting(
        "poll_interval_s",
        "Look for changes every (seconds)",
        SettingType.INTEGER,
        "Runs with webhooks as well: it finds what a lost delivery would leave out.",
        default=60,
        minimum=30,
        maximum=3600,
        group=ADVANCED,
    ),
    Setting(
        "max_requests_per_minute",
        "Calls a minute at most",
        SettingType.INTEGER,
        "The contract allows 120 for each client.",
        default=120,
        minimum=1,
        maximum=6000,
        group=ADVANCED,
    ),
    Setting(
        "lookup_wait_s",
        "Wait before trying a write in doubt again (s)",
        SettingType.INTEGER,
        "No answer came back. The same idempotency key is sent again, so nothing happens twice.",
        default=10,
        minimum=0,
        maximum=3600,
        group=ADVANCED,
    ),
    Setting(
        "read_timeout_s",
        "Wait for an answer at most (seconds)",
        SettingType.INTEGER,
        default=60,
        minimum=1,
        maximum=300,
        group=ADVANCED,
    ),
)

_FULL = Capability(Support.FULL)
_TOLD = Capability(Support.FULL, "By signed webhooks; polling finds what they leave out.")
_NO_ENTITY = Capability(Support.IMPOSSIBLE, "The contract has no such record; the ERP serves it.")
_READ_ONLY = Capability(Support.IMPOSSIBLE, "Read only in the contract.")

CAPABILITIES = {
    (Kind.ORDER, Verb.READ): _FULL,
    (Kind.ORDER, Verb.FIND): _FULL,
    (Kind.ORDER, Verb.WATCH): _TOLD,
    (Kind.ORDER, Verb.CREATE): Capability(Support.IMPOSSIBLE, "The contract offers no order create."),
    (Kind.ORDER, Verb.UPDATE): Capability(Support.PARTIAL, "Status and custom attributes only."),
    (Kind.PRODUCT, Verb.READ): _FULL,
    (Kind.PRODUCT, Verb.FIND): _FULL,
    (Kind.PRODUCT, Verb.WATCH): _TOLD,
    (Kind.PRODUCT, Verb.CREATE): _FULL,
    (Kind.PRODUCT, Verb.UPDATE): _FULL,
    (Kind.INVENTORY, Verb.READ): _FULL,
    (Kind.INVENTORY, Verb.FIND): _FULL,
    (Kind.INVENTORY, Verb.WATCH): _TOLD,
    (Kind.INVENTORY, Verb.UPDATE): _FULL,
    (Kind.CUSTOMER, Verb.READ): _FULL,
    (Kind.CUSTOMER, Verb.FIND): _FULL,
    (Kind.CUSTOMER, Verb.WATCH): _TOLD,
    (Kind.CUSTOMER, Verb.CREATE): _FULL,
    (Kind.CUSTOMER, Verb.UPDATE): _FULL,
    (Kind.PAYMENT, Verb.READ): _FULL,
    (Kind.PAYMENT, Verb.WATCH): _TOLD,
    (Kind.PAYMENT, Verb.CREATE): _READ_ONLY,
    (Kind.SHIPMENT, Verb.READ): _FULL,
    (Kind.SHIPMENT, Verb.FIND): _FULL,
    (Kind.SHIPMENT, Verb.WATCH): _TOLD,
    (Kind.SHIPMENT, Verb.CREATE): _FULL,
    (Kind.SHIPMENT, Verb.UPDATE): Capability(Support.IMPOSSIBLE, "A shipment is not changed once it is made."),
    (Kind.RETURN, Verb.READ): _FULL,
    (Kind.RETURN, Verb.WATCH): _TOLD,
    (Kind.RETURN, Verb.UPDATE): Capability(Support.PARTIAL, "Status and note."),
    (Kind.COUPON, Verb.READ): Capability(Support.FULL, "The full list each time; unchanged ones are skipped."),
    (Kind.COUPON, Verb.CREATE): _READ_ONLY,
    (Kind.CATEGORY, Verb.READ): Capability(Support.FULL, "The full list each time; unchanged ones are skipped."),
    (Kind.CATEGORY, Verb.CREATE): _READ_ONLY,
    (Kind.INVOICE, Verb.READ): _NO_ENTITY,
    (Kind.PURCHASE_ORDER, Verb.READ): _NO_ENTITY,
    (Kind.JOURNAL, Verb.CREATE): _NO_ENTITY,
}  # fmt: skip

FACTS = {
    Kind.ORDER: KindFacts(
        "Order",
        business_key="orderNumber",
        total="totalAmount",
        currency="currency",
        email="email",
        updated_at="modifiedDate",
        natural_key="orderNumber",
    ),
    Kind.PRODUCT: KindFacts("Product", business_key="sku", updated_at="modifiedDate", natural_key="sku"),
    Kind.INVENTORY: KindFacts("Inventory", business_key="sku", updated_at="modifiedDate", natural_key="sku"),
    Kind.CUSTOMER: KindFacts(
        "Customer", business_key="email", email="email", updated_at="modifiedDate", natural_key="email"
    ),
    Kind.PAYMENT: KindFacts(
        "Payment", business_key="paymentId", total="amount", currency="currency", updated_at="modifiedDate"
    ),
    Kind.SHIPMENT: KindFacts("Shipment", business_key="shipmentId", updated_at="modifiedDate"),
    Kind.RETURN: KindFacts(
        "Return", business_key="returnNumber", total="refundAmount", updated_at="modifiedDate"
    ),
    Kind.COUPON: KindFacts("Coupon", business_key="code", natural_key="code"),
    Kind.CATEGORY: KindFacts("Category", business_key="name", updated_at="modifiedDate"),
}

LIMITS = Limits(
    calls_per_minute=120,
    parallel_calls=4,
    page_size=200,
    connect_seconds=5.0,
    read_seconds=60.0,
    total_seconds=120.0,
)

HELP = """
**Clarity eCommerce API v1 (Connect contract).** The vendor publishes no reference of this interface. Connector and
sandbox follow a contract of our own making, built on the names that the vendor promises: `/api/v1/orders`,
`POST /api/v1/products`, OAuth 2.0, and the events `order.created`, `product.updated`, `customer.created`. Test the
connection against your site before you rely on it.

1. Ask the site's administrator for an **API client** with the grant *client credentials*; you get a client ID and a
   client secret, the secret once.
2. The client needs the scopes of what you want to synchronise. Every scope of the contract is asked for unless you
   name some under *Advanced*.
3. Test the connection: it reads only, and names the scope that is missing.

**There is no status "Cancelled":** it is called Void. Our templates translate it.
"""

WEBHOOK_SETUP = """
Nothing to do in the site: with a webhook secret and *Keep the webhook subscription* the subscription is made and
repaired through the API. It sends to the address shown here, which must begin with https. Polling stays on and finds
what a lost delivery would leave out.
"""

SPEC = ConnectorSpec(
    key="clarity_ecommerce",
    label="Clarity eCommerce",
    glyph="CE",
    side=Side.STOREFRONT,
    summary="Orders, products, customers, payments and returns from Clarity eCommerce; stock, shipments, prices and "
    "customers back to it.",
    versions="API v1 (Connect contract)",
    settings=SETTINGS,
    capabilities=CAPABILITIES,
    facts=FACTS,
    limits=LIMITS,
    reference_prefix="CE",
    help_markdown=HELP,
    webhook_setup=WEBHOOK_SETUP,
    batch_sizes={Kind.INVENTORY: 200},
    not_guaranteed=(
        "The contract is ours: whether a release of the vendor speaks it has to be tested at the site.",
        "An idempotency key is kept for 24 hours: later a write is looked up by SKU, e-mail or external reference "
        "before it is sent again.",
        "Two connections of one site share its 120 calls a minute and do not know of each other.",
    ),
)
