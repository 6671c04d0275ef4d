"""The one exception of the server: an error with the number, class and text that SQL Server uses for it.

Raised by every module of this package and by simulated procedures; ``tokens`` puts it on the wire.
"""

import sqlite3


class SqlError(Exception):
    """An ERROR token: ``severity`` 14 logins and permissions, 15 syntax, 16 everything else, 20 ends the link."""

    def __init__(self, number: int, message: str, *, severity: int = 16, state: int = 1) -> None:
        super().__init__(f"{number}: {message}")
        self.number, self.message, self.severity, self.state = number, message, severity, state


def syntax_error(near: str) -> SqlError:
    """Return 102; also what the sandbox says to everything outside its declared subset."""
    return SqlError(102, f"Incorrect syntax near '{near}'.", severity=15)


def no_permission(verb: str, name: str, database: str) -> SqlError:
    return SqlError(
        229,
        f"The {verb} permission was denied on the object '{name}', database '{database}', schema 'dbo'.",
        severity=14,
        state=5,
    )


def no_object(name: str) -> SqlError:
    return SqlError(208, f"Invalid object name '{name}'.")


def no_column(name: str) -> SqlError:
    return SqlError(207, f"Invalid column name '{name}'.")


def no_procedure(name: str) -> SqlError:
    return SqlError(2812, f"Could not find stored procedure '{name}'.", state=62)


def truncation() -> SqlError:
    return SqlError(8152, "String or binary data would be truncated.")


def deadlock(spid: int) -> SqlError:
    return SqlError(
        1205,
        f"Transaction (Process ID {spid}) was deadlocked on lock resources with another process and has been"
        " chosen as the deadlock victim. Rerun the transaction.",
        severity=13,
        state=51,
    )


def login_failed(user: str) -> SqlError:
    return SqlError(18456, f"Login failed for user '{user}'.", severity=14)


def password_expired(user: str) -> SqlError:
    return SqlError(
        18488,
        f"Login failed for user '{user}'.  Reason: The password of the account must be changed.",
        severity=14,
    )


def of_sqlite(error: sqlite3.Error) -> SqlError:
    """Return what SQL Server says where SQLite refused a statement."""
    text = str(error)
    head, _, rest = text.partition(": ")
    if head == "UNIQUE constraint failed":
        table = rest.partition(".")[0]
        return SqlError(
            2627,
            f"Violation of UNIQUE KEY constraint on '{table}'. Cannot insert duplicate key in object 'dbo.{table}'.",
            severity=14,
        )
    if head == "NOT NULL constraint failed":
        table, _, column = rest.partition(".")
        return SqlError(
            515,
            f"Cannot insert the value NULL into column '{column}', table '{table}'; column does not allow nulls.",
        )
    if head == "no such table":
        return no_object(rest)
    if head == "no such column":
        return no_column(rest.rpartition(".")[2])
    if head == "ambiguous column name":
        return SqlError(209, f"Ambiguous column name '{rest.rpartition('.')[2]}'.")
    if head == "no such function":
        return SqlError(195, f"'{rest}' is not a recognized built-in function name.", severity=15)
    if text == "database is locked":
        return lock_timeout()
    if text == "interrupted":
        return SqlError(3617, "The query was canceled.", severity=11)
    return SqlError(102, f"Incorrect syntax: {text}.", severity=15)


def lock_timeout() -> SqlError:
    return SqlError(1222, "Lock request time out period exceeded.", state=51)
