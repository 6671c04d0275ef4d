"""A person edits a record that waits: checked, kept with what it was, sent once; masks and rivals are respected."""

import json
from typing import Any

import pytest

from integrations.kinds import Role
from integrations.kinds.bulk_action import RetryVersion
from integrations.models import AuditEntry, Payload, Run, RunEdit, in_tenant
from integrations.operations import run_edits
from integrations.operations.audit import Actor
from integrations.operations.run_edits import EditCheck, EditOvertaken, EditPart, EditRefused
from integrations.queries.edits import edits_of
from integrations.stores import bodies
from portal.web.record_text import json_text
from tests.domain.test_delivery import drain
from tests.portal.conftest import Company, browser, member

MAYA, TOM = Actor("maya@northline.example"), Actor("tom@northline.example")


def opened(company: Company, run: Run) -> run_edits.Editable:
    with in_tenant(company.world.tenant.pk):
        return run_edits.open_for_edit(run.pk)


def checked(
    company: Company, run: Run, record: dict[str, Any], part: EditPart = EditPart.SOURCE
) -> EditCheck:
    return run_edits.check(opened(company, run), part, record, may_see_personal=True)


def edit(
    company: Company, run: Run, record: dict[str, Any], part: EditPart = EditPart.SOURCE, actor: Actor = MAYA
) -> RunEdit:
    editable = opened(company, run)
    found = run_edits.check(editable, part, record, may_see_personal=True)
    return run_edits.save(editable, part, found, seen=editable.seen, actor=actor)


def test_an_edited_record_is_sent_instead_of_the_first_one(company: Company) -> None:
    failed = company.fail_order(1)
    edit(company, failed, company.world.order(1, quantity=7))
    drain()
    assert company.run(1).status == "succeeded"
    assert company.ledger.orders["orders:BS-1"]["lines"][0]["quantity"] == 7
    assert company.ledger.effects == {"orders:BS-1": 1}


def test_the_record_made_for_the_target_is_edited_and_not_mapped_again(company: Company) -> None:
    failed = company.fail_order(1)
    mapped = dict(opened(company, failed).record(EditPart.MAPPED))
    mapped["customer"] = "WALKIN"
    edit(company, failed, mapped, EditPart.MAPPED)
    drain()
    assert company.run(1).status == "succeeded"
    assert company.ledger.orders["orders:BS-1"]["customer"] == "WALKIN"


def test_an_edit_of_the_source_leaves_an_earlier_edit_of_the_target_record_behind(company: Company) -> None:
    failed = company.fail_order(1)
    mapped = {**opened(company, failed).record(EditPart.MAPPED), "customer": "WALKIN"}
    company.ledger.faults.append("422")
    edit(company, failed, mapped, EditPart.MAPPED)
    drain()
    assert company.run(1).status == "dead"
    edit(company, company.run(1), company.world.order(1, quantity=7))
    drain()
    sent = company.ledger.orders["orders:BS-1"]
    assert (sent["customer"] != "WALKIN", sent["lines"][0]["quantity"]) == (True, 7)


def test_an_edited_run_that_may_have_been_sent_is_looked_for_before_it_is_written(company: Company) -> None:
    company.ledger.faults.extend(["drop_after_commit", "422"])
    company.world.send(company.world.order(1))
    drain()
    run = company.run(1)
    with in_tenant(company.world.tenant.pk):
        Run.objects.filter(pk=run.pk).update(status="dead", is_head=False, target_id="")
    edit(company, run, company.world.order(1, quantity=7))
    drain()
    assert company.ledger.effects == {"orders:BS-1": 1}


def test_what_does_not_fit_is_named_and_not_stored(company: Company) -> None:
    failed = company.fail_order(1)
    order = company.world.order(1, sku="x" * 31)
    found = checked(company, failed, json.loads(json_text(order)))
    assert [(one.field, one.rule) for one in found.problems] == [
        ("lines[0].sku", "has 31 characters; 30 fit")
    ]
    editable = opened(company, failed)
    with pytest.raises(EditRefused, match="does not fit yet"):
        run_edits.save(editable, EditPart.SOURCE, found, seen=editable.seen, actor=MAYA)
    assert company.run(1).status == "dead"
    with in_tenant(company.world.tenant.pk):
        assert not RunEdit.objects.exists()


def test_money_that_does_not_add_up_is_named(company: Company) -> None:
    failed = company.fail_order(1)
    found = checked(company, failed, {**company.world.order(1), "total": 99})
    assert "differs by" in found.problems[0].rule


