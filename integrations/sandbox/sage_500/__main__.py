"""Start command: ``python -m integrations.sandbox.sage_500 --state FILE [--ready FILE] [--tds-port N] ...``."""

import argparse

from integrations.sandbox.core.command import parser_for, run
from integrations.sandbox.sage_500.simulator import Sage500
from integrations.sandbox.tds.encryption import Encryption


def _parser() -> argparse.ArgumentParser:
    parser = parser_for("sage_500")
    parser.add_argument(
        "--tds-port", type=int, default=0, help="SQL port; 0 = any free one, told in the ready line"
    )
    parser.add_argument("--username", default="connect")
    parser.add_argument("--password", default="sandbox-password")
    parser.add_argument(
        "--administrator-password", default="", help="login 'sa' that may write base tables; '' = none"
    )
    parser.add_argument("--encryption", choices=[mode.value for mode in Encryption], default="login_only")
    parser.add_argument(
        "--auto-ship-seconds", type=float, default=0.0, help="0 = the warehouse works only when told"
    )
    parser.add_argument("--without-item", action="append", default=[], help="catalogue SKU to leave out")
    return parser


def build(given: argparse.Namespace) -> Sage500:
    """Return the simulator a command line asks for."""
    return Sage500(
        given.state,
        user=given.username,
        password=given.password,
        administrator_password=given.administrator_password,
        tds_port=given.tds_port,
        encryption=Encryption(given.encryption),
        auto_ship_seconds=given.auto_ship_seconds,
        without=given.without_item,
    )


if __name__ == "__main__":
    run(_parser(), build)
