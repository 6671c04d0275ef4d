"""Customers of Dynamics SL from the change queue over real HTTP: told once stored, never lost, never asked of others."""

from collections.abc import Iterator
from typing import Any

import pytest

from integrations.connectors.errors import Transient
from integrations.kinds import Kind
from tests.contract.dynamics_sl_erp import SITE_KEY, Erp
from tests.contract.processes import SimulatorProcess, running


@pytest.fixture(scope="module")
def process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SimulatorProcess]:
    with running("dynamics_sl", tmp_path_factory.mktemp("sl"), "--site-key", SITE_KEY) as process:
        yield process


@pytest.fixture
def erp(process: SimulatorProcess) -> Erp:
    process.control("POST", "reset")
    erp = Erp(process.url)
    read(erp, {})  # what the seed left in it
    return erp


def read(erp: Erp, cursor: Any, **values: Any) -> tuple[list[str], Any]:
    """Return the ids of all pages and the last cursor, as a poll that stores each page."""
    found: list[str] = []
    for page in erp.connect(read_queue=True, **values).read_changes(Kind.CUSTOMER, cursor):
        assert all(not record.fields for record in page.records)
        found += [record.external_id for record in page.records]
        cursor = page.cursor
    return found, cursor


def change(erp: Erp, *cust_ids: str) -> None:
    for cust_id in cust_ids:
        erp.control("POST", f"customers/{cust_id}", {"Phone": "+15125550177"})


def waiting(erp: Erp) -> int:
    return int(erp.control("GET", "queue")["entries"])


def test_a_changed_customer_is_told_and_leaves_the_queue_when_the_page_was_stored(erp: Erp) -> None:
    _, cursor = read(erp, {})
    change(erp, "C300")
    found, cursor = read(erp, cursor)
    assert (found, waiting(erp)) == (
        ["C300"],
        1,
    )  # it may be told once more: the page might not have been stored
    assert (read(erp, cursor)[0], waiting(erp)) == ([], 0)


def test_a_poll_that_died_before_it_stored_the_page_sees_it_again(erp: Erp) -> None:
    _, cursor = read(erp, {})
    change(erp, "C300")
    assert read(erp, cursor)[0] == read(erp, cursor)[0] == ["C300"]


def test_a_poll_that_died_between_two_entries_goes_on(erp: Erp) -> None:
    change(erp, "C300")
    _, cursor = read(erp, {})
    erp.fault("drop_before_commit", "copyDSLXMLToLog")
    with pytest.raises(Transient):
        read(erp, cursor)
    erp.fault("drop_after_commit", "copyDSLXMLToLog")
    with pytest.raises(Transient):
        read(erp, cursor)
    assert read(erp, cursor)[0] == []
    assert waiting(erp) == 0


def test_several_entries_of_a_customer_are_told_once_and_a_deleted_one_not_at_all(erp: Erp) -> None:
    _, cursor = read(erp, {})
    erp.control("POST", "settings", {"duplicate_entries": True})
    change(erp, "C300", "C300")
    erp.control("POST", "customers", {"CustId": "C901", "Name": "Gone"})
    found, cursor = read(erp, cursor)
    assert sorted(found) == ["C300", "C901"]
    erp.control("DELETE", "customers/C901")
    assert read(erp, cursor)[0] == []


def test_more_than_a_page_is_told_in_pages_and_none_is_left_out(erp: Erp) -> None:
    _, cursor = read(erp, {})
    names = [f"N{place:04d}" for place in range(430)]
    for name in names:
        erp.control("POST", "customers", {"CustId": name, "Name": name})
    found, cursor = read(erp, cursor)
    assert sorted(found) == names
    assert read(erp, cursor)[0] == []
    assert waiting(erp) == 0


@pytest.mark.parametrize("entry", [{"site_id": "OTHER"}, {"status": "ERROR"}, {"item_type": "PROJECT"}])
def test_entries_that_are_not_ours_are_left_where_they_are(erp: Erp, entry: dict[str, str]) -> None:
    _, cursor = read(erp, {})
    _, cursor = read(erp, cursor)
    erp.control("POST", "queue", {"itemID": "C300", **entry})
    found, cursor = read(erp, cursor)
    assert (found, read(erp, cursor)[0], waiting(erp)) == ([], [], 1)


def test_an_initial_load_is_the_whole_list_all_the_same(erp: Erp) -> None:
    connector = erp.connect(read_queue=True)
    pages = list(connector.read_changes(Kind.CUSTOMER, connector.history(Kind.CUSTOMER, None)))
    listed = [record.external_id for page in pages for record in page.records]
    assert "C300" in listed and all(page.cursor["list"] for page in pages)


def test_the_connection_test_tells_of_the_queue(erp: Erp) -> None:
    (step,) = [one for one in erp.connect(read_queue=True).check() if one.name == "Change queue"]
    assert step.ok and "queue" in step.evidence
    erp.fault("soap_fault", "getDSLXMLs")
    (step,) = [one for one in erp.connect(read_queue=True).check() if one.name == "Change queue"]
    assert not step.ok
