"""What a retry takes over: the record as it was read, the target record as it was mapped or edited, or a fresh look."""

from dataclasses import replace

import pytest

from integrations.connectors.spec import Capability, Support, Verb
from integrations.kinds import Kind, RunStatus, canonical_json
from tests.unit.flows.scripted import ORDER, World

KEPT = {"CustID": "C100", "Number": "1043", "Total": 1, "lines": [{"InvtID": "KEPT"}]}
BODY = canonical_json({"external_id": "5012", "fields": ORDER, "business_key": "1043"})


def test_a_kept_target_record_is_sent_as_it_is_without_mapping_references_or_creating_on_the_way(
    world: World,
) -> None:
    world.house.links.clear()
    outcome = world.serve(kept_mapped=KEPT)
    assert outcome.status is RunStatus.SUCCEEDED
    (request,) = world.erp.written
    assert dict(request.fields) == KEPT
    assert "mapping" not in outcome.context, "nothing was mapped, so there is nothing to trace"


def test_a_kept_target_record_is_still_held_against_the_targets_schema(world: World) -> None:
    outcome = world.serve(kept_mapped={**KEPT, "Number": "12345678901"})
    assert (outcome.status, outcome.reason_code) == (RunStatus.DEAD, "validation")
    assert world.erp.written == []


def test_a_kept_target_record_that_may_have_arrived_is_looked_for_first(world: World) -> None:
    world.erp.by_reference["XC-1043"] = "O1"
    outcome = world.serve(kept_mapped=KEPT, must_find=True)
    assert (outcome.status, outcome.target_id) == (RunStatus.SUCCEEDED, "O1")
    assert world.erp.written == []


@pytest.mark.parametrize(("can_read", "looks"), [(True, ["5012"]), (False, [])])
def test_a_fresh_look_is_taken_where_the_source_can_be_read(
    world: World, can_read: bool, looks: list[str]
) -> None:
    read = {(Kind.ORDER, Verb.READ): Capability(Support.FULL)} if can_read else {}
    world.shop.spec = replace(world.shop.spec, capabilities=read)
    outcome = world.serve(reads_anew=True, has_record=True, event_body=BODY)
    assert outcome.status is RunStatus.SUCCEEDED, outcome.reason
    assert world.shop.named("fetch") == looks


@pytest.mark.parametrize(("can_update", "status"), [(True, RunStatus.SUCCEEDED), (False, RunStatus.HELD)])
def test_a_change_that_a_person_approved_is_sent_where_the_target_takes_changes(
    world: World, can_update: bool, status: RunStatus
) -> None:
    world.deliver()
    update = {(Kind.ORDER, Verb.UPDATE): Capability(Support.FULL)} if can_update else {}
    world.erp.spec = replace(world.erp.spec, capabilities=update)
    assert world.serve(kept_mapped=KEPT).status is RunStatus.HELD
    outcome = world.serve(kept_mapped=KEPT, is_approved=True)
    assert outcome.status is status
    if can_update:
        assert world.erp.written[-1].external_id == "O1"
    else:
        assert outcome.reason_code == "changed_after_release"
