"""One signed-in connection to a SQL Server: checked address, TLS by the connection's mode, limits that are ours.

Called by ``transports.tds``. python-tds is imported at first use: most processes never speak TDS.
"""

import contextlib
import ipaddress
import logging
import re
import select
import socket
import tempfile
import textwrap
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import requests.utils

from integrations.connectors.errors import Misconfigured, Transient
from integrations.connectors.transports.addresses import AddressPolicy
from integrations.connectors.transports.deadlines import Call

_ONE_ATTEMPT = 0.001
_BEGIN, _END = "-----BEGIN CERTIFICATE-----", "-----END CERTIFICATE-----"
_CERTIFICATE = re.compile(f"{_BEGIN}([A-Za-z0-9+/=\\s]+){_END}")


@dataclass(frozen=True, slots=True)
class TdsLogin:
    """How to sign in. ``encrypt`` is require, login_only or off; ``certificate`` PEM text, '' = the usual authorities."""

    host: str
    port: int
    database: str
    user: str
    password: str = field(repr=False)
    encrypt: str = "require"
    certificate: str = ""

    @property
    def address(self) -> str:
        return f"tds://{self.host}:{self.port}/{self.database}"


class OwnLimits(socket.socket):
    """A socket whose timeout is the transport's: python-tds sets its own, and none at all around a commit."""

    def settimeout(self, value: float | None) -> None:
        """Leave the limit as it is."""

    def limit(self, seconds: float) -> None:
        super().settimeout(seconds)


class TdsLink:
    """A signed-in connection. Used by one thread at a time."""

    def __init__(self, connection: Any, sock: OwnLimits) -> None:
        self.connection = connection
        self.sock = sock
        self.used_at = time.monotonic()

    def is_alive(self) -> bool:
        """Return whether the server has not hung up; it says nothing unasked, so anything to read is an end."""
        poll = select.poll()
        try:
            poll.register(self.sock.fileno(), select.POLLIN | select.POLLHUP)
            return not poll.poll(0)
        except (OSError, ValueError):
            return False

    def close(self) -> None:
        """Close the socket; no word is exchanged, so it never waits."""
        self.sock.close()


def open_link(login: TdsLogin, policy: AddressPolicy, call: Call, connect_seconds: float) -> TdsLink:
    """Return a signed-in connection in autocommit mode.

    Raises Misconfigured for addresses and encryption that are not allowed, Transient where nothing listens, OSError
    and python-tds's errors for what happens while signing in.
    """
    pytds = _library()
    if login.encrypt == "off" and not policy.is_exempt(login.host, login.port):
        raise Misconfigured(
            "Without encryption the password would be readable on its way; require it", missing="sql_encrypt"
        )
    sock = _connect(login, policy, connect_seconds)
    call.sock = sock
    # The same bound for each packet of signing in; the watchdog bounds all of it.
    sock.limit(connect_seconds)
    try:
        with _authorities(login) as cafile:
            connection = pytds.connect(
                dsn=login.host,
                database=login.database,
                user=login.user,
                password=login.password,
                auth=_windows(login),
                appname="ClarityConnect",
                autocommit=True,
                sock=sock,
                # It repeats a refused sign-in on the same socket until this is over; the real limit is the socket's.
                login_timeout=_ONE_ATTEMPT,
                disable_connect_retry=True,
                cafile=cafile,
                enc_login_only=login.encrypt == "login_only",
            )
    except BaseException:
        sock.close()
        raise
    if sock.fileno() == -1:
        # The server sent us on to another address, which nobody has checked.
        connection.close()
        raise Misconfigured("The SQL Server redirects to another server; enter that one", missing="sql_host")
    return TdsLink(connection, sock)


def _connect(login: TdsLogin, policy: AddressPolicy, seconds: float) -> OwnLimits:
    try:
        addresses = policy.checked(login.host, login.port)
    except (socket.gaierror, UnicodeError) as error:
        raise Transient(
            "The SQL Server cannot be reached: its name does not resolve", detail=str(error)
        ) from error
    failure: OSError | None = None
    for family, address in addresses:
        sock = OwnLimits(family, socket.SOCK_STREAM)
        try:
            sock.limit(seconds)
            sock.connect(address)
            return sock
        except OSError as error:
            failure = error
            sock.close()
    reason = "timeout" if isinstance(failure, TimeoutError) else "connection refused"
    raise Transient(
        f"The SQL Server cannot be reached: {reason}", detail=f"{type(failure).__name__}"
    ) from failure


@contextlib.contextmanager
def _authorities(login: TdsLogin) -> Iterator[str | None]:
    """Give the path of the trusted certificates; None = no encryption."""
    if login.encrypt == "off":
        yield None
    elif not login.certificate.strip():
        yield requests.utils.DEFAULT_CA_BUNDLE_PATH
    else:
        with tempfile.NamedTemporaryFile("w", suffix=".pem") as file:
            file.write(_pem(login.certificate))
            file.flush()
            yield file.name


def _pem(text: str) -> str:
    """Return certificates with their lines: a form field of one line has joined them. Raises Misconfigured."""
    blocks = _CERTIFICATE.findall(text)
    if not blocks:
        raise Misconfigured("The certificate is no PEM text", missing="sql_certificate")
    lines = ["".join(block.split()) for block in blocks]
    return "".join(f"{_BEGIN}\n{textwrap.fill(line, 64)}\n{_END}\n" for line in lines)


def _windows(login: TdsLogin) -> Any:
    """Return the NTLM sign-in of ``DOMAIN\\user``; None for SQL logins."""
    if "\\" not in login.user:
        return None
    from pytds.login import NtlmAuth

    try:
        return NtlmAuth(login.user, login.password)
    except ImportError as error:
        raise Misconfigured(
            "This installation cannot sign in with Windows; use a SQL login", missing="package ntlm-auth"
        ) from error


_loading = threading.Lock()
_loaded: list[Any] = []


def _library() -> Any:
    """Return python-tds, its check of host names replaced: version 1.17 asks pyOpenSSL for calls it no longer has."""
    with _loading:
        if not _loaded:
            import pytds
            import pytds.tls

            pytds.tls.validate_host = names_host
            # Its talk at lower levels holds what is sent, and warns of the one attempt that we allow.
            logging.getLogger("pytds").setLevel(logging.ERROR)
            _loaded.append(pytds)
    return _loaded[0]


def names_host(cert: Any, name: bytes) -> bool:
    """Return whether a server's certificate is for this host name or IP address (RFC 6125, leftmost wildcard)."""
    from cryptography import x509

    parsed = cert.to_cryptography()
    try:
        names = parsed.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return False
    host = name.decode("ascii").lower().rstrip(".")
    try:
        return ipaddress.ip_address(host.strip("[]")) in names.get_values_for_type(x509.IPAddress)
    except ValueError:
        pass  # a name, not an address
    rest = host.partition(".")[2]
    known = {str(each).lower().rstrip(".") for each in names.get_values_for_type(x509.DNSName)}
    return host in known or bool(rest and f"*.{rest}" in known)
