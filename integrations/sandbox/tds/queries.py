"""Translates a SELECT of the declared subset to SQLite and tells the types of its columns.

The subset: TOP, ANSI joins, derived tables, subqueries, UNION, GROUP BY, HAVING, ORDER BY, OFFSET FETCH, table hints.
Called by ``statements``.
"""

from collections.abc import Sequence
from dataclasses import replace

from integrations.sandbox.tds.declarations import Declarations, Field, Table
from integrations.sandbox.tds.errors import SqlError, no_object, syntax_error
from integrations.sandbox.tds.expressions import REFUSED, quoted, rewrite
from integrations.sandbox.tds.lexer import Token, closing, find_word, split_at_top, tokenise, words
from integrations.sandbox.tds.result_types import type_of
from integrations.sandbox.tds.scopes import Query, Reading, Scope, Source
from integrations.sandbox.tds.tokens import Column

_CLAUSES = ("FROM", "WHERE", "GROUP", "HAVING", "ORDER", "OFFSET")
_JOINS = words("JOIN INNER LEFT RIGHT FULL CROSS OUTER ON")
_HINTS = words("NOLOCK READUNCOMMITTED READPAST UPDLOCK ROWLOCK HOLDLOCK READCOMMITTED TABLOCK PAGLOCK")


def select(tokens: Sequence[Token], outer: Scope) -> Query:
    """Return a SELECT, possibly of several joined by UNION. Raises SqlError."""
    parts, words = _unions(tokens)
    queries = [_core(part, outer) for part in parts]
    if len(queries) == 1:
        return queries[0]
    widths = {len(query.columns) for query in queries}
    if len(widths) > 1:
        raise SqlError(
            205, "All queries combined using a UNION operator must have an equal number of expressions."
        )
    sql = queries[0].sql + "".join(
        f" {word} {query.sql}" for word, query in zip(words, queries[1:], strict=True)
    )
    return Query(sql, queries[0].columns)


def declare_view(name: str, text: str, tables: Sequence[Table]) -> Table:
    """Return a view over declared tables as a declaration: its columns have the types of its SELECT."""
    scope = Scope(Declarations.of(tables, ()), {}, Reading(), select)
    fields = tuple(Field(column.name, column.kind) for column in select(tokenise(text), scope).columns)
    return Table(name, fields, select=text)


def _unions(tokens: Sequence[Token]) -> tuple[list[Sequence[Token]], list[str]]:
    parts, words, start = [], [], 0
    while (place := find_word(tokens, "UNION", "EXCEPT", "INTERSECT", start=start)) >= 0:
        parts.append(tokens[start:place])
        is_all = tokens[place + 1].word == "ALL"
        words.append(tokens[place].word + (" ALL" if is_all else ""))
        start = place + 1 + is_all
    return [*parts, tokens[start:]], words


def _core(tokens: Sequence[Token], outer: Scope) -> Query:
    if not tokens or tokens[0].word != "SELECT":
        raise syntax_error(tokens[0].text if tokens else "UNION")
    cut = {word: find_word(tokens, word) for word in _CLAUSES}
    ends = sorted(place for place in cut.values() if place > 0)
    clauses = {
        word: tokens[place + 1 : next((end for end in ends if end > place), len(tokens))]
        for word, place in cut.items() if place > 0
    }  # fmt: skip
    if "OFFSET" in clauses:  # it follows ORDER BY and names its rows with the same word
        at = cut["OFFSET"]
        clauses["OFFSET"] = tokens[at + 1 :]
    head = tokens[1 : ends[0] if ends else len(tokens)]
    scope = replace(outer, sources=(), outer=outer)
    from_text = ""
    if "FROM" in clauses:
        sources: list[Source] = []
        from_text = _sources(clauses["FROM"], scope, sources)
        scope = replace(scope, sources=tuple(sources))
    is_distinct, limit, head = _head(head, scope)
    items, columns = _items(head, scope)
    sql = f"SELECT {'DISTINCT ' if is_distinct else ''}{items}" + from_text
    if "WHERE" in clauses:
        sql += f" WHERE {rewrite(clauses['WHERE'], scope)}"
    if "GROUP" in clauses:
        _check_grouping(head, clauses["GROUP"][1:])
        sql += f" GROUP BY {rewrite(clauses['GROUP'][1:], scope)}"
    if "HAVING" in clauses:
        sql += f" HAVING {rewrite(clauses['HAVING'], scope)}"
    if "ORDER" in clauses:
        sql += f" ORDER BY {rewrite(clauses['ORDER'][1:], scope)}"
    if "OFFSET" in clauses:
        limit = _offset(clauses["OFFSET"], scope)
    return Query(f"{sql} LIMIT {limit}" if limit else sql, tuple(columns))


