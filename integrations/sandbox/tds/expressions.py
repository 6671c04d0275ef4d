"""Rewrites T-SQL expressions to SQLite: functions, literals, variables, names; refuses what is outside the subset.

Works on tokens, one after the other, so that what it does not know it cannot let pass: 102 for words, 195 for
functions. Called by ``queries`` and ``statements``.
"""

from collections.abc import Sequence

from integrations.sandbox.tds.declarations import read_type
from integrations.sandbox.tds.errors import SqlError, syntax_error
from integrations.sandbox.tds.lexer import Token, closing, split_at_top, words
from integrations.sandbox.tds.scopes import Scope

RENAMED = {
    "ISNULL": "IFNULL", "LEFT": "TSQL_LEFT", "RIGHT": "TSQL_RIGHT", "LEN": "TSQL_LEN", "CONCAT": "TSQL_CONCAT",
    "COUNT_BIG": "COUNT", "GETDATE": "TSQL_NOW", "SYSDATETIME": "TSQL_NOW", "GETUTCDATE": "TSQL_NOW",
    "SYSUTCDATETIME": "TSQL_NOW", "CHARINDEX": "TSQL_CHARINDEX", "DATEADD": "TSQL_DATEADD",
    "DATEDIFF": "TSQL_DATEDIFF", "HAS_PERMS_BY_NAME": "TSQL_HAS_PERMS", "SUBSTRING": "SUBSTR", "DATALENGTH": "LENGTH",
    "YEAR": "TSQL_YEAR", "MONTH": "TSQL_MONTH", "DAY": "TSQL_DAY", "CEILING": "TSQL_CEILING", "FLOOR": "TSQL_FLOOR",
}  # fmt: skip
PLAIN = words("SUM COUNT MIN MAX AVG COALESCE NULLIF ABS ROUND UPPER LOWER LTRIM RTRIM TRIM REPLACE")
SESSION = {
    "DB_NAME": "@@database", "SUSER_SNAME": "@@login", "SUSER_NAME": "@@login", "USER_NAME": "@@login",
    "ORIGINAL_LOGIN": "@@login", "MIN_ACTIVE_ROWVERSION": "@@min_active", "SERVERPROPERTY": "@@product",
    "SCOPE_IDENTITY": "@@identity",
}  # fmt: skip
"""Functions without arguments of interest, answered like a global variable."""

_DATE_PART = frozenset({"DATEADD", "DATEDIFF"})
REFUSED = words(
    "MERGE PIVOT UNPIVOT APPLY OVER PARTITION OPENQUERY OPENROWSET OPENJSON OPENXML TABLESAMPLE LIMIT "
    "GLOB REGEXP RETURNING REPLACE_INTO PRAGMA ATTACH DETACH VACUUM ROWID OID _ROWID_ ISNULL NOTNULL "
    "CONFLICT INDEXED NATURAL USING XML JSON CURSOR WHILE GOTO WAITFOR OUTPUT COLLATE CUBE ROLLUP "
    "GROUPING INTO TRY CATCH"
)
"""Words of T-SQL outside the subset, and words that only SQLite knows: neither may work here."""


def rewrite(tokens: Sequence[Token], scope: Scope) -> str:
    """Return SQLite text of an expression or a list of expressions. Raises SqlError 102, 137 or 195."""
    parts: list[str] = []
    place = 0
    while place < len(tokens):
        token = tokens[place]
        follows = tokens[place + 1] if place + 1 < len(tokens) else None
        if token.is_sign("("):
            end = closing(tokens, place)
            parts.append(_enclosed(tokens[place + 1 : end], scope))
            place = end + 1
        elif (
            token.kind == "word"
            and follows is not None
            and follows.is_sign("(")
            and token.word not in _OPENERS
        ):
            end = closing(tokens, place + 1)
            parts.append(_called(token, tokens[place + 2 : end], scope))
            place = end + 1
        elif token.is_name and follows is not None and follows.is_sign("."):
            text, place = _dotted(tokens, place)
            parts.append(text)
        else:
            parts.append(_single(tokens, place, scope))
            place += 1
    return " ".join(parts)


