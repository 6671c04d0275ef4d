"""Schemas of the kinds X-Cart has, in its own field names, for the mapping designer and its checks.

Fields marked derived are added by ``normalise``; aliases of the product promise are named in the help texts.
"""

from integrations.connectors.systems.x_cart.schema_lists import (
    CATEGORY_WRITES,
    COUPON_WRITES,
    RETURN_WRITES,
)
from integrations.connectors.systems.x_cart.schema_writes import CUSTOMER_WRITES, PRODUCT_WRITES
from integrations.kinds import EntitySchema, FieldInfo, FieldType, Kind

TEXT, INTEGER, DECIMAL = FieldType.TEXT, FieldType.INTEGER, FieldType.DECIMAL
BOOLEAN, MOMENT, OBJECT, ARRAY = FieldType.BOOLEAN, FieldType.DATETIME, FieldType.OBJECT, FieldType.ARRAY

SHIPPING_CODES = (
    "N new, P processing, S shipped, D delivered, WND will not deliver, R returned; shops add own codes."
)
PAYMENT_CODES = (
    "Q awaiting, A authorised, PP partly paid, P paid, D declined, C cancelled, R refunded; shops add own."
)


def _text(name: str, length: int | None = None, help: str = "", sample: str = "") -> FieldInfo:
    return FieldInfo(name, TEXT, help=help, nullable=False, max_length=length, read_only=True, sample=sample)


def _id(name: str, help: str = "", *, nullable: bool = True, sample: str = "") -> FieldInfo:
    return FieldInfo(name, TEXT, help=help, nullable=nullable, max_length=20, read_only=True, sample=sample)


def _money(name: str, help: str = "", *, places: int = 2, sample: str = "") -> FieldInfo:
    return FieldInfo(name, DECIMAL, help=help, nullable=False, places=places, read_only=True, sample=sample)


def _flag(name: str) -> FieldInfo:
    return FieldInfo(name, BOOLEAN, nullable=False, read_only=True)


def _moment(name: str, help: str = "", *, nullable: bool = True) -> FieldInfo:
    return FieldInfo(name, MOMENT, help=help, nullable=nullable, read_only=True)


def _object(name: str, *fields: FieldInfo, nullable: bool = False) -> FieldInfo:
    return FieldInfo(name, OBJECT, nullable=nullable, read_only=True, fields=fields)


def _array(name: str, *fields: FieldInfo, required: bool = False) -> FieldInfo:
    return FieldInfo(name, ARRAY, required=required, nullable=False, read_only=True, fields=fields)


ADDRESS_FIELDS = (
    _id("id"),
    _text("title", 32),
    _text("firstname", 128, sample="Pat"),
    _text("lastname", 128, sample="Lee"),
    _text("phone", 32, sample="+15125550100"),
    _text("street", 255, "The shop's single street line.", "1 Main St, Suite 9"),
    _text("street1", 255, "Derived: the line before a suite or line break.", "1 Main St"),
    _text("street2", 255, "Derived: suite, apartment or second line.", "Suite 9"),
    _text("zipcode", 32, sample="78701"),
    _text("city", 255, sample="Austin"),
    _text("country_code", 2, "Two letters, ISO 3166.", "US"),
    _id("state", "The shop's own number; means nothing elsewhere."),
    _text("state_name", 64, sample="Texas"),
    FieldInfo(
        "state_code",
        TEXT,
        help="Derived from name and country; empty where the name is not known.",
        max_length=3,
        read_only=True,
        sample="TX",
    ),
    _text("company", 255, "Derived from the custom field.", "Lee Ltd"),
    _text("type", 1, "R residential, C commercial."),
    _flag("is_billing"),
    _flag("is_shipping"),
    _array("custom_fields", _text("name"), _text("value")),
)

SURCHARGE_FIELDS = (
    _id("id", nullable=False),
    _text("type", 16, "tax, discount, shipping or handling."),
    _text("code", 32, sample="SHIPPING"),
    _text("name", 255),
    _flag("include"),
    _flag("available"),
    _money("value", "Discounts are negative."),
)

