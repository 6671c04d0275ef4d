"""The fields of a sales order (SO301000) in endpoint Default/24.200.001: what mapping offers and checks against.

The names customers read in our promises (``OrderDate``, ``CustomerOrderNbr``, ``FinancialSettings.TaxTotal`` and
others) stand beside the wire's names; ``aliases`` resolves them.
"""

from integrations.connectors.systems.acumatica.fields import (
    ADDRESS,
    CUSTOM,
    DOC_CONTACT,
    NOTE,
    RECORD_ID,
    day,
    flag,
    linked,
    moment,
    number,
    rows,
    text,
    whole,
)

RETURN_TYPE = "RC"
"""The order type that is our kind *return*; all other types are orders."""

ORDER_LINE = (
    RECORD_ID,
    text("InventoryID", 30, "Item", required=True, nullable=False, sample="A50-HALO"),
    number("OrderQty", "Quantity", 6, required=True, nullable=False, minimum=0, sample="2"),
    number("UnitPrice", "Unit price", 6, sample="59.99", help="Kept only together with ManualPrice."),
    flag("ManualPrice", "Price as given", help="Acumatica prices the line itself where this is not set."),
    number("DiscountAmount", "Discount", help="Kept only together with ManualDiscount."),
    number("DiscountPercent", "Discount, percent", 6),
    flag("ManualDiscount", "Discount as given"),
    flag("FreeItem", "Free item"),
    text("LineDescription", 256, "Description"),
    text("UOM", 6, "Unit", sample="EA", help="Left out: the item's sales unit."),
    text("WarehouseID", 30, "Warehouse", help="Left out: the connection's, else the item's own."),
    text("TaxCategory", 10, "Tax category"),
    text("ReasonCode", 20, "Reason"),
    text("Operation", 20, "Operation", help="Issue or Receipt."),
    text("InvoiceType", 20, "Original invoice type", help="On returns: Invoice."),
    text("InvoiceNbr", 15, "Original invoice", help="On returns."),
    text("ExternalRef", 40, "External reference", help="Lines of a changed order are found by it."),
    text("CustomerOrderNbr", 40, "Customer order number"),
    text("AlternateID", 50, "Alternate item number"),
    text("GiftMessage", 200, "Gift message"),
    text("ProjectTask", 30, "Project task"),
    day("RequestedOn", "Requested"),
    day("ShipOn", "To ship on"),
    whole("LineNbr", "Line", read_only=True),
    number("Amount", "Line amount", read_only=True, sample="119.98"),
    number("LineAmt", "Line amount", read_only=True, help="The same as Amount."),
    number("ExtendedPrice", "Before discount", read_only=True),
    number("DiscountedUnitPrice", "Unit price after discount", 6, read_only=True),
    number("OpenQty", "Quantity still to ship", 6, read_only=True),
    number("QtyOnShipments", "Quantity on shipments", 6, read_only=True),
    flag("Completed", "Completed", read_only=True),
    NOTE,
)

ORDER_PAYMENT = (
    RECORD_ID,
    text("DocType", 20, "Type", sample="Prepayment", help="Prepayment, Payment or Refund."),
    text("ReferenceNbr", 15, "Payment number", read_only=True),
    text("PaymentMethod", 10, "Payment method", required=True, nullable=False, sample="CREDITCARD"),
    text("CashAccount", 10, "Cash account", required=True, nullable=False, sample="10250"),
    text("PaymentRef", 40, "Payment reference", sample="QX7A"),
    text("ExternalRef", 40, "External reference", sample="xcart:pay:701"),
    number("PaymentAmount", "Amount", required=True, nullable=False, sample="134.47"),
    number("AppliedToOrder", "Applied to the order", sample="134.47"),
    text("Description", 256, "Description"),
    text("ProcessingCenterID", 10, "Processing centre"),
    text("OrigTransactionNbr", 50, "Original transaction", help="Of a card refund."),
    flag("Hold", "On hold"),
    flag("Refund", "Is a refund"),
    flag("ValidateCCRefundOrigTransaction", "Check the original transaction"),
    number("Balance", "Balance", read_only=True),
    text("Status", 20, "Status", read_only=True),
)

TAX_ROW = (
    RECORD_ID,
    text("TaxID", 60, "Tax", required=True, nullable=False, sample="TXTAX"),
    number("TaxRate", "Rate", 6),
    number("TaxableAmount", "Taxable amount"),
    number("TaxAmount", "Tax", sample="9.49"),
)

ORDER_SHIPMENT = (
    text("ShipmentNbr", 15, "Shipment"),
    text("ShipmentType", 20, "Type"),
    text("Status", 20, "Status"),
    text("InvoiceType", 20, "Invoice type"),
    text("InvoiceNbr", 15, "Invoice"),
    number("ShippedQty", "Shipped quantity", 6),
    day("ShipmentDate", "Shipped on"),
)

SHIPPING = (
    text("ShipVia", 15, "Ship via"),
    text("ShippingTerms", 10, "Shipping terms"),
    text("ShippingZone", 15, "Shipping zone"),
    flag("OverrideFreightPrice", "Freight as given", help="Set by itself where a freight price is mapped."),
    number("FreightPrice", "Freight", sample="5.00"),
    number("FreightCost", "Freight cost"),
    number("PremiumFreight", "Further freight"),
    day("ScheduledShipmentDate", "To ship on"),
    day("CancelByDate", "Cancel by"),
    flag("ShipSeparately", "Ship separately"),
    flag("SaturdayDelivery", "Saturday delivery"),
    flag("ResidentialDelivery", "Residential delivery"),
    flag("Insurance", "Insured"),
    linked(
        "ShipToAddress", *ADDRESS, label="Ship-to address", help="The same as ShipToAddress of the order."
    ),
)

