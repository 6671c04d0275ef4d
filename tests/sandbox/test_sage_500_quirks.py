"""Quirks of Sage 500 (section 9 of the system notes): sign-in, keys, slices, trouble; others' clients judge."""

import threading
import time
from contextlib import suppress
from decimal import Decimal
from pathlib import Path
from typing import Any

import pymssql
import pytds
import pytest

from tests.contract.processes import SimulatorProcess, running
from tests.sandbox.sage_site import LINE, ORDER, SMOKE, SMOKE_READ, Site
from tests.sandbox.sql_clients import PASSWORD, ask, dial, dial_freetds, dialled, do, number_of, tsql

# -- 1, 17, 18: sign-in, permissions, three clients ------------------------------------------------------


def test_three_clients_pass_the_same_script(site: Site, tmp_path: Path) -> None:
    rows = [("T1", Decimal("5.250"), None, None)]
    site.do(SMOKE)
    assert site.ask(SMOKE_READ) == rows
    assert site.ask(SMOKE_READ.replace("= 77", "= %s"), 77) == rows
    site.do("DELETE FROM StgSalesOrder WHERE SessionKey = 77")
    with dial_freetds(site.port) as other:
        assert do(other, SMOKE) == 1
        other.commit()
        assert ask(other, SMOKE_READ) == rows
        assert do(other, "DELETE FROM StgSalesOrder WHERE SessionKey = %s", [77]) == 1
        other.commit()
        with pytest.raises(pymssql.Error) as raised:
            ask(other, "SELECT * FROM tNothing")
        assert number_of(raised.value) == 208
        found = other.cursor().callproc("spGetNextSurrogateKey", ("tsoSalesOrder", pymssql.output(int)))
        other.commit()
        assert found[1] == 7781
    shown = tsql(site.port, f"{SMOKE}\ngo\n{SMOKE_READ}\ngo\nDECLARE @k int\n"
                 "EXEC spGetNextSurrogateKey @iTableName = 'tsoSalesOrder', @oNewKey = @k OUTPUT\nSELECT @k AS k\ngo\n"
                 "SELECT * FROM tNothing\ngo", tmp_path)  # fmt: skip
    assert "T1\t5.250\tNULL\tNULL" in shown
    assert "7782" in shown
    assert "Invalid object name 'tNothing'" in shown


def test_a_wrong_password_is_18456_and_an_expired_one_18488(site: Site) -> None:
    with pytest.raises(pytds.Error) as raised:
        dial(site.port, password="wrong")
    assert number_of(raised.value) == 18456
    site.control("POST", "settings", {"is_expired": True})
    with pytest.raises(pytds.Error) as raised:
        dial(site.port)
    assert number_of(raised.value) == 18488


def test_a_login_may_be_refused_by_a_fault_switch(site: Site) -> None:
    site.control("POST", "faults", {"kind": "sql_error", "status": 18456, "match": "LOGIN", "times": 1})
    with pytest.raises(pytds.Error) as raised:
        dial(site.port)
    assert number_of(raised.value) == 18456
    dial(site.port).close()


def test_a_server_without_tls_is_left_by_a_client_that_requires_it(site: Site, tmp_path: Path) -> None:
    certificate = tmp_path / "server.pem"
    certificate.write_text(site.control("GET", "state")["certificate"])
    options = {"cafile": str(certificate), "validate_host": False}
    with dialled(site.port, **options) as link:
        assert ask(link, "SELECT CompanyName FROM tsmCompany") == [("Northern Lights",)]
    site.control("POST", "settings", {"encryption": "off"})
    with pytest.raises(pytds.Error, match="encryption"):
        dial(site.port, **options)


def test_a_login_without_execute_and_one_that_may_only_read(site: Site) -> None:
    site.control("POST", "settings", {"denied_procedures": ["spSOapiSalesOrdIns"]})
    with pytest.raises(pytds.Error) as raised:
        site.execute(1)
    assert number_of(raised.value) == 229
    with dialled(site.port, "reader") as reader:
        assert ask(reader, "SELECT COUNT(*) FROM tarCustomer") == [(4,)]
        with pytest.raises(pytds.Error) as raised:
            do(reader, SMOKE)
        assert number_of(raised.value) == 229


def test_base_tables_belong_to_the_procedures(site: Site) -> None:
    for sql in (
        "UPDATE tsoSalesOrder SET Hold = 1",
        "DELETE FROM tarCustomer",
        "INSERT INTO timWarehouse (WhseKey) VALUES (1)",
    ):
        with pytest.raises(pytds.Error) as raised:
            site.do(sql)
        assert number_of(raised.value) == 229, sql


