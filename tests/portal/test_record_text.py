"""Records as text: laid out, every digit kept, and personal data masked unless revealed."""

import json
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from integrations.kinds.privacy import mask_text, masked
from integrations.kinds.record import content_hash, from_canonical_json
from portal.web.record_text import exchange_text, json_text

RECORD = {
    "number": "1043",
    "total": Decimal("318.40"),
    "count": 3,
    "is_gift": False,
    "note": None,
    "whole": Decimal(5),
    "at": datetime(2026, 11, 20, tzinfo=UTC),
    "lines": [{"sku": "Ä-1", "price": Decimal("0.1")}],
    "none": [],
    "empty": {},
}


def test_a_record_written_for_editing_reads_back_as_the_same_record() -> None:
    text = json_text(RECORD)
    assert content_hash(from_canonical_json(text.encode())) == content_hash(RECORD)


def test_an_amount_keeps_its_digits() -> None:
    assert '"total": 318.40' in json_text(RECORD)
    assert '"whole": 5.0' in json_text(RECORD)
    json.loads(json_text(RECORD))


@pytest.mark.parametrize(
    ("value", "shown"),
    [("jane@hall.example", "j•••@hall.example"), ("Jane", "J•••"), ("", ""), ("  ", "  ")],
)
def test_a_masked_value_keeps_only_what_helps_to_recognise_it(value: str, shown: str) -> None:
    assert mask_text(value) == shown


@pytest.mark.parametrize(
    "name",
    [
        "email",
        "EMailAddr",
        "ShipName",
        "firstname",
        "ShipAddr1",
        "street",
        "Phone",
        "ShipZip",
        "login",
        "company",
    ],
)
def test_fields_that_tell_who_somebody_is_are_masked(name: str) -> None:
    assert masked({name: "Hallmark Inn"})[name] == "H•••"


@pytest.mark.parametrize("name", ["sku", "InvtID", "CustOrdNbr", "Status", "total", "Descr", "update_date"])
def test_fields_of_the_trade_are_not(name: str) -> None:
    assert masked({name: "Hallmark"})[name] == "Hallmark"


def test_an_address_in_free_text_is_masked() -> None:
    assert masked({"note": "ask jane@hall.example"})["note"] == "ask j•••@hall.example"


def test_json_below_headers_is_masked_as_json() -> None:
    text = 'Accept: application/json\n\n{"firstname": "Jane", "sku": "A50"}'
    shown = exchange_text(text, is_revealed=False)
    assert "Jane" not in shown
    assert "A50" in shown
    assert "Jane" in exchange_text(text, is_revealed=True)


def test_xml_is_laid_out_and_its_personal_elements_and_attributes_masked() -> None:
    text = '<o><ShipName>Jane Hall</ShipName><n:EMailAddr xmlns:n="u">j@h.example</n:EMailAddr><l phone="555" q="1"/></o>'
    shown = exchange_text(text, is_revealed=False)
    assert "Jane" not in shown
    assert "555" not in shown
    assert 'q="1"' in shown
    assert "Jane Hall" in exchange_text(text, is_revealed=True)


def test_xml_that_was_cut_off_is_still_masked() -> None:
    shown = exchange_text("<o><ShipName>Jane Hall</ShipName><Ship", is_revealed=False)
    assert "Jane" not in shown


def test_json_that_was_cut_off_still_hides_e_mails() -> None:
    assert "jane@" not in exchange_text('{"email": "jane@hall.example", "na', is_revealed=False)


def test_elements_that_only_fill_a_required_type_are_counted_and_not_shown() -> None:
    text = exchange_text(
        "<order><CustID>C300</CustID><AdminHold>false</AdminHold><Priority>0</Priority><notes/></order>",
        is_revealed=True,
    )
    assert "<CustID>C300</CustID>" in text
    assert "AdminHold" not in text
    assert "3 elements without a value are not shown." in text
