"""Customers of Dynamics SL by REST over real HTTP: what goes by it, what it refuses, and what stays with SOAP."""

import json
import urllib.request
from base64 import b64encode
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest

from integrations.connectors.base import WriteRequest
from integrations.connectors.errors import (
    AuthFailed,
    Duplicate,
    Misconfigured,
    NotFound,
    OutcomeUnknown,
    Rejected,
    Transient,
)
from integrations.kinds import Kind
from tests.contract.dynamics_sl_erp import SITE_KEY, Erp
from tests.contract.processes import SimulatorProcess, running

SECRET = "rest & secret"
NIA = {"Name": "Nia Fox", "EMailAddr": "nia@example.com", "City": "Austin", "CrLmt": Decimal("250.50")}


@pytest.fixture(scope="module")
def process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SimulatorProcess]:
    with running(
        "dynamics_sl", tmp_path_factory.mktemp("sl"), "--site-key", SITE_KEY, "--api-secret", SECRET
    ) as process:
        yield process


@pytest.fixture
def erp(process: SimulatorProcess) -> Erp:
    process.control("POST", "reset")
    return Erp(process.url)


def by_rest(erp: Erp, **values: Any) -> Any:
    given = {"transport": "rest_ctapi", "api_username": "sandbox-api-key", "api_password": SECRET}
    return erp.connect(**(given | values))


def calls(erp: Erp) -> list[str]:
    return [f"{one.method} {one.address.rpartition('/ctDynamicsSL/')[2]}" for one in erp.exchanges]


def held_card(erp: Erp, cust_id: str) -> str:
    """Return what the database holds in a column that the connector never shows."""
    request = urllib.request.Request(
        f"{erp.url}/ctDynamicsSL/api/financial/accountsReceivable/customer/{cust_id}",
        headers={
            "Authorization": f"Basic {b64encode(f'sandbox-api-key:{SECRET}'.encode()).decode()}",
            "CpnyID": "0060",
            "SiteID": "DEFAULT",
        },
    )
    with urllib.request.urlopen(request, timeout=10) as answer:
        return str(json.load(answer)["myCustomer"]["CardNbr"]).strip()


def test_a_customer_reads_the_same_by_rest_and_by_soap(erp: Erp) -> None:
    rest = by_rest(erp).fetch(Kind.CUSTOMER, "C300")
    assert calls(erp) == ["GET api/financial/accountsReceivable/customer/C300"]
    soap = erp.connect().fetch(Kind.CUSTOMER, "C300")
    assert (rest.fields, rest.updated_at) == (soap.fields, soap.updated_at)


def test_a_new_customer_gets_its_number_our_reference_and_a_ship_to_address(erp: Erp) -> None:
    result = by_rest(erp).write(WriteRequest(Kind.CUSTOMER, NIA, reference="XC-nia@example.com"))
    assert result.external_id.startswith("C00")
    held = erp.connect().fetch(Kind.CUSTOMER, result.external_id).fields
    assert (held["Name"], held["CrLmt"], held["User1"]) == (
        "Nia Fox",
        Decimal("250.50"),
        "XC-nia@example.com",
    )
    assert calls(erp)[:2] == [
        "POST api/financial/accountsReceivable/customer",
        "POST customerMaintenance.asmx",
    ]
    found = by_rest(erp).find(Kind.CUSTOMER, reference="XC-nia@example.com", hint={})
    assert found is not None and found.external_id == result.external_id


def test_a_change_sends_what_changed_and_nothing_else(erp: Erp) -> None:
    connector = by_rest(erp)
    result = connector.write(
        WriteRequest(Kind.CUSTOMER, {"Name": "Acme Ltd", "City": "Dallas"}, external_id="C300")
    )
    sent = erp.exchanges[-1]
    assert sent.method == "PATCH"
    assert sent.request.endswith('{"myCustomer":{"City":"Dallas"}}'), sent.request
    assert (result.fields["City"], result.fields["EMailAddr"]) == ("Dallas", "pat@example.com")
    again = connector.write(WriteRequest(Kind.CUSTOMER, {"City": "Dallas"}, external_id="C300"))
    assert again.is_unchanged and erp.exchanges[-1].method == "GET"


def test_a_known_number_is_a_duplicate_and_an_unknown_one_is_not_found(erp: Erp) -> None:
    connector = by_rest(erp, cust_id_mode="supplied")
    with pytest.raises(Duplicate) as known:
        connector.write(WriteRequest(Kind.CUSTOMER, {**NIA, "CustId": "C300"}))
    assert known.value.existing_id == "C300"
    for act in (
        lambda: connector.fetch(Kind.CUSTOMER, "C/404"),
        lambda: connector.write(WriteRequest(Kind.CUSTOMER, NIA, external_id="C404")),
    ):
        with pytest.raises(NotFound):
            act()


