"""The Clarity eCommerce simulator: tokens, rate limit, scopes, idempotency keys and the way to the routes."""

import secrets
import threading
from collections.abc import Sequence
from typing import Any

from integrations.sandbox.clarity_ecommerce import seed
from integrations.sandbox.clarity_ecommerce.access import RateLimit, Tokens
from integrations.sandbox.clarity_ecommerce.desk import Desk
from integrations.sandbox.clarity_ecommerce.goods import Goods
from integrations.sandbox.clarity_ecommerce.orders import Orders
from integrations.sandbox.clarity_ecommerce.people import People
from integrations.sandbox.clarity_ecommerce.placing import Placing
from integrations.sandbox.clarity_ecommerce.problems import Refused
from integrations.sandbox.clarity_ecommerce.records import Records
from integrations.sandbox.clarity_ecommerce.repeats import LONGEST_KEY, Repeats
from integrations.sandbox.clarity_ecommerce.routes import Call, Routes
from integrations.sandbox.clarity_ecommerce.tables import SECRET_SETTINGS, Settings
from integrations.sandbox.clarity_ecommerce.webhooks import FAULT_KINDS, Webhooks
from integrations.sandbox.core.messages import Answer, Request, Response
from integrations.sandbox.core.simulator import Simulator
from integrations.sandbox.core.state import State

LARGEST_BODY = 1024 * 1024
SLOW_WRITE = "slow_write"
"""Fault kind: a keyed POST is held up (``seconds``) while its key counts as running."""


class ClarityCommerceSimulator(Simulator):
    """One site. ``chosen`` are the settings given by the start command."""

    key = "clarity_ecommerce"
    fault_kinds = FAULT_KINDS | {SLOW_WRITE}

    def __init__(self, state: State, chosen: dict[str, Any]) -> None:
        super().__init__(state)
        self._stopping = threading.Event()
        self.settings = Settings(state, chosen)
        self.tokens = Tokens(state, self.settings)
        self.rate = RateLimit(self.settings)
        self.repeats = Repeats(state)
        self.records = Records(state, self.settings)
        self.webhooks = Webhooks(state, self.settings, self.records, self.faults)
        self.goods = Goods(state, self.settings, self.records, self.webhooks)
        self.people = People(state, self.settings, self.records, self.webhooks)
        self.orders = Orders(state, self.settings, self.records, self.goods, self.webhooks)
        self._routes = Routes(self)
        self._desk = Desk(self, Placing(state, self.settings, self.records, self.goods, self.webhooks))
        if seed.is_empty(self.records):
            seed.fill(state, self.records, self.goods, self.people)

    # -- what the shared server calls --------------------------------------------------------------------

    def control(self, method: str, path: Sequence[str], request: Request) -> Response | None:
        return self._desk.control(method, path, request)

    def summary(self) -> dict[str, Any]:
        return self._desk.summary()

    def reset(self) -> None:
        self.state.wipe()
        self.rate.forget()
        self.settings.reset()
        seed.fill(self.state, self.records, self.goods, self.people)

    def secret_values(self) -> Sequence[str]:
        tokens = [row["token"] for row in self.state.rows("SELECT token FROM tokens")]
        hooks = [each.body["secret"] for each in self.records.all("webhook")]
        return [*(self.settings[name] for name in SECRET_SETTINGS), *tokens, *hooks]

    def start(self) -> None:
        self.webhooks.start()

    def stop(self) -> None:
        self._stopping.set()
        self.webhooks.stop()

    # -- a vendor call -----------------------------------------------------------------------------------

    def answer(self, request: Request) -> Answer:
        trace_id = f"00-{secrets.token_hex(8)}"
        limits: dict[str, str] = {}
        try:
            response = self._answer(request, limits)
        except Refused as refused:
            response = refused.answer(trace_id)
        response.headers |= {**limits, "X-Trace-Id": trace_id}
        return response

    def _answer(self, request: Request, limits: dict[str, str]) -> Response:
        parts = [part for part in request.path.split("/") if part]
        if parts == ["oauth", "token"] and request.method == "POST":
            return self.tokens.answer(request)
        if parts[:2] != ["api", "v1"]:
            return Response.of_html(404 if parts else 200, b"<html><body>Shop</body></html>")
        client_id, scopes = self.tokens.client(request)
        counted, is_allowed = self.rate.take(client_id)
        limits |= counted
        if not is_allowed:
            raise Refused(429, "rate-limit", "More than 120 calls in a minute.")
        if len(request.body) > LARGEST_BODY:
            raise Refused(413, "too-large", "The body is larger than 1 MiB.")
        call = Call(request, tuple(parts[2:]), client_id, scopes)
        key = request.headers.get("idempotency-key", "")
        if request.method != "POST" or not key:
            return self._routes.answer(call)
        return self._answer_once(call, key)

    def _answer_once(self, call: Call, key: str) -> Response:
        if len(key) > LONGEST_KEY:
            raise Refused(400, "bad-request", "Idempotency-Key has more than 64 characters.")
        with self.repeats.holding(call.client_id, key):
            fault = self.faults.take(SLOW_WRITE, f"{call.request.method} {call.request.path}")
            if fault:
                self._stopping.wait(fault.seconds)
            with self.state.transaction():
                known = self.repeats.stored(call.client_id, key, call.request)
                if known is not None:
                    return known
                response = self._routes.answer(call)
                self.repeats.store(call.client_id, key, call.request, response)
                return response
