"""Starts the Clarity eCommerce simulator: ``python -m integrations.sandbox.clarity_ecommerce --state FILE``."""

import argparse

from integrations.sandbox.clarity_ecommerce.site import ClarityCommerceSimulator
from integrations.sandbox.clarity_ecommerce.tables import SCHEMA
from integrations.sandbox.core import command
from integrations.sandbox.core.state import State


def build(given: argparse.Namespace) -> ClarityCommerceSimulator:
    """Open the state file and return the site; only options that were given override what the file holds."""
    names = ("client_id", "client_secret", "token_seconds", "rate_per_minute", "seed")
    chosen = {name: getattr(given, name) for name in names if getattr(given, name) is not None}
    if given.allow_http_webhooks:
        chosen["allows_http_webhooks"] = True
    return ClarityCommerceSimulator(State(given.state, SCHEMA), chosen)


def main() -> None:
    parser = command.parser_for("clarity_ecommerce")
    parser.add_argument("--client-id", default=None)
    parser.add_argument("--client-secret", default=None)
    parser.add_argument("--token-seconds", type=int, default=None, help="life of a token; 3600 by default")
    parser.add_argument("--rate-per-minute", type=int, default=None, help="calls a minute; 0 = no limit")
    parser.add_argument(
        "--allow-http-webhooks", action="store_true", help="take webhook addresses without TLS"
    )
    parser.add_argument("--seed", type=int, default=None, help="number behind names and lines")
    command.run(parser, build)


if __name__ == "__main__":
    main()
