"""``manage mapping``: what people type, what they read, and the exit code that stops a pipeline."""

import json
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from integrations.connectors import registry
from integrations.mapping.interchange import to_yaml

PACK = registry.template_pack("x_cart", "dynamics_sl")


@pytest.fixture
def order_file(tmp_path: Path) -> Path:
    file = tmp_path / "orders.json"
    file.write_text(json.dumps(PACK[0]))
    return file


@pytest.fixture
def wrong_file(tmp_path: Path) -> Path:
    """The mapping of the ready flow with a street that is not guarded, as YAML."""
    document = json.loads(json.dumps(PACK[0]["definition"]["mappings"]["customer"]))
    for rule in document["rules"]:
        if rule["to"] == "Addr1":
            rule["do"] = []
    file = tmp_path / "customer.yaml"
    file.write_text(to_yaml(document))
    return file


def said(capsys: Any, *words: str) -> str:
    call_command("mapping", *words)
    return str(capsys.readouterr().out)


def test_check_tells_each_field_and_passes_where_nothing_is_wrong(order_file: Path, capsys: Any) -> None:
    out = said(capsys, "check", str(order_file), "--notes")
    assert "PROVED      ShipAddr1" in out
    assert "(stops where it is longer than 60)" in out
    assert out.endswith("Order to sales order: 40 proved, 0 needs guard, 0 wrong\n")


def test_check_fails_the_pipeline_with_the_record_that_shows_it(wrong_file: Path, capsys: Any) -> None:
    with pytest.raises(SystemExit) as stopped:
        call_command("mapping", "check", str(wrong_file))
    assert stopped.value.code == 1
    out = capsys.readouterr().out
    assert "WRONG       Addr1  may be 255 characters long; 60 fit" in out
    assert "Addr1: has 61 characters; 60 fit" in out
    with pytest.raises(SystemExit):
        call_command("mapping", "check", str(wrong_file), "--json")
    assert json.loads(capsys.readouterr().out)["counts"]["wrong"] == 1


def test_check_takes_schemas_and_value_maps_from_files(tmp_path: Path, capsys: Any) -> None:
    mapping, source, target, tables = (tmp_path / name for name in ("m.yaml", "s.yaml", "t.yaml", "v.yaml"))
    mapping.write_text("rules: [{to: State, from: state, do: [{fn: lookup, map: states}]}]")
    source.write_text("fields: [{name: state, type: text}]")
    target.write_text("fields: [{name: State, type: text, enum: [open]}]")
    tables.write_text("value_maps: [{key: states, rows: {N: open}}]")
    schemas = ("--source-schema", str(source), "--target-schema", str(target))
    assert "1 proved" in said(capsys, "check", str(mapping), *schemas, "--value-maps", str(tables))
    assert "1 needs guard" in said(capsys, "check", str(mapping), *schemas)
    with pytest.raises(CommandError, match="names no known source; give --source-schema FILE"):
        call_command("mapping", "check", str(mapping))


def test_preview_and_trace_show_a_sample_or_a_record_of_a_file(
    order_file: Path, tmp_path: Path, capsys: Any
) -> None:
    shown = json.loads(said(capsys, "preview", str(order_file), "--mapping", "customer"))
    assert shown["Country"] == "USA" and shown["City"] == "Austin"
    records = tmp_path / "records.json"
    records.write_text('[{"email": "Ada@Example.com", "customer_name": "Ada", "currency": "USD"}]')
    traced = said(capsys, "trace", str(order_file), "--mapping", "customer", "--records", str(records))
    assert (
        "EMailAddr: email = 'Ada@Example.com'; trim -> 'Ada@Example.com'; lower -> 'ada@example.com'"
        in traced
    )
    with pytest.raises(CommandError, match="typical, longest texts"):
        call_command("mapping", "preview", str(order_file), "--sample", "odd")
    with pytest.raises(CommandError, match="The record is stopped: CustOrdNbr"):
        call_command("mapping", "preview", str(order_file), "--sample", "longest texts")


def test_diff_and_replay_compare_two_files(order_file: Path, wrong_file: Path, capsys: Any) -> None:
    told = said(capsys, "diff", str(order_file), str(wrong_file), "--mapping", "customer")
    assert told == "Addr1 no longer goes through at most so long 60\n"
    replayed = said(capsys, "replay", str(order_file), str(wrong_file), "--mapping", "customer")
    assert replayed.startswith("100 records:")
    same = said(capsys, "diff", str(order_file), str(order_file), "--json")
    assert json.loads(same) == []


def test_saved_cases_run_and_a_failing_one_fails_the_pipeline(
    order_file: Path, tmp_path: Path, capsys: Any
) -> None:
    cases = tmp_path / "cases.json"
    record = {"email": "ada@example.com", "customer_name": "Ada"}
    case = {"name": "no company", "record": record, "expected": {"Name": "Ada"}}
    cases.write_text(json.dumps([case]))
    with pytest.raises(SystemExit):
        call_command("mapping", "test", str(order_file), "--mapping", "customer", "--cases", str(cases))
    assert "FAILED  no company" in capsys.readouterr().out
    mapping = tmp_path / "small.yaml"
    mapping.write_text("rules: [{to: Name, from: customer_name}]")
    assert said(capsys, "test", str(mapping), "--cases", str(cases)) == "passed  no company\n"


def test_export_writes_yaml_and_schema_and_docs_describe_the_language(order_file: Path, capsys: Any) -> None:
    assert said(capsys, "export", str(order_file)).startswith(
        "name: Order to sales order\nsource:\n  system: x_cart\n"
    )
    assert json.loads(said(capsys, "schema"))["title"] == "Mapping document"
    assert "net_unit_price" in said(capsys, "docs")


@pytest.mark.parametrize(
    ("text", "reason"),
    [("a: [", "is not readable"), ("rules: {}", "a list of rules"), ("\x00", "is not readable")],
)
def test_a_file_that_is_no_mapping_is_refused_in_words(tmp_path: Path, text: str, reason: str) -> None:
    file = tmp_path / "bad.yaml"
    file.write_text(text)
    with pytest.raises(CommandError, match=reason):
        call_command("mapping", "export", str(file))
    with pytest.raises(CommandError, match="No such file"):
        call_command("mapping", "export", str(tmp_path / "none.yaml"))
