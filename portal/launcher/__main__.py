"""Dispatches the words of ``./connect``."""

import sys

from portal.launcher import backup, check, manage, test, up

WORDS = {
    "up": up.run,
    "manage": manage.run,
    "test": test.run,
    "check": check.run,
    "backup": backup.backup,
    "restore": backup.restore,
}


def main() -> int:
    word, *arguments = sys.argv[1:] or ["help"]
    if word not in WORDS:
        print(f"connect: unknown word {word!r}", file=sys.stderr)
        return 2
    try:
        return WORDS[word](arguments)
    except RuntimeError as error:
        print(f"connect: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main())