def test_what_the_customer_screen_refuses_is_rejected_in_its_words(erp: Erp) -> None:
    with pytest.raises(Rejected, match="Customer class WRONG not found"):
        by_rest(erp).write(WriteRequest(Kind.CUSTOMER, {**NIA, "ClassId": "WRONG"}))
    assert erp.control("GET", "customers?email=nia@example.com") == []


def test_a_lost_answer_to_a_new_customer_is_in_doubt_and_found(erp: Erp) -> None:
    erp.fault("drop_after_commit", "accountsReceivable")
    with pytest.raises(OutcomeUnknown):
        by_rest(erp).write(WriteRequest(Kind.CUSTOMER, NIA, reference="XC-nia@example.com"))
    assert by_rest(erp).find(Kind.CUSTOMER, reference="XC-nia@example.com", hint={}) is not None
    erp.fault("html_after_commit", "PATCH")
    with pytest.raises(OutcomeUnknown):
        by_rest(erp).write(WriteRequest(Kind.CUSTOMER, {"City": "Waco"}, external_id="C300"))


def test_a_read_that_fails_is_tried_again(erp: Erp) -> None:
    erp.fault("drop_before_commit", "GET")
    with pytest.raises(Transient):
        by_rest(erp).fetch(Kind.CUSTOMER, "C300")


@pytest.mark.parametrize(
    ("values", "field"),
    [({"api_password": "wrong"}, "api_password"), ({"site_id": "OTHER"}, "api_password")],
)
def test_a_wrong_key_or_site_is_refused_and_no_secret_shows(erp: Erp, values: Any, field: str) -> None:
    with pytest.raises(AuthFailed) as refused:
        by_rest(erp, **values).fetch(Kind.CUSTOMER, "C300")
    assert refused.value.field == field
    shown = " ".join(f"{one.request} {one.response} {one.address}" for one in erp.exchanges)
    assert "Basic" not in shown and SECRET not in shown


def test_rest_without_a_key_is_told_by_name(erp: Erp) -> None:
    with pytest.raises(Misconfigured) as refused:
        by_rest(erp, api_username="")
    assert refused.value.missing == "api_username"


def test_card_columns_are_neither_kept_nor_shown(erp: Erp) -> None:
    erp.control("POST", "customers", {
        "CustId": "C9", "Name": "Card", "CardNbr": "4111111111111111", "CardHldrName": 'Pat "P" Lee',
    })  # fmt: skip
    record = by_rest(erp).fetch(Kind.CUSTOMER, "C9")
    assert not [name for name in record.fields if name.startswith("Card")]
    shown = erp.exchanges[-1].response
    assert "4111111111111111" not in shown and "Lee" not in shown and '"CardExpDate":"•••"' in shown
    by_rest(erp).write(WriteRequest(Kind.CUSTOMER, {"City": "Waco"}, external_id="C9"))
    by_rest(erp).write(WriteRequest(Kind.CUSTOMER, {"CardNbr": "5500005555555559"}, external_id="C9"))
    assert held_card(erp, "C9") == "4111111111111111"


def test_lists_and_everything_else_stay_with_soap(erp: Erp) -> None:
    connector = by_rest(erp)
    customers = [record for page in connector.read_changes(Kind.CUSTOMER, {}) for record in page.records]
    assert customers and connector.fetch(Kind.PRODUCT, "A50-HALO")
    assert {one.partition(".")[2] for one in calls(erp)} <= {"asmx", "asmx?WSDL"}


def test_the_connection_test_says_what_rest_offers(erp: Erp) -> None:
    (step,) = [one for one in by_rest(erp).check() if one.name == "REST"]
    assert step.ok and "of 2 paths" in step.evidence
    (off,) = [one for one in erp.connect().check() if one.name == "REST"]
    assert off.ok and off.evidence == "Customers go by SOAP as well"


@pytest.mark.parametrize(
    ("fault", "match", "ok", "words"),
    [
        ({"kind": "status", "status": 404}, "swagger", True, "no Swagger document"),
        ({"kind": "html"}, "swagger", True, "no Swagger document"),
        ({"kind": "status", "status": 401}, "accountsReceivable", False, "does not accept the API user"),
    ],
)
def test_the_connection_test_names_what_is_wrong_with_rest(
    erp: Erp, fault: dict[str, Any], match: str, ok: bool, words: str
) -> None:
    erp.control("POST", "faults", {**fault, "match": match, "times": 1})
    (step,) = [one for one in by_rest(erp).check() if one.name == "REST"]
    assert step.ok is ok
    assert words in step.evidence
