"""``./connect bench WORD [--json]``: prints figures, asserts none. Each word is a module with ``OPTIONS`` and ``run``."""

import argparse
import importlib
import json
import sys

_WORDS = {word: f"tests.bench.{word}" for word in ("delivery", "mapping", "soap", "stock")}


def main() -> int:
    parser = argparse.ArgumentParser(prog="./connect bench")
    words = parser.add_subparsers(dest="word", required=True)
    modules = {word: importlib.import_module(name) for word, name in _WORDS.items()}
    for word, module in modules.items():
        command = words.add_parser(word, help=(module.__doc__ or "").splitlines()[0])
        command.add_argument("--json", action="store_true", help="one JSON object instead of lines")
        for option, default, meaning in module.OPTIONS:
            command.add_argument(f"--{option}", type=type(default), default=default, help=meaning)
    given = vars(parser.parse_args())
    word, as_json = given.pop("word"), given.pop("json")
    figures = modules[word].run(**given)
    if as_json:
        print(json.dumps(figures))
    else:
        for name, value in figures.items():
            print(f"{name:34} {value}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
