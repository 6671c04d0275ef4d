"""Cuts T-SQL text into tokens. Used by everything that reads SQL: statements, declarations, rewriting, typing."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from integrations.sandbox.tds.errors import SqlError, syntax_error

_OPERATORS = ("<>", "!=", "<=", ">=", "!<", "!>", "+=", "-=", "*=", "/=")
_SINGLE = set("()=<>+-*/%,.;&|^~:")


def words(text: str) -> frozenset[str]:
    """Return a set of keywords written as one text."""
    return frozenset(text.split())


@dataclass(frozen=True, slots=True)
class Token:
    """One token. ``kind``: word, quoted (a name in brackets or quotes), text, number, binary, variable, sign."""

    kind: str
    text: str
    is_wide: bool = False

    @property
    def word(self) -> str:
        """Upper-case text of a bare word, else ''."""
        return self.text.upper() if self.kind == "word" else ""

    @property
    def is_name(self) -> bool:
        return self.kind in ("word", "quoted")

    def is_sign(self, *signs: str) -> bool:
        return self.kind == "sign" and self.text in signs


def tokenise(sql: str) -> list[Token]:
    """Return the tokens of a batch without blanks and comments. Raises SqlError 102 or 105."""
    tokens: list[Token] = []
    position = 0
    while position < len(sql):
        sign = sql[position]
        if sign.isspace() or sign in "\0\ufeff":
            position += 1
        elif sql.startswith("--", position):
            position = _after(sql, "\n", position)
        elif sql.startswith("/*", position):
            position = _after(sql, "*/", position)
        else:
            token, position = _next(sql, position)
            tokens.append(token)
    return tokens


def _after(sql: str, end: str, position: int) -> int:
    found = sql.find(end, position)
    return len(sql) if found < 0 else found + len(end)


def _next(sql: str, at: int) -> tuple[Token, int]:
    sign = sql[at]
    if sign == "'":
        return _enclosed(sql, at, "'", "text")
    if sign in "nN" and sql.startswith("'", at + 1):
        token, end = _enclosed(sql, at + 1, "'", "text")
        return Token("text", token.text, is_wide=True), end
    if sign == "[":
        return _enclosed(sql, at, "]", "quoted")
    if sign == '"':
        return _enclosed(sql, at, '"', "quoted")
    if sql[at : at + 2].lower() == "0x":
        end = _while(sql, at + 2, lambda each: each in "0123456789abcdefABCDEF")
        return Token("binary", sql[at + 2 : end]), end
    if sign.isdigit() or (sign == "." and sql[at + 1 : at + 2].isdigit()):
        return _number(sql, at)
    if sign == "@":
        end = _while(sql, at + 1, lambda each: each.isalnum() or each in "_@#$")
        return Token("variable", sql[at:end]), end
    if sign.isalpha() or sign in "_#":
        end = _while(sql, at, lambda each: each.isalnum() or each in "_@#$")
        return Token("word", sql[at:end]), end
    pair = sql[at : at + 2]
    if pair in _OPERATORS:
        return Token("sign", pair), at + 2
    if sign in _SINGLE:
        return Token("sign", sign), at + 1
    raise syntax_error(sign)


def _while(sql: str, at: int, accepts: Callable[[str], bool]) -> int:
    while at < len(sql) and accepts(sql[at]):
        at += 1
    return at


def _number(sql: str, at: int) -> tuple[Token, int]:
    end = _while(sql, at, lambda each: each.isdigit() or each == ".")
    if sql[end : end + 1] in ("e", "E") and end < len(sql):
        exponent = end + 1 + (sql[end + 1 : end + 2] in ("+", "-"))
        end = _while(sql, exponent, str.isdigit)
    return Token("number", sql[at:end]), end


def _enclosed(sql: str, at: int, end: str, kind: str) -> tuple[Token, int]:
    parts, position = [], at + 1
    while True:
        found = sql.find(end, position)
        if found < 0:
            raise SqlError(105, "Unclosed quotation mark after the character string.", severity=15)
        parts.append(sql[position:found])
        if not sql.startswith(end, found + 1):
            return Token(kind, end.join(parts)), found + 1
        position = found + 2


def closing(tokens: Sequence[Token], opening: int) -> int:
    """Return the place of the parenthesis that closes the one at ``opening``. Raises SqlError 102."""
    depth = 0
    for place in range(opening, len(tokens)):
        if tokens[place].is_sign("("):
            depth += 1
        elif tokens[place].is_sign(")"):
            depth -= 1
            if depth == 0:
                return place
    raise syntax_error("(")


def split_at_top(tokens: Sequence[Token], *signs: str) -> list[list[Token]]:
    """Return the parts between signs that stand outside parentheses."""
    parts: list[list[Token]] = [[]]
    depth = 0
    for token in tokens:
        depth += token.is_sign("(") - token.is_sign(")")
        if depth == 0 and token.is_sign(*signs):
            parts.append([])
        else:
            parts[-1].append(token)
    return parts


def find_word(tokens: Sequence[Token], *words: str, start: int = 0) -> int:
    """Return the place of the first of these words outside parentheses, -1 where there is none."""
    depth = 0
    for place in range(start, len(tokens)):
        depth += tokens[place].is_sign("(") - tokens[place].is_sign(")")
        if depth == 0 and tokens[place].word in words:
            return place
    return -1
