"""What Sage 500 refuses and how it is told, and the connection test that finds it first, over TDS."""

from decimal import Decimal
from typing import Any

import pytest

from integrations.connectors.errors import (
    AuthFailed,
    ConnectorError,
    Misconfigured,
    MissingReference,
    Rejected,
)
from integrations.kinds import Kind
from tests.contract import sage_stand
from tests.contract.sage_stand import changed, rows, setting
from tests.contract.test_sage_500 import SageStand

process, stand = sage_stand.process, sage_stand.stand


# -- refusals ----------------------------------------------------------------------------------------------


def test_a_refusal_that_calls_itself_success_is_a_refusal_with_field_and_value(stand: SageStand) -> None:
    request = stand.write_request()
    with pytest.raises(Rejected) as raised:
        stand.connector().write(changed(request, CustID="NOBODY", DfltShipMethID="PIGEON"))
    named = {(each.field, each.value) for each in raised.value.problems}
    assert named == {("CustID", "NOBODY"), ("DfltShipMethID", "PIGEON")}
    assert stand.effects(request) == 0
    stand.connector().write(request)
    assert stand.effects(request) == 1, "mended, it goes in under a new run key"


def test_an_unknown_item_alone_is_waited_for(stand: SageStand) -> None:
    line = {"ItemID": "A50-HALX", "QtyOrd": 1, "UnitPrice": Decimal("59.99")}
    with pytest.raises(MissingReference) as raised:
        stand.connector().write(changed(stand.write_request(), Lines=[line]))
    assert (raised.value.kind, raised.value.key) == ("product", "A50-HALX")


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"CustPONo": "X" * 16}, "CustPONo"),
        ({"CustID": ""}, "CustID"),
        ({"Lines": []}, "Lines"),
        ({"Hold": "Maybe"}, "Hold"),
        ({"TranAmt": Decimal("70.00")}, "TranAmt"),
        ({"ContactName": "漢字"}, "ContactName"),
    ],
)
def test_what_cannot_fit_is_refused_before_anything_is_staged(
    stand: SageStand, fields: dict[str, Any], field: str
) -> None:
    with pytest.raises(Rejected) as raised:
        stand.connector().write(changed(stand.write_request(), **fields))
    assert raised.value.problems[0].field == field
    assert rows(stand, "StgSalesOrder") == []


def test_a_negative_quantity_is_refused_by_its_number(stand: SageStand) -> None:
    line = {"ItemID": "A50-HALO", "QtyOrd": -1, "UnitPrice": Decimal("59.99")}
    with pytest.raises(Rejected) as raised:
        stand.connector().write(changed(stand.write_request(), Lines=[line], TranAmt=None))
    assert raised.value.code == "240074"


def test_an_inactive_module_and_a_wrong_company_are_the_set_up(stand: SageStand) -> None:
    setting(stand, inactive_modules=["SO"])
    with pytest.raises(Misconfigured) as raised:
        stand.connector().write(stand.write_request())
    assert raised.value.missing == "module"
    other = stand.connector({**stand.values(), "company_id": "XYZ"})
    with pytest.raises(Misconfigured) as raised:
        other.write(stand.write_request())
    assert raised.value.missing == "company_id"
    with pytest.raises(Misconfigured):
        other.identity()


@pytest.mark.parametrize(
    ("values", "error"),
    [
        ({"setup_step_key": None, "setup_steps": ""}, Misconfigured),
        ({"setup_step_key": 4711}, Misconfigured),
        ({"sql_user": "reader"}, Misconfigured),
        ({"proc_order": "spNotHere"}, Misconfigured),
    ],
)
def test_a_connection_that_cannot_write_says_so(
    stand: SageStand, values: dict[str, Any], error: type[ConnectorError]
) -> None:
    with pytest.raises(error):
        stand.connector({**stand.values(), **values}).write(stand.write_request())
    assert rows(stand, "StgSalesOrder") == []


def test_an_expired_password_is_told_as_such(stand: SageStand) -> None:
    setting(stand, is_expired=True)
    with pytest.raises(AuthFailed) as raised:
        stand.connector().fetch(Kind.PRODUCT, "A50-HALO")
    assert raised.value.code == "18488"


# -- the connection test -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("values", "settings", "field"),
    [
        ({"company_id": "XYZ"}, {}, "company_id"),
        ({"warehouse_ids": "MAIN, NOWHERE"}, {}, "warehouse_ids"),
        ({"proc_customer": "spNotHere"}, {}, "proc_customer"),
        ({"setup_step_key": None}, {}, "setup_step_key"),
        ({"tracking_column": "NotThere"}, {}, "sql_user"),
        ({"sql_user": "reader"}, {}, "sql_user"),
        ({}, {"encryption": "off"}, "sql_encrypt"),
        ({"sql_database": "other"}, {}, "sql_database"),
        ({"sql_certificate": ""}, {}, "sql_certificate"),
    ],
)
def test_the_connection_test_names_the_field_to_mend(
    stand: SageStand, values: dict[str, Any], settings: dict[str, Any], field: str
) -> None:
    given = {**stand.values(), **values}
    setting(stand, **settings)
    failed = [result for result in stand.connector(given).check() if not result.ok]
    assert field in {result.field for result in failed}
    assert all(result.fix for result in failed)


def test_the_connection_test_leaves_nothing_behind(stand: SageStand) -> None:
    assert [result for result in stand.connector().check() if not result.ok] == []
    assert rows(stand, "StgSalesOrder") == []