def _head(tokens: Sequence[Token], scope: Scope) -> tuple[bool, str, Sequence[Token]]:
    is_distinct = bool(tokens) and tokens[0].word == "DISTINCT"
    tokens = tokens[1:] if is_distinct or (tokens and tokens[0].word == "ALL") else tokens
    if not tokens or tokens[0].word != "TOP":
        return is_distinct, "", tokens
    end = closing(tokens, 1) if tokens[1].is_sign("(") else 1
    limit = rewrite(tokens[1 : end + 1], scope)
    rest = tokens[end + 1 :]
    if rest and rest[0].word in ("PERCENT", "WITH"):
        raise syntax_error(rest[0].text)
    return is_distinct, limit, rest


def _offset(tokens: Sequence[Token], scope: Scope) -> str:
    at = find_word(tokens, "ROWS", "ROW")
    fetch = find_word(tokens, "FETCH")
    if at < 0:
        raise syntax_error("OFFSET")
    skipped = rewrite(tokens[:at], scope)
    if fetch < 0:
        return f"-1 OFFSET {skipped}"
    end = find_word(tokens, "ROWS", "ROW", start=fetch)
    return f"{rewrite(tokens[fetch + 2 : end], scope)} OFFSET {skipped}"


# -- FROM ------------------------------------------------------------------------------------------------


def _sources(tokens: Sequence[Token], scope: Scope, found: list[Source]) -> str:
    """Return the FROM clause and add its sources; an ON may use those before it."""
    text, place = " FROM", 0
    while place < len(tokens):
        token = tokens[place]
        if token.word == "ON":
            end = _end_of_condition(tokens, place + 1)
            inner = replace(scope, sources=tuple(found))
            text += f" ON {rewrite(tokens[place + 1 : end], inner)}"
            place = end
        elif token.word in _JOINS or token.is_sign(","):
            text += "," if token.is_sign(",") else f" {token.word}"
            place += 1
        else:
            source, part, place = _source(tokens, place, scope)
            found.append(source)
            text += f" {part}"
    return text


def _end_of_condition(tokens: Sequence[Token], start: int) -> int:
    depth = 0
    for place in range(start, len(tokens)):
        depth += tokens[place].is_sign("(") - tokens[place].is_sign(")")
        is_function = place + 1 < len(tokens) and tokens[place + 1].is_sign("(")
        if depth == 0 and (
            tokens[place].is_sign(",") or (tokens[place].word in _JOINS and not (is_function))
        ):
            return place
    return len(tokens)


def _source(tokens: Sequence[Token], place: int, scope: Scope) -> tuple[Source, str, int]:
    if tokens[place].is_sign("("):
        end = closing(tokens, place)
        query = scope.select(tokens[place + 1 : end], scope)
        alias, place = _alias(tokens, end + 1)
        if not alias:
            raise syntax_error(")")
        return Source(alias, query.columns), f"({query.sql}) AS {quoted(alias)}", place
    if tokens[place].word in REFUSED:
        raise syntax_error(tokens[place].text)
    name, place = table_name(tokens, place)
    table = scope.declared.table(name)
    if table is None:
        raise no_object(name)
    scope.reading.tables.add(table.name)
    alias, place = _alias(tokens, place)
    place = _hints(tokens, place, scope)
    if not alias:
        alias, place = _alias(tokens, place)
    source = Source(alias or table.name, tuple(each.column for each in table.fields))
    return source, f"{quoted(table.name)} AS {quoted(source.alias)}", place


def table_name(tokens: Sequence[Token], place: int) -> tuple[str, int]:
    """Return the table named at ``place``, without database and schema, and the place behind it."""
    if place >= len(tokens) or not tokens[place].is_name:
        raise syntax_error(tokens[place].text if place < len(tokens) else "FROM")
    names = [tokens[place].text]
    place += 1
    while place + 1 < len(tokens) and tokens[place].is_sign("."):
        place += 1
        if tokens[place].is_name:
            names.append(tokens[place].text)
            place += 1
        else:
            names.append("")  # mas500_app..tarCustomer leaves the schema out
    schema = names[-2].lower() if len(names) > 1 else "dbo"
    if schema in ("sys", "information_schema"):
        return f"{schema}${names[-1]}", place
    if schema not in ("dbo", ""):
        raise no_object(".".join(names))
    return names[-1], place


