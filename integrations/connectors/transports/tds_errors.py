"""What SQL Server's error numbers mean, for every connector that speaks TDS. The only place that knows them.

A numbered error is the server's own word: the statement did nothing. Everything else is in ``transports.tds``.
"""

import re

from integrations.connectors.errors import (
    AuthFailed,
    ConnectorError,
    Duplicate,
    FieldProblem,
    Misconfigured,
    OutcomeUnknown,
    RateLimited,
    Rejected,
    Transient,
    UnexpectedResponse,
)

# Reference: SQL Server, "Database engine errors" (numbers and wording).
_SIGN_IN = {
    18456: "SQL Server does not accept login and password",
    18452: "SQL Server does not trust the domain of this login",
    18486: "The login is locked",
    18487: "The password has expired",
    18488: "The password must be changed before the first use",
}
_MISSING = {
    4060: ("The database cannot be opened with this login", "sql_database"),
    208: ("A table or view is missing", "table"),
    207: ("A column is missing", "column"),
    229: ("The login lacks a permission", "permission"),
    230: ("The login lacks a permission on a column", "permission"),
    916: ("The login may not use this database", "sql_database"),
    2812: ("A procedure is missing", "procedure"),
    201: ("A procedure wants a parameter that we do not send", "procedure version"),
    8144: ("A procedure does not take what we send", "procedure version"),
    8145: ("A procedure does not know a parameter that we send", "procedure version"),
}
_BUSY = frozenset({701, 1205, 1222, 3960, 8645, 8651, 40197, 40613, 49918})
_THROTTLED = frozenset({10928, 10929, 40501})
_WAIT = re.compile(r"[Rr]etry the request after (\d+) seconds")
_TOO_LONG = frozenset({8152, 2628})
_REFUSED = frozenset({515, 547, 8115, 220, 241, 242, 245, 8114})
_EXISTS = frozenset({2627, 2601})


def error_of(number: int, text: str, *, is_write: bool) -> ConnectorError:
    """Return the error for a number; ``text`` is the server's own, for people who mend it."""
    code = str(number)
    if number in _SIGN_IN:
        return AuthFailed(_SIGN_IN[number], field="sql_password", detail=text, code=code)
    if number in _MISSING:
        words, missing = _MISSING[number]
        return Misconfigured(f"{words}: {text}", missing=missing, detail=text, code=code)
    if number in _THROTTLED:
        wait = _WAIT.search(text)
        return RateLimited(
            "The SQL Server has no resources for another request",
            retry_after_seconds=float(wait[1]) if wait else None,
            detail=text,
            code=code,
        )
    if number in _BUSY:
        return Transient("The SQL Server is busy", detail=text, code=code)
    if number in _EXISTS:
        return Duplicate("The SQL Server has this row already", detail=text, code=code)
    if number in _TOO_LONG or number in _REFUSED:
        return Rejected(
            f"The SQL Server refuses a value: {text}", problems=(FieldProblem("", "", text),), code=code
        )
    words = f"The SQL Server answered with error {number}"
    if is_write:
        return OutcomeUnknown(f"{words}; whether it stored the record is unknown", detail=text, code=code)
    return UnexpectedResponse(words, detail=text, code=code)
