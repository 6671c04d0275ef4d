"""Mappings as files: what goes out comes in again byte for byte, and a hostile file is refused quickly."""

import json
from decimal import Decimal
from typing import Any

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from integrations.connectors import registry
from integrations.kinds import FieldType, Kind
from integrations.mapping import DocumentError, parse_document
from integrations.mapping.files import load_mapping, load_records, load_schema, load_tables
from integrations.mapping.interchange import MAX_CHARACTERS, document_schema, from_yaml, to_yaml

PACK = registry.template_pack("x_cart", "dynamics_sl")
MAPPINGS = {name: one for template in PACK for name, one in template["definition"]["mappings"].items()}
VALUES = some.recursive(
    some.none()
    | some.booleans()
    | some.integers(-(10**12), 10**12)
    | some.decimals(-(10**9), 10**9, places=3)
    | some.text(some.characters(exclude_categories=["Cs", "Cc"]), max_size=12)
    | some.sampled_from(
        [
            "yes",
            "NO",
            "on",
            "1:30",
            "0123",
            "1e5",
            "1_000",
            "~",
            "null",
            "2026-03-02",
            "<<",
            "=",
            "- a",
            "a: b",
            "#",
        ]
    ),
    lambda inner: (
        some.lists(inner, max_size=3)
        | some.dictionaries(some.text("abcno", min_size=1, max_size=3), inner, max_size=3)
    ),
    max_leaves=6,
)


@settings(max_examples=300, deadline=None)
@given(value=VALUES)
def test_every_value_comes_back_as_it_was(value: Any) -> None:
    document = {"name": "test", "rules": [{"to": "a", "value": value}]}
    again = from_yaml(to_yaml(document))
    assert again == document
    assert repr(again["rules"][0]["value"]) == repr(value), "the same type and digits"


@pytest.mark.parametrize("name", sorted(MAPPINGS))
def test_a_ready_mapping_goes_out_and_in_unchanged_and_twice_the_same(name: str) -> None:
    text = to_yaml(MAPPINGS[name])
    assert parse_document(from_yaml(text)) == parse_document(MAPPINGS[name])
    assert to_yaml(from_yaml(text)) == text


def test_the_order_of_words_is_stable() -> None:
    shuffled = {
        "rules": [{"do": ["trim"], "comment": "c", "from": "x", "to": "a"}],
        "target": {},
        "name": "n",
        "source": {},
    }
    assert to_yaml(shuffled) == (
        "name: n\nsource: {}\ntarget: {}\nrules:\n  - to: a\n    from: x\n    do:\n      - trim\n    comment: c\n"
    )


def test_norway_and_a_day_stay_texts_and_a_price_stays_exact() -> None:
    read = from_yaml(
        "rules:\n- {to: a, value: NO}\n- {to: b, value: 2026-03-02}\n- {to: c, value: 19.90}\n- {to: d, value: true}"
    )
    values = [rule["value"] for rule in read["rules"]]
    assert values == ["NO", "2026-03-02", Decimal("19.90"), True]
    assert str(values[2]) == "19.90"


