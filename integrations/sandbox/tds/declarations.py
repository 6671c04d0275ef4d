"""Tables, views and procedures as a simulator declares them, and the SQLite tables that keep them.

Tables are T-SQL ``CREATE TABLE`` text, read here with the same lexer as a client's statements; procedures are Python.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from integrations.sandbox.tds.errors import syntax_error
from integrations.sandbox.tds.lexer import Token, closing, split_at_top, tokenise
from integrations.sandbox.tds.tokens import Column
from integrations.sandbox.tds.types import SqlType, of_words

if TYPE_CHECKING:
    from integrations.sandbox.tds.session import Session


@dataclass(frozen=True, slots=True)
class Field:
    """One declared column of a table."""

    name: str
    kind: SqlType
    is_nullable: bool = True
    is_key: bool = False
    is_unique: bool = False
    default: str | None = None
    """SQL text of the default, None = NULL."""

    @property
    def column(self) -> Column:
        return Column(self.name, self.kind)


@dataclass(frozen=True, slots=True)
class Table:
    """One declared table, or a view whose ``select`` is T-SQL."""

    name: str
    fields: tuple[Field, ...]
    unique: tuple[tuple[str, ...], ...] = ()
    indexes: tuple[tuple[str, ...], ...] = ()
    select: str = ""

    def find(self, name: str) -> Field | None:
        return next((each for each in self.fields if each.name.lower() == name.lower()), None)


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter of a procedure; ``name`` with its at sign."""

    name: str
    kind: SqlType
    is_output: bool = False
    default: Any = None
    is_required: bool = False


Body = Callable[["Session", dict[str, Any]], int]
"""Runs a procedure: changes OUTPUT values in the dict of arguments and returns the return status."""


@dataclass(frozen=True, slots=True)
class Procedure:
    """One stored procedure in Python. ``arguments`` are by name without the at sign."""

    name: str
    parameters: tuple[Parameter, ...]
    body: Body


@dataclass(slots=True)
class Declarations:
    """All that a database declares; names without regard to case."""

    tables: dict[str, Table] = field(default_factory=dict)
    procedures: dict[str, Procedure] = field(default_factory=dict)

    @classmethod
    def of(cls, tables: Sequence[Table], procedures: Sequence[Procedure]) -> "Declarations":
        return cls(
            {each.name.lower(): each for each in (*tables, *CATALOGUE)},
            {each.name.lower(): each for each in procedures},
        )

    def table(self, name: str) -> Table | None:
        return self.tables.get(name.lower())


def procedure(name: str, parameters: str, body: Body) -> Procedure:
    """Return a procedure of ``@a int, @b varchar(3) = 'x' OUTPUT`` text."""
    return Procedure(
        name, tuple(_parameter(part) for part in split_at_top(tokenise(parameters), ",") if part), body
    )


def _parameter(tokens: Sequence[Token]) -> Parameter:
    kind, place = read_type(tokens, 1)
    rest = tokens[place:]
    is_output = any(token.word in ("OUTPUT", "OUT") for token in rest)
    default = None
    has_default = bool(rest) and rest[0].is_sign("=")
    if has_default:
        sign = -1 if rest[1].is_sign("-") else 1
        value = rest[2] if sign < 0 else rest[1]
        default = (
            sign * int(value.text) if value.kind == "number" else value.text if value.kind == "text" else None
        )
    return Parameter(tokens[0].text, kind, is_output, default, not has_default and not is_output)


def read_type(tokens: Sequence[Token], place: int) -> tuple[SqlType, int]:
    """Return the type that begins at ``place`` and the place behind it."""
    name = tokens[place].text
    place += 1
    numbers: tuple[int, ...] = ()
    if place < len(tokens) and tokens[place].is_sign("("):
        end = closing(tokens, place)
        inside = [token for token in tokens[place + 1 : end] if not token.is_sign(",")]
        numbers = tuple(-1 if token.word == "MAX" else int(token.text) for token in inside)
        place = end + 1
    return of_words(name, numbers), place


