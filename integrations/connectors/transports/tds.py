"""TDS for connectors: queries, procedures and transactions on a SQL Server; the one place that translates failures.

Connections are pooled per connector, at most ``parallel_calls``. A statement's text is a constant of the connector;
values travel as parameters (``%s``), never in the text. Used by Sage 500, and by whoever reads an ERP's database.
"""

import struct
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, NoReturn, TypeVar

from integrations.connectors.base import ConnectionConfig, Exchange
from integrations.connectors.errors import (
    ConnectorError,
    Misconfigured,
    OutcomeUnknown,
    RateLimited,
    Transient,
    UnexpectedResponse,
)
from integrations.connectors.masking import mask_body
from integrations.connectors.spec import Limits
from integrations.connectors.transports.addresses import AddressPolicy
from integrations.connectors.transports.deadlines import WATCHDOG, Call
from integrations.connectors.transports.redaction import Redaction
from integrations.connectors.transports.tds_errors import error_of
from integrations.connectors.transports.tds_link import TdsLink, TdsLogin, open_link

ROWS_SHOWN = 20
_IDLE_SECONDS = 60.0

Row = dict[str, Any]
Parameters = Sequence[Any]
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Out:
    """An OUTPUT parameter of a procedure: its SQL type, such as ``int``."""

    type: str = "int"


@dataclass(frozen=True, slots=True)
class ProcedureAnswer:
    """What a procedure gave: OUTPUT parameters by name, and its return status."""

    outputs: Mapping[str, Any]
    status: int | None


class Transaction:
    """The statements of one transaction; gone as a whole unless :meth:`TdsTransport.transaction` commits."""

    def __init__(self, cursor: Any, said: list[str]) -> None:
        self._cursor, self._said = cursor, said

    def execute(self, statement: str, *parameters: Any) -> int:
        """Run a statement and return how many rows it touched."""
        self._said.append(_spoken(statement, parameters))
        self._cursor.execute(statement, parameters)
        return int(self._cursor.rowcount)


