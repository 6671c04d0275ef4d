"""The base class of all simulators: what the shared server, fault switches and control API call."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from integrations.sandbox.core.faults import Faults
from integrations.sandbox.core.messages import Answer, Request, Response
from integrations.sandbox.core.state import State


class Simulator:
    """One simulated system. Subclasses answer calls, serve their own control routes and know how to reset."""

    key = ""
    fault_kinds: frozenset[str] = frozenset()
    """Fault kinds of this system alone; it asks for them with ``self.faults.take(kind, subject)``."""
    secret_headers: frozenset[str] = frozenset()
    """Lower-case header names that never appear in the list of calls."""

    def __init__(self, state: State) -> None:
        self.state = state
        self.faults = Faults(self.fault_kinds)

    def answer(self, request: Request) -> Answer:
        """Answer one vendor call; changes are committed when this returns."""
        raise NotImplementedError

    def operation(self, request: Request) -> str:
        """Name the operation of a call where the path does not tell it (a SOAP action)."""
        return ""

    def control(self, method: str, path: Sequence[str], request: Request) -> Response | None:
        """Answer a control call below ``/control/``; None = no such route.

        Raise ValueError or KeyError for a bad request: its text becomes the 400's message.
        """
        return None

    def summary(self) -> dict[str, Any]:
        """Return counts and settings for GET /control/state."""
        return {}

    def reset(self) -> None:
        """Go back to the seeded state."""
        raise NotImplementedError

    def secret_values(self) -> Sequence[str]:
        """Return values that are replaced wherever they appear in the list of calls."""
        return ()

    def listen(self, host: str, answer: Callable[[Request], Answer]) -> Mapping[str, Any]:
        """Open further ports, for systems that do not speak HTTP; return what the ready line adds.

        ``answer`` serves a call like one that came by HTTP: with fault switches and the list of calls.
        """
        return {}

    def start(self) -> None:
        """Begin background work; called once, after the server listens."""

    def stop(self) -> None:
        """End background work."""