FINANCIAL = (
    text("Branch", 30, "Branch"),
    text("Terms", 10, "Terms"),
    text("CustomerTaxZone", 10, "Tax zone"),
    flag("OverrideTaxZone", "Tax zone as given"),
    text("EntityUsageType", 30, "Entity usage"),
    text("InvoiceNbr", 15, "Invoice", read_only=True),
    text("CurrencyID", 5, "Currency", help="The same as CurrencyID of the order."),
    number("TaxTotal", "Tax", help="The same as TaxTotal of the order."),
    number("FreightAmt", "Freight", help="The same as ShippingSettings.FreightPrice."),
)

TOTALS = (
    number("LineTotalAmount", "Lines", read_only=True),
    number("DiscountTotal", "Discounts", read_only=True),
    number("TaxTotal", "Tax", read_only=True),
    number("Freight", "Freight", read_only=True),
    number("UnbilledAmount", "Not yet invoiced", read_only=True),
    number("UnpaidBalance", "Unpaid", read_only=True),
)

_COMPUTED = (
    text(
        "order_key",
        18,
        "Order key",
        nullable=False,
        read_only=True,
        sample="SO/000073",
        help="Type and number.",
    ),
    text("OrderNbr", 15, "Order number", nullable=False, read_only=True, sample="000073"),
    text(
        "Status",
        30,
        "Status",
        nullable=False,
        read_only=True,
        sample="Open",
        help="Label, as Acumatica shows it.",
    ),
    number("OrderedQty", "Quantity", 6, read_only=True),
    number("ControlTotal", "Control total", read_only=True),
    flag("Approved", "Approved", read_only=True),
    flag("CreditHold", "On credit hold", read_only=True),
    moment("CreatedDate", "Created", read_only=True),
    moment("LastModified", "Last changed", read_only=True),
)

ORDER_FIELDS = (
    RECORD_ID,
    text("OrderType", 2, "Order type", sample="SO", help="Left out: the connection's order type."),
    text("CustomerID", 30, "Customer", required=True, nullable=False, sample="C1165"),
    text(
        "CustomerOrder", 40, "Customer order number", sample="XC-1043", help="Our reference is written here."
    ),
    text("CustomerOrderNbr", 40, "Customer order number", help="The same as CustomerOrder."),
    text("ExternalRef", 40, "External reference", sample="xcart:5012", help="Orders are found again by it."),
    day("Date", "Order date", sample="2026-03-02"),
    day("OrderDate", "Order date", help="The same as Date."),
    day("RequestedOn", "Requested"),
    flag("Hold", "On hold", help="No = released; Acumatica has no other way to release."),
    flag("Cancelled", "Cancelled", help="Ours: yes runs the action Cancel Order."),
    text("CurrencyID", 5, "Currency", sample="USD"),
    number("CurrencyRate", "Currency rate", 8),
    text("LocationID", 30, "Location", sample="MAIN"),
    text("Branch", 30, "Branch"),
    text("Project", 30, "Project"),
    text("ShipVia", 15, "Ship via", sample="GROUND"),
    text("PreferredWarehouseID", 30, "Preferred warehouse"),
    text("PaymentMethod", 10, "Payment method"),
    text("CashAccount", 10, "Cash account"),
    text("PaymentRef", 40, "Payment reference"),
    text("Description", 256, "Description"),
    text("ExternalOrderOrigin", 50, "Origin"),
    text("ExternalOrderSource", 50, "Source"),
    flag("WillCall", "Pickup"),
    flag("DisableAutomaticTaxCalculation", "No tax calculation"),
    flag("DisableAutomaticDiscountUpdate", "No automatic discounts"),
    flag("IsTaxValid", "Tax as given"),
    number("TaxTotal", "Tax", sample="9.49", help="Written as one tax row of the connection's tax."),
    number(
        "OrderTotal",
        "Order total",
        sample="134.47",
        help="Not stored: compared with what is sent, and read back.",
    ),
    flag(
        "ShipToAddressOverride", "Ship-to address as given", help="Set by itself where an address is mapped."
    ),
    linked("ShipToAddress", *ADDRESS, label="Ship-to address"),
    flag("ShipToContactOverride", "Ship-to contact as given"),
    linked("ShipToContact", *DOC_CONTACT, label="Ship-to contact"),
    flag("BillToAddressOverride", "Bill-to address as given"),
    linked("BillToAddress", *ADDRESS, label="Bill-to address"),
    flag("BillToContactOverride", "Bill-to contact as given"),
    linked("BillToContact", *DOC_CONTACT, label="Bill-to contact"),
    linked("ShippingSettings", *SHIPPING, label="Shipping"),
    linked("FinancialSettings", *FINANCIAL, label="Financial"),
    linked("Totals", *TOTALS, label="Totals", read_only=True),
    rows("Details", *ORDER_LINE, label="Lines", required=True, nullable=False),
    rows("TaxDetails", *TAX_ROW, label="Taxes"),
    rows("Payments", *ORDER_PAYMENT, label="Payments"),
    rows("Shipments", *ORDER_SHIPMENT, label="Shipments", read_only=True),
    *_COMPUTED,
    NOTE,
    CUSTOM,
)
