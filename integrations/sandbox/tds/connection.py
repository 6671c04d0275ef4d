"""One client from its first byte to its last: prelogin, TLS, login, then one answer per message.

Run by ``server`` in a thread per client.
"""

import socket
import struct
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from integrations.sandbox.core.messages import Answer
from integrations.sandbox.tds import channel as packets
from integrations.sandbox.tds import tokens
from integrations.sandbox.tds.calls import SqlRequest, spoiled
from integrations.sandbox.tds.channel import Channel, Message, ProtocolViolation
from integrations.sandbox.tds.errors import SqlError, login_failed
from integrations.sandbox.tds.login import (
    ENCRYPT_NOT_SUPPORTED,
    ENCRYPT_OFF,
    NEWEST_VERSION,
    OLDEST_VERSION,
    LoginRequest,
    asked_encryption,
    prelogin_answer,
    read_login,
)
from integrations.sandbox.tds.logins import no_database, sign_in
from integrations.sandbox.tds.results import Outcome, batch_tokens, call_tokens
from integrations.sandbox.tds.rpc import Call, read_call, run_call
from integrations.sandbox.tds.session import SERVER, Session

if TYPE_CHECKING:
    from integrations.sandbox.tds.server import TdsServer

PROGRAM = "Microsoft SQL Server"
_BEGIN, _COMMIT, _ROLLBACK = 5, 7, 8


class ClientSpoke(Exception):
    """The client sent something (or closed) while its call was kept waiting."""


