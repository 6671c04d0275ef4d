"""Which services and operations the simulator offers, with parameters and results in the column notation.

The WSDL generator and the dispatcher read this table; ``integrations/sandbox/dynamics_sl/handlers`` functions
are found by ``service.operation``.
"""

from dataclasses import dataclass

from integrations.sandbox.dynamics_sl.columns import Column, parse_columns

CAPITAL = "http://www.catalinaTechnology.com/services/ctDynamicsSL"
"""Namespace of ``orders`` and ``customers`` (capital T)."""
SMALL = "http://www.catalinatechnology.com/services/ctDynamicsSL"
"""Namespace of the other 29 services; one constant for both breaks the client."""

PING = "pingType:s siteID:s siteKey:s licenseKey:s licenseName:s licenseExpiration:s softwareName:s"
_SEARCH_ADDRESS = (
    "ordNbr:s custID:s shipToID:s addr1:s addr2:s attn:s city:s country:s descr:s eMailAddr:s fax:s name:s"
    " phone:s shipViaID:s state:s taxID00:s taxID01:s taxID02:s taxID03:s taxLocID:s taxRegNbr:s zip:s"
    " parms:ArrayOfNameValuePairs"
)
_PAGED = "currentPageNumber:i pageSize:i parms:ArrayOfNameValuePairs"


@dataclass(frozen=True, slots=True)
class Operation:
    """One document/literal operation. ``result`` is a type code, empty where the response has no body."""

    name: str
    parameters: tuple[Column, ...]
    result: str
    has_header: bool = True


def _operation(name: str, parameters: str, result: str, *, has_header: bool = True) -> Operation:
    return Operation(name, parse_columns(parameters, {}), result, has_header)


_EVERY_SERVICE = (
    _operation("about", "", "s", has_header=False),
    _operation("ping", PING, "s", has_header=False),
)

_OPERATIONS: dict[str, tuple[Operation, ...]] = {
    "orders": (
        _operation("placeOrder", "inOrder:order", "order"),
        _operation("validateOrder", "inOrder:order", "order"),
        _operation("getOrder", "orderNumber:s", "order"),
        _operation(
            "getOrders",
            "actionType:s currentPageNumber:s pageSize:s ordersParams:s ordersSortBy:s",
            "DataSet",
        ),
        _operation("calculateOrderTotals", "inOrder:order updateBasket:b", "order"),
        _operation("adminHoldFlag", "ordNbr:s adminHoldFlag:b", ""),
        _operation("deleteLineItem", "ordNbr:s lineRef:s", "b"),
        _operation("getOrderTypes", "", "DataSet"),
        _operation("getShipVias", "", "DataSet"),
        _operation(
            "searchSOEvent",
            "lastEventOnly:b withShippersOnly:b startDate:t endDate:t ordNbr:s shipperID:s"
            " parms:ArrayOfNameValuePairs",
            "ArrayOfSOEvent",
        ),
        _operation("searchSOAddress", _SEARCH_ADDRESS, "ArrayOfSOAddress"),
    ),
    "customerMaintenance": (
        _operation("getCustomerByExactID", "custID:s", "CustomerV2"),
        _operation("getCustomersByID", "custID:s", "ArrayOfCustomerV2"),
        _operation("getCustomers", _PAGED, "ArrayOfCustomerV2"),
        _operation("getScreenByCustID", "custID:s", "screen"),
        _operation("editScreen", "actionType:s inScreen:screen", "screen"),
        _operation("getSOAddressesByID", "custID:s shipToID:s", "ArrayOfSOAddress"),
        _operation("editSOAddress", "actionType:s inItem:SOAddress", "SOAddress"),
    ),
    "inventoryItems": (
        _operation("getInventoryByExactID", "invtID:s", "Inventory"),
        _operation("getInventoryByID", "invtID:s", "ArrayOfInventory"),
        _operation("getInventoryADGByExactID", "invtID:s", "InventoryADG"),
        _operation("getItemPrice", "inItem:itemPrice parms:ArrayOfNameValuePairs", "itemPrice"),
        _operation("getScreenByInvtID", "invtID:s", "screen"),
        _operation("editScreen", "actionType:s inScreen:screen", "screen"),
    ),
    "inventoryIssues": (
        _operation("getWarehouseBinLocations", "siteID:s whseLoc:s invtID:s", "ArrayOfLocation"),
        _operation("editScreen", "actionType:s inScreen:screen", "screen"),
    ),
    "shippers": (
        _operation("getSOShipHeaders", "shipperID:s", "ArrayOfSOShipHeader"),
        _operation("getSOShipLines", "shipperID:s lineRef:s", "ArrayOfSOShipLine"),
        _operation("getScreenByShipperID", "shipperID:s", "screen"),
    ),
    "manifestEntry": (_operation("getSOShipPacks", "shipperID:s lineRef:s", "ArrayOfSOShipPack"),),
    "paymentEntry": (
        _operation("editScreen", "actionType:s inScreen:screen", "screen"),
        _operation("getScreenByBatNbr", "batNbr:s", "screen"),
    ),
    "journalTransactions": (
        _operation("editScreen", "actionType:s inScreen:screen", "screen"),
        _operation("getScreenByBatNbr", "batNbr:s", "screen"),
    ),
    "queue": (
        _operation("getDSLXMLs", _PAGED, "ArrayOfDSLXML"),
        # The type of its answer is not published: the entry [inferred].
        _operation("copyDSLXMLToLog", "xmlGUID:s logNote:s deleteSource:b", "DSLXML"),
    ),
    "quickQuery": (_operation("getScreen", "queryViewName:s filters:ArrayOfQueryFilter", "screen"),),
    "purchaseOrders": (
        _operation("getPurchaseOrder", "PONbr:s", "purchaseOrder"),
        _operation("saveNewPurchaseOrder", "oPurchOrd:purchaseOrder", "purchaseOrder"),
    ),
}

SERVICES: dict[str, dict[str, Operation]] = {
    service: {operation.name: operation for operation in (*_EVERY_SERVICE, *operations)}
    for service, operations in _OPERATIONS.items()
}


def namespace_of(service: str) -> str:
    """Return the namespace spelling of a service."""
    return CAPITAL if service in ("orders", "customers") else SMALL
