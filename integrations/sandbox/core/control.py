"""The control API below ``/control/``: faults, state, reset, last calls; for people, tests and the portal.

Vendor-specific routes (place an order, ship it) are the simulator's; this module asks it for all others.
"""

import hmac
from collections import Counter, deque
from dataclasses import dataclass
from threading import Lock
from typing import Any

from integrations.sandbox.core.faults import BadFault
from integrations.sandbox.core.messages import Answer, Request, Response
from integrations.sandbox.core.simulator import Simulator

KEPT_CALLS = 500
KEPT_BYTES = 4000
REMOVED = "•••"
SECRET_HEADERS = frozenset({"authorization", "cookie", "set-cookie", "proxy-authorization"})


@dataclass(frozen=True, slots=True)
class Call:
    """One served vendor call, kept raw in memory; secrets are removed when it is shown."""

    number: int
    request: Request
    operation: str
    answer: Answer
    seconds: float


class CallLog:
    """The last calls and counters since the start; thread safe."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._calls: deque[Call] = deque(maxlen=KEPT_CALLS)
        self._counts: Counter[str] = Counter()
        self._number = 0

    def add(self, request: Request, operation: str, answer: Answer, seconds: float) -> None:
        outcome = str(answer.status) if isinstance(answer, Response) else "dropped"
        with self._lock:
            self._number += 1
            self._counts[f"{request.method} {outcome}"] += 1
            self._calls.append(Call(self._number, request, operation, answer, seconds))

    def clear(self) -> None:
        with self._lock:
            self._calls.clear()
            self._counts.clear()
            self._number = 0

    def counters(self) -> dict[str, int]:
        """Return {"total": n, "GET 200": n, ...}."""
        with self._lock:
            return {"total": self._number, **self._counts}

    def last(self, limit: int, match: str = "") -> list[Call]:
        """Return the newest calls, newest first, whose ``METHOD path operation`` holds ``match``."""
        with self._lock:
            calls = list(self._calls)
        wanted = [
            call
            for call in reversed(calls)
            if match in f"{call.request.method} {call.request.path} {call.operation}"
        ]
        return wanted[:limit]


def show_call(call: Call, simulator: Simulator) -> dict[str, Any]:
    """Return a call as JSON with secret headers and values replaced."""
    secrets = [value for value in simulator.secret_values() if len(value) >= 4]

    def clean(text: str) -> str:
        for secret in secrets:
            text = text.replace(secret, REMOVED)
        return text[:KEPT_BYTES]

    hidden = SECRET_HEADERS | simulator.secret_headers
    headers = {
        name: REMOVED if name in hidden else clean(value) for name, value in call.request.headers.items()
    }
    shown: dict[str, Any] = {
        "number": call.number,
        "method": call.request.method,
        "path": clean(call.request.path),
        "query": clean(call.request.query_string),
        "operation": clean(call.operation),
        "headers": headers,
        "body": clean(call.request.body.decode("utf-8", "replace")),
        "seconds": round(call.seconds, 6),
    }
    if isinstance(call.answer, Response):
        shown |= {
            "status": call.answer.status,
            "response": clean(call.answer.body.decode("utf-8", "replace")),
        }
    else:
        shown |= {"status": None, "response": "connection dropped"}
    return shown


class Control:
    """Routes of the control API. ``token`` empty = open."""

    def __init__(self, simulator: Simulator, calls: CallLog, token: str) -> None:
        self._simulator = simulator
        self._calls = calls
        self._token = token

    def answer(self, request: Request) -> Response:
        if self._token and not hmac.compare_digest(
            request.headers.get("authorization", "").encode(), f"Bearer {self._token}".encode()
        ):
            return Response.of_json({"message": "control token missing or wrong"}, 401)
        path = [part for part in request.path.split("/") if part][1:]
        try:
            answer = self._shared(request, path)
            if answer is None:
                answer = self._simulator.control(request.method, path, request)
        except KeyError as error:
            return Response.of_json({"message": f"missing or unknown: {error.args[0]}"}, 400)
        except (ValueError, TypeError) as error:
            return Response.of_json({"message": str(error)}, 400)
        return answer or Response.of_json(
            {"message": f"no control route {request.method} {request.path}"}, 404
        )

    def _shared(self, request: Request, path: list[str]) -> Response | None:
        simulator, method = self._simulator, request.method
        match (method, path):
            case ("GET", ["state"]):
                return Response.of_json(
                    {
                        "system": simulator.key,
                        "calls": self._calls.counters(),
                        "faults": simulator.faults.listing(),
                        **simulator.summary(),
                    }
                )
            case ("GET", ["faults"]):
                return Response.of_json(simulator.faults.listing())
            case ("POST", ["faults"]):
                given = request.json()
                if not isinstance(given, dict):
                    raise BadFault("send one JSON object")
                return Response.of_json(simulator.faults.add(given).as_json(), 201)
            case ("DELETE", ["faults"]):
                simulator.faults.clear(request.query.get("kind", ""))
                return Response.of_json([])
            case ("POST", ["reset"]):
                simulator.faults.clear()
                self._calls.clear()
                simulator.reset()
                return Response.of_json({"reset": True})
            case ("GET", ["calls"]):
                limit = int(request.query.get("limit", "50"))
                calls = self._calls.last(limit, request.query.get("match", ""))
                return Response.of_json([show_call(call, simulator) for call in calls])
            case ("DELETE", ["calls"]):
                self._calls.clear()
                return Response.of_json([])
        return None