class Connection:
    """Serves one client until it leaves."""

    def __init__(self, server: "TdsServer", connection: socket.socket, spid: int) -> None:
        self._server, self.spid = server, spid
        self.channel = Channel(connection, spid)
        self._session: Session | None = None

    def serve(self) -> None:
        """Answer messages until the client closes. Raises ConnectionError or TimeoutError when it goes away."""
        try:
            if self._sign_in():
                while True:
                    self._answer(self.channel.receive())
        except ProtocolViolation:
            self.channel.abort()
        except _Ended:
            return
        finally:
            if self._session is not None:
                self._session.close()

    # -- login -------------------------------------------------------------------------------------------

    def _sign_in(self) -> bool:
        message = self.channel.receive()
        if message.kind != packets.PRELOGIN:
            raise ProtocolViolation("no PRELOGIN")
        asked = asked_encryption(message.body)
        encryption = self._server.encryption.answer(asked)
        self.channel.send(prelogin_answer(encryption))
        if encryption != ENCRYPT_NOT_SUPPORTED:
            if asked == ENCRYPT_NOT_SUPPORTED:
                return False  # the server insists and the client cannot: both leave
            self.channel.start_tls(self._server.identity.context)
        message = self.channel.receive()
        if message.kind != packets.LOGIN7:
            raise ProtocolViolation("no LOGIN7")
        if encryption == ENCRYPT_OFF:
            self.channel.end_tls()
        given = read_login(message.body)
        if given.version < OLDEST_VERSION:
            raise ProtocolViolation(f"TDS version {given.version:#x}")
        request = self._request("LOGIN", given.user, f"database {given.database}", lambda: self._login(given))
        self._deliver(request)
        return self._session is not None

    def _login(self, given: LoginRequest) -> tuple[bytes, str]:
        try:
            login = sign_in(self._server.logins, given.user, given.password)
            database = self._server.database
            if given.database and given.database.lower() != database.name.lower():
                raise no_database(given.database)
        except SqlError as error:
            return _refusal(error, given.user), str(error)
        self._session = Session(database, login, self.spid)
        old_size, new_size = self.channel.packet_size, min(max(given.packet_size or 4096, 512), 32767)
        body = tokens.changed(1, database.name, "master") + tokens.changed_collation()
        body += tokens.changed(2, "us_english", "") + tokens.changed(4, str(new_size), str(old_size))
        body += tokens.login_acknowledged(min(given.version, NEWEST_VERSION), PROGRAM)
        self.channel.packet_size = new_size
        return body + tokens.done(tokens.DONE, 0), f"signed in with TDS {given.version:#x}"

    # -- messages ----------------------------------------------------------------------------------------

    def _answer(self, message: Message) -> None:
        session = self._signed_in()
        if message.is_reset:
            session.reset()
        if message.kind == packets.ATTENTION:
            self.channel.send(tokens.done(tokens.DONE, tokens.CANCELLED))
            return
        body = _without_headers(message.body)
        if message.kind == packets.BATCH:
            sql = body.decode("utf-16-le", "replace")
            verb = (sql.split(None, 1) or [""])[0].upper()
            request = self._request("SQL", verb, sql, lambda: self._batch(session, sql))
        elif message.kind == packets.RPC:
            request = self._call(session, body)
        elif message.kind == packets.TRANSACTION:
            request = self._transaction(session, body)
        else:
            raise ProtocolViolation(f"packet type {message.kind}")
        self._deliver(request)

    def _signed_in(self) -> Session:
        if self._session is None:
            raise ProtocolViolation("not signed in")
        return self._session

    def _batch(self, session: Session, sql: str) -> tuple[bytes, str]:
        outcome = session.run(sql, {})
        return batch_tokens(outcome, SERVER, is_open=session.is_open), outcome.summary()

    def _call(self, session: Session, body: bytes) -> SqlRequest:
        try:
            call = read_call(body)
        except SqlError as error:
            raise ProtocolViolation(str(error)) from error

        def run() -> tuple[bytes, str]:
            outcome = run_call(session, call)
            return call_tokens(outcome, SERVER, call.procedure, is_open=session.is_open), outcome.summary()

        if call.statement:
            verb = call.statement.split(None, 1)[0].upper()
            shown = ", ".join(
                repr(one.value) for one in call.arguments if one.name not in ("", "@stmt", "@params")
            )
            return self._request("SQL", verb, f"{call.statement} -- {shown}", run)
        request = self._request("EXEC", call.procedure, call.text(), run)
        return replace(request, arguments=self._named(session, call))

    def _named(self, session: Session, call: Call) -> dict[str, Any]:
        """Return the arguments of a call by name, also those sent by place."""
        found = session.database.declared.procedures.get(call.procedure.lower())
        places = [one.name for one in found.parameters] if found else []
        names = [
            one.name or (places[at] if at < len(places) else "") for at, one in enumerate(call.arguments)
        ]
        return {name[1:].lower(): one.value for name, one in zip(names, call.arguments, strict=True)}

    def _transaction(self, session: Session, body: bytes) -> SqlRequest:
        kind = struct.unpack_from("<H", body)[0]
        name = {_BEGIN: "begin", _COMMIT: "commit", _ROLLBACK: "rollback"}.get(kind)
        if name is None:
            raise ProtocolViolation(f"transaction request {kind}")
        is_renewed = kind != _BEGIN and len(body) > 3 + body[2] and bool(body[3 + body[2]] & 1)
        return self._request(
            "TRAN", name, "", lambda: self._run_transaction(session, kind, is_renewed=is_renewed)
        )

    def _run_transaction(self, session: Session, kind: int, *, is_renewed: bool) -> tuple[bytes, str]:
        outcome, body = Outcome(), b""
        try:
            if kind != _BEGIN:
                old = session.descriptor
                session.commit() if kind == _COMMIT else session.rollback()
                if not session.is_open:
                    body += tokens.transaction_changed(9 if kind == _COMMIT else 10, old)
            if kind == _BEGIN or is_renewed:
                body += tokens.transaction_changed(8, session.begin())
        except SqlError as error:
            outcome.error = error
        return body + batch_tokens(outcome, SERVER, is_open=session.is_open), outcome.summary()

    # -- delivery ----------------------------------------------------------------------------------------

    def _request(
        self, method: str, path: str, text: str, work: Callable[[], tuple[bytes, str]]
    ) -> SqlRequest:
        return SqlRequest(
            method, path, "", {}, text.encode(), self._guarded(work), self.spid, " ".join(text.split())
        )

    def _guarded(self, work: Callable[[], tuple[bytes, str]]) -> Callable[[], tuple[bytes, str]]:
        self._was_run = False

        def run() -> tuple[bytes, str]:
            self._was_run = True
            return work()

        return run

    def _deliver(self, request: SqlRequest) -> None:
        try:
            answer: Answer = self._server.answer(request)
        except ClientSpoke:
            # An attention cancels what is waiting; a closed socket raises here.
            if self.channel.receive().kind != packets.ATTENTION:
                raise ProtocolViolation("a message before the answer") from None
            self.channel.send(tokens.done(tokens.DONE, tokens.CANCELLED))
            return
        found = spoiled(answer, was_run=self._was_run)
        if found.error is not None:
            self._fail(request, found.error)
        elif found.is_torn:
            if found.tokens:
                self.channel.send_part(found.tokens)
            self.channel.abort()
            raise _Ended
        else:
            self.channel.send(found.tokens)

    def _fail(self, request: SqlRequest, error: SqlError) -> None:
        session = self._session
        if session is None:
            self.channel.send(_refusal(error, request.path))
            return
        if error.number == 1205:
            session.doom()  # the victim's transaction is gone
        if request.method == "EXEC" or request.path.startswith("sp_"):
            body = call_tokens(Outcome(error=error), SERVER, request.path, is_open=session.is_open)
        else:
            body = batch_tokens(Outcome(error=error), SERVER, is_open=session.is_open)
        self.channel.send(body)
        if error.severity >= 20:
            raise _Ended


class _Ended(Exception):
    """The server ends this connection on purpose."""


def _refusal(error: SqlError, user: str) -> bytes:
    # The error bit comes first, and only then the closed socket: clients report the number.
    if error.number == 4060:
        # SQL Server says why and then that the login failed; clients report the last number and both texts.
        failed = tokens.message(login_failed(user), SERVER)
        return tokens.message(error, SERVER) + failed + tokens.done(tokens.DONE, tokens.FAILED)
    return tokens.message(error, SERVER) + tokens.done(tokens.DONE, tokens.FAILED)


def _without_headers(body: bytes) -> bytes:
    """Drop ALL_HEADERS, which TDS 7.2 and later put before batches, calls and transaction requests."""
    length = int.from_bytes(body[:4], "little")
    return body[length:] if 4 <= length <= len(body) and length < 256 else body