def _alias(tokens: Sequence[Token], place: int) -> tuple[str, int]:
    if place < len(tokens) and tokens[place].word == "AS":
        return tokens[place + 1].text, place + 2
    if place < len(tokens) and tokens[place].is_name and tokens[place].word not in _JOINS | {"WITH"}:
        return tokens[place].text, place + 1
    return "", place


def _hints(tokens: Sequence[Token], place: int, scope: Scope) -> int:
    at = place + 1 if place < len(tokens) and tokens[place].word == "WITH" else place
    if at >= len(tokens) or not tokens[at].is_sign("("):
        if at != place:
            raise syntax_error("WITH")
        return place
    end = closing(tokens, at)
    for token in tokens[at + 1 : end]:
        if not token.is_sign(",") and token.word not in _HINTS:
            raise syntax_error(token.text)
        if token.word in ("NOLOCK", "READUNCOMMITTED"):
            scope.reading.is_dirty = True
    return end + 1


# -- the list --------------------------------------------------------------------------------------------


def _items(tokens: Sequence[Token], scope: Scope) -> tuple[str, list[Column]]:
    texts: list[str] = []
    columns: list[Column] = []
    for item in split_at_top(tokens, ","):
        if not item:
            raise syntax_error(",")
        if item[-1].is_sign("*") and (len(item) == 1 or (len(item) == 3 and item[1].is_sign("."))):
            for text, column in _star(item, scope):
                texts.append(text)
                columns.append(column)
            continue
        name, expression = name_and_expression(item)
        # A name of its own for each item: SQLite's ORDER BY and derived tables find it like SQL Server's.
        texts.append(rewrite(expression, scope) + (f" AS {quoted(name)}" if name else ""))
        columns.append(Column(name, type_of(expression, scope)))
    return ", ".join(texts), columns


def _star(item: Sequence[Token], scope: Scope) -> list[tuple[str, Column]]:
    wanted = item[0].text.lower() if len(item) == 3 else ""
    found = [source for source in scope.sources if not wanted or source.alias.lower() == wanted]
    if not found:
        raise syntax_error("*")
    return [
        (f"{quoted(source.alias)}.{quoted(column.name)}", column)
        for source in found
        for column in source.columns
    ]


def name_and_expression(item: Sequence[Token]) -> tuple[str, Sequence[Token]]:
    """Return the name of an item of a SELECT list ('' = none) and its expression."""
    if len(item) > 2 and item[0].is_name and item[1].is_sign("="):
        return item[0].text, item[2:]
    if len(item) > 2 and item[-2].word == "AS":
        return item[-1].text, item[:-2]
    is_label = item[-1].is_name and item[-1].word not in ("END", "NULL")
    if len(item) > 1 and is_label and not item[-2].is_sign(".") and _ends_operand(item[-2]):
        return item[-1].text, item[:-1]
    last = item[-1]
    is_column = (
        last.is_name and (len(item) == 1 or item[-2].is_sign(".")) and last.word not in ("END", "NULL")
    )
    return (last.text if is_column and last.word != "CURRENT_TIMESTAMP" else ""), item


def _ends_operand(token: Token) -> bool:
    if token.kind == "word":
        return token.word not in (
            "AND",
            "OR",
            "NOT",
            "IS",
            "LIKE",
            "IN",
            "BETWEEN",
            "THEN",
            "ELSE",
            "WHEN",
            "CASE",
        )
    return token.kind != "sign" or token.is_sign(")")


def _check_grouping(items: Sequence[Token], groups: Sequence[Token]) -> None:
    """Refuse a bare column that is not grouped: SQLite would pick any row. Raises SqlError 8120."""
    grouped = {tuple(token.text.lower() for token in part) for part in split_at_top(groups, ",")}
    short = {each[-1] for each in grouped}
    for item in split_at_top(items, ","):
        _, expression = name_and_expression(item)
        words = tuple(token.text.lower() for token in expression)
        is_column = len(words) in (1, 3) and expression[-1].is_name and all(
            token.is_name or token.is_sign(".") for token in expression)  # fmt: skip
        if is_column and words not in grouped and words[-1] not in short:
            raise SqlError(
                8120,
                f"Column '{'.'.join(words[::2])}' is invalid in the select list because it is not contained in either"
                " an aggregate function or the GROUP BY clause.",
            )
