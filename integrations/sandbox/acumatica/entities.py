"""The entities of endpoint Default that the simulator serves: fields with types, parts, keys and actions [documented].

Everything else is made from this one table: envelopes, ``$select`` checks, the OpenAPI description, ignored fields.
"""

from integrations.sandbox.acumatica.entities_goods import GOODS, GOODS_PARTS
from integrations.sandbox.acumatica.entity import Entity

_SHIP_ACTION = "T ShipmentDate S WarehouseID"

_PARTS = {
    "Address": Entity("S AddressLine1 AddressLine2 City State PostalCode Country B Validated"),
    "DocContact": Entity("S Attention BusinessName Email Phone1"),
    "Contact": Entity(
        "S Email Phone1 FirstName LastName CompanyName Attention JobTitle", linked={"Address": "Address"}
    ),
    "ShippingSettings": Entity(
        "S ShipVia ShippingTerms ShippingZone ShippingRule FOBPoint PreferredWarehouseID FreightTaxCategory"
        " T ScheduledShipmentDate CancelByDate B ShipSeparately SaturdayDelivery ResidentialDelivery Insurance"
        " GroundCollect UseCustomersAccount OverrideFreightPrice FreightCostIsuptodate D FreightPrice FreightCost"
        " PremiumFreight OrderWeight OrderVolume PackageWeight I Priority"
    ),
    "FinancialSettings": Entity(
        "S Branch Terms CustomerTaxZone EntityUsageType InvoiceNbr OriginalOrderType OriginalOrderNbr Owner PostPeriod"
        " T CashDiscountDate DueDate InvoiceDate B BillSeparately OverrideTaxZone"
    ),
    "Totals": Entity(
        "D LineTotalAmount MiscTotalAmount DiscountTotal TaxTotal Freight FreightCost PremiumFreight UnbilledAmount"
        " UnbilledQty UnpaidBalance OrderWeight OrderVolume PackageWeight B OverrideFreightAmount"
    ),
    "SalesOrderDetail": Entity(
        "S InventoryID LineDescription WarehouseID UOM Location Subitem AlternateID LineType Operation ShippingRule"
        " TaxCategory TaxZone ReasonCode DiscountCode InvoiceType InvoiceNbr LotSerialNbr CustomerOrderNbr ExternalRef"
        " Branch Account SalespersonID ProjectTask GiftMessage LastModifiedDate I LineNbr InvoiceLineNbr"
        " D OrderQty UnitPrice Amount ExtendedPrice DiscountAmount DiscountPercent DiscountedUnitPrice OpenQty"
        " QtyOnShipments UnbilledAmount UnitCost AverageCost B FreeItem ManualDiscount ManualPrice Completed MarkForPO"
        " AutoCreateIssue Commissionable CalculateDiscountsOnImport T RequestedOn ShipOn SchedOrderDate G NoteID",
        keys=("LineNbr",),
        computed=frozenset(
            [
                "Amount",
                "ExtendedPrice",
                "DiscountedUnitPrice",
                "OpenQty",
                "QtyOnShipments",
                "UnbilledAmount",
                "Completed",
                "LastModifiedDate",
            ]
        ),
    ),
    "TaxDetail": Entity(
        "S TaxID TaxType CustomerTaxZone D TaxRate TaxableAmount TaxAmount I LineNbr RecordID"
    ),
    "SalesOrderPayment": Entity(
        "S DocType ReferenceNbr PaymentMethod PaymentRef ExternalRef CashAccount Currency Status CardAccountNbr"
        " ProcessingCenterID OrigTransactionNbr Description D PaymentAmount AppliedToOrder Balance TransferredtoInvoice"
        " B Hold Authorize Capture Refund SaveCard ValidateCCRefundOrigTransaction T ApplicationDate"
        " LastModifiedDateTime",
        computed=frozenset(("ReferenceNbr", "Status", "Balance")),
    ),
    "SalesOrderShipment": Entity(
        "S ShipmentNbr ShipmentType Status InvoiceType InvoiceNbr InventoryDocType InventoryRefNbr"
        " D ShippedQty ShippedWeight ShippedVolume T ShipmentDate LastModifiedDateTime"
    ),
    "ShipmentDetail": Entity(
        "S OrderType OrderNbr InventoryID Description WarehouseID LocationID UOM LotSerialNbr ReasonCode"
        " I OrderLineNbr LineNbr T ExpirationDate B FreeItem D ShippedQty OrderedQty OpenQty OriginalQty",
        keys=("LineNbr",),
    ),
    "ShipmentOrderDetail": Entity(
        "S OrderType OrderNbr ShipmentType ShipmentNbr InvoiceType InvoiceNbr InventoryDocType InventoryRefNbr"
        " D ShippedQty"
    ),
    "ShipmentPackage": Entity(
        "S BoxID Type Description TrackingNbr UOM CustomRefNbr1 CustomRefNbr2 B Confirmed D Weight DeclaredValue"
        " CODAmount Length Width Height I LineNbr G NoteID",
        keys=("LineNbr",),
    ),
    "StockItemWarehouseDetail": Entity("S WarehouseID Status DefaultIssueLocationID D QtyOnHand B IsDefault"),
    "Attribute": Entity("S AttributeID AttributeDescription Value ValueDescription B Required IsActive"),
    "CategoryStockItem": Entity("I CategoryID"),
    "CrossReference": Entity("S AlternateType AlternateID VendorOrCustomer UOM Description"),
    "InventorySummaryRow": Entity(
        "S WarehouseID LocationID Subitem LotSerialNbr BaseUOM D QtyOnHand QtyAvailable QtyAvailableForShipment"
        " QtyNotAvailable EstimatedUnitCost EstimatedTotalCost T ExpirationDate"
    ),
    "StorageDetail": Entity(
        "S InventoryID WarehouseID Description D QtyOnHand QtyAvailable QtyAvailableforIssue QtyHardAvailable"
        " T LastModifiedDateofWarehouseQty"
    ),
    "PaymentOrderDetail": Entity("S OrderType OrderNbr D AppliedToOrder"),
    "PaymentDetail": Entity(
        "S DocType ReferenceNbr CustomerOrder Description WriteOffReasonCode I DocLineNbr"
        " D AmountPaid CashDiscountTaken BalanceWriteOff"
    ),
    "PaymentApplicationHistory": Entity("S DisplayDocType DisplayRefNbr D AmountPaid"),
    "SalesInvoiceDetail": Entity(
        "S InventoryID OrderType OrderNbr ShipmentNbr OrigInvType OrigInvNbr TransactionDescr I OrderLineNbr"
        " OrigInvLineNbr LineNbr D Qty UnitPrice Amount",
        keys=("LineNbr",),
    ),
    "JournalTransactionDetail": Entity(
        "S Account Subaccount BranchID Description TransactionDescription ReferenceNbr UOM Project ProjectTask CostCode"
        " VendorOrCustomer I LineNbr D DebitAmount CreditAmount Qty B IsNonPM NonBillable",
        keys=("LineNbr",),
    ),
}

