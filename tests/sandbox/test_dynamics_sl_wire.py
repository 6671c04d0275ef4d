"""The wire of the Dynamics SL simulator: namespaces, SOAP, WSDL, columns (systems/dynamics-sl.md, section 9, 1 to 4)."""

import pytest
import zeep
from lxml import etree
from zeep.transports import Transport

from integrations.sandbox.core.messages import Request
from integrations.sandbox.dynamics_sl.columns import find_type
from integrations.sandbox.dynamics_sl.handlers import HANDLERS
from integrations.sandbox.dynamics_sl.operations import CAPITAL, SERVICES, SMALL
from integrations.sandbox.dynamics_sl.store import TABLES
from tests.sandbox import sl_company
from tests.sandbox.sl_company import SOAP_12, Company, order_xml, text

company = sl_company.company


def test_1_two_namespaces_differ_by_letter_case_and_the_wrong_one_is_a_fault(company: Company) -> None:
    assert text(company.call("orders", "getOrder", "<orderNumber>X</orderNumber>"), "errorString") == ""
    assert "did not recognize" in company.fault("orders", "getOrder", namespace=SMALL)
    assert "did not recognize" in company.fault(
        "customerMaintenance", "getCustomerByExactID", namespace=CAPITAL
    )


def test_1_the_soap_action_is_checked(company: Company) -> None:
    assert "SOAPAction" in company.fault("orders", "getOrder", action="")
    assert "SOAPAction" in company.fault("orders", "getOrder", action=f"{CAPITAL}/placeNothing")
    assert "did not recognize" in company.fault("orders", "getOrder", action=f"{CAPITAL}/about")


def test_1_soap_1_2_is_spoken_too(company: Company) -> None:
    result = company.call("orders", "getOrder", "<orderNumber>X</orderNumber>", envelope=SOAP_12)
    assert etree.QName(result).localname == "getOrderResult"
    answer = company.send("orders", "getOrder", key="wrong", envelope=SOAP_12)
    assert b"soap:Receiver" in answer.body and answer.headers["Content-Type"].startswith(
        "application/soap+xml"
    )


class InProcess(Transport):
    """zeep over the simulator in this process."""

    def __init__(self, company: Company) -> None:
        super().__init__()
        self.company = company

    def load(self, url: str) -> bytes:
        path = "/" + url.split("/", 3)[3].partition("?")[0]
        answer = self.company.sandbox.answer(Request("GET", path, "WSDL", {"host": "sl.test"}, b""))
        assert answer.status == 200, url
        return answer.body


@pytest.mark.parametrize("service", sorted(SERVICES))
def test_2_the_reference_library_reads_every_wsdl_with_both_ports(company: Company, service: str) -> None:
    client = zeep.Client(f"http://sl.test/ctDynamicsSL/{service}.asmx?WSDL", transport=InProcess(company))
    ports = client.wsdl.services[service].ports
    assert set(ports) == {f"{service}Soap", f"{service}Soap12"}
    assert set(ports[f"{service}Soap"].binding._operations) == set(SERVICES[service])


def test_2_an_element_out_of_order_or_missing_is_a_fault(company: Company) -> None:
    good = order_xml()
    swapped = good.replace("<CustID>C300</CustID>", "", 1).replace(
        "<inOrder>", "<inOrder><CustID>C300</CustID>", 1
    )
    assert "error in XML document" in company.fault("orders", "placeOrder", swapped)
    missing = good.replace("<explodeKits>false</explodeKits>", "", 1)
    assert "error in XML document" in company.fault("orders", "placeOrder", missing)
    assert company.control("GET", "orders") == []


def test_3_every_declared_operation_is_answered_by_a_handler() -> None:
    declared = {f"{service}.{name}" for service, operations in SERVICES.items() for name in operations}
    assert {name for name in declared if not name.endswith((".about", ".ping"))} == set(HANDLERS)


def test_4_tables_wsdl_and_validator_come_from_one_column_table(company: Company) -> None:
    for name, count, required in (("order", 148, 51), ("orderItem", 136, 60), ("schedule", 64, 24)):
        columns = find_type("orders", name).columns
        assert (len(columns), sum(column.is_value for column in columns)) == (count, required)
    for table in TABLES:
        stored = [
            row["name"] for row in company.installation.state.rows(f'PRAGMA table_info("{table.name}")')
        ]
        assert stored == [column.name for column in table.columns]
