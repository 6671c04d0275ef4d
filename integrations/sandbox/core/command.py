"""The start command shared by all simulators.

``python -m integrations.sandbox.<system> --state FILE [--port 0] [--ready FILE]``.
"""

import argparse
import os
from collections.abc import Callable, Sequence

from integrations.sandbox.core.sandbox import serve
from integrations.sandbox.core.simulator import Simulator


def parser_for(system: str) -> argparse.ArgumentParser:
    """Return a parser with the options every simulator takes; the caller adds its own."""
    parser = argparse.ArgumentParser(prog=f"python -m integrations.sandbox.{system}")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0, help="0 = any free port")
    parser.add_argument("--state", required=True, help="SQLite file; created and seeded when missing")
    parser.add_argument("--ready", default=None, help="file that gets {url, control_url, pid} once listening")
    parser.add_argument(
        "--control-token",
        default=os.environ.get("CONNECT_SANDBOX_TOKEN", ""),
        help="bearer token of /control/; empty = open (env CONNECT_SANDBOX_TOKEN)",
    )
    return parser


def run(
    parser: argparse.ArgumentParser,
    build: Callable[[argparse.Namespace], Simulator],
    argv: Sequence[str] | None = None,
) -> None:
    """Parse, build the simulator and serve it until told to stop."""
    given = parser.parse_args(argv)
    serve(
        build(given),
        host=given.host,
        port=given.port,
        ready_path=given.ready,
        control_token=given.control_token,
    )
