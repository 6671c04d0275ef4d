"""The two messages before the first statement: PRELOGIN and LOGIN7.

Reference: [MS-TDS] 2.2.6.4 and 2.2.6.5. Used by ``connection``.
"""

import struct
from dataclasses import dataclass

from integrations.sandbox.tds.wire_types import Reader

ENCRYPT_OFF, ENCRYPT_ON, ENCRYPT_NOT_SUPPORTED, ENCRYPT_REQUIRED = range(4)
OLDEST_VERSION = 0x72090002
NEWEST_VERSION = 0x74000004
_VERSION, _ENCRYPTION, _INSTANCE, _THREAD, _MARS, _END = 0, 1, 2, 3, 4, 0xFF


def asked_encryption(body: bytes) -> int:
    """Return the ENCRYPTION option of a PRELOGIN."""
    reader = Reader(body)
    while (option := reader.number(1)) != _END:
        offset, length = struct.unpack(">HH", reader.take(4))
        if option == _ENCRYPTION and length:
            return Reader(body, offset).number(1)
    return ENCRYPT_NOT_SUPPORTED


def prelogin_answer(encryption: int) -> bytes:
    """Return the server's PRELOGIN: version 15, no instance, no MARS."""
    options = (
        (_VERSION, bytes((15, 0, 0x10, 0x55, 0, 0))),
        (_ENCRYPTION, bytes((encryption,))),
        (_INSTANCE, b"\0"),
        (_THREAD, b""),
        (_MARS, b"\0"),
    )
    offset, table, values = 5 * len(options) + 1, b"", b""
    for option, value in options:
        table += struct.pack(">BHH", option, offset + len(values), len(value))
        values += value
    return table + bytes((_END,)) + values


@dataclass(frozen=True, slots=True)
class LoginRequest:
    """What LOGIN7 asks for; the password in clear."""

    version: int
    packet_size: int
    host: str
    user: str
    password: str
    program: str
    database: str


def read_login(body: bytes) -> LoginRequest:
    """Return the fields of LOGIN7. Raises SqlError 8009 for a torn message."""
    version, packet_size = struct.unpack_from("<II", Reader(body).take(36), 4)
    places = struct.unpack_from("<18H", Reader(body, 36).take(36))
    texts = [Reader(body, places[at]).take(places[at + 1] * 2) for at in (0, 2, 4, 6, 16)]
    host, user, password, program, database = texts
    # Each byte of the password was swapped by nibble and turned with 0xA5.
    password = bytes(((byte ^ 0xA5) >> 4 | (byte ^ 0xA5) << 4) & 0xFF for byte in password)
    decoded = [raw.decode("utf-16-le") for raw in (host, user, password, program, database)]
    return LoginRequest(version, packet_size, *decoded)
