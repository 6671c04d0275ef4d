"""``./connect bench delivery [--json] [--orders N] [--latency MS] [--rate N]``: prints figures, asserts none."""

import argparse
import json
import sys

from tests.bench import delivery

BENCHES = {"delivery": delivery.run}


def main() -> int:
    parser = argparse.ArgumentParser(prog="./connect bench")
    parser.add_argument("bench", choices=sorted(BENCHES))
    parser.add_argument("--json", action="store_true", help="one JSON object instead of lines")
    parser.add_argument("--orders", type=int, default=2000)
    parser.add_argument("--latency", type=float, default=0.0, help="of the ERP, in milliseconds")
    parser.add_argument("--rate", type=int, default=20, help="orders a second of the calm part")
    given = parser.parse_args()
    figures = BENCHES[given.bench](orders=given.orders, latency_ms=given.latency, rate=given.rate)
    if given.json:
        print(json.dumps(figures))
    else:
        for name, value in figures.items():
            print(f"{name:34} {value}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
