"""The field table of the v1 contract: every kind with types, lengths and enums, as read and as written.

Normalising, discovery, mapping and its proof all read this one table, so that a correction by the vendor is a change
of this file. Fields marked derived are added by ``normalise``. Ids are int64 on the wire and texts here.
"""

from integrations.connectors.systems.clarity_ecommerce.fields import (
    array,
    flag,
    ident,
    may,
    may_number,
    moment,
    must,
    number,
    object_of,
    text,
    word,
)
from integrations.kinds import EntitySchema, FieldInfo, FieldType, Kind

SYSTEM = "clarity_ecommerce"

TEXT, DECIMAL = FieldType.TEXT, FieldType.DECIMAL
BOOLEAN, MOMENT, OBJECT, ARRAY = FieldType.BOOLEAN, FieldType.DATETIME, FieldType.OBJECT, FieldType.ARRAY

ORDER_STATUSES = (
    "Pending", "On Hold", "Confirmed", "Backordered", "Split", "Partial Payment Received", "Full Payment Received",
    "Processing", "Shipped", "Shipped from Vendor", "Ready for Pickup", "Completed", "Void",
)  # fmt: skip
"""In the platform's sort order. Sites may add statuses, so no field restricts its values to these."""

RETURN_STATUSES = ("requested", "approved", "received", "refunded", "closed", "rejected")
PAYMENT_TYPES = ("sale", "authorization", "capture", "refund", "void")
PAYMENT_STATUSES = ("pending", "captured", "partially_refunded", "refunded", "failed", "void")
COUPON_TYPES = ("percent", "amount", "free_shipping")


ADDRESS_FIELDS = (
    text("firstName", 50, sample="Pat"),
    text("lastName", 50, sample="Lee"),
    text("company", 100, sample="Acme"),
    text("street1", 100, sample="1 Main St"),
    text("street2", 100),
    text("street3", 100),
    text("city", 60, sample="Austin"),
    text("region", 10, "ISO 3166-2 without the country: TX.", "TX"),
    text("postalCode", 20, sample="78701"),
    text("country", 2, "Two letters, ISO 3166.", "US"),
    text("phone", 40),
    text("email", 254, sample="pat@example.com"),
)

TOTALS_FIELDS = (
    number("subTotal", "Sum of quantity times unit price.", sample="119.98"),
    number("shipping", sample="5.00"),
    number("handling"),
    number("fees"),
    number("discounts", "Line and order discounts together, positive.", minimum=0),
    number("tax", sample="9.49"),
    number("total", sample="134.47"),
)

LINE_FIELDS = (
    ident("lineId", sample="1"),
    text("sku", 64, sample="A50-HALO"),
    text("name", 255, sample="Headset"),
    number("quantity", minimum=0, sample="2"),
    number("unitPrice", sample="59.99"),
    number("discount", "Of the whole line.", minimum=0),
    number("tax", sample="9.49"),
    text("uom", 10, sample="EA"),
)

PAYMENT_INFO_FIELDS = (
    text("method", 50, sample="Credit Card"),
    text("status", 50, "pending, captured, partially_refunded, refunded, failed, void."),
    text("transactionId", 64),
    number("amount"),
    text("last4", 4),
)

SHIPMENT_LINE_FIELDS = (ident("lineId", sample="1"), number("quantity", minimum=0, sample="2"))

SHIPMENT_FIELDS = (
    ident("shipmentId", sample="881"),
    ident("orderId", sample="20417"),
    text("trackingNumber", 64, sample="1Z999AA10123456784"),
    text("carrier", 50, sample="UPS"),
    text("method", 100, sample="Ground"),
    moment("shipDate"),
    moment("estimatedDeliveryDate", nullable=True),
    text("externalRef", 64, "Unique per order: the ERP's shipment.", "SL:0060:000412"),
    array("lines", *SHIPMENT_LINE_FIELDS),
    moment("modifiedDate"),
)