_KEYWORDS = words(
    "AND OR NOT IN IS NULL LIKE ESCAPE BETWEEN EXISTS CASE WHEN THEN ELSE END ASC DESC DISTINCT ALL AS"
)
_OPENERS = words("IN AND OR NOT EXISTS ON WHEN THEN ELSE CASE BY HAVING WHERE LIKE BETWEEN ANY ALL SELECT")


def _enclosed(inside: Sequence[Token], scope: Scope) -> str:
    if inside and inside[0].word == "SELECT":
        return f"({scope.select(inside, scope).sql})"
    return f"({rewrite(inside, scope)})"


def _called(name: Token, inside: Sequence[Token], scope: Scope) -> str:
    word = name.word
    if word in ("CAST", "TRY_CAST"):
        at = max(place for place, token in enumerate(inside) if token.word == "AS")
        return _cast(inside[at + 1 :], inside[:at], scope)
    if word in ("CONVERT", "TRY_CONVERT"):
        given = split_at_top(inside, ",")
        if len(given) < 2:
            raise syntax_error(")")
        return _cast(given[0], given[1], scope)
    if word in SESSION:
        return _variable(SESSION[word], scope)
    if word in _DATE_PART:
        part, *rest = split_at_top(inside, ",")
        values = ", ".join(rewrite(each, scope) for each in rest)
        return f"{RENAMED[word]}('{part[0].text.lower()}', {values})"
    if word == "OBJECT_ID":
        named = rewrite(split_at_top(inside, ",")[0], scope)
        return f"(SELECT object_id FROM [sys$objects] WHERE name = TSQL_LAST_NAME({named}))"
    if word in RENAMED or word in PLAIN:
        return f"{RENAMED.get(word, word)}({rewrite(inside, scope)})"
    if word in REFUSED:
        raise syntax_error(name.text)
    raise SqlError(195, f"'{name.text}' is not a recognized built-in function name.", severity=15)


def _cast(kind: Sequence[Token], value: Sequence[Token], scope: Scope) -> str:
    return f"TSQL_CAST('{read_type(kind, 0)[0]}', {rewrite(value, scope)})"


def _dotted(tokens: Sequence[Token], place: int) -> tuple[str, int]:
    names = [tokens[place]]
    while place + 2 < len(tokens) and tokens[place + 1].is_sign(".") and tokens[place + 2].is_name:
        names.append(tokens[place + 2])
        place += 2
    if place + 2 < len(tokens) and tokens[place + 1].is_sign(".") and tokens[place + 2].is_sign("*"):
        raise syntax_error("*")
    # Table and column are enough: a schema or a database before them says nothing here.
    return ".".join(quoted(name.text) for name in names[-2:]), place + 1


def quoted(name: str) -> str:
    """Return a name in brackets, which SQLite never reads as a text."""
    if "]" in name:
        raise SqlError(102, "Names with a bracket are outside the sandbox's subset.", severity=15)
    return f"[{name}]"


def _single(tokens: Sequence[Token], place: int, scope: Scope) -> str:
    token = tokens[place]
    if token.kind == "text":
        return literal(token.text)
    if token.kind == "binary":
        return f"x'{'0' * (len(token.text) % 2)}{token.text}'"
    if token.kind == "variable":
        return _variable(token.text, scope)
    if token.kind == "quoted":
        return quoted(token.text)
    if token.kind == "word":
        if token.word == "CURRENT_TIMESTAMP":
            return "TSQL_NOW()"
        if token.word in REFUSED:
            raise syntax_error(token.text)
        # Everything else is a name: SQLite has keywords of its own that columns may be called.
        return token.text if token.word in _KEYWORDS else quoted(token.text)
    if token.is_sign("^", "!<", "!>", ";", "+=", "-=", "*=", "/=", ":"):
        raise syntax_error(token.text)
    if token.is_sign("+") and any(each.kind == "text" for each in tokens[max(place - 1, 0) : place + 2]):
        return "||"
    return token.text


def _variable(name: str, scope: Scope) -> str:
    if name.lower() not in scope.variables:
        raise SqlError(137, f'Must declare the scalar variable "{name}".', severity=15)
    return ":" + placeholder(name)


def placeholder(name: str) -> str:
    """Return the name under which a variable is bound."""
    return "v_" + name.lower().replace("@", "at_").replace("#", "_h").replace("$", "_d")


def literal(text: str) -> str:
    return "'" + text.replace("'", "''").replace("\0", "") + "'"
