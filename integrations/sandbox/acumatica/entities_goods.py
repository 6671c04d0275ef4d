"""Items, their quantities and purchase orders of endpoint Default: the part of the table that is about goods.

Stock items and inquiries [documented]; fields of non-stock items and purchase orders as the vendor's public C# client
for 24.200.001 names them. Put into the whole table by ``entities``.
"""

from integrations.sandbox.acumatica.entity import Entity

_STOCK_ITEM = Entity(
    "S InventoryID Description ItemClass ItemStatus ItemType BaseUOM SalesUOM PurchaseUOM PostingClass TaxCategory"
    " PriceClass LotSerialClass DefaultWarehouseID ValuationMethod Content ImageUrl WeightUOM VolumeUOM CountryOfOrigin"
    " TariffCode TemplateItemID Availability Visibility CustomURL PageTitle MetaDescription MetaKeywords SearchKeywords"
    " D DefaultPrice MSRP CurySpecificPrice CurySpecificMSRP LastCost AverageCost CurrentStdCost DimensionWeight"
    " DimensionVolume B IsAKit ExportToExternal PackSeparately T LastModified LastModifiedDateTime G NoteID",
    "Stock Items (IN202500)",
    ("InventoryID",),
    "PX.Objects.IN.InventoryItemMaint",
    details={
        "Attributes": "Attribute",
        "Categories": "CategoryStockItem",
        "CrossReferences": "CrossReference",
        "WarehouseDetails": "StockItemWarehouseDetail",
    },
    computed=frozenset(("LastCost", "AverageCost", "LastModified", "LastModifiedDateTime", "NoteID")),
    modified="LastModified",
)

_NON_STOCK_ITEM = Entity(
    "S InventoryID Description ItemClass ItemStatus ItemType BaseUnit SalesUnit PurchaseUnit PostingClass TaxCategory"
    " PriceClass WeightUOM VolumeUOM D DefaultPrice CurrentCost LastCost PendingCost Weight Volume B IsAKit"
    " RequireReceipt RequireShipment T EffectiveDate LastModifiedDateTime",
    "Non-Stock Items (IN202000)",
    ("InventoryID",),
    "PX.Objects.IN.NonStockItemMaint",
    details={"Attributes": "Attribute", "CrossReferences": "CrossReference"},
    computed=frozenset(("LastCost", "LastModifiedDateTime")),
    modified="LastModifiedDateTime",
)

_PURCHASE_ORDER = Entity(
    "S Type OrderNbr Status VendorID VendorRef VendorTaxZone Location Branch BaseCurrencyID CurrencyID Description Owner"
    " Project Terms D ControlTotal LineTotal OrderTotal TaxTotal CurrencyRate B Hold IsTaxValid T Date PromisedOn"
    " LastModifiedDateTime",
    "Purchase Orders (PO301000)",
    ("Type", "OrderNbr"),
    "PX.Objects.PO.POOrderEntry",
    details={"Details": "PurchaseOrderDetail"},
    computed=frozenset(("Status", "LineTotal", "OrderTotal", "TaxTotal", "LastModifiedDateTime")),
    modified="LastModifiedDateTime",
)

GOODS_PARTS = {
    "PurchaseOrderDetail": Entity(
        "S InventoryID LineDescription LineType UOM WarehouseID Subitem AlternateID BranchID TaxCategory"
        " OrderType OrderNbr I LineNbr D OrderQty OrderedQty QtyOnReceipts UnitCost ExtendedCost"
        " ReceivedAmount B Cancelled Completed T Promised Requested",
        keys=("LineNbr",),
    ),
}

GOODS: dict[str, Entity] = {
    "InventoryQuantityAvailable": Entity(
        "S InventoryID T LastModifiedDateTime",
        "Inventory Quantity Available (SO640590)",
        graph="PX.Objects.SO.QuantityAvailable",
        details={"Results": "StorageDetail"},
        is_inquiry=True,
    ),
    "InventorySummaryInquiry": Entity(
        "S InventoryID WarehouseID LocationID Subitem B ExpandByLotSerialNbr",
        "Inventory Summary (IN401000)",
        graph="PX.Objects.IN.InventorySummaryEnq",
        details={"Results": "InventorySummaryRow"},
        is_inquiry=True,
    ),
    "StorageDetailsInquiry": Entity(
        "S WarehouseID InventoryID",
        "Storage Details (IN408050)",
        graph="PX.Objects.IN.StorageDetailsEnq",
        details={"StorageDetails": "StorageDetail"},
        is_inquiry=True,
    ),
    "NonStockItem": _NON_STOCK_ITEM,
    "PurchaseOrder": _PURCHASE_ORDER,
    "StockItem": _STOCK_ITEM,
}
