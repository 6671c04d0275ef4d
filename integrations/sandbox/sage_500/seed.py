"""What a fresh simulated company holds: the shared catalogue, customers, two warehouses, codes, periods, accounts."""

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from integrations.sandbox.core.catalogue import CATALOGUE
from integrations.sandbox.sage_500.keys import next_key
from integrations.sandbox.tds.records import Records

COMPANY = "ABC"
SETUP_STEPS = (
    (2200900, "AP pending voucher", "spAPapiAPPendInvoiceIns"),
    (2201000, "SO sales order", "spSOapiSalesOrdIns"),
    (2201010, "AR customer", "spARapiCustomerIns"),
    (2201020, "AR cash receipt", "spARapiCashReceiptIns"),
    (2201030, "GL journal", "spGLapiJournalIns"),
    (2201040, "IM item", "spIMapiItemIns"),
    (2201050, "SO return", "spSOapiRMAIns"),
)
"""Import types of this tenant; only the first number is published, the others are ours."""

STRINGS = {
    100463: "The module is not active.",
    110067: "The record already exists.",
    160228: "The company is not valid.",
    211078: "The header row is missing for this line.",
    240074: "The value must be positive.",
    250970: "A closed sales order cannot be updated.",
    250972: "A sales order with activity cannot be canceled.",
}
WAREHOUSES = (("MAIN", "Main warehouse"), ("RETAIL", "Shop in Austin"))
UNIT = 1
FIRST_WAREHOUSE_KEY = 3
FIRST_BIN_KEY = 12
QUARANTINE_STOCK = 4
RETAIL_STOCK = 6

CUSTOMERS: tuple[dict[str, str], ...] = (
    {"CustID": "ACME", "CustName": "Acme Ltd", "AddrLine1": "1 Main St", "City": "Austin", "StateID": "TX",
     "CountryID": "USA", "PostalCode": "78701", "EMailAddr": "pat@example.com"},
    {"CustID": "ECOM", "CustName": "Web shop guests", "AddrLine1": "1 Main St", "City": "Austin", "StateID": "TX",
     "CountryID": "USA", "PostalCode": "78701", "EMailAddr": "guests@example.com"},
    {"CustID": "LUMEN", "CustName": "Lumen & Söhne GmbH", "AddrLine1": "Lindenstraße 4", "City": "Köln",
     "CountryID": "DEU", "PostalCode": "50674", "EMailAddr": "einkauf@lumen.example"},
    {"CustID": "CLOSED", "CustName": "Closed Lamps Inc", "EMailAddr": "closed@example.com", "Status": "2"},
)  # fmt: skip


def seed(records: Records, without: Collection[str] = ()) -> None:
    """Fill empty tables. ``without`` names catalogue articles this company does not carry."""
    _codes(records)
    for customer in CUSTOMERS:
        add_customer(records, customer)
    for article in CATALOGUE:
        if article.sku not in without:
            add_item(records, {"ItemID": article.sku, "ShortDesc": article.name, "StdPrice": article.price,
                               "StdUnitCost": article.cost, "stock": article.stock})  # fmt: skip


def _codes(records: Records) -> None:
    records.insert("tsmCompany", {"CompanyID": COMPANY, "CompanyName": "Northern Lights", "CurrID": "USD"})
    records.insert(
        "tsmCompanySetup",
        {
            "CompanyID": COMPANY,
            "MigrateSourceSystem": 0,
            "MigrateLinkKey": None,
            "MigrateSourceVersionNo": "Any",
        },
    )
    for key, text, procedure in SETUP_STEPS:
        records.insert("tsmSetupStep", {"SetupStepKey": key, "StepDesc": text, "ProcName": procedure})
    for number, text in STRINGS.items():
        records.insert("tsmLocalString", {"StringNo": number, "LanguageID": 1033, "LocalText": text})
    for key, code in enumerate(("GROUND", "AIR", "PICKUP", "LOCAL"), 1):
        row = {"ShipMethKey": key, "CompanyID": COMPANY, "ShipMethID": code, "ShipMethDesc": code.title()}
        records.insert("tciShipMethod", row)
    for key, code in enumerate(("N30", "CC", "PAYPAL", "COD"), 1):
        row = {"PmtTermsKey": key, "CompanyID": COMPANY, "PmtTermsID": code, "Description": code}
        records.insert("tciPaymentTerms", row)
    for key, code in enumerate(("EA", "CS"), UNIT):
        records.insert("tciUnitMeasure", {"UnitMeasKey": key, "CompanyID": COMPANY, "UnitMeasID": code})
    for key, code in enumerate(("WHOLESALE", "RETAIL", "WEB"), 1):
        records.insert("tarCustClass", {"CustClassKey": key, "CompanyID": COMPANY, "CustClassID": code})
    accounts = ("1010-00-00", "1020-00-00", "1100-00-00", "4000-00-00", "4900-00-00", "9999-00-00")
    for key, account in enumerate(accounts, 1):
        row = {"GLAcctKey": key, "CompanyID": COMPANY, "GLAcctNo": account, "Status": 1}
        records.insert("tglAccount", row)
    _warehouses(records)
    _periods(records)


