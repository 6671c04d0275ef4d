"""Compares the committed OpenAPI file with what the code describes; run by ``./connect check``."""

import subprocess
import sys
from pathlib import Path

from portal.launcher import environment
from portal.launcher.state import ROOT


def main(path: Path) -> int:
    """Return 0 when the committed schema equals the generated one, else print how to renew it."""
    made = subprocess.run(
        environment.python(str(ROOT / "manage.py"), "spectacular"), capture_output=True, text=True, check=True
    ).stdout
    if path.exists() and path.read_text() == made:
        return 0
    print(f"{path.relative_to(ROOT)} is stale: ./connect manage spectacular --file {path.relative_to(ROOT)}")
    return 1


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
