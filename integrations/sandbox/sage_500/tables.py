"""The declared tables and views of the company database: ``tables.sql`` and the views over it."""

from pathlib import Path

from integrations.sandbox.tds.declarations import Table, read_tables
from integrations.sandbox.tds.queries import declare_view

STAGING = (
    "StgSalesOrder",
    "StgSOLine",
    "StgCustomer",
    "StgCashReceipt",
    "StgGLJournal",
    "StgItem",
    "StgRMA",
    "StgRMALine",
)
_WRITTEN_BY_CALLERS = (
    "tsmCompanySetup",
    "tsmMigrateSession",
    "tsmMigrateStepParamValue",
    "tdmMigrationLogWrk",
)
GRANTED_WRITES = frozenset(name.lower() for name in STAGING + _WRITTEN_BY_CALLERS)
"""What the integration's login may write; base tables are the procedures' alone."""

_VIEWS = {
    # Columns of the published views; the joins are ours.
    "vdvShipmentLine": """
        SELECT l.SOKey, sl.ItemKey, s.TranDate AS ShipDate, d.ShipDate AS SchdShipDate, sd.QtyShipped, so.UserFld1
        FROM tsoShipment s JOIN tsoShipLine sl ON sl.ShipKey = s.ShipKey
        JOIN tsoShipLineDist sd ON sd.ShipLineKey = sl.ShipLineKey
        JOIN tsoSOLine l ON l.SOLineKey = sl.SOLineKey
        JOIN tsoSOLineDist d ON d.SOLineDistKey = sd.SOLineDistKey
        JOIN tsoSalesOrder so ON so.SOKey = l.SOKey WHERE s.TranType = 810""",
    "vdvCustomerReturn": """
        SELECT so.SOKey, so.TranNo, so.TranID, so.CustKey, so.UserFld1, so.TranDate, so.Status, l.ItemKey,
        d.QtyRtrnCredit, d.QtyRtrnReplacement
        FROM tsoSalesOrder so JOIN tsoSOLine l ON l.SOKey = so.SOKey
        JOIN tsoSOLineDist d ON d.SOLineKey = l.SOLineKey WHERE so.TranType = 835""",
    # (ours) what a site would build where it needs tracking numbers.
    "vdvShipmentTracking": """
        SELECT DISTINCT l.SOKey, s.ShipKey, s.TranID, p.ShipTrackNo, m.ShipMethID
        FROM tsoPackage p JOIN tsoShipment s ON s.ShipKey = p.ShipKey
        JOIN tsoShipLine sl ON sl.ShipKey = s.ShipKey JOIN tsoSOLine l ON l.SOLineKey = sl.SOLineKey
        LEFT JOIN tciShipMethod m ON m.ShipMethKey = s.ShipMethKey""",
    # (ours) what a site would build where it lets purchase orders be read: a row for each line.
    "vdvConnectPurchaseOrder": """
        SELECT o.CompanyID, o.TranNo AS PurchaseOrderNo, o.VendID AS VendorID, o.TranDate AS OrderDate,
        CASE o.Status WHEN 1 THEN 'Open' ELSE 'Closed' END AS Status, l.POLineNo AS LineNumber,
        i.ItemID, l.QtyOrd AS QtyOrdered, l.QtyRcvd AS QtyReceived, l.UnitCost, l.PromiseDate
        FROM tpoPurchOrder o JOIN tpoPOLine l ON l.POKey = o.POKey LEFT JOIN timItem i ON i.ItemKey = l.ItemKey""",
}


def declared_tables() -> list[Table]:
    """Return all tables and views of a company database."""
    tables = read_tables(Path(__file__).with_name("tables.sql").read_text(encoding="utf-8"))
    views = [declare_view(name, text, tables) for name, text in _VIEWS.items()]
    return tables + views
