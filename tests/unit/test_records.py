"""The one byte form of a record: equal things have equal bytes, unequal ones never do, and it reads back."""

from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from integrations.kinds import EntitySchema, FieldInfo, FieldType, Kind, Record, canonical_json, content_hash
from integrations.kinds.record import from_canonical_json

SCALARS = (
    some.none() | some.booleans() | some.integers() | some.text(max_size=10) | some.dates()
    | some.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**20), max_value=10**20)
    | some.datetimes(timezones=some.sampled_from([UTC, timezone(timedelta(hours=-6))]))
)  # fmt: skip
NAMES = some.text(max_size=6).filter(lambda name: not name.startswith("$"))
VALUES = some.recursive(
    SCALARS,
    lambda inner: some.lists(inner, max_size=4) | some.dictionaries(NAMES, inner, max_size=4),
    max_leaves=12,
)


@settings(max_examples=300, deadline=None)
@given(value=VALUES)
def test_what_is_written_reads_back_equal_with_its_types(value: Any) -> None:
    body = canonical_json(value)
    again = from_canonical_json(body)
    assert again == value
    assert canonical_json(again) == body


@pytest.mark.parametrize("text", ["5", "5.0", "5.00", "0.5E+1", "05"])
def test_one_amount_has_one_hash(text: str) -> None:
    assert content_hash({"a": Decimal(text)}) == content_hash({"a": Decimal(5)})


def test_nothing_has_no_sign() -> None:
    assert canonical_json(Decimal("-0.00")) == canonical_json(Decimal(0))


def test_amounts_beyond_28_digits_are_still_told_apart() -> None:
    one, two = Decimal("1234567890123456789012345678.12"), Decimal("1234567890123456789012345678.13")
    assert content_hash(one) != content_hash(two)
    assert from_canonical_json(canonical_json(one)) == one


@pytest.mark.parametrize(
    ("one", "two"),
    [(Decimal(5), 5), (Decimal(5), "5"), (5, "5"), (None, ""), (True, 1), ([], {}), ([1, 2], [2, 1]),
     (date(2026, 3, 2), "2026-03-02")],
    ids=str,
)  # fmt: skip
def test_different_things_have_different_hashes(one: Any, two: Any) -> None:
    assert content_hash({"a": one}) != content_hash({"a": two})


def test_one_moment_has_one_hash_in_every_zone() -> None:
    moment = datetime(2026, 3, 2, 15, tzinfo=UTC)
    assert content_hash(moment) == content_hash(moment.astimezone(timezone(timedelta(hours=-6))))


def test_the_order_of_fields_does_not_matter() -> None:
    assert content_hash({"a": 1, "b": 2}) == content_hash({"b": 2, "a": 1})


def test_half_an_emoji_has_a_hash_and_reads_back() -> None:
    cut = {"name": "headset \ud83d"}
    assert from_canonical_json(canonical_json(cut)) == cut
    assert len(content_hash(cut)) == 64


def test_a_time_that_a_person_writes_without_a_zone_is_utc() -> None:
    edited = from_canonical_json(b'{"at":{"$datetime":"2026-03-02T15:00:00"}}')
    assert edited == {"at": datetime(2026, 3, 2, 15, tzinfo=UTC)}
    assert canonical_json(edited)


def test_a_time_without_a_zone_is_no_record() -> None:
    with pytest.raises(ValueError, match="aware datetimes only"):
        canonical_json({"at": datetime(2026, 3, 2)})  # noqa: DTZ001


@pytest.mark.parametrize("value", [{1, 2}, object(), b"bytes"], ids=["set", "object", "bytes"])
def test_what_no_record_holds_is_refused(value: Any) -> None:
    with pytest.raises(TypeError, match="a record cannot hold"):
        canonical_json({"a": value})


def test_the_hash_of_a_record_is_that_of_its_fields_only() -> None:
    one = Record("a", Kind.ORDER, "1", {"x": 1}, datetime(2026, 3, 2, tzinfo=UTC), "10")
    assert one.hash == Record("b", Kind.ORDER, "2", {"x": 1}).hash == content_hash({"x": 1})


def test_a_schema_is_walked_depth_first_with_lists_marked() -> None:
    sku = FieldInfo("sku", FieldType.TEXT)
    schema = EntitySchema("s", Kind.ORDER, "Order", (
        FieldInfo("items", FieldType.ARRAY, fields=(sku,)), FieldInfo("ship", FieldType.OBJECT, fields=(sku,)), sku,
    ))  # fmt: skip
    assert [path for path, _ in schema.walk()] == ["items", "items[].sku", "ship", "ship.sku", "sku"]
