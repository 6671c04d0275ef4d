"""The TDS transport against a server that speaks the protocol over a real socket, TLS included."""

import threading
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from integrations.connectors.base import ConnectionConfig, Exchange
from integrations.connectors.errors import (
    AuthFailed,
    ConnectorError,
    Duplicate,
    Misconfigured,
    OutcomeUnknown,
    RateLimited,
    Rejected,
    Transient,
    UnexpectedResponse,
)
from integrations.connectors.spec import Limits
from integrations.connectors.transports.tds import Out, TdsTransport
from integrations.connectors.transports.tds_link import TdsLogin
from integrations.sandbox.core.sandbox import Sandbox
from integrations.sandbox.tds.database import Database
from integrations.sandbox.tds.declarations import Declarations, procedure, read_tables
from integrations.sandbox.tds.encryption import Encryption, make_identity
from integrations.sandbox.tds.logins import Login
from integrations.sandbox.tds.simulator import SqlSimulator

PASSWORD = "tds-sandbox-password"
_GOODS = """CREATE TABLE goods (id int PRIMARY KEY, code char(6), name varchar(10), price decimal(15,5), rate float,
 at datetime)"""


def _twice(session: Any, arguments: dict[str, Any]) -> int:
    arguments["twice"] = arguments["given"] * 2
    return 7


class Gate:
    """Notes what the transport asks of the limiter."""

    def __init__(self) -> None:
        self.asked: list[bool] = []
        self.ended: list[str] = []

    def before_call(self, *, is_write: bool) -> None:
        self.asked.append(is_write)

    def after_call(self, *, seconds: float, status: str) -> None:
        self.ended.append(status)


class Bench:
    """One server, and transports to it."""

    def __init__(self, folder: Path) -> None:
        declared = Declarations.of(
            read_tables(_GOODS), [procedure("spTwice", "@given int, @twice int OUTPUT", _twice)]
        )
        login = Login("connect", PASSWORD)
        self.simulator = SqlSimulator(
            Database(folder / "sql.sqlite", declared, name="app"),
            {"connect": login},
            encryption=Encryption.REQUIRE,
        )
        self.port = int(self.simulator.listen("127.0.0.1", Sandbox(self.simulator).answer)["tds_port"])
        self.exchanges: list[Exchange] = []
        self.gate = Gate()
        self._made: list[TdsTransport] = []

    def transport(self, **changes: Any) -> TdsTransport:
        assert self.simulator.server is not None
        pem = self.simulator.server.identity.certificate_pem
        given = {
            "host": "127.0.0.1", "port": self.port, "database": "app", "user": "connect", "password": PASSWORD,
            "encrypt": "require", "certificate": pem, **changes,
        }  # fmt: skip
        config = ConnectionConfig(
            {}, gate=self.gate, allowed_hosts=frozenset({"127.0.0.1"}), observe=self.exchanges.append
        )
        limits = Limits(parallel_calls=2, connect_seconds=3, read_seconds=1, total_seconds=5)
        made = TdsTransport(TdsLogin(**given), config=config, limits=limits)
        self._made.append(made)
        return made

    def fault(self, kind: str, match: str = "", **options: Any) -> None:
        self.simulator.faults.add({"kind": kind, "match": match, "times": 1, **options})

    def close(self) -> None:
        for made in self._made:
            made.close()
        self.simulator.stop()


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    made = Bench(tmp_path)
    yield made
    made.close()


def insert(transport: TdsTransport, number: int, *, commit: bool = True) -> int:
    return transport.transaction(
        lambda work: work.execute("INSERT INTO goods (id, code) VALUES (%s, %s)", number, "A"), commit=commit
    )


def numbers(transport: TdsTransport) -> list[int]:
    return [row["id"] for row in transport.query("SELECT id FROM goods ORDER BY id")]


def double(transport: TdsTransport) -> Any:
    return transport.procedure("spTwice", {"@given": 21, "@twice": Out()}, is_write=True)


# -- what comes back ---------------------------------------------------------------------------------------