def read_tables(text: str) -> list[Table]:
    """Return the tables of a script of ``CREATE TABLE name (...)`` statements. Raises SqlError."""
    tokens = tokenise(text)
    tables, place = [], 0
    while place < len(tokens):
        if [token.word for token in tokens[place : place + 2]] != ["CREATE", "TABLE"]:
            raise syntax_error(tokens[place].text)
        end = closing(tokens, place + 3)
        tables.append(_table(tokens[place + 2].text, tokens[place + 4 : end]))
        place = end + 1
        while place < len(tokens) and tokens[place].is_sign(";"):
            place += 1
    return tables


def _table(name: str, tokens: Sequence[Token]) -> Table:
    fields: list[Field] = []
    keys: dict[str, list[tuple[str, ...]]] = {"UNIQUE": [], "INDEX": []}
    for part in split_at_top(tokens, ","):
        if part[0].word in keys:
            keys[part[0].word].append(tuple(token.text for token in part[2:-1] if token.is_name))
        else:
            fields.append(_field(part))
    return Table(name, tuple(fields), tuple(keys["UNIQUE"]), tuple(keys["INDEX"]))


def _field(tokens: Sequence[Token]) -> Field:
    kind, place = read_type(tokens, 1)
    words = [token.word for token in tokens[place:]]
    default = None
    if "DEFAULT" in words:
        default = " ".join(
            f"'{token.text}'" if token.kind == "text" else token.text
            for token in tokens[place + words.index("DEFAULT") + 1 :]
            if token.word not in ("NOT", "NULL")
        )
    is_key = "PRIMARY" in words
    return Field(
        tokens[0].text, kind, not (is_key or "NOT" in words or kind.kind == "rowversion"), is_key,
        "UNIQUE" in words, default,
    )  # fmt: skip


def _affinity(kind: SqlType) -> str:
    if kind.is_text:
        return "TEXT COLLATE CI_AS"
    if kind.is_moment or kind.kind == "date":
        return "TEXT COLLATE MOMENT"
    if kind.kind in ("binary", "varbinary", "rowversion"):
        return "BLOB"
    return "INTEGER" if kind.is_integer else "NUMERIC"


def column_ddl(field: Field) -> str:
    """Return a column as SQLite declares it."""
    text = f'"{field.name}" {_affinity(field.kind)}'
    # The trigger fills a rowversion right after the row is written.
    text += " NOT NULL" if not field.is_nullable and field.kind.kind != "rowversion" else ""
    text += " PRIMARY KEY" if field.is_key else " UNIQUE" if field.is_unique else ""
    return text + (f" DEFAULT {field.default}" if field.default is not None else "")


def ddl(table: Table) -> list[str]:
    """Return the SQLite statements that create a table and, for a rowversion, the triggers that bump it."""
    parts = [column_ddl(each) for each in table.fields]
    parts += [f"UNIQUE ({', '.join(names)})" for names in table.unique]
    statements = [f'CREATE TABLE IF NOT EXISTS "{table.name}" ({", ".join(parts)})']
    for names in table.indexes:
        title = "_".join((table.name, *names))
        statements.append(f'CREATE INDEX IF NOT EXISTS "{title}" ON "{table.name}" ({", ".join(names)})')
    version = next((each.name for each in table.fields if each.kind.kind == "rowversion"), "")
    for event in ("INSERT", "UPDATE") if version else ():
        # The trigger's own UPDATE changes the rowversion and must not bump it again.
        when = f'WHEN NEW."{version}" IS OLD."{version}" ' if event == "UPDATE" else ""
        statements.append(
            f'CREATE TRIGGER IF NOT EXISTS "{table.name}_{event}" AFTER {event} ON "{table.name}" {when}BEGIN'
            " UPDATE tds_rowversion SET last = last + 1;"
            f' UPDATE "{table.name}" SET "{version}" = ROWVERSION_BYTES((SELECT last FROM tds_rowversion))'
            " WHERE rowid = NEW.rowid; END"
        )
    return statements