ITEM_FIELDS = (
    _id("id", nullable=False),
    _id("product_id"),
    _id("variant"),
    _text("sku", 32, sample="A50-HALO"),
    _text("name", 255, sample="Halo pendant"),
    _money("price", "Unit price.", sample="59.99"),
    _money("item_net_price", "Unit price without tax that the price includes.", sample="59.99"),
    FieldInfo(
        "amount",
        INTEGER,
        help="Quantity; also called quantity.",
        nullable=False,
        minimum=0,
        read_only=True,
        sample="2",
    ),
    FieldInfo("backordered_amount", INTEGER, nullable=False, read_only=True),
    _money("discounted_subtotal", "Line after discounts.", sample="119.98"),
    _money("net_unit_price", "Derived: after discounts, without included tax.", places=4, sample="59.9900"),
    _money("net_amount", "Derived: the line after discounts, without included tax.", sample="119.98"),
    _moment("update_date"),
    _array("surcharges", *SURCHARGE_FIELDS),
)

PAYMENT_FIELDS = (
    _id("id", nullable=False),
    _text("public_id", 40, "What the shop's staff see."),
    _text("public_txn_id", 16),
    _id("method_id"),
    _text("type", 16, "auth, sale, capture, refund and others."),
    _text("status", 1, "S success, I, P, W in progress, F failed, C cancelled, V void."),
    _moment("date"),
    _money("value"),
    _text("currency", 3),
    _text("name", 255, "The payment method.", "Credit card"),
    _text("note"),
    _array(
        "backend_transactions",
        _id("id", nullable=False),
        _text("type", 16),
        _moment("date"),
        _text("status", 1),
        _money("value"),
    ),
)

ORDER = EntitySchema(
    "x_cart",
    Kind.ORDER,
    "Order",
    (
        _id("id", "Also called order_id and orderid.", nullable=False, sample="5012"),
        _text("order_number", 255, "The number people see.", "1043"),
        _money("total", "Also called total_amount.", sample="134.47"),
        _money("sub_total", "Items before order surcharges.", sample="119.98"),
        _text("currency", 3, sample="USD"),
        _text("email", 128, sample="pat@example.com"),
        _id("customer_id", "Empty for guests and removed accounts.", sample="77"),
        _id("order_profile_id", "A frozen copy made for this order; not the customer."),
        _moment("create_date", nullable=False),
        _moment("update_date", nullable=False),
        _text(
            "status", 16, "Derived: Queued, Processing, Shipped, Delivered, Returned, Refunded, Cancelled."
        ),
        _text("status_pair", 64, "Derived: payment and shipping status together.", "Paid|New"),
        _object("payment_status", _text("code", 4, PAYMENT_CODES, "P"), _text("name", 255, sample="Paid")),
        _object("shipping_status", _text("code", 4, SHIPPING_CODES, "N"), _text("name", 255, sample="New")),
        _id("shipping_id"),
        _text("shipping_method_name", 255, sample="Courier"),
        _text("payment_method", 255, "Derived; also called paymentmethodname.", "Credit card"),
        _text("customer_name", 255, "Derived: billing first and last name.", "Pat Lee"),
        _text("company", 255, "Derived: company of the billing address."),
        _money("tax_amount", "Derived: sum of tax, included tax too.", sample="9.49"),
        _money("shipping_cost", "Derived: sum of shipping.", sample="5.00"),
        _money("handling_cost", "Derived: sum of handling fees."),
        _money("discount_amount", "Derived: sum of discounts, negative; most of it is in the lines already."),
        _money(
            "discount_beyond_lines", "Derived: what of the discounts the lines do not hold.", sample="0.00"
        ),
        _money("money_moved", "Derived: paid and captured minus refunded."),
        _object("billing_address", *ADDRESS_FIELDS, nullable=True),
        _object("shipping_address", *ADDRESS_FIELDS, nullable=True),
        _array("items", *ITEM_FIELDS, required=True),
        _array("surcharges", *SURCHARGE_FIELDS),
        _array("tracking_numbers", _id("id", nullable=False), _moment("date"), _text("value", 255)),
        _array("used_coupons", _text("code", 16), _text("type", 1)),
        _array("payment_transactions", *PAYMENT_FIELDS),
        _text("notes"),
        _text("admin_notes"),
        _text("stock_status", 16),
    ),
    writes=(
        FieldInfo("order_id", TEXT, nullable=False, max_length=20, sample="5012"),
        FieldInfo("payment_status", TEXT, help=PAYMENT_CODES, max_length=4, sample="P"),
        FieldInfo("shipping_status", TEXT, help=SHIPPING_CODES, max_length=4, sample="P"),
        FieldInfo(
            "only_from_shipping_status", ARRAY, help="Codes from which alone the shipping status moves."
        ),
    ),
)

