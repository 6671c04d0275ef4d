"""Card numbers never reach the disk, and nothing else is touched on the way."""

import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from integrations.connectors.masking import MASK, is_card_number, mask_body

# The networks' and gateways' published test numbers.
CARDS = {
    "visa": "4111111111111111", "visa 2": "4242424242424242", "visa 19": "4000000000000000006",
    "mastercard": "5555555555554444", "mastercard 2": "2223003122003222", "amex": "378282246310005",
    "amex 2": "341111111111111", "discover": "6011111111111117", "discover 2": "6445644564456445",
    "discover 3": "6500000000000002", "diners 14": "30569309025904", "diners 36": "36227206271667",
    "diners 38": "38520000023237", "jcb": "3566002020360505", "unionpay": "6200000000000005",
    "maestro": "6759649826438453", "mir": "2200000000000004",
}  # fmt: skip
VISA = CARDS["visa"]


def body_of(value: Any) -> bytes:
    return json.dumps(value).encode()


@pytest.mark.parametrize("number", CARDS.values(), ids=CARDS)
def test_every_issuers_test_number_is_masked(number: str) -> None:
    masked, places = mask_body(body_of({"note": f"paid with {number}, thanks", "other": 1}))
    assert number.encode() not in masked
    assert json.loads(masked) == {"note": f"paid with {MASK}, thanks", "other": 1}
    assert places == ["note"]


@pytest.mark.parametrize(
    "written",
    ["4111 1111 1111 1111", "4111-1111-1111-1111", "3782 822463 10005", "2 4111111111111111",
     "4111111111111111 123", "4111 1111 1111 1111 12 27", "qty 2 4111 1111 1111 1111 cvv 123"],
)  # fmt: skip
def test_a_number_is_found_however_it_is_grouped_and_whatever_stands_beside_it(written: str) -> None:
    masked, places = mask_body(body_of({"note": written}))
    assert MASK in json.loads(masked)["note"]
    assert b"1111" not in masked and b"822463" not in masked
    assert places == ["note"]


@pytest.mark.parametrize(
    "digits",
    [
        "4006381333931",  # EAN-13 that begins like a Visa card
        "4006381333023",  # EAN-13 that passes Luhn as well
        "1Z999AA10123456784",  # UPS
        "9400111899223197428490",  # USPS, 22 digits
        "1772463845123",  # milliseconds
        "1772463845123456",  # microseconds
        "0036000291452",
        "10012345678902",  # GTIN-14
        "4111111111111112",  # no Luhn
        "9111111111111111",  # no issuer
        "41111111111111110",  # no length of that issuer
        "00004111111111111111000",  # inside a longer number
        "550e8400-e29b-41d4-a716-446655440000",
        "+1 512 555 0100",
        "2026-03-02 15:04:05",
    ],
)
def test_what_is_no_card_stays(digits: str) -> None:
    body = body_of({"note": digits, "text": f"see {digits}."})
    assert mask_body(body) == (body, [])


def test_a_barcode_that_passes_luhn_and_begins_like_a_card_is_kept_by_its_length() -> None:
    digits = "4006381333023"
    doubled = (divmod(int(one) * (1 + place % 2), 10) for place, one in enumerate(reversed(digits)))
    assert sum(map(sum, doubled)) % 10 == 0
    assert not is_card_number(digits)


EXEMPT = [
    "sku", "SKU", "barcode", "ean", "ean_code", "UPCCode", "gtin", "tracking_number", "TrackingNbr", "trackingNumber",
    "id",
    "order_id", "orderId", "CustID", "orderid", "public_txn_id", "date", "lastRenewDate", "create_date",
    "timestamp", "LUpd_DateTime", "updated_at", "phone",
]  # fmt: skip


@pytest.mark.parametrize("name", EXEMPT)
def test_fields_that_hold_numbers_of_their_own_are_exempt(name: str) -> None:
    body = body_of({name: VISA, "card": ""})
    assert mask_body(body) == (body, [])


@pytest.mark.parametrize(
    "name",
    ["paid", "void", "valid", "update", "candidate", "ocean", "sentiment", "note", "update_note", "message"],
)
def test_a_name_that_only_sounds_like_an_exempt_one_is_masked(name: str) -> None:
    assert mask_body(body_of({name: VISA}))[1] == [name]


@pytest.mark.parametrize(
    "name",
    ["card_number", "cardNumber", "CardNbr", "cardno", "card_no", "pan", "PAN", "cvv", "CVV2", "cvc", "card_cvc",
     "ccnum", "cc_number", "security_code", "x_card_num"],
)  # fmt: skip
@pytest.mark.parametrize("value", ["123", "xxxx-1234", 123, 4.5, ["1", "2"]], ids=str)
def test_fields_named_like_a_card_are_masked_whatever_they_hold(name: str, value: Any) -> None:
    masked, places = mask_body(body_of({"payment": {name: value}}))
    assert all(place.startswith(f"payment.{name}") for place in places)
    assert places
    assert set(MASK) >= set(str(json.loads(masked)["payment"][name])) - set("[]', ")


