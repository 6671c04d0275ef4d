"""The TDS server before clients that we did not write: types, parameters, transactions, TLS, errors, the subset.

It satisfies them on a declared T-SQL subset; it is not SQL Server.
"""

# ruff: noqa: DTZ001 - SQL Server's datetime knows no zone
import socket
import time
from contextlib import suppress
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytds
import pytest
from pytds.tds_base import InternalProc

from tests.sandbox.sql_clients import (
    ask,
    dial,
    dial_freetds,
    dialled,
    do,
    number_of,
    tsql,
)
from tests.sandbox.tds_bench import Bench, add_lamp

# -- values ----------------------------------------------------------------------------------------------


def test_every_declared_type_arrives_as_it_was_given(link: Any) -> None:
    given: dict[str, Any] = {
        "Code": "ab", "Name": "Żółć 漢字", "Price": Decimal("119.980"), "Weight": 2.5, "Qty": Decimal("0.00000001"),
        "IsLit": True, "Kind": -7, "Small": 255, "Big": 1 << 40, "MadeAt": datetime(2026, 3, 2, 15, 10, 4, 337000),
        "Day": datetime(2026, 3, 2, 15, 10), "Born": date(2026, 3, 2), "Note": "plain",
    }  # fmt: skip
    add_lamp(link, **given)
    (row,) = ask(link, f"SELECT {', '.join(given)} FROM tLamp")
    assert dict(zip(given, row, strict=True)) == {**given, "Code": "ab  "}


def test_only_char_is_padded_and_null_is_null(link: Any) -> None:
    add_lamp(link, Code="x", Note="x ")
    add_lamp(link, 2)
    assert ask(link, "SELECT Code, Note, Name, Price, MadeAt, IsLit FROM tLamp ORDER BY LampKey") == [
        ("x   ", "x ", None, None, None, None),
        (None, None, None, None, None, None),
    ]


def test_an_empty_result_still_tells_the_declared_types(link: Any) -> None:
    cursor = link.cursor()
    cursor.execute("SELECT l.LampID, Price, SUM(Qty) AS Total, COUNT(*) AS n, MAX(MadeAt) AS Last FROM tLamp l"
                   " WHERE 1 = 0 GROUP BY l.LampID, Price")  # fmt: skip
    assert cursor.fetchall() == []
    shown = [(name, kind, precision, scale) for name, kind, _, _, precision, scale, _ in cursor.description]
    assert shown == [
        ("LampID", 167, None, None), ("Price", 106, 15, 3), ("Total", 106, 38, 8), ("n", 56, None, None),
        ("Last", 61, None, None),
    ]  # fmt: skip


def test_decimals_keep_their_scale_and_sums_are_exact(bench: Bench, link: Any) -> None:
    for key in range(1, 11):
        add_lamp(link, key, Price=Decimal("0.1"))
    assert ask(link, "SELECT SUM(Price) AS s FROM tLamp") == [(Decimal("1.000"),)]
    with dial_freetds(bench.port) as other:
        assert str(ask(other, "SELECT Price FROM tLamp WHERE LampKey = 1")[0][0]) == "0.100"
    do(link, "UPDATE tLamp SET Price = %s WHERE LampKey = 1", [Decimal("123456789012.345")])
    assert ask(link, "SELECT Price FROM tLamp WHERE LampKey = 1") == [(Decimal("123456789012.345"),)]


@pytest.mark.parametrize(("given", "kept"), [(1, 0), (2, 3), (5, 7), (336, 337), (338, 337), (999, 1000)])
def test_datetime_is_rounded_to_three_hundredths_of_a_second(link: Any, given: int, kept: int) -> None:
    start = datetime(2026, 3, 2, 15, 10, 4)
    do(link, "INSERT INTO tLamp (LampKey, LampID, MadeAt) VALUES (1, 'a', %s)",
       [(start + timedelta(milliseconds=given)).isoformat(timespec="milliseconds")])  # fmt: skip
    assert ask(link, "SELECT MadeAt FROM tLamp") == [(start + timedelta(milliseconds=kept),)]


def test_a_date_compares_by_time_and_not_by_its_text(link: Any) -> None:
    add_lamp(link, MadeAt=datetime(2026, 3, 2))
    for text in ("2026-03-02", "20260302", "2026-03-02T00:00:00", "2026-03-02 00:00:00.000"):
        assert ask(link, f"SELECT LampKey FROM tLamp WHERE MadeAt = '{text}'") == [(1,)], text
    assert ask(link, "SELECT LampKey FROM tLamp WHERE MadeAt > %s", [datetime(2026, 3, 1, 23, 59)]) == [(1,)]