PRODUCT = EntitySchema(
    "x_cart",
    Kind.PRODUCT,
    "Product",
    (
        _id("id", nullable=False, sample="40"),
        _text("sku", 32, sample="A50-HALO"),
        _text("name", 255, sample="Halo pendant"),
        _text("description"),
        _text("brief_description"),
        _money("price", places=4, sample="59.99"),
        _money("weight", places=4),
        _money("width", places=4),
        _money("length", places=4),
        _money("height", places=4),
        FieldInfo("amount", INTEGER, help="Stock on hand.", nullable=False, minimum=0, read_only=True),
        _flag("enabled"),
        _flag("taxable"),
        _flag("free_shipping"),
        _flag("separate_box"),
        _flag("inventory_traceable"),
        _text("clean_url", 255),
        _array("images", _id("id"), _text("url"), _text("alt", 255)),
        _text("meta_title"),
        _text("meta_description"),
        _moment("create_date"),
        _moment("update_date"),
        _moment("arrival_date"),
    ),
    writes=PRODUCT_WRITES,
)

CUSTOMER = EntitySchema(
    "x_cart",
    Kind.CUSTOMER,
    "Profile",
    (
        _id("id", "Also called customer_id.", nullable=False, sample="77"),
        _text("login", 128, "The e-mail address.", "pat@example.com"),
        _text("status", 1, "E enabled, D disabled."),
        _text("status_comment"),
        _text("language", 8),
        _id("membership_id"),
        _moment("create_date", "Also called registered_date."),
        _text("firstname", 128, "Derived from the address book."),
        _text("lastname", 128, "Derived from the address book."),
        _text("customer_name", 255, "Derived."),
        _text("phone", 32, "Derived from the address book."),
        _text("company", 255, "Derived from the address book."),
        _array("addresses", *ADDRESS_FIELDS),
        _object("billing_address", *ADDRESS_FIELDS, nullable=True),
    ),
    writes=CUSTOMER_WRITES,
)

PAYMENT = EntitySchema(
    "x_cart",
    Kind.PAYMENT,
    "Payment",
    (
        _id("id", "Order, transaction and the step below it.", nullable=False, sample="5012/701/9001"),
        _text("reference", 60, "What the shop's staff see; with the step's number below it.", "1043-QX7A"),
        _id("order_id", nullable=False, sample="5012"),
        _text("order_number", 255, sample="1043"),
        _id("customer_id", "Empty for guests.", sample="77"),
        _text("email", 128, sample="pat@example.com"),
        _id("transaction_id", nullable=False, sample="701"),
        _text("public_txn_id", 16),
        _id("method_id"),
        _text("payment_method", 255, sample="Credit card"),
        _text("movement", 16, "Derived: authorised, captured, refunded or voided.", "captured"),
        _text("type", 16, "auth, sale, capture, refund and others."),
        _text("status", 1, "S success, I, P, W in progress, F failed, C cancelled, V void."),
        _flag("is_successful"),
        _moment("date"),
        _text("currency", 3, sample="USD"),
        _money("amount", sample="134.47"),
        _money("money_moved", "Derived: what came in; below zero for a refund; 0 unless successful."),
        _text("note"),
    ),
)

