"""What a person does to runs: retried, skipped, edited, linked; in order, audited, never doubled."""

import pytest

from integrations.models import AuditEntry, Hold, Payload, RecordHead, RecordLink, in_tenant
from integrations.operations import runs
from integrations.operations.audit import Actor
from integrations.operations.runs import EditRefused, LinkRefused
from portal.web.record_text import json_text
from tests.domain.test_delivery import drain
from tests.portal.conftest import Company

MAYA = Actor("maya@northline.example")


def act(company: Company, action, *given, **named):
    """Run one operation as the web role does, and commit."""
    with in_tenant(company.world.tenant.pk):
        return action(*given, actor=MAYA, **named)


def test_a_failed_run_that_is_retried_is_delivered_once(company: Company) -> None:
    failed = company.fail_order(1)
    assert act(company, runs.retry, [failed.pk]) == 1
    drain()
    again = company.run(1)
    assert (again.pk, again.status) == (failed.pk, "succeeded")
    assert company.ledger.effects == {"orders:BS-1": 1}


def test_a_held_run_that_is_retried_is_held_again_while_the_reference_is_missing(company: Company) -> None:
    held = company.hold_order(1)
    company.ledger.unknown_skus = {"A50-HALO"}
    act(company, runs.retry, [held.pk])
    drain()
    with in_tenant(company.world.tenant.pk):
        assert company.run(1).status == "held"
        assert Hold.objects.filter(released_at=None).count() == 1


def test_what_is_not_waiting_for_a_person_is_left_alone(company: Company) -> None:
    done = company.deliver_order(1)
    assert act(company, runs.retry, [done.pk]) == 0
    assert act(company, runs.skip, [done.pk], "no") == 0
    assert company.run(1).status == "succeeded"


def test_a_retried_run_takes_its_records_head_back(company: Company) -> None:
    failed = company.fail_order(1)
    act(company, runs.retry, [failed.pk])
    with in_tenant(company.world.tenant.pk):
        assert RecordHead.objects.get().live_run_id == failed.pk
        assert company.run(1).is_head


def test_a_run_that_may_have_been_sent_is_looked_for_when_it_is_retried(company: Company) -> None:
    failed = company.fail_order(1)
    with in_tenant(company.world.tenant.pk):
        from integrations.models import Attempt

        Attempt.objects.filter(run=failed).update(outcome="in_doubt")
    company.ledger.commit("orders", {"reference": "BS-1"})
    act(company, runs.retry, [failed.pk])
    assert company.run(1).must_find
    drain()
    assert company.run(1).status == "succeeded"
    assert company.ledger.effects == {"orders:BS-1": 1}


def test_a_skipped_run_keeps_its_reason_and_frees_its_record(company: Company) -> None:
    held = company.hold_order(1)
    assert act(company, runs.skip, [held.pk], "entered by hand") == 1
    run = company.run(1)
    assert (run.status, run.is_head) == ("skipped", False)
    assert "entered by hand" in run.reason
    with in_tenant(company.world.tenant.pk):
        assert RecordHead.objects.get().live_run_id is None
        assert not Hold.objects.filter(released_at=None).exists()
    company.world.send(company.world.order(1, quantity=9))
    drain()
    assert company.run(1).status == "succeeded"


def test_a_linked_sku_releases_what_waits_for_it(company: Company) -> None:
    company.hold_order(1)
    company.hold_order(2)
    pair = company.world.pair.pk
    assert act(company, runs.link_sku, pair, "A50-HALO", "A50HALO") == 2
    drain()
    assert {company.run(1).status, company.run(2).status} == {"succeeded"}
    with in_tenant(company.world.tenant.pk):
        link = RecordLink.objects.get(kind="product")
        assert (link.storefront_id, link.erp_id, link.made_by) == ("A50-HALO", "A50HALO", "person")


def test_a_sku_may_be_pointed_elsewhere_and_an_item_belongs_to_one_sku(company: Company) -> None:
    pair = company.world.pair.pk
    act(company, runs.link_sku, pair, "A", "X")
    act(company, runs.link_sku, pair, "A", "Y")
    with pytest.raises(LinkRefused, match="A is linked to Y already"):
        act(company, runs.link_sku, pair, "B", "Y")
    with pytest.raises(LinkRefused, match="needed"):
        act(company, runs.link_sku, pair, "A", " ")
    with in_tenant(company.world.tenant.pk):
        assert RecordLink.objects.get().erp_id == "Y"


def test_an_edited_record_is_sent_instead_of_the_first_one(company: Company) -> None:
    failed = company.fail_order(1)
    order = company.world.order(1, quantity=7)
    act(company, runs.edit_and_retry, failed.pk, json_text(order))
    drain()
    assert company.run(1).status == "succeeded"
    assert company.ledger.orders["orders:BS-1"]["lines"][0]["quantity"] == 7


def test_an_edited_record_is_sealed_on_disk(company: Company) -> None:
    failed = company.fail_order(1)
    act(company, runs.edit_and_retry, failed.pk, '{"number": "1", "secret-word": 1}')
    with in_tenant(company.world.tenant.pk):
        stored = Payload.objects.get(role="edited")
    assert b"secret-word" not in bytes(stored.sealed)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("{", "line 1"),
        ("[]", "one JSON object"),
        ("{}", "one JSON object"),
        ('{"a": NaN}', "no amounts"),
        ('{"a": {"$decimal": "x"}}', "not readable"),
        ('{"a": {"$decimal": []}}', "not readable"),
    ],
)
def test_an_edit_that_is_no_record_is_refused_and_nothing_is_sent(
    company: Company, text: str, why: str
) -> None:
    failed = company.fail_order(1)
    with pytest.raises(EditRefused, match=why):
        act(company, runs.edit_and_retry, failed.pk, text)
    assert company.run(1).status == "dead"


def test_everything_a_person_does_is_in_the_audit_log(company: Company) -> None:
    failed = company.fail_order(1)
    act(company, runs.note_look, failed.pk)
    act(company, runs.reveal, failed.pk)
    act(company, runs.retry, [failed.pk])
    with in_tenant(company.world.tenant.pk):
        written = AuditEntry.objects.filter(subject=f"run {failed.pk}").order_by("id")
        assert [one.action for one in written] == ["run.looked_at", "run.revealed", "run.retried"]
        assert {one.actor for one in written} == {MAYA.name}
