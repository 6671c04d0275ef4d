"""TLS of the server: a certificate made at the start, and a context for memory-buffer TLS inside TDS packets.

Used by ``channel``. The certificate is its own authority, so that a client may verify it through ``certificate_pem``.
"""

import ipaddress
import ssl
import tempfile
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import Enum
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from integrations.sandbox.tds.login import (
    ENCRYPT_NOT_SUPPORTED,
    ENCRYPT_OFF,
    ENCRYPT_ON,
    ENCRYPT_REQUIRED,
)


class Encryption(Enum):
    """What the server offers: no TLS, TLS for the login at least, TLS for everything."""

    OFF = "off"
    LOGIN_ONLY = "login_only"
    REQUIRE = "require"

    def answer(self, asked: int) -> int:
        """Return the ENCRYPTION byte for what a client asked, by the table of [MS-TDS] 2.2.6.5."""
        if self is Encryption.OFF:
            return ENCRYPT_NOT_SUPPORTED
        if asked in (ENCRYPT_ON, ENCRYPT_REQUIRED):
            return ENCRYPT_ON
        if self is Encryption.REQUIRE:
            return ENCRYPT_REQUIRED
        return ENCRYPT_OFF if asked == ENCRYPT_OFF else ENCRYPT_NOT_SUPPORTED


@dataclass(frozen=True, slots=True)
class Identity:
    """The server's certificate, self-signed; ``certificate_pem`` is what a client may trust."""

    context: ssl.SSLContext
    certificate_pem: str


def make_identity(host: str) -> Identity:
    """Return a fresh certificate for a host name or address, valid for a year."""
    key = ec.generate_private_key(ec.SECP256R1())
    certificate = _certificate(key, host)
    pem = certificate.public_bytes(serialization.Encoding.PEM)
    secret = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    # TLS 1.3 sends tickets after the handshake, when TDS no longer wraps TLS in its packets.
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "server.pem"
        path.touch(0o600)
        path.write_bytes(secret + pem)
        context.load_cert_chain(path)
    return Identity(context, pem.decode())


def _certificate(key: ec.EllipticCurvePrivateKey, host: str) -> x509.Certificate:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, host)])
    try:
        place: x509.GeneralName = x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        place = x509.DNSName(host)
    now = datetime.now(UTC)
    builder = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
    builder = builder.not_valid_before(now - timedelta(days=1)).not_valid_after(now + timedelta(days=365))
    builder = builder.add_extension(
        x509.SubjectAlternativeName([place, x509.DNSName("localhost")]), critical=False
    )
    builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
    return builder.sign(key, hashes.SHA256())