ATTRIBUTES = object_of(
    "attributes",
    may("erpOrderNumber", 255, "The order's number in the ERP.", "O0000124"),
    may("erpInvoiceNumber", 255, "The number of its invoice in the ERP.", "070001"),
    may("erpInvoiceDate", 255, "The day of that invoice.", "2026-03-04"),
    may("erpProject", 255, "The project that the ERP books it on.", "LIGHT-26"),
    help="Up to 64 custom values; discovery adds those in use.",
)

ORDER = EntitySchema(
    SYSTEM,
    Kind.ORDER,
    "Order",
    (
        ident("orderId", sample="20417"),
        text("orderNumber", 30, "The number people see.", "W-20417"),
        ident("customerId", "Empty for a guest.", nullable=True, sample="311"),
        text("customerKey", 50, "The customer's number in the ERP, where known.", "ACME01"),
        moment("orderDate"),
        moment("modifiedDate"),
        text("status", 50, "There is no Cancelled: it is Void. Sites may add statuses.", "Confirmed"),
        text("currency", 3, sample="USD"),
        text("purchaseOrderNumber", 50, sample="PO-77"),
        object_of("totals", *TOTALS_FIELDS),
        number("totalAmount", "Equals totals.total.", sample="134.47"),
        text("shippingMethod", 100, sample="UPS Ground"),
        object_of("shippingAddress", *ADDRESS_FIELDS, nullable=True),
        object_of("billingAddress", *ADDRESS_FIELDS, nullable=True),
        array("lineItems", *LINE_FIELDS, required=True),
        object_of("paymentInfo", *PAYMENT_INFO_FIELDS, nullable=True),
        array("coupons", text("code", 40), number("amount")),
        array("shipments", *SHIPMENT_FIELDS),
        ATTRIBUTES,
        text("notes", 2000),
        object_of("shipTo", *ADDRESS_FIELDS, help="Derived: the shipping address, else the billing one."),
        object_of("billTo", *ADDRESS_FIELDS, help="Derived: the billing address, else the shipping one."),
        text(
            "email",
            254,
            "Derived: of the billing or shipping address, else the customer's.",
            "pat@example.com",
        ),
        text("customerName", 101, "Derived: first and last name of the billing address.", "Pat Lee"),
        text("company", 100, "Derived: of the billing or shipping address.", "Acme"),
        number("handlingAndFees", "Derived: totals.handling plus totals.fees."),
        text("couponCodes", None, "Derived: the codes of the coupons, with commas.", "SPRING10"),
    ),
    writes=(
        must("orderId", 20, sample="20417"),
        may(
            "status", 50, "Moved only where it is legal; the same status again changes nothing.", "Processing"
        ),
        may("note", 2000, "Goes with the status."),
        FieldInfo("onlyFromStatus", ARRAY, help="Statuses from which alone the status moves; others stay."),
        ATTRIBUTES,
    ),
)

_PRODUCT_WRITABLE = (
    text("name", 255, sample="Headset"),
    text("description", 65_536),
    text("shortDescription", 1000),
    number("price", minimum=0, sample="59.99"),
    text("currency", 3, sample="USD"),
    text("uom", 10, sample="EA"),
    number("weight", minimum=0),
    text("weightUom", 5),
    flag("isVisible"),
    flag("isTaxable"),
    flag("isDiscontinued"),
    flag("allowBackOrder"),
    text("taxCode", 20),
    text("manufacturerPartNumber", 64),
)
_CATEGORY_IDS = FieldInfo("categoryIds", ARRAY, help="Ids of categories.", nullable=False)
_PRODUCT_ATTRIBUTES = object_of("attributes", help="Custom values; discovery adds those in use.")

