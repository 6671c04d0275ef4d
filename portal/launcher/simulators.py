"""How each simulator is started for people to play with: its command line and its credentials.

``up`` starts the first pair with credentials of its own; ``demos`` starts further ones on demand.
"""

import os
from collections.abc import Mapping
from pathlib import Path

from portal.launcher import environment
from portal.launcher.processes import Child
from portal.launcher.state import ROOT, State

ZONE = "America/Chicago"
STOREFRONTS = frozenset({"x_cart", "clarity_ecommerce"})
ERPS = frozenset({"dynamics_sl", "acumatica", "sage_500"})


def options_of(system: str, secret: str, *, sql_port: int = 0) -> list[str]:
    """Return the options of a simulator whose every credential is ``secret``."""
    # Joined by "=": a random secret may begin with a dash and would be taken for an option.
    options = {
        "x_cart": ["--addon", f"--api-key-rw={secret}", f"--webhook-secret={secret}", "--store-timezone", ZONE],
        "clarity_ecommerce": [f"--client-secret={secret}", "--rate-per-minute", "0", "--allow-http-webhooks"],
        "dynamics_sl": ["--company", "NLCO", f"--site-key={secret}", "--time-zone", ZONE],
        "acumatica": [f"--password={secret}", f"--client-secret={secret}"],
        "sage_500": [f"--password={secret}", "--tds-port", str(sql_port)],
    }  # fmt: skip
    return options[system]


def child_of(
    state: State, system: str, name: str, options: list[str], *, port: str, token: str
) -> tuple[Child, Path]:
    """Return a simulator's process, not started yet, and the file that tells its address once it listens.

    ``name`` keeps its files apart from those of other simulators of the same system.
    """
    ready = state.directory / "sandbox" / f"{name}.ready"
    ready.unlink(missing_ok=True)
    place: Mapping[str, str] = {**os.environ, "PYTHONPATH": str(ROOT), "CONNECT_SANDBOX_TOKEN": token}
    child = Child(
        f"sandbox {name}",
        environment.python(
            "-m", f"integrations.sandbox.{system}", "--ready", str(ready), "--port", port,
            "--state", str(state.directory / "sandbox" / f"{name}.sqlite"), *options,
        ),
        place,
        state.logs / f"sandbox-{name}.log",
    )  # fmt: skip
    return child, ready
