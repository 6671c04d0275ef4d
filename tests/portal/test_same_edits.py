"""The same edit for all that hold the same: found among the sealed, planned, started by a person; sealed, isolated."""

from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from integrations.kinds import Role
from integrations.models import AuditEntry, BulkAction, Run, RunEdit, in_tenant
from integrations.operations import run_edits, same_edits
from integrations.operations.audit import Actor
from integrations.operations.bulk_actions import BulkRefused
from integrations.operations.run_edits import EditOvertaken, EditPart
from integrations.operations.same_edits import SameEdit
from integrations.queries import bulk_actions as queries
from integrations.stores import bodies
from tests.domain.test_delivery import drain
from tests.portal.conftest import Company, browser, member
from tests.portal.test_bulk_actions import fail_orders, step
from tests.portal.test_run_edit_form import posted
from tests.worlds import make_bench_world

MAYA = Actor("maya@northline.example")


def edited(company: Company, run: Run, **values: Any) -> tuple[run_edits.Editable, run_edits.EditCheck]:
    """Return a run opened for its edit, and the edit checked; by default seven pieces for two."""
    with in_tenant(company.world.tenant.pk):
        editable = run_edits.open_for_edit(run.pk)
    values = values or {**company.world.order(1, quantity=7), "email": editable.source["email"]}
    record = {**editable.source, **values, "number": editable.source["number"]}
    return editable, run_edits.check(editable, EditPart.SOURCE, record, may_see_personal=True)


def found(company: Company, run: Run, **values: Any) -> SameEdit | None:
    editable, checked = edited(company, run, **values)
    with in_tenant(company.world.tenant.pk):
        return same_edits.find_same(editable, EditPart.SOURCE, checked)


def start(company: Company, run: Run, **given: Any) -> BulkAction:
    editable, checked = edited(company, run)
    return same_edits.start(editable, EditPart.SOURCE, checked, seen=editable.seen, actor=MAYA, **given)


def quantities(company: Company) -> dict[str, int]:
    return {key: one["lines"][0]["quantity"] for key, one in company.ledger.orders.items()}


def step_through(company: Company, times: int = 6) -> None:
    for _ in range(times):
        drain()
        step(company)


def test_others_of_the_same_cause_that_hold_the_same_values_are_found_with_their_money_and_calls(
    company: Company,
) -> None:
    first, *others = fail_orders(company, 3)
    company.ledger.faults.append("422")
    company.world.send(company.world.order(4, quantity=5))
    drain()
    company.hold_order(5)
    same = found(company, first)
    assert same is not None
    assert same.others == tuple(run.pk for run in others), "neither other values nor another cause"
    assert (same.count, same.looked_at, same.others_waiting) == (3, 3, 3)
    assert [(one.amount, one.currency) for one in same.plan.money] == [(Decimal(69), "USD")]
    assert same.plan.call_count >= 3
    assert found(company, others[0]).others == (first.pk, others[1].pk)  # type: ignore[union-attr]