def test_the_result_is_shown_before_anything_is_kept(company: Company) -> None:
    failed = company.fail_order(1)
    found = checked(
        company, failed, json.loads(json_text(company.world.order(1, quantity=7)), parse_float=str)
    )
    paths = {one.path for one in found.changes}
    assert "lines[0].quantity" in paths
    assert ("lines[0].quantity", 2, 7) in {(one.path, one.before, one.after) for one in found.sent}
    with in_tenant(company.world.tenant.pk):
        assert not Payload.objects.filter(role="edited").exists()


def test_a_reference_without_a_link_is_said_and_does_not_stop_the_edit(company: Company) -> None:
    held = company.hold_order(1)
    found = checked(company, held, company.world.order(1, sku="NEW-SKU"))
    assert found.problems == ()


def test_two_people_edit_and_the_second_is_told_by_whom(company: Company) -> None:
    failed = company.fail_order(1)
    slow = opened(company, failed)
    late = run_edits.check(slow, EditPart.SOURCE, company.world.order(1, quantity=9), may_see_personal=True)
    company.ledger.faults.append("422")
    edit(company, failed, company.world.order(1, quantity=7), actor=TOM)
    with pytest.raises(EditOvertaken, match=r"tom@northline.example edited this record meanwhile"):
        run_edits.save(slow, EditPart.SOURCE, late, seen=slow.seen, actor=MAYA)
    drain()
    assert company.run(1).status == "dead"
    with pytest.raises(EditOvertaken, match=r"tom@northline.example"):
        run_edits.save(slow, EditPart.SOURCE, late, seen=slow.seen, actor=MAYA)


def test_a_run_that_went_on_meanwhile_is_not_edited(company: Company) -> None:
    failed = company.fail_order(1)
    slow = opened(company, failed)
    late = run_edits.check(slow, EditPart.SOURCE, company.world.order(1, quantity=9), may_see_personal=True)
    company.client.post(company.at(f"runs/{failed.pk}/retry"))
    drain()
    with pytest.raises(EditOvertaken, match="went on meanwhile"):
        run_edits.save(slow, EditPart.SOURCE, late, seen=slow.seen, actor=MAYA)


def test_what_was_changed_is_kept_with_who_and_when_and_sealed(company: Company) -> None:
    failed = company.fail_order(1)
    edit(company, failed, {**company.world.order(1), "email": "new@example.com"})
    with in_tenant(company.world.tenant.pk):
        (row,) = edits_of(failed.pk)
        assert (row.author, row.part, row.fields) == (MAYA.name, "source", ("email",))
        (change,) = bodies.open_changes(company.world.tenant.pk, [row.payload_id])[row.payload_id]
        assert (change.before, change.after) == ("Pat1@Example.com", "new@example.com")
        for stored in Payload.objects.filter(run_id=failed.pk, role__startswith="edit"):
            assert b"new@example.com" not in bytes(stored.sealed)
        entry = AuditEntry.objects.get(action="run.edited")
        assert "email" in entry.summary
        assert "new@example.com" not in entry.summary
    page = company.get(f"runs/{failed.pk}")
    assert "Edited" in page
    assert "P•••@Example.com" in page
    assert "new@example.com" not in page
    assert "Edited by a person" in company.get("runs")


def test_nothing_changed_is_no_edit(company: Company) -> None:
    failed = company.fail_order(1)
    with pytest.raises(EditRefused, match="Nothing was changed"):
        edit(company, failed, opened(company, failed).source)


def test_a_masked_value_that_was_not_seen_cannot_be_changed_and_comes_back_whole(company: Company) -> None:
    failed = company.fail_order(1)
    editable = opened(company, failed)
    shown = {**company.world.order(1, quantity=7), "email": "P•••@Example.com"}
    found = run_edits.check(editable, EditPart.SOURCE, shown, may_see_personal=False)
    assert found.record["email"] == "Pat1@Example.com"
    assert "email" not in {one.path for one in found.changes}
    with pytest.raises(EditRefused, match="email is masked"):
        run_edits.check(
            editable, EditPart.SOURCE, {**shown, "email": "new@x.example"}, may_see_personal=False
        )


