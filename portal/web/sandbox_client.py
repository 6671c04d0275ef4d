"""Speaks to the control API of a simulator for the sandbox page. HTTP only, never imports them.

Every call ends within a few seconds. What the calls mean for each system is in ``sandbox_desks``.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import requests
from django.conf import settings

_TIMEOUT_SECONDS = (1.0, 5.0)


class SandboxUnavailable(RuntimeError):
    """A simulator does not answer, or refuses what was asked; the text is for the person at the page."""


@dataclass(frozen=True, slots=True)
class Simulator:
    """The control API of one simulator."""

    system: str
    url: str
    control_url: str
    token: str

    def ask(self, method: str, path: str, body: Mapping[str, Any] | None = None, **query: str) -> Any:
        """Return the answer of one control call. Raises SandboxUnavailable."""
        session = requests.Session()
        session.trust_env = False
        headers = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        try:
            answer = session.request(
                method,
                self.control_url.rstrip("/") + "/" + path,
                json=body,
                params=query,
                headers=headers,
                timeout=_TIMEOUT_SECONDS,
                allow_redirects=False,
            )
        except requests.RequestException as error:
            raise SandboxUnavailable(f"The sandbox of {self.system} does not answer.") from error
        finally:
            session.close()
        try:
            told = answer.json(parse_float=Decimal)
        except ValueError as error:
            raise SandboxUnavailable(f"The sandbox of {self.system} gave no JSON.") from error
        if answer.status_code >= 400:
            reason = told.get("message", "no reason") if isinstance(told, dict) else "no reason"
            raise SandboxUnavailable(f"The sandbox of {self.system} refused that: {reason}")
        return told


def simulator(system: str) -> Simulator | None:
    """Return the simulator of a system that runs all the time in this installation, None where it has none."""
    given = settings.SANDBOXES.get(system)
    if given is None:
        return None
    return Simulator(system, given["url"], given["control_url"], given.get("token", ""))
