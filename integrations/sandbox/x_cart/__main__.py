"""Starts the X-Cart simulator: ``python -m integrations.sandbox.x_cart --state FILE``."""

import argparse

from integrations.sandbox.core import command
from integrations.sandbox.core.state import State
from integrations.sandbox.x_cart.shop import XCartSimulator
from integrations.sandbox.x_cart.tables import SCHEMA


def build(given: argparse.Namespace) -> XCartSimulator:
    """Open the state file and return the shop; only options that were given override what the file holds."""
    names = ("api_key_rw", "api_key_ro", "version", "store_timezone", "webhook_url", "webhook_secret", "seed")
    chosen = {name: getattr(given, name) for name in names if getattr(given, name) is not None}
    if given.addon:
        chosen["addon_enabled"] = True
    return XCartSimulator(State(given.state, SCHEMA), chosen)


def main() -> None:
    parser = command.parser_for("x_cart")
    parser.add_argument("--api-key-rw", default=None)
    parser.add_argument("--api-key-ro", default=None)
    parser.add_argument("--version", default=None, choices=("5.4.1", "5.5.0", "5.5.1"))
    parser.add_argument("--store-timezone", default=None)
    parser.add_argument("--addon", action="store_true", help="companion add-on: tracking route and webhooks")
    parser.add_argument("--webhook-url", default=None)
    parser.add_argument("--webhook-secret", default=None)
    parser.add_argument("--seed", type=int, default=None, help="number behind names, lines and prices")
    command.run(parser, build)


if __name__ == "__main__":
    main()
