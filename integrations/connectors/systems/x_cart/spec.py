"""What the X-Cart connector declares: settings, capabilities, facts, limits; read by form and registry."""

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
ADDON = "Companion add-on"

SETTINGS = (
    Setting(
        "base_url",
        "Shop address",
        SettingType.URL,
        "The shop's root, without a slash at the end; a sub-folder is allowed.",
        required=True,
        pattern=r"^https?://[^\s/?#]+(/[^\s?#]*[^\s/?#])?$",
        max_length=200,
    ),
    Setting(
        "api_key_rw",
        "Read/write key",
        help="In X-Cart: Settings, API. Needed as soon as anything is written to the shop.",
        secret=True,
        max_length=200,
    ),
    Setting(
        "api_key_ro",
        "Read-only key",
        help="Needed when there is no read/write key. We read with it when both are set.",
        secret=True,
        max_length=200,
    ),
    Setting(
        "store_timezone",
        "Time zone of the shop",
        SettingType.TIMEZONE,
        "Product dates carry the shop's offset.",
        required=True,
        default="UTC",
    ),
    Setting(
        "addon_enabled",
        "Companion add-on is installed",
        SettingType.BOOLEAN,
        "It sends webhooks and accepts tracking numbers; X-Cart itself can do neither.",
        default=False,
        group=ADDON,
    ),
    Setting(
        "webhook_secret",
        "Webhook secret",
        help="At least 32 characters, the same in the add-on.",
        secret=True,
        min_length=32,
        max_length=200,
        group=ADDON,
    ),
    Setting(
        "dialect",
        "API dialect",
        SettingType.CHOICE,
        "Automatic finds out by itself which API the shop speaks.",
        required=True,
        default="auto",
        choices=(
            ("auto", "Automatic"),
            ("api55", "X-Cart 5.5 and later (/api)"),
            ("classic", "X-Cart 5.0 to 5.4 (add-on REST API)"),
        ),
        group=ADVANCED,
    ),
    Setting(
        "language", "Language", help="Sent as Accept-Language, for example en.", max_length=35, group=ADVANCED
    ),
    Setting(
        "default_currency",
        "Currency",
        help="Used where a record names none, for example USD.",
        pattern=r"^[A-Z]{3}$",
        group=ADVANCED,
    ),
    Setting(
        "prefix_carrier",
        "Write the carrier before the tracking number",
        SettingType.BOOLEAN,
        "X-Cart has no field for the carrier: the number becomes, for example, UPS 1Z999.",
        default=False,
        group=ADVANCED,
    ),
    Setting(
        "poll_interval_s",
        "Look for changes every (seconds)",
        SettingType.INTEGER,
        default=60,
        minimum=30,
        maximum=3600,
        group=ADVANCED,
    ),
    Setting(
        "max_requests_per_minute",
        "Calls a minute at most",
        SettingType.INTEGER,
        "Our own limit; X-Cart publishes none.",
        default=120,
        minimum=1,
        maximum=6000,
        group=ADVANCED,
    ),
    Setting(
        "lookup_wait_s",
        "Wait before trying a write in doubt again (s)",
        SettingType.INTEGER,
        "No answer came back. Every write to the shop compares first, so trying again changes nothing twice.",
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
_BY_ADDON = Capability(
    Support.PARTIAL, "Told at once with the companion add-on; without it we look every minute."
)
_SWEEP = Capability(Support.PARTIAL, "Told at once with the companion add-on; without it by a full sweep.")
_LIST = Capability(Support.FULL, "The full list each time; unchanged ones are skipped.")
_MASTER = Capability(
    Support.PARTIAL,
    "Texts, prices, sizes, stock and variants; in 5.5 categories and first images; not attributes.",
)
_ADDRESS_BOOK = Capability(
    Support.PARTIAL, "Profile and addresses, which are added and changed but never removed; no passwords."
)
_COUPON = Capability(
    Support.PARTIAL, "Code, value, dates and limits; not for which products, classes, zones and memberships."
)
_CATEGORY = Capability(Support.PARTIAL, "Name, text, place in the tree, on or off; not icon and banner.")
_NO_ENTITY = Capability(Support.IMPOSSIBLE, "X-Cart has no such record.")

CAPABILITIES = {
    (Kind.ORDER, Verb.READ): _FULL,
    (Kind.ORDER, Verb.WATCH): _BY_ADDON,
    (Kind.ORDER, Verb.CREATE): Capability(Support.IMPOSSIBLE, "X-Cart's API cannot create orders."),
    (Kind.ORDER, Verb.UPDATE): Capability(Support.PARTIAL, "Payment status and shipping status only."),
    (Kind.PRODUCT, Verb.READ): _FULL,
    (Kind.PRODUCT, Verb.FIND): _FULL,
    (Kind.PRODUCT, Verb.WATCH): _SWEEP,
    (Kind.PRODUCT, Verb.CREATE): _MASTER,
    (Kind.PRODUCT, Verb.UPDATE): _MASTER,
    (Kind.INVENTORY, Verb.READ): Capability(
        Support.PARTIAL, "Amounts of products, the full list each time; those of variants one by one."
    ),
    (Kind.INVENTORY, Verb.FIND): _FULL,
    (Kind.INVENTORY, Verb.UPDATE): Capability(Support.FULL, "Whole numbers; fractions are rounded down."),
    (Kind.CUSTOMER, Verb.READ): _FULL,
    (Kind.CUSTOMER, Verb.FIND): _FULL,
    (Kind.CUSTOMER, Verb.WATCH): _SWEEP,
    (Kind.CUSTOMER, Verb.CREATE): _ADDRESS_BOOK,
    (Kind.CUSTOMER, Verb.UPDATE): _ADDRESS_BOOK,
    (Kind.PAYMENT, Verb.READ): Capability(
        Support.FULL, "Each authorisation, capture, refund and void of an order as a record of its own."
    ),
    (Kind.PAYMENT, Verb.FIND): _FULL,
    (Kind.PAYMENT, Verb.WATCH): Capability(
        Support.IMPOSSIBLE,
        "The add-on tells of orders, not of their payments; those are looked for every minute.",
    ),
    (Kind.PAYMENT, Verb.CREATE): Capability(Support.IMPOSSIBLE, "X-Cart's API cannot capture or refund."),
    (Kind.SHIPMENT, Verb.READ): Capability(
        Support.IMPOSSIBLE, "A shipment is the order's shipping status plus tracking numbers."
    ),
    (Kind.SHIPMENT, Verb.FIND): _FULL,
    (Kind.SHIPMENT, Verb.CREATE): Capability(
        Support.PARTIAL,
        "Status always; tracking numbers with the companion add-on, in 5.0 to 5.4 without it.",
    ),
    (Kind.RETURN, Verb.READ): Capability(
        Support.PARTIAL, "Through the companion add-on; in 5.0 to 5.4 through the add-on Returns."
    ),
    (Kind.RETURN, Verb.WATCH): Capability(Support.PARTIAL, "Only through the companion add-on."),
    (Kind.RETURN, Verb.UPDATE): Capability(Support.PARTIAL, "Status and comment, through the same add-ons."),
    (Kind.COUPON, Verb.READ): _LIST,
    (Kind.COUPON, Verb.FIND): _FULL,
    (Kind.COUPON, Verb.CREATE): _COUPON,
    (Kind.COUPON, Verb.UPDATE): _COUPON,
    (Kind.CATEGORY, Verb.READ): _LIST,
    (Kind.CATEGORY, Verb.FIND): _FULL,
    (Kind.CATEGORY, Verb.CREATE): _CATEGORY,
    (Kind.CATEGORY, Verb.UPDATE): _CATEGORY,
    (Kind.INVOICE, Verb.READ): _NO_ENTITY,
    (Kind.PURCHASE_ORDER, Verb.READ): _NO_ENTITY,
    (Kind.JOURNAL, Verb.CREATE): _NO_ENTITY,
}

FACTS = {
    Kind.ORDER: KindFacts(
        "Order",
        business_key="order_number",
        total="total",
        currency="currency",
        email="email",
        updated_at="update_date",
        natural_key="order_number",
    ),
    Kind.PRODUCT: KindFacts("Product", business_key="sku", updated_at="update_date", natural_key="sku"),
    Kind.INVENTORY: KindFacts("Stock", business_key="sku", natural_key="sku"),
    Kind.CUSTOMER: KindFacts("Customer", business_key="login", email="login", natural_key="login"),
    Kind.SHIPMENT: KindFacts("Shipment", business_key="order_id"),
    Kind.PAYMENT: KindFacts(
        "Payment",
        business_key="reference",
        total="amount",
        currency="currency",
        email="email",
        updated_at="date",
        natural_key="reference",
    ),
    Kind.COUPON: KindFacts("Coupon", business_key="code", natural_key="code"),
    Kind.CATEGORY: KindFacts("Category", business_key="name", natural_key="name"),
    Kind.RETURN: KindFacts("Return", business_key="id", updated_at="date"),
}

LIMITS = Limits(
    calls_per_minute=120,
    parallel_calls=4,
    page_size=100,
    connect_seconds=5.0,
    read_seconds=60.0,
    total_seconds=120.0,
)

HELP = """
**Keys.** In X-Cart's admin area open *Settings, API*; in versions 5.0 to 5.4 the page of the add-on *REST API*. A shop
has one read/write and one read-only key; one of them is enough for reading, the read/write key is needed for all that
is written.

**What X-Cart 5.5 cannot do by itself:** create orders through its API, take tracking numbers, send webhooks, tell of
returns. The companion add-on *Connect for X-Cart* adds tracking numbers, webhooks and returns; without it we look for
changed orders every minute and write the shipping status without a number.

**X-Cart 5.0 to 5.4** is reached through the add-on *REST API*, which takes tracking numbers itself. Its orders are
found by the day they were placed: an order that was shipped, cancelled or is older than 30 days is not looked at again.

**Status "Shipped"** makes the shop send its e-mail, so it is written once and never repeated.
"""

WEBHOOK_SETUP = """
In the add-on *Connect for X-Cart* paste the address shown here as *Receiver*, and the webhook secret as
*Secret*. Keep polling switched on: it finds what a lost delivery would leave out.
"""

SPEC = ConnectorSpec(
    key="x_cart",
    label="X-Cart",
    glyph="XC",
    side=Side.STOREFRONT,
    summary="Orders, customers and products from an X-Cart shop; stock, status and tracking back to it.",
    versions="5.5 and 5.6; 5.0 to 5.4 through the add-on REST API",
    settings=SETTINGS,
    capabilities=CAPABILITIES,
    facts=FACTS,
    limits=LIMITS,
    reference_prefix="XC",
    help_markdown=HELP,
    webhook_setup=WEBHOOK_SETUP,
    not_guaranteed=(
        "A product or customer removed while a sweep pages may move another one to the next sweep.",
        "Stock may change between our comparison and our write: a sale in that moment is overwritten until "
        "the ERP tells the next amount.",
        "A partial shipment cannot be shown in X-Cart; its tracking number can.",
        "A new variant of a product whose variants were looked up already is found by its SKU after 15 minutes.",
        "Classic API: what happens to an order after it was shipped or cancelled, or after 30 days, is not seen.",
        "Classic API: customers come without addresses, and line prices without included tax are worked out from "
        "the order's sum.",
    ),
)