class TdsTransport:
    """One database's connections. Thread safe; opens nothing before the first call."""

    def __init__(self, login: TdsLogin, *, config: ConnectionConfig, limits: Limits) -> None:
        self._login, self._config, self._limits = login, config, limits
        self._policy = AddressPolicy.of(config)
        self._redaction = Redaction([login.password])
        self._idle: list[TdsLink] = []
        self._lock = threading.Lock()
        self._places = threading.BoundedSemaphore(max(1, limits.parallel_calls))

    def close(self) -> None:
        """Close idle connections. Idempotent."""
        with self._lock:
            idle, self._idle = self._idle, []
        for link in idle:
            link.close()

    def query(self, statement: str, *parameters: Any) -> list[Row]:
        """Return the rows of a SELECT, text without padding, numbers never float.

        Raises Transient, RateLimited, AuthFailed, Misconfigured, UnexpectedResponse.
        """

        def work(link: TdsLink, call: Call) -> list[Row]:
            call.has_begun_sending = True
            cursor = link.connection.cursor()
            cursor.execute(statement, parameters)
            names = [column[0] for column in cursor.description or ()]
            return [dict(zip(names, map(_plain, row), strict=True)) for row in cursor.fetchall()]

        return self._call(
            "SELECT", [_spoken(statement, parameters)], work, self._limits.read_seconds, is_write=False
        )

    def procedure(
        self, name: str, parameters: Mapping[str, Any], *, is_write: bool, seconds: float | None = None
    ) -> ProcedureAnswer:
        """Run a procedure outside any transaction of ours and return its OUTPUT parameters.

        Raises OutcomeUnknown for a write whose answer is missing; a numbered error is the server's word.
        """

        def work(link: TdsLink, call: Call) -> ProcedureAnswer:
            import pytds

            # python-tds finds OUTPUT values after result sets only where they are the first parameters.
            outs = {key: value for key, value in parameters.items() if isinstance(value, Out)}
            given = {key: pytds.output(value=None, param_type=out.type) for key, out in outs.items()}
            given |= {key: value for key, value in parameters.items() if key not in outs}
            call.has_begun_sending = True
            cursor = link.connection.cursor()
            cursor.callproc(name, given)
            while cursor.nextset():
                pass
            values = map(_plain, cursor.get_proc_outputs())
            return ProcedureAnswer(dict(zip(outs, values, strict=True)), cursor.get_proc_return_status())

        shown = ", ".join(
            f"{key} OUT" if isinstance(value, Out) else f"{key}={value!r}"
            for key, value in parameters.items()
        )
        return self._call(
            "EXEC", [f"EXEC {name} {shown}"], work, seconds or self._limits.read_seconds, is_write=is_write
        )

    def transaction(self, work: Callable[[Transaction], T], *, commit: bool = True) -> T:
        """Run statements in one transaction and commit, or roll back where ``commit`` is False.

        A connection lost before the commit is sent leaves nothing behind: Transient. After that: OutcomeUnknown.
        """
        said: list[str] = []

        def run(link: TdsLink, call: Call) -> T:
            connection = link.connection
            connection.autocommit = False
            result = work(Transaction(connection.cursor(), said))
            if commit:
                call.has_begun_sending = True
                connection.commit()
                call.has_begun_sending = (
                    False  # what follows ends the empty transaction that python-tds opens
                )
            else:
                connection.rollback()
            connection.autocommit = True
            return result

        return self._call("TRANSACTION", said, run, self._limits.read_seconds, is_write=True)

    # -- one call ----------------------------------------------------------------------------------------

    def _call(
        self,
        method: str,
        said: list[str],
        work: Callable[[TdsLink, Call], T],
        seconds: float,
        *,
        is_write: bool,
    ) -> T:
        gate = self._config.gate
        gate.before_call(is_write=is_write)
        started = time.monotonic()
        outcome, status, shown = "failed", "", ""
        try:
            result = self._attempt(work, seconds, is_write=is_write)
            outcome, status = "ok", "ok"
            shown = _shown(result) if self._config.observe else ""
            return result
        except RateLimited as error:
            outcome, status, shown = "rate_limited", error.code, error.message
            raise
        except ConnectorError as error:
            status, shown = error.code or type(error).__name__, f"{error.message} {error.detail}"
            raise
        finally:
            elapsed = time.monotonic() - started
            gate.after_call(seconds=elapsed, status=outcome)
            self._observe(method, said, status, shown, elapsed)

    def _attempt(self, work: Callable[[TdsLink, Call], T], seconds: float, *, is_write: bool) -> T:
        if not self._places.acquire(timeout=seconds):
            raise Transient("All connections to the SQL Server are in use")
        # Connecting has a limit of its own on top: a slow sign-in must not take the time of the statement.
        call = WATCHDOG.watch(seconds + self._limits.connect_seconds)
        link: TdsLink | None = None
        try:
            link = self._take() or self._open(call)
            call.sock = link.sock
            link.sock.limit(seconds)
            result = work(link, call)
            self._put_back(link)
            return result
        except ConnectorError:
            self._drop(link)
            raise
        except _failures() as error:
            self._translate(error, call, link, is_write=is_write)
        finally:
            call.is_ended = True
            call.sock = None
            self._places.release()

    def _open(self, call: Call) -> TdsLink:
        try:
            return open_link(self._login, self._policy, call, self._limits.connect_seconds)
        except ConnectorError:
            raise
        except _failures() as error:
            self._refuse_sign_in(error, call)

    def _take(self) -> TdsLink | None:
        while True:
            with self._lock:
                link = self._idle.pop() if self._idle else None
            if link is None or (time.monotonic() - link.used_at < _IDLE_SECONDS and link.is_alive()):
                return link
            link.close()

    def _put_back(self, link: TdsLink) -> None:
        link.used_at = time.monotonic()
        with self._lock:
            self._idle.append(link)

    @staticmethod
    def _drop(link: TdsLink | None) -> None:
        if link is not None:
            link.close()

    # -- failures ----------------------------------------------------------------------------------------

    def _translate(
        self, error: BaseException, call: Call, link: TdsLink | None, *, is_write: bool
    ) -> NoReturn:
        """Raise the class that fits a failed call: a number is the server's word, else only sending counts."""
        number = _number(error)
        # A connection after an error may hold half an answer or an open transaction.
        self._drop(link)
        if number:
            raise error_of(
                number, self._words(error), is_write=is_write and call.has_begun_sending
            ) from error
        detail = self._redaction.text(f"{type(error).__name__}: {error}")
        reason = _reason(error, call)
        if is_write and call.has_begun_sending:
            raise OutcomeUnknown(
                f"The record was sent, but there is no answer: {reason}", detail=detail
            ) from error
        if call.is_overdue or _is_lost(error):
            raise Transient(f"The SQL Server did not answer: {reason}", detail=detail) from error
        if _is_ours(error):
            raise UnexpectedResponse("The SQL Server cannot take this call", detail=detail) from error
        raise UnexpectedResponse(
            "The SQL Server sent an answer that cannot be read", detail=detail
        ) from error

    def _refuse_sign_in(self, error: BaseException, call: Call) -> NoReturn:
        """Raise for a sign-in that failed; python-tds hides the reason behind a timeout of its own."""
        cause = (isinstance(error, TimeoutError) and error.__cause__) or error
        number = _number(cause)
        if number:
            words = self._redaction.text(str(cause))[:500]
            # 4060 is followed by an 18456, which is the number that python-tds gives; the texts come together.
            number = 4060 if "Cannot open database" in words else number
            raise error_of(number, words, is_write=False) from error
        detail = self._redaction.text(f"{type(cause).__name__}: {cause}")
        words = str(cause)
        if "encryption" in words:
            raise Misconfigured(
                "The SQL Server and this connection do not agree on encryption",
                missing="sql_encrypt",
                detail=detail,
            ) from error
        if "ertificate" in words or "SSL" in type(cause).__module__:
            raise Misconfigured(
                "The certificate of the SQL Server was not accepted", missing="sql_certificate", detail=detail
            ) from error
        raise Transient(f"The SQL Server did not let us in: {_reason(cause, call)}", detail=detail) from error

    def _words(self, error: BaseException) -> str:
        return self._redaction.text(str(getattr(error, "text", "") or error))[:500]

    def _observe(self, method: str, said: list[str], status: str, shown: str, seconds: float) -> None:
        if self._config.observe is None:
            return
        request, response = (
            self._redaction.text(mask_body(text.encode())[0].decode("utf-8", "replace"))
            for text in ("\n".join(said), shown)
        )
        address = self._login.address
        self._config.observe(Exchange(method, address, request, status, response, seconds))


