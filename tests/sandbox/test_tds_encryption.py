"""TLS of the TDS server: inside PRELOGIN packets, for the login or for everything, as both sides agree."""

import socket
import threading
from pathlib import Path

import pytds
import pytest

from integrations.sandbox.tds.encryption import Encryption
from tests.sandbox.sql_clients import (
    USER,
    ask,
    dial,
    dial_freetds,
    dialled,
    tsql,
)
from tests.sandbox.tds_bench import Bench


class Relay:
    """Passes bytes through to a port and keeps them, as a wire tap would see them."""

    def __init__(self, port: int) -> None:
        self.seen = bytearray()
        self._target = port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        client, _ = self._listener.accept()
        server = socket.create_connection(("127.0.0.1", self._target))
        back = threading.Thread(target=self._pump, args=(server, client, None), daemon=True)
        back.start()
        self._pump(client, server, self.seen)

    def _pump(self, source: socket.socket, target: socket.socket, seen: bytearray | None) -> None:
        try:
            while part := source.recv(65536):
                if seen is not None:
                    seen += part
                target.sendall(part)
        except OSError:
            return
        target.close()

    def close(self) -> None:
        self._listener.close()


@pytest.mark.parametrize(
    ("mode", "client_login_only", "is_statement_hidden"),
    [
        (Encryption.REQUIRE, False, True),
        (Encryption.LOGIN_ONLY, True, False),
        (Encryption.LOGIN_ONLY, False, True),
    ],
)
def test_tls_covers_what_both_sides_agreed_on(
    tmp_path: Path, mode: Encryption, client_login_only: bool, is_statement_hidden: bool
) -> None:
    bench = Bench(tmp_path / "state.sqlite", mode)
    relay = Relay(bench.port)
    try:
        options = {
            "cafile": str(bench.certificate),
            "validate_host": False,
            "enc_login_only": client_login_only,
        }
        with dialled(relay.port, **options) as link:
            assert ask(link, "SELECT 'halo' AS word") == [("halo",)]
        assert ("halo".encode("utf-16-le") not in relay.seen) is is_statement_hidden
        assert USER.encode("utf-16-le") not in relay.seen, "the login is encrypted in every mode"
    finally:
        relay.close()
        bench.stop()


def test_freetds_signs_in_through_tls_too(tmp_path: Path) -> None:
    bench = Bench(tmp_path / "state.sqlite", Encryption.REQUIRE)
    try:
        with dial_freetds(bench.port, encryption="require") as link:
            assert ask(link, "SELECT 'halo' AS word") == [("halo",)]
        assert "halo" in tsql(bench.port, "SELECT 'halo' AS word\ngo", tmp_path, encryption="require")
    finally:
        bench.stop()


def test_a_client_that_insists_on_tls_leaves_a_server_without_it(bench: Bench) -> None:
    with pytest.raises(pytds.Error, match="encryption"):
        dial(bench.port, cafile=str(bench.certificate))


def test_a_server_that_insists_on_tls_sends_away_who_cannot(tmp_path: Path) -> None:
    bench = Bench(tmp_path / "state.sqlite", Encryption.REQUIRE)
    try:
        with pytest.raises(pytds.Error, match="encryption"):
            dial(bench.port)
    finally:
        bench.stop()


def test_a_certificate_of_somebody_else_is_not_trusted(tmp_path: Path) -> None:
    bench = Bench(tmp_path / "state.sqlite", Encryption.REQUIRE)
    (tmp_path / "other").mkdir()
    stranger = Bench(tmp_path / "other" / "state.sqlite")
    try:
        with pytest.raises(Exception, match="certificate verify failed"):
            dial(bench.port, cafile=str(stranger.certificate), validate_host=False)
    finally:
        bench.stop()
        stranger.stop()