def test_texts_compare_without_case_and_trailing_blanks(link: Any) -> None:
    add_lamp(link, Note="Halo")
    assert ask(link, "SELECT LampKey FROM tLamp WHERE Note = 'halo  '") == [(1,)]
    with pytest.raises(pytds.Error) as raised:
        do(link, "INSERT INTO tLamp (LampKey, LampID) VALUES (2, 'l1 ')")
    assert number_of(raised.value) == 2627


def test_a_varchar_loses_what_its_code_page_lacks(link: Any) -> None:
    add_lamp(link, Note="Zoë Ω")
    assert ask(link, "SELECT Note FROM tLamp") == [("Zoë ?",)]


def test_long_texts_and_many_rows_cross_packets(bench: Bench, link: Any) -> None:
    long = "Żółć " * 4000
    do(link, "INSERT INTO tShade (ShadeKey, Text) VALUES (1, %s)", [long])
    assert ask(link, "SELECT Text FROM tShade") == [(long,)]
    for key in range(1, 301):
        add_lamp(link, key, Name="lamp " * 6)
    with dialled(bench.port, blocksize=512) as small:
        assert len(ask(small, "SELECT * FROM tLamp")) == 300


def test_parameters_of_a_statement_keep_their_types(link: Any) -> None:
    given = [
        7,
        1 << 40,
        Decimal("59.99"),
        2.5,
        "x'y",
        None,
        datetime(2026, 3, 2, 15, 10, 4),
        date(2026, 3, 2),
        pytds.Binary(b"\x01"),
    ]
    cursor = link.cursor()
    cursor.execute(f"SELECT {', '.join(['%s'] * len(given))}", tuple(given))
    assert list(cursor.fetchone()) == given


# -- transactions ----------------------------------------------------------------------------------------


def test_a_rollback_undoes_and_others_see_only_what_is_committed(bench: Bench, link: Any) -> None:
    with dialled(bench.port, autocommit=False) as writer:
        add_lamp(writer)
        assert ask(link, "SELECT COUNT(*) FROM tLamp") == [(0,)]
        assert ask(link, "SELECT COUNT(*) FROM tLamp WITH (NOLOCK)") == [(1,)]
        writer.rollback()
        assert ask(link, "SELECT COUNT(*) FROM tLamp WITH (NOLOCK)") == [(0,)]
        add_lamp(writer)
        writer.commit()
    assert ask(link, "SELECT COUNT(*) FROM tLamp") == [(1,)]


def test_a_transaction_in_words_works_like_one_by_request(bench: Bench, link: Any) -> None:
    with dial_freetds(bench.port) as other:  # pymssql sends BEGIN TRAN, COMMIT and ROLLBACK as text
        add_lamp(other)
        other.rollback()
        add_lamp(other, 2)
        other.commit()
    assert ask(link, "SELECT LampKey FROM tLamp") == [(2,)]


def test_reads_inside_a_transaction_see_what_others_commit_meanwhile(bench: Bench, link: Any) -> None:
    with dialled(bench.port, autocommit=False) as reader:
        assert ask(reader, "SELECT COUNT(*) FROM tLamp") == [(0,)]
        add_lamp(link)
        assert ask(reader, "SELECT COUNT(*) FROM tLamp") == [(1,)]


def test_a_lost_connection_undoes_its_transaction_and_frees_the_writers_turn(bench: Bench, link: Any) -> None:
    writer = dial(bench.port, autocommit=False)
    add_lamp(writer)
    writer._tds_socket.sock.close()
    add_lamp(link, 2)
    assert ask(link, "SELECT LampKey FROM tLamp") == [(2,)]


def test_waiting_too_long_for_the_writer_is_a_lock_timeout(bench: Bench, link: Any) -> None:
    bench.database.lock_seconds = 0.2
    with dialled(bench.port, autocommit=False) as writer:
        add_lamp(writer)
        with pytest.raises(pytds.Error) as raised:
            add_lamp(link, 2)
        assert number_of(raised.value) == 1222


def test_a_batch_may_hold_several_statements_and_variables(link: Any) -> None:
    cursor = link.cursor()
    cursor.execute("""
        DECLARE @n decimal(9,2) = 2.5, @w varchar(9), @s int
        INSERT INTO tLamp (LampKey, LampID) VALUES (1, 'a'), (2, 'b')
        IF @@ROWCOUNT = 2 UPDATE tLamp SET Kind = 5 WHERE LampKey = 1
        IF @@ROWCOUNT = 9 UPDATE tLamp SET Kind = 6
        SELECT @w = LampID FROM tLamp WHERE LampKey = 2
        EXEC @s = spTwice @n, @iWord = @w, @oTwice = @n OUTPUT, @oWord = @w OUTPUT;
        SELECT @n AS n, @w AS w, @s AS s, (SELECT SUM(Kind) FROM tLamp) AS k -- the end
    """)
    while cursor.description is None:
        assert cursor.nextset()
    assert [tuple(row) for row in cursor.fetchall()] == [(Decimal("5.00"), "b!", 7, 5)]


