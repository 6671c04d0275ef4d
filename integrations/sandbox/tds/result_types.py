"""The declared type of an expression, from its tokens: SQL Server tells types also where no row comes back.

An approximation of SQL Server's rules that is exact for columns, literals, casts and the aggregates of the subset.
Called by ``queries`` for each item of a SELECT list.
"""

from collections.abc import Sequence

from integrations.sandbox.tds.declarations import read_type
from integrations.sandbox.tds.lexer import Token, closing, find_word, split_at_top, words
from integrations.sandbox.tds.scopes import Scope
from integrations.sandbox.tds.types import BIGINT, DATETIME, FLOAT, INT, NVARCHAR, SqlType

_INTEGER_CALLS = words("COUNT LEN CHARINDEX DATEDIFF YEAR MONTH DAY OBJECT_ID HAS_PERMS_BY_NAME DATALENGTH")
_MOMENT_CALLS = frozenset(["GETDATE", "GETUTCDATE", "SYSDATETIME", "SYSUTCDATETIME", "DATEADD"])
_FIRST_ARGUMENT = words(
    "MIN MAX ISNULL COALESCE NULLIF ABS ROUND UPPER LOWER LTRIM RTRIM TRIM LEFT RIGHT SUBSTRING CEILING FLOOR"
)
_SESSION_KINDS = {
    "MIN_ACTIVE_ROWVERSION": SqlType("rowversion", 8),
    "SCOPE_IDENTITY": SqlType("decimal", 0, 38, 0),
}
_ORDER = ("bit", "tinyint", "smallint", "int", "bigint", "decimal", "float")


def type_of(tokens: Sequence[Token], scope: Scope) -> SqlType:
    """Return the type of an expression; nvarchar(4000) where nothing tells it."""
    if not tokens:
        return INT
    if len(tokens) == 1:
        return _of_token(tokens[0], scope)
    if tokens[0].is_sign("(") and closing(tokens, 0) == len(tokens) - 1:
        inside = tokens[1:-1]
        if inside[0].word == "SELECT":
            return scope.select(inside, scope).columns[0].kind
        return type_of(inside, scope)
    if tokens[0].word == "CASE":
        return _of_case(tokens, scope)
    if len(tokens) == 3 and tokens[1].is_sign(".") and tokens[2].is_name:
        return scope.kind_of(tokens[2].text, tokens[0].text) or NVARCHAR
    if tokens[0].kind == "word" and tokens[1].is_sign("(") and closing(tokens, 1) == len(tokens) - 1:
        return _of_call(tokens[0].word, tokens[2:-1], scope)
    parts = [part for part in split_at_top(tokens, "+", "-", "*", "/", "%") if part]
    if len(parts) > 1 or (parts and len(parts[0]) < len(tokens)):
        return _combined([type_of(part, scope) for part in parts], tokens)
    return NVARCHAR


def _of_token(token: Token, scope: Scope) -> SqlType:
    if token.kind == "text":
        return SqlType("nvarchar" if token.is_wide else "varchar", max(len(token.text), 1))
    if token.kind == "number":
        return _of_number(token.text)
    if token.kind == "binary":
        return SqlType("varbinary", max(len(token.text) // 2, 1))
    if token.kind == "variable":
        return scope.variables.get(token.text.lower(), NVARCHAR)
    if token.word == "NULL":
        return INT
    if token.word == "CURRENT_TIMESTAMP":
        return DATETIME
    return scope.kind_of(token.text) or NVARCHAR


def _of_number(text: str) -> SqlType:
    if "e" in text.lower():
        return FLOAT
    if "." in text:
        whole, _, places = text.partition(".")
        return SqlType("decimal", 0, max(len(whole.lstrip("0")) + len(places), 1), len(places))
    return (
        INT
        if abs(int(text)) < 1 << 31
        else BIGINT
        if abs(int(text)) < 1 << 63
        else SqlType("decimal", 0, 38, 0)
    )


def _of_case(tokens: Sequence[Token], scope: Scope) -> SqlType:
    found: list[SqlType] = []
    place, depth = 1, 0
    while place < len(tokens):
        depth += (tokens[place].word == "CASE") - (tokens[place].word == "END" and depth > 0)
        if depth == 0 and tokens[place].word in ("THEN", "ELSE"):
            end = find_word(tokens, "WHEN", "ELSE", "END", start=place + 1)
            branch = tokens[place + 1 : end if end > 0 else len(tokens)]
            if [token.word for token in branch] != ["NULL"]:
                found.append(type_of(branch, scope))
        place += 1
    return _combined(found, ()) if found else INT


def _of_call(word: str, inside: Sequence[Token], scope: Scope) -> SqlType:
    if word in ("CAST", "TRY_CAST"):
        return read_type(inside, max(place for place, token in enumerate(inside) if token.word == "AS") + 1)[
            0
        ]
    if word in ("CONVERT", "TRY_CONVERT"):
        return read_type(inside, 0)[0]
    if word in _INTEGER_CALLS:
        return INT
    if word == "COUNT_BIG":
        return BIGINT
    if word in _MOMENT_CALLS:
        return DATETIME
    if word in _SESSION_KINDS:
        return _SESSION_KINDS[word]
    arguments = split_at_top([token for token in inside if token.word != "DISTINCT"], ",")
    if word in ("SUM", "AVG"):
        kind = type_of(arguments[0], scope)
        if kind.kind == "decimal":
            return SqlType("decimal", 0, 38, kind.scale if word == "SUM" else max(kind.scale, 6))
        return kind if kind.kind == "float" else BIGINT if kind.kind == "bigint" else INT
    if word in _FIRST_ARGUMENT:
        first = next((each for each in arguments if [token.word for token in each] != ["NULL"]), arguments[0])
        return type_of(first, scope)
    return NVARCHAR


def _combined(kinds: Sequence[SqlType], tokens: Sequence[Token]) -> SqlType:
    """Return the type of an operation on several: text wins, then float, decimal, integers by size."""
    texts = [kind for kind in kinds if kind.is_text]
    if texts:
        length = sum(kind.length for kind in texts) if tokens else max(kind.length for kind in texts)
        is_wide = any(kind.is_wide for kind in texts)
        return SqlType("nvarchar" if is_wide else "varchar", min(length, 4000) if length > 0 else -1)
    moment = next((kind for kind in kinds if kind.is_moment or kind.kind == "date"), None)
    if moment is not None:
        return moment
    if any(kind.kind == "decimal" for kind in kinds) and not any(kind.kind == "float" for kind in kinds):
        scales = [kind.scale for kind in kinds]
        scale = sum(scales) if any(token.is_sign("*") for token in tokens) else max(scales)
        scale = max(scale, 6) if any(token.is_sign("/") for token in tokens) else scale
        return SqlType("decimal", 0, 38, min(scale, 20))
    known = [kind for kind in kinds if kind.kind in _ORDER]
    return max(known, key=lambda kind: _ORDER.index(kind.kind)) if known else kinds[0]
