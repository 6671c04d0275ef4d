"""Start command: ``python -m integrations.sandbox.acumatica --state FILE [--ready FILE] ...``."""

import argparse

from integrations.sandbox.acumatica.sessions import Sessions
from integrations.sandbox.acumatica.simulator import Acumatica
from integrations.sandbox.acumatica.store import SCHEMA, Store
from integrations.sandbox.core.command import parser_for, run
from integrations.sandbox.core.state import State


def _parser() -> argparse.ArgumentParser:
    parser = parser_for("acumatica")
    parser.add_argument("--tenant", default="MyStore")
    parser.add_argument(
        "--virtual-directory", default="/AcumaticaERP", help="'' = the instance is the site's root"
    )
    parser.add_argument("--username", default="connect")
    parser.add_argument("--password", default="sandbox-password")
    parser.add_argument("--client-id", default="4B6A1F0E-0000-4000-8000-5A7D00C0FFEE@MyStore")
    parser.add_argument("--client-secret", default="sandbox-client-secret")
    parser.add_argument("--build", choices=("24R2", "25R2"), default="24R2", help="PATCH works from 25R2 on")
    parser.add_argument("--max-users", type=int, default=3, help="API sign-ins at the same time")
    parser.add_argument("--auto-ship-seconds", type=float, default=0.0, help="0 = ship only when told")
    parser.add_argument("--without-item", action="append", default=[], help="catalogue SKU to leave out")
    return parser


def build(given: argparse.Namespace) -> Acumatica:
    """Return the simulator a command line asks for."""
    sessions = Sessions(
        tenant=given.tenant,
        username=given.username,
        password=given.password,
        client_id=given.client_id,
        client_secret=given.client_secret,
    )
    sessions.max_users = given.max_users
    return Acumatica(
        Store(State(given.state, SCHEMA)),
        sessions,
        virtual_directory=given.virtual_directory.rstrip("/"),
        build=given.build,
        auto_ship_seconds=given.auto_ship_seconds,
        without=given.without_item,
    )


if __name__ == "__main__":
    run(_parser(), build)
