"""A small threaded HTTP/1.1 server with keep-alive, which can also drop a connection on purpose.

Written on sockets because http.server's header parsing costs more than a whole simulated call.
Used by ``sandbox.serve``; loopback or a trusted network only.
"""

import socket
import socketserver
import struct
import traceback
from collections.abc import Callable
from http import HTTPStatus
from sys import stderr
from typing import BinaryIO, cast

from integrations.sandbox.core.messages import Answer, Drop, Request, Response

MAX_LINE_BYTES = 16 * 1024
MAX_HEADERS = 100
MAX_BODY_BYTES = 16 * 1024 * 1024
IDLE_SECONDS = 120.0

_REASONS = {status.value: status.phrase for status in HTTPStatus}


class BadRequest(Exception):
    """The bytes are no HTTP request that we serve; ``status`` is what to say before closing."""

    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status


class HttpServer(socketserver.ThreadingTCPServer):
    """Serves ``answer`` with one daemon thread per connection."""

    allow_reuse_address = True
    daemon_threads = True
    block_on_close = False
    request_queue_size = 256

    def __init__(self, address: tuple[str, int], answer: Callable[[Request], Answer]) -> None:
        self.answer = answer
        super().__init__(address, _Connection)

    def handle_error(self, request: object, client_address: object) -> None:
        """Stay quiet about peers that went away; anything else is a fault of a simulator and is shown."""
        traceback.print_exc(file=stderr)


class _Connection(socketserver.StreamRequestHandler):
    disable_nagle_algorithm = True
    timeout = IDLE_SECONDS
    rbufsize = 64 * 1024

    def handle(self) -> None:
        try:
            while self._serve_one():
                pass
        except (TimeoutError, ConnectionError):
            return  # the peer went away, or was idle for too long: nobody is left to answer

    def _serve_one(self) -> bool:
        try:
            request, keep_alive = read_request(cast(BinaryIO, self.rfile), self._send_continue)
        except BadRequest as error:
            self._send(Response(error.status), keep_alive=False)
            return False
        if request is None:
            return False
        try:
            answer = cast(HttpServer, self.server).answer(request)
        except Exception:  # noqa: BLE001 - a broken simulator answers like a broken shop, and says so on stderr
            traceback.print_exc(file=stderr)
            answer = Response.of_json({"message": "simulator error, see its output"}, 500)
        if isinstance(answer, Drop):
            self._drop(answer.part)
            return False
        self._send(answer, keep_alive=keep_alive, has_body=request.method != "HEAD")
        return keep_alive

    def _send_continue(self) -> None:
        self.connection.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")

    def _send(self, response: Response, *, keep_alive: bool, has_body: bool = True) -> None:
        self.connection.sendall(encode_response(response, keep_alive=keep_alive, has_body=has_body))

    def _drop(self, part: Response | None) -> None:
        if part is not None:
            encoded = encode_response(part, keep_alive=True, has_body=True)
            self.connection.sendall(encoded[: len(encoded) - len(part.body) // 2 - 1])
            return
        # Lingering for zero seconds makes close() send a reset, as a crashed server's kernel does.
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def encode_response(response: Response, *, keep_alive: bool, has_body: bool) -> bytes:
    """Return the answer as bytes, head and body together so that one packet carries a small one."""
    lines = [f"HTTP/1.1 {response.status} {_REASONS.get(response.status, 'Unknown')}"]
    lines += [f"{name}: {value}" for name, value in response.headers.items()]
    lines.append(f"Content-Length: {len(response.body)}")
    lines.append(f"Connection: {'keep-alive' if keep_alive else 'close'}")
    head = ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1", "replace")
    return head + response.body if has_body else head


def _read_line(stream: BinaryIO) -> bytes:
    line = stream.readline(MAX_LINE_BYTES + 1)
    if len(line) > MAX_LINE_BYTES:
        raise BadRequest(431)
    return line


def read_request(stream: BinaryIO, send_continue: Callable[[], None]) -> tuple[Request | None, bool]:
    """Read one request; (None, False) when the peer closed. Raises BadRequest."""
    line = _read_line(stream)
    if not line:
        return None, False
    parts = line.decode("latin-1").split()
    if len(parts) != 3 or not parts[2].startswith("HTTP/1."):
        raise BadRequest(400)
    method, target, version = parts
    headers = _read_headers(stream)
    path, _, query = target.partition("?")
    if headers.get("expect", "").lower() == "100-continue":
        send_continue()
    body = _read_body(stream, headers)
    wanted = headers.get("connection", "").lower()
    keep_alive = wanted != "close" and (version != "HTTP/1.0" or wanted == "keep-alive")
    return Request(method.upper(), path, query, headers, body), keep_alive


def _read_headers(stream: BinaryIO) -> dict[str, str]:
    headers: dict[str, str] = {}
    for _ in range(MAX_HEADERS):
        line = _read_line(stream)
        if line in (b"\r\n", b"\n", b""):
            return headers
        name, colon, value = line.decode("latin-1").partition(":")
        if not colon:
            raise BadRequest(400)
        headers[name.strip().lower()] = value.strip()
    raise BadRequest(431)


def _read_body(stream: BinaryIO, headers: dict[str, str]) -> bytes:
    if "transfer-encoding" in headers:
        raise BadRequest(411)
    text = headers.get("content-length", "0")
    if not text.isdigit():
        raise BadRequest(400)
    length = int(text)
    if length > MAX_BODY_BYTES:
        raise BadRequest(413)
    body = stream.read(length) if length else b""
    if len(body) != length:
        raise ConnectionError("the peer closed inside a body")
    return body