def test_only_the_newest_of_a_cause_are_opened_and_it_says_so(
    company: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, _, third, fourth = fail_orders(company, 4)
    monkeypatch.setattr(same_edits, "LOOKED_AT_MOST", 2)
    same = found(company, first)
    assert same is not None
    assert (same.others, same.looked_at, same.others_waiting) == ((third.pk, fourth.pk), 2, 3)


def test_what_was_changed_in_one_record_only_has_no_others(company: Company) -> None:
    first, _ = fail_orders(company, 2)
    assert found(company, first, email="new@example.com") is None, "each has an address of its own"
    line = company.world.order(1)["lines"][0]
    assert found(company, first, lines=[line, {**line, "sku": "b"}], total=43) is None, (
        "a new line has no place"
    )


def test_an_earlier_edit_of_another_record_counts_and_not_what_it_came_with(company: Company) -> None:
    first, second, third = fail_orders(company, 3)
    editable, checked = edited(company, second, **company.world.order(1, quantity=5))
    company.ledger.faults.append("422")
    run_edits.save(editable, EditPart.SOURCE, checked, seen=editable.seen, actor=MAYA)
    drain()
    same = found(company, first)
    assert same is not None
    assert same.others == (third.pk,)


def test_records_opened_together_are_those_that_each_run_would_be_edited_from(company: Company) -> None:
    plain, held = company.fail_order(1), company.hold_order(2)
    both = company.fail_order(3)
    for part, field in (
        (EditPart.MAPPED, "customer"),
        (EditPart.SOURCE, "note"),
        (EditPart.MAPPED, "customer"),
    ):
        company.ledger.faults.append("422")
        with in_tenant(company.world.tenant.pk):
            editable = run_edits.open_for_edit(both.pk)
        record = {**editable.record(part), field: f"{part.value} of {both.pk}"}
        checked = run_edits.check(editable, part, record, may_see_personal=True)
        run_edits.save(editable, part, checked, seen=editable.seen, actor=MAYA)
        drain()
        _same_as_one_by_one(company, plain, held, both)


def _same_as_one_by_one(company: Company, *runs: Run) -> None:
    tenant_id, ids = company.world.tenant.pk, [run.pk for run in runs]
    with in_tenant(tenant_id):
        for run_id, together in bodies.open_records(tenant_id, ids).items():
            editable = run_edits.open_for_edit(run_id)
            assert (together.source, together.mapped) == (editable.source, editable.mapped)


def test_a_target_record_is_edited_in_all_that_hold_the_same(company: Company) -> None:
    first, *_ = fail_orders(company, 2)
    with in_tenant(company.world.tenant.pk):
        editable = run_edits.open_for_edit(first.pk)
    mapped = {**editable.record(EditPart.MAPPED)}
    mapped["lines"] = [{**mapped["lines"][0], "quantity": 9}]
    checked = run_edits.check(editable, EditPart.MAPPED, mapped, may_see_personal=True)
    same_edits.start(editable, EditPart.MAPPED, checked, seen=editable.seen, actor=MAYA)
    step_through(company)
    assert quantities(company) == {"orders:BS-1": 9, "orders:BS-2": 9}


def test_who_was_overtaken_starts_nothing(company: Company) -> None:
    first, *_ = fail_orders(company, 3)
    editable, checked = edited(company, first)
    company.client.post(company.at(f"runs/{first.pk}/skip"), {"reason": "by hand"})
    with pytest.raises((EditOvertaken, BulkRefused)):
        same_edits.start(editable, EditPart.SOURCE, checked, seen=editable.seen, actor=MAYA)
    with in_tenant(company.world.tenant.pk):
        assert not BulkAction.objects.exists()
        assert not RunEdit.objects.exists()


def test_what_failed_after_the_plan_is_no_part_of_it(company: Company) -> None:
    first, second = fail_orders(company, 2)
    company.fail_order(3)
    action = start(company, first, up_to=second.pk)
    step_through(company)
    assert action.matched == 2
    assert company.run(3).status == "dead"


def test_the_changed_values_are_sealed_and_in_no_log(company: Company) -> None:
    first, *_ = fail_orders(company, 2)
    editable, checked = edited(company, first, currency="CAD")
    action = same_edits.start(editable, EditPart.SOURCE, checked, seen=editable.seen, actor=MAYA)
    with in_tenant(company.world.tenant.pk), connection.cursor() as cursor:
        cursor.execute("SELECT to_jsonb(b) - 'edit' FROM bulk_action b WHERE id = %s", [action.pk])
        assert "CAD" not in str(cursor.fetchone())
        assert b"CAD" not in bytes(BulkAction.objects.get().edit)
        assert not AuditEntry.objects.filter(summary__contains="CAD").exists()
        assert same_edits.open_edit(BulkAction.objects.get()).changes[0].after == "CAD"


def test_another_company_is_never_looked_at_or_touched(company: Company) -> None:
    first, *_ = fail_orders(company, 2)
    other = make_bench_world(company.ledger.url, "Mallory Works")  # type: ignore[attr-defined]
    company.ledger.faults.append("422")
    other.send(other.order(3))
    drain()
    same = found(company, first)
    assert same is not None
    assert same.count == 2
    start(company, first)
    step_through(company)
    assert [run.status for run in other.runs()] == ["dead"]
    with in_tenant(other.tenant.pk):
        assert not BulkAction.objects.exists()
        assert queries.list_actions() == []


def test_the_editor_offers_the_plan_and_the_plan_starts_it(company: Company) -> None:
    first, *_ = fail_orders(company, 3)
    path = company.at(f"runs/{first.pk}/edit")
    page = company.client.get(f"{path}?view=all").content.decode()
    given = posted(page, **{"lines[0].quantity": "7", "total": "73"})
    checked = " ".join(company.client.post(path, {**given, "do": "check"}).content.decode().split())
    assert "2 other orders that wait for this hold the same lines[0].quantity and total." in checked
    assert "Plan the same edit for all 3" in checked
    plan = company.client.post(path, {**given, "do": "plan"}).content.decode()
    assert "The same edit for 3 orders" in " ".join(plan.split())
    assert "P•••@Example.com" not in plan.split("What is changed in each")[1]
    with in_tenant(company.world.tenant.pk):
        assert not BulkAction.objects.exists()
    given = posted(plan) | {"up_to": plan.split('name="up_to" value="')[1].split('"')[0], "version": "same"}
    back = company.client.post(path, {**given, "turn": "all"}).content.decode()
    assert "was <del>2</del>" in back
    answer = company.client.post(path, {**given, "do": "start"})
    assert answer.status_code == 302
    step_through(company)
    where = answer["Location"].removeprefix(company.at())
    assert "None of them needs you any more" in company.get(where)
    assert "Edited and sent again" in company.get(where)
    assert "Edit 3" in company.get("bulk-actions")
    assert quantities(company) == {f"orders:BS-{number}": 7 for number in range(1, 4)}


def test_a_plan_of_what_nobody_else_holds_is_refused_and_an_auditor_plans_none(company: Company) -> None:
    first, second = fail_orders(company, 2)
    path = company.at(f"runs/{first.pk}/edit")
    page = company.client.get(f"{path}?view=all").content.decode()
    given = posted(page, **{"lines[0].quantity": "7", "total": "73"})
    auditor = browser(member(company.world, Role.AUDITOR))
    assert auditor.post(path, {**given, "do": "plan"}).status_code == 403
    assert auditor.post(path, {**given, "do": "start"}).status_code == 403
    company.client.post(company.at(f"runs/{second.pk}/skip"), {"reason": "by hand"})
    for deed in ("plan", "start"):
        answer = company.client.post(path, {**given, "do": deed})
        assert answer.status_code == 409
        assert "No other record that waits for the same" in answer.content.decode()
    assert company.run(1).status == "dead"


def test_looking_for_others_takes_as_many_statements_for_many_as_for_few(company: Company) -> None:
    first, *_ = fail_orders(company, 2)
    editable, checked = edited(company, first)

    def statements() -> int:
        with in_tenant(company.world.tenant.pk), CaptureQueriesContext(connection) as captured:
            assert same_edits.find_same(editable, EditPart.SOURCE, checked) is not None
        return len(captured)

    few = statements()
    for number in range(3, 9):
        company.fail_order(number)
    assert statements() == few
