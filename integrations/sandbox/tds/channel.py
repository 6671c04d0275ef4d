"""One client's byte stream: TDS packets joined to messages and cut again, in clear or through TLS.

During the handshake TLS records travel inside PRELOGIN packets; afterwards TLS is below the packets.
Used by ``connection``.
"""

import select
import socket
import ssl
import struct
import time
from dataclasses import dataclass

HEADER = struct.Struct(">BBHHBB")
LAST = 0x01
RESET = 0x08
BATCH, RPC, ANSWER, ATTENTION, TRANSACTION, LOGIN7, PRELOGIN = 0x01, 0x03, 0x04, 0x06, 0x0E, 0x10, 0x12
MAX_MESSAGE_BYTES = 16 * 1024 * 1024
_CHUNK = 65536


class ProtocolViolation(Exception):
    """The bytes are no TDS message that we take; the connection ends."""


@dataclass(frozen=True, slots=True)
class Message:
    """One message of a client: packet type, joined body, and whether its first packet asked for a reset."""

    kind: int
    body: bytes
    is_reset: bool = False


class Channel:
    """Packets over one socket. Raises ConnectionError when the peer is gone, TimeoutError when it is silent."""

    def __init__(self, connection: socket.socket, spid: int) -> None:
        self._socket, self._spid = connection, spid
        self.packet_size = 4096
        self._tls: ssl.SSLObject | None = None
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._ready = bytearray()

    # -- messages ----------------------------------------------------------------------------------------

    def receive(self) -> Message:
        """Return the next message, joined from its packets."""
        body = bytearray()
        first_kind = first_status = -1
        while True:
            kind, status, length, *_ = HEADER.unpack(self._read(HEADER.size))
            if length < HEADER.size or len(body) + length > MAX_MESSAGE_BYTES:
                raise ProtocolViolation(f"packet of {length} bytes")
            body += self._read(length - HEADER.size)
            if first_kind < 0:
                first_kind, first_status = kind, status
            if status & LAST:
                return Message(first_kind, bytes(body), bool(first_status & RESET))

    def send(self, body: bytes, kind: int = ANSWER) -> None:
        """Send one message in packets of the negotiated size."""
        self._write(self._packets(body, kind))

    def send_part(self, body: bytes) -> None:
        """Send the first half of an answer, as a server that dies while it writes."""
        whole = self._packets(body, ANSWER)
        self._write(whole[: max(len(whole) // 2, 1)])

    def _packets(self, body: bytes, kind: int) -> bytes:
        room = self.packet_size - HEADER.size
        parts = [body[at : at + room] for at in range(0, len(body), room)] or [b""]
        packets = []
        for number, part in enumerate(parts, 1):
            status = LAST if number == len(parts) else 0
            head = HEADER.pack(kind, status, HEADER.size + len(part), self._spid, number & 0xFF, 0)
            packets.append(head + part)
        return b"".join(packets)

    def wait_for_word(self, seconds: float) -> bool:
        """Wait, and say whether the client spoke (or went away) before the time was over."""
        end = time.monotonic() + seconds
        while not self._ready:
            left = end - time.monotonic()
            if left <= 0:
                return False
            if select.select([self._socket], [], [], min(left, 1.0))[0]:
                return True
        return True

    def abort(self) -> None:
        """Make the closing socket send a reset, as a crashed server's kernel does."""
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    # -- encryption --------------------------------------------------------------------------------------

    def start_tls(self, context: ssl.SSLContext) -> None:
        """Shake hands inside PRELOGIN packets; everything after is encrypted. Raises ProtocolViolation."""
        tls = context.wrap_bio(self._incoming, self._outgoing, server_side=True)
        while True:
            try:
                tls.do_handshake()
            except ssl.SSLWantReadError:
                pass
            except ssl.SSLError as error:
                raise ProtocolViolation(f"TLS: {error.reason}") from error
            else:
                break
            if self._outgoing.pending:
                self.send(self._outgoing.read(), PRELOGIN)
            message = self.receive()
            if message.kind != PRELOGIN:
                raise ProtocolViolation("expected TLS inside PRELOGIN")
            self._incoming.write(message.body)
        if self._outgoing.pending:
            self.send(self._outgoing.read(), PRELOGIN)
        self._tls = tls

    def end_tls(self) -> None:
        """Go on in clear: only the login was to be encrypted."""
        self._tls = None

    @property
    def is_encrypted(self) -> bool:
        return self._tls is not None

    # -- bytes -------------------------------------------------------------------------------------------

    def _read(self, count: int) -> bytes:
        while len(self._ready) < count:
            self._ready += self._receive_some()
        part = bytes(self._ready[:count])
        del self._ready[:count]
        return part

    def _receive_some(self) -> bytes:
        while True:
            if self._tls is not None:
                try:
                    return self._tls.read(_CHUNK)
                except ssl.SSLWantReadError:
                    pass
                except ssl.SSLError as error:
                    raise ConnectionResetError(str(error)) from error
            raw = self._socket.recv(_CHUNK)
            if not raw:
                raise ConnectionResetError("the peer closed")
            if self._tls is None:
                return raw
            self._incoming.write(raw)

    def _write(self, raw: bytes) -> None:
        if self._tls is not None:
            self._tls.write(raw)
            raw = self._outgoing.read()
        self._socket.sendall(raw)
