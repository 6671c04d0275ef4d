"""The contract suite on Sage 500 and its simulator."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from integrations.connectors.base import WriteRequest
from integrations.connectors.systems.sage_500.changes import PAGE_SIZE
from integrations.kinds import Kind, Record
from tests.contract.suite import ContractSuite, Stand

PASSWORD = "sage-sandbox-password"
ORDER_STEP = 2201000
LAST_SLICE = "EXEC spSOapiSalesOrdIns? slice 2"
PROCEDURES = {
    "proc_customer": "spARapiCustomerIns", "proc_cash_receipt": "spARapiCashReceiptIns",
    "proc_journal": "spGLapiJournalIns", "proc_item": "spIMapiItemIns", "proc_return": "spSOapiRMAIns",
}  # fmt: skip
STEPS = "customer=2201010, receipt=2201020, journal=2201030, item=2201040, return=2201050"


class SageStand(Stand):
    system = "sage_500"
    options = ("--password", PASSWORD)
    read_kind = Kind.ORDER
    page_size = PAGE_SIZE
    write_match = LAST_SLICE
    """The slice that commits."""
    fetch_match = "SQL SELECT? SELECT so.SOKey"
    list_match = f"SQL SELECT? SELECT TOP {PAGE_SIZE} t.SOKey"
    encryption = "require"
    _written = 0

    def values(self) -> dict[str, Any]:
        state = self.simulator.control("GET", "state")
        return {
            "sql_host": "127.0.0.1",
            "sql_port": state["tds_port"],
            "sql_database": "mas500_app",
            "sql_user": "connect",
            "sql_password": PASSWORD,
            "sql_encrypt": self.encryption,
            "sql_certificate": state["certificate"],
            "company_id": "ABC",
            "erp_user_id": "connect",
            "warehouse_ids": "MAIN, RETAIL",
            "setup_step_key": ORDER_STEP,
            "setup_steps": STEPS,
            "tracking_view": "tsoPackage",
            "tracking_column": "ShipTrackNo",
            "purchase_order_view": "vdvConnectPurchaseOrder",
            "query_timeout_s": 2,
            "operation_timeout_s": 2,
            **PROCEDURES,
        }

    def bad_values(self) -> dict[str, Any]:
        return {**self.values(), "sql_password": "wrong-password"}

    def nowhere(self) -> dict[str, Any]:
        return {**self.values(), "sql_port": 9}

    def revoke(self) -> None:
        self.simulator.control("POST", "settings", {"password": "another-sandbox-password"})

    def appear(self, count: int = 1) -> list[str]:
        return list(self.simulator.control("POST", "orders", {"count": count})["keys"])

    def appear_with_text(self, text: str) -> tuple[str, str]:
        # The column holds 50 characters of the database's code page; the rest is a question mark there already.
        kept = text.strip()[:50].strip()
        placed = self.simulator.control("POST", "orders", {"TranCmnt": kept})
        return placed["keys"][0], kept.encode("cp1252", "replace").decode("cp1252")

    def text_of(self, record: Record) -> str:
        return str(record.fields["TranCmnt"])

    def appear_with_amounts(self) -> tuple[str, Mapping[str, Decimal]]:
        lines = [
            {"ItemID": "BLB-E27-4W", "QtyOrd": 3, "UnitPrice": "0.1"},
            {"ItemID": "CBL-TXT-3M", "QtyOrd": 1, "UnitPrice": "19.99"},
        ]
        placed = self.simulator.control("POST", "orders", {"lines": lines, "FreightAmt": "0.10"})
        return placed["keys"][0], {
            "TranAmt": Decimal("20.39"),
            "SalesAmt": Decimal("20.29"),
            "FreightAmt": Decimal("0.10"),
            "Lines.0.UnitPrice": Decimal("0.1"),
            "Lines.0.ExtAmt": Decimal("0.30"),
            "Lines.0.QtyOrd": Decimal(3),
        }

    def freeze(self, moment: datetime | None) -> None:
        self.simulator.control("POST", "settings", {"frozen_at": moment.timestamp() if moment else None})

    def add_unknown_fields(self) -> None:
        """Nothing to do: every statement names its columns."""

    def write_request(self) -> WriteRequest:
        type(self)._written += 1
        fields = {
            "CustID": "ACME",
            "FreightAmt": Decimal("10.00"),
            "TranAmt": Decimal("69.99"),
            "Lines": [{"ItemID": "A50-HALO", "QtyOrd": 1, "UnitPrice": Decimal("59.99")}],
        }
        return WriteRequest(Kind.ORDER, fields, reference=f"XC-{1000 + self._written}")

    def effects(self, request: WriteRequest) -> int:
        return len(self.simulator.control("GET", f"orders?reference={request.reference}"))

    def find_arguments(self, request: WriteRequest) -> dict[str, Any]:
        return {"reference": request.reference, "hint": request.fields}


class OpenStand(SageStand):
    """The same without encryption, as inside a tunnel."""

    options = (*SageStand.options, "--encryption", "off")
    encryption = "off"


class TestSageContract(ContractSuite):
    stand_class = SageStand


class TestSageContractWithoutEncryption(ContractSuite):
    stand_class = OpenStand
