"""How an order is imported into Sage 500: run keys, slices, lost links and deadlocks, over TDS."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from integrations.connectors.errors import Duplicate, Misconfigured, OutcomeUnknown, Transient
from tests.contract import sage_stand
from tests.contract.sage_stand import CLERK, rows, setting
from tests.contract.test_sage_500 import LAST_SLICE, SageStand

process, stand = sage_stand.process, sage_stand.stand


def test_an_order_has_a_run_key_of_its_own_and_is_imported_in_slices(stand: SageStand) -> None:
    connector = stand.connector()
    for request in (stand.write_request(), stand.write_request()):
        connector.write(request)
    staged = rows(stand, "StgSalesOrder")
    assert [row["ProcessStatus"] for row in staged] == [1, 1]
    assert len({row["SessionKey"] for row in staged}) == 2
    slices = [each for each in stand.exchanges if each.request.startswith("EXEC spSOapiSalesOrdIns")]
    assert len(slices) == 4


def test_an_import_that_stopped_half_way_goes_on_under_the_same_run_key(stand: SageStand) -> None:
    connector, request = stand.connector(), stand.write_request()
    stand.simulator.fault("drop_before_commit", times=1, match=LAST_SLICE)
    with pytest.raises(OutcomeUnknown):
        connector.write(request)
    (before,) = rows(stand, "StgSalesOrder")
    assert before["ProcessStatus"] == 0
    connector.write(request)
    (after,) = rows(stand, "StgSalesOrder")
    assert (after["SessionKey"], after["ProcessStatus"]) == (before["SessionKey"], 1)
    assert stand.effects(request) == 1


@pytest.mark.parametrize("match", ["INSERT INTO StgSalesOrder", "INSERT INTO StgSOLine"])
def test_a_link_lost_before_the_staging_is_committed_leaves_nothing(stand: SageStand, match: str) -> None:
    connector, request = stand.connector(), stand.write_request()
    stand.simulator.fault("drop_after_commit", times=1, match=match)
    with pytest.raises(Transient):
        connector.write(request)
    assert rows(stand, "StgSalesOrder") == [] and rows(stand, "StgSOLine") == []


def test_a_link_lost_after_the_staging_was_committed_is_in_doubt_and_goes_on(stand: SageStand) -> None:
    connector, request = stand.connector(), stand.write_request()
    stand.simulator.fault("drop_after_commit", times=1, match="TRAN commit")
    with pytest.raises(OutcomeUnknown):
        connector.write(request)
    connector.write(request)
    assert len(rows(stand, "StgSalesOrder")) == 1
    assert stand.effects(request) == 1


def test_an_order_whose_reference_was_changed_in_sage_is_not_entered_a_second_time(stand: SageStand) -> None:
    connector, request = stand.connector(), stand.write_request()
    made = connector.write(request)
    clerk = stand.connector({**stand.values(), "sql_user": "sa", "sql_password": CLERK})
    clerk._sage.database.transaction(
        lambda work: work.execute(
            "UPDATE tsoSalesOrder SET UserFld1 = 'changed' WHERE SOKey = %s", made.external_id
        )
    )
    with pytest.raises(Duplicate) as raised:
        connector.write(request)
    assert raised.value.code == "taken"
    assert len(rows(stand, "tsoSalesOrder")) == 1


def test_the_victim_of_a_deadlock_is_imported_again(stand: SageStand) -> None:
    request = stand.write_request()
    stand.simulator.fault("deadlock", times=2, match=LAST_SLICE)
    stand.connector().write(request)
    assert stand.effects(request) == 1


def test_a_deadlock_without_end_is_in_doubt(stand: SageStand) -> None:
    stand.simulator.fault("deadlock", match=LAST_SLICE)
    with pytest.raises(OutcomeUnknown):
        stand.connector().write(stand.write_request())


def test_an_import_without_end_is_given_up(stand: SageStand) -> None:
    setting(stand, slices=1000)
    with pytest.raises(OutcomeUnknown) as raised:
        stand.connector().write(stand.write_request())
    assert "does not finish" in raised.value.message


@pytest.mark.parametrize(
    ("settings", "named"),
    [
        ({"missing_procedures": ["spSOapiSalesOrdIns"]}, "procedure"),
        ({"denied_procedures": ["spSOapiSalesOrdIns"]}, "permission"),
    ],
)
def test_a_procedure_that_cannot_be_run_leaves_no_staging_rows(
    stand: SageStand, settings: dict[str, Any], named: str
) -> None:
    setting(stand, **settings)
    with pytest.raises(Misconfigured) as raised:
        stand.connector().write(stand.write_request())
    assert raised.value.missing == named
    assert rows(stand, "StgSalesOrder") == []


def test_staging_rows_older_than_thirty_days_are_deleted(stand: SageStand) -> None:
    stand.connector().write(stand.write_request())
    (old,) = rows(stand, "StgSalesOrder")
    later = stand.connector()
    later._sage._config.now = lambda: datetime.now(UTC) + timedelta(days=31)
    later.write(stand.write_request())
    assert old["SessionKey"] not in {row["SessionKey"] for row in rows(stand, "StgSalesOrder")}
    assert old["SessionKey"] not in {row["SessionKey"] for row in rows(stand, "StgSOLine")}