def _failures() -> tuple[type[Exception], ...]:
    """Return what a call may fail with; in bytes that are no TDS python-tds' decoder meets all of these."""
    import pytds
    from OpenSSL import SSL

    bad_bytes = (
        ValueError,
        LookupError,
        TypeError,
        AttributeError,
        ArithmeticError,
        AssertionError,
        RuntimeError,
    )
    return (OSError, pytds.Error, struct.error, MemoryError, *bad_bytes, SSL.Error)


def _number(error: BaseException) -> int:
    number = getattr(error, "number", 0) or getattr(error, "msg_no", 0)
    return number if isinstance(number, int) else 0


def _is_lost(error: BaseException) -> bool:
    return isinstance(error, OSError) or type(error).__name__ == "ClosedConnectionError"


def _is_ours(error: BaseException) -> bool:
    return type(error).__name__ == "DataError"


def _reason(error: BaseException, call: Call) -> str:
    if call.is_overdue:
        return "the call took too long"
    if isinstance(error, TimeoutError):
        return "timeout"
    return "connection lost" if _is_lost(error) else "it cannot be read"


def _plain(value: Any) -> Any:
    if isinstance(value, str):
        return value.rstrip(" ")
    if isinstance(value, float):
        return Decimal(repr(value))
    return value.hex() if isinstance(value, bytes) else value


def _spoken(statement: str, parameters: Parameters) -> str:
    return f"{statement}\n-- {list(parameters)!r}" if parameters else statement


def _shown(result: object) -> str:
    if not isinstance(result, list):
        return "" if result is None else str(result)
    lines = [str(row) for row in result[:ROWS_SHOWN]]
    return "\n".join([f"{len(result)} rows", *lines])