# -- procedures and prepared statements ------------------------------------------------------------------


def test_output_values_and_the_return_status_come_back(link: Any) -> None:
    cursor = link.cursor()
    outputs = [pytds.output(param_type="decimal(9,2)"), pytds.output(param_type="varchar(9)")]
    found = cursor.callproc("dbo.spTwice", [Decimal("1.25"), "xy", *outputs])
    assert list(found) == [Decimal("1.25"), "xy", Decimal("2.50"), "xy!"]
    assert cursor.get_proc_return_status() == 7


@pytest.mark.parametrize("is_autocommit", [True, False])
def test_a_procedure_that_fails_leaves_nothing_of_itself(
    bench: Bench, link: Any, is_autocommit: bool
) -> None:
    with dialled(bench.port, autocommit=is_autocommit) as writer:
        add_lamp(writer)
        with pytest.raises(pytds.Error, match="second half"):
            do(writer, "EXEC spHalf 2")
        if not is_autocommit:
            writer.commit()
    assert ask(link, "SELECT LampKey FROM tLamp") == [(1,)]


PREPARED_BY_NUMBER = (
    InternalProc(13, "prepexec"),
    InternalProc(12, "execute"),
    InternalProc(15, "unprepare"),
)


@pytest.mark.parametrize("called", [("sp_prepexec", "sp_execute", "sp_unprepare"), PREPARED_BY_NUMBER])
def test_a_statement_is_prepared_executed_and_forgotten(link: Any, called: tuple[Any, Any, Any]) -> None:
    prepare, execute, forget = called
    text = "INSERT INTO tLamp (LampKey, LampID) VALUES (@P1, @P2)"
    given = [pytds.output(param_type="int"), "@P1 int, @P2 varchar(9)", text, 1, "a"]
    handle = link.cursor().callproc(prepare, given)[0]
    link.cursor().callproc(execute, [handle, 2, "b"])
    assert ask(link, "SELECT LampKey, LampID FROM tLamp ORDER BY LampKey") == [(1, "a"), (2, "b")]
    link.cursor().callproc(forget, [handle])
    with pytest.raises(pytds.Error) as raised:
        link.cursor().callproc(execute, [handle, 3, "c"])
    assert number_of(raised.value) == 8179


def test_sp_prepare_gives_a_handle_without_running(link: Any) -> None:
    text = "SELECT LampID FROM tLamp WHERE LampKey = @P1"
    handle = link.cursor().callproc("sp_prepare", [pytds.output(param_type="int"), "@P1 int", text])[0]
    add_lamp(link)
    cursor = link.cursor()
    cursor.callproc("sp_execute", [handle, 1])
    assert cursor.fetchall() == [("L1",)]


# -- rowversion ------------------------------------------------------------------------------------------


def test_a_rowversion_grows_with_every_write_across_tables(link: Any) -> None:
    add_lamp(link)
    do(link, "INSERT INTO tShade (ShadeKey, LampKey) VALUES (1, 1)")
    do(link, "UPDATE tLamp SET Kind = 1")
    ((lamp, shade, last, active),) = ask(
        link,
        "SELECT l.Stamp, s.Stamp, @@DBTS, MIN_ACTIVE_ROWVERSION() FROM tLamp l JOIN tShade s ON s.LampKey = l.LampKey",
    )
    numbers = [int.from_bytes(each, "big") for each in (shade, lamp, last, active)]
    assert numbers == [2002, 2003, 2003, 2004]
    assert ask(link, "SELECT LampKey FROM tLamp WHERE Stamp > %s", [pytds.Binary(shade)]) == [(1,)]
    with pytest.raises(pytds.Error) as raised:
        do(link, "UPDATE tLamp SET Stamp = 0x01")
    assert number_of(raised.value) == 273


def test_an_open_transaction_holds_the_minimum_active_rowversion_back(bench: Bench, link: Any) -> None:
    add_lamp(link)
    with dialled(bench.port, autocommit=False) as writer:
        do(writer, "UPDATE tLamp SET Kind = 1")
        do(writer, "UPDATE tLamp SET Kind = 2")
        last, active = (
            int.from_bytes(each, "big") for each in ask(link, "SELECT @@DBTS, MIN_ACTIVE_ROWVERSION()")[0]
        )
        assert (last, active) == (2003, 2002)
        writer.commit()
        assert int.from_bytes(ask(link, "SELECT MIN_ACTIVE_ROWVERSION()")[0][0], "big") == 2004


# -- sign-in ---------------------------------------------------------------------------------------------