def test_a_procedure_may_be_missing_from_the_database(site: Site) -> None:
    site.control("POST", "settings", {"missing_procedures": ["spSOapiSalesOrdIns"]})
    assert site.ask("SELECT name FROM sys.objects WHERE type = 'P' AND name = 'spSOapiSalesOrdIns'") == []
    with pytest.raises(pytds.Error) as raised:
        site.execute(1)
    assert number_of(raised.value) == 2812


# -- 3, 4: keys and slices -------------------------------------------------------------------------------


def test_eight_threads_never_get_the_same_key(site: Site) -> None:
    keys: list[int] = []
    troubles: list[Exception] = []

    def take() -> None:
        try:
            with dialled(site.port) as link:
                for _ in range(25):
                    keys.append(site.next_key("tsoSalesOrder", link))
        except Exception as error:  # noqa: BLE001 - shown by the assertion below
            troubles.append(error)

    threads = [threading.Thread(target=take) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert troubles == []
    assert sorted(keys) == list(range(7781, 7981))
    assert site.next_key("tarCustPmt") == 701, "each table counts by itself"


def test_eight_callers_import_orders_at_the_same_time(site: Site, sage: SimulatorProcess) -> None:
    troubles: list[Exception] = []

    def work(number: int) -> None:
        try:
            caller = Site(sage)
            for place in range(5):
                assert caller.order(UserFld1=f"{number}-{place}")["oRecsProcessed"] == 1
            caller.close()
        except Exception as error:  # noqa: BLE001 - shown by the assertion below
            troubles.append(error)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert troubles == []
    assert site.ask("SELECT COUNT(*) AS n, COUNT(DISTINCT TranNo) AS m FROM tsoSalesOrder") == [(40, 40)]


@pytest.mark.parametrize("slices", [2, 3])
def test_slices_come_before_the_work_and_stopping_early_leaves_new_rows(site: Site, slices: int) -> None:
    site.control("POST", "settings", {"slices": slices})
    key = site.session()
    site.stage("StgSalesOrder", key, {**ORDER, "TranNo": "X000000043"})
    site.stage("StgSOLine", key, {**LINE, "TranNo": "X000000043"})
    for _ in range(slices - 1):
        outputs = site.execute(key)
        assert outputs == {
            "oContinue": 1,
            "oRecsProcessed": 0,
            "oFailedRecs": 0,
            "oTotalRecs": 1,
            "_oRetVal": 1,
        }
        assert site.ask("SELECT ProcessStatus FROM StgSalesOrder WHERE SessionKey = %s", key) == [(0,)]
    assert site.ask("SELECT COUNT(*) FROM tsoSalesOrder") == [(0,)]
    outputs = site.execute(key)
    assert outputs == {"oContinue": 0, "oRecsProcessed": 1, "oFailedRecs": 0, "oTotalRecs": 1, "_oRetVal": 1}
    assert site.ask("SELECT ProcessStatus FROM StgSOLine WHERE SessionKey = %s", key) == [(1,)]


def test_unknown_run_keys_steps_and_options_are_parameter_errors(site: Site) -> None:
    assert site.execute(999)["_oRetVal"] == 3
    assert site.execute(site.session(step=1))["_oRetVal"] == 3
    assert site.execute(site.session(), iUseStageTable=0)["_oRetVal"] == 3
    assert site.execute(site.session(), iRptOption=9)["_oRetVal"] == 3


# -- 16, 18, 19: trouble ---------------------------------------------------------------------------------


def staged(site: Site) -> int:
    key = site.session()
    site.stage("StgSalesOrder", key, ORDER)
    site.stage("StgSOLine", key, LINE)
    return key


def test_a_connection_lost_after_the_procedure_committed(site: Site) -> None:
    key = staged(site)
    site.control(
        "POST",
        "faults",
        {"kind": "drop_after_commit", "match": "EXEC spSOapiSalesOrdIns? slice 2", "times": 1},
    )
    with pytest.raises((pytds.Error, OSError)):
        site.finish(key)
    with dialled(site.port) as again:
        assert ask(again, "SELECT ProcessStatus FROM StgSalesOrder WHERE SessionKey = %s", [key]) == [(1,)]
        assert ask(again, "SELECT UserFld1 FROM tsoSalesOrder") == [("XC-1043",)]


def test_a_connection_lost_before_leaves_rows_that_the_same_run_key_finishes(site: Site) -> None:
    key = staged(site)
    site.control(
        "POST",
        "faults",
        {"kind": "drop_before_commit", "match": "EXEC spSOapiSalesOrdIns? slice 2", "times": 1},
    )
    with pytest.raises((pytds.Error, OSError)):
        site.finish(key)
    site.link = dial(site.port)
    assert site.ask("SELECT COUNT(*) FROM tsoSalesOrder") == [(0,)]
    assert site.finish(key)["oRecsProcessed"] == 1


def test_a_deadlock_hits_the_second_execution_and_nothing_is_half_done(site: Site) -> None:
    key = staged(site)
    site.control(
        "POST", "faults", {"kind": "deadlock", "match": "EXEC spSOapiSalesOrdIns", "skip": 1, "times": 1}
    )
    assert site.execute(key)["oContinue"] == 1
    with pytest.raises(pytds.Error) as raised:
        site.execute(key)
    assert number_of(raised.value) == 1205
    assert site.ask("SELECT COUNT(*) FROM tsoSalesOrder") == [(0,)]
    assert site.execute(key)["oRecsProcessed"] == 1


def test_a_delay_outlasts_an_impatient_client(site: Site) -> None:
    key = staged(site)
    site.control(
        "POST", "faults", {"kind": "slow", "seconds": 10, "match": "EXEC spSOapiSalesOrdIns", "times": 1}
    )
    site.link.close()
    site.link = dial(site.port, timeout=0.5)
    with pytest.raises((pytds.Error, TimeoutError)):
        site.execute(key)
    assert site.ask("SELECT COUNT(*) FROM tdmMigrationSlice") == [(0,)], "nothing ran, and the link goes on"


def test_a_rollback_removes_staging_rows(site: Site) -> None:
    with dialled(site.port, autocommit=False) as writer:
        do(writer, SMOKE)
        assert ask(writer, "SELECT COUNT(*) FROM StgSalesOrder") == [(1,)]
        writer.rollback()
    assert site.ask("SELECT COUNT(*) FROM StgSalesOrder") == [(0,)]


def test_a_procedure_inside_a_transaction_is_undone_with_it(site: Site) -> None:
    key = staged(site)
    patient, site.link = site.link, dial(site.port, autocommit=False)
    site.finish(key)
    site.link.rollback()
    site.link.close()
    site.link = patient
    assert site.ask("SELECT COUNT(*) FROM tsoSalesOrder") == [(0,)]
    assert site.ask("SELECT ProcessStatus FROM StgSalesOrder WHERE SessionKey = %s", key) == [(0,)]


@pytest.mark.parametrize("sql", [
    "WITH c AS (SELECT SOKey FROM tsoSalesOrder) SELECT SOKey FROM c",
    "MERGE StgSalesOrder AS t USING StgSOLine AS s ON t.TranNo = s.TranNo WHEN MATCHED THEN UPDATE SET Action = 2",
])  # fmt: skip
def test_sql_outside_the_subset_is_refused_here_too(site: Site, sql: str) -> None:
    with pytest.raises(pytds.Error) as raised:
        site.do(sql)
    assert number_of(raised.value) == 102


def test_a_killed_simulator_forgets_nothing(site: Site, sage: SimulatorProcess) -> None:
    site.order(TranNo="X1")
    sage.kill_and_restart()
    port = sage.control("GET", "state")["tds_port"]
    with dialled(port) as link:
        assert ask(link, "SELECT TranNo FROM tsoSalesOrder") == [("X1",)]
        key = link.cursor().callproc(
            "spGetNextSurrogateKey", ["tsoSalesOrder", pytds.output(param_type="int")]
        )[1]
        assert key == 7782


def test_the_list_of_calls_shows_statements_and_no_password(site: Site) -> None:
    site.ask("SELECT CustID FROM tarCustomer WHERE UserFld1 = %s", PASSWORD)
    shown = site.control("GET", "calls?limit=5&match=tarCustomer")
    assert "SELECT CustID FROM tarCustomer" in shown[0]["operation"]
    assert PASSWORD not in str(shown)


def test_a_stopped_simulator_ends_at_once_with_clients_open_and_waiting(tmp_path: Path) -> None:
    with running("sage_500", tmp_path) as one:
        port = one.control("GET", "state")["tds_port"]
        writer, waiting = dial(port, autocommit=False), dial(port, timeout=60)
        do(writer, SMOKE)
        one.fault("slow", seconds=60, match="FROM tarCustomer")
        thread = threading.Thread(target=_ask_in_vain, args=(waiting,))
        thread.start()
        started = time.monotonic()
    assert time.monotonic() - started < 8
    thread.join(timeout=10)
    assert not thread.is_alive()


def _ask_in_vain(connection: Any) -> None:
    with suppress(pytds.Error, OSError):
        ask(connection, "SELECT COUNT(*) FROM tarCustomer")