_SALES_ORDER = Entity(
    "S OrderType OrderNbr CustomerID CustomerOrder ExternalRef T Date RequestedOn EffectiveDate S Status B Hold"
    " S CurrencyID D CurrencyRate S LocationID Branch Project ShipVia PreferredWarehouseID PaymentMethod CashAccount"
    " PaymentRef Description TaxCalcMode ContactID DestinationWarehouseID BaseCurrencyID CurrencyRateTypeID"
    " ExternalOrderOrigin ExternalOrderSource ExternalRefundRef D OrderTotal TaxTotal OrderedQty ControlTotal"
    " VATExemptTotal VATTaxableTotal MaxRiskScore ReciprocalRate B ShipToAddressOverride BillToAddressOverride"
    " ShipToContactOverride BillToContactOverride IsTaxValid DisableAutomaticTaxCalculation"
    " DisableAutomaticDiscountUpdate Approved CreditHold WillCall ExternalOrderOriginal"
    " T CreatedDate LastModified G NoteID",
    "Sales Orders (SO301000)",
    ("OrderType", "OrderNbr"),
    "PX.Objects.SO.SOOrderEntry",
    linked={
        "BillToAddress": "Address",
        "BillToContact": "DocContact",
        "ShipToAddress": "Address",
        "ShipToContact": "DocContact",
        "ShippingSettings": "ShippingSettings",
        "FinancialSettings": "FinancialSettings",
        "Totals": "Totals",
    },
    details={
        "Details": "SalesOrderDetail",
        "TaxDetails": "TaxDetail",
        "Payments": "SalesOrderPayment",
        "Shipments": "SalesOrderShipment",
    },
    actions={
        "CancelSalesOrder": "",
        "ReopenSalesOrder": "",
        "OpenSalesOrder": "",
        "PrepareSalesInvoice": "",
        "ReleaseFromCreditHoldSalesOrder": "",
        "SalesOrderCreateShipment": _SHIP_ACTION,
        "SalesOrderCreateReceipt": _SHIP_ACTION,
        "AutoRecalculateDiscounts": "",
    },
    computed=frozenset(
        [
            "OrderTotal",
            "TaxTotal",
            "OrderedQty",
            "ControlTotal",
            "Status",
            "Approved",
            "CreditHold",
            "CreatedDate",
            "LastModified",
            "NoteID",
            "VATExemptTotal",
            "VATTaxableTotal",
        ]
    ),
    modified="LastModified",
)

