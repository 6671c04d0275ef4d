"""Samples: they fit their schema, cover its extremes, and are the same for the same seed."""

from random import Random

import pytest

from integrations.connectors.systems.dynamics_sl.schema import SCHEMAS as DYNAMICS_SL
from integrations.connectors.systems.x_cart.schema import SCHEMAS as X_CART
from integrations.kinds import EntitySchema, FieldInfo, FieldType, Kind
from integrations.mapping.check.sources import source_problems
from integrations.mapping.samples import ABSENT, extremes, random_record, samples, typical, with_value

SCHEMAS = [*X_CART.values(), *DYNAMICS_SL.values()]
NAMES = [f"{schema.system} {schema.kind}" for schema in SCHEMAS]


@pytest.mark.parametrize("schema", SCHEMAS, ids=NAMES)
def test_every_sample_fits_its_schema(schema: EntitySchema) -> None:
    for sample in samples(schema, seed=7, count=60):
        assert source_problems(sample.record, schema) == [], sample.name


@pytest.mark.parametrize("schema", SCHEMAS, ids=NAMES)
def test_every_extreme_of_a_field_fits_it(schema: EntitySchema) -> None:
    for path, info in schema.walk():
        for value in extremes(info):
            alone = EntitySchema("test", Kind.ORDER, "One field", (info,))
            record = {} if value is ABSENT else {info.name: value}
            if info.type not in (FieldType.OBJECT, FieldType.ARRAY):
                assert source_problems(record, alone) == [], (path, value)


def test_the_same_seed_gives_the_same_records() -> None:
    schema = X_CART[Kind.ORDER]
    one = [sample.record for sample in samples(schema, seed=3, count=30)]
    assert one == [sample.record for sample in samples(schema, seed=3, count=30)]
    assert one != [sample.record for sample in samples(schema, seed=4, count=30)]


def test_samples_reach_the_edges_of_a_schema() -> None:
    schema = X_CART[Kind.ORDER]
    by_name = {sample.name: sample.record for sample in samples(schema, count=12)}
    assert len(by_name["longest texts"]["billing_address"]["street1"]) == 255
    assert by_name["only what must be there"]["billing_address"] is None
    assert by_name["in JPY"]["currency"] == "JPY"
    assert any(ord(letter) > 0xFFFF for letter in by_name["unicode"]["items"][0]["name"])
    assert by_name["amounts of zero"]["total"] == 0
    assert typical(schema)["items"][0]["sku"] == "A50-HALO"


def test_a_record_that_lacks_what_is_always_there_does_not_fit() -> None:
    schema = X_CART[Kind.ORDER]
    record = typical(schema)
    del record["items"][0]["sku"]
    assert [problem.path for problem in source_problems(record, schema)] == ["items[0].sku"]


def test_a_value_is_set_in_every_element_and_the_record_stays_as_it_was() -> None:
    record = {"items": [{"sku": "a"}, {"sku": "b"}], "address": None}
    made = with_value(record, ("items[]", "sku"), "c")
    assert made["items"] == [{"sku": "c"}, {"sku": "c"}]
    assert record["items"][0] == {"sku": "a"}
    assert with_value(record, ("address", "city"), "Austin")["address"] is None
    assert "address" not in with_value(record, ("address",), ABSENT)


def test_an_enum_is_drawn_from_its_own_values() -> None:
    info = FieldInfo("status", FieldType.TEXT, required=True, max_length=1, enum=("A", "B", "LONG", ""))
    schema = EntitySchema("test", Kind.ORDER, "Enum", (info,))
    drawn = {random_record(schema, Random(seed))["status"] for seed in range(40)}
    assert drawn == {"A", "B"}