def test_a_secret_and_a_card_number_cannot_be_edited(company: Company) -> None:
    company.ledger.faults.append("422")
    order = {**company.world.order(1), "card_number": "4111111111111111", "api_token": "abc"}
    company.world.send(order)
    drain()
    failed = company.run(1)
    stored = opened(company, failed).source
    assert "4111" not in json_text(stored)
    for changed in ({**stored, "card_number": "4222222222222222"}, {**stored, "api_token": "x"}):
        with pytest.raises(EditRefused, match="cannot be edited"):
            checked(company, failed, changed)
    without = {name: value for name, value in stored.items() if name != "api_token"}
    with pytest.raises(EditRefused, match="cannot be taken out"):
        checked(company, failed, without)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("{", "line 1"),
        ("[]", "one JSON object"),
        ("{}", "one JSON object"),
        ('{"a": NaN}', "no amounts"),
        ('{"a": {"$decimal": "x"}}', "not readable"),
        ('{"a": {"$decimal": []}}', "not readable"),
        ("[" * 60_000, "not readable"),
    ],
)
def test_what_is_no_record_is_refused(text: str, why: str) -> None:
    with pytest.raises(EditRefused, match=why):
        run_edits.parse_record(text)


def test_a_change_held_for_review_is_not_edited_where_the_target_takes_no_changes(company: Company) -> None:
    company.deliver_order(1)
    company.world.send(company.world.order(1, quantity=3))
    drain()
    held = company.run(1)
    assert held.reason_code == "changed_after_release"
    with pytest.raises(EditRefused, match="takes no changes"):
        opened(company, held)
    page = company.get(f"runs/{held.pk}")
    assert "Send the change" not in page


def test_the_latest_version_is_used_when_the_person_says_so(company: Company) -> None:
    failed = company.fail_order(1)
    editable = opened(company, failed)
    found = run_edits.check(
        editable, EditPart.SOURCE, company.world.order(1, quantity=7),
        version=RetryVersion.LATEST, may_see_personal=True,
    )  # fmt: skip
    run_edits.save(
        editable, EditPart.SOURCE, found, seen=editable.seen, actor=MAYA, version=RetryVersion.LATEST
    )
    drain()
    assert company.run(1).status == "succeeded"


def test_the_page_checks_first_then_saves_and_an_auditor_may_do_neither(company: Company) -> None:
    run = company.fail_order(1)
    path = company.at(f"runs/{run.pk}/edit")
    page = company.client.get(path).content.decode()
    assert "P•••@Example.com" in page
    seen = page.split('name="seen" value="')[1].split('"')[0]
    shown = {**company.world.order(1, quantity=7), "email": "P•••@Example.com"}
    given = {"record": json.dumps(shown), "seen": seen}
    looked = company.client.post(path, {**given, "do": "check"}).content.decode()
    assert "What you changed" in looked
    assert "lines[0].quantity" in looked
    assert company.run(1).status == "dead"
    auditor = browser(member(company.world, Role.AUDITOR))
    assert auditor.get(path).status_code == 403
    assert auditor.post(path, {**given, "do": "save"}).status_code == 403
    assert company.client.post(path, {**given, "do": "save"}).status_code == 302
    drain()
    assert company.run(1).status == "succeeded"
    assert company.ledger.orders["orders:BS-1"]["lines"][0]["quantity"] == 7


def test_the_page_tells_the_second_editor_and_keeps_what_she_typed(company: Company) -> None:
    run = company.fail_order(1)
    path = company.at(f"runs/{run.pk}/edit")
    seen = company.client.get(path).content.decode().split('name="seen" value="')[1].split('"')[0]
    company.ledger.faults.append("422")
    edit(company, run, company.world.order(1, quantity=3), actor=TOM)
    drain()
    shown = {**company.world.order(1, quantity=7), "email": "P•••@Example.com"}
    answer = company.client.post(path, {"record": json.dumps(shown), "seen": seen, "do": "save"})
    assert answer.status_code == 409
    assert "tom@northline.example edited this record meanwhile" in answer.content.decode()
    assert "&quot;quantity&quot;: 7" in answer.content.decode()


def test_a_record_with_a_zero_byte_is_kept_and_its_path_is_shown_without(company: Company) -> None:
    failed = company.fail_order(1)
    record = {**company.world.order(1), "no\0te": "x\0y"}
    edit(company, failed, record)
    with in_tenant(company.world.tenant.pk):
        assert edits_of(failed.pk)[0].fields == ("note",)
    assert company.client.get(company.at(f"runs/{failed.pk}")).status_code == 200