COUPON = EntitySchema(
    "x_cart",
    Kind.COUPON,
    "Coupon",
    (
        _id("id", nullable=False, sample="9"),
        _text("code", 16, sample="SPRING10"),
        _flag("enabled"),
        _money("value", "Percent or money, see type.", places=4, sample="10"),
        _text("type", 1, "% of the order, $ off, S free shipping."),
        _text("comment"),
        _moment("date_range_begin"),
        _moment("date_range_end"),
        _money("total_range_begin", "Smallest order total.", places=4),
        _money("total_range_end", "Largest order total; 0 = none.", places=4),
        FieldInfo("uses_limit", INTEGER, nullable=False, read_only=True),
        FieldInfo("uses_limit_per_user", INTEGER, nullable=False, read_only=True),
        _flag("single_use"),
        _flag("specific_products"),
    ),
    writes=COUPON_WRITES,
)

CATEGORY = EntitySchema(
    "x_cart",
    Kind.CATEGORY,
    "Category",
    (
        _id("id", nullable=False, sample="4"),
        _text("name", 255, sample="Lamps"),
        _id("parent_id", "Empty at the top."),
        _flag("enabled"),
        FieldInfo("position", INTEGER, nullable=False, read_only=True),
        _text("clean_url", 255),
        _text("description"),
    ),
    writes=CATEGORY_WRITES,
)

RETURN = EntitySchema(
    "x_cart",
    Kind.RETURN,
    "Return",
    (
        _id("id", nullable=False, sample="3"),
        _id("order_id", nullable=False, sample="5012"),
        _text("order_number", 255, sample="1043"),
        _text("status", 1, "I issued, C completed, D declined."),
        _text("status_name", 16, "Derived."),
        _moment("date"),
        _text("reason", 255, sample="Damaged item"),
        _text("action", 255, "replacement, repair or credit.", "credit"),
        _text("comment"),
        _array(
            "items",
            _id("item_id", "The line of the order.", nullable=False, sample="8801"),
            _text("sku", 32, sample="A50-HALO"),
            _text("name", 255),
            FieldInfo("amount", INTEGER, nullable=False, minimum=0, read_only=True, sample="1"),
            required=True,
        ),
    ),
    writes=RETURN_WRITES,
)

INVENTORY = EntitySchema(
    "x_cart",
    Kind.INVENTORY,
    "Stock amount",
    (
        FieldInfo(
            "product_id",
            TEXT,
            help='"40", or "40/143" for a variant; else the SKU is looked up.',
            max_length=41,
        ),
        FieldInfo("sku", TEXT, max_length=32, sample="A50-HALO"),
        FieldInfo(
            "amount",
            INTEGER,
            help="Stock on hand; fractions are rounded down.",
            required=True,
            nullable=False,
            minimum=0,
            sample="37",
        ),
    ),
)

SHIPMENT = EntitySchema(
    "x_cart",
    Kind.SHIPMENT,
    "Shipping status and tracking",
    (
        FieldInfo("order_id", TEXT, required=True, nullable=False, max_length=20, sample="5012"),
        FieldInfo(
            "tracking_numbers",
            ARRAY,
            help="Written with the companion add-on only.",
            nullable=False,
            fields=(
                FieldInfo(
                    "value", TEXT, required=True, nullable=False, max_length=255, sample="1Z999AA10123456784"
                ),
                FieldInfo("carrier", TEXT, max_length=64, sample="UPS"),
            ),
        ),
        FieldInfo("shipping_status", TEXT, help=SHIPPING_CODES, max_length=4, sample="S"),
    ),
)

SCHEMAS = {
    schema.kind: schema
    for schema in (ORDER, PRODUCT, CUSTOMER, PAYMENT, INVENTORY, SHIPMENT, COUPON, CATEGORY, RETURN)
}