def test_rows_come_without_padding_and_without_float(bench: Bench) -> None:
    transport = bench.transport()
    transport.transaction(
        lambda work: work.execute(
            "INSERT INTO goods (id, code, name, price, rate) VALUES (%s, %s, %s, %s, %s)",
            *(1, "AB", "Zoë Ü", Decimal("1.23456"), Decimal("0.1")),
        )
    )
    (row,) = transport.query("SELECT code, name, price, rate, at FROM goods WHERE id = %s", 1)
    assert row == {
        "code": "AB",
        "name": "Zoë Ü",
        "price": Decimal("1.23456"),
        "rate": Decimal("0.1"),
        "at": None,
    }


def test_a_procedure_gives_its_outputs_and_its_status(bench: Bench) -> None:
    answer = double(bench.transport())
    assert (answer.outputs, answer.status) == ({"@twice": 42}, 7)


def test_a_transaction_that_is_not_committed_leaves_nothing(bench: Bench) -> None:
    transport = bench.transport()
    insert(transport, 1, commit=False)
    assert numbers(transport) == []
    insert(transport, 2)
    assert numbers(transport) == [2]


def test_what_the_work_of_a_transaction_raises_undoes_it(bench: Bench) -> None:
    transport = bench.transport()

    def work(given: Any) -> None:
        given.execute("INSERT INTO goods (id) VALUES (1)")
        raise Misconfigured("stop")

    with pytest.raises(Misconfigured):
        transport.transaction(work)
    assert numbers(transport) == []


def test_a_value_is_never_part_of_the_statement(bench: Bench) -> None:
    transport = bench.transport()
    insert(transport, 1)
    assert transport.query("SELECT id FROM goods WHERE code = %s", "A' OR '1'='1") == []


# -- signing in --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "error", "named"),
    [
        ({"password": "wrong"}, AuthFailed, "sql_password"),
        ({"database": "other"}, Misconfigured, "sql_database"),
        ({"certificate": ""}, Misconfigured, "sql_certificate"),
        ({"certificate": "no certificate"}, Misconfigured, "sql_certificate"),
        ({"encrypt": "off"}, Misconfigured, "sql_encrypt"),
        ({"port": 9}, Transient, ""),
        ({"host": "localhost"}, Misconfigured, "public address"),
    ],
)
def test_a_sign_in_that_fails_names_what_to_mend(
    bench: Bench, changes: dict[str, Any], error: type[ConnectorError], named: str
) -> None:
    with pytest.raises(error) as raised:
        bench.transport(**changes).query("SELECT 1 AS one")
    assert (getattr(raised.value, "field", "") or getattr(raised.value, "missing", "")) == named


def test_encryption_that_is_required_is_not_given_up(bench: Bench) -> None:
    bench.simulator.change_encryption("off")
    with pytest.raises(Misconfigured) as raised:
        bench.transport().query("SELECT 1 AS one")
    assert raised.value.missing == "sql_encrypt"
    assert bench.transport(encrypt="off").query("SELECT 1 AS one") == [{"one": 1}]


def test_encryption_of_the_sign_in_alone_works(bench: Bench) -> None:
    bench.simulator.change_encryption("login_only")
    assert bench.transport(encrypt="login_only").query("SELECT 1 AS one") == [{"one": 1}]


def test_a_certificate_that_a_form_joined_to_one_line_is_read(bench: Bench) -> None:
    assert bench.simulator.server is not None
    joined = " ".join(bench.simulator.server.identity.certificate_pem.split("\n"))
    assert bench.transport(certificate=joined).query("SELECT 1 AS one") == [{"one": 1}]


def test_a_certificate_for_another_name_is_refused(bench: Bench) -> None:
    assert bench.simulator.server is not None
    bench.simulator.server.identity = make_identity("elsewhere.example")
    with pytest.raises(Misconfigured) as raised:
        bench.transport().query("SELECT 1 AS one")
    assert raised.value.missing == "sql_certificate"


# -- failures ----------------------------------------------------------------------------------------------

AFTER = ["drop_after_commit", "bad_gateway_after_commit", "html_after_commit", "truncate_after_commit"]


@pytest.mark.parametrize("kind", [*AFTER, "drop_before_commit"])
def test_a_procedure_whose_answer_is_lost_or_spoiled_is_in_doubt(bench: Bench, kind: str) -> None:
    bench.fault(kind, "EXEC spTwice")
    transport = bench.transport()
    with pytest.raises(OutcomeUnknown):
        double(transport)
    assert double(transport).outputs == {"@twice": 42}, "the broken connection is not used again"