_CUSTOMER = Entity(
    "S CustomerID CustomerName CustomerClass Status Email CurrencyID Terms TaxZone PriceClassID ShipVia ShippingTerms"
    " ShippingRule ShippingZoneID ShippingBranch WarehouseID LocationName StatementCycleID StatementType ParentRecord"
    " AccountRef TaxRegistrationID TaxExemptionNumber EntityUsageType CustomerCategory FOBPoint D CreditLimit"
    " WriteOffLimit I BAccountID PrimaryContactID B IsGuestCustomer BillingAddressOverride BillingContactOverride"
    " ShippingAddressOverride ShippingContactOverride PrintInvoices SendInvoicesbyEmail EnableCurrencyOverride"
    " T CreatedDateTime LastModifiedDateTime G NoteID",
    "Customers (AR303000)",
    ("CustomerID",),
    "PX.Objects.AR.CustomerMaint",
    linked={
        "MainContact": "Contact",
        "PrimaryContact": "Contact",
        "BillingContact": "Contact",
        "ShippingContact": "Contact",
    },
    details={"Attributes": "Attribute"},
    computed=frozenset(("BAccountID", "CreatedDateTime", "LastModifiedDateTime", "NoteID")),
    modified="LastModifiedDateTime",
)

_SHIPMENT = Entity(
    "S ShipmentNbr Type Status CustomerID LocationID WarehouseID ToWarehouseID Operation ShipVia ShippingTerms"
    " ShippingZoneID FOBPoint Description FreightCurrencyID Owner D ShippedQty ShippedWeight ShippedVolume ControlQty"
    " PackageWeight FreightPrice FreightCost B Hold Picked Insurance GroundCollect ResidentialDelivery SaturdayDelivery"
    " OverrideFreightPrice UseCustomersAccount UnlimitedPackages I PackageCount T ShipmentDate CreatedDateTime"
    " LastModifiedDateTime EffectiveDate G NoteID",
    "Shipments (SO302000)",
    ("ShipmentNbr",),
    "PX.Objects.SO.SOShipmentEntry",
    details={"Details": "ShipmentDetail", "Orders": "ShipmentOrderDetail", "Packages": "ShipmentPackage"},
    actions={"ConfirmShipment": "", "CorrectShipment": "", "UpdateIN": "", "PrepareInvoice": ""},
    computed=frozenset(
        ("ShipmentNbr", "Status", "ShippedQty", "LastModifiedDateTime", "CreatedDateTime", "NoteID")
    ),
    modified="LastModifiedDateTime",
)

_PAYMENT = Entity(
    "S Type ReferenceNbr Status CustomerID CustomerLocationID Branch BranchID CashAccount CurrencyID PaymentMethod"
    " PaymentRef ExternalRef Description ProcessingCenterID OrigTransaction D PaymentAmount AppliedToDocuments"
    " AppliedToOrders AvailableBalance B Hold IsCCPayment IsNewCard SaveCard I CardAccountNbr T ApplicationDate"
    " LastModifiedDateTime G NoteID",
    "Payments and Applications (AR302000)",
    ("Type", "ReferenceNbr"),
    "PX.Objects.AR.ARPaymentEntry",
    details={
        "DocumentsToApply": "PaymentDetail",
        "OrdersToApply": "PaymentOrderDetail",
        "ApplicationHistory": "PaymentApplicationHistory",
    },
    actions={"ReleasePayment": "", "VoidPayment": "", "CaptureCreditCardPayment": ""},
    computed=frozenset(("Status", "AppliedToDocuments", "AppliedToOrders", "AvailableBalance", "NoteID")),
    modified="LastModifiedDateTime",
)

