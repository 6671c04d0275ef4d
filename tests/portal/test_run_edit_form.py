"""The form of a waiting record: what is typed keeps its type and goes along from view to view; masks stay."""

from decimal import Decimal
from typing import Any

import pytest

from integrations.connectors import registry
from integrations.connectors.errors import FieldProblem
from integrations.kinds import Kind
from integrations.models import Run
from portal.web import edit_form
from tests.domain.test_delivery import drain
from tests.portal.conftest import Company

RECORD: dict[str, Any] = {
    "number": "1051", "total": Decimal("23.00"), "paid": True, "note": None, "count": 2, "api_token": "x",
    "ship": {"street": "1 Main St", "city": "Chicago", "zip": "60614-1208-USA", "country": "US"},
    "lines": [{"sku": "A", "quantity": Decimal("2")}, {"sku": "B", "quantity": Decimal("1")}],
    "tags": [],
}  # fmt: skip


def typed(**fields: str) -> tuple[dict[str, Any], list[FieldProblem]]:
    return edit_form.edited_record({f"f:{path}": text for path, text in fields.items()}, RECORD)


@pytest.mark.parametrize(
    ("path", "text", "value"),
    [
        ("total", "24.10", Decimal("24.10")),
        ("count", "3", 3),
        ("count", "2.5", Decimal("2.5")),
        ("paid", "false", False),
        ("note", "call first", "call first"),
        ("number", "0017", "0017"),
        ("note", "", None),
    ],
)
def test_what_is_typed_keeps_the_type_that_stood_there(path: str, text: str, value: Any) -> None:
    record, wrong = typed(**{path: text})
    assert not wrong
    assert (record[path], type(record[path])) == (value, type(value))
    assert {key: one for key, one in record.items() if key != path} == {
        key: one for key, one in RECORD.items() if key != path
    }


@pytest.mark.parametrize("text", ["many", "", "NaN", "Infinity", "1,5"])
def test_a_text_in_the_place_of_a_number_is_named_and_kept_for_the_person_to_see(text: str) -> None:
    record, wrong = typed(total=text)
    assert record["total"] == text
    assert [(one.field, one.value, one.rule) for one in wrong] == [("total", text, "takes a number")]


def test_values_inside_lists_and_objects_are_reached_by_their_path() -> None:
    record, _ = typed(**{"lines[1].quantity": "5", "ship.zip": "60614-1208"})
    assert record["lines"][1] == {"sku": "B", "quantity": Decimal("5")}
    assert record["ship"]["zip"] == "60614-1208"
    assert RECORD["lines"][1]["quantity"] == Decimal("1")


def test_the_form_shows_what_matters_with_its_neighbours_and_everything_that_was_changed() -> None:
    changed, _ = typed(number="1052")
    found = edit_form.rows(changed, RECORD, None, (), {"ship.zip"})
    assert [(row.path, row.was) for row in found] == [
        ("number", "1051"), ("ship.city", None), ("ship.zip", None), ("ship.country", None),
    ]  # fmt: skip
    assert [row.path for row in edit_form.rows(RECORD, RECORD, None, (), None)] == [
        path for path, _ in edit_form.leaves(RECORD)
    ]


def test_a_number_that_went_through_json_counts_as_unchanged() -> None:
    again = {
        **RECORD,
        "total": Decimal("23.0"),
        "lines": [{**one, "quantity": one["quantity"] + 0} for one in RECORD["lines"]],
    }
    found = {row.path: row for row in edit_form.rows(again, RECORD, None, (), None)}
    assert (found["total"].value, found["total"].was) == ("23.00", None)
    assert edit_form.rows({**RECORD, "paid": 1}, RECORD, None, (), None)[2].was == "true"


def test_a_long_record_is_cut_where_a_form_ends_and_what_is_wrong_is_still_shown() -> None:
    long = {"lines": [{"sku": f"S{place}", "quantity": place} for place in range(900)]}
    rule = FieldProblem("lines[899].quantity", "899", "is too many")
    found = edit_form.rows(long, long, None, (rule,), None)
    assert len(found) == edit_form.MOST_FIELDS + 1
    assert found[-1].rule == "is too many"
    assert len(edit_form.rows(long, long, None, (), {"lines[].sku"})) == edit_form.MOST_FIELDS


