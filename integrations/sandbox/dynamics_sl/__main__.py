"""Start command: ``python -m integrations.sandbox.dynamics_sl --state FILE [--ready FILE] ...``."""

import argparse

from integrations.sandbox.core.command import parser_for, run
from integrations.sandbox.core.state import State
from integrations.sandbox.dynamics_sl.installation import Installation
from integrations.sandbox.dynamics_sl.simulator import DynamicsSl
from integrations.sandbox.dynamics_sl.store import SCHEMA


def _parser() -> argparse.ArgumentParser:
    parser = parser_for("dynamics_sl")
    parser.add_argument("--company", default="0060", help="cpnyID that the header must name")
    parser.add_argument("--site", default="DEFAULT", help="ctAPI site configuration name")
    parser.add_argument("--site-key", default="sandbox-site-key")
    parser.add_argument("--license-key", default="", help="empty = any licence key is good")
    parser.add_argument("--api-key", default="sandbox-api-key", help="user of the REST service")
    parser.add_argument("--api-secret", default="sandbox-api-secret")
    parser.add_argument("--time-zone", default="UTC", help="zone of the server's wall clock")
    parser.add_argument("--auto-ship-seconds", type=float, default=0.0, help="0 = ship only when told")
    parser.add_argument("--without-item", action="append", default=[], help="catalogue SKU to leave out")
    parser.add_argument("--sql-password", default="", help="password of the read-only SQL login; '' = no SQL")
    parser.add_argument(
        "--tds-port", type=int, default=0, help="SQL port; 0 = any free one, told in the ready line"
    )
    return parser


def build(given: argparse.Namespace) -> DynamicsSl:
    """Return the simulator a command line asks for."""
    installation = Installation(
        state=State(given.state, SCHEMA),
        cpny_id=given.company,
        site_id=given.site,
        site_key=given.site_key,
        license_key=given.license_key,
        api_key=given.api_key,
        api_secret=given.api_secret,
        time_zone=given.time_zone,
    )
    door = None
    if given.sql_password:
        from integrations.sandbox.dynamics_sl.sql_door import SqlDoor

        door = SqlDoor(
            installation, f"{given.state}.sql", password=given.sql_password, tds_port=given.tds_port
        )
    return DynamicsSl(
        installation, auto_ship_seconds=given.auto_ship_seconds, without=given.without_item, door=door
    )


if __name__ == "__main__":
    run(_parser(), build)