def _warehouses(records: Records) -> None:
    for number, (code, text) in enumerate(WAREHOUSES):
        key = FIRST_WAREHOUSE_KEY + number
        records.insert(
            "timWarehouse", {"WhseKey": key, "CompanyID": COMPANY, "WhseID": code, "Description": text}
        )
        bins = (("STOCK", 0), ("QUARANTINE", 1)) if number == 0 else (("STOCK", 0),)
        for place, (name, is_excluded) in enumerate(bins):
            row = {
                "WhseBinKey": FIRST_BIN_KEY + number * 2 + place,
                "WhseKey": key,
                "WhseBinID": name,
                "Type": 1,
            }
            records.insert("timWhseBin", row | {"ExclFromAvail": is_excluded})


def _periods(records: Records) -> None:
    """Open the months of 2025 to 2027 and close 2024."""
    for year in range(2024, 2028):
        for month in range(1, 13):
            start = datetime(year, month, 1)  # noqa: DTZ001  SQL Server's datetime knows no zone
            end = datetime(year + month // 12, month % 12 + 1, 1) - timedelta(days=1)  # noqa: DTZ001
            row = {
                "CompanyID": COMPANY,
                "FiscYear": str(year),
                "FiscPer": month,
                "StartDate": start,
                "EndDate": end,
            }
            records.insert("tglFiscalPeriod", row | {"Status": 2 if year == 2024 else 1})


def stamps(records: Records, user: str = "admin", create_type: int = 7) -> dict[str, Any]:
    """Return the audit columns of a new row; CreateType 7 = migrate."""
    now = records.now
    return {"CreateDate": now, "CreateType": create_type, "CreateUserID": user, "UpdateDate": now,
            "UpdateCounter": 1, "UpdateUserID": user}  # fmt: skip


def add_address(records: Records, given: Mapping[str, Any]) -> int:
    """Insert an address from whatever address columns are given and return its key."""
    names = (
        "AddrName",
        "AddrLine1",
        "AddrLine2",
        "AddrLine3",
        "AddrLine4",
        "AddrLine5",
        "City",
        "StateID",
        "CountryID",
    )
    key = next_key(records, "tciAddress")
    row = {name: given.get(name) for name in (*names, "PostalCode", "Phone")}
    records.insert("tciAddress", {"AddrKey": key, **row})
    return key


def add_customer(records: Records, given: Mapping[str, Any], user: str = "admin") -> int:
    """Insert a customer with its address and contact and return its key. Raises SqlError 2627."""
    key = next_key(records, "tarCustomer")
    address = add_address(records, {"AddrName": given.get("CustName"), **given})
    contact = next_key(records, "tciContact")
    records.insert("tciContact", {"CntctKey": contact, "CntctOwnerKey": key, "EMailAddr": given.get("EMailAddr"),
                                  "Name": given.get("ContactName"), "Phone": given.get("Phone")})  # fmt: skip
    extra = ("CreditLimit", "CRMCustID", "CustRefNo", "UserFld1", "UserFld2")
    records.insert(
        "tarCustomer",
        {"CustKey": key, "CompanyID": COMPANY, "CustID": given["CustID"], "CustName": given.get("CustName"),
         "Status": int(given.get("Status", 1)), "Hold": int(given.get("Hold", 0)),
         "CustClassKey": given.get("CustClassKey", 2), "PrimaryAddrKey": address, "DfltBillToAddrKey": address,
         "DfltShipToAddrKey": address, "PrimaryCntctKey": contact, "DateEstab": records.now,
         **{name: given.get(name) for name in extra}, **stamps(records, user)},
    )  # fmt: skip
    records.insert(
        "tarCustAddr",
        {"AddrKey": address, "CustKey": key, "CustAddrID": given["CustID"], "CurrID": given.get("CurrID") or "USD",
         "PmtTermsKey": given.get("PmtTermsKey", 1), "ShipMethKey": given.get("ShipMethKey", 1),
         "WhseKey": FIRST_WAREHOUSE_KEY},
    )  # fmt: skip
    return key


def add_item(records: Records, given: Mapping[str, Any], user: str = "admin") -> int:
    """Insert an item with its bins and return its key; ``stock`` lies in the first warehouse. Raises SqlError 2627."""
    key = next_key(records, "timItem")
    audit = stamps(records, user)
    row = {name: audit[name] for name in ("CreateDate", "UpdateDate", "UpdateCounter", "UpdateUserID")}
    records.insert(
        "timItem",
        {"ItemKey": key, "CompanyID": COMPANY, "ItemID": given["ItemID"], "ItemType": 5, "Status": 1,
         "StockUnitMeasKey": UNIT, "SalesUnitMeasKey": UNIT, "StdPrice": given.get("StdPrice"),
         "StdUnitCost": given.get("StdUnitCost"), **row},
    )  # fmt: skip
    texts = {"ShortDesc": given.get("ShortDesc"), "LongDesc": given.get("LongDesc") or given.get("ShortDesc")}
    records.insert("timItemDescription", {"ItemKey": key, **texts})
    is_halo = given["ItemID"] == CATALOGUE[0].sku
    promised = 2 if is_halo else 0
    counts = [(Decimal(str(given.get("stock", 0))) + promised, promised), (QUARANTINE_STOCK if is_halo else 0, 0),
              (RETAIL_STOCK if is_halo else 0, 0)]  # fmt: skip
    for place, (on_hand, taken) in enumerate(counts):
        bin_row = {
            "WhseBinKey": FIRST_BIN_KEY + place,
            "ItemKey": key,
            "QtyOnHand": on_hand,
            "PendQtyDecrease": taken,
        }
        records.insert("timWhseBinInvt", bin_row)
    for number in range(len(WAREHOUSES)):
        records.insert("timInventory", {"ItemKey": key, "WhseKey": FIRST_WAREHOUSE_KEY + number})
    return key