_SALES_INVOICE = Entity(
    "S Type ReferenceNbr Status CustomerID CustomerOrder ExternalRef Currency Description D Amount Balance TaxTotal"
    " PaymentTotal B Hold T Date DueDate LastModifiedDateTime G NoteID",
    "Invoices (SO303000)",
    ("Type", "ReferenceNbr"),
    "PX.Objects.SO.SOInvoiceEntry",
    details={"Details": "SalesInvoiceDetail"},
    actions={"ReleaseSalesInvoice": ""},
    computed=frozenset(("Status", "Amount", "Balance", "TaxTotal", "LastModifiedDateTime", "NoteID")),
    modified="LastModifiedDateTime",
)

_JOURNAL = Entity(
    "S Module BatchNbr Status PostPeriod LedgerID BranchID CurrencyID Description B Hold T TransactionDate"
    " CreatedDateTime LastModifiedDateTime G NoteID",
    "Journal Transactions (GL301000)",
    ("Module", "BatchNbr"),
    "PX.Objects.GL.JournalEntry",
    details={"Details": "JournalTransactionDetail"},
    actions={"ReleaseJournalTransaction": ""},
    computed=frozenset(("Status", "BatchNbr", "CreatedDateTime", "LastModifiedDateTime", "NoteID")),
    modified="LastModifiedDateTime",
)

ENTITIES: dict[str, Entity] = {
    **GOODS,
    "Customer": _CUSTOMER,
    "JournalTransaction": _JOURNAL,
    "Payment": _PAYMENT,
    "PaymentMethod": Entity(
        "S PaymentMethodID Description B Active", "Payment Methods (CA204000)", ("PaymentMethodID",)
    ),
    "SalesInvoice": _SALES_INVOICE,
    "SalesOrder": _SALES_ORDER,
    "Shipment": _SHIPMENT,
    "ShipVia": Entity(
        "S CarrierID Description CalculationMethod Calendar B CommonCarrier",
        "Ship Via Codes (CS207500)",
        ("CarrierID",),
    ),
    "Tax": Entity("S TaxID Description TaxType", "Taxes (TX205000)", ("TaxID",)),
    "Warehouse": Entity("S WarehouseID Description B Active", "Warehouses (IN204000)", ("WarehouseID",)),
}

TYPES: dict[str, Entity] = {**_PARTS, **GOODS_PARTS, **ENTITIES}

LENGTHS = {
    **dict.fromkeys(("OrderNbr", "ShipmentNbr", "ReferenceNbr", "BatchNbr", "ShipVia"), 15),
    **dict.fromkeys(("CustomerID", "InventoryID", "WarehouseID", "Project"), 30),
    **dict.fromkeys(("CustomerOrder", "ExternalRef", "PaymentRef", "CustomerOrderNbr"), 40),
    **dict.fromkeys(("AddressLine1", "AddressLine2", "City", "State", "Phone1"), 50),
    **dict.fromkeys(("Terms", "TaxZone", "TaxCategory", "PaymentMethod", "CashAccount"), 10),
    **dict.fromkeys(("Email", "Attention", "BusinessName", "CustomerName"), 255),
    **dict.fromkeys(("Description", "LineDescription"), 256),
    "OrderType": 2,
    "UOM": 6,
    "CurrencyID": 5,
    "PostalCode": 20,
    "Country": 2,
}
"""Longest texts [inferred]; a longer one is a field error."""

SCALES = {
    **dict.fromkeys(
        [
            "OrderQty",
            "OpenQty",
            "QtyOnShipments",
            "ShippedQty",
            "OrderedQty",
            "UnitPrice",
            "DiscountedUnitPrice",
            "QtyOnHand",
            "QtyAvailable",
            "QtyAvailableForShipment",
            "QtyAvailableforIssue",
            "QtyHardAvailable",
            "DefaultPrice",
            "MSRP",
            "Weight",
            "Qty",
            "UnitCost",
            "DimensionWeight",
            "LastCost",
            "Volume",
            "QtyOnReceipts",
        ],
        6,
    )
}
"""Database scale of numbers; amounts have 4 places."""
