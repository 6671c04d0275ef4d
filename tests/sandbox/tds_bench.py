"""One TDS server in the test's own process, with tables, a view, a procedure and two logins of its own."""

from decimal import Decimal
from pathlib import Path
from typing import Any

from integrations.sandbox.core.sandbox import Sandbox
from integrations.sandbox.tds.database import Database
from integrations.sandbox.tds.declarations import Declarations, procedure, read_tables
from integrations.sandbox.tds.encryption import Encryption
from integrations.sandbox.tds.errors import SqlError
from integrations.sandbox.tds.logins import Login
from integrations.sandbox.tds.queries import declare_view
from integrations.sandbox.tds.simulator import SqlSimulator
from tests.sandbox.sql_clients import (
    DATABASE,
    PASSWORD,
    USER,
    do,
)

TABLES = """
CREATE TABLE tLamp (LampKey int NOT NULL PRIMARY KEY, LampID varchar(10) NOT NULL UNIQUE, Code char(4),
    Name nvarchar(30), Price decimal(15,3), Weight float, Qty decimal(16,8), IsLit bit, Kind smallint, Small tinyint,
    Big bigint, MadeAt datetime, Day smalldatetime, Born date, Note varchar(15), Stamp rowversion);
CREATE TABLE tShade (ShadeKey int NOT NULL PRIMARY KEY, LampKey int, Text nvarchar(max), Stamp rowversion);
"""
VIEW = "SELECT l.LampID, SUM(l.Price * l.Qty) AS Worth FROM tLamp l GROUP BY l.LampID"


class Bench:
    """One server in this process, on its own file."""

    def __init__(self, path: Path, encryption: Encryption = Encryption.OFF) -> None:
        tables = read_tables(TABLES)
        tables.append(declare_view("vWorth", VIEW, tables))

        def twice(session: Any, given: dict[str, Any]) -> int:
            given["oTwice"] = Decimal(given["iNumber"]) * 2
            given["oWord"] = f"{given['iWord']}!"
            return 7

        def half(session: Any, given: dict[str, Any]) -> int:
            session.records().insert("tLamp", {"LampKey": given["iKey"], "LampID": "half"})
            raise SqlError(50000, "The second half failed.")

        text = "@iNumber decimal(9,2), @iWord varchar(5) = 'ab', @oTwice decimal(9,2) OUTPUT, @oWord varchar(9) OUTPUT"
        procedures = [procedure("spTwice", text, twice), procedure("spHalf", "@iKey int", half)]
        declared = Declarations.of(tables, procedures)
        self.database = Database(path, declared, name=DATABASE)
        reader = Login(
            "reader", PASSWORD, writes=frozenset(), executes=frozenset(), reads=frozenset({"tlamp"})
        )
        self.simulator = SqlSimulator(
            self.database, {"u": Login(USER, PASSWORD), "r": reader}, encryption=encryption
        )
        self.port: int = self.simulator.listen("127.0.0.1", Sandbox(self.simulator).answer)["tds_port"]
        assert self.simulator.server is not None
        self.certificate = path.with_suffix(".pem")
        self.certificate.write_text(self.simulator.server.identity.certificate_pem)

    def stop(self) -> None:
        self.simulator.faults.stop()
        self.simulator.stop()
        self.database.close()


def add_lamp(connection: Any, key: int = 1, **more: Any) -> None:
    row = {"LampKey": key, "LampID": f"L{key}", **more}
    places = ", ".join(["%s"] * len(row))
    do(connection, f"INSERT INTO tLamp ({', '.join(row)}) VALUES ({places})", list(row.values()))