def test_a_refused_field_says_its_rule_and_a_secret_cannot_be_typed_in() -> None:
    rule = FieldProblem("ship.zip", "60614-1208-USA", "takes at most 10 characters")
    rows = {row.path: row for row in edit_form.rows(RECORD, RECORD, None, (rule,), None)}
    assert rows["ship.zip"].rule == "takes at most 10 characters"
    assert rows["api_token"].widget == "fixed"
    assert (rows["paid"].widget, rows["paid"].choices) == ("choice", ("true", "false"))


def test_labels_lengths_and_choices_come_of_the_schema() -> None:
    schema = registry.schema("dynamics_sl", Kind.ORDER)
    assert schema is not None
    limits = {path: info.max_length for path, info in schema.for_writing.walk()}
    row = edit_form.rows({"ShipZip": "60614"}, {"ShipZip": "60614"}, schema.for_writing, (), None)[0]
    assert (row.limit, row.length) == (limits["ShipZip"], 5)


def test_the_source_fields_that_feed_a_target_field_are_found_through_the_mapping() -> None:
    rules = [
        {"to": "ShipZip", "from": ["ship.zip", "bill.zip"]},
        {"to": "Lines", "each": "lines", "rules": [{"to": "Qty", "from": "quantity"}, {"to": "Site", "value": "M"}]},
    ]  # fmt: skip
    assert edit_form.feeding({"ShipZip"}, rules) == {"ship.zip", "bill.zip"}
    assert edit_form.feeding({"Lines[3].Qty"}, rules) == {"lines[].quantity"}
    assert edit_form.feeding({"Lines[0].Site"}, rules) == set()


def posted(page: str, **fields: str) -> dict[str, str]:
    hidden = {
        name: page.split(f'name="{name}" value="')[1].split('"')[0] for name in ("seen", "view", "base")
    }
    return {
        **{name: text.replace("&quot;", '"') for name, text in hidden.items()},
        **{f"f:{path}": text for path, text in fields.items()},
    }


def opened(company: Company, view: str = "all") -> tuple[Run, str, str]:
    run = company.fail_order(1)
    path = company.at(f"runs/{run.pk}/edit")
    return run, path, company.client.get(f"{path}?view={view}").content.decode()


def test_an_order_is_corrected_field_by_field_and_arrives_once(company: Company) -> None:
    _, path, page = opened(company)
    given = posted(page, **{"lines[0].quantity": "7", "total": "73"})
    looked = company.client.post(path, {**given, "do": "check"}).content.decode()
    assert "was <del>2</del>" in looked
    assert company.client.post(path, {**given, "do": "save"}).status_code == 302
    drain()
    assert company.run(1).status == "succeeded"
    assert company.ledger.orders["orders:BS-1"]["lines"][0]["quantity"] == 7
    assert company.ledger.effects == {"orders:BS-1": 1}


def test_what_was_typed_goes_along_from_view_to_view_and_nothing_is_stored(company: Company) -> None:
    _, path, page = opened(company)
    as_json = company.client.post(path, {**posted(page, **{"lines[0].quantity": "7"}), "turn": "json"})
    assert "&quot;quantity&quot;: 7" in as_json.content.decode()
    text = as_json.content.decode().split("<textarea")[1].split(">", 1)[1].split("</textarea>")[0]
    back = company.client.post(
        path, {"record": text.replace("&quot;", '"'), "turn": "fields"}
    ).content.decode()
    assert "was <del>2</del>" in back
    assert company.run(1).status == "dead"


def test_a_masked_field_is_shown_closed_and_stays_what_it_is(company: Company) -> None:
    _, path, page = opened(company)
    field = page.split('name="f:email"')[1].split(">")[0]
    assert "P•••@Example.com" in field
    assert "readonly" in field
    kept = company.client.post(path, {**posted(page, email="P•••@Example.com", total="73"), "do": "check"})
    assert "What you changed" in kept.content.decode()
    refused = company.client.post(path, {**posted(page, email="other@example.com"), "do": "save"})
    assert refused.status_code == 400
    assert "is masked; show personal data before changing it" in refused.content.decode()


def test_a_word_in_the_place_of_a_number_is_refused_where_it_was_typed(company: Company) -> None:
    _, path, page = opened(company)
    refused = company.client.post(path, {**posted(page, total="seven"), "do": "save"})
    assert refused.status_code == 400
    assert 'value="seven"' in refused.content.decode()
    assert "takes a number" in refused.content.decode()
    assert company.run(1).status == "dead"