def test_bad_credentials_and_a_foreign_database_are_refused_by_number(bench: Bench, tmp_path: Path) -> None:
    with pytest.raises(pytds.Error) as raised:
        dial(bench.port, password="wrong")
    assert number_of(raised.value) == 18456
    # FreeTDS keeps the last message only, which is not always the server's; the number is.
    with pytest.raises(Exception, match="18456"):
        dial_freetds(bench.port, "wrong")
    assert "18456" in tsql(bench.port, "", tmp_path, password="wrong")
    with pytest.raises(pytds.Error, match='Cannot open database "other"'):
        dial(bench.port, database="other")


def test_a_login_may_do_only_what_it_was_granted(bench: Bench) -> None:
    with dialled(bench.port, "reader") as reader:
        assert ask(reader, "SELECT COUNT(*) FROM tLamp") == [(0,)]
        for sql in (
            "SELECT * FROM tShade",
            "INSERT INTO tLamp (LampKey, LampID) VALUES (1, 'a')",
            "EXEC spTwice 1",
        ):
            with pytest.raises(pytds.Error) as raised:
                do(reader, sql)
            assert number_of(raised.value) == 229, sql
        assert ask(reader, "SELECT HAS_PERMS_BY_NAME('spTwice', 'OBJECT', 'EXECUTE') AS v") == [(0,)]


# -- trouble ---------------------------------------------------------------------------------------------


def test_a_client_that_loses_patience_cancels_and_goes_on(bench: Bench) -> None:
    bench.simulator.faults.add({"kind": "slow", "seconds": 60, "times": 1, "match": "FROM tLamp"})
    with dialled(bench.port, timeout=0.5) as link:
        started = time.monotonic()
        with pytest.raises((pytds.Error, TimeoutError)):
            ask(link, "SELECT COUNT(*) FROM tLamp")
        assert time.monotonic() - started < 10
        assert ask(link, "SELECT COUNT(*) FROM tLamp") == [(0,)]


@pytest.mark.parametrize(
    ("kind", "is_written"),
    [
        ("drop_before_commit", 0),
        ("drop_after_commit", 1),
        ("truncate_after_commit", 1),
        ("html_after_commit", 1),
    ],
)
def test_an_answer_is_lost_before_or_after_the_commit(
    bench: Bench, link: Any, kind: str, is_written: int
) -> None:
    bench.simulator.faults.add({"kind": kind, "times": 1, "match": "INSERT INTO tLamp"})
    with dialled(bench.port) as writer, pytest.raises((pytds.Error, OSError)):
        add_lamp(writer)
    assert ask(link, "SELECT COUNT(*) FROM tLamp") == [(is_written,)]


@pytest.mark.parametrize(
    ("fault", "number"),
    [
        ({"kind": "deadlock"}, 1205), ({"kind": "sql_error", "status": 1222}, 1222),
        ({"kind": "status", "status": 503}, 40197), ({"kind": "status", "status": 429, "retry_after": 7}, 40501),
        ({"kind": "status", "status": 429}, 10928),
    ],
)  # fmt: skip
def test_a_fault_switch_answers_with_an_error_of_sql_server(
    bench: Bench, link: Any, fault: dict[str, Any], number: int
) -> None:
    bench.simulator.faults.add({**fault, "times": 1, "match": "INSERT INTO tLamp"})
    with pytest.raises(pytds.Error) as raised:
        add_lamp(link)
    assert number_of(raised.value) == number
    assert "7 seconds" in str(raised.value) or "retry_after" not in fault
    assert ask(link, "SELECT COUNT(*) FROM tLamp") == [(0,)]


def test_a_deadlock_victim_loses_its_whole_transaction(bench: Bench, link: Any) -> None:
    with dialled(bench.port, autocommit=False) as writer:
        add_lamp(writer)
        bench.simulator.faults.add({"kind": "deadlock", "times": 1})
        with pytest.raises(pytds.Error):
            add_lamp(writer, 2)
        add_lamp(link, 3)
    assert ask(link, "SELECT LampKey FROM tLamp") == [(3,)]


def test_stopping_the_server_ends_every_connection(tmp_path: Path) -> None:
    bench = Bench(tmp_path / "state.sqlite")
    link = dial(bench.port, autocommit=False)
    add_lamp(link)
    bench.stop()
    with pytest.raises((pytds.Error, OSError)):
        ask(link, "SELECT 1")
    with pytest.raises((pytds.Error, OSError)):
        dial(bench.port)
    again = Bench(tmp_path / "state.sqlite")
    try:
        with dialled(again.port) as other:
            assert ask(other, "SELECT COUNT(*) FROM tLamp") == [(0,)]
    finally:
        again.stop()


def test_bytes_that_are_no_tds_end_the_connection_and_nothing_else(bench: Bench, link: Any) -> None:
    with socket.create_connection(("127.0.0.1", bench.port), timeout=10) as stranger:
        stranger.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n" * 2000)
        with suppress(ConnectionError):  # a reset says the same
            assert stranger.recv(100) == b""
    assert ask(link, "SELECT 1 AS one") == [(1,)]