PRODUCT = EntitySchema(
    SYSTEM,
    Kind.PRODUCT,
    "Product",
    (
        ident("productId", sample="40"),
        text("sku", 64, "Unique, whatever the letter case.", "A50-HALO"),
        *_PRODUCT_WRITABLE,
        _CATEGORY_IDS,
        _PRODUCT_ATTRIBUTES,
        number("quantity", "Sum over locations; written as inventory."),
        moment("modifiedDate"),
    ),
    writes=(
        must("sku", 64, "Not changed by an update.", "A50-HALO"),
        must("name", 255, sample="Headset"),
        FieldInfo("price", DECIMAL, required=True, nullable=False, places=4, minimum=0, sample="59.99"),
        may("description", 65_536),
        may("shortDescription", 1000),
        may("currency", 3, sample="USD"),
        may("uom", 10, sample="EA"),
        may_number("weight", minimum=0),
        may("weightUom", 5),
        *(
            FieldInfo(name, BOOLEAN)
            for name in ("isVisible", "isTaxable", "isDiscontinued", "allowBackOrder")
        ),
        may("taxCode", 20),
        may("manufacturerPartNumber", 64),
        FieldInfo("categoryIds", ARRAY, help="Ids of categories."),
        FieldInfo("attributes", OBJECT),
    ),
)

INVENTORY = EntitySchema(
    SYSTEM,
    Kind.INVENTORY,
    "Inventory",
    (
        text("sku", 64, sample="A50-HALO"),
        text("locationKey", 32, sample="MAIN"),
        number("quantity", "On hand.", minimum=0, sample="37"),
        number("quantityAllocated", "In orders that are not shipped."),
        number("quantityAvailable", "On hand less allocated."),
        moment("modifiedDate"),
    ),
    writes=(
        must("sku", 64, sample="A50-HALO"),
        may_number("quantity", "On hand at one location; absolute.", minimum=0),
        may("locationKey", 32, "Left out: the connection's location.", "MAIN"),
        FieldInfo(
            "rows",
            ARRAY,
            help="Instead of quantity: several locations at once; rows of one location are added up.",
            fields=(
                may("locationKey", 32, "Left out or empty: the connection's location.", "MAIN"),
                FieldInfo("quantity", DECIMAL, required=True, nullable=False, places=4, minimum=0),
            ),
        ),
    ),
)

_CUSTOMER_ADDRESS = (
    *ADDRESS_FIELDS,
    flag("isBilling"),
    flag("isShipping"),
    text("addressKey", 32),
)

CUSTOMER = EntitySchema(
    SYSTEM,
    Kind.CUSTOMER,
    "Customer",
    (
        ident("customerId", sample="311"),
        text("customerKey", 50, "The customer's number in the ERP.", "ACME01"),
        text("name", 128, sample="Acme"),
        text("email", 254, "Unique, in small letters.", "pat@example.com"),
        text("phone", 40),
        flag("isTaxable"),
        text("taxExemptionNo", 40),
        flag("isOnHold"),
        FieldInfo("creditLimit", DECIMAL, places=2),
        text("currency", 3, sample="USD"),
        text("termsCode", 20),
        array("addresses", *_CUSTOMER_ADDRESS),
        object_of("billingAddress", *ADDRESS_FIELDS, nullable=True, help="Derived: the billing one, else the first."),
        object_of("shippingAddress", *ADDRESS_FIELDS, nullable=True, help="Derived: the shipping one, else the first."),
        moment("modifiedDate"),
    ),
    writes=(
        may("customerKey", 50, "The customer's number in the ERP; unique.", "C300"),
        must("name", 128, sample="Acme"),
        must("email", 254, sample="pat@example.com"),
        may("phone", 40),
        FieldInfo("isTaxable", BOOLEAN),
        may("taxExemptionNo", 40),
        FieldInfo("isOnHold", BOOLEAN),
        may_number("creditLimit", places=2),
        may("currency", 3),
        may("termsCode", 20),
        FieldInfo(
            "addresses",
            ARRAY,
            help="Merged by addressKey: addresses that the shopper keeps beside these stay.",
            fields=(
                *(
                    must(one.name, one.max_length) if one.name in ("street1", "city", "country") else
                    may(one.name, one.max_length)
                    for one in ADDRESS_FIELDS
                ),
                FieldInfo("isBilling", BOOLEAN),
                FieldInfo("isShipping", BOOLEAN),
                must("addressKey", 32, sample="ERP-BILL"),
            ),
        ),
    ),
)  # fmt: skip