def test_a_procedure_that_takes_too_long_is_in_doubt(bench: Bench) -> None:
    bench.fault("slow_after_commit", "EXEC spTwice", seconds=30)
    with pytest.raises(OutcomeUnknown):
        double(bench.transport())


@pytest.mark.parametrize(
    ("kind", "error"),
    [
        ("drop_before_commit", Transient),
        ("truncate_after_commit", Transient),
        ("html_after_commit", UnexpectedResponse),
    ],
)
def test_a_query_that_fails_may_be_repeated_or_is_told(
    bench: Bench, kind: str, error: type[Exception]
) -> None:
    bench.fault(kind, "SQL SELECT")
    transport = bench.transport()
    with pytest.raises(error):
        transport.query("SELECT 1 AS one")
    assert transport.query("SELECT 1 AS one") == [{"one": 1}]


def test_a_transaction_is_in_doubt_only_once_its_commit_was_sent(bench: Bench) -> None:
    transport = bench.transport()
    bench.fault("drop_after_commit", "INSERT")
    with pytest.raises(Transient):
        insert(transport, 1)
    bench.fault("drop_after_commit", "TRAN commit")
    with pytest.raises(OutcomeUnknown):
        insert(transport, 2)
    assert numbers(transport) == [2]


@pytest.mark.parametrize(
    ("number", "error"),
    [(1205, Transient), (1222, Transient), (229, Misconfigured), (2812, Misconfigured), (18488, AuthFailed)],
)
def test_a_numbered_error_is_the_servers_word_even_for_a_write(
    bench: Bench, number: int, error: type[ConnectorError]
) -> None:
    bench.fault("sql_error", "EXEC spTwice", status=number)
    with pytest.raises(error) as raised:
        double(bench.transport())
    assert raised.value.code == str(number)


def test_refused_values_and_rows_that_exist_have_their_classes(bench: Bench) -> None:
    transport = bench.transport()
    insert(transport, 1)
    with pytest.raises(Duplicate):
        insert(transport, 1)
    with pytest.raises(Rejected):
        transport.transaction(
            lambda work: work.execute("INSERT INTO goods (id, name) VALUES (2, %s)", "x" * 11)
        )
    assert numbers(transport) == [1]


def test_a_throttled_call_tells_the_wait_where_the_server_does(bench: Bench) -> None:
    transport = bench.transport()
    for given, expected in ((7, 7.0), (None, None)):
        bench.fault("status", "SQL SELECT", status=429, retry_after=given)
        with pytest.raises(RateLimited) as raised:
            transport.query("SELECT 1 AS one")
        assert raised.value.retry_after_seconds == expected


# -- the pool and what is told -----------------------------------------------------------------------------


def test_connections_are_kept_and_never_more_than_allowed(bench: Bench) -> None:
    transport = bench.transport()
    work: Callable[[], object] = lambda: [transport.query("SELECT 1 AS one") for _ in range(5)]  # noqa: E731
    threads = [threading.Thread(target=work) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert bench.simulator.server is not None
    assert 1 <= bench.simulator.server.sessions <= 2


def test_a_connection_that_the_server_closed_while_idle_is_replaced(bench: Bench) -> None:
    transport = bench.transport()
    transport.query("SELECT 1 AS one")
    assert bench.simulator.server is not None
    bench.simulator.server.disconnect_all()
    assert double(transport).outputs == {"@twice": 42}


def test_each_call_asks_the_gate_and_is_told_without_the_password(bench: Bench) -> None:
    transport = bench.transport()
    insert(transport, 1)
    transport.query("SELECT id FROM goods WHERE code = %s", PASSWORD)
    assert bench.gate.asked == [True, False]
    assert bench.gate.ended == ["ok", "ok"]
    first, second = bench.exchanges
    assert (first.method, first.status) == ("TRANSACTION", "ok")
    assert "INSERT INTO goods" in first.request and "'A'" in first.request
    assert second.method == "SELECT"
    assert PASSWORD not in str(bench.exchanges)
