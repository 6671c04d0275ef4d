"""Cuts a batch into statements and translates those that write: INSERT, UPDATE, DELETE.

Called by ``session``, which runs them one after the other.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from integrations.sandbox.tds.declarations import Field, Table
from integrations.sandbox.tds.errors import SqlError, no_column, no_object, syntax_error
from integrations.sandbox.tds.expressions import quoted, rewrite
from integrations.sandbox.tds.lexer import Token, closing, find_word, split_at_top, words
from integrations.sandbox.tds.queries import table_name
from integrations.sandbox.tds.scopes import Scope, Source

STARTS = words(
    "SELECT INSERT UPDATE DELETE SET EXEC EXECUTE DECLARE BEGIN COMMIT ROLLBACK IF USE PRINT MERGE WITH "
    "CREATE DROP ALTER TRUNCATE SAVE RAISERROR WAITFOR WHILE RETURN GRANT REVOKE DENY BACKUP DBCC KILL"
)


@dataclass(frozen=True, slots=True)
class Write:
    """A translated INSERT, UPDATE or DELETE on one table."""

    verb: str
    table: Table
    sql: str


def split_batch(tokens: Sequence[Token]) -> list[list[Token]]:
    """Return the statements of a batch; a semicolon or the first word of the next ends one."""
    statements: list[list[Token]] = []
    current: list[Token] = []
    depth = 0
    for token in tokens:
        if depth == 0 and token.is_sign(";"):
            statements.append(current)
            current = []
            continue
        if depth == 0 and token.word in STARTS and current and not _belongs(token, current):
            statements.append(current)
            current = []
        depth += token.is_sign("(") - token.is_sign(")")
        current.append(token)
    statements.append(current)
    return [statement for statement in statements if statement]


def _belongs(token: Token, current: Sequence[Token]) -> bool:
    """Say whether a first word goes on with the statement before it."""
    words = [each.word for each in current]
    if token.word == "SET":
        return words[0] == "UPDATE" and "SET" not in words
    if token.word == "SELECT":
        return words[-1] in ("UNION", "ALL", "EXCEPT", "INTERSECT") or (
            words[0] == "INSERT" and "VALUES" not in words
        )
    if token.word == "WITH":
        return words[0] not in ("SET", "USE")  # a table hint; a common table expression begins a statement
    if words[0] == "IF":
        return False
    return token.word in ("UPDATE", "DELETE", "INSERT") and words[-1] == "FOR"


def translate_write(tokens: Sequence[Token], scope: Scope) -> Write:
    """Return an INSERT, UPDATE or DELETE for SQLite. Raises SqlError."""
    verb = tokens[0].word
    if verb == "UPDATE" and find_word(tokens, "FROM") >= 0:
        raise syntax_error("FROM")
    place = 1
    if place < len(tokens) and tokens[place].word in ("INTO", "FROM"):
        place += 1
    name, place = table_name(tokens, place)
    table = scope.declared.table(name)
    if table is None or "$" in name:
        raise no_object(name)
    if table.select:
        raise SqlError(4406, f"Update or insert of view or function '{name}' failed.")
    scope.reading.tables.add(table.name)
    columns = tuple(each.column for each in table.fields)
    inner = Scope(
        scope.declared, scope.variables, scope.reading, scope.select, (Source(table.name, columns),)
    )
    make = {"INSERT": _insert, "UPDATE": _update, "DELETE": _delete}[verb]
    return Write(verb, table, make(tokens[place:], table, inner))


def _insert(tokens: Sequence[Token], table: Table, scope: Scope) -> str:
    fields: Sequence[Field] = [each for each in table.fields if each.kind.kind != "rowversion"]
    place = 0
    if tokens and tokens[0].is_sign("("):
        end = closing(tokens, 0)
        fields = [_field(table, part[-1].text) for part in split_at_top(tokens[1:end], ",")]
        place = end + 1
    if place >= len(tokens) or tokens[place].word != "VALUES":
        raise syntax_error(tokens[place].text if place < len(tokens) else ")")
    rows = []
    for part in split_at_top(tokens[place + 1 :], ","):
        if not part or not part[0].is_sign("(") or closing(part, 0) != len(part) - 1:
            raise syntax_error("VALUES")
        values = split_at_top(part[1:-1], ",")
        if len(values) != len(fields):
            raise SqlError(
                109 if len(values) < len(fields) else 110,
                "There are fewer or more columns in the INSERT statement than values specified in the VALUES clause.",
                severity=15,
            )
        rows.append(
            f"({', '.join(_kept(each, value, scope) for each, value in zip(fields, values, strict=True))})"
        )
    names = ", ".join(quoted(each.name) for each in fields)
    return f"INSERT INTO {quoted(table.name)} ({names}) VALUES {', '.join(rows)}"


def _update(tokens: Sequence[Token], table: Table, scope: Scope) -> str:
    if not tokens or tokens[0].word != "SET":
        raise syntax_error(tokens[0].text if tokens else "UPDATE")
    where = find_word(tokens, "WHERE")
    end = where if where >= 0 else len(tokens)
    changes = []
    for part in split_at_top(tokens[1:end], ","):
        at = next((place for place, token in enumerate(part) if token.is_sign("=")), 0)
        if not at:
            raise syntax_error(part[1].text if len(part) > 1 else "SET")
        field = _field(table, part[at - 1].text)
        changes.append(f"{quoted(field.name)} = {_kept(field, part[at + 1 :], scope)}")
    condition = f" WHERE {rewrite(tokens[where + 1 :], scope)}" if where >= 0 else ""
    return f"UPDATE {quoted(table.name)} SET {', '.join(changes)}{condition}"


def _delete(tokens: Sequence[Token], table: Table, scope: Scope) -> str:
    if tokens and tokens[0].word != "WHERE":
        raise syntax_error(tokens[0].text)
    condition = f" WHERE {rewrite(tokens[1:], scope)}" if tokens else ""
    return f"DELETE FROM {quoted(table.name)}{condition}"


def _field(table: Table, name: str) -> Field:
    field = table.find(name)
    if field is None:
        raise no_column(name)
    if field.kind.kind == "rowversion":
        raise SqlError(273, "Cannot insert an explicit value into a timestamp column.")
    return field


def _kept(field: Field, value: Sequence[Token], scope: Scope) -> str:
    """Return the text of a value that passes through the type of its column."""
    if [token.word for token in value] == ["DEFAULT"]:
        return field.default or "NULL"
    if not field.is_nullable and [token.word for token in value] == ["NULL"]:
        return "NULL"  # SQLite's own refusal names table and column
    return f"TSQL_KEEP('{field.kind}', {rewrite(value, scope)})"