PAYMENT = EntitySchema(
    SYSTEM,
    Kind.PAYMENT,
    "Payment",
    (
        ident("paymentId", sample="7001"),
        ident("orderId", sample="20417"),
        number("amount", "A refund is negative.", sample="134.47"),
        text("currency", 3, sample="USD"),
        text("method", 50, sample="Credit Card"),
        word("type", PAYMENT_TYPES),
        word("status", PAYMENT_STATUSES),
        text("transactionId", 64),
        text("authCode", 20),
        text("last4", 4),
        moment("receivedDate"),
        moment("modifiedDate"),
    ),
)

SHIPMENT = EntitySchema(
    SYSTEM,
    Kind.SHIPMENT,
    "Shipment",
    SHIPMENT_FIELDS,
    writes=(
        must("orderId", 20, sample="20417"),
        must("externalRef", 64, "The ERP's shipment; found by it before anything is sent.", "S0000412"),
        must("carrier", 50, sample="UPS"),
        FieldInfo("shipDate", MOMENT, required=True, nullable=False),
        may("trackingNumber", 64, sample="1Z999AA10123456784"),
        FieldInfo(
            "trackingNumbers",
            ARRAY,
            help="Instead of trackingNumber: whole numbers, with commas, as far as 64 characters take them.",
            fields=(must("value", 64),),
        ),
        may("method", 100, sample="Ground"),
        FieldInfo("estimatedDeliveryDate", MOMENT),
        FieldInfo(
            "lines",
            ARRAY,
            required=True,
            nullable=False,
            fields=(
                may("lineId", 20, sample="1"),
                may("sku", 64, "Instead of lineId: the quantity is dealt out over the open lines.", "A50-HALO"),
                FieldInfo("quantity", DECIMAL, required=True, nullable=False, places=4, minimum=0, sample="2"),
            ),
        ),
    ),
)  # fmt: skip

RETURN = EntitySchema(
    SYSTEM,
    Kind.RETURN,
    "Return",
    (
        ident("returnId", sample="501"),
        text("returnNumber", 30, sample="R-501"),
        ident("orderId", sample="20417"),
        ident("customerId", nullable=True),
        word("status", RETURN_STATUSES),
        text("reason", 100),
        number("refundAmount", minimum=0),
        array(
            "lines",
            ident("lineId"),
            text("sku", 64),
            number("quantity", minimum=0),
            text("reason", 100),
            text("condition", 50),
        ),
        moment("createdDate"),
        moment("modifiedDate"),
        object_of("attributes"),
    ),
    writes=(
        may("returnId", 20),
        FieldInfo("status", TEXT, required=True, nullable=False, max_length=50, enum=RETURN_STATUSES),
        may("note", 2000),
    ),
)

COUPON = EntitySchema(
    SYSTEM,
    Kind.COUPON,
    "Coupon",
    (
        ident("couponId", sample="3"),
        text("code", 40, sample="SPRING10"),
        text("name", 128),
        word("type", COUPON_TYPES),
        number("value"),
        moment("startDate", nullable=True),
        moment("endDate", nullable=True),
        flag("isActive"),
        FieldInfo("usageLimit", FieldType.INTEGER, minimum=0),
        FieldInfo("usageLimitPerCustomer", FieldType.INTEGER, minimum=0),
        flag("combinable"),
    ),
)

CATEGORY = EntitySchema(
    SYSTEM,
    Kind.CATEGORY,
    "Category",
    (
        ident("categoryId", sample="5"),
        ident("parentId", nullable=True),
        text("name", 128, sample="Lamps"),
        text("seoUrl", 255),
        flag("isVisible"),
        FieldInfo("sort", FieldType.INTEGER, nullable=False),
        moment("modifiedDate"),
    ),
)

SCHEMAS = {
    schema.kind: schema
    for schema in (ORDER, PRODUCT, INVENTORY, CUSTOMER, PAYMENT, SHIPMENT, RETURN, COUPON, CATEGORY)
}