@pytest.mark.parametrize("name", ["discard_notes", "cardboard_colour", "company", "japan", "expand", "span"])
def test_a_name_that_only_sounds_like_a_card_is_left_alone(name: str) -> None:
    body = body_of({name: "abc", "n": 1})
    assert mask_body(body) == (body, [])


def test_empty_card_fields_and_flags_stay_as_they_are() -> None:
    body = body_of({"card_number": "", "cvv": None, "card_number_stored": True})
    assert mask_body(body) == (body, [])


@pytest.mark.parametrize("number", [VISA, f"{VISA}.0", "4.111111111111111E+15"])
def test_a_bare_number_is_masked_too(number: str) -> None:
    masked, places = mask_body(f'{{"value":{number},"note":"{VISA}"}}'.encode())
    assert (json.loads(masked)["value"], places) == (MASK, ["value", "note"])


def test_a_number_used_as_a_name_is_masked() -> None:
    masked, places = mask_body(body_of({"by_number": {VISA: 5}}))
    assert json.loads(masked) == {"by_number": {MASK: 5}}
    assert places == ["by_number.{key}"]


def test_amounts_keep_their_digits_when_a_body_is_written_again() -> None:
    amounts = '"total":134.50,"tax":0.10,"big":12345678901234567890.12,"whole":123456789012345678901234567890'
    given = f'{{{amounts},"note":"{VISA}"}}'
    masked, _ = mask_body(given.encode())
    assert masked == given.replace(VISA, MASK).encode()


def test_half_a_character_does_not_stop_the_masking() -> None:
    masked, places = mask_body(b'{"note":"%s","name":"\\ud83d cut"}' % VISA.encode())
    assert json.loads(masked) == {"note": MASK, "name": "? cut"}
    assert places == ["note"]


def test_where_numbers_were_is_told_by_path() -> None:
    _, places = mask_body(
        body_of({"a": [{"note": VISA}, {"note": "x"}, {"note": f"{VISA} and {CARDS['amex']}"}]})
    )
    assert places == ["a[0].note", "a[2].note", "a[2].note"]


def test_a_form_is_masked_by_name_and_by_number() -> None:
    form = b"order=1043&card_number=4111+1111+1111+1111&cvv=123&note=4242424242424242&sku=4242424242424242"
    mask = MASK.encode()
    masked, places = mask_body(form)
    assert masked == b"order=1043&card_number=%s&cvv=%s&note=%s&sku=4242424242424242" % (mask, mask, mask)
    assert len(places) == 3


def test_xml_is_masked_by_name_and_by_number_and_keeps_its_tags() -> None:
    given = (
        f"<o><CardNbr>{VISA}</CardNbr> <cvv>12</cvv><TrackingNbr>{VISA}</TrackingNbr><Note>{VISA}</Note></o>"
    )
    masked, _ = mask_body(given.encode())
    assert masked.decode() == (
        f"<o><CardNbr>{MASK}</CardNbr> <cvv>{MASK}</cvv><TrackingNbr>{VISA}</TrackingNbr><Note>{MASK}</Note></o>"
    )


@pytest.mark.parametrize(
    "body", [b"", b"pan \xff\xfe", b"card \x80\x81 \x00", b'{"cvv": ', b"[" * 5000 + b"pan"]
)
def test_what_holds_no_card_comes_back_byte_for_byte(body: bytes) -> None:
    assert mask_body(body) == (body, [])


def test_bytes_that_are_no_text_survive_around_a_number() -> None:
    assert mask_body(b"\xff %s \xfe" % VISA.encode())[0] == b"\xff %s \xfe" % MASK.encode()


def test_a_deep_body_is_masked_as_text_instead_of_failing() -> None:
    deep = b'{"a":' * 3000 + f'"{VISA}"'.encode() + b"}" * 3000
    masked, places = mask_body(deep)
    assert VISA.encode() not in masked
    assert len(places) == 1


JSON = some.recursive(
    some.none() | some.booleans() | some.integers() | some.text(max_size=8)
    | some.sampled_from([VISA, f"a {CARDS['amex']} b", "4111 1111 1111 1111"]),
    lambda inner: some.lists(inner, max_size=3)
    | some.dictionaries(some.sampled_from(["note", "total", "sku", "cvv", "items"]), inner, max_size=3),
    max_leaves=10,
)  # fmt: skip


@settings(max_examples=300, deadline=None)
@given(value=JSON)
def test_masking_twice_is_masking_once_and_keeps_the_shape(value: Any) -> None:
    masked, places = mask_body(body_of(value))
    if not places:
        assert masked == body_of(value)
        return
    again, _ = mask_body(masked)
    assert json.loads(again) == json.loads(masked)

    def shape(one: Any) -> Any:
        if isinstance(one, dict):
            return {key: shape(inner) for key, inner in one.items()}
        return [shape(inner) for inner in one] if isinstance(one, list) else None

    assert shape(json.loads(masked, parse_float=Decimal)) == shape(value)