CATALOGUE = read_tables(
    """
    CREATE TABLE sys.objects (name sysname, object_id int, schema_id int, type char(2), type_desc nvarchar(60));
    CREATE TABLE sys.tables (name sysname, object_id int, schema_id int, type char(2));
    CREATE TABLE sys.procedures (name sysname, object_id int, schema_id int, type char(2));
    CREATE TABLE sys.schemas (name sysname, schema_id int);
    CREATE TABLE sys.columns (object_id int, name sysname, column_id int, user_type_id int, max_length smallint,
        precision tinyint, scale tinyint, is_nullable bit, is_identity bit);
    CREATE TABLE sys.types (name sysname, user_type_id int, max_length smallint);
    CREATE TABLE sys.parameters (object_id int, name sysname, parameter_id int, user_type_id int,
        max_length smallint, precision tinyint, scale tinyint, is_output bit);
    CREATE TABLE INFORMATION_SCHEMA.TABLES (TABLE_CATALOG sysname, TABLE_SCHEMA sysname, TABLE_NAME sysname,
        TABLE_TYPE varchar(10));
    CREATE TABLE INFORMATION_SCHEMA.COLUMNS (TABLE_CATALOG sysname, TABLE_SCHEMA sysname, TABLE_NAME sysname,
        COLUMN_NAME sysname, ORDINAL_POSITION int, COLUMN_DEFAULT nvarchar(4000), IS_NULLABLE varchar(3),
        DATA_TYPE nvarchar(128), CHARACTER_MAXIMUM_LENGTH int, NUMERIC_PRECISION tinyint, NUMERIC_SCALE int,
        DATETIME_PRECISION smallint);
    CREATE TABLE INFORMATION_SCHEMA.ROUTINES (ROUTINE_CATALOG sysname, ROUTINE_SCHEMA sysname,
        ROUTINE_NAME sysname, ROUTINE_TYPE nvarchar(20));
    """.replace("sys.", "sys$").replace("SCHEMA.", "SCHEMA$")
)
"""The system views of the declared subset. Their names carry a dollar sign instead of the schema's point."""


def catalogue_rows(declared: Declarations, database: str) -> Mapping[str, list[tuple[Any, ...]]]:
    """Return the contents of the system views by name."""
    found: dict[str, list[tuple[Any, ...]]] = {table.name: [] for table in CATALOGUE}
    own = [table for table in declared.tables.values() if table not in CATALOGUE]
    kinds = sorted({each.kind.kind for table in own for each in table.fields})
    found["sys$types"] = [(kind, number, 0) for number, kind in enumerate(kinds, 1)]
    found["sys$schemas"] = [("dbo", 1)]
    for number, table in enumerate(own, 1001):
        kind, word = ("V ", "VIEW") if table.select else ("U ", "BASE TABLE")
        found["sys$objects"].append((table.name, number, 1, kind, "VIEW" if table.select else "USER_TABLE"))
        if not table.select:
            found["sys$tables"].append((table.name, number, 1, kind))
        found["INFORMATION_SCHEMA$TABLES"].append((database, "dbo", table.name, word))
        for place, each in enumerate(table.fields, 1):
            found["sys$columns"].append(
                (number, each.name, place, kinds.index(each.kind.kind) + 1, each.kind.length or each.kind.size,
                 each.kind.precision, each.kind.scale, int(each.is_nullable), 0)
            )  # fmt: skip
            found["INFORMATION_SCHEMA$COLUMNS"].append(_column_row(database, table, place, each))
    for number, one in enumerate(declared.procedures.values(), 5001):
        found["sys$objects"].append((one.name, number, 1, "P ", "SQL_STORED_PROCEDURE"))
        found["sys$procedures"].append((one.name, number, 1, "P "))
        found["INFORMATION_SCHEMA$ROUTINES"].append((database, "dbo", one.name, "PROCEDURE"))
        found["sys$parameters"] += [
            (
                number,
                each.name,
                place,
                0,
                each.kind.length,
                each.kind.precision,
                each.kind.scale,
                int(each.is_output),
            )
            for place, each in enumerate(one.parameters, 1)
        ]
    return found


def _column_row(database: str, table: Table, place: int, each: Field) -> tuple[Any, ...]:
    kind = each.kind
    shown = "timestamp" if kind.kind == "rowversion" else kind.kind
    length = kind.length if kind.is_text else None
    is_number = kind.kind == "decimal" or kind.is_integer
    precision = kind.precision or {1: 3, 2: 5, 4: 10, 8: 19}[kind.size] if is_number else None
    return (
        database, "dbo", table.name, each.name, place, each.default, "YES" if each.is_nullable else "NO", shown,
        length, precision, kind.scale if is_number else None, 3 if kind.is_moment else None,
    )  # fmt: skip