LAUGHS = "a: &a [x, x, x]\n" + "".join(
    f"{one}: &{one} [*{before}, *{before}]\n" for before, one in zip("abcdefg", "bcdefgh", strict=True)
)
HOSTILE = {
    "a billion laughs": (LAUGHS, "aliases are not allowed"),
    "an object of python": (
        "rules: !!python/object/apply:os.system [ls]",
        "could not determine a constructor",
    ),
    "a tag of its own": ("rules: !secret x", "could not determine a constructor"),
    "deep nesting": ("rules: " + "[" * 500 + "]" * 500, "nests deeper than 40"),
    "too much": ("# " + "x" * MAX_CHARACTERS, "has more than"),
    "too many values": ("a: [" + "x," * 60_000 + "]", "holds more than 50000 values"),
    "a word twice": ("name: a\nname: b\nrules: []", "'name' is written twice"),
    "a key that is no text": ("1: a", "the key 1 is no text"),
    "several documents": ("name: a\n---\nname: b", "is not readable"),
    "no mapping": ("- a\n- b", "a mapping is an object"),
    "no YAML": ("a: [", "is not readable"),
    "a control character": ('name: "\x07"', "is not readable"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_file_is_refused_with_its_reason(name: str) -> None:
    text, reason = HOSTILE[name]
    with pytest.raises(DocumentError, match=reason.replace("(", r"\(")):
        from_yaml(text)


SCHEMA = jsonschema.Draft202012Validator(document_schema())


@pytest.mark.parametrize("name", sorted(MAPPINGS))
def test_a_ready_mapping_fits_the_published_schema(name: str) -> None:
    assert list(SCHEMA.iter_errors(MAPPINGS[name])) == []


@pytest.mark.parametrize(
    "rule",
    [
        {"from": "x"},
        {"to": "a"},
        {"to": "a", "from": "x", "value": 1},
        {"to": "a", "from": "x", "do": ["shorten"]},
        {"to": "a", "from": "x", "do": ["truncate"]},
        {"to": "a", "from": "x", "do": [{"fn": "truncate", "length": "5"}]},
        {"to": "a", "from": "x", "do": [{"fn": "round", "mode": "bankers"}]},
        {"to": "a", "from": "x", "when": {"field": "x", "op": "like"}},
        {"to": "a", "from": "x", "rules": []},
        {"to": "a", "from": "x", "surprise": 1},
    ],
    ids=str,
)
def test_the_published_schema_refuses_what_the_language_refuses(rule: dict[str, Any]) -> None:
    assert list(SCHEMA.iter_errors({"rules": [rule]}))


def test_the_published_schema_is_a_schema() -> None:
    jsonschema.Draft202012Validator.check_schema(json.loads(json.dumps(document_schema())))


def test_a_mapping_is_found_in_a_flow_with_its_value_maps_and_filters() -> None:
    text = json.dumps(PACK[3])
    chosen = load_mapping(text, "status")
    assert chosen.document["name"] == "Status back"
    assert chosen.tables["order_status"].rows["cancelled"] == "WND"
    assert chosen.creating is False
    assert chosen.when is not None
    assert [each["field"] for each in chosen.when["all"]] == ["CustOrdNbr", "SOTypeID", "portal_status"]
    assert load_mapping(json.dumps(PACK[0]), "customer").creating is True
    with pytest.raises(DocumentError, match="it has status"):
        load_mapping(text, "order")
    with pytest.raises(DocumentError, match="neither rules nor mappings"):
        load_mapping("name: a")


def test_a_schema_is_read_from_a_file() -> None:
    schema = load_schema("""
        system: shop
        kind: product
        fields:
          - {name: sku, type: text, max_length: 30, required: true, enum: [a, b]}
          - {name: lines, type: array, fields: [{name: n, type: integer, minimum: 0}]}
    """)
    assert schema.kind is Kind.PRODUCT
    assert schema.fields[0].enum == ("a", "b") and schema.fields[0].required
    assert schema.fields[1].fields[0].type is FieldType.INTEGER
    for wrong in (
        "kind: order",
        "fields: [{name: a}]",
        "fields: [{name: a, type: money}]",
        "fields: [{name: a, type: text, lenght: 3}]",
    ):
        with pytest.raises(DocumentError, match="schema"):
            load_schema(wrong)


def test_value_maps_and_records_are_read_from_files() -> None:
    tables = load_tables("value_maps: [{key: m, rows: {a: b}, unknown: default, default: z}]")
    assert tables["m"].rows == {"a": "b"} and tables["m"].default == "z"
    with pytest.raises(DocumentError, match="'unknown' is one of"):
        load_tables("value_maps: [{key: m, rows: {}, unknown: ask}]")
    assert load_records(b'{"total": 1.10}') == [{"total": Decimal("1.10")}]
    with pytest.raises(DocumentError, match="a record is an object"):
        load_records(b"[1]")
