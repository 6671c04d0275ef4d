"""Reads of the application database over TDS, where the connection has a SQL login: look-ups and rowversion polling.

Reading only: every write goes through ctAPI. Statements are built of the table and column names in this package;
values travel as parameters. Card columns are never named, so they never leave the server.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from integrations.connectors.base import ConnectionConfig, Page
from integrations.connectors.errors import Misconfigured
from integrations.connectors.spec import Limits
from integrations.connectors.systems.dynamics_sl.normalise import normalise
from integrations.connectors.transports.tds import TdsTransport
from integrations.connectors.transports.tds_link import TdsLogin

PAGE_SIZE = 200
_NO_VERSION = "0" * 16


class SqlReads:
    """One company's tables. Thread safe; opens nothing before the first call."""

    def __init__(
        self, settings: Mapping[str, Any], *, config: ConnectionConfig, limits: Limits, zone: ZoneInfo
    ) -> None:
        self._zone = zone
        self._company = str(settings.get("cpny_id") or "").strip()
        missing = [name for name in ("sql_database", "sql_user", "sql_password") if not settings.get(name)]
        if missing:
            raise Misconfigured("The SQL login of the connection is incomplete", missing=missing[0])
        self._database = TdsTransport(
            TdsLogin(
                host=str(settings["sql_host"]).strip(),
                port=int(settings["sql_port"] or 1433),
                database=str(settings["sql_database"]),
                user=str(settings["sql_user"]),
                password=str(settings["sql_password"]),
                encrypt=str(settings["sql_encrypt"]),
                certificate=str(settings.get("sql_certificate") or ""),
            ),
            config=config,
            limits=limits,
        )

    def close(self) -> None:
        self._database.close()

    def matching(
        self, table: str, columns: Sequence[str], where: Mapping[str, str], *, of_company: bool = True
    ) -> list[dict[str, Any]]:
        """Return the rows whose columns hold these values, of this company where the table has one."""
        asked = {"CpnyID": self._company, **where} if of_company else dict(where)
        condition = " AND ".join(f"{name} = %s" for name in asked)
        return self._rows(f"SELECT {', '.join(columns)} FROM {table} WHERE {condition}", *asked.values())

    def within(
        self, table: str, columns: Sequence[str], column: str, values: Sequence[str]
    ) -> list[dict[str, Any]]:
        """Return the rows of this company whose column holds one of the values; none for no values."""
        if not values:
            return []
        marks = ", ".join("%s" for _ in values)
        return self._rows(
            f"SELECT {', '.join(columns)} FROM {table} WHERE CpnyID = %s AND {column} IN ({marks})",
            self._company,
            *values,
        )

    def changed(
        self, table: str, columns: Sequence[str], after: str, *, of_company: bool = True
    ) -> Iterator[tuple[list[dict[str, Any]], str, bool]]:
        """Yield (rows, rowversion of the last one, is_last) of what was committed after a rowversion, in its order.

        Rows of transactions that are still open come later: MIN_ACTIVE_ROWVERSION() bounds each page.
        """
        # Reference: learn.microsoft.com, MIN_ACTIVE_ROWVERSION. Rowversions count up for the whole database.
        company = "CpnyID = %s AND " if of_company else ""
        statement = (
            f"SELECT TOP {PAGE_SIZE} {', '.join(columns)}, tstamp FROM {table}"
            f" WHERE {company}tstamp > %s AND tstamp < MIN_ACTIVE_ROWVERSION() ORDER BY tstamp"
        )
        is_last = False
        while not is_last:
            given = [self._company] if of_company else []
            rows = self._rows(statement, *given, _binary(after))
            is_last = len(rows) < PAGE_SIZE
            after = rows[-1]["tstamp"] if rows else after
            for row in rows:
                row.pop("tstamp")
            yield rows, after, is_last

    def changed_by_time(
        self, table: str, columns: Sequence[str], begin: datetime
    ) -> tuple[list[dict[str, Any]], str]:
        """Return the rows changed since a wall-clock time, and the rowversion from which to go on."""
        bound = self._rows("SELECT MIN_ACTIVE_ROWVERSION() AS bound")[0]["bound"]
        rows = self._rows(
            f"SELECT {', '.join(columns)} FROM {table} WHERE CpnyID = %s AND LUpd_DateTime >= %s"
            " AND tstamp < %s ORDER BY tstamp",
            self._company,
            begin,
            _binary(bound),
        )
        return rows, f"{int(bound, 16) - 1:016x}"

    def _rows(self, statement: str, *values: Any) -> list[dict[str, Any]]:
        return [normalise(row, self._zone) for row in self._database.query(statement, *values)]


def _binary(rowversion: str) -> Any:
    """Return eight bytes as a parameter that SQL Server compares with a rowversion."""
    import pytds

    return pytds.Binary(bytes.fromhex(rowversion))


def pages_by_rowversion(
    sql: SqlReads,
    table: str,
    columns: Sequence[str],
    cursor: Mapping[str, Any],
    records_of: Any,
    *,
    of_company: bool,
) -> Iterator[Page]:
    """Yield pages of records after the cursor's rowversion; a cursor without one reads the whole table.

    ``records_of(rows)`` returns the records of some rows.
    """
    start = str(cursor.get("rowversion") or _NO_VERSION)
    for rows, after, is_last in sql.changed(table, columns, start, of_company=of_company):
        yield Page(records_of(rows), {"rowversion": after}, is_last=is_last)
